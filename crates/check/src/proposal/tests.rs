//! Tests of the first configuration.

use std::sync::Arc;

use seawall_yaml::LineIndex;

use super::*;
use crate::{Config, Source};

const PRIVILEGED: &str = "{containers: [{name: c, image: x, securityContext: {privileged: true}}]}";
const BASELINE: &str = "{containers: [{name: c, image: x}]}";
const RESTRICTED: &str = "{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: c, image: x, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}";

fn pod(namespace: &str, spec: &str) -> String {
    let namespace = crate::quoted(namespace);
    format!("---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {namespace}}}\nspec: {spec}\n")
}

fn namespace(name: &str, labels: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n")
}

fn enforce(level: &str) -> String {
    format!("pod-security.kubernetes.io/enforce: {level}")
}

/// The proposal for these files: path, chart, text.
fn proposal(files: &[(&str, Option<&str>, String)]) -> String {
    let options = Options::default();
    let surveys: Vec<Survey> = files
        .iter()
        .map(|(path, chart, text)| {
            let (file, bytes): (Arc<str>, Arc<[u8]>) = ((*path).into(), text.as_bytes().into());
            let source = Source { walked: true, chart: *chart, path, ..Source::named(&file, &bytes) };
            crate::survey(source, &options)
        })
        .collect();
    let files = files.iter().zip(&surveys);
    let surveyed = files.map(|((path, chart, _), survey)| Surveyed { path, chart: *chart, survey });
    Proposal::new(surveyed, &options).to_string()
}

/// The configuration that a text stands for.
fn read(text: &str) -> Config {
    let source: Arc<[u8]> = text.as_bytes().into();
    let lines = LineIndex::new(&source);
    let mut entries = seawall_yaml::read(source.clone());
    assert_eq!(entries.len(), 1, "{text}");
    let entry = entries.pop().expect("an entry");
    assert_eq!(entry.problems, [], "{text}");
    let document = entry.document.expect("a document");
    let read = Config::from_document(&document, &"seawall.yaml".into(), &lines);
    read.unwrap_or_else(|errors| panic!("{errors:?}: {text}"))
}

/// A text with the settings that stand in comments taken in.
fn uncommented(text: &str) -> String {
    let is_setting = |line: &str| {
        let name = line.split(':').next().unwrap_or_default();
        crate::SETTINGS.contains(&name) || line.starts_with("- {")
    };
    let line = |line: &str| {
        let bare = line.strip_prefix("# ").filter(|rest| is_setting(rest));
        format!("{}\n", bare.unwrap_or(line))
    };
    text.lines().map(line).collect()
}

#[test]
fn levels_are_what_all_workloads_pass() {
    let text = proposal(&[
        ("a.yaml", None, pod("shop", BASELINE) + &pod("shop", RESTRICTED) + &pod("agents", PRIVILEGED)),
        ("b.yaml", None, pod("pay", RESTRICTED) + &pod("", BASELINE) + &pod("agents", RESTRICTED)),
    ]);
    let levels: Vec<&str> = text.lines().filter(|line| line.starts_with("  \"")).collect();
    assert_eq!(
        levels,
        [
            "  \"\": {enforce: \"baseline\", warn: \"restricted\"} # no namespace is named: 1 workload",
            "  \"agents\": {enforce: \"privileged\", warn: \"restricted\"} # 2 workloads",
            "  \"pay\": \"restricted\" # 1 workload",
            "  \"shop\": {enforce: \"baseline\", warn: \"restricted\"} # 2 workloads",
        ]
    );
    assert!(text.contains("found 2 files, 6 workloads, 3 namespaces."), "{text}");
    let config = read(&text);
    assert_eq!(config.places.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["levels"]);
    assert_eq!(config.level_of("").map(|rule| rule.enforce.level), Some(Level::Baseline));
    assert!(config.level_of("other").is_none());
    let all = read(&uncommented(&text));
    assert_eq!(all.kubernetes_version.map(|v| v.minor), Some(u64::from(crate::NEWEST)));
    assert_eq!(all.baseline.as_deref(), Some("seawall-baseline.yaml"));
}

#[test]
fn an_empty_repository_has_a_configuration_too() {
    let text = proposal(&[]);
    assert!(text.contains("found 0 files, 0 workloads, 0 namespaces."), "{text}");
    assert!(read(&text).levels.is_empty());
}

