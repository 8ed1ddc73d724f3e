//! Windows containers that run as their administrator.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers whose `windowsOptions.runAsUserName`, their own or else the pod's, is `ContainerAdministrator`, with or
    /// without a domain before it.
    ///
    /// ## Why it matters
    /// That user is to a Windows container what root is to one of Linux: it installs services, changes every file of the image and
    /// of volumes, and is where an escape begins.
    ///
    /// ## How to fix
    /// Write `ContainerUser`, and give it what it needs in the image. With `runAsNonRoot: true` the kubelet refuses to start an
    /// administrator, those that an image names too.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   os: {name: windows}
    ///   securityContext:
    ///     runAsNonRoot: true
    ///     windowsOptions: {runAsUserName: ContainerUser}
    /// ```
    ///
    /// ## Applies to
    /// All containers. `run-as-root-user` is the same for Linux, and what the standard speaks of. Where no name is written the user is
    /// the image's, which the manifest does not show.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-runasusername/>
    /// - CIS Kubernetes Benchmark 5.2.7
    static RULE = {
        id: "run-as-administrator",
        aliases: &[],
        title: "runs as the administrator of its Windows container",
        severity: Severity::High,
        level: None,
        tags: &["security", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

/// The user, without regard to case (`pkg/kubelet/kuberuntime/security_context_windows.go`).
const ADMINISTRATOR: &str = "ContainerAdministrator";

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    fn name(options: Option<NodeRef<'_>>) -> Option<&str> {
        options?.get("runAsUserName")?.as_str()
    }
    let of_container = name(at.container.security_context.as_ref().and_then(|context| context.windows_options));
    let of_pod = name(at.pod().spec.security_context.as_ref().and_then(|context| context.windows_options));
    let Some(user) = of_container.or(of_pod) else { return };
    let account = user.rsplit_once('\\').map_or(user, |(_, account)| account);
    if !account.eq_ignore_ascii_case(ADMINISTRATOR) {
        return;
    }
    out.report(|| {
        let holder = if of_container.is_some() { at.path() } else { FieldPath::root().key("spec") };
        Hit::new(
            holder.keys("securityContext.windowsOptions.runAsUserName"),
            "the administrator",
            format!("{} runs as the administrator of its Windows container", at.said()),
            "set runAsUserName: ContainerUser, if the program can run as that user",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "run-as-administrator";

    #[test]
    fn may_be_no_administrator_however_it_is_written() {
        for (name, is_one) in [
            ("ContainerAdministrator", true),
            ("containeradministrator", true),
            ("'User Manager\\ContainerAdministrator'", true),
            ("ContainerUser", false),
            ("'ContainerAdministrator\\me'", false),
            ("Administrator", false),
            ("null", false),
            ("5", false),
        ] {
            let fields = format!("securityContext: {{windowsOptions: {{runAsUserName: {name}}}}}");
            assert_eq!(in_every_class(ID, &fields), [is_one; 3], "{name}");
        }
        assert_eq!(in_every_class(ID, "securityContext: {windowsOptions: null}"), [false; 3]);
    }

    #[test]
    fn the_container_overrides_the_pod() {
        let pod = "kind: Pod\nspec:\n  securityContext: {windowsOptions: {runAsUserName: ContainerAdministrator}}\n  containers:\n  - name: a\n  - {name: b, securityContext: {windowsOptions: {runAsUserName: ContainerUser}}}\n  - {name: c, securityContext: {windowsOptions: {hostProcess: false}}}\n";
        assert_eq!(found(ID, pod), [
            "a spec.securityContext.windowsOptions.runAsUserName: the administrator",
            "c spec.securityContext.windowsOptions.runAsUserName: the administrator",
        ]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let context = "securityContext: {windowsOptions: {runAsUserName: ContainerAdministrator}}\ncontainers: [{name: a}]\n";
        let kinds = in_every_kind(ID, context);
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
