//! Configurations of other tools as configurations of ours.
//!
//! Sources: `stackrox/kube-linter:pkg/config/config.go`, `FairwindsOps/polaris:pkg/config/config.go`,
//! `zegl/kube-score:cmd/kube-score/main.go` (which has flags and no file).

use std::fmt::{self, Write as _};

use seawall_finding::{Rule, Severity};
use seawall_yaml::{Document, Kind, NodeRef};

use crate::quoted::quoted;
use crate::rules::{self, Tool};

/// A configuration that was translated, and what of it was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    tool: &'static str,
    profile: Option<&'static str>,
    select: Vec<&'static str>,
    enable: Vec<&'static str>,
    /// What the tool does without being told.
    defaults: Vec<&'static str>,
    deselect: Vec<&'static str>,
    severity: Vec<(&'static str, Severity)>,
    minimum_replicas: Option<i64>,
    kubernetes: Option<String>,
    exemptions: Vec<Exemption>,
    /// What has no counterpart, a line each.
    pub untranslated: Vec<String>,
}

/// An exemption of polaris.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Exemption {
    rules: Vec<&'static str>,
    namespace: Option<String>,
    controller: Option<String>,
    container: Option<String>,
}

/// The ids of the rules that a tool calls so; notes the id where there is none.
fn of(tool: Tool, id: &str, untranslated: &mut Vec<String>) -> Vec<&'static str> {
    let found = rules::called(Some(tool), id);
    if found.is_empty() {
        untranslated.push(format!("`{id}`: no rule here finds that"));
    }
    found
}

/// What kube-linter does without being told (`internal/defaultchecks/default_checks.go`).
const KUBE_LINTER: [&str; 31] = [
    "dangling-service",
    "deprecated-service-account-field",
    "docker-sock",
    "drop-net-raw-capability",
    "duplicate-env-var",
    "env-var-secret",
    "host-ipc",
    "host-network",
    "host-pid",
    "invalid-target-ports",
    "job-ttl-seconds-after-finished",
    "latest-tag",
    "liveness-port",
    "mismatching-selector",
    "no-anti-affinity",
    "no-extensions-v1beta",
    "no-read-only-root-fs",
    "non-existent-service-account",
    "pdb-max-unavailable",
    "pdb-min-available",
    "pdb-unhealthy-pod-eviction-policy",
    "privilege-escalation-container",
    "privileged-container",
    "readiness-port",
    "run-as-non-root",
    "sensitive-host-mounts",
    "ssh-port",
    "startup-port",
    "unsafe-sysctls",
    "unset-cpu-requirements",
    "unset-memory-requirements",
];

/// What kube-score does without being told (`README_CHECKS.md`).
const KUBE_SCORE: [&str; 33] = [
    "deployment-strategy",
    "deployment-replicas",
    "ingress-targets-service",
    "cronjob-has-deadline",
    "cronjob-restartpolicy",
    "container-resources",
    "container-image-tag",
    "container-image-pull-policy",
    "container-ephemeral-storage-request-and-limit",
    "environment-variable-key-duplication",
    "statefulset-has-poddisruptionbudget",
    "deployment-has-poddisruptionbudget",
    "poddisruptionbudget-has-policy",
    "pod-networkpolicy",
    "networkpolicy-targets-pod",
    "pod-probes",
    "pod-probes-identical",
    "container-security-context-user-group-id",
    "container-security-context-privileged",
    "container-security-context-readonlyrootfilesystem",
    "service-targets-pod",
    "service-type",
    "stable-version",
    "deployment-has-host-podantiaffinity",
    "statefulset-has-host-podantiaffinity",
    "deployment-targeted-by-hpa-does-not-have-replicas-configured",
    "statefulset-has-servicename",
    "deployment-pod-selector-labels-match-template-metadata-labels",
    "statefulset-pod-selector-labels-match-template-metadata-labels",
    "label-values",
    "horizontalpodautoscaler-has-target",
    "horizontalpodautoscaler-replicas",
    "pod-topology-spread-constraints",
];

/// The rules that find what a tool finds without being told, where they are off here; notes what none finds.
fn defaults(tool: Tool, ids: &[&str], untranslated: &mut Vec<String>) -> Vec<&'static str> {
    let mut found = Vec::new();
    for id in ids {
        let rules = rules::called(Some(tool), id);
        if rules.is_empty() {
            untranslated.push(format!("`{id}`, which is on there: no rule here finds that"));
        }
        found.extend(rules);
    }
    let is_off = |id: &&str| rules::all().iter().any(|rule| rule.id == *id && rule.off);
    found.retain(is_off);
    found
}

