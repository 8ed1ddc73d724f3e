//! Containers for which no `AppArmor` profile is named.

use seawall_finding::{Severity, rule};
use seawall_manifest::defaults::APP_ARMOR_PREFIX;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers for which no `AppArmor` profile is named: by their own `appArmorProfile`, by the pod's, or by the annotation
    /// `container.apparmor.security.beta.kubernetes.io/<container>`.
    ///
    /// ## Why it matters
    /// What confines the container is then up to the runtime of the node it comes to. Most have a profile for that; a pod that asks for
    /// one does not start where there is none.
    ///
    /// ## How to fix
    /// Set `appArmorProfile: {type: RuntimeDefault}` for the pod, or `Localhost` with a profile of your own. Nodes without `AppArmor` do
    /// not start such pods.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   securityContext: {appArmorProfile: {type: RuntimeDefault}}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// All containers of Linux pods. Off by default: distributions without `AppArmor` have `SELinux` in its place. A profile that lifts
    /// the confinement is `apparmor-profile`'s.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tutorials/security/apparmor/>
    /// - NSA/CISA Kubernetes Hardening Guidance: hardening applications
    static RULE = {
        id: "apparmor-missing",
        aliases: &[],
        title: "names no AppArmor profile",
        severity: Severity::Info,
        off: true,
        tags: &["security", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let names = |profile: Option<NodeRef<'_>>| {
        profile.and_then(|profile| profile.get("type")).and_then(NodeRef::as_str).is_some_and(|kind| !kind.is_empty())
    };
    let of_container = at.container.security_context.as_ref().and_then(|context| context.app_armor_profile);
    let of_pod = at.pod().spec.security_context.as_ref().and_then(|context| context.app_armor_profile);
    if names(of_container) || names(of_pod) || at.pod().is_windows() {
        return;
    }
    if at.pod().has_annotation(&format!("{APP_ARMOR_PREFIX}{}", at.container.name)) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().keys("securityContext.appArmorProfile.type"),
            "no AppArmor profile",
            format!("{} has the AppArmor profile that its node's runtime chooses, if it chooses one", at.said()),
            "set appArmorProfile: {type: RuntimeDefault}, for the pod or the container",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "apparmor-missing";

    #[test]
    fn a_profile_has_to_be_named() {
        assert_eq!(in_every_class(ID, ""), [true; 3]);
        for (profile, missing) in
            [("{type: RuntimeDefault}", false), ("{type: Unconfined}", false), ("{type: null}", true), ("{type: ''}", true), ("{}", true), ("null", true)]
        {
            let fields = format!("securityContext: {{appArmorProfile: {profile}}}");
            assert_eq!(in_every_class(ID, &fields), [missing; 3], "{profile}");
        }
    }

    #[test]
    fn the_pod_may_name_it_and_an_annotation_for_one_container() {
        let pod = |head: &str| format!("kind: Pod\nmetadata: {{name: p{head}\n  containers: [{{name: a}}, {{name: b}}]\n");
        let by_field = pod("}\nspec:\n  securityContext: {appArmorProfile: {type: RuntimeDefault}}");
        assert_eq!(found(ID, &by_field), [""; 0]);
        let by_annotation = pod(", annotations: {container.apparmor.security.beta.kubernetes.io/a: runtime/default}}\nspec:");
        assert_eq!(found(ID, &by_annotation), ["b spec.containers[name=b].securityContext.appArmorProfile.type: no AppArmor profile"]);
    }

    #[test]
    fn looks_into_every_kind_of_workload_but_not_at_windows() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        assert_eq!(found(ID, "kind: Pod\nspec:\n  os: {name: windows}\n  containers: [{name: a}]\n"), [""; 0]);
    }
}
