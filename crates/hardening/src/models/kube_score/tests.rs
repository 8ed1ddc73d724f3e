use seawall_yaml::{Document, Limits, Reader};

use super::*;

/// Documents as a scan reads them: lists are cut.
fn documents(yaml: &str) -> Vec<Document> {
    let reader = Reader::new(yaml.as_bytes().into(), Limits::default()).by_items(0);
    reader.map(|entry| entry.document.expect("a document")).collect()
}

fn scored(yaml: &str, options: &Options) -> Vec<Scored> {
    let documents = documents(yaml);
    let mut facts = Facts::default();
    for document in &documents {
        facts.add(document.root());
    }
    let scored = documents.iter().flat_map(|document| score(document.root(), &facts, options));
    merged(scored.map(|(_, object)| object))
}

/// `id grade` of the checks whose ids begin so, `-` in front of those that do not count.
fn said(yaml: &str, start: &str) -> Vec<String> {
    let all = scored(yaml, &Options::default());
    let checks = all.iter().flat_map(|object| &object.checks).filter(|check| check.id.starts_with(start));
    checks
        .map(|check| {
            let grade = check.grade.map_or(0, |grade| grade as u8);
            format!("{}{} {grade}", if check.skipped { "-" } else { "" }, check.id)
        })
        .collect()
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: app, image: 'nginx:1'}]}\n";

#[test]
fn checks_see_the_objects_of_all_documents() {
    assert_eq!(said(DEPLOYMENT, "deployment-has-pod"), ["deployment-has-poddisruptionbudget 1"]);
    assert_eq!(said(DEPLOYMENT, "pod-probes"), ["-pod-probes 10", "pod-probes-identical 10"]);
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: web}}}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n";
    let all = format!("{budget}---\n{service}---\n{DEPLOYMENT}");
    assert_eq!(said(&all, "deployment-has-pod"), ["deployment-has-poddisruptionbudget 10"]);
    assert_eq!(said(&all, "service-targets"), ["service-targets-pod 10"]);
    assert_eq!(said(&all, "pod-probes"), ["pod-probes 1", "pod-probes-identical 10"]);
    let elsewhere = all.replace("{name: a}", "{name: a, namespace: other}");
    assert_eq!(said(&elsewhere, "deployment-has-pod"), ["deployment-has-poddisruptionbudget 1"]);
}

#[test]
fn comments_name_the_container() {
    let all = scored(DEPLOYMENT, &Options { ignore_container_cpu_limit: true, ..Options::default() });
    let resources = all[0].checks.iter().find(|check| check.id == "container-resources").expect("a check");
    let comments: Vec<String> =
        resources.comments.iter().map(|comment| format!("{}: {}", comment.path, comment.summary)).collect();
    assert_eq!(
        comments,
        ["app: Memory limit is not set", "app: CPU request is not set", "app: Memory request is not set",]
    );
    assert_eq!((all[0].key().as_str(), resources.grade), ("Deployment/apps/v1//web", Some(Grade::Critical)));
    assert!(all[0].is_at_or_below(Grade::Critical));
}

#[test]
fn annotations_decide_which_checks_count() {
    let own = DEPLOYMENT
        .replace("{name: web}", "{name: web, annotations: {kube-score/ignore: 'a, container-resources'}}");
    assert_eq!(said(&own, "container-resources"), ["-container-resources 1"]);
    let implied = "container-ephemeral-storage-request-and-limit";
    assert_eq!(said(&own, implied), [format!("-{implied} 1")]);
    let template = own.replace(
        "{labels: {app: web}}",
        "{labels: {app: web}, annotations: {kube-score/enable: 'container-resources,container-ports-check'}}",
    );
    assert_eq!(said(&template, "container-resources"), ["container-resources 1"]);
    assert_eq!(said(&template, "container-ports"), ["container-ports-check 10"]);
    assert_eq!(said(&own, "container-ports"), ["-container-ports-check 10"]);
    let off = Options { ignore_annotations: false, ..Options::default() };
    let counted = &scored(&own, &off)[0].checks;
    assert!(counted.iter().any(|check| check.id == "container-resources" && !check.skipped));
    let ignored = Options { ignored: ["container-resources".to_owned()].into(), ..Options::default() };
    assert!(scored(&own, &ignored)[0].checks.iter().all(|check| check.id != "container-resources"));
}

#[test]
fn objects_of_the_same_identity_are_one() {
    let twice = format!("{DEPLOYMENT}---\n{DEPLOYMENT}");
    assert_eq!(scored(&twice, &Options::default()).len(), 1);
    assert_eq!(said(&twice, "service"), [""; 0]);
    assert_eq!(said(&twice, "container-image-tag"), ["container-image-tag 10"; 2]);
}

#[test]
fn lists_of_the_core_group_are_looked_into() {
    let list = |api_version: &str, kind: &str| {
        format!(
            "apiVersion: {api_version}\nkind: {kind}\nitems:\n- apiVersion: v1\n  kind: List\n  items: [{{apiVersion: v1, kind: Pod}}]\n- {{apiVersion: apps/v1, kind: ReplicaSet}}\n"
        )
    };
    assert_eq!(scored(&list("v1", "List"), &Options::default()).len(), 1);
    assert_eq!(scored(&list("v1", "PodList"), &Options::default()).len(), 0);
    let cut = |kind: &str| {
        format!(
            "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\nkind: {kind}\n"
        )
    };
    assert!(documents(&cut("PodList"))[0].list_item().is_some());
    assert_eq!(scored(&cut("List"), &Options::default()).len(), 1);
    assert_eq!(scored(&cut("PodList"), &Options::default()).len(), 0);
}

