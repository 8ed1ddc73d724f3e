//! Tokens to events by the grammar of libyaml as go.yaml.in/yaml/v2 has it (`parserc.go`).

use crate::document::{Kind, Span, Style};
use crate::problem::{Problem, ProblemKind};
use crate::scan::{Scanner, Token, TokenKind};

/// Anchor and tag of a node, with their places.
#[derive(Debug, Default)]
pub(crate) struct Props {
    pub(crate) anchor: Option<Span>,
    /// The tag in its long form.
    pub(crate) tag: Option<(Span, String)>,
}

/// What the document consists of, in its order.
#[derive(Debug)]
pub(crate) enum Event {
    Alias(Span),
    /// A scalar; the text as a range of the scanner's texts if the raw slice is not the text.
    Scalar {
        span: Span,
        style: Style,
        text: Option<Span>,
        props: Props,
    },
    /// A value that is not written, behind `at` or else behind what came before it.
    Empty {
        at: Option<u32>,
        props: Props,
    },
    /// A collection that begins at `at`.
    Start {
        kind: Kind,
        style: Style,
        at: u32,
        props: Props,
    },
    /// The end of a collection: behind its closing bracket, or `None` for one without.
    End(Option<u32>),
    /// The end of the document; where what follows it begins, if anything may.
    Finished(Option<u32>),
}

#[derive(Clone, Copy, Debug)]
enum State {
    DocumentStart,
    DocumentContent,
    BlockNode,
    DocumentEnd,
    BlockSequenceFirst,
    BlockSequence,
    Indentless,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequence,
    PairKey,
    PairValue,
    PairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
}

/// The parser of one document.
#[derive(Debug)]
pub(crate) struct Parser<'s> {
    pub(crate) scanner: Scanner<'s>,
    state: State,
    states: Vec<State>,
    /// Where the open collections begin, for messages.
    marks: Vec<u32>,
    tags: Vec<(String, String)>,
}

type Result<T> = std::result::Result<T, Problem>;

fn empty(at: Option<u32>) -> Event {
    Event::Empty { at, props: Props::default() }
}

impl<'s> Parser<'s> {
    pub(crate) fn new(scanner: Scanner<'s>) -> Self {
        Self { scanner, state: State::DocumentStart, states: Vec::new(), marks: Vec::new(), tags: Vec::new() }
    }

