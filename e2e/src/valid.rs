//! Making objects of random pods that an API server takes: it validates an object before it looks at Pod Security, and refuses
//! most of those that have been put together without care (k8s.io/kubernetes `pkg/apis/core/validation/validation.go`).

use std::collections::HashSet;

use seawall_conformance::random_pods::Rng;
use serde_json::{Map, Value, json};

/// The sources of volumes with what each must have at least.
fn source(name: &str) -> Value {
    match name {
        "configMap" => json!({"name": "n"}),
        "csi" | "flexVolume" => json!({"driver": "example.com"}),
        "ephemeral" => json!({"volumeClaimTemplate": {"spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}),
        "image" => json!({"reference": "registry.example.com/data"}),
        "persistentVolumeClaim" => json!({"claimName": "n"}),
        "projected" => json!({"sources": []}),
        "secret" => json!({"secretName": "n"}),
        "hostPath" => json!({"path": "/p"}),
        "gcePersistentDisk" => json!({"pdName": "n"}),
        "awsElasticBlockStore" | "cinder" | "portworxVolume" => json!({"volumeID": "n"}),
        "gitRepo" => json!({"repository": "https://example.com/r"}),
        "nfs" => json!({"server": "h", "path": "/p"}),
        "iscsi" => json!({"targetPortal": "h", "iqn": "iqn.2001-04.com.example:storage", "lun": 0}),
        "glusterfs" => json!({"endpoints": "h", "path": "p"}),
        "rbd" => json!({"monitors": ["h"], "image": "i"}),
        "cephfs" => json!({"monitors": ["h"]}),
        "flocker" => json!({"datasetName": "n"}),
        "fc" => json!({"targetWWNs": ["w"], "lun": 0}),
        "azureFile" => json!({"secretName": "n", "shareName": "n"}),
        "vsphereVolume" => json!({"volumePath": "p"}),
        "quobyte" => json!({"registry": "h:1", "volume": "v"}),
        "azureDisk" => json!({"diskName": "n", "diskURI": "https://example.com/d"}),
        "photonPersistentDisk" => json!({"pdID": "n"}),
        "scaleIO" => json!({"gateway": "h", "system": "s", "secretRef": {"name": "n"}, "volumeName": "n"}),
        "storageos" => json!({"volumeName": "n"}),
        _ => json!({}),
    }
}

/// Changes a pod of [`seawall_conformance::random_pods`] so that an API server takes it in most cases, and keeps what Pod
/// Security looks at where that can be.
pub(crate) fn tame(rng: &mut Rng, pod: &mut Value) {
    let spec = &mut pod["spec"];
    // Those come to a running pod only.
    remove(spec, "ephemeralContainers");
    if items(spec, "containers").is_empty() {
        spec["containers"] = json!([{}]);
    }
    if let Some(os) = some(spec, "os") {
        choose(rng, os, "name", &["linux", "windows"]);
    }
    operating_system(spec);
    user_namespace(spec);
    let host_network = spec["hostNetwork"] == true;
    let mut names = Vec::new();
    let mut host_ports = HashSet::new();
    for class in ["initContainers", "containers"] {
        for (i, container) in items(spec, class).iter_mut().enumerate() {
            let name = format!("{}{i}", &class[..1]);
            container["name"] = json!(name);
            container["image"] = json!("registry.example.com/image");
            names.push(name);
            handlers(container);
            if class == "initContainers" && is_sidecar(container) {
                container["restartPolicy"] = json!("Always");
            }
            ports(container, host_network, &mut host_ports);
            if let Some(context) = some(container, "securityContext") {
                security_context(rng, context);
            }
        }
    }
    if let Some(context) = some(spec, "securityContext") {
        security_context(rng, context);
    }
    for (i, volume) in items(spec, "volumes").iter_mut().enumerate() {
        let known = volume.as_object().into_iter().flatten().find(|(k, v)| *k != "name" && !v.is_null());
        let known = known.map(|(k, _)| k.clone());
        *volume = json!({"name": format!("v{i}")});
        if let Some(known) = known {
            volume[&known] = source(&known);
        }
    }
    annotations(rng, &mut pod["metadata"], &names);
}

/// The security contexts of a pod and of its containers.
fn contexts(spec: &mut Value, mut change: impl FnMut(&mut Value)) {
    let classes = ["initContainers", "containers"];
    some(spec, "securityContext").into_iter().for_each(&mut change);
    for class in classes {
        items(spec, class).iter_mut().filter_map(|c| some(c, "securityContext")).for_each(&mut change);
    }
}

/// Fields go with the operating system; processes of a Windows node are those of all containers, on the node's network.
fn operating_system(spec: &mut Value) {
    const LINUX: [&str; 10] = [
        "allowPrivilegeEscalation",
        "appArmorProfile",
        "capabilities",
        "privileged",
        "procMount",
        "readOnlyRootFilesystem",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
        "sysctls",
    ];
    match spec["os"]["name"].as_str() {
        Some("windows") => {
            for key in ["hostPID", "hostIPC", "hostUsers"] {
                remove(spec, key);
            }
            contexts(spec, |context| LINUX.into_iter().for_each(|key| remove(context, key)));
        }
        Some(_) => contexts(spec, |context| remove(context, "windowsOptions")),
        None => {}
    }
    let mut host_process = false;
    contexts(spec, |context| {
        if context["windowsOptions"]["hostProcess"] == true {
            host_process = true;
            remove(context, "windowsOptions");
        }
    });
    if host_process {
        contexts(spec, |context| remove(context, "windowsOptions"));
        if some(spec, "securityContext").is_none() {
            spec["securityContext"] = json!({});
        }
        spec["securityContext"]["windowsOptions"] = json!({"hostProcess": true});
        spec["hostNetwork"] = json!(true);
    }
}

/// A pod with users of its own has none of the node's namespaces, and only such a pod may see all of `/proc`.
fn user_namespace(spec: &mut Value) {
    const SHARED: [&str; 3] = ["hostNetwork", "hostPID", "hostIPC"];
    let shares = SHARED.iter().any(|key| spec[*key] == true);
    let mut unmasked = false;
    contexts(spec, |context| {
        if shares {
            remove(context, "procMount");
        }
        unmasked |= context.get("procMount").is_some_and(|mount| mount != "Default");
    });
    if shares && spec["hostUsers"] == false {
        remove(spec, "hostUsers");
    } else if unmasked {
        spec["hostUsers"] = json!(false);
    }
}

/// Keys lead to containers that there are, and values to profiles.
fn annotations(rng: &mut Rng, metadata: &mut Value, names: &[String]) {
    const PROFILES: [&str; 3] = ["runtime/default", "localhost/p", "unconfined"];
    let Some(Value::Object(annotations)) = some(metadata, "annotations").map(Value::take) else { return };
    let mut tamed = Map::new();
    for (key, value) in annotations {
        let key = match key.split_once('/') {
            Some((prefix, _)) if prefix.starts_with("container.") => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{prefix}/{}", rng.pick(&names))
            }
            Some((prefix, _)) => format!("{prefix}/pod"),
            None => continue,
        };
        let known = value.as_str().filter(|v| PROFILES.contains(v));
        tamed.insert(key, json!(known.unwrap_or_else(|| rng.pick(&PROFILES))));
    }
    metadata["annotations"] = Value::Object(tamed);
}

fn is_sidecar(container: &Value) -> bool {
    ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]
        .iter()
        .any(|key| !container[*key].is_null())
}

/// Probes and hooks do one thing each.
fn handlers(container: &mut Value) {
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        one_action(container, key, true);
    }
    if let Some(lifecycle) = some(container, "lifecycle") {
        for key in ["postStart", "preStop"] {
            one_action(lifecycle, key, false);
        }
        if lifecycle.as_object().is_some_and(Map::is_empty) {
            remove(container, "lifecycle");
        }
    }
}

