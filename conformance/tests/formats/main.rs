//! Reports as their consumers read them: SARIF against its schema and go-sarif, `JUnit` against the schema of Jenkins' plugin,
//! go-junit and junitparser, Markdown through goldmark.

#[path = "../../../crates/report/tests/hostile/random.rs"]
mod random;

use std::path::Path;
use std::sync::Arc;

use seawall_check::{Exceptions, Levels, Options, Record, Source, Summary};
use seawall_conformance::{Oracle, Python, module_dir, target};
use seawall_report::{Bar, Format, Renderer, Report, Style};
use serde_json::Value;

/// Random reports.
const ROUNDS: u64 = 300;

fn report(records: &[Record], format: Format) -> String {
    let style = Style {
        colour: false,
        width: 100,
        exact: false,
        quiet: false,
        bar: Bar::ENFORCE,
        suppressed: true,
        judged_by: "",
    };
    let renderer = Renderer::new(format, style, Arc::default());
    let (mut report, mut out) = (Report::new(renderer.clone()), Vec::new());
    report.add(renderer.render(records), &mut out).unwrap();
    report.finish(&Summary { kubernetes: 37, exit: 1, ..Summary::default() }, None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What is said of a file of the examples.
fn records(path: &Path) -> Vec<Record> {
    let bytes: Arc<[u8]> = std::fs::read(path).unwrap().into();
    let file: Arc<str> = path.file_name().unwrap().to_string_lossy().into();
    let options = Options::default();
    let source = || Source { walked: true, ..Source::named(&file, &bytes) };
    let survey = seawall_check::survey(source(), &options);
    let (levels, _) = Levels::new(survey.namespaces(), &[], Vec::new(), "restricted".parse().unwrap());
    let items = seawall_check::items(&survey, 0, &levels, &options, true);
    seawall_check::judge(source(), &survey, &items, &levels, &Exceptions::default(), &options)
}

/// Nothing, the examples, and random hostile records.
fn inputs() -> Vec<Vec<Record>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut files: Vec<_> = std::fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    let mut all = vec![Vec::new(), files.iter().flat_map(|path| records(path)).collect()];
    assert!(all[1].len() > 5);
    all.extend((0..ROUNDS).map(|seed| random::Random::new(seed).records()));
    all
}

fn answers(kind: &str, texts: &[String], oracle: &mut Oracle) -> Vec<Value> {
    let requests: Vec<String> = texts.iter().map(|text| format!("{kind}\n{text}")).collect();
    let answers = oracle.ask_all(&requests);
    answers.iter().map(|answer| serde_json::from_slice(answer).expect("JSON")).collect()
}

fn entries(answer: &Value) -> Vec<Vec<String>> {
    serde_json::from_value(answer["entries"].clone()).expect("lists of strings")
}

/// An oracle that knows the schema of SARIF, as go-sarif carries it.
fn sarif_oracle() -> Oracle {
    let module = module_dir("github.com/owenrumney/go-sarif/v3");
    let source = std::fs::read_to_string(module.join("pkg/report/v210/sarif/schema.go")).unwrap();
    let schema = source.split('`').nth(1).expect("a literal").to_owned();
    assert!(schema.contains("SARIF) Version 2.1.0 JSON Schema"));
    let mut oracle = Oracle::start("formats");
    let answer = answers("schema", &[schema], &mut oracle);
    assert_eq!(answer[0]["wrong"], "");
    oracle
}

#[test]
fn sarif_is_valid_and_read_as_it_is_meant() {
    let mut oracle = sarif_oracle();
    let texts: Vec<String> = inputs().iter().map(|records| report(records, Format::Sarif)).collect();
    for (text, answer) in texts.iter().zip(answers("sarif", &texts, &mut oracle)) {
        assert_eq!(answer["wrong"], "", "{text}");
        let document: Value = serde_json::from_str(text).unwrap();
        let mut wanted = Vec::new();
        for result in document["runs"][0]["results"].as_array().unwrap() {
            let place = &result["locations"][0]["physicalLocation"];
            let strings = [&result["ruleId"], &result["level"], &place["artifactLocation"]["uri"]];
            let mut entry: Vec<String> = strings.iter().map(|s| s.as_str().unwrap().to_owned()).collect();
            entry.push(place["region"]["startLine"].to_string());
            entry.push(result["message"]["text"].as_str().unwrap().to_owned());
            wanted.push(entry);
        }
        assert_eq!(entries(&answer), wanted);
    }
    // The schema does refuse.
    let good = &texts[1];
    let bad = [
        good.replacen("\"level\":\"error\"", "\"level\":\"fatal\"", 1),
        good.replacen("\"startLine\":", "\"startLine\":-", 1),
        good.replacen("\"suppressions\":[]", "\"suppressions\":[{}]", 1),
        good.replacen("\"columnKind\"", "\"columnsKind\"", 1),
    ];
    for (text, answer) in bad.iter().zip(answers("sarif", &bad, &mut oracle)) {
        assert!(text != good && answer["wrong"] != "", "{}", &text[..400]);
    }
}

/// What GitHub asks for beside the schema: <https://docs.github.com/code-security> under "SARIF support".
#[test]
fn sarif_has_what_github_asks_for() {
    let document: Value = serde_json::from_str(&report(&inputs()[1], Format::Sarif)).unwrap();
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        for text in ["shortDescription", "fullDescription", "help"] {
            let text = rule[text]["text"].as_str().unwrap();
            assert!(!text.is_empty() && text.len() <= 4096, "{id}");
        }
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## How to fix"), "{id}");
        let score: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!((0.1..=10.0).contains(&score), "{id}");
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10, "{id}");
        assert!(id == "refused" || rule["helpUri"].as_str().unwrap().ends_with(id), "{id}");
    }
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        assert_eq!(print.len(), 32);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    }
}

