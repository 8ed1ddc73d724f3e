//! Ignores that stand in a manifest: comments beside fields, and annotations of objects and pod templates.

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::sync::Arc;

use memchr::memmem;
use seawall_finding::{
    Date, Directive, DirectiveError, IGNORE_ANNOTATION, IgnoreSource, annotation_directives,
    comment_directive,
};
use seawall_model::Level;
use seawall_yaml::{Document, LineIndex, NodeRef, Span};

use super::compat::{self, Unknown};
use super::{Ignore, Offence, Passed};
use crate::locate::region;
use crate::options::Options;
use crate::reach::Reach;
use crate::record::{InputError, Notice, NoticeKind, Origin, Record};
use crate::rules;

/// Whether a document may carry ignores; it may not if this says no.
pub(crate) fn carries_ignores(document: &Document, options: &Options) -> bool {
    let text = &document.source()[document.range().range()];
    memmem::find(text, b"seawall").is_some() || (options.compat && compat::is_in(text))
}

/// An ignore at a place of a document.
#[derive(Debug)]
struct Placed {
    ignore: Arc<Ignore>,
    container: Option<String>,
    used: Cell<bool>,
}

impl Placed {
    fn covers(&self, offence: &Offence<'_>) -> bool {
        let in_container = self.container.as_deref().is_none_or(|name| offence.container == Some(name));
        in_container && self.ignore.names(offence.rule)
    }

    /// Takes note that it would pass over something.
    fn pass(&self, passed: &mut Passed, today: Date) {
        self.used.set(true);
        passed.add(&self.ignore, today);
    }

    /// What is to be said of it when pods were judged at these levels and minor versions.
    fn notice(&self, reach: Reach<'_>, at: &[(Level, u64)]) -> Option<Notice> {
        if self.used.get() {
            return self.ignore.expiring(reach.options.today);
        }
        // Whether another tool needs it is not known here.
        if self.ignore.source == IgnoreSource::Compat {
            return None;
        }
        let judged = self.ignore.rules.iter().all(|rule| reach.judges(rule, at));
        judged.then(|| self.ignore.unused())
    }
}

/// The comments of a document that say what to pass over.
#[derive(Debug, Default)]
pub(crate) struct DocumentIgnores {
    /// Each with the lines that it speaks of.
    comments: Vec<(RangeInclusive<u32>, Placed)>,
}

impl DocumentIgnores {
    /// The ignores in the document's comments, and an error for each that is not understood.
    pub(crate) fn of(
        document: &Document,
        lines: &LineIndex<'_>,
        origin: &Origin,
        compat: bool,
        errors: &mut Vec<Record>,
    ) -> Self {
        let mut found = Self::default();
        for span in document.comments() {
            let Ok(text) = std::str::from_utf8(&document.source()[span.range()]) else { continue };
            if compat {
                for foreign in known(compat::comment(text, span), lines, origin, errors) {
                    let block = compat::block(lines, target(lines, span), document.range());
                    found.comments.push((block, foreign_placed(foreign, lines, origin)));
                }
            }
            let Some(directive) = comment_directive(text) else { continue };
            let placed = directive
                .map_err(|e| (e.to_string(), HINT_COMMENT.to_owned()))
                .and_then(|d| placed(&d, IgnoreSource::Comment, span, lines, origin));
            match placed {
                Ok(placed) => {
                    let line = target(lines, span);
                    found.comments.push((line..=line, placed));
                }
                Err((message, hint)) => errors.push(error(span, message, hint, lines, origin)),
            }
        }
        found
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.comments.is_empty()
    }

    pub(crate) fn pass(&self, offence: &Offence<'_>, today: Date) -> Passed {
        let mut passed = Passed::default();
        for (lines, placed) in &self.comments {
            if offence.lines.iter().any(|line| lines.contains(line)) && placed.covers(offence) {
                placed.pass(&mut passed, today);
            }
        }
        passed
    }

    /// What is to be said of them when pods of the document were judged at these levels and minor versions.
    pub(crate) fn notices(&self, reach: Reach<'_>, at: &[(Level, u64)]) -> impl Iterator<Item = Notice> {
        self.comments.iter().filter_map(move |(_, placed)| placed.notice(reach, at))
    }
}

const HINT_COMMENT: &str =
    "# seawall: ignore RULE REASON, with until=YYYY-MM-DD in front of the reason if it is to end";

const HINT_ANNOTATION: &str = "seawall.dev/ignore: \"RULE=REASON; RULE@CONTAINER=REASON\"";

/// The line that a comment speaks of: its own behind a field, else the next one that is not a comment.
fn target(lines: &LineIndex<'_>, comment: Span) -> u32 {
    let own = lines.position(comment.start).line;
    let is_comment = |line: u32| lines.line(line).trim_ascii_start().starts_with(b"#");
    if !is_comment(own) {
        return own;
    }
    let mut at = own + 1;
    while at <= lines.count() && is_comment(at) {
        at += 1;
    }
    at
}

