//! What workloads were found to violate, held until somebody takes it: bounded, whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use seawall_finding::Rule;
use seawall_pss::namespace::{LevelVersion, Mode};

/// Bytes of a sentence that are kept.
const SENTENCE: usize = 240;

/// A workload of a namespace: the controller that is believed to make the pods, else the object itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workload {
    /// `apiVersion`
    pub api_version: Box<str>,
    /// `kind`
    pub kind: Box<str>,
    /// `name`; empty where the API server had made none yet
    pub name: Box<str>,
}

/// A rule that is violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violated {
    /// The rule.
    pub rule: &'static Rule,
    /// The modes that ask for it, in their order, with what each asks for; never empty.
    pub modes: Vec<(Mode, LevelVersion)>,
    /// What violates it, in the reference's words.
    pub sentence: Box<str>,
}

/// What an evaluation found out about a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The workload.
    pub workload: Workload,
    /// Its UID, as whoever asked wrote it; empty where it is not known.
    pub uid: Box<str>,
    /// Whether it is the controller of what was asked for, named by an account that is believed.
    pub is_owner: bool,
    /// Whether a policy that is enforced forbids it.
    pub refused: bool,
    /// Whether it was let pass all the same, as nothing is refused.
    pub report_only: bool,
    /// The rules that it violates, each once; empty if it passes.
    pub violated: Vec<Violated>,
}

/// A rule that a workload violates, over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it was found last.
    pub violated: Violated,
    /// Whether a request was refused for it, the last time.
    pub refused: bool,
    /// How often it was found.
    pub count: u64,
    /// When first, in seconds since 1970-01-01.
    pub first: u64,
    /// When last, in the same.
    pub last: u64,
}

/// What is known of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its UID; empty where it is not known.
    pub uid: Box<str>,
    /// When it was evaluated last, in seconds since 1970-01-01.
    pub seen: u64,
    /// What it violated then, each rule once.
    pub entries: Vec<Entry>,
}

impl Observed {
    /// What an evaluation found out.
    fn of(found: Found, now: u64) -> Self {
        let refused = found.refused && !found.report_only;
        let entry = |mut violated: Violated| {
            let end = violated.sentence.floor_char_boundary(SENTENCE);
            if end < violated.sentence.len() {
                violated.sentence = format!("{}…", &violated.sentence[..end]).into();
            }
            let enforced = violated.modes.iter().any(|(mode, _)| *mode == Mode::Enforce);
            Entry { violated, refused: refused && enforced, count: 1, first: now, last: now }
        };
        Self { uid: found.uid, seen: now, entries: found.violated.into_iter().map(entry).collect() }
    }

    /// Joined with what was found at another time: what holds is what was found last, and what is in both is counted together.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let (mut late, early) = if other.seen > self.seen { (other, self) } else { (self, other) };
        for entry in &mut late.entries {
            let same = |known: &&Entry| known.violated.rule.id == entry.violated.rule.id;
            if let Some(known) = early.entries.iter().find(same) {
                entry.count = entry.count.saturating_add(known.count);
                entry.first = entry.first.min(known.first);
            }
        }
        if late.uid.is_empty() {
            late.uid = early.uid;
        }
        late
    }

    /// What it counts for.
    fn weight(&self) -> usize {
        1 + self.entries.len()
    }
}

/// How much is held at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Namespaces.
    pub namespaces: usize,
    /// Workloads of a namespace.
    pub workloads: usize,
    /// Workloads and the rules that they violate, of all namespaces; one workload is held whatever it violates.
    pub entries: usize,
}

/// The workloads of a namespace.
pub type Workloads = BTreeMap<Workload, Observed>;

/// What was found out about workloads and nobody has taken yet. Where it is too much, what is longest ago goes.
#[derive(Clone, Debug)]
pub struct Violations {
    bounds: Bounds,
    namespaces: BTreeMap<Box<str>, OfNamespace>,
    /// The sum of all weights.
    weight: usize,
    /// Namespaces of which something was taken before, so that it matters what passes.
    watched: BTreeSet<Box<str>>,
}

#[derive(Clone, Debug, Default)]
struct OfNamespace {
    /// When something was added last.
    last: u64,
    workloads: Workloads,
}

