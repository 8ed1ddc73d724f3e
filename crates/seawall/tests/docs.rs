//! The book says what is so: its commands run, its examples are read, its links lead somewhere.
#![cfg(unix)]

mod common;

use std::collections::BTreeSet;

use common::book::{Page, Sandbox, matches, pages, root};
use common::configuration::{complaints, read};
use common::{Dir, Records};

/// Pages about formats for pipelines; `integrations` runs them.
fn is_of_pipelines(page: &Page) -> bool {
    page.name.starts_with("ci/") || page.name == "output.md"
}

#[test]
fn commands_end_as_the_book_says() {
    for page in pages().iter().filter(|page| !is_of_pipelines(page)) {
        Sandbox::new().run_page(page);
    }
}

/// The role of the book reads what is listed, and nothing besides.
#[test]
fn the_reader_s_role_is_what_is_read() {
    let page = pages().into_iter().find(|page| page.name == "cluster.md").unwrap();
    let role = page.blocks().into_iter().find(|block| block.text.contains("seawall-reader")).unwrap().text;
    let words: BTreeSet<&str> = role.split(|c: char| !c.is_ascii_lowercase()).collect();
    for kind in seawall_cluster::KINDS {
        assert!(words.contains(kind.resource), "{}", kind.resource);
    }
    for word in ["secrets", "configmaps", "watch", "create", "update", "patch", "delete"] {
        assert!(!words.contains(word), "{word}");
    }
    let resources: BTreeSet<&str> = seawall_cluster::KINDS.iter().map(|kind| kind.resource).collect();
    assert_eq!(words.iter().filter(|word| resources.contains(*word)).count(), resources.len());
}

#[test]
fn outputs_are_compared_line_by_line() {
    assert!(matches(&["a", "...", "b ... c"], &["a", "x", "y", "b 1 c"]));
    assert!(matches(&["..."], &[]) && matches(&["a", "..."], &["a"]));
    assert!(!matches(&["a"], &["a", "b"]) && !matches(&["a", "b"], &["a"]));
    assert!(!matches(&["...", "b ... c"], &["b 1 d"]));
}

/// The records of a scan of one manifest that nothing is forbidden to.
fn records(text: &str, level: &str) -> Records {
    let dir = Dir::with(&[("example.yaml", text)]);
    dir.scan(&["--profile", "strict", "--level", level, "--fail-on", "never", "example.yaml"])
}

/// A fragment of a pod as a whole one.
fn pod(fragment: &str) -> String {
    let metadata = if fragment.contains("metadata:") { "" } else { "metadata: {name: example}\n" };
    format!("apiVersion: v1\nkind: Pod\n{metadata}{fragment}")
}

#[test]
fn examples_are_what_they_claim_to_be() {
    for page in pages() {
        for block in page.blocks() {
            let at = format!("docs/src/{}:{}", page.name, block.line);
            match (block.language.as_str(), block.notes.first().map(String::as_str)) {
                ("yaml", Some("config")) => {
                    assert!(read(&block.text).is_ok(), "{at}: {:?}", read(&block.text).err());
                    assert_eq!(complaints(&block.text), [""; 0], "{at}");
                }
                ("yaml", Some("manifest")) => {
                    let run = records(&block.text, "privileged");
                    let objects = run.of("object");
                    let refused = objects.iter().any(|object| !object["refused"].is_null());
                    assert!(run.of("error").is_empty() && !refused, "{at}: {:#?}", run.all);
                    assert!(run.workloads().iter().all(|w| w["refused"].is_null()), "{at}: {:#?}", run.all);
                    assert!(run.summary()["objects"].as_u64() > Some(0), "{at}");
                }
                ("yaml", Some("podsecurity")) => {
                    let read = seawall_admission::Configuration::read(block.text.as_bytes());
                    assert!(
                        read.as_ref().is_ok_and(|read| *read != seawall_admission::Configuration::default()),
                        "{at}: {read:?}"
                    );
                }
                ("yaml", Some("baseline")) => {
                    let document = seawall_yaml::read(block.text.as_bytes()).pop().and_then(|e| e.document);
                    let entries = seawall_check::Baseline::read(&document.unwrap());
                    assert!(entries.is_ok_and(|entries| !entries.is_empty()), "{at}");
                }
                ("yaml", Some(kind @ ("bad" | "good"))) => {
                    let run = records(&pod(&block.text), "restricted");
                    assert!(run.workloads().len() == 1 && run.of("error").is_empty(), "{at}: {:#?}", run.all);
                    assert!(run.workloads()[0]["refused"].is_null(), "{at}: {:#?}", run.all);
                    if let Some(rule) = page.name.strip_prefix("rules/").and_then(|n| n.strip_suffix(".md")) {
                        assert_eq!(run.findings(rule).is_empty(), kind == "good", "{at}: {:#?}", run.all);
                    }
                }
                ("yaml", Some("fragment" | "workflow" | "gitlab" | "pre-commit")) => {
                    for entry in seawall_yaml::read(block.text.as_bytes()) {
                        assert!(entry.problems.is_empty(), "{at}: {:?}", entry.problems);
                    }
                }
                ("json", None) => {
                    serde_json::from_str::<serde_json::Value>(&block.text)
                        .unwrap_or_else(|e| panic!("{at}: {e}"));
                }
                ("sh" | "text", _) | ("groovy", Some("pipeline")) => {}
                other => panic!("{at}: nobody tests {other:?}"),
            }
        }
    }
}

