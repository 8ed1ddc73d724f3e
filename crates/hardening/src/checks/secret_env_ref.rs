//! Secrets that reach a container as environment variables.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports environment variables that take their value from a Secret (`secretKeyRef`), and Secrets whose keys all become
    /// variables (`envFrom`).
    ///
    /// ## Why it matters
    /// Variables are passed on to every process that the container starts, show up in crash reports, debug pages and
    /// `/proc`, and do not change when the Secret does. A file has an owner and a mode, and follows the Secret.
    ///
    /// ## How to fix
    /// Mount the Secret as a volume, and tell the program to read the file. Many images take `..._FILE` variables for that.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   env:
    ///   - {name: DB_PASSWORD_FILE, value: /run/db/password}
    ///   volumeMounts:
    ///   - {name: db, mountPath: /run/db, readOnly: true}
    /// volumes:
    /// - name: db
    ///   secret: {secretName: db}
    /// ```
    ///
    /// ## Applies to
    /// All containers of every class. It is off unless a profile or a setting turns it on: most programs know no other way.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/secret/>
    /// - CIS Kubernetes Benchmark 5.4.1
    /// - NSA/CISA Kubernetes Hardening Guidance: secrets
    static RULE = {
        id: "secret-env-ref",
        aliases: &[],
        title: "gets a secret through an environment variable",
        severity: Severity::Low,
        level: None,
        off: true,
        tags: &["security", "secrets", "cis", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

const ADVICE: &str = "mount the Secret as a volume and have the program read the file";

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (index, variable) in at.container.env.iter().enumerate() {
        if variable.value_from.as_ref().is_some_and(|from| from.secret_key_ref.is_some()) {
            out.report(|| {
                let path = at.env_path(index).keys("valueFrom.secretKeyRef");
                let said = format!("variable \"{}\" of {} takes its value from a Secret", variable.name, at.said());
                Hit::new(path, "a secret as a variable", said, ADVICE)
            });
        }
    }
    for (index, from) in at.container.env_from.iter().enumerate() {
        if from.secret_ref.is_some() {
            out.report(|| {
                let path = at.path().key("envFrom").index(index).key("secretRef");
                let said = format!("{} gets all keys of a Secret as variables", at.said());
                Hit::new(path, "all of a Secret as variables", said, ADVICE)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "secret-env-ref";

    #[test]
    fn references_to_secrets_in_variables() {
        let of = |fields: &str| in_every_class(ID, fields);
        assert_eq!(of("env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b}}}]"), [true; 3]);
        assert_eq!(of("envFrom: [{secretRef: {name: a}}]"), [true; 3]);
        assert_eq!(of("env: [{name: A, valueFrom: {configMapKeyRef: {name: a, key: b}}}, {name: B, value: c}]"), [false; 3]);
        assert_eq!(of("envFrom: [{configMapRef: {name: a}}, {secretRef: null}]\nenv: [null, 1, {valueFrom: x}]"), [false; 3]);
    }

    #[test]
    fn says_where() {
        let pod = "kind: Pod\nspec:\n  containers:\n  - name: a\n    envFrom: [{configMapRef: {name: c}}, {secretRef: {name: b}}]\n    env:\n    - {name: A, valueFrom: {secretKeyRef: {name: a, key: b}}}\n    - {name: A, valueFrom: {secretKeyRef: {name: a, key: c}}}\n";
        assert_eq!(found(ID, pod), [
            "a spec.containers[name=a].env[name=A].valueFrom.secretKeyRef: a secret as a variable",
            "a spec.containers[name=a].env[1].valueFrom.secretKeyRef: a secret as a variable",
            "a spec.containers[name=a].envFrom[1].secretRef: all of a Secret as variables",
        ]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a, envFrom: [{secretRef: {name: a}}]}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
