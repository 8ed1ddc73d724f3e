//! The objects of a request, by what they say that they are.

use seawall_model::decode::{DecodeError, Fields};
use seawall_model::json;
use seawall_model::pod::Pod;
use seawall_model::review::{
    CronJob, GroupVersionKind, Namespace, PodTemplate, Raw, Templated, TypeMeta, TypeOnly, Typed,
};

/// The kinds of what surrounds requests, which are in every group.
const COMMON: [&str; 7] = [
    "CreateOptions",
    "DeleteOptions",
    "GetOptions",
    "ListOptions",
    "PatchOptions",
    "UpdateOptions",
    "WatchEvent",
];

/// The kinds that the reference reads objects of, without their lists (`addToScheme` of `cmd/webhook/server/scheme.go`; what is
/// in the groups is `register.go` of each in k8s.io/api).
const KINDS: [(&str, &[&str]); 4] = [
    (
        "v1",
        &[
            "Binding",
            "ComponentStatus",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "NodeProxyOptions",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodAttachOptions",
            "PodExecOptions",
            "PodLogOptions",
            "PodPortForwardOptions",
            "PodProxyOptions",
            "PodStatusResult",
            "PodTemplate",
            "RangeAllocation",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "SerializedReference",
            "Service",
            "ServiceAccount",
            "ServiceProxyOptions",
            "List",
        ],
    ),
    ("apps/v1", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("batch/v1", &["CronJob", "Job"]),
    ("admission.k8s.io/v1", &["AdmissionReview"]),
];

/// Kinds of `v1` that have lists.
const LISTED: [&str; 16] = [
    "ComponentStatus",
    "ConfigMap",
    "Endpoints",
    "Event",
    "LimitRange",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "ReplicationController",
    "ResourceQuota",
    "Secret",
    "Service",
    "ServiceAccount",
];

/// Kinds that are known in every version of every group.
const UNVERSIONED: [&str; 5] = ["APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "Status"];

fn is_known(api_version: &str, kind: &str) -> bool {
    if UNVERSIONED.contains(&kind) {
        return true;
    }
    // What is in memory is registered beside what is sent; of that only this.
    if kind == "WatchEvent"
        && api_version
            .strip_suffix("__internal")
            .is_some_and(|group| KINDS.iter().any(|(known, _)| known.strip_suffix("v1") == Some(group)))
    {
        return true;
    }
    let Some((_, kinds)) = KINDS.iter().find(|(known, _)| *known == api_version) else { return false };
    let is_list = kind.strip_suffix("List").is_some_and(|of| match api_version {
        "v1" => LISTED.contains(&of),
        "apps/v1" | "batch/v1" => kinds.contains(&of),
        _ => false,
    });
    kinds.contains(&kind) || COMMON.contains(&kind) || is_list
}

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

/// What makes an object of decoded fields.
trait Read<'r>: Fields<'r> + Default {
    fn read(self) -> Object<'r>;
}

impl<'r> Read<'r> for Namespace<'r> {
    fn read(self) -> Object<'r> {
        Object::Namespace(self)
    }
}

impl<'r> Read<'r> for Pod<'r> {
    fn read(self) -> Object<'r> {
        Object::Pod(Box::new(self))
    }
}

/// A `ReplicationController` may have no template.
impl<'r> Read<'r> for Templated<'r> {
    fn read(self) -> Object<'r> {
        Object::Template(self.spec.template.map(Box::new))
    }
}

impl<'r> Read<'r> for PodTemplate<'r> {
    fn read(self) -> Object<'r> {
        Object::Template(Some(Box::new(self.template)))
    }
}

impl<'r> Read<'r> for CronJob<'r> {
    fn read(self) -> Object<'r> {
        Object::Template(Some(Box::new(self.spec.job_template.spec.template.unwrap_or_default())))
    }
}

/// The types that have something to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Namespace,
    Pod,
    PodTemplate,
    ReplicationController,
    Templated,
    CronJob,
}

impl Type {
    fn of(api_version: &str, kind: &str) -> Option<Self> {
        Some(match (api_version, kind) {
            ("v1", "Namespace") => Self::Namespace,
            ("v1", "Pod") => Self::Pod,
            ("v1", "PodTemplate") => Self::PodTemplate,
            ("v1", "ReplicationController") => Self::ReplicationController,
            ("apps/v1", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("batch/v1", "Job") => {
                Self::Templated
            }
            ("batch/v1", "CronJob") => Self::CronJob,
            _ => return None,
        })
    }

    /// The object in its type, and the type that it has after all.
    fn decode<'r>(
        self,
        raw: Raw<'r>,
        asked: &GroupVersionKind<'_>,
    ) -> Result<(Object<'r>, String, String), DecodeError> {
        fn typed<'r, T: Read<'r>>(
            raw: Raw<'r>,
            asked: &GroupVersionKind<'_>,
        ) -> Result<(Object<'r>, String, String), DecodeError> {
            let typed: Typed<'r, T> = json::decode(raw.0)?;
            let (api_version, kind) = resolve(&typed.found, asked)?;
            Ok((typed.object.read(), api_version, kind))
        }
        match self {
            Self::Namespace => typed::<Namespace<'_>>(raw, asked),
            Self::Pod => typed::<Pod<'_>>(raw, asked),
            Self::PodTemplate => typed::<PodTemplate<'_>>(raw, asked),
            Self::ReplicationController | Self::Templated => typed::<Templated<'_>>(raw, asked),
            Self::CronJob => typed::<CronJob<'_>>(raw, asked),
        }
    }
}

