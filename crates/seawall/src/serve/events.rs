//! Events of violations, on what makes the pods: one a day for each workload.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_admission::{Found, Workload};
use seawall_check::Mode;
use seawall_cluster::Writer;
use seawall_finding::Date;
use serde_json::{Value, json};

use super::ending::Ending;
use super::event::{cut, events, warning};
use super::log::{self, Level};
use crate::live::now;
use crate::terminal::today;

/// What waits to be written. More is dropped.
const WAITING: usize = 256;
/// Events of a replica in a minute. More are dropped: the next violation of the same workload may have one.
const A_MINUTE: usize = 10;
/// Workloads that are known to have their event of the day; beyond them the API server is asked.
const KNOWN: usize = 10_000;
/// So much of a workload's name is part of an event's, which has 253 characters at most.
const LONGEST: usize = 180;
/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// A violation that is to have an event.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    namespace: Box<str>,
    workload: Workload,
    uid: Box<str>,
    is_owner: bool,
    message: String,
}

/// Where violations go in. Never waits.
#[derive(Debug)]
pub(super) struct Sender {
    queue: SyncSender<Told>,
    dropped: Arc<AtomicU64>,
}

/// Where they come out.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Receiver<Told>,
    dropped: Arc<AtomicU64>,
}

/// A queue that holds so much and no more.
pub(super) fn channel() -> (Sender, Queue) {
    let (queue, waiting) = sync_channel(WAITING);
    let dropped = Arc::<AtomicU64>::default();
    (Sender { queue, dropped: dropped.clone() }, Queue { waiting, dropped })
}

impl Told {
    /// What is told of it: of what an owner makes what is enforced or audited, else only what is refused.
    fn of(namespace: &str, found: &Found) -> Option<Self> {
        let wanted: &[Mode] = if found.is_owner { &[Mode::Enforce, Mode::Audit] } else { &[Mode::Enforce] };
        let is_pod = !found.is_owner && &*found.workload.kind == "Pod";
        if !(found.is_owner || is_pod) {
            return None;
        }
        let mut by_policy: Vec<(Mode, String, Vec<&str>)> = Vec::new();
        for violated in &found.violated {
            let Some((mode, policy)) = violated.modes.iter().find(|(mode, _)| wanted.contains(mode)) else {
                continue;
            };
            let policy = policy.to_string();
            match by_policy.iter_mut().find(|(known, at, _)| (known, at) == (mode, &policy)) {
                Some((.., sentences)) => sentences.push(&violated.sentence),
                None => by_policy.push((*mode, policy, vec![&violated.sentence])),
            }
        }
        if by_policy.is_empty() {
            return None;
        }
        let said: Vec<String> = by_policy
            .into_iter()
            .map(|(mode, policy, sentences)| {
                let how = match (mode, found.report_only) {
                    (Mode::Enforce, false) => "is refused: violates",
                    (Mode::Enforce, true) => "would be refused: violates",
                    _ => "would violate",
                };
                format!("{how} PodSecurity \"{policy}\": {}", sentences.join(", "))
            })
            .collect();
        let whose =
            if found.is_owner { "a pod of it".to_owned() } else { format!("pod {}", found.workload.name) };
        // What waits to be written has a bound, too.
        let message = cut(&format!("{whose} {}", said.join("; it ")));
        Some(Self {
            namespace: namespace.into(),
            workload: found.workload.clone(),
            uid: found.uid.clone(),
            is_owner: found.is_owner,
            message,
        })
    }

    /// The name of its event on a day: of one workload and day there is one, whoever writes it.
    fn name(&self, day: Date) -> String {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let part = |text: &str, longest: usize| {
            let text: String = text.chars().take(longest).map(|c| if fits(c) { c } else { '-' }).collect();
            text.trim_matches(['-', '.']).to_owned()
        };
        let kind = self.workload.kind.to_ascii_lowercase();
        let name = part(&self.workload.name, LONGEST);
        // A pod that is refused never had its UID.
        let uid = if self.is_owner { format!(".{}", part(&self.uid, 8)) } else { String::new() };
        let name = format!("{name}.{}{uid}.{day}", part(&kind, 20));
        name.replace("..", ".").trim_matches('.').to_owned()
    }

