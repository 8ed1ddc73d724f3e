//! What other tools would say, as a page: each object with what it loses, and what is failed most.

use std::fmt::Write as _;
use std::time::Duration;

use seawall_check::scores::{Check, Comment, Grade, Graded, Grades, Lowest, ModelName, Rule, Summary};

use super::tail::{BLOCKERS, columns, errors};
use super::{Head, Role, Tail, count, grouped, notices, paint, wrap};
use crate::{Style, visible};

/// Where what is said of a check begins.
const INDENT: usize = 2;

/// Adds an object.
pub(crate) fn graded(graded: &Graded, style: Style, out: &mut String) {
    if style.quiet && !graded.fails() {
        return;
    }
    let head = Head { file: Some(&graded.file), region: graded.region, object: &graded.object, chart: None };
    let right = match &graded.grades {
        Grades::Kubesec(_, Some(_)) => "invalid".to_owned(),
        Grades::Kubesec(report, None) => {
            format!("score {}{}", report.score, if report.fails() { ", fails" } else { "" })
        }
        Grades::KubeScore(_) => graded.worst().map_or("no grade", Grade::word).to_owned(),
    };
    head.write(&right, "", false, style, out);
    match &graded.grades {
        Grades::Kubesec(_, Some(why)) => wrap(&visible::message(why), INDENT, 6, style.width, out),
        Grades::Kubesec(report, None) => {
            for Rule { id, points, reason, .. } in &report.critical {
                lead(&points.to_string(), Role::Error, style, out);
                super::flow(&format!("{id}: {reason}"), INDENT + 5, 6, style.width, out);
            }
            if report.critical.is_empty() && report.passed.is_empty() && report.advise.is_empty() {
                wrap(&report.message, INDENT, 6, style.width, out);
            }
            earned("earned", &report.passed, style, out);
            if !style.quiet {
                earned("could earn", &report.advise, style, out);
            }
        }
        Grades::KubeScore(checks) => kube_score(checks, style, out),
    }
    out.push('\n');
}

fn lead(text: &str, role: Role, style: Style, out: &mut String) {
    out.push_str("  ");
    paint(out, style.colour, role, text);
    out.push(' ');
}

fn earned(what: &str, rules: &[Rule], style: Style, out: &mut String) {
    if rules.is_empty() {
        return;
    }
    let rules: Vec<String> = rules.iter().map(|rule| format!("{} {:+}", rule.id, rule.points)).collect();
    wrap(&format!("{what}: {}", rules.join(", ")), INDENT, 6, style.width, out);
}

/// The checks that fail, the worst first; of the others the number.
fn kube_score(checks: &[Check], style: Style, out: &mut String) {
    let graded =
        |grade: Grade| checks.iter().filter(move |check| !check.skipped && check.grade == Some(grade));
    for (grade, role) in [(Grade::Critical, Role::Error), (Grade::Warning, Role::Warning)] {
        for Check { id, comments, .. } in graded(grade) {
            lead(grade.word(), role, style, out);
            let text = format!("{id}: {}", said(comments));
            super::flow(&text, INDENT + grade.word().len() + 1, 6, style.width, out);
        }
    }
    if !style.quiet {
        let ok = graded(Grade::AlmostOk).count() + graded(Grade::AllOk).count();
        let skipped = checks.iter().filter(|check| check.skipped).count();
        let _ = writeln!(out, "  OK {ok}, skipped {skipped}");
    }
}

/// Remarks on one container, label or path are told together.
fn said(comments: &[Comment]) -> String {
    let of_one = |comments: &[Comment]| {
        let said: Vec<_> = comments.iter().map(|comment| visible::message(&comment.summary)).collect();
        let path = visible::text(&comments[0].path);
        if path.is_empty() { said.join(", ") } else { format!("{path}: {}", said.join(", ")) }
    };
    comments.chunk_by(|a, b| a.path == b.path).map(of_one).collect::<Vec<_>>().join("; ")
}

/// The end of the page.
pub(crate) fn finish(
    summary: &Summary,
    model: ModelName,
    tally: &Tail,
    style: Style,
    elapsed: Option<Duration>,
) -> String {
    let mut text = String::new();
    if style.quiet {
        return text;
    }
    let out = &mut text;
    let mut head = format!("{} in {}", count(summary.scored, "object"), count(summary.files, "file"));
    if let Some(elapsed) = elapsed {
        let _ = write!(head, " ({:.2} s)", elapsed.as_secs_f64());
    }
    let items: Vec<String> = match model {
        ModelName::Kubesec => {
            let passing = summary.scored - summary.failing;
            vec![
                format!("above 0 {}", grouped(passing)),
                format!("0 or below, which fails {}", grouped(summary.failing)),
            ]
        }
        ModelName::KubeScore => {
            let names = ["OK", "WARNING", "CRITICAL"];
            names.iter().zip(summary.by_grade).map(|(name, n)| format!("{name} {}", grouped(n))).collect()
        }
    };
    columns(&head, &items, style, out);
    if let Some(Lowest { score, object, file, line }) = summary.lowest.as_ref().filter(|_| summary.scored > 1)
    {
        let (object, file) = (object.to_string(), visible::text(file));
        let lowest = format!("lowest {score}: {} at {file}:{line}", visible::text(&object));
        wrap(&lowest, 0, 2, style.width, out);
    }
    if let Some((first, _)) = summary.failed.first() {
        let failed = summary.failed.iter().take(BLOCKERS);
        let mut items: Vec<String> = failed.map(|(id, n)| format!("{id} {}", grouped(*n))).collect();
        if let Some(more) = summary.failed.len().checked_sub(BLOCKERS).filter(|more| *more > 0) {
            items.push(format!("and {more} more"));
        }
        let what = match model {
            ModelName::Kubesec => "takes points",
            ModelName::KubeScore => "critical",
        };
        columns(what, &items, style, out);
        wrap(&format!("why, and what to write: seawall explain {first}"), 0, 2, style.width, out);
    }
    let unknown = summary.size.ungraded;
    if unknown > 0 {
        let are = if unknown == 1 { "is" } else { "are" };
        let text =
            format!("{} {are} of kinds that {} does not grade", count(unknown, "object"), model.as_str());
        wrap(&text, 0, 2, style.width, out);
    }
    notices(tally, style, out);
    errors(tally, summary.files, summary.errors, summary.scored > 0, style, out);
    text
}
