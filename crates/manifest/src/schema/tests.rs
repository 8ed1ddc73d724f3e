//! Tests of the walk on whole objects.

use seawall_yaml::Document;

use super::*;
use crate::objects::objects;

fn document(text: &str) -> Document {
    let mut entries = seawall_yaml::read(text.as_bytes());
    let entry = entries.pop().expect("a document");
    assert!(entries.is_empty() && entry.problems.is_empty(), "{:?}", entry.problems);
    entry.document.expect("a document")
}

fn check(text: &str) -> Vec<SchemaProblem> {
    let document = document(text);
    let objects = objects(&document);
    let mut walker = Walker::default();
    let mut problems: Vec<_> = objects.lists.iter().flat_map(|(_, list)| walker.check_list(list)).collect();
    problems.extend(objects.objects.iter().flat_map(|object| walker.check(object)));
    problems
}

/// Path, message and reason of every problem.
fn lines(text: &str) -> Vec<String> {
    check(text).iter().map(|p| format!("{} | {} | {}", p.path, p.message, p.reason)).collect()
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a: b}}\nspec:\n  containers:\n";

fn pod(container: &str) -> String {
    format!("{POD}  - {{name: app, {container}}}\n")
}

#[test]
fn clean_objects_have_no_problem() {
    assert_eq!(
        lines(&pod("image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: 1, memory: 1Gi}}")),
        [""; 0]
    );
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {versions: [{name: v1, schema: \
               {openAPIV3Schema: {type: object, additionalProperties: true, items: {type: string}, enum: [1, {a: b}], \
               default: {x: [1]}, properties: {a: {additionalProperties: {type: string}}}}}}]}\n";
    assert_eq!(lines(crd), [""; 0]);
    assert_eq!(lines("apiVersion: example.com/v1\nkind: Other\nspec: {a: 1, b: [x, {y: null}]}\n"), [""; 0]);
}

#[test]
fn wrong_types_say_what_the_api_server_says() {
    let problems = check(&pod("securityContext: {runAsNonRoot: \"true\", runAsUser: x}"));
    assert!(refused(&problems));
    assert_eq!(problems[0].path.to_string(), "spec.containers[name=app].securityContext.runAsNonRoot");
    assert_eq!(problems[0].go_path, "spec.containers[0].securityContext.runAsNonRoot");
    assert_eq!(problems[0].message, "`runAsNonRoot` must be true or false, not the string \"true\"");
    assert_eq!(problems[0].hint.as_deref(), Some("remove the quotes"));
    assert_eq!(
        problems[0].reason,
        "json: cannot unmarshal string into Go struct field SecurityContext.spec.containers.securityContext.runAsNonRoot \
         of type bool"
    );
    assert_eq!(problems[1].message, "`runAsUser` must be a whole number, not the string \"x\"");
    for (container, message) in [
        (
            "ports: [{containerPort: \"80\"}]",
            "`containerPort` must be a whole number of 32 bits, not the string \"80\"",
        ),
        ("ports: {containerPort: 80}", "`ports` must be a list, not a mapping"),
        ("args: [1]", "`args[0]` must be a string, not a number"),
        ("env: [{name: A, value: 17}]", "`value` must be a string, not a number"),
        (
            "resources: {limits: {cpu: lots}}",
            "`cpu` must be a quantity such as 500m or 1Gi, not the string \"lots\"",
        ),
        ("securityContext: [x]", "`securityContext` must be a mapping, not a list"),
        (
            "livenessProbe: {httpGet: {port: true}}",
            "`port` must be a whole number of 32 bits or a string, not true",
        ),
    ] {
        let problems = check(&pod(container));
        assert_eq!(problems.len(), 1, "{container}");
        assert_eq!(problems[0].message, message);
        assert!(refused(&problems));
    }
}

#[test]
fn of_several_wrong_values_the_api_server_names_one() {
    let reason = |text: &str| refusal(&check(text)).map(|p| p.reason.clone()).unwrap_or_default();
    // YAML arrives with sorted keys, JSON as it is.
    assert!(reason("apiVersion: v1\nkind: Pod\nspec: {hostPID: 7, hostIPC: 7}\n").contains("hostIPC"));
    let json = r#"{"apiVersion":"v1","kind":"Pod","spec":{"hostPID":7,"hostIPC":7}}"#;
    assert!(reason(json).contains("hostPID"));
    // What decodes itself ends the decoding.
    let text = pod("image: 7, resources: {limits: {cpu: lots}}, livenessProbe: {httpGet: {port: true}}");
    assert_eq!(
        reason(&text),
        "json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port \
         of type int32"
    );
}

