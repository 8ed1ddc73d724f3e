//! `seawall serve` with certificates of its own, several of it, behind what stands for their Service.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ControlPlane;
use crate::client::Client;
use crate::live::create;
use crate::ports::free_port;
use crate::process::{Process, Watchdog};
use crate::scan::seawall;

/// The longest that something may take that takes some seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// The user that replicas ask the API server as.
const USER: &str = "seawall-replica";

/// That of all pods: nobody looks whether there are any.
const UID: &str = "00000000-0000-4000-8000-000000000000";

/// The namespace of the Service and its replicas.
pub const NAMESPACE: &str = "seawall";

/// The Service, the Lease of the leader and the webhook configuration.
pub const SERVICE: &str = "seawall-webhook";

/// Where webhook configurations are.
pub const REGISTRATIONS: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/// Where Leases are.
pub const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/seawall/leases";

/// A running replica. It is killed when this is dropped.
#[derive(Debug)]
pub struct Replica {
    name: String,
    port: u16,
    process: Process,
    watchdog: Watchdog,
}

impl Replica {
    /// Starts a replica with the name of its pod.
    pub fn start(control: &ControlPlane, name: &str, flags: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new(seawall());
        command
            .args(["serve", "--bind-address", "127.0.0.1", "--secure-port", &port.to_string()])
            .args(["--certificate-name", "127.0.0.1"])
            .args(flags)
            .arg("--kubeconfig")
            .arg(control.kubeconfig(USER))
            .envs([("POD_NAME", name), ("POD_NAMESPACE", NAMESPACE), ("POD_UID", UID)]);
        let process = Process::start(control.directory(), name, &mut command);
        let watchdog = Watchdog::over(&[&process]);
        Self { name: name.to_owned(), port, process, watchdog }
    }

    /// Where it listens on the loopback interface.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it answers to a path: status and text; nothing if it does not answer. It is not asked who it is.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let client = Client::trusting(&self.server(), None);
        client.get(path).ok().map(|answer| (answer.status, answer.text))
    }

    /// Whether a new connection of a client that trusts these certificates (PEM) comes about, and why not.
    pub fn is_trusted_by(&self, certificates: &str) -> Result<(), String> {
        let client = Client::trusting(&self.server(), Some(certificates));
        client.get("/livez").map(drop).map_err(|error| format!("{}: {error}", self.name))
    }

    fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Whether it says that it may be asked.
    pub fn is_ready(&self) -> bool {
        self.get("/readyz").is_some_and(|(status, _)| status == 200)
    }

    /// A metric without labels.
    pub fn metric(&self, name: &str) -> Option<u64> {
        let (_, text) = self.get("/metrics")?;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until something is so.
    pub fn wait(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            if let Some(words) = self.process.ended() {
                panic!("{words}");
            }
            assert!(Instant::now() < deadline, "not {what}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Kills it, as a lost node does.
    pub fn kill(&mut self) {
        self.watchdog.stop();
        self.process.kill();
    }

    /// Tells it to end, and waits for that; its exit status.
    pub fn terminate(mut self) -> Option<i32> {
        self.watchdog.stop();
        self.process.terminate(PATIENCE)
    }
}

/// Gives replicas rights, in their namespace or in the whole cluster; `name` is that of the role.
pub fn grant(control: &ControlPlane, name: &str, namespace: Option<&str>, rules: &Value) {
    let group = "rbac.authorization.k8s.io";
    let (root, prefix) = match namespace {
        Some(namespace) => (format!("/apis/{group}/v1/namespaces/{namespace}"), ""),
        None => (format!("/apis/{group}/v1"), "Cluster"),
    };
    let (role, binding) = (format!("{prefix}Role"), format!("{prefix}RoleBinding"));
    let plural = |kind: &str| format!("{root}/{}s", kind.to_lowercase());
    create(control, &plural(&role), &json!({"kind": role, "metadata": {"name": name}, "rules": rules}));
    create(
        control,
        &plural(&binding),
        &json!({
            "kind": binding, "metadata": {"name": name},
            "subjects": [{"kind": "User", "name": USER, "apiGroup": group}],
            "roleRef": {"apiGroup": group, "kind": role, "name": name},
        }),
    );
}

/// What every webhook has to see.
pub fn reading() -> Value {
    json!([
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ])
}

/// What certificates need in the cluster.
pub fn trusting() -> Value {
    json!([{
        "apiGroups": ["admissionregistration.k8s.io"], "resources": ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
        "resourceNames": [SERVICE], "verbs": ["get", "patch"],
    }])
}

/// What certificates need in the namespace.
pub fn leasing() -> Value {
    json!([{
        "apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
        "verbs": ["get", "list", "create", "update", "delete"],
    }])
}

/// What stands for a Service: connections go to one of the replicas that it has at the time, in turn.
#[derive(Debug)]
pub struct Service {
    port: u16,
    replicas: Arc<Mutex<Vec<u16>>>,
}

impl Service {
    /// Makes the Service, which the API server finds by its name, and its namespace.
    pub fn start(control: &ControlPlane) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let replicas = Arc::new(Mutex::new(Vec::new()));
        let there = replicas.clone();
        // It ends with the process.
        std::thread::spawn(move || {
            let next = AtomicUsize::new(0);
            for client in listener.incoming().flatten() {
                let there: Vec<u16> = there.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let begin = next.fetch_add(1, Ordering::Relaxed);
                let mut in_turn = (0..there.len()).filter_map(|i| there.get((begin + i) % there.len()));
                let server = in_turn.find_map(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).ok());
                if let Some(server) = server {
                    join(&client, &server);
                    join(&server, &client);
                }
            }
        });
        control.admin().create_namespace(NAMESPACE, &[]);
        // This type alone leads to the loopback interface.
        let spec = json!({"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]});
        let path = format!("/api/v1/namespaces/{NAMESPACE}/services");
        create(control, &path, &json!({"kind": "Service", "metadata": {"name": SERVICE}, "spec": spec}));
        Self { port, replicas }
    }

    /// Leads to these replicas from now on.
    pub fn set(&self, replicas: &[&Replica]) {
        *self.replicas.lock().unwrap_or_else(PoisonError::into_inner) =
            replicas.iter().map(|replica| replica.port).collect();
    }

    /// Has the API server ask it about pods, and refuse them if it does not answer.
    pub fn register(&self, control: &ControlPlane) {
        create(control, REGISTRATIONS, &self.registration("ValidatingWebhookConfiguration", "pods"));
    }

    /// Has the API server let it change the pods' templates that are objects of their own.
    pub fn register_to_mutate(&self, control: &ControlPlane) {
        let path = REGISTRATIONS.replace("validating", "mutating");
        create(control, &path, &self.registration("MutatingWebhookConfiguration", "podtemplates"));
    }

    fn registration(&self, kind: &str, resource: &str) -> Value {
        let service =
            json!({"name": SERVICE, "namespace": NAMESPACE, "path": "/validate", "port": self.port});
        let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": [resource], "operations": ["CREATE"]});
        let webhook = json!({
            "name": format!("{resource}.seawall.dev"), "clientConfig": {"service": service}, "rules": [rule],
            "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 10, "admissionReviewVersions": ["v1"],
        });
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": SERVICE},
            "webhooks": [webhook],
        })
    }
}

/// Brings what one says to the other, until it ends.
fn join(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
