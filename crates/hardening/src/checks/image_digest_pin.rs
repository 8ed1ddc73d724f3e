//! Images that are not named by a digest.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::images;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports images without a digest (`@sha256:...`).
    ///
    /// ## Why it matters
    /// A tag is a name that its owner can give to other content at any time, and so can whoever gets hold of the owner's account. A
    /// digest is the content: the node refuses anything else.
    ///
    /// ## How to fix
    /// Write the digest behind the tag: `nginx:1.29.1@sha256:...`; the registry and `crane digest nginx:1.29.1` tell it. Let a bot
    /// such as Renovate keep it current, or let an admission controller put it in.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: web
    ///   image: nginx:1.29.1@sha256:d5f28ef21aabddd098f3dbc21fe5b7a7d7a184720bc07da0b6c9b9820e97f25e
    /// ```
    ///
    /// ## Applies to
    /// All containers. It is off unless it is asked for, because it needs a way to keep digests current. Images that are no references
    /// are left to `image-invalid`.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/containers/images/#image-names>
    static RULE = {
        id: "image-digest-pin",
        aliases: &[],
        title: "is not pinned by a digest",
        severity: Severity::Low,
        level: None,
        off: true,
        tags: &["security", "images"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let Some(text) = images::written(at) else { return };
    if images::pullable(at).is_none_or(|image| image.digest.is_some()) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().key("image"),
            "no digest",
            format!("{} runs image \"{text}\", which can change without notice", at.said()),
            "write the digest behind the tag: `@sha256:` and 64 hexadecimal digits",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "image-digest-pin";
    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn only_a_digest_will_do() {
        for image in ["nginx", "nginx:1.29", "reg:5000/app:1"] {
            assert_eq!(in_every_class(ID, &format!("image: {image}")), [true; 3], "{image}");
        }
        for image in [format!("nginx@{DIGEST}"), format!("reg:5000/app:1@{DIGEST}")] {
            assert_eq!(in_every_class(ID, &format!("image: {image}")), [false; 3], "{image}");
        }
    }

    #[test]
    fn what_is_no_image_is_left_to_others() {
        for image in ["Nginx", "nginx@sha256:ab", "''", "null", "{}"] {
            assert_eq!(in_every_class(ID, &format!("image: {image}")), [false; 3], "{image}");
        }
    }

    #[test]
    fn says_where() {
        let kinds = in_every_kind(ID, "containers: [{name: a, image: nginx}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        let pod = "kind: Pod\nspec:\n  containers: [{name: a, image: nginx}]\n";
        assert_eq!(found(ID, pod), ["a spec.containers[name=a].image: no digest"]);
    }
}
