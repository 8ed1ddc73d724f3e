//! `hostNamespaces`: the pod does not share the node's network, processes or IPC.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Pod, PodSpec};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Repair};

rule! {
    /// ## What it does
    /// Reports `hostNetwork: true`.
    ///
    /// ## Why it matters
    /// The pod has the node's network interfaces: it reaches services bound to the node's localhost (the kubelet, agents without
    /// authentication), sees the traffic of all pods, and NetworkPolicies do not hold it.
    ///
    /// ## How to fix
    /// Remove the field. Expose ports with a Service, an Ingress or a Gateway. Agents that must see the node's network belong in
    /// a namespace of their own at level privileged.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   hostNetwork: true
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     ports:
    ///     - containerPort: 8080
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `hostNamespaces`. The API server sets the `hostPort` of every port
    /// of a Pod with `hostNetwork`, so that such a Pod breaks `host-port` too, while a Deployment does not.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/concepts/services-networking/service/
    /// - CIS Kubernetes Benchmark 5.2.5
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static HOST_NETWORK = {
        id: "host-network",
        aliases: &["hostNamespaces"],
        title: "shares the node's network",
        severity: Severity::High,
        level: Some(Level::Baseline),
        host_level: true,
        tags: &["security", "cis", "nsa"],
    };
}

rule! {
    /// ## What it does
    /// Reports `hostPID: true`.
    ///
    /// ## Why it matters
    /// The pod sees all processes of the node with their arguments and environments. As root it may signal and trace them, and
    /// reach their files through `/proc/<pid>/root`: those of the node itself among them.
    ///
    /// ## How to fix
    /// Remove the field. For containers of one pod that must see each other's processes there is `shareProcessNamespace: true`.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   hostPID: true
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   shareProcessNamespace: true
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `hostNamespaces`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/
    /// - CIS Kubernetes Benchmark 5.2.3
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static HOST_PID = {
        id: "host-pid",
        aliases: &["hostNamespaces"],
        title: "shares the node's process ids",
        severity: Severity::High,
        level: Some(Level::Baseline),
        host_level: true,
        tags: &["security", "cis", "nsa"],
    };
}

rule! {
    /// ## What it does
    /// Reports `hostIPC: true`.
    ///
    /// ## Why it matters
    /// The pod reaches the shared memory, semaphores and message queues of the node's processes, and may read or change what
    /// they exchange.
    ///
    /// ## How to fix
    /// Remove the field. Containers of one pod share IPC without it; a larger /dev/shm is an `emptyDir` with `medium: Memory`.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   hostIPC: true
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     volumeMounts:
    ///     - {name: shm, mountPath: /dev/shm}
    ///   volumes:
    ///   - name: shm
    ///     emptyDir: {medium: Memory}
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `hostNamespaces`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
    /// - CIS Kubernetes Benchmark 5.2.4
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static HOST_IPC = {
        id: "host-ipc",
        aliases: &["hostNamespaces"],
        title: "shares the node's inter-process communication",
        severity: Severity::High,
        level: Some(Level::Baseline),
        host_level: true,
        tags: &["security", "cis", "nsa"],
    };
}

pub(crate) struct HostNamespaces;

impl Check for HostNamespaces {
    const ID: &'static str = "hostNamespaces";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&HOST_NETWORK, &HOST_PID, &HOST_IPC];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        let shared =
            [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
        for (field, set) in shared {
            if set {
                out.offend(Self::ALL, Field::of(field), Value::Bool(true));
            }
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "host namespaces"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let set: Vec<String> = offenders.iter().map(|o| format!("{}=true", o.field.head)).collect();
        set.join(", ")
    }

    fn rule(offender: &Offender<'_>) -> &'static Rule {
        match offender.field.head {
            "hostNetwork" => &HOST_NETWORK,
            "hostPID" => &HOST_PID,
            _ => &HOST_IPC,
        }
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must be false".into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        let field = offenders.first().map_or("", |o| o.field.head);
        let (shared, instead) = match field {
            "hostNetwork" => ("network: it sees all traffic and reaches services bound to localhost", "expose ports with a Service"),
            "hostPID" => ("process ids: it sees all processes and may signal or trace them", "share processes between containers with `shareProcessNamespace`"),
            _ => ("inter-process communication: it reaches the shared memory of the node's processes", "containers of one pod share IPC without it"),
        };
        Account {
            message: format!("{at} shares the node's {shared}"),
            advice: format!("remove `{field}`; {instead}"),
        }
    }

    fn repair(_: &Pod<'_>, offender: &Offender<'_>) -> Option<Repair> {
        let question = match offender.field.head {
            "hostPID" => "can it do without the node's process ids?",
            "hostIPC" => "can it do without the node's shared memory?",
            _ => "can it do without the node's network?",
        };
        Some(Repair::decision(Action::Remove, question))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, passes, spec};

    const ID: &str = "hostNamespaces";

    #[test]
    fn passes_when_false() {
        passes(ID, 37, &spec(r#""hostPID":false"#));
    }

    #[test]
    fn lists_in_upstream_s_order() {
        let pod = spec(r#""hostIPC":true,"hostPID":true,"hostNetwork":true"#);
        assert_eq!(detail(ID, 37, &pod), "hostNetwork=true, hostPID=true, hostIPC=true");
    }
}
