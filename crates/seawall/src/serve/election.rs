//! Who leads: what client-go's `tools/leaderelection` does about a record in a Lease, as a function of records and local times.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a record that does not change keeps others from leading (`LeaseDuration` of client-go and Kubernetes' own components).
const LEASE: Duration = Duration::from_secs(15);

/// How long a leader leads on without having renewed (`RenewDeadline`): shorter, so that it has ended when another begins.
const RENEW_DEADLINE: Duration = Duration::from_secs(10);

/// How often the record is looked at (`RetryPeriod`).
pub(super) const RETRY: Duration = Duration::from_secs(2);

/// One replica's view of an election. Only times of its own clock count: how long ago it saw the record change.
#[derive(Debug)]
pub(super) struct Election {
    identity: String,
    /// The record as it was seen last, and since when it has been so.
    observed: Option<(Value, Instant)>,
    /// When the last renewal was asked for that went through.
    renewed: Option<Instant>,
}

/// What to do about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Another one leads.
    Wait,
    /// Write this `spec`, if the record is still the one that was seen.
    Write(Value),
}

fn text<'r>(record: &'r Value, key: &str) -> &'r str {
    record[key].as_str().unwrap_or_default()
}

impl Election {
    pub(super) fn new(identity: &str) -> Self {
        Self { identity: identity.to_owned(), observed: None, renewed: None }
    }

    /// What to do about the `spec` of the Lease, `None` where there is none, seen at `now`, which is `clock` on the wall.
    pub(super) fn step(&mut self, record: Option<&Value>, now: Instant, clock: &str) -> Step {
        let mut next = json!({
            "holderIdentity": self.identity, "leaseDurationSeconds": LEASE.as_secs(),
            "acquireTime": clock, "renewTime": clock, "leaseTransitions": 0,
        });
        let Some(record) = record else { return Step::Write(next) };
        let since = match &self.observed {
            Some((known, since)) if known == record => *since,
            _ => {
                self.observed = Some((record.clone(), now));
                now
            }
        };
        let transitions = record["leaseTransitions"].as_u64().unwrap_or_default();
        if text(record, "holderIdentity") == self.identity {
            next["acquireTime"] = record["acquireTime"].clone();
            next["leaseTransitions"] = transitions.into();
            return Step::Write(next);
        }
        let valid = record["leaseDurationSeconds"].as_u64().map_or(LEASE, Duration::from_secs);
        if !text(record, "holderIdentity").is_empty() && now.duration_since(since) < valid {
            return Step::Wait;
        }
        next["leaseTransitions"] = (transitions + 1).into();
        Step::Write(next)
    }

    /// What was written is there; it was asked for at `asked`.
    pub(super) fn wrote(&mut self, record: Value, asked: Instant) {
        self.renewed = Some(asked);
        self.observed = Some((record, asked));
    }

    /// Another one leads for certain.
    pub(super) fn lost(&mut self) {
        self.renewed = None;
    }

    /// Until when it leads, unless it renews before.
    pub(super) fn until(&self) -> Option<Instant> {
        self.renewed.map(|renewed| renewed + RENEW_DEADLINE)
    }

