//! `seawall serve` beside a control plane that asks it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, Response};
use crate::live::create;
use crate::ports::free_port;
use crate::process::{Process, Watchdog};
use crate::scan::seawall;
use crate::wire::Trust;
use crate::{ControlPlane, from_base64};

/// The longest that a start may take, and a change to be noticed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The user that the webhook asks the API server as, with the rights that its documentation names.
const USER: &str = "seawall";

/// A running webhook. It ends when this is dropped.
#[derive(Debug)]
pub struct Webhook {
    watchdog: Watchdog,
    process: Process,
    server: String,
    client: Client,
    tls: Trust,
    config: PathBuf,
}

impl Webhook {
    /// Starts a webhook with a `PodSecurityConfiguration`, waits until it is ready, and has the API server ask it.
    pub fn start(control: &ControlPlane, configuration: &str) -> Self {
        Self::start_by(control, configuration, control.server())
    }

    /// The same where the webhook knows the API server by another address.
    pub fn start_by(control: &ControlPlane, configuration: &str, api_server: &str) -> Self {
        Self::launch(control, configuration, api_server, &[], &[])
    }

    /// The same with more flags.
    pub fn start_with(control: &ControlPlane, configuration: &str, flags: &[&str]) -> Self {
        Self::launch(control, configuration, control.server(), flags, &[])
    }

    /// The same with more of an environment.
    pub fn start_in(control: &ControlPlane, configuration: &str, environment: &[(&str, &str)]) -> Self {
        Self::launch(control, configuration, control.server(), &[], environment)
    }

    fn launch(
        control: &ControlPlane,
        configuration: &str,
        api_server: &str,
        flags: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        allow(control);
        let kubeconfig = control.kubeconfig_by(USER, api_server);
        let (certificate, key) = control.certificate("webhook");
        let config = control.directory().join("podsecurity.yaml");
        std::fs::write(&config, configuration).expect("writable");
        let port = free_port();
        let mut command = Command::new(seawall());
        command
            .args(["serve", "--bind-address", "127.0.0.1", "--secure-port", &port.to_string()])
            .args(flags)
            .envs(environment.iter().copied())
            .arg("--config")
            .arg(&config)
            .arg("--tls-cert-file")
            .arg(&certificate)
            .arg("--tls-private-key-file")
            .arg(&key)
            .arg("--kubeconfig")
            .arg(&kubeconfig);
        let process = Process::start(control.directory(), "seawall", &mut command);
        let watchdog = Watchdog::over(&[&process]);
        let server = format!("https://127.0.0.1:{port}");
        let client = control.client_of(&server);
        let tls = Trust::new(&from_base64(&control.authority_as_base64()), port);
        let mut webhook = Self { watchdog, process, server, client, tls, config };
        webhook.wait("ready", |webhook| webhook.get("/readyz").is_some_and(|(status, _)| status == 200));
        create(
            control,
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
            &webhook.registration(control),
        );
        webhook
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

    /// What it answers to a path: status and text; nothing if it does not answer.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        self.client.get(path).ok().map(|answer| (answer.status, answer.text))
    }

    /// What it answers to a review.
    pub fn post(&self, path: &str, review: &Value) -> Response {
        self.client.post(path, review).expect("an answer")
    }

    /// How to connect to it without a client between.
    pub fn trust(&self) -> &Trust {
        &self.tls
    }

    /// The most memory that it ever had (`VmHWM` of Linux), in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line of it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }

    /// Its address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The file of its configuration.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        self.process.last_words()
    }

    /// Tells it to end, and waits for that; its exit status.
    pub fn terminate(mut self) -> Option<i32> {
        let status = self.process.terminate(PATIENCE);
        self.watchdog.stop();
        status
    }

    /// What makes the API server ask it about everything that Pod Security looks at.
    fn registration(&self, control: &ControlPlane) -> Value {
        let rule = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "apiVersions": ["v1"], "resources": resources, "operations": ["CREATE", "UPDATE"]});
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "seawall"},
            "webhooks": [{
                "name": "pods.seawall.dev",
                "clientConfig": {"url": format!("{}/validate", self.server), "caBundle": control.authority_as_base64()},
                "rules": [
                    rule("", &["namespaces", "pods", "pods/ephemeralcontainers", "podtemplates", "replicationcontrollers"]),
                    rule("apps", &["deployments", "replicasets", "statefulsets", "daemonsets"]),
                    rule("batch", &["jobs", "cronjobs"]),
                ],
                "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 5, "admissionReviewVersions": ["v1"],
            }],
        })
    }
}

/// Lets the webhook's user see what it has to.
fn allow(control: &ControlPlane) {
    let root = "/apis/rbac.authorization.k8s.io/v1";
    create(
        control,
        &format!("{root}/clusterroles"),
        &json!({"kind": "ClusterRole", "metadata": {"name": USER}, "rules": [
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch", "patch"]},
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
            {"apiGroups": ["openreports.io"], "resources": ["reports"], "verbs": ["list", "create"]},
            {"apiGroups": ["openreports.io"], "resources": ["reports"], "resourceNames": ["seawall"], "verbs": ["get", "update"]},
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "list", "create", "update"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
            {"apiGroups": ["seawall.dev"], "resources": ["podsecurityexceptions", "podsecurityexceptionpolicies", "podsecuritybreakglasses"], "verbs": ["list", "watch"]},
            {"apiGroups": [""], "resources": ["replicationcontrollers"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "statefulsets", "daemonsets"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": ["get", "list", "watch"]}]}),
    );
    create(
        control,
        &format!("{root}/clusterrolebindings"),
        &json!({"kind": "ClusterRoleBinding", "metadata": {"name": USER},
            "subjects": [{"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": USER}}),
    );
}
