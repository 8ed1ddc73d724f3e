//! From what the user has to a connection.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use http::header::{HeaderValue, USER_AGENT};
use http::{Method, Request, Uri};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use kube::config::{Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use serde::Deserialize;

use crate::error::{Error, Target};
use crate::list::{Collection, encode};
use crate::proxy;

/// The longest that the API server may take between two pieces of an answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// The same where somebody waits for each answer.
const HURRIED_PATIENCE: Duration = Duration::from_secs(1);

/// How often a request that finds no server is made, and the first wait between two of them, which doubles. What the API server
/// itself puts off (429, 503, 504) is asked for again after the time that it names.
const ATTEMPTS: u32 = 4;
const WAIT: Duration = Duration::from_millis(250);

/// How requests are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// The longest that the API server may take between two pieces of an answer.
    pub(crate) patience: Duration,
    /// How often a request that finds no server is made.
    pub(crate) attempts: u32,
    /// Whether what the API server puts off is asked for again.
    pub(crate) insists: bool,
}

/// Which cluster, and as whom; as the flags of kubectl.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Kubeconfig files, merged: what an earlier one says holds. Empty for those of `KUBECONFIG`, else `~/.kube/config`, else
    /// the service account of the pod that this runs in.
    pub kubeconfig: Vec<PathBuf>,
    /// A context other than the current one.
    pub context: Option<String>,
    /// A cluster other than the context's.
    pub cluster: Option<String>,
    /// A user other than the context's.
    pub user: Option<String>,
    /// The user to act as.
    pub impersonate: Option<String>,
    /// The groups to act as a member of.
    pub impersonate_groups: Vec<String>,
    /// Whether somebody waits for each answer: a request is made once, and fails after a second of silence.
    pub hurried: bool,
}

/// What an API server says of its own version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// Such as `v1.37.2`.
    pub git_version: String,
    /// Such as `linux/amd64`.
    #[serde(default)]
    pub platform: String,
}

/// A cluster that has answered.
pub struct Cluster {
    runtime: tokio::runtime::Runtime,
    client: Client,
    target: Target,
    version: ServerVersion,
    attempts: u32,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("server", &self.target.server)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// An answer with its whole body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// What is of use in a `Status` of the API.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
}

impl Answer {
    /// The API server's message, or the beginning of what came instead.
    pub(crate) fn message(&self) -> String {
        match serde_json::from_slice::<Status>(&self.body) {
            Ok(status) if !status.message.is_empty() => status.message,
            _ => String::from_utf8_lossy(&self.body).chars().take(200).collect(),
        }
    }
}

impl Cluster {
    /// Connects, and asks for the version, which everyone may who may anything.
    pub fn connect(options: &Options) -> Result<Self, Error> {
        let manner = if options.hurried {
            Manner { patience: HURRIED_PATIENCE, attempts: 1, insists: false }
        } else {
            Manner { patience: PATIENCE, attempts: ATTEMPTS, insists: true }
        };
        Self::connect_by(options, manner)
    }

