//! Objects that are in the input twice.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::path;

rule! {
    /// ## What it does
    /// Reports objects of the same kind, namespace and name as another of the input, in whatever apiVersion:
    /// `Ingress` of `extensions/v1beta1` is that of `networking.k8s.io/v1`.
    ///
    /// ## Why it matters
    /// The one that is applied last overwrites the other: which one that is depends on the order of the files.
    ///
    /// ## How to fix
    /// Remove one, or give it another name. Files for several clusters belong into scopes of their own.
    ///
    /// ## Example
    /// ```yaml
    /// kind: ConfigMap
    /// metadata: {name: settings, namespace: shop}
    /// ```
    ///
    /// ## Applies to
    /// All objects with a name; those of different scopes are in different clusters. Objects without a namespace are the
    /// same as those of the one namespace that the input names, or of `default`. Evaluated where the input is declared
    /// complete: directories often hold variants of an object of which one is applied, such as bases and overlays.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>
    static RULE = {
        id: "duplicate-object",
        aliases: &[],
        title: "is in the input more than once",
        severity: Severity::Medium,
        level: None,
        tags: &["correctness"],
    };
}

static BESIDE: Beside = Beside::COPIES;

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    // Bases and overlays hold one object in many files: what is applied together is not seen.
    let Some(index) = cx.index.filter(|index| index.is_complete()) else { return };
    out.report(|| {
        let copies = index.copies(object, cx.scope);
        let (kind, name) = (object.kind, object.name);
        Hit::new(
            path("metadata.name"),
            format!("{copies} objects have this name"),
            format!("{copies} objects of the input are {kind} `{name}` of this namespace: the last one to be applied overwrites the others"),
            "remove all but one, or give them names of their own",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::Case;

    const ID: &str = "duplicate-object";
    const FOUND: &str = "- metadata.name: 2 objects have this name";

    fn found(id: &str, yaml: &str) -> Vec<String> {
        Case { complete: true, ..Case::of(id) }.found(yaml)
    }

    fn of(one: &str, other: &str) -> Vec<String> {
        found(ID, &format!("{one}\n---\n{other}\n"))
    }

    #[test]
    fn kind_namespace_and_name_make_an_object() {
        let secret = "kind: Secret\nmetadata: {name: a, namespace: b}";
        assert_eq!(of(secret, secret), [FOUND; 2]);
        assert_eq!(of(secret, "kind: ConfigMap\nmetadata: {name: a, namespace: b}"), [""; 0]);
        assert_eq!(of(secret, "kind: Secret\nmetadata: {name: a, namespace: c}"), [""; 0]);
        assert_eq!(of(secret, "kind: Secret\nmetadata: {name: b, namespace: b}"), [""; 0]);
        assert_eq!(of(secret, "kind: Secret\nmetadata: {name: a}"), [FOUND; 2], "the one namespace");
        let custom = "apiVersion: example.com/v1\nkind: Secret\nmetadata: {name: a, namespace: b}";
        assert_eq!(of(secret, custom), [""; 0]);
        assert_eq!(of(custom, custom), [FOUND; 2]);
        let generated = "kind: Pod\nmetadata: {generateName: a-}";
        assert_eq!(of(generated, generated), [""; 0]);
    }

    #[test]
    fn nothing_is_said_where_more_may_be_elsewhere() {
        let secret = "kind: Secret\nmetadata: {name: a, namespace: b}\n";
        assert_eq!(Case::of(ID).found(&format!("{secret}---\n{secret}")), [""; 0]);
    }

    #[test]
    fn versions_and_namespaces_of_what_has_none_do_not_matter() {
        let old = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}";
        assert_eq!(of(old, "kind: Ingress\nmetadata: {name: a}"), [FOUND; 2]);
        let role = "kind: ClusterRole\nmetadata: {name: a}";
        assert_eq!(of(role, "kind: ClusterRole\nmetadata: {name: a, namespace: b}"), [FOUND; 2]);
        let shop = "kind: Namespace\nmetadata: {name: shop}";
        assert_eq!(of(shop, shop), [FOUND; 2]);
        assert_eq!(of(shop, "kind: Namespace\nmetadata: {name: other}"), [""; 0]);
    }
}
