//! Containers that stop while requests are on their way.

use seawall_finding::{Severity, rule};
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::probes::present;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers that declare ports and have no `preStop` hook, and hooks that sleep longer than the pod's
    /// `terminationGracePeriodSeconds`, which is 30 if it is not written.
    ///
    /// ## Why it matters
    /// A pod that is to stop gets its signal while load balancers and other nodes still send requests to it. A server that ends at
    /// once drops them at every rollout. If the hook is longer than the grace period, the container is killed in the middle of it and
    /// never gets to end by itself; where the hook is a `sleep` action, the API server refuses the pod.
    ///
    /// ## How to fix
    /// Sleep for a few seconds in front of the signal, or let the program go on serving for so long after the signal. Make the grace
    /// period longer than that and the longest request together.
    ///
    /// ## Example
    /// ```yaml
    /// terminationGracePeriodSeconds: 45
    /// containers:
    /// - name: web
    ///   ports: [{containerPort: 8080}]
    ///   lifecycle:
    ///     preStop:
    ///       sleep: {seconds: 10}
    /// ```
    ///
    /// ## Applies to
    /// Main containers and sidecars of Deployments and StatefulSets; other init containers and ephemeral ones cannot have hooks. It
    /// is off unless it is asked for, because many programs do this by themselves. Sleeps are seen in `sleep` actions and at the
    /// beginning of `exec` commands.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>
    /// - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>
    static RULE = {
        id: "prestop-hook",
        aliases: &[],
        title: "stops while requests are on their way",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

/// The grace period in seconds where none is written.
const DEFAULT_GRACE: i64 = 30;

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let serves = !at.template().custom && matches!(at.object().kind, "Deployment" | "StatefulSet");
    if !serves || !at.is_long_running() {
        return;
    }
    let path = || at.path().keys("lifecycle.preStop");
    let Some(hook) = at.container.handler("preStop") else {
        if !at.container.ports.is_empty() {
            out.report(|| {
                Hit::new(
                    path(),
                    "no preStop hook",
                    format!("{} may stop while requests are on their way: it has no preStop hook", at.said()),
                    "set lifecycle.preStop.sleep.seconds to what load balancers need to notice, such as 10",
                )
            });
        }
        return;
    };
    let Some((keys, seconds)) = sleep(hook) else { return };
    let grace = at.pod().spec.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE);
    if seconds > grace {
        out.report(|| {
            Hit::new(
                path().keys(keys),
                format!("longer than {grace} s"),
                format!(
                    "{} sleeps for {seconds} s before it stops, and is killed after {grace} s",
                    at.said()
                ),
                "set terminationGracePeriodSeconds to more than the hook and the longest request need",
            )
        });
    }
}

/// The seconds that a hook sleeps at least, and where it says so.
fn sleep(hook: NodeRef<'_>) -> Option<(&'static str, i64)> {
    if let Some(action) = present(hook, "sleep") {
        return Some(("sleep.seconds", present(action, "seconds")?.json_number()?.parse().ok()?));
    }
    let command = present(present(hook, "exec")?, "command")?;
    let mut words = command.items().filter_map(NodeRef::as_str);
    let program = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let seconds = match program(words.next()?).as_str() {
        "sleep" => seconds(words.next()?),
        "sh" | "bash" | "ash" | "dash" => {
            let script = words.find(|word| !word.starts_with('-'))?;
            let mut words = script.split([' ', ';', '&', '|', '\n', '\t']).filter(|word| !word.is_empty());
            (program(words.next()?) == "sleep").then(|| words.next().and_then(seconds)).flatten()
        }
        _ => None,
    };
    Some(("exec.command", seconds?))
}