    /// The same, with requests made in another manner than the options say.
    pub(crate) fn connect_by(options: &Options, manner: Manner) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::System(e.to_string()))?;
        let (client, target) = runtime.block_on(async {
            let config = configuration(options, manner).await?;
            let server = shown(&config.cluster_url);
            let plugin = config.auth_info.exec.as_ref().and_then(|exec| exec.command.clone());
            let target = Target { server, plugin };
            let client = Client::try_from(config).map_err(|e| target.error(&e))?;
            Ok((client, target))
        })?;
        let version = ServerVersion { git_version: String::new(), platform: String::new() };
        let mut cluster = Self { runtime, client, target, version, attempts: manner.attempts };
        cluster.version = cluster.ask_version()?;
        Ok(cluster)
    }

    /// Its version as it is now: an upgrade may have changed it.
    pub fn ask_version(&self) -> Result<ServerVersion, Error> {
        let answer = self.get("/version")?;
        if answer.status != 200 {
            return Err(Error::Refused { status: answer.status, message: answer.message() });
        }
        serde_json::from_slice(&answer.body)
            .map_err(|e| Error::Answer { path: "/version".to_owned(), problem: e.to_string() })
    }

    /// The API server's address.
    pub fn server(&self) -> &str {
        &self.target.server
    }

    /// Its version when it was connected to.
    pub fn version(&self) -> &ServerVersion {
        &self.version
    }

    /// The namespace of the context.
    pub fn default_namespace(&self) -> &str {
        self.client.default_namespace()
    }

    /// What tells this cluster from others, also after a change of name or address: the UID of the namespace `kube-system`.
    /// `None` where that may not be seen.
    pub fn id(&self) -> Result<Option<String>, Error> {
        const PATH: &str = "/api/v1/namespaces/kube-system";
        #[derive(Deserialize)]
        struct Namespace {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            uid: String,
        }
        let answer = self.get(PATH)?;
        match answer.status {
            200 => serde_json::from_slice::<Namespace>(&answer.body)
                .map(|namespace| Some(namespace.metadata.uid))
                .map_err(|e| Error::Answer { path: PATH.to_owned(), problem: e.to_string() }),
            403 | 404 => Ok(None),
            status => Err(Error::Refused { status, message: answer.message() }),
        }
    }

    /// An object of a collection, as JSON; [`Error::Refused`] with 404 where it is not there, and [`Error::Unreachable`] where it has
    /// not come as a whole by then.
    pub fn object(&self, collection: Collection<'_>, name: &str, until: Instant) -> Result<Vec<u8>, Error> {
        let mut path = collection.path();
        path.push('/');
        encode(&mut path, name);
        let answer = self.get_until(&path, Some(until))?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(Error::Refused { status, message: answer.message() }),
        }
    }

    /// The answer to a path with its query, whatever its status.
    pub(crate) fn get(&self, path: &str) -> Result<Answer, Error> {
        self.get_until(path, None)
    }

    /// The same, if it comes by then.
    pub(crate) fn get_until(&self, path: &str, until: Option<Instant>) -> Result<Answer, Error> {
        let Some(until) = until else { return self.insist(path) };
        let late = |_| Error::Unreachable {
            server: self.target.server.clone(),
            problem: "no answer in time".to_owned(),
        };
        // The timer wants the runtime.
        self.runtime
            .block_on(async { tokio::time::timeout_at(until.into(), self.ask(path)).await.map_err(late)? })
    }

    fn insist(&self, path: &str) -> Result<Answer, Error> {
        let mut wait = WAIT;
        let mut attempt = 1;
        loop {
            match self.runtime.block_on(self.ask(path)) {
                Err(error) if attempt < self.attempts && error.may_pass() => {
                    self.runtime.block_on(async { tokio::time::sleep(wait).await });
                    attempt += 1;
                    wait *= 2;
                }
                result => return result,
            }
        }
    }

    /// What comes of something that waits for the cluster.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The answer to a request, whose body is yet to come.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<http::Response<Body>, Error> {
        self.client.send(request).await.map_err(|e| self.error(&e))
    }

    /// A fault of the connection.
    pub(crate) fn error(&self, error: &kube::Error) -> Error {
        self.target.error(error)
    }

    async fn ask(&self, path: &str) -> Result<Answer, Error> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(path)
            .header("accept", "application/json")
            .body(Body::empty())
            .map_err(|e| Error::Answer { path: path.to_owned(), problem: e.to_string() })?;
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|e| self.error(&e))?;
        Ok(Answer { status, body: body.to_bytes().to_vec() })
    }
}

