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
    cronjob_deadline,
    cronjob_schedule,
    duplicate_object,
    gateway_dangling,
    hpa_min_replicas,
    hpa_static_replicas,
    hpa_target_missing,
    ingress_dangling,
    job_ttl,
    liveness_probe,
    memory_limit,
    missing_config_ref,
    namespace_quota,
    network_policy_dangling,
    network_policy_missing,
    pdb_blocks_eviction,
    pdb_missing,
    pdb_policy,
    pdb_unhealthy_eviction,
    pod_anti_affinity,
    read_only_root_filesystem,
    readiness_probe,
    replicas_minimum,
    sensitive_dashboard,
    service_account_missing,
    service_dangling,
    service_target_port,
    servicemonitor_dangling,
    statefulset_headless_service,
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
