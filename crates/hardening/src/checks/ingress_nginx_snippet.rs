//! Configuration of nginx in annotations.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::ingress::is_ingress;

rule! {
    /// ## What it does
    /// Reports annotations of Ingresses that put text into the configuration of ingress-nginx
    /// (`nginx.ingress.kubernetes.io/...-snippet`), and ConfigMaps that allow them (`allow-snippet-annotations:
    /// "true"`).
    ///
    /// ## Why it matters
    /// The text is taken as it is: whoever writes an Ingress reads files of the controller, its token among them, and
    /// with that every Secret that it reads (CVE-2021-25742). ingress-nginx is no longer maintained.
    ///
    /// ## How to fix
    /// Use the annotations that say what is wanted, and have the controller refuse snippets; move to a Gateway or
    /// another controller.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/ssl-redirect: "true"
    /// ```
    ///
    /// ## Applies to
    /// Ingresses, and ConfigMaps with that key. A controller that was told another prefix for annotations is not
    /// recognised. The annotations of CVE-2025-1974 and its kind (`auth-url`, `auth-tls-match-cn`, `mirror-target`) are
    /// not reported: the fault is in controllers older than 1.11.5 and 1.12.1.
    ///
    /// ## References
    /// - <https://github.com/kubernetes/kubernetes/issues/126744>: CVE-2024-7646
    /// - <https://github.com/kubernetes/ingress-nginx/issues/7837>: CVE-2021-25742
    /// - <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations-risk/>
    static RULE = {
        id: "ingress-nginx-snippet",
        aliases: &[],
        title: "writes into the configuration of nginx",
        severity: Severity::High,
        level: None,
        tags: &["security", "network"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if (object.api_version, object.kind) == ("v1", "ConfigMap") {
        let allowed = object.node.get("data").and_then(|data| data.get("allow-snippet-annotations"));
        if allowed.and_then(NodeRef::as_str) == Some("true") {
            out.report(|| {
                let message = format!("ConfigMap \"{}\" allows snippets of nginx configuration in annotations", object.name);
                let path = FieldPath::root().keys("data.allow-snippet-annotations");
                Hit::new(path, "must be false", message, "set allow-snippet-annotations to \"false\", or leave it out")
            });
        }
        return;
    }
    if !is_ingress(object) {
        return;
    }
    let annotations = object.metadata.and_then(|metadata| metadata.get("annotations"));
    for (key, value) in annotations.into_iter().flat_map(NodeRef::entries) {
        let Some(key) = key.as_str().filter(|key| key.starts_with(PREFIX) && key.ends_with("-snippet")) else { continue };
        if value.as_str().is_none_or(|text| text.trim().is_empty()) {
            continue;
        }
        out.report(|| {
            let name = &key[PREFIX.len()..];
            let message = format!("Ingress \"{}\" writes into the configuration of nginx by its {name}", object.name);
            let path = FieldPath::root().keys("metadata.annotations").key(key);
            Hit::new(path, "taken as it is", message, "use the annotations that say what is wanted, and refuse snippets")
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "ingress-nginx-snippet";

    fn ingress(annotations: &str) -> Vec<String> {
        found(ID, &format!("kind: Ingress\nmetadata: {{name: i, annotations: {annotations}}}\n"))
    }

    #[test]
    fn every_kind_of_snippet() {
        for name in ["configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet", "modsecurity-snippet"] {
            assert_eq!(ingress(&format!("{{nginx.ingress.kubernetes.io/{name}: 'a b;'}}")).len(), 1, "{name}");
        }
        for fine in [
            "{nginx.ingress.kubernetes.io/configuration-snippet: ''}",
            "{nginx.ingress.kubernetes.io/configuration-snippet: null}",
            "{nginx.ingress.kubernetes.io/ssl-redirect: 'true'}",
            "{example.com/configuration-snippet: a}",
            "null",
            "a",
        ] {
            assert_eq!(ingress(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn the_text_is_not_shown() {
        let text = "kind: Ingress\nmetadata: {name: i, annotations: {nginx.ingress.kubernetes.io/auth-snippet: hunter2}}\n";
        let found = Case::of(ID).findings(text);
        assert_eq!(found[0].finding.message, "Ingress \"i\" writes into the configuration of nginx by its auth-snippet");
    }

    #[test]
    fn config_maps_that_allow_them() {
        let map = |value: &str| found(ID, &format!("kind: ConfigMap\nmetadata: {{name: c}}\ndata: {{allow-snippet-annotations: {value}}}\n"));
        assert_eq!(map("'true'"), ["- data.allow-snippet-annotations: must be false"]);
        assert_eq!(map("'false'"), [""; 0]);
        assert_eq!(map("null"), [""; 0]);
    }
}