fn one_action(of: &mut Value, key: &str, is_probe: bool) {
    let Some(Value::Object(actions)) = some(of, key).map(Value::take) else {
        return remove(of, key);
    };
    match actions.into_iter().find(|(name, _)| is_probe || name != "grpc") {
        Some((name, action)) => of[key] = json!({name: action}),
        None => remove(of, key),
    }
}

/// Numbers are in range, no port of the node is taken twice, and on the node's network it is the container's own.
fn ports(container: &mut Value, host_network: bool, taken: &mut HashSet<i64>) {
    for port in items(container, "ports") {
        let own = port["containerPort"].as_i64().unwrap_or(80);
        let mut host = port["hostPort"].as_i64().unwrap_or_default().clamp(0, 65_535);
        if host_network && host != 0 {
            host = own;
        }
        if host != 0 && !taken.insert(host) {
            host = 0;
        }
        port["hostPort"] = json!(host);
    }
}

fn security_context(rng: &mut Rng, context: &mut Value) {
    for key in ["seccompProfile", "appArmorProfile"] {
        if let Some(profile) = some(context, key) {
            choose(rng, profile, "type", &["RuntimeDefault", "Localhost", "Unconfined"]);
            if profile["type"] == "Localhost" {
                profile["localhostProfile"] = json!("p");
            }
        }
    }
    if context["runAsUser"] == -1 {
        context["runAsUser"] = json!(1);
    }
    if some(context, "procMount").is_some() {
        choose(rng, context, "procMount", &["Default", "Unmasked"]);
    }
    // The API server refuses the contradiction.
    if context["privileged"] == true && context["allowPrivilegeEscalation"] == false {
        remove(context, "allowPrivilegeEscalation");
    }
    if let Some(Value::Array(sysctls)) = some(context, "sysctls") {
        let mut seen = HashSet::new();
        sysctls.retain(|sysctl| {
            let name = sysctl["name"].as_str().unwrap_or_default();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c);
            !name.is_empty() && name.chars().all(plain) && seen.insert(name.to_owned())
        });
    }
}

