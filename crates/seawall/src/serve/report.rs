//! The `Report` of `OpenReports` of a namespace: what its workloads violate, as one object.

use std::collections::BTreeMap;

use seawall_admission::{Entry, Workload, Workloads};
use seawall_model::Level;
use serde_json::{Value, json};

/// The group and version of reports.
pub(super) const API_VERSION: &str = "openreports.io/v1alpha1";
/// The plural.
pub(super) const RESOURCE: &str = "reports";
/// The name of the report in each namespace, and its source.
pub(super) const NAME: &str = "seawall";
/// What reports of this source are found by.
pub(super) const SELECTOR: &str = "app.kubernetes.io/managed-by=seawall";

/// Results of a report, the newest.
const RESULTS: usize = 200;
/// Bytes of a report's results, as JSON.
const SIZE: usize = 500 << 10;
/// How long a result stays that is not found again, in seconds.
pub(super) const AGE: u64 = 7 * 86_400;

/// A result as it stands in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    rule: String,
    policy: String,
    category: String,
    severity: String,
    message: String,
    modes: String,
    fails: bool,
    refused: bool,
    count: u64,
    first: u64,
    last: u64,
}

/// The results of a workload.
#[derive(Debug, Default)]
struct Lines {
    uid: String,
    all: Vec<Line>,
}

impl Line {
    fn of(entry: &Entry) -> Self {
        let rule = entry.violated.rule;
        let modes: Vec<&str> = entry.violated.modes.iter().map(|(mode, _)| mode.as_str()).collect();
        let policy = entry.violated.modes.first().map(|(_, policy)| policy.to_string()).unwrap_or_default();
        let level = if rule.level == Some(Level::Baseline) { "Baseline" } else { "Restricted" };
        Self {
            rule: rule.id.to_owned(),
            policy,
            category: format!("Pod Security Standards ({level})"),
            severity: rule.severity.as_str().to_owned(),
            message: entry.violated.sentence.to_string(),
            fails: modes.contains(&"enforce"),
            modes: modes.join(","),
            refused: entry.refused,
            count: entry.count,
            first: entry.first,
            last: entry.last,
        }
    }

    /// From a report; `None` if it was not written here.
    fn read(result: &Value) -> Option<(Workload, String, Self)> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let subject = &result["resources"][0];
        let part = |name: &str| subject[name].as_str().map(Box::from);
        let workload = Workload {
            api_version: part("apiVersion")?,
            kind: part("kind")?,
            name: part("name").unwrap_or_default(),
        };
        let properties = &result["properties"];
        let number = |name: &str| properties[name].as_str()?.parse().ok();
        let line = Self {
            rule: text(&result["rule"])?,
            policy: text(&result["policy"])?,
            category: text(&result["category"])?,
            severity: text(&result["severity"])?,
            message: text(&result["message"])?,
            modes: text(&properties["modes"])?,
            fails: result["result"] == "fail",
            refused: properties["refused"] == "true",
            count: number("count")?,
            first: number("firstSeconds")?,
            last: result["timestamp"]["seconds"].as_u64()?,
        };
        Some((workload, text(&subject["uid"]).unwrap_or_default(), line))
    }

    fn write(&self, namespace: &str, workload: &Workload, uid: &str) -> Value {
        let mut subject = json!({
            "apiVersion": workload.api_version, "kind": workload.kind, "namespace": namespace,
        });
        for (field, value) in [("name", &*workload.name), ("uid", uid)] {
            if !value.is_empty() {
                subject[field] = value.into();
            }
        }
        let mut properties = json!({
            "modes": self.modes, "count": self.count.to_string(), "firstSeconds": self.first.to_string(),
        });
        if self.refused {
            properties["refused"] = "true".into();
        }
        json!({
            "policy": self.policy, "rule": self.rule, "category": self.category, "severity": self.severity,
            "result": if self.fails { "fail" } else { "warn" }, "scored": self.fails,
            "timestamp": {"seconds": self.last, "nanos": 0},
            "resources": [subject], "message": self.message, "properties": properties,
        })
    }
}

/// The lines of a report, by workload.
fn read(report: Option<&Value>) -> BTreeMap<Workload, Lines> {
    let mut all: BTreeMap<Workload, Lines> = BTreeMap::new();
    let results = report.and_then(|report| report["results"].as_array()).into_iter().flatten();
    for (workload, uid, line) in results.filter_map(Line::read) {
        let lines = all.entry(workload).or_default();
        lines.uid = uid;
        lines.all.push(line);
    }
    all
}

/// When the result of a report was found that was not found again for the longest time, in seconds since 1970-01-01; `None` if there
/// is none.
pub(super) fn oldest(report: &Value) -> Option<u64> {
    read(Some(report)).values().flat_map(|lines| &lines.all).map(|line| line.last).min()
}

