//! `seawall serve` and the reference's webhook (k8s.io/pod-security-admission, `cmd/webhook`) side by side: the same API server, the
//! same certificate, the same bodies, the same requests in turn: `webhook [--quick]`.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bytes::Bytes;
use seawall_benches::api;
use seawall_benches::command;
use seawall_benches::disk::megabytes;
use seawall_benches::floor::Floors;
use seawall_benches::load::{Cost, Http, Peer};
use seawall_benches::peer::{reference_webhook, seawall, target_directory};

/// Requests at a time, but for one row.
const AT_A_TIME: usize = 16;

/// Memory with nothing to do, and after the load.
const IDLE: u64 = 15_000_000;
const LOADED: u64 = 25_000_000;

/// The longest median of one connection, in milliseconds.
const ONE: f64 = 0.12;

fn main() -> ExitCode {
    command::run("webhook", measure)
}

/// A kind of load.
struct Row {
    name: &'static str,
    http: Http,
    at_a_time: usize,
    bodies: Vec<Bytes>,
    /// How many times less CPU time, and how many times shorter a 99th percentile, ours has to have.
    floors: Option<(f64, f64)>,
}

/// A review of a pod that is to be created in a namespace that enforces restricted.
fn review(pod: &str) -> Bytes {
    format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"0df28fbd-5f5f-11e8-bc74-36e6bb280816","kind":{{"group":"","version":"v1","kind":"Pod"}},"resource":{{"group":"","version":"v1","resource":"pods"}},"requestKind":{{"group":"","version":"v1","kind":"Pod"}},"requestResource":{{"group":"","version":"v1","resource":"pods"}},"name":"web-5d4f7c9b8-x2x7q","namespace":"restricted","operation":"CREATE","userInfo":{{"username":"system:serviceaccount:kube-system:replicaset-controller","uid":"a7e0ab33-5f29-11e8-8a3c-36e6bb280816","groups":["system:serviceaccounts","system:serviceaccounts:kube-system","system:authenticated"]}},"object":{pod},"oldObject":null,"dryRun":false,"options":{{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}}}}"#
    )
    .into()
}

/// Two pods of the size of upstream's fixtures, one of which is refused.
fn small() -> Vec<Bytes> {
    ["false", "true"]
        .map(|escalation| {
            review(&format!(
                r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"web-5d4f7c9b8-x2x7q","namespace":"restricted","creationTimestamp":null}},"spec":{{"containers":[{{"name":"web","image":"registry.example.com/web:1.27.3","resources":{{}},"securityContext":{{"allowPrivilegeEscalation":{escalation},"capabilities":{{"drop":["ALL"]}}}}}}],"securityContext":{{"runAsNonRoot":true,"seccompProfile":{{"type":"RuntimeDefault"}}}}}},"status":{{}}}}"#
            ))
        })
        .to_vec()
}