#[test]
fn values_meant_as_text_are_not_repeated() {
    let secret = "apiVersion: v1\nkind: Secret\nstringData: {a: 123456}\ndata: {b: \"hunter2!\"}\n";
    let text = format!("{:?}", check(secret));
    assert!(!text.contains("123456") && !text.contains("hunter2"), "{text}");
    assert_eq!(check(secret).len(), 2);
}

#[test]
fn numbers_in_odd_forms() {
    for good in [
        "runAsUser: 1.0",
        "runAsUser: 0x10",
        "runAsUser: 0o20",
        "runAsUser: 1_000",
        "runAsUser: null",
        "runAsUser: -0",
    ] {
        assert_eq!(lines(&pod(&format!("securityContext: {{{good}}}"))), [""; 0], "{good}");
    }
    for bad in ["runAsUser: 1.5", "runAsUser: 18446744073709551615", "runAsUser: 1e30"] {
        assert_eq!(check(&pod(&format!("securityContext: {{{bad}}}"))).len(), 1, "{bad}");
    }
    assert_eq!(check(&pod("ports: [{containerPort: 2147483648}]")).len(), 1);
    let json =
        |n| format!("{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{{\"activeDeadlineSeconds\":{n}}}}}");
    assert_eq!(check(&json("1")).len(), 0);
    assert_eq!(check(&json("1.0")).len(), 1);
    assert_eq!(check(&json("1e3")).len(), 1);
}

#[test]
fn unknown_fields_come_with_a_suggestion() {
    let problems = check(&pod("securitycontext: {privileged: true}"));
    assert_eq!(problems.len(), 1);
    assert!(!refused(&problems));
    assert_eq!(problems[0].answer, Answer::Strict);
    assert_eq!(problems[0].reason, "unknown field \"spec.containers[0].securitycontext\"");
    assert_eq!(problems[0].hint.as_deref(), Some("did you mean `securityContext`?"));
    let suggestion = Some("securityContext".to_owned());
    assert_eq!(problems[0].kind, SchemaProblemKind::UnknownField { suggestion });
}

#[test]
fn retired_versions_are_checked_for_what_they_share() {
    let text = "apiVersion: extensions/v1beta1\nkind: Deployment\nspec: {rollbackTo: {revision: 1}, replicas: \"2\"}\n";
    assert_eq!(lines(text).len(), 1);
    assert!(refused(&check(text)));
    for (text, field) in [
        ("apiVersion: apps/v1beta1\nkind: Deployment\nspec: {selectr: {}}\n", "spec.selectr"),
        ("apiVersion: batch/v2alpha1\nkind: CronJob\nspec: {template: {}}\n", "spec.template"),
    ] {
        let problems = check(text);
        assert_eq!(problems.iter().map(|p| p.path.to_string()).collect::<Vec<_>>(), [field]);
        assert!(!refused(&problems));
    }
}

#[test]
fn duplicate_keys_are_found_everywhere() {
    for (text, path, answer) in [
        ("apiVersion: v1\nkind: Pod\nspec: {hostPID: 7, hostPID: true}\n", "spec.hostPID", Answer::Silent),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: b, a: c}}\n",
            "metadata.labels.a",
            Answer::Silent,
        ),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {1: \"x\", \"1\": \"y\"}\n", "data.1", Answer::Silent),
        (
            "apiVersion: example.com/v1\nkind: Other\nspec: [{a: {b: 1, b: 2}}]\n",
            "spec[0].a.b",
            Answer::Silent,
        ),
        (
            r#"{"apiVersion":"v1","kind":"Pod","spec":{"hostPID":true,"hostPID":false}}"#,
            "spec.hostPID",
            Answer::Strict,
        ),
        (
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"b","a":"c"}}}"#,
            "metadata.labels.a",
            Answer::Strict,
        ),
        (r#"{"apiVersion":"e.com/v1","kind":"Other","a":{"b":1,"b":2}}"#, "a.b", Answer::Strict),
        (
            r#"{"apiVersion":"apps/v1","kind":"ControllerRevision","data":{"b":1,"b":2}}"#,
            "data.b",
            Answer::Silent,
        ),
    ] {
        let problems = check(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert_eq!((problems[0].path.to_string().as_str(), problems[0].answer), (path, answer));
        let SchemaProblemKind::DuplicateKey { first } = problems[0].kind else { panic!("{text}") };
        assert!(first < problems[0].span);
    }
    // JSON is decoded value by value, so the lost one must be right too.
    let json = r#"{"apiVersion":"v1","kind":"Pod","spec":{"hostPID":7,"hostPID":true}}"#;
    assert!(refused(&check(json)));
}

