//! Texts that name no image.

use seawall_finding::{Safety, Severity, rule};
use seawall_model::image::{Image, ImageError};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::images;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports images that are not written as runtimes read them: `[registry/]repository[:tag][@digest]`, with the repository in lower
    /// case and without spaces.
    ///
    /// ## Why it matters
    /// The API server takes nearly any text for an image of a pod template. The pods then fail with `InvalidImageName` for as long as
    /// they exist, or are refused one by one.
    ///
    /// ## How to fix
    /// Correct the text: put the repository in lower case, take scheme (`https://`) and spaces away, fill in placeholders before
    /// the manifest is applied.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: web
    ///   image: registry.example.com:5000/team/web:1.4
    /// ```
    ///
    /// ## Applies to
    /// All containers that have `image`. What a webhook or a trigger puts in is not reported (`auto` in gateways of Istio, a blank in
    /// a DeploymentConfig of OpenShift), nor what `ko` builds (`ko://`).
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/containers/images/#image-names>
    /// - github.com/distribution/reference `normalize.go`
    static RULE = {
        id: "image-invalid",
        aliases: &[],
        title: "names no image",
        severity: Severity::High,
        level: None,
        tags: &["correctness", "images"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let Some(text) = images::written(at) else { return };
    let error = match Image::parse(text) {
        Ok(image) if !image.registry.is_empty() => return,
        Ok(_) => None,
        Err(error) => Some(error),
    };
    // The text may be anything, a password in an address too: it is not repeated.
    out.report(|| {
        let said = at.said();
        let path = at.path().key("image");
        let trimmed = text.trim();
        if trimmed.len() != text.len() && Image::parse(trimmed).is_ok_and(|image| !image.registry.is_empty()) {
            let message = format!("the image of {said} has spaces around it, and no pod can be made");
            return Hit::new(path, "spaces around it", message, "take the spaces away").sets(
                Safety::Safe,
                "as it is, the API server refuses every pod",
                trimmed,
            );
        }
        let (label, must) = match error {
            _ if trimmed.is_empty() => ("empty", "is empty".to_owned()),
            _ if ["{", "$(", "<"].iter().any(|open| text.contains(open)) => {
                ("placeholder", "still has a placeholder".to_owned())
            }
            None => ("no registry", "must have a host name, or none, in front of its repository".to_owned()),
            Some(error) => {
                let label = match error {
                    ImageError::Format => "no image reference",
                    ImageError::Uppercase => "capital letters",
                    ImageError::TooLong => "too long",
                    ImageError::Id => "an image id",
                };
                (label, error.to_string())
            }
        };
        Hit::new(
            path,
            label,
            format!("the image of {said} {must}"),
            "write it as [registry/]repository[:tag][@digest], such as registry.example.com/team/web:1.4",
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "image-invalid";

    fn labels(image: &str) -> Vec<String> {
        found(ID, &format!("kind: Pod\nspec:\n  containers: [{{name: a, image: {image}}}]\n"))
    }

    #[test]
    fn says_what_is_wrong() {
        let id = "a".repeat(64);
        let long = format!("{}b", "a/".repeat(150));
        for (image, label) in [
            ("Nginx", "capital letters"),
            ("ghcr.io/Team/app:1", "capital letters"),
            ("nginx:", "no image reference"),
            ("nginx:1:2", "no image reference"),
            ("https://ghcr.io/a", "no image reference"),
            ("'{{ .Values.image }}'", "placeholder"),
            ("'${IMAGE}'", "placeholder"),
            ("'{IMAGE}'", "placeholder"),
            ("'app:{tag}'", "placeholder"),
            ("'app:$(TAG)'", "placeholder"),
            ("<YOUR-IMAGE>", "placeholder"),
            ("nginx@sha256:ab", "no image reference"),
            ("'ngi nx'", "no image reference"),
            ("''", "empty"),
            ("'  '", "empty"),
            ("' nginx:1'", "spaces around it"),
            ("my_reg.example.com/app", "no registry"),
            (&id, "an image id"),
            (&long, "too long"),
        ] {
            assert_eq!(labels(image), [format!("a spec.containers[name=a].image: {label}")], "{image}");
        }
    }

    #[test]
    fn references_will_do() {
        for image in ["nginx", "reg:5000/app", "ghcr.io/a/b:C", "null", "[a]", "5", "localhost/app", "ko://example.com/team/cmd/Web"] {
            assert_eq!(labels(image), [""; 0], "{image}");
        }
        let replaced = "apiVersion: apps.openshift.io/v1\nkind: DeploymentConfig\nspec:\n  template:\n    spec:\n      containers: [{name: a, image: ' '}]\n";
        assert_eq!(found(ID, replaced), [""; 0]);
    }

    #[test]
    fn looks_at_every_container_of_every_kind() {
        assert_eq!(in_every_class(ID, "image: Nginx"), [true; 3]);
        assert_eq!(in_every_class(ID, "image: nginx"), [false; 3]);
        let kinds = in_every_kind(ID, "containers: [{name: a, image: Nginx}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn does_not_repeat_the_text_and_only_trims() {
        let pod = "kind: Pod\nspec:\n  containers: [{name: a, image: 'https://u:hunter2@ghcr.io/a'}, {name: b, image: 'nginx '}]\n";
        let findings = Case::of(ID).findings(pod);
        assert!(!format!("{:?}", findings[0]).contains("hunter2"));
        assert_eq!(findings[0].fix, None);
        let fix = findings[1].fix.as_ref().unwrap();
        assert_eq!(fix.safety, Safety::Safe);
        assert!(format!("{:?}", fix.steps[0].step).contains("\"nginx\""));
    }
}
