//! What a Namespace object says of Pod Security: its labels, and what is wrong with them.

use std::borrow::Cow;

use seawall_finding::{Finding, Locus, Rule};
use seawall_manifest::objects::Object;
use seawall_model::{FieldPath, Level, gotext};
use seawall_pss::namespace::{
    GOAL_LABEL, GOAL_VERSION_LABEL, LabelError, Mode, Modes, Policy, joined, resolve, resolve_goal,
};
use seawall_yaml::{LineIndex, NodeRef};

use crate::locate::{Locator, mark};
use crate::options::Options;
use crate::record::Located;
use crate::rules::{NAMESPACE_PSS_LABEL, NAMESPACE_PSS_WEAKER_WARN};

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

/// The labels that name a goal.
const GOALS: [&str; 2] = [GOAL_LABEL, GOAL_VERSION_LABEL];

/// The labels below `pod-security.kubernetes.io/`, and those that name a goal, each key once, with the last value.
pub(crate) fn labels(object: &Object<'_>) -> Vec<(String, String)> {
    let labels = object.node.get("metadata").and_then(|m| m.get("labels"));
    let mut found: Vec<(String, String)> = Vec::new();
    for (key, value) in labels.into_iter().flat_map(NodeRef::entries) {
        let Some(key) = key.key() else { continue };
        if key.starts_with(PREFIX) || GOALS.contains(&&*key) {
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
    options: &Options,
    locator: &Locator<'d>,
    lines: &LineIndex<'_>,
) -> (Vec<Located>, Option<String>) {
    let Wrong { labels, errors, goals, open, weaker } = Wrong::of(object, options);
    let mut findings: Vec<Located> = errors.iter().map(|e| invalid(object, e, locator, lines)).collect();
    findings.extend(goals.iter().map(|e| invalid(object, e, locator, lines)));
    let unknown = labels.iter().filter(|(key, _)| is_unknown(key));
    findings.extend(unknown.map(|(key, _)| misspelt(object, key, locator, lines)));
    findings.extend(open.map(|open| unenforced(object, open, locator, lines)));
    findings.extend(weaker.iter().map(|weaker| hidden(object, weaker, locator, lines)));
    let refused = (!errors.is_empty())
        .then(|| format!("Namespace {} is invalid: {}", gotext::quote(object.name), joined(&errors)));
    for located in findings.iter_mut().take(errors.len()) {
        located.refuses = true;
    }
    (findings, refused)
}

/// Whether [`check`] finds something.
pub(crate) fn is_wrong(object: &Object<'_>, options: &Options) -> bool {
    let Wrong { labels, errors, goals, open, weaker } = Wrong::of(object, options);
    !errors.is_empty()
        || !goals.is_empty()
        || open.is_some()
        || !weaker.is_empty()
        || labels.iter().any(|(key, _)| is_unknown(key))
}

fn is_unknown(key: &str) -> bool {
    known().all(|known| known != key) && !GOALS.contains(&key)
}

/// What is wrong with the labels of a Namespace.
struct Wrong {
    labels: Vec<(String, String)>,
    errors: Vec<LabelError>,
    /// Labels of a goal that are not valid; the API server does not mind.
    goals: Vec<LabelError>,
    /// Why nothing is enforced, where nothing is and that is asked for.
    open: Option<Unenforced>,
    /// Modes that ask for less than what is enforced, where that is asked for.
    weaker: Vec<Weaker>,
}

/// Why a namespace enforces nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unenforced {
    /// No label says what is enforced.
    Unsaid,
    /// It says that nothing is.
    Privileged,
}

/// A mode that asks for less than what is enforced.
struct Weaker {
    mode: Mode,
    level: Level,
    enforced: Level,
}

impl Wrong {
    fn of(object: &Object<'_>, options: &Options) -> Self {
        let labels = labels(object);
        let (policy, errors) =
            resolve(labels.iter().map(|(k, v)| (k.as_str(), v.as_str())), Policy::default());
        let named = || labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let (with_goal, goal_errors) = resolve_goal(named(), Policy::default());
        let policy = Policy { enforce: with_goal.enforce, ..policy };
        let goals = goal_errors.into_iter().filter(|error| GOALS.contains(&error.label)).collect();
        let is_system = crate::live::system_owner(object.name).is_some();
        let says = |mode: Mode| {
            labels
                .iter()
                .any(|(key, _)| key == mode.level_label() || (mode == Mode::Enforce && key == GOAL_LABEL))
        };
        let open = match says(Mode::Enforce) {
            _ if is_system || !options.rules.goes_beyond(&NAMESPACE_PSS_LABEL) => None,
            false => Some(Unenforced::Unsaid),
            true => (policy.enforce.level == Level::Privileged).then_some(Unenforced::Privileged),
        };
        let mut weaker = Vec::new();
        // Of labels that cannot be read that is what is said.
        if errors.is_empty() && !is_system && options.rules.selects(&NAMESPACE_PSS_WEAKER_WARN) {
            let modes = [Mode::Audit, Mode::Warn].into_iter().filter(|mode| says(*mode));
            let modes = modes.map(|mode| Weaker {
                mode,
                level: policy.mode(mode).level,
                enforced: policy.enforce.level,
            });
            weaker.extend(modes.filter(|weaker| weaker.level < weaker.enforced));
        }
        Self { labels, errors, goals, open, weaker }
    }
}

fn unenforced<'d>(
    object: &Object<'d>,
    why: Unenforced,
    locator: &Locator<'d>,
    lines: &LineIndex<'_>,
) -> Located {
    let label = Mode::Enforce.level_label();
    let (seen, message) = match why {
        Unenforced::Unsaid => (
            "nothing is enforced",
            format!(
                "the namespace has no label `{label}`: unless the cluster has a default of its own, it admits any pod"
            ),
        ),
        Unenforced::Privileged => {
            ("forbids nothing", format!("the label `{label}` is privileged: the namespace admits any pod"))
        }
    };
    let advice = format!(
        "write `{label}: restricted`, or baseline; {PREFIX}warn and audit tell before what it would refuse"
    );
    located(&NAMESPACE_PSS_LABEL, object, label, seen, message, advice, locator, lines)
}

