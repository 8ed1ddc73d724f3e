//! What a person is to know of fixes: what is done, what could be done, and what is left to decide, line by line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_check::{FileFix, Open, Record};
use seawall_finding::{Answer, Rule, Safety};
use seawall_model::ObjectId;

use crate::text::{Role, Tail, count, grouped, notices, paint, wrap};
use crate::{Style, text, visible};

/// Places that are named of one question.
const PLACES: usize = 8;

/// What becomes of findings by a run, as the end of its output tells it.
#[derive(Debug, Default)]
pub struct Fixes {
    files: u64,
    /// Files that were to be changed and are not.
    unchanged: u64,
    /// Inputs that could not be read.
    unread: u64,
    fixed: [u64; 3],
    open: BTreeMap<Left, Places>,
    tail: Tail,
}

/// What findings that are left have in common, in the order in which they are told.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    /// A fix that could not be made, by rule and reason.
    Refused(&'static str, String),
    /// A fix that is not asked for: may break a few. By rule and note.
    Likely(&'static str, String),
    /// A fix that is not asked for otherwise, by rule.
    Unasked(&'static str),
    /// A question, by rule, question and what `--decide` takes.
    Decision(&'static str, String, &'static str),
    /// In what others add to pods, by rule and who.
    Elsewhere(&'static str, String),
    /// In objects of charts, by the chart's file.
    Chart(String),
    /// Without a fix, by rule.
    None(&'static str),
}

impl Left {
    /// What is said of it, how that is painted, and what it is called in the numbers.
    fn words(&self) -> (&'static str, Role, &'static str) {
        match self {
            Self::Refused(..) => ("not possible", Role::Error, "not possible"),
            Self::Likely(..) => ("likely safe", Role::Warning, "likely safe (--likely)"),
            Self::Unasked(_) => ("not asked for", Role::Note, "not asked for"),
            Self::Decision(..) => ("a person decides", Role::Warning, "to decide (--decide)"),
            Self::Elsewhere(..) => ("not for the manifest", Role::Note, "not for the manifest"),
            Self::Chart(_) => ("rendered from a chart", Role::Note, "in charts"),
            Self::None(_) => ("no automatic fix", Role::Note, "without a fix"),
        }
    }

    /// What it is about, the option or command to go on with, and more to know.
    fn about(&self) -> (&str, String, &str) {
        match self {
            Self::Refused(rule, text) | Self::Elsewhere(rule, text) => (rule, String::new(), text),
            Self::Likely(rule, text) => (rule, "--likely".to_owned(), text),
            Self::Unasked(rule) => (rule, format!("--only {rule}"), ""),
            Self::Decision(rule, text, answer) => (rule, format!("--decide {rule}={answer}"), text),
            Self::Chart(file) => {
                let text = "set it by the chart's values, or patch what is rendered";
                (file, "--output kustomize".to_owned(), text)
            }
            Self::None(rule) => (rule, format!("seawall explain {rule}"), ""),
        }
    }
}

/// Where findings are; the first few by name.
#[derive(Debug, Default)]
struct Places {
    count: u64,
    first: Vec<String>,
}

/// How a run goes on with what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Only shown.
    Shown,
    /// Written to files.
    Written,
    /// Given out as patches.
    Patched,
}

impl Fixes {
    /// Takes note of a file. `done` says whether what it fixes counts as fixed, `asked` of which rules findings are told that are
    /// left.
    pub fn add(&mut self, file: &str, fix: &FileFix, done: bool, asked: impl Fn(&Rule) -> bool) {
        if fix.fault.is_some() || (!done && fix.after.is_some()) {
            self.unchanged += 1;
        } else if done && fix.after.is_some() {
            self.files += 1;
            for fixed in &fix.fixed {
                self.fixed[fixed.safety as usize] += 1;
            }
        }
        for open in fix.open.iter().filter(|open| asked(open.located.finding.rule)) {
            let places = self.open.entry(left(open)).or_default();
            places.count += 1;
            if places.first.len() < PLACES {
                places.first.push(place(file, open));
            }
        }
    }

    /// Takes note of what is said besides findings, and gives what of it is to be printed at once: errors.
    pub fn say(&mut self, records: &[Record], style: Style) -> String {
        let (text, tail) = text::render(records, style);
        self.tail.merge(tail);
        self.unread += records.iter().filter(|record| matches!(record, Record::Error(_))).count() as u64;
        text
    }

    /// The findings that are fixed.
    pub fn fixed(&self) -> u64 {
        self.fixed.iter().sum()
    }

    /// What is said where a run was ended before its end.
    pub fn interrupted(&self) -> String {
        let are = if self.files == 1 { "is" } else { "are" };
        format!("interrupted: {} {are} changed, the others are as they were", count(self.files, "file"))
    }

    /// The end of the output: what is left, by question, then the numbers.
    pub fn finish(&self, outcome: Outcome, style: Style) -> String {
        let mut text = String::new();
        let out = &mut text;
        if !style.quiet {
            self.left(style, out);
            notices(&self.tail, style, out);
        }
        self.numbers(outcome, style, out);
        text
    }

    fn left(&self, style: Style, out: &mut String) {
        for (left, places) in &self.open {
            let n = places.count;
            let ((word, role, _), (name, about, text)) = (left.words(), left.about());
            paint(out, style.colour, role, word);
            let _ = write!(out, ": {}", visible::text(name));
            if !about.is_empty() {
                let _ = write!(out, " ({about})");
            }
            out.push('\n');
            if !text.is_empty() {
                wrap(&visible::text(text), 2, 2, style.width, out);
            }
            for place in &places.first {
                let _ = writeln!(out, "    {place}");
            }
            if n > places.first.len() as u64 {
                let more = grouped(n - places.first.len() as u64);
                let _ = writeln!(
                    out,
                    "    and {more} more: seawall scan {}--format concise names them all",
                    style.judged_by
                );
            }
        }
        if !self.open.is_empty() {
            out.push('\n');
        }
    }

    fn numbers(&self, outcome: Outcome, style: Style, out: &mut String) {
        let all = self.open.values().map(|p| p.count).sum::<u64>() + self.fixed();
        if all == 0 && self.unchanged == 0 {
            let nothing =
                if self.unread == 0 { "nothing to fix" } else { "nothing to fix in what could be read" };
            let _ = writeln!(out, "{nothing}");
            return;
        }
        let classes = Safety::ALL.iter().zip(self.fixed).filter(|(_, n)| *n > 0);
        let classes: Vec<String> =
            classes.map(|(safety, n)| format!("{} {}", grouped(n), class(*safety))).collect();
        let files = count(self.files, "file");
        let fixed = format!("{} fixed ({})", count(self.fixed(), "finding"), classes.join(", "));
        let mut text = match outcome {
            _ if self.fixed() == 0 && self.unchanged > 0 => "no file is changed".to_owned(),
            _ if self.fixed() == 0 => "no fix is chosen".to_owned(),
            Outcome::Shown => format!("{files} would change, {fixed}: add --write"),
            Outcome::Written => format!("{files} changed, {fixed}"),
            Outcome::Patched => format!("patches for {files}: {fixed}"),
        };
        let mut left: Vec<(&str, u64)> = Vec::new();
        for (what, places) in &self.open {
            let (.., name) = what.words();
            match left.last_mut().filter(|(last, _)| *last == name) {
                Some((_, n)) => *n += places.count,
                None => left.push((name, places.count)),
            }
        }
        if !left.is_empty() {
            let left: Vec<String> = left.iter().map(|(name, n)| format!("{} {name}", grouped(*n))).collect();
            text = format!("{text}; left: {}", left.join(", "));
        }
        wrap(&text, 0, 2, style.width, out);
    }
}

/// The class as a word in the numbers.
fn class(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "safe",
        Safety::Likely => "likely",
        Safety::Decision => "decided",
    }
}

fn left(open: &Open) -> Left {
    let rule = open.located.finding.rule.id;
    match (&open.refused, &open.chart, &open.located.fix) {
        (Some(reason), _, _) => Left::Refused(rule, reason.clone()),
        (None, Some(chart), Some(_)) => Left::Chart(chart.clone()),
        (None, _, None) => Left::None(rule),
        (None, None, Some(fix)) => match (fix.safety, fix.answer) {
            (Safety::Likely, _) => Left::Likely(rule, fix.note.to_string()),
            (_, Some(Answer::Elsewhere)) => Left::Elsewhere(rule, fix.note.to_string()),
            (_, Some(answer)) => Left::Decision(rule, fix.note.to_string(), answer_shown(answer)),
            (_, None) => Left::Unasked(rule),
        },
    }
}

/// What stands behind `--decide RULE=`.
pub fn answer_shown(answer: Answer) -> &'static str {
    match answer {
        Answer::Text(text) => text,
        Answer::User => "UID",
        Answer::Elsewhere => "",
    }
}

/// `deploy/web.yaml:14:9  Deployment shop/web, container "app"`
fn place(file: &str, open: &Open) -> String {
    let region = open.located.primary.region;
    format!(
        "{}:{}:{}  {}",
        visible::text(file),
        region.line,
        region.column,
        whose(&open.object, open.located.finding.container.as_deref())
    )
}

/// `Deployment shop/web, container "app"`
pub fn whose(object: &ObjectId, container: Option<&str>) -> String {
    let object = object.to_string();
    let object = visible::text(&object);
    match container {
        Some(name) => format!("{object}, container \"{}\"", visible::text(name)),
        None => object.into_owned(),
    }
}