#[test]
fn nothing_is_taken_for_a_tag() {
    for page in pages() {
        let prose = page.prose().replace("<!-- Made by code. Do not edit. -->", "");
        let tag = prose.split('<').skip(1).find(|rest| !rest.starts_with("https://"));
        assert_eq!(tag.and_then(|rest| rest.lines().next()), None, "docs/src/{}", page.name);
    }
}

/// What a heading is called in links.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

fn headings(page: &Page) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in page.text.lines() {
        fenced ^= line.starts_with("```");
        if !fenced && line.starts_with('#') {
            found.insert(slug(line.trim_start_matches('#')));
        }
    }
    found
}

/// The targets of the links in a text.
fn links(prose: &str) -> Vec<String> {
    let inline = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let bare = prose.split(['<', '(', ' ', '\n']).filter(|word| word.starts_with("https://"));
    let ends: &[char] = &['>', ')', '.', ',', ';'];
    inline.chain(bare).map(|target| target.trim_end_matches(ends).to_owned()).collect()
}

#[test]
fn links_lead_somewhere() {
    let root = root();
    let book = pages();
    let mut checked = 0;
    for page in &book {
        let directory = root.join("docs/src").join(&page.name);
        let directory = directory.parent().unwrap();
        for link in links(&page.prose()) {
            let at = format!("docs/src/{}: {link}", page.name);
            if let Some(schema) = link.strip_prefix("https://seawall.dev/schemas/") {
                assert!(root.join("schemas").join(schema).is_file(), "{at}");
                continue;
            }
            if link.starts_with("https://") {
                continue;
            }
            checked += 1;
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(f, a)| (f, Some(a)));
            let target =
                if file.is_empty() { root.join("docs/src").join(&page.name) } else { directory.join(file) };
            let target = target.canonicalize().unwrap_or_else(|e| panic!("{at}: {e}"));
            let name =
                target.strip_prefix(root.join("docs/src")).unwrap_or_else(|_| panic!("{at} leaves the book"));
            let target = book.iter().find(|page| page.name == name.to_str().unwrap());
            let target = target.unwrap_or_else(|| panic!("{at} is no page"));
            assert!(
                anchor.is_none_or(|anchor| headings(target).contains(anchor)),
                "{at}: {:?}",
                headings(target)
            );
        }
    }
    assert!(checked > 50, "{checked}");
}

/// Links of the pages beside the book.
#[test]
fn links_of_the_repository_lead_somewhere() {
    let root = root();
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] {
        let page = Page { name: name.to_owned(), text: std::fs::read_to_string(root.join(name)).unwrap() };
        for link in links(&page.prose()).iter().filter(|link| !link.starts_with("https://")) {
            let file = link.split('#').next().unwrap_or_default();
            assert!(root.join(file).exists(), "{name}: {link}");
        }
        for block in page.text.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```")) {
            assert!(read(block.0).is_ok(), "{name}: {:?}", read(block.0).err());
            assert_eq!(complaints(block.0), [""; 0], "{name}");
        }
    }
}

#[test]
fn the_summary_lists_every_page() {
    let summary = std::fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    let listed = links(&summary);
    let names: BTreeSet<String> = pages().into_iter().map(|page| page.name).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), names);
    assert_eq!(listed.len(), names.len(), "each once");
    let rules: BTreeSet<String> =
        seawall_check::rules::all().iter().map(|r| format!("rules/{}.md", r.id)).collect();
    assert!(rules.is_subset(&names));
}

#[test]
fn the_book_builds_where_its_program_is_installed() {
    let is_there = std::process::Command::new("mdbook").arg("--version").output().is_ok();
    if !is_there {
        return;
    }
    let dir = Dir::new();
    let built = std::process::Command::new("mdbook")
        .arg("build")
        .arg(root().join("docs"))
        .arg("--dest-dir")
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert!(dir.path().join("rules/host-port.html").is_file());
}
