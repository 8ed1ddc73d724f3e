//! Markdown for a comment on a pull request: the verdict and the numbers, the worst findings in a table, the rest folded away.
//! Never longer than such a comment may be; what had no room is counted.

mod block;
mod escape;

use std::fmt::Write as _;

use seawall_check::{Record, Summary};
use seawall_finding::Severity;
use seawall_model::Level;

use self::block::{Block, blocks};
use self::escape::{clip, code, prose};
use crate::Style;
use crate::base::Base;
use crate::group::Word;
use crate::text::{self, NoticeLine, count, grouped, told, uncounted};

/// Bytes of the whole: GitHub takes 65,536 characters, of which the caller may want some.
const LIMIT: usize = 60_000;

/// Rows of the table.
const ROWS: usize = 10;

/// Bytes for notices, and for what is said of what was left out.
const NOTICES: usize = 8_000;
const END: usize = 600;

/// Characters of a name, and of a message.
const NAME: usize = 160;
const MESSAGE: usize = 400;

/// A finding in the table.
#[derive(Clone, Debug)]
struct Row {
    word: Word,
    /// `None` for what could not be judged at all.
    severity: Option<Severity>,
    text: String,
}

/// What some records have to say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    rows: Rows,
    blocks: Vec<Block>,
    tail: text::Tail,
}

/// The worst findings, and the number of all.
#[derive(Clone, Debug, Default)]
struct Rows {
    worst: Vec<Row>,
    all: u64,
}

impl Rows {
    fn push(&mut self, row: Row) {
        self.all += 1;
        self.keep(row);
    }

    /// Of equally bad ones the first are kept.
    fn keep(&mut self, row: Row) {
        let rank = |row: &Row| (row.word, row.severity.is_none(), row.severity);
        let at = self.worst.partition_point(|known| rank(known) >= rank(&row));
        if at < ROWS {
            self.worst.truncate(ROWS - 1);
            self.worst.insert(at.min(self.worst.len()), row);
        }
    }

    fn merge(&mut self, later: Self) {
        self.all += later.all;
        later.worst.into_iter().for_each(|row| self.keep(row));
    }
}

/// What some records have to say.
pub(crate) fn render(records: &[Record], base: &Base, style: Style) -> Page {
    let mut page = Page::default();
    for record in records {
        page.tail.count(record);
        blocks(record, base, style, &mut page.rows, &mut page.blocks);
    }
    page
}

/// What has been said so far, as far as there is room for it.
#[derive(Debug, Default)]
pub(crate) struct State {
    rows: Rows,
    /// By how loud their worst finding is.
    blocks: [Kept; 3],
    tail: text::Tail,
}

/// The first blocks of a kind.
#[derive(Debug, Default)]
struct Kept {
    blocks: Vec<String>,
    bytes: usize,
    more: u64,
}

impl Kept {
    fn push(&mut self, block: String) {
        if self.more > 0 || self.bytes + block.len() > LIMIT {
            self.more += 1;
        } else {
            self.bytes += block.len();
            self.blocks.push(block);
        }
    }
}

impl State {
    /// Adds what further records have to say.
    pub(crate) fn add(&mut self, page: Page) {
        self.rows.merge(page.rows);
        self.tail.merge(page.tail);
        for block in page.blocks {
            self.blocks[block.word as usize].push(block.text);
        }
    }

    /// The whole comment.
    pub(crate) fn finish(self, summary: &Summary, style: Style) -> String {
        // A comment that begins so can be found again and replaced.
        let mut out = "<!-- seawall -->\n".to_owned();
        let _ = writeln!(out, "### seawall: {}\n", verdict(summary));
        numbers(summary, &mut out);
        self.table(&mut out);
        let notices = self.notices(style);
        let mut left_out = 0;
        let room = LIMIT - END - notices.len();
        for kept in self.blocks.iter().rev() {
            for block in &kept.blocks {
                if left_out > 0 || out.len() + block.len() > room {
                    left_out += 1;
                } else {
                    out.push_str(block);
                }
            }
            left_out += kept.more;
        }
        out.push_str(&notices);
        if left_out > 0 {
            let more = grouped(left_out);
            let _ = writeln!(out, "The details of {more} more had no room: `seawall scan` names them all.");
        }
        out
    }

