//! Secrets in ConfigMaps.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::secrets::{Harmless, Secret, named};

rule! {
    /// ## What it does
    /// Reports ConfigMap data that hold a credential: by its form (tokens of known issuers, private keys, JSON web tokens, URLs
    /// with a password), or because the key, or a name inside of the value (`password=...`, `"password": "..."`), says so. Forms
    /// are of high severity; a name with a value that looks random has the severity of the rule, a name alone one below it.
    /// In files of several lines a name alone counts only where the value looks like a password. Placeholders, references,
    /// paths, numbers and public keys are no secrets.
    ///
    /// ## Why it matters
    /// ConfigMaps are readable for more people than Secrets, are not encrypted at rest, and are printed without a thought.
    ///
    /// ## How to fix
    /// Move the value into a Secret, or the whole file where the program cannot read the value from elsewhere. Change the
    /// credential: it has been read.
    ///
    /// ## Example
    /// ```yaml
    /// kind: ConfigMap
    /// data:
    ///   db.properties: |
    ///     user=app
    ///     passwordFile=/run/db/password
    /// ```
    ///
    /// ## Applies to
    /// `data` of ConfigMaps; `binaryData` are not looked into.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/configmap/>
    /// - NSA/CISA Kubernetes Hardening Guidance: secrets
    static RULE = {
        id: "secret-in-configmap",
        aliases: &[],
        title: "has a secret in a ConfigMap",
        severity: Severity::High,
        level: None,
        tags: &["security", "secrets", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    secrets(object, Harmless(&cx.params.harmless_names), |key, secret| {
        out.report(|| {
            Hit::new(
                FieldPath::root().key("data").key(key),
                secret.label(),
                format!("key \"{key}\" holds {}", secret.said()),
                "move it into a Secret, and change the credential: whoever read the ConfigMap knows it",
            )
            .severity(secret.confidence.severity(RULE.severity))
        });
    });
}

/// The keys of a ConfigMap that hold a secret; none for other objects.
pub(super) fn secrets<'d>(object: &Object<'d>, harmless: Harmless<'_>, mut found: impl FnMut(&str, Secret<'d>)) {
    if object.kind != "ConfigMap" || object.api_version != "v1" {
        return;
    }
    for (key, value) in object.node.get("data").into_iter().flat_map(NodeRef::entries) {
        let (Some(key), Some(value)) = (key.key(), value.as_str()) else { continue };
        if let Some(secret) = named(&key, value, harmless) {
            found(&key, secret);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, found};

    const ID: &str = "secret-in-configmap";

    fn data(data: &str) -> Vec<String> {
        found(ID, &format!("kind: ConfigMap\ndata:\n{data}"))
    }

    #[test]
    fn keys_and_files() {
        assert_eq!(data("  db-password: hunter2\n  user: app\n  token-ttl: 24h\n"), ["- data.db-password: literal secret"]);
        assert_eq!(data("  app.properties: |\n    user=app\n    db.password = hunter2\n").len(), 1);
        assert_eq!(data("  app.yaml: |\n    db:\n      password: \"hunter2\"\n").len(), 1);
        assert_eq!(data("  app.json: '{\"db\": {\"password\": \"hunter2\"}}'\n").len(), 1);
        assert_eq!(data("  app.conf: |\n    url = amqp://app:hunter2@mq/x\n"), ["- data[\"app.conf\"]: looks like a URL with a password in it"]);
    }

    #[test]
    fn code_and_prose_say_nothing() {
        for no in [
            "    password = os.environ[\"PASSWORD\"]\n",
            "    token = get_token()\n",
            "    password: string\n    # the token: see below1\n",
            "    password: ${DB_PASSWORD}\n",
            "    client = new Client(password=password, token=self.token2)\n",
            "    password: the words of b2\n",
        ] {
            assert_eq!(data(&format!("  app: |\n{no}")), [""; 0], "{no}");
        }
        assert_eq!(data("  a: 1\n  password: [hunter2]\n  b: null\n"), [""; 0]);
        assert_eq!(found(ID, "kind: ConfigMap\ndata: hunter2\n"), [""; 0]);
        assert_eq!(found(ID, "kind: Secret\nstringData: {password: hunter2}\n"), [""; 0]);
    }

    #[test]
    fn names_the_key_and_never_the_value() {
        let all = Case::of(ID).findings("kind: ConfigMap\ndata: {a: 'x?password=hunter2', password: hunter2}\n");
        assert_eq!(all[0].finding.message, "key \"a\" holds a literal value for `password`");
        assert_eq!(all[0].finding.severity, Severity::Medium);
        assert!(all.len() == 2 && all.iter().all(|f| !format!("{:?}", f.finding).contains("hunter2")));
    }

    #[test]
    fn harmless_keys_are_left_out() {
        let mut case = Case::of(ID);
        case.params.harmless_names = vec!["Password".to_owned()];
        assert_eq!(case.found("kind: ConfigMap\ndata: {password: hunter2, a: 'x?password=hunter2'}\n"), [""; 0]);
    }
}
