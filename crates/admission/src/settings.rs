//! What this webhook can do besides the reference: `WebhookSettings` of `seawall.dev`, a second document of the configuration.

use std::fmt;
use std::str::FromStr;

use seawall_model::pattern::matches;
use seawall_model::{Level, PolicyVersion};
use seawall_pss::namespace::{AskedLevel, Mode};
use seawall_yaml::{Kind, NodeRef};

use crate::configuration::{Wrong, fields, flag, text};
use crate::owner::{TrustedController, owner_kinds};

/// The apiVersion of settings.
pub(crate) const API_VERSION: &str = "seawall.dev/v1alpha1";
/// Their kind.
pub(crate) const KIND: &str = "WebhookSettings";

/// What this webhook does besides the reference. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether nothing is refused, and what would have been is told.
    pub report_only: bool,
    /// Whether what makes pods is refused where its pods would be.
    pub refuse_controllers: bool,
    /// Whether labels of namespaces are lowered by nobody but those who have the right to.
    pub guard_labels: bool,
    /// Accounts that are believed to tell the owners of what they make.
    pub trusted_controllers: Vec<TrustedController>,
    /// What new namespaces ask for that say nothing; the first that is for a name holds.
    pub namespace_defaults: Vec<NamespaceDefaults>,
}

/// What new namespaces ask for that say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceDefaults {
    /// Names of namespaces, or patterns with `*` and `?`.
    pub names: Vec<String>,
    /// The level of each mode that is said.
    pub asked: Vec<(Mode, AskedLevel)>,
}

impl NamespaceDefaults {
    pub(crate) fn is_for(&self, name: &str) -> bool {
        self.names.iter().any(|pattern| matches(pattern, name))
    }
}

impl Settings {
    /// Whether a document is one of settings, by its kind.
    pub(crate) fn is_one(root: NodeRef<'_>) -> bool {
        root.get("kind").and_then(NodeRef::as_str) == Some(KIND)
    }

    pub(crate) fn read(root: NodeRef<'_>) -> Result<Self, Wrong> {
        let mut settings = Self::default();
        let mut api_version = String::new();
        fields(root, |name, value| {
            match name {
                "apiVersion" => api_version = text(value)?,
                "kind" => {}
                "reportOnly" => settings.report_only = flag(value)?,
                "refuseControllers" => settings.refuse_controllers = flag(value)?,
                "guardLabels" => settings.guard_labels = flag(value)?,
                "trustedControllers" => settings.trusted_controllers = trusted(value)?,
                "namespaceDefaults" => {
                    settings.namespace_defaults = list(value)?.map(defaults).collect::<Result<_, _>>()?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if api_version != API_VERSION {
            let message = format!("it is `{KIND}` of `{api_version}`: write `apiVersion: {API_VERSION}`");
            return Err((root.span().start, message));
        }
        Ok(settings)
    }
}

/// The items of a list; null is empty.
fn list(node: NodeRef<'_>) -> Result<impl Iterator<Item = NodeRef<'_>>, Wrong> {
    let node = node.resolved();
    if !node.is_null() && node.kind() != Kind::Sequence {
        return Err((node.span().start, "this must be a list".to_owned()));
    }
    Ok(node.items())
}

fn defaults(item: NodeRef<'_>) -> Result<NamespaceDefaults, Wrong> {
    let mut names = Vec::new();
    let mut levels: [(Option<Level>, Option<PolicyVersion>); 3] = Default::default();
    fields(item, |field, value| {
        if field == "names" {
            names = list(value)?.map(name_pattern).collect::<Result<_, _>>()?;
            return Ok(true);
        }
        let (mode, is_version) = field.strip_suffix("Version").map_or((field, false), |mode| (mode, true));
        let Some(mode) = Mode::ALL.into_iter().find(|known| known.as_str() == mode) else {
            return Ok(false);
        };
        let (level, version) = &mut levels[mode as usize];
        if is_version {
            *version = Some(parsed(value)?);
        } else {
            *level = Some(parsed(value)?);
        }
        Ok(true)
    })?;
    let wrong = |message: String| (item.span().start, message);
    if names.is_empty() {
        return Err(wrong("a default needs `names`, such as [\"team-*\"]".to_owned()));
    }
    let mut asked = Vec::new();
    for (mode, said) in Mode::ALL.into_iter().zip(levels) {
        match said {
            (Some(level), version) => asked.push((mode, AskedLevel { level, version })),
            (None, Some(_)) => {
                return Err(wrong(format!("`{mode}Version` needs `{mode}`", mode = mode.as_str())));
            }
            (None, None) => {}
        }
    }
    if asked.is_empty() {
        return Err(wrong("a default needs a level: `enforce`, `audit` or `warn`".to_owned()));
    }
    Ok(NamespaceDefaults { names, asked })
}

/// A text that says something.
fn parsed<T: FromStr<Err: fmt::Display>>(node: NodeRef<'_>) -> Result<T, Wrong> {
    let text = text(node)?;
    text.parse().map_err(|problem| (node.resolved().span().start, format!("`{text}` {problem}")))
}

/// A pattern that a name of a namespace can match.
fn name_pattern(node: NodeRef<'_>) -> Result<String, Wrong> {
    let pattern = text(node)?;
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'*' | b'?');
    if pattern.is_empty() || pattern.len() > 63 || !pattern.bytes().all(fits) {
        let message = format!(
            "no namespace can be called `{pattern}`: write up to 63 lower case letters, digits and `-`, with `*` for any run of them and `?` for one"
        );
        return Err((node.resolved().span().start, message));
    }
    Ok(pattern)
}

fn trusted(node: NodeRef<'_>) -> Result<Vec<TrustedController>, Wrong> {
    list(node)?
        .map(|item| {
            let mut all: [(&str, String); 4] =
                ["username", "apiVersion", "kind", "resource"].map(|name| (name, String::new()));
            fields(item, |name, value| {
                let Some((_, given)) = all.iter_mut().find(|(known, _)| *known == name) else {
                    return Ok(false);
                };
                *given = text(value)?;
                Ok(true)
            })?;
            if let Some((missing, _)) = all.iter().find(|(_, given)| given.is_empty()) {
                let message = format!("a trusted controller needs `{missing}`");
                return Err((item.span().start, message));
            }
            let [username, api_version, kind, resource] = all.map(|(_, given)| given);
            // Exceptions name kinds without their groups.
            if kind == "Pod" || owner_kinds().any(|known| known.kind == kind) {
                let message =
                    format!("`{kind}` is a kind of Kubernetes, which trusts its own controllers alone");
                return Err((item.span().start, message));
            }
            Ok(TrustedController { username, api_version, kind, resource })
        })
        .collect()
}
