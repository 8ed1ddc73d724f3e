//! `seawall install`: the manifests of the webhook.
//!
//! Each is a template: `${name}` stands for a value, and lines between `#if name` (or `#if not name`), `#else` and `#end`, one within
//! another too, are there only if that is so. The Helm chart is made of the same templates (`cargo xtask docs`).

use std::io::{self, Write as _};
use std::path::Path;

use seawall_admission::Configuration;

use seawall_server::Clients;

use crate::cli::{InstallArgs, Provider};
use crate::terminal::Failure;

/// The parts in the order in which they are applied.
const PARTS: [&str; 7] = [
    include_str!("namespace.yaml"),
    CRDS,
    include_str!("rbac.yaml"),
    include_str!("webhook.yaml"),
    GUARD,
    include_str!("mutation.yaml"),
    include_str!("registration.yaml"),
];

/// The definitions of exceptions, of their policies, and of break-glass.
const CRDS: &str = include_str!("crds.yaml");

/// What keeps labels of namespaces from being lowered, where that is wanted; it needs nothing of the other parts.
const GUARD: &str = include_str!("guard.yaml");

/// The configuration where none is given.
const CONFIGURATION: &str = include_str!("podsecurity.yaml");

/// The port of kubelets: control planes may connect to it wherever they run.
const PORT: u16 = 10250;

/// The port on the network of nodes, where kubelets have that one.
const HOST_PORT: u16 = 8443;

/// The image where none is given, without its tag.
const IMAGE: &str = "seawall.dev/seawall";

/// Prints the manifests; the exit status.
pub(crate) fn run(args: &InstallArgs) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    if args.crds_only {
        out.write_all(CRDS.as_bytes())?;
        return Ok(0);
    }
    if args.host_network && args.provider == Provider::Openshift {
        let message = "OpenShift admits no pods on the network of their node without a security context constraint of its own";
        let hint = "leave --host-network out: its control plane reaches pods".to_owned();
        return Err(Failure::Usage(message.to_owned(), Some(hint)));
    }
    let client_ca = client_ca(args)?;
    let values = Values {
        provider: args.provider,
        host_network: args.host_network,
        namespace: args.namespace.clone(),
        replicas: args.replicas,
        image: args.image.clone().unwrap_or_else(|| format!("{IMAGE}:{}", env!("CARGO_PKG_VERSION"))),
        port: args.port.unwrap_or(if args.host_network { HOST_PORT } else { PORT }),
        configuration: configuration(args.config.as_deref())?,
        guard_labels: args.guard_labels || args.guard_labels_only,
        mutate: args.mutate,
        client_ca,
        client_name: args.client_name.join(","),
        reports: args.reports,
        events: args.events,
    };
    let parts: &[&str] = if args.guard_labels_only { &[GUARD] } else { &PARTS };
    let parts: Vec<String> =
        parts.iter().map(|part| values.fill(part)).filter(|part| !part.is_empty()).collect();
    out.write_all(parts.join("---\n").as_bytes())?;
    Ok(0)
}

