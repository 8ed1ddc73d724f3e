//! Secrets in annotations and labels.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::{Object, objects};
use seawall_manifest::workload;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use super::{secret_in_configmap, secret_in_git};
use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::secrets::{Confidence, Harmless, in_words, named};
use crate::view::Pod;

rule! {
    /// ## What it does
    /// Reports annotations and labels that hold a credential: by its form (tokens of known issuers, private keys, JSON web
    /// tokens, URLs with a password), or because the key says so and the value looks random. A key alone counts for nothing:
    /// annotations name Secrets more often than they hold one. In `kubectl.kubernetes.io/last-applied-configuration` the
    /// object that kubectl has kept is looked into: variables, commands, the data of ConfigMaps and of Secrets.
    ///
    /// ## Why it matters
    /// Annotations are shown by every client, copied to other objects and logged. What `kubectl apply` was once given stays in
    /// the annotation after the field itself has been repaired.
    ///
    /// ## How to fix
    /// Take the value out, and change the credential. Remove the last applied configuration from files; in a cluster,
    /// `kubectl apply --server-side` does without it.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   name: app
    ///   annotations:
    ///     example.com/token-secret: app-token
    /// ```
    ///
    /// ## Applies to
    /// Metadata of all objects, and of the templates and volume claims in them.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/>
    /// - <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/>
    static RULE = {
        id: "secret-in-annotation",
        aliases: &[],
        title: "has a secret in an annotation or label",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "secrets"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if let Some(metadata) = object.metadata {
        of_metadata(metadata, &|| FieldPath::root().key("metadata"), cx, out);
    }
    let spec = object.node.get("spec");
    let job = spec.and_then(|spec| spec.get("jobTemplate"));
    for (holder, place) in [
        (object.node.get("template"), "template.metadata"),
        (spec.and_then(|spec| spec.get("template")), "spec.template.metadata"),
        (job, "spec.jobTemplate.metadata"),
        (job.and_then(|job| job.get("spec")?.get("template")), "spec.jobTemplate.spec.template.metadata"),
    ] {
        if let Some(metadata) = holder.and_then(|holder| holder.get("metadata")) {
            of_metadata(metadata, &|| FieldPath::root().keys(place), cx, out);
        }
    }
    let claims = spec.and_then(|spec| spec.get("volumeClaimTemplates"));
    for (index, claim) in claims.into_iter().flat_map(NodeRef::items).enumerate() {
        if let Some(metadata) = claim.get("metadata") {
            let at = || FieldPath::root().keys("spec.volumeClaimTemplates").index(index).key("metadata");
            of_metadata(metadata, &at, cx, out);
        }
    }
}

fn of_metadata(metadata: NodeRef<'_>, at: &dyn Fn() -> FieldPath, cx: &Cx<'_>, out: &mut Out<'_>) {
    let harmless = Harmless(&cx.params.harmless_names);
    for (field, what) in [("annotations", "annotation"), ("labels", "label")] {
        for (key, value) in metadata.get(field).into_iter().flat_map(NodeRef::entries) {
            // Nothing shorter is taken for random, or has the form of a credential but a URL.
            let Some(bytes) = value.as_str_bytes() else { continue };
            if bytes.len() < 16 && !bytes.windows(3).any(|mark| mark == b"://") {
                continue;
            }
            let Some(value) = value.as_str() else { continue };
            let Some(key) = key.key() else { continue };
            let (label, said, confidence) = if key == LAST_APPLIED {
                if harmless.has(&key) {
                    continue;
                }
                let Some((said, confidence)) = in_configuration(value, cx) else { continue };
                ("holds a secret".to_owned(), said, confidence)
            } else {
                let Some(secret) = named(&key, value, harmless).filter(|s| s.confidence > Confidence::Name) else { continue };
                (secret.label(), secret.said(), secret.confidence)
            };
            out.report(|| {
                Hit::new(
                    at().key(field).key(key.clone()),
                    label,
                    format!("{what} \"{key}\" holds {said}"),
                    "take it out, and change the credential: whoever may read the object knows it",
                )
                .severity(confidence.severity(RULE.severity))
            });
        }
    }
}

/// What the object holds that kubectl has kept as JSON, if it holds a secret: the surest one.
fn in_configuration(text: &str, cx: &Cx<'_>) -> Option<(String, Confidence)> {
    let harmless = Harmless(&cx.params.harmless_names);
    let mut best: Option<(String, Confidence)> = None;
    let mut add = |confidence: Confidence, said: &dyn Fn() -> String| {
        if best.as_ref().is_none_or(|(_, known)| *known < confidence) {
            best = Some((said(), confidence));
        }
    };
    let documents = seawall_yaml::read(text.as_bytes());
    for document in documents.iter().filter_map(|entry| entry.document.as_ref()) {
        for object in objects(document).objects {
            secret_in_configmap::secrets(&object, harmless, |key, secret| {
                add(secret.confidence, &|| format!("a ConfigMap whose key \"{key}\" holds {}", secret.said()));
            });
            for (_, key, confidence) in secret_in_git::values(&object, harmless) {
                add(confidence, &|| format!("a Secret with the value of key \"{key}\""));
            }
            for template in workload::templates(&object, &[]) {
                let Some(pod) = Pod::of(&template) else { continue };
                for at in (PodAt { object: &object, template: &template, pod: &pod }).containers() {
                    for variable in &at.container.env {
                        if let Some(secret) = variable.value.and_then(|value| named(variable.name, value, harmless)) {
                            let name = variable.name;
                            add(secret.confidence, &|| {
                                format!("a pod whose variable \"{name}\" of {} holds {}", at.said(), secret.said())
                            });
                        }
                    }
                    let words = at.container.command.iter().chain(&at.container.args).copied();
                    in_words(words, harmless, |_, secret| {
                        add(secret.confidence, &|| {
                            format!("a pod whose command of {} holds {}", at.said(), secret.said())
                        });
                    });
                }
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, found};

    const ID: &str = "secret-in-annotation";
    const RANDOM: &str = "9f86d081884c7d659a2feaa0c55ad015";

    #[test]
    fn forms_and_random_values_under_a_name() {
        let of = |metadata: &str| found(ID, &format!("kind: Service\nmetadata: {metadata}\n"));
        assert_eq!(of("{annotations: {a: 'amqp://me:hunter2@mq'}}"), ["- metadata.annotations.a: looks like a URL with a password in it"]);
        assert_eq!(of(&format!("{{annotations: {{x.io/api-token: {RANDOM}}}}}")).len(), 1);
        assert_eq!(of(&format!("{{labels: {{x.io/api-token: {RANDOM}}}}}")).len(), 1);
        for no in [
            "{annotations: {nginx.ingress.kubernetes.io/auth-secret: basic}}",
            "{annotations: {x.io/token: hunter2, checksum/secret-files: 9f86d081884c7d659a2feaa0c55ad015}}",
            "{annotations: {commit: 9f86d081884c7d659a2feaa0c55ad015d0e5f6a7}}",
            "{annotations: {vault.hashicorp.com/agent-inject-secret-db: secret/data/db}}",
            "{annotations: [hunter2], labels: {a: 1, b: null}}",
            "{annotations: {kubectl.kubernetes.io/last-applied-configuration: '{not json'}}",
        ] {
            assert_eq!(of(no), [""; 0], "{no}");
        }
    }

    #[test]
    fn templates_have_metadata_of_their_own() {
        let secret = "metadata: {annotations: {a: 'amqp://me:hunter2@mq'}}";
        let paths = |yaml: String| {
            Case::of(ID).findings(&yaml).iter().map(|f| f.finding.primary.path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(paths(format!("kind: Deployment\nspec: {{template: {{{secret}}}}}\n")), ["spec.template.metadata.annotations.a"]);
        assert_eq!(paths(format!("kind: PodTemplate\ntemplate: {{{secret}}}\n")), ["template.metadata.annotations.a"]);
        assert_eq!(paths(format!("kind: CronJob\nspec: {{jobTemplate: {{{secret}, spec: {{template: {{{secret}}}}}}}}}\n")).len(), 2);
        assert_eq!(
            paths(format!("kind: StatefulSet\nspec: {{volumeClaimTemplates: [{{{secret}}}]}}\n")),
            ["spec.volumeClaimTemplates[0].metadata.annotations.a"]
        );
    }

    #[test]
    fn looks_into_what_kubectl_has_kept() {
        for (json, said, severity) in [
            (
                r#"{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","env":[{"name":"DB_PASSWORD","value":"hunter2"}]}]}}"#,
                "a pod whose variable \"DB_PASSWORD\" of container \"a\" holds a literal value, and its name says that it is a secret",
                Severity::Low,
            ),
            (
                r#"{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","args":["--db=x://a:hunter2@b"]}]}}"#,
                "a pod whose command of container \"a\" holds what looks like a URL with a password in it",
                Severity::High,
            ),
            (
                r#"{"apiVersion":"v1","kind":"ConfigMap","data":{"password":"hunter2"}}"#,
                "a ConfigMap whose key \"password\" holds a literal value, and its name says that it is a secret",
                Severity::Low,
            ),
            (r#"{"apiVersion":"v1","kind":"Secret","data":{"a":"aHVudGVyMg==","password":"aHVudGVyMg=="}}"#, "a Secret with the value of key \"password\"", Severity::Medium),
        ] {
            let all = Case::of(ID).findings(&format!("kind: Pod\nmetadata: {{annotations: {{{LAST_APPLIED}: '{json}'}}}}\n"));
            let [one] = &*all else { panic!("{json}: {all:?}") };
            assert_eq!(one.finding.message, format!("annotation \"{LAST_APPLIED}\" holds {said}"));
            assert_eq!(one.finding.severity, severity, "{json}");
            assert!(!format!("{:?}", one.finding).contains("hunter2"));
        }
        let clean = r#"{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","env":[{"name":"A","value":"b"}]}]}}"#;
        assert_eq!(found(ID, &format!("kind: Pod\nmetadata: {{annotations: {{{LAST_APPLIED}: '{clean}'}}}}\n")), [""; 0]);
    }
}
