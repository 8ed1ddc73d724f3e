//! The end of a report: enough to decide what to do next.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use seawall_check::{Notice, NoticeKind, Summary};
use seawall_model::Level;

use super::notice_line;
use crate::Style;

/// Notices of one kind that are printed one by one.
const PRINTED: usize = 10;

/// What the end of a report says besides the summary: counted while records are rendered.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    pub(super) errors: u64,
    notices: BTreeMap<NoticeKind, Counted>,
}

#[derive(Clone, Debug, Default)]
struct Counted {
    count: u64,
    /// The first few, as lines or as hints, each once.
    shown: Vec<String>,
}

impl Tail {
    pub(super) fn notice(&mut self, notice: &Notice) {
        let counted = self.notices.entry(notice.kind).or_default();
        counted.count += 1;
        let line = match notice.kind {
            NoticeKind::Template => notice.hint.clone().unwrap_or_default(),
            NoticeKind::NotKubernetes => String::new(),
            _ => notice_line(notice),
        };
        counted.add(line);
    }

    /// Adds what a later part of the run counted.
    pub fn merge(&mut self, other: Self) {
        self.errors += other.errors;
        for (kind, counted) in other.notices {
            let own = self.notices.entry(kind).or_default();
            own.count += counted.count;
            counted.shown.into_iter().for_each(|line| own.add(line));
        }
    }
}

impl Counted {
    fn add(&mut self, line: String) {
        if !line.is_empty() && self.shown.len() < PRINTED && !self.shown.contains(&line) {
            self.shown.push(line);
        }
    }
}

/// The end of the report.
pub(crate) fn finish(summary: &Summary, tail: &Tail, style: Style, elapsed: Option<Duration>) -> String {
    let mut out = String::new();
    if style.quiet {
        return out;
    }
    for (kind, counted) in &tail.notices {
        match kind {
            NoticeKind::Template => {
                let hints = counted.shown.join("; ");
                let _ = match counted.count {
                    1 => writeln!(out, "1 file is an unrendered Helm template: {hints}"),
                    n => writeln!(out, "{n} files are unrendered Helm templates: {hints}"),
                };
            }
            NoticeKind::NotKubernetes => {
                let _ = match counted.count {
                    1 => writeln!(out, "1 document is not a Kubernetes object and was passed over"),
                    n => writeln!(out, "{n} documents are not Kubernetes objects and were passed over"),
                };
            }
            _ => {
                for line in &counted.shown {
                    let _ = writeln!(out, "{line}");
                }
                let more = counted.count.saturating_sub(counted.shown.len() as u64);
                if more > 0 {
                    let _ = writeln!(out, "notice: {more} more of this kind; all of them: --format jsonl");
                }
            }
        }
    }
    if !tail.notices.is_empty() {
        out.push('\n');
    }
    let time = elapsed.map_or_else(String::new, |t| format!(" ({:.2} s)", t.as_secs_f64()));
    let files = count(summary.files, "file");
    let workloads = summary.workloads();
    if workloads == 0 {
        let _ = writeln!(out, "no workloads found in {files}{time}");
    } else {
        let [privileged, baseline, restricted] = summary.by_level;
        let head = format!("{} in {files}{time}", count(workloads, "workload"));
        let mut cells = vec![
            format!("{} {restricted}", Level::Restricted),
            format!("{} {baseline}", Level::Baseline),
            format!("{} {privileged}", Level::Privileged),
        ];
        if summary.refused > 0 {
            cells.push(format!("refused {}", summary.refused));
        }
        row(&mut out, &head, &cells, style.width);
        blockers(&mut out, summary, style.width);
    }
    verdict(&mut out, summary);
    out
}

/// A name and its figures in columns, on as many lines as the width asks for.
fn row(out: &mut String, head: &str, cells: &[String], width: usize) {
    const COLUMN: usize = 38;
    let _ = write!(out, "{head:COLUMN$}");
    let mut used = head.chars().count().max(COLUMN);
    for cell in cells {
        if used + 3 + cell.len() > width && used > COLUMN {
            let _ = write!(out, "\n{:COLUMN$}", "");
            used = COLUMN;
        }
        let _ = write!(out, "   {cell}");
        used += 3 + cell.len();
    }
    out.push('\n');
}

fn blockers(out: &mut String, summary: &Summary, width: usize) {
    let Some(target) = summary.target.filter(|_| !summary.blockers.is_empty()) else { return };
    let cells: Vec<String> = summary.blockers.iter().map(|b| format!("{} {}", b.name, b.workloads)).collect();
    row(out, &format!("blockers of {target}"), &cells, width);
}

/// What the exit status says, in words.
fn verdict(out: &mut String, summary: &Summary) {
    let mut parts = Vec::new();
    if summary.failing > 0 {
        let pods = if summary.failing == 1 {
            "1 workload has pods"
        } else {
            &format!("{} workloads have pods", summary.failing)
        };
        parts.push(format!("{pods} that would be refused"));
    }
    if summary.warned > 0 {
        let draw = if summary.warned == 1 { "draws" } else { "draw" };
        parts.push(format!("{} {draw} warnings", summary.warned));
    }
    if summary.errors > 0 {
        let inputs = count(summary.errors, "input error");
        parts.push(format!("{inputs}; the other files were judged"));
    }
    if summary.workloads() > 0 && parts.is_empty() && summary.refused == 0 {
        parts.push("every workload passes the level that it is judged at".to_owned());
    }
    if !parts.is_empty() {
        let _ = writeln!(out, "{} (exit status {})", parts.join(", "), summary.exit);
    }
}

fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
