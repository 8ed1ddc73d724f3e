//! Every format against texts written down, and what must hold whatever is written. `UPDATE_SNAPSHOTS=1` writes them anew.

mod common;

use std::path::Path;
use std::time::Duration;

use common::{CANARY, all, basics, hostile, others, summary};
use seawall_check::{Record, Summary};
use seawall_report::{Bar, Format, Renderer, Style, Tail};

const STYLE: Style =
    Style { colour: false, width: 100, exact: false, quiet: false, bar: Bar::ENFORCE, suppressed: false };

fn whole(records: &[Record], summary: &Summary, format: Format, style: Style) -> String {
    let renderer = Renderer::new(format, style);
    let (mut text, tail) = renderer.render(records);
    text.push_str(&renderer.finish(summary, &tail, Some(Duration::from_millis(20))));
    text
}

#[track_caller]
fn same(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, wanted, "{name} differs; UPDATE_SNAPSHOTS=1 writes it anew");
}

#[test]
fn text() {
    same("basics.txt", &whole(&basics(), &summary(), Format::Text, STYLE));
    same("others.txt", &whole(&others(), &summary(), Format::Text, STYLE));
    same("hostile.txt", &whole(&hostile(), &summary(), Format::Text, STYLE));
}

#[test]
fn text_at_other_widths() {
    same("narrow.txt", &whole(&all(), &summary(), Format::Text, Style { width: 60, ..STYLE }));
    same("wide.txt", &whole(&all(), &summary(), Format::Text, Style { width: 160, ..STYLE }));
}

#[test]
fn text_in_the_references_words() {
    same("exact.txt", &whole(&all(), &summary(), Format::Text, Style { exact: true, ..STYLE }));
}

#[test]
fn text_in_few_words() {
    let style = Style { quiet: true, ..STYLE };
    same("quiet.txt", &whole(&[basics(), others()].concat(), &summary(), Format::Text, style));
}

#[test]
fn concise() {
    same("concise.txt", &whole(&all(), &summary(), Format::Concise, STYLE));
    let style = Style { quiet: true, ..STYLE };
    let quiet = whole(&all(), &summary(), Format::Concise, style);
    assert!(quiet.lines().all(|l| l.contains(": error ")), "{quiet}");
}

#[test]
fn jsonl() {
    same("all.jsonl", &whole(&all(), &summary(), Format::Jsonl, STYLE));
}

#[test]
fn ends() {
    let end = |summary: &Summary| Renderer::new(Format::Text, STYLE).finish(summary, &Tail::default(), None);
    let kubernetes = seawall_check::NEWEST.into();
    let nothing =
        Summary { files: 3, objects: 1, target: summary().target, kubernetes, ..Summary::default() };
    assert_eq!(end(&nothing), "no workloads found in 3 files (1 object)\n");
    let clean = Summary { by_level: [0, 0, 1], files: 1, ..nothing };
    assert_eq!(
        end(&clean),
        "1 workload in 1 file, no findings      restricted 1   baseline 0   privileged 0\n"
    );
}

/// Nothing from the input may steer the terminal, begin a line or tell a secret, in any format and at any width.
#[test]
fn nothing_is_forged_and_nothing_told() {
    for format in [Format::Text, Format::Concise, Format::Jsonl] {
        for width in [0, 20, 40, 60, 79, 100, 160, 5000] {
            for exact in [false, true] {
                let text = whole(&all(), &summary(), format, Style { width, exact, ..STYLE });
                assert!(!text.contains(CANARY), "{format:?} at {width}: {text}");
                let hidden =
                    |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}\u{2066}".contains(c);
                assert!(!text.contains(hidden), "{format:?} at {width}: {text}");
                assert!(!text.lines().any(|l| l.trim_start().starts_with("error[forged]")), "{text}");
                assert!(!text.lines().any(|l| l.starts_with("error: forged")), "{text}");
            }
        }
    }
}

/// Colours add escapes and nothing else.
#[test]
fn colours_change_nothing_else() {
    let plain = whole(&all(), &summary(), Format::Text, STYLE);
    let coloured = whole(&all(), &summary(), Format::Text, Style { colour: true, ..STYLE });
    assert_ne!(plain, coloured);
    let mut stripped = String::new();
    let mut parts = coloured.split("\x1b[");
    stripped.push_str(parts.next().unwrap());
    for part in parts {
        stripped.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(stripped, plain);
}

/// Files may be rendered apart and put together in order.
#[test]
fn parts_make_the_whole() {
    for format in [Format::Text, Format::Concise, Format::Jsonl] {
        let renderer = Renderer::new(format, STYLE);
        let (mut text, mut tail) = (String::new(), Tail::default());
        for record in all() {
            let (part, counted) = renderer.render(&[record]);
            text.push_str(&part);
            tail.merge(counted);
        }
        text.push_str(&renderer.finish(&summary(), &tail, Some(Duration::from_millis(20))));
        assert_eq!(text, whole(&all(), &summary(), format, STYLE));
    }
}

/// Lines of text stay within the width, but for file names, labels and what is exact.
#[test]
fn lines_fit() {
    let long =
        |line: &&str| line.chars().count() > 60 && !line.contains(['^', '-']) && !line.contains("deploy/");
    let text = whole(&basics(), &summary(), Format::Text, Style { width: 60, ..STYLE });
    assert_eq!(text.lines().filter(long).collect::<Vec<_>>(), Vec::<&str>::new());
}
