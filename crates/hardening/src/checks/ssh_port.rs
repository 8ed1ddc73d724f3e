//! Ports of SSH.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::{NodeRef, Number};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::{ContainerAt, item};

rule! {
    /// ## What it does
    /// Reports port 22 for TCP: as a `containerPort`, and as `port` or `targetPort` of a Service.
    ///
    /// ## Why it matters
    /// An SSH server in a container is another way in, with users, keys and versions of its own to look after, past the API server's
    /// access control and audit log.
    ///
    /// ## How to fix
    /// Remove it: `kubectl exec` and `kubectl debug` open shells under the cluster's access control. A service whose purpose is
    /// SSH, such as a git server, can listen on a port that needs no rights; let this one be ignored at its Service.
    ///
    /// ## Example
    /// ```yaml
    /// ports:
    /// - {name: http, containerPort: 8080}
    /// ```
    ///
    /// ## Applies to
    /// All containers, and Services of all types. A port that is not declared can be open all the same.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/>
    static RULE = {
        id: "ssh-port",
        aliases: &[],
        title: "opens the port of SSH",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "network"],
    };
}

pub(super) const CHECK: Check =
    Check { rule: &RULE, sight: Sight::Alone, run: Run::ContainerAndObject(of_container, of_service) };

const SSH: i64 = 22;
const LABEL: &str = "the port of SSH";

fn is_tcp(protocol: Option<&str>) -> bool {
    matches!(protocol, None | Some("" | "TCP"))
}

fn of_container(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (index, port) in at.container.ports.iter().enumerate() {
        if port.container_port == Some(SSH) && is_tcp(port.protocol) {
            out.report(|| {
                Hit::new(
                    at.port_path(index).key("containerPort"),
                    LABEL,
                    format!("{} opens port 22, that of SSH", at.said()),
                    "remove the SSH server; `kubectl exec` and `kubectl debug` open shells",
                )
            });
        }
    }
}

fn of_service(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if object.kind != "Service" || object.api_version != "v1" {
        return;
    }
    let Some(ports) = object.node.get("spec").and_then(|spec| spec.get("ports")) else { return };
    let number = |port: NodeRef<'_>, field| match port.get(field).and_then(NodeRef::as_number) {
        Some(Number::Int(number)) => Some(number),
        _ => None,
    };
    for (index, port) in ports.items().enumerate() {
        let fields = ["port", "targetPort"];
        let Some(field) = fields.into_iter().find(|field| number(port, field) == Some(SSH)) else { continue };
        if !is_tcp(port.get("protocol").and_then(NodeRef::as_str)) {
            continue;
        }
        out.report(|| {
            let numbers =
                ports.items().map(|port| number(port, "port").map(|n| n.to_string()).unwrap_or_default());
            let list = FieldPath::root().keys("spec.ports");
            Hit::new(
                item(list, "port", numbers, index).key(field),
                LABEL,
                "the Service leads to SSH, by port 22",
                "remove the port; `kubectl exec` and `kubectl debug` open shells",
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "ssh-port";

    #[test]
    fn reports_port_22_of_containers() {
        for port in ["{containerPort: 22}", "{containerPort: 22, protocol: TCP}", "{containerPort: 8080}, {containerPort: 22}"] {
            assert_eq!(in_every_class(ID, &format!("ports: [{port}]")), [true; 3], "{port}");
        }
        for port in ["{containerPort: 2222}", "{containerPort: 22, protocol: UDP}", "{containerPort: '22'}", "{hostPort: 22}", "null", "22"] {
            assert_eq!(in_every_class(ID, &format!("ports: [{port}]")), [false; 3], "{port}");
        }
        let twice = "kind: Pod\nspec:\n  containers: [{name: a, ports: [{containerPort: 22, protocol: UDP}, {containerPort: 22}]}]\n";
        assert_eq!(found(ID, twice), ["a spec.containers[name=a].ports[1].containerPort: the port of SSH"]);
    }

    #[test]
    fn reports_port_22_of_services() {
        let service = |ports| format!("kind: Service\nspec: {{ports: [{ports}]}}\n");
        for (ports, at) in [
            ("{port: 22}", "[port=22].port"),
            ("{port: 80}, {port: 22, targetPort: ssh, protocol: TCP}", "[port=22].port"),
            ("{port: 2222, targetPort: 22}", "[port=2222].targetPort"),
            ("{port: 22, protocol: UDP}, {port: 22}", "[1].port"),
        ] {
            assert_eq!(found(ID, &service(ports)), [format!("- spec.ports{at}: the port of SSH")], "{ports}");
        }
        for ports in ["{port: 80}", "{port: 22, protocol: SCTP}", "{port: '22'}", "{nodePort: 22}", "null", "22"] {
            assert_eq!(found(ID, &service(ports)), [""; 0], "{ports}");
        }
        assert_eq!(found(ID, "kind: Service\nspec: null\n"), [""; 0]);
        assert_eq!(found(ID, "apiVersion: example.com/v1\nkind: Service\nspec: {ports: [{port: 22}]}\n"), [""; 0]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a, ports: [{containerPort: 22}]}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
