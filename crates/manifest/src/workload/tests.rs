//! Tests of where pods are found.

use super::*;
use crate::objects::objects;

fn with<T>(text: &str, look: impl FnOnce(&Object<'_>) -> T) -> T {
    let entry = seawall_yaml::read(text.as_bytes()).pop().expect("a document");
    let document = entry.document.expect("a document");
    look(&objects(&document).objects[0])
}

/// Path, form and mark of every template; whether each holds container `a`.
fn found(text: &str, configured: &[ConfiguredEntry]) -> Vec<String> {
    with(text, |object| {
        let line = |t: &Template<'_>| {
            let containers = t.spec.and_then(|s| s.get("containers"));
            let name = containers
                .and_then(|c| c.items().next())
                .and_then(|c| c.get("name"))
                .and_then(NodeRef::as_str);
            let mark = if t.custom { " custom" } else { "" };
            format!("{} {}{mark}", t.spec_path().unwrap_or_default(), name.unwrap_or("-"))
        };
        templates(object, configured).iter().map(line).collect()
    })
}

const POD: &str = "{metadata: {labels: {x: z}}, spec: {containers: [{name: a, image: i}]}}";

#[test]
fn built_in_kinds() {
    for (version, kind, body, path) in [
        ("v1", "PodTemplate", format!("template: {POD}"), "template.spec"),
        ("v1", "ReplicationController", format!("spec: {{template: {POD}}}"), "spec.template.spec"),
        ("apps/v1", "Deployment", format!("spec: {{template: {POD}}}"), "spec.template.spec"),
        ("extensions/v1beta1", "DaemonSet", format!("spec: {{template: {POD}}}"), "spec.template.spec"),
        ("batch/v1", "Job", format!("spec: {{template: {POD}}}"), "spec.template.spec"),
        (
            "batch/v1beta1",
            "CronJob",
            format!("spec: {{jobTemplate: {{spec: {{template: {POD}}}}}}}"),
            "spec.jobTemplate.spec.template.spec",
        ),
    ] {
        let text = format!("apiVersion: {version}\nkind: {kind}\n{body}\n");
        assert_eq!(found(&text, &[]), [format!("{path} a")], "{kind}");
        assert_eq!(with(&text, |o| templates(o, &[])[0].kind), WorkloadKind::Template);
    }
    let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a}]}\n";
    assert_eq!(found(pod, &[]), ["spec a"]);
    assert_eq!(with(pod, |o| templates(o, &[])[0].kind), WorkloadKind::Pod);
    assert_eq!(found("apiVersion: v1\nkind: ReplicationController\nspec: {}\n", &[]), [""; 0]);
    assert_eq!(found("apiVersion: apps/v1\nkind: Deployment\nspec: {}\n", &[]), ["spec.template.spec -"]);
    assert_eq!(found("apiVersion: apps/v2\nkind: Deployment\nspec: {}\n", &[]), [""; 0]);
}

#[test]
fn custom_resources() {
    let rollout = |body: &str| format!("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {{{body}}}\n");
    assert_eq!(found(&rollout(&format!("template: {POD}")), &[]), ["spec.template.spec a custom"]);
    assert_eq!(found(&rollout("workloadRef: {name: x}"), &[]), [""; 0]);
    let torch = format!(
        "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nspec: {{pytorchReplicaSpecs: {{Master: {{template: {POD}}}, Worker: \
         {{template: {POD}}}}}}}\n"
    );
    assert_eq!(
        found(&torch, &[]),
        [
            "spec.pytorchReplicaSpecs.Master.template.spec a custom",
            "spec.pytorchReplicaSpecs.Worker.template.spec a custom"
        ]
    );
    let volcano = format!(
        "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nspec: {{tasks: [{{name: t, template: {POD}}}, {{name: t, template: \
         {POD}}}]}}\n"
    );
    assert_eq!(
        found(&volcano, &[]),
        ["spec.tasks[name=t].template.spec a custom", "spec.tasks[1].template.spec a custom"]
    );
    let kserve = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: m}\nspec: {predictor: \
                  {containers: [{name: a}]}, transformer: {model: {}}, explainer: {minReplicas: 1}}\n";
    assert_eq!(found(kserve, &[]), ["spec.predictor a custom", "spec.transformer - custom"]);
    let name = with(kserve, |o| templates(o, &[])[0].pod().map(|p| p.metadata.name.into_owned()));
    assert_eq!(name.as_deref(), Ok("m"));
    let revision = "apiVersion: serving.knative.dev/v1\nkind: Revision\nspec: {containers: [{name: a}]}\n";
    assert_eq!(found(revision, &[]), ["spec a custom"]);
}

