//! The objects of a request, by what they say that they are.

use seawall_model::decode::{Decode, DecodeError};
use seawall_model::json;
use seawall_model::pod::Pod;
use seawall_model::review::{CronJob, GroupVersionKind, Namespace, PodTemplate, Raw, Templated, TypeMeta};

/// The groups and versions that the reference reads objects of (`addToScheme` of `cmd/webhook/server/scheme.go`).
const GROUP_VERSIONS: [&str; 4] = ["v1", "apps/v1", "batch/v1", "admission.k8s.io/v1"];

/// An object, decoded as far as admission looks at it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Object<'r> {
    /// None was sent.
    Missing,
    /// A namespace.
    Namespace(Namespace<'r>),
    /// A pod.
    Pod(Box<Pod<'r>>),
    /// The template of what makes pods; `None` where it has none.
    Template(Option<Box<Pod<'r>>>),
    /// Another type, as Go prints it: `/v1, Kind=Service`.
    Other(String),
}

/// Decodes an object. What it does not say of its own type is taken from the request's `kind`.
pub(crate) fn object<'r>(raw: Raw<'r>, asked: &GroupVersionKind<'_>) -> Result<Object<'r>, DecodeError> {
    if raw.0.is_empty() {
        return Ok(Object::Missing);
    }
    let own: TypeMeta<'r> = decode(raw)?;
    let api_version = match &*own.api_version {
        "" if asked.group.is_empty() => asked.version.to_string(),
        "" => format!("{}/{}", asked.group, asked.version),
        own => own.to_owned(),
    };
    let kind = if own.kind.is_empty() { &*asked.kind } else { &*own.kind };
    let template = |pod: Option<Pod<'r>>| Object::Template(pod.map(Box::new));
    Ok(match (&*api_version, kind) {
        ("v1", "Namespace") => Object::Namespace(decode(raw)?),
        ("v1", "Pod") => Object::Pod(Box::new(decode(raw)?)),
        ("v1", "ReplicationController") => template(decode::<Templated<'_>>(raw)?.spec.template),
        ("v1", "PodTemplate") => template(Some(decode::<PodTemplate<'_>>(raw)?.template)),
        ("apps/v1", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("batch/v1", "Job") => {
            template(Some(decode::<Templated<'_>>(raw)?.spec.template.unwrap_or_default()))
        }
        ("batch/v1", "CronJob") => {
            template(Some(decode::<CronJob<'_>>(raw)?.spec.job_template.spec.template.unwrap_or_default()))
        }
        (api_version, kind) if GROUP_VERSIONS.contains(&api_version) && !kind.is_empty() => {
            let (group, version) = own.api_version.split_once('/').unwrap_or(("", &own.api_version));
            Object::Other(format!("{group}/{version}, Kind={}", own.kind))
        }
        (api_version, kind) => {
            let message = format!("no kind \"{kind}\" is registered for version \"{api_version}\"");
            return Err(DecodeError { offset: 0, message: message.into() });
        }
    })
}

fn decode<'r, T: Decode<'r> + Default>(raw: Raw<'r>) -> Result<T, DecodeError> {
    json::decode(raw.0)
}
