//! Which proxy leads to a server: `proxy-url` of the kubeconfig, else the environment, as kubectl has it (golang.org/x/net
//! `http/httpproxy`).

use std::net::IpAddr;

use http::Uri;

/// The proxy for a server, of what the environment says. Nothing on this machine is asked for through one.
pub(crate) fn from_environment(server: &Uri, get: impl Fn(&str) -> Option<String>) -> Option<Uri> {
    let either =
        |upper: &str, lower: &str| get(upper).or_else(|| get(lower)).filter(|value| !value.is_empty());
    let proxy = if server.scheme_str() == Some("http") {
        either("HTTP_PROXY", "http_proxy")
    } else {
        either("HTTPS_PROXY", "https_proxy")
    }?;
    let host = server.host()?.trim_matches(['[', ']']).to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    let address = host.parse::<IpAddr>().ok();
    let direct = host == "localhost"
        || address.is_some_and(|a| a.is_loopback())
        || either("NO_PROXY", "no_proxy").is_some_and(|list| excepted(&list, &host, address, port));
    if direct {
        return None;
    }
    let with_scheme = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    with_scheme.parse().ok()
}

/// Whether a list such as `10.0.0.0/8, .example.com, example.org:8080` names a host. A domain stands for the hosts below it too,
/// with a dot in front for those alone. What is none of these is passed over.
fn excepted(list: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Some((network, bits)) = entry.split_once('/') {
            let network: Option<IpAddr> = network.parse().ok();
            return network
                .zip(address)
                .zip(bits.parse().ok())
                .is_some_and(|((n, a), bits)| within(n, bits, a));
        }
        let (name, only) = match entry.rsplit_once(':') {
            // An IPv6 address has more of them.
            Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (name, digits.parse().ok()),
            _ => (&*entry, None),
        };
        let name = name.trim_matches(['[', ']']);
        if only.is_some_and(|only: u16| only != port) || name.is_empty() {
            return false;
        }
        if let Ok(named) = name.parse::<IpAddr>() {
            return address == Some(named);
        }
        let name = name.strip_prefix('*').unwrap_or(name);
        match name.strip_prefix('.') {
            Some(_) => host.ends_with(name),
            None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
        }
    })
}

/// Whether an address is in a network of so many bits.
fn within(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    let same = |a: u128, b: u128, width: u32| bits <= width && (bits == 0 || (a ^ b) >> (width - bits) == 0);
    match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => same(n.to_bits().into(), a.to_bits().into(), 32),
        (IpAddr::V6(n), IpAddr::V6(a)) => same(n.to_bits(), a.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, environment: &[(&str, &str)]) -> Option<String> {
        let get = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        from_environment(&server.parse().unwrap(), get).map(|uri| uri.to_string())
    }

    #[test]
    fn the_proxy_goes_with_the_scheme_of_the_server() {
        let both = [("HTTPS_PROXY", "http://s:1"), ("http_proxy", "p:2")];
        assert_eq!(proxy("https://api.example.com", &both).as_deref(), Some("http://s:1/"));
        assert_eq!(proxy("http://api.example.com", &both).as_deref(), Some("http://p:2/"));
        assert_eq!(proxy("http://api.example.com", &both[..1]), None);
        assert_eq!(proxy("https://api.example.com", &[("HTTPS_PROXY", "")]), None);
    }

    #[test]
    fn this_machine_needs_no_proxy() {
        for server in
            ["https://localhost:6443", "https://127.0.0.1:6443", "https://127.9.9.9", "https://[::1]:6443"]
        {
            assert_eq!(proxy(server, &[("HTTPS_PROXY", "http://s:1")]), None, "{server}");
        }
    }

    #[test]
    fn servers_are_excepted_by_name_domain_address_and_network() {
        let through = |server: &str, list: &str| {
            proxy(server, &[("HTTPS_PROXY", "http://s:1"), ("NO_PROXY", list)]).is_some()
        };
        for list in [
            "*",
            "api.example.com",
            "API.example.com",
            "example.com",
            ".example.com",
            "*.example.com",
            "other, ,example.com:6443,",
        ] {
            assert!(!through("https://api.example.com:6443", list), "{list}");
        }
        for list in [
            "",
            "xample.com",
            "api.example.co",
            "example.com:443",
            "api",
            "10.0.0.0/8",
            ":6443",
            "/",
            "a:b:c",
        ] {
            assert!(through("https://api.example.com:6443", list), "{list}");
        }
        assert!(through("https://example.com", ".example.com"));
        for list in ["10.1.2.3", "10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "10.1.2.3:443"] {
            assert!(!through("https://10.1.2.3", list), "{list}");
        }
        for list in ["10.1.2.4", "11.0.0.0/8", "10.1.2.2/32", "10.0.0.0/33", "10.0.0.0/x", "::/0"] {
            assert!(through("https://10.1.2.3", list), "{list}");
        }
        for list in ["fd00::1", "[fd00::1]", "[fd00::1]:443", "fd00::/8"] {
            assert!(!through("https://[fd00::1]", list), "{list}");
        }
        assert!(through("https://[fd00::1]", "fe00::/8"));
    }
}
