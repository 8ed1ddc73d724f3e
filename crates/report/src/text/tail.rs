//! The last lines of the text: numbers, what to do next, what was not judged.

use std::fmt::Write as _;
use std::time::Duration;

use seawall_check::{NEWEST, NoticeKind, Summary, rules};
use seawall_model::Level;

use super::namespaces;
use super::paint::{Role, paint};
use super::tally::{Counted, Tail, Worst};
use super::wrap;
use crate::{Style, visible};

/// Where the second column begins.
const COLUMN: usize = 39;

/// Blockers named in the line; the others are counted.
pub(super) const BLOCKERS: usize = 6;

/// The end of the report: notices, numbers, what to do next.
pub(crate) fn finish(summary: &Summary, tally: &Tail, style: Style, elapsed: Option<Duration>) -> String {
    let mut text = String::new();
    if style.quiet {
        notices(tally, style, &mut text);
        return text;
    }
    let out = &mut text;
    if summary.workloads() == 0 {
        nothing(summary, style, out);
    } else {
        numbers(summary, elapsed, style, out);
        blockers(summary, style, out);
        next(summary, style, out);
        if summary.namespaces.is_none() {
            fixes(tally, style, out);
        }
        beyond(summary, style, out);
        worst(tally, style, out);
    }
    if let Some(all) = &summary.namespaces {
        namespaces::write(all, style, out);
    }
    if summary.suppressed > 0 {
        let (do_, them) = if summary.suppressed == 1 { ("does", "shows it") } else { ("do", "lists them") };
        let found = count(summary.suppressed, "suppressed finding");
        let excepted = match summary.excepted {
            0 => String::new(),
            n => format!(", {} by exception", grouped(n)),
        };
        let text = format!("{found} {do_} not count{excepted}: seawall scan --show-suppressed {them}");
        wrap(&text, 0, 2, style.width, out);
    }
    notices(tally, style, out);
    errors(tally, summary.files, summary.errors, summary.workloads() > 0, style, out);
    text
}

fn nothing(summary: &Summary, style: Style, out: &mut String) {
    let read = format!("no workloads found in {}", place(summary));
    paint(out, style.colour, Role::Strong, &read);
    let _ = writeln!(out, " ({})", count(summary.objects, "object"));
}

/// What was looked through.
pub(crate) fn place(summary: &Summary) -> String {
    match &summary.namespaces {
        Some(all) => count(all.iter().filter(|n| !n.name.is_empty()).count() as u64, "namespace"),
        None => count(summary.files, "file"),
    }
}

fn numbers(summary: &Summary, elapsed: Option<Duration>, style: Style, out: &mut String) {
    let mut head = format!("{} in {}", count(summary.workloads(), "workload"), place(summary));
    if let Some(elapsed) = elapsed {
        let _ = write!(head, " ({:.2} s)", elapsed.as_secs_f64());
    }
    if summary.findings == 0 && summary.failing + summary.warned + summary.refused == 0 {
        head.push_str(", no findings");
        if summary.not_seen > 0 {
            head.push_str(" in what could be seen");
        }
        head.push_str(&uncounted(summary));
    }
    let mut levels: Vec<String> = Level::ALL
        .into_iter()
        .zip(summary.by_level)
        .rev()
        .map(|(level, n)| format!("{level} {}", grouped(n)))
        .collect();
    if summary.refused > 0 {
        levels.push(format!("refused {}", grouped(summary.refused)));
    }
    columns(&head, &levels, style, out);
    let mut verdicts = Vec::new();
    if summary.failing > 0 {
        let (verb, them) = if summary.failing == 1 { ("fails", "it is") } else { ("fail", "they are") };
        verdicts.push(format!("{} {verb} the level {them} held to", count(summary.failing, "workload")));
    }
    if summary.warned > 0 {
        let verb = if summary.warned == 1 { "fails" } else { "fail" };
        verdicts.push(format!(
            "{} {verb} only where violations are audited or warned of",
            grouped(summary.warned)
        ));
    }
    if summary.by_exception > 0 {
        let verb = if summary.by_exception == 1 { "passes" } else { "pass" };
        verdicts.push(format!("{} {verb} by exception", count(summary.by_exception, "workload")));
    }
    if !verdicts.is_empty() {
        wrap(&verdicts.join("; "), 0, 2, style.width, out);
    }
    if summary.kubernetes < u64::from(NEWEST) {
        let minor = summary.kubernetes;
        let text = format!(
            "judged as by Kubernetes v1.{minor}: latest and newer versions of a level mean v1.{minor}"
        );
        wrap(&text, 0, 2, style.width, out);
    }
}

