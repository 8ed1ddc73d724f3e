//! One finding as a SARIF result.

use std::borrow::Cow;

use seawall_check::{Located, Mark, Mode, Origin, Region, Suppression};
use seawall_finding::{Fix, IgnoreSource, Rule, fingerprint};
use seawall_yaml::LineIndex;

use super::rules;
use crate::base::Base;
use crate::group::Word;
use crate::identity::{Identities, Item, number};
use crate::judged::Judged;
use crate::part::Part;
use crate::writer::{Writer, object};
use crate::{suppression, visible};

/// Related places of one result: GitHub takes a thousand and shows a hundred.
const RELATED: usize = 100;

/// Adds the results on what was judged, each with a comma and a line's end in front of it.
pub(super) fn results(judged: &Judged<'_>, base: &Base, part: &mut Part) {
    let named = base.named(judged.file);
    let (uri, relative) = named.uri();
    let key = seawall_check::object_key(judged.object);
    let template = judged.template.map(ToString::to_string).unwrap_or_default();
    let mut results = Results {
        judged,
        base,
        file: File { uri, relative },
        identities: Identities::new(judged, named.path()),
        number: (number([named.path()]), number([key.as_str(), &template])),
        key,
        first: true,
        part,
    };
    if let Some((rule, why)) = judged.refusal() {
        results.refusal(rule, why);
    }
    for located in judged.findings {
        results.finding(located);
    }
}

/// A file as locations name it.
pub(super) struct File {
    uri: String,
    relative: bool,
}

impl File {
    /// A file that is named so on the command line, or was found below it.
    pub(super) fn of(base: &Base, file: &str) -> Self {
        let (uri, relative) = base.named(file).uri();
        Self { uri, relative }
    }

    /// Writes the physical location of a region in it.
    pub(super) fn location(&self, w: &mut Writer<'_>, region: Option<Region>) {
        w.object("physicalLocation", |w| {
            self.artifact(w);
            if let Some(region) = region {
                w.object("region", |w| {
                    w.number("startLine", region.line.into());
                    w.number("startColumn", region.column.into());
                    w.number("endLine", region.end_line.into());
                    w.number("endColumn", region.end_column.into());
                });
            }
        });
    }
}

impl File {
    fn artifact(&self, w: &mut Writer<'_>) {
        w.object("artifactLocation", |w| {
            w.string("uri", &self.uri);
            if self.relative {
                w.string("uriBaseId", super::ROOT);
            }
        });
    }
}

/// The results on one object.
struct Results<'a, 'r> {
    judged: &'a Judged<'r>,
    base: &'a Base,
    file: File,
    identities: Identities,
    /// The file, and the record in it.
    number: (u64, u64),
    key: String,
    first: bool,
    part: &'a mut Part,
}

/// What is the same of findings and refusals.
struct Head<'a> {
    rule: &'static Rule,
    word: Word,
    text: String,
    region: Region,
    container: Option<&'a str>,
    /// The finding's fingerprint, and that of this result.
    fingerprints: (String, String),
}

impl Results<'_, '_> {
    fn refusal(&mut self, rule: &'static Rule, why: &str) {
        let finding = fingerprint([rule.id, self.key.as_str()]);
        let own = self.identities.own(&finding);
        let head = Head {
            rule,
            word: Word::Error,
            text: text(why).into_owned(),
            region: self.judged.region,
            container: None,
            fingerprints: (finding, own),
        };
        self.write(&head, None);
    }

    fn finding(&mut self, located: &Located) {
        let finding = &located.finding;
        let mut message = text(&finding.message).into_owned();
        if !finding.advice.is_empty() {
            message.push('\n');
            message.push_str(&text(&finding.advice));
        }
        let head = Head {
            rule: finding.rule,
            word: Word::of(located),
            text: message,
            region: located.primary.region,
            container: finding.container.as_deref(),
            fingerprints: self.identities.of(located),
        };
        self.write(&head, Some(located));
    }

    fn write(&mut self, head: &Head<'_>, located: Option<&Located>) {
        let Self { judged, base, file, key, part, .. } = self;
        let out = &mut part.text;
        out.push_str(",\n");
        let mut mark = 0;
        object(out, |w| {
            w.string("ruleId", head.rule.id);
            if let Some(index) = rules::index(head.rule) {
                w.number("ruleIndex", index as u64);
            }
            w.string("level", level(head.word));
            w.object("message", |w| w.string("text", &head.text));
            w.objects("locations", [()], |w, ()| {
                file.location(w, Some(head.region));
                let sites = std::iter::once(None).chain(head.container.map(Some));
                w.objects("logicalLocations", sites, |w, container| logical(w, key, container));
            });
            if let Some(located) = located.filter(|l| !l.related.is_empty()) {
                w.objects("relatedLocations", located.related.iter().take(RELATED), |w, mark| {
                    related(w, file, mark);
                });
            }
            w.object("partialFingerprints", |w| {
                let (finding, own) = &head.fingerprints;
                w.string("seawallFinding/v1", finding);
                // The one that GitHub goes by, with rule and file.
                mark = w.marked("primaryLocationLineHash", own);
            });
            // Empty says that nothing suppresses it; absent would say that nobody knows.
            let suppressed = located.and_then(|l| l.suppressed.as_ref());
            w.objects("suppressions", suppressed, |w, why| write_suppression(w, why, base));
            if let Some(fix) = located.and_then(|l| l.fix.as_ref()).filter(|fix| has_edits(fix)) {
                w.objects("fixes", [fix], |w, fix| write_fix(w, fix, file, judged.origin));
            }
            w.object("properties", |w| properties(w, judged, located));
        });
        let (file, record) = self.number;
        let end = self.part.text.len();
        self.part.items.push(Item { end, mark, file, record, first: std::mem::take(&mut self.first) });
    }
}

