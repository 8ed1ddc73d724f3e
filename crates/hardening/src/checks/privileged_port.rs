//! Ports for which a program needs rights.

use seawall_finding::{Severity, rule};
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports a `containerPort` below 1024.
    ///
    /// ## Why it matters
    /// On Linux only root, or a program with the capability `NET_BIND_SERVICE`, may listen there, unless the pod or the container
    /// runtime says otherwise: such a port is often the one reason for which a container runs as root.
    ///
    /// ## How to fix
    /// Let the program listen on a port of 1024 or more, such as 8080, and leave the low one to the Service. Or set the sysctl
    /// `net.ipv4.ip_unprivileged_port_start` in the pod, which the baseline level allows.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   ports:
    ///   - {name: http, containerPort: 8080}
    /// ```
    ///
    /// ## Applies to
    /// All containers of Linux pods whose `net.ipv4.ip_unprivileged_port_start` does not allow the port. Off by default: newer
    /// container runtimes set it to 0, and a port that is declared need not be the one that the program listens on.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/>
    /// - `seawall explain net-bind-service`
    static RULE = {
        id: "privileged-port",
        aliases: &[],
        title: "listens on a port that needs rights",
        severity: Severity::Info,
        off: true,
        tags: &["security", "network"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

/// Where ports begin that need no rights, as Linux has it.
const UNPRIVILEGED: i64 = 1024;

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (index, port) in at.container.ports.iter().enumerate() {
        let number = port.container_port.unwrap_or_default();
        if !(1..UNPRIVILEGED).contains(&number) {
            continue;
        }
        if number >= unprivileged_from(at) || at.pod().is_windows() {
            continue;
        }
        out.report(|| {
            Hit::new(
                at.port_path(index).key("containerPort"),
                "below 1024",
                format!("{} listens on port {number}, for which it needs root or NET_BIND_SERVICE unless the runtime opens it to all", at.said()),
                "listen on a port of 1024 or more, and leave the low one to the Service",
            )
        });
    }
}

/// Where ports begin that need no rights in the pod.
fn unprivileged_from(at: &ContainerAt<'_, '_>) -> i64 {
    let sysctls = at.pod().spec.security_context.as_ref().and_then(|context| context.sysctls);
    let mut values = sysctls.into_iter().flat_map(NodeRef::items).filter_map(|sysctl| {
        let name = sysctl.get("name")?.as_str()?;
        let value = sysctl.get("value")?.as_str()?;
        // The kubelet takes either spelling (`k8s.io/component-helpers/node/util/sysctl`).
        (name.replace('/', ".") == "net.ipv4.ip_unprivileged_port_start").then(|| value.trim().parse().ok())?
    });
    values.next().unwrap_or(UNPRIVILEGED)
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "privileged-port";

    fn pod(context: &str) -> String {
        format!("kind: Pod\nspec:\n  securityContext: {context}\n  containers: [{{name: a, ports: [{{containerPort: 80}}]}}]\n")
    }

    #[test]
    fn reports_ports_below_1024() {
        for port in [1, 80, 1023] {
            assert_eq!(in_every_class(ID, &format!("ports: [{{containerPort: {port}}}]")), [true; 3], "{port}");
        }
        for port in ["0", "-1", "1024", "8080", "'80'", "null", "http"] {
            assert_eq!(in_every_class(ID, &format!("ports: [{{containerPort: {port}}}]")), [false; 3], "{port}");
        }
        let two = "kind: Pod\nspec:\n  containers: [{name: a, ports: [{containerPort: 80}, {containerPort: 443}, {containerPort: 8080}]}]\n";
        assert_eq!(found(ID, two), [
            "a spec.containers[name=a].ports[containerPort=80].containerPort: below 1024",
            "a spec.containers[name=a].ports[containerPort=443].containerPort: below 1024",
        ]);
    }

    #[test]
    fn the_pod_may_allow_them() {
        let sysctl = |name, value| pod(&format!("{{sysctls: [{{name: a, value: b}}, {{name: {name}, value: {value}}}]}}"));
        for value in ["'0'", "'80'"] {
            assert_eq!(found(ID, &sysctl("net.ipv4.ip_unprivileged_port_start", value)), [""; 0], "{value}");
        }
        assert_eq!(found(ID, &sysctl("net/ipv4/ip_unprivileged_port_start", "'0'")), [""; 0]);
        for value in ["'81'", "x", "null", "0"] {
            assert_eq!(found(ID, &sysctl("net.ipv4.ip_unprivileged_port_start", value)).len(), 1, "{value}");
        }
        assert_eq!(found(ID, &pod("{sysctls: [null, 1]}")).len(), 1);
    }

    #[test]
    fn looks_into_every_kind_of_workload_but_not_at_windows() {
        let kinds = in_every_kind(ID, "containers: [{name: a, ports: [{containerPort: 80}]}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        assert_eq!(found(ID, &pod("{}").replace("spec:\n", "spec:\n  os: {name: windows}\n")), [""; 0]);
    }
}
