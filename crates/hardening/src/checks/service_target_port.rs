//! Ports of Services that no container has.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_yaml::NodeRef;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::index::{PODS, Selector, hash, service_port};
use crate::view::{ContainerAt, item};
use crate::workloads::{at, is, path, text};

rule! {
    /// ## What it does
    /// Reports Services with a named `targetPort` that no container of the selected pods has under that name and
    /// protocol, and ports of containers that the API server refuses: names that break the syntax (at most 15 characters
    /// of `a-z`, `0-9` and single `-` inside, with a letter), a name that two ports of a container have, and numbers that
    /// are not from 1 to 65535.
    ///
    /// ## Why it matters
    /// The Service has the pods as endpoints but not that port: connections are refused. A name that breaks the
    /// syntax makes the API server refuse the object.
    ///
    /// ## How to fix
    /// Name the port in the container, or write its number in the Service.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Service
    /// spec:
    ///   ports:
    ///   - {port: 80, targetPort: http}
    /// ```
    ///
    /// ## Applies to
    /// Service; the ports of all containers for the syntax, which is evaluated on each object alone. Whether a named
    /// port is there is evaluated where the Service selects a pod, or what makes pods, of the input in the same
    /// namespace. Numbers are not reported: containers need not declare the ports that they listen on.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports>
    /// - k8s.io/apimachinery `pkg/util/validation/validation.go`: IsValidPortName
    static RULE = {
        id: "service-target-port",
        aliases: &[],
        title: "names a port that no container has",
        severity: Severity::Medium,
        level: None,
        tags: &["network", "correctness"],
    };
}

static BESIDE: Beside = Beside {
    of: &["Service", PODS],
    need: &[],
    missing: PODS,
    unseen: Some(|near| if near.holds(&[PODS]) { 0 } else { near.count(&["Service"]) }),
    placed: false,
};

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::ContainerAndObject(of_container, of_object) };

const SYNTAX: &str = "use at most 15 of a-z, 0-9 and single -, with a letter, no - at the ends";

/// Whether it is the name of a service as IANA has them.
fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=15).contains(&name.len())
        && name.bytes().all(allowed)
        && name.bytes().any(|b| b.is_ascii_lowercase())
        && !(name.contains("--") || name.starts_with('-') || name.ends_with('-'))
}

fn of_object(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if !is(object, &[""], "Service") || text(object, "spec.type") == Some("ExternalName") {
        return;
    }
    let selector = Selector::of_pairs(at(object, "spec.selector")).filter(|of| !of.is_empty());
    let near = cx.near(object).filter(|near| !near.has_uncertain_pods());
    let ports = at(object, "spec.ports").into_iter().flat_map(NodeRef::items);
    for (index, port) in ports.clone().enumerate() {
        let target = port.get("targetPort").and_then(NodeRef::as_str).filter(|name| !name.is_empty());
        let Some(name) = target else { continue };
        let number = |port: NodeRef<'_>| Some(port.get("port")?.json_number()?.into_owned());
        let numbers = || ports.clone().map(move |port| number(port).unwrap_or_default());
        let place = || item(path("spec.ports"), "port", numbers(), index).key("targetPort");
        if !is_name(name) {
            out.report(|| Hit::new(place(), "no name of a port", format!("`{name}` can be no name of a port"), SYNTAX));
            continue;
        }
        let (Some(near), Some(selector)) = (near, &selector) else { continue };
        let wanted = (hash(&[name]), service_port(port).protocol);
        let mut pods = near.selected(selector).peekable();
        if pods.peek().is_none() || pods.any(|pod| pod.ports.contains(&wanted)) {
            continue;
        }
        out.report(|| {
            Hit::new(
                place(),
                "no container has it",
                format!("no container of the selected pods has a port named `{name}` of this protocol"),
                "name the port in the container, or write its number here",
            )
        });
    }
}