#[test]
fn configured_resources() {
    let entry = |version: &str, path: &str| ConfiguredEntry {
        api_version: version.to_owned(),
        kind: "Thing".to_owned(),
        path: path.to_owned(),
        form: Form::Template,
    };
    let text = format!("apiVersion: example.com/v1\nkind: Thing\nspec: {{pods: [{POD}]}}\n");
    for version in ["example.com/v1", "example.com/*"] {
        assert_eq!(found(&text, &[entry(version, "spec.pods.*")]), ["spec.pods[0].spec a custom"]);
    }
    assert_eq!(found(&text, &[entry("example.com/v2", "spec.pods.*")]), [""; 0]);
}

#[test]
fn likely_workloads_are_named() {
    let like = |text: &str| with(text, |o| looks_like_workload(o, &[]).map(|p| p.to_string()));
    let thing = |spec: &str| format!("apiVersion: example.com/v1\nkind: Thing\nspec: {spec}\n");
    assert_eq!(
        like(&thing(&format!("{{template: {POD}}}"))).as_deref(),
        Some("spec.template.spec.containers")
    );
    assert_eq!(like(&thing("{steps: [{image: x}]}")).as_deref(), Some("spec.steps"));
    assert_eq!(like(&thing("{containers: 3, template: {spec: x}}")), None);
    for named in
        ["apps/v1\nkind: Thing", "v1\nkind: Deployment", "v1\nkind: pod", "apps/v2\nkind: Deployment"]
    {
        let text = format!("apiVersion: {named}\nspec: {{containers: [{{image: x}}]}}\n");
        assert_eq!(like(&text).as_deref(), Some("spec.containers"), "{named}");
    }
    assert_eq!(like("apiVersion: policy/v1\nkind: Thing\nspec: {containers: [{image: x}]}\n"), None);
    assert_eq!(like("apiVersion: v1\nkind: ReplicationController\nspec: {containers: [{image: x}]}\n"), None);
    assert_eq!(meant("deployment"), Some(("apps/v1", "Deployment")));
    assert_eq!((meant("Pod"), meant("Service")), (Some(("v1", "Pod")), None));
    let rollout = format!("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {{template: {POD}}}\n");
    assert_eq!(like(&rollout), None);
    let pipeline =
        "apiVersion: tekton.dev/v1\nkind: Pipeline\nspec: {tasks: [{taskSpec: {steps: [{image: x}]}}]}\n";
    assert_eq!(like(pipeline).as_deref(), Some("spec.tasks[0].taskSpec.steps"));
}

#[test]
fn likely_workloads_can_be_described() {
    let entries = |spec: &str| {
        let text = format!("apiVersion: example.com/v1\nkind: Thing\nspec: {spec}\n");
        with(&text, |object| {
            let entries = likely_entries(object);
            // Described so, all of its pods are judged.
            assert_eq!(looks_like_workload(object, &entries).is_some(), entries.is_empty(), "{spec}");
            entries.into_iter().map(|e| format!("{} {:?}", e.path, e.form)).collect::<Vec<_>>()
        })
    };
    let containers = "containers: [{name: a, image: x}]";
    assert_eq!(entries(&format!("{{template: {POD}}}")), ["spec.template Template"]);
    assert_eq!(entries(&format!("{{{containers}}}")), ["spec PodSpec"]);
    assert_eq!(entries(&format!("{{podSpec: {{{containers}}}}}")), ["spec.podSpec PodSpec"]);
    assert_eq!(
        entries(&format!(
            "{{head: {{template: {POD}}}, groups: [{{template: {POD}}}, {{template: {POD}}}]}}"
        )),
        ["spec.head.template Template", "spec.groups.*.template Template"]
    );
    assert_eq!(entries(&format!("{{a.b: {{template: {POD}}}}}")), ["spec.*.template Template"]);
    assert_eq!(entries("{steps: [{image: x}]}"), [""; 0]);
}

#[test]
fn what_looks_like_a_workload_can_be_configured() {
    let path = |containers: FieldPath| configured_path(&containers);
    let named = |text: &str, form| Some((text.to_owned(), form));
    let root = FieldPath::root;
    assert_eq!(path(root().keys("spec.template.spec.containers")), named("spec.template", Form::Template));
    assert_eq!(path(root().keys("spec.containers")), named("spec", Form::PodSpec));
    assert_eq!(path(root().keys("spec.podSpec.containers")), named("spec.podSpec", Form::PodSpec));
    let tasks = root().keys("spec.tasks").index(3).keys("template.spec.containers");
    assert_eq!(path(tasks), named("spec.tasks.*.template", Form::Template));
    assert_eq!(path(root().keys("spec.steps")), None);
}

