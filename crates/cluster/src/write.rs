//! Writing, by a type of its own.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Value, json};

use crate::connect::{Answer, Cluster, Manner, Options};
use crate::error::Error;
use crate::list::{Collection, encode};

/// The longest that a request may take from its beginning to the end of its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the fields that are changed are said to be managed by (`metadata.managedFields`).
const MANAGER: &str = "fieldManager=seawall";

/// Fields that the API server does not know are an error, rather than dropped.
const STRICT: &str = "fieldValidation=Strict";

/// Where an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'p> {
    /// Such as `v1`, `coordination.k8s.io/v1`.
    pub api_version: &'p str,
    /// The plural, such as `leases`.
    pub resource: &'p str,
    /// The namespace that it is in.
    pub namespace: Option<&'p str>,
    /// Its name.
    pub name: &'p str,
}

impl Place<'_> {
    fn path(&self) -> String {
        let Self { api_version, resource, namespace, name } = *self;
        let mut path = Collection { api_version, resource, namespace, selector: "" }.path();
        path.push('/');
        encode(&mut path, name);
        path
    }
}

/// A connection that may change a cluster. Requests are made once, end after five seconds, and are never repeated here: what did
/// not come to its end may have happened or not, and versions tell.
#[derive(Debug)]
pub struct Writer {
    cluster: Cluster,
}

impl Writer {
    /// Connects as [`Cluster::connect`] does.
    pub fn connect(options: &Options) -> Result<Self, Error> {
        let manner = Manner { patience: PATIENCE, attempts: 1, insists: false };
        Ok(Self { cluster: Cluster::connect_by(options, manner)? })
    }

    /// The same connection for reading alone.
    pub fn reader(&self) -> &Cluster {
        &self.cluster
    }

    /// An object; [`Error::Refused`] with 404 where it is not there.
    pub fn get(&self, place: Place<'_>) -> Result<Value, Error> {
        self.send(Method::GET, &place.path(), None)
    }

    /// Creates an object in a collection, as the API server has it then; [`Error::Refused`] with 409 where there is one of its name.
    pub fn create(&self, collection: Collection<'_>, object: &Value) -> Result<Value, Error> {
        self.create_within(PATIENCE, collection, object)
    }

    /// The same for who waits no longer than `patience`.
    pub fn create_within(
        &self,
        patience: Duration,
        collection: Collection<'_>,
        object: &Value,
    ) -> Result<Value, Error> {
        let body = ("application/json", object.to_string());
        let path = format!("{}?{MANAGER}&{STRICT}", collection.path());
        self.send_within(patience.min(PATIENCE), Method::POST, &path, Some(body))
    }

    /// Puts an object in the place of one whose `resourceVersion` is `version`; [`Error::Refused`] with 409 where it has another.
    pub fn replace(&self, place: Place<'_>, version: &str, object: &Value) -> Result<Value, Error> {
        let body = ("application/json", with_version(object, version).to_string());
        self.send(Method::PUT, &format!("{}?{MANAGER}&{STRICT}", place.path()), Some(body))
    }

    /// Changes an object by a merge patch (RFC 7386): whatever it is like, or only while its `resourceVersion` is `version`, else
    /// [`Error::Refused`] with 409.
    pub fn merge_patch(
        &self,
        place: Place<'_>,
        version: Option<&str>,
        patch: &Value,
    ) -> Result<Value, Error> {
        let patch = version.map_or_else(|| patch.clone(), |version| with_version(patch, version));
        let body = ("application/merge-patch+json", patch.to_string());
        self.send(Method::PATCH, &format!("{}?{MANAGER}", place.path()), Some(body))
    }

    /// Deletes an object while its `resourceVersion` is `version`; [`Error::Refused`] with 409 where it has another.
    pub fn delete(&self, place: Place<'_>, version: &str) -> Result<(), Error> {
        let options = json!({
            "apiVersion": "meta.k8s.io/v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": version},
        });
        let body = ("application/json", options.to_string());
        self.send(Method::DELETE, &place.path(), Some(body)).map(drop)
    }

    fn send(&self, method: Method, path: &str, body: Option<(&'static str, String)>) -> Result<Value, Error> {
        self.send_within(PATIENCE, method, path, body)
    }

    fn send_within(
        &self,
        patience: Duration,
        method: Method,
        path: &str,
        body: Option<(&'static str, String)>,
    ) -> Result<Value, Error> {
        let problem = |problem: String| Error::Answer { path: path.to_owned(), problem };
        let mut request = Request::builder().method(method).uri(path).header("accept", "application/json");
        if let Some((kind, _)) = &body {
            request = request.header("content-type", *kind);
        }
        let body = body.map_or_else(Body::empty, |(_, text)| Body::from(text.into_bytes()));
        let request = request.body(body).map_err(|e| problem(e.to_string()))?;
        let answer = self.cluster.run(async {
            let asked = async {
                let response = self.cluster.send(request).await?;
                let status = response.status().as_u16();
                let body = response.into_body().collect().await.map_err(|e| self.cluster.error(&e))?;
                Ok(Answer { status, body: body.to_bytes().to_vec() })
            };
            let late = |_| Error::Unreachable {
                server: self.cluster.server().to_owned(),
                problem: format!("no answer in {} seconds", patience.as_secs_f32()),
            };
            tokio::time::timeout(patience, asked).await.map_err(late)?
        })?;
        match answer.status {
            200..=299 => {
                serde_json::from_slice(&answer.body).map_err(|e| problem(format!("not an object: {e}")))
            }
            status => Err(Error::Refused { status, message: answer.message() }),
        }
    }
}

/// The object with `metadata.resourceVersion` set, which the API server holds against the one that it has.
fn with_version(object: &Value, version: &str) -> Value {
    let mut object = object.clone();
    object["metadata"]["resourceVersion"] = version.into();
    object
}
