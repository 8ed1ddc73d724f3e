//! The Services that an Ingress or a route sends requests to.

use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Hit, Out};
use crate::index::{Near, ServicePort, hash};
use crate::view::FromNode;

/// A Service that something refers to.
#[derive(Clone, Debug)]
pub(crate) struct Backend<'d> {
    /// Where its name stands in the object.
    pub(crate) path: FieldPath,
    /// Its namespace; the object's where none is written.
    pub(crate) namespace: &'d str,
    pub(crate) name: &'d str,
    pub(crate) port: Option<BackendPort<'d>>,
    /// Where its port stands.
    pub(crate) port_path: FieldPath,
}

/// A port as something refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackendPort<'d> {
    Number(i64),
    Name(&'d str),
}

impl std::fmt::Display for BackendPort<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => write!(f, "`{name}`"),
        }
    }
}

/// Gives `each` all backends of an Ingress of any version (`extensions/v1beta1`, `networking.k8s.io/v1beta1`,
/// `networking.k8s.io/v1`) or of a route of the Gateway API that are Services, one by one as they may be many. Those without a name
/// are left out.
pub(crate) fn backends<'d>(object: &Object<'d>, mut each: impl FnMut(Backend<'d>)) {
    let Some(spec) = object.node.get("spec") else { return };
    let root = FieldPath::root().key("spec");
    if object.kind == "Ingress" {
        for key in ["defaultBackend", "backend"] {
            if let Some(backend) = spec.get(key) {
                of_ingress(backend, root.clone().key(key), object.namespace).map(&mut each);
            }
        }
        for (rule, at) in items(spec, "rules", &root) {
            let Some(http) = rule.get("http") else { continue };
            for (path, at) in items(http, "paths", &at.key("http")) {
                if let Some(backend) = path.get("backend") {
                    of_ingress(backend, at.key("backend"), object.namespace).map(&mut each);
                }
            }
        }
        return;
    }
    for (rule, at) in items(spec, "rules", &root) {
        for (backend, at) in items(rule, "backendRefs", &at) {
            of_route(backend, at, object.namespace).map(&mut each);
        }
        for (filter, at) in items(rule, "filters", &at) {
            if let Some(backend) = filter.get("requestMirror").and_then(|mirror| mirror.get("backendRef")) {
                of_route(backend, at.keys("requestMirror.backendRef"), object.namespace).map(&mut each);
            }
        }
    }
}

fn items<'d>(
    node: NodeRef<'d>,
    key: &str,
    at: &FieldPath,
) -> impl Iterator<Item = (NodeRef<'d>, FieldPath)> + use<'d> {
    let at = at.clone().key(key);
    let list = node.get(key).into_iter().flat_map(NodeRef::items).enumerate();
    list.map(move |(index, item)| (item, at.clone().index(index)))
}

fn text<'d>(node: NodeRef<'d>, key: &str) -> Option<&'d str> {
    node.get(key).and_then(NodeRef::as_str).filter(|text| !text.is_empty())
}

fn number(node: Option<NodeRef<'_>>) -> Option<i64> {
    Option::<i64>::from_node(node?).filter(|number| *number != 0)
}

fn of_ingress<'d>(backend: NodeRef<'d>, at: FieldPath, namespace: &'d str) -> Option<Backend<'d>> {
    if let Some(service) = backend.get("service").filter(|service| !service.is_null()) {
        let at = at.key("service");
        let port = service.get("port");
        let by_number = port.and_then(|port| number(port.get("number"))).map(BackendPort::Number);
        let by_name = || port.and_then(|port| text(port, "name")).map(BackendPort::Name);
        let last = if by_number.is_some() { "number" } else { "name" };
        return Some(Backend {
            path: at.clone().key("name"),
            namespace,
            name: text(service, "name")?,
            port: by_number.or_else(by_name),
            port_path: at.key("port").key(last),
        });
    }
    let port = backend.get("servicePort");
    let by_number = number(port).map(BackendPort::Number);
    Some(Backend {
        path: at.clone().key("serviceName"),
        namespace,
        name: text(backend, "serviceName")?,
        port: by_number.or_else(|| text(backend, "servicePort").map(BackendPort::Name)),
        port_path: at.key("servicePort"),
    })
}

fn of_route<'d>(backend: NodeRef<'d>, at: FieldPath, namespace: &'d str) -> Option<Backend<'d>> {
    if text(backend, "group").is_some() || text(backend, "kind").is_some_and(|kind| kind != "Service") {
        return None;
    }
    Some(Backend {
        path: at.clone().key("name"),
        namespace: text(backend, "namespace").unwrap_or(namespace),
        name: text(backend, "name")?,
        port: number(backend.get("port")).map(BackendPort::Number),
        port_path: at.key("port"),
    })
}

/// Reports a backend whose Service is not there, or has no such port.
pub(crate) fn report(backend: &Backend<'_>, near: Near<'_>, out: &mut Out<'_>) {
    let name = backend.name;
    let mut services = near.services_named(name).peekable();
    if services.peek().is_none() {
        return out.report(|| {
            Hit::new(
                backend.path.clone(),
                "no such Service in the input",
                format!("requests go to Service `{name}`, which is not in the input"),
                "name a Service of the same namespace",
            )
        });
    }
    let Some(port) = backend.port else { return };
    let is_it = |of: &ServicePort| match port {
        BackendPort::Number(number) => i64::from(of.number) == number,
        BackendPort::Name(name) => of.name == hash(&[name]),
    };
    // An ExternalName needs no ports.
    if services.all(|service| !(service.ports.is_empty() || service.ports.iter().any(is_it))) {
        out.report(|| {
            Hit::new(
                backend.port_path.clone(),
                "the Service has no such port",
                format!("requests go to port {port} of Service `{name}`, which has no such port"),
                "use a port of the Service, not of the container",
            )
        });
    }
}