    fn table(&self, out: &mut String) {
        if self.rows.all == 0 {
            return;
        }
        if self.rows.all > ROWS as u64 {
            let _ = writeln!(out, "The {ROWS} worst of {}:\n", count(self.rows.all, "finding"));
        }
        out.push_str("| | where | what | rule |\n| --- | --- | --- | --- |\n");
        for row in &self.rows.worst {
            out.push_str(&row.text);
        }
        out.push('\n');
    }

    fn notices(&self, style: Style) -> String {
        let mut out = String::new();
        for NoticeLine { indent, text, hint } in told(&self.tail, style) {
            let mut line = prose(&clip(&text, MESSAGE), code);
            if let Some(hint) = hint {
                let _ = write!(line, ": {}", prose(&clip(&hint, MESSAGE), code));
            }
            if out.len() + line.len() > NOTICES {
                out.push_str("- and others: `seawall scan --format jsonl` names them all\n");
                break;
            }
            let _ = writeln!(out, "{:indent$}- {line}", "");
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }
}

/// The answer, in a line.
fn verdict(summary: &Summary) -> String {
    let mut all = Vec::new();
    if summary.errors > 0 {
        all.push(format!("{}, not all of the input was read", count(summary.errors, "input error")));
    }
    let refused = match summary.refused {
        0 => None,
        n => Some(format!("{} would be refused as an object", count(n, "workload"))),
    };
    let failing = match summary.failing {
        0 => None,
        1 => Some("1 workload fails the level it is held to".to_owned()),
        n => Some(format!("{} fail the level they are held to", count(n, "workload"))),
    };
    let known = [failing, refused].into_iter().flatten().collect::<Vec<_>>();
    match (summary.exit, known.is_empty()) {
        (0, _) if summary.findings > 0 => all.push("nothing at the bar, findings below it".to_owned()),
        (0, _) if summary.not_seen > 0 => {
            all.push(format!("nothing to report of what could be seen{}", uncounted(summary)));
        }
        (0, _) => all.push(format!("nothing to report{}", uncounted(summary))),
        (1, true) => all.push("findings at the bar".to_owned()),
        _ => all.extend(known),
    }
    all.join("; ")
}

fn numbers(summary: &Summary, out: &mut String) {
    let files = text::place(summary);
    if summary.workloads() == 0 {
        let _ = write!(out, "No workloads in {files}");
    } else {
        let levels = Level::ALL.into_iter().zip(summary.by_level).rev();
        let levels: Vec<String> = levels.map(|(level, n)| format!("{level} {}", grouped(n))).collect();
        let _ = write!(out, "{} in {files}: {}", count(summary.workloads(), "workload"), levels.join(", "));
        if summary.refused > 0 {
            let _ = write!(out, ", refused {}", grouped(summary.refused));
        }
    }
    if summary.by_exception > 0 {
        let verb = if summary.by_exception == 1 { "passes" } else { "pass" };
        let _ = write!(out, "; {} {verb} by exception", count(summary.by_exception, "workload"));
    }
    if summary.suppressed > 0 {
        let verb = if summary.suppressed == 1 { "does" } else { "do" };
        let _ = write!(out, "; {} {verb} not count", count(summary.suppressed, "suppressed finding"));
        if summary.excepted > 0 {
            let _ = write!(out, ", {} by exception", grouped(summary.excepted));
        }
    }
    out.push_str("\n\n");
    namespaces(summary, out);
}

/// Rows of the table of namespaces; the others are counted.
const NAMESPACES: usize = 50;

/// A cluster by namespace.
fn namespaces(summary: &Summary, out: &mut String) {
    let Some(all) = &summary.namespaces else { return };
    let all: Vec<_> = all.iter().filter(|namespace| !namespace.name.is_empty()).collect();
    out.push_str(
        "| namespace | labels | would pass | workloads | in the way |\n| --- | --- | --- | ---: | --- |\n",
    );
    for namespace in all.iter().take(NAMESPACES) {
        let (labels, passes, in_the_way) = text::of_namespace(namespace);
        let name = prose(&clip(&text::namespace_name(namespace), MESSAGE), code);
        let _ = writeln!(
            out,
            "| {name} | {labels} | {passes} | {} | {in_the_way} |",
            grouped(namespace.workloads)
        );
    }
    if let Some(more) = all.len().checked_sub(NAMESPACES).filter(|more| *more > 0) {
        let _ = writeln!(out, "\nAnd {} more: `--format json` names them all.", grouped(more as u64));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(word: Word, name: usize, bytes: usize) -> Page {
        let mut page = Page::default();
        let severity = Some(Severity::Low);
        page.rows.push(Row { word, severity, text: format!("| {} | {name} | | |\n", word.as_str()) });
        page.blocks.push(Block { word, text: format!("{} {name} {}\n\n", word.as_str(), "x".repeat(bytes)) });
        page
    }

    fn comment(pages: impl IntoIterator<Item = Page>) -> String {
        let mut state = State::default();
        pages.into_iter().for_each(|page| state.add(page));
        state.finish(&Summary { exit: 1, failing: 1, ..Summary::default() }, STYLE)
    }

    const STYLE: Style = Style::PLAIN;

    #[test]
    fn errors_come_first_and_what_has_no_room_is_counted() {
        let pages = (0..2000).map(|n| page(if n % 2 == 0 { Word::Warning } else { Word::Error }, n, 300));
        let text = comment(pages);
        assert!(text.len() <= LIMIT && text.len() > LIMIT - END - 400, "{}", text.len());
        let blocks = text.lines().filter(|l| l.ends_with("xxx")).count();
        let left: usize = 2000 - blocks;
        let said = format!(
            "The details of {} more had no room: `seawall scan` names them all.\n",
            grouped(left as u64)
        );
        assert!(text.ends_with(&said), "{}", &text[text.len() - 200..]);
        assert!(
            !text.contains("warning") && text.contains("| error | 19 |") && !text.contains("| error | 21 |")
        );
    }

    #[test]
    fn what_has_room_is_all_there() {
        let text = comment([page(Word::Note, 1, 10), page(Word::Warning, 2, 10), page(Word::Error, 3, 10)]);
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
        assert!(at("error 3 x") < at("warning 2 x") && at("warning 2 x") < at("note 1 x"));
        assert!(at("| error | 3 |") < at("| warning | 2 |") && !text.contains("no room"));
    }

    #[test]
    fn no_notice_grows_too_long() {
        let mut page = Page::default();
        for n in 0..200 {
            page.tail.count(&Record::Notice(seawall_check::Notice {
                kind: seawall_check::NoticeKind::Skipped,
                file: Some("f\u{202e}|".repeat(2000).into()),
                region: None,
                message: format!("{n} {}", "\u{202e}|`".repeat(2000)),
                hint: Some("\u{202e}|`".repeat(2000)),
            }));
        }
        let text = comment([page]);
        assert!(text.len() <= LIMIT && text.contains("names them all"), "{}", text.len());
    }

    #[test]
    fn the_verdict_says_why() {
        let with = |errors, refused, failing, findings, exit| {
            verdict(&Summary { errors, refused, failing, findings, exit, ..Summary::default() })
        };
        assert_eq!(with(0, 0, 0, 0, 0), "nothing to report");
        let passed_over = Summary { suppressed: 5, excepted: 4, ..Summary::default() };
        assert_eq!(verdict(&passed_over), "nothing to report (4 excepted, 1 suppressed)");
        assert_eq!(with(0, 0, 1, 2, 0), "nothing at the bar, findings below it");
        assert_eq!(with(0, 0, 0, 2, 1), "findings at the bar");
        assert_eq!(
            with(0, 1, 2, 2, 1),
            "2 workloads fail the level they are held to; 1 workload would be refused as an object"
        );
        assert_eq!(with(1, 0, 0, 0, 2), "1 input error, not all of the input was read");
    }
}
