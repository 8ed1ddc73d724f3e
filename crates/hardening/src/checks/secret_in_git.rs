//! Secret manifests in files.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::secrets::{Confidence, Harmless, decoded, of_data};

rule! {
    /// ## What it does
    /// Reports Secrets in files whose data are there in plain text or in base64, which is no encryption. One finding names all
    /// keys. It is of high severity where a value has the form of a credential, of medium severity where one looks random or
    /// its key says that it is a secret, of low severity otherwise. Placeholders, references, empty values and public
    /// keys, settings, and files of several lines in which no secret is found do not count.
    ///
    /// ## Why it matters
    /// Manifests are kept in Git: the value is known to everybody who may read the repository, for as long as its history is
    /// kept.
    ///
    /// ## How to fix
    /// Keep Secrets out of the repository: encrypt them (SOPS, Sealed Secrets), or have them made in the cluster from a store
    /// (External Secrets, the CSI driver). Change the credentials: they stay in the history.
    ///
    /// ## Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db}
    /// spec:
    ///   secretStoreRef: {name: vault, kind: ClusterSecretStore}
    ///   data:
    ///   - secretKey: password
    ///     remoteRef: {key: db, property: password}
    /// ```
    ///
    /// ## Applies to
    /// Secrets from files; Secrets of a cluster are where they belong. Files encrypted with SOPS are passed over.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/secrets-good-practices/>
    /// - NSA/CISA Kubernetes Hardening Guidance: secrets
    static RULE = {
        id: "secret-in-git",
        aliases: &[],
        title: "is a Secret in plain text in a file",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "secrets", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if !cx.from_file {
        return;
    }
    let found = values(object, Harmless(&cx.params.harmless_names));
    let Some(most) = found.iter().map(|(.., confidence)| *confidence).max() else { return };
    out.report(|| {
        let path = |field: &str, key: &str| FieldPath::root().key(field).key(key);
        let mut keys: Vec<&str> = found.iter().map(|(_, key, _)| key.as_str()).collect();
        keys.dedup();
        let (field, key, _) = &found[0];
        let said = match &*keys {
            [key] => format!("the value of key \"{key}\" of this Secret can be read in the file"),
            _ => format!("the values of keys \"{}\" of this Secret can be read in the file", keys.join("\", \"")),
        };
        let hit = Hit::new(
            path(field, key),
            "readable in the file",
            said,
            "encrypt the Secret or have it made from a store, and change the credentials: they stay in the history of the repository",
        )
        .severity(most.severity(RULE.severity));
        found[1..].iter().fold(hit, |hit, (field, key, _)| hit.related(path(field, key), "readable too"))
    });
}

/// The values of a Secret that can be read: field, key, and how sure it is that they are secret; none for other objects.
pub(super) fn values(object: &Object<'_>, harmless: Harmless<'_>) -> Vec<(&'static str, String, Confidence)> {
    let mut found = Vec::new();
    if object.kind != "Secret" || object.api_version != "v1" || object.node.get("sops").is_some() {
        return found;
    }
    for field in ["data", "stringData"] {
        for (key, value) in object.node.get(field).into_iter().flat_map(NodeRef::entries) {
            let (Some(key), Some(value)) = (key.key(), value.as_str()) else { continue };
            if harmless.has(&key) {
                continue;
            }
            let confidence = match field {
                "data" => of_base64(&key, value, harmless),
                _ => of_data(&key, value, harmless),
            };
            found.extend(confidence.map(|confidence| (field, key.into_owned(), confidence)));
        }
    }
    found
}

/// What the base64 value of a key is. What cannot be decoded is a placeholder, or a mistake that the schema tells of.
fn of_base64(key: &str, value: &str, harmless: Harmless<'_>) -> Option<Confidence> {
    let digits = value.bytes().filter(|b| !b.is_ascii_whitespace()).count();
    let bytes = decoded(value).filter(|_| digits % 4 == 0 && !value.contains(['-', '_']))?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => of_data(key, text, harmless),
        // Keystores and the like.
        Err(_) => Some(Confidence::Name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, found};

    const ID: &str = "secret-in-git";

    #[test]
    fn what_can_be_read_in_the_file() {
        for yes in ["stringData: {password: hunter2}", "data: {password: aHVudGVyMg==}", "data: {.dockerconfigjson: e30sIng=}"] {
            assert_eq!(found(ID, &format!("kind: Secret\n{yes}\n")).len(), 1, "{yes}");
        }
        for no in [
            "data: {}",
            "data: {password: ''}",
            "data: {password: Y2hhbmdlbWU=}",
            "data: {password: PHBhc3N3b3JkPg==}",
            "data: {password: not base64}",
            "data: {password: ROOK_TOKEN, token: aHVudGVyMg}",
            "stringData: {port: '5432', tls: 'true', file: /run/x, url: 'https://example.com/x', host: db.local}",
            "stringData: {app.ini: \"a = b\\nc = d\\n\", ca.crt: \"-----BEGIN CERTIFICATE-----\\nMIID\\n\", id: ssh-rsa AAAA a@b}",
            "data: {password: 1, a: [b], c: null}",
            "data: hunter2",
            "stringData: {password: changeme, token: '<token>', a: '${A}', b: 'ENC[AES256_GCM,data:x,type:str]'}",
            "stringData: {password: hunter2}\nsops: {mac: x}",
            "type: kubernetes.io/service-account-token\nmetadata: {annotations: {kubernetes.io/service-account.name: a}}",
        ] {
            assert_eq!(found(ID, &format!("kind: Secret\n{no}\n")), [""; 0], "{no}");
        }
        let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {password: AgAhunter2}}\n";
        assert_eq!(found(ID, sealed), [""; 0]);
    }

    #[test]
    fn a_cluster_is_where_secrets_belong() {
        let mut case = Case::of(ID);
        case.from_file = false;
        assert_eq!(case.found("kind: Secret\nstringData: {password: hunter2}\n"), [""; 0]);
    }

    #[test]
    fn harmless_keys_are_left_out() {
        let mut case = Case::of(ID);
        case.params.harmless_names = vec!["demo-*".to_owned()];
        assert_eq!(case.found("kind: Secret\nstringData: {demo-password: hunter2}\n"), [""; 0]);
    }

    #[test]
    fn is_one_finding_with_all_keys() {
        let all = Case::of(ID).findings("kind: Secret\nstringData: {password: hunter2, user: admin}\ndata: {a: aHVudGVyMg==}\n");
        let [one] = &*all else { panic!("{all:?}") };
        assert_eq!(one.finding.message, "the values of keys \"a\", \"password\", \"user\" of this Secret can be read in the file");
        assert_eq!(one.finding.primary.path.to_string(), "data.a");
        assert_eq!(one.finding.related.len(), 2);
        assert!(!format!("{:?}", one.finding).contains("hunter2"));
    }

    #[test]
    fn how_sure_it_is_decides_how_grave_it_is() {
        let severity = |data: &str| Case::of(ID).findings(&format!("kind: Secret\nstringData: {data}\n"))[0].finding.severity;
        assert_eq!(severity("{url: 'amqp://me:hunter2@mq'}"), Severity::High);
        assert_eq!(severity("{a: 9f86d081884c7d659a2feaa0c55ad015}"), Severity::Medium);
        assert_eq!(severity("{password: hunter2}"), Severity::Medium);
        assert_eq!(severity("{user: admin}"), Severity::Low);
    }
}
