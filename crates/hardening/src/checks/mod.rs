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
    apparmor_missing,
    container_socket_mount,
    cpu_limit,
    cpu_request,
    cronjob_deadline,
    cronjob_schedule,
    dangerous_capability,
    default_namespace,
    default_service_account,
    deprecated_service_account_field,
    duplicate_env,
    duplicate_object,
    endpoint_loopback,
    ephemeral_storage,
    gateway_dangling,
    git_sync_volume,
    host_aliases,
    host_path_sensitive,
    host_path_subpath,
    host_path_writable,
    host_users,
    hpa_min_replicas,
    hpa_static_replicas,
    hpa_target_missing,
    image_deprecated_registry,
    image_digest_pin,
    image_invalid,
    image_pull_policy,
    image_registry_allowlist,
    image_tag_latest,
    ingress_dangling,
    ingress_nginx_snippet,
    ingress_tls,
    ingress_wildcard_host,
    job_ttl,
    label_invalid,
    liveness_probe,
    long_lived_sa_token_secret,
    memory_emptydir_limit,
    memory_limit,
    memory_request,
    missing_config_ref,
    naked_pod,
    namespace_quota,
    net_raw_capability,
    network_policy_allow_all,
    network_policy_dangling,
    network_policy_missing,
    pdb_blocks_eviction,
    pdb_missing,
    pdb_policy,
    pdb_unhealthy_eviction,
    pod_anti_affinity,
    prestop_hook,
    priority_class,
    privileged_port,
    probe_port_mismatch,
    probes_identical,
    psp_present,
    rbac_anonymous_binding,
    rbac_cluster_admin,
    rbac_configmap_write,
    rbac_create_workloads,
    rbac_csr_approval,
    rbac_dangling_binding,
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
    readiness_probe,
    replicas_minimum,
    requests_equal_limits,
    requests_exceed_limits,
    restart_policy,
    root_group,
    run_as_administrator,
    run_as_high_gid,
    run_as_high_uid,
    runtime_class,
    secret_env_ref,
    secret_in_annotation,
    secret_in_args,
    secret_in_configmap,
    secret_in_git,
    secret_literal_env,
    security_context_missing,
    selector_mismatch,
    sensitive_dashboard,
    service_account_missing,
    service_account_token_automount,
    service_dangling,
    service_external_ips,
    service_loadbalancer_open,
    service_nodeport,
    service_target_port,
    servicemonitor_dangling,
    ssh_port,
    statefulset_headless_service,
    statefulset_volume_claims,
    sudo_entrypoint,
    system_namespace,
    topology_spread_valid,
    update_strategy,
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