/// The text of a configuration that the webhook will take, as lines that end in `\n`.
fn configuration(path: Option<&Path>) -> Result<String, Failure> {
    let Some(path) = path else { return Ok(CONFIGURATION.to_owned()) };
    let usage = |message: String| Failure::Usage(format!("`{}`: {message}", path.display()), None);
    let text = std::fs::read(path).map_err(|error| usage(error.to_string()))?;
    Configuration::read(&text).map_err(|error| usage(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| usage("it is not UTF-8".to_owned()))?;
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n"))
}

/// The text of the authorities of the API server's certificate, as lines that end in `\n`; empty where there is none.
fn client_ca(args: &InstallArgs) -> Result<String, Failure> {
    let Some(path) = &args.client_ca_file else {
        return match [(args.reports, "--reports"), (args.events, "--events")].into_iter().find(|(is, _)| *is)
        {
            Some((_, flag)) => Err(Failure::Usage(needs_client_ca(flag), Some(CLIENT_CA_HINT.to_owned()))),
            None => Ok(String::new()),
        };
    };
    let usage = |message: String| Failure::Usage(format!("`{}`: {message}", path.display()), None);
    let text = std::fs::read(path).map_err(|error| usage(error.to_string()))?;
    Clients::new(&text, &[]).map_err(|error| usage(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| usage("it is not UTF-8".to_owned()))?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Why what stores something wants to know who asks.
pub(crate) fn needs_client_ca(flag: &str) -> String {
    format!(
        "`{flag}` stores what requests say, and without --client-ca-file anybody who reaches the port could write there"
    )
}

/// What to do about it.
pub(crate) const CLIENT_CA_HINT: &str =
    "name the authority of the certificate that the API server shows to webhooks, if it shows one";

/// What the templates leave open.
#[derive(Debug)]
struct Values {
    provider: Provider,
    host_network: bool,
    namespace: String,
    replicas: u8,
    image: String,
    port: u16,
    configuration: String,
    guard_labels: bool,
    mutate: bool,
    client_ca: String,
    client_name: String,
    reports: bool,
    events: bool,
}

impl Values {
    /// What a template comes to.
    fn fill(&self, template: &str) -> String {
        let mut out = String::new();
        // Whether the lines of each condition around are there.
        let mut shown = Vec::new();
        for line in template.lines() {
            match line.strip_prefix("#if ") {
                Some(condition) => shown.push(self.holds(condition)),
                None if line == "#else" => shown.last_mut().into_iter().for_each(|shown| *shown = !*shown),
                None if line == "#end" => drop(shown.pop()),
                None if shown.iter().all(|shown| *shown) => {
                    out.push_str(&self.line(line));
                    out.push('\n');
                }
                None => {}
            }
        }
        out
    }

    fn holds(&self, condition: &str) -> bool {
        match condition {
            "hostNetwork" => self.host_network,
            "guardLabels" => self.guard_labels,
            "guards" => self.guards(),
            "guarded" => self.guard_labels || self.guards(),
            "mutate" => self.mutate,
            "clientCa" => !self.client_ca.is_empty(),
            "clientName" => !self.client_name.is_empty(),
            "reports" => self.reports,
            "events" => self.events,
            "stores" => self.reports || self.events,
            "gke" => self.provider == Provider::Gke,
            "aks" => self.provider == Provider::Aks,
            "not openshift" => self.provider != Provider::Openshift,
            "openshift" => self.provider == Provider::Openshift,
            _ => false,
        }
    }

    /// Whether the webhook itself guards the labels of namespaces, by its configuration.
    fn guards(&self) -> bool {
        let configuration = Configuration::read(self.configuration.as_bytes());
        configuration.is_ok_and(|configuration| configuration.settings.guard_labels)
    }

    fn line(&self, line: &str) -> String {
        let text = match line {
            "${config}" => Some(&self.configuration),
            "${clientCa}" => Some(&self.client_ca),
            _ => None,
        };
        if let Some(text) = text {
            let lines = text.trim_end_matches('\n').split('\n');
            return lines.map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
        }
        line.replace("${namespace}", &self.namespace)
            .replace("${replicas}", &self.replicas.to_string())
            .replace("${image}", &format!("\"{}\"", self.image))
            .replace("${port}", &self.port.to_string())
            .replace("${clientName}", &self.client_name)
    }
}

/// The names of what is in no namespace.
#[cfg(test)]
pub(crate) fn cluster_scoped() -> Vec<String> {
    let mut names = Vec::new();
    for part in PARTS {
        for entry in seawall_yaml::read(tests::values().fill(part).into_bytes()) {
            let document = entry.document.unwrap();
            let metadata = document.root().get("metadata").unwrap();
            if metadata.get("namespace").is_none() {
                names.push(metadata.get("name").and_then(seawall_yaml::NodeRef::as_str).unwrap().to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn values() -> Values {
        Values {
            provider: Provider::Generic,
            host_network: false,
            namespace: "${namespace}".to_owned(),
            replicas: 2,
            image: "i".to_owned(),
            port: 1,
            configuration: "a:\n  b\n\n".to_owned(),
            guard_labels: true,
            mutate: true,
            client_ca: String::new(),
            client_name: String::new(),
            reports: false,
            events: false,
        }
    }

    const SETTINGS: &str = "apiVersion: seawall.dev/v1alpha1\nkind: WebhookSettings\n";

    #[test]
    fn lines_are_there_if_their_condition_holds() {
        let template =
            "a\n#if openshift\nb\n#else\nc ${port}\n#end\nd\n#if not openshift\ne\n#end\n${config}\n";
        assert_eq!(values().fill(template), "a\nc 1\nd\ne\n    a:\n      b\n");
        let there = Values { provider: Provider::Openshift, ..values() };
        assert_eq!(there.fill(template), "a\nb\nd\n    a:\n      b\n");
        let nested = "#if mutate\na\n#if gke\nb\n#else\nc\n#end\nd\n#end\ne\n";
        assert_eq!(values().fill(nested), "a\nc\nd\ne\n");
        assert_eq!(Values { mutate: false, ..values() }.fill(nested), "e\n");
    }

    #[test]
    fn every_condition_and_every_value_is_known() {
        let text: Vec<&str> = PARTS.iter().flat_map(|part| part.lines()).collect();
        let conditions = text.iter().filter_map(|line| line.strip_prefix("#if "));
        for condition in conditions {
            let is_ever = |provider, on| {
                let text = if on { "a".to_owned() } else { String::new() };
                let (client_ca, client_name) = (text.clone(), text);
                let configuration = format!("{SETTINGS}guardLabels: {on}\n");
                let shown = Values { client_ca, client_name, reports: on, events: on, ..values() };
                let on = Values { host_network: on, guard_labels: on, mutate: on, configuration, ..shown };
                Values { provider, ..on }.holds(condition)
            };
            let [generic, gke, aks, openshift] =
                [Provider::Generic, Provider::Gke, Provider::Aks, Provider::Openshift]
                    .map(|p| is_ever(p, false));
            let known = [generic, gke, aks, openshift, is_ever(Provider::Generic, true)];
            assert!(known.contains(&true) && known.contains(&false), "{condition}");
        }
        let filled = PARTS.map(|part| values().fill(part)).concat();
        assert!(
            !filled.replace("${namespace}", "").contains("${")
                && !filled.lines().any(|line| line.starts_with("#end")),
            "{filled}"
        );
    }

    /// Pods are killed no sooner than they have answered what was begun.
    #[test]
    fn pods_have_the_time_that_their_end_takes() {
        let limits = seawall_server::Limits::default();
        let mut line = PARTS.iter().flat_map(|part| part.lines());
        let seconds = line.find_map(|line| line.trim().strip_prefix("terminationGracePeriodSeconds: "));
        let seconds: u64 = seconds.unwrap().parse().unwrap();
        assert!(seconds >= (limits.linger + limits.drain).as_secs() + 5, "{seconds}");
    }
}
