//! What every format has to say of some records, worked out from the records alone.

use std::fmt::Write as _;

use seawall_check::{Located, Mode, Record, Region, Suppression, object_key};
use seawall_finding::{IgnoreSource, Severity, redact};
use seawall_model::ObjectId;

/// One finding, or a refusal that no finding explains.
pub(crate) struct Entry<'r> {
    pub(crate) rule: &'static str,
    /// `error`, `warning` or `note`.
    pub(crate) word: &'static str,
    pub(crate) file: &'r str,
    pub(crate) object: &'r ObjectId,
    pub(crate) region: Region,
    pub(crate) message: &'r str,
    pub(crate) located: Option<&'r Located>,
    /// The record that it belongs to.
    pub(crate) record: usize,
}

impl<'r> Entry<'r> {
    pub(crate) fn container(&self) -> Option<&'r str> {
        self.located.and_then(|l| l.finding.container.as_deref())
    }

    pub(crate) fn advice(&self) -> &'r str {
        self.located.map_or("", |l| &*l.finding.advice)
    }

    pub(crate) fn suppressed(&self) -> Option<&'r Suppression> {
        self.located.and_then(|l| l.suppressed.as_ref())
    }

    pub(crate) fn key(&self) -> String {
        object_key(self.object)
    }

    /// `Deployment shop/web, container app`
    pub(crate) fn site(&self) -> String {
        let container = self.container().map(|c| format!(", container {c}")).unwrap_or_default();
        shown(&format!("{}{container}", self.object))
    }

    /// `Error in file:line: reason`
    pub(crate) fn why(&self) -> String {
        let why = match self.suppressed() {
            None => return String::new(),
            Some(Suppression::Ignored(ignore)) => {
                let line = ignore.region.map(|r| format!(":{}", r.line)).unwrap_or_default();
                format!("{} in {}{line}: {}", ignore.source.as_str(), ignore.file, ignore.reason)
            }
            Some(Suppression::Excepted(exception)) => {
                format!("exception {}: {}", exception.name, exception.reason)
            }
        };
        told(&why)
    }

    /// The kind of the suppression in SARIF, and its reason.
    pub(crate) fn sarif_suppression(&self) -> Option<(&'static str, String)> {
        let (kind, reason) = match self.suppressed()? {
            Suppression::Ignored(ignore) => match ignore.source {
                IgnoreSource::Comment | IgnoreSource::Annotation | IgnoreSource::Compat => {
                    ("inSource", &ignore.reason)
                }
                IgnoreSource::Config | IgnoreSource::Baseline => ("external", &ignore.reason),
            },
            Suppression::Excepted(exception) => ("external", &exception.reason),
        };
        Some((kind, told(reason)))
    }
}

/// All findings and refusals of some records, in order.
pub(crate) fn entries(records: &[Record]) -> Vec<Entry<'_>> {
    let mut out = Vec::new();
    for (record, of) in records.iter().enumerate() {
        let (file, object, region, findings, unexplained) = match of {
            Record::Workload(w) => {
                let failing = w.evaluations.iter().find(|e| !e.allowed).map(|e| e.forbidden_detail.as_str());
                let silent = w.findings.iter().all(|f| f.suppressed.is_some());
                let why = w.refused.as_deref().or(failing).filter(|_| w.open.contains(&true) && silent);
                (&w.origin.file, &w.object, w.region, &w.findings, why)
            }
            Record::Object(o) => {
                let why = o.refused.as_deref().filter(|_| o.findings.is_empty());
                (&o.origin.file, &o.object, o.region, &o.findings, why)
            }
            Record::Error(_) | Record::Notice(_) => continue,
        };
        let entry = |rule, word, region, message, located| Entry {
            rule,
            word,
            file,
            object,
            region,
            message,
            located,
            record,
        };
        out.extend(unexplained.map(|why| entry("refused", "error", region, why, None)));
        out.extend(findings.iter().map(|l| {
            let word = if l.refuses || l.modes.contains(Mode::Enforce) {
                "error"
            } else if !l.modes.is_empty() || l.finding.severity > Severity::Info {
                "warning"
            } else {
                "note"
            };
            entry(l.finding.rule.id, word, l.primary.region, &l.finding.message, Some(l))
        }));
    }
    out
}

/// A text with what cannot be seen written out: what the pieces of hostile texts hold of it.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{200b}'
            | '\u{200f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202e}'
            | '\u{2066}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{e0041}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A message as it is told.
pub(crate) fn told(text: &str) -> String {
    shown(&redact(text))
}

/// The URI of a file below the root.
pub(crate) fn uri(file: &str) -> String {
    let mut out = String::new();
    for byte in path(file).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A file's path from the root, where names are taken to begin there: all of them begin with a word.
pub(crate) fn path(file: &str) -> String {
    file.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}
