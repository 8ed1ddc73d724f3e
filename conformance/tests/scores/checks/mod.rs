//! seawall's own checks against those of kube-score and kubesec: every difference is one of the reviewed lists of
//! `seawall_conformance::differences`.

mod kube_score;
mod kubesec;
mod ours;

use std::collections::{BTreeMap, BTreeSet};

use seawall_check::rules::{self, Tool};
use seawall_conformance::differences::{Difference, Pair, Reporter, Seen};
use serde_json::Value;

/// What a comparison came to.
#[derive(Default)]
struct Outcome {
    /// How often both reported, and how often neither did, by check and rule.
    same: BTreeMap<(&'static str, &'static str), [usize; 2]>,
    /// How often each entry of the list occurred.
    explained: BTreeMap<usize, BTreeMap<&'static str, usize>>,
    /// What no entry explains: how often, and an example.
    unexplained: BTreeMap<(&'static str, &'static str, &'static str), (usize, String)>,
}

impl Outcome {
    /// Files one answer of both sides.
    fn add(&mut self, list: &[Difference], pair: &Pair, seen: &Seen<'_>, ours: bool, theirs: bool) {
        let key = (pair.check, pair.rule);
        if ours == theirs {
            self.same.entry(key).or_default()[usize::from(!ours)] += 1;
            return;
        }
        let by = if ours { Reporter::Seawall } else { Reporter::Other };
        let is_meant = |entry: &&Difference| {
            [pair.check, "*"].contains(&entry.check)
                && [pair.rule, "*"].contains(&entry.rule)
                && entry.by == by
                && (entry.when)(seen)
        };
        if let Some(at) = list.iter().position(|entry| is_meant(&entry)) {
            *self.explained.entry(at).or_default().entry(pair.check).or_default() += 1;
            return;
        }
        let example = || {
            let container = seen.container.map(|(class, container)| format!("\n  {class}: {container}"));
            let with =
                if seen.container.is_none() { Value::from(seen.all).to_string() } else { String::new() };
            format!("{}{}\n  with {with}", seen.object, container.unwrap_or_default())
        };
        let by = if ours { "only seawall" } else { "only the other" };
        let (count, kept) =
            self.unexplained.entry((pair.check, pair.rule, by)).or_insert_with(|| (0, example()));
        *count += 1;
        // The shortest example says the most.
        let other = example();
        if other.len() < kept.len() {
            *kept = other;
        }
    }

    /// Prints what was compared; fails where something is not explained or, in a `whole` run, an explanation is not needed.
    fn conclude(&self, list: &[Difference], pairs: &[Pair], whole: bool) {
        for pair in pairs {
            let [both, neither] = self.same.get(&(pair.check, pair.rule)).copied().unwrap_or_default();
            println!("{} = {}: both {both}, neither {neither}", pair.check, pair.rule);
        }
        let mut idle = Vec::new();
        for (at, entry) in list.iter().enumerate() {
            let name = format!("{} = {}: {:?} reports {}", entry.check, entry.rule, entry.by, entry.what);
            match self.explained.get(&at) {
                Some(checks) => {
                    let checks: Vec<_> =
                        checks.iter().map(|(check, count)| format!("{check} {count}")).collect();
                    println!("{name}: {}", checks.join(", "));
                }
                None => idle.push(name),
            }
        }
        let said: Vec<String> = self
            .unexplained
            .iter()
            .map(|((check, rule, by), (count, example))| {
                format!("{check} = {rule}, {by}, {count} times: {example}")
            })
            .collect();
        assert!(said.is_empty(), "differences that no entry explains:\n{}", said.join("\n"));
        assert!(!whole || idle.is_empty(), "entries that explain nothing:\n{}", idle.join("\n"));
    }
}

/// Holds pairs against what a tool calls our rules.
fn assert_pairs(tool: Tool, pairs: &[Pair]) {
    let compared: BTreeSet<_> = pairs.iter().map(|pair| (pair.check, pair.rule)).collect();
    let all = rules::all();
    let names =
        all.iter().flat_map(|rule| rules::known_as(rule).iter().map(|(of, ids)| (*of, *ids, rule.id)));
    let mapped: BTreeSet<_> = names
        .filter(|(of, ..)| *of == tool)
        .flat_map(|(_, ids, rule)| ids.iter().map(move |id| (*id, rule)))
        .collect();
    assert_eq!(compared, mapped);
}
