//! The configuration of the reference: `PodSecurityConfiguration` of `pod-security.admission.config.k8s.io`, with its validation
//! and its words (`admission/api` of k8s.io/pod-security-admission).

use std::collections::HashSet;
use std::fmt;

use seawall_model::gotext::quote;
use seawall_pss::namespace::{LevelVersion, Mode, Policy};
use seawall_yaml::{Kind, LineIndex, NodeRef, Position};

use crate::settings::{self, Settings};

/// The group of configurations; all its versions are the same.
const GROUP: &str = "pod-security.admission.config.k8s.io";
const VERSIONS: [&str; 3] = ["v1", "v1beta1", "v1alpha1"];
const KIND: &str = "PodSecurityConfiguration";

/// What holds where namespaces say nothing, and for whom nothing holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// What namespaces without labels ask for.
    pub defaults: Policy,
    /// For whom nothing holds.
    pub exemptions: Exemptions,
    /// What the reference does not know.
    pub settings: Settings,
}

/// For whom nothing holds. All names are compared whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// Users that make requests.
    pub usernames: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Runtime classes of pods.
    pub runtime_classes: Vec<String>,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigurationError {
    /// It is not written as one.
    Unreadable {
        /// Where; `None` if it is nowhere.
        at: Option<Position>,
        /// What is wrong.
        message: String,
    },
    /// Its defaults are no levels or versions: what is wrong with each.
    Defaults(Vec<String>),
    /// Its exemptions are not valid: what is wrong with each.
    Exemptions(Vec<String>),
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { at: Some(at), message } => write!(f, "{}:{}: {message}", at.line, at.column),
            Self::Unreadable { at: None, message } => f.write_str(message),
            Self::Defaults(all) => write!(f, "configuration error: {}", joined(all)),
            Self::Exemptions(all) => write!(f, "invalid configuration: {}", joined(all)),
        }
    }
}

impl std::error::Error for ConfigurationError {}

/// One as it is, several as Kubernetes joins them.
fn joined(all: &[String]) -> String {
    match all {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    }
}

impl Configuration {
    /// Whether nothing holds in a namespace.
    pub(crate) fn exempts_namespace(&self, name: &str) -> bool {
        !name.is_empty() && self.exemptions.namespaces.iter().any(|exempt| exempt == name)
    }

    /// The configuration in the text of a file, YAML or JSON; without text, what holds without a configuration.
    pub fn read(text: &[u8]) -> Result<Self, ConfigurationError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let entries = seawall_yaml::read(text.to_vec());
        let lines = LineIndex::new(text);
        let unreadable = |offset: Option<u32>, message: String| ConfigurationError::Unreadable {
            at: offset.map(|offset| lines.position(offset)),
            message,
        };
        if let Some(problem) = entries.iter().flat_map(|entry| &entry.problems).next() {
            return Err(unreadable(Some(problem.span.start), problem.message.clone()));
        }
        let at = |(offset, message): Wrong| unreadable(Some(offset), message);
        let (mut written, mut settings) = (None, None);
        for document in entries.iter().filter_map(|entry| entry.document.as_ref()) {
            let root = document.root();
            let is_second = if Settings::is_one(root) {
                settings.replace(Settings::read(root).map_err(at)?).is_some()
            } else {
                let mut found = Written::default();
                let is_second = written.is_some();
                if !is_second {
                    found.read(root).map_err(at)?;
                }
                written.replace(found);
                is_second
            };
            if is_second {
                let message =
                    format!("there is another document: keep one {KIND} and one {}", settings::KIND);
                return Err(unreadable(Some(root.span().start), message));
            }
        }
        let Some(settings) = settings else {
            let missing = || unreadable(None, format!("it has no {KIND}"));
            return written.ok_or_else(missing)?.validate();
        };
        Ok(Self { settings, ..written.map(Written::validate).transpose()?.unwrap_or_default() })
    }
}

/// A configuration as it is written.
#[derive(Debug, Default)]
struct Written {
    api_version: String,
    kind: String,
    /// Level and version by mode; empty where they are not given.
    defaults: [[String; 2]; 3],
    exemptions: Exemptions,
}

/// Where something is wrong, and what.
pub(crate) type Wrong = (u32, String);

