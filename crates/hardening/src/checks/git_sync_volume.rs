//! Volumes made from git repositories, and commands that run after them.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::view::Container;

rule! {
    /// ## What it does
    /// Reports `gitRepo` volumes, and containers of git-sync that are told to run a command after each change (`--exechook-command`, in
    /// older versions `--sync-hook-command`, or the variables for these).
    ///
    /// ## Why it matters
    /// For a `gitRepo` volume the kubelet runs git as root on the node, on a repository that the pod names: with CVE-2024-10220 its
    /// hooks run there too. The volume is deprecated, switched off from Kubernetes 1.33 on and cannot be switched on from
    /// 1.36 on. A command of git-sync runs whenever somebody pushes: who can write to the repository may run code in the cluster.
    ///
    /// ## How to fix
    /// Clone in an init container into an `emptyDir`, by commit, and mount that read-only. Let git-sync call a web address
    /// (`--webhook-url`) instead of a command.
    ///
    /// ## Example
    /// ```yaml
    /// initContainers:
    /// - name: clone
    ///   image: registry.k8s.io/git-sync/git-sync:v4.4.2
    ///   args: [--one-time, --repo=https://git.example.com/site.git, --ref=v1.4.0, --root=/git]
    ///   volumeMounts:
    ///   - {name: site, mountPath: /git}
    /// volumes:
    /// - name: site
    ///   emptyDir: {}
    /// ```
    ///
    /// ## Applies to
    /// Volumes, and containers of all classes, whatever their image is called. That restricted does not allow `gitRepo` is
    /// `volume-types`.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/storage/volumes/#gitrepo>
    /// - <https://github.com/kubernetes/kubernetes/issues/128885>
    static RULE = {
        id: "git-sync-volume",
        aliases: &[],
        title: "runs what a git repository brings along",
        severity: Severity::High,
        level: None,
        tags: &["security"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

const OPTIONS: [&str; 2] = ["exechook-command", "sync-hook-command"];
const VARIABLES: [&str; 3] = ["GITSYNC_EXECHOOK_COMMAND", "GIT_SYNC_EXECHOOK_COMMAND", "GIT_SYNC_HOOK_COMMAND"];

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (index, volume) in at.pod.spec.volumes.iter().enumerate().filter(|(_, volume)| volume.git_repo.is_some()) {
        out.report(|| {
            Hit::new(
                at.pod.volume_path(index).key("gitRepo"),
                "runs git as root on the node",
                format!("volume \"{}\" has the kubelet run git on the node, with whatever the repository holds", volume.name),
                "clone in an init container into an emptyDir",
            )
        });
    }
    for container in at.containers() {
        let Some(hook) = hook(container.container) else { continue };
        out.report(|| {
            let path = match hook {
                Hook::Word(list, index) => container.path().key(list).index(index),
                Hook::Variable(index) => container.env_path(index),
            };
            Hit::new(
                path,
                "runs on every push",
                format!("{} runs a command whenever somebody pushes to a git repository", container.said()),
                "let git-sync call a web address (--webhook-url), or let the program watch the files",
            )
        });
    }
}

/// Where git-sync is told to run a command.
enum Hook {
    /// A word of a list.
    Word(&'static str, usize),
    /// A variable.
    Variable(usize),
}

fn hook(container: &Container<'_>) -> Option<Hook> {
    let is_option = |word: &str| {
        // Go's own flags, of version 3, take one dash as well.
        let name = word.strip_prefix('-').map(|word| word.strip_prefix('-').unwrap_or(word));
        name.is_some_and(|name| match name.split_once('=') {
            Some((name, value)) => OPTIONS.contains(&name) && !value.is_empty(),
            None => OPTIONS.contains(&name),
        })
    };
    let in_list = |list, words: &[&str]| words.iter().position(|word| is_option(word)).map(|at| Hook::Word(list, at));
    let variable = || container.env.iter().position(|env| VARIABLES.contains(&env.name) && env.value != Some(""));
    in_list("command", &container.command)
        .or_else(|| in_list("args", &container.args))
        .or_else(|| variable().map(Hook::Variable))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_kind};

    const ID: &str = "git-sync-volume";

    #[test]
    fn reports_volumes() {
        let pod = |volume| format!("kind: Pod\nspec:\n  volumes: [{{name: v, {volume}}}]\n");
        let hit = "- spec.volumes[name=v].gitRepo: runs git as root on the node";
        assert_eq!(found(ID, &pod("gitRepo: {repository: 'https://git.example.com/x'}")), [hit]);
        assert_eq!(found(ID, &pod("gitRepo: {}")), [hit]);
        assert_eq!(found(ID, &pod("gitRepo: null")), [""; 0]);
        assert_eq!(found(ID, &pod("emptyDir: {}")), [""; 0]);
    }

    #[test]
    fn reports_commands_of_git_sync() {
        let pod = |fields| format!("kind: Pod\nspec:\n  containers: [{{name: a, {fields}}}]\n");
        for (fields, at) in [
            ("args: [--one-time, --exechook-command=/x]", "args[1]"),
            ("args: [-exechook-command, /x]", "args[0]"),
            ("command: [/git-sync, --sync-hook-command=/x]", "command[1]"),
            ("env: [{name: A}, {name: GITSYNC_EXECHOOK_COMMAND, value: /x}]", "env[name=GITSYNC_EXECHOOK_COMMAND]"),
            ("env: [{name: GIT_SYNC_HOOK_COMMAND, valueFrom: {configMapKeyRef: {name: a, key: b}}}]", "env[name=GIT_SYNC_HOOK_COMMAND]"),
        ] {
            assert_eq!(found(ID, &pod(fields)), [format!("- spec.containers[name=a].{at}: runs on every push")], "{fields}");
        }
        for fields in [
            "args: ['--exechook-command=']",
            "args: [exechook-command, --exechook-timeout=1s, --webhook-url=x]",
            "env: [{name: GITSYNC_EXECHOOK_COMMAND, value: ''}, {name: GITSYNC_REPO, value: x}]",
            "args: --exechook-command=/x",
        ] {
            assert_eq!(found(ID, &pod(fields)), [""; 0], "{fields}");
        }
        let message = &Case::of(ID).findings(&pod("args: [--exechook-command=/secret]"))[0].finding.message;
        assert_eq!(message, "container \"a\" runs a command whenever somebody pushes to a git repository");
    }

    #[test]
    fn looks_into_every_class_and_every_kind() {
        let spec = "volumes: [{name: v, gitRepo: {}}]\ninitContainers: [{name: i, args: &a [--exechook-command=x]}]\ncontainers: [{name: c, args: *a}]\nephemeralContainers: [{name: e, args: *a}]\n";
        let kinds = in_every_kind(ID, spec);
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 4), "{kinds:?}");
    }
}
