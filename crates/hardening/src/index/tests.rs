use std::fmt::Write as _;

use seawall_finding::Rule;
use seawall_manifest::objects::objects;
use seawall_manifest::workload::templates;
use seawall_yaml::{Limits, Reader};

use super::labels::COMPARISONS;
use super::*;
use crate::view::Pod;

fn facts_of(yaml: &str, scope: u16) -> Vec<Fact> {
    let mut all = Vec::new();
    for entry in Reader::new(yaml.as_bytes().to_vec().into(), Limits::default()) {
        assert!(entry.problems.is_empty(), "{:?}", entry.problems);
        let document = entry.document.expect("a document");
        for object in objects(&document).objects {
            let templates = templates(&object, &[]);
            let templates: Vec<_> = templates.iter().collect();
            let pods: Vec<_> = templates.iter().map(|template| Pod::of(template)).collect();
            all.extend(facts(&object, &templates, &pods, scope));
        }
    }
    all
}

fn index(yaml: &str) -> Index {
    Index::new(facts_of(yaml, 0), false)
}

fn object(kind: &str, namespace: &str) -> String {
    format!("---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: a, namespace: '{namespace}'}}\n")
}

#[test]
fn objects_without_a_namespace_are_in_the_only_one_that_is_named() {
    let of = |named: &[&str]| {
        let named: String = named.iter().map(|name| object("Secret", name)).collect();
        let index = index(&(named + &object("ServiceAccount", "")));
        ["", "shop", "default", "kube-system"].map(|name| index.service_account(0, name, "a").exists)
    };
    assert_eq!(of(&[]), [true, false, false, false]);
    assert_eq!(of(&["shop"]), [true, true, false, false]);
    assert_eq!(of(&["shop", "kube-system"]), [true, true, false, false]);
    assert_eq!(of(&["kube-system"]), [true, false, false, false]);
    assert_eq!(of(&["shop", "other"]), [true, false, false, false]);
    assert_eq!(of(&["shop", "other", "default"]), [true, false, true, false]);
}

#[test]
fn a_namespace_names_itself() {
    let yaml = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    let index = index(&(yaml.to_owned() + &object("ServiceAccount", "")));
    assert!(index.service_account(0, "shop", "a").exists);
}

#[test]
fn scopes_are_clusters_of_their_own() {
    let account = object("ServiceAccount", "shop");
    let mut all = facts_of(&account, 1);
    all.extend(facts_of(&object("Service", "shop"), 2));
    let index = Index::new(all, false);
    let exists = |scope| index.service_account(scope, "shop", "a").exists;
    assert_eq!([exists(0), exists(1), exists(2)], [false, true, false]);
    let mut copies = facts_of(&object("Secret", "shop").repeat(2), 1);
    copies.extend(facts_of(&object("Secret", "shop"), 2));
    let subjects: Vec<Subject> = copies.iter().map(Fact::subject).collect();
    let duplicates = Enabled::new(|rule: &Rule| rule.id == "duplicate-object");
    let secrets = Index::new(copies, true);
    let concerned: Vec<bool> = subjects.iter().map(|of| secrets.concerns(&duplicates, of)).collect();
    assert_eq!(concerned, [true, true, false]);
    let entry = Reader::new(object("Secret", "shop").into_bytes().into(), Limits::default()).next();
    let document = entry.expect("an entry").document.expect("a document");
    let secret = &objects(&document).objects[0];
    assert_eq!([1, 2, 3].map(|scope| secrets.copies(secret, scope)), [2, 1, 0]);
    assert!(index.holds(&["Service"]) && index.holds_in(2, &["Service"]) && !index.holds_in(1, &["Service"]));
}

