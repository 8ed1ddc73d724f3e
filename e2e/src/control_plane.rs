//! Starting and stopping a control plane.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use seawall_conformance::target;
use serde_json::{Value, json};

use crate::assets::{Assets, assets};
use crate::client::Client;
use crate::pki::{Authority, signing_key};
use crate::ports::free_port;
use crate::process::{Process, Watchdog};

/// A running etcd and kube-apiserver with Pod Security, RBAC and an audit log. They end when this is dropped; their logs stay
/// if a test panics.
///
/// There are no controllers: no pods come of a Deployment, a deleted namespace stays, and the `ServiceAccount` admission plugin
/// is off, since no namespace ever gets a service account.
#[derive(Debug)]
pub struct ControlPlane {
    watchdog: Watchdog,
    api_server: Process,
    api_server_command: Command,
    etcd: Process,
    directory: PathBuf,
    server: String,
    authority: Authority,
    admin: Client,
}

/// The longest that a start may take, in a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(2);

/// Every request, with its content where that is pods or decides about them.
const AUDIT_POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: ["system:apiserver"]}
- level: Request
  verbs: [create, update, patch]
  resources:
  - {group: "", resources: [pods, pods/ephemeralcontainers, podtemplates, replicationcontrollers, namespaces]}
  - {group: apps}
  - {group: batch}
- level: Metadata
"#;

/// The common name of the certificate that an API server shows to webhooks.
pub const SHOWN_TO_WEBHOOKS: &str = "api-server-of-webhooks";

