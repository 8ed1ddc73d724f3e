//! The service account of a pod.

use seawall_yaml::NodeRef;

use crate::view::{Pod, PodSpec};

/// The name of the account, as the API server understands the two fields for it (`pkg/apis/core/v1/defaults.go`);
/// `default` where none is written.
pub(crate) fn name<'d>(spec: &PodSpec<'d>) -> &'d str {
    let named = |name: Option<&'d str>| name.filter(|name| !name.is_empty());
    named(spec.service_account_name).or_else(|| named(spec.service_account)).unwrap_or("default")
}

/// Whether the pod comes from the kubelet: a static pod, or its mirror in the API. Such pods have no service account.
pub(crate) fn is_of_kubelet(pod: &Pod<'_>) -> bool {
    const ANNOTATIONS: [&str; 4] = [
        "kubernetes.io/config.mirror",
        "kubernetes.io/config.source",
        "kubernetes.io/config.hash",
        "kubernetes.io/config.seen",
    ];
    ANNOTATIONS.iter().any(|name| pod.has_annotation(name))
}

/// Whether the API server gives the containers a token: as the pod says, else as its service account says (`account`, `None`
/// where that is unset or not known), else yes (`plugin/pkg/admission/serviceaccount/admission.go`).
pub(crate) fn mounts_token(pod: &Pod<'_>, account: Option<bool>) -> bool {
    let wanted = pod.spec.automount_service_account_token.or(account).unwrap_or(true);
    wanted && !is_of_kubelet(pod)
}

/// Whether the pod declares a projected token; the volume that the API server adds by itself does not count.
pub(crate) fn declares_token(pod: &Pod<'_>) -> bool {
    pod.spec.volumes.iter().filter(|volume| !volume.name.starts_with("kube-api-access-")).any(|volume| {
        let sources = volume.projected.and_then(|projected| projected.get("sources"));
        let is_token =
            |source: NodeRef<'_>| source.get("serviceAccountToken").is_some_and(|token| !token.is_null());
        sources.is_some_and(|sources| sources.items().any(is_token))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pod_is_asked_before_its_account() {
        let pod = |of_pod| {
            let mut pod = Pod::default();
            pod.spec.automount_service_account_token = of_pod;
            pod
        };
        for (of_pod, of_account, mounts) in [
            (None, None, true),
            (None, Some(false), false),
            (None, Some(true), true),
            (Some(false), Some(true), false),
            (Some(true), Some(false), true),
        ] {
            assert_eq!(mounts_token(&pod(of_pod), of_account), mounts, "{of_pod:?} {of_account:?}");
        }
    }
}
