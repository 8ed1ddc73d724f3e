//! The Helm chart makes what `seawall install` prints, object by object.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use seawall_conformance::{Oracle, target};
use seawall_e2e::scan::seawall;
use serde_json::{Value, json};

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/seawall")
}

fn ask(helm: &mut Oracle, request: &Value) -> Value {
    serde_json::from_slice(&helm.ask(request.to_string().as_bytes())).expect("JSON")
}

/// What Helm makes of the chart.
fn rendered(helm: &mut Oracle, namespace: &str, values: &Value) -> Value {
    ask(helm, &json!({"chart": chart(), "namespace": namespace, "values": values}))
}

/// Objects by kind, namespace and name, each once.
fn by_name(answer: &Value) -> BTreeMap<String, Value> {
    assert_eq!(answer["error"], Value::Null);
    let objects = answer["objects"].as_array().expect("objects");
    let key = |object: &Value| {
        let metadata = &object["metadata"];
        format!("{} {}/{}", object["kind"], metadata["namespace"], metadata["name"])
    };
    let all: BTreeMap<String, Value> = objects.iter().map(|object| (key(object), object.clone())).collect();
    assert_eq!(all.len(), objects.len(), "{:?}", all.keys());
    all
}

#[test]
fn the_chart_makes_what_is_printed() {
    let mut helm = Oracle::of_module("helm");
    let directory = target().join("chart");
    std::fs::create_dir_all(&directory).expect("writable");
    let config = directory.join("podsecurity.yaml");
    let text = "\u{feff}# ours\r\napiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n\ndefaults: {enforce: baseline}\n\n\n";
    std::fs::write(&config, text).expect("writable");
    let config = config.to_str().expect("UTF-8");
    let guarding = directory.join("guarding.yaml");
    let settings =
        "apiVersion: seawall.dev/v1alpha1\nkind: WebhookSettings\nguardLabels: true # of namespaces\n";
    std::fs::write(&guarding, settings).expect("writable");
    let guarding = guarding.to_str().expect("UTF-8");
    let mut cases: Vec<(&str, Vec<&str>, Value)> = vec![
        ("seawall", vec![], json!({})),
        ("seawall", vec!["--host-network"], json!({"hostNetwork": true})),
        ("seawall", vec!["--guard-labels"], json!({"guardLabels": true})),
        ("seawall", vec!["--config", guarding], json!({"config": settings})),
        (
            "seawall",
            vec!["--guard-labels", "--config", guarding],
            json!({"guardLabels": true, "config": settings}),
        ),
        ("seawall", vec!["--mutate"], json!({"mutate": true})),
        ("seawall", vec!["--mutate", "--provider", "aks"], json!({"mutate": true, "provider": "aks"})),
        (
            "007",
            vec!["--namespace", "007", "--replicas", "5", "--port", "9443"],
            json!({"replicas": 5, "port": 9443}),
        ),
        ("seawall", vec!["--host-network", "--port", "20000"], json!({"hostNetwork": true, "port": 20000})),
        (
            "seawall",
            vec!["--image", "registry.example.com:5000/a/b@sha256:0a", "--config", config],
            json!({"image": "registry.example.com:5000/a/b@sha256:0a", "config": text}),
        ),
    ];
    let authority = rcgen::generate_simple_self_signed(["a".to_owned()]).expect("a certificate").cert.pem();
    let client_ca = directory.join("ca.crt");
    std::fs::write(&client_ca, authority.replace('\n', "\r\n")).expect("writable");
    let client_ca = client_ca.to_str().expect("UTF-8");
    cases.extend([
        (
            "seawall",
            vec!["--client-ca-file", client_ca, "--reports"],
            json!({"clientCa": authority, "reports": true}),
        ),
        (
            "seawall",
            vec!["--client-ca-file", client_ca, "--client-name", "a,system:b", "--events"],
            json!({"clientCa": authority, "clientName": "a,system:b", "events": true}),
        ),
    ]);
    for provider in ["generic", "eks", "gke", "aks", "openshift"] {
        cases.push(("seawall", vec!["--provider", provider], json!({"provider": provider})));
    }
    for (namespace, args, values) in cases {
        let output = Command::new(seawall()).arg("install").args(&args).output().expect("seawall starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = ask(&mut helm, &json!({"yaml": String::from_utf8(output.stdout).expect("UTF-8")}));
        let mut printed = by_name(&printed);
        let made = rendered(&mut helm, namespace, &values);
        assert!(made["notes"].as_str().is_some_and(|notes| notes.contains(namespace)), "{}", made["notes"]);
        let made = by_name(&made);
        // Helm makes namespaces itself, or not.
        assert!(
            printed.remove(&format!("\"Namespace\" null/\"{namespace}\"")).is_some(),
            "{:?}",
            printed.keys()
        );
        assert_eq!(printed.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>(), "{args:?}");
        for (name, object) in &printed {
            assert_eq!(*object, made[name], "{args:?}: {name}");
        }
        assert!(made.len() > 15, "{:?}", made.keys());
    }
}

#[test]
fn what_is_not_printed_is_not_made() {
    let mut helm = Oracle::of_module("helm");
    for (namespace, values, said) in [
        ("kube-system", json!({}), "the webhook wants a namespace of its own"),
        ("default", json!({}), "the webhook wants a namespace of its own"),
        ("seawall", json!({"provider": "openshift", "hostNetwork": true}), "not"),
        ("seawall", json!({"provider": "moon"}), "/provider"),
        ("seawall", json!({"replicas": 1}), "/replicas"),
        ("seawall", json!({"port": 443}), "/port"),
        ("seawall", json!({"image": "a\" b"}), "/image"),
        ("seawall", json!({"hostNetwork": "yes"}), "/hostNetwork"),
        ("seawall", json!({"guardLabels": "yes"}), "/guardLabels"),
        ("seawall", json!({"mutate": "yes"}), "/mutate"),
        ("seawall", json!({"reports": true}), "without clientCa"),
        ("seawall", json!({"events": true}), "without clientCa"),
        ("seawall", json!({"clientCa": "no PEM"}), "/clientCa"),
        ("seawall", json!({"clientName": "a b"}), "/clientName"),
        ("seawall", json!({"config": {"defaults": {}}}), "/config"),
        ("seawall", json!({"replica": 3}), "replica"),
    ] {
        let made = rendered(&mut helm, namespace, &values);
        let error = made["error"].as_str().unwrap_or_default();
        assert!(error.contains(said), "{namespace} {values}: {made}");
    }
}
