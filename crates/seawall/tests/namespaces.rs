//! What a scan says of the labels of namespaces themselves.

mod common;

use common::{Dir, Records};

fn scan(name: &str, labels: &str, args: &[&str]) -> Records {
    let text =
        format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels: {{{labels}}}\n");
    let dir = Dir::with(&[("ns.yaml", &text)]);
    dir.scan(&[args, &["ns.yaml"]].concat())
}

/// The rules that are reported with the profile that holds where none is named, and how grave they are.
fn found(name: &str, labels: &str) -> Vec<String> {
    let run = scan(name, labels, &["--profile", "recommended"]);
    assert_eq!(run.status, 0, "nothing is refused");
    let objects = run.of("object");
    let findings = objects.iter().flat_map(|object| object["findings"].as_array().unwrap());
    findings
        .map(|f| format!("{} {} {}", f["rule"].as_str().unwrap(), f["severity"].as_str().unwrap(), f["line"]))
        .collect()
}

const P: &str = "pod-security.kubernetes.io";

#[test]
fn a_namespace_says_what_it_enforces() {
    assert_eq!(found("shop", "a: b"), ["namespace-pss-label medium 5"]);
    assert_eq!(found("shop", &format!("{P}/warn: restricted")), ["namespace-pss-label medium 5"]);
    assert_eq!(found("shop", &format!("{P}/enforce: privileged")), ["namespace-pss-label medium 5"]);
    assert_eq!(found("shop", &format!("{P}/enforce: baseline")), [""; 0]);
    for system in ["kube-system", "openshift-monitoring", "gke-managed-system"] {
        assert_eq!(found(system, ""), [""; 0], "{system}");
    }
    assert_eq!(found("kubeflow", "").len(), 1, "the prefix ends with a dash");
}

#[test]
fn what_is_not_enforced_is_told_only_to_who_asks() {
    let told = |args: &[&str]| scan("shop", "", args).findings("namespace-pss-label").len();
    assert_eq!(told(&["--profile", "pss"]), 0);
    assert_eq!(told(&["--profile", "pss", "--enable", "namespace-pss-label"]), 1);
    assert_eq!(told(&["--select", "namespace-pss-label"]), 1);
    assert_eq!(told(&["--profile", "strict", "--deselect", "namespace-pss-label"]), 0);
    assert_eq!(scan("shop", "", &["--profile", "recommended", "--fail-on", "medium"]).status, 1);
}

#[test]
fn an_unreadable_level_is_told_once() {
    let run =
        scan("shop", &format!("{P}/enforce: Baseline, {P}/warn: privileged"), &["--profile", "recommended"]);
    assert_eq!(run.status, 1);
    assert_eq!(run.findings("namespace-pss-label").len(), 1);
    assert_eq!(run.findings("namespace-pss-weaker-warn").len(), 0);
}

#[test]
fn warnings_weaker_than_what_is_enforced_hide_it() {
    let labels = |enforce: &str, other: &str| format!("{P}/enforce: {enforce}, {P}/{other}");
    let weaker = ["namespace-pss-weaker-warn low 5"];
    assert_eq!(found("shop", &labels("restricted", "warn: baseline")), weaker);
    assert_eq!(found("shop", &labels("baseline", "audit: privileged")), weaker);
    for fine in ["warn: restricted", "audit: restricted", "warn-version: v1.20", "audit-version: latest"] {
        assert_eq!(found("shop", &labels("restricted", fine)), [""; 0], "{fine}");
    }
    assert_eq!(found("shop", &labels("baseline", "warn: restricted")), [""; 0]);
    assert_eq!(found("openshift-x", &labels("restricted", "warn: baseline")), [""; 0]);
    let run = scan("shop", &labels("restricted", "warn: baseline"), &["--profile", "recommended"]);
    assert_eq!(
        run.findings("namespace-pss-weaker-warn")[0]["message"],
        "warn asks for baseline and enforce for restricted: a Deployment whose pods will be refused is taken, and whoever applies it is not warned"
    );
    assert_eq!(
        scan("shop", &labels("restricted", "warn: baseline"), &["--profile", "pss"]).of("object").len(),
        0
    );
}

/// The level that seawall's webhook is to enforce counts as what is enforced: the label of Kubernetes beside it is a floor.
#[test]
fn a_goal_is_what_a_namespace_enforces() {
    let goal = |level: &str| format!("seawall.dev/enforce: {level}, {P}/enforce: privileged");
    assert_eq!(found("shop", &goal("restricted")), [""; 0]);
    assert_eq!(found("shop", &goal("privileged")), ["namespace-pss-label medium 5"]);
    let namespace = |labels: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{{labels}}}}}\n")
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {hostPID: true, containers: [{name: a, image: b}]}\n";
    for (labels, status) in [
        (goal("baseline"), 1),
        (goal("privileged"), 0),
        (format!("seawall.dev/enforce: privileged, {P}/enforce: baseline"), 0),
        ("seawall.dev/enforce-version: v1.30".to_owned(), 0),
    ] {
        let dir = Dir::with(&[("all.yaml", &format!("{}---\n{pod}", namespace(&labels)))]);
        assert_eq!(dir.scan(&["all.yaml"]).status, status, "{labels}");
    }
    let wrong = scan("shop", "seawall.dev/enforce: Baseline", &["--profile", "pss"]);
    assert_eq!(wrong.status, 0, "the API server takes it");
    let findings = wrong.findings("namespace-pss-label");
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0]["advice"]
            .as_str()
            .unwrap()
            .contains("seawall's webhook refuses to create such a namespace"),
        "{}",
        findings[0]
    );
}
