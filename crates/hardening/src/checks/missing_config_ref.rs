//! References to ConfigMaps and Secrets that are not there.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Beside, Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::index::{Entry, Near, PODS};
use crate::view::field;

rule! {
    /// ## What it does
    /// Reports environment variables and volumes that refer to a ConfigMap or Secret that the input does not hold in
    /// the namespace, or to a key that it does not have, unless they are `optional`.
    ///
    /// ## Why it matters
    /// The containers wait for it and do not start.
    ///
    /// ## How to fix
    /// Add the object or the key, correct the name, or make the reference optional.
    ///
    /// ## Example
    /// ```yaml
    /// env:
    /// - name: MODE
    ///   valueFrom:
    ///     configMapKeyRef: {name: settings, key: mode}
    /// ```
    ///
    /// ## Applies to
    /// All containers and the volumes of all pods and pod templates. Evaluated for ConfigMaps where the input holds a
    /// ConfigMap in the same namespace, for Secrets where it holds a Secret, SealedSecret, ExternalSecret or
    /// Certificate, or is declared complete. ConfigMaps that every namespace has (`kube-root-ca.crt`,
    /// `openshift-service-ca.crt`) are always there. Off because Secrets are often made by others.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/>
    static RULE = {
        id: "missing-config-ref",
        aliases: &[],
        title: "refers to a ConfigMap or Secret that is not there",
        severity: Severity::Medium,
        level: None,
        off: true,
        tags: &["correctness"],
    };
}

static BESIDE: Beside = Beside {
    of: &[PODS],
    need: &["ConfigMap", "Secret", "SealedSecret", "ExternalSecret", "Certificate"],
    missing: "ConfigMap or Secret",
    unseen: None,
    placed: false,
};

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Pod(run) };

const SECRETS: &[&str] = &["Secret", "SealedSecret", "ExternalSecret", "Certificate"];

/// ConfigMaps that controllers put into every namespace.
const EVERYWHERE: [&str; 2] = ["kube-root-ca.crt", "openshift-service-ca.crt"];

fn run(at: &PodAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(at.object) else { return };
    for container in at.containers() {
        for (index, variable) in container.container.env.iter().enumerate() {
            let Some(source) = &variable.value_from else { continue };
            let place = || container.env_path(index).key("valueFrom");
            refer(near, source.config_map_key_ref, false, "name", || place().key("configMapKeyRef"), out);
            refer(near, source.secret_key_ref, true, "name", || place().key("secretKeyRef"), out);
        }
        for (index, source) in container.container.env_from.iter().enumerate() {
            let place = || container.path().key("envFrom").index(index);
            refer(near, source.config_map_ref, false, "name", || place().key("configMapRef"), out);
            refer(near, source.secret_ref, true, "name", || place().key("secretRef"), out);
        }
    }
    for (index, volume) in at.pod.spec.volumes.iter().enumerate() {
        let place = || at.pod.volume_path(index);
        refer(near, volume.config_map, false, "name", || place().key("configMap"), out);
        refer(near, volume.secret, true, "secretName", || place().key("secret"), out);
        let sources = volume.projected.and_then(|projected| projected.get("sources"));
        for (index, source) in sources.into_iter().flat_map(NodeRef::items).enumerate() {
            let place = || place().keys("projected.sources").index(index);
            refer(near, field(source, "configMap"), false, "name", || place().key("configMap"), out);
            refer(near, field(source, "secret"), true, "name", || place().key("secret"), out);
        }
    }
}