/// Class, name, outcome and message of all test cases, from our own records' text.
fn cases(text: &str, outcomes: [&str; 4]) -> Vec<Vec<String>> {
    let [passed, failed, skipped, error] = outcomes;
    let document = roxmltree::Document::parse(text).unwrap();
    let cases = document.descendants().filter(|n| n.has_tag_name("testcase"));
    let entry = |case: roxmltree::Node<'_, '_>| {
        let of = |name| case.attribute(name).unwrap_or_default().to_owned();
        let (outcome, message) = match case.first_element_child() {
            None => (passed, String::new()),
            Some(node) => (
                match node.tag_name().name() {
                    "failure" => failed,
                    "skipped" => skipped,
                    _ => error,
                },
                node.attribute("message").unwrap_or_default().to_owned(),
            ),
        };
        vec![of("classname"), of("name"), outcome.to_owned(), message]
    };
    cases.map(entry).collect()
}

#[test]
fn junit_is_read_by_a_consumer_in_go() {
    let texts: Vec<String> = inputs().iter().map(|records| report(records, Format::Junit)).collect();
    let answers = answers("junit", &texts, &mut Oracle::start("formats"));
    for (text, answer) in texts.iter().zip(answers) {
        assert_eq!(answer["wrong"], "", "{text}");
        assert_eq!(entries(&answer), cases(text, ["passed", "failed", "skipped", "error"]), "{text}");
    }
}

#[test]
fn junit_is_valid_and_read_by_a_consumer_in_python() {
    let python = Python::with("junit", &["junitparser==5.0.3", "xmlschema==4.3.2"]);
    let schema = python.source("pytest", "8.4.2");
    let directory = target().join("conformance/junit");
    std::fs::create_dir_all(&directory).unwrap();
    let mut texts: Vec<String> = inputs().iter().map(|records| report(records, Format::Junit)).collect();
    let good = texts.len();
    texts.push(texts[1].replacen(" errors=\"0\"", "", 1));
    texts.push(texts[1].replacen("<testcase name=", "<testcase nom=", 1));
    let mut args = vec![schema];
    for (i, text) in texts.iter().enumerate() {
        let path = directory.join(format!("{i}.xml"));
        std::fs::write(&path, text).unwrap();
        args.push(path);
    }
    let output = python.output("junit.py", &args);
    let answers: Vec<Value> = String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(answers.len(), texts.len());
    for (text, answer) in texts.iter().zip(&answers).take(good) {
        assert_eq!(answer["wrong"], "", "{text}");
        assert_eq!(entries(answer), cases(text, ["passed", "failure", "skipped", "error"]), "{text}");
    }
    // The schema does refuse.
    assert!(answers[good..].iter().all(|answer| answer["wrong"] != ""));
}

/// The HTML that a comment becomes holds the elements that the report has, and none that an input could have brought in.
#[test]
fn markdown_becomes_harmless_html() {
    const ELEMENTS: [&str; 15] = [
        "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "ul", "li",
        "strong", "!--",
    ];
    let texts: Vec<String> = inputs().iter().map(|records| report(records, Format::Markdown)).collect();
    for (text, answer) in texts.iter().zip(answers("markdown", &texts, &mut Oracle::start("formats"))) {
        let html = answer["html"].as_str().unwrap();
        for tag in html.split('<').skip(1) {
            let name =
                tag.trim_start_matches('/').split(|c: char| c.is_whitespace() || c == '>').next().unwrap();
            assert!(ELEMENTS.contains(&name), "<{tag}\n{text}");
        }
        assert_eq!(html.matches("<details>").count(), text.matches("\n<details>").count());
        assert_eq!(html.matches("<details>").count(), html.matches("</details>").count());
        assert_eq!(html.matches("<table>").count(), text.matches("\n| --- | --- | --- | --- |\n").count());
    }
}
