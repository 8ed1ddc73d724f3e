//! Every format against texts written down, and what must hold whatever is written. `UPDATE_SNAPSHOTS=1` writes them anew.

mod common;

use std::path::Path;

use common::{CANARY, STYLE, all, basics, everything, hostile, others, report, summary};
use seawall_check::{Record, Summary};
use seawall_report::{Format, Style};

fn whole(records: &[Record], summary: &Summary, format: Format, style: Style) -> String {
    report(&[records], summary, format, style)
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
fn json() {
    same("all.json", &whole(&everything(), &summary(), Format::Json, STYLE));
}

#[test]
fn sarif() {
    // The table of rules is the rules' own documentation: one of them is enough.
    let text = whole(&everything(), &summary(), Format::Sarif, STYLE);
    let rule = |line: &&str| line.starts_with("{\"id\":\"") && !line.starts_with("{\"id\":\"refused\"");
    same("all.sarif", &text.split_inclusive('\n').filter(|line| !rule(line)).collect::<String>());
}

#[test]
fn junit() {
    same("all.junit.xml", &whole(&everything(), &summary(), Format::Junit, STYLE));
}

#[test]
fn github() {
    same("all.github.txt", &whole(&everything(), &summary(), Format::Github, STYLE));
}

#[test]
fn gitlab() {
    same("all.gitlab.json", &whole(&everything(), &summary(), Format::Gitlab, STYLE));
}

#[test]
fn markdown() {
    same("all.md", &whole(&everything(), &summary(), Format::Markdown, STYLE));
    let style = Style { suppressed: true, quiet: true, ..STYLE };
    same("suppressed.md", &whole(&everything(), &summary(), Format::Markdown, style));
}

/// Reports without anything in them.
#[test]
fn nothing() {
    let nothing = Summary { kubernetes: 37, ..Summary::default() };
    let empty = |format| whole(&[], &nothing, format, STYLE);
    assert_eq!(empty(Format::Concise) + &empty(Format::Github), "");
    assert_eq!(empty(Format::Gitlab), "[]\n");
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"seawall\">\n</testsuites>\n";
    assert_eq!(empty(Format::Junit), xml);
    assert!(empty(Format::Json).starts_with("{\"schema\":1,\"records\":[\n],\"summary\":{\"schema\":1,"));
    assert!(empty(Format::Sarif).contains("\"results\":[],\"tool\":"));
    let text = "<!-- seawall -->\n### seawall: nothing to report\n\nNo workloads in 0 files\n\n";
    assert_eq!(empty(Format::Markdown), text);
}

#[test]
fn ends() {
    let end = |summary: &Summary| whole(&[], summary, Format::Text, STYLE);
    let kubernetes = seawall_check::NEWEST.into();
    let nothing =
        Summary { files: 3, objects: 1, targets: summary().targets, kubernetes, ..Summary::default() };
    assert_eq!(end(&nothing), "no workloads found in 3 files (1 object)\n");
    let clean = Summary { by_level: [0, 0, 1], files: 1, ..nothing };
    assert_eq!(
        end(&clean),
        "1 workload in 1 file (0.02 s), no findings   restricted 1   baseline 0   privileged 0\n"
    );
    let excepted = Summary { by_level: [1, 0, 0], by_exception: 1, suppressed: 4, excepted: 4, ..clean };
    assert_eq!(
        end(&excepted),
        "1 workload in 1 file (0.02 s), no findings (4 excepted)   restricted 0   baseline 0   privileged 1\n1 workload passes by exception\n4 suppressed findings do not count, 4 by exception: seawall scan --show-suppressed lists them\n"
    );
}

/// Nothing from the input may steer the terminal, begin a line or tell a secret, in any format and at any width.
#[test]
fn nothing_is_forged_and_nothing_told() {
    for format in Format::ALL {
        for width in [0, 20, 40, 60, 79, 100, 160, 5000] {
            for exact in [false, true] {
                let style = Style { width, exact, suppressed: true, ..STYLE };
                let text = whole(&everything(), &summary(), format, style);
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
    for format in Format::ALL {
        let records = everything();
        let parts: Vec<&[Record]> = records.chunks(1).collect();
        let apart = report(&parts, &summary(), format, STYLE);
        assert_eq!(apart, whole(&records, &summary(), format, STYLE), "{format:?}");
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
