//! What is said of a file besides findings: errors and notices.

use seawall_manifest::objects::{Object, Reject, RejectKind};
use seawall_manifest::schema::Unheld;
use seawall_manifest::types;
use seawall_manifest::workload::{self, ConfiguredEntry, Form, Template};
use seawall_model::FieldPath;
use seawall_pss::NEWEST;
use seawall_yaml::{LineIndex, NodeRef, ProblemKind, Span};

use super::Judge;
use crate::locate::{first_token, region};
use crate::quoted::shell_word;
use crate::record::{InputError, Notice, NoticeKind, Origin, Record};
use crate::schema;
use crate::survey::{Source, Unread};
use crate::totals::{Extent, Totals};

/// A file that something is said of.
pub(crate) struct At<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) origin: &'a Origin,
    pub(crate) lines: &'a LineIndex<'a>,
}

/// What a reader's problem is: an error, or a notice where a directory happened to hold it.
pub(crate) fn problem(at: &At<'_>, Unread { problem, foreign, .. }: &Unread) -> Record {
    let region = Some(region(at.lines, problem.span));
    if problem.kind == ProblemKind::Ignored {
        return Record::Notice(Notice {
            kind: NoticeKind::Ignored,
            file: Some(at.source.file.clone()),
            region,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        });
    }
    if problem.kind == ProblemKind::Template && at.source.walked {
        let hint = match at.source.chart {
            Some(chart) => Some(format!("helm template {} | seawall scan -", shell_word(chart))),
            None => problem.hint.clone(),
        };
        return Record::Notice(Notice {
            kind: NoticeKind::Template,
            file: Some(at.source.file.clone()),
            region,
            message: problem.message.clone(),
            hint,
        });
    }
    if *foreign {
        return Record::Notice(Notice {
            kind: NoticeKind::NotKubernetes,
            file: Some(at.source.file.clone()),
            region,
            message: format!("cannot be read, and nothing in it is of Kubernetes ({})", problem.message),
            hint: Some(format!("to have it judged, name it: seawall scan {}", shell_word(at.source.file))),
        });
    }
    Record::Error(InputError {
        file: at.source.file.clone(),
        origin: Some(at.origin.clone()),
        region,
        message: problem.message.clone(),
        hint: problem.hint.clone(),
    })
}

/// What is no object: an error, or a notice where a directory happened to hold it.
pub(crate) fn not_an_object(at: &At<'_>, reject: &Reject) -> Record {
    let region = Some(region(at.lines, reject.span));
    let hint = reject.hint.map(str::to_owned);
    if at.source.walked && is_kustomization(at.source.file, reject.kind) {
        let directory = match at.source.file.rsplit_once('/') {
            Some(("", _)) => "/",
            Some((directory, _)) => directory,
            None => ".",
        };
        return Record::Notice(Notice {
            kind: NoticeKind::Kustomization,
            file: Some(at.source.file.clone()),
            region,
            message: "a kustomization: its files were judged as written, not as they are deployed".into(),
            hint: Some(format!("kustomize build {} | seawall scan -", shell_word(directory))),
        });
    }
    if at.source.walked && reject.kind.is_foreign() {
        return Record::Notice(Notice {
            kind: NoticeKind::NotKubernetes,
            file: Some(at.source.file.clone()),
            region,
            message: reject.message.clone(),
            hint,
        });
    }
    Record::Error(InputError {
        file: at.source.file.clone(),
        origin: Some(at.origin.clone()),
        region,
        message: reject.message.clone(),
        hint,
    })
}

/// Whether what is no object is a kustomization: by its group, or by the file's name, as Kustomize fills in what is missing of
/// kind and apiVersion (sigs.k8s.io/kustomize/api/types, `FixKustomizationPostUnmarshalling`).
fn is_kustomization(file: &str, kind: RejectKind) -> bool {
    let name = file.rsplit_once('/').map_or(file, |(_, name)| name);
    let named = ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(&name);
    match kind {
        RejectKind::Kustomization => true,
        RejectKind::Unmarked | RejectKind::MissingKind | RejectKind::MissingApiVersion => named,
        _ => false,
    }
}

/// A number with its thousands apart.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What may be meant by a kind that a group of Kubernetes does not have.
fn types_hint(object: &Object<'_>) -> String {
    let (kind, group) = (object.kind, object.group());
    let versions: Vec<&str> = types::kinds()
        .filter(|(version, of, _)| *of == kind && types::group(version) == group)
        .map(|(version, ..)| version)
        .collect();
    if !versions.is_empty() {
        return format!("it has it in {}", versions.join(" and "));
    }
    match types::nearest_kind(group, kind) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "kubectl api-resources lists the kinds of a cluster".to_owned(),
    }
}

