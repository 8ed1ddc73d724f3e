//! Configuration files.

use crate::reviews::{
    bad_spec, baseline_spec, configuration, create_controller, create_pod, labelled, pod, post, with,
};
use crate::scenario::Scenario;
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Scenario> {
    [forms(), values(), kinds(), fields()].concat()
}

/// A configuration, and requests that show what it says.
fn text(name: &str, configuration: &str) -> Scenario {
    let user = |name: &str| json!({"userInfo": {"username": name}});
    let requests = [
        create_pod(pod(bad_spec())),
        create_pod(pod(baseline_spec())),
        with(create_pod(pod(bad_spec())), json!({"namespace": "kube-system"})),
        with(create_pod(pod(bad_spec())), user("admin")),
        create_pod(pod(with(bad_spec(), json!({"runtimeClassName": "kata"})))),
        create_controller(("batch", "Job", "jobs"), &bad_spec()),
    ];
    let scenario = labelled(name, &[], requests.map(post).to_vec());
    Scenario { configuration: configuration.to_owned(), ..scenario }
}

fn members(name: &str, members: Value) -> Scenario {
    text(name, &configuration(members))
}

const BODY: &str = "kind: PodSecurityConfiguration
defaults:
  enforce: baseline
  enforce-version: v1.30
  warn: restricted
exemptions:
  usernames: [admin]
  namespaces: [kube-system]
  runtimeClasses: [kata]
";

fn forms() -> Vec<Scenario> {
    let of = |version: &str| format!("apiVersion: pod-security.admission.config.k8s.io/{version}\n{BODY}");
    vec![
        text("no configuration", ""),
        text("configuration v1", &of("v1")),
        text("configuration v1beta1", &of("v1beta1")),
        text("configuration v1alpha1", &of("v1alpha1")),
        text("configuration v2", &of("v2")),
        text("configuration of a comment", "# nothing\n"),
        text("configuration of blanks", " \n"),
        text("configuration that is null", "null"),
        text("configuration without members", "{}"),
        text("configuration with a document marker", &format!("---\n{}", of("v1"))),
        text(
            "configuration of two documents",
            &format!("{}---\n{}", of("v1"), of("v1beta1").replace("baseline", "privileged")),
        ),
        text("configuration with a byte order mark", &format!("\u{feff}{}", of("v1"))),
        text("configuration with tabs", &of("v1").replace("  ", "\t")),
        text("configuration that is no mapping", "x"),
        text("configuration that is a list", "[]"),
        text("configuration that is no YAML", "a: b: c"),
        text("configuration that is no JSON", "{\"apiVersion\": }"),
        text(
            "configuration with anchors",
            &of("v1")
                .replace("enforce: baseline", "enforce: &level baseline")
                .replace("warn: restricted", "warn: *level"),
        ),
        members(
            "configuration in JSON",
            json!({"defaults": {"enforce": "baseline"}, "exemptions": {"usernames": ["admin"]}}),
        ),
    ]
}

fn values() -> Vec<Scenario> {
    let defaults = |values: Value| members(&format!("defaults {values}"), json!({"defaults": values}));
    let exemptions = |values: Value| members(&format!("exemptions {values}"), json!({"exemptions": values}));
    let long = "a".repeat(64);
    let long_class = format!("{}.a", "b".repeat(252));
    vec![
        defaults(json!({})),
        defaults(json!(null)),
        defaults(json!({"enforce": "", "enforce-version": ""})),
        defaults(json!({"enforce": null, "audit-version": null})),
        defaults(json!({"enforce": "restricted"})),
        defaults(json!({"enforce-version": "v1.20"})),
        defaults(json!({"audit": "baseline", "audit-version": "v1.99"})),
        defaults(
            json!({"warn": "restricted", "warn-version": "v1.0", "enforce": "baseline", "audit": "privileged"}),
        ),
        defaults(json!({"enforce": "Baseline"})),
        defaults(
            json!({"enforce": "x", "enforce-version": "x", "audit": "y", "audit-version": "y", "warn": "z", "warn-version": "z"}),
        ),
        defaults(json!({"warn": "a\"b\n\u{a0}"})),
        defaults(json!({"audit-version": "1.25"})),
        defaults(json!({"warn-version": "v1.01", "enforce": "none"})),
        defaults(json!({"enforce-version": "v1.99999999999999999999"})),
        exemptions(json!({})),
        exemptions(json!(null)),
        exemptions(json!({"usernames": null, "namespaces": [], "runtimeClasses": null})),
        exemptions(json!({"usernames": [""], "namespaces": [""], "runtimeClasses": [""]})),
        exemptions(json!({"usernames": [null]})),
        exemptions(json!({"namespaces": ["kube-system", "kube-system", "a", "kube-system"]})),
        exemptions(json!({"namespaces": ["a", "b", "a"]})),
        exemptions(json!({"runtimeClasses": ["kata", "a.b", "kata"]})),
        exemptions(json!({"usernames": ["admin", "admin", "", "b", ""]})),
        exemptions(json!({"usernames": ["system:serviceaccount:a:b", "ü\"", " ", "*"]})),
        exemptions(json!({"namespaces": ["Kube", "a.b", "-a", "a-", "a_b", "kube-*", "ü", "a\"b", long]})),
        exemptions(
            json!({"runtimeClasses": ["Kata", "a..b", ".a", "a.", "a_b", "-a.b", "ü", "a\"b", long, long_class]}),
        ),
        exemptions(json!({"namespaces": ["A", "A", "1", "0a"]})),
        exemptions(json!({"runtimeClasses": ["A", "A", "1", "a.1"]})),
        members(
            "several errors of exemptions",
            json!({"exemptions": {"usernames": ["", "a", "a"], "namespaces": ["b", "b", "B"], "runtimeClasses": ["C", "c", "c"]}}),
        ),
        members(
            "errors of defaults before those of exemptions",
            json!({"defaults": {"warn": "x", "audit": "y"}, "exemptions": {"usernames": [""]}}),
        ),
    ]
}

