//! Containers whose root filesystem can be written.

use seawall_finding::{Safety, Severity, rule};
use seawall_model::pod::ContainerClass;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers without `readOnlyRootFilesystem: true`.
    ///
    /// ## Why it matters
    /// Whoever gets code to run in the container can put tools there, change its programs and wait for them to be started
    /// again. Where nothing can be written, most exploits that fetch a second stage end.
    ///
    /// No level of the Pod Security Standards asks for it: a pod that sets it to false, or not at all, passes restricted in every
    /// version.
    ///
    /// ## How to fix
    /// Set it to true, and mount an `emptyDir` at the few directories that the program writes to, such as `/tmp`.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   securityContext:
    ///     readOnlyRootFilesystem: true
    ///   volumeMounts:
    ///   - {name: tmp, mountPath: /tmp}
    /// ```
    ///
    /// ## Applies to
    /// All containers of Linux pods but ephemeral ones, which are there to bring tools.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>
    /// - NSA/CISA Kubernetes Hardening Guidance: immutable container filesystems
    static RULE = {
        id: "read-only-root-filesystem",
        aliases: &["readOnlyRootFilesystem"],
        title: "can write its root filesystem",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if at.class == ContainerClass::Ephemeral || at.pod().is_windows() {
        return;
    }
    let context = at.container.security_context.as_ref();
    let set = context.and_then(|c| c.read_only_root_filesystem);
    if set == Some(true) {
        return;
    }
    out.report(|| {
        let label = if set.is_some() { "must be true" } else { "no readOnlyRootFilesystem" };
        Hit::new(
            at.path().keys("securityContext.readOnlyRootFilesystem"),
            label,
            format!("{} can write its root filesystem", at.said()),
            "set readOnlyRootFilesystem: true, and mount an emptyDir where the program writes",
        )
        .sets(Safety::Likely, "breaks what writes outside of volumes: it ends with errors about a read-only file system", true)
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class};

    const ID: &str = "read-only-root-filesystem";

    #[test]
    fn only_true_will_do() {
        let hits = found(ID, "kind: Pod\nspec:\n  containers:\n  - name: a\n    securityContext: {readOnlyRootFilesystem: true}\n  - name: b\n    securityContext: {readOnlyRootFilesystem: false}\n  - name: c\n");
        assert_eq!(hits, [
            "b spec.containers[name=b].securityContext.readOnlyRootFilesystem: must be true",
            "c spec.containers[name=c].securityContext.readOnlyRootFilesystem: no readOnlyRootFilesystem",
        ]);
    }

    #[test]
    fn holds_for_init_containers_and_not_for_ephemeral_ones() {
        assert_eq!(in_every_class(ID, "image: a"), [true, true, false]);
        assert_eq!(in_every_class(ID, "securityContext: {readOnlyRootFilesystem: true}"), [false; 3]);
    }

    #[test]
    fn windows_has_no_such_field() {
        assert_eq!(found(ID, "kind: Pod\nspec:\n  os: {name: windows}\n  containers: [{name: a}]\n"), [""; 0]);
    }
}
