//! `seawall scan --cluster` beside a bare client that lists the same of a real API server, in turns: `cluster [--quick]`.
//! Needs Go, which builds the API server once.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use seawall_benches::command;
use seawall_benches::disk::megabytes;
use seawall_benches::floor::Floors;
use seawall_benches::peer::{Side, seawall};
use seawall_cluster::{Cluster, Collection, KINDS, Listed, Options};
use seawall_e2e::ControlPlane;
use serde_json::{Value, json};

/// How many times as long as the bare client.
const RATIO: f64 = 2.0;
const MEMORY: u64 = 150_000_000;
const NAMESPACES: usize = 500;

fn main() -> ExitCode {
    command::run("cluster", compare)
}

fn compare(quick: bool) -> Result<Floors, String> {
    let (pods, rounds) = if quick { (2_000, 3) } else { (20_000, 5) };
    let program = seawall()?;
    let control = ControlPlane::start();
    inhabit(&control, pods);
    let kubeconfig = control.kubeconfig("admin");
    let options = Options { kubeconfig: vec![kubeconfig.clone()], ..Options::default() };
    let scan = Side::new(
        &program,
        &["scan", "--cluster", "--profile", "pss", "--fail-on", "never", "--kubeconfig"],
        [kubeconfig],
    );
    let output = scan.output()?;
    if !output.contains("pods of") && !output.contains("workloads in") {
        return Err(format!("seawall did not judge the cluster: {output}"));
    }
    let (mut bare, mut ours) = (Duration::MAX, Duration::MAX);
    for round in 1..=rounds {
        let began = Instant::now();
        let listed = list(&options)?;
        let listing = began.elapsed();
        if listed < pods {
            return Err(format!("the bare client saw {listed} objects only"));
        }
        let scanning = scan.wall(1)?[0];
        println!("round {round}: bare client {:.2} s, seawall {:.2} s", secs(listing), secs(scanning));
        bare = bare.min(listing);
        ours = ours.min(scanning);
    }
    let ratio = secs(ours) / secs(bare);
    let memory = scan.peak_memory()?;
    let mut floors = Floors::default();
    floors.add(
        format!("scan --cluster, {pods} pods, vs a bare client"),
        format!("{:.2} s, {ratio:.2} x", secs(ours)),
        format!("<= {RATIO} x of {:.2} s", secs(bare)),
        ratio <= RATIO,
    );
    floors.add(
        format!("memory, {pods} pods"),
        megabytes(memory),
        format!("<= {}", megabytes(MEMORY)),
        memory <= MEMORY,
    );
    Ok(floors)
}

fn secs(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// Lists all that a snapshot reads, one kind after the other, and keeps nothing.
fn list(options: &Options) -> Result<usize, String> {
    let cluster = Cluster::connect(options).map_err(|e| e.to_string())?;
    let mut listed = 0;
    for kind in KINDS {
        let (api_version, resource) = (kind.api_version, kind.resource);
        let collection = Collection { api_version, resource, namespace: None, selector: "" };
        if let Listed::Whole { items, .. } = cluster.list(collection, 500, drop).map_err(|e| e.to_string())? {
            listed += items;
        }
    }
    Ok(listed)
}

/// Deployments of ten pods each, in many namespaces, with what pods of a cluster usually have.
fn inhabit(control: &ControlPlane, pods: usize) {
    let namespaces: Vec<usize> = (0..NAMESPACES).collect();
    control.admin().each(&namespaces, |client, i| {
        let labels: &[(&str, &str)] = if i % 3 == 0 { &[("enforce", "baseline")] } else { &[] };
        client.create_namespace(&format!("n{i}"), labels);
    });
    let container = |name: &str| {
        let env: Vec<Value> =
            (0..12).map(|i| json!({"name": format!("SETTING_{i}"), "value": format!("value {i}")})).collect();
        json!({
            "name": name, "image": "registry.example.com/team/app:1.2.3", "args": ["--listen", ":8080"], "env": env,
            "ports": [{"containerPort": 8080}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
        })
    };
    let spec = json!({
        "containers": [container("app"), container("proxy")],
        "volumes": [{"name": "config", "configMap": {"name": "app"}}],
        "securityContext": {"runAsNonRoot": true},
    });
    let workloads: Vec<usize> = (0..pods / 10).collect();
    let labels = |i: &usize| json!({"app": format!("app{i}"), "team": "team"});
    let owners = control.admin().each(&workloads, |client, i| {
        let path = format!("/apis/apps/v1/namespaces/n{}/replicasets", i % NAMESPACES);
        let object = json!({
            "metadata": {"name": format!("app{i}"), "labels": labels(i)},
            "spec": {
                "replicas": 10, "selector": {"matchLabels": labels(i)},
                "template": {"metadata": {"labels": labels(i)}, "spec": spec},
            },
        });
        let answer = client.post(&path, &object).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.body["metadata"]["uid"].clone()
    });
    let all: Vec<usize> = (0..pods).collect();
    control.admin().each(&all, |client, i| {
        let of = i % owners.len();
        let object = json!({
            "metadata": {
                "name": format!("app{of}-{i}"), "labels": labels(&of),
                "ownerReferences": [{
                    "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("app{of}"), "uid": owners[of], "controller": true,
                }],
            },
            "spec": spec,
        });
        let path = format!("/api/v1/namespaces/n{}/pods", of % NAMESPACES);
        let answer = client.post(&path, &object).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text);
    });
}