fn blockers(summary: &Summary, style: Style, out: &mut String) {
    if summary.blockers.is_empty() {
        return;
    }
    let mut items: Vec<String> = summary
        .blockers
        .iter()
        .take(BLOCKERS)
        .map(|b| format!("{} {}", b.name, grouped(b.workloads)))
        .collect();
    if summary.blockers.len() > BLOCKERS {
        items.push(format!("and {} more", summary.blockers.len() - BLOCKERS));
    }
    let targets: Vec<&str> = summary.targets.iter().map(|level| level.as_str()).collect();
    columns(&format!("blockers of {}", targets.join(" and ")), &items, style, out);
}

fn next(summary: &Summary, style: Style, out: &mut String) {
    if let Some(first) = summary.blockers.first() {
        wrap(&format!("why, and what to write: seawall explain {}", first.explain), 0, 2, style.width, out);
    }
}

/// What is failed beyond the standard, and the score.
fn beyond(summary: &Summary, style: Style, out: &mut String) {
    if let Some(first) = summary.beyond.first() {
        let mut items: Vec<String> = summary
            .beyond
            .iter()
            .take(BLOCKERS)
            .map(|b| format!("{} {}", b.rule, grouped(b.objects)))
            .collect();
        if let Some(more) = summary.beyond.len().checked_sub(BLOCKERS).filter(|more| *more > 0) {
            items.push(format!("and {more} more"));
        }
        // The levels may leave open what the standard forbids.
        let open = rules::all().into_iter().filter(|rule| rule.level.is_some());
        let open: Vec<&str> = open.map(|rule| rule.id).collect();
        let of_standard = summary.beyond.iter().any(|beyond| open.contains(&beyond.rule));
        let what = if of_standard { "levels" } else { "standard" };
        columns(&format!("beyond the {what}"), &items, style, out);
        if summary.blockers.is_empty() {
            wrap(&format!("why, and what to write: seawall explain {}", first.rule), 0, 2, style.width, out);
        }
    }
    if !summary.not_evaluated.is_empty() {
        let rules: Vec<&str> = summary.not_evaluated.iter().map(|(rule, _)| *rule).collect();
        // Of a cluster not all kinds are read.
        let complete = match summary.namespaces {
            None => " (seawall scan --complete if the input is all there is)",
            Some(_) => "",
        };
        let text = format!("not evaluated for want of other objects: {}{complete}", rules.join(", "));
        wrap(&text, 0, 2, style.width, out);
    }
    let Some(score) = &summary.score else { return };
    let mut items = vec![format!("{} {}", score.mean, score.grade.as_str())];
    if let Some(lowest) = score.lowest.as_ref().filter(|_| summary.workloads() > 1) {
        let (object, file) = (lowest.object.to_string(), visible::text(&lowest.file));
        items.push(format!("lowest {}: {} at {file}:{}", lowest.score, visible::text(&object), lowest.line));
    }
    columns("score", &items, style, out);
}

/// Where to begin, where more workloads have findings than can be looked at at once.
fn worst(tally: &Tail, style: Style, out: &mut String) {
    let shown = tally.worst.len() as u64;
    if tally.ranked <= shown {
        return;
    }
    paint(out, style.colour, Role::Strong, "worst");
    let _ = writeln!(out, " {shown} of {} with findings", count(tally.ranked, "workload"));
    for Worst { rank, exposed, score, place } in &tally.worst {
        let mut why = Vec::new();
        why.extend(rank.host_level.then(|| "host-level".to_owned()));
        why.extend(exposed.then(|| "reached from outside".to_owned()));
        why.extend(score.map(|score| format!("score {score}")));
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
        wrap(&format!("{place}{why}"), 2, 4, style.width, out);
    }
}

