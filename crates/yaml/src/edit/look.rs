//! How a document is written: widths, quotes and spacing, from the surroundings of an edit first, then from the document.

use std::cell::OnceCell;

use super::lines::Lines;
use super::plain::{Quote, is_plain};
use crate::document::{Document, Kind, NodeRef, Style};

/// Entries of a collection that are looked at.
const SAMPLE: usize = 32;

/// Widths that are told apart.
const WIDEST: usize = 16;

/// How new text is written.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) newline: &'static str,
    /// Columns from a key to the keys of its mapping.
    pub(super) indent: usize,
    /// Columns from a key to the dashes of its list.
    pub(super) list_indent: usize,
    /// Blanks behind a dash.
    pub(super) gap: usize,
    /// For texts that need quotes.
    pub(super) quote: Quote,
    /// Quotes around every key.
    pub(super) key_quote: Option<Quote>,
    /// Whether every text has quotes.
    pub(super) quoted: bool,
    pub(super) json: bool,
    /// What follows a `,` in one line.
    pub(super) comma: &'static str,
    /// What stands between a quoted key and its value.
    pub(super) colon: &'static str,
    /// Whether blanks stand inside of `{}`, and of `[]`.
    pub(super) padded: [bool; 2],
}

impl Look {
    /// Of a text without surroundings.
    pub(super) const PLAIN: Self = Self {
        newline: "\n",
        indent: 2,
        list_indent: 0,
        gap: 1,
        quote: Quote::Double,
        key_quote: None,
        quoted: false,
        json: false,
        comma: ", ",
        colon: ": ",
        padded: [false; 2],
    };
}

/// Room for a flow collection over many lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Of the line in which the collection begins.
    pub(super) indentation: String,
    /// What its entries have more.
    pub(super) unit: String,
}

impl Room {
    /// The room of a collection that is an entry.
    pub(super) fn inner(&self) -> Self {
        Self { indentation: format!("{}{}", self.indentation, self.unit), unit: self.unit.clone() }
    }
}

/// What is known of a document, found out when first asked.
#[derive(Debug, Default)]
pub(super) struct Habits {
    document: OnceCell<Found>,
}

/// What some part of a document shows.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    indent: Option<usize>,
    list_indent: Option<usize>,
    gap: Option<usize>,
    quote: Option<Quote>,
    comma: Option<&'static str>,
    colon: Option<&'static str>,
    padded: [Option<bool>; 2],
}

/// How often each width occurs.
#[derive(Default)]
struct Widths([u32; WIDEST]);

impl Widths {
    fn add(&mut self, from: usize, to: usize) {
        if let Some(count) = to.checked_sub(from).and_then(|width| self.0.get_mut(width)) {
            *count += 1;
        }
    }

    /// The most common one; of equally common ones the narrowest.
    fn most(&self) -> Option<usize> {
        let most = *self.0.iter().max()?;
        if most == 0 { None } else { self.0.iter().position(|count| *count == most) }
    }
}

impl Found {
    fn or(self, other: &Self) -> Self {
        Self {
            indent: self.indent.or(other.indent),
            list_indent: self.list_indent.or(other.list_indent),
            gap: self.gap.or(other.gap),
            quote: self.quote.or(other.quote),
            comma: self.comma.or(other.comma),
            colon: self.colon.or(other.colon),
            padded: [self.padded[0].or(other.padded[0]), self.padded[1].or(other.padded[1])],
        }
    }

    fn of_document(document: &Document, lines: &Lines<'_>) -> Self {
        let mut found = Self::default();
        let (mut indents, mut lists, mut gaps) = (Widths::default(), Widths::default(), Widths::default());
        let (mut single, mut double) = (0, 0);
        for node in document.nodes() {
            match (node.kind(), node.style()) {
                (Kind::Mapping, Style::Block) => {
                    let column = lines.column(node.span().start as usize);
                    count_widths(node, column, usize::MAX, lines, &mut indents, &mut lists);
                }
                (Kind::Sequence, Style::Block) => {
                    if let Some(gap) = gap(node, lines) {
                        gaps.add(0, gap);
                    }
                }
                (Kind::Mapping | Kind::Sequence, Style::Flow) => {
                    found = found.or(&Self::of_flow(node, lines));
                }
                (_, Style::SingleQuoted) => single += 1,
                (_, Style::DoubleQuoted) => double += 1,
                _ => {}
            }
        }
        found.indent = indents.most();
        found.list_indent = lists.most();
        found.gap = gaps.most();
        found.quote =
            (single + double > 0).then_some(if single > double { Quote::Single } else { Quote::Double });
        found
    }

