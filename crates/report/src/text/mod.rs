//! Text for people: answer first, one cause one finding, the line and what to write.

mod group;
mod paint;
mod snippet;
mod tail;

use std::fmt::Write as _;

use seawall_check::{
    InputError, Mark, Mode, Notice, NoticeKind, ObjectReport, Record, Region, Subject, Workload,
};
use seawall_finding::redact;
use seawall_model::gotext;
use seawall_yaml::LineIndex;
use unicode_width::UnicodeWidthStr as _;

use self::group::Group;
use self::paint::Paint;
pub use self::tail::Tail;
pub(crate) use self::tail::finish;
use crate::Style;
use crate::visible::visible;

/// Writes the records of one file, or of none.
pub(crate) fn render(records: &[Record], style: Style) -> (String, Tail) {
    let mut out = String::new();
    let mut tail = Tail::default();
    let paint = Paint { colour: style.colour };
    // All records of a file share its text.
    let mut lines: Option<LineIndex<'_>> = None;
    for record in records {
        match record {
            Record::Workload(workload) => {
                let lines = lines.get_or_insert_with(|| LineIndex::new(&workload.origin.source));
                write_workload(&mut out, workload, lines, style, paint);
            }
            Record::Object(report) => {
                let lines = lines.get_or_insert_with(|| LineIndex::new(&report.origin.source));
                write_object(&mut out, report, lines, style, paint);
            }
            Record::Error(error) => {
                tail.errors += 1;
                write_error(&mut out, error, style, paint);
            }
            Record::Notice(notice) => {
                if !style.quiet {
                    tail.notice(notice);
                }
            }
        }
    }
    (out, tail)
}

fn write_workload(out: &mut String, workload: &Workload, lines: &LineIndex<'_>, style: Style, paint: Paint) {
    if workload.findings.is_empty() || (style.quiet && !workload.is_refused()) {
        return;
    }
    let mut groups = group::groups(workload);
    if style.quiet {
        groups.retain(|g| g.error);
    }
    let verdict = match (&workload.refused, workload.strictest) {
        (Some(_), _) => "the API server would refuse it".to_owned(),
        (None, Some(level)) if level < workload.target() => format!("{level} -> {}", workload.target()),
        (None, Some(level)) => level.to_string(),
        (None, None) => String::new(),
    };
    let mut about = workload.object.to_string();
    if workload.custom {
        let _ = write!(about, " ({}, judged as its pods would be)", workload.object.api_version);
    }
    if workload.custom && !workload.template.0.is_empty() {
        let _ = write!(about, " {}", workload.template);
    }
    let place = (&*workload.origin.file, workload.region);
    header(out, place, &about, &verdict, groups.len(), workload.chart_source.as_deref(), style, paint);
    if style.exact {
        write_exact(out, workload, paint);
        groups.retain(|g| matches!(g.name, "schema-invalid" | "duplicate-key"));
    }
    write_groups(out, &groups, lines, style, paint);
}

fn write_object(out: &mut String, report: &ObjectReport, lines: &LineIndex<'_>, style: Style, paint: Paint) {
    let findings: Vec<_> = report.findings.iter().collect();
    let mut groups = group::by_rule(&findings, report.refused.is_some());
    if style.quiet {
        groups.retain(|g| g.error);
        if groups.is_empty() {
            return;
        }
    }
    let verdict = if report.refused.is_some() { "the API server would refuse it" } else { "" };
    let place = (&*report.origin.file, report.region);
    let about = report.object.to_string();
    header(out, place, &about, verdict, groups.len(), report.chart_source.as_deref(), style, paint);
    write_groups(out, &groups, lines, style, paint);
}

#[expect(clippy::too_many_arguments, reason = "all of them are one line of output")]
fn header(
    out: &mut String,
    (file, region): (&str, Region),
    about: &str,
    verdict: &str,
    count: usize,
    chart: Option<&str>,
    style: Style,
    paint: Paint,
) {
    let place = format!("{}:{}:{}", visible(file), region.line, region.column);
    let about = visible(about);
    let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    let right = if verdict.is_empty() { findings } else { format!("{verdict}: {findings}") };
    let used = place.width() + 2 + about.width() + right.width();
    let gap = style.width.saturating_sub(used).max(2);
    let _ = writeln!(out, "{}  {about}{:gap$}{right}", paint.strong(&place), "");
    if let Some(chart) = chart {
        let _ = writeln!(out, "  rendered from {}", visible(chart));
    }
    out.push('\n');
}

