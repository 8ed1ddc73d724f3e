//! What other tools call the things that our rules find.

mod table;

use seawall_finding::Rule;

use self::table::TABLE;

/// A tool, or a guide, with ids of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tool {
    /// `zegl/kube-score`
    KubeScore,
    /// `controlplaneio/kubesec`
    Kubesec,
    /// `stackrox/kube-linter`
    KubeLinter,
    /// `FairwindsOps/polaris`
    Polaris,
    /// `aquasecurity/trivy`
    Trivy,
    /// `kubescape/kubescape`
    Kubescape,
    /// `bridgecrewio/checkov`
    Checkov,
    /// `tenable/terrascan`
    Terrascan,
    /// `datreeio/datree`
    Datree,
    /// `kyverno/policies`
    Kyverno,
    /// The CIS Kubernetes Benchmark.
    Cis,
}

impl Tool {
    /// All, in the order of their pages.
    pub const ALL: [Self; 11] = [
        Self::KubeScore,
        Self::Kubesec,
        Self::KubeLinter,
        Self::Polaris,
        Self::Trivy,
        Self::Kubescape,
        Self::Checkov,
        Self::Terrascan,
        Self::Datree,
        Self::Kyverno,
        Self::Cis,
    ];

    /// The name of the tool.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KubeScore => "kube-score",
            Self::Kubesec => "kubesec",
            Self::KubeLinter => "kube-linter",
            Self::Polaris => "polaris",
            Self::Trivy => "trivy",
            Self::Kubescape => "kubescape",
            Self::Checkov => "checkov",
            Self::Terrascan => "terrascan",
            Self::Datree => "datree",
            Self::Kyverno => "kyverno",
            Self::Cis => "CIS",
        }
    }

    /// An id as it is compared: without regard to case, and as trivy has written its own over time (`KSV001`,
    /// `AVD-KSV-0001`).
    fn normal(self, id: &str) -> String {
        let id = id.to_ascii_lowercase();
        match self {
            Self::Trivy => {
                let bare = id.strip_prefix("avd-").unwrap_or(&id);
                let digits = bare.trim_start_matches(|c: char| !c.is_ascii_digit());
                let prefix = bare[..bare.len() - digits.len()].trim_end_matches('-');
                format!("{prefix}{}", digits.trim_start_matches('0'))
            }
            Self::Cis => id.strip_prefix("cis").unwrap_or(&id).trim_start_matches([' ', '-']).to_owned(),
            // One rule for each version.
            Self::Datree => {
                let of_versions = ["k8s_deprecated_apiversion_", "k8s_removed_apiversion_"];
                if of_versions.iter().any(|prefix| id.starts_with(prefix)) {
                    of_versions[0].to_owned()
                } else {
                    id
                }
            }
            _ => id,
        }
    }
}

/// What tools call a rule: each with its ids there.
pub fn known_as(rule: &Rule) -> &'static [(Tool, &'static [&'static str])] {
    TABLE.binary_search_by_key(&rule.id, |(id, _)| id).map_or(&[], |at| TABLE[at].1)
}

/// The ids of the rules that a tool calls so; of any tool where none is named.
pub fn called(tool: Option<Tool>, id: &str) -> Vec<&'static str> {
    let same = |(of, ids): &(Tool, &[&str])| {
        tool.is_none_or(|tool| tool == *of) && ids.iter().any(|known| of.normal(known) == of.normal(id))
    };
    TABLE.iter().filter(|(_, names)| names.iter().any(same)).map(|(rule, _)| *rule).collect()
}

/// As [`called`] by any tool, of ids that are written as they are there.
pub(super) fn called_exactly(id: &str) -> Vec<&'static str> {
    let same = |(_, ids): &(Tool, &[&str])| ids.contains(&id);
    TABLE.iter().filter(|(_, names)| names.iter().any(same)).map(|(rule, _)| *rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    #[test]
    fn the_table_is_sorted_and_names_our_rules() {
        assert!(TABLE.is_sorted_by_key(|(rule, _)| rule));
        for (rule, _) in TABLE {
            assert!(rules::all().iter().any(|known| known.id == *rule), "{rule}");
        }
    }

    #[test]
    fn rules_answer_to_what_other_tools_call_them() {
        assert_eq!(called(None, "CKV_K8S_16"), ["privileged-container"]);
        assert_eq!(called(None, "ckv_k8s_16"), ["privileged-container"]);
        for id in ["KSV017", "KSV-0017", "AVD-KSV-0017", "avd-ksv-0017"] {
            assert_eq!(called(None, id), ["privileged-container"], "{id}");
        }
        assert_eq!(called(Some(Tool::Cis), "CIS 5.2.2"), ["privileged-container"]);
        assert_eq!(called(None, "5.2.2"), ["privileged-container"]);
        assert_eq!(called(Some(Tool::Checkov), "privileged-container"), [""; 0]);
        assert_eq!(called(None, "CKV_K8S_1600"), [""; 0]);
        assert!(called(Some(Tool::KubeScore), "container-resources").contains(&"memory-limit"));
        assert_eq!(called(None, "CKV2_K8S_6"), ["network-policy-missing"]);
        assert_eq!(called(None, "CONTAINERS_MISSING_CPU_LIMIT_KEY"), ["cpu-limit"]);
        for version in ["DEPRECATED_APIVERSION_1.16", "DEPRECATED_APIVERSION_1.99", "REMOVED_APIVERSION_1.25"]
        {
            assert_eq!(
                called(Some(Tool::Datree), &format!("K8S_{version}")),
                ["api-deprecated"],
                "{version}"
            );
        }
        assert_eq!(called(Some(Tool::Datree), "K8S_REMOVED"), [""; 0]);
        let exposed = ["secret-in-annotation", "secret-in-args", "secret-in-configmap", "secret-literal-env"];
        assert_eq!(called(None, "ALL_EXPOSED_SECRET_AWS"), exposed);
        assert_eq!(called(None, "C-0217"), ["psp-present"]);
        assert_eq!(called(None, "KSV-0002"), ["apparmor-missing", "apparmor-profile"]);
    }
}
