//! Containers that nobody restarts when they hang.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;
use crate::workloads::is_long_running;

rule! {
    /// ## What it does
    /// Reports containers that run as long as their pod without a `livenessProbe`.
    ///
    /// ## Why it matters
    /// A process that hangs but does not end stays as it is until somebody notices.
    ///
    /// ## How to fix
    /// Add a probe of the process itself, not of what it depends on: a probe that fails when the database is away
    /// restarts all replicas at once. A process that ends when it cannot go on needs none.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   livenessProbe:
    ///     httpGet: {path: /livez, port: 8080}
    /// ```
    ///
    /// ## Applies to
    /// Main containers and sidecars of pods, ReplicationControllers, ReplicaSets, Deployments, StatefulSets,
    /// DaemonSets and Rollouts; not Jobs, CronJobs and pods that are not restarted, which are to end; other init
    /// containers and ephemeral ones have no probes. Evaluated on each object alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>
    static RULE = {
        id: "liveness-probe",
        aliases: &[],
        title: "has no liveness probe",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if at.container.liveness_probe.is_some() || !at.is_long_running() || !is_long_running(at.object()) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().key("livenessProbe"),
            "no livenessProbe",
            format!("{} is not restarted when it hangs: it has no liveness probe", at.said()),
            "add a livenessProbe of the process itself",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "liveness-probe";

    #[test]
    fn what_runs_on_needs_a_probe() {
        assert_eq!(in_every_class(ID, "image: a"), [false, true, false]);
        assert_eq!(in_every_class(ID, "restartPolicy: Always"), [true, true, false]);
        assert_eq!(in_every_class(ID, "livenessProbe: {exec: {command: [a]}}"), [false; 3]);
        assert_eq!(in_every_class(ID, "livenessProbe: null"), [false, true, false]);
    }

    #[test]
    fn what_is_to_end_does_not() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        let found_in: Vec<usize> = kinds.iter().map(Vec::len).collect();
        assert_eq!(found_in, [1, 0, 1, 1, 1, 1, 1, 0, 0]);
        assert_eq!(found(ID, "kind: Pod\nspec: {restartPolicy: Never, containers: [{name: a}]}\n"), [""; 0]);
        assert_eq!(found(ID, "kind: Pod\nspec: {restartPolicy: Always, containers: [{name: a}]}\n").len(), 1);
    }
}
