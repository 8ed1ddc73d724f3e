//! The hook for pre-commit, run as pre-commit runs it.
#![cfg(unix)]

mod common;

use common::book::{Sandbox, pages, root};
use common::configuration::json;
use serde_json::Value;

fn yaml(text: &str) -> Value {
    let document = seawall_yaml::read(text.as_bytes()).pop().and_then(|entry| entry.document);
    json(document.expect("a document").root())
}

/// The hook as the repository defines it.
fn hook() -> Value {
    let text = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let hooks = yaml(&text);
    let [hook] = &hooks.as_array().unwrap()[..] else { panic!("{hooks}") };
    hook.clone()
}

/// The command of a hook with these arguments: file names are not passed.
fn command(hook: &Value, args: &Value) -> String {
    assert_eq!(hook["pass_filenames"], false);
    let args = args.as_array().unwrap().iter().map(|arg| format!("'{}'", arg.as_str().unwrap()));
    let words: Vec<String> =
        std::iter::once(hook["entry"].as_str().unwrap().to_owned()).chain(args).collect();
    words.join(" ")
}

#[test]
fn the_hook_refuses_what_its_namespace_refuses() {
    let hook = hook();
    let sandbox = Sandbox::new();
    let run = sandbox.run(&command(&hook, &hook["args"]), &[]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    assert!(
        run.stdout.contains("error[host-path-volume]") && !run.stdout.contains("warning["),
        "{}",
        run.stdout
    );
    std::fs::remove_file(sandbox.path("work/deploy/image-builder.yaml")).unwrap();
    std::fs::remove_file(sandbox.path("work/deploy/nightly-report.yaml")).unwrap();
    let run = sandbox.run(&command(&hook, &hook["args"]), &[]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    sandbox.write("deploy/broken.yaml", "kind: [\n");
    assert_eq!(sandbox.run(&command(&hook, &hook["args"]), &[]).status, 2);
}

#[test]
fn the_hook_is_asked_when_a_manifest_changes() {
    let pattern = regex_lite::Regex::new(hook()["files"].as_str().unwrap()).unwrap();
    for (file, asked) in
        [("a/b.yaml", true), ("b.yml", true), ("c.json", true), ("README.md", false), ("yaml.txt", false)]
    {
        assert_eq!(pattern.is_match(file), asked, "{file}");
    }
}

#[test]
fn the_book_calls_the_hook_by_its_name() {
    let hook = hook();
    let book = pages();
    let page = book.iter().find(|page| page.name == "ci/pre-commit.md").unwrap();
    let examples: Vec<Value> =
        page.blocks().iter().filter(|b| b.has("pre-commit")).map(|b| yaml(&b.text)).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let used = &example["repos"][0]["hooks"][0];
        assert_eq!(used["id"], hook["id"]);
        let args = if used["args"].is_null() { &hook["args"] } else { &used["args"] };
        assert_eq!(Sandbox::new().run(&command(&hook, args), &[]).status, 1);
    }
    Sandbox::new().run_page(page);
}
