//! Probes (zegl/kube-score `score/probes/probes.go`).

use super::pods::Pod;
use super::view::{Container, Probe};
use super::{Grade, Sheet, Verdict};

pub(super) fn all(pod: &Pod<'_, '_>, sheet: &mut Sheet<'_, '_>) {
    sheet.add("pod-probes", |sheet| present(pod, sheet));
    sheet.add("pod-probes-identical", |_| identical(pod));
}

/// One probe of a kind in the whole pod will do.
fn present(pod: &Pod<'_, '_>, sheet: &Sheet<'_, '_>) -> Verdict {
    if pod.of_job {
        return Verdict::ok();
    }
    if !sheet.facts.is_served(pod.namespace, &pod.labels) {
        let summary = "The pod is not targeted by a service, skipping probe checks.";
        return Verdict::skipped(Some(Grade::AllOk), summary);
    }
    let any = |has: fn(&Container<'_>) -> bool| pod.template.spec.all_containers().any(has);
    if !any(|container| container.readiness_probe.is_some()) {
        return Verdict::unless(false, Grade::Critical, "Container is missing a readinessProbe");
    }
    let alive = any(|container| container.liveness_probe.is_some());
    Verdict::unless(alive, Grade::AlmostOk, "Container is missing a livenessProbe")
}

fn identical(pod: &Pod<'_, '_>) -> Verdict {
    let any = pod.template.spec.all_containers().any(|container| {
        match (&container.readiness_probe, &container.liveness_probe) {
            (Some(ready), Some(alive)) => same(ready, alive),
            _ => false,
        }
    });
    let summary = "Container has the same readiness and liveness probe";
    Verdict::unless(pod.of_job || !any, Grade::Critical, summary)
}

/// Requests to ports with names are taken for the same.
fn same(a: &Probe<'_>, b: &Probe<'_>) -> bool {
    if let (Some(a), Some(b)) = (&a.http_get, &b.http_get) {
        return a.path == b.path && a.port.int_value() == b.port.int_value();
    }
    if let (Some(a), Some(b)) = (&a.tcp_socket, &b.tcp_socket) {
        return a.port == b.port;
    }
    matches!((&a.exec, &b.exec), (Some(a), Some(b)) if a.command == b.command)
}