/// Writes what makes an API server show a certificate to webhooks; the flag that names it.
fn show_to_webhooks(directory: &Path, authority: &Authority) -> String {
    let (certificate, key) = authority.user(SHOWN_TO_WEBHOOKS, None).write(directory, SHOWN_TO_WEBHOOKS);
    let user = json!({"name": "*", "user": {"client-certificate": certificate, "client-key": key}});
    let kubeconfig = json!({"apiVersion": "v1", "kind": "Config", "users": [user]});
    let (kubeconfig_path, path) = (directory.join("webhooks.kubeconfig"), directory.join("admission.yaml"));
    let plugin = json!({"name": "ValidatingAdmissionWebhook", "configuration": {
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "WebhookAdmissionConfiguration", "kubeConfigFile": kubeconfig_path}});
    let admission = json!({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": [plugin]});
    fs::write(&kubeconfig_path, kubeconfig.to_string()).expect("writable");
    fs::write(&path, admission.to_string()).expect("writable");
    format!("--admission-control-config-file={}", path.display())
}

/// Why a start failed.
enum Failure {
    /// Another program took a port first.
    Port,
    Other(String),
}

impl ControlPlane {
    /// Builds what is missing, starts it and waits until it answers.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more flags for kube-apiserver.
    pub fn start_with(flags: &[&str]) -> Self {
        Self::start_by(flags, false)
    }

    /// The same where the API server shows a certificate to webhooks, whose common name is [`SHOWN_TO_WEBHOOKS`].
    pub fn start_showing_itself(flags: &[&str]) -> Self {
        Self::start_by(flags, true)
    }

    fn start_by(flags: &[&str], shows_itself: bool) -> Self {
        let assets = assets();
        for _ in 0..3 {
            match Self::attempt(&assets, flags, shows_itself) {
                Ok(running) => return running,
                Err(Failure::Port) => {}
                Err(Failure::Other(message)) => panic!("{message}"),
            }
        }
        panic!("other programs took the ports of three starts")
    }

    fn attempt(assets: &Assets, flags: &[&str], shows_itself: bool) -> Result<Self, Failure> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = target().join("control-plane/runs").join(format!("{}-{number}", std::process::id()));
        // A process with the same id may have left one.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("the target directory is writable");
        let directory = fs::canonicalize(directory).expect("just made");

        let [client_port, peer_port, api_port] = [free_port(), free_port(), free_port()];
        let etcd_server = format!("http://127.0.0.1:{client_port}");
        let deadline = Instant::now() + PATIENCE;
        let mut etcd =
            Process::start(&directory, "etcd", &mut etcd(&assets.etcd, &directory, &etcd_server, peer_port));
        let authority = Authority::new();
        let mut command = api_server(&assets.api_server, &directory, &authority, &etcd_server, api_port);
        command.args(flags);
        if shows_itself {
            command.arg(show_to_webhooks(&directory, &authority));
        }
        let mut api_server = Process::start(&directory, "kube-apiserver", &mut command);
        let watchdog = Watchdog::over(&[&api_server, &etcd]);

        let server = format!("https://127.0.0.1:{api_port}");
        let user = authority.user("admin", Some("system:masters"));
        let admin = Client::new(&server, authority.certificate(), &user);
        let ready = |path| admin.get(path).is_ok_and(|response| response.status == 200);
        while !(ready("/readyz") && ready("/api/v1/namespaces/default")) {
            if let Some(words) = etcd.ended().or_else(|| api_server.ended()) {
                let taken = words.contains("address already in use");
                return Err(if taken { Failure::Port } else { Failure::Other(words) });
            }
            if Instant::now() > deadline {
                let words = api_server.last_words();
                return Err(Failure::Other(format!("not ready in {PATIENCE:?}:\n{words}")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let api_server_command = command;
        Ok(Self { watchdog, api_server, api_server_command, etcd, directory, server, authority, admin })
    }

    /// Where the API server listens, such as `https://127.0.0.1:20000`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A client with all rights.
    pub fn admin(&self) -> &Client {
        &self.admin
    }

    /// A client of another user, who has the rights that RBAC gives and no others.
    pub fn user(&self, name: &str) -> Client {
        Client::new(&self.server, self.authority.certificate(), &self.authority.user(name, None))
    }

    /// A certificate of a server on the loopback interface and its key, in files of [`Self::directory`].
    pub fn certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        self.authority.server(name).write(&self.directory, name)
    }

    /// A client of another server that has a certificate of this control plane's authority.
    pub fn client_of(&self, server: &str) -> Client {
        Client::new(server, self.authority.certificate(), &self.authority.user("anyone", None))
    }

    /// The file of the authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.directory.join("ca.crt")
    }

    /// The certificate of the authority, as webhook configurations hold it.
    pub fn authority_as_base64(&self) -> String {
        base64(self.authority.certificate().as_bytes())
    }

    /// A directory for files of a test, which goes with this control plane.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A kubeconfig of a user, in a file of [`Self::directory`]; its context, cluster and user have the user's name.
    pub fn kubeconfig(&self, name: &str) -> PathBuf {
        self.kubeconfig_by(name, &self.server)
    }

    /// The same with another address of the API server.
    pub(crate) fn kubeconfig_by(&self, name: &str, server: &str) -> PathBuf {
        let group = (name == "admin").then_some("system:masters");
        let (certificate, key) = self.authority.user(name, group).write(&self.directory, name);
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{"name": name, "cluster": {
                "server": server, "certificate-authority": self.directory.join("ca.crt")}}],
            "users": [{"name": name, "user": {"client-certificate": certificate, "client-key": key}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        });
        let path = self.directory.join(format!("{name}.kubeconfig"));
        fs::write(&path, config.to_string()).expect("writable");
        path
    }

    /// The audit events so far. An event is there before its request is answered.
    pub fn audit_events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.directory.join("audit.jsonl")).expect("an audit log");
        // The last line may be in the middle of being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Kills the API server, as a crash does.
    pub fn kill_api_server(&mut self) {
        self.watchdog.stop();
        self.api_server.kill();
        self.watchdog = Watchdog::over(&[&self.etcd]);
    }

    /// Starts an API server that was killed once more, on the same port and etcd, and waits until it answers.
    pub fn start_api_server(&mut self) {
        self.api_server =
            Process::start(&self.directory, "kube-apiserver-back", &mut self.api_server_command);
        self.watchdog.stop();
        self.watchdog = Watchdog::over(&[&self.api_server, &self.etcd]);
        let deadline = Instant::now() + PATIENCE;
        while !self.admin.get("/readyz").is_ok_and(|response| response.status == 200) {
            if let Some(words) = self.api_server.ended() {
                panic!("{words}");
            }
            assert!(Instant::now() < deadline, "not ready:\n{}", self.api_server.last_words());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0_u32, |all, i| all << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let sextet = (group >> (18 - 6 * i) & 63) as usize;
            out.push(if i <= chunk.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    out
}

/// What [`base64`] was made of; nothing if it is none.
pub fn from_base64(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.bytes().filter(|c| *c != b'=') {
        let Some(sextet) = ALPHABET.iter().position(|known| *known == c) else { return Vec::new() };
        bits = bits << 6 | sextet as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    out
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.watchdog.stop();
        self.api_server.kill();
        self.etcd.kill();
        if std::thread::panicking() {
            eprintln!("logs of the control plane: {}", self.directory.display());
        } else if let Err(error) = fs::remove_dir_all(&self.directory) {
            eprintln!("{} stays: {error}", self.directory.display());
        }
    }
}

fn etcd(program: &Path, directory: &Path, server: &str, peer_port: u16) -> Command {
    let peer = format!("http://127.0.0.1:{peer_port}");
    let mut command = Command::new(program);
    command
        .args(["--name", "e2e", "--log-level", "warn", "--unsafe-no-fsync", "--data-dir"])
        .arg(directory.join("etcd"))
        .args(["--listen-client-urls", server, "--advertise-client-urls", server])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .arg(format!("--initial-cluster=e2e={peer}"));
    command
}

fn api_server(program: &Path, directory: &Path, authority: &Authority, etcd: &str, port: u16) -> Command {
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).expect("writable");
        path
    };
    let (certificate, key) = authority.server("kube-apiserver").write(directory, "kube-apiserver");
    let (signing, checking) = signing_key();
    let files = [
        ("tls-cert-file", certificate),
        ("tls-private-key-file", key),
        ("client-ca-file", write("ca.crt", authority.certificate())),
        ("cert-dir", directory.to_owned()),
        ("service-account-key-file", write("service-accounts.pub", &checking)),
        ("service-account-signing-key-file", write("service-accounts.key", &signing)),
        ("audit-policy-file", write("audit-policy.yaml", AUDIT_POLICY)),
        ("audit-log-path", directory.join("audit.jsonl")),
    ];
    let mut command = Command::new(program);
    command
        .args([
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
        ])
        .args([
            "--authorization-mode=RBAC",
            "--anonymous-auth=false",
            "--disable-admission-plugins=ServiceAccount",
        ])
        .args([
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
        ])
        .args([
            "--audit-log-mode=blocking-strict",
            "--audit-log-maxsize=0",
            "--allow-privileged",
            "--profiling=false",
        ])
        .arg(format!("--etcd-servers={etcd}"))
        .arg(format!("--secure-port={port}"));
    for (flag, path) in files {
        command.arg(format!("--{flag}={}", path.display()));
    }
    command
}