/// A value that is not among those that there are becomes one of them.
fn choose(rng: &mut Rng, of: &mut Value, key: &str, known: &[&str]) {
    if !of[key].as_str().is_some_and(|value| known.contains(&value)) {
        of[key] = json!(rng.pick(known));
    }
}

fn some<'v>(of: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    of.get_mut(key).filter(|value| !value.is_null())
}

fn items<'v>(of: &'v mut Value, key: &str) -> &'v mut [Value] {
    of.get_mut(key).and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default()
}

fn remove(of: &mut Value, key: &str) {
    if let Value::Object(map) = of {
        map.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tamed(spec: &Value) -> Value {
        let mut pod = json!({"metadata": {}, "spec": spec});
        tame(&mut Rng::new(1), &mut pod);
        let containers = pod["spec"]["containers"].as_array_mut().expect("a list");
        for container in containers {
            remove(container, "image");
        }
        pod["spec"].take()
    }

    #[test]
    fn fields_go_with_the_operating_system() {
        let context =
            json!({"privileged": true, "runAsNonRoot": true, "windowsOptions": {"hostProcess": true}});
        let spec = |os: &str| json!({"os": {"name": os}, "hostPID": true, "containers": [{"securityContext": context}]});
        assert_eq!(
            tamed(&spec("windows")),
            json!({"os": {"name": "windows"}, "hostNetwork": true,
                "securityContext": {"windowsOptions": {"hostProcess": true}},
                "containers": [{"name": "c0", "securityContext": {"runAsNonRoot": true}}]})
        );
        assert_eq!(
            tamed(&spec("linux")),
            json!({"os": {"name": "linux"}, "hostPID": true,
                "containers": [{"name": "c0", "securityContext": {"privileged": true, "runAsNonRoot": true}}]})
        );
    }

    #[test]
    fn users_of_the_pod_exclude_namespaces_of_the_node() {
        let spec = |shared: bool| {
            json!({"hostIPC": shared, "hostUsers": false,
                "containers": [{"securityContext": {"procMount": "Unmasked"}}]})
        };
        assert_eq!(tamed(&spec(false)), {
            let mut same = spec(false);
            same["containers"][0]["name"] = json!("c0");
            same
        });
        assert_eq!(
            tamed(&spec(true)),
            json!({"hostIPC": true, "containers": [{"name": "c0", "securityContext": {}}]})
        );
    }

    #[test]
    fn what_no_api_server_takes_is_gone_and_the_rest_stays() {
        let mut pod = json!({"metadata": {"annotations": {
                "container.apparmor.security.beta.kubernetes.io/a\"b": "localhost/p", "plain": "x"}},
            "spec": {"hostNetwork": true, "ephemeralContainers": [{"name": "e"}],
                "securityContext": {"seccompProfile": {"type": "x\"y"}, "sysctls": [
                    {"name": "kernel.msgmax"}, {"name": "kernel.msgmax"}, {"name": ""}]},
                "initContainers": [{"name": "", "livenessProbe": {"exec": {}, "grpc": {}}}],
                "containers": [
                    {"name": "a\"b", "lifecycle": {"postStart": {"grpc": {}}, "preStop": null},
                     "ports": [{"containerPort": 80, "hostPort": -1}, {"containerPort": 80, "hostPort": 443}],
                     "securityContext": {"privileged": true, "allowPrivilegeEscalation": false, "runAsUser": -1}}],
                "volumes": [{"name": "", "hostPath": null, "secret": {}, "nfs": {}}, {"name": ""}]}});
        tame(&mut Rng::new(1), &mut pod);
        let (spec, annotations) =
            (&pod["spec"], pod["metadata"]["annotations"].as_object().expect("an object"));
        let profile = spec["securityContext"]["seccompProfile"]["type"].as_str().expect("a text");
        assert!(["RuntimeDefault", "Localhost", "Unconfined"].contains(&profile));
        assert_eq!(spec["securityContext"]["sysctls"], json!([{"name": "kernel.msgmax"}]));
        assert_eq!(spec.get("ephemeralContainers"), None);
        let image = "registry.example.com/image";
        assert_eq!(
            spec["initContainers"],
            json!([{"name": "i0", "image": image, "restartPolicy": "Always", "livenessProbe": {"exec": {}}}])
        );
        assert_eq!(
            spec["containers"],
            json!([{"name": "c0", "image": image,
                "ports": [{"containerPort": 80, "hostPort": 0}, {"containerPort": 80, "hostPort": 80}],
                "securityContext": {"privileged": true, "runAsUser": 1}}])
        );
        assert_eq!(spec["volumes"].as_array().map(Vec::len), Some(2));
        assert_eq!(spec["volumes"][1], json!({"name": "v1"}));
        assert_eq!(annotations.len(), 1);
        let (key, value) = annotations.iter().next().expect("one");
        assert!(key.ends_with("kubernetes.io/c0") || key.ends_with("kubernetes.io/i0"), "{key}");
        assert_eq!(value, "localhost/p");
    }
}
