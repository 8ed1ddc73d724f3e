//! Objects that are in the input twice.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::index::Kind;
use crate::workloads::path;

rule! {
    /// ## What it does
    /// Reports objects of the same kind, namespace and name as another of the file, in whatever apiVersion:
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
    /// All objects with a name. Those of different files count where the input is declared complete (`--complete`), for
    /// directories often hold variants of an object of which one is applied, such as bases and overlays; those of
    /// different scopes are in different clusters. Objects without a namespace are the same as others of the file without
    /// one, and in a complete input as those of the one namespace that it names, or of `default`. What a `ManifestWork`
    /// or a `Template` holds counts in a complete input alone.
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
    let Some(index) = cx.index else { return };
    // Bases and overlays hold one object in many files: what of them is applied together is not seen.
    let (copies, whose) = match cx.twins.map_or(0, |twins| twins.count(object)) {
        _ if index.is_complete() => (index.copies(object, cx.scope), "input"),
        0 => return,
        copies => (copies, "file"),
    };
    out.report(|| {
        let (kind, name) = (object.kind, object.name);
        let cluster = Kind::of(object.group(), kind).is_cluster_scoped();
        let of = if cluster { "" } else { " of this namespace" };
        Hit::new(
            path("metadata.name"),
            format!("{copies} objects have this name"),
            format!("{copies} objects of the {whose} are {kind} `{name}`{of}: the last one to be applied overwrites the others"),
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
    fn a_file_is_of_one_cluster() {
        let in_file = |yaml: &str| Case::of(ID).found(yaml);
        let secret = "kind: Secret\nmetadata: {name: a, namespace: b}\n";
        assert_eq!(in_file(&format!("{secret}---\n{secret}")), [FOUND; 2]);
        let bare = "kind: Secret\nmetadata: {name: a}\n";
        let others = "---\nkind: Secret\nmetadata: {name: b, namespace: c}\n---\nkind: Secret\nmetadata: {name: b, namespace: d}\n";
        assert_eq!(in_file(&format!("{bare}---\n{bare}{others}")), [FOUND; 2], "they go to the same namespace");
        assert_eq!(in_file(&format!("{secret}---\n{bare}")), [""; 0], "who knows where the one goes");
        let item = "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: b}}";
        assert_eq!(in_file(&format!("kind: List\nitems: [{item}, {item}]\n")), [FOUND; 2]);
        let work = format!(
            "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nspec: {{workload: {{manifests: [{item}]}}}}\n"
        );
        assert_eq!(in_file(&format!("{work}---\n{work}")), [""; 0], "of two clusters");
        let message = &Case::of(ID).findings(&format!("{secret}---\n{secret}"))[0].finding.message;
        assert!(message.starts_with("2 objects of the file are Secret `a`"), "{message}");
    }

    #[test]
    fn versions_and_namespaces_of_what_has_none_do_not_matter() {
        let old = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}";
        assert_eq!(of(old, "kind: Ingress\nmetadata: {name: a}"), [FOUND; 2]);
        let role = "kind: ClusterRole\nmetadata: {name: a}";
        assert_eq!(of(role, "kind: ClusterRole\nmetadata: {name: a, namespace: b}"), [FOUND; 2]);
        let shop = "kind: Namespace\nmetadata: {name: shop}";
        assert_eq!(of(shop, shop), [FOUND; 2]);
        let message = &Case::of(ID).findings(&format!("{shop}\n---\n{shop}\n"))[0].finding.message;
        assert!(message.contains("Namespace `shop`: the last one"), "{message}");
        assert_eq!(of(shop, "kind: Namespace\nmetadata: {name: other}"), [""; 0]);
    }
}
