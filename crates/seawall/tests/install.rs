//! `seawall install`: what it prints, and what it refuses to print.

mod common;

use std::collections::BTreeSet;

use common::Dir;
use seawall_yaml::{Document, NodeRef};

/// Every way in which it can be asked that changes what is printed, but for values.
const ALL: [&[&str]; 7] = [
    &[],
    &["--host-network"],
    &["--guard-labels"],
    &["--provider", "eks"],
    &["--provider", "gke"],
    &["--provider", "aks"],
    &["--provider", "openshift"],
];

fn printed(args: &[&str]) -> String {
    let run = Dir::new().run_bare(&[&["install"], args].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{args:?}");
    run.stdout
}

fn documents(text: &str) -> Vec<Document> {
    let read = seawall_yaml::read(text.as_bytes());
    let whole = read.into_iter().map(|entry| {
        assert!(entry.problems.is_empty(), "{:?}", entry.problems);
        entry.document.unwrap()
    });
    whole.collect()
}

fn text<'d>(node: NodeRef<'d>, path: &[&str]) -> Option<&'d str> {
    path.iter().try_fold(node, |node, key| node.get(key))?.as_str()
}

/// The documents of a kind.
fn of_kind<'d>(documents: &'d [Document], kind: &str) -> Vec<NodeRef<'d>> {
    documents.iter().map(Document::root).filter(|root| text(*root, &["kind"]) == Some(kind)).collect()
}

