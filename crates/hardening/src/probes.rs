//! What the checks of probes and lifecycle handlers share.

use seawall_yaml::NodeRef;

use crate::view::{Container, ContainerAt, Probe};

impl<'d> Container<'d> {
    /// The probes that it has, with the names of their fields.
    pub(crate) fn probes(&self) -> impl Iterator<Item = (&'static str, &Probe<'d>)> {
        let all = [
            ("startupProbe", &self.startup_probe),
            ("livenessProbe", &self.liveness_probe),
            ("readinessProbe", &self.readiness_probe),
        ];
        all.into_iter().filter_map(|(field, probe)| Some((field, probe.as_deref()?)))
    }

    /// A handler of its lifecycle, `preStop` or `postStart`.
    pub(crate) fn handler(&self, of: &str) -> Option<NodeRef<'d>> {
        present(self.lifecycle?, of)
    }
}

/// The value of a field, unless it is null.
pub(crate) fn present<'d>(node: NodeRef<'d>, key: &str) -> Option<NodeRef<'d>> {
    node.get(key).filter(|value| !value.is_null()).map(NodeRef::resolved)
}

/// Whether a container belongs to a job, which ends by itself.
pub(crate) fn is_of_job(at: &ContainerAt<'_, '_>) -> bool {
    !at.template().custom && matches!(at.object().kind, "Job" | "CronJob")
}
