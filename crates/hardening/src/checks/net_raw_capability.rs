//! Containers that may open raw sockets.

use seawall_finding::{Fix, FixStep, Safety, Severity, Step, rule};

use crate::capabilities;
use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::{ContainerAt, item};

rule! {
    /// ## What it does
    /// Reports containers that keep `NET_RAW`, because `capabilities.drop` names neither it nor `ALL`, and containers that add it.
    ///
    /// ## Why it matters
    /// Container runtimes give it to every container, for `ping`. With it a program writes packets as it likes: it answers for its
    /// neighbours' addresses and for the cluster's name service, and reads what is meant for them.
    ///
    /// ## How to fix
    /// Write `capabilities: {drop: ["ALL"]}`, or at least `drop: [NET_RAW]`. `ping` needs no capability on nodes that allow its group
    /// in `net.ipv4.ping_group_range`, as containerd and CRI-O set it up.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   securityContext:
    ///     capabilities: {drop: [NET_RAW]}
    /// ```
    ///
    /// ## Applies to
    /// All containers of Linux pods. Off by default: `drop-all-capabilities` asks for more and reports the same containers.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-capabilities-for-a-container>
    /// - CIS Kubernetes Benchmark 5.2.8
    static RULE = {
        id: "net-raw-capability",
        aliases: &[],
        title: "may open raw sockets",
        severity: Severity::Medium,
        off: true,
        tags: &["security", "network", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    const NAME: &str = "NET_RAW";
    let is_it = |name: &str| capabilities::is(name, NAME);
    let added = capabilities::list(at.container, "add").position(is_it);
    let dropped = capabilities::list(at.container, "drop").any(|name| is_it(name) || capabilities::is(name, "ALL"));
    if (dropped && added.is_none()) || at.pod().is_windows() {
        return;
    }
    out.report(|| {
        let capabilities = at.path().keys("securityContext.capabilities");
        if let Some(index) = added {
            return Hit::new(
                item(capabilities.key("add"), "", capabilities::list(at.container, "add"), index),
                "adds NET_RAW",
                format!("{} adds the capability NET_RAW, with which it can forge its neighbours' traffic", at.said()),
                "remove NET_RAW from capabilities.add",
            );
        }
        let drop = capabilities.key("drop");
        let step = FixStep { path: drop.clone(), at_pod: None, step: Step::Add(NAME.into()) };
        Hit::new(
            drop,
            "does not drop NET_RAW",
            format!("{} keeps the capability NET_RAW, with which it can forge its neighbours' traffic", at.said()),
            "add ALL, or at least NET_RAW, to capabilities.drop",
        )
        .fix(Fix {
            safety: Safety::Likely,
            note: "breaks what opens raw sockets: it ends with \"operation not permitted\"".into(),
            answer: None,
            steps: vec![step],
            patch: None,
        })
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, fixed, found, in_every_class, in_every_kind};

    const ID: &str = "net-raw-capability";

    #[test]
    fn it_or_all_must_be_dropped() {
        for drop in ["[ALL]", "[all]", "[NET_RAW]", "[CHOWN, cap_net_raw]"] {
            let fields = format!("securityContext: {{capabilities: {{drop: {drop}}}}}");
            assert_eq!(in_every_class(ID, &fields), [false; 3], "{drop}");
        }
        for drop in ["[]", "null", "ALL", "[CHOWN, 7, null]"] {
            let fields = format!("securityContext: {{capabilities: {{drop: {drop}}}}}");
            assert_eq!(in_every_class(ID, &fields), [true; 3], "{drop}");
        }
        assert_eq!(in_every_class(ID, "image: a"), [true; 3]);
    }

    #[test]
    fn may_not_be_added_again() {
        let pod = |capabilities| format!("kind: Pod\nspec:\n  containers: [{{name: a, securityContext: {{capabilities: {capabilities}}}}}]\n");
        let at = "a spec.containers[name=a].securityContext.capabilities";
        let added = pod("{add: [CHOWN, CAP_NET_RAW], drop: [ALL]}");
        assert_eq!(found(ID, &added), [format!("{at}.add[=CAP_NET_RAW]: adds NET_RAW")]);
        assert_eq!(found(ID, &pod("{}")), [format!("{at}.drop: does not drop NET_RAW")]);
        let has_fix = |pod: &str| Case::of(ID).findings(pod)[0].fix.is_some();
        assert!(has_fix(&pod("{}")) && !has_fix(&added));
    }

    #[test]
    fn looks_into_every_kind_of_workload_but_not_at_windows() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        assert_eq!(found(ID, "kind: Pod\nspec:\n  os: {name: windows}\n  containers: [{name: a}]\n"), [""; 0]);
    }

    #[test]
    fn the_fix_keeps_what_is_dropped() {
        let pod = "kind: Pod\nspec:\n  containers: [{name: a, securityContext: {capabilities: {drop: [CHOWN]}}}]\n";
        assert!(fixed(ID, pod).contains("drop: [CHOWN, NET_RAW]"));
        fixed(ID, "kind: Pod\nspec:\n  containers:\n  - name: a\n");
    }
}
