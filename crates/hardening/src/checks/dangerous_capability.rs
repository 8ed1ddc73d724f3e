//! Capabilities that lead out of a container.

use seawall_finding::{Severity, rule};

use crate::capabilities;
use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::{ContainerAt, item};

rule! {
    /// ## What it does
    /// Reports each capability in `capabilities.add` with which a container can leave its walls or bring down the node: `ALL`,
    /// `SYS_ADMIN`, `SYS_MODULE`, `SYS_PTRACE`, `SYS_RAWIO`, `SYS_BOOT`, `NET_ADMIN`, `BPF`, `PERFMON`, `DAC_READ_SEARCH`, `MAC_ADMIN`, `MAC_OVERRIDE`,
    /// `SYSLOG`, `SETPCAP`; in whatever case, with or without `CAP_` in front.
    ///
    /// ## Why it matters
    /// `added-capability` tells of all that the baseline level does not allow. These are the ones that matter: with `SYS_ADMIN` a
    /// container mounts the node's disk, with `SYS_MODULE` it loads code into the kernel, with `SYS_PTRACE` or `PERFMON` it reads the
    /// memory of others, with `DAC_READ_SEARCH` any file, with `NET_ADMIN` it redirects traffic.
    ///
    /// ## How to fix
    /// Remove it. What truly needs one (a network plugin, a profiler) belongs in a namespace of its own, with this capability and no
    /// other; `BPF` and `PERFMON` take the place of `SYS_ADMIN` for programs that load eBPF.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   securityContext:
    ///     capabilities: {drop: [ALL]}
    /// ```
    ///
    /// ## Applies to
    /// All containers of Linux pods. `ALL` and `SYS_ADMIN` are critical, the others high.
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man7/capabilities.7.html>
    /// - CIS Kubernetes Benchmark 5.2.9
    /// - NSA/CISA Kubernetes Hardening Guidance: Kubernetes pod security
    static RULE = {
        id: "dangerous-capability",
        aliases: &[],
        title: "adds a capability that leads out of the container",
        severity: Severity::High,
        level: None,
        host_level: true,
        tags: &["security", "cis", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

/// What a container can do with each, after "it".
const DANGEROUS: [(&str, &str); 14] = [
    ("ALL", "it can do all that root of the node can"),
    ("SYS_ADMIN", "it can mount the node's disks and change its namespaces"),
    ("SYS_MODULE", "it can load code into the node's kernel"),
    ("SYS_PTRACE", "it can read and change the memory of other processes"),
    ("SYS_RAWIO", "it can reach the node's memory and devices directly"),
    ("SYS_BOOT", "it can restart the node or load another kernel"),
    ("NET_ADMIN", "it can redirect traffic and change the firewall"),
    ("BPF", "it can load programs into the node's kernel"),
    ("PERFMON", "it can watch all processes of the node"),
    ("DAC_READ_SEARCH", "it can read any file, the node's too"),
    ("MAC_ADMIN", "it can change the node's AppArmor or Smack policy"),
    ("MAC_OVERRIDE", "it can pass by the node's Smack policy"),
    ("SYSLOG", "it can read the kernel's log and addresses"),
    ("SETPCAP", "it can hand capabilities to its processes"),
];

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (index, added) in capabilities::list(at.container, "add").enumerate() {
        let Some((name, means)) = DANGEROUS.iter().find(|(name, _)| capabilities::is(added, name)) else { continue };
        if at.pod().is_windows() {
            return;
        }
        out.report(|| {
            let list = at.path().keys("securityContext.capabilities.add");
            let severity = if matches!(*name, "ALL" | "SYS_ADMIN") { Severity::Critical } else { Severity::High };
            Hit::new(
                item(list, "", capabilities::list(at.container, "add"), index),
                format!("adds {name}"),
                format!("{} adds the capability {name}: {means}", at.said()),
                format!("remove {name} from capabilities.add, or give this workload a namespace of its own"),
            )
            .severity(severity)
        });
    }
}

#[cfg(test)]
mod tests {
    use seawall_finding::Severity;

    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "dangerous-capability";

    fn adds(list: &str) -> String {
        format!("kind: Pod\nspec:\n  containers:\n  - name: a\n    securityContext: {{capabilities: {{add: {list}}}}}\n")
    }

    #[test]
    fn reports_each_in_any_spelling() {
        let at = "a spec.containers[name=a].securityContext.capabilities.add";
        assert_eq!(
            found(ID, &adds("[CHOWN, net_admin, CAP_BPF, cap_bpf, CAP_BPF]")),
            [
                format!("{at}[=net_admin]: adds NET_ADMIN"),
                format!("{at}[=CAP_BPF]: adds BPF"),
                format!("{at}[=cap_bpf]: adds BPF"),
                format!("{at}[4]: adds BPF"),
            ]
        );
        for (name, _) in super::DANGEROUS {
            assert_eq!(found(ID, &adds(&format!("[{name}]"))).len(), 1, "{name}");
        }
    }

    #[test]
    fn all_and_sys_admin_are_critical() {
        let severities = |list| Case::of(ID).findings(&adds(list)).iter().map(|f| f.finding.severity).collect::<Vec<_>>();
        assert_eq!(severities("[all, CAP_SYS_ADMIN, SYS_PTRACE]"), [Severity::Critical, Severity::Critical, Severity::High]);
    }

    #[test]
    fn passes_others() {
        for list in ["[]", "null", "ALL", "[NET_BIND_SERVICE, SYS_ADMIN_X, CAP_, 1, null, {a: b}, é]"] {
            assert_eq!(found(ID, &adds(list)), [""; 0], "{list}");
        }
        assert_eq!(in_every_class(ID, "securityContext: {capabilities: {drop: [ALL]}}"), [false; 3]);
        let windows = adds("[ALL]").replace("spec:\n", "spec:\n  os: {name: windows}\n");
        assert_eq!(found(ID, &windows), [""; 0]);
    }

    #[test]
    fn looks_into_every_class_and_every_kind() {
        assert_eq!(in_every_class(ID, "securityContext: {capabilities: {add: [ALL]}}"), [true; 3]);
        let kinds = in_every_kind(ID, "containers: [{name: a, securityContext: {capabilities: {add: [BPF]}}}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