fn write_groups(out: &mut String, groups: &[Group], lines: &LineIndex<'_>, style: Style, paint: Paint) {
    for group in groups {
        let word = if group.error { "error" } else { "warning" };
        let word = paint.word(&format!("{word}[{}]", group.name), group.error);
        let title = redact(&group.title);
        let _ = writeln!(out, "  {word}: {}", paint.strong(&visible(&title)));
        snippet::write(out, lines, &group.marks, &paint, style.width, group.error);
        for note in &group.notes {
            for (i, line) in note.split('\n').enumerate() {
                let lead = if i == 0 { "=" } else { " " };
                let _ = writeln!(out, "  {:>4} {} {}", "", paint.quiet(lead), visible(&redact(line)));
            }
        }
        out.push('\n');
    }
}

/// The reference's own sentences: what a person who applies would be told, and what would happen to the pods.
fn write_exact(out: &mut String, workload: &Workload, paint: Paint) {
    for evaluation in workload.evaluations.iter().filter(|e| !e.allowed) {
        let at = gotext::quote(&format!("{}:{}", evaluation.level, evaluation.version));
        let detail = &evaluation.forbidden_detail;
        let is_pod = workload.template.0.is_empty();
        if evaluation.subject == Subject::Pod && evaluation.modes.contains(&Mode::Enforce) {
            let name = &workload.object.name;
            let who = if is_pod && !name.is_empty() {
                format!("pods {}", gotext::quote(name))
            } else {
                "pods".to_owned()
            };
            let sentence = format!("{who} is forbidden: violates PodSecurity {at}: {detail}");
            let _ = writeln!(out, "  {}: {}", paint.word("error", true), visible(&sentence));
        }
        if is_pod == (evaluation.subject == Subject::Pod) && evaluation.modes.contains(&Mode::Warn) {
            let enforced = is_pod && evaluation.modes.contains(&Mode::Enforce);
            if !enforced {
                let sentence = format!("would violate PodSecurity {at}: {detail}");
                let _ = writeln!(out, "  {}: {}", paint.word("Warning", false), visible(&sentence));
            }
        }
    }
    out.push('\n');
}

fn write_error(out: &mut String, error: &InputError, style: Style, paint: Paint) {
    let mut place = visible(&error.file).into_owned();
    if let Some(region) = error.region {
        let _ = write!(place, ":{}:{}", region.line, region.column);
    }
    let message = redact(&error.message);
    let _ = writeln!(out, "{}: {place}: {}", paint.word("error", true), visible(&message));
    match (&error.source, error.region) {
        (Some(source), Some(region)) if !crate::is_binary(source) => {
            let label = error.hint.clone().unwrap_or_default();
            let region = Region { end_line: region.line, end_column: region.column + 1, ..region };
            let mark = Mark { region, label };
            snippet::write(out, &LineIndex::new(source), &[mark], &paint, style.width, true);
        }
        _ => {
            if let Some(hint) = &error.hint {
                let _ = writeln!(out, "  {:>4} {} {}", "", paint.quiet("="), visible(hint));
            }
        }
    }
    out.push('\n');
}

/// A notice as one line.
fn notice_line(notice: &Notice) -> String {
    let mut line = String::from("notice: ");
    if let Some(file) = &notice.file {
        line.push_str(&visible(file));
        if let Some(region) = notice.region.filter(|_| notice.kind != NoticeKind::Skipped) {
            let _ = write!(line, ":{}:{}", region.line, region.column);
        }
        line.push_str(": ");
    }
    line.push_str(&visible(&redact(&notice.message)));
    if let Some(hint) = &notice.hint {
        let _ = write!(line, "; {}", visible(hint));
    }
    line
}
