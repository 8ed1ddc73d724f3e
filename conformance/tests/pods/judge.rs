//! Asking upstream about pods, asking ourselves, and telling the difference.

use seawall_conformance::Oracle;
use seawall_model::pod::Pod;
use seawall_model::{Level, PolicyVersion};
use seawall_pss::{Faults, NEWEST};
use serde_json::{Value, json};

/// A level at a version, as asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) level: Level,
    pub(crate) version: PolicyVersion,
}

impl At {
    pub(crate) fn new(level: Level, version: PolicyVersion) -> Self {
        Self { level, version }
    }

    /// Of `restricted:v1.25`.
    pub(crate) fn parse(text: &str) -> Self {
        let (level, version) = text.split_once(':').expect("a level and a version");
        Self { level: level.parse().expect("a level"), version: version.parse().expect("a version") }
    }

    fn minor(self) -> u64 {
        self.version.clamp(NEWEST.into())
    }

    fn plan(self) -> Faults {
        seawall_pss::plan_at(self.level, self.minor())
    }
}

/// The request for a pod's outcomes; at all levels and versions if `at` is empty.
pub(crate) fn request(pod: &Value, at: &[At]) -> Vec<u8> {
    let at: Vec<String> = at.iter().map(|at| format!("{}:{}", at.level, at.version)).collect();
    json!({"pod": pod, "at": at}).to_string().into_bytes()
}

/// What upstream says: where, and the outcome there.
pub(crate) fn outcomes(answer: &Value) -> impl Iterator<Item = (At, &Value)> {
    let list = |key: &str| answer[key].as_array().expect("a list");
    list("at").iter().zip(list("of")).map(|(at, of)| {
        let outcome = &answer["outcomes"][of.as_u64().expect("an index") as usize];
        (At::parse(at.as_str().expect("a text")), outcome)
    })
}

/// Our outcome in upstream's form.
fn ours(pod: &Pod<'_>, at: At) -> Value {
    let results = seawall_pss::results(pod, at.level, at.minor());
    let list = |texts: Vec<String>| if texts.is_empty() { Value::Null } else { json!(texts) };
    json!({
        "allowed": seawall_pss::allowed(seawall_pss::evaluate(pod), at.level, at.minor()),
        "reasons": list(results.iter().map(|r| r.reason().to_owned()).collect()),
        "details": list(results.iter().map(seawall_pss::CheckResult::detail).collect()),
        "forbiddenReason": seawall_pss::forbidden_reason(&results),
        "forbiddenDetail": seawall_pss::forbidden_detail(&results),
    })
}

/// The first difference between upstream's outcomes and ours.
pub(crate) fn difference(pod: &Value, answer: &Value) -> Option<String> {
    let text = pod.to_string();
    let decoded: Pod<'_> = match seawall_model::json::decode(text.as_bytes()) {
        Ok(pod) => pod,
        Err(error) => return Some(format!("not decoded: {error}")),
    };
    let mut known: Vec<(Faults, Value)> = Vec::new();
    outcomes(answer).find_map(|(at, theirs)| {
        let plan = at.plan();
        if !known.iter().any(|(p, _)| *p == plan) {
            known.push((plan, ours(&decoded, at)));
        }
        let ours = known.iter().find(|(p, _)| *p == plan).map(|(_, o)| o)?;
        (ours != theirs)
            .then(|| format!("{}:{}\n  upstream {theirs}\n  ours     {ours}", at.level, at.version))
    })
}

/// The variants without which, and those with which in excess, our verdict on the pod would not be upstream's.
pub(crate) fn noticed(pod: &Value, answer: &Value) -> (Faults, Faults) {
    let text = pod.to_string();
    let decoded: Pod<'_> = seawall_model::json::decode(text.as_bytes()).expect("a pod");
    let faults = seawall_pss::evaluate(&decoded);
    let (mut dropped, mut added) = (Faults::NONE, Faults::NONE);
    for (at, theirs) in outcomes(answer) {
        let allowed = theirs["allowed"] == true;
        for variant in variants() {
            let verdict = |faults: Faults| (faults & at.plan()).is_empty();
            if verdict(faults.without(variant)) != allowed {
                dropped |= variant;
            }
            if verdict(faults | variant) != allowed {
                added |= variant;
            }
        }
    }
    (dropped, added)
}

/// All variants, each by itself.
pub(crate) fn variants() -> impl Iterator<Item = Faults> {
    let count: usize = seawall_pss::CHECKS.iter().map(|c| c.variants.len()).sum();
    (0..count as u32).map(Faults::variant)
}

/// The smallest pod found that still makes a difference, and that difference.
pub(crate) fn minimised(oracle: &mut Oracle, pod: &Value, at: &[At]) -> (Value, String) {
    let mut differs = |pod: &Value| {
        let answer = oracle.ask(&request(pod, at));
        difference(pod, &serde_json::from_slice(&answer).expect("JSON"))
    };
    let mut best = (pod.clone(), differs(pod).expect("a difference"));
    'smaller: loop {
        for pointer in pointers(&best.0, "") {
            let mut candidate = best.0.clone();
            remove(&mut candidate, &pointer);
            if let Some(found) = differs(&candidate) {
                best = (candidate, found);
                continue 'smaller;
            }
        }
        return best;
    }
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(k, v)| (escaped(k), v)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for (key, child) in children {
        let pointer = format!("{at}/{key}");
        all.push(pointer.clone());
        all.extend(pointers(child, &pointer));
    }
    all
}

fn remove(value: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(list)) => {
            list.remove(key.parse().expect("an index"));
        }
        _ => {}
    }
}
