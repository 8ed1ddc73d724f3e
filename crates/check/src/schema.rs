//! What the schema check finds, as findings.

use std::ops::Range;

use seawall_finding::{Finding, Locus, holds_secret, mask};
use seawall_manifest::objects::Object;
pub(crate) use seawall_manifest::schema::MOST;
use seawall_manifest::schema::{Answer, SchemaProblem, SchemaProblemKind};
use seawall_manifest::workload;
use seawall_model::decode::DecodeError;
use seawall_model::{FieldPath, Segment, gotext};
use seawall_pss::namespace::Modes;
use seawall_yaml::LineIndex;

use crate::locate::{Locator, at_offset, mark};
use crate::record::Located;
use crate::rules::{DUPLICATE_KEY, SCHEMA_INVALID, UNKNOWN_KIND};

/// Masks values that may be secret where the sentences of problems repeat them; `secrets` is only asked where one does.
pub(crate) fn withhold<'s>(problems: &mut [SchemaProblem], secrets: impl Fn() -> &'s [Range<u32>]) {
    for problem in problems.iter_mut().filter(|p| p.message_value.is_some() || p.reason_value.is_some()) {
        if holds_secret(problem.span.start..problem.span.end, secrets()) {
            // What is masked has no place any more: problems of the whole schema come to those that were masked before.
            for (text, value) in [
                (&mut problem.message, &mut problem.message_value),
                (&mut problem.reason, &mut problem.reason_value),
            ] {
                *text = mask(text, value.take().as_slice()).into_owned();
            }
        }
    }
}

/// A schema problem as a finding with its places.
pub(crate) fn located(object: &Object<'_>, problem: &SchemaProblem, lines: &LineIndex<'_>) -> Located {
    let mut related = Vec::new();
    let (rule, label) = match &problem.kind {
        SchemaProblemKind::WrongType { expected, .. } => (&SCHEMA_INVALID, format!("must be {expected}")),
        SchemaProblemKind::InvalidValue => (&SCHEMA_INVALID, "does not parse".to_owned()),
        SchemaProblemKind::UnknownField { .. } => (&SCHEMA_INVALID, "no such field".to_owned()),
        SchemaProblemKind::Missing => (&SCHEMA_INVALID, "a field is missing".to_owned()),
        SchemaProblemKind::NotInVersion => (&SCHEMA_INVALID, "not in this version".to_owned()),
        SchemaProblemKind::NotAllowed => (&SCHEMA_INVALID, "not allowed".to_owned()),
        SchemaProblemKind::DuplicateKey { first } => {
            related.push(mark(lines, *first, "first given here"));
            (&DUPLICATE_KEY, "this one counts".to_owned())
        }
    };
    let advice = problem.hint.clone().unwrap_or_else(|| match &problem.kind {
        SchemaProblemKind::WrongType { expected, .. } => format!("write {expected}"),
        SchemaProblemKind::InvalidValue | SchemaProblemKind::NotAllowed => "correct the value".to_owned(),
        SchemaProblemKind::Missing => "write the field".to_owned(),
        SchemaProblemKind::NotInVersion => "leave it out, or name the version of the cluster".to_owned(),
        SchemaProblemKind::UnknownField { suggestion: Some(name) } => format!("did you mean `{name}`?"),
        SchemaProblemKind::UnknownField { suggestion: None } => {
            "remove it: the API server drops it".to_owned()
        }
        SchemaProblemKind::DuplicateKey { .. } => "delete the one that is not meant".to_owned(),
    });
    Located {
        primary: mark(lines, problem.span, label.clone()),
        finding: Finding {
            rule,
            severity: rule.severity,
            object: object.id().into(),
            container: container(&problem.path),
            primary: Locus { path: problem.path.clone(), label: label.into() },
            related: Vec::new(),
            message: problem.message.clone(),
            advice: advice.into(),
        },
        related,
        left_out: 0,
        missing: matches!(problem.kind, SchemaProblemKind::Missing),
        refuses: problem.answer == Answer::Refused,
        modes: Modes::NONE,
        suppressed: None,
        fix: None,
    }
}

/// The value that keeps the pods of a custom resource from being judged, whose own schema is not known.
pub(crate) fn undecoded(object: &Object<'_>, error: &DecodeError, lines: &LineIndex<'_>) -> Located {
    let rule = &SCHEMA_INVALID;
    let (path, node) = at_offset(object.node, error.offset);
    let label = "does not decode";
    Located {
        primary: mark(lines, node.span(), label),
        finding: Finding {
            rule,
            severity: rule.severity,
            object: object.id().into(),
            container: container(&path),
            primary: Locus { path, label: label.into() },
            related: Vec::new(),
            message: format!("the pod template does not decode: {}", error.message),
            advice: "correct the value".into(),
        },
        related: Vec::new(),
        left_out: 0,
        missing: false,
        refuses: true,
        modes: Modes::NONE,
        suppressed: None,
        fix: None,
    }
}

/// A workload of one of Kubernetes' own groups, of a kind that these do not know: nothing would be made of it.
/// The message is the API machinery's (`meta.NoKindMatchError`).
pub(crate) fn misnamed<'d>(object: &Object<'d>, locator: &Locator<'d>, lines: &LineIndex<'_>) -> Located {
    let rule = &UNKNOWN_KIND;
    let kind = FieldPath::root().key("kind");
    let meant = workload::meant(object.kind);
    let (label, advice) = meant.map_or_else(
        || ("no such kind".to_owned(), "kubectl api-resources lists the kinds of a cluster".to_owned()),
        |(version, kind)| {
            (
                format!("no such kind in {}", object.api_version),
                format!("write `apiVersion: {version}` and `kind: {kind}`"),
            )
        },
    );
    Located {
        primary: mark(lines, locator.locate(object.node, &kind).span, label.clone()),
        finding: Finding {
            rule,
            severity: rule.severity,
            object: object.id().into(),
            container: None,
            primary: Locus { path: kind, label: label.into() },
            related: Vec::new(),
            message: format!(
                "no matches for kind {} in version {}",
                gotext::quote(object.kind),
                gotext::quote(object.api_version)
            ),
            advice: advice.into(),
        },
        related: Vec::new(),
        left_out: 0,
        missing: false,
        refuses: true,
        modes: Modes::NONE,
        suppressed: None,
        fix: None,
    }
}

/// The container that a path leads into.
fn container(path: &FieldPath) -> Option<String> {
    path.0.windows(2).find_map(|pair| match pair {
        [Segment::Key(list), Segment::Item(item)]
            if item.key == "name"
                && matches!(&**list, "containers" | "initContainers" | "ephemeralContainers") =>
        {
            Some(item.value.to_string())
        }
        _ => None,
    })
}