    /// What the block collection shows; `outer` is the column of the key that it is the value of.
    fn of_block(node: NodeRef<'_>, outer: Option<usize>, lines: &Lines<'_>) -> Self {
        let (mut indents, mut lists) = (Widths::default(), Widths::default());
        let column = lines.column(node.span().start as usize);
        let mut found = Self::default();
        let from_outer = outer.and_then(|outer| column.checked_sub(outer));
        if node.kind() == Kind::Sequence {
            found.gap = gap(node, lines);
            found.list_indent = from_outer;
            if let Some(first) = node.items().next().filter(|item| item.kind() == Kind::Mapping) {
                let column = lines.column(first.span().start as usize);
                count_widths(first, column, SAMPLE, lines, &mut indents, &mut lists);
            }
            found.indent = indents.most();
            found.list_indent = lists.most().or(found.list_indent);
        } else {
            count_widths(node, column, SAMPLE, lines, &mut indents, &mut lists);
            found.indent = indents.most().or(from_outer.filter(|width| *width > 0));
            found.list_indent = lists.most();
        }
        found
    }

    /// What a flow collection shows of its spacing.
    fn of_flow(node: NodeRef<'_>, lines: &Lines<'_>) -> Self {
        let mut found = Self::default();
        if node.count() == 0 {
            return found;
        }
        let span = node.span();
        let open = span.start as usize + 1;
        let list = usize::from(node.kind() == Kind::Sequence);
        if matches!(lines.byte(open - 1), Some(b'{' | b'[')) && lines.same_line(open, lines.next_token(open))
        {
            found.padded[list] = Some(lines.byte(open) == Some(b' '));
        }
        if let Some((key, value)) = node.pairs().next() {
            let between = lines.text(key.span().end as usize, value.span().start as usize);
            found.colon = match between {
                b":" => Some(":"),
                b": " => Some(": "),
                b" : " => Some(" : "),
                b" :" => Some(" :"),
                _ => None,
            };
        }
        let first = node.pairs().next().map(|(_, value)| value).or_else(|| node.items().next());
        if let Some(first) = first.filter(|_| node.count() > 1) {
            let comma = lines.next_token(first.span().end as usize);
            let next = lines.next_token(comma + 1);
            if lines.byte(comma) == Some(b',') && lines.same_line(comma, next) {
                found.comma = Some(if next == comma + 1 { "" } else { " " });
            }
        } else if found.colon == Some(":") {
            found.comma = Some("");
        }
        found
    }
}

/// Blanks behind the dashes of a list whose first item stands in the dash's line.
fn gap(list: NodeRef<'_>, lines: &Lines<'_>) -> Option<usize> {
    let dash = list.span().start as usize;
    let first = list.items().next().filter(|item| !item.span().is_empty())?;
    let at = lines.skip_blanks(dash + 1);
    (at == first.span().start as usize).then(|| at - dash - 1)
}

fn count_widths(
    mapping: NodeRef<'_>,
    column: usize,
    most: usize,
    lines: &Lines<'_>,
    indents: &mut Widths,
    lists: &mut Widths,
) {
    for (_, value) in mapping.pairs().take(most) {
        if value.style() != Style::Block {
            continue;
        }
        let at = value.span().start as usize;
        match value.kind() {
            Kind::Mapping => indents.add(column, lines.column(at)),
            Kind::Sequence => lists.add(column, lines.column(at)),
            _ => {}
        }
    }
}

/// The quotes around the last of the first keys, if they are there without need; and whether such texts have quotes too.
fn needless_quotes(mapping: NodeRef<'_>) -> (Option<Quote>, bool) {
    let style = |node: NodeRef<'_>| match node.style() {
        Style::SingleQuoted => Some(Quote::Single),
        Style::DoubleQuoted => Some(Quote::Double),
        _ => None,
    };
    let needless = |node: NodeRef<'_>| style(node).filter(|_| node.as_str().is_some_and(is_plain));
    let key = mapping.pairs().take(SAMPLE).last().and_then(|(key, _)| needless(key));
    let value = mapping.pairs().take(SAMPLE).any(|(_, value)| needless(value).is_some());
    (key, value)
}

/// Whether it is JSON, or YAML that is written as JSON is.
fn is_json_like(document: &Document) -> bool {
    let root = document.root();
    let quoted = || root.pairs().next().is_some_and(|(key, _)| key.style() == Style::DoubleQuoted);
    document.is_json() || root.style() == Style::Flow && quoted()
}

impl Habits {
    /// How new text is written in or beside `node`. `outer` is the column of the key that it is the value of, if it is in
    /// block style and has one.
    pub(super) fn look(&self, node: NodeRef<'_>, outer: Option<usize>, lines: &Lines<'_>) -> Look {
        let document = node.document();
        let flow = node.style() == Style::Flow;
        let local = if flow { Found::of_flow(node, lines) } else { Found::of_block(node, outer, lines) };
        let found = local.or(self.document.get_or_init(|| Found::of_document(document, lines)));
        let (key_quote, quoted) = needless_quotes(node);
        Look {
            newline: lines.newline(node.span().start as usize),
            indent: found.indent.unwrap_or(2).max(1),
            list_indent: found.list_indent.unwrap_or(0),
            gap: found.gap.unwrap_or(1).max(1),
            quote: found.quote.unwrap_or(Quote::Double),
            key_quote,
            // In block style, quotes around a text say nothing about the next one.
            quoted: quoted && flow && key_quote.is_some(),
            json: is_json_like(document),
            comma: found.comma.unwrap_or(" "),
            colon: found.colon.unwrap_or(": "),
            padded: found.padded.map(|padded| padded == Some(true)),
        }
    }
}