    fn event(&self, day: Date, time: &str) -> Value {
        let involved = if self.is_owner {
            json!({
                "apiVersion": self.workload.api_version, "kind": self.workload.kind, "name": self.workload.name,
                "namespace": self.namespace, "uid": self.uid,
            })
        } else {
            // The pod never was: the namespace has it, where its users look.
            json!({"apiVersion": "v1", "kind": "Namespace", "name": self.namespace, "namespace": self.namespace})
        };
        let name = self.name(day);
        warning([&self.namespace, &name], &involved, "PodSecurityViolation", &self.message, time)
    }
}

impl Sender {
    /// Has an event written, if there is room.
    pub(super) fn tell(&self, namespace: &str, found: &Found) {
        let Some(told) = Told::of(namespace, found) else { return };
        if self.queue.try_send(told).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes what Prometheus reads.
    pub(super) fn write(&self, out: &mut String) {
        let name = "seawall_events_dropped_total";
        let help = "Events of violations that were not written, as there were too many.";
        let dropped = self.dropped.load(Ordering::Relaxed);
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {dropped}");
    }
}

/// Which events are to be written: those of today that are not yet, and so many a minute.
#[derive(Debug)]
struct Wanted {
    day: Date,
    /// The names of events of the day that are written.
    written: BTreeSet<String>,
    /// When the last were written.
    times: Vec<Instant>,
}

impl Wanted {
    fn new() -> Self {
        Self { day: Date::from_days(0), written: BTreeSet::new(), times: Vec::new() }
    }

    /// Whether there is one of this name already.
    fn has(&mut self, day: Date, name: &str) -> bool {
        if self.day != day {
            self.day = day;
            self.written.clear();
        }
        self.written.contains(name)
    }

    /// Whether one more may be written at this time. Then it counts.
    fn takes(&mut self, at: Instant) -> bool {
        self.times.retain(|time| at.duration_since(*time) < Duration::from_mins(1));
        let takes = self.times.len() < A_MINUTE;
        if takes {
            self.times.push(at);
        }
        takes
    }