/// The type of an object that says this of itself, where the request says that. What it leaves out is the request's.
pub(crate) fn resolve(
    found: &TypeMeta<'_>,
    asked: &GroupVersionKind<'_>,
) -> Result<(String, String), DecodeError> {
    let (mut group, mut version) = found.api_version.split_once('/').unwrap_or(("", &found.api_version));
    if version.contains('/') {
        let message = format!("unexpected GroupVersion string: {}", found.api_version);
        return Err(DecodeError { offset: 0, message: message.into() });
    }
    if group.is_empty() && version.is_empty() {
        (group, version) = (&asked.group, &asked.version);
    } else if version.is_empty() && group == asked.group {
        version = &asked.version;
    }
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let kind = if found.kind.is_empty() { &asked.kind } else { &found.kind };
    Ok((api_version, kind.to_string()))
}

/// Decodes an object. What it does not say of its own type is taken from the request's `kind`.
pub(crate) fn object<'r>(raw: Raw<'r>, asked: &GroupVersionKind<'_>) -> Result<Object<'r>, DecodeError> {
    if raw.0.is_empty() {
        return Ok(Object::Missing);
    }
    // Nearly always it is what was asked for, so that one pass is enough.
    let expected = if asked.group.is_empty() {
        Type::of(&asked.version, &asked.kind)
    } else {
        Type::of(&format!("{}/{}", asked.group, asked.version), &asked.kind)
    };
    if let Some(expected) = expected
        && let Ok((object, api_version, kind)) = expected.decode(raw, asked)
        && Type::of(&api_version, &kind) == Some(expected)
    {
        return Ok(finished(object, expected));
    }
    let typed: Typed<'r, TypeOnly> = json::decode(raw.0)?;
    let (api_version, kind) = resolve(&typed.found, asked)?;
    if let Some(own) = Type::of(&api_version, &kind) {
        return own.decode(raw, asked).map(|(object, ..)| finished(object, own));
    }
    if !is_known(&api_version, &kind) {
        let message = format!("no kind \"{kind}\" is registered for version \"{api_version}\"");
        return Err(DecodeError { offset: 0, message: message.into() });
    }
    // An event of a watch has no type of its own.
    let nothing = TypeMeta::default();
    let own = if kind == "WatchEvent" { &nothing } else { &typed.own };
    let (group, version) = own.api_version.split_once('/').unwrap_or(("", &own.api_version));
    Ok(Object::Other(format!("{group}/{version}, Kind={}", own.kind)))
}

/// But for a `ReplicationController` a template that is not given is an empty one.
fn finished(object: Object<'_>, of: Type) -> Object<'_> {
    match object {
        Object::Template(None) if of == Type::Templated => Object::Template(Some(Box::default())),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, asked: (&str, &str, &str)) -> String {
        let (group, version, kind) = asked;
        let asked = GroupVersionKind { group: group.into(), version: version.into(), kind: kind.into() };
        match object(Raw(text.as_bytes()), &asked) {
            Ok(Object::Missing) => "missing".to_owned(),
            Ok(Object::Namespace(_)) => "namespace".to_owned(),
            Ok(Object::Pod(_)) => "pod".to_owned(),
            Ok(Object::Template(template)) => format!("template {}", template.is_some()),
            Ok(Object::Other(kind)) => kind,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_object_is_what_it_says_it_is() {
        let pod = ("", "v1", "Pod");
        for (text, expected) in [
            ("", "missing"),
            ("{}", "pod"),
            (r#"{"kind":"Namespace"}"#, "namespace"),
            (r#"{"Kind":"Namespace","kind":"Pod"}"#, "pod"),
            (r#"{"kind":"Pod","\u212aind":"Namespace"}"#, "namespace"),
            (r#"{"kind":"Service","apiVersion":"v1"}"#, "/v1, Kind=Service"),
            (r#"{"kind":"Service"}"#, "/, Kind=Service"),
            (r#"{"kind":"Deployment"}"#, "no kind \"Deployment\" is registered for version \"v1\""),
            (r#"{"kind":"Deployment","apiVersion":"apps/v1"}"#, "template true"),
            (r#"{"kind":"Pod","apiVersion":"a/b/c"}"#, "unexpected GroupVersion string: a/b/c"),
            ("[]", "cannot unmarshal array into a value of type object"),
        ] {
            assert_eq!(read(text, pod), expected, "{text}");
        }
        let mistyped = r#"{"kind":"Pod","spec":{"hostPID":"yes"}}"#;
        assert!(read(mistyped, pod).contains("bool"), "{}", read(mistyped, pod));
        assert_eq!(read("{}", ("", "v1", "ReplicationController")), "template false");
        assert_eq!(read("{}", ("batch", "v1", "CronJob")), "template true");
        assert_eq!(read("{}", ("apps", "v1", "DeploymentList")), "/, Kind=");
    }
}
