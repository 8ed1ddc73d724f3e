//! Requests that are not the limits.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;
use seawall_model::pod::ContainerClass;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::resources::{amount, quantity, said};
use crate::view::{ContainerAt, Resources};

rule! {
    /// ## What it does
    /// Reports containers whose CPU or memory request is another amount than the limit, or has no limit. Where the pod as a whole
    /// requests or limits a resource, that is what counts.
    ///
    /// ## Why it matters
    /// Only pods whose requests are their limits are of the QoS class Guaranteed: they are evicted last, can have CPUs of their own,
    /// and use no more than the scheduler has counted with.
    ///
    /// ## How to fix
    /// Set both to the same amount; a limit alone will do, because the API server makes a request of it. Most pods do better with a
    /// CPU request alone: keep this for what must not be disturbed.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   resources:
    ///     requests: {cpu: "1", memory: 1Gi}
    ///     limits: {cpu: "1", memory: 1Gi}
    /// ```
    ///
    /// ## Applies to
    /// All containers but ephemeral ones, which cannot have resources, and the pod as a whole. What is requested nowhere is left to
    /// `cpu-request` and `memory-request`. It is off unless it is asked for.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>
    static RULE = {
        id: "requests-equal-limits",
        aliases: &[],
        title: "requests another amount than its limit",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability", "resources"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::PodAndContainer(pod, container) };

const RESOURCES: [&str; 2] = ["cpu", "memory"];

fn pod(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if let Some(resources) = &at.pod.spec.resources {
        let path = || FieldPath::root().keys("spec.resources");
        judge(resources, |_| true, &path, &|| "the pod".to_owned(), out);
    }
}

fn container(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if at.class == ContainerClass::Ephemeral {
        return;
    }
    let of_pod = at.pod().spec.resources.as_ref();
    let counts = |name: &str| {
        of_pod.is_none_or(|r| amount(&r.requests, name).or_else(|| amount(&r.limits, name)).is_none())
    };
    judge(&at.container.resources, counts, &|| at.path().key("resources"), &|| at.said(), out);
}

fn judge(
    resources: &Resources<'_>,
    counts: impl Fn(&str) -> bool,
    path: &dyn Fn() -> FieldPath,
    who: &dyn Fn() -> String,
    out: &mut Out<'_>,
) {
    let differs = |name: &&str| counts(name) && differs(resources, name);
    if !RESOURCES.iter().any(&differs) {
        return;
    }
    out.report(|| {
        let all: Vec<&str> = RESOURCES.into_iter().filter(differs).collect();
        let mut places = all.iter().map(|name| {
            let label = match amount(&resources.limits, name) {
                Some(limit) => format!("limit is {}", said(limit)),
                None => "no limit".to_owned(),
            };
            (path().key("requests").key(*name), label)
        });
        let (first, label) = places.next().unwrap_or_default();
        let message = format!("{} requests another amount of {} than its limit", who(), all.join(" and "));
        let hit = Hit::new(first, label, message, "set request and limit to the same amount");
        places.fold(hit, |hit, (path, label)| hit.related(path, label))
    });
}

/// Whether a request is another amount than the limit. What is no quantity is reported as such by another check; nothing
/// requested and nothing allowed is the same.
fn differs(resources: &Resources<'_>, name: &str) -> bool {
    let Some(request) = quantity(&resources.requests, name) else { return false };
    match amount(&resources.limits, name) {
        None => !request.is_zero(),
        Some(_) => quantity(&resources.limits, name).is_some_and(|limit| limit != request),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "requests-equal-limits";

    #[test]
    fn equal_by_value_or_by_default() {
        for (fields, reported) in [
            ("requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1000m, memory: 1024Mi}", false),
            ("limits: {cpu: 1, memory: 1Gi}", false),
            ("requests: {}", false),
            ("requests: {cpu: 0}", false),
            ("requests: {cpu: x}, limits: {cpu: 1}", false),
            ("requests: {cpu: 1}, limits: {cpu: x}", false),
            ("requests: {ephemeral-storage: 1}, limits: {ephemeral-storage: 2}", false),
            ("requests: {cpu: 1}", true),
            ("requests: {memory: 1Gi}", true),
            ("requests: {memory: 1G}, limits: {memory: 1Gi}", true),
            ("requests: {cpu: 2}, limits: {cpu: 1}", true),
            ("requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 2Gi}", true),
        ] {
            let expected = [reported, reported, false];
            assert_eq!(in_every_class(ID, &format!("resources: {{{fields}}}")), expected, "{fields}");
        }
    }

    #[test]
    fn says_both_in_one() {
        let pod = "kind: Pod\nspec:\n  containers: [{name: a, resources: {requests: {memory: 1Gi, cpu: 1}, limits: {memory: 2Gi}}}]\n";
        let findings = Case::of(ID).findings(pod);
        assert_eq!(findings.len(), 1);
        let finding = &findings[0].finding;
        assert_eq!(finding.message, "container \"a\" requests another amount of cpu and memory than its limit");
        assert_eq!((&*finding.primary.label, &*finding.related[0].label), ("no limit", "limit is 2Gi"));
        assert_eq!(finding.related[0].path.to_string(), "spec.containers[name=a].resources.requests.memory");
    }

    #[test]
    fn the_pod_as_a_whole_speaks_for_its_containers() {
        let pod = "kind: Pod\nspec:\n  resources: {requests: {cpu: 1}, limits: {cpu: LIMIT}}\n  containers: [{name: a, resources: {requests: {cpu: 1}}}, {name: b, resources: {requests: {memory: 1}}}]\n";
        let b = "b spec.containers[name=b].resources.requests.memory: no limit";
        assert_eq!(found(ID, &pod.replace("LIMIT", "1")), [b]);
        assert_eq!(found(ID, &pod.replace("LIMIT", "2")), ["- spec.resources.requests.cpu: limit is 2", b]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a, resources: {requests: {cpu: 1}}}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