#[test]
fn exposure_is_what_leads_to_a_service_of_the_pods() {
    let labels = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n";
    let of = |service: &str, other: &str| {
        let index = index(&format!("{labels}spec: {service}\n{other}"));
        let pod = Labels::default().with("app", "web").with("tier", "front");
        index.exposure(0, "shop", &pod)
    };
    assert_eq!(of("{selector: {app: db}, type: LoadBalancer}", ""), Exposure::None);
    assert_eq!(of("{type: NodePort}", ""), Exposure::None);
    assert_eq!(of("{selector: {app: web}}", ""), Exposure::Cluster);
    assert_eq!(of("{selector: {app: web}, type: NodePort}", ""), Exposure::External);
    assert_eq!(of("{selector: {app: web}, type: LoadBalancer}", ""), Exposure::External);
    assert_eq!(of("{selector: {app: web}, externalIPs: [192.0.2.1]}", ""), Exposure::External);
    let ingress = |namespace: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{namespace: {namespace}}}\nspec: {{defaultBackend: {{service: {{name: web}}}}}}\n"
        )
    };
    assert_eq!(of("{selector: {app: web}}", &ingress("shop")), Exposure::External);
    assert_eq!(of("{selector: {app: web}}", &ingress("other")), Exposure::Cluster);
    let route = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {namespace: other}\nspec: {rules: [{backendRefs: [{name: web, namespace: shop}]}]}\n";
    assert_eq!(of("{selector: {app: web}}", route), Exposure::External);
}

#[test]
fn accounts_are_granted_by_name_by_user_and_by_group() {
    let of = |kind: &str, subject: &str| {
        let yaml = format!(
            "{}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: b, namespace: shop}}\nsubjects: [{subject}]\n",
            object("ServiceAccount", "shop")
        );
        let index = index(&(yaml + &object("Service", "other")));
        ["shop", "other"].map(|namespace| index.service_account(0, namespace, "a").granted)
    };
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        assert_eq!(of(kind, "{kind: ServiceAccount, name: a, namespace: shop}"), [true, false]);
        assert_eq!(of(kind, "{kind: ServiceAccount, name: b, namespace: shop}"), [false, false]);
        assert_eq!(of(kind, "{kind: User, name: 'system:serviceaccount:shop:a'}"), [true, false]);
        assert_eq!(of(kind, "{kind: User, name: a}"), [false, false]);
        assert_eq!(of(kind, "{kind: Group, name: 'system:serviceaccounts:shop'}"), [true, false]);
    }
    // A RoleBinding gives to accounts of other namespaces too.
    assert_eq!(of("ClusterRoleBinding", "{kind: Group, name: 'system:serviceaccounts'}"), [true, true]);
    assert_eq!(of("ClusterRoleBinding", "{kind: ServiceAccount, name: a, namespace: other}"), [false, true]);
    assert_eq!(of("RoleBinding", "{kind: ServiceAccount, name: a, namespace: other}"), [false, true]);
}

#[test]
fn an_account_says_whether_its_token_is_mounted() {
    let yaml = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default}\nautomountServiceAccountToken: false\n";
    let index = index(yaml);
    let account = index.service_account(0, "", "");
    assert_eq!(account, ServiceAccount { exists: true, automount: Some(false), granted: false });
    assert_eq!(index.service_account(0, "", "other"), ServiceAccount::default());
}

#[test]
fn objects_of_unrendered_charts_are_not_evaluated() {
    let reasons = |yaml: &str, beside: &str, id: &str, complete: bool| {
        let enabled = Enabled::new(|rule: &Rule| rule.id == id);
        let facts: Vec<Fact> = facts_of(yaml, 0).into_iter().map(Fact::unrendered).collect();
        let subjects: Vec<_> = facts.iter().map(Fact::subject).collect();
        let index = Index::new(facts.into_iter().chain(facts_of(beside, 0)), complete);
        let concerned = subjects.iter().filter(|subject| index.concerns(&enabled, subject)).count();
        let found = index.not_evaluated(&enabled);
        (concerned, found.into_iter().map(|of| of.reason).collect::<Vec<_>>())
    };
    let pods = object("Pod", "")
        + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {}}\n";
    let account = object("ServiceAccount", "");
    let id = "service-account-missing";
    let (one, both) =
        ("1 object is in a chart that is not rendered", "2 objects are in charts that are not rendered");
    let unseen = "no ServiceAccount in the namespace of 1 object";
    let said = |reasons: &[&str]| reasons.join("; ");
    assert_eq!(reasons(&pods, &account, id, false), (0, vec![both.to_owned()]));
    assert_eq!(reasons(&object("Pod", ""), &account, id, false), (0, vec![one.to_owned()]));
    assert_eq!(reasons(&pods, &object("Pod", ""), id, false), (0, vec![said(&[unseen, both])]));
    assert_eq!(reasons(&pods, "", id, true), (2, vec![]));
    assert_eq!(
        reasons(&account, &object("Pod", ""), id, false),
        (0, vec![]),
        "others see what is in a chart"
    );
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}\n";
    assert_eq!(reasons(scaler, "", "hpa-target-missing", false), (0, vec![one.to_owned()]));
}

