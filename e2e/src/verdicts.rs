//! Reading what `seawall` and what an API server say of the same object.

use std::collections::HashMap;

use serde_json::Value;

/// What a record of a workload says of a mode (`enforce`, `audit`, `warn`) for a subject (`pod`, `template`): nothing if that
/// allows it, or the policy (`restricted:latest`) and the details of what is forbidden.
pub fn forbidden(record: &Value, subject: &str, mode: &str) -> Option<(String, String)> {
    let of_mode = |e: &&Value| {
        e["subject"] == subject && e["modes"].as_array().is_some_and(|modes| modes.iter().any(|m| m == mode))
    };
    let evaluation = record["evaluations"].as_array()?.iter().find(of_mode)?;
    let text = |key: &str| evaluation[key].as_str().expect("a text").to_owned();
    (evaluation["allowed"] != true)
        .then(|| (format!("{}:{}", text("level"), text("version")), text("forbiddenDetail")))
}

/// The annotations of the audit events by the ids of their requests. They are there before the requests are answered.
pub fn audit_annotations(events: Vec<Value>) -> HashMap<String, Value> {
    let of = |mut event: Value| {
        let id = event["auditID"].as_str().unwrap_or_default().to_owned();
        (id, event["annotations"].take())
    };
    events.into_iter().filter(|event| event["stage"] == "ResponseComplete").map(of).collect()
}