/// The strings of a list.
fn strings(node: Option<NodeRef<'_>>) -> Vec<&str> {
    node.into_iter().flat_map(NodeRef::items).filter_map(NodeRef::as_str).collect()
}

impl Imported {
    /// The configuration in a document, if it is one of kube-linter or polaris.
    pub fn from_document(document: &Document) -> Option<Self> {
        let root = document.root();
        let checks = root.get("checks");
        let is_kube_linter = |key: &str| {
            matches!(key, "addAllBuiltIn" | "doNotAutoAddDefaults" | "include" | "exclude" | "ignorePaths")
        };
        let keys = || checks.into_iter().flat_map(NodeRef::entries).filter_map(|(key, _)| key.key());
        if keys().any(|key| is_kube_linter(&key))
            || (checks.is_none()
                && root.get("customChecks").is_some_and(|c| c.resolved().kind() == Kind::Sequence))
        {
            return Some(kube_linter(root));
        }
        let words = ["danger", "error", "warning", "ignore"];
        let is_polaris = |node: NodeRef<'_>| node.as_str().is_some_and(|text| words.contains(&text));
        let grades = || checks.into_iter().flat_map(NodeRef::entries).map(|(_, value)| value);
        (root.get("exemptions").is_some()
            || (checks.is_some() && grades().all(is_polaris) && grades().next().is_some()))
        .then(|| polaris(root))
    }

    /// The configuration in a document of a file that is named as the tool has it, where nothing else tells.
    pub fn from_named(file: &str, document: &Document) -> Option<Self> {
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let root = document.root();
        let is_settings = root.resolved().kind() == Kind::Mapping && root.get("kind").is_none();
        match name {
            _ if !is_settings => None,
            _ if name.contains("kube-linter") => Some(kube_linter(root)),
            _ if name.contains("polaris") => Some(polaris(root)),
            _ => None,
        }
    }

    /// What the lines of a text that call kube-score say: a script, a pipeline, a `Makefile`. `None` where none does.
    pub fn from_commands(text: &str) -> Option<Self> {
        let joined = text.replace("\\\n", " ");
        let mut found: Option<Self> = None;
        for line in joined.lines() {
            let Some((_, arguments)) = line.split_once("kube-score ") else { continue };
            let Some(words) = shlex::split(arguments.trim_end_matches(['"', '\'', ']', ','])) else {
                continue;
            };
            if words.iter().any(|word| word == "score" || word.starts_with("--")) {
                let plain = || {
                    let mut plain = Self { tool: "kube-score", ..Self::default() };
                    plain.defaults = defaults(Tool::KubeScore, &KUBE_SCORE, &mut plain.untranslated);
                    plain
                };
                kube_score(&words, found.get_or_insert_with(plain));
            }
        }
        found
    }
}

fn kube_linter(root: NodeRef<'_>) -> Imported {
    let mut out = Imported { tool: "kube-linter", ..Imported::default() };
    let checks = root.get("checks");
    let flag = |key: &str| checks.and_then(|c| c.get(key)).and_then(NodeRef::as_bool).unwrap_or_default();
    let list = |key: &str| strings(checks.and_then(|c| c.get(key)));
    let mut custom = Vec::new();
    for check in root.get("customChecks").into_iter().flat_map(NodeRef::items) {
        let text = |key: &str| check.get(key).and_then(NodeRef::as_str).unwrap_or_default();
        custom.push(text("name"));
        let replicas = check.get("params").and_then(|p| p.get("minReplicas")).and_then(NodeRef::json_number);
        match (text("template"), replicas.and_then(|number| number.parse().ok())) {
            ("minimum-replicas", Some(number)) => {
                out.minimum_replicas = Some(number);
                out.enable.push("replicas-minimum");
            }
            (template, _) => {
                out.untranslated
                    .push(format!("the custom check `{}` of the template `{template}`", text("name")));
            }
        }
    }
    let mut named = |ids: Vec<&str>| {
        let mut found = Vec::new();
        for id in ids.into_iter().filter(|id| !custom.contains(id)) {
            found.extend(of(Tool::KubeLinter, id, &mut out.untranslated));
        }
        found
    };
    let (include, exclude) = (named(list("include")), named(list("exclude")));
    if flag("addAllBuiltIn") {
        out.profile = Some("strict");
    }
    if flag("doNotAutoAddDefaults") && !flag("addAllBuiltIn") {
        out.select = include;
        if out.select.is_empty() {
            out.profile = Some(NOTHING_ON.0);
            out.untranslated.push(NOTHING_ON.1.to_owned());
        }
    } else {
        out.enable.extend(include);
        out.defaults = defaults(Tool::KubeLinter, &KUBE_LINTER, &mut out.untranslated);
    }
    out.deselect = exclude;
    for path in list("ignorePaths") {
        out.untranslated
            .push(format!("the ignored path `{path}`: scan other paths, or name it in .gitignore"));
    }
    out
}

