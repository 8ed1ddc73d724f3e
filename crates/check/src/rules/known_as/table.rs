//! What other tools call our rules, from their sources: rule, tool, ids there. Sorted by rule.

use super::Tool::{
    self, Checkov, Cis, Datree, KubeLinter, KubeScore, Kubescape, Kubesec, Kyverno, Polaris, Terrascan, Trivy,
};

/// A rule and its names by tool.
pub(super) type Row = (&'static str, &'static [(Tool, &'static [&'static str])]);

pub(super) static TABLE: &[Row] = &[
    (
        "added-capability",
        &[
            (Trivy, &["KSV-0022"]),
            (Kubescape, &["C-0200"]),
            (Checkov, &["CKV_K8S_25"]),
            (Kyverno, &["disallow-capabilities"]),
            (Cis, &["5.2.9"]),
        ],
    ),
    (
        "allow-privilege-escalation",
        &[
            (Kubesec, &["AllowPrivilegeEscalation"]),
            (KubeLinter, &["privilege-escalation-container"]),
            (Polaris, &["privilegeEscalationAllowed"]),
            (Trivy, &["KSV-0001"]),
            (Kubescape, &["C-0016"]),
            (Checkov, &["CKV_K8S_20"]),
            (Terrascan, &["AC_K8S_0085"]),
            (Kyverno, &["disallow-privilege-escalation"]),
            (Cis, &["5.2.6"]),
        ],
    ),
    (
        "apparmor-profile",
        &[
            (Kubesec, &["ApparmorAny", "ApparmorUnconfined"]),
            (Trivy, &["KSV-0002"]),
            (Kubescape, &["C-0055"]),
            (Terrascan, &["AC_K8S_0073"]),
            (Kyverno, &["restrict-apparmor-profiles"]),
        ],
    ),
    (
        "drop-all-capabilities",
        &[
            (Kubesec, &["CapDropAll", "CapDropAny"]),
            (Polaris, &["insecureCapabilities"]),
            (Trivy, &["KSV-0003", "KSV-0004", "KSV-0106"]),
            (Kubescape, &["C-0201", "C-0055"]),
            (Checkov, &["CKV_K8S_37"]),
            (Kyverno, &["disallow-capabilities-strict", "require-drop-all"]),
            (Cis, &["5.2.10"]),
        ],
    ),
    (
        "host-ipc",
        &[
            (Kubesec, &["HostIPC"]),
            (KubeLinter, &["host-ipc"]),
            (Polaris, &["hostIPCSet"]),
            (Trivy, &["KSV-0008"]),
            (Kubescape, &["C-0038", "C-0276"]),
            (Checkov, &["CKV_K8S_18"]),
            (Terrascan, &["AC_K8S_0083"]),
            (Cis, &["5.2.4"]),
        ],
    ),
    (
        "host-network",
        &[
            (Kubesec, &["HostNetwork"]),
            (KubeLinter, &["host-network"]),
            (Polaris, &["hostNetworkSet"]),
            (Trivy, &["KSV-0009"]),
            (Kubescape, &["C-0041"]),
            (Checkov, &["CKV_K8S_19"]),
            (Terrascan, &["AC_K8S_0084"]),
            (Cis, &["5.2.5"]),
        ],
    ),
    (
        "host-path-volume",
        &[
            (Polaris, &["hostPathSet"]),
            (Trivy, &["KSV-0023"]),
            (Kubescape, &["C-0048"]),
            (Terrascan, &["AC_K8S_0076"]),
            (Kyverno, &["disallow-host-path"]),
            (Cis, &["5.2.12"]),
        ],
    ),
    (
        "host-pid",
        &[
            (Kubesec, &["HostPID"]),
            (KubeLinter, &["host-pid"]),
            (Polaris, &["hostPIDSet"]),
            (Trivy, &["KSV-0010"]),
            (Kubescape, &["C-0038", "C-0275"]),
            (Checkov, &["CKV_K8S_17"]),
            (Terrascan, &["AC_K8S_0082"]),
            (Kyverno, &["disallow-host-namespaces"]),
            (Cis, &["5.2.3"]),
        ],
    ),
    (
        "host-port",
        &[
            (Polaris, &["hostPortSet"]),
            (Trivy, &["KSV-0024"]),
            (Kubescape, &["C-0044"]),
            (Checkov, &["CKV_K8S_26"]),
            (Kyverno, &["disallow-host-ports"]),
            (Cis, &["5.2.13"]),
        ],
    ),
    (
        "host-process",
        &[
            (Polaris, &["hostProcess"]),
            (Trivy, &["KSV-0103"]),
            (Kubescape, &["C-0202"]),
            (Datree, &["EKS_INVALID_HOSTPROCESS_VALUE"]),
            (Kyverno, &["disallow-host-process"]),
            (Cis, &["5.2.11"]),
        ],
    ),
    (
        "memory-limit",
        &[
            (KubeScore, &["container-resources"]),
            (Kubesec, &["LimitsMemory"]),
            (KubeLinter, &["unset-memory-requirements"]),
            (Polaris, &["memoryLimitsMissing"]),
            (Trivy, &["KSV-0018"]),
            (Kubescape, &["C-0271"]),
            (Checkov, &["CKV_K8S_13"]),
            (Terrascan, &["AC_K8S_0100"]),
        ],
    ),
    ("namespace-pss-label", &[(Kubescape, &["C-0192"]), (Cis, &["5.2.1"])]),
    (
        "privileged-container",
        &[
            (KubeScore, &["container-security-context-privileged"]),
            (Kubesec, &["Privileged"]),
            (KubeLinter, &["privileged-container"]),
            (Polaris, &["runAsPrivileged"]),
            (Trivy, &["KSV-0017"]),
            (Kubescape, &["C-0057"]),
            (Checkov, &["CKV_K8S_16"]),
            (Terrascan, &["AC_K8S_0046"]),
            (Datree, &["CONTAINERS_INCORRECT_PRIVILEGED_VALUE_TRUE"]),
            (Kyverno, &["disallow-privileged-containers"]),
            (Cis, &["5.2.2"]),
        ],
    ),
    (
        "proc-mount",
        &[
            (KubeLinter, &["unsafe-proc-mount"]),
            (Polaris, &["procMount"]),
            (Trivy, &["KSV-0027"]),
            (Terrascan, &["AC_K8S_0077"]),
            (Kyverno, &["disallow-proc-mount"]),
        ],
    ),
    (
        "read-only-root-filesystem",
        &[
            (KubeScore, &["container-security-context-readonlyrootfilesystem"]),
            (Kubesec, &["ReadOnlyRootFilesystem"]),
            (KubeLinter, &["no-read-only-root-fs"]),
            (Polaris, &["notReadOnlyRootFilesystem"]),
            (Trivy, &["KSV-0014"]),
            (Kubescape, &["C-0017"]),
            (Checkov, &["CKV_K8S_22"]),
            (Terrascan, &["AC_K8S_0078"]),
            (Kyverno, &["require-ro-rootfs"]),
        ],
    ),
    (
        "run-as-non-root",
        &[
            (Kubesec, &["RunAsNonRoot"]),
            (KubeLinter, &["run-as-non-root"]),
            (Polaris, &["runAsRootAllowed"]),
            (Trivy, &["KSV-0012"]),
            (Kubescape, &["C-0013"]),
            (Checkov, &["CKV_K8S_23"]),
            (Terrascan, &["AC_K8S_0087"]),
            (Kyverno, &["require-run-as-nonroot"]),
            (Cis, &["5.2.7"]),
        ],
    ),
    (
        "run-as-root-user",
        &[(Trivy, &["KSV-0105"]), (Kyverno, &["require-run-as-non-root-user"]), (Cis, &["5.2.7"])],
    ),
    ("schema-invalid", &[(KubeLinter, &["schema-validation"])]),
    (
        "seccomp-profile",
        &[
            (KubeScore, &["container-seccomp-profile"]),
            (Kubesec, &["SeccompAny", "SeccompUnconfined"]),
            (Polaris, &["linuxHardening"]),
            (Trivy, &["KSV-0030", "KSV-0104"]),
            (Kubescape, &["C-0210", "C-0055"]),
            (Checkov, &["CKV_K8S_31"]),
            (Terrascan, &["AC_K8S_0080"]),
            (Kyverno, &["restrict-seccomp"]),
            (Cis, &["5.7.2"]),
        ],
    ),
    ("selinux-options", &[(Trivy, &["KSV-0025"]), (Kyverno, &["disallow-selinux"])]),
    (
        "unsafe-sysctl",
        &[(KubeLinter, &["unsafe-sysctls"]), (Trivy, &["KSV-0026"]), (Kyverno, &["restrict-sysctls"])],
    ),
    ("volume-types", &[(Trivy, &["KSV-0028"]), (Kyverno, &["restrict-volume-types"]), (Cis, &["5.2"])]),
];
