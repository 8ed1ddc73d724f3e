//! The checks, one file each, and the table of them.

use crate::check::Check;

/// Lists the checks, sorted by id. A new check is a file and a line here.
macro_rules! checks {
    ($($file:ident,)*) => {
        $(mod $file;)*

        /// All checks, sorted by id.
        pub static CHECKS: &[Check] = &[$($file::CHECK,)*];
    };
}

checks! {
    api_deprecated,
    default_namespace,
    duplicate_env,
    endpoint_loopback,
    ingress_nginx_snippet,
    ingress_tls,
    ingress_wildcard_host,
    label_invalid,
    memory_limit,
    network_policy_allow_all,
    psp_present,
    rbac_anonymous_binding,
    rbac_cluster_admin,
    rbac_configmap_write,
    rbac_create_workloads,
    rbac_csr_approval,
    rbac_default_sa_binding,
    rbac_escalate_bind_impersonate,
    rbac_exec,
    rbac_log_event_delete,
    rbac_networking_write,
    rbac_node_proxy,
    rbac_persistent_volume,
    rbac_sa_token_create,
    rbac_secrets_access,
    rbac_webhook_config,
    rbac_wildcard,
    read_only_root_filesystem,
    selector_mismatch,
    service_external_ips,
    service_loadbalancer_open,
    service_nodeport,
    statefulset_volume_claims,
    system_namespace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_sorted_and_documented_in_full() {
        const SECTIONS: [&str; 6] =
            ["What it does", "Why it matters", "How to fix", "Example", "Applies to", "References"];
        assert!(CHECKS.is_sorted_by_key(|check| check.rule.id));
        for Check { rule, .. } in CHECKS {
            let sections: Vec<_> = rule.doc.iter().filter_map(|line| line.strip_prefix(" ## ")).collect();
            assert_eq!(sections, SECTIONS, "{}", rule.id);
            assert!(!rule.tags.is_empty(), "{}", rule.id);
        }
    }
}
