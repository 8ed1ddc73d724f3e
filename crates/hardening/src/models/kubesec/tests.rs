use seawall_yaml::{Document, read};

use super::*;

fn document(yaml: &str) -> Document {
    let mut entries = read(yaml.as_bytes().to_vec());
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0).document.expect("a document")
}

fn ids(entries: &[Entry]) -> Vec<&'static str> {
    entries.iter().map(|entry| entry.id).collect()
}

#[test]
fn a_rule_counts_once() {
    let yaml = "kind: Pod\nmetadata: {name: web}\nspec:\n  initContainers:\n  - securityContext: {privileged: true}\n  containers:\n  - securityContext: {privileged: true, readOnlyRootFilesystem: true}\n  - {}\n";
    let report = score(document(yaml).root(), Edition::Released);
    assert_eq!(report.object, "Pod/web.default");
    assert_eq!((report.score, &*report.message), (-29, "Failed with a score of -29 points"));
    assert_eq!(ids(&report.critical), ["Privileged"]);
    assert_eq!(ids(&report.passed), ["ReadOnlyRootFilesystem"]);
    assert!(report.fails());
}

#[test]
fn lists_are_sorted_by_points_and_then_by_selector() {
    let yaml = "kind: Pod\nspec:\n  hostPID: true\n  hostNetwork: true\n  hostAliases: []\n  containers:\n  - securityContext: {privileged: true, capabilities: {add: [CAP_SYS_ADMIN]}}\n";
    let report = score(document(yaml).root(), Edition::Released);
    assert_eq!(ids(&report.critical), ["CapSysAdmin", "Privileged", "HostNetwork", "HostPID", "HostAliases"]);
    let points: Vec<i32> = report.advise.iter().map(|entry| entry.points).collect();
    assert!(points.is_sorted_by(|a, b| a >= b) && points[..3] == [3, 3, 1], "{points:?}");
}

#[test]
fn other_kinds_are_not_looked_at() {
    let job = "kind: Job\nmetadata: {namespace: a}\nspec: {template: {spec: {hostPID: true, containers: [{env: [{valueFrom: {secretKeyRef: {}}}]}]}}}\n";
    let report = score(document(job).root(), Edition::Released);
    assert_eq!(report.message, "This resource kind is not supported by kubesec");
    let report = score(document(job).root(), Edition::Development);
    assert_eq!((&*report.object, report.score), ("Job/undefined.a", -5));
    let report = score(document("a: 1\n").root(), Edition::Released);
    assert_eq!((&*report.object, &*report.message), ("Unknown", "Passed with a score of 0 points"));
    assert_eq!(report.advise.len(), 16);
}

#[test]
fn printed_lists_are_searched_for_substrings() {
    let yaml = "kind: Pod\nspec:\n  volumes: [{hostPath: {path: /data/process}}]\n  serviceAccountName: ''\n  containers:\n  - securityContext: {capabilities: {drop: [small]}}\n  - resources: {limits: {cpu: null}}\n";
    let report = score(document(yaml).root(), Edition::Released);
    assert_eq!(ids(&report.critical), ["ProcMount"]);
    assert_eq!(ids(&report.passed), ["ServiceAccountName", "LimitsCPU", "CapDropAny", "CapDropAll"]);
}

#[test]
fn profiles_are_annotations_in_the_release_and_fields_in_development() {
    let key = "container.apparmor.security.beta.kubernetes.io";
    let cases = [
        (format!("{key}/app: localhost/a"), true),
        (format!("{key}/app: unconfined"), false),
        (format!("{key}/app: unconfined-not"), true),
        (format!("{key}/app1: localhost/a"), false),
        (format!("x{key}/app: localhost/a"), false),
        (format!("{key}/pod: unconfined-not"), false),
    ];
    for (annotation, kept) in cases {
        let yaml = format!(
            "kind: Pod\nmetadata: {{annotations: {{{annotation}}}}}\nspec: {{containers: [{{securityContext: {{appArmorProfile: {{type: Unconfined}}}}}}]}}\n"
        );
        let document = document(&yaml);
        let released = score(document.root(), Edition::Released);
        assert_eq!(ids(&released.passed).contains(&"ApparmorAny"), kept, "{annotation}");
        let development = score(document.root(), Edition::Development);
        assert_eq!(ids(&development.critical), ["ApparmorUnconfined"], "{annotation}");
    }
}

#[test]
fn fields_of_the_pod_hold_where_a_container_says_nothing() {
    let yaml = |container: &str| {
        format!(
            "kind: Deployment\nspec: {{template: {{spec: {{securityContext: {{runAsUser: 10001, seccompProfile: {{type: RuntimeDefault}}}}, ephemeralContainers: [{container}]}}}}}}\n"
        )
    };
    let passed = |container: &str, edition| ids(&score(document(&yaml(container)).root(), edition).passed);
    assert_eq!(passed("{}", Edition::Development), ["SeccompAny", "RunAsUser"]);
    assert_eq!(passed("{}", Edition::Released), [""; 0]);
    let own = "{securityContext: {runAsUser: 10000, seccompProfile: {type: Unconfined}}}";
    assert_eq!(passed(own, Edition::Development), [""; 0]);
}

#[test]
fn values_are_printed_as_go_prints_them() {
    let yaml = "a: [1, 1.5, 1e21, 0.00001, 1e20, true, null, ~, text, {b: 1, a: []}, -0.0001]\n";
    let document = document(yaml);
    assert_eq!(
        printed(document.root()),
        "map[a:[1 1.5 1e+21 1e-05 100000000000000000000 true <nil> <nil> text map[a:[] b:1] -0.0001]]"
    );
}

#[test]
fn values_of_other_types_do_no_harm() {
    for value in ["null", "1", "[]", "[1]", "{}", "{a: 1}", "text", "[[]]", "[null]"] {
        for key in ["kind", "metadata", "spec"] {
            let root = document(&format!("kind: StatefulSet\n{key}: {value}\n"));
            score(root.root(), Edition::Development);
        }
        let spec =
            format!("{{containers: {value}, volumes: {value}, hostPID: {value}, securityContext: {value}}}");
        let root = document(&format!(
            "kind: Deployment\nspec: {{volumeClaimTemplates: {value}, template: {{spec: {spec}}}}}\n"
        ));
        assert!(score(root.root(), Edition::Released).critical.is_empty(), "{value}");
    }
}

#[test]
fn every_edition_has_its_rules() {
    let count = |edition| RULES.iter().filter(|rule| rule.form(edition).is_some()).count();
    assert_eq!((count(Edition::Released), count(Edition::Development)), (26, 30));
}
