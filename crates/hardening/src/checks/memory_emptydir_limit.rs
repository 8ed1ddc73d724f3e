//! Volumes in memory without a limit.

use seawall_finding::{Severity, rule};
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};

rule! {
    /// ## What it does
    /// Reports `emptyDir` volumes with `medium: Memory` and no `sizeLimit`, or one of 0, which means none.
    ///
    /// ## Why it matters
    /// What is written there takes memory, of the container that writes it and, until the pod ends, of the node. Without a limit of
    /// its own the volume may grow to the pod's memory limit or, where a container has none, to all of the node's: the
    /// container that fills it is killed, or others are.
    ///
    /// ## How to fix
    /// Set `sizeLimit` to what the volume has to hold, below the memory limit of the containers that write to it.
    ///
    /// ## Example
    /// ```yaml
    /// volumes:
    /// - name: shm
    ///   emptyDir: {medium: Memory, sizeLimit: 64Mi}
    /// ```
    ///
    /// ## Applies to
    /// Volumes of all pods. Huge pages have their limit by the containers' `resources`.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/storage/volumes/#emptydir>
    static RULE = {
        id: "memory-emptydir-limit",
        aliases: &[],
        title: "has a volume in memory without a limit",
        severity: Severity::Low,
        level: None,
        tags: &["reliability", "resources"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (index, volume) in at.pod.spec.volumes.iter().enumerate() {
        let Some(empty_dir) = volume.empty_dir else { continue };
        let limit = empty_dir.get("sizeLimit").and_then(NodeRef::text).filter(|limit| !is_zero(limit));
        if limit.is_some() || empty_dir.get("medium").and_then(NodeRef::as_str) != Some("Memory") {
            continue;
        }
        out.report(|| {
            Hit::new(
                at.pod.volume_path(index).keys("emptyDir.sizeLimit"),
                "no sizeLimit",
                format!("volume \"{}\" takes memory without a limit of its own", volume.name),
                "set sizeLimit below the memory limit of the containers that write to it",
            )
        });
    }
}

/// Whether a quantity is zero, in whatever unit, or null.
fn is_zero(quantity: &str) -> bool {
    let rest = quantity.trim_start_matches(['+', '-', '0', '.']);
    !rest.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_kind};

    const ID: &str = "memory-emptydir-limit";

    fn pod(volume: &str) -> String {
        format!("kind: Pod\nspec:\n  volumes: [{{name: v, {volume}}}]\n")
    }

    #[test]
    fn reports_memory_without_a_limit() {
        for empty_dir in ["", ", sizeLimit: null", ", sizeLimit: 0", ", sizeLimit: 0Mi", ", sizeLimit: '0.0'", ", sizeLimit: {}", ", sizeLimit: ~"] {
            let pod = pod(&format!("emptyDir: {{medium: Memory{empty_dir}}}"));
            assert_eq!(found(ID, &pod), ["- spec.volumes[name=v].emptyDir.sizeLimit: no sizeLimit"], "{empty_dir}");
        }
    }

    #[test]
    fn passes_limits_and_other_media() {
        for volume in [
            "emptyDir: {medium: Memory, sizeLimit: 1Gi}",
            "emptyDir: {medium: Memory, sizeLimit: 1048576}",
            "emptyDir: {medium: Memory, sizeLimit: '0.5Gi'}",
            "emptyDir: {medium: Memory, sizeLimit: 1e6}",
            "emptyDir: {}",
            "emptyDir: {medium: ''}",
            "emptyDir: {medium: HugePages-2Mi}",
            "emptyDir: null",
            "secret: {medium: Memory}",
        ] {
            assert_eq!(found(ID, &pod(volume)), [""; 0], "{volume}");
        }
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "volumes: [{name: v, emptyDir: {medium: Memory}}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
