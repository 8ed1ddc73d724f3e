//! Fixes: which a finding has, and files repaired by them.
//!
//! ```text
//! group of offenders -> of       the fix of one finding, with the evidence that raises its class
//! records of a file  -> repair   chosen fixes as changes -> text edits -> read again, judged again, compared
//! changes of objects -> patches  for what is not to be edited
//! ```

mod evidence;
mod injected;
mod near;
mod patch;
mod repair;

use std::ops::Range;

use seawall_finding::{Answer, Fix, FixPatch, FixStep, Safety, Step, document_secrets};
use seawall_manifest::workload::Template;
use seawall_model::pod::{Container, ContainerClass, Pod};
use seawall_model::{FieldPath, WorkloadKind};
use seawall_pss::{Action, Group, Literal, Names, RepairAt, Value, stated_user};
use seawall_yaml::edit::{self, Change, TextEdit};
use seawall_yaml::{Document, NodeRef};

use crate::options::Options;
use crate::record::Record;

use self::near::Near;
pub use evidence::{Images, ImagesError};
pub use patch::{ObjectPatch, patches};
pub use repair::{FileFix, FindingKey, Fixed, ObjectChanges, Open, Selection, repair};

/// How a finding on some offenders may be repaired; `missing` says that what is found is nowhere written.
pub(crate) fn of(
    group: &Group<'_, '_>,
    names: &Names<'_>,
    template: &Template<'_>,
    missing: bool,
    options: &Options,
) -> Option<Fix> {
    let pod = names.pod();
    let container = group.offenders.first().and_then(|o| o.container()).and_then(|at| container(pod, at));
    if let Some(told) = container.and_then(|c| injected::injector(template, pod, &c.name)) {
        let answer = Some(Answer::Elsewhere);
        let (note, steps) = (told.into(), Vec::new());
        return Some(Fix { safety: Safety::Decision, note, answer, steps, patch: None });
    }
    // Of what is not held as a whole no more is told than that it can be repaired.
    let held = group.offenders.len() <= options.held;
    let first = group.repair_of(group.offenders.first()?, names)?;
    // A part of a finding is no fix of it.
    let mut offenders = group.offenders.iter();
    if !offenders.all(|offender| group.is_repairable(offender, names)) {
        return None;
    }
    let repairs = if held { group.repairs(names) } else { Vec::new() };
    // What the API server fills in is not there to be changed.
    if missing && first.value != Value::Missing {
        return None;
    }
    if pod.spec.is_windows() && is_linux(group.rule.id) {
        return None;
    }
    if template.selects_windows() && pod.spec.os.is_none() && is_linux(group.rule.id) {
        return Some(windows(template));
    }
    let repair = first.repair;
    let steps = repairs.into_iter().map(|at| step(at, template)).collect();
    let answer =
        (repair.safety == Safety::Decision).then(|| repair.answer().map_or(Answer::User, Answer::Text));
    let fix = Fix { safety: repair.safety, note: repair.note.into(), answer, steps, patch: None };
    Some(raised(fix, group, pod, template, options))
}

/// Rules whose fields the API server refuses in pods that run on Windows.
fn is_linux(rule: &str) -> bool {
    !matches!(
        rule,
        "run-as-non-root" | "host-port" | "host-process" | "host-path-volume" | "probe-host" | "volume-types"
    )
}

/// For pods on Windows nodes that do not say so: with `os.name` restricted asks for no fields of Linux.
fn windows(template: &Template<'_>) -> Fix {
    let path = template.path_in_object(FieldPath::root().keys("spec.os.name"));
    Fix {
        safety: Safety::Decision,
        note: "its nodes run Windows: may the pod say so by `os.name: windows`?".into(),
        answer: Some(Answer::Text("windows")),
        steps: vec![FixStep { path, at_pod: None, step: Step::Set("windows".into()) }],
        patch: None,
    }
}

/// Bytes of a document up to which each of its fixes is planned by itself: every plan looks at the whole document.
const PLANNED: usize = 1 << 16;

/// Adds to the fixes of a document's records what machines make of them.
pub(crate) fn add_patches(document: &Document, records: &mut [Record], options: &Options) {
    let small = document.range().range().len() <= PLANNED;
    let secrets = if options.edits && small { document_secrets(document) } else { Vec::new() };
    for record in records {
        let (in_document, chart_source, findings) = match record {
            Record::Workload(w) => (&w.in_document, &w.chart_source, &mut w.findings),
            Record::Object(o) => (&o.in_document, &o.chart_source, &mut o.findings),
            Record::Error(_) | Record::Notice(_) => continue,
        };
        let found = in_document.resolve(document.root());
        if found.depth < in_document.0.len() {
            continue;
        }
        // What is rendered from a chart is not to be edited, and an item that was cut out of a list cannot be by itself.
        let mut near = Near::new(found.node);
        let editable = small && chart_source.is_none() && document.list_item().is_none();
        for fix in findings.iter_mut().filter_map(|located| located.fix.as_mut()) {
            let Some(changes) = fix.changes(false, fix.sole_answer()) else { continue };
            let mut patch = FixPatch::default();
            if options.patches {
                let made = near.json_patch(&changes);
                if made.refused.is_empty() {
                    patch.operations = made.operations;
                }
            }
            if options.edits && editable {
                let changes: Vec<_> = changes.into_iter().map(|c| c.below(in_document)).collect();
                patch.edits = edits(document, &changes, &secrets);
            }
            fix.patch = Some(Box::new(patch));
        }
    }
}