fn hidden<'d>(
    object: &Object<'d>,
    Weaker { mode, level, enforced }: &Weaker,
    locator: &Locator<'d>,
    lines: &LineIndex<'_>,
) -> Located {
    let (label, mode) = (mode.level_label(), mode.as_str());
    let who = if mode == Mode::Warn.as_str() {
        "whoever applies it is not warned"
    } else {
        "the audit log is silent"
    };
    let message = format!(
        "{mode} asks for {level} and enforce for {enforced}: a Deployment whose pods will be refused is taken, and {who}"
    );
    let advice = format!("write `{label}: {enforced}`, or leave the label out where it adds nothing");
    let seen = format!("weaker than {enforced}");
    located(&NAMESPACE_PSS_WEAKER_WARN, object, label, seen, message, advice, locator, lines)
}

fn invalid<'d>(
    object: &Object<'d>,
    error: &LabelError,
    locator: &Locator<'d>,
    lines: &LineIndex<'_>,
) -> Located {
    let closed = if [Mode::Enforce.level_label(), GOAL_LABEL].contains(&error.label) {
        "; until then restricted is enforced"
    } else {
        ""
    };
    let message =
        format!("the label `{}` is {}, which {}", error.label, gotext::quote(&error.value), error.problem);
    let who = if GOALS.contains(&error.label) { "seawall's webhook" } else { "the API server" };
    let advice = format!("correct the value: {who} refuses to create such a namespace{closed}");
    located(&NAMESPACE_PSS_LABEL, object, error.label, "no such value", message, advice, locator, lines)
}

fn misspelt<'d>(object: &Object<'d>, key: &str, locator: &Locator<'d>, lines: &LineIndex<'_>) -> Located {
    let near = known().map(|known| (crate::rules::distance(key, known), known)).min();
    let advice = match near.filter(|(distance, _)| *distance <= 3) {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => format!("the labels that count are {PREFIX}enforce, audit and warn, each also with -version"),
    };
    let message = format!("Pod Security knows no label `{key}`; it has no effect");
    located(&NAMESPACE_PSS_LABEL, object, key, "no such label", message, advice, locator, lines)
}

#[allow(clippy::too_many_arguments, reason = "the parts of a finding")]
fn located<'d>(
    rule: &'static Rule,
    object: &Object<'d>,
    label: &str,
    seen: impl Into<Cow<'static, str>>,
    message: String,
    advice: String,
    locator: &Locator<'d>,
    lines: &LineIndex<'_>,
) -> Located {
    let path = FieldPath::root().keys("metadata.labels").key(label);
    let place = locator.locate(object.node, &path);
    let seen = seen.into();
    Located {
        primary: mark(lines, place.span, seen.clone()),
        finding: Finding {
            rule,
            severity: rule.severity,
            object: object.id().into(),
            container: None,
            primary: Locus { path, label: seen },
            related: Vec::new(),
            message,
            advice: advice.into(),
        },
        related: Vec::new(),
        left_out: 0,
        missing: !place.found,
        refuses: false,
        modes: Modes::NONE,
        suppressed: None,
        fix: None,
    }
}
