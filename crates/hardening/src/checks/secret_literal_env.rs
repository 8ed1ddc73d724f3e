//! Secrets written into environment variables.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::secrets::{Harmless, named};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports environment variables whose literal value is a credential: by its form (tokens of known issuers, private keys,
    /// JSON web tokens, URLs with a password), or because the variable's name says so. Forms are of high severity whatever the
    /// name; a name with a value that looks random has the severity of the rule, a name alone one below it. Placeholders,
    /// references such as `$(VAR)`, file paths, numbers and booleans are no secrets.
    ///
    /// ## Why it matters
    /// Whoever may read the manifest, the repository it is kept in, or pods in the namespace has the credential.
    ///
    /// ## How to fix
    /// Put the value into a Secret and refer to it, or mount it as a file. Change the credential: it has been read. Names that
    /// hold no secret can be set as harmless.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   env:
    ///   - name: DB_PASSWORD
    ///     valueFrom:
    ///       secretKeyRef: {name: db, key: password}
    /// ```
    ///
    /// ## Applies to
    /// All containers of every class.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/secret/>
    /// - CIS Kubernetes Benchmark 5.4.1
    /// - NSA/CISA Kubernetes Hardening Guidance: secrets
    static RULE = {
        id: "secret-literal-env",
        aliases: &[],
        title: "has a secret in an environment variable",
        severity: Severity::High,
        level: None,
        tags: &["security", "secrets", "cis", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let harmless = Harmless(&cx.params.harmless_names);
    for (index, variable) in at.container.env.iter().enumerate() {
        let Some(secret) = variable.value.and_then(|value| named(variable.name, value, harmless)) else { continue };
        out.report(|| {
            Hit::new(
                at.env_path(index).key("value"),
                secret.label(),
                format!("variable \"{}\" of {} holds {}", variable.name, at.said(), secret.said()),
                "refer to a Secret by valueFrom.secretKeyRef, and change the credential: whoever read the manifest knows it",
            )
            .severity(secret.confidence.severity(RULE.severity))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "secret-literal-env";

    #[test]
    fn literals_and_not_references() {
        let of = |fields: &str| in_every_class(ID, fields);
        assert_eq!(of("env: [{name: DB_PASSWORD, value: hunter2}]"), [true; 3]);
        assert_eq!(of("env: [{name: DB_PASSWORD, value: $(OTHER)}, {name: A, value: hunter2}]"), [false; 3]);
        assert_eq!(of("env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}]"), [false; 3]);
        assert_eq!(of("env: [null, {name: DB_PASSWORD, value: null}, {name: DB_PASSWORD, value: [hunter2]}, x]"), [false; 3]);
        assert_eq!(of("env: hunter2"), [false; 3]);
    }

    #[test]
    fn merged_and_aliased_values_count() {
        let pod = "kind: Pod\nmetadata:\n  annotations: {a: &v hunter2}\nspec:\n  containers:\n  - name: a\n    env: [{name: PASSWORD, value: *v}, {<<: {name: DB_PASSWORD, value: hunter2}}, {name: PASSWORD, value: hunter3}]\n";
        assert_eq!(found(ID, pod), [
            "a spec.containers[name=a].env[name=PASSWORD].value: literal secret",
            "a spec.containers[name=a].env[name=DB_PASSWORD].value: literal secret",
            "a spec.containers[name=a].env[2].value: literal secret",
        ]);
    }

    #[test]
    fn how_sure_it_is_decides_how_grave_it_is() {
        let pod = "kind: Pod\nspec:\n  containers:\n  - name: a\n    env:\n    - {name: A, value: 'amqp://me:hunter2@mq'}\n    - {name: API_TOKEN, value: 9f86d081884c7d659a2feaa0c55ad015}\n    - {name: PASSWORD, value: hunter2}\n";
        let all = Case::of(ID).findings(pod);
        let said: Vec<_> = all.iter().map(|f| (f.finding.severity, f.finding.message.as_str())).collect();
        assert_eq!(said, [
            (Severity::High, "variable \"A\" of container \"a\" holds what looks like a URL with a password in it"),
            (
                Severity::High,
                "variable \"API_TOKEN\" of container \"a\" holds a value that looks random, and its name says that it is a secret"
            ),
            (
                Severity::Medium,
                "variable \"PASSWORD\" of container \"a\" holds a literal value, and its name says that it is a secret"
            ),
        ]);
        assert!(all.iter().all(|f| !format!("{:?}", f.finding).contains("hunter2")));
    }

    #[test]
    fn harmless_names_are_left_out() {
        let mut case = Case::of(ID);
        case.params.harmless_names = vec!["demo_*".to_owned()];
        let pod = "kind: Pod\nspec:\n  containers:\n  - name: a\n    env: [{name: DEMO_PASSWORD, value: hunter2}, {name: PASSWORD, value: hunter2}]\n";
        assert_eq!(case.found(pod), ["a spec.containers[name=a].env[name=PASSWORD].value: literal secret"]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a, env: [{name: PASSWORD, value: hunter2}]}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