/// Calls `each` with every field of a mapping and its name; null is empty.
pub(crate) fn fields<'d>(
    node: NodeRef<'d>,
    mut each: impl FnMut(&str, NodeRef<'d>) -> Result<bool, Wrong>,
) -> Result<(), Wrong> {
    let node = node.resolved();
    if node.is_null() {
        return Ok(());
    }
    if node.kind() != Kind::Mapping {
        return Err((node.span().start, "this must be a mapping".to_owned()));
    }
    let mut seen = HashSet::new();
    for (key, value) in node.entries() {
        let at = key.span().start;
        let name = key.key().unwrap_or_default().into_owned();
        if !each(&name, value)? {
            return Err((at, format!("unknown field `{name}`")));
        }
        if !seen.insert(name.clone()) {
            return Err((at, format!("`{name}` is given twice")));
        }
    }
    Ok(())
}

pub(crate) fn text(node: NodeRef<'_>) -> Result<String, Wrong> {
    let node = node.resolved();
    if node.is_null() {
        return Ok(String::new());
    }
    node.as_str().map(str::to_owned).ok_or_else(|| (node.span().start, "this must be a string".to_owned()))
}

/// A switch; null is off.
pub(crate) fn flag(node: NodeRef<'_>) -> Result<bool, Wrong> {
    let node = node.resolved();
    if node.is_null() {
        return Ok(false);
    }
    node.as_bool().ok_or_else(|| (node.span().start, "this must be true or false".to_owned()))
}

fn texts(node: NodeRef<'_>) -> Result<Vec<String>, Wrong> {
    let node = node.resolved();
    if !node.is_null() && node.kind() != Kind::Sequence {
        return Err((node.span().start, "this must be a list of strings".to_owned()));
    }
    node.items().map(text).collect()
}