/// How far fixes would lead.
fn fixes(tally: &Tail, style: Style, out: &mut String) {
    let by = ["safe fixes alone", "likely fixes", "fixes that a person decides on"];
    let said: Vec<String> = tally
        .fixable
        .iter()
        .zip(by)
        .filter(|(n, _)| **n > 0)
        .enumerate()
        .map(|(i, (n, by))| match i {
            0 => format!("{} would pass by {by}", count(*n, "workload")),
            _ => format!("{} more by {by}", grouped(*n)),
        })
        .collect();
    if !said.is_empty() {
        let command = match style.judged_by.trim_end() {
            "" => "seawall fix".to_owned(),
            // Between backticks it stays on one line.
            flags => format!("`seawall fix {flags}`"),
        };
        wrap(&format!("{}: {command}", said.join(", ")), 0, 2, style.width, out);
    }
}

/// A head, and items beside it, below each other where there is no room.
pub(super) fn columns(head: &str, items: &[String], style: Style, out: &mut String) {
    paint(out, style.colour, Role::Strong, head);
    let mut at = visible::text_width(head);
    let narrow = style.width < COLUMN + 20;
    let indent = if narrow { 2 } else { COLUMN };
    for (i, item) in items.iter().enumerate() {
        let gap = if i == 0 { indent.saturating_sub(at).max(3) } else { 3 };
        if at + gap + item.len() > style.width.max(40) || (i == 0 && narrow) {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            at = indent;
        } else {
            out.extend(std::iter::repeat_n(' ', gap));
            at += gap;
        }
        out.push_str(item);
        at += item.len();
    }
    out.push('\n');
}

/// What should be known besides, each kind of notice together.
pub(crate) fn notices(tally: &Tail, style: Style, out: &mut String) {
    for NoticeLine { indent, text, hint } in told(tally, style) {
        let line = hint.map_or(text.clone(), |hint| format!("{text}: {hint}"));
        wrap(&line, indent, indent + 2, style.width, out);
    }
}

/// The lines on all notices that are not left out.
pub(crate) fn told(tally: &Tail, style: Style) -> impl Iterator<Item = NoticeLine> {
    let told = tally.notices.iter().filter(move |counted| !style.hides_notice(counted.kind));
    told.flat_map(notice_lines)
}