/// A report with what was found out since it was written: of each workload what was found last holds. `None` if it need not be
/// written: nothing is violated and there is none, or nothing changes. `now` is in seconds since 1970-01-01.
pub(super) fn joined(report: Option<&Value>, namespace: &str, found: &Workloads, now: u64) -> Option<Value> {
    let mut all = read(report);
    for (workload, observed) in found {
        let known = all.entry(workload.clone()).or_default();
        let seen = known.all.iter().map(|line| line.last).max().unwrap_or_default();
        let (mut late, early): (Vec<Line>, Vec<Line>) = {
            let now = observed.entries.iter().map(Line::of).collect();
            let before = std::mem::take(&mut known.all);
            if observed.seen >= seen { (now, before) } else { (before, now) }
        };
        for line in &mut late {
            if let Some(same) = early.iter().find(|same| same.rule == line.rule) {
                line.count = line.count.saturating_add(same.count);
                line.first = line.first.min(same.first);
            }
        }
        known.all = late;
        if !observed.uid.is_empty() {
            known.uid = observed.uid.to_string();
        }
    }
    let mut lines: Vec<(&Workload, &str, Line)> = Vec::new();
    for (workload, Lines { uid, all }) in &all {
        let young = all.iter().filter(|line| line.last.saturating_add(AGE) >= now);
        lines.extend(young.map(|line| (workload, uid.as_str(), line.clone())));
    }
    lines.sort_by(|a, b| b.2.last.cmp(&a.2.last).then_with(|| (a.0, &a.2.rule).cmp(&(b.0, &b.2.rule))));
    lines.truncate(RESULTS);
    let (mut results, mut size, mut fails) = (Vec::new(), 0, 0);
    for (workload, uid, line) in &lines {
        let result = line.write(namespace, workload, uid);
        size += result.to_string().len() + 1;
        if size > SIZE {
            break;
        }
        fails += usize::from(line.fails);
        results.push(result);
    }
    if report.is_none() && results.is_empty() {
        return None;
    }
    let metadata = json!({
        "name": NAME, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": NAME},
    });
    let mut object = report.cloned().unwrap_or_else(|| json!({"metadata": metadata}));
    if report.is_some_and(|report| report["results"].as_array().map_or(&[][..], Vec::as_slice) == results) {
        return None;
    }
    object["apiVersion"] = API_VERSION.into();
    object["kind"] = "Report".into();
    object["source"] = NAME.into();
    object["configuration"] = json!({"limits": {"maxResults": RESULTS}});
    object["summary"] =
        json!({"pass": 0, "fail": fails, "warn": results.len() - fails, "error": 0, "skip": 0});
    object["results"] = results.into();
    Some(object)
}

#[cfg(test)]
mod tests {
    use seawall_admission::{Bounds, Found, Violated, Violations};
    use seawall_check::{Mode, rules};
    use seawall_finding::Rule;

    use super::*;

    const DAY: u64 = 86_400;

