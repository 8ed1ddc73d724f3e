//! Images whose tag says nothing of what runs.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::images;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports images with neither a tag nor a digest, and images with the tag `latest` and no digest.
    ///
    /// ## Why it matters
    /// Runtimes pull `latest` where no tag is written, and what that is changes with every push. Two replicas can run different
    /// code, a rollback rolls nothing back, and nobody can tell which version was running when something happened.
    ///
    /// ## How to fix
    /// Name the version that was tested: `nginx:1.29.1`. A digest (`nginx:1.29.1@sha256:...`) makes sure that it stays the same.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: web
    ///   image: nginx:1.29.1
    /// ```
    ///
    /// ## Applies to
    /// All containers: init and ephemeral ones run code of others as well. Images that are no references are left to
    /// `image-invalid`, and so is what a webhook or a trigger puts in (`auto` in gateways of Istio, a blank in a DeploymentConfig of
    /// OpenShift).
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/containers/images/#image-names>
    /// - NSA/CISA Kubernetes Hardening Guidance: building secure container images
    static RULE = {
        id: "image-tag-latest",
        aliases: &[],
        title: "runs whatever image was pushed last",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "reliability", "images", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let Some(text) = images::written(at).filter(|text| may_be_latest(text)) else { return };
    let Some(image) = images::pullable(at) else { return };
    if image.pulled_tag() != Some("latest") {
        return;
    }
    out.report(|| {
        let (label, how) = match image.tag {
            Some(_) => ("tag latest", "by the tag latest, which changes with every push"),
            None => ("no tag", "without a tag, which means the latest one"),
        };
        Hit::new(
            at.path().key("image"),
            label,
            format!("{} runs image \"{text}\" {how}", at.said()),
            "name the version that was tested, such as :1.29.1, or its digest",
        )
    });
}

/// Whether it is worth while to read a reference: most have another tag, or a digest.
fn may_be_latest(text: &str) -> bool {
    let last = text.rsplit('/').next().unwrap_or_default();
    !last.contains([':', '@']) || last.ends_with(":latest")
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "image-tag-latest";
    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn labels(image: &str) -> Vec<String> {
        found(ID, &format!("kind: Pod\nspec:\n  containers: [{{name: a, image: {image}}}]\n"))
    }

    #[test]
    fn no_tag_and_latest_are_the_same() {
        for image in ["nginx", "reg.example.com:5000/app", "reg.example.com/team/app"] {
            assert_eq!(labels(image), ["a spec.containers[name=a].image: no tag"], "{image}");
        }
        for image in ["nginx:latest", "reg.example.com:5000/app:latest"] {
            assert_eq!(labels(image), ["a spec.containers[name=a].image: tag latest"], "{image}");
        }
    }

    #[test]
    fn versions_and_digests_will_do() {
        let images = ["nginx:1.29", "reg.example.com:5000/app:1", "nginx:latest-alpine", "nginx:Latest"];
        for image in images.map(str::to_owned).into_iter().chain([
            format!("nginx@{DIGEST}"),
            format!("nginx:latest@{DIGEST}"),
            format!("reg.example.com:5000/app@{DIGEST}"),
        ]) {
            assert_eq!(labels(&image), [""; 0], "{image}");
        }
    }

    #[test]
    fn what_is_no_image_is_left_to_others() {
        for image in ["Nginx", "'{{ image }}'", "''", "null", "[a]", "5", "a/:latest", "'nginx '", "nginx@latest"] {
            assert_eq!(labels(image), [""; 0], "{image}");
        }
        assert_eq!(found(ID, "kind: Pod\nspec:\n  containers: [{name: istio-proxy, image: auto}, {name: b}]\n"), [""; 0]);
        assert_eq!(labels("auto").len(), 1);
    }

    #[test]
    fn looks_at_every_container_of_every_kind() {
        assert_eq!(in_every_class(ID, "image: nginx"), [true; 3]);
        assert_eq!(in_every_class(ID, "image: nginx:1.29"), [false; 3]);
        let kinds = in_every_kind(ID, "containers: [{name: a, image: nginx}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn aliases_count_as_what_they_stand_for() {
        let pod = "kind: Pod\nspec:\n  containers:\n  - &a {name: a, image: nginx}\n  - {<<: *a, name: b}\n";
        assert_eq!(found(ID, pod).len(), 2);
    }
}
