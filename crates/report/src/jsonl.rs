//! One JSON object a line: the machine contract, described by `schemas/scan-v1.schema.json`.

use std::fmt::Write as _;

use seawall_check::{
    Evaluation, InputError, LevelSource, Located, Mark, Mode, Notice, ObjectReport, Record, Region, Summary,
    Workload,
};
use seawall_finding::redact;
use seawall_model::{Level, ObjectId};

use crate::SCHEMA;

/// Adds a record's line.
pub(crate) fn record(record: &Record, out: &mut String) {
    let mut json = Json::line(out);
    match record {
        Record::Workload(workload) => of_workload(workload, &mut json),
        Record::Object(object) => of_object(object, &mut json),
        Record::Error(error) => of_error(error, &mut json),
        Record::Notice(notice) => of_notice(notice, &mut json),
    }
    json.end_line();
}

/// Adds the summary's line.
pub(crate) fn summary(summary: &Summary, out: &mut String) {
    let mut json = Json::line(out);
    json.text("type", "summary");
    json.number("files", summary.files);
    json.number("documents", summary.documents);
    json.number("objects", summary.objects);
    json.number("workloads", summary.workloads());
    json.open("byLevel", '{');
    for (level, count) in Level::ALL.into_iter().zip(summary.by_level) {
        json.number(level.as_str(), count);
    }
    json.close('}');
    json.number("refused", summary.refused);
    json.number("failing", summary.failing);
    json.number("warned", summary.warned);
    json.number("findings", summary.findings);
    json.number("errors", summary.errors);
    json.number("notices", summary.notices);
    json.optional("target", summary.target.map(Level::as_str));
    json.open("blockers", '[');
    for blocker in &summary.blockers {
        json.item('{');
        json.text("name", blocker.name);
        json.number("workloads", blocker.workloads);
        json.close('}');
    }
    json.close(']');
    json.display("kubernetes", format_args!("v1.{}", summary.kubernetes));
    json.number("exit", summary.exit.into());
    json.end_line();
}

fn of_workload(w: &Workload, json: &mut Json<'_>) {
    json.text("type", "workload");
    head(&w.origin.file, w.document, &w.object, w.region, w.chart_source.as_deref(), json);
    if w.template.0.is_empty() {
        json.optional("template", None);
    } else {
        json.display("template", format_args!("{}", w.template));
    }
    json.boolean("custom", w.custom);
    json.optional("refused", w.refused.as_deref());
    json.open("evaluations", '[');
    for evaluation in &w.evaluations {
        of_evaluation(evaluation, json);
    }
    json.close(']');
    match &w.levels_from {
        LevelSource::Namespace => json.text("levelsFrom", "namespace"),
        LevelSource::Config(pattern) => json.display("levelsFrom", format_args!("config:{pattern}")),
        LevelSource::Flag => json.text("levelsFrom", "flag"),
    }
    json.optional("strictest", w.strictest.map(Level::as_str));
    findings(&w.origin.file, &w.findings, json);
}

fn of_object(object: &ObjectReport, json: &mut Json<'_>) {
    json.text("type", "object");
    let chart = object.chart_source.as_deref();
    head(&object.origin.file, object.document, &object.object, object.region, chart, json);
    json.optional("refused", object.refused.as_deref());
    findings(&object.origin.file, &object.findings, json);
}

fn head(
    file: &str,
    document: u32,
    object: &ObjectId,
    region: Region,
    chart: Option<&str>,
    json: &mut Json<'_>,
) {
    json.text("file", file);
    json.number("document", document.into());
    json.open("object", '{');
    json.text("apiVersion", &object.api_version);
    json.text("kind", &object.kind);
    json.text("namespace", &object.namespace);
    json.text("name", &object.name);
    json.close('}');
    json.number("line", region.line.into());
    json.number("column", region.column.into());
    if let Some(chart) = chart {
        json.text("chartSource", chart);
    }
}

/// The reference's sentences pass unchanged: they are the contract, and name no values that are secret.
fn of_evaluation(evaluation: &Evaluation, json: &mut Json<'_>) {
    json.item('{');
    json.text("subject", evaluation.subject.as_str());
    json.text("level", evaluation.level.as_str());
    json.display("version", format_args!("{}", evaluation.version));
    json.display("evaluatedAs", format_args!("v1.{}", evaluation.evaluated_as));
    modes(&evaluation.modes, json);
    json.boolean("allowed", evaluation.allowed);
    json.text("forbiddenReason", &evaluation.forbidden_reason);
    json.text("forbiddenDetail", &evaluation.forbidden_detail);
    json.close('}');
}

