//! Break-glass: what suspends all that is enforced in some namespaces, for some hours at most.

use std::fmt;
use std::time::Duration;

use seawall_finding::Date;
use seawall_model::pattern;
use seawall_yaml::NodeRef;

use crate::exchange::go_duration;
use crate::record::Request;

/// The kind of objects that suspend what is enforced.
pub const BREAK_GLASS_KIND: &str = "PodSecurityBreakGlass";

/// The longest that one holds, whatever it says of itself.
const LONGEST: Duration = Duration::from_hours(4);

/// Where it is known what suspends what is enforced.
pub trait Suspensions {
    /// What suspends it in a namespace at this moment; of several that which lasts longest.
    fn of(&self, namespace: &str) -> Option<Suspension>;

    /// What of this name was asked for was let pass by it, though it would have been refused, and why.
    fn let_pass(&self, request: Request<'_>, name: &str, by: &Suspension, why: &str);
}

/// What suspends what is enforced at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The name of the `PodSecurityBreakGlass`.
    pub name: Box<str>,
    /// When it ends, for people.
    pub until: String,
}

/// A `PodSecurityBreakGlass`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// Its name.
    pub name: Box<str>,
    /// Its UID.
    pub uid: Box<str>,
    /// Patterns for the namespaces in which nothing is refused.
    pub namespaces: Vec<String>,
    /// Why; never empty.
    pub reason: String,
    /// When the API server made it, since 1970-01-01.
    created: Duration,
    /// How long it holds: four hours at most.
    duration: Duration,
}

/// Why an object suspends nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakGlassError {
    field: &'static str,
    problem: &'static str,
}

impl fmt::Display for BreakGlassError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.problem)
    }
}

impl std::error::Error for BreakGlassError {}

impl BreakGlass {
    /// Reads one from JSON, as an API server has it. `None` for one that is being deleted, which suspends nothing any more.
    pub fn read(json: &[u8]) -> Result<Option<Self>, BreakGlassError> {
        let entries = seawall_yaml::read(json.to_vec());
        let document = entries.iter().find_map(|entry| entry.document.as_ref());
        let unread = BreakGlassError { field: "metadata", problem: "cannot be read" };
        Self::of(document.ok_or(unread)?.root())
    }

    fn of(object: NodeRef<'_>) -> Result<Option<Self>, BreakGlassError> {
        let error = |field, problem| Err(BreakGlassError { field, problem });
        let metadata = object.get("metadata");
        let named = |name| metadata.and_then(|it| it.get(name)).and_then(NodeRef::as_str).unwrap_or_default();
        if !named("deletionTimestamp").is_empty() {
            return Ok(None);
        }
        let spec = object.get("spec");
        let said = |name| spec.and_then(|it| it.get(name)).and_then(NodeRef::as_str).unwrap_or_default();
        let namespaces = spec.and_then(|spec| spec.get("namespaces"));
        let namespaces: Vec<String> = namespaces
            .into_iter()
            .flat_map(NodeRef::items)
            .filter_map(|it| Some(it.as_str()?.to_owned()))
            .collect();
        if namespaces.is_empty() {
            return error("spec.namespaces", "must name namespaces");
        }
        let reason = said("reason").trim().to_owned();
        if reason.is_empty() {
            return error("spec.reason", "must say why");
        }
        let duration = go_duration(said("duration")).filter(|duration| !duration.is_zero());
        let Some(duration) = duration else {
            return error("spec.duration", "must be a duration above zero such as 1h30m");
        };
        let Some(created) = instant(named("creationTimestamp")) else {
            return error("metadata.creationTimestamp", "must be a time such as 2027-03-31T10:00:00Z");
        };
        let (name, uid) = (named("name").into(), named("uid").into());
        Ok(Some(Self { name, uid, namespaces, reason, created, duration: duration.min(LONGEST) }))
    }

    /// Whether it is for a namespace.
    pub fn is_for(&self, namespace: &str) -> bool {
        self.namespaces.iter().any(|known| pattern::matches(known, namespace))
    }

    /// When it ends, since 1970-01-01, for whoever saw it first at a time. One that was made later than that, by a clock that is
    /// ahead, counts from then: nobody gains by that.
    pub fn end(&self, seen: Duration) -> Duration {
        self.created.min(seen) + self.duration
    }
}