#[test]
fn replacements_count_from_the_version_on_that_has_them() {
    let cron = "apiVersion: batch/v1beta1\nkind: CronJob\n";
    let at = |kubernetes| {
        let options = Options { kubernetes, ..Options::default() };
        let stable =
            scored(cron, &options)[0].checks.iter().find(|check| check.id == "stable-version").cloned();
        stable.and_then(|check| check.grade)
    };
    assert_eq!([at((1, 20)), at((1, 21))], [Some(Grade::AllOk), Some(Grade::Warning)]);
}

#[test]
fn ports_with_names_are_told_apart_by_connections_alone() {
    let pod = |probe: &str| {
        let (a, b) = (probe.replace('P', "one"), probe.replace('P', "two"));
        format!(
            "apiVersion: v1\nkind: Pod\nspec: {{containers: [{{readinessProbe: {a}, livenessProbe: {b}}}]}}\n"
        )
    };
    assert_eq!(said(&pod("{httpGet: {port: P}}"), "pod-probes-i"), ["pod-probes-identical 1"]);
    assert_eq!(said(&pod("{tcpSocket: {port: P}}"), "pod-probes-i"), ["pod-probes-identical 10"]);
}

#[test]
fn of_containers_with_one_name_the_last_decides_about_seccomp() {
    let pod = |first: &str, second: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nspec: {{initContainers: [{{name: i}}], containers: [{{name: a, securityContext: {first}}}, {{name: a, securityContext: {second}}}]}}\n"
        )
    };
    let grade = |yaml: &str| said(yaml, "container-seccomp");
    assert_eq!(grade(&pod("{}", "{seccompProfile: {}}")), ["-container-seccomp-profile 10"]);
    assert_eq!(grade(&pod("{seccompProfile: {}}", "{}")), ["-container-seccomp-profile 5"]);
}

#[test]
fn a_port_without_a_name_is_any_port_without_one() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n---\n";
    let ingress = |backend: &str| {
        format!(
            "{service}apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {{rules: [{{http: {{paths: [{{path: /, backend: {backend}}}]}}}}]}}\n"
        )
    };
    let grade = |backend: &str| said(&ingress(backend), "ingress").remove(0);
    assert_eq!(grade("{service: {name: web, port: {number: 8080}}}"), "ingress-targets-service 10");
    assert_eq!(grade("{service: {name: web, port: {name: http}}}"), "ingress-targets-service 1");
    assert_eq!(grade("{}"), "ingress-targets-service 1");
}

#[test]
fn selectors_are_valid_or_select_nothing() {
    let grade = |selector: &str| {
        let yaml =
            DEPLOYMENT.replace("selector: {matchLabels: {app: web}}", &format!("selector: {selector}"));
        said(&yaml, "deployment-pod-selector").remove(0).ends_with(" 10")
    };
    for (selector, well) in [
        ("{}", true),
        ("null", false),
        ("{matchLabels: {app: db}}", false),
        ("{matchLabels: {-app: web}}", false),
        ("{matchExpressions: [{key: app, operator: In, values: [db, web]}]}", true),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", false),
        ("{matchExpressions: [{key: example.com/tier, operator: DoesNotExist}]}", true),
        ("{matchExpressions: [{key: tier, operator: NotIn, values: [a]}]}", true),
        ("{matchExpressions: [{key: app, operator: Exists, values: [web]}]}", false),
        ("{matchExpressions: [{key: app, operator: exists}]}", false),
        ("{matchExpressions: [{key: Example.com/tier, operator: DoesNotExist}]}", false),
    ] {
        assert_eq!(grade(selector), well, "{selector}");
    }
}

#[test]
fn values_of_other_types_do_no_harm() {
    for value in ["null", "1", "[]", "[1]", "{}", "{a: 1}", "text", "[[]]", "[null]", "[{}]"] {
        for kind in ["Deployment", "StatefulSet"] {
            let spec = format!("{{containers: {value}, affinity: {value}, securityContext: {value}}}");
            let yaml = format!(
                "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{labels: {value}, annotations: {value}}}\nspec: {{replicas: {value}, selector: {value}, template: {{metadata: {value}, spec: {spec}}}}}\n"
            );
            assert_eq!(scored(&yaml, &Options::default()).len(), 1, "{value}");
        }
        for kind in [
            "v1, kind: Service",
            "networking.k8s.io/v1, kind: Ingress",
            "autoscaling/v2, kind: HorizontalPodAutoscaler",
        ] {
            let yaml = format!(
                "{{apiVersion: {kind}, metadata: {value}, spec: {{selector: {value}, ports: {value}, rules: {value}, scaleTargetRef: {value}}}}}\n"
            );
            assert_eq!(scored(&yaml, &Options::default()).len(), 1, "{value}");
        }
    }
}
