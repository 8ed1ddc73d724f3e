//! Random hostile records in every format: each output is read by a parser and holds exactly what was put in.

mod expected;
mod markdown;
mod random;
mod runner;

use std::collections::BTreeSet;
use std::sync::Arc;

use expected::{Entry, entries, path, shown, told, uri};
use random::Random;
use seawall_check::{InputError, Mode, Notice, Record, Summary};
use seawall_finding::redact;
use seawall_report::{Bar, Format, Renderer, Report, Style};
use serde_json::Value;

const ROUNDS: u64 = 400;

/// The report on some records, in two parts.
fn report(records: &[Record], format: Format) -> String {
    let style = Style {
        colour: false,
        width: 100,
        exact: false,
        quiet: false,
        bar: Bar::ENFORCE,
        suppressed: true,
        judged_by: "",
    };
    let renderer = Renderer::new(format, style, Arc::default());
    let (mut report, mut out) = (Report::new(renderer.clone()), Vec::new());
    let (first, second) = records.split_at(records.len() / 2);
    for part in [first, second] {
        report.add(renderer.render(part), &mut out).unwrap();
    }
    report.finish(&Summary { kubernetes: 37, ..Summary::default() }, None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Calls `check` with many random records and the report on them.
fn each(format: Format, check: impl Fn(&[Record], &str)) {
    for seed in 0..ROUNDS {
        let records = Random::new(seed).records();
        let text = report(&records, format);
        let hidden = text.chars().find(|c| *c != '\n' && shown(&c.to_string()) != c.to_string());
        assert_eq!(hidden, None, "{format:?} {seed}: {text}");
        check(&records, &text);
    }
}

/// Whether the API server would refuse the object for something that counts.
fn is_refused(record: &Record) -> bool {
    match record {
        Record::Workload(workload) => workload.refused.is_some() && workload.open.contains(&true),
        Record::Object(object) => object.is_open(),
        Record::Error(_) | Record::Notice(_) => false,
    }
}

fn errors(records: &[Record]) -> impl Iterator<Item = &InputError> {
    records.iter().filter_map(|record| match record {
        Record::Error(error) => Some(error),
        _ => None,
    })
}

fn notices(records: &[Record]) -> impl Iterator<Item = &Notice> {
    records.iter().filter_map(|record| match record {
        Record::Notice(notice) => Some(notice),
        _ => None,
    })
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// That a JSON record says what a record does.
fn same_record(value: &Value, record: &Record) {
    let (file, object, findings) = match record {
        Record::Workload(w) => (&w.origin.file, &w.object, &w.findings),
        Record::Object(o) => (&o.origin.file, &o.object, &o.findings),
        Record::Error(e) => {
            assert_eq!(value["file"], *e.file);
            assert_eq!(value["message"], *redact(&e.message));
            return assert_eq!(value["hint"].as_str(), e.hint.as_deref().map(redact).as_deref());
        }
        Record::Notice(n) => {
            assert_eq!(value["file"].as_str(), n.file.as_deref());
            return assert_eq!(value["message"], *redact(&n.message));
        }
    };
    assert_eq!(value["file"], **file);
    assert_eq!(value["object"]["apiVersion"], object.api_version);
    assert_eq!(value["object"]["kind"], object.kind);
    assert_eq!(value["object"]["namespace"], object.namespace);
    assert_eq!(value["object"]["name"], object.name);
    assert_eq!(value["findings"].as_array().unwrap().len(), findings.len());
    for (value, located) in value["findings"].as_array().unwrap().iter().zip(findings) {
        let finding = &located.finding;
        assert_eq!(value["rule"], finding.rule.id);
        assert_eq!(value["container"].as_str(), finding.container.as_deref());
        assert_eq!(value["path"], *redact(&finding.primary.path.to_string()));
        assert_eq!(value["message"], *redact(&finding.message));
        assert_eq!(value["advice"], *redact(&finding.advice));
        assert_eq!(value["label"], *redact(&located.primary.label));
        assert_eq!(value["suppressed"].is_object(), located.suppressed.is_some());
    }
}

#[test]
fn jsonl() {
    each(Format::Jsonl, |records, text| {
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), records.len() + 1);
        lines.iter().zip(records).for_each(|(line, record)| same_record(&json(line), record));
    });
}

#[test]
fn json_documents() {
    each(Format::Json, |records, text| {
        let document = json(text);
        let values = document["records"].as_array().unwrap();
        assert_eq!(values.len(), records.len());
        values.iter().zip(records).for_each(|(value, record)| same_record(value, record));
    });
}

/// A message as plain text of SARIF: no links, no placeholders.
fn plain(text: &str) -> String {
    let text = told(text).replace("](", "] (");
    let mut out = String::new();
    let mut parts = text.split('{');
    out.push_str(parts.next().unwrap());
    for part in parts {
        let digits =
            part.split_once('}').filter(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        out += &digits.map_or_else(|| format!("{{{part}"), |(n, rest)| format!("{{{{{n}}}}}{rest}"));
    }
    out
}

#[test]
fn sarif() {
    each(Format::Sarif, |records, text| {
        let document = json(text);
        let runs = document["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 1);
        let (results, all) = (runs[0]["results"].as_array().unwrap(), entries(records));
        assert_eq!(results.len(), all.len(), "{text}");
        let mut fingerprints = BTreeSet::new();
        for (result, entry) in results.iter().zip(&all) {
            assert_eq!(result["ruleId"], entry.rule);
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(runs[0]["tool"]["driver"]["rules"][index]["id"], entry.rule);
            assert_eq!(result["level"], entry.word);
            let mut message = plain(entry.message);
            if !entry.advice().is_empty() {
                message.push('\n');
                message += &plain(entry.advice());
            }
            assert_eq!(result["message"]["text"], message);
            let location = &result["locations"][0];
            assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], uri(entry.file));
            assert_eq!(location["physicalLocation"]["region"]["startLine"], entry.region.line);
            assert_eq!(location["logicalLocations"][0]["name"], entry.key());
            assert_eq!(location["logicalLocations"][1]["name"].as_str(), entry.container());
            let path = entry.located.map(|l| redact(&l.finding.primary.path.to_string()).into_owned());
            assert_eq!(result["properties"]["path"].as_str(), path.as_deref());
            let suppressions = result["suppressions"].as_array().unwrap();
            let suppressed = suppressions
                .first()
                .map(|s| (s["kind"].as_str().unwrap(), s["justification"].as_str().unwrap().to_owned()));
            assert_eq!(suppressed, entry.sarif_suppression());
            let related = entry.located.map_or(0, |l| l.related.len());
            assert_eq!(result["relatedLocations"].as_array().map_or(0, Vec::len), related);
            let fingerprint = &result["partialFingerprints"]["primaryLocationLineHash"];
            assert!(fingerprints.insert(fingerprint.as_str().unwrap().to_owned()), "{fingerprint}: {text}");
        }
        let notes = runs[0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
        let with_hint = |message: &str, hint: Option<&str>| match hint.filter(|hint| !hint.is_empty()) {
            Some(hint) => format!("{}\n{}", plain(message), plain(hint)),
            None => plain(message),
        };
        let wanted: Vec<String> = errors(records)
            .map(|e| with_hint(&e.message, e.hint.as_deref()))
            .chain(notices(records).map(|n| with_hint(&n.message, n.hint.as_deref())))
            .collect();
        let told: Vec<&str> = notes.iter().map(|n| n["message"]["text"].as_str().unwrap()).collect();
        assert_eq!(told, wanted);
    });
}

#[test]
fn junit() {
    each(Format::Junit, |records, text| {
        let document = roxmltree::Document::parse(text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let named = |name: &'static str| document.descendants().filter(move |n| n.has_tag_name(name));
        let suites = records.iter().filter(|r| !matches!(r, Record::Notice(_))).count();
        assert_eq!(named("testsuite").count(), suites);
        let errors: Vec<&InputError> = errors(records).collect();
        assert_eq!(named("error").count(), errors.len());
        for (node, error) in named("error").zip(errors) {
            assert_eq!(node.attribute("message"), Some(told(&error.message).as_str()));
            let suite = node.ancestors().nth(2).unwrap();
            assert_eq!(suite.attribute("file"), Some(shown(&path(&error.file)).as_str()));
        }
        let all = entries(records);
        let found: Vec<_> = document
            .descendants()
            .filter(|n| n.has_tag_name("failure") || n.has_tag_name("skipped"))
            .collect();
        assert_eq!(found.len(), all.len());
        for (node, entry) in found.iter().zip(&all) {
            assert_eq!(node.attribute("message"), Some(told(entry.message).as_str()));
            // What is beyond the standard fails no run that enforces the standard alone.
            let is_advice = entry.located.is_some_and(|l| l.is_beyond() && !l.modes.contains(Mode::Enforce))
                && !is_refused(&records[entry.record]);
            let (tag, kind) = match entry.suppressed() {
                Some(_) => ("skipped", "suppressed"),
                None if is_advice => ("skipped", entry.word),
                None => ("failure", entry.word),
            };
            assert!(node.has_tag_name(tag) && node.attribute("type") == Some(kind));
            let container = entry.container().map(|c| format!(", container {c}")).unwrap_or_default();
            let case = node.parent().unwrap();
            assert_eq!(case.attribute("name"), Some(shown(&format!("{}{container}", entry.rule)).as_str()));
            assert_eq!(case.attribute("classname"), Some(shown(&entry.object.to_string()).as_str()));
            let file = path(entry.file);
            let mut lines = vec![shown(&format!("{file}:{}:{}", entry.region.line, entry.region.column))];
            lines.extend(entry.located.map(|l| shown(&redact(&l.finding.primary.path.to_string()))));
            let more = if entry.suppressed().is_some() { entry.why() } else { told(entry.advice()) };
            lines.extend(Some(more).filter(|more| !more.is_empty()));
            assert_eq!(node.text(), Some(lines.join("\n").as_str()));
        }
        for suite in named("testsuite") {
            let count = |name| suite.descendants().filter(|n| n.has_tag_name(name)).count().to_string();
            assert_eq!(suite.attribute("tests"), Some(count("testcase").as_str()));
            assert_eq!(suite.attribute("failures"), Some(count("failure").as_str()));
            assert_eq!(suite.attribute("skipped"), Some(count("skipped").as_str()));
        }
    });
}

#[test]
fn github() {
    each(Format::Github, |records, text| {
        let all = entries(records);
        let counted: Vec<&Entry<'_>> = all.iter().filter(|e| e.suppressed().is_none()).collect();
        let others = errors(records).count() + notices(records).count();
        assert_eq!(text.lines().count(), counted.len() + others, "{text}");
        let commands: Vec<_> =
            text.lines().map(|l| runner::parse(l).unwrap_or_else(|| panic!("no command: {l}"))).collect();
        let site = |c: &&runner::Command| c.properties["title"].contains(':');
        assert_eq!(commands.iter().filter(site).count(), counted.len(), "{text}");
        for (command, entry) in commands.iter().filter(site).zip(&counted) {
            let name = if entry.word == "note" { "notice" } else { entry.word };
            assert_eq!(command.name, name);
            // The runner trims what follows the last property.
            let title = format!("{}: {}", entry.rule, entry.site());
            assert_eq!(command.properties["title"], title.trim_end());
            assert_eq!(command.properties["file"], shown(&path(entry.file)));
            assert_eq!(command.properties["line"], entry.region.line.to_string());
            let mut message = told(entry.message);
            if !message.is_empty() && !entry.advice().is_empty() {
                message.push('\n');
            }
            assert_eq!(command.data, message + &told(entry.advice()));
        }
    });
}

#[test]
fn gitlab() {
    each(Format::Gitlab, |records, text| {
        let document = json(text);
        let all = entries(records);
        let counted: Vec<&Entry<'_>> = all.iter().filter(|e| e.suppressed().is_none()).collect();
        let values = document.as_array().unwrap();
        assert_eq!(values.len(), counted.len() + errors(records).count());
        let of = |input: bool| values.iter().filter(move |v| (v["check_name"] == "input") == input);
        for (value, entry) in of(false).zip(counted) {
            assert_eq!(value["check_name"], entry.rule);
            assert_eq!(value["description"], format!("{} [{}]", told(entry.message), entry.site()));
            assert_eq!(value["location"]["path"], path(entry.file));
            assert_eq!(value["location"]["lines"]["begin"], entry.region.line);
        }
        for (value, error) in of(true).zip(errors(records)) {
            assert_eq!(value["description"], told(&error.message));
            assert_eq!(
                (&value["location"]["path"], &value["severity"]),
                (&path(&error.file).into(), &"blocker".into())
            );
        }
        let fingerprints: BTreeSet<&str> =
            values.iter().map(|v| v["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(fingerprints.len(), values.len(), "{text}");
    });
}

#[test]
fn concise() {
    each(Format::Concise, |records, text| {
        let all = entries(records);
        let others = errors(records).count() + notices(records).count();
        assert_eq!(text.lines().count(), all.len() + others);
        let ours: Vec<&str> = text.lines().filter(|l| l.ends_with(']')).collect();
        for entry in &all {
            let word = if entry.suppressed().is_some() { "suppressed" } else { entry.word };
            let why = Some(entry.why()).filter(|w| !w.is_empty()).map(|w| format!(" ({w})"));
            let line = format!(
                "{}:{}:{}: {word} {}: {}{} [{}]",
                shown(entry.file),
                entry.region.line,
                entry.region.column,
                entry.rule,
                told(entry.message),
                why.unwrap_or_default(),
                entry.site()
            );
            assert!(ours.contains(&line.as_str()), "{line}\n{text}");
        }
    });
}

/// Text has no parser but people: nothing hidden is in it, and nothing begins a line that looks like its own.
#[test]
fn text() {
    each(Format::Text, |records, text| {
        let heads = text.lines().filter(|l| l.starts_with("error: ")).count();
        assert_eq!(heads, errors(records).count(), "{text}");
    });
}

#[test]
fn comments() {
    each(Format::Markdown, |records, text| {
        assert!(text.len() <= 60_000, "{}", text.len());
        markdown::check(&entries(records), errors(records).count(), text);
    });
}