/// What comes nearest to a tool that would look at nothing, and what is left of it.
const NOTHING_ON: (&str, &str) = ("pss", "that no check is on: what a level forbids is told all the same");

/// A polaris configuration stands in place of its own: a check that it does not name is off (`pkg/config/config.go`).
fn polaris(root: NodeRef<'_>) -> Imported {
    let mut out = Imported { tool: "polaris", ..Imported::default() };
    for (key, value) in root.get("checks").into_iter().flat_map(NodeRef::entries) {
        let Some(key) = key.key() else { continue };
        let found = of(Tool::Polaris, &key, &mut out.untranslated);
        let severity = match value.as_str() {
            Some("ignore") => {
                out.deselect.extend(found);
                continue;
            }
            Some("danger" | "error") => Severity::High,
            Some("warning") => Severity::Medium,
            _ => {
                out.untranslated.push(format!("the severity of `{key}`"));
                continue;
            }
        };
        out.severity.extend(found.iter().map(|rule| (*rule, severity)));
        out.select.extend(found);
    }
    if out.select.is_empty() {
        out.profile = Some(NOTHING_ON.0);
        out.untranslated.push(NOTHING_ON.1.to_owned());
    }
    for exemption in root.get("exemptions").into_iter().flat_map(NodeRef::items) {
        let list = |key: &str| strings(exemption.get(key));
        let mut rules = Vec::new();
        for id in list("rules") {
            rules.extend(of(Tool::Polaris, id, &mut out.untranslated));
        }
        if list("rules").is_empty() {
            let known = |rule: &&Rule| rules::known_as(rule).iter().any(|(tool, _)| *tool == Tool::Polaris);
            rules = rules::all().into_iter().filter(known).map(|rule| rule.id).collect();
        }
        if rules.is_empty() {
            continue;
        }
        let namespace = exemption.get("namespace").and_then(NodeRef::as_str).map(str::to_owned);
        let each = |names: Vec<&str>| {
            let all = names.is_empty().then_some(None);
            all.into_iter().chain(names.into_iter().map(|name| Some(name.to_owned()))).collect::<Vec<_>>()
        };
        for controller in each(list("controllerNames")) {
            for container in each(list("containerNames")) {
                let (namespace, controller) = (namespace.clone(), controller.clone());
                out.exemptions.push(Exemption { rules: rules.clone(), namespace, controller, container });
            }
        }
    }
    for name in strings(root.get("mutations")) {
        out.untranslated.push(format!("the mutation `{name}`: seawall fix repairs files"));
    }
    if let Some(custom) = root.get("customChecks") {
        for (name, _) in custom.entries() {
            out.untranslated.push(format!("the custom check `{}`", name.key().unwrap_or_default()));
        }
    }
    out
}

fn kube_score(words: &[String], out: &mut Imported) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
        let (name, given) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let takes = [
            "ignore-test",
            "enable-optional-test",
            "kubernetes-version",
            "min-replicas-deployment",
            "min-replicas-hpa",
        ];
        let value = match given {
            Some(value) => value,
            None if takes.contains(&name) => words.next().map_or("", String::as_str),
            None => "",
        };
        let ids = || value.split(',').map(str::trim).filter(|id| !id.is_empty());
        match name {
            "ignore-test" => {
                for id in ids() {
                    out.deselect.extend(of(Tool::KubeScore, id, &mut out.untranslated));
                }
            }
            "enable-optional-test" => {
                for id in ids() {
                    out.enable.extend(of(Tool::KubeScore, id, &mut out.untranslated));
                }
            }
            "all-default-optional" => out.profile = Some("strict"),
            "ignore-container-cpu-limit" => out.deselect.push("cpu-limit"),
            "ignore-container-memory-limit" => out.deselect.push("memory-limit"),
            "kubernetes-version" => out.kubernetes = Some(value.trim_start_matches('v').to_owned()),
            "min-replicas-deployment" | "min-replicas-hpa" => {
                out.minimum_replicas = out.minimum_replicas.max(value.parse().ok());
            }
            "exit-one-on-warning" => {
                out.untranslated.push("`--exit-one-on-warning`: seawall scan --fail-on low".to_owned());
            }
            _ => {}
        }
    }
}