/// What kube is to connect with.
async fn configuration(options: &Options, manner: Manner) -> Result<Config, Error> {
    let (kubeconfig, files) = read(options)?;
    let mut config = match kubeconfig {
        // A pod's own service account is nothing that a context could be of.
        None if options.context.is_some() || options.cluster.is_some() || options.user.is_some() => {
            return Err(Error::NoCluster);
        }
        None => Config::incluster().map_err(|_| Error::NoCluster)?,
        Some(kubeconfig) => {
            let chosen = KubeConfigOptions {
                context: options.context.clone(),
                cluster: options.cluster.clone(),
                user: options.user.clone(),
            };
            let named = own_proxy(&kubeconfig, options);
            let problem = |e: KubeconfigError| Error::Kubeconfig { files, problem: problem(&e) };
            let mut config = Config::from_custom_kubeconfig(kubeconfig, &chosen).await.map_err(problem)?;
            // kube holds NO_PROXY against the proxy's name and not the server's.
            config.proxy_url = match named {
                Some(named) => Some(named),
                None => proxy::from_environment(&config.cluster_url, |name| std::env::var(name).ok()),
            };
            config
        }
    };
    config.read_timeout = Some(manner.patience);
    config.default_retry = manner.insists;
    // Else the time that a connection was idle counts.
    config.reset_reader_on_write = true;
    let agent = HeaderValue::from_static(concat!("seawall/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, agent));
    if options.impersonate.is_some() {
        config.auth_info.impersonate.clone_from(&options.impersonate);
        config.auth_info.impersonate_groups = None;
    }
    if !options.impersonate_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(options.impersonate_groups.clone());
    }
    Ok(config)
}

/// An address without the credentials that may be in it.
fn shown(url: &Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{}://{host}{}", url.scheme_str().unwrap_or("https"), url.path().trim_end_matches('/'))
}

/// What the kubeconfig files say together, and which they are; nothing if there are none.
fn read(options: &Options) -> Result<(Option<Kubeconfig>, Vec<PathBuf>), Error> {
    let mut files = options.kubeconfig.clone();
    let explicit = !files.is_empty();
    if !explicit {
        let variable = std::env::var_os("KUBECONFIG").unwrap_or_default();
        files.extend(std::env::split_paths(&variable).filter(|path| !path.as_os_str().is_empty()));
        if files.is_empty() {
            files.extend(std::env::home_dir().map(|home| home.join(".kube/config")));
        }
        // As kubectl does, but for files that were asked for.
        files.retain(|file| file.exists());
    }
    let mut merged: Option<Kubeconfig> = None;
    for file in &files {
        let fail = |e: KubeconfigError| Error::Kubeconfig { files: vec![file.clone()], problem: problem(&e) };
        let next = Kubeconfig::read_from(file).map_err(fail)?;
        merged = Some(match merged {
            Some(merged) => merged.merge(next).map_err(fail)?,
            None => next,
        });
    }
    Ok((merged, files))
}

/// `proxy-url` of the cluster that is chosen.
fn own_proxy(kubeconfig: &Kubeconfig, options: &Options) -> Option<Uri> {
    let context = options.context.as_ref().or(kubeconfig.current_context.as_ref());
    let context = kubeconfig.contexts.iter().find(|named| Some(&named.name) == context);
    let of_context = context.and_then(|named| named.context.as_ref()).map(|context| &context.cluster);
    let name = options.cluster.as_ref().or(of_context)?;
    let cluster = kubeconfig.clusters.iter().find(|named| named.name == *name)?.cluster.as_ref()?;
    cluster.proxy_url.as_ref().filter(|url| !url.is_empty())?.parse().ok()
}

/// The error and its causes. Of what is no kubeconfig only the place: its text is full of credentials.
fn problem(error: &KubeconfigError) -> String {
    if let KubeconfigError::Parse(error) = error {
        let place = error.location().map(|at| format!(" at line {}, column {}", at.line(), at.column()));
        return format!("not a kubeconfig{}", place.unwrap_or_default());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_credentials() {
        for (url, expected) in [
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
            ("https://u:p@h/k8s/clusters/c-1/", "https://h/k8s/clusters/c-1"),
            ("h:6443", "https://h:6443"),
        ] {
            assert_eq!(shown(&url.parse().unwrap()), expected);
        }
    }
}
