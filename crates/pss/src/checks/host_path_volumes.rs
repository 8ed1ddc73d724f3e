//! `hostPathVolumes`: no volume opens the node's file system.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::{plural, quoted_list};
use seawall_model::pod::{Volume, VolumeSources};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::text;

rule! {
    /// ## What it does
    /// Reports volumes of type `hostPath`.
    ///
    /// ## Why it matters
    /// Such a volume opens the node's files to the container: credentials of the kubelet, the container runtime's socket, logs
    /// with secrets of other pods. Where it is writable it usually means root on the node.
    ///
    /// ## How to fix
    /// Use `emptyDir` for scratch space, a PersistentVolumeClaim for data, a ConfigMap or Secret for files. Agents that must read
    /// the node's files belong in a namespace of their own at level privileged, with read-only mounts of the narrowest directory.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///   volumes:
    ///   - name: logs
    ///     hostPath: {path: /var/log}
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///   volumes:
    ///   - name: logs
    ///     emptyDir: {}
    /// ```
    ///
    /// ## Applies to
    /// Baseline in all versions, reference check `hostPathVolumes`; restricted in all versions, where the reference reports it
    /// under `restrictedVolumes`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
    /// - CIS Kubernetes Benchmark 5.2.12
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "host-path-volume",
        aliases: &["hostPathVolumes", "restrictedVolumes"],
        title: "mounts a directory of the node",
        severity: Severity::High,
        level: Some(Level::Baseline),
        host_level: true,
        tags: &["security", "cis", "nsa"],
    };
}

/// The volume source's field.
pub(super) const HOST_PATH: &str = VolumeSources::NAMES[VolumeSources::ALLOWED];

pub(crate) struct HostPathVolumes;

impl Check for HostPathVolumes {
    const ID: &'static str = "hostPathVolumes";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];

    #[inline]
    fn volume<'p>(volume: &'p Volume<'_>, out: &mut impl Sink<'p>) {
        if volume.sources.0 & (1 << VolumeSources::ALLOWED) != 0 {
            out.offend(Self::ALL, Field::of(HOST_PATH), Value::Text(HOST_PATH));
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "hostPath volumes"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let names = offenders.iter().map(|o| o.name);
        format!("{} {}", plural("volume", "volumes", offenders.len()), quoted_list(names))
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "opens the node's file system".into()
    }

    fn account(_: &str, offenders: &[&Offender<'_>]) -> Account {
        mounts_node(offenders)
    }
}

/// What a person is told of hostPath volumes.
pub(super) fn mounts_node(offenders: &[&Offender<'_>]) -> Account {
    let (volumes, mount) = if offenders.len() == 1 { ("volume", "mounts") } else { ("volumes", "mount") };
    Account {
        message: format!("{volumes} {} {mount} the node's file system", text::names(offenders)),
        advice: "use `emptyDir` for scratch space, a PersistentVolumeClaim for data, a ConfigMap or Secret for files"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, passes, spec};

    const ID: &str = "hostPathVolumes";

    #[test]
    fn passes_other_volumes() {
        passes(ID, 37, &spec(r#""volumes":[{"name":"v","nfs":{}},{"name":"w","hostPath":null}]"#));
    }

    #[test]
    fn names_volumes_in_order() {
        let pod = spec(r#""volumes":[{"name":"v","hostPath":{"path":"/"}},{"name":"u","hostPath":{},"emptyDir":{}}]"#);
        assert_eq!(detail(ID, 37, &pod), r#"volumes "v", "u""#);
    }
}