/// Ids, each once and in order.
fn once(ids: &[&'static str]) -> Vec<&'static str> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| rules::all().iter().any(|rule| rule.id == *id));
    ids
}

impl fmt::Display for Imported {
    /// As a `seawall.yaml`. Everything from outside stands in double quotes or in comments of one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Translated from a configuration of {} by `seawall import-config`.", self.tool)?;
        for line in &self.untranslated {
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            writeln!(f, "# not translated: {line}")?;
        }
        if let Some(version) = &self.kubernetes {
            writeln!(f, "kubernetesVersion: {}", quoted(version))?;
        }
        if let Some(profile) = self.profile {
            writeln!(f, "profile: {profile}")?;
        }
        let mut rules = String::new();
        // A profile with all rules has them.
        let defaults: &[&str] = if self.profile.is_some() { &[] } else { &self.defaults };
        let left = defaults.iter().filter(|id| !self.deselect.contains(id));
        let enable: Vec<&'static str> = self.enable.iter().chain(left).copied().collect();
        let lists = [("select", &self.select), ("enable", &enable), ("deselect", &self.deselect)];
        for (name, ids) in lists.map(|(name, ids)| (name, once(ids))) {
            if !ids.is_empty() {
                writeln!(rules, "  {name}: [{}]", ids.join(", "))?;
            }
        }
        let own = |id: &str| rules::all().iter().find(|rule| rule.id == id).map(|rule| rule.severity);
        let mut severity: Vec<_> =
            self.severity.iter().filter(|(id, is)| own(id).is_some_and(|own| own != *is)).collect();
        severity.sort_unstable();
        severity.dedup_by_key(|(id, _)| *id);
        if !severity.is_empty() {
            let set: Vec<String> =
                severity.iter().map(|(id, severity)| format!("{id}: {severity}")).collect();
            writeln!(rules, "  severity: {{{}}}", set.join(", "))?;
        }
        if !rules.is_empty() {
            write!(f, "rules:\n{rules}")?;
        }
        if let Some(number) = self.minimum_replicas {
            writeln!(f, "parameters: {{minimumReplicas: {number}}}")?;
        }
        if !self.exemptions.is_empty() {
            f.write_str("ignores:\n")?;
        }
        for Exemption { rules, namespace, controller, container } in &self.exemptions {
            write!(f, "- {{rule: [{}]", once(rules).join(", "))?;
            for (field, value) in [("namespace", namespace), ("container", container)] {
                if let Some(value) = value {
                    write!(f, ", {field}: {}", quoted(value))?;
                }
            }
            if let Some(name) = controller {
                // polaris compares the beginnings of names.
                write!(f, ", name: {}", quoted(&format!("{name}*")))?;
            }
            writeln!(f, ", reason: exempt in polaris}}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(text: &str) -> Option<String> {
        let entry = seawall_yaml::read(text.as_bytes()).remove(0);
        Imported::from_document(&entry.document.unwrap()).map(|imported| imported.to_string())
    }

    #[test]
    fn kube_linter_is_known_by_its_fields() {
        let text = "checks:\n  doNotAutoAddDefaults: true\n  include: [no-read-only-root-fs, what-is-this]\n  exclude: [privileged-container]\n";
        assert_eq!(
            imported(text).unwrap(),
            "# Translated from a configuration of kube-linter by `seawall import-config`.\n\
             # not translated: `what-is-this`: no rule here finds that\n\
             rules:\n  select: [read-only-root-filesystem]\n  deselect: [privileged-container]\n"
        );
        assert!(imported("checks: {addAllBuiltIn: true}\n").unwrap().contains("profile: strict\n"));
    }

    #[test]
    fn polaris_is_known_by_its_words() {
        let text = "checks:\n  hostPIDSet: ignore\n  memoryLimitsMissing: danger\nexemptions:\n- namespace: kube-system\n  controllerNames: [dns, \"a\\\"b\"]\n  rules: [hostNetworkSet]\n";
        assert_eq!(
            imported(text).unwrap(),
            "# Translated from a configuration of polaris by `seawall import-config`.\n\
             rules:\n  select: [memory-limit]\n  deselect: [host-pid]\n  severity: {memory-limit: high}\n\
             ignores:\n\
             - {rule: [host-network], namespace: \"kube-system\", name: \"dns*\", reason: exempt in polaris}\n\
             - {rule: [host-network], namespace: \"kube-system\", name: \"a\\\"b*\", reason: exempt in polaris}\n"
        );
    }

    #[test]
    fn kube_score_is_known_by_its_flags() {
        let text = "steps:\n- run: |\n    kube-score score --kubernetes-version v1.30 \\\n      --ignore-test container-security-context-readonlyrootfilesystem *.yaml\n";
        assert_eq!(
            Imported::from_commands(text).unwrap().to_string(),
            "# Translated from a configuration of kube-score by `seawall import-config`.\n\
             kubernetesVersion: \"1.30\"\nrules:\n  \
             enable: [cpu-limit, cronjob-deadline, ephemeral-storage, image-pull-policy, liveness-probe, run-as-high-gid, run-as-high-uid]\n  \
             deselect: [read-only-root-filesystem]\n"
        );
        let with = |flag: &str| {
            Imported::from_commands(&format!("kube-score score {flag} x.yaml\n")).unwrap().to_string()
        };
        let without = with("--ignore-container-cpu-limit");
        assert!(
            !without.contains("enable: [cpu-limit") && without.contains("deselect: [cpu-limit]"),
            "{without}"
        );
        assert!(!with("--all-default-optional").contains("enable"));
        assert_eq!(Imported::from_commands("see kube-score\n"), None);
    }

    #[test]
    fn what_is_on_there_is_on_here() {
        let text = imported("checks: {exclude: [unset-cpu-requirements]}\n").unwrap();
        assert!(text.contains("  enable: [job-ttl, net-raw-capability, pdb-unhealthy-eviction]\n"), "{text}");
        let text = imported("checks: {doNotAutoAddDefaults: true}\n").unwrap();
        assert!(text.contains("# not translated: that no check is on") && !text.contains("rules:"), "{text}");
        assert!(text.ends_with("\nprofile: pss\n"), "{text}");
        let text = imported("checks: {hostPIDSet: ignore}\nmutations: [pullPolicyNotAlways]\n").unwrap();
        assert!(text.contains("# not translated: that no check is on"), "{text}");
        assert!(text.contains("\nprofile: pss\n"), "{text}");
        assert!(text.contains("# not translated: the mutation `pullPolicyNotAlways`"), "{text}");
    }

    #[test]
    fn what_tools_do_without_being_told_is_known_or_told() {
        for (tool, ids) in [(Tool::KubeLinter, &KUBE_LINTER[..]), (Tool::KubeScore, &KUBE_SCORE)] {
            assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
            let mut untranslated = Vec::new();
            defaults(tool, ids, &mut untranslated);
            assert_eq!(untranslated, [""; 0]);
        }
    }

    #[test]
    fn a_name_tells_where_nothing_else_does() {
        let named = |file: &str, text: &str| {
            let entry = seawall_yaml::read(text.as_bytes()).remove(0);
            Imported::from_named(file, &entry.document.unwrap()).map(|imported| imported.tool)
        };
        assert_eq!(named("a/.kube-linter.yaml", "checks: {}\n"), Some("kube-linter"));
        assert_eq!(named("polaris.yaml", "checks: {}\n"), Some("polaris"));
        assert_eq!(named("kube-linter/x.yaml", "checks: {}\n"), None);
        assert_eq!(named("polaris.yaml", "kind: Pod\n"), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in
            ["checks: {hostPIDSet: danger}\nexemptions: [{controllerNames: [\"x: y # z\"]}]\n", "a: 1\n"]
        {
            let Some(written) = imported(text) else { continue };
            let entry = seawall_yaml::read(written.as_bytes()).remove(0);
            let document = entry.document.unwrap();
            let lines = seawall_yaml::LineIndex::new(written.as_bytes());
            let read = crate::Config::from_document(&document, &"seawall.yaml".into(), &lines);
            assert!(read.is_ok(), "{written}{:?}", read.err());
        }
        assert_eq!(imported("a: 1\n"), None);
        assert_eq!(imported("checks: {}\n"), None);
    }
}