    /// The next event; nothing comes behind [`Event::Finished`].
    pub(crate) fn next(&mut self) -> Result<Event> {
        match self.state {
            State::DocumentStart => self.document_start(),
            State::DocumentContent => self.document_content(),
            State::BlockNode => self.node(true, false),
            State::DocumentEnd => self.document_end(),
            State::BlockSequenceFirst => {
                self.open()?;
                self.block_sequence()
            }
            State::BlockSequence => self.block_sequence(),
            State::Indentless => self.indentless_sequence(),
            State::BlockMappingFirst => {
                self.open()?;
                self.block_mapping_key()
            }
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => {
                self.open()?;
                self.flow_sequence(true)
            }
            State::FlowSequence => self.flow_sequence(false),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                self.state = State::FlowSequence;
                Ok(Event::End(None))
            }
            State::FlowMappingFirst => {
                self.open()?;
                self.flow_mapping_key(true)
            }
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => {
                self.state = State::FlowMappingKey;
                Ok(empty(None))
            }
        }
    }

    fn peek(&mut self) -> Result<&Token> {
        self.scanner.peek()
    }

    /// Takes the token that begins a collection.
    fn open(&mut self) -> Result<()> {
        let start = self.peek()?.span.start;
        self.marks.push(start);
        self.scanner.skip();
        Ok(())
    }

    /// Takes the token that ends a collection.
    fn close(&mut self, written: bool) -> Event {
        let token = self.scanner.skip();
        self.marks.pop();
        self.pop();
        Event::End(token.filter(|_| written).map(|t| t.span.end))
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::DocumentEnd);
    }

    fn push_node(&mut self, then: State, block: bool, indentless: bool) -> Result<Event> {
        self.states.push(then);
        self.node(block, indentless)
    }

    fn document_start(&mut self) -> Result<Event> {
        match self.peek()?.kind {
            TokenKind::StreamEnd => Ok(Event::Finished(None)),
            TokenKind::Version(..) | TokenKind::TagDirective(_) | TokenKind::DocumentStart => {
                self.directives()?;
                let token = self.peek()?;
                if token.kind != TokenKind::DocumentStart {
                    return Err(Problem::new(
                        ProblemKind::Syntax,
                        token.span,
                        "expected `---` behind the directives",
                    ));
                }
                self.scanner.skip();
                self.state = State::DocumentContent;
                self.document_content()
            }
            _ => {
                self.default_tags();
                self.state = State::BlockNode;
                self.next()
            }
        }
    }

    fn directives(&mut self) -> Result<()> {
        let mut version = false;
        loop {
            let token = self.peek()?;
            let span = token.span;
            let problem = |message: &str| Err(Problem::new(ProblemKind::Syntax, span, message));
            match &mut token.kind.clone() {
                TokenKind::Version(..) if version => return problem("the YAML version is given twice"),
                TokenKind::Version(1, 1) => version = true,
                TokenKind::Version(major, minor) => {
                    let message = format!("YAML {major}.{minor} is not read, only 1.1");
                    return Err(Problem::new(ProblemKind::Syntax, span, message)
                        .with_hint("delete the line: Kubernetes reads YAML 1.1 whatever it says"));
                }
                TokenKind::TagDirective(pair) => {
                    if self.tags.iter().any(|(handle, _)| *handle == pair.0) {
                        return problem("the tag handle is given twice");
                    }
                    self.tags.push(std::mem::take(pair));
                }
                _ => break,
            }
            self.scanner.skip();
        }
        self.default_tags();
        Ok(())
    }

    fn default_tags(&mut self) {
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            if !self.tags.iter().any(|(h, _)| h == handle) {
                self.tags.push((handle.to_owned(), prefix.to_owned()));
            }
        }
    }

    fn document_content(&mut self) -> Result<Event> {
        let token = self.peek()?;
        match token.kind {
            TokenKind::Version(..)
            | TokenKind::TagDirective(_)
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                let at = token.span.start;
                self.state = State::DocumentEnd;
                Ok(empty(Some(at)))
            }
            _ => self.node(true, false),
        }
    }

    fn document_end(&mut self) -> Result<Event> {
        let token = self.peek()?;
        Ok(Event::Finished(match token.kind {
            TokenKind::StreamEnd => None,
            TokenKind::DocumentEnd => Some(token.span.end),
            _ => Some(token.span.start),
        }))
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<Event> {
        let mut props = Props::default();
        let mut tag = None;
        let mut behind = None;
        // In either order, each at most once.
        for _ in 0..2 {
            let token = self.peek()?;
            let span = token.span;
            match &mut token.kind.clone() {
                TokenKind::Alias if props.anchor.is_none() && tag.is_none() => {
                    self.scanner.skip();
                    self.pop();
                    return Ok(Event::Alias(span));
                }
                TokenKind::Anchor if props.anchor.is_none() => props.anchor = Some(span),
                TokenKind::Tag(parts) if tag.is_none() => tag = Some((span, std::mem::take(&mut **parts))),
                _ => break,
            }
            behind = Some(span.end);
            self.scanner.skip();
        }
        if let Some((span, (handle, suffix))) = tag {
            let long = if handle.is_empty() {
                suffix
            } else if let Some((_, prefix)) = self.tags.iter().find(|(h, _)| *h == handle) {
                format!("{prefix}{suffix}")
            } else {
                let message = format!("the tag handle `{handle}` is not defined");
                return Err(Problem::new(ProblemKind::Syntax, span, message)
                    .with_hint("put the text in quotes if it is not meant as a tag"));
            };
            props.tag = Some((span, long));
        }
        let token = self.peek()?;
        let span = token.span;
        let (kind, style, first) = match token.kind {
            TokenKind::BlockEntry if indentless => (Kind::Sequence, Style::Block, State::Indentless),
            TokenKind::Scalar(style, text) => {
                self.scanner.skip();
                self.pop();
                return Ok(Event::Scalar { span, style, text, props });
            }
            TokenKind::FlowSequenceStart => (Kind::Sequence, Style::Flow, State::FlowSequenceFirst),
            TokenKind::FlowMappingStart => (Kind::Mapping, Style::Flow, State::FlowMappingFirst),
            TokenKind::BlockSequenceStart if block => {
                (Kind::Sequence, Style::Block, State::BlockSequenceFirst)
            }
            TokenKind::BlockMappingStart if block => (Kind::Mapping, Style::Block, State::BlockMappingFirst),
            _ if behind.is_some() => {
                self.pop();
                return Ok(Event::Empty { at: behind, props });
            }
            _ => return Err(self.unexpected(span)),
        };
        self.state = first;
        Ok(Event::Start { kind, style, at: span.start, props })
    }

    /// The problem of a token where a value should be.
    fn unexpected(&mut self, span: Span) -> Problem {
        let open = self.marks.last().copied();
        match self.scanner.raw(span) {
            b"" if self.scanner.at_end() => {
                if let Some(problem) = open.and_then(|at| self.never_closed(at)) {
                    return problem;
                }
                Problem::new(ProblemKind::Syntax, span, "expected a value before the end")
            }
            b"" => Problem::new(ProblemKind::Syntax, span, "expected a value"),
            raw => {
                let text = String::from_utf8_lossy(raw).into_owned();
                Problem::new(ProblemKind::Syntax, span, format!("expected a value, found `{text}`"))
                    .with_hint("put the text in quotes if it is meant as one")
            }
        }
    }

    fn never_closed(&self, open: u32) -> Option<Problem> {
        let span = Span::new(open, open + 1);
        let bracket = match self.scanner.raw(span) {
            b"[" => "[",
            b"{" => "{",
            _ => return None,
        };
        let close = if bracket == "[" { "]" } else { "}" };
        let message = format!("the `{bracket}` opened here is never closed");
        Some(Problem::new(ProblemKind::Syntax, span, message).with_hint(format!("close it with `{close}`")))
    }

    fn expected(&mut self, what: &str, hint: &str) -> Result<Event> {
        let token = self.peek()?;
        let (span, at_end) = (token.span, token.kind == TokenKind::StreamEnd);
        let open = self.marks.last().copied().unwrap_or_default();
        if at_end && let Some(problem) = self.never_closed(open) {
            return Err(problem);
        }
        let span = if span.is_empty() { self.scanner.rest_of_line(span.start) } else { span };
        let line = self.scanner.line_of(open);
        let message = format!("expected {what} that begins on line {line}");
        Err(Problem::new(ProblemKind::Syntax, span, message).with_hint(hint))
    }

    fn block_sequence(&mut self) -> Result<Event> {
        let token = self.peek()?;
        let end = token.span.end;
        match token.kind {
            TokenKind::BlockEntry => {
                self.scanner.skip();
                match self.peek()?.kind {
                    TokenKind::BlockEntry | TokenKind::BlockEnd => {
                        self.state = State::BlockSequence;
                        Ok(empty(Some(end)))
                    }
                    _ => self.push_node(State::BlockSequence, true, false),
                }
            }
            TokenKind::BlockEnd => Ok(self.close(false)),
            _ => self.expected(
                "a `-` of the list",
                "check the indentation: all items of a list begin in the same column",
            ),
        }
    }

    fn indentless_sequence(&mut self) -> Result<Event> {
        let token = self.peek()?;
        let end = token.span.end;
        if token.kind != TokenKind::BlockEntry {
            self.pop();
            return Ok(Event::End(None));
        }
        self.scanner.skip();
        match self.peek()?.kind {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.state = State::Indentless;
                Ok(empty(Some(end)))
            }
            _ => self.push_node(State::Indentless, true, false),
        }
    }

    fn block_mapping_key(&mut self) -> Result<Event> {
        let token = self.peek()?;
        let end = token.span.end;
        match token.kind {
            TokenKind::Key => {
                self.scanner.skip();
                match self.peek()?.kind {
                    TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                        self.state = State::BlockMappingValue;
                        Ok(empty(Some(end)))
                    }
                    _ => self.push_node(State::BlockMappingValue, true, true),
                }
            }
            TokenKind::BlockEnd => Ok(self.close(false)),
            _ => self.expected(
                "a key of the mapping",
                "check the indentation: all keys of a mapping begin in the same column",
            ),
        }
    }

    fn block_mapping_value(&mut self) -> Result<Event> {
        let token = self.peek()?;
        let end = token.span.end;
        if token.kind != TokenKind::Value {
            self.state = State::BlockMappingKey;
            return Ok(empty(None));
        }
        self.scanner.skip();
        match self.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.state = State::BlockMappingKey;
                Ok(empty(Some(end)))
            }
            _ => self.push_node(State::BlockMappingKey, true, true),
        }
    }

    fn flow_sequence(&mut self, first: bool) -> Result<Event> {
        if self.peek()?.kind != TokenKind::FlowSequenceEnd {
            if !first {
                if self.peek()?.kind != TokenKind::FlowEntry {
                    return self.expected(
                        "`,` or `]` in the list",
                        "separate items with `,`, close the list with `]`",
                    );
                }
                self.scanner.skip();
            }
            let token = self.peek()?;
            let at = token.span.start;
            match token.kind {
                TokenKind::Key => {
                    self.state = State::PairKey;
                    self.scanner.skip();
                    let props = Props::default();
                    return Ok(Event::Start { kind: Kind::Mapping, style: Style::Flow, at, props });
                }
                TokenKind::FlowSequenceEnd => {}
                _ => return self.push_node(State::FlowSequence, false, false),
            }
        }
        Ok(self.close(true))
    }

    fn pair_key(&mut self) -> Result<Event> {
        let token = self.peek()?;
        let at = token.span.start;
        match token.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // Upstream loses this token.
                self.scanner.skip();
                self.state = State::PairValue;
                Ok(empty(Some(at)))
            }
            _ => self.push_node(State::PairValue, false, false),
        }
    }

    fn pair_value(&mut self) -> Result<Event> {
        let mut at = None;
        if self.peek()?.kind == TokenKind::Value {
            at = self.scanner.skip().map(|t| t.span.end);
            if !matches!(self.peek()?.kind, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd) {
                return self.push_node(State::PairEnd, false, false);
            }
        }
        self.state = State::PairEnd;
        Ok(empty(at))
    }

    fn flow_mapping_key(&mut self, first: bool) -> Result<Event> {
        if self.peek()?.kind != TokenKind::FlowMappingEnd {
            if !first {
                if self.peek()?.kind != TokenKind::FlowEntry {
                    return self.expected(
                        "`,` or `}` in the mapping",
                        "separate pairs with `,`, close the mapping with `}`",
                    );
                }
                self.scanner.skip();
            }
            let token = self.peek()?;
            let end = token.span.end;
            match token.kind {
                TokenKind::Key => {
                    self.scanner.skip();
                    return match self.peek()?.kind {
                        TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                            self.state = State::FlowMappingValue;
                            Ok(empty(Some(end)))
                        }
                        _ => self.push_node(State::FlowMappingValue, false, false),
                    };
                }
                TokenKind::FlowMappingEnd => {}
                _ => return self.push_node(State::FlowMappingEmptyValue, false, false),
            }
        }
        Ok(self.close(true))
    }

    fn flow_mapping_value(&mut self) -> Result<Event> {
        let mut at = None;
        if self.peek()?.kind == TokenKind::Value {
            at = self.scanner.skip().map(|t| t.span.end);
            if !matches!(self.peek()?.kind, TokenKind::FlowEntry | TokenKind::FlowMappingEnd) {
                return self.push_node(State::FlowMappingKey, false, false);
            }
        }
        self.state = State::FlowMappingKey;
        Ok(empty(at))
    }
}
