//! Images from registries that are not allowed.

use seawall_finding::{Severity, rule};
use seawall_model::image::Image;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::images;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports images that come from none of the registries that the configuration names. An entry is a registry, or a registry and
    /// the beginning of a repository up to a `/`: `ghcr.io/team` allows `ghcr.io/team/app` and not `ghcr.io/teammate/app`. `*` stands
    /// for one part of a host name or of a path: `*.dkr.ecr.eu-west-1.amazonaws.com`. Images without a registry come from `docker.io`,
    /// and those of one word from `docker.io/library`.
    ///
    /// ## Why it matters
    /// Whoever can name any image can run anything in the cluster: a typing error is enough to get an image that a stranger has put
    /// where people make that error. Images from one's own registry have been scanned, and stay there.
    ///
    /// ## How to fix
    /// Copy the image to a registry that is allowed and name it there, or add its registry to the list.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: web
    ///   image: registry.example.com/web:1.4
    /// ```
    ///
    /// ## Applies to
    /// All containers. Nothing is reported until registries are configured. Images that are no references are left to `image-invalid`.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/containers/images/>
    /// - CIS Kubernetes Benchmark 5.5.1
    static RULE = {
        id: "image-registry-allowlist",
        aliases: &[],
        title: "comes from a registry that is not allowed",
        severity: Severity::Medium,
        level: None,
        off: true,
        tags: &["security", "images", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let allowed = &cx.params.registries;
    if allowed.is_empty() {
        return;
    }
    let Some(image) = images::pullable(at) else { return };
    if allowed.iter().any(|entry| allows(entry, &image)) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().key("image"),
            "registry not allowed",
            format!("{} takes its image from {}/{}, which is not allowed", at.said(), image.registry, image.repository),
            format!("take the image from a registry that is allowed: {}", allowed.join(", ")),
        )
    });
}

/// Whether an entry of the list allows an image.
fn allows(entry: &str, image: &Image) -> bool {
    let entry = entry.trim_end_matches('/');
    let (host, path) = entry.split_once('/').map_or((entry, None), |(host, path)| (host, Some(path)));
    let host = if host == "index.docker.io" { "docker.io" } else { host };
    let is_host = host.split('.').count() == image.registry.split('.').count()
        && host.split('.').zip(image.registry.split('.')).all(|(a, b)| a == "*" || a.eq_ignore_ascii_case(b));
    let mut parts = image.repository.split('/');
    let mut wanted = path.into_iter().flat_map(|path| path.split('/'));
    is_host && wanted.all(|want| parts.next().is_some_and(|part| want == "*" || want == part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Case;

    fn found(registries: &[&str], yaml: &str) -> Vec<String> {
        let mut case = Case::of("image-registry-allowlist");
        case.params.registries = registries.iter().map(|entry| (*entry).to_owned()).collect();
        case.found(yaml)
    }

    #[test]
    fn entries_match_at_boundaries() {
        for (entry, image, allowed) in [
            ("ghcr.io", "ghcr.io/team/app:1", true),
            ("ghcr.io/", "ghcr.io/team/app:1", true),
            ("ghcr.io/team", "ghcr.io/team/app:1", true),
            ("ghcr.io/team/", "ghcr.io/team/a/b", true),
            ("ghcr.io/team/app", "ghcr.io/team/app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true),
            ("ghcr.io/team", "ghcr.io/teammate/app", false),
            ("ghcr.io/team/app", "ghcr.io/team", false),
            ("ghcr.io", "evil.ghcr.io/team/app", false),
            ("ghcr.io", "ghcr.io.evil.example/team/app", false),
            ("ghcr.io", "ghcr.io:8443/team/app", false),
            ("GHCR.io", "ghcr.io/team/app", true),
            ("reg:5000", "reg:5000/app", true),
            ("reg:5000", "reg:5001/app", false),
            ("docker.io", "nginx", true),
            ("index.docker.io/library", "nginx:1", true),
            ("docker.io/library", "team/app", false),
            ("*.dkr.ecr.eu-west-1.amazonaws.com", "123.dkr.ecr.eu-west-1.amazonaws.com/app", true),
            ("*.dkr.ecr.eu-west-1.amazonaws.com", "a.b.dkr.ecr.eu-west-1.amazonaws.com/app", false),
            ("*.dkr.ecr.eu-west-1.amazonaws.com", "dkr.ecr.eu-west-1.amazonaws.com/app", false),
            ("ghcr.io/*/app", "ghcr.io/team/app", true),
            ("ghcr.io/*/app", "ghcr.io/team/other", false),
            ("ghcr.io/team/*", "ghcr.io/team/app/part", true),
        ] {
            assert_eq!(allows(entry, &Image::parse(image).unwrap()), allowed, "{entry} {image}");
        }
    }

    #[test]
    fn any_entry_will_do_and_none_allows_all() {
        let pod = "kind: Pod\nspec:\n  initContainers: [{name: i, image: 'quay.io/a/b'}]\n  containers: [{name: a, image: nginx}, {name: b, image: Bad}, {name: c}]\n  ephemeralContainers: [{name: e, image: 'quay.io/a/b'}]\n";
        assert_eq!(found(&[], pod), [""; 0]);
        assert_eq!(found(&["quay.io", "docker.io"], pod), [""; 0]);
        assert_eq!(found(&["ghcr.io", "quay.io"], pod), ["a spec.containers[name=a].image: registry not allowed"]);
        assert_eq!(found(&["ghcr.io", "docker.io"], pod), [
            "i spec.initContainers[name=i].image: registry not allowed",
            "e spec.ephemeralContainers[name=e].image: registry not allowed",
        ]);
        let job = "kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers: [{name: a, image: nginx}]\n";
        assert_eq!(found(&["ghcr.io"], job).len(), 1);
    }
}