fn of_container(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let ports = &at.container.ports;
    for (index, port) in ports.iter().enumerate() {
        let place = |key: &str| at.port_path(index).key(key);
        if let Some(number) = port.container_port.filter(|number| !(1..=65535).contains(number)) {
            out.report(|| {
                let message = format!("{} has port {number}, which is none", at.said());
                Hit::new(place("containerPort"), "no number of a port", message, "set containerPort to a number from 1 to 65535")
            });
        }
        let Some(name) = port.name.filter(|name| !name.is_empty()) else { continue };
        if !is_name(name) {
            out.report(|| {
                let message = format!("{} names a port `{name}`, which can be no name of a port", at.said());
                Hit::new(place("name"), "no name of a port", message, SYNTAX)
            });
        }
        if ports[..index].iter().any(|earlier| earlier.name == Some(name)) {
            out.report(|| {
                let message = format!("{} has several ports named `{name}`", at.said());
                Hit::new(place("name"), "another port has this name", message, "give each port a name of its own")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class};

    use super::is_name;

    const ID: &str = "service-target-port";

    fn of(port: &str, ports: &str) -> Vec<String> {
        found(ID, &format!("kind: Service\nspec: {{selector: {{app: web}}, ports: [{port}]}}\n---\nkind: Pod\nmetadata: {{labels: {{app: web}}}}\nspec: {{containers: [{{name: a, ports: [{ports}]}}]}}\n"))
    }

    #[test]
    fn a_name_has_to_be_that_of_a_port() {
        let missing = ["- spec.ports[port=80].targetPort: no container has it"];
        assert_eq!(of("{port: 80, targetPort: http}", "{name: http, containerPort: 8080}"), [""; 0]);
        assert_eq!(of("{port: 80, targetPort: http}", "{name: web, containerPort: 8080}"), missing);
        assert_eq!(of("{port: 80, targetPort: http}", "{containerPort: 80}"), missing);
        assert_eq!(of("{port: 80, targetPort: http, protocol: UDP}", "{name: http, containerPort: 80}"), missing);
        assert_eq!(of("{port: 80, targetPort: http, protocol: UDP}", "{name: http, containerPort: 80, protocol: UDP}"), [""; 0]);
        assert_eq!(of("{port: 80, targetPort: 8080}", ""), [""; 0]);
        assert_eq!(of("{port: 80}", ""), [""; 0]);
        assert_eq!(of("1", ""), [""; 0]);
    }

    #[test]
    fn an_external_name_has_no_ports() {
        let of = |kind: &str| found(ID, &format!("kind: Service\nspec: {{type: {kind}, ports: [{{port: 80, targetPort: HTTP}}]}}\n"));
        assert_eq!(of("ClusterIP").len(), 1);
        assert_eq!(of("ExternalName"), [""; 0]);
    }

    #[test]
    fn is_silent_where_no_pod_is_selected() {
        let alone = "kind: Service\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n";
        assert_eq!(found(ID, alone), [""; 0]);
        assert_eq!(found(ID, &format!("{alone}---\nkind: Pod\nspec: {{}}\n")), [""; 0]);
    }

    #[test]
    fn names_have_a_syntax() {
        for good in ["http", "a", "8a", "x-1-y", "abcdefghijklmno"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "80", "a--b", "-a", "a-", "Http", "a_b", "abcdefghijklmnop"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert_eq!(of("{port: 80, targetPort: HTTP}", ""), ["- spec.ports[port=80].targetPort: no name of a port"]);
        assert_eq!(in_every_class(ID, "ports: [{name: Web, containerPort: 80}]"), [true; 3]);
        assert_eq!(in_every_class(ID, "ports: [{name: web, containerPort: 80}, {name: '', containerPort: 81}]"), [false; 3]);
    }

    #[test]
    fn a_port_has_a_number_and_a_name_of_its_own() {
        assert_eq!(in_every_class(ID, "ports: [{name: web, containerPort: 80}, {name: api, containerPort: 80}, {containerPort: http}]"), [false; 3]);
        for bad in ["{containerPort: 0}", "{containerPort: 65536}", "{containerPort: 1}, {containerPort: -1}"] {
            assert_eq!(in_every_class(ID, &format!("ports: [{bad}]")), [true; 3], "{bad}");
        }
        let pod = "kind: Pod\nspec: {containers: [{name: a, ports: [{name: web, containerPort: 80}, {name: web, containerPort: 81}]}]}\n";
        assert_eq!(found(ID, pod), ["a spec.containers[name=a].ports[containerPort=81].name: another port has this name"]);
        assert_eq!(found(ID, &pod.replace("81", "x")).len(), 1);
    }
}
