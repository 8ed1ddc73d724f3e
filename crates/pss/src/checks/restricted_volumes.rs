//! `restrictedVolumes`: only types of volumes that stay within the cluster's own means.

use std::borrow::Cow;
use std::collections::BTreeSet;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::{plural, quote, quoted_list};
use seawall_model::pod::{Volume, VolumeSources};

use super::host_path_volumes::{self as host_path, HOST_PATH, HostPathVolumes};
use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};

rule! {
    /// ## What it does
    /// Reports volumes that are not a configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected or
    /// secret. A `hostPath` volume is reported as `host-path-volume`.
    ///
    /// ## Why it matters
    /// The other types let whoever writes the pod name servers, paths and credentials of storage themselves, past the cluster's
    /// administrators, and have the node's kernel mount what they offer.
    ///
    /// ## How to fix
    /// Let an administrator describe the storage in a PersistentVolume or StorageClass, and mount it through a
    /// PersistentVolumeClaim.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///   volumes:
    ///   - name: data
    ///     nfs: {server: nfs.example.com, path: /}
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///   volumes:
    ///   - name: data
    ///     persistentVolumeClaim: {claimName: data}
    /// ```
    ///
    /// ## Applies to
    /// Restricted, all versions. Reference check: `restrictedVolumes`. A volume without any type is an `emptyDir` to the API
    /// server.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/concepts/storage/volumes/
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "volume-types",
        aliases: &["restrictedVolumes"],
        title: "uses a type of volume that restricted does not allow",
        severity: Severity::Low,
        level: Some(Level::Restricted),
        tags: &["security", "cis"],
    };
}

/// The sources that restricted allows.
const ALLOWED: u32 = (1 << VolumeSources::ALLOWED) - 1;

pub(crate) struct RestrictedVolumes;

impl Check for RestrictedVolumes {
    const ID: &'static str = "restrictedVolumes";
    const LEVEL: Level = Level::Restricted;
    const RULES: &'static [&'static Rule] = &[&RULE, &host_path::RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];
    const OVERRIDES: Option<&'static str> = Some(HostPathVolumes::ID);
    const TAKES_OVER: &'static [&'static Rule] = &[&host_path::RULE];

    #[inline]
    fn volume<'p>(volume: &'p Volume<'_>, out: &mut impl Sink<'p>) {
        let sources = volume.sources.0;
        if sources & ALLOWED == 0 {
            // One allowed source makes the volume pass whatever else it sets; of several others the first one counts.
            let (field, found) = match VolumeSources::NAMES.get(sources.trailing_zeros() as usize) {
                Some(kind) => (*kind, Value::Text(kind)),
                None => ("", Value::Missing),
            };
            out.offend(Self::ALL, Field::of(field), found);
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "restricted volume types"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let count = offenders.len();
        let types: BTreeSet<&str> = offenders.iter().map(kind).collect();
        format!(
            "{} {} {} {} {}",
            plural("volume", "volumes", count),
            quoted_list(offenders.iter().map(|o| o.name)),
            plural("uses", "use", count),
            plural("restricted volume type", "restricted volume types", types.len()),
            quoted_list(&types)
        )
    }

    fn rule(offender: &Offender<'_>) -> &'static Rule {
        if offender.text() == HOST_PATH { &host_path::RULE } else { &RULE }
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        match offender.value {
            Value::Missing => "no known type".into(),
            _ if offender.text() == HOST_PATH => "opens the node's file system".into(),
            _ => "type not allowed".into(),
        }
    }

    fn account(_: &str, offenders: &[&Offender<'_>]) -> Account {
        if offenders.iter().any(|o| o.text() == HOST_PATH) {
            return host_path::mounts_node(offenders);
        }
        let volumes: Vec<String> = offenders.iter().map(|o| format!("{} ({})", quote(o.name), kind(o))).collect();
        Account {
            message: format!(
                "{} {} {} of a type that restricted does not allow",
                plural("volume", "volumes", volumes.len()),
                volumes.join(", "),
                plural("is", "are", volumes.len())
            ) ,
            advice: "mount the storage through a PersistentVolumeClaim; its PersistentVolume may be of any type".to_owned(),
        }
    }
}

/// The volume's type as the reference names it.
fn kind<'p>(offender: &Offender<'p>) -> &'p str {
    if offender.value == Value::Missing { "unknown" } else { offender.text() }
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, passes, spec};

    const ID: &str = "restrictedVolumes";

    #[test]
    fn passes_allowed_types_even_with_others() {
        passes(ID, 0, &spec(r#""volumes":[{"name":"v","image":{}},{"name":"w","hostPath":{},"secret":{}}]"#));
    }

    #[test]
    fn a_volume_without_a_known_source_is_unknown() {
        let pod = spec(
            r#""volumes":[{"name":"a","nfs":{},"hostPath":{"path":"/"}},{"name":"b"},{"name":"c","hostPath":{}}]"#,
        );
        assert_eq!(
            detail(ID, 37, &pod),
            r#"volumes "a", "b", "c" use restricted volume types "hostPath", "unknown""#
        );
    }
}