fn level(word: Word) -> &'static str {
    match word {
        Word::Error => "error",
        Word::Warning => "warning",
        Word::Note => "note",
    }
}

/// An object, or a container of it.
fn logical(w: &mut Writer<'_>, key: &str, container: Option<&str>) {
    match container {
        None => {
            w.string("name", key);
            w.string("fullyQualifiedName", key);
            w.string("kind", "resource");
        }
        Some(container) => {
            w.string("name", container);
            w.string("fullyQualifiedName", &format!("{key}/{container}"));
            w.string("kind", "container");
        }
    }
}

fn related(w: &mut Writer<'_>, file: &File, mark: &Mark) {
    if !mark.label.is_empty() {
        w.object("message", |w| w.string("text", &text(&mark.label)));
    }
    file.location(w, Some(mark.region));
}

fn has_edits(fix: &Fix) -> bool {
    fix.patch.as_ref().is_some_and(|patch| !patch.edits.is_empty())
}

/// A fix as replacements in the file, with what a person has to know of it.
fn write_fix(w: &mut Writer<'_>, fix: &Fix, file: &File, origin: &Origin) {
    let lines = LineIndex::with(&origin.source, origin.lines.clone());
    let edits = fix.patch.as_ref().map_or(&[][..], |patch| &patch.edits);
    w.object("description", |w| w.string("text", &text(&format!("{}: {}", fix.safety, fix.note))));
    w.objects("artifactChanges", [()], |w, ()| {
        file.artifact(w);
        w.objects("replacements", edits, |w, edit| {
            w.object("deletedRegion", |w| {
                let (from, to) = (lines.position(edit.span.start), lines.position(edit.span.end));
                w.number("startLine", from.line.into());
                w.number("startColumn", from.column.into());
                w.number("endLine", to.line.into());
                w.number("endColumn", to.column.into());
            });
            w.object("insertedContent", |w| w.string("text", &edit.text));
        });
    });
}

fn properties(w: &mut Writer<'_>, judged: &Judged<'_>, located: Option<&Located>) {
    if let Some(located) = located {
        w.string("path", &visible::path(located));
        w.string("severity", located.finding.severity.as_str());
        w.strings("modes", located.modes.iter().map(Mode::as_str));
        if !located.primary.label.is_empty() {
            w.string("label", &visible::message(&located.primary.label));
        }
        if located.related.len() > RELATED {
            w.number("relatedLocationsLeftOut", (located.related.len() - RELATED) as u64);
        }
    }
    if let Some(chart) = judged.chart {
        w.string("chartSource", chart);
    }
}

fn write_suppression(w: &mut Writer<'_>, why: &Suppression, base: &Base) {
    let (kind, reason) = match why {
        Suppression::Ignored(ignore) => match ignore.source {
            IgnoreSource::Comment | IgnoreSource::Annotation | IgnoreSource::Compat => {
                ("inSource", &ignore.reason)
            }
            IgnoreSource::Config | IgnoreSource::Baseline => ("external", &ignore.reason),
        },
        Suppression::Excepted(exception) => ("external", &exception.reason),
    };
    w.string("kind", kind);
    w.string("status", "accepted");
    w.string("justification", &visible::message(reason));
    if let Suppression::Ignored(ignore) = why {
        w.object("location", |w| File::of(base, &ignore.file).location(w, ignore.region));
    }
    w.object("properties", |w| suppression::write(w, why));
}

/// A message, or a part of one. Plain text knows two forms: `[text](link)` and `{0}`; here they are only words (SARIF 2.1.0,
/// sections 3.11.5 and 3.11.6). Other braces stay as they are, since hardly a viewer knows that they should be doubled.
pub(super) fn text(message: &str) -> Cow<'_, str> {
    let message = visible::message(message);
    if !message.contains("](") && !placeholders(&message).any(|_| true) {
        return message;
    }
    let mut out = String::with_capacity(message.len() + 8);
    let mut from = 0;
    for (start, end) in placeholders(&message) {
        out.push_str(&message[from..start]);
        out.push('{');
        out.push_str(&message[start..end]);
        out.push('}');
        from = end;
    }
    out.push_str(&message[from..]);
    Cow::Owned(out.replace("](", "] ("))
}

/// Where `{0}` and the like begin and end.
fn placeholders(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.match_indices('{').filter_map(|(start, _)| {
        let digits = text[start + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = start + 1 + digits;
        (digits > 0 && text[end..].starts_with('}')).then_some((start, end + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn words_are_no_links_and_no_placeholders() {
        assert_eq!(text("a [b](https://c) d"), "a [b] (https://c) d");
        assert_eq!(text("{0} {} {a: {12}} x"), "{{0}} {} {a: {{12}}} x");
        assert_eq!(text("drop: [\"ALL\"] {x: y}"), "drop: [\"ALL\"] {x: y}");
    }
}
