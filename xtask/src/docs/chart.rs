//! The Helm chart, from the templates of `seawall install`.

use std::fs;

use crate::run::root;

/// The templates that are part of a release. Its namespace is Helm's, and its definitions of custom resources are installed once.
const TEMPLATES: [&str; 5] = ["rbac", "webhook", "guard", "mutation", "registration"];

/// Names of `seawall install` in conditions, and what they are to Helm.
const CONDITIONS: [(&str, &str); 14] = [
    ("hostNetwork", ".Values.hostNetwork"),
    ("guardLabels", ".Values.guardLabels"),
    ("guards", r#"regexMatch "(?m)^guardLabels: *true\\b" .Values.config"#),
    ("guarded", r#"or .Values.guardLabels (regexMatch "(?m)^guardLabels: *true\\b" .Values.config)"#),
    ("mutate", ".Values.mutate"),
    ("clientCa", ".Values.clientCa"),
    ("clientName", ".Values.clientName"),
    ("reports", ".Values.reports"),
    ("events", ".Values.events"),
    ("stores", "or .Values.reports .Values.events"),
    ("gke", r#"eq .Values.provider "gke""#),
    ("aks", r#"eq .Values.provider "aks""#),
    ("openshift", r#"eq .Values.provider "openshift""#),
    ("not openshift", r#"ne .Values.provider "openshift""#),
];

/// The same of values.
const VALUES: [(&str, &str); 7] = [
    ("namespace", ".Release.Namespace"),
    ("replicas", ".Values.replicas | int"),
    ("image", r#".Values.image | default (printf "seawall.dev/seawall:%s" .Chart.AppVersion) | quote"#),
    ("port", ".Values.port | default (ternary 8443 10250 .Values.hostNetwork) | int"),
    (
        "config",
        r#"regexReplaceAll "\n+$" (.Values.config | trimPrefix "\ufeff" | replace "\r\n" "\n" | replace "\r" "\n") "" | indent 4"#,
    ),
    ("clientName", ".Values.clientName"),
    (
        "clientCa",
        r#"regexReplaceAll "\n+$" (.Values.clientCa | replace "\r\n" "\n" | replace "\r" "\n") "" | indent 4"#,
    ),
];

/// What it does not make, as `seawall install` says too.
const GUARD: &str = r#"{{- if has .Release.Namespace (list "default" "kube-node-lease" "kube-public" "kube-system") }}
{{- fail "the webhook wants a namespace of its own, such as seawall" }}
{{- end }}
{{- if and (or .Values.reports .Values.events) (not .Values.clientCa) }}
{{- fail "reports and events store what requests say, and without clientCa anybody who reaches the port could write there" }}
{{- end }}
"#;

const MADE: &str = "# Made by `cargo xtask docs` from the templates of `seawall install`. Do not edit.\n";

/// The files that are made, below the root of the repository.
pub(super) fn files() -> Result<Vec<(String, String)>, String> {
    let read = |name: &str| {
        let path = root().join("crates/seawall/src/install").join(format!("{name}.yaml"));
        fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
    };
    let chart = |name: &str| format!("charts/seawall/{name}");
    let mut files = Vec::new();
    for name in TEMPLATES {
        let guard = if name == "rbac" { GUARD } else { "" };
        files.push((
            chart(&format!("templates/{name}.yaml")),
            format!("{MADE}{guard}{}", template(&read(name)?)?),
        ));
    }
    files.push((chart("crds/exceptions.yaml"), format!("{MADE}{}", read("crds")?)));
    let configuration = read("podsecurity")?;
    let configuration: String = configuration.lines().flat_map(|line| ["  ", line, "\n"]).collect();
    files.push((chart("values.yaml"), format!("{MADE}{}", VALUES_FILE.replace("${config}", &configuration))));
    let version = env!("CARGO_PKG_VERSION");
    files.push((chart("Chart.yaml"), format!("{MADE}{}", CHART_FILE.replace("${version}", version))));
    Ok(files)
}

/// A template as Helm has it.
fn template(text: &str) -> Result<String, String> {
    let mut out = String::new();
    for line in text.lines() {
        let line = match line.strip_prefix("#if ") {
            Some(name) => {
                let known = CONDITIONS.iter().find(|(known, _)| *known == name);
                let (_, condition) = known.ok_or_else(|| format!("nobody says what `{line}` is to Helm"))?;
                format!("{{{{- if {condition} }}}}")
            }
            None if line == "#else" => "{{- else }}".to_owned(),
            None if line == "#end" => "{{- end }}".to_owned(),
            None => VALUES.iter().fold(line.to_owned(), |line, (name, value)| {
                line.replace(&format!("${{{name}}}"), &format!("{{{{ {value} }}}}"))
            }),
        };
        if line.contains("${") {
            return Err(format!("nobody says what `{line}` is to Helm"));
        }
        out.push_str(&line);
        out.push('\n');
    }
    Ok(out)
}

const CHART_FILE: &str = "apiVersion: v2
name: seawall
description: Pod Security admission as a webhook, with exceptions for workloads
type: application
version: ${version}
appVersion: \"${version}\"
kubeVersion: \">=1.30.0-0\"
";

const VALUES_FILE: &str = "
# Who runs the cluster: generic, eks, gke, aks or openshift.
provider: generic

# Pods of the webhook, 2 to 50.
replicas: 2

# The image; seawall.dev/seawall at the version of the chart if it is empty.
image: \"\"

# Whether the pods are on the network of their nodes, where the control plane does not reach that of pods.
hostNetwork: false

# The port that the pods listen on; if it is null, 10250, which control planes may connect to, and 8443 with hostNetwork.
port: null

# Whether changes are refused that lower what the labels of a namespace ask for, but of those who have the right to.
guardLabels: false

# Whether the webhook sets what new pods leave out, in namespaces with the label seawall.dev/mutate=enabled, and the levels of new
# namespaces (namespaceDefaults).
mutate: false
# The authorities of the certificate that the API server shows to webhooks, as PEM: --set-file clientCa=ca.crt
clientCa: \"\"

# Names of which it has to have one, with commas between; any if it is empty.
clientName: \"\"

# Whether what workloads violate is written as reports of OpenReports, and as events on what makes the pods. Both need clientCa.
reports: false
events: false

# The PodSecurityConfiguration, as text: --set-file config=podsecurity.yaml
config: |
${config}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_become_helm_s() {
        let made = template("a: \"${namespace}\"\n#if gke\nb\n#else\nc: ${replicas}\n#end\n").unwrap();
        let wanted = "a: \"{{ .Release.Namespace }}\"\n{{- if eq .Values.provider \"gke\" }}\nb\n{{- else }}\nc: {{ .Values.replicas | int }}\n{{- end }}\n";
        assert_eq!(made, wanted);
    }

    #[test]
    fn what_has_no_meaning_to_helm_is_an_error() {
        assert!(template("#if moon\n").is_err());
        assert!(template("a: ${moon}\n").is_err());
    }
}