    fn wrote(&mut self, name: String) {
        if self.written.len() < KNOWN {
            self.written.insert(name);
        }
    }
}

/// Writes events on a thread of its own until the end.
pub(super) fn start(writer: Arc<Writer>, queue: Queue, ending: Arc<Ending>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let (mut wanted, mut told) = (Wanted::new(), log::Told::default());
        while !ending.within(Duration::ZERO) {
            let event = match queue.waiting.recv_timeout(LOOK) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let day = Date::from_days(today());
            let name = event.name(day);
            if wanted.has(day, &name) {
                continue;
            }
            if !wanted.takes(Instant::now()) {
                queue.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            match writer.create(events(&event.namespace), &event.event(day, &now())) {
                Ok(_) => {
                    told.over();
                    wanted.wrote(name);
                }
                // It is there already, or can never be.
                Err(error) if matches!(error.status(), Some(404 | 409 | 422)) => wanted.wrote(name),
                Err(error) => told.tell(Level::Error, "an event of a violation cannot be written", &error),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use seawall_admission::Violated;
    use seawall_check::rules;

    use super::*;

    fn found(is_owner: bool, modes: &[(Mode, &str)]) -> Found {
        let violated = |id: &str| Violated {
            rule: rules::resolve(id).unwrap()[0],
            modes: modes.iter().map(|(mode, policy)| (*mode, policy.parse().unwrap())).collect(),
            sentence: format!("because of {id}").into(),
        };
        let kind = if is_owner { "ReplicaSet" } else { "Pod" };
        Found {
            workload: Workload { api_version: "apps/v1".into(), kind: kind.into(), name: "web-1".into() },
            uid: "0123456789".into(),
            is_owner,
            refused: true,
            report_only: false,
            violated: vec![violated("host-pid"), violated("host-ipc")],
        }
    }

    fn day() -> Date {
        "2026-11-26".parse().unwrap()
    }

    #[test]
    fn an_owner_is_told_what_is_wrong_with_its_pods() {
        let modes = [(Mode::Enforce, "baseline"), (Mode::Audit, "restricted")];
        let told = Told::of("shop", &found(true, &modes)).unwrap();
        assert_eq!(
            told.event(day(), "t"),
            json!({
                "apiVersion": "v1", "kind": "Event",
                "metadata": {"name": "web-1.replicaset.01234567.2026-11-26", "namespace": "shop"},
                "involvedObject": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "namespace": "shop", "uid": "0123456789"},
                "type": "Warning", "reason": "PodSecurityViolation",
                "message": "a pod of it is refused: violates PodSecurity \"baseline:latest\": because of host-pid, because of host-ipc",
                "source": {"component": "seawall"}, "reportingComponent": "seawall.dev/webhook",
                "firstTimestamp": "t", "lastTimestamp": "t", "count": 1,
            })
        );
        let reported = Told::of("shop", &Found { report_only: true, ..found(true, &modes) }).unwrap();
        assert!(
            reported.message.starts_with("a pod of it would be refused: violates"),
            "{}",
            reported.message
        );
        let audited = Told::of("shop", &found(true, &modes[1..])).unwrap();
        assert!(audited.message.starts_with("a pod of it would violate PodSecurity"), "{}", audited.message);
        assert_eq!(Told::of("shop", &found(true, &[(Mode::Warn, "baseline")])), None, "its user was told");
    }

    #[test]
    fn a_namespace_is_told_of_bare_pods_that_are_refused() {
        let told = Told::of("shop", &found(false, &[(Mode::Enforce, "baseline")])).unwrap();
        let event = told.event(day(), "t");
        assert_eq!(
            event["involvedObject"],
            json!({"apiVersion": "v1", "kind": "Namespace", "name": "shop", "namespace": "shop"})
        );
        assert_eq!(event["metadata"]["name"], "web-1.pod.2026-11-26");
        assert!(told.message.starts_with("pod web-1 is refused: "), "{}", told.message);
        assert_eq!(Told::of("shop", &found(false, &[(Mode::Audit, "baseline")])), None);
        let mut controller = found(false, &[(Mode::Enforce, "baseline")]);
        controller.workload.kind = "Deployment".into();
        assert_eq!(Told::of("shop", &controller), None, "who applies it is told");
    }

    #[test]
    fn events_have_names_and_an_end() {
        let mut odd = found(true, &[(Mode::Enforce, "baseline")]);
        odd.workload.name = format!("A..b_{}", "x".repeat(300)).into();
        odd.uid = "..".into();
        odd.violated[0].sentence = "ü".repeat(2_000).into();
        let told = Told::of("shop", &odd).unwrap();
        let name = told.name(day());
        assert!(name.len() < 253 && !name.contains("..") && name.starts_with("b-xxx"), "{name}");
        assert!(
            told.message.len() <= super::super::event::MESSAGE && told.message.ends_with('…'),
            "{}",
            told.message.len()
        );
    }

    #[test]
    fn so_many_a_minute_and_each_once_a_day() {
        let mut wanted = Wanted::new();
        let start = Instant::now();
        assert_eq!((0..20).filter(|_| wanted.takes(start)).count(), A_MINUTE);
        assert!(wanted.takes(start + Duration::from_mins(1)));
        assert!(!wanted.has(day(), "a"));
        wanted.wrote("a".to_owned());
        assert!(wanted.has(day(), "a"));
        assert!(!wanted.has("2026-11-27".parse().unwrap(), "a"));
        for i in 0..2 * KNOWN {
            wanted.wrote(i.to_string());
        }
        assert_eq!(wanted.written.len(), KNOWN);
    }

    #[test]
    fn nobody_waits_for_events() {
        let (sender, queue) = channel();
        for _ in 0..WAITING + 3 {
            sender.tell("shop", &found(true, &[(Mode::Enforce, "baseline")]));
        }
        assert_eq!(queue.waiting.try_iter().count(), WAITING);
        let mut out = String::new();
        sender.write(&mut out);
        assert!(out.ends_with("seawall_events_dropped_total 3\n"), "{out}");
    }
}
