//! The checks, one file each, and the table of them.

use seawall_finding::Rule;
use seawall_model::pod::{ContainerClass, Pod};

use crate::check::{Check, CheckInfo, Sink};
use crate::offender::Site;
use crate::part::Part;

/// Lists the checks in the reference's order: baseline by id, then restricted by id, in byte order.
macro_rules! checks {
    ($($file:ident :: $check:ident,)*) => {
        $(mod $file;)*

        pub(crate) const TABLE: [CheckInfo; [$(stringify!($check)),*].len()] =
            [$(CheckInfo::of::<$file::$check>()),*];

        /// Shows the sink everything in a part of a pod that some variant of some check forbids.
        #[inline(always)]
        pub(crate) fn visit<'p>(pod: &'p Pod<'_>, part: Part, out: &mut impl Sink<'p>) {
            let spec = &pod.spec;
            out.enter(Site::Pod, "");
            $($file::$check::pod(spec, out);)*
            let classes = [
                (ContainerClass::Init, &spec.init_containers),
                (ContainerClass::Main, &spec.containers),
                (ContainerClass::Ephemeral, &spec.ephemeral_containers),
            ];
            let mut before = 0;
            for (class, containers) in classes {
                let mine = part.of(before, containers.len());
                before += containers.len();
                for (index, container) in containers.iter().enumerate().take(mine.end).skip(mine.start) {
                    out.enter(Site::Container { class, index }, &container.name);
                    $($file::$check::container(spec, container, out);)*
                }
            }
            if !part.is_first() {
                return;
            }
            for (index, volume) in spec.volumes.iter().enumerate() {
                out.enter(Site::Volume(index), &volume.name);
                $($file::$check::volume(volume, out);)*
            }
            for (index, (key, value)) in pod.metadata.annotations.iter().enumerate() {
                out.enter(Site::Annotation(index), key);
                $($file::$check::annotation(pod, key, value, out);)*
            }
        }
    };
}

checks! {
    app_armor_profile::AppArmorProfile,
    capabilities_baseline::CapabilitiesBaseline,
    host_namespaces::HostNamespaces,
    host_path_volumes::HostPathVolumes,
    host_ports::HostPorts,
    host_probes::HostProbesAndHostLifecycle,
    privileged::Privileged,
    proc_mount::ProcMount,
    se_linux_options::SeLinuxOptions,
    seccomp_profile_baseline::SeccompProfileBaseline,
    sysctls::Sysctls,
    windows_host_process::WindowsHostProcess,
    allow_privilege_escalation::AllowPrivilegeEscalation,
    capabilities_restricted::CapabilitiesRestricted,
    proc_mount_restricted::ProcMountRestricted,
    restricted_volumes::RestrictedVolumes,
    run_as_non_root::RunAsNonRoot,
    run_as_user::RunAsUser,
    seccomp_profile_restricted::SeccompProfileRestricted,
}

/// All checks in the reference's order.
pub static CHECKS: [CheckInfo; TABLE.len()] = TABLE;

/// All rules of the checks, each once, in the order of the checks.
pub static RULES: [&Rule; rule_count()] = rules();

/// The rules that an id names: one rule by its own id, one or more by the id of a reference check that covers them.
pub fn rule(id: &str) -> impl Iterator<Item = &'static Rule> {
    RULES.into_iter().filter(move |rule| rule.id == id || rule.aliases.contains(&id))
}

/// The bit of a check's first variant.
pub(crate) const fn first_bit(id: &str) -> u32 {
    let mut bit = 0;
    let mut i = 0;
    while !same(TABLE[i].id, id) {
        bit += TABLE[i].variants.len() as u32;
        i += 1;
    }
    bit
}

/// The position of the check that each variant belongs to.
pub(crate) const OF_VARIANT: [usize; variant_count()] = {
    let mut of = [0; variant_count()];
    let (mut check, mut bit) = (0, 0);
    while check < TABLE.len() {
        let mut i = 0;
        while i < TABLE[check].variants.len() {
            of[bit] = check;
            bit += 1;
            i += 1;
        }
        check += 1;
    }
    of
};

const fn variant_count() -> usize {
    let (mut check, mut count) = (0, 0);
    while check < TABLE.len() {
        count += TABLE[check].variants.len();
        check += 1;
    }
    count
}

/// Whether two texts are equal, for constants.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// Whether an earlier check, or this one earlier, has named the rule already.
const fn named_before(check: usize, position: usize) -> bool {
    let id = TABLE[check].rules[position].id;
    let mut i = 0;
    while i <= check {
        let mut k = 0;
        while k < TABLE[i].rules.len() && !(i == check && k == position) {
            if same(TABLE[i].rules[k].id, id) {
                return true;
            }
            k += 1;
        }
        i += 1;
    }
    false
}

const fn rule_count() -> usize {
    let mut count = 0;
    let mut i = 0;
    while i < TABLE.len() {
        let mut k = 0;
        while k < TABLE[i].rules.len() {
            if !named_before(i, k) {
                count += 1;
            }
            k += 1;
        }
        i += 1;
    }
    count
}

const fn rules() -> [&'static Rule; rule_count()] {
    let mut all = [TABLE[0].rules[0]; rule_count()];
    let mut count = 0;
    let mut i = 0;
    while i < TABLE.len() {
        let mut k = 0;
        while k < TABLE[i].rules.len() {
            if !named_before(i, k) {
                all[count] = TABLE[i].rules[k];
                count += 1;
            }
            k += 1;
        }
        i += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn checks_are_in_the_reference_s_order() {
        assert!(CHECKS.iter().is_sorted_by_key(|check| (check.level, check.id)));
    }

    #[test]
    fn what_checks_override_exists() {
        let overrides: Vec<_> = CHECKS.iter().filter_map(|check| check.overrides).collect();
        assert_eq!(overrides.len(), 4);
        assert!(overrides.iter().all(|id| CHECKS.iter().any(|check| check.id == *id)));
    }

    #[test]
    fn every_rule_is_there_once_and_knows_its_checks() {
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        for rule in RULES {
            let covering: Vec<_> =
                CHECKS.iter().filter(|c| c.rules.iter().any(|r| r.id == rule.id)).collect();
            let checks: Vec<_> = covering.iter().map(|c| c.id).collect();
            assert_eq!(rule.aliases, checks, "{}", rule.id);
            assert_eq!(rule.level, covering.iter().map(|c| c.level).min(), "{}", rule.id);
        }
    }

    #[test]
    fn reference_ids_name_all_rules_that_they_cover() {
        let ids = |id| rule(id).map(|r| r.id).collect::<Vec<_>>();
        assert_eq!(ids("hostNamespaces"), ["host-network", "host-pid", "host-ipc"]);
        assert_eq!(ids("host-pid"), ["host-pid"]);
        assert_eq!(ids("capabilities_restricted"), ["added-capability", "drop-all-capabilities"]);
        assert_eq!(ids("nothing"), [""; 0]);
    }

    #[test]
    fn every_rule_is_documented_in_full() {
        const SECTIONS: [&str; 6] =
            ["What it does", "Why it matters", "How to fix", "Example", "Applies to", "References"];
        for rule in RULES {
            let sections: Vec<_> = rule.doc.iter().filter_map(|line| line.strip_prefix(" ## ")).collect();
            assert_eq!(sections, SECTIONS, "{}", rule.id);
        }
    }
}