impl Judge<'_> {
    /// The file that is judged.
    pub(super) fn at(&self) -> At<'_> {
        At { source: &self.source, origin: &self.origin, lines: self.lines }
    }

    /// A notice at an object.
    pub(super) fn notice(
        &self,
        kind: NoticeKind,
        object: &Object<'_>,
        message: String,
        hint: String,
    ) -> Record {
        Record::Notice(Notice {
            kind,
            file: Some(self.source.file.clone()),
            region: Some(region(self.lines, first_token(object.node))),
            message,
            hint: Some(hint),
        })
    }

    /// An object that no schema is known of: its version is not in its definition, Kubernetes has it no more or never had it, or
    /// it is a custom resource that nothing in the input defines.
    pub(super) fn undefined(&self, object: &Object<'_>) -> Record {
        let (kind, version) = (object.kind, object.api_version);
        let (why, hint) = if let Some(served) = self.options.definitions.instead_of(object) {
            let hint = match &*served {
                [] => "correct the definition: it serves no version".to_owned(),
                _ => format!("write it in {}, or correct the definition", served.join(" or ")),
            };
            ("its definition has no such version".to_owned(), hint)
        } else if let Some(removed) = seawall_hardening::removed(version, kind) {
            let hint = match seawall_hardening::replacement(version, kind, self.options.kubernetes) {
                Some((version, of)) if of == kind => format!("write it in {version}"),
                Some((version, kind)) => format!("write {version} {kind}"),
                None => "nothing takes its place: leave it out".to_owned(),
            };
            (format!("it has not been served since Kubernetes v1.{removed}"), hint)
        } else if types::has_group(object.group()) {
            (format!("Kubernetes v1.{NEWEST} has no such kind"), types_hint(object))
        } else {
            (
                "nothing in the input defines it".to_owned(),
                "add its CustomResourceDefinition to the input".to_owned(),
            )
        };
        let message = format!("{version} {kind} was not held against a schema: {why}");
        self.notice(NoticeKind::NotEvaluated, object, message, hint)
    }

    /// An object that SOPS encrypted.
    pub(super) fn encrypted(&self, object: &Object<'_>) -> Record {
        let message = format!("{} is encrypted by SOPS: not judged as it will be applied", object.id());
        let hint = format!("sops --decrypt {} | seawall scan -", shell_word(self.source.file));
        self.notice(NoticeKind::NotEvaluated, object, message, hint)
    }

    /// An object that is too large for its schema, or has more against it than is told.
    pub(super) fn partly_held(&self, object: &Object<'_>) -> Record {
        let (kind, version) = (object.kind, object.api_version);
        let message =
            format!("{version} {kind} was held against its schema in part: there is too much of it");
        let hint = "correct what is told, or make the object or its definition smaller".to_owned();
        self.notice(NoticeKind::NotEvaluated, object, message, hint)
    }

    /// What of a definition nothing is held against.
    pub(super) fn unheld(&self, object: &Object<'_>, unheld: &Unheld) -> Record {
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(one.to_owned()),
            number => Some(format!("{number} {many}")),
        };
        let parts: Vec<String> = [
            unheld.too_large.then(|| "a schema that is too large".to_owned()),
            count(
                unheld.rules,
                "1 rule in `x-kubernetes-validations`",
                "rules in `x-kubernetes-validations`",
            ),
            count(unheld.patterns, "1 pattern that is not understood", "patterns that are not understood"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let defined = object.node.get("spec").and_then(|spec| spec.get("names")).and_then(|n| n.get("kind"));
        let kind = defined.and_then(NodeRef::as_str).unwrap_or_default();
        let message = format!("{kind} is not held against parts of its definition: {}", parts.join("; "));
        let hint = "the API server looks at them: kubectl apply --dry-run=server".to_owned();
        self.notice(NoticeKind::NotEvaluated, object, message, hint)
    }

    pub(super) fn changed(&self) -> Record {
        Record::Error(InputError {
            file: self.source.file.clone(),
            origin: None,
            region: None,
            message: "the file changed while it was being scanned".into(),
            hint: Some("scan again".into()),
        })
    }

    pub(super) fn unread(&self, span: Span, message: String, hint: Option<&str>) -> Record {
        Record::Error(InputError {
            file: self.source.file.clone(),
            origin: Some(self.origin.clone()),
            region: Some(region(self.lines, span)),
            message,
            hint: hint.map(str::to_owned),
        })
    }

    /// Said of an object with more mistakes than are told.
    pub(super) fn cut_short(&self, object: &Object<'_>) -> Record {
        self.notice(
            NoticeKind::Skipped,
            object,
            format!("of each kind of mistake in an object only the first {} are told", schema::MOST),
            "correct these and scan again".into(),
        )
    }

    /// Said of an object of which not all findings are held, if it is of what is reported.
    pub(super) fn left_out(&self, object: &Object<'_>, held: [Extent; 2], totals: &Totals) -> Option<Record> {
        let parts = [
            (totals.counting, held[0], "", true),
            (totals.suppressed, held[1], "suppressed ", self.options.tells_suppressed),
        ];
        let parts = parts.into_iter().filter(|(all, held, _, told)| *told && all != held);
        let said = parts.map(|(all, held, which, _)| {
            let (what, all, held) = if all.findings > held.findings {
                ("", all.findings, held.findings)
            } else {
                ("places of ", all.places, held.places)
            };
            format!("{} {what}{which}findings, {} of which are reported", thousands(all), thousands(held))
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| {
            let message = format!("{} has {}; all are counted", object.id(), said.join(", and "));
            self.notice(NoticeKind::FindingsLeftOut, object, message, "mend these and scan again".into())
        })
    }

    /// Said of an object of a configured kind in which no pod is found.
    pub(super) fn without_pods(
        &self,
        object: &Object<'_>,
        entry: &ConfiguredEntry,
        likely: Option<&FieldPath>,
    ) -> Record {
        let id = object.id();
        let hint = match likely.and_then(workload::configured_path) {
            Some((path, form)) => {
                let form = if form == Form::PodSpec { " and `form: podSpec`" } else { "" };
                format!("there seems to be one at another place: write `path: {path}`{form}")
            }
            None => "correct the path, or its form: template for metadata and spec, podSpec for the specification alone".into(),
        };
        let message = format!(
            "{id} ({}) has no pod at `{}`, where customResources of the configuration looks for it, and was not judged",
            id.api_version, entry.path
        );
        self.notice(NoticeKind::UnknownWorkload, object, message, hint)
    }

    /// Said of a workload in a retired apiVersion that has no template.
    pub(super) fn without_template(&self, object: &Object<'_>, template: &Template<'_>) -> Record {
        let (id, path) = (object.id(), template.path());
        self.notice(
            NoticeKind::UnknownWorkload,
            object,
            format!("{id} ({}) has no pod template at `{path}`, so no pod of it was judged", id.api_version),
            format!("write the template at `{path}`, in an apiVersion that is served"),
        )
    }

    pub(super) fn only_a_part(&self, object: &Object<'_>) -> Record {
        self.notice(
            NoticeKind::NotEvaluated,
            object,
            format!(
                "{} names no image: it is a part of a workload, and what it lacks was not looked for",
                object.id()
            ),
            "scan what is applied: kubectl kustomize DIRECTORY | seawall scan -".into(),
        )
    }

    pub(super) fn unknown_workload(&self, object: &Object<'_>, containers: &FieldPath) -> Record {
        let id = object.id();
        let hint = match workload::configured_path(containers) {
            Some((path, form)) => {
                let form = if form == Form::PodSpec { ", form: podSpec" } else { "" };
                format!(
                    "name it in seawall.yaml: customResources: [{{apiVersion: {}, kind: {}, path: {path}{form}}}]",
                    id.api_version, id.kind
                )
            }
            None => "its containers are no pod specification: have a look at the pods that it makes".into(),
        };
        self.notice(
            NoticeKind::UnknownWorkload,
            object,
            format!("{id} ({}) looks like a workload of an unknown kind and was not judged", id.api_version),
            hint,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a kind that is gone comes from one table, what its schema was from another.
    #[test]
    fn kinds_without_a_schema_of_today_are_known_to_be_gone() {
        let mut count = 0;
        for (version, kind, _) in (types::OLDEST..types::NEWEST).flat_map(types::kinds_in) {
            if kind.ends_with("List") || types::type_of(version, kind).is_some() {
                continue;
            }
            let last = *types::served_in(version, kind).unwrap().end();
            assert_eq!(seawall_hardening::removed(version, kind), Some(last + 1), "{version} {kind}");
            count += 1;
        }
        assert!(count > 20, "{count}");
    }
}
