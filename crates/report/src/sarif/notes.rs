//! Notifications: what could not be read, and what else a person should know. They come between the results and have to wait for
//! the end of the last run, so that only so many are kept.

use std::sync::Arc;

use seawall_check::{NoticeKind, Record, Region};

use super::result::{File, text};
use super::rules::{INPUT_ERROR, LEFT_OUT, descriptor};
use crate::base::Base;
use crate::blocks::Blocks;
use crate::text::count as count_of;
use crate::writer::{Writer, object};

/// Notifications that are kept, of errors and of others, and their bytes.
const KEPT: usize = 1000;
const BYTES: usize = 500_000;

/// Notifications in the order of the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    errors: Kept,
    others: Kept,
}

/// The first of some notifications, ready to print, and the number of those behind them.
#[derive(Clone, Debug, Default)]
struct Kept {
    first: Vec<String>,
    bytes: usize,
    more: u64,
}

impl Kept {
    fn push(&mut self, note: String) {
        if self.more > 0 || self.first.len() == KEPT || self.bytes + note.len() > BYTES {
            self.more += 1;
        } else {
            self.bytes += note.len();
            self.first.push(note);
        }
    }

    fn merge(&mut self, later: Self) {
        later.first.into_iter().for_each(|note| self.push(note));
        self.more += later.more;
    }
}

impl Notes {
    /// Takes note of an error or a notice.
    pub(super) fn note(&mut self, record: &Record, base: &Base) {
        match record {
            Record::Error(error) => {
                let file = Some((&error.file, error.region));
                let text = words(&error.message, error.hint.as_deref());
                self.errors.push(note(INPUT_ERROR, "error", &text, file, base));
            }
            Record::Notice(notice) => {
                let level = match notice.kind {
                    NoticeKind::Template
                    | NoticeKind::Kustomization
                    | NoticeKind::NotKubernetes
                    | NoticeKind::UnknownWorkload
                    | NoticeKind::Skipped
                    | NoticeKind::FindingsLeftOut => "warning",
                    _ => "note",
                };
                let file = notice.file.as_ref().map(|file| (file, notice.region));
                let text = words(&notice.message, notice.hint.as_deref());
                self.others.push(note(notice.kind.as_str(), level, &text, file, base));
            }
            Record::Workload(_) | Record::Object(_) => {}
        }
    }

    /// Adds the notifications of what follows in the input.
    pub(super) fn merge(&mut self, later: Self) {
        self.errors.merge(later.errors);
        self.others.merge(later.others);
    }

    /// Writes the notifications, and those on what had no room.
    pub(super) fn write(&self, w: &mut Writer<'_>, results: u64) {
        let left_out = [(results, "result"), (self.errors.more, "input error"), (self.others.more, "notice")];
        let left_out = left_out.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| {
            let what = count_of(count, what);
            let text = format!("{what} had no room here: seawall scan --format jsonl names them all");
            note(LEFT_OUT, "warning", &text, None, &Base::default())
        });
        let left_out: Vec<String> = left_out.collect();
        let all = [&left_out, &self.errors.first, &self.others.first];
        w.raw_lines("toolExecutionNotifications", all.into_iter().flatten());
    }
}

fn words(message: &str, hint: Option<&str>) -> String {
    let mut out = text(message).into_owned();
    if let Some(hint) = hint.filter(|hint| !hint.is_empty()) {
        out.push('\n');
        out.push_str(&text(hint));
    }
    out
}

fn note(id: &str, level: &str, text: &str, file: Option<(&Arc<str>, Option<Region>)>, base: &Base) -> String {
    let mut out = Blocks::default();
    object(&mut out, |w| {
        descriptor(w, id);
        w.string("level", level);
        w.object("message", |w| w.string("text", text));
        if let Some((file, region)) = file {
            w.objects("locations", [()], |w, ()| File::of(base, file).location(w, region));
        }
    });
    out.to_string()
}
