//! What may be written where something offends, and how sure that is.

use seawall_finding::Safety;
use seawall_model::FieldPath;
use seawall_model::pod::SecurityContext;

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
    /// What may break and how to tell, or the question that a person has to answer.
    pub note: &'static str,
}

impl Repair {
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