/// A line on notices, visible.
pub(crate) struct NoticeLine {
    /// The columns that it is indented by.
    pub(crate) indent: usize,
    pub(crate) text: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

/// What is said of the notices of one kind.
fn notice_lines(counted: &Counted) -> Vec<NoticeLine> {
    let Counted { kind, count: n, first, more } = counted;
    let mut lines = Vec::new();
    let (is, was) = if *n == 1 { ("is", "was") } else { ("are", "were") };
    let summed = match kind {
        NoticeKind::Template if *n == 1 => {
            "1 file is an unrendered Helm template and was not judged".to_owned()
        }
        NoticeKind::Template => {
            format!("{} are unrendered Helm templates and were not judged", count(*n, "file"))
        }
        NoticeKind::Kustomization if *n == 1 => {
            "1 directory is a kustomization and was judged as written, not as it is deployed".to_owned()
        }
        NoticeKind::Kustomization => {
            let directories = grouped(*n);
            format!(
                "{directories} directories are kustomizations and were judged as written, not as they are deployed"
            )
        }
        NoticeKind::NotKubernetes => {
            format!("{} {is} not of Kubernetes and {was} not judged", count(*n, "document"))
        }
        NoticeKind::UnknownWorkload if *more => {
            format!("{} of unknown kinds may be workloads and {was} not judged", count(*n, "object"))
        }
        NoticeKind::NamespaceConflict if *more => {
            format!("{} {is} described more than once", count(*n, "namespace"))
        }
        NoticeKind::NamespaceLabels if *more => {
            format!("{} on the labels of namespaces", count(*n, "notice"))
        }
        NoticeKind::IgnoreUnused if *more => format!("{} pass over nothing", count(*n, "ignore")),
        NoticeKind::Expiring if *more => {
            format!("{} in use end within two weeks", count(*n, "ignore or exception"))
        }
        NoticeKind::ExceptionNotAllowed if *more => {
            format!("{} granted by exceptions are not allowed by a policy", count(*n, "rule"))
        }
        NoticeKind::NotSeen if *more => {
            format!("{} of the cluster were not seen and not judged", count(*n, "kind"))
        }
        NoticeKind::PodsDiffer if *more => {
            format!("{} of pods that came out in another way than their templates", count(*n, "group"))
        }
        NoticeKind::OwnerNotSeen if *more => {
            format!("{} were not seen; what they made is judged", count(*n, "owner"))
        }
        NoticeKind::FindingsLeftOut if *more => {
            format!(
                "{} {} more findings than are reported; all are counted",
                count(*n, "object"),
                if *n == 1 { "has" } else { "have" }
            )
        }
        NoticeKind::ContextConstraint if *more => {
            format!("{} on security context constraints", count(*n, "notice"))
        }
        NoticeKind::ExceptionUnused if *more => format!("{} let nothing pass", count(*n, "exception")),
        _ => String::new(),
    };
    if !summed.is_empty() {
        let mut hints = first.iter().filter_map(|(_, hint)| hint.as_deref());
        let mut hint = hints.next();
        // Several charts or kustomizations, or none that is known.
        let several = match kind {
            NoticeKind::Template => Some("helm template <chart> | seawall scan -"),
            NoticeKind::Kustomization => Some("kustomize build <directory> | seawall scan -"),
            _ => None,
        };
        if several.is_some() && (*more || hint.is_none() || hints.any(|h| Some(h) != hint)) {
            hint = several;
        }
        // Of what was read and is something else the number is enough.
        let unread = first.iter().any(|(_, hint)| hint.is_some());
        if *kind == NoticeKind::NotKubernetes && unread {
            lines.push(NoticeLine { indent: 0, text: summed, hint: None });
            for (message, hint) in first.iter().filter(|(_, hint)| hint.is_some()) {
                lines.push(NoticeLine { indent: 2, text: message.clone(), hint: hint.clone() });
            }
            if *more {
                lines.push(others());
            }
            return lines;
        }
        lines.push(NoticeLine { indent: 0, text: summed, hint: hint.map(str::to_owned) });
        let counted = [NoticeKind::Template, NoticeKind::Kustomization, NoticeKind::NotKubernetes];
        if !more || counted.contains(kind) {
            return lines;
        }
    }
    for (message, hint) in first {
        let indent = if *more { 2 } else { 0 };
        lines.push(NoticeLine { indent, text: message.clone(), hint: hint.clone() });
    }
    if *more {
        lines.push(others());
    }
    lines
}

fn others() -> NoticeLine {
    let hint = Some("seawall scan --format jsonl names them all".to_owned());
    NoticeLine { indent: 2, text: "and others".to_owned(), hint }
}

/// What could not be read, and what of the others was; `some` says whether anything was judged.
pub(super) fn errors(tally: &Tail, files: u64, errors: u64, some: bool, style: Style, out: &mut String) {
    let bad = tally.bad_files.len() as u64;
    if bad == 0 {
        return;
    }
    let read = tally.bad_files.iter().filter(|(_, read)| *read).count() as u64;
    let others = files.saturating_sub(read);
    let judged = match others {
        0 if some => {
            format!("seawall judged what else is in {}", if bad > 1 { "them" } else { "it" })
        }
        0 => "nothing else was read".to_owned(),
        n => format!("seawall judged the other {}", count(n, "file")),
    };
    let counts = match (bad, errors) {
        (1, 0 | 1) => "this one counts as an input error".to_owned(),
        (1, n) => format!("this one has {}", count(n, "input error")),
        (files, n) => format!("{} in {}", count(n.max(files), "input error"), count(files, "file")),
    };
    wrap(&format!("{judged}; {counts} (exit status 2)"), 0, 2, style.width, out);
}

/// What does not count, in brackets: ` (4 excepted, 3 suppressed)`; empty where there is nothing of the kind.
pub(crate) fn uncounted(summary: &Summary) -> String {
    let ignored = summary.suppressed.saturating_sub(summary.excepted);
    let all = [(summary.excepted, "excepted"), (ignored, "suppressed")];
    let all: Vec<String> =
        all.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", grouped(*n))).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

/// `1 file`, `1,904 files`.
pub(crate) fn count(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// A number with its thousands apart.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