fn placed(
    directive: &Directive<'_>,
    source: IgnoreSource,
    span: Span,
    lines: &LineIndex<'_>,
    origin: &Origin,
) -> Result<Placed, (String, String)> {
    let mut rules = Vec::new();
    for name in &directive.rules {
        rules.extend(rules::resolve(name)?);
    }
    let ignore = Ignore {
        source,
        rules,
        reason: directive.reason.to_owned(),
        owner: None,
        until: directive.until,
        file: origin.file.clone(),
        region: Some(region(lines, span)),
    };
    let container = directive.container.map(str::to_owned);
    Ok(Placed { ignore: Arc::new(ignore), container, used: Cell::new(false) })
}

/// What of that names a rule here; a notice for each id that names none.
fn known(
    foreign: Vec<compat::Foreign>,
    lines: &LineIndex<'_>,
    origin: &Origin,
    out: &mut Vec<Record>,
) -> Vec<compat::Foreign> {
    for foreign in &foreign {
        out.extend(foreign.unknown.iter().map(|Unknown { tool, id }| {
            Record::Notice(Notice {
                kind: NoticeKind::IgnoreUnused,
                file: Some(origin.file.clone()),
                region: Some(region(lines, foreign.span)),
                message: format!(
                    "no rule is known as `{id}` of {}: nothing is passed over for it",
                    tool.as_str()
                ),
                hint: Some("name the rule that is meant: seawall.dev/ignore: \"RULE=REASON\"".to_owned()),
            })
        }));
    }
    foreign.into_iter().filter(|foreign| !foreign.rules.is_empty()).collect()
}

/// An ignore of what another tool is told to pass over.
fn foreign_placed(foreign: compat::Foreign, lines: &LineIndex<'_>, origin: &Origin) -> Placed {
    let compat::Foreign { rules, reason, until, span, .. } = foreign;
    let (source, region) = (IgnoreSource::Compat, Some(region(lines, span)));
    let ignore = Ignore { source, rules, reason, owner: None, until, file: origin.file.clone(), region };
    Placed { ignore: Arc::new(ignore), container: None, used: Cell::new(false) }
}

fn error(span: Span, message: String, hint: String, lines: &LineIndex<'_>, origin: &Origin) -> Record {
    Record::Error(InputError {
        file: origin.file.clone(),
        origin: Some(origin.clone()),
        region: Some(region(lines, span)),
        message,
        hint: Some(hint),
    })
}

/// The annotations of an object and of one of its templates.
#[derive(Debug, Default)]
pub(crate) struct ObjectIgnores {
    placed: Vec<Placed>,
}

impl ObjectIgnores {
    /// The ignores in the annotation of `metadata`, and an error for each that is not understood.
    pub(crate) fn of(
        metadata: Option<NodeRef<'_>>,
        lines: &LineIndex<'_>,
        origin: &Origin,
        compat: bool,
        errors: &mut Vec<Record>,
    ) -> Self {
        let mut found = Self::default();
        let foreign = metadata.filter(|_| compat).map(compat::annotations).unwrap_or_default();
        let foreign = known(foreign, lines, origin, errors);
        found.placed.extend(foreign.into_iter().map(|foreign| foreign_placed(foreign, lines, origin)));
        let annotation = metadata.and_then(|m| m.get("annotations")).and_then(|a| a.get(IGNORE_ANNOTATION));
        let Some((value, node)) = annotation.and_then(|node| Some((node.as_str()?, node))) else {
            return found;
        };
        let span = node.resolved().span();
        for directive in annotation_directives(value) {
            let placed = directive
                .map_err(|e: DirectiveError| (e.to_string(), HINT_ANNOTATION.to_owned()))
                .and_then(|d| placed(&d, IgnoreSource::Annotation, span, lines, origin));
            match placed {
                Ok(placed) => found.placed.push(placed),
                Err((message, hint)) => errors.push(error(span, message, hint, lines, origin)),
            }
        }
        found
    }

    pub(crate) fn pass(&self, offence: &Offence<'_>, today: Date) -> Passed {
        let mut passed = Passed::default();
        for placed in self.placed.iter().filter(|placed| placed.covers(offence)) {
            placed.pass(&mut passed, today);
        }
        passed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// What is to be said of them when pods of the object were judged at these levels and minor versions.
    pub(crate) fn notices(&self, reach: Reach<'_>, at: &[(Level, u64)]) -> impl Iterator<Item = Notice> {
        self.placed.iter().filter_map(move |placed| placed.notice(reach, at))
    }
}
