//! Widespread errors about the standards that `explain` answers.

use seawall_finding::Doc;

/// Something worth explaining that is not a rule of the standards.
#[derive(Debug, PartialEq, Eq)]
pub struct Topic {
    /// What one asks for.
    pub id: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// One line, in lower case without a trailing period.
    pub title: &'static str,
    /// The ids of the rules that the name stands for where rules are named; empty where it stands for none.
    pub rules: &'static [&'static str],
    /// The answer in Markdown, line by line.
    pub doc: Doc,
}

impl Topic {
    /// Whether it is called so: by its id, or by another name in whatever case.
    pub fn is_called(&self, name: &str) -> bool {
        self.id == name || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

/// Makes a topic of a doc comment, so that its lines look like those of rules.
macro_rules! topic {
    ($(#[doc = $doc:expr])* $id:literal, $aliases:expr, $title:literal, $rules:expr) => {
        Topic { id: $id, aliases: $aliases, title: $title, rules: $rules, doc: &[$($doc),*] }
    };
}

/// All topics.
pub static TOPICS: &[Topic] = &[
    topic! {
        /// A scan shows under this name what nearly every workload lacks that nobody has hardened yet, as one finding with
        /// one fix:
        ///
        /// - `run-as-non-root`: `runAsNonRoot: true`
        /// - `seccomp-profile`: `seccompProfile: {type: RuntimeDefault}`
        /// - `allow-privilege-escalation`: `allowPrivilegeEscalation: false`
        /// - `drop-all-capabilities`: `capabilities: {drop: ["ALL"]}`
        ///
        /// The first two can stand at the pod for all its containers, the others stand at every container:
        ///
        /// ```yaml
        /// spec:
        ///   securityContext:
        ///     runAsNonRoot: true
        ///     seccompProfile: {type: RuntimeDefault}
        ///   containers:
        ///   - name: app
        ///     securityContext:
        ///       allowPrivilegeEscalation: false
        ///       capabilities: {drop: ["ALL"]}
        /// ```
        ///
        /// `seawall explain` tells more of each; machine formats keep them apart. Where rules are named, as in ignores and
        /// exceptions, the name stands for all four. What else restricted asks for:
        /// `seawall checks --level restricted`.
        "restricted",
        &["four-basics"],
        "the four basics of the level restricted",
        &["run-as-non-root", "allow-privilege-escalation", "drop-all-capabilities", "seccomp-profile"]
    },
    topic! {
        /// Restricted allows one capability to be added: `NET_BIND_SERVICE`, written without `CAP_`, together with
        /// `drop: ["ALL"]`.
        ///
        /// It has no effect, though, in a container that meets the rest of restricted. The kernel takes added capabilities
        /// from a process that is not root when it starts its program, unless they are ambient, and Kubernetes does not set
        /// ambient capabilities. Capabilities of the program file do not help either: `allowPrivilegeEscalation: false`
        /// turns them off.
        ///
        /// What works for a port below 1024:
        ///
        /// - listen on a port from 1024 on, and let the Service map it: `port: 80`, `targetPort: 8080`; or
        /// - lower the limit for the pod, which all levels allow in all versions:
        ///
        /// ```yaml
        /// spec:
        ///   securityContext:
        ///     sysctls:
        ///     - {name: net.ipv4.ip_unprivileged_port_start, value: "0"}
        /// ```
        ///
        /// An image whose program file has the capability `cap_net_bind_service` set as effective does not start at all under
        /// `drop: ["ALL"]` ("operation not permitted"): remove it with `setcap -r`, or add `NET_BIND_SERVICE` so that
        /// the program may start.
        "net-bind-service",
        &["NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"],
        "restricted allows NET_BIND_SERVICE, but it does not help processes that are not root",
        &[]
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule;

    #[test]
    fn topics_and_rules_do_not_share_names() {
        for topic in TOPICS {
            let names = topic.aliases.iter().chain([&topic.id]);
            assert!(names.copied().all(|name| rule(name).next().is_none()), "{}", topic.id);
            assert!(topic.rules.iter().all(|id| rule(id).count() == 1), "{}", topic.id);
            assert!(topic.doc.iter().all(|line| line.is_empty() || line.starts_with(' ')), "{}", topic.id);
        }
    }
}