fn modes(modes: &[Mode], json: &mut Json<'_>) {
    json.open("modes", '[');
    for mode in modes {
        json.text_item(mode.as_str());
    }
    json.close(']');
}

fn findings(file: &str, findings: &[Located], json: &mut Json<'_>) {
    json.open("findings", '[');
    for located in findings {
        of_finding(file, located, json);
    }
    json.close(']');
}

fn of_finding(file: &str, located: &Located, json: &mut Json<'_>) {
    let finding = &located.finding;
    json.item('{');
    json.text("rule", finding.rule.id);
    if !finding.rule.aliases.is_empty() {
        json.open("aliases", '[');
        for alias in finding.rule.aliases {
            json.text_item(alias);
        }
        json.close(']');
    }
    json.text("severity", finding.severity.as_str());
    json.text("message", &redact(&finding.message));
    if !finding.advice.is_empty() {
        json.text("advice", &redact(&finding.advice));
    }
    json.optional("container", finding.container.as_deref());
    json.display("path", format_args!("{}", finding.primary.path));
    json.text("file", file);
    mark(&located.primary, json);
    modes(&located.modes, json);
    json.open("related", '[');
    for (i, related) in located.related.iter().enumerate() {
        json.item('{');
        if let Some(locus) = finding.related.get(i) {
            json.display("path", format_args!("{}", locus.path));
        }
        json.text("file", file);
        mark(related, json);
        json.close('}');
    }
    json.close(']');
    json.close('}');
}

fn mark(mark: &Mark, json: &mut Json<'_>) {
    region(mark.region, json);
    if !mark.label.is_empty() {
        json.text("label", &redact(&mark.label));
    }
}

fn region(region: Region, json: &mut Json<'_>) {
    json.number("line", region.line.into());
    json.number("column", region.column.into());
    json.number("endLine", region.end_line.into());
    json.number("endColumn", region.end_column.into());
}

fn of_error(error: &InputError, json: &mut Json<'_>) {
    json.text("type", "error");
    json.text("file", &error.file);
    if let Some(at) = error.region {
        region(at, json);
    }
    json.text("message", &redact(&error.message));
    json.optional("hint", error.hint.as_deref().map(redact).as_deref());
}

fn of_notice(notice: &Notice, json: &mut Json<'_>) {
    json.text("type", "notice");
    json.text("kind", notice.kind.as_str());
    json.optional("file", notice.file.as_deref());
    if let Some(at) = notice.region {
        region(at, json);
    }
    json.text("message", &redact(&notice.message));
    json.optional("hint", notice.hint.as_deref().map(redact).as_deref());
}

/// Writes JSON into a string; keys come in the order of the calls.
struct Json<'o> {
    out: &'o mut String,
    /// Whether a comma is due before the next key or item.
    comma: bool,
}

impl<'o> Json<'o> {
    /// Begins a line's object with the schema's number.
    fn line(out: &'o mut String) -> Self {
        let _ = write!(out, "{{\"schema\":{SCHEMA}");
        Self { out, comma: true }
    }

    fn end_line(&mut self) {
        self.out.push_str("}\n");
    }

    fn separate(&mut self) {
        if std::mem::replace(&mut self.comma, true) {
            self.out.push(',');
        }
    }

    /// Keys are our own words and need no escapes.
    fn key(&mut self, key: &str) {
        self.separate();
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        quote(text, self.out);
    }

    fn optional(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => {
                self.key(key);
                self.out.push_str("null");
            }
        }
    }

    fn display(&mut self, key: &str, text: std::fmt::Arguments<'_>) {
        self.key(key);
        self.out.push('"');
        let _ = Escaped(self.out).write_fmt(text);
        self.out.push('"');
    }

    fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        let _ = write!(self.out, "{number}");
    }

    fn boolean(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.push_str(if value { "true" } else { "false" });
    }

    fn open(&mut self, key: &str, bracket: char) {
        self.key(key);
        self.out.push(bracket);
        self.comma = false;
    }

    fn item(&mut self, bracket: char) {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
    }

    fn text_item(&mut self, text: &str) {
        self.separate();
        quote(text, self.out);
    }

    fn close(&mut self, bracket: char) {
        self.out.push(bracket);
        self.comma = true;
    }
}

/// Adds a JSON string.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    escape(text, out);
    out.push('"');
}

/// Escapes what JSON asks for, and what terminals and JavaScript take for more than text.
fn escape(text: &str, out: &mut String) {
    let plain = |b: u8| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
}

/// Escapes what is formatted into it.
struct Escaped<'o>(&'o mut String);

impl std::fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        escape(text, self.0);
        Ok(())
    }
}