/// The text edits of some changes; none if one of them cannot be made, or is where something may be secret.
fn edits(document: &Document, changes: &[Change], secrets: &[Range<u32>]) -> Vec<TextEdit> {
    let planned = edit::plan(document, changes);
    let shows = |edit: &TextEdit| {
        secrets.iter().any(|secret| secret.start < edit.span.end && secret.end > edit.span.start)
    };
    if planned.refused.is_empty() && !planned.edits.iter().any(shows) { planned.edits } else { Vec::new() }
}

fn step(at: RepairAt<'_>, template: &Template<'_>) -> FixStep {
    let value = |literal: Literal| match literal {
        Literal::Bool(value) => edit::Value::Bool(value),
        Literal::Text(text) => edit::Value::from(text),
    };
    let found = match at.value {
        Value::Missing => None,
        Value::Bool(value) => Some(edit::Value::Bool(value)),
        Value::Int(value) => Some(edit::Value::from(value)),
        Value::Text(text) => Some(edit::Value::from(text)),
    };
    let mut at_pod = None;
    let step = match at.repair.action {
        Action::Set(literal) => Step::Set(value(literal)),
        Action::SetForAll(literal) => {
            at_pod = at.alone.then(|| pod_path(&at.path, template)).flatten();
            Step::Set(value(literal))
        }
        Action::Add(item) => Step::Add(edit::Value::from(item)),
        Action::Remove => Step::Remove(found),
        Action::RemoveItem => Step::Remove(None),
        Action::SetUser => Step::SetUser,
    };
    FixStep { path: template.path_in_object(at.path), at_pod, step }
}

/// The field of the pod that stands for a field of its containers: `spec.containers[name=a].securityContext.x` is
/// `spec.securityContext.x` there. `None` where pods of this kind have no place for it.
fn pod_path(path: &FieldPath, template: &Template<'_>) -> Option<FieldPath> {
    template.spec_path()?;
    let spec = path.0.first()?.clone();
    let below = path.0.get(3..)?;
    let at_pod = FieldPath([&[spec], below].concat());
    Some(template.path_in_object(at_pod))
}

/// A fix in the class that evidence beyond the pod's specification gives it.
fn raised(fix: Fix, group: &Group<'_, '_>, pod: &Pod<'_>, template: &Template<'_>, options: &Options) -> Fix {
    let first = group.offenders.first().filter(|offender| offender.value == Value::Missing);
    let container = first.and_then(|offender| container(pod, offender.container()?));
    let Some(container) = container.filter(|_| group.rule.id == "run-as-non-root") else { return fix };
    let evidence = match stated_user(pod, container) {
        Some(user) => Some(format!("it runs as user {user}")),
        None => match running_as(template, &container.name) {
            Some(0) => None,
            Some(user) => Some(format!("it was running as user {user}")),
            None => {
                options.images.user(&container.image).map(|user| format!("its image runs as user {user}"))
            }
        },
    };
    match evidence {
        Some(note) => Fix { safety: Safety::Safe, note: note.into(), answer: None, ..fix },
        None => fix,
    }
}

/// The user that a pod's status says its container runs as (`user.linux.uid`, which runtimes report from 1.31 on).
fn running_as(template: &Template<'_>, container: &str) -> Option<i64> {
    let status = template.node.filter(|_| template.kind == WorkloadKind::Pod)?.get("status")?;
    let lists = ["containerStatuses", "initContainerStatuses"];
    let statuses = lists.into_iter().filter_map(|list| status.get(list)).flat_map(NodeRef::items);
    let own = statuses.filter(|s| s.get("name").and_then(NodeRef::as_str) == Some(container)).last()?;
    own.get("user")?.get("linux")?.get("uid")?.json_number()?.parse().ok()
}

fn container<'p, 'd>(pod: &'p Pod<'d>, (class, index): (ContainerClass, usize)) -> Option<&'p Container<'d>> {
    let of_class = match class {
        ContainerClass::Init => &pod.spec.init_containers,
        ContainerClass::Main => &pod.spec.containers,
        ContainerClass::Ephemeral => &pod.spec.ephemeral_containers,
    };
    of_class.get(index)
}
