//! One fix for the four basics of restricted: what the pod can say for all its containers stands at the pod.

use std::collections::HashMap;

use seawall_check::PodSpec;

use crate::group::{Group, basic, listed};

/// What each basic has to say in a `securityContext`, in their order.
pub(crate) const FIELDS: [&str; 4] = [
    "runAsNonRoot: true",
    "allowPrivilegeEscalation: false",
    "capabilities: {drop: [\"ALL\"]}",
    "seccompProfile: {type: RuntimeDefault}",
];

/// What is said of a fix that holds something to decide.
pub(crate) const DECISION: &str = "a person decides: does the image run as a non-root user (`seawall explain run-as-non-root`)? The rest is likely safe";

/// What to write, and where.
pub(crate) struct Fix {
    /// The basics that the pod says for all.
    pub(crate) at_pod: Option<[bool; 4]>,
    /// What containers have to say themselves.
    pub(crate) at_containers: Vec<AtContainers>,
    /// Whether a person has to decide something.
    pub(crate) decision: bool,
}

/// What some containers have to say.
pub(crate) struct AtContainers {
    /// They, in words.
    pub(crate) who: String,
    /// What.
    pub(crate) fields: [bool; 4],
    /// Whether they have a `securityContext` already.
    pub(crate) has_context: bool,
}

impl Fix {
    /// The fix of a group of basics; `pod_spec` is where the pod's own fields are written.
    pub(crate) fn of(group: &Group<'_>, pod_spec: Option<&PodSpec>) -> Self {
        let mut at_pod = [false; 4];
        let mut left: Vec<(&str, [bool; 4], bool)> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for located in &group.members {
            let Some(basic) = basic(located) else { continue };
            let pod_says = pod_spec.is_some() && matches!(basic, 0 | 3) && located.missing;
            match located.finding.container.as_deref().filter(|_| !pod_says) {
                None => at_pod[basic] = true,
                Some(name) => {
                    let at = *known.entry(name).or_insert(left.len());
                    if at == left.len() {
                        left.push((name, [false; 4], true));
                    }
                    if let Some((_, fields, has_context)) = left.get_mut(at) {
                        fields[basic] = true;
                        *has_context &= located.primary.label != NO_CONTEXT;
                    }
                }
            }
        }
        let all = left.len();
        let mut at_containers = Vec::new();
        while let Some((_, fields, has_context)) = left.first().copied() {
            let same = |c: &(&str, [bool; 4], bool)| (c.1, c.2) == (fields, has_context);
            let names: Vec<&str> = left.iter().filter(|c| same(c)).map(|(name, ..)| *name).collect();
            left.retain(|c| !same(c));
            let who = match names.as_slice() {
                [_, _, ..] if group.cut.is_some() => {
                    format!("containers {} and others", listed(&names, None))
                }
                [_, _] if all == 2 => "both containers".to_owned(),
                [_, _, ..] if names.len() == all => format!("all {all} containers"),
                [one] => format!("container {}", listed(&[one], None)),
                several => format!("containers {}", listed(several, None)),
            };
            let who = if has_context { format!("the securityContext of {who}") } else { who };
            at_containers.push(AtContainers { who, fields, has_context });
        }
        Self {
            at_pod: Some(at_pod).filter(|fields| pod_spec.is_some() && fields.contains(&true)),
            at_containers,
            decision: group.members.iter().any(|m| basic(m) == Some(0)),
        }
    }
}

/// Where the pod's fields are to be written.
pub(crate) fn place(pod_spec: &PodSpec) -> String {
    let below = if pod_spec.security_context { ".securityContext" } else { "" };
    format!("{}{below}", pod_spec.path)
}

/// What the checks say of a container without any securityContext.
pub(crate) const NO_CONTEXT: &str = "no securityContext";

/// The chosen fields.
pub(crate) fn chosen(chosen: [bool; 4]) -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(field, _)| field)
}

/// The chosen fields on one line, in a context of their own unless there is one.
pub(crate) fn one_line(fields: [bool; 4], has_context: bool) -> String {
    let fields = chosen(fields).collect::<Vec<_>>().join(", ");
    if has_context { fields } else { format!("securityContext: {{{fields}}}") }
}
