//! What pipelines run: the action of this repository, and the recipes of the book, each by its own commands.
#![cfg(unix)]

mod common;

use std::process::Command;

use common::Run;
use common::book::{Block, Page, Sandbox, pages, root};
use common::configuration::json;
use serde_json::Value;

fn yaml(text: &str) -> Value {
    let document = seawall_yaml::read(text.as_bytes()).pop().and_then(|entry| entry.document);
    json(document.expect("a document").root())
}

fn page(name: &str) -> Page {
    pages().into_iter().find(|page| page.name == name).unwrap()
}

fn blocks(page: &Page, note: &str) -> Vec<Block> {
    page.blocks().into_iter().filter(|block| block.has(note)).collect()
}

/// A file that a run wrote, as JSON.
fn document(sandbox: &Sandbox, name: &str) -> Value {
    serde_json::from_str(&sandbox.read(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn pages_about_pipelines_run_too() {
    for page in pages().iter().filter(|page| page.name.starts_with("ci/") || page.name == "output.md") {
        Sandbox::new().run_page(page);
    }
}

/// A run of the action.
struct Action {
    sandbox: Sandbox,
    definition: Value,
}

impl Action {
    fn new() -> Self {
        let text = std::fs::read_to_string(root().join("action.yml")).unwrap();
        let sandbox = Sandbox::new();
        for file in ["output", "summary.md", "path"] {
            std::fs::write(sandbox.path(file), "").unwrap();
        }
        Self { sandbox, definition: yaml(&text) }
    }

    /// What a step sees of these inputs and the defaults of the others.
    fn variables(&self, step: &Value, inputs: &[(&str, &str)]) -> Vec<(String, String)> {
        let value = |expression: &str| {
            let name = expression.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}"));
            let name = name.unwrap_or_else(|| panic!("`{expression}` is no input"));
            let declared = &self.definition["inputs"][name]["default"];
            let default = declared.as_str().unwrap_or_else(|| panic!("input `{name}` has no default"));
            inputs.iter().find(|(given, _)| *given == name).map_or(default, |(_, value)| value).to_owned()
        };
        let mut variables: Vec<(String, String)> = step["env"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, expression)| (name.clone(), value(expression.as_str().unwrap())))
            .collect();
        let path = |name: &str| self.sandbox.path(name).display().to_string();
        for (name, value) in [
            ("GITHUB_OUTPUT", path("output")),
            ("GITHUB_STEP_SUMMARY", path("summary.md")),
            ("GITHUB_PATH", path("path")),
            ("RUNNER_TEMP", path("temp")),
            ("GITHUB_ACTION_PATH", root().display().to_string()),
        ] {
            variables.push((name.to_owned(), value));
        }
        variables
    }

    fn step(&self, name: &str) -> &Value {
        let steps = self.definition["runs"]["steps"].as_array().unwrap();
        steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no step `{name}`"))
    }

    fn run(&self, step: &str, inputs: &[(&str, &str)]) -> Run {
        let step = self.step(step);
        self.sandbox.run(step["run"].as_str().unwrap(), &self.variables(step, inputs))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.path(name)).unwrap()
    }
}

#[test]
fn inputs_of_the_action_reach_scripts_as_variables_only() {
    let action = Action::new();
    let declared = action.definition["inputs"].as_object().unwrap();
    let mut used = String::new();
    for step in action.definition["runs"]["steps"].as_array().unwrap() {
        assert!(step["uses"].is_null(), "it uses no other action: {step}");
        assert_eq!(step["shell"], "bash");
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step}");
        used += &step["env"].to_string();
    }
    for (name, input) in declared {
        assert!(used.contains(&format!("inputs.{name} ")), "nothing uses `{name}`");
        assert!(input["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}");
    }
    let output = action.definition["outputs"]["exit-status"]["value"].as_str();
    assert_eq!(output, Some("${{ steps.scan.outputs.exit-status }}"));
}

#[test]
fn the_action_annotates_and_writes_reports() {
    let action = Action::new();
    let run = action.run("Scan", &[("paths", "deploy/"), ("sarif", "out.sarif"), ("markdown", "comment.md")]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    assert!(run.stdout.starts_with("::error file=deploy/image-builder.yaml,line="), "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.starts_with("::")), "{}", run.stdout);
    assert_eq!(action.read("output"), "exit-status=1\n");
    let sarif = document(&action.sandbox, "out.sarif");
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|r| r["ruleId"] == "host-path-volume"), "{results:#?}");
    assert!(action.read("summary.md").contains("host-path-volume"));
    assert_eq!(action.sandbox.read("comment.md"), action.read("summary.md"));
}