/// `90`, `90s`, `1.5m` as whole seconds, rounded down.
fn seconds(text: &str) -> Option<i64> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole: i64 = whole.parse().ok().filter(|whole| (0..=1_000_000_000).contains(whole))?;
    let tenths: i64 = fraction.get(..1)?.parse().ok()?;
    Some(whole * factor + tenths * factor / 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{found, in_every_kind};

    const ID: &str = "prestop-hook";

    fn of(grace: &str, hook: &str) -> Vec<String> {
        found(
            ID,
            &format!(
                "kind: Deployment\nspec:\n  template:\n    spec:\n      {grace}\n      containers:\n      - name: a\n        ports: [{{containerPort: 80}}]\n        lifecycle: {hook}\n"
            ),
        )
    }

    #[test]
    fn a_hook_within_the_grace_period_will_do() {
        for (grace, hook) in [
            ("", "{preStop: {sleep: {seconds: 30}}}"),
            ("", "{preStop: {exec: {command: [sleep, '30']}}}"),
            ("", "{preStop: {exec: {command: [nginx, -s, quit]}}}"),
            ("", "{preStop: {exec: {command: [sh, -c, nginx -s quit; sleep 99]}}}"),
            ("", "{preStop: {httpGet: {port: 80}}}"),
            ("", "{preStop: {exec: {command: [sleep]}}}"),
            ("", "{preStop: {exec: {command: sleep}}}"),
            ("", "{preStop: {sleep: {seconds: x}}}"),
            ("", "{preStop: {sleep: 99}}"),
            ("terminationGracePeriodSeconds: 90", "{preStop: {sleep: {seconds: 60}}}"),
        ] {
            assert_eq!(of(grace, hook), [""; 0], "{grace} {hook}");
        }
    }

    #[test]
    fn a_hook_beyond_it_is_reported() {
        let place = "a spec.template.spec.containers[name=a].lifecycle.preStop";
        for (grace, hook, rest) in [
            ("", "{preStop: {sleep: {seconds: 31}}}", "sleep.seconds: longer than 30 s"),
            ("terminationGracePeriodSeconds: 5", "{preStop: {exec: {command: [sleep, '10']}}}", "exec.command: longer than 5 s"),
            ("", "{preStop: {exec: {command: [/bin/sleep, 1m]}}}", "exec.command: longer than 30 s"),
            ("", "{preStop: {exec: {command: [/bin/sh, -c, 'sleep 40; nginx -s quit']}}}", "exec.command: longer than 30 s"),
            ("", "{preStop: {exec: {command: [bash, -e, -c, '/bin/sleep 40&&x']}}}", "exec.command: longer than 30 s"),
        ] {
            assert_eq!(of(grace, hook), [format!("{place}.{rest}")], "{grace} {hook}");
        }
        for hook in ["{}", "null", "{preStop: null}", "{postStart: {sleep: {seconds: 1}}}"] {
            assert_eq!(of("", hook), [format!("{place}: no preStop hook")], "{hook}");
        }
    }

    #[test]
    fn durations_of_the_sleep_command() {
        for (text, read) in [
            ("5", Some(5)),
            ("5s", Some(5)),
            ("1.5m", Some(90)),
            ("0.9", Some(0)),
            ("1h", Some(3600)),
            ("1d", Some(86400)),
            ("", None),
            ("-1", None),
            ("$N", None),
            ("5x", None),
            ("infinity", None),
            ("1.", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(seconds(text), read, "{text}");
        }
    }

    #[test]
    fn only_what_serves_needs_one() {
        let kinds = in_every_kind(
            ID,
            "initContainers: [{name: i, ports: [{containerPort: 1}]}, {name: s, restartPolicy: Always, ports: [{containerPort: 1}]}]\ncontainers: [{name: a, ports: [{containerPort: 80}]}, {name: b}]\nephemeralContainers: [{name: e, ports: [{containerPort: 1}]}]\n",
        );
        let counts: Vec<_> = kinds.iter().map(Vec::len).collect();
        assert_eq!(counts, [0, 0, 0, 0, 2, 2, 0, 0, 0]);
        assert_eq!(kinds[4], [
            "s spec.template.spec.initContainers[name=s].lifecycle.preStop: no preStop hook",
            "a spec.template.spec.containers[name=a].lifecycle.preStop: no preStop hook",
        ]);
    }
}
