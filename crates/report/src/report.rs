//! A report in the making: parts in, in the order of the input, text out.

use std::io::{self, Write};
use std::time::Duration;

use seawall_check::{Summary, scores};

use crate::blocks::Blocks;
use crate::part::{Part, Tail};
use crate::{Format, Renderer, gitlab, json, jsonl, junit, markdown, sarif, score, text};

/// Writes one report. What it keeps of the parts is bounded.
#[derive(Debug)]
pub struct Report {
    renderer: Renderer,
    state: State,
}

/// What a format keeps of the parts.
#[derive(Debug)]
enum State {
    /// Lines that stand for themselves.
    Lines,
    Text(text::Tail),
    Json(json::State),
    Junit(junit::State),
    Gitlab(gitlab::State),
    Sarif(Box<sarif::State>),
    Markdown(Box<markdown::State>),
}

impl Report {
    /// A report without anything in it.
    pub fn new(renderer: Renderer) -> Self {
        let state = match renderer.format {
            Format::Concise | Format::Jsonl | Format::Github => State::Lines,
            Format::Text => State::Text(text::Tail::default()),
            Format::Json => State::Json(json::State::default()),
            Format::Junit => State::Junit(junit::State::default()),
            Format::Gitlab => State::Gitlab(gitlab::State::default()),
            Format::Sarif => State::Sarif(Box::default()),
            Format::Markdown => State::Markdown(Box::default()),
        };
        Self { renderer, state }
    }

    /// Writes the next part.
    pub fn add(&mut self, part: Part, to: &mut dyn Write) -> io::Result<()> {
        match (&mut self.state, part.tail) {
            (State::Text(tail), Tail::Text(more)) => {
                tail.merge(more);
                part.text.write_to(to)
            }
            (State::Json(state), _) => state.add(&part.text, to),
            (State::Junit(state), _) => state.add(&part.text, to),
            (State::Gitlab(state), _) => state.add(&part.text, &part.items, to),
            (State::Sarif(state), Tail::Sarif(heard)) => state.add(&part.text, &part.items, heard, to),
            (State::Markdown(state), Tail::Markdown(page)) => {
                state.add(*page);
                Ok(())
            }
            _ => part.text.write_to(to),
        }
    }

    /// Writes the end. Without `elapsed` no time is told.
    pub fn finish(self, summary: &Summary, elapsed: Option<Duration>, to: &mut dyn Write) -> io::Result<()> {
        let style = self.renderer.style;
        match self.state {
            State::Lines if self.renderer.format == Format::Jsonl => {
                let mut out = Blocks::default();
                jsonl::summary(&mut out, summary);
                out.push('\n');
                out.write_to(to)
            }
            State::Lines => Ok(()),
            State::Text(tail) => to.write_all(text::finish(summary, &tail, style, elapsed).as_bytes()),
            State::Json(state) => state.finish(|out| jsonl::summary(out, summary), to),
            State::Junit(state) => state.finish(to),
            State::Gitlab(state) => state.finish(to),
            State::Sarif(state) => state.finish(summary, to),
            State::Markdown(state) => to.write_all(state.finish(summary, style).as_bytes()),
        }
    }

    /// Writes the end of a report on scores.
    pub fn finish_scores(
        self,
        summary: &scores::Summary,
        model: scores::ModelName,
        elapsed: Option<Duration>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        match self.state {
            State::Text(tail) => {
                let end = text::finish_scores(summary, model, &tail, self.renderer.style, elapsed);
                to.write_all(end.as_bytes())
            }
            State::Json(state) => state.finish(|out| score::summary(out, summary, model), to),
            _ => {
                let mut out = Blocks::default();
                score::summary(&mut out, summary, model);
                out.push('\n');
                out.write_to(to)
            }
        }
    }
}
