//! One fix for the four basics of restricted: what the pod can say for all its containers stands at the pod.

use seawall_model::FieldPath;

use crate::group::{Group, basic, listed};

/// What each basic has to say in a `securityContext`, in their order.
pub(crate) const FIELDS: [&str; 4] = [
    "runAsNonRoot: true",
    "allowPrivilegeEscalation: false",
    "capabilities: {drop: [\"ALL\"]}",
    "seccompProfile: {type: RuntimeDefault}",
];

/// What is said of a fix that holds something to decide.
pub(crate) const DECISION: &str = "a person decides: does the image run as a non-root user? The rest is likely safe: `seawall explain run-as-non-root`";

/// What to write, and where.
pub(crate) struct Fix {
    /// The basics that the pod says for all.
    pub(crate) at_pod: Option<[bool; 4]>,
    /// Containers, in words, with what each has to say itself.
    pub(crate) at_containers: Vec<(String, [bool; 4])>,
    /// Whether a person has to decide something.
    pub(crate) decision: bool,
}

impl Fix {
    /// The fix of a group of basics; `pod_spec` is where the pod's own fields are written.
    pub(crate) fn of(group: &Group<'_>, pod_spec: Option<&FieldPath>) -> Self {
        let mut at_pod = [false; 4];
        let mut left: Vec<(&str, [bool; 4])> = Vec::new();
        for located in &group.members {
            let Some(basic) = basic(located) else { continue };
            let pod_says = pod_spec.is_some() && matches!(basic, 0 | 3) && located.missing;
            match located.finding.container.as_deref().filter(|_| !pod_says) {
                None => at_pod[basic] = true,
                Some(name) => match left.iter_mut().find(|(n, _)| *n == name) {
                    Some((_, fields)) => fields[basic] = true,
                    None => left.push((name, std::array::from_fn(|i| i == basic))),
                },
            }
        }
        let all = left.len();
        let mut at_containers = Vec::new();
        while let Some((_, fields)) = left.first().copied() {
            let names: Vec<&str> = left.iter().filter(|(_, f)| *f == fields).map(|(n, _)| *n).collect();
            left.retain(|(_, f)| *f != fields);
            let who = match names.as_slice() {
                [_, _] if all == 2 => "both containers".to_owned(),
                [_, _, ..] if names.len() == all => format!("all {all} containers"),
                [one] => format!("container {}", listed(&[one])),
                several => format!("containers {}", listed(several)),
            };
            at_containers.push((who, fields));
        }
        Self {
            at_pod: Some(at_pod).filter(|fields| pod_spec.is_some() && fields.contains(&true)),
            at_containers,
            decision: group.members.iter().any(|m| basic(m) == Some(0)),
        }
    }
}

/// The chosen fields.
pub(crate) fn chosen(chosen: [bool; 4]) -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(field, _)| field)
}

/// The chosen fields on one line.
pub(crate) fn security_context(fields: [bool; 4]) -> String {
    format!("securityContext: {{{}}}", chosen(fields).collect::<Vec<_>>().join(", "))
}