impl Written {
    fn read(&mut self, root: NodeRef<'_>) -> Result<(), Wrong> {
        let (mut defaults, mut exemptions) = (None, None);
        fields(root, |name, value| {
            match name {
                "apiVersion" => self.api_version = text(value)?,
                "kind" => self.kind = text(value)?,
                "defaults" => defaults = Some(value),
                "exemptions" => exemptions = Some(value),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let version = self.api_version.strip_prefix(GROUP).and_then(|rest| rest.strip_prefix('/'));
        if self.kind != KIND || !version.is_some_and(|version| VERSIONS.contains(&version)) {
            let message = format!(
                "it is `{}` of `{}`: write `kind: {KIND}` and `apiVersion: {GROUP}/v1`",
                self.kind, self.api_version
            );
            return Err((root.span().start, message));
        }
        if let Some(defaults) = defaults {
            fields(defaults, |name, value| {
                let (mode, of) = name.strip_suffix("-version").map_or((name, 0), |mode| (mode, 1));
                let Some(mode) = Mode::ALL.into_iter().find(|known| known.as_str() == mode) else {
                    return Ok(false);
                };
                self.defaults[mode as usize][of] = text(value)?;
                Ok(true)
            })?;
        }
        if let Some(exemptions) = exemptions {
            fields(exemptions, |name, value| {
                match name {
                    "usernames" => self.exemptions.usernames = texts(value)?,
                    "namespaces" => self.exemptions.namespaces = texts(value)?,
                    "runtimeClasses" => self.exemptions.runtime_classes = texts(value)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(())
    }

    fn validate(self) -> Result<Configuration, ConfigurationError> {
        let mut wrong = Vec::new();
        let mut asked = Mode::ALL.map(|_| LevelVersion::PRIVILEGED);
        for mode in Mode::ALL {
            let [level, version] = &self.defaults[mode as usize];
            let asked = &mut asked[mode as usize];
            if !level.is_empty() {
                match level.parse() {
                    Ok(level) => asked.level = level,
                    Err(problem) => wrong.push(format!("{}: {problem}", mode.as_str())),
                }
            }
            if !version.is_empty() {
                match version.parse() {
                    Ok(version) => asked.version = version,
                    Err(problem) => wrong.push(format!("{}-version: {problem}", mode.as_str())),
                }
            }
        }
        if !wrong.is_empty() {
            return Err(ConfigurationError::Defaults(wrong));
        }
        let Exemptions { usernames, namespaces, runtime_classes } = &self.exemptions;
        check(namespaces, "namespaces", label_problems, &mut wrong);
        check(runtime_classes, "runtimeClasses", subdomain_problems, &mut wrong);
        check(usernames, "usernames", username_problems, &mut wrong);
        if !wrong.is_empty() {
            return Err(ConfigurationError::Exemptions(wrong));
        }
        let [enforce, audit, warn] = asked;
        let (defaults, settings) = (Policy { enforce, audit, warn }, Settings::default());
        Ok(Configuration { defaults, exemptions: self.exemptions, settings })
    }
}

/// Adds what is wrong with each name of a list, or that it is there already.
fn check(names: &[String], list: &str, problems: fn(&str) -> Vec<String>, wrong: &mut Vec<String>) {
    let mut seen = HashSet::new();
    for (i, name) in names.iter().enumerate() {
        let (at, problems) = (format!("exemptions.{list}[{i}]"), problems(name));
        if !problems.is_empty() {
            wrong.push(format!("{at}: Invalid value: {}: {}", quote(name), problems.join(", ")));
        } else if !seen.insert(name) {
            wrong.push(format!("{at}: Duplicate value: {}", quote(name)));
        }
    }
}

fn username_problems(name: &str) -> Vec<String> {
    name.is_empty().then(|| "username must not be empty".to_owned()).into_iter().collect()
}

/// Whether a name is a label of DNS: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`.
fn is_label(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.bytes().all(|b| plain(b) || b == b'-')
        && name.bytes().next().is_some_and(plain)
        && name.bytes().last().is_some_and(plain)
}

/// What is wrong with the name of a namespace (`IsDNS1123Label` of k8s.io/apimachinery `pkg/util/validation/validation.go`).
fn label_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > 63 {
        problems.push(too_long(63));
    }
    if !is_label(name) {
        problems.push(if name.split('.').all(is_label) {
            "must not contain dots".to_owned()
        } else {
            concat!(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and ",
                "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is ",
                "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            )
            .to_owned()
        });
    }
    problems
}

/// What is wrong with the name of a runtime class (`IsDNS1123Subdomain`).
fn subdomain_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > 253 {
        problems.push(too_long(253));
    }
    if !name.split('.').all(is_label) {
        problems.push(
            concat!(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start ",
                "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is ",
                "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            )
            .to_owned(),
        );
    }
    problems
}

fn too_long(most: usize) -> String {
    format!("must be no more than {most} characters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrustedController;

    const HEAD: &str =
        "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n";

    fn read(body: &str) -> Result<Configuration, String> {
        Configuration::read(format!("{HEAD}{body}").as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_is_privileged() {
        assert_eq!(Configuration::read(b""), Ok(Configuration::default()));
        assert_eq!(read(""), Ok(Configuration::default()));
        assert_eq!(read("defaults:\nexemptions: {usernames: }\n"), Ok(Configuration::default()));
        let read =
            read("defaults: {enforce: baseline, enforce-version: v1.25, warn: restricted, audit: ''}\n")
                .unwrap();
        let Policy { enforce, audit, warn } = read.defaults;
        assert_eq!(
            [enforce, audit, warn].map(|at| at.to_string()),
            ["baseline:v1.25", "privileged:latest", "restricted:latest"]
        );
    }

    #[test]
    fn mistakes_have_a_place() {
        for (body, error) in [
            ("default: {}\n", "3:1: unknown field `default`"),
            ("defaults: {Enforce: baseline}\n", "3:12: unknown field `Enforce`"),
            ("defaults: {enforce: baseline, enforce: baseline}\n", "3:31: `enforce` is given twice"),
            ("defaults: {enforce: 1}\n", "3:21: this must be a string"),
            ("defaults: []\n", "3:11: this must be a mapping"),
            ("exemptions: {namespaces: a}\n", "3:26: this must be a list of strings"),
            (
                "---\na: b\n",
                "4:1: there is another document: keep one PodSecurityConfiguration and one WebhookSettings",
            ),
        ] {
            assert_eq!(read(body), Err(error.to_owned()), "{body}");
        }
        for other in
            ["kind: PodSecurityConfiguration\n", "{}", "apiVersion: v1\nkind: Pod\n", "a", "# none\n"]
        {
            assert!(Configuration::read(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn settings_stand_beside_or_alone() {
        let head = "apiVersion: seawall.dev/v1alpha1\nkind: WebhookSettings\n";
        let settings = |body: &str| {
            Configuration::read(format!("{head}{body}").as_bytes()).map_err(|error| error.to_string())
        };
        assert_eq!(settings(""), Ok(Configuration::default()));
        let one = "{username: u, apiVersion: a/v1, kind: K, resource: ks}";
        let found = read(&format!(
            "defaults: {{enforce: baseline}}\n---\n{head}refuseControllers: true\nreportOnly: false\ntrustedControllers: [{one}]\n"
        ))
        .unwrap();
        assert_eq!(found.defaults.enforce.to_string(), "baseline:latest");
        let Settings { report_only, refuse_controllers, trusted_controllers, .. } = found.settings;
        assert!(!report_only && refuse_controllers);
        let [trusted] = &trusted_controllers[..] else { panic!("{trusted_controllers:?}") };
        let TrustedController { username, api_version, kind, resource } = trusted;
        assert_eq!([username, api_version, kind, resource], ["u", "a/v1", "K", "ks"]);
        for (body, error) in [
            ("reportOnly: 'true'\n", "3:13: this must be true or false"),
            ("report: true\n", "3:1: unknown field `report`"),
            ("trustedControllers: {}\n", "3:21: this must be a list"),
            ("namespaceDefaults: a\n", "3:20: this must be a list"),
            (
                "namespaceDefaults: [{enforce: baseline}]\n",
                "3:21: a default needs `names`, such as [\"team-*\"]",
            ),
            (
                "namespaceDefaults: [{names: [a]}]\n",
                "3:21: a default needs a level: `enforce`, `audit` or `warn`",
            ),
            (
                "namespaceDefaults: [{names: [a], warn: Baseline}]\n",
                "3:40: `Baseline` must be one of privileged, baseline, restricted",
            ),
            (
                "namespaceDefaults: [{names: [a], warn: baseline, warnVersion: '1.30'}]\n",
                "3:63: `1.30` must be \"latest\" or \"v1.x\"",
            ),
            (
                "namespaceDefaults: [{names: [a], auditVersion: v1.30}]\n",
                "3:21: `auditVersion` needs `audit`",
            ),
            ("namespaceDefaults: [{names: [a], level: baseline}]\n", "3:34: unknown field `level`"),
            (
                "namespaceDefaults: [{names: [Team], warn: baseline}]\n",
                "3:30: no namespace can be called `Team`: write up to 63 lower case letters, digits and `-`, with `*` for any run of them and `?` for one",
            ),
            (
                "trustedControllers: [{username: u, apiVersion: apps.kruise.io/v1beta1, kind: StatefulSet, resource: statefulsets}]\n",
                "3:22: `StatefulSet` is a kind of Kubernetes, which trusts its own controllers alone",
            ),
            ("trustedControllers: [{username: u}]\n", "3:22: a trusted controller needs `apiVersion`"),
            (
                "---\nkind: WebhookSettings\napiVersion: seawall.dev/v1\n",
                "4:1: it is `WebhookSettings` of `seawall.dev/v1`: write `apiVersion: seawall.dev/v1alpha1`",
            ),
        ] {
            assert_eq!(settings(body), Err(error.to_owned()), "{body}");
        }
        let twice = settings(&format!("---\n{head}")).unwrap_err();
        assert!(twice.starts_with("4:1: there is another document"), "{twice}");
    }

    #[test]
    fn all_that_is_not_valid_is_told() {
        assert_eq!(
            read("defaults: {warn: x, enforce: z, audit-version: 1.2}\n").unwrap_err(),
            "3:48: this must be a string"
        );
        assert_eq!(
            read("defaults: {warn: x, enforce: z, audit-version: '1.2'}\n").unwrap_err(),
            "configuration error: [enforce: must be one of privileged, baseline, restricted, audit-version: must be \"latest\" or \"v1.x\", warn: must be one of privileged, baseline, restricted]"
        );
        assert_eq!(
            read("exemptions: {namespaces: [a, a, b.c], usernames: ['', u, u]}\n").unwrap_err(),
            "invalid configuration: [exemptions.namespaces[1]: Duplicate value: \"a\", exemptions.namespaces[2]: Invalid value: \"b.c\": must not contain dots, exemptions.usernames[0]: Invalid value: \"\": username must not be empty, exemptions.usernames[2]: Duplicate value: \"u\"]"
        );
    }
}
