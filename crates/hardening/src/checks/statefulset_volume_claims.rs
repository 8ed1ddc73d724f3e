//! Claims of StatefulSets.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};

rule! {
    /// ## What it does
    /// Reports entries of `volumeClaimTemplates` that ask for no storage, and those whose access modes have
    /// `ReadWriteMany`.
    ///
    /// ## Why it matters
    /// Without a size the API server refuses the claim when the pod is made, not when the StatefulSet is. Each pod of a
    /// StatefulSet has a claim of its own: that others write to the same volume is rarely meant, and few storage
    /// classes can do it.
    ///
    /// ## How to fix
    /// Set `resources.requests.storage`, and use `ReadWriteOnce` or `ReadWriteOncePod`.
    ///
    /// ## Example
    /// ```yaml
    /// volumeClaimTemplates:
    /// - metadata: {name: data}
    ///   spec:
    ///     accessModes: [ReadWriteOncePod]
    ///     resources: {requests: {storage: 10Gi}}
    /// ```
    ///
    /// ## Applies to
    /// StatefulSets.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes>
    /// - <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#volume-claim-templates>
    static RULE = {
        id: "statefulset-volume-claims",
        aliases: &[],
        title: "claims volumes in an unusual way",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability", "correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if object.kind != "StatefulSet" || object.group() != "apps" {
        return;
    }
    let claims = object.node.get("spec").and_then(|spec| spec.get("volumeClaimTemplates"));
    for (index, claim) in claims.into_iter().flat_map(NodeRef::items).enumerate() {
        let spec = claim.get("spec");
        let name = || {
            let name = claim.get("metadata").and_then(|metadata| metadata.get("name")).and_then(NodeRef::as_str);
            format!("StatefulSet \"{}\": claim \"{}\"", object.name, name.unwrap_or_default())
        };
        let path = || FieldPath::root().keys("spec.volumeClaimTemplates").index(index).key("spec");
        let storage = ["resources", "requests", "storage"].iter().try_fold(spec, |node, key| Some(node?.get(key)));
        if storage.flatten().is_none_or(NodeRef::is_null) {
            out.report(|| {
                let path = path().keys("resources.requests.storage");
                let advice = "set resources.requests.storage";
                Hit::new(path, "no size", format!("{} asks for no storage", name()), advice)
            });
        }
        let modes = spec.and_then(|spec| spec.get("accessModes"));
        let shared = modes.and_then(|m| m.items().position(|mode| mode.as_str() == Some("ReadWriteMany")));
        if let Some(at) = shared {
            out.report(|| {
                let path = path().key("accessModes").index(at);
                let message = format!("{} can be written by many nodes", name());
                Hit::new(path, "for many nodes", message, "use ReadWriteOnce or ReadWriteOncePod: each pod has its own claim")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "statefulset-volume-claims";

    fn claims(claims: &str) -> Vec<String> {
        found(ID, &format!("kind: StatefulSet\nmetadata: {{name: s}}\nspec: {{volumeClaimTemplates: {claims}}}\n"))
    }

    #[test]
    fn size_and_access() {
        let fine = "{metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
        assert_eq!(claims(&format!("[{fine}]")), [""; 0]);
        assert_eq!(claims(&format!("[{fine}, {{spec: {{accessModes: [ReadOnlyMany, ReadWriteMany]}}}}]")), [
            "- spec.volumeClaimTemplates[1].spec.resources.requests.storage: no size",
            "- spec.volumeClaimTemplates[1].spec.accessModes[1]: for many nodes",
        ]);
        for size in ["{spec: null}", "{spec: {resources: {requests: {storage: null}}}}", "{spec: {resources: 1}}", "null"] {
            assert_eq!(claims(&format!("[{size}]")).len(), 1, "{size}");
        }
        assert_eq!(claims("[{spec: {resources: {requests: {storage: 5}}}}]"), [""; 0]);
        assert_eq!(claims("null"), [""; 0]);
        assert_eq!(claims("1"), [""; 0]);
    }
}
