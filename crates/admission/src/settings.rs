//! What this webhook can do besides the reference: `WebhookSettings` of `seawall.dev`, a second document of the configuration.

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
    /// Accounts that are believed to tell the owners of what they make.
    pub trusted_controllers: Vec<TrustedController>,
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
                "trustedControllers" => settings.trusted_controllers = trusted(value)?,
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

fn trusted(node: NodeRef<'_>) -> Result<Vec<TrustedController>, Wrong> {
    let node = node.resolved();
    if !node.is_null() && node.kind() != Kind::Sequence {
        return Err((node.span().start, "this must be a list".to_owned()));
    }
    node.items()
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