#[test]
fn declared_namespaces_are_told_of() {
    let text = proposal(&[
        ("ns.yaml", None, namespace("shop", &enforce("restricted")) + &namespace("tools", "a: b")),
        ("a.yaml", None, pod("shop", BASELINE) + &pod("shop", RESTRICTED) + &pod("tools", BASELINE)),
        (
            "b.yaml",
            None,
            pod("tools", "{containers: [{name: c, image: x, securityContext: {privileged: \"true\"}}]}"),
        ),
    ]);
    assert!(
        text.contains(
            "\n#   \"shop\": enforce restricted, 2 workloads; 1 of them fails, all pass baseline\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("\n#   \"tools\": pod-security.kubernetes.io/enforce: baseline, 2 workloads, of which the API server would refuse 1\n"),
        "{text}"
    );
    assert!(read(&text).levels.is_empty(), "levels of the configuration would not count: {text}");
}

#[test]
fn custom_resources_are_described() {
    let thing =
        |kind: &str, spec: &str| format!("---\napiVersion: example.com/v1\nkind: {kind}\nspec: {spec}\n");
    let text = proposal(&[
        ("a.yaml", None, thing("Worker", &format!("{{template: {{spec: {BASELINE}}}}}"))),
        ("b.yaml", None, thing("Worker", &format!("{{groups: [{{podSpec: {BASELINE}}}]}}"))),
        (
            "d.yaml",
            None,
            "apiVersion: v1\nkind: Deployment\nspec: {template: {spec: {containers: [{image: x}]}}}\n"
                .to_owned(),
        ),
        (
            "c.yaml",
            None,
            thing("Steps", "{steps: [{image: x}]}") + &thing("Fleet", &format!("{{podSpec: {BASELINE}}}")),
        ),
    ]);
    assert!(text.contains("\n#   \"example.com/v1\" \"Steps\"\n"), "{text}");
    assert!(read(&text).custom_resources.is_empty());
    let found: Vec<String> = read(&uncommented(&text))
        .custom_resources
        .iter()
        .map(|e| format!("{} {} {} {:?}", e.api_version, e.kind, e.path, e.form))
        .collect();
    assert_eq!(
        found,
        ["example.com/v1 Worker spec.template Template", "example.com/v1 Fleet spec.podSpec PodSpec"]
    );
}

#[test]
fn clusters_in_directories_become_scopes() {
    let text = proposal(&[
        ("clusters/dev/ns.yaml", None, namespace("shop", &enforce("baseline"))),
        (
            "clusters/prod/ns.yaml",
            None,
            namespace("shop", &enforce("restricted")) + &namespace("pay", &enforce("baseline")),
        ),
        ("clusters/dev/more.yaml", None, namespace("pay", &enforce("baseline"))),
    ]);
    assert!(text.contains("strictest counts:\n#   \"shop\"\n# If"), "{text}");
    assert!(read(&text).scopes.is_empty());
    let config = read(&uncommented(&text));
    let scope = |path: &str| config.scope_name(config.scope_of(path)).to_owned();
    assert_eq!(
        (scope("clusters/dev/a.yaml"), scope("clusters/prod/x/a.yaml")),
        ("dev".into(), "prod".into())
    );
    let same = proposal(&[
        ("dev/ns.yaml", None, namespace("shop", &enforce("baseline"))),
        ("prod/ns.yaml", None, namespace("shop", &enforce("baseline"))),
    ]);
    assert!(!same.contains("scopes"), "{same}");
}

#[test]
fn what_is_not_rendered_or_read_is_told_of() {
    let template = "kind: {{ .Values.kind }}\nmetadata: {{- toYaml . }}\n".to_owned();
    let text = proposal(&[
        ("charts/web/templates/a.yaml", Some("charts/web"), template.clone()),
        ("charts/web/templates/b.yaml", Some("charts/web"), template.clone()),
        ("my charts/it's/templates/b.yaml", Some("my charts/it's"), template.clone()),
        ("x.yaml", None, template),
        ("y.yaml", None, "kind: [\n".to_owned()),
        ("foreign.yaml", None, "a: [\n".to_owned()),
        ("z.yaml", None, "apiVersion: v1\nmetadata: {name: no-kind}\n".to_owned()),
    ]);
    assert_eq!(text.matches("helm template charts/web | seawall scan -\n").count(), 1, "{text}");
    assert!(text.contains("helm template \"my charts/it's\" | seawall scan -\n"), "{text}");
    assert!(text.contains("are not judged:\n#   \"x.yaml\"\n"), "{text}");
    assert!(text.contains("may be missing here:\n#   \"y.yaml\"\n#   \"z.yaml\"\n"), "{text}");
    assert!(!text.contains("foreign.yaml"), "{text}");
    read(&text);
}

/// Names that would break out of a comment or of a quoted scalar, forge settings, or stand for others.
const HOSTILE: [&str; 9] = [
    "a\"b\\",
    "x\nlevels: {\"*\": privileged}\n#",
    "x\r\nfailOn: never",
    "x\u{85}failOn: never",
    "x\u{2028}failOn: never",
    "x\u{202e}evig",
    "*",
    "? & | > ' % @ `",
    "\u{feff}\u{0}\u{7f}",
];

#[test]
fn hostile_names_break_nothing() {
    for name in HOSTILE {
        let quoted = crate::quoted(name);
        let labels = enforce("baseline");
        let text = proposal(&[
            (name, Some(name), "kind: {{ .Values.kind }}\n".to_owned()),
            (&format!("{name}/a/ns.yaml"), None, namespace("shop", &labels) + &namespace(&quoted, &labels)),
            (&format!("{name}/b/ns.yaml"), None, namespace("shop", "a: b") + &namespace(&quoted, "a: b")),
            ("broken", None, "a: [\n".to_owned()),
            (
                &format!("{name}/p.yaml"),
                None,
                pod("plain", BASELINE)
                    + &pod(&format!("{name}2"), BASELINE)
                    + &pod(&format!("{name}*"), BASELINE)
                    + &format!(
                        "---\napiVersion: {quoted}\nkind: {quoted}\nspec: {{{quoted}: {{template: {{spec: {BASELINE}}}}}}}\n"
                    ),
            ),
        ]);
        for c in ['\r', '\u{85}', '\u{2028}', '\u{202e}', '\u{feff}', '\0'] {
            assert!(!text.contains(c), "{name:?}: {text}");
        }
        for text in [text.clone(), uncommented(&text)] {
            let config = read(&text);
            assert!(config.fail_on.is_empty() && config.profiles.is_empty(), "{text}");
            assert!(config.level_of("anything").is_none(), "{name:?}: {text}");
            assert_eq!(config.level_of("plain").map(|r| r.enforce.level), Some(Level::Baseline));
            if !name.contains(['*', '?']) {
                assert!(config.level_of(&format!("{name}2")).is_some(), "{name:?}: {text}");
            }
        }
        let config = read(&uncommented(&text));
        assert_eq!(config.scopes.len(), 2, "{text}");
        assert_eq!(config.scope_of(&format!("{name}/a/p.yaml")), 1, "{name:?}: {text}");
    }
}
