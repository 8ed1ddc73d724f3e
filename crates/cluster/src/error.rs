//! What goes wrong between here and an API server.

use std::fmt;
use std::path::PathBuf;

use kube::client::AuthError;

/// Why a cluster could not be reached or read. Nothing that a credential plugin printed is in it.
#[derive(Debug)]
pub enum Error {
    /// A kubeconfig file, or what they say together.
    Kubeconfig {
        /// The files in the order in which they were read.
        files: Vec<PathBuf>,
        /// What is wrong.
        problem: String,
    },
    /// Neither a kubeconfig file nor a pod's own service account.
    NoCluster,
    /// The credentials that the kubeconfig leads to.
    Credentials(String),
    /// No connection, or none that can be trusted.
    Unreachable {
        /// The API server, without credentials.
        server: String,
        /// What is wrong.
        problem: String,
    },
    /// The API server does not know the user, or the user may not do what everything here needs.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The API server's message.
        message: String,
    },
    /// The operating system gives not what connections need.
    System(String),
    /// An answer that makes no sense here.
    Answer {
        /// What was asked for.
        path: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// Nothing at all may be seen.
    NothingSeen {
        /// What the API server says of the first kind.
        message: String,
    },
    /// A namespace that was asked for is not there.
    NoNamespace(String),
    /// A list that has begun and cannot be brought to its end: what came of it is not all there is.
    Interrupted {
        /// What was listed.
        path: String,
        /// How many items had come.
        items: usize,
        /// Why no more come.
        cause: Box<Error>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubeconfig { files, problem } => {
                let files: Vec<String> = files.iter().map(|file| format!("`{}`", file.display())).collect();
                write!(f, "cannot connect by kubeconfig {}: {problem}", files.join(", "))
            }
            Self::NoCluster => f.write_str(
                "no cluster to connect to: there is no kubeconfig (KUBECONFIG, ~/.kube/config), and this is not a pod with a \
                 service account",
            ),
            Self::Credentials(problem) => write!(f, "no credentials for the cluster: {problem}"),
            Self::Unreachable { server, problem } => write!(f, "cannot reach the API server `{server}`: {problem}"),
            Self::Refused { status, message } => write!(f, "the API server refuses ({status}): {message}"),
            Self::System(problem) => write!(f, "cannot begin to connect: {problem}"),
            Self::Answer { path, problem } => write!(f, "the API server's answer to `{path}` is not usable: {problem}"),
            Self::NothingSeen { message } => write!(f, "nothing in the cluster may be seen: {message}"),
            Self::NoNamespace(name) => write!(f, "there is no namespace `{name}` in the cluster"),
            Self::Interrupted { path, items, cause } => {
                write!(f, "listing `{path}` broke off after {items} items, so that it is not known what there is: {cause}")
            }
        }
    }
}

impl std::error::Error for Error {}

/// Where requests go, for messages about them.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The API server.
    pub(crate) server: String,
    /// The credential plugin, if there is one.
    pub(crate) plugin: Option<String>,
}

impl Target {
    /// Why a request has no answer.
    pub(crate) fn error(&self, error: &kube::Error) -> Error {
        match error {
            kube::Error::Auth(error) => Error::Credentials(credentials(error, self.plugin.as_deref())),
            other => Error::Unreachable { server: self.server.clone(), problem: deepest(other) },
        }
    }
}

impl Error {
    /// The HTTP status of a refusal: 403 where a right is missing, 404 where nothing is, 409 where something else is there or was
    /// changed in between.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same request may have an answer a moment later.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// A plugin's output may hold a token, and its arguments and environment a password: kube's own messages have them all.
fn credentials(error: &AuthError, plugin: Option<&str>) -> String {
    let plugin =
        plugin.map_or("the credential plugin".to_owned(), |name| format!("the credential plugin `{name}`"));
    match error {
        AuthError::AuthExecRun { out, .. } => format!("{plugin} failed: {}", out.status),
        AuthError::AuthExecStart(error) => format!("{plugin} did not start: {error}"),
        AuthError::AuthExecParse(_) => format!("{plugin} did not print an ExecCredential"),
        AuthError::AuthExec(_) | AuthError::ExecPluginFailed => {
            format!("{plugin} gave nothing to authenticate with")
        }
        AuthError::ParseTokenKey(_) => "the auth provider's command did not print JSON".to_owned(),
        other => deepest(other),
    }
}

/// The last cause, which says most: those above it only say that a request failed.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}