#[test]
fn says_which_checks_were_not_evaluated_and_why() {
    let reasons = |yaml: &str, id: &str, complete: bool| {
        let enabled = Enabled::new(|rule: &Rule| rule.id == id);
        let found = Index::new(facts_of(yaml, 0), complete).not_evaluated(&enabled);
        found.into_iter().map(|of| format!("{}: {}", of.rule.id, of.reason)).collect::<Vec<_>>()
    };
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {}}\n";
    let id = "network-policy-missing";
    assert_eq!(
        reasons(pods, id, false),
        ["network-policy-missing: no NetworkPolicy in the namespaces of 2 objects"]
    );
    assert_eq!(reasons(pods, id, true), [""; 0]);
    let policy = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n";
    assert_eq!(reasons(&format!("{pods}{policy}"), id, false), [""; 0]);
    assert_eq!(reasons(&object("Secret", ""), id, false), [""; 0], "nothing to evaluate it on");
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}\n";
    let id = "hpa-target-missing";
    assert_eq!(
        reasons(scaler, id, false),
        ["hpa-target-missing: no workload of the kind that is scaled in the namespace of 1 object"]
    );
    assert_eq!(reasons(&format!("{scaler}---\n{pods}"), id, false), [""; 0]);
    let id = "service-account-missing";
    let named: String = ["a", "b"].iter().map(|of| object("Pod", of)).collect();
    assert_eq!(
        reasons(&format!("{pods}{named}"), id, false),
        [
            "service-account-missing: no ServiceAccount in the namespaces of 2 objects; 2 objects may go to any of several namespaces"
        ]
    );
    assert_eq!(reasons(pods, "pdb-policy", false), [""; 0]);
    assert_eq!(
        reasons(pods, "namespace-quota", false),
        ["namespace-quota: the input holds no ResourceQuota or LimitRange"]
    );
    assert_eq!(reasons(&object("LimitRange", ""), "namespace-quota", false), [""; 0]);
}

