//! Pods with names of their own.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};

rule! {
    /// ## What it does
    /// Reports pods with `hostAliases`.
    ///
    /// ## Why it matters
    /// The names go into the pod's `/etc/hosts`, before the cluster's name service: whoever writes the pod decides where other names
    /// lead, and an address that moves is found nowhere else.
    ///
    /// ## How to fix
    /// Use a Service of type ExternalName, a Service with an EndpointSlice of your own, or an entry in the name service.
    ///
    /// ## Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: database}
    /// spec: {type: ExternalName, externalName: db.example.com}
    /// ```
    ///
    /// ## Applies to
    /// All pods. Off by default: an entry is rarely more than a workaround.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/>
    static RULE = {
        id: "host-aliases",
        aliases: &[],
        title: "has names of its own for addresses",
        severity: Severity::Info,
        off: true,
        tags: &["security", "network"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if at.pod.spec.host_aliases.is_none_or(|aliases| aliases.items().next().is_none()) {
        return;
    }
    out.report(|| {
        Hit::new(
            FieldPath::root().keys("spec.hostAliases"),
            "names past the name service",
            "the pod has names of its own for addresses, past the cluster's name service",
            "remove hostAliases, and name what is outside of the cluster by a Service",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_kind};

    const ID: &str = "host-aliases";

    #[test]
    fn reports_lists_with_something_in_them() {
        let pod = |aliases| format!("kind: Pod\nspec: {{hostAliases: {aliases}}}\n");
        let hit = "- spec.hostAliases: names past the name service";
        assert_eq!(found(ID, &pod("[{ip: 10.0.0.1, hostnames: [db]}, {ip: 10.0.0.2}]")), [hit]);
        for aliases in ["[]", "null", "{}", "x"] {
            assert_eq!(found(ID, &pod(aliases)), [""; 0], "{aliases}");
        }
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "hostAliases: [{ip: 10.0.0.1}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
