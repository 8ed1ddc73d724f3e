//! Secrets written into commands and arguments.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::secrets::{Harmless, in_words};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports commands and arguments with a credential in them: `--password=...`, `--password ...`, `KEY=value` words and
    /// assignments of scripts whose name says so, `-p...` and the like for clients that take passwords in this way, URLs with a
    /// password, and tokens of known forms. Forms are of high severity; a name with a value that looks random has the
    /// severity of the rule, a name alone one below it. References such as `$(VAR)` and `${VAR}`, placeholders, and flags that
    /// name a file or a Secret (`--token-file`, `--secret-name`) are no secrets.
    ///
    /// ## Why it matters
    /// Arguments are in the manifest, in the pod that everybody with read access to the namespace sees, and in the node's list
    /// of processes.
    ///
    /// ## How to fix
    /// Put the value into a Secret, give it to the container as a file or a variable, and write `$(VAR)` where the argument
    /// needs it. Change the credential: it has been read.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   args: [--password-file=/run/db/password]
    /// ```
    ///
    /// ## Applies to
    /// `command` and `args` of all containers of every class.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/>
    /// - NSA/CISA Kubernetes Hardening Guidance: secrets
    static RULE = {
        id: "secret-in-args",
        aliases: &[],
        title: "has a secret in its command",
        severity: Severity::High,
        level: None,
        tags: &["security", "secrets", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let (command, args) = (&at.container.command, &at.container.args);
    let words = command.iter().chain(args).copied();
    in_words(words, Harmless(&cx.params.harmless_names), |index, secret| {
        out.report(|| {
            let (field, index) = match index.checked_sub(command.len()) {
                None => ("command", index),
                Some(index) => ("args", index),
            };
            Hit::new(
                at.path().key(field).index(index),
                secret.label(),
                format!("{field} of {} holds {}", at.said(), secret.said()),
                "keep it in a Secret, and write $(VAR) or the path of a file here; change the credential: whoever read the manifest knows it",
            )
            .severity(secret.confidence.severity(RULE.severity))
        });
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "secret-in-args";

    fn args(args: &str) -> bool {
        let yaml = format!("command: [app]\nargs: {args}");
        let classes = in_every_class(ID, &yaml);
        assert!(classes.iter().all(|class| *class == classes[0]), "{args}");
        classes[0]
    }

    #[test]
    fn flags_words_scripts_and_addresses() {
        for yes in [
            "[--password=hunter2]",
            "[--password, hunter2]",
            "[-password, hunter2]",
            "[--set, db.password=hunter2]",
            "[DB_PASSWORD=hunter2]",
            "['postgres://app:hunter2@db/x']",
            "['--db=postgres://app:hunter2@db/x']",
            "[-c, 'DB_PASSWORD=hunter2 run']",
            "[-c, 'export TOKEN=\"hunter2\"; run']",
            "[-c, 'run --password hunter2']",
            "[-c, 'a && mysql -uroot -phunter2 -e x']",
            "[-c, \"exec mysql -p'hunter2' x\"]",
            "[-c, 'mongosh -u a -p hunter2']",
            "[-c, 'redis-cli -a hunter2 ping']",
            "[-c, 'curl -s -u admin:hunter2 http://x']",
            "[-c, 'docker login -u a -p hunter2']",
            "[--requirepass, hunter2]",
        ] {
            assert!(args(yes), "{yes}");
        }
        for no in [
            "[--token-file=/path]",
            "[--secret-name=x-y]",
            "[--password=$(DB_PASSWORD)]",
            "[--password, $(DB_PASSWORD)]",
            "[--password, --verbose]",
            "['--password=${DB_PASSWORD}']",
            "[-c, 'mysql -p$MYSQL_ROOT_PASSWORD -e x']",
            "[-c, 'mysql -p\"${MYSQL_ROOT_PASSWORD}\" -e x']",
            "[-c, 'mysql -u root -p mydatabase']",
            "[-c, 'mkdir -p data; ls -phunter2']",
            "[-c, 'psql -p 5432 x']",
            "[-c, 'redis-cli -a \"$REDIS_PASSWORD\" ping']",
            "[-c, 'TOKEN=$(cat /run/token) run']",
            "[-c, 'TOKEN=`cat /run/token` run']",
            "['postgres://app:$(PASSWORD)@db/x']",
            "[--token-ttl=24h, --token, '3600', --secret=/run/x]",
            "[--authorization-mode=Node]",
            "[--tls-private-key-file=/etc/tls.key, --private-key=tls.key]",
            "[null, 1, {a: b}, [c]]",
            "hunter2",
        ] {
            assert!(!args(no), "{no}");
        }
    }

    #[test]
    fn the_program_is_known_by_the_first_word() {
        let of = |fields: &str| in_every_class(ID, fields)[1];
        assert!(of("command: [/usr/bin/mysqladmin, ping, -phunter2]"));
        assert!(of("args: [mysqladmin, ping, -phunter2]"));
        assert!(!of("command: [app, -phunter2]") && !of("command: [mysqladmin, -p, hunter2]"));
    }

    #[test]
    fn says_where_and_never_what() {
        let pod = "kind: Pod\nspec:\n  containers: [{name: a, command: [x, --api-key=hunter2], args: [b, 'db.password=hunter2']}]\n";
        assert_eq!(found(ID, pod), [
            "a spec.containers[name=a].command[1]: literal secret",
            "a spec.containers[name=a].args[1]: literal secret",
        ]);
        let all = Case::of(ID).findings(pod);
        assert_eq!(all[0].finding.message, "command of container \"a\" holds a literal value for `api-key`");
        assert!(all.iter().all(|f| !format!("{:?}", f.finding).contains("hunter2")));
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a, args: [--password=hunter2]}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