#[test]
fn inputs_of_the_action_do_what_they_say() {
    let status = |inputs: &[(&str, &str)]| {
        let action = Action::new();
        action.sandbox.write(
            "more files/p q.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostPID: true, containers: []}\n",
        );
        action
            .sandbox
            .write("strict.yaml", "levels: {\"*\": restricted}\nprofiles: {lax: {failOn: never}}\n");
        action.sandbox.write("ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: privileged}}\n");
        let run = action.run("Scan", inputs);
        assert_eq!(action.read("output"), format!("exit-status={}\n", run.status));
        run.status
    };
    let pod = ("paths", "more files/p q.yaml");
    let builder = ("paths", "deploy/image-builder.yaml");
    assert_eq!(status(&[pod]), 1);
    assert_eq!(status(&[pod, ("level", "privileged")]), 0);
    assert_eq!(status(&[pod, ("level", "privileged"), ("config", "strict.yaml")]), 1);
    assert_eq!(status(&[pod, ("config", "strict.yaml"), ("profile", "lax")]), 0);
    assert_eq!(status(&[pod, ("fail-on", "never")]), 0);
    assert_eq!(status(&[pod, ("kubernetes-version", "1.x")]), 2);
    assert_eq!(status(&[pod, ("baseline", "none.yaml")]), 2);
    assert_eq!(status(&[builder, ("level", "baseline")]), 1);
    assert_eq!(status(&[builder, ("level", "baseline"), ("namespaces", "ns.yaml")]), 0);
    assert_eq!(
        status(&[("paths", "deploy/restricted-api.yaml\n\nmore files/*.yaml\n"), ("fail-on", "enforce,low")]),
        1
    );
    assert_eq!(status(&[("paths", "deploy/restricted-api.yaml\nnone.yaml")]), 2);
    let action = Action::new();
    assert_eq!(
        action.run("Scan", &[("paths", "deploy/restricted-api.yaml"), ("summary", "false")]).status,
        0
    );
    assert_eq!(action.read("summary.md"), "");
}

#[test]
fn hostile_inputs_of_the_action_run_nothing() {
    for hostile in ["$(touch hacked)", "`touch hacked`", "\"; touch hacked; \"", "--help", "-"] {
        let action = Action::new();
        for input in ["paths", "level", "fail-on", "config", "baseline", "kubernetes-version"] {
            let run = action.run("Scan", &[(input, hostile)]);
            assert!(run.status > 0 || hostile == "-", "{input} {hostile}: {}", run.stdout);
        }
        assert!(!action.sandbox.path("work/hacked").exists(), "{hostile}");
    }
}