#[test]
fn merged_keys_may_be_overridden() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - &a {name: a, image: 7, stdin: true}\n  - <<: *a\n    name: b\n    \
                image: x\n    tty: nope\n    nonsense: 1\n";
    let found = lines(text);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("spec.containers[name=a].image "));
    assert!(found[1].starts_with("spec.containers[name=b].tty "));
    assert!(found[2].starts_with("spec.containers[name=b].nonsense "));
}

#[test]
fn aliases_are_checked_where_they_are_used() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {annotations: &a {x: text}, labels: *a}\nspec: {nodeSelector: *a, hostPID: &b 1, hostIPC: *b}\n";
    let found = lines(text);
    assert_eq!(found.len(), 2, "{found:#?}");
    let mut bomb = "apiVersion: v1\nkind: ConfigMap\na0: &a0 [x, x]\n".to_owned();
    for i in 1..40 {
        use std::fmt::Write as _;
        writeln!(bomb, "a{i}: &a{i} [*a{}, *a{}]", i - 1, i - 1).unwrap();
    }
    // A reader may refuse it; if it does not, the walk ends.
    for entry in seawall_yaml::read(bomb.as_bytes()) {
        if let Some(document) = entry.document {
            let found = objects(&document);
            assert_eq!(Walker::default().check(&found.objects[0]).len(), 40);
        }
    }
}

#[test]
fn many_keys_take_no_square_of_time() {
    let many = (0..100_000).map(|i| format!("  k{i}: v\n")).collect::<Vec<_>>().concat();
    let text = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n{many}  k7: v\n");
    let found = lines(&text);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("data.k7 "));
    let unknown = (0..100_000).map(|i| format!("k{i}: v\n")).collect::<Vec<_>>().concat();
    assert_eq!(check(&format!("apiVersion: v1\nkind: ConfigMap\n{unknown}")).len(), 100);
}

#[test]
fn depth_costs_no_stack() {
    let depth = 4_000;
    let nested = |open: &str, close: &str| {
        let schema = format!("{}{{}}{}", open.repeat(depth), close.repeat(depth));
        format!(
            "{{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\",\"spec\":{{\"versions\":\
             [{{\"schema\":{{\"openAPIV3Schema\":{schema}}}}}]}}}}"
        )
    };
    assert_eq!(check(&nested("{\"items\":", "}")).len(), 0);
    assert_eq!(check(&nested("{\"x\":", "}")).len(), 1);
}

#[test]
fn lists_are_checked_apart_from_their_items() {
    let text = "apiVersion: v1\nkind: PodList\nnonsense: 1\nitems: [{spec: {hostPID: 7}}]\n";
    let found = lines(text);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("nonsense ") && found[1].starts_with("spec.hostPID "));
}

#[test]
fn fields_that_a_retired_version_had_are_known_in_it_alone() {
    let known = |version: &str, kind: &str, field: &str| {
        check(&format!("apiVersion: {version}\nkind: {kind}\nspec: {{{field}: }}\n")).is_empty()
    };
    assert!(known("apps/v1beta1", "Deployment", "rollbackTo"));
    assert!(known("extensions/v1beta1", "DaemonSet", "templateGeneration"));
    assert!(known("extensions/v1beta1", "Job", "autoSelector"));
    assert!(!known("apps/v1beta2", "Deployment", "rollbackTo"));
    assert!(!known("apps/v1beta1", "StatefulSet", "rollbackTo"));
    assert!(!known("apps/v1beta1", "Deployment", "selectr"));
}

#[test]
fn metadata_that_servers_of_retired_versions_had_are_known_there() {
    let problems = |version: &str, place: &str| {
        check(&format!("apiVersion: {version}\nkind: Deployment\n{place}\nspec: {{}}\n"))
    };
    for field in ["clusterName: c", "initializers: {}"] {
        assert_eq!(problems("extensions/v1beta1", &format!("metadata: {{{field}}}")), []);
        assert_eq!(problems("apps/v1", &format!("metadata: {{{field}}}")).len(), 1);
        let template = format!(
            "apiVersion: apps/v1beta2\nkind: Deployment\nspec: {{template: {{metadata: {{{field}}}}}}}\n"
        );
        assert_eq!(check(&template), []);
        let elsewhere = format!("apiVersion: apps/v1beta2\nkind: Deployment\nspec: {{{field}}}\n");
        assert_eq!(check(&elsewhere).len(), 1);
    }
}
