//! The reviewed list.

use serde_json::json;

use super::super::entry::{only_other, only_seawall};
use super::super::{Difference, containers, is_zero};
use super::when::{
    AGED, STORAGE, WORKLOADS, any_container, backends, compared, has_selector, has_syntax, image, is_amount,
    is_empty_selector, is_label_key, is_led_to, is_part, is_reference, is_refused, is_root, is_served,
    is_windows, leads_by_mistake, limit, limit_alone, names_registry_port, objects, of_whole,
    of_whole_at_all, ports, probes, request, requested_as_whole, scaled, scalers, service_ports, terms,
    variables,
};

/// The list. Of several entries that fit, the first one counts.
pub static DIFFERENCES: &[Difference] = &[
    only_seawall("*", "*", "objects of other kinds and apiVersions than kube-score knows, and items of other lists than `List`", |seen| !seen.graded)
        .ours("a ReplicaSet, a ReplicationController or a PodList makes pods as a Deployment does; kube-score passes over them without a word"),
    only_seawall("*", "*", "ephemeral containers", |seen| seen.is_in("ephemeralContainers"))
        .ours("they run in the pod as the others do"),
    only_seawall("*", "*", "Deployments and StatefulSets of older apiVersions, for checks of these kinds", |seen| {
        seen.skipped
            && seen.api_version() != "apps/v1"
            && ["Deployment", "StatefulSet"].iter().any(|kind| seen.kind() == *kind && seen.check.starts_with(&kind.to_ascii_lowercase()))
    })
    .ours("they are the same object in another version; kube-score has these checks for `apps/v1` alone"),
    only_other("*", "*", "workloads without a pod template, or with one that has no specification", |seen| {
        WORKLOADS.contains(&seen.kind()) && seen.of_pod("/spec").is_null()
    })
    .both("the API server refuses them, so that there is nothing to say of their pods; `seawall scan --schema` names what is missing"),
    // Resources.
    only_other("container-resources", "cpu-limit", "containers of a pod that has a CPU limit as a whole", |seen| of_whole(seen, "limits", "cpu"))
        .ours("the limit of the pod holds for all its containers"),
    only_other("container-resources", "memory-limit", "containers of a pod that has a memory limit as a whole", |seen| of_whole(seen, "limits", "memory"))
        .ours("the limit of the pod holds for all its containers"),
    only_other("container-resources", "cpu-request", "a CPU limit without a request", |seen| limit_alone(seen, "cpu"))
        .ours("the API server makes a request of a limit that is alone"),
    only_other("container-resources", "cpu-request", "containers of a pod that requests CPU as a whole", |seen| requested_as_whole(seen, "cpu"))
        .ours("the scheduler goes by the request of the pod"),
    only_other("container-resources", "memory-request", "a memory limit without a request", |seen| limit_alone(seen, "memory"))
        .ours("the API server makes a request of a limit that is alone"),
    only_other("container-resources", "memory-request", "containers of a pod that requests memory as a whole", |seen| requested_as_whole(seen, "memory"))
        .ours("the scheduler goes by the request of the pod"),
    only_other("*", "requests-equal-limits", "limits without a request", |seen| compared(seen).iter().any(|name| limit_alone(seen, name)))
        .ours("the API server makes a request of a limit that is alone, of the same amount"),
    only_other("*", "requests-equal-limits", "containers of a pod that has the resource as a whole", |seen| {
        compared(seen).iter().any(|name| of_whole_at_all(seen, name))
    })
    .ours("what the pod as a whole requests and may use is what counts: it is held against each other"),
    only_seawall("container-ephemeral-storage-request-and-limit", "ephemeral-storage", "requests of another amount than the limit", |seen| {
        is_amount(&request(seen, STORAGE)) && is_amount(&limit(seen, STORAGE))
    })
    .both("one rule here is two checks there"),
    only_other("container-ephemeral-storage-request-and-limit", "ephemeral-storage", "limits without a request", |seen| limit_alone(seen, STORAGE))
        .ours("the API server makes a request of a limit that is alone"),
    only_seawall("container-ephemeral-storage-request-equals-limit", "ephemeral-storage", "requests of 0 beside a limit", |seen| {
        is_zero(&request(seen, STORAGE)) && is_amount(&limit(seen, STORAGE))
    })
    .ours("0 is another amount than the limit; kube-score takes it for unset"),
    // Images.
    only_seawall("container-image-tag", "image-tag-latest", "images without a tag from a registry with a port", names_registry_port)
        .ours("kube-score takes what stands behind the last colon for the tag: `reg.example.com:5000/web` has the tag `5000/web` there"),
    only_other("container-image-tag", "image-tag-latest", "what is no image reference", |seen| !is_reference(seen))
        .ours("no runtime can pull it: `image-invalid` reports it"),
    only_other("container-image-pull-policy", "image-pull-policy", "what is no image reference", |seen| !is_reference(seen))
        .ours("no runtime can pull it: `image-invalid` reports it"),
    only_other("container-image-pull-policy", "image-pull-policy", "images that are named by a digest", |seen| image(seen).contains('@'))
        .ours("what a digest names cannot change, so that a copy on the node is as good"),
    only_other("container-image-pull-policy", "image-pull-policy", "images without a tag from a registry with a port", names_registry_port)
        .ours("without a tag the API server sets `Always`; kube-score takes the port for a tag"),
    // Ports and environment.
    only_seawall("container-ports-check", "service-target-port", "names of ports with capitals or without a letter", |seen| {
        ports(seen).any(|port| port["name"].as_str().is_some_and(|name| name.len() <= 15 && !has_syntax(name)))
    })
    .ours("the API server refuses them as it does names of more than 15 characters, which both report"),
    only_other("container-ports-check", "service-target-port", "ports without a number", |seen| ports(seen).any(|port| port["containerPort"].is_null()))
        .both("the field is required: `seawall scan --schema` names it as missing"),
    only_other("environment-variable-key-duplication", "duplicate-env", "several variables without a name", |seen| {
        let names = variables(seen).map(|variable| variable["name"].as_str().unwrap_or_default());
        names.filter(|name| name.is_empty()).count() > 1
    })
    .ours("the API server refuses a variable without a name, be it one or several"),
    only_other("environment-variable-key-duplication", "duplicate-env", "variables that extend an earlier value of the same name, such as `$(PATH):/opt/bin`", |seen| {
        variables(seen).any(|variable| variable["value"].as_str().is_some_and(|value| value.contains("$(")))
    })
    .ours("the first value is used in the second: both are needed"),
    // Security contexts.
    only_seawall("container-seccomp-profile", "seccomp-profile", "init containers", |seen| seen.is_in("initContainers"))
        .ours("they run under no profile just as well; kube-score looks at `containers` alone"),
    only_seawall("container-seccomp-profile", "seccomp-profile", "pods with the annotation `seccomp.security.alpha.kubernetes.io/defaultProfileName`", |seen| {
        !seen.of_pod("/metadata/annotations/seccomp.security.alpha.kubernetes.io~1defaultProfileName").is_null()
    })
    .ours("it was for PodSecurityPolicies and has never given a pod a profile"),
    only_seawall("container-seccomp-profile", "seccomp-profile", "profiles of a type that confines nothing, such as `Unconfined`", |seen| {
        let profiles = [seen.of_container("/securityContext/seccompProfile"), seen.of_pod("/spec/securityContext/seccompProfile")];
        profiles.iter().any(|profile| profile.is_object() && !["RuntimeDefault", "Localhost"].contains(&profile["type"].as_str().unwrap_or_default()))
    })
    .ours("kube-score is content with any `seccompProfile`, whatever it says"),
    only_other("container-seccomp-profile", "seccomp-profile", "pods of Windows", is_windows).ours("Windows has no seccomp, and its pods may not set it"),
    only_other("container-security-context-readonlyrootfilesystem", "read-only-root-filesystem", "pods of Windows", is_windows)
        .ours("Windows cannot do it, and its pods may not set it"),
    only_other("container-security-context-user-group-id", "run-as-high-uid", "pods of Windows", is_windows)
        .ours("users have no numbers on Windows, and its pods may not set them"),
    only_other("container-security-context-user-group-id", "run-as-high-gid", "pods of Windows", is_windows)
        .ours("groups have no numbers on Windows, and its pods may not set them"),
    // Objects that other objects refer to.
    only_other("*", "pdb-missing", "workloads that do not say how many replicas they have", |seen| seen.at("/spec/replicas").is_null() && scalers(seen).is_empty())
        .ours("replicas that are not written are 1, for which a budget does more harm than good"),
    only_seawall("*", "pdb-missing", "workloads that a `policy/v1beta1` budget with an empty selector is to protect", |seen| {
        objects(seen, "PodDisruptionBudget").any(|budget| budget["apiVersion"] == "policy/v1beta1" && is_empty_selector(&budget["spec"]["selector"]))
    })
    .ours("in `policy/v1beta1` an empty selector selects no pod"),
    only_seawall("*", "pdb-missing", "workloads of less than 2 replicas that an autoscaler keeps at 2 or more", |seen| scaled(seen, "minReplicas").any(|least| least >= 2))
        .ours("the autoscaler's number is what will be"),
    only_other("*", "pdb-missing", "workloads whose autoscaler may leave a single replica", |seen| scaled(seen, "minReplicas").any(|least| least < 2))
        .ours("the autoscaler's number is what will be"),
    only_other("*", "pod-anti-affinity", "workloads that do not say how many replicas they have, or that an autoscaler keeps at one", |seen| {
        let unsaid = seen.at("/spec/replicas").is_null() && scalers(seen).is_empty();
        unsaid || scaled(seen, "maxReplicas").any(|most| most < 2)
    })
    .ours("replicas that are not written are 1, which cannot be kept apart, and the autoscaler's number is what will be"),
    only_other("*", "pod-anti-affinity", "pods with `topologySpreadConstraints`", |seen| {
        seen.of_pod("/spec/topologySpreadConstraints").as_array().is_some_and(|list| !list.is_empty())
    })
    .ours("these spread replicas as well, and Kubernetes' documentation prefers them"),
    only_other("*", "pod-anti-affinity", "terms of another topology than node, zone and region", |seen| {
        terms(seen).any(|term| term["topologyKey"].as_str().is_some_and(|key| !key.is_empty() && !key.contains("kubernetes.io/")))
    })
    .both("a label of one's own, such as `rack`, keeps replicas apart as well as it is set on the nodes"),
    only_seawall("*", "pod-anti-affinity", "workloads of less than 2 replicas that an autoscaler may scale to more", |seen| !scalers(seen).is_empty())
        .ours("the autoscaler's number is what will be"),
    only_seawall("*", "selector-mismatch", "empty selectors", |seen| is_empty_selector(seen.at("/spec/selector")) && !seen.at("/spec/selector").is_null())
        .ours("the API server refuses them; kube-score takes them for selectors of everything"),
    only_other("*", "selector-mismatch", "workloads with neither a selector nor labels", |seen| {
        seen.at("/spec/selector").is_null() && seen.of_pod("/metadata/labels").as_object().is_none_or(serde_json::Map::is_empty)
    })
    .both("seawall takes them for a patch, whose other half is elsewhere; `seawall scan --schema` names what is missing"),
    only_other("*", "selector-mismatch", "workloads without a selector and without containers, or with one that has no image", |seen| {
        seen.at("/spec/selector").is_null() && is_part(seen)
    })
    .both("seawall takes them for a patch, whose other half is elsewhere; `seawall scan --schema` names what is missing"),
    only_other("deployment-replicas", "replicas-minimum", "Deployments of 0 replicas", |seen| seen.at("/spec/replicas") == 0)
        .both("they are switched off; kube-score takes them for too few"),
    only_other("deployment-targeted-by-hpa-does-not-have-replicas-configured", "hpa-static-replicas", "Deployments that an autoscaler names by a kind in other letters, such as `deployment`", |seen| {
        objects(seen, "HorizontalPodAutoscaler").any(|scaler| scaler["spec"]["scaleTargetRef"]["kind"] == "deployment")
    })
    .ours("the autoscaler finds no such kind and scales nothing"),
    only_other("horizontalpodautoscaler-has-target", "hpa-target-missing", "autoscalers that do not name a kind or a name", |seen| {
        ["kind", "name"].iter().any(|field| seen.at("/spec/scaleTargetRef")[*field].as_str().unwrap_or_default().is_empty())
    })
    .both("both fields are required: `seawall scan --schema` names what is missing"),
    only_other("horizontalpodautoscaler-has-target", "hpa-target-missing", "targets that are in the input in another version of their API", |seen| {
        let target = seen.at("/spec/scaleTargetRef");
        objects(seen, target["kind"].as_str().unwrap_or_default()).any(|object| object["metadata"]["name"] == target["name"])
    })
    .ours("`apps/v1` and `apps/v1beta1` name the same Deployment"),
    only_other("ingress-targets-service", "ingress-dangling", "backends without the name of a Service", |seen| {
        backends(seen).any(|backend| backend.pointer("/service/name").or(backend.get("serviceName")).is_none_or(|name| name.as_str().unwrap_or_default().is_empty()))
    })
    .both("the name is required: `seawall scan --schema` names what is missing"),
    only_seawall("ingress-targets-service", "ingress-dangling", "numbers that no port of the Service has, beside a name that one has, or where a port has no name", |seen| {
        objects(seen, "Service").any(|service| service_ports(service).any(|port| port["name"].as_str().unwrap_or_default().is_empty()))
            || backends(seen).any(|backend| !backend["service"]["port"]["name"].is_null() && !backend["service"]["port"]["number"].is_null())
    })
    .ours("the number counts, and only one of both may be written; kube-score takes two ports without a name for the same, whatever their numbers"),
    only_seawall("label-values", "label-invalid", "keys that break the syntax", |seen| {
        seen.at("/metadata/labels").as_object().is_some_and(|labels| labels.keys().any(|key| !is_label_key(key)))
    })
    .ours("the API server refuses keys as it does values; kube-score looks at values alone"),
    only_other("networkpolicy-targets-pod", "network-policy-dangling", "policies for all pods of a namespace that has none in the input", |seen| is_empty_selector(seen.at("/spec/podSelector")))
        .both("such a policy is the namespace's default and meant for what comes later"),
    only_other("pod-networkpolicy", "network-policy-missing", "pods in the network of their node", |seen| seen.of_pod("/spec/hostNetwork") == true)
        .ours("no policy holds for their traffic, so that none can be missing"),
    only_seawall("stable-version", "api-deprecated", "deprecated APIs that kube-score does not know", |seen| !AGED.contains(&seen.kind()))
        .ours("the table comes from Kubernetes' own lifecycle marks; kube-score's has 5 kinds"),
    only_other("service-targets-pod", "service-dangling", "Services without a selector where the input has no pod", |seen| {
        seen.at("/spec/selector").as_object().is_none_or(serde_json::Map::is_empty)
    })
    .ours("somebody else writes the endpoints of a Service without a selector; kube-score takes it for one that selects everything"),
    only_other("statefulset-has-servicename", "statefulset-headless-service", "StatefulSets without `serviceName`", |seen| seen.text("/spec/serviceName").is_empty())
        .both("it is optional since Kubernetes 1.33 and only needed where somebody asks for pods by name"),
    only_seawall("cronjob-restartpolicy", "restart-policy", "containers with a `restartPolicy` that is none", |seen| {
        containers(seen.object).iter().any(|(_, container)| container["restartPolicy"].as_str().is_some_and(|policy| policy != "Always"))
    })
    .ours("the API server refuses them; kube-score looks at the pod's field alone"),
    only_seawall("pod-topology-spread-constraints", "topology-spread-valid", "constraints whose selector does not select the pods, or with `minDomains` beside `ScheduleAnyway`", |seen| {
        seen.of_pod("/spec/topologySpreadConstraints").as_array().is_some_and(|list| !list.is_empty())
    })
    .ours("the former spread nothing, the latter are refused"),
    only_other("ingress-targets-service", "ingress-dangling", "backends without a port, or with port 0", |seen| {
        backends(seen).any(|backend| {
            let port = backend.pointer("/service/port").or(backend.get("servicePort")).cloned().unwrap_or_default();
            let number = port.get("number").unwrap_or(&port);
            (number.is_null() || *number == 0 || number.is_object() || number == "") && port["name"].as_str().unwrap_or_default().is_empty()
        })
    })
    .both("a port is required: seawall then asks only whether the Service is there"),
    only_other("deployment-replicas", "replicas-minimum", "Deployments that an autoscaler names by another version of their API", |seen| !scalers(seen).is_empty())
        .ours("`apps/v1` and `apps/v1beta1` name the same Deployment, and the autoscaler scales it"),
    // Probes.
    only_other("pod-probes", "readiness-probe", "pods of which no container has a port that the Service leads to", |seen| is_served(seen) && !is_led_to(seen))
        .ours("a probe of a container that gets no requests changes nothing"),
    only_seawall("pod-probes", "readiness-probe", "containers without a probe beside one that has it", |seen| any_container(seen, "readinessProbe"))
        .ours("the Service sends requests to each port; kube-score is content with one probe in a pod"),
    only_seawall("pod-probes", "liveness-probe", "pods that no Service leads to", |seen| !is_served(seen))
        .both("a process may hang that gets no requests; it is off unless it is asked for"),
    only_seawall("pod-probes", "liveness-probe", "containers without a probe beside one that has it", |seen| any_container(seen, "livenessProbe"))
        .ours("only the container with the probe is started again; kube-score is content with one probe in a pod"),
    only_seawall("pod-probes", "liveness-probe", "pods that lack both probes", |seen| !any_container(seen, "readinessProbe"))
        .both("kube-score speaks of the liveness probe once there is a readiness probe"),
    only_other("pod-probes", "liveness-probe", "pods that end by themselves", |seen| {
        seen.kind() == "Pod" && !["", "Always"].contains(&seen.of_pod("/spec/restartPolicy").as_str().unwrap_or_default())
    })
    .ours("a container that is not started again is not to be ended by a probe"),
    only_other("pod-probes", "liveness-probe", "pods without containers but init containers", |seen| !containers(seen.object).iter().any(|(class, _)| *class == "containers"))
        .ours("the API server refuses them, and init containers end by themselves"),
    only_seawall("pod-probes-identical", "probes-identical", "paths that are `/` in one probe and not written in the other", |seen| {
        probes(seen).any(|(ready, alive)| is_root(ready) && is_root(alive))
    })
    .ours("the API server makes `/` of a path that is not written"),
    only_other("pod-probes-identical", "probes-identical", "init containers", |seen| {
        containers(seen.object).iter().any(|(class, container)| *class == "initContainers" && !container["livenessProbe"].is_null())
    })
    .ours("those that are no sidecars cannot have probes"),
    only_other("pod-probes-identical", "probes-identical", "probes that differ in their thresholds", |seen| {
        probes(seen).any(|(ready, alive)| ready["failureThreshold"] != alive["failureThreshold"])
    })
    .ours("a liveness probe that is more patient does not end what is slow for a moment"),
    only_other("pod-probes-identical", "probes-identical", "probes of ports by different names, or with a further handler on one side", |seen| {
        probes(seen).any(|(ready, alive)| ready != alive)
    })
    .ours("they ask different ports; kube-score takes all names of ports for the same"),
    only_other("ingress-targets-service", "ingress-dangling", "backends of a `networking.k8s.io/v1` Ingress that are written as in `v1beta1`", |seen| {
        seen.api_version() == "networking.k8s.io/v1" && backends(seen).any(|backend| !backend["serviceName"].is_null())
    })
    .both("the Service is there, and the API server does not know the field: `seawall scan --schema` says so"),
    only_other("statefulset-has-servicename", "statefulset-headless-service", "StatefulSets whose Service has no selector", |seen| {
        objects(seen, "Service").any(|service| service["metadata"]["name"] == *seen.at("/spec/serviceName") && !has_selector(service))
    })
    .ours("somebody else writes the endpoints of such a Service"),
    only_other("ingress-targets-service", "ingress-dangling", "ports of a Service that lists none", |seen| {
        objects(seen, "Service").any(|service| service_ports(service).next().is_none())
    })
    .both("the API server refuses a Service without ports: `seawall scan --schema` names what is missing"),
    only_other("*", "*", "what a selector would select that the API server refuses", |seen| match seen.check {
        "networkpolicy-targets-pod" => is_refused(seen.at("/spec/podSelector")),
        "service-targets-pod" => is_refused(&json!({"matchLabels": seen.at("/spec/selector")})),
        "pod-networkpolicy" => objects(seen, "NetworkPolicy").any(|policy| is_refused(&policy["spec"]["podSelector"])),
        check => check.ends_with("podantiaffinity") && terms(seen).any(|term| is_refused(&term["labelSelector"])),
    })
    .both("what is refused selects nothing; seawall takes the selector as it is meant, and `label-invalid` reports its labels that break the syntax"),
    // What is left of objects that are seen by one side alone.
    only_other("deployment-replicas", "*", UNSELECTED, leads_by_mistake).ours(NO_PODS),
    only_other("deployment-strategy", "*", UNSELECTED, leads_by_mistake).ours(NO_PODS),
    only_other("pod-probes", "*", UNSELECTED, leads_by_mistake).ours(NO_PODS),
    only_seawall("*", "*", "what depends on objects that kube-score does not look at", |seen| seen.hidden && seen.container.is_none())
        .ours("what a ReplicaSet or the item of a PodList makes is there, and can be selected and referred to"),
    only_other("*", "*", "what depends on objects that kube-score does not look at", |seen| seen.hidden && seen.container.is_none())
        .ours("what a ReplicaSet or the item of a PodList makes is there, and can be selected and referred to"),
    only_seawall("*", "*", "what belongs together where only some objects name a namespace", |seen| {
        seen.all.iter().any(|object| !object["metadata"]["namespace"].is_null()) && seen.all.iter().any(|object| object["metadata"]["namespace"].is_null())
    })
    .ours(NAMESPACES),
    only_other("*", "*", "what does not belong together where only some objects name a namespace", |seen| {
        seen.all.iter().any(|object| !object["metadata"]["namespace"].is_null()) && seen.all.iter().any(|object| object["metadata"]["namespace"].is_null())
    })
    .ours(NAMESPACES),
];

const UNSELECTED: &str = "pods that only Services without a selector, or of type `ExternalName`, lead to";
const NO_PODS: &str =
    "these have no pods of their own; kube-score takes the former for Services that select everything";
const NAMESPACES: &str =
    "where all others name one namespace, what names none is applied with it: `kubectl apply -n`";
