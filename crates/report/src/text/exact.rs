//! The reference's own sentences, one a line: what the API server would answer.

use seawall_check::{Evaluation, Mode, Subject, Workload};

use crate::visible;

/// The sentences that the API server would say of a workload, each once. It warns of a pod only if it does not refuse it.
pub(super) fn sentences(workload: &Workload) -> Vec<String> {
    let failing = |e: &&Evaluation| !e.allowed;
    let denies = |e: &Evaluation| e.subject == Subject::Pod && e.modes.contains(Mode::Enforce);
    let denied = workload.evaluations.iter().filter(failing).any(denies);
    let mut out: Vec<String> = Vec::new();
    for evaluation in workload.evaluations.iter().filter(failing) {
        let policy = format!("{}:{}", evaluation.level, evaluation.version);
        let sentence = if denies(evaluation) {
            // The names of a template's pods are not known yet.
            let name = if workload.template.0.is_empty() { workload.object.name.as_str() } else { "" };
            let pods = if name.is_empty() { "pods".to_owned() } else { format!("pods {}", quoted(name)) };
            format!("{pods} is forbidden: violates PodSecurity \"{policy}\": {}", evaluation.forbidden_detail)
        } else if denied && evaluation.subject == Subject::Pod {
            continue;
        } else {
            format!("would violate PodSecurity \"{policy}\": {}", evaluation.forbidden_detail)
        };
        if !out.contains(&sentence) {
            out.push(sentence);
        }
    }
    out.iter().map(|s| visible::message(s).into_owned()).collect()
}

fn quoted(name: &str) -> String {
    seawall_model::gotext::quote(name)
}
