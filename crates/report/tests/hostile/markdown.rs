//! Markdown as a parser of `CommonMark` with tables reads it.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::expected::{Entry, path, shown, told};

/// Names and messages are cut to so many characters.
const NAME: usize = 160;
const MESSAGE: usize = 400;

/// That nothing from outside is more than text, and that the table and the details are about what was put in.
pub(crate) fn check(all: &[Entry<'_>], errors: usize, text: &str) {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut summaries, mut ends, mut headings) = (Vec::new(), 0, 0);
    let mut in_table = false;
    // Within the tags that a table's cell may have.
    let mut in_code = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::Heading { .. }) => headings += 1,
            Event::Start(Tag::TableRow) => {
                rows.push(Vec::new());
                in_table = true;
            }
            Event::End(TagEnd::TableRow) => in_table = false,
            Event::Start(Tag::TableCell) if in_table => rows.last_mut().unwrap().push(String::new()),
            Event::Text(words) => {
                if in_table {
                    rows.last_mut().unwrap().last_mut().unwrap().push_str(&words);
                }
                let lower = words.to_lowercase();
                let link = ["://", "www.", "@", "#", "<", "gh-"].iter().find(|mark| lower.contains(**mark));
                assert!(in_code || link.is_none(), "{link:?} in {words:?}: {text}");
            }
            Event::Code(code) if in_table => rows.last_mut().unwrap().last_mut().unwrap().push_str(&code),
            Event::InlineHtml(tag) => {
                assert!(in_table && matches!(&*tag, "<code>" | "</code>"), "{tag}: {text}");
                in_code = &*tag == "<code>";
            }
            Event::Html(html) => match html.trim_end() {
                "</details>" => ends += 1,
                "" | "<!-- seawall -->" => {}
                summary => summaries.push(summary.to_owned()),
            },
            Event::Start(
                Tag::Link { .. }
                | Tag::Image { .. }
                | Tag::CodeBlock(_)
                | Tag::BlockQuote(_)
                | Tag::Strikethrough,
            )
            | Event::Rule
            | Event::HardBreak => panic!("{event:?}: {text}"),
            _ => {}
        }
    }
    assert_eq!((headings, ends), (1, summaries.len()), "{text}");
    let mut wanted: Vec<String> = Vec::new();
    for summary in &summaries {
        let rest =
            summary.strip_prefix("<details><summary><code>").and_then(|r| r.strip_suffix("</summary>"));
        let rest = rest.unwrap_or_else(|| panic!("{summary}: {text}"));
        let (place, rest) = rest.split_once("</code>").unwrap();
        let object =
            rest.strip_prefix(" <code>").and_then(|r| r.split_once("</code>")).map(|(object, _)| object);
        assert!(![Some(place), object].into_iter().flatten().any(|t| t.contains(['<', '>'])), "{summary}");
        wanted.extend(object.map(plain));
    }
    // What counts, and what does not but is asked for.
    let mut objects: Vec<String> = Vec::new();
    let mut last = None;
    for entry in all {
        if last.replace(entry.record) != Some(entry.record) {
            objects.push(clip(&shown(&entry.object.to_string()), NAME));
        }
    }
    wanted.sort_unstable();
    objects.sort_unstable();
    assert!(wanted == objects || text.contains("had no room"), "{wanted:?} {objects:?}: {text}");
    assert!(rows.len() <= 10 && rows.len() >= errors.min(10), "{text}");
    for row in &rows {
        let [word, place, what, rule] = row.as_slice() else { panic!("{row:?}: {text}") };
        assert!(["error", "warning", "note"].contains(&word.as_str()), "{row:?}");
        let file = place.rsplit_once(':').map_or(place.as_str(), |(file, _)| file);
        let beginnings =
            ["each of the containers", "containers", "in each of the containers", "in the containers"];
        let several =
            beginnings.iter().any(|begin| what.starts_with(begin)) || what.ends_with(" more like it)");
        let is = |e: &Entry<'_>| {
            e.rule == rule.as_str()
                && clip(&shown(&path(e.file)), NAME) == file
                && (several || bare(&clip(&told(e.message), MESSAGE)) == bare(what))
        };
        let basics = rule == "restricted";
        assert!(rule == "input" || basics || all.iter().any(is), "{row:?}: {text}");
    }
}

/// What is the same in prose with code and in a message with quotes.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"`\"".contains(*c)).collect()
}

fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// HTML of code without its entities.
fn plain(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