    fn rule(id: &str) -> &'static Rule {
        rules::resolve(id).unwrap()[0]
    }

    fn workload(name: &str) -> Workload {
        Workload { api_version: "apps/v1".into(), kind: "ReplicaSet".into(), name: name.into() }
    }

    /// What was found out about a workload at a time: rules by name.
    fn found(all: &[(&str, &[&str], u64)]) -> Workloads {
        let mut violations = Violations::new(Bounds { namespaces: 1, workloads: 10_000, entries: 100_000 });
        violations.watch("shop", true);
        for (name, rules, at) in all {
            let violated = |id: &&str| Violated {
                rule: rule(id),
                modes: vec![
                    (Mode::Enforce, "baseline".parse().unwrap()),
                    (Mode::Audit, "restricted:v1.30".parse().unwrap()),
                ],
                sentence: format!("because of {id}").into(),
            };
            let found = Found {
                workload: workload(name),
                uid: "u".into(),
                is_owner: true,
                refused: true,
                report_only: false,
                violated: rules.iter().map(violated).collect(),
            };
            violations.add("shop", found, *at);
        }
        violations.take(1).into_iter().next().map(|(_, workloads)| workloads).unwrap_or_default()
    }

    /// The results of a report: workload, rule, count, first and last.
    fn results(report: &Value) -> Vec<String> {
        let all = report["results"].as_array().unwrap();
        all.iter()
            .map(|result| {
                let properties = &result["properties"];
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                format!(
                    "{} {} {} {} {}",
                    text(&result["resources"][0]["name"]),
                    text(&result["rule"]),
                    text(&properties["count"]),
                    text(&properties["firstSeconds"]),
                    result["timestamp"]["seconds"]
                )
            })
            .collect()
    }

    #[test]
    fn a_report_says_what_is_violated() {
        let report = joined(None, "shop", &found(&[("web", &["host-pid"], 7)]), 7).unwrap();
        assert_eq!(
            report,
            json!({
                "apiVersion": "openreports.io/v1alpha1", "kind": "Report",
                "metadata": {"name": "seawall", "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "seawall"}},
                "source": "seawall", "configuration": {"limits": {"maxResults": 200}},
                "summary": {"pass": 0, "fail": 1, "warn": 0, "error": 0, "skip": 0},
                "results": [{
                    "policy": "baseline:latest", "rule": "host-pid", "category": "Pod Security Standards (Baseline)",
                    "severity": rule("host-pid").severity.as_str(),
                    "result": "fail", "scored": true, "timestamp": {"seconds": 7, "nanos": 0},
                    "resources": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "namespace": "shop", "uid": "u"}],
                    "message": "because of host-pid",
                    "properties": {"modes": "enforce,audit", "count": "1", "firstSeconds": "7", "refused": "true"},
                }],
            })
        );
        assert_eq!(oldest(&report), Some(7));
        assert_eq!(joined(None, "shop", &found(&[("web", &[], 7)]), 7), None, "nothing is violated");
    }

    #[test]
    fn several_write_one_report() {
        let now = 100;
        let first = joined(
            None,
            "shop",
            &found(&[("a", &["host-pid", "host-ipc"], 10), ("b", &["host-pid"], 11)]),
            now,
        )
        .unwrap();
        assert_eq!(results(&first), ["b host-pid 1 11 11", "a host-ipc 1 10 10", "a host-pid 1 10 10"]);
        // What was found later holds, whoever wrote first.
        let later = found(&[("a", &["host-pid"], 20), ("b", &[], 21)]);
        let second = joined(Some(&first), "shop", &later, now).unwrap();
        assert_eq!(results(&second), ["a host-pid 2 10 20"]);
        let earlier = found(&[("a", &["host-pid", "host-network"], 15), ("c", &["host-pid"], 5)]);
        let third = joined(Some(&second), "shop", &earlier, now).unwrap();
        assert_eq!(results(&third), ["a host-pid 3 10 20", "c host-pid 1 5 5"]);
        assert_eq!(joined(Some(&third), "shop", &Workloads::new(), now), None, "nothing changes");
        // What others wrote into the object stays, but for results.
        let mut noted = third.clone();
        noted["metadata"]["annotations"] = json!({"a": "b"});
        noted["metadata"]["resourceVersion"] = "7".into();
        noted["results"].as_array_mut().unwrap().push(json!({"policy": "mine"}));
        let fourth = joined(Some(&noted), "shop", &found(&[("c", &[], 6)]), now).unwrap();
        assert_eq!(fourth["metadata"], noted["metadata"]);
        assert_eq!(results(&fourth), ["a host-pid 3 10 20"]);
        let empty = joined(Some(&fourth), "shop", &found(&[("a", &[], 30)]), now).unwrap();
        assert_eq!((results(&empty), empty["summary"]["fail"].as_u64()), (vec![], Some(0)));
    }

    #[test]
    fn a_week_is_enough() {
        let first = joined(
            None,
            "shop",
            &found(&[("a", &["host-pid"], DAY), ("b", &["host-pid"], 2 * DAY)]),
            2 * DAY,
        )
        .unwrap();
        assert_eq!(joined(Some(&first), "shop", &Workloads::new(), 8 * DAY), None);
        let second = joined(Some(&first), "shop", &Workloads::new(), 8 * DAY + 1).unwrap();
        assert_eq!(results(&second), [format!("b host-pid 1 {0} {0}", 2 * DAY)]);
    }

    #[test]
    fn a_report_has_a_bound() {
        let names: Vec<String> = (0..500).map(|i| format!("w{i}")).collect();
        let all: Vec<(&str, &[&str], u64)> =
            names.iter().zip(1..).map(|(name, at)| (name.as_str(), &["host-pid"][..], at)).collect();
        let report = joined(None, "shop", &found(&all), 500).unwrap();
        let (results, summary) = (results(&report), &report["summary"]);
        assert_eq!((results.len(), summary["fail"].as_u64()), (200, Some(200)));
        assert_eq!(
            (results[0].as_str(), results[199].as_str()),
            ("w499 host-pid 1 500 500", "w300 host-pid 1 301 301")
        );
        let long = "x".repeat(5_000);
        let names: Vec<String> = (0..200).map(|i| format!("{long}{i}")).collect();
        let all: Vec<(&str, &[&str], u64)> =
            names.iter().zip(1..).map(|(name, at)| (name.as_str(), &["host-pid"][..], at)).collect();
        let report = joined(None, "shop", &found(&all), 500).unwrap();
        assert!(report.to_string().len() < SIZE + 1_000);
        assert_eq!(
            report["summary"]["fail"].as_u64(),
            report["results"].as_array().map(|all| all.len() as u64)
        );
    }
}