/// Reports what a reference with the name under `name` does not find: the object, its `key`, or those of its `items`.
fn refer(
    near: Near<'_>,
    node: Option<NodeRef<'_>>,
    secret: bool,
    name: &str,
    place: impl Fn() -> FieldPath,
    out: &mut Out<'_>,
) {
    let Some(node) = node else { return };
    let text = |node: NodeRef<'_>, key| node.get(key).and_then(NodeRef::as_str).map(str::to_owned);
    let Some(object) = text(node, name).filter(|name| !name.is_empty()) else { return };
    let optional = node.get("optional").and_then(NodeRef::as_bool) == Some(true);
    let shown = near.shows(if secret { SECRETS } else { &["ConfigMap"] });
    if optional || !shown || (!secret && EVERYWHERE.contains(&object.as_str())) {
        return;
    }
    let kind = if secret { "Secret" } else { "ConfigMap" };
    if near.entry(secret, &object, None) == Entry::NoObject {
        return out.report(|| {
            Hit::new(
                place().key(name),
                format!("no such {kind} in the input"),
                format!("refers to {kind} `{object}`, which is not in the input: containers wait for it"),
                format!("add the {kind}, correct the name, or set optional: true"),
            )
        });
    }
    let mut key = |key: Option<String>, place: &dyn Fn() -> FieldPath| {
        let Some(key) = key.filter(|key| near.entry(secret, &object, Some(key)) == Entry::NoKey) else { return };
        out.report(|| {
            Hit::new(
                place(),
                format!("the {kind} has no such key"),
                format!("refers to key `{key}` of {kind} `{object}`, which has no such key: containers wait for it"),
                format!("add the key to the {kind}, or correct it"),
            )
        });
    };
    key(text(node, "key"), &|| place().key("key"));
    for (index, item) in node.get("items").into_iter().flat_map(NodeRef::items).enumerate() {
        key(text(item, "key"), &|| place().key("items").index(index).key("key"));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_kind};

    const ID: &str = "missing-config-ref";
    const OTHERS: &str = "---\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {a: x}\nbinaryData: {b: eA==}\n---\nkind: Secret\nmetadata: {name: s}\ndata: {a: eA==}\nstringData: {b: x}\n";

    fn of(spec: &str) -> Vec<String> {
        found(ID, &format!("kind: Pod\nspec: {{{spec}}}\n{OTHERS}"))
    }

    #[test]
    fn variables_are_looked_up() {
        let from = |source: &str| of(&format!("containers: [{{name: c, env: [{{name: A, valueFrom: {{{source}}}}}]}}]"));
        let at = "- spec.containers[name=c].env[name=A].valueFrom";
        for (field, kind, name) in [("configMapKeyRef", "ConfigMap", "cm"), ("secretKeyRef", "Secret", "s")] {
            assert_eq!(from(&format!("{field}: {{name: {name}, key: a}}")), [""; 0]);
            assert_eq!(from(&format!("{field}: {{name: {name}, key: b}}")), [""; 0]);
            assert_eq!(from(&format!("{field}: {{name: {name}, key: c}}")), [format!("{at}.{field}.key: the {kind} has no such key")]);
            assert_eq!(from(&format!("{field}: {{name: other, key: c}}")), [format!("{at}.{field}.name: no such {kind} in the input")]);
            assert_eq!(from(&format!("{field}: {{name: other, key: c, optional: true}}")), [""; 0]);
            assert_eq!(from(&format!("{field}: {{name: 1, key: c}}")), [""; 0]);
        }
        let all = |source: &str| of(&format!("initContainers: [{{name: c, envFrom: [{{{source}}}]}}]"));
        assert_eq!(all("configMapRef: {name: cm}"), [""; 0]);
        assert_eq!(all("configMapRef: {name: s}"), ["- spec.initContainers[name=c].envFrom[0].configMapRef.name: no such ConfigMap in the input"]);
        assert_eq!(all("secretRef: {name: cm}"), ["- spec.initContainers[name=c].envFrom[0].secretRef.name: no such Secret in the input"]);
    }

    #[test]
    fn volumes_are_looked_up() {
        let of = |source: &str| of(&format!("volumes: [{{name: v, {source}}}]"));
        assert_eq!(of("configMap: {name: cm, items: [{key: a, path: a}]}"), [""; 0]);
        assert_eq!(of("configMap: {name: cm, items: [{key: c, path: a}]}"), ["- spec.volumes[name=v].configMap.items[0].key: the ConfigMap has no such key"]);
        assert_eq!(of("secret: {secretName: s}"), [""; 0]);
        assert_eq!(of("secret: {secretName: other}"), ["- spec.volumes[name=v].secret.secretName: no such Secret in the input"]);
        assert_eq!(of("secret: {secretName: other, optional: true}"), [""; 0]);
        assert_eq!(of("configMap: {name: kube-root-ca.crt}"), [""; 0]);
        assert_eq!(of("projected: {sources: [{configMap: {name: cm}}, {secret: {name: other}}, 1]}"), ["- spec.volumes[name=v].projected.sources[1].secret.name: no such Secret in the input"]);
    }

    #[test]
    fn objects_of_one_name_have_the_keys_of_all() {
        let of = |others: &str| found(ID, &format!("kind: Pod\nspec: {{volumes: [{{name: v, configMap: {{name: cm, items: [{{key: c}}]}}}}]}}\n{OTHERS}{others}"));
        assert_eq!(of("").len(), 1);
        assert_eq!(of("---\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {c: x}\n"), [""; 0]);
        assert_eq!(of("---\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {d: x}\n").len(), 1);
    }

    #[test]
    fn what_makes_secrets_makes_them() {
        let of = |maker: &str| found(ID, &format!("kind: Pod\nspec: {{volumes: [{{secret: {{secretName: x, items: [{{key: k}}]}}}}]}}\n---\n{maker}"));
        assert_eq!(of("apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: x}\n"), [""; 0]);
        assert_eq!(of("apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: y}\nspec: {target: {name: x}}\n"), [""; 0]);
        assert_eq!(of("apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: y}\nspec: {secretName: x}\n"), [""; 0]);
        assert_eq!(of("apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: x}\nspec: {secretName: y}\n").len(), 1);
    }

    #[test]
    fn is_silent_where_the_kind_is_not_shown() {
        let spec = "volumes: [{configMap: {name: x}}, {secret: {secretName: x}}]\n";
        assert!(in_every_kind(ID, spec).iter().all(Vec::is_empty));
        let pod = format!("kind: Pod\nspec: {{{}}}\n", spec.trim());
        assert_eq!(found(ID, &format!("{pod}---\nkind: ConfigMap\nmetadata: {{name: y}}\n")).len(), 1);
        assert_eq!(Case { complete: true, ..Case::of(ID) }.found(&pod).len(), 2);
    }
}
