//! Ingresses for any host.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::ingress::{hosts, is_ingress};

rule! {
    /// ## What it does
    /// Reports rules of Ingresses without a host or with a `*` in it, and Ingresses that have a default backend and no
    /// rules.
    ///
    /// ## Why it matters
    /// Such a rule takes requests for names that nobody has meant: of other teams, of hosts that are gone, and of
    /// scanners that know the address alone.
    ///
    /// ## How to fix
    /// Write the host.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - host: web.example.com
    /// ```
    ///
    /// ## Applies to
    /// Ingresses. `*.example.com` is reported too: it takes every name below the domain.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards>
    static RULE = {
        id: "ingress-wildcard-host",
        aliases: &[],
        title: "serves any host",
        severity: Severity::Low,
        level: None,
        tags: &["security", "network"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if !is_ingress(object) {
        return;
    }
    let Some(spec) = object.node.get("spec") else { return };
    let advice = "write the host that is meant";
    let mut rules = 0;
    for (index, host) in hosts(spec) {
        rules += 1;
        let wild = host.filter(|host| host.contains('*'));
        if host.is_some() && wild.is_none() {
            continue;
        }
        out.report(|| {
            let (label, what) = match wild {
                Some(host) => ("a wildcard", format!("every host of `{host}`")),
                None => ("no host", "any host".to_owned()),
            };
            let path = FieldPath::root().keys("spec.rules").index(index).key("host");
            Hit::new(path, label, format!("Ingress \"{}\": rule {} serves {what}", object.name, index + 1), advice)
        });
    }
    let backend = ["defaultBackend", "backend"].into_iter().find(|key| spec.get(key).is_some_and(|b| !b.is_null()));
    if let Some(backend) = backend.filter(|_| rules == 0) {
        out.report(|| {
            let message = format!("Ingress \"{}\" has no rules and serves any host", object.name);
            Hit::new(FieldPath::root().key("spec").key(backend), "for any host", message, advice)
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "ingress-wildcard-host";

    fn ingress(spec: &str) -> Vec<String> {
        found(ID, &format!("kind: Ingress\nmetadata: {{name: i}}\nspec: {spec}\n"))
    }

    #[test]
    fn a_host_is_wanted() {
        assert_eq!(ingress("{rules: [{host: a.b}, {http: {}}, {host: ''}, {host: null}]}"), [
            "- spec.rules[1].host: no host", "- spec.rules[2].host: no host", "- spec.rules[3].host: no host",
        ]);
        assert_eq!(ingress("{rules: [{host: '*.a.b'}, {host: '*'}]}"), [
            "- spec.rules[0].host: a wildcard", "- spec.rules[1].host: a wildcard",
        ]);
        assert_eq!(ingress("{rules: [{host: 1}]}"), [""; 0]);
    }

    #[test]
    fn a_default_backend_alone_serves_any() {
        assert_eq!(ingress("{defaultBackend: {service: {name: a}}}"), ["- spec.defaultBackend: for any host"]);
        assert_eq!(ingress("{defaultBackend: {service: {name: a}}, rules: [{host: a.b}]}"), [""; 0]);
        assert_eq!(ingress("{defaultBackend: null}"), [""; 0]);
        assert_eq!(ingress("null"), [""; 0]);
        assert_eq!(found(ID, "apiVersion: example.com/v1\nkind: Ingress\nspec: {rules: [{}]}\n"), [""; 0]);
    }
}