impl Violations {
    /// Nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, namespaces: BTreeMap::new(), weight: 0, watched: BTreeSet::new() }
    }

    /// Whether something is known of a namespace, so that what passes there has to be added too.
    pub fn knows(&self, namespace: &str) -> bool {
        self.watched.contains(namespace) || self.namespaces.contains_key(namespace)
    }

    /// From now on it is known, or not any more. There are as many such namespaces as may be held, and no more.
    pub fn watch(&mut self, namespace: &str, known: bool) {
        if !known {
            self.watched.remove(namespace);
        } else if self.watched.len() < self.bounds.namespaces {
            self.watched.insert(namespace.into());
        }
    }

    /// Adds what an evaluation found out at this time, in seconds since 1970-01-01. What passes is held where something is known.
    pub fn add(&mut self, namespace: &str, found: Found, now: u64) {
        if found.violated.is_empty() && !self.knows(namespace) {
            return;
        }
        let workload = found.workload.clone();
        self.put(namespace, workload, Observed::of(found, now));
    }

    /// Puts back what was taken and could not be used.
    pub fn put_back(&mut self, namespace: &str, workloads: Workloads) {
        for (workload, observed) in workloads {
            self.put(namespace, workload, observed);
        }
    }

    fn put(&mut self, namespace: &str, workload: Workload, observed: Observed) {
        let of = self.namespaces.entry(namespace.into()).or_default();
        of.last = of.last.max(observed.seen);
        let known = of.workloads.remove(&workload);
        self.weight -= known.as_ref().map_or(0, Observed::weight);
        let observed = match known {
            Some(known) => observed.joined(known),
            None => observed,
        };
        self.weight += observed.weight();
        of.workloads.insert(workload, observed);
        if of.workloads.len() > self.bounds.workloads {
            self.weight -= forget_oldest(&mut of.workloads);
        }
        if self.namespaces.len() > self.bounds.namespaces {
            self.forget_namespace();
        }
        while self.weight > self.bounds.entries {
            let all = self.namespaces.iter().filter(|(_, of)| of.workloads.len() > 1);
            let Some(oldest) = all.min_by_key(|(_, of)| of.last).map(|(name, _)| name.clone()) else {
                if self.namespaces.len() < 2 {
                    return;
                }
                self.forget_namespace();
                continue;
            };
            if let Some(of) = self.namespaces.get_mut(&oldest) {
                self.weight -= forget_oldest(&mut of.workloads);
            }
        }
    }

    fn forget_namespace(&mut self) {
        let oldest = self.namespaces.iter().min_by_key(|(_, of)| of.last).map(|(name, _)| name.clone());
        if let Some(of) = oldest.and_then(|name| self.namespaces.remove(&name)) {
            self.weight -= of.workloads.values().map(Observed::weight).sum::<usize>();
        }
    }

    /// Takes all that is held of the namespaces in which something happened longest ago, of so many at most.
    pub fn take(&mut self, namespaces: usize) -> Vec<(Box<str>, Workloads)> {
        let mut names: Vec<(u64, Box<str>)> =
            self.namespaces.iter().map(|(name, of)| (of.last, name.clone())).collect();
        names.sort_unstable();
        names.truncate(namespaces);
        let mut taken = Vec::new();
        for (_, name) in names {
            if let Some(of) = self.namespaces.remove(&name) {
                self.weight -= of.workloads.values().map(Observed::weight).sum::<usize>();
                taken.push((name, of.workloads));
            }
        }
        taken
    }
}

/// Forgets the workload that was evaluated longest ago; its weight.
fn forget_oldest(workloads: &mut Workloads) -> usize {
    let oldest = workloads.iter().min_by_key(|(_, observed)| observed.seen).map(|(name, _)| name.clone());
    oldest.and_then(|name| workloads.remove(&name)).map_or(0, |observed| observed.weight())
}

#[cfg(test)]
mod tests {
    use seawall_pss::RULES;

    use super::*;

    const WIDE: Bounds = Bounds { namespaces: 100, workloads: 100, entries: 1000 };

    fn workload(name: &str) -> Workload {
        Workload { api_version: "v1".into(), kind: "Pod".into(), name: name.into() }
    }

    fn found(name: &str, rules: &[usize]) -> Found {
        let violated = |rule: &usize| Violated {
            rule: RULES[*rule],
            modes: vec![(Mode::Enforce, "baseline".parse().unwrap())],
            sentence: "x".into(),
        };
        Found {
            workload: workload(name),
            uid: Box::default(),
            is_owner: false,
            refused: !rules.is_empty(),
            report_only: false,
            violated: rules.iter().map(violated).collect(),
        }
    }

    fn counted(observed: &Observed) -> Vec<(&'static str, u64, u64, u64)> {
        observed.entries.iter().map(|e| (e.violated.rule.id, e.count, e.first, e.last)).collect()
    }

