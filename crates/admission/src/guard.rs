//! The guard of namespace labels: who may lower what a namespace asks for. Rules and words are those of the
//! `ValidatingAdmissionPolicy` that `seawall install --guard-labels` prints.

use seawall_model::pod::Str;
use seawall_model::review::UserInfo;
use seawall_model::{Level, PolicyVersion};
use seawall_pss::namespace::{GOAL_LABEL, GOAL_VERSION_LABEL, Mode};

use crate::exceptions::Later;
use crate::object::{Object, object};
use crate::response::Response;
use crate::{Admission, Lookup, Review, Surroundings};

/// Who may do what in a cluster.
pub trait Rights {
    /// Whether a user has the right to `lower` the `namespacelevels.seawall.dev` of a namespace's name.
    fn may_lower(&self, user: &UserInfo<'_>, namespace: &str) -> Lookup<bool>;
}

impl Admission {
    /// The refusal of a change that lowers labels, if it is one of somebody who may not; `Err` if it has to be asked first.
    pub(crate) fn guard(
        &self,
        review: &Review<'_>,
        around: Surroundings<'_>,
    ) -> Result<Option<Response>, Later> {
        let request = &review.request;
        if !self.configuration.settings.guard_labels || request.operation != "UPDATE" {
            return Ok(None);
        }
        let read = |raw| match object(raw, &request.kind) {
            Ok(Object::Namespace(namespace)) => Ok(namespace),
            Ok(_) => Err(None),
            Err(error) => Err(Some(error.message)),
        };
        let (old, new) = match (read(request.old_object), read(request.object)) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(why), _) | (_, Err(why)) => {
                return Ok(Some(Response::bad_request("failed to decode namespace", why.as_deref())));
            }
        };
        let lowered = lowered(&old.metadata.labels, &new.metadata.labels);
        if lowered.is_empty() {
            return Ok(None);
        }
        let right = "the right to `lower` `namespacelevels.seawall.dev`";
        Ok(match around.rights.may_lower(&request.user_info, &new.metadata.name) {
            Lookup::Known(true) => None,
            Lookup::Known(false) => Some(Response::forbidden(
                request,
                &format!(
                    "lowers {lowered}, which only those may who have {right}: the ClusterRole `seawall-levels-lowerer` gives it"
                ),
            )),
            Lookup::Failed(why) => Some(Response::forbidden(
                request,
                &format!("lowers {lowered}, and whether you have {right} cannot be asked: {why}"),
            )),
            Lookup::Later => return Err(Later),
        })
    }
}

type Labels<'l> = [(Str<'l>, Str<'l>)];

/// The labels of a mode, or of the goal.
type Keys = [&'static str; 2];

/// What a change of labels lowers, in words; empty if it lowers nothing.
fn lowered(before: &Labels<'_>, after: &Labels<'_>) -> String {
    let goal = [GOAL_LABEL, GOAL_VERSION_LABEL];
    let of = |mode: Mode| [mode.level_label(), mode.version_label()];
    // The webhook enforces a goal in place of what the built-in admission enforces: a first one must not be below that.
    let is_first = value(before, GOAL_LABEL).is_none() && value(after, GOAL_LABEL).is_some();
    let first = if is_first { of(Mode::Enforce) } else { goal };
    let labels = Mode::ALL.map(|mode| (of(mode), of(mode))).into_iter().chain([(first, goal)]);
    let said = |(from, to): (&str, &str)| {
        let quoted = |labels, key| {
            value(labels, key).map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
        };
        let of = if from == to { String::new() } else { format!(" of `{from}`") };
        format!("`{to}` from {}{of} to {}", quoted(before, from), quoted(after, to))
    };
    let (mut lower, mut older) = (Vec::new(), Vec::new());
    for (from, to) in labels {
        let was = level(before, from);
        if was > level(after, to) {
            lower.push(said((from[0], to[0])));
        }
        // Versions of privileged do not differ.
        if was > Level::Privileged && minor(before, from) > minor(after, to) {
            older.push(said((from[1], to[1])));
        }
    }
    lower.append(&mut older);
    lower.join(", ")
}

fn value<'l>(labels: &'l Labels<'_>, key: &str) -> Option<&'l str> {
    labels.iter().find(|(known, _)| known == key).map(|(_, value)| &**value)
}

/// The level that labels ask for; what is none counts as Pod Security counts it.
fn level(labels: &Labels<'_>, [key, _]: Keys) -> Level {
    let is_enforced = key == GOAL_LABEL || key == Mode::Enforce.level_label();
    let invalid = if is_enforced { Level::Restricted } else { Level::Privileged };
    value(labels, key).map_or(Level::Privileged, |text| text.parse().unwrap_or(invalid))
}

/// The minor of the version that goes with it; no version, and what is none, is the latest.
fn minor(labels: &Labels<'_>, [_, key]: Keys) -> u64 {
    let version = value(labels, key).and_then(|text| text.parse().ok());
    version.unwrap_or(PolicyVersion::Latest).clamp(u64::MAX)
}