/// A pod as clusters have them: four containers with all that goes with them, and managed fields.
fn large() -> Vec<Bytes> {
    let container = |i: usize, escalation: &str| {
        let env: Vec<String> = (0..8)
            .map(|k| format!(r#"{{"name":"SETTING_{i}_{k}","valueFrom":{{"configMapKeyRef":{{"name":"web-settings","key":"setting-{k}"}}}}}}"#))
            .collect();
        format!(
            r#"{{"name":"part-{i}","image":"registry.example.com/team/part-{i}@sha256:3f5a0d1c2b4e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8","args":["--listen=:80{i}0","--config=/etc/part/config.yaml","--log-level=info"],"ports":[{{"name":"http","containerPort":80{i}0,"protocol":"TCP"}}],"env":[{}],"resources":{{"limits":{{"cpu":"500m","memory":"512Mi"}},"requests":{{"cpu":"100m","memory":"256Mi"}}}},"volumeMounts":[{{"name":"config","readOnly":true,"mountPath":"/etc/part"}},{{"name":"kube-api-access","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}}],"livenessProbe":{{"httpGet":{{"path":"/healthz","port":"http","scheme":"HTTP"}},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{{"allowPrivilegeEscalation":{escalation},"readOnlyRootFilesystem":true,"capabilities":{{"drop":["ALL"]}}}}}}"#,
            env.join(",")
        )
    };
    ["false", "true"]
        .map(|escalation| {
            let containers: Vec<String> = (0..4).map(|i| container(i, escalation)).collect();
            let fields: Vec<String> = (0..4)
                .map(|i| format!(r#""k:{{\"name\":\"part-{i}\"}}":{{".":{{}},"f:args":{{}},"f:env":{{}},"f:image":{{}},"f:imagePullPolicy":{{}},"f:livenessProbe":{{".":{{}},"f:failureThreshold":{{}},"f:httpGet":{{".":{{}},"f:path":{{}},"f:port":{{}},"f:scheme":{{}}}},"f:periodSeconds":{{}}}},"f:name":{{}},"f:ports":{{}},"f:resources":{{".":{{}},"f:limits":{{".":{{}},"f:cpu":{{}},"f:memory":{{}}}}}},"f:securityContext":{{".":{{}},"f:allowPrivilegeEscalation":{{}},"f:capabilities":{{}}}},"f:volumeMounts":{{}}}}"#))
                .collect();
            review(&format!(
                r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"web-5d4f7c9b8-x2x7q","generateName":"web-5d4f7c9b8-","namespace":"restricted","uid":"2b4b2c3d-1111-2222-3333-444455556666","creationTimestamp":"2026-01-02T03:04:05Z","labels":{{"app":"web","pod-template-hash":"5d4f7c9b8"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d4f7c9b8","uid":"9c0e7d1a-1111-2222-3333-444455556666","controller":true,"blockOwnerDeletion":true}}],"managedFields":[{{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-01-02T03:04:05Z","fieldsType":"FieldsV1","fieldsV1":{{"f:metadata":{{"f:generateName":{{}},"f:labels":{{".":{{}},"f:app":{{}},"f:pod-template-hash":{{}}}}}},"f:spec":{{"f:containers":{{{}}},"f:dnsPolicy":{{}},"f:restartPolicy":{{}},"f:securityContext":{{}}}}}}}}]}},"spec":{{"volumes":[{{"name":"config","configMap":{{"name":"web-config","defaultMode":420}}}},{{"name":"kube-api-access","projected":{{"sources":[{{"serviceAccountToken":{{"expirationSeconds":3607,"path":"token"}}}},{{"configMap":{{"name":"kube-root-ca.crt","items":[{{"key":"ca.crt","path":"ca.crt"}}]}}}}],"defaultMode":420}}}}],"containers":[{}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"web","serviceAccount":"web","securityContext":{{"runAsNonRoot":true,"runAsUser":1000,"seccompProfile":{{"type":"RuntimeDefault"}}}},"schedulerName":"default-scheduler","tolerations":[{{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"}},"status":{{"phase":"Pending","qosClass":"Burstable"}}}}"#,
                fields.join(","),
                containers.join(",")
            ))
        })
        .to_vec()
}

fn rows() -> Vec<Row> {
    let row = |name, http, at_a_time, bodies, floors| Row { name, http, at_a_time, bodies, floors };
    vec![
        row("1.2 KB, HTTP/1.1, 16 connections", Http::One, AT_A_TIME, small(), Some((5.0, 2.0))),
        row("10 KB, HTTP/1.1, 16 connections", Http::One, AT_A_TIME, large(), Some((12.0, 4.0))),
        row("1.2 KB, HTTP/1.1, one connection", Http::One, 1, small(), None),
        row("1.2 KB, HTTP/2, 16 at a time", Http::Two, AT_A_TIME, small(), None),
        row("10 KB, HTTP/2, 16 at a time", Http::Two, AT_A_TIME, large(), None),
    ]
}

/// A port of the loopback interface on which nothing listens.
fn free() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    listener.local_addr().map_err(|e| e.to_string())
}

/// The files that both servers want.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    kubeconfig: PathBuf,
    pem: String,
}

fn files(directory: &Path) -> Result<Files, String> {
    let text = |e: &dyn std::fmt::Display| format!("{}: {e}", directory.display());
    std::fs::create_dir_all(directory).map_err(|e| text(&e))?;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(|e| text(&e))?;
    let (certificate, key) = (directory.join("tls.crt"), directory.join("tls.key"));
    let pem = made.cert.pem();
    std::fs::write(&certificate, &pem).map_err(|e| text(&e))?;
    std::fs::write(&key, made.signing_key.serialize_pem()).map_err(|e| text(&e))?;
    let kubeconfig = api::start(directory).map_err(|e| text(&e))?;
    Ok(Files { certificate, key, kubeconfig, pem })
}

impl Files {
    /// The command line that both servers understand.
    fn command(&self, program: &Path, first: &[&str], address: SocketAddr) -> Command {
        let mut command = Command::new(program);
        command
            .args(first)
            .args(["--bind-address", "127.0.0.1", "--secure-port", &address.port().to_string()])
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--tls-cert-file")
            .arg(&self.certificate)
            .arg("--tls-private-key-file")
            .arg(&self.key);
        command
    }
}

/// The better of two measurements in each respect that has a floor.
fn better(one: Cost, other: Cost) -> Cost {
    if one.cpu <= other.cpu { one } else { other }
}

fn measure(quick: bool) -> Result<Floors, String> {
    let (rounds, requests) = if quick { (4, 16_000) } else { (5, 80_000) };
    let directory = target_directory()?.join("webhook");
    let files = files(&directory)?;
    let (theirs, ours) = (reference_webhook()?, seawall()?);
    let (their_address, our_address) = (free()?, free()?);
    let mut reference = files.command(&theirs, &[], their_address);
    // The API server here gives lists as lists.
    reference.env("KUBE_FEATURE_WatchListClient", "false");
    let theirs = Peer::start(&mut reference, their_address, &files.pem)?;
    let ours = Peer::start(&mut files.command(&ours, &["serve"], our_address), our_address, &files.pem)?;
    let (their_idle, our_idle) = (theirs.memory()?, ours.memory()?);
    let mut floors = Floors::default();
    println!("{:<34} {:>38} {:>38}", "", "reference", "seawall");
    for Row { name, http, at_a_time, bodies, floors: wanted } in rows() {
        let requests = if at_a_time == 1 { requests / 4 } else { requests };
        let mut best: Option<(Cost, Cost)> = None;
        for _ in 0..rounds {
            let now = (
                theirs.cost(http, at_a_time, requests, &bodies)?,
                ours.cost(http, at_a_time, requests, &bodies)?,
            );
            best = Some(match best {
                None => now,
                Some((theirs, ours)) => (better(theirs, now.0), better(ours, now.1)),
            });
        }
        let Some((theirs, ours)) = best else { continue };
        let told = |cost: &Cost| {
            format!(
                "{:.1} µs CPU {:.0}/s {:.2} {:.2} ms",
                cost.cpu,
                cost.rate,
                cost.below(50),
                cost.below(99)
            )
        };
        println!("{name:<34} {:>38} {:>38}", told(&theirs), told(&ours));
        let ratio = theirs.cpu / ours.cpu;
        let shorter = theirs.below(99) / ours.below(99);
        if let Some((cpu, time)) = wanted {
            floors.add(
                format!("CPU time, {name}"),
                format!("{:.1} µs, {ratio:.1} x less", ours.cpu),
                format!(">= {cpu} x less"),
                ratio >= cpu,
            );
            floors.add(
                format!("99th percentile, {name}"),
                format!("{:.2} ms, {shorter:.1} x less", ours.below(99)),
                format!(">= {time} x less"),
                shorter >= time,
            );
        }
        if at_a_time == 1 {
            let median = ours.below(50);
            floors.add(
                format!("median, {name}"),
                format!("{median:.3} ms"),
                format!("< {ONE} ms"),
                median < ONE,
            );
        }
    }
    println!("memory: the reference had {} and has {}", megabytes(their_idle), megabytes(theirs.memory()?));
    let loaded = ours.memory()?;
    floors.add("memory, idle", megabytes(our_idle), format!("<= {}", megabytes(IDLE)), our_idle <= IDLE);
    floors.add("memory, loaded", megabytes(loaded), format!("<= {}", megabytes(LOADED)), loaded <= LOADED);
    Ok(floors)
}
