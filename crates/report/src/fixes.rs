//! What a person is to know of fixes: what is done, what could be done, and what is left to decide, line by line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_check::{FileFix, InputError, Open, Record};
use seawall_finding::{Answer, Safety};
use seawall_model::ObjectId;

use crate::text::{Role, count, grouped, paint, wrap};
use crate::{Style, text, visible};

/// Places that are named of one question.
const PLACES: usize = 8;

/// What becomes of findings by a run, as the end of its output tells it. What it keeps is bounded by the number of rules.
#[derive(Debug, Default)]
pub struct Fixes {
    files: u64,
    fixed: [u64; 3],
    open: BTreeMap<Left, Places>,
}

/// What findings that are left have in common; the most urgent first.
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
    /// Takes note of a file. `done` says whether what it fixes counts as fixed.
    pub fn add(&mut self, file: &str, fix: &FileFix, done: bool) {
        if done && fix.after.is_some() {
            self.files += 1;
            for fixed in &fix.fixed {
                self.fixed[fixed.safety as usize] += 1;
            }
        }
        for open in &fix.open {
            let places = self.open.entry(left(open)).or_default();
            places.count += 1;
            if places.first.len() < PLACES {
                places.first.push(place(file, open));
            }
        }
    }

    /// The findings that are fixed.
    pub fn fixed(&self) -> u64 {
        self.fixed.iter().sum()
    }

    /// The end of the output: what is left, by question, then the numbers.
    pub fn finish(&self, outcome: Outcome, style: Style) -> String {
        let mut text = String::new();
        let out = &mut text;
        if !style.quiet {
            self.left(style, out);
        }
        self.numbers(outcome, style, out);
        text
    }

    fn left(&self, style: Style, out: &mut String) {
        for (left, places) in &self.open {
            let n = places.count;
            let (word, role, about) = match left {
                Left::Refused(..) => ("not possible", Role::Error, String::new()),
                Left::Likely(..) => ("likely safe", Role::Warning, "--likely".to_owned()),
                Left::Unasked(rule) => ("not asked for", Role::Note, format!("--only {rule}")),
                Left::Decision(rule, _, answer) => {
                    ("a person decides", Role::Warning, format!("--decide {rule}={answer}"))
                }
                Left::Elsewhere(..) => ("not for the manifest", Role::Note, String::new()),
                Left::Chart(_) => ("rendered from a chart", Role::Note, "--output kustomize".to_owned()),
                Left::None(rule) => ("no automatic fix", Role::Note, format!("seawall explain {rule}")),
            };
            let (name, text) = match left {
                Left::Refused(rule, text)
                | Left::Likely(rule, text)
                | Left::Elsewhere(rule, text)
                | Left::Decision(rule, text, _) => (*rule, text.as_str()),
                Left::Unasked(rule) | Left::None(rule) => (*rule, ""),
                Left::Chart(file) => {
                    (file.as_str(), "set it by the chart's values, or patch what is rendered")
                }
            };
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
                let _ = writeln!(out, "    and {} more", grouped(n - places.first.len() as u64));
            }
        }
        if !self.open.is_empty() {
            out.push('\n');
        }
    }

    fn numbers(&self, outcome: Outcome, style: Style, out: &mut String) {
        let all = self.open.values().map(|p| p.count).sum::<u64>() + self.fixed();
        if all == 0 {
            out.push_str("nothing to fix\n");
            return;
        }
        let classes = |of: &[u64; 3]| -> String {
            let named = Safety::ALL.iter().zip(of).filter(|(_, n)| **n > 0);
            named
                .map(|(safety, n)| format!("{} {}", grouped(*n), class(*safety)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let head = match (outcome, self.fixed()) {
            (_, 0) => "no fix is chosen".to_owned(),
            (Outcome::Shown, n) => format!(
                "{} would change, {} fixed ({}): add --write",
                count(self.files, "file"),
                count(n, "finding"),
                classes(&self.fixed)
            ),
            (Outcome::Written, n) => format!(
                "{} changed, {} fixed ({})",
                count(self.files, "file"),
                count(n, "finding"),
                classes(&self.fixed)
            ),
            (Outcome::Patched, n) => {
                format!(
                    "patches for {}: {} fixed ({})",
                    count(self.files, "file"),
                    count(n, "finding"),
                    classes(&self.fixed)
                )
            }
        };
        let mut open: BTreeMap<u8, (u64, &str)> = BTreeMap::new();
        for (left, places) in &self.open {
            let (order, name) = match left {
                Left::Likely(..) => (0, "likely safe (--likely)"),
                Left::Decision(..) => (1, "to decide (--decide)"),
                Left::Unasked(..) => (2, "not asked for"),
                Left::Refused(..) => (3, "not possible"),
                Left::Elsewhere(..) => (4, "not for the manifest"),
                Left::Chart(..) => (5, "in charts"),
                Left::None(..) => (6, "without a fix"),
            };
            open.entry(order).or_insert((0, name)).0 += places.count;
        }
        let open: Vec<String> = open.values().map(|(n, name)| format!("{} {name}", grouped(*n))).collect();
        let text = if open.is_empty() { head } else { format!("{head}; left: {}", open.join(", ")) };
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
            (Safety::Likely, _) => Left::Likely(rule, fix.note.clone()),
            (_, Some(Answer::Elsewhere)) => Left::Elsewhere(rule, fix.note.clone()),
            (_, Some(answer)) => Left::Decision(rule, fix.note.clone(), answer_shown(answer)),
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

/// Errors of inputs as in every report.
pub fn errors(errors: &[InputError], style: Style) -> String {
    let records: Vec<Record> = errors.iter().cloned().map(Record::Error).collect();
    text::render(&records, style).0
}