#[test]
fn the_action_takes_what_is_on_the_path_or_builds_from_source() {
    let action = Action::new();
    assert_eq!(action.run("Install seawall", &[]).status, 0);
    assert_eq!(action.read("path"), "", "it is there already");
    action.sandbox.without("seawall");
    action.sandbox.program("cargo", "printf '%s\\n' \"$@\" > \"$RUNNER_TEMP.cargo\"");
    let run = action.run("Install seawall", &[]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let temp = action.sandbox.path("temp").display().to_string();
    let wanted =
        format!("install\n--locked\n--path\n{}/crates/seawall\n--root\n{temp}/seawall\n", root().display());
    assert_eq!(action.read("temp.cargo"), wanted);
    assert_eq!(action.read("path"), format!("{temp}/seawall/bin\n"));
}

#[test]
fn the_action_installs_releases_whose_sums_are_right() {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !(has("curl") && has("tar") && has("sha256sum")) {
        return;
    }
    let action = Action::new();
    let make = r#"name="seawall-1.2.3-$(uname -m)-$(uname -s | tr '[:upper:]' '[:lower:]').tar.gz"
mkdir -p releases/1.2.3; cd releases/1.2.3
printf '#!/bin/sh\necho a release\n' > seawall; chmod +x seawall
tar -czf "$name" seawall; rm seawall
sha256sum "$name" > SHA256SUMS"#;
    assert_eq!(action.sandbox.run(make, &[]).status, 0);
    let releases = format!("file://{}", action.sandbox.work().join("releases").display());
    let inputs = [("version", "1.2.3"), ("releases", releases.as_str())];
    let run = action.run("Install seawall", &inputs);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let installed = action.read("path");
    let run = action.sandbox.run(&format!("{}/seawall", installed.trim()), &[]);
    assert_eq!(run.stdout, "a release\n");
    let other = "cd releases/1.2.3; echo another > seawall; tar -czf \"$(echo *.tar.gz)\" seawall";
    assert_eq!(action.sandbox.run(other, &[]).status, 0);
    assert!(action.run("Install seawall", &inputs).status > 0, "the sum is wrong");
    assert!(action.run("Install seawall", &[("version", "9.9.9"), inputs[1]]).status > 0, "there is none");
}

#[test]
fn workflows_of_the_book_run() {
    let mut runs = 0;
    for block in blocks(&page("ci/github.md"), "workflow") {
        let workflow = yaml(&block.text);
        for step in workflow["jobs"]["seawall"]["steps"].as_array().unwrap() {
            let uses = step["uses"].as_str().unwrap_or_default();
            let action = Action::new();
            if let Some(script) = step["run"].as_str() {
                let summary = action.sandbox.path("summary.md").display().to_string();
                let run = action.sandbox.run(script, &[("GITHUB_STEP_SUMMARY".to_owned(), summary)]);
                assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
                assert!(
                    run.stdout.starts_with("::error file=")
                        && action.read("summary.md").contains("host-path-volume")
                );
                runs += 1;
            } else if uses.starts_with("OWNER/seawall@") {
                let with = step["with"].as_object().unwrap();
                let inputs: Vec<(&str, &str)> =
                    with.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap())).collect();
                let declared = action.definition["inputs"].as_object().unwrap();
                assert!(inputs.iter().all(|(name, _)| declared.contains_key(*name)), "{inputs:?}");
                assert_eq!(action.run("Scan", &inputs).status, 1);
                // What the next step uploads is there.
                let uploaded = block.text.lines().find_map(|line| line.trim().strip_prefix("sarif_file: "));
                assert_eq!(document(&action.sandbox, uploaded.unwrap())["version"], "2.1.0");
                runs += 1;
            } else {
                let (_, commit) = uses.split_once('@').unwrap();
                let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
                assert!(is_commit, "{uses} is not pinned by commit");
            }
        }
    }
    assert_eq!(runs, 2);
}

#[test]
fn the_book_describes_every_input_of_the_action() {
    let text = page("ci/github.md").text;
    for name in Action::new().definition["inputs"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn jobs_of_gitlab_run() {
    let jobs = blocks(&page("ci/gitlab.md"), "gitlab");
    assert_eq!(jobs.len(), 2);
    for block in jobs {
        let job = &yaml(&block.text)["seawall"];
        let script: Vec<&str> =
            job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let sandbox = Sandbox::new();
        let run = sandbox.run(&script.join("\n"), &[]);
        assert_eq!((run.status, run.stderr.as_str()), (1, ""), "{}", run.stdout);
        assert!(run.stdout.contains("2 workloads fail"), "{}", run.stdout);
        let reports = &job["artifacts"]["reports"];
        let quality = document(&sandbox, reports["codequality"].as_str().unwrap());
        let first = &quality.as_array().unwrap()[0];
        assert!(
            first["fingerprint"].is_string() && first["location"]["path"] == "deploy/image-builder.yaml",
            "{first}"
        );
        if let Some(junit) = reports["junit"].as_str() {
            assert!(sandbox.read(junit).contains("<testsuites"));
        }
    }
}

#[test]
fn the_stage_of_jenkins_runs() {
    let pipeline = blocks(&page("ci/jenkins.md"), "pipeline").remove(0).text;
    let quoted = |step: &str| {
        let line = pipeline.lines().find_map(|line| line.trim().strip_prefix(step)).unwrap();
        line.trim_matches('\'').to_owned()
    };
    let sandbox = Sandbox::new();
    let run = sandbox.run(&quoted("sh "), &[]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""), "{}", run.stdout);
    let results = sandbox.read(&quoted("junit "));
    assert!(results.contains("<testcase name=\"host-path-volume\""), "{results}");
}