    fn all(violations: &mut Violations) -> BTreeMap<Box<str>, Workloads> {
        violations.take(usize::MAX).into_iter().collect()
    }

    #[test]
    fn what_was_found_last_holds_and_the_same_is_counted() {
        let mut violations = Violations::new(WIDE);
        violations.add("shop", found("a", &[0, 1]), 10);
        violations.add("shop", found("a", &[1, 2]), 20);
        violations.add("shop", found("b", &[3]), 21);
        violations.add("shop", found("b", &[]), 22);
        let taken = all(&mut violations);
        let shop = &taken["shop"];
        assert_eq!(counted(&shop[&workload("a")]), [(RULES[1].id, 2, 10, 20), (RULES[2].id, 1, 20, 20)]);
        assert_eq!((counted(&shop[&workload("b")]), shop[&workload("b")].seen), (vec![], 22));
        assert!(all(&mut violations).is_empty() && violations.weight == 0);
        // What could not be used is older than what was found since.
        violations.add("shop", found("a", &[1]), 30);
        violations.put_back("shop", shop.clone());
        let taken = all(&mut violations);
        assert_eq!(counted(&taken["shop"][&workload("a")]), [(RULES[1].id, 3, 10, 30)]);
        assert_eq!(taken["shop"].len(), 2);
    }

    #[test]
    fn what_passes_matters_only_where_something_is_known() {
        let mut violations = Violations::new(Bounds { namespaces: 2, ..WIDE });
        violations.add("shop", found("a", &[]), 1);
        assert!(all(&mut violations).is_empty());
        for name in ["shop", "other", "too-many"] {
            violations.watch(name, true);
        }
        assert!(violations.knows("shop") && !violations.knows("too-many"));
        violations.add("shop", found("a", &[]), 1);
        assert_eq!(all(&mut violations)["shop"].len(), 1);
        violations.watch("shop", false);
        assert!(!violations.knows("shop"));
    }

    #[test]
    fn nobody_makes_it_grow() {
        let bounds = Bounds { namespaces: 10, workloads: 5, entries: 60 };
        let mut violations = Violations::new(bounds);
        let rules: Vec<usize> = (0..7).collect();
        for i in 0..10_000_u64 {
            let (namespace, name) = (format!("n{}", i * 7 % 23), format!("w{}", i * 5 % 31));
            violations.add(&namespace, found(&name, &rules[..(i % 8) as usize]), i);
            let held: usize = violations
                .namespaces
                .values()
                .flat_map(|of| of.workloads.values())
                .map(Observed::weight)
                .sum();
            assert_eq!(held, violations.weight);
            assert!(held <= bounds.entries && violations.namespaces.len() <= bounds.namespaces, "{held}");
            assert!(violations.namespaces.values().all(|of| (1..=5).contains(&of.workloads.len())));
        }
        // The newest are held.
        let mut violations = Violations::new(bounds);
        for i in 0..100 {
            violations.add("shop", found(&format!("w{i}"), &[0]), i);
        }
        let names: Vec<String> =
            all(&mut violations)["shop"].keys().map(|workload| workload.name.to_string()).collect();
        assert_eq!(names, ["w95", "w96", "w97", "w98", "w99"]);
        // One workload is held whatever it violates.
        let mut violations = Violations::new(Bounds { entries: 3, ..bounds });
        violations.add("shop", found("a", &rules), 1);
        violations.add("other", found("b", &rules), 2);
        assert_eq!(all(&mut violations).keys().map(|name| &**name).collect::<Vec<_>>(), ["other"]);
    }

    #[test]
    fn sentences_have_an_end() {
        let mut long = found("a", &[0]);
        long.violated[0].sentence = "ü".repeat(500).into();
        let mut violations = Violations::new(WIDE);
        violations.add("shop", long, 1);
        let taken = all(&mut violations);
        let sentence = &taken["shop"][&workload("a")].entries[0].violated.sentence;
        assert_eq!(**sentence, format!("{}…", "ü".repeat(SENTENCE / 2)));
    }

    #[test]
    fn those_taken_first_waited_longest() {
        let mut violations = Violations::new(WIDE);
        for (name, at) in [("c", 3), ("a", 2), ("b", 1)] {
            violations.add(name, found("w", &[0]), at);
        }
        let names = |taken: Vec<(Box<str>, Workloads)>| {
            taken.into_iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(violations.take(2)), ["b", "a"]);
        assert_eq!(names(violations.take(2)), ["c"]);
    }
}
