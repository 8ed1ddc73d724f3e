//! `seawall config`: what it prints holds, says where it comes from, and is a configuration file that says the same.

mod common;

use common::Dir;

const FILE: &str = "levels:
  prod-*: restricted
customResources:
- {apiVersion: example.com/*, kind: Worker, path: spec.template}
rules:
  deselect: [host-ipc]
  severity: {host-port: low}
profile: nightly
profiles:
  nightly:
    deselect: host-pid
    severity: {host-port: high, privileged: low}
    failOn: [warn, high]
ignores:
- rule: [host-port, hostNamespaces]
  path: legacy/**
  name: 'yes'
  reason: 'moves: in \"spring\", DB_PASSWORD=hunter2canary'
  expires: 2027-03-31
exceptions:
- &mesh
  namespaces: [shop]
  workloads: [{kind: Deployment, name: web-*, labels: {app: web}}]
  rules: [{rule: added-capability, values: [NET_ADMIN]}]
  reason: mesh
scopes:
- {name: prod, paths: [clusters/prod/]}
";

const SHOWN: &str = r#"# configuration file: seawall.yaml
kubernetesVersion: "1.37"                                  # default
levels:                                                    # seawall.yaml:1
  "prod-*": {enforce: restricted:latest}                   # seawall.yaml:2
  # namespaces that no pattern matches: restricted:latest  # default
# profile: "nightly"                                       # seawall.yaml:8
failOn: [warn, high]                                       # seawall.yaml:13 (profile nightly)
rules:
  deselect: [host-ipc, host-pid]                           # seawall.yaml:6, seawall.yaml:11 (profile nightly)
  severity: {host-port: high, privileged: low}             # seawall.yaml:7, seawall.yaml:12 (profile nightly)
customResources:                                           # seawall.yaml:3
- {apiVersion: "example.com/*", kind: Worker, path: spec.template}  # seawall.yaml:4
ignores:                                                   # seawall.yaml:14
- {rule: [host-port, hostNamespaces], path: "legacy/**", name: "yes", reason: "moves: in \"spring\", DB_PASSWORD=***", expires: "2027-03-31"}  # seawall.yaml:15
exceptions:                                                # seawall.yaml:20
- {namespaces: [shop], workloads: [{kind: Deployment, name: "web-*", labels: {app: web}}], rules: [{rule: added-capability, values: [NET_ADMIN]}], reason: mesh}  # seawall.yaml:22
scopes:                                                    # seawall.yaml:26
- {name: prod, paths: [clusters/prod/]}                    # seawall.yaml:27
"#;

#[test]
fn everything_that_holds_is_printed_with_its_place() {
    let dir = Dir::with(&[("seawall.yaml", FILE)]);
    let run = dir.run(&["config"]);
    assert_eq!((run.status, &*run.stdout), (0, SHOWN));
}

#[test]
fn what_is_printed_is_a_configuration_that_says_the_same() {
    let dir = Dir::with(&[("seawall.yaml", FILE)]);
    dir.write("seawall.yaml", dir.run(&["config"]).stdout);
    let values = |text: &str| {
        let lines = text.lines().skip(1).filter(|line| !line.trim_start().starts_with('#'));
        let value =
            |line: &str| line.rsplit_once("  # ").map_or(line, |(value, _)| value).trim_end().to_owned();
        lines.map(value).collect::<Vec<_>>()
    };
    let again = dir.run(&["config"]);
    assert_eq!(values(&again.stdout), values(SHOWN), "{}", again.stderr);
}

#[test]
fn the_command_line_goes_first() {
    let dir = Dir::with(&[("seawall.yaml", FILE)]);
    let run = dir.run(&["config", "--fail-on", "never", "--level", "baseline", "--profile", "nightly"]);
    for (line, origin) in [("failOn: [never] ", "# --fail-on"), ("", " # --level"), ("", " # --profile")] {
        let told = |shown: &str| shown.starts_with(line) && shown.ends_with(origin);
        assert!(run.stdout.lines().any(told), "{}", run.stdout);
    }
}

/// A tag stands for many rules, and comes to stand for more with a newer version.
#[test]
fn rules_are_called_as_they_were_written() {
    let rules = "rules:\n  deselect: [security, latest-tag, image-digest-pin]\n  severity: {images: low, CKV_K8S_43: high, image-tag-latest: info}\n";
    let dir = Dir::with(&[("seawall.yaml", rules)]);
    let printed = |run: &str| {
        let lines = run.lines().skip_while(|line| *line != "rules:").map(|line| line.split("  # ").next());
        lines.flatten().map(|line| line.trim_end().to_owned() + "\n").collect::<String>()
    };
    let run = dir.run(&["config"]);
    assert_eq!((run.status, printed(&run.stdout)), (0, rules.to_owned()), "{}", run.stdout);
    let more = dir.run(&["config", "--deselect", "reliability,security"]);
    let expected = rules.replace("image-digest-pin]", "image-digest-pin, reliability]");
    assert_eq!((more.status, printed(&more.stdout)), (0, expected), "{}", more.stdout);
}