    /// The `spec` that lets others lead at once, if the record is that of this replica.
    pub(super) fn release(&self, record: &Value, clock: &str) -> Option<Value> {
        (text(record, "holderIdentity") == self.identity).then(|| {
            json!({
                "holderIdentity": "", "leaseDurationSeconds": 1, "acquireTime": clock, "renewTime": clock,
                "leaseTransitions": record["leaseTransitions"],
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does what a step says, as an API server that lets it; whether it wrote.
    fn act(election: &mut Election, record: &mut Option<Value>, now: Instant, clock: &str) -> bool {
        match election.step(record.as_ref(), now, clock) {
            Step::Wait => {
                election.lost();
                false
            }
            Step::Write(next) => {
                *record = Some(next.clone());
                election.wrote(next, now);
                true
            }
        }
    }

    fn leads(election: &Election, now: Instant) -> bool {
        election.until().is_some_and(|until| now < until)
    }

    #[test]
    fn one_leads_until_it_is_silent_for_the_whole_time() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let (mut a, mut b) = (Election::new("a"), Election::new("b"));
        let mut record = None;
        assert!(act(&mut a, &mut record, at(0), "t0"));
        assert!(!act(&mut b, &mut record, at(1), "u"));
        assert!(act(&mut a, &mut record, at(8), "t8"));
        let held = record.clone().expect("a record");
        assert_eq!((&held["acquireTime"], &held["renewTime"]), (&json!("t0"), &json!("t8")));
        assert_eq!(held["leaseTransitions"], 0);
        // The record changed since: the time begins when that is seen.
        assert!(!act(&mut b, &mut record, at(15), "u"));
        assert!(leads(&a, at(17)) && !leads(&a, at(18)), "10 seconds from the renewal");
        assert!(!act(&mut b, &mut record, at(29), "u"));
        assert!(!leads(&b, at(29)));
        assert!(act(&mut b, &mut record, at(30), "u30"));
        let held = record.clone().expect("a record");
        assert_eq!((&held["holderIdentity"], &held["leaseTransitions"]), (&json!("b"), &json!(1)));
        assert_eq!(held["acquireTime"], "u30");
        // The first comes back and is not the leader.
        assert!(!act(&mut a, &mut record, at(31), "t"));
        assert!(!leads(&a, at(31)) && leads(&b, at(31)));
    }

    #[test]
    fn other_clocks_do_not_matter() {
        let start = Instant::now();
        let record = |renewed: &str| json!({"holderIdentity": "b", "leaseDurationSeconds": 15, "renewTime": renewed, "leaseTransitions": 4});
        let mut a = Election::new("a");
        for (i, renewed) in ["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"].iter().enumerate()
        {
            let now = start + Duration::from_secs(14 * i as u64);
            assert_eq!(a.step(Some(&record(renewed)), now, "t"), Step::Wait);
        }
        let long_after = start + Duration::from_secs(14 + 15);
        let step = a.step(Some(&record("2999-01-01T00:00:00.000000Z")), long_after, "t");
        assert!(matches!(step, Step::Write(next) if next["leaseTransitions"] == 5));
    }

    #[test]
    fn a_released_record_is_taken_at_once() {
        let now = Instant::now();
        let (mut a, mut b) = (Election::new("a"), Election::new("b"));
        let mut record = None;
        act(&mut a, &mut record, now, "t");
        assert_eq!(b.release(record.as_ref().expect("a record"), "t"), None);
        assert!(!act(&mut b, &mut record, now, "t"));
        record = a.release(record.as_ref().expect("a record"), "t");
        assert!(act(&mut b, &mut record, now, "t"));
        assert_eq!(record.expect("a record")["leaseTransitions"], 1);
    }

    #[test]
    fn what_is_no_record_is_held_for_as_long_as_ours() {
        let now = Instant::now();
        let strange = json!({"holderIdentity": "b"});
        let mut a = Election::new("a");
        assert_eq!(a.step(Some(&strange), now, "t"), Step::Wait);
        assert_eq!(a.step(Some(&strange), now + Duration::from_secs(14), "t"), Step::Wait);
        assert!(matches!(a.step(Some(&strange), now + LEASE, "t"), Step::Write(_)));
        assert!(matches!(Election::new("a").step(Some(&Value::Null), now, "t"), Step::Write(_)));
    }

    #[test]
    fn the_same_pod_leads_on_after_a_restart() {
        let now = Instant::now();
        let mut record = None;
        act(&mut Election::new("a"), &mut record, now, "t");
        let mut again = Election::new("a");
        assert!(act(&mut again, &mut record, now, "t"));
        assert_eq!(record.expect("a record")["leaseTransitions"], 0);
    }
}
