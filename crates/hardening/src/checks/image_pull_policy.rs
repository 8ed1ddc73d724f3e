//! Mutable images that a node takes from its cache.

use seawall_finding::{Safety, Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::images;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers whose image is named by a tag and whose `imagePullPolicy` is not `Always`, be it written or the default
    /// that the API server sets: `Always` for `latest` and for no tag, `IfNotPresent` for every other tag.
    ///
    /// ## Why it matters
    /// A node that has the image does not ask the registry: it goes on running old content of the tag, and a pod of another tenant
    /// can run a private image that happens to be on the node without the right to pull it.
    ///
    /// ## How to fix
    /// Set `imagePullPolicy: Always`: only what changed is pulled. Where images are named by digest, their content cannot change, and
    /// nothing is reported.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: web
    ///   image: registry.example.com/web:1.4
    ///   imagePullPolicy: Always
    /// ```
    ///
    /// ## Applies to
    /// All containers. It is off unless it is asked for: it matters where tags are moved or nodes are shared by tenants. Images that
    /// are no references are left to `image-invalid`.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy>
    /// - k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, `SetDefaults_Container`
    /// - CIS Kubernetes Benchmark 1.2.11 asks for the same by the admission plugin `AlwaysPullImages`
    static RULE = {
        id: "image-pull-policy",
        aliases: &[],
        title: "may run an old copy of its image",
        severity: Severity::Low,
        level: None,
        off: true,
        tags: &["security", "images", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let Some(image) = images::pullable(at).filter(|image| image.digest.is_none()) else { return };
    let written = at.container.image_pull_policy.filter(|policy| !policy.is_empty());
    let default = if image.pulled_tag() == Some("latest") { "Always" } else { "IfNotPresent" };
    let policy = written.unwrap_or(default);
    if policy == "Always" {
        return;
    }
    out.report(|| {
        let label = if written.is_some() { "must be Always" } else { "IfNotPresent by default" };
        Hit::new(
            at.path().key("imagePullPolicy"),
            label,
            format!("{} may run an old copy of its image, which is named by a tag", at.said()),
            "set imagePullPolicy: Always, or name the image by its digest",
        )
        .sets(Safety::Likely, "breaks where the registry cannot be reached from the node, or the image is only there", "Always")
    });
}

#[cfg(test)]
mod tests {
    use seawall_finding::Safety;

    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "image-pull-policy";
    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn defaults_are_those_of_the_api_server() {
        for (image, reported) in [
            ("nginx", false),
            ("nginx:latest", false),
            ("nginx:1.29", true),
            ("reg:5000/app", false),
            ("reg:5000/app:1", true),
            (&format!("nginx:1@{DIGEST}"), false),
            ("Nginx:1", false),
            ("''", false),
        ] {
            assert_eq!(in_every_class(ID, &format!("image: {image}")), [reported; 3], "{image}");
        }
    }

    #[test]
    fn what_is_written_counts() {
        for (fields, reported) in [
            ("image: nginx:1\nimagePullPolicy: Always", false),
            ("image: nginx:1\nimagePullPolicy: ''", true),
            ("image: nginx:1\nimagePullPolicy: null", true),
            ("image: nginx:latest\nimagePullPolicy: ''", false),
            ("image: nginx\nimagePullPolicy: IfNotPresent", true),
            ("image: nginx\nimagePullPolicy: Never", true),
            ("image: nginx\nimagePullPolicy: always", true),
            (&format!("image: nginx@{DIGEST}\nimagePullPolicy: Never"), false),
        ] {
            assert_eq!(in_every_class(ID, fields), [reported; 3], "{fields}");
        }
    }

    #[test]
    fn says_where_and_can_be_repaired() {
        let kinds = in_every_kind(ID, "containers: [{name: a, image: 'nginx:1'}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        let pod = "kind: Pod\nspec:\n  containers: [{name: a, image: 'b:1'}, {name: b, image: b, imagePullPolicy: Never}]\n";
        assert_eq!(found(ID, pod), [
            "a spec.containers[name=a].imagePullPolicy: IfNotPresent by default",
            "b spec.containers[name=b].imagePullPolicy: must be Always",
        ]);
        let fix = Case::of(ID).findings(pod).remove(0).fix.unwrap();
        assert_eq!(fix.safety, Safety::Likely);
        let changes = fix.changes(false, None).unwrap();
        assert_eq!(changes[0].path.to_string(), "spec.containers[name=a].imagePullPolicy");
    }
}
