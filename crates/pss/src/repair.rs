//! What may be written where something offends, and how sure that is.

use seawall_finding::Safety;
use seawall_model::FieldPath;
use seawall_model::pod::{Container, Pod, SecurityContext};

use crate::offender::{Names, Offender, Value};

/// A value that a repair writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A boolean.
    Bool(bool),
    /// A text.
    Text(&'static str),
}

/// What is done at the offending field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It gets this value.
    Set(Literal),
    /// It gets this value; where the pod's security context can say it for all containers, that does.
    SetForAll(Literal),
    /// The list gets this item.
    Add(&'static str),
    /// It goes.
    Remove,
    /// The list item that it belongs to goes.
    RemoveItem,
    /// It gets the number of a user, which a person names.
    SetUser,
}

/// How an offence may be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What is done.
    pub action: Action,
    /// How sure it is that the container runs as before.
    pub safety: Safety,
    /// Why it is sure; what may break and how to tell; or the question that a person has to answer.
    pub note: &'static str,
}

impl Repair {
    pub(crate) const fn safe(action: Action, note: &'static str) -> Self {
        Self { action, safety: Safety::Safe, note }
    }

    pub(crate) const fn likely(action: Action, note: &'static str) -> Self {
        Self { action, safety: Safety::Likely, note }
    }

    pub(crate) const fn decision(action: Action, question: &'static str) -> Self {
        Self { action, safety: Safety::Decision, note: question }
    }

    /// The answer that makes it be done, as the command line takes it; `None` where a person names a number.
    pub fn answer(&self) -> Option<&'static str> {
        match self.action {
            Action::Set(literal) | Action::SetForAll(literal) => Some(literal.as_str()),
            Action::Add(item) => Some(item),
            Action::Remove | Action::RemoveItem => Some("remove"),
            Action::SetUser => None,
        }
    }
}

impl Literal {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Text(text) => text,
        }
    }
}

/// The user that a container of a pod runs as, where the pod says so and means Linux: Windows has no numbers of users.
pub fn stated_user(pod: &Pod<'_>, container: &Container<'_>) -> Option<i64> {
    let of_pod = pod.spec.security_context.as_ref().and_then(|c| c.run_as_user);
    let user = container.security_context.as_ref().and_then(|c| c.run_as_user).or(of_pod);
    user.filter(|_| !pod.spec.is_windows())
}

/// The offending place of a repair, from the pod's root, and what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct RepairAt<'p> {
    /// The repair.
    pub repair: Repair,
    /// Where it is done; for [`Action::RemoveItem`] the item.
    pub path: FieldPath,
    /// What is there.
    pub value: Value<'p>,
    /// Whether no container states the field for itself: then the pod may for all of them.
    pub alone: bool,
}

impl<'p> RepairAt<'p> {
    pub(crate) fn of(repair: Repair, offender: &Offender<'p>, names: &Names<'_>) -> Self {
        let mut path = offender.path(names, &FieldPath::root());
        if repair.action == Action::RemoveItem {
            let below = offender.field.tail.split('.').filter(|key| !key.is_empty()).count();
            path.0.truncate(path.0.len() - below);
        }
        let stated: fn(&SecurityContext<'_>) -> bool = match offender.field.head {
            "securityContext.runAsNonRoot" => |c| c.run_as_non_root.is_some(),
            "securityContext.seccompProfile.type" => |c| c.seccomp_profile.is_some(),
            _ => |_| true,
        };
        let for_all = matches!(repair.action, Action::SetForAll(_));
        let alone = for_all && !names.any_container(offender.field.head, stated);
        Self { repair, path, value: offender.value, alone }
    }
}

#[cfg(test)]
mod tests {
    use seawall_model::Level;

    use crate::testing::pod;
    use crate::{Names, groups, results};

    /// `container field` of every safe repair at restricted.
    fn safe(json: &str, minor: u64) -> Vec<String> {
        let pod = pod(json);
        let (results, names) = (results(&pod, Level::Restricted, minor), Names::of(&pod));
        let all = groups(&results).flat_map(|group| group.repairs(&names));
        let safe = all.filter(|at| at.repair.safety == super::Safety::Safe);
        safe.map(|at| at.path.to_string()).collect()
    }

    #[test]
    fn a_user_that_is_stated_is_no_other() {
        let of = |pod: &str, container: &str| {
            format!(r#"{{"spec":{{{pod}"containers":[{{"name":"a","securityContext":{{{container}}}}}]}}}}"#)
        };
        let path = |field: &str| format!("spec.containers[name=a].securityContext.{field}");
        let both = [path("capabilities.drop"), path("runAsNonRoot")];
        let of_pod = r#""securityContext":{"runAsUser":7},"#;
        assert_eq!(safe(&of("", ""), 37), [""; 0]);
        assert_eq!(safe(&of(of_pod, ""), 37), both[1..]);
        assert_eq!(safe(&of(of_pod, r#""allowPrivilegeEscalation":false"#), 37), both);
        assert_eq!(safe(&of("", r#""runAsUser":7,"allowPrivilegeEscalation":false"#), 37), both);
        for root in ["", r#""runAsUser":0"#] {
            assert_eq!(safe(&of("", root), 37), [""; 0]);
        }
        assert_eq!(safe(&of(of_pod, r#""runAsUser":0,"allowPrivilegeEscalation":false"#), 37), [""; 0]);
        let privileged = r#""privileged":true,"allowPrivilegeEscalation":false"#;
        assert_eq!(safe(&of(of_pod, privileged), 37), both[1..]);
        assert_eq!(safe(&of(of_pod, r#""runAsNonRoot":false"#), 37), [""; 0], "somebody wrote that");
        let windows = format!(r#""os":{{"name":"windows"}},{of_pod}"#);
        for minor in [24, 37] {
            assert_eq!(safe(&of(&windows, r#""allowPrivilegeEscalation":false"#), minor), [""; 0]);
        }
        let own_users = format!(r#""hostUsers":false,{of_pod}"#);
        assert_eq!(safe(&of(&own_users, ""), 37), [""; 0], "nothing is asked of it");
        assert_eq!(safe(&of(&own_users, ""), 34), both[1..]);
    }
}