#[test]
fn large_mappings_take_no_square_of_time() {
    let many = (0..50_000)
        .map(|i| format!("    r{i}: {{template: {{spec: {{containers: []}}}}}}\n"))
        .collect::<Vec<_>>()
        .concat();
    let text =
        format!("apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nspec:\n  pytorchReplicaSpecs:\n{many}");
    assert_eq!(with(&text, |o| templates(o, &[]).len()), 50_000);
}

#[test]
fn workloads_in_other_groups_of_kubernetes_are_misnamed() {
    let misnamed =
        |version: &str, kind: &str| with(&format!("apiVersion: {version}\nkind: {kind}\n"), is_misnamed);
    assert!(misnamed("networking.k8s.io/v1", "Pod") && misnamed("apps.k8s.io/v1", "Deployment"));
    assert!(!misnamed("networking.k8s.io/v1beta1", "Ingress") && !misnamed("jobs.x-k8s.io/v1", "Job"));
    let likely =
        |text: &str| with(text, |object| looks_like_workload(object, &[]).map(|path| path.to_string()));
    assert_eq!(
        likely("apiVersion: foo.k8s.io/v1\nkind: Worker\nspec: {template: {spec: {containers: [{name: a, image: i}]}}}\n")
            .as_deref(),
        Some("spec.template.spec.containers")
    );
    assert_eq!(
        likely("apiVersion: template.openshift.io/v1\nkind: Template\nobjects: [{spec: {replicas: '${{N}}', containers: [{name: a, command: [x]}]}}]\n")
            .as_deref(),
        Some("objects[0].spec.containers")
    );
    assert_eq!(
        likely("apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {containers: [{image: i}]}\n"),
        None
    );
}

#[test]
fn what_makes_pods_in_unusual_ways_is_named() {
    let likely = |head: &str, spec: &str| {
        let text = format!("apiVersion: {head}\nspec: {spec}\n");
        with(&text, |object| looks_like_workload(object, &[]).map(|path| path.to_string()))
    };
    for (head, spec, path) in [
        (
            "argoproj.io/v1alpha1\nkind: Workflow",
            "{templates: [{containerSet: {containers: [{name: a, image: i}]}}]}",
            "spec.templates[0].containerSet.containers",
        ),
        (
            "elasticsearch.k8s.elastic.co/v1\nkind: Elasticsearch",
            "{nodeSets: [{podTemplate: {spec: {initContainers: [{name: a, command: [x]}]}}}]}",
            "spec.nodeSets[0].podTemplate.spec.initContainers",
        ),
        (
            "sparkoperator.k8s.io/v1beta2\nkind: SparkApplication",
            "{driver: {hostNetwork: true}}",
            "spec.driver",
        ),
        (
            "sparkoperator.k8s.io/v1beta2\nkind: SparkApplication",
            "{driver: {template: {spec: {containers: [{name: a}]}}}}",
            "spec.driver.template.spec.containers",
        ),
        (
            "serving.kserve.io/v1beta1\nkind: InferenceService",
            "{predictor: {hostPID: true}}",
            "spec.predictor",
        ),
        (
            "example.com/v1\nkind: Thing",
            "{template: {spec: {containers: [{name: a}]}}}",
            "spec.template.spec.containers",
        ),
        (
            "networking.k8s.io/v1\nkind: Worker",
            "{template: {spec: {containers: [{name: a, image: i}]}}}",
            "spec.template.spec.containers",
        ),
        (
            "work.open-cluster-management.io/v1alpha1\nkind: ManifestWorkReplicaSet",
            "{manifestWorkTemplate: {workload: {manifests: [{spec: {containers: [{image: i}]}}]}}}",
            "spec.manifestWorkTemplate.workload.manifests[0].spec.containers",
        ),
    ] {
        assert_eq!(likely(head, spec).as_deref(), Some(path), "{head}");
    }
    assert_eq!(likely("example.com/v1\nkind: Thing", "{containers: [{name: a}]}"), None);
    assert_eq!(likely("serving.kserve.io/v1beta1\nkind: InferenceService", "{predictor: {model: {}}}"), None);
    let init = "apiVersion: example.com/v1\nkind: Thing\nspec: {podTemplate: {spec: {initContainers: [{name: a, image: i}]}}}\n";
    assert_eq!(with(init, |object| likely_entries(object).len()), 1);
}
