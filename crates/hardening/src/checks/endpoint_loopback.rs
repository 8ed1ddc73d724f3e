//! Endpoints at addresses of the node itself.

use std::net::IpAddr;

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};

rule! {
    /// ## What it does
    /// Reports addresses of Endpoints and EndpointSlices that are loopback (`127.0.0.0/8`, `::1`), link-local
    /// (`169.254.0.0/16`, `fe80::/10`) or unspecified (`0.0.0.0`, `::`).
    ///
    /// ## Why it matters
    /// Such an address is meant for one machine: traffic sent there reaches what listens on the node for itself alone,
    /// or the metadata of the cloud with its credentials (CVE-2021-25737). The API server refuses it.
    ///
    /// ## How to fix
    /// Write the address of the program that is meant.
    ///
    /// ## Example
    /// ```yaml
    /// kind: EndpointSlice
    /// addressType: IPv4
    /// endpoints:
    /// - addresses: [192.0.2.10]
    /// ```
    ///
    /// ## Applies to
    /// Endpoints and EndpointSlices. IPv4 addresses written as IPv6 are recognised.
    ///
    /// ## References
    /// - <https://github.com/kubernetes/kubernetes/issues/102106>: CVE-2021-25737
    /// - <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go>:
    ///   `ValidateEndpointIP`
    static RULE = {
        id: "endpoint-loopback",
        aliases: &[],
        title: "points at the node itself",
        severity: Severity::High,
        level: None,
        tags: &["security", "network"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    match (object.group(), object.kind) {
        ("", "Endpoints") => endpoints(object, out),
        ("discovery.k8s.io", "EndpointSlice") => slice(object, out),
        _ => {}
    }
}

fn endpoints(object: &Object<'_>, out: &mut Out<'_>) {
    for (at, subset) in items(object.node, "subsets") {
        for list in ["addresses", "notReadyAddresses"] {
            for (index, address) in items(subset, list) {
                let path = || FieldPath::root().key("subsets").index(at).key(list).index(index).key("ip");
                report(object, address.get("ip"), path, out);
            }
        }
    }
}

fn slice(object: &Object<'_>, out: &mut Out<'_>) {
    for (at, endpoint) in items(object.node, "endpoints") {
        for (index, address) in items(endpoint, "addresses") {
            let path = || FieldPath::root().key("endpoints").index(at).key("addresses").index(index);
            report(object, Some(address), path, out);
        }
    }
}

fn items<'d>(node: NodeRef<'d>, key: &str) -> impl Iterator<Item = (usize, NodeRef<'d>)> + use<'d> {
    node.get(key).into_iter().flat_map(NodeRef::items).enumerate()
}

fn report(object: &Object<'_>, address: Option<NodeRef<'_>>, path: impl FnOnce() -> FieldPath, out: &mut Out<'_>) {
    let Some(text) = address.and_then(NodeRef::as_str) else { return };
    let Some(what) = text.parse().ok().and_then(special) else { return };
    out.report(|| {
        let message = format!("{} \"{}\" sends traffic to `{text}`, {what} address", object.kind, object.name);
        Hit::new(path(), format!("{what} address"), message, "write the address of the program that is meant")
    });
}

/// What an address is, with its article, if it is one that means another machine everywhere.
fn special(address: IpAddr) -> Option<&'static str> {
    let (loopback, local, none) = match address.to_canonical() {
        IpAddr::V4(ip) => (ip.is_loopback(), ip.is_link_local(), ip.is_unspecified()),
        IpAddr::V6(ip) => (ip.is_loopback(), ip.is_unicast_link_local(), ip.is_unspecified()),
    };
    match (loopback, local, none) {
        (true, ..) => Some("a loopback"),
        (_, true, _) => Some("a link-local"),
        (_, _, true) => Some("an unspecified"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "endpoint-loopback";

    #[test]
    fn slices() {
        let slice = |address: &str| {
            found(ID, &format!("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: e}}\nendpoints: [{{addresses: ['192.0.2.1', {address}]}}]\n"))
        };
        for (address, what) in [
            ("127.0.0.1", "a loopback address"), ("127.9.9.9", "a loopback address"), ("'::1'", "a loopback address"),
            ("'::ffff:127.0.0.1'", "a loopback address"), ("169.254.169.254", "a link-local address"),
            ("'fe80::1'", "a link-local address"), ("0.0.0.0", "an unspecified address"), ("'::'", "an unspecified address"),
        ] {
            assert_eq!(slice(address), [format!("- endpoints[0].addresses[1]: {what}")], "{address}");
        }
        for fine in ["10.0.0.1", "'2001:db8::1'", "localhost", "null", "1", "[127.0.0.1]"] {
            assert_eq!(slice(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn endpoints_ready_and_not() {
        let text = "kind: Endpoints\nmetadata: {name: e}\nsubsets: [{addresses: [{ip: 192.0.2.1}], notReadyAddresses: [{ip: 127.0.0.1}]}, {addresses: [{ip: 169.254.1.1}, null]}]\n";
        assert_eq!(found(ID, text), [
            "- subsets[0].notReadyAddresses[0].ip: a loopback address",
            "- subsets[1].addresses[0].ip: a link-local address",
        ]);
        assert_eq!(found(ID, "kind: Endpoints\nsubsets: null\n"), [""; 0]);
    }
}