/// The time that a text such as `2027-03-31T10:00:00Z` names, since 1970-01-01, as API servers write them.
fn instant(text: &str) -> Option<Duration> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let day: Date = day.parse().ok()?;
    let mut seconds = u64::try_from(day.days()).ok()? * 86_400;
    let mut parts = time.split(':');
    for (bound, unit) in [(24, 3_600), (60, 60), (60, 1)] {
        let part = parts.next().filter(|part| part.len() == 2)?;
        seconds += part.parse::<u64>().ok().filter(|value| *value < bound)? * unit;
    }
    parts.next().is_none().then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(spec: &str) -> Result<Option<BreakGlass>, String> {
        let text = format!(
            r#"{{"metadata":{{"name":"outage","uid":"u","creationTimestamp":"1970-01-02T03:04:05Z"}},"spec":{{{spec}}}}}"#
        );
        BreakGlass::read(text.as_bytes()).map_err(|error| error.to_string())
    }

    fn lasting(duration: &str) -> Result<Duration, String> {
        let spec = format!(r#""namespaces":["shop","pay-*"],"reason":"r","duration":"{duration}""#);
        Ok(read(&spec)?.expect("not deleted").duration)
    }

    const CREATED: Duration = Duration::from_secs(86_400 + 3 * 3_600 + 4 * 60 + 5);

    #[test]
    fn it_holds_for_four_hours_at_most() {
        for (duration, minutes) in [("1h30m", 90), ("4h", 240), ("0.5h", 30), ("5h", 240), ("100h", 240)] {
            assert_eq!(lasting(duration), Ok(Duration::from_mins(minutes)), "{duration}");
        }
        for wrong in ["", "0", "0s", "-1h", "1", "1 hour", "1d"] {
            let said = "`spec.duration` must be a duration above zero such as 1h30m";
            assert_eq!(lasting(wrong).unwrap_err(), said, "{wrong}");
        }
    }

    #[test]
    fn it_is_for_namespaces_that_it_names() {
        let glass = read(r#""namespaces":["shop","pay-*"],"reason":" r ","duration":"1h""#).unwrap().unwrap();
        assert!(["shop", "pay-eu"].iter().all(|namespace| glass.is_for(namespace)));
        assert!(!["shops", "pay", ""].iter().any(|namespace| glass.is_for(namespace)));
        assert_eq!((&*glass.name, &*glass.uid, &*glass.reason, glass.created), ("outage", "u", "r", CREATED));
    }

    #[test]
    fn what_is_wrong_suspends_nothing() {
        let rest = r#""reason":"r","duration":"1h""#;
        for none in ["", r#""namespaces":[],"#, r#""namespaces":[7],"#, r#""namespaces":"shop","#] {
            let said = read(&format!("{none}{rest}")).unwrap_err();
            assert_eq!(said, "`spec.namespaces` must name namespaces", "{none}");
        }
        let said = read(r#""namespaces":["shop"],"reason":" ","duration":"1h""#).unwrap_err();
        assert_eq!(said, "`spec.reason` must say why");
        let glass = |metadata: &str| {
            let text = format!(r#"{{"metadata":{{{metadata}}},"spec":{{"namespaces":["shop"],{rest}}}}}"#);
            BreakGlass::read(text.as_bytes())
        };
        for wrong in [
            "",
            "soon",
            "2027-02-29T00:00:00Z",
            "2027-01-01T24:00:00Z",
            "2027-01-01T00:00Z",
            "1969-01-01T00:00:00Z",
        ] {
            let error = glass(&format!(r#""creationTimestamp":"{wrong}""#)).unwrap_err();
            assert_eq!(error.field, "metadata.creationTimestamp", "{wrong}");
        }
        let deleted =
            r#""creationTimestamp":"2027-01-01T00:00:00Z","deletionTimestamp":"2027-01-01T00:00:01Z""#;
        assert_eq!(glass(deleted), Ok(None));
    }

    #[test]
    fn a_clock_that_is_ahead_prolongs_nothing() {
        let glass = read(r#""namespaces":["shop"],"reason":"r","duration":"1h""#).unwrap().unwrap();
        let hour = Duration::from_hours(1);
        assert_eq!(glass.end(CREATED), CREATED + hour);
        assert_eq!(glass.end(CREATED + hour * 9), CREATED + hour, "it was over when it was seen");
        let early = Duration::from_secs(5);
        assert_eq!(glass.end(early), early + hour, "it is made in the future");
    }
}
