//! Requests and limits that the API server refuses.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;
use seawall_model::pod::ContainerClass;
use seawall_model::quantity::Quantity;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::resources::{amount, said};
use crate::view::{ContainerAt, Quantities, Resources};

rule! {
    /// ## What it does
    /// Reports requests above the limit, amounts that are no quantity or negative, and limits of containers above those of the pod as
    /// a whole. Of huge pages and extended resources (`nvidia.com/gpu`), a request must have a limit of the same amount.
    ///
    /// ## Why it matters
    /// The API server refuses such an object. Where it is applied with others, the rest is there and this is missing.
    ///
    /// ## How to fix
    /// Lower the request or raise the limit. Quantities are a number and one of the suffixes m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi,
    /// Ei: `500m` is half a CPU, `512Mi` and `0.5Gi` are the same amount of memory.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   resources:
    ///     requests: {cpu: 100m, memory: 256Mi}
    ///     limits: {cpu: "1", memory: 256Mi}
    /// ```
    ///
    /// ## Applies to
    /// All containers but ephemeral ones, which cannot have resources, and the pod as a whole. Amounts are compared by their value,
    /// exactly. Whether the requests of all containers together fit those of the pod is not looked at.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>
    /// - k8s.io/kubernetes `pkg/apis/core/validation/validation.go`, `validateResourceRequirements` and `validatePodResourceConsistency`
    static RULE = {
        id: "requests-exceed-limits",
        aliases: &[],
        title: "has requests or limits that are refused",
        severity: Severity::High,
        level: None,
        tags: &["correctness", "resources"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::PodAndContainer(pod, container) };

fn pod(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if let Some(resources) = &at.pod.spec.resources {
        let path = || FieldPath::root().keys("spec.resources");
        judge(resources, &path, &|| "the pod".to_owned(), out);
    }
}

fn container(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if at.class == ContainerClass::Ephemeral {
        return;
    }
    let resources = &at.container.resources;
    let path = || at.path().key("resources");
    judge(resources, &path, &|| at.said(), out);
    let Some(of_pod) = at.pod().spec.resources.as_ref().filter(|_| at.class == ContainerClass::Main) else {
        return;
    };
    for (name, limit) in &resources.limits {
        let Some(most) = amount(&of_pod.limits, name) else { continue };
        if good(*limit).zip(good(most)).is_some_and(|(limit, most)| limit > most) {
            out.report(|| {
                let (limit, most) = (said(*limit), said(most));
                Hit::new(
                    path().key("limits").key(name.as_ref()),
                    format!("above the pod's {most}"),
                    format!("{} has a {name} limit of {limit}, above the pod's of {most}", at.said()),
                    "lower the limit of the container, or raise that of the pod",
                )
                .related(FieldPath::root().keys("spec.resources.limits").key(name.as_ref()), "limit of the pod")
            });
        }
    }
}

/// What is wrong with the resources of somebody.
fn judge(
    resources: &Resources<'_>,
    path: &dyn Fn() -> FieldPath,
    who: &dyn Fn() -> String,
    out: &mut Out<'_>,
) {
    let lists: [(&str, &str, &Quantities<'_>); 2] =
        [("requests", "request", &resources.requests), ("limits", "limit", &resources.limits)];
    for (list, one, amounts) in lists {
        for (name, amount) in amounts {
            let (label, what, advice) = match Quantity::from_node(*amount) {
                Some(Err(error)) => {
                    ("no quantity", format!("that is no quantity: it {error}"), "write a quantity, such as 500m or 256Mi")
                }
                Some(Ok(quantity)) if quantity.is_negative() => {
                    ("negative", "that is negative".to_owned(), "write an amount that is not negative")
                }
                _ => continue,
            };
            out.report(|| {
                let message = format!("{} has a {name} {one} {what}", who());
                Hit::new(path().key(list).key(name.as_ref()), label, message, advice)
            });
        }
    }
    for (name, request) in &resources.requests {
        let must_be_equal = !may_be_overcommitted(name);
        let Some(limit) = amount(&resources.limits, name) else {
            if must_be_equal {
                out.report(|| {
                    Hit::new(
                        path().key("requests").key(name.as_ref()),
                        "no limit of it",
                        format!("{} requests {name} without a limit of the same amount", who()),
                        format!("set a limit of {name} to the same amount"),
                    )
                });
            }
            continue;
        };
        let Some((asked, most)) = good(*request).zip(good(limit)) else { continue };
        if asked > most || must_be_equal && asked != most {
            out.report(|| {
                let (asked, most) = (said(*request), said(limit));
                let (label, advice) = if must_be_equal {
                    (format!("must be the limit of {most}"), "set request and limit to the same amount")
                } else {
                    (format!("above the limit of {most}"), "lower the request, or raise the limit")
                };
                Hit::new(
                    path().key("requests").key(name.as_ref()),
                    label,
                    format!("{} requests {asked} of {name} with a limit of {most}", who()),
                    advice,
                )
                .related(path().key("limits").key(name.as_ref()), "the limit")
            });
        }
    }
}

/// An amount that can be compared with others.
fn good(amount: NodeRef<'_>) -> Option<Quantity> {
    Quantity::from_node(amount)?.ok()
}

/// Whether a request of a resource may be below its limit: `IsOvercommitAllowed` in k8s.io/kubernetes
/// `pkg/apis/core/helper/helpers.go`.
fn may_be_overcommitted(name: &str) -> bool {
    (!name.contains('/') || name.contains("kubernetes.io/")) && !name.starts_with("hugepages-")
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "requests-exceed-limits";

    fn of(requests: &str, limits: &str) -> Vec<String> {
        let resources = format!("resources: {{requests: {{{requests}}}, limits: {{{limits}}}}}");
        let start = "a spec.containers[name=a].resources.";
        let found = found(ID, &format!("kind: Pod\nspec:\n  containers:\n  - name: a\n    {resources}\n"));
        found.iter().map(|said| said.strip_prefix(start).unwrap().to_owned()).collect()
    }

    #[test]
    fn amounts_are_compared_by_value() {
        for (requests, limits) in [
            ("cpu: 1", "cpu: 1000m"),
            ("cpu: 0.5", "cpu: 500m"),
            ("cpu: 1e3", "cpu: 1k"),
            ("memory: 1G", "memory: 1Gi"),
            ("memory: 1024Mi", "memory: 1Gi"),
            ("cpu: 2", "memory: 1"),
            ("cpu: 2", ""),
            ("", "cpu: 2"),
            ("cpu: -0", "cpu: 0"),
            ("cpu: null", "cpu: 1"),
            ("cpu: [1], memory: true", "cpu: {a: 1}, memory: 1"),
        ] {
            assert_eq!(of(requests, limits), [""; 0], "{requests} {limits}");
        }
        for (requests, limits, label) in [
            ("cpu: 1001m", "cpu: 1", "requests.cpu: above the limit of 1"),
            ("cpu: 1", "cpu: '0.999999999'", "requests.cpu: above the limit of 0.999999999"),
            ("memory: 1Gi", "memory: 1G", "requests.memory: above the limit of 1G"),
            ("memory: 1024Mi", "memory: 1073741823", "requests.memory: above the limit of 1073741823"),
            ("cpu: 1", "cpu: 0", "requests.cpu: above the limit of 0"),
            ("ephemeral-storage: 2Gi", "ephemeral-storage: 1Gi", "requests.ephemeral-storage: above the limit of 1Gi"),
        ] {
            assert_eq!(of(requests, limits), [label], "{requests} {limits}");
        }
    }

    #[test]
    fn what_is_no_quantity_or_negative() {
        assert_eq!(of("cpu: 1 core", "memory: 512MB"), ["requests.cpu: no quantity", "limits.memory: no quantity"]);
        assert_eq!(of("cpu: -1", "memory: '-1Gi'"), ["requests.cpu: negative", "limits.memory: negative"]);
        assert_eq!(of("cpu: ''", "cpu: 1"), ["requests.cpu: no quantity"]);
        assert_eq!(of("cpu: \"1\\n\"", ""), ["requests.cpu: no quantity"]);
        let pod = "kind: Pod\nspec:\n  containers: [{name: a, resources: {limits: {memory: hunter2}}}]\n";
        let findings = Case::of(ID).findings(pod);
        assert!(findings.len() == 1 && !format!("{findings:?}").contains("hunter2"));
    }

    #[test]
    fn some_resources_cannot_be_promised_twice() {
        for (requests, limits) in [
            ("nvidia.com/gpu: 1", "nvidia.com/gpu: 1"),
            ("", "nvidia.com/gpu: 1"),
            ("hugepages-2Mi: 4Mi", "hugepages-2Mi: 4096Ki"),
            ("pod.alpha.kubernetes.io/x: 1", ""),
        ] {
            assert_eq!(of(requests, limits), [""; 0], "{requests} {limits}");
        }
        for (requests, limits, label) in [
            ("example.com/gpu: 1", "", "requests[\"example.com/gpu\"]: no limit of it"),
            ("example.com/gpu: 1", "example.com/gpu: 2", "requests[\"example.com/gpu\"]: must be the limit of 2"),
            ("hugepages-2Mi: 2Mi", "", "requests.hugepages-2Mi: no limit of it"),
            ("hugepages-2Mi: 2Mi", "hugepages-2Mi: 4Mi", "requests.hugepages-2Mi: must be the limit of 4Mi"),
        ] {
            assert_eq!(of(requests, limits), [label], "{requests} {limits}");
        }
    }

    #[test]
    fn the_pod_as_a_whole_is_judged_too() {
        let pod = "kind: Deployment\nspec:\n  template:\n    spec:\n      resources: {requests: {cpu: 3}, limits: {cpu: 2, memory: 1Gi}}\n      initContainers: [{name: i, resources: {limits: {cpu: 4}}}]\n      containers: [{name: a, resources: {limits: {cpu: 2, memory: 2Gi}}}, {name: b, resources: {limits: {cpu: 2.5}}}]\n";
        assert_eq!(found(ID, pod), [
            "- spec.template.spec.resources.requests.cpu: above the limit of 2",
            "a spec.template.spec.containers[name=a].resources.limits.memory: above the pod's 1Gi",
            "b spec.template.spec.containers[name=b].resources.limits.cpu: above the pod's 2",
        ]);
    }

    #[test]
    fn looks_at_every_container_of_every_kind() {
        let fields = "resources: {requests: {cpu: 2}, limits: {cpu: 1}}";
        assert_eq!(in_every_class(ID, fields), [true, true, false]);
        let kinds = in_every_kind(ID, &format!("containers: [{{name: a, {fields}}}]\n"));
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        let twice = "kind: Pod\nspec:\n  containers:\n  - {name: a, resources: &r {requests: {cpu: 2}, limits: {cpu: 1}}}\n  - {name: b, resources: {<<: *r}}\n  - {name: c, resources: {<<: *r, limits: {cpu: 2}}}\n";
        assert_eq!(found(ID, twice).len(), 2);
    }
}