const GROUP: &str = "pod-security.admission.config.k8s.io";

fn kinds() -> Vec<Scenario> {
    let of = |api_version: &str, kind: &str| {
        text(
            &format!("configuration kind {api_version} {kind}"),
            &json!({"apiVersion": api_version, "kind": kind}).to_string(),
        )
    };
    vec![
        of(&format!("{GROUP}/v1"), "PodSecurityConfiguration"),
        of(&format!("{GROUP}/v1"), "podSecurityConfiguration"),
        of(&format!("{GROUP}/v1"), "ListOptions"),
        of(&format!("{GROUP}/v1"), "WatchEvent"),
        of(&format!("{GROUP}/v1"), ""),
        of(&format!("{GROUP}/__internal"), "PodSecurityConfiguration"),
        of(GROUP, "PodSecurityConfiguration"),
        of("v1", "PodSecurityConfiguration"),
        of("", "PodSecurityConfiguration"),
        of("", ""),
        of("v1", "Pod"),
        of("v1", "Status"),
        of("apiserver.config.k8s.io/v1", "AdmissionConfiguration"),
        text("configuration without apiVersion", BODY),
        text("configuration with apiVersion of a wrong type", &format!("apiVersion: 1\n{BODY}")),
        text(
            "configuration of the internal version with all defaults",
            &json!({"apiVersion": format!("{GROUP}/__internal"), "kind": "PodSecurityConfiguration",
                "Defaults": {"Enforce": "baseline", "EnforceVersion": "latest", "Audit": "baseline", "AuditVersion": "latest",
                    "Warn": "baseline", "WarnVersion": "latest"}})
            .to_string(),
        ),
        members("configuration with metadata", json!({"metadata": {"name": "x"}})),
    ]
}

fn fields() -> Vec<Scenario> {
    let head = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n";
    let with_head = |name: &str, rest: &str| text(name, &format!("{head}{rest}"));
    vec![
        members("unknown field at the top", json!({"default": {"enforce": "baseline"}})),
        members("unknown field of the defaults", json!({"defaults": {"enforced": "baseline"}})),
        members(
            "unknown field of the exemptions",
            json!({"exemptions": {"runtimeClassNames": ["kata"], "users": []}}),
        ),
        members(
            "fields in other case",
            json!({"Defaults": {"enforce": "baseline"}, "exemptions": {"UserNames": ["admin"]}}),
        ),
        members("unknown field and a bad level", json!({"defaults": {"enforce": "x", "y": 1}})),
        with_head(
            "duplicate field at the top",
            "defaults: {enforce: baseline}\ndefaults: {enforce: restricted}\n",
        ),
        with_head("duplicate field of the defaults", "defaults: {enforce: baseline, enforce: baseline}\n"),
        text(
            "duplicate field in JSON",
            "{\"apiVersion\":\"pod-security.admission.config.k8s.io/v1\",\"kind\":\"PodSecurityConfiguration\",\"defaults\":{\"enforce\":\"baseline\",\"enforce\":\"baseline\"}}",
        ),
        with_head("duplicate kind", "kind: PodSecurityConfiguration\n"),
        with_head("level that is a boolean", "defaults: {enforce: yes}\n"),
        with_head("version that is a number", "defaults: {enforce-version: 1.25}\n"),
        with_head("defaults that are a list", "defaults: []\n"),
        with_head("defaults that are a text", "defaults: baseline\n"),
        with_head("exemptions that are a text", "exemptions: {namespaces: kube-system}\n"),
        with_head("exemptions that are numbers", "exemptions: {usernames: [1]}\n"),
        with_head("exemptions that are lists of lists", "exemptions: {usernames: [[admin]]}\n"),
        with_head("wrong type and an unknown field", "defaults: {enforce: 1}\nunknown: 1\n"),
    ]
}
