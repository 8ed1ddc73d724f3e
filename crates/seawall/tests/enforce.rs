//! `can-enforce` on snapshots; `e2e` holds its words against those of the API server.
#![cfg(unix)]

mod common;

use common::{Dir, Run};

const CLEAN: &str = r#"{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c","image":"x","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}"#;

fn namespace(labels: &[(&str, &str)]) -> String {
    let labels = labels.iter().map(|(key, value)| format!(r#""pod-security.kubernetes.io/{key}":"{value}""#));
    let labels = labels.collect::<Vec<_>>().join(",");
    format!(r#"{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"shop","labels":{{{labels}}}}}}}"#)
}

fn metadata(name: &str, owner: Option<(&str, &str)>) -> String {
    let owner = owner.map(|(kind, name)| {
        format!(
            r#","ownerReferences":[{{"apiVersion":"apps/v1","kind":"{kind}","name":"{name}","uid":"{name}","controller":true}}]"#
        )
    });
    format!(
        r#""metadata":{{"name":"{name}","namespace":"shop","uid":"{name}"{}}}"#,
        owner.unwrap_or_default()
    )
}

fn pod(name: &str, owner: Option<(&str, &str)>, spec: &str, phase: &str) -> String {
    let metadata = metadata(name, owner);
    format!(r#"{{"apiVersion":"v1","kind":"Pod",{metadata},"spec":{spec},"status":{{"phase":"{phase}"}}}}"#)
}

fn can_enforce(lines: &[String], level: &str) -> Run {
    let header =
        r#"{"apiVersion":"seawall.dev/v1alpha1","kind":"ClusterSnapshot","serverVersion":"v1.37.2"}"#;
    let dir = Dir::with(&[("cluster.jsonl", &format!("{header}\n{}\n", lines.join("\n")))]);
    dir.run_bare(&["can-enforce", "--snapshot", "cluster.jsonl", "shop", level])
}

#[test]
fn a_level_without_a_version_is_at_that_of_the_namespace() {
    let windows = r#"{"os":{"name":"windows"},"containers":[{"name":"c","image":"x","securityContext":{"runAsNonRoot":true}}]}"#;
    let pinned = [namespace(&[("enforce-version", "v1.24")]), pod("w", None, windows, "Running")];
    let run = can_enforce(&pinned, "restricted");
    assert_eq!(run.status, 1, "{}", run.stdout);
    for part in [
        "violate the new PodSecurity enforce level \"restricted:v1.24\"",
        "namespace shop cannot enforce restricted:v1.24: ",
        "judged at v1.24, as its label enforce-version says; restricted:latest would change that label\n",
        "--level restricted:v1.24\n",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    // That it is at the latest has to be written into the label then.
    let run = can_enforce(&pinned, "restricted:latest");
    assert_eq!(run.status, 0, "{}", run.stdout);
    let label = "kubectl label --overwrite namespace shop pod-security.kubernetes.io/enforce=restricted \
                 pod-security.kubernetes.io/enforce-version=latest\n";
    assert!(run.stdout.ends_with(label) && !run.stdout.contains("judged at"), "{}", run.stdout);

    // The other way round: of an old version that forbids less.
    let sound = CLEAN.replace(r#","capabilities":{"drop":["ALL"]}"#, "");
    let old = [
        namespace(&[("enforce", "baseline"), ("enforce-version", "v1.7")]),
        pod("p", None, &sound, "Running"),
    ];
    let run = can_enforce(&old, "restricted");
    assert!(run.status == 0 && !run.stdout.contains("Warning"), "{}", run.stdout);
    assert!(run.stdout.ends_with("pod-security.kubernetes.io/enforce=restricted\n"), "{}", run.stdout);

    // Where there is no label, it is the latest, and nothing is to be said.
    let run = can_enforce(&[namespace(&[]), pod("p", None, CLEAN, "Running")], "restricted");
    assert!(run.stdout.ends_with("pod-security.kubernetes.io/enforce=restricted\n"), "{}", run.stdout);
    assert!(run.status == 0 && !run.stdout.contains("judged at"), "{}", run.stdout);
}