#[test]
fn tells_which_objects_have_to_be_looked_at_again() {
    let concerned = |yaml: &str, id: &str| {
        let facts = facts_of(yaml, 0);
        let index = Index::new(facts.iter().cloned(), false);
        let enabled = Enabled::new(|rule: &Rule| rule.id == id);
        facts.iter().map(|fact| index.concerns(&enabled, &fact.subject())).collect::<Vec<_>>()
    };
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
    let policy = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n";
    assert_eq!(concerned(&format!("{pods}{policy}"), "network-policy-missing"), [true, false]);
    assert_eq!(concerned(pods, "network-policy-missing"), [false]);
    assert_eq!(concerned(&format!("{pods}{policy}"), "memory-limit"), [false, false]);
    assert_eq!(concerned(&format!("{pods}{policy}"), "duplicate-object"), [false, false]);
    let twice = format!("{pods}{policy}---\n{pods}");
    assert_eq!(concerned(&twice, "duplicate-object"), [false; 3], "files may be of several clusters");
    let mut facts = facts_of(&twice, 0);
    let twins = Twins::of(&mut facts);
    assert_eq!(facts.iter().map(|fact| twins.holds(fact)).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn odd_values_are_passed_over() {
    let every = Enabled::new(|_| true);
    let params = crate::Params::default();
    let values = ["null", "[]", "{}", "1", "x", "[1, x, null, [], {}]", "{a: 1, b: {c: []}}"];
    // The shapes that some kind or other has at these places.
    let shapes = [
        "V",
        "{selector: V}",
        "{podSelector: V}",
        "{template: V}",
        "{template: {metadata: V}}",
        "{template: {spec: V}}",
        "{template: {metadata: {labels: V}}}",
        "{template: {spec: {containers: [V]}}}",
        "{ports: V}",
        "{ports: [V]}",
        "{template: {spec: {containers: [{env: [V], ports: [V], envFrom: [V]}], volumes: [V]}}}",
        "{rules: [V]}",
        "{template: {spec: {topologySpreadConstraints: [V], affinity: {podAntiAffinity: V}}}}",
        "{replicas: V}",
        "{rules: [{http: V}]}",
        "{rules: [{http: {paths: [{backend: V}]}}]}",
        "{rules: [{backendRefs: [V], filters: [V]}]}",
        "{scaleTargetRef: V}",
        "{scaleTargetRef: {name: V, kind: V}}",
        "{selector: {matchLabels: V}}",
        "{selector: {matchExpressions: V}}",
        "{selector: {matchExpressions: [V]}}",
        "{minAvailable: V, maxUnavailable: V}",
        "{subject: V}",
        "{subject: {pods: V}}",
        "{namespaceSelector: V}",
        "{schedule: V}",
        "{serviceName: V}",
    ];
    let kinds = [
        ("v1", "Pod"),
        ("v1", "Service"),
        ("v1", "ServiceAccount"),
        ("v1", "ConfigMap"),
        ("v1", "Namespace"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "CronJob"),
        ("policy/v1", "PodDisruptionBudget"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("networking.k8s.io/v1", "Ingress"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ("keda.sh/v1alpha1", "ScaledObject"),
    ];
    let mut yaml = String::new();
    for (version, kind) in kinds {
        for (shape, value) in shapes.iter().flat_map(|shape| values.map(|value| (shape, value))) {
            let spec = shape.replace('V', value);
            write!(yaml, "---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: a, labels: {value}}}\nspec: {spec}\ndata: {value}\nsubjects: {value}\n").expect("memory");
        }
    }
    let index = Index::new(facts_of(&yaml, 0), true);
    let cx = crate::Cx {
        params: &params,
        kubernetes: 37,
        scope: 0,
        from_file: true,
        index: Some(&index),
        twins: None,
    };
    let mut found = 0;
    for entry in Reader::new(yaml.into_bytes().into(), Limits::default()) {
        let document = entry.document.expect("a document");
        for object in objects(&document).objects {
            let templates = templates(&object, &[]);
            let id = std::sync::Arc::new(object.id());
            let search =
                crate::Search::new(&object, &id, !templates.is_empty(), &every, crate::Mask::ALL, cx);
            let mut count = |_| found += 1;
            search.of_object(&mut count);
            for template in &templates {
                search.of_pod(template, &mut count);
            }
        }
    }
    assert!(found > 1000, "{found}");
}

#[test]
fn aliases_and_merge_keys_are_labels_too() {
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {<<: &l {app: web}, tier: x}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a, labels: &s {app: web}}\nspec: {selector: *s, type: NodePort}\n";
    let labels = Labels::default().with("app", "web").with("tier", "x");
    assert_eq!(index(yaml).exposure(0, "", &labels), Exposure::External);
    let facts = facts_of(yaml, 0);
    assert!(matches!(&facts[0].detail, Detail::Pod(pod) if pod.labels == labels));
}

#[test]
fn every_kind_that_a_check_asks_for_is_known() {
    for check in CHECKS {
        let kinds: Vec<&str> = match check.sight {
            Sight::Alone => continue,
            Sight::Others(kinds) | Sight::Complete(kinds) | Sight::Also(kinds) => kinds.to_vec(),
            Sight::Beside(beside) => [beside.of, beside.need].concat(),
        };
        for kind in kinds {
            assert!(Kind::called(&[kind]).next().is_some(), "{}: {kind}", check.rule.id);
        }
    }
}

/// `n` applications in namespaces of 100, each a Deployment, a Service, a NetworkPolicy and a PodDisruptionBudget; labels that
/// all share among them.
fn applications(n: usize) -> String {
    let mut yaml = String::new();
    for i in 0..n {
        let metadata = format!("{{name: app-{i}, namespace: ns-{}}}", i / 100);
        let labels = format!("{{app: app-{i}, part-of: shop, tier: t{}, version: v{}}}", i % 3, i % 7);
        let template = format!(
            "{{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: a, ports: [{{name: http, containerPort: 80}}]}}]}}}}"
        );
        let selector = format!(
            "{{matchLabels: {{app: app-{i}, part-of: shop}}, matchExpressions: [{{key: tier, operator: In, values: [t0, t1, t2]}}]}}"
        );
        write!(
            yaml,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {metadata}\nspec: {{replicas: 2, template: {template}}}\n\
             ---\napiVersion: v1\nkind: Service\nmetadata: {metadata}\nspec: {{selector: {{app: app-{i}, part-of: shop}}, ports: [{{port: 80, targetPort: http}}]}}\n\
             ---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {metadata}\nspec: {{podSelector: {selector}}}\n\
             ---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {metadata}\nspec: {{maxUnavailable: 1, selector: {selector}}}\n"
        )
        .expect("memory");
    }
    yaml
}

/// How many comparisons it takes to ask everything about these objects.
fn comparisons(facts: &[Fact]) -> u64 {
    let index = Index::new(facts.iter().cloned(), false);
    COMPARISONS.set(0);
    for fact in facts {
        let near = index.near_hashed(fact.scope, fact.namespace);
        match &fact.detail {
            Detail::Pod(pod) => {
                assert_eq!(near.exposure(&pod.labels), Exposure::Cluster);
                assert!(near.isolation(&pod.labels).ingress && near.has_budget_for(&pod.labels));
            }
            Detail::Service(service) => {
                let selector = service.selector.as_ref().expect("a selector");
                assert_eq!(near.selected(selector).count(), 1);
            }
            Detail::Policy(policy) => assert_eq!(near.selected(&policy.0).count(), 1),
            _ => {}
        }
    }
    COMPARISONS.get()
}

#[test]
fn what_is_compared_grows_with_the_objects() {
    let facts = facts_of(&applications(25_000), 0);
    assert_eq!(facts.len(), 100_000);
    let all = comparisons(&facts);
    assert_eq!(all, 10 * comparisons(&facts[..10_000]));
    assert!(all <= 6 * 25_000, "{all} comparisons");
    let bytes: usize = facts.iter().map(Fact::size).sum();
    assert!(bytes / facts.len() < 256, "{} bytes a fact", bytes / facts.len());
}

#[test]
fn one_namespace_of_everything_is_no_worse() {
    let facts = facts_of(&applications(5_000).replace("namespace: ns-", "namespace: ns, x: "), 0);
    assert!(comparisons(&facts) <= 6 * 5_000);
}

#[test]
fn selectors_of_absence_meet_the_pods_of_their_namespace() {
    let selector = "{matchExpressions: [{key: x, operator: NotIn, values: [y1]}]}";
    let mut yaml = String::new();
    for i in 0..50 {
        write!(yaml, "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: b{i}}}\nspec: {{selector: {selector}}}\n").expect("memory");
        write!(yaml, "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}, labels: {{x: y1}}}}\n")
            .expect("memory");
    }
    let facts = facts_of(&yaml, 0);
    let index = Index::new(facts.iter().cloned(), false);
    COMPARISONS.set(0);
    for fact in &facts {
        if let Detail::Pod(pod) = &fact.detail {
            assert!(!index.near(0, "").has_budget_for(&pod.labels));
        }
    }
    assert_eq!(COMPARISONS.get(), 50 * 50);
}
