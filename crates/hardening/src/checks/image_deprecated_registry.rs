//! Images from registries that are given up.

use seawall_finding::{Safety, Severity, rule};
use seawall_model::image::Image;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::images;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports images from `k8s.gcr.io`, `gcr.io/google_containers` and `gcr.io/google-containers`, from `docker.io/bitnamilegacy`,
    /// and from `docker.io/bitnami` by a tag other than `latest` or by a digest.
    ///
    /// ## Why it matters
    /// These places get no more images, not even for security, and some of what was there is gone: pods that start on a new node
    /// fail to pull. Kubernetes froze `k8s.gcr.io` in April 2023, when `registry.k8s.io` took over. Bitnami moved its versioned
    /// images to `bitnamilegacy` from August 2025 on; nothing there is updated.
    ///
    /// ## How to fix
    /// Take images of Kubernetes from `registry.k8s.io`, where they have the same names. For images of Bitnami, take the image of the
    /// software's own project, a hardened one that is paid for, or one that you build.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: pause
    ///   image: registry.k8s.io/pause:3.10
    /// ```
    ///
    /// ## Applies to
    /// All containers. `docker.io/bitnami/minideb` has stayed and is not reported. Images that are no references are left to
    /// `image-invalid`.
    ///
    /// ## References
    /// - <https://kubernetes.io/blog/2023/03/10/image-registry-redirect/>
    /// - <https://github.com/bitnami/containers/issues/83267>
    static RULE = {
        id: "image-deprecated-registry",
        aliases: &[],
        title: "comes from a registry that is given up",
        severity: Severity::Low,
        level: None,
        tags: &["security", "reliability", "images"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

/// A place that is given up.
enum GivenUp {
    Kubernetes,
    Google,
    Bitnami,
    BitnamiLegacy,
}

/// The old registry of Kubernetes, and what took over.
const KUBERNETES: (&str, &str) = ("k8s.gcr.io/", "registry.k8s.io/");

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let Some(text) = images::written(at).filter(|text| may_be_given_up(text)) else { return };
    let Some(given_up) = images::pullable(at).as_ref().and_then(GivenUp::of) else { return };
    out.report(|| {
        let (label, why, advice) = match given_up {
            GivenUp::Kubernetes => (
                "frozen since 2023",
                "from a registry that is frozen and will be switched off",
                "take the image of the same name from registry.k8s.io",
            ),
            GivenUp::Google => (
                "no longer used by Kubernetes",
                "from a place that Kubernetes no longer uses",
                "take the image from registry.k8s.io",
            ),
            GivenUp::Bitnami => (
                "moved away in 2025",
                "from where Bitnami no longer keeps versioned images",
                "take the image of the software's own project",
            ),
            GivenUp::BitnamiLegacy => (
                "no more updates",
                "from an archive that gets no security updates",
                "take the image of the software's own project",
            ),
        };
        let hit = Hit::new(
            at.path().key("image"),
            label,
            format!("{} takes image \"{text}\" {why}", at.said()),
            advice,
        );
        match text.strip_prefix(KUBERNETES.0) {
            Some(rest) => hit.sets(
                Safety::Likely,
                "the same image; breaks where nodes, mirrors or policies only know the old registry",
                format!("{}{rest}", KUBERNETES.1),
            ),
            None => hit,
        }
    });
}

/// Whether it is worth while to read a reference.
fn may_be_given_up(text: &str) -> bool {
    ["k8s.gcr.io/", "gcr.io/google", "bitnami", "docker.io/bitnami", "index.docker.io/bitnami"]
        .iter()
        .any(|start| text.starts_with(start))
}

impl GivenUp {
    fn of(image: &Image) -> Option<Self> {
        let (first, rest) = image.repository.split_once('/').unwrap_or((&image.repository, ""));
        match (image.registry.as_str(), first) {
            ("k8s.gcr.io", _) => Some(Self::Kubernetes),
            ("gcr.io", "google_containers" | "google-containers") => Some(Self::Google),
            ("docker.io", "bitnamilegacy") => Some(Self::BitnamiLegacy),
            ("docker.io", "bitnami") if rest != "minideb" && image.pulled_tag() != Some("latest") => {
                Some(Self::Bitnami)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, in_every_class, in_every_kind};

    const ID: &str = "image-deprecated-registry";

    #[test]
    fn knows_the_places() {
        for image in [
            "k8s.gcr.io/pause:3.6",
            "k8s.gcr.io/ingress-nginx/controller",
            "gcr.io/google_containers/pause:3.1",
            "gcr.io/google-containers/pause",
            "bitnami/redis:7.2",
            "docker.io/bitnami/redis:7.2",
            "index.docker.io/bitnami/redis:7.2",
            "bitnami/redis@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "docker.io/bitnamilegacy/redis:7.2",
            "bitnamilegacy/redis",
        ] {
            assert_eq!(in_every_class(ID, &format!("image: {image}")), [true; 3], "{image}");
        }
        for image in [
            "registry.k8s.io/pause:3.6",
            "gcr.io/google-samples/hello-app:1.0",
            "gcr.io/my/google_containers",
            "mirror.example.com/k8s.gcr.io/pause:3.6",
            "quay.io/bitnami/redis:7.2",
            "bitnami/minideb:bookworm",
            "bitnami/redis",
            "bitnami/redis:latest",
            "bitnamisecure/redis:7",
            "bitnami:1",
            "k8s.gcr.io/Pause",
            "''",
            "null",
        ] {
            assert_eq!(in_every_class(ID, &format!("image: {image}")), [false; 3], "{image}");
        }
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a, image: k8s.gcr.io/pause}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn only_images_of_kubernetes_are_renamed() {
        let pod = "kind: Pod\nspec:\n  containers: [{name: a, image: 'k8s.gcr.io/a/b:1'}, {name: b, image: 'bitnami/a:1'}, {name: c, image: gcr.io/google_containers/a}]\n";
        let findings = Case::of(ID).findings(pod);
        let fixes: Vec<_> = findings.iter().map(|found| found.fix.as_ref()).collect();
        assert!(fixes.len() == 3 && fixes[1].is_none() && fixes[2].is_none());
        assert!(format!("{:?}", fixes[0].unwrap().steps[0].step).contains("registry.k8s.io/a/b:1"));
    }
}
