//! What a Namespace object says of Pod Security: its labels, and what is wrong with them.

use seawall_finding::{Finding, Locus};
use seawall_manifest::objects::Object;
use seawall_model::{FieldPath, gotext};
use seawall_pss::namespace::{LabelError, Mode, Policy, joined, resolve};
use seawall_yaml::{LineIndex, NodeRef};

use crate::locate::{Locator, mark};
use crate::record::Located;
use crate::rules::NAMESPACE_PSS_LABEL;

/// The prefix of the labels.
const PREFIX: &str = "pod-security.kubernetes.io/";

/// Whether an object is a Namespace.
pub(crate) fn is_namespace(object: &Object<'_>) -> bool {
    (object.api_version, object.kind) == ("v1", "Namespace")
}

/// The labels that Pod Security reads.
fn known() -> impl Iterator<Item = &'static str> {
    Mode::ALL.into_iter().flat_map(|mode| [mode.level_label(), mode.version_label()])
}

/// The labels below `pod-security.kubernetes.io/`, each key once, with the last value.
pub(crate) fn labels(object: &Object<'_>) -> Vec<(String, String)> {
    let labels = object.node.get("metadata").and_then(|m| m.get("labels"));
    let mut found: Vec<(String, String)> = Vec::new();
    for (key, value) in labels.into_iter().flat_map(NodeRef::entries) {
        let Some(key) = key.key() else { continue };
        if key.starts_with(PREFIX) {
            found.retain(|(k, _)| *k != key);
            // The API server makes null the empty text and refuses other types: none of them is a missing label.
            let value = if value.is_null() { "" } else { value.text().unwrap_or_default() };
            found.push((key.into_owned(), value.to_owned()));
        }
    }
    found
}

/// What is wrong with the labels, and the API server's words if it would refuse the object for it
/// (`ValidateNamespace` of k8s.io/pod-security-admission `admission/admission.go`).
pub(crate) fn check<'d>(
    object: &Object<'d>,
    locator: &Locator<'d>,
    lines: &LineIndex<'_>,
) -> (Vec<Located>, Option<String>) {
    let labels = labels(object);
    let (_, errors) = resolve(labels.iter().map(|(k, v)| (k.as_str(), v.as_str())), Policy::default());
    let mut findings: Vec<Located> = errors.iter().map(|e| invalid(object, e, locator, lines)).collect();
    let unknown = labels.iter().filter(|(key, _)| known().all(|known| known != key));
    findings.extend(unknown.map(|(key, _)| misspelt(object, key, locator, lines)));
    let refused = (!errors.is_empty())
        .then(|| format!("Namespace {} is invalid: {}", gotext::quote(object.name), joined(&errors)));
    for located in findings.iter_mut().take(errors.len()) {
        located.refuses = true;
    }
    (findings, refused)
}

/// Whether [`check`] finds something.
pub(crate) fn is_wrong(object: &Object<'_>) -> bool {
    let labels = labels(object);
    let (_, errors) = resolve(labels.iter().map(|(k, v)| (k.as_str(), v.as_str())), Policy::default());
    !errors.is_empty() || labels.iter().any(|(key, _)| known().all(|known| known != key))
}

fn invalid<'d>(
    object: &Object<'d>,
    error: &LabelError,
    locator: &Locator<'d>,
    lines: &LineIndex<'_>,
) -> Located {
    let closed =
        if error.label == Mode::Enforce.level_label() { "; until then restricted is enforced" } else { "" };
    let message =
        format!("the label `{}` is {}, which {}", error.label, gotext::quote(&error.value), error.problem);
    let advice = format!("correct the value: the API server refuses to create such a namespace{closed}");
    located(object, error.label, "no such value", message, advice, locator, lines)
}

fn misspelt<'d>(object: &Object<'d>, key: &str, locator: &Locator<'d>, lines: &LineIndex<'_>) -> Located {
    let near = known().map(|known| (crate::rules::distance(key, known), known)).min();
    let advice = match near.filter(|(distance, _)| *distance <= 3) {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => format!("the labels that count are {PREFIX}enforce, audit and warn, each also with -version"),
    };
    let message = format!("Pod Security knows no label `{key}`; it has no effect");
    located(object, key, "no such label", message, advice, locator, lines)
}

fn located<'d>(
    object: &Object<'d>,
    label: &str,
    seen: &'static str,
    message: String,
    advice: String,
    locator: &Locator<'d>,
    lines: &LineIndex<'_>,
) -> Located {
    let path = FieldPath::root().keys("metadata.labels").key(label);
    let place = locator.locate(object.node, &path);
    Located {
        primary: mark(lines, place.span, seen),
        finding: Finding {
            rule: &NAMESPACE_PSS_LABEL,
            severity: NAMESPACE_PSS_LABEL.severity,
            object: object.id().into(),
            container: None,
            primary: Locus { path, label: seen.to_owned().into() },
            related: Vec::new(),
            message,
            advice: advice.into(),
        },
        related: Vec::new(),
        missing: false,
        refuses: false,
        modes: Vec::new(),
        suppressed: None,
        fix: None,
    }
}