fn strings(node: NodeRef<'_>, key: &str) -> BTreeSet<String> {
    node.get(key).into_iter().flat_map(NodeRef::items).map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn its_own_pods_pass_restricted() {
    for args in ALL {
        let dir = Dir::with(&[("install.yaml", &printed(args))]);
        let scan = ["--profile", "strict", "--schema", "--level", "restricted", "--fail-on", "never"];
        let run = dir.scan(&[&scan[..], &["install.yaml"]].concat());
        assert!(run.of("error").is_empty(), "{:?}", run.of("error"));
        let workloads = run.workloads();
        assert_eq!(workloads.len(), 1, "{workloads:?}");
        let on_host = args.contains(&"--host-network");
        // On the network of its node it violates what that takes, and nothing else.
        let violates: &[&str] = if on_host { &["host-network", "host-port"] } else { &[] };
        let mut known = vec![
            // Its name alone makes the registration its own.
            "rbac-webhook-config",
            // Who installs knows the digest.
            "image-digest-pin",
            "image-pull-policy",
            // A limit of processor time costs latency, one of local storage evicts whoever logs.
            "cpu-limit",
            "ephemeral-storage",
            "requests-equal-limits",
            // It lingers by itself.
            "prestop-hook",
            // Not all clusters have them, and nodes without AppArmor refuse a pod that names a profile.
            "runtime-class",
            "apparmor-missing",
        ];
        known.extend(violates);
        match args {
            ["--host-network"] => known.push("namespace-pss-label"),
            ["--provider", "gke"] => known.push("namespace-quota"),
            // The range of the namespace says the user.
            ["--provider", "openshift"] => known.extend(["run-as-high-gid", "run-as-high-uid"]),
            _ => {}
        }
        if !on_host {
            known.push("host-users");
        }
        let findings = run.all.iter().filter_map(|record| record["findings"].as_array()).flatten();
        let found: BTreeSet<&str> = findings.map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert_eq!(found, known.into_iter().collect(), "{args:?}");
        assert!(workloads[0]["refused"].is_null(), "{:?}", workloads[0]);
        let level = if on_host { "privileged" } else { "restricted" };
        assert_eq!(workloads[0]["strictest"], level, "{args:?}: {:?}", workloads[0]);
    }
}

#[test]
fn it_may_do_what_it_has_to_and_nothing_with_secrets() {
    for args in ALL {
        let all = documents(&printed(args));
        let mut rules = 0;
        for role in of_kind(&all, "ClusterRole").into_iter().chain(of_kind(&all, "Role")) {
            let name = text(role, &["metadata", "name"]).unwrap();
            for rule in role.get("rules").unwrap().items() {
                rules += 1;
                let resources = strings(rule, "resources");
                for words in [&resources, &strings(rule, "verbs"), &strings(rule, "apiGroups")] {
                    assert!(
                        !words.is_empty() && words.iter().all(|word| !word.contains('*')),
                        "{name}: {words:?}"
                    );
                }
                assert!(!resources.contains("secrets"), "{name}");
                let changes = strings(rule, "verbs")
                    .iter()
                    .any(|verb| !["get", "list", "watch"].contains(&verb.as_str()));
                // What it may change beyond its namespace is named.
                let is_narrow = text(role, &["kind"]) == Some("Role")
                    || !strings(rule, "resourceNames").is_empty()
                    || resources == BTreeSet::from(["namespaces".to_owned()])
                    // Events change nothing that is there.
                    || (resources == BTreeSet::from(["events".to_owned()])
                        && strings(rule, "verbs") == BTreeSet::from(["create".to_owned()]))
                    // That it may lower labels changes none by itself.
                    || resources == BTreeSet::from(["namespacelevels".to_owned()])
                    || ["seawall-break-glass", "seawall-exceptions-editor"].contains(&name);
                assert!(!changes || is_narrow, "{name}: {resources:?}");
            }
            let labels = role.get("metadata").unwrap().get("labels");
            let aggregated: Vec<&str> = labels
                .into_iter()
                .flat_map(NodeRef::entries)
                .filter_map(|(_, value)| value.as_str())
                .collect();
            assert_eq!(!aggregated.is_empty(), name == "seawall-exceptions-viewer", "{name}");
        }
        assert!(rules > 8, "{rules}");
    }
}

#[test]
fn webhooks_stay_out_of_the_way_of_what_a_cluster_needs_to_recover() {
    for args in ALL {
        let all = documents(&printed(&[args, &["--namespace", "policy"]].concat()));
        let webhooks: Vec<NodeRef<'_>> =
            of_kind(&all, "ValidatingWebhookConfiguration")[0].get("webhooks").unwrap().items().collect();
        let names: Vec<&str> = webhooks.iter().map(|webhook| text(*webhook, &["name"]).unwrap()).collect();
        assert_eq!(names, ["pods.seawall.dev", "pods-fail-closed.seawall.dev", "workloads.seawall.dev"]);
        for (webhook, name) in webhooks.iter().zip(names) {
            let closed = name == "pods-fail-closed.seawall.dev";
            assert_eq!(text(*webhook, &["failurePolicy"]), Some(if closed { "Fail" } else { "Ignore" }));
            assert_eq!(text(*webhook, &["sideEffects"]), Some("None"));
            let seconds = webhook.get("timeoutSeconds").unwrap().text().unwrap().parse::<u32>().unwrap();
            assert!((1..=3).contains(&seconds), "{seconds}");
            assert_eq!(text(*webhook, &["clientConfig", "service", "namespace"]), Some("policy"));
            let selectors: Vec<(&str, &str, BTreeSet<String>)> = webhook
                .get("namespaceSelector")
                .unwrap()
                .get("matchExpressions")
                .unwrap()
                .items()
                .map(|e| (text(e, &["key"]).unwrap(), text(e, &["operator"]).unwrap(), strings(e, "values")))
                .collect();
            let has = |key: &str, operator: &str, values: &[&str]| {
                selectors.contains(&(key, operator, values.iter().map(|value| (*value).to_owned()).collect()))
            };
            assert!(has(
                "kubernetes.io/metadata.name",
                "NotIn",
                &["kube-node-lease", "kube-system", "policy"]
            ));
            assert_eq!(has("seawall.dev/fail-closed", "In", &["true"]), closed);
            assert_eq!(has("seawall.dev/fail-closed", "NotIn", &["true"]), name == "pods.seawall.dev");
            assert_eq!(
                has("kubernetes.azure.com/managedby", "NotIn", &["aks"]),
                args == ["--provider", "aks"]
            );
            assert_eq!(
                has("openshift.io/run-level", "NotIn", &["0", "1"]),
                args == ["--provider", "openshift"]
            );
            let resources: BTreeSet<String> =
                webhook.get("rules").unwrap().items().flat_map(|rule| strings(rule, "resources")).collect();
            // Whoever may label a namespace can always undo that.
            assert_eq!(resources.contains("namespaces"), name == "workloads.seawall.dev");
        }
    }
}

#[test]
fn values_come_where_they_belong() {
    let configuration = "\u{feff}# ours\r\napiVersion: pod-security.admission.config.k8s.io/v1\r\nkind: PodSecurityConfiguration\r\n\r\ndefaults:\r\n  enforce: baseline\r\n\r\n\r\n";
    let dir = Dir::with(&[("podsecurity.yaml", configuration)]);
    let run = dir.run_bare(&[
        "install",
        "--namespace",
        "007",
        "--replicas",
        "5",
        "--image",
        "registry.example.com:5000/a/b@sha256:0a",
        "--config",
        "podsecurity.yaml",
        "--port",
        "9999",
    ]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let all = documents(&run.stdout);
    let config = of_kind(&all, "ConfigMap")[0].get("data").unwrap().get("podsecurity.yaml").unwrap();
    assert_eq!(
        config.as_str(),
        Some(
            "# ours\napiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n\ndefaults:\n  enforce: baseline\n"
        )
    );
    // A name of digits is still a name.
    assert_eq!(text(of_kind(&all, "Namespace")[0], &["metadata", "name"]), Some("007"));
    let spec = of_kind(&all, "Deployment")[0].get("spec").unwrap();
    assert_eq!(spec.get("replicas").unwrap().text(), Some("5"));
    let container =
        spec.get("template").unwrap().get("spec").unwrap().get("containers").unwrap().items().next().unwrap();
    assert_eq!(text(container, &["image"]), Some("registry.example.com:5000/a/b@sha256:0a"));
    assert!(strings(container, "args").contains("--secure-port=9999"));
    let users: Vec<Option<&str>> = of_kind(&all, "ClusterRoleBinding")
        .into_iter()
        .chain(of_kind(&all, "RoleBinding"))
        .map(|binding| text(binding.get("subjects").unwrap().items().next().unwrap(), &["namespace"]))
        .collect();
    assert_eq!(users, [Some("007"), Some("007")]);
    assert!(run.stdout.contains("'system:serviceaccount:007:seawall'"));
}

#[test]
fn what_would_not_work_is_not_printed() {
    let dir = Dir::with(&[(
        "wrong.yaml",
        "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\ndefaults: {enforce: strict}\n",
    )]);
    for (args, said) in [
        (&["--config", "wrong.yaml"][..], "must be one of privileged, baseline, restricted"),
        (&["--config", "none.yaml"], "`none.yaml`"),
        (&["--namespace", "kube-system"], "the webhook wants a namespace of its own"),
        (&["--namespace", "A"], "no namespace can be called so"),
        (&["--replicas", "1"], "1 is not in 2..=50"),
        (&["--port", "443"], "443 is not in 1024..=65535"),
        (&["--image", "a\" b"], "no image can be called so"),
        (
            &["--provider", "openshift", "--host-network"],
            "OpenShift admits no pods on the network of their node",
        ),
        (&["--reports"], "`--reports` stores what requests say, and without --client-ca-file anybody"),
        (&["--events"], "`--events` stores what requests say"),
        (&["--client-ca-file", "wrong.yaml", "--reports"], "no `BEGIN CERTIFICATE`"),
        (&["--client-ca-file", "none.crt"], "`none.crt`"),
        (&["--client-name", "a"], "--client-ca-file"),
        (&["--client-ca-file", "wrong.yaml", "--client-name", "a\" b"], "a name is made of"),
        (&["--crds-only", "--reports"], "cannot be used with"),
        (&["--crds-only", "--replicas", "3"], "cannot be used with"),
        (&["--crds-only", "--guard-labels"], "cannot be used with"),
        (&["--guard-labels-only", "--namespace", "a"], "cannot be used with"),
        (&["--guard-labels-only", "--crds-only"], "cannot be used with"),
    ] {
        let run = dir.run_bare(&[&["install"], args].concat());
        assert!(
            run.status == 2 && run.stdout.is_empty() && run.stderr.contains(said),
            "{args:?}: {}",
            run.stderr
        );
    }
}

#[test]
fn definitions_come_alone_if_wanted() {
    let alone = printed(&["--crds-only"]);
    let all = documents(&alone);
    assert_eq!(of_kind(&all, "CustomResourceDefinition").len(), all.len());
    assert!(all.len() == 3 && printed(&[]).contains(&alone));
}

/// What the pods are started with is what the program takes: it gets as far as the file that only they have.
#[test]
fn the_program_takes_the_arguments_of_its_pods() {
    for args in ALL {
        let all = documents(&printed(args));
        let deployment = of_kind(&all, "Deployment")[0];
        let mut containers = ["spec", "template", "spec", "containers"].iter();
        let containers = containers.try_fold(deployment, |node, key| node.get(key)).unwrap();
        let container = containers.items().next().unwrap();
        let args: Vec<&str> =
            container.get("args").unwrap().items().map(|item| item.as_str().unwrap()).collect();
        let run = Dir::new().run_bare(&args);
        assert_eq!(run.status, 2, "{args:?}");
        assert!(
            run.stderr.starts_with("error: cannot read `/etc/seawall/podsecurity.yaml`"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn the_guard_of_labels_comes_if_wanted_and_alone_too() {
    let without = printed(&[]);
    assert!(!without.contains("namespacelevels") && !without.contains("seawall-guard-labels"));
    let alone = printed(&["--guard-labels-only"]);
    let kinds: Vec<String> =
        documents(&alone).iter().map(|it| text(it.root(), &["kind"]).unwrap().to_owned()).collect();
    assert_eq!(kinds, ["ClusterRole", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]);
    let with = printed(&["--guard-labels"]);
    assert!(with.contains(&alone));
    // Its own account may, and nobody else is bound.
    let all = documents(&with);
    let may = |role: &&NodeRef<'_>| {
        role.get("rules").unwrap().items().any(|rule| strings(rule, "verbs").contains("lower"))
    };
    let roles = of_kind(&all, "ClusterRole");
    let roles: Vec<_> =
        roles.iter().filter(may).map(|role| text(*role, &["metadata", "name"]).unwrap()).collect();
    assert_eq!(roles, ["seawall-webhook", "seawall-levels-lowerer"]);
    let bound = of_kind(&all, "ClusterRoleBinding");
    let bound: Vec<_> = bound.iter().map(|binding| text(*binding, &["roleRef", "name"]).unwrap()).collect();
    assert_eq!(bound, ["seawall-webhook"]);
}

/// An authority, as PEM.
const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBfDCCASGgAwIBAgIUSlDLhoBLkGdvWTMugJDUeKXqdJEwCgYIKoZIzj0EAwIw\n\
EjEQMA4GA1UEAwwHY2xpZW50czAgFw0yNjExMjYyMjM5NTNaGA8yMTI2MTEwMjIy\n\
Mzk1M1owEjEQMA4GA1UEAwwHY2xpZW50czBZMBMGByqGSM49AgEGCCqGSM49AwEH\n\
A0IABN/x4WehIs74+q+NyRm+SQA2742jTd4/qfYuKVdZsUY0rmcOTgD7LyNFQbt+\n\
hwr0ZZgMIcK8bqf7kW74u0V+hLajUzBRMB0GA1UdDgQWBBRrGiekdL+MNIR5BS2F\n\
gC5M5eJTiDAfBgNVHSMEGDAWgBRrGiekdL+MNIR5BS2FgC5M5eJTiDAPBgNVHRMB\n\
Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCpXWHaUeeN1wPwzu1k8KzFxPbb\n\
uFIPUv7Ttg7cBwcRwgIhALMaFXZIKz+IHOUyWPla3Zxr8jQBxh0GYjG1Xf2rn9SP\n\
-----END CERTIFICATE-----\n";

#[test]
fn what_stores_something_knows_who_asks() {
    let dir = Dir::with(&[("ca.crt", &AUTHORITY.replace('\n', "\r\n"))]);
    let printed = |args: &[&str]| {
        let run = dir.run_bare(&[&["install", "--client-ca-file", "ca.crt"], args].concat());
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{args:?}");
        run.stdout
    };
    for (args, flags, rights, side_effects) in [
        (&[][..], &[][..], 0, "None"),
        (&["--reports"], &["--reports"], 2, "NoneOnDryRun"),
        (
            &["--events", "--client-name", "a,system:b"],
            &["--events", "--client-name=a,system:b"],
            0,
            "NoneOnDryRun",
        ),
    ] {
        let text_of_all = printed(args);
        let all = documents(&text_of_all);
        let data = of_kind(&all, "ConfigMap")[0].get("data").unwrap();
        assert_eq!(text(data, &["client-ca.crt"]), Some(AUTHORITY));
        let mut containers = ["spec", "template", "spec", "containers"].iter();
        let deployment = of_kind(&all, "Deployment")[0];
        let containers = containers.try_fold(deployment, |node, key| node.get(key)).unwrap();
        let given = strings(containers.items().next().unwrap(), "args");
        assert!(given.contains("--client-ca-file=/etc/seawall/client-ca.crt"), "{given:?}");
        let known = ["--reports", "--events", "--client-name=a,system:b"];
        let given: Vec<&str> = known.into_iter().filter(|flag| given.contains(*flag)).collect();
        assert_eq!(given.iter().collect::<BTreeSet<_>>(), flags.iter().collect(), "{args:?}");
        let roles = of_kind(&all, "ClusterRole");
        let rules = roles.iter().flat_map(|role| role.get("rules").unwrap().items());
        let of_reports: Vec<(BTreeSet<String>, BTreeSet<String>)> = rules
            .filter(|rule| strings(*rule, "resources").contains("reports"))
            .map(|rule| (strings(rule, "resourceNames"), strings(rule, "verbs")))
            .collect();
        assert_eq!(of_reports.len(), rights, "{args:?}");
        // What it may change is its own.
        for (names, verbs) in of_reports {
            let own = names == BTreeSet::from(["seawall".to_owned()]);
            assert!(own || !verbs.contains("update"), "{names:?} {verbs:?}");
        }
        for webhook in of_kind(&all, "ValidatingWebhookConfiguration")[0].get("webhooks").unwrap().items() {
            assert_eq!(text(webhook, &["sideEffects"]), Some(side_effects), "{args:?}");
        }
    }
    let run = Dir::new().run_bare(&["serve", "--events"]);
    assert!(run.status == 2 && run.stderr.contains("`--events` stores what requests say"), "{}", run.stderr);
}
