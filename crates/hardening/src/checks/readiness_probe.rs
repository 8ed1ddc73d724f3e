//! Containers that get requests before they can answer.

use seawall_finding::{Severity, rule};
use seawall_model::pod::ContainerClass;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::index::{Protocol, ServicePort, Target, hash};
use crate::view::{ContainerAt, Port};
use crate::workloads::LONG_RUNNING;

rule! {
    /// ## What it does
    /// Reports containers with a port that a Service of the input sends requests to, without a `readinessProbe`.
    ///
    /// ## Why it matters
    /// The Service sends requests as soon as the process has been started, and goes on while it cannot answer: every
    /// update and every overload shows as errors.
    ///
    /// ## How to fix
    /// Add a probe that succeeds when the container can answer.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   ports: [{name: http, containerPort: 8080}]
    ///   readinessProbe:
    ///     httpGet: {path: /readyz, port: http}
    /// ```
    ///
    /// ## Applies to
    /// Main containers and sidecars of pods, ReplicationControllers, ReplicaSets, Deployments, StatefulSets,
    /// DaemonSets and Rollouts; not Jobs and CronJobs. Evaluated where a Service of the input, in the same namespace,
    /// selects the pod and targets a port of the container, by name or by number; a number that no container declares
    /// belongs to the only container. Services that want pods that are not ready (`publishNotReadyAddresses`) do not
    /// count.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>
    static RULE = {
        id: "readiness-probe",
        aliases: &[],
        title: "serves without a readiness probe",
        severity: Severity::Low,
        level: None,
        tags: &["reliability"],
    };
}

static BESIDE: Beside = Beside::needs(LONG_RUNNING, &["Service"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if at.container.readiness_probe.is_some() || !at.is_long_running() {
        return;
    }
    let Some(near) = cx.near(at.object()) else { return };
    let labels = at.at.labels();
    let services = near.services_of(&labels).filter(|service| !service.publishes_not_ready);
    let Some(port) = services.flat_map(|service| &service.ports).find(|port| serves(at, port)) else {
        return;
    };
    out.report(|| {
        let number = port.number;
        Hit::new(
            at.path().key("readinessProbe"),
            "no readinessProbe",
            format!("{} gets requests to port {number} of a Service before it can answer: it has no readiness probe", at.said()),
            "add a readinessProbe that succeeds when it can answer",
        )
    });
}

/// Whether a container has the port that a port of a Service leads to.
fn serves(at: &ContainerAt<'_, '_>, port: &ServicePort) -> bool {
    let is_it = |of: &Port<'_>| {
        let meant = match port.target {
            Target::Number(number) => of.container_port == Some(i64::from(number)),
            Target::Name(name) => of.name.is_some_and(|of| hash(&[of]) == name),
        };
        meant && Protocol::of(of.protocol) == port.protocol
    };
    let spec = &at.pod().spec;
    let mut declared = spec.init_containers.iter().chain(spec.containers.iter()).flat_map(|of| &of.ports);
    let alone = at.class == ContainerClass::Main && spec.containers.len() == 1;
    at.container.ports.iter().any(is_it)
        || (alone && matches!(port.target, Target::Number(_)) && !declared.any(is_it))
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class};

    const ID: &str = "readiness-probe";

    fn of(kind: &str, containers: &str, service: &str) -> Vec<String> {
        let pod = format!("{{metadata: {{labels: {{app: web}}}}, spec: {{{containers}}}}}");
        found(ID, &format!("kind: {kind}\nspec: {{template: {pod}}}\n---\nkind: Service\nspec: {{selector: {{app: web}}, {service}}}\n"))
            .iter()
            .map(|found| found.split(' ').next().unwrap_or_default().to_owned())
            .collect()
    }

    const HTTP: &str = "containers: [{name: a, ports: [{name: http, containerPort: 80}]}, {name: b}]";

    #[test]
    fn what_a_service_leads_to_needs_a_probe() {
        for kind in ["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet"] {
            assert_eq!(of(kind, HTTP, "ports: [{port: 80}]"), ["a"], "{kind}");
        }
        let of = |containers: &str, service: &str| of("Deployment", containers, service);
        assert_eq!(of(HTTP, "ports: [{port: 8080, targetPort: http}]"), ["a"]);
        assert_eq!(of(HTTP, "ports: [{port: 8080, targetPort: 80}]"), ["a"]);
        assert_eq!(of(HTTP, "ports: [{port: 80, targetPort: 81}]"), [""; 0]);
        assert_eq!(of(HTTP, "ports: [{port: 80, targetPort: grpc}]"), [""; 0]);
        assert_eq!(of(HTTP, "ports: [{port: 80, protocol: UDP}]"), [""; 0]);
        assert_eq!(of(HTTP, "ports: 1"), [""; 0]);
        assert_eq!(of(HTTP, "publishNotReadyAddresses: true, ports: [{port: 80}]"), [""; 0]);
        assert_eq!(of(&HTTP.replace("name: a,", "name: a, readinessProbe: {},"), "ports: [{port: 80}]"), [""; 0]);
    }

    #[test]
    fn a_number_that_nobody_declares_is_the_only_containers() {
        assert_eq!(of("Deployment", "containers: [{name: a}]", "ports: [{port: 80}]"), ["a"]);
        assert_eq!(of("Deployment", "containers: [{name: a}]", "ports: [{port: 80, targetPort: http}]"), [""; 0]);
        assert_eq!(of("Deployment", "containers: [{name: a}, {name: b}]", "ports: [{port: 80}]"), [""; 0]);
        let proxy = "containers: [{name: a}], initContainers: [{name: proxy, restartPolicy: Always, ports: [{containerPort: 80}]}]";
        assert_eq!(of("Deployment", proxy, "ports: [{port: 80}]"), ["proxy"]);
    }

    #[test]
    fn what_no_service_leads_to_does_not() {
        assert_eq!(of("Job", HTTP, "ports: [{port: 80}]"), [""; 0]);
        let pod = "kind: Pod\nmetadata: {labels: {app: web}}\nspec: {containers: [{name: a, ports: [{containerPort: 80}]}]}\n";
        assert_eq!(found(ID, pod), [""; 0]);
        let other = "---\nkind: Service\nspec: {selector: {app: db}, ports: [{port: 80}]}\n";
        assert_eq!(found(ID, &format!("{pod}{other}")), [""; 0]);
        assert_eq!(found(ID, &format!("{pod}{}", other.replace("db", "web"))).len(), 1);
        assert_eq!(in_every_class(ID, "ports: [{containerPort: 80}]"), [false; 3]);
    }
}
