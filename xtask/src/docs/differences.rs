//! The pages for people who come from other tools: which rules answer their checks, and where they differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_check::rules;
use seawall_conformance::differences::{Difference, Pair, Reporter, Right, kube_score, kubesec};

use super::MADE;

/// The pages by file name.
pub(super) fn pages() -> impl Iterator<Item = (&'static str, String)> {
    let of_kube_score = page(
        "kube-score",
        "kube-score 1.20.0",
        "All checks of both run on kube-score's own fixtures and on random manifests; what differs is one of these entries, or a test\n\
         fails.",
        kube_score::PAIRS,
        kube_score::DIFFERENCES,
    );
    let of_kubesec = page(
        "kubesec",
        "kubesec as of June 2026",
        "The rules of both run on random manifests of one container; what differs is one of these entries, or a test fails. Where there\n\
         are several containers, kubesec has one answer for all: one that keeps a rule which gives points keeps it for the others.\n\
         seawall judges each. Of Jobs, CronJobs and ReplicaSets kubesec says nothing but whether they have Secrets in variables.",
        kubesec::PAIRS,
        kubesec::DIFFERENCES,
    );
    [("kube-score.md", of_kube_score), ("kubesec.md", of_kubesec)].into_iter()
}

fn page(tool: &str, version: &str, how: &str, pairs: &[Pair], differences: &[Difference]) -> String {
    let mut out = format!("{MADE}# Coming from {tool}\n\n## Which rules answer its checks\n\n");
    let _ = write!(out, "| {tool} | seawall | by default |\n|---|---|---|\n");
    let off: BTreeMap<&str, bool> = rules::all().iter().map(|rule| (rule.id, rule.off)).collect();
    for pair in pairs {
        let default = if off.get(pair.rule) == Some(&true) { "off" } else { "on" };
        let _ = writeln!(out, "| `{}` | {} | {default} |", pair.check, link(pair.rule));
    }
    let _ = write!(
        out,
        "\n## Where they differ\n\n{version}, with `seawall scan --complete`. {how}\n\n\
         | {tool} | seawall | reported by | what | who is right |\n|---|---|---|---|---|\n"
    );
    for Difference { check, rule, by, what, right, why, .. } in differences {
        let check = if *check == "*" { "any".to_owned() } else { format!("`{check}`") };
        // Where the check alone is named, its rule follows from the table above.
        let rule = match (*rule, pairs.iter().find(|pair| check == format!("`{}`", pair.check))) {
            ("*", Some(pair)) => link(pair.rule),
            ("*", None) => "any".to_owned(),
            (rule, _) => link(rule),
        };
        let by = if *by == Reporter::Seawall { "seawall" } else { tool };
        let right = match right {
            Right::Seawall => "seawall",
            Right::Both => "both",
        };
        let _ = writeln!(out, "| {check} | {rule} | {by} | {what} | {right}: {why} |");
    }
    out
}

fn link(rule: &str) -> String {
    format!("[{rule}](rules/{rule}.md)")
}
