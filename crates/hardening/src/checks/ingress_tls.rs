//! Ingresses without TLS.

use std::collections::HashSet;

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::ingress::{hosts, is_ingress};

rule! {
    /// ## What it does
    /// Reports hosts of Ingresses that no entry of `spec.tls` covers, and Ingresses without any. An entry covers the
    /// hosts that it lists, by name or by a wildcard for one label; one that lists none covers all.
    ///
    /// ## Why it matters
    /// Without TLS passwords, cookies and content cross the network as they are, and whoever is in between may change
    /// them.
    ///
    /// ## How to fix
    /// Add the host to an entry of `spec.tls` with the Secret of its certificate.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   tls:
    ///   - hosts: [web.example.com]
    ///     secretName: web-certificate
    ///   rules:
    ///   - host: web.example.com
    /// ```
    ///
    /// ## Applies to
    /// Ingresses. Not those whose annotations name a certificate in another way: of AWS, Google, Azure, OpenShift and
    /// Traefik. What terminates TLS in front of the cluster cannot be seen.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/ingress/#tls>
    /// - NSA/CISA Kubernetes Hardening Guidance: encryption
    static RULE = {
        id: "ingress-tls",
        aliases: &[],
        title: "serves without TLS",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "network", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// Annotations by which controllers are told a certificate.
const CERTIFICATES: &[&str] = &[
    "alb.ingress.kubernetes.io/certificate-arn",
    "networking.gke.io/managed-certificates",
    "networking.gke.io/v1beta1.FrontendConfig",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "route.openshift.io/termination",
    "traefik.ingress.kubernetes.io/router.tls",
];

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if !is_ingress(object) {
        return;
    }
    let Some(spec) = object.node.get("spec") else { return };
    let annotations = object.metadata.and_then(|metadata| metadata.get("annotations"));
    let named = |key: &&str| {
        let value = annotations.and_then(|annotations| annotations.get(key)).and_then(NodeRef::as_str);
        value.is_some_and(|value| !matches!(value, "" | "false"))
    };
    if CERTIFICATES.iter().any(named) {
        return;
    }
    let serves = |key| spec.get(key).is_some_and(|value| value.count() > 0);
    if !["rules", "defaultBackend", "backend"].into_iter().any(serves) {
        return;
    }
    let tls = spec.get("tls").filter(|tls| tls.items().next().is_some());
    let advice = "add an entry to spec.tls with the host and the Secret of its certificate";
    let Some(tls) = tls else {
        out.report(|| {
            let message = format!("Ingress \"{}\" serves without TLS", object.name);
            Hit::new(FieldPath::root().keys("spec.tls"), "no tls", message, advice)
        });
        return;
    };
    let mut covered = None;
    for (index, host) in hosts(spec) {
        if covered.get_or_insert_with(|| Covered::of(tls)).has(host) {
            continue;
        }
        out.report(|| {
            let path = FieldPath::root().keys("spec.rules").index(index).key("host");
            let message = format!("Ingress \"{}\" serves `{}` without TLS", object.name, host.unwrap_or("*"));
            Hit::new(path, "in no tls entry", message, advice)
        });
    }
}

/// The hosts that the entries of a `tls` cover.
struct Covered {
    /// Whether an entry lists none, and so covers all.
    all: bool,
    /// In lower case.
    names: HashSet<String>,
}

impl Covered {
    fn of(tls: NodeRef<'_>) -> Self {
        let mut covered = Self { all: false, names: HashSet::new() };
        for entry in tls.items() {
            let hosts = entry.get("hosts").into_iter().flat_map(NodeRef::items);
            covered.all |= hosts.clone().next().is_none();
            covered.names.extend(hosts.filter_map(NodeRef::as_str).map(str::to_ascii_lowercase));
        }
        covered
    }

    /// `None` stands for any host: what serves any takes whatever certificate there is.
    fn has(&self, host: Option<&str>) -> bool {
        let Some(host) = host.filter(|_| !self.all) else { return true };
        let host = host.to_ascii_lowercase();
        let wild = || Some(format!("*.{}", host.split_once('.')?.1));
        self.names.contains(&host) || wild().is_some_and(|wild| self.names.contains(&wild))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "ingress-tls";

    fn ingress(annotations: &str, spec: &str) -> Vec<String> {
        found(ID, &format!("kind: Ingress\nmetadata: {{name: i, annotations: {annotations}}}\nspec: {spec}\n"))
    }

    #[test]
    fn every_host_wants_an_entry() {
        for spec in ["{rules: [{host: a.b}]}", "{tls: [], rules: [{host: a.b}]}", "{tls: null, rules: [{}]}", "{defaultBackend: {service: {name: a}}}"] {
            assert_eq!(ingress("{}", spec), ["- spec.tls: no tls"], "{spec}");
        }
        let hosts = "rules: [{host: a.example.com}, {host: b.example.org}, {host: x.a.example.com}]";
        let tls = |hosts_of: &str| ingress("{}", &format!("{{tls: [{{hosts: {hosts_of}}}], {hosts}}}"));
        assert_eq!(tls("[a.example.com, B.example.org, x.a.example.com]"), [""; 0]);
        assert_eq!(tls("['*.example.com', '*.example.org']"), ["- spec.rules[2].host: in no tls entry"]);
        assert_eq!(tls("[a.example.com]"), ["- spec.rules[1].host: in no tls entry", "- spec.rules[2].host: in no tls entry"]);
        assert_eq!(tls("null"), [""; 0]);
        assert_eq!(ingress("{}", "{tls: [{secretName: s, hosts: [a]}], rules: [{http: {}}]}"), [""; 0]);
        for nothing in ["null", "{}", "{rules: []}", "{rules: 1}"] {
            assert_eq!(ingress("{}", nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn controllers_know_other_ways() {
        let spec = "{rules: [{host: a.b}]}";
        assert_eq!(ingress("{alb.ingress.kubernetes.io/certificate-arn: 'arn:x'}", spec), [""; 0]);
        assert_eq!(ingress("{traefik.ingress.kubernetes.io/router.tls: 'false'}", spec).len(), 1);
        assert_eq!(ingress("{alb.ingress.kubernetes.io/certificate-arn: ''}", spec).len(), 1);
    }

    #[test]
    fn ingresses_of_other_groups_are_others() {
        let text = |version: &str| format!("apiVersion: {version}\nkind: Ingress\nspec: {{rules: [{{host: a.b}}]}}\n");
        assert_eq!(found(ID, &text("extensions/v1beta1")).len(), 1);
        assert_eq!(found(ID, &text("networking.internal.knative.dev/v1alpha1")), [""; 0]);
    }
}
