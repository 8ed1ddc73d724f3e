//! Security contexts (zegl/kube-score `score/security/security.go`).

use std::collections::HashMap;

use super::pods::Pod;
use super::{Comment, Grade, Sheet, Verdict};

const NO_CONTEXT: &str = "Container has no configured security context";

pub(super) fn all(pod: &Pod<'_, '_>, sheet: &mut Sheet<'_, '_>) {
    sheet.add("container-security-context-user-group-id", |_| user_and_group(pod));
    sheet.add("container-security-context-privileged", |_| privileged(pod));
    sheet.add("container-security-context-readonlyrootfilesystem", |_| read_only_root_filesystem(pod));
    sheet.add("container-seccomp-profile", |_| seccomp(pod));
}

fn user_and_group(pod: &Pod<'_, '_>) -> Verdict {
    let of_pod = pod.template.spec.security_context.as_ref();
    let mut comments = Vec::new();
    for container in pod.template.spec.all_containers() {
        let own = container.security_context.as_ref();
        if own.is_none() && of_pod.is_none() {
            comments.push(Comment::new(container.name, NO_CONTEXT));
            continue;
        }
        let user = own.and_then(|c| c.run_as_user).or(of_pod.and_then(|c| c.run_as_user));
        let group = own.and_then(|c| c.run_as_group).or(of_pod.and_then(|c| c.run_as_group));
        if user.is_none_or(|id| id < 10000) {
            comments.push(Comment::new(container.name, "The container is running with a low user ID"));
        }
        if group.is_none_or(|id| id < 10000) {
            comments.push(Comment::new(container.name, "The container running with a low group ID"));
        }
    }
    Verdict::of(Grade::Critical, comments)
}

fn privileged(pod: &Pod<'_, '_>) -> Verdict {
    let all = pod.template.spec.all_containers();
    let bad = all.filter(|container| container.security_context.as_ref().is_some_and(|c| c.privileged));
    let comments = bad.map(|container| Comment::new(container.name, "The container is privileged")).collect();
    Verdict::of(Grade::Critical, comments)
}

fn read_only_root_filesystem(pod: &Pod<'_, '_>) -> Verdict {
    let summary = |context: Option<bool>| match context {
        None => Some(NO_CONTEXT),
        Some(false) => Some("The pod has a container with a writable root filesystem"),
        Some(true) => None,
    };
    let all = pod.template.spec.all_containers();
    let comments = all.filter_map(|container| {
        let context = container.security_context.as_ref().map(|c| c.read_only_root_filesystem);
        summary(context).map(|summary| Comment::new(container.name, summary))
    });
    Verdict::of(Grade::Critical, comments.collect())
}

/// Only containers are looked at; of those that share a name, the last one counts.
fn seccomp(pod: &Pod<'_, '_>) -> Verdict {
    let spec = &pod.template.spec;
    let annotation = "seccomp.security.alpha.kubernetes.io/defaultProfileName";
    let by_annotation = pod.template.metadata.annotations.is_some_and(|all| all.get(annotation).is_some());
    if by_annotation || spec.security_context.as_ref().is_some_and(|c| c.seccomp_profile.is_some()) {
        return Verdict::ok();
    }
    let mut by_name = HashMap::new();
    let mut comments = Vec::new();
    for container in &spec.containers {
        let secured = container.security_context.as_ref().is_some_and(|c| c.seccomp_profile.is_some());
        by_name.insert(container.name, secured);
        if !secured {
            comments.push(Comment::new(container.name, "The container has not configured Seccomp"));
        }
    }
    let secured = !by_name.is_empty() && by_name.values().all(|secured| *secured);
    let grade = if secured { Grade::AllOk } else { Grade::Warning };
    Verdict { grade: Some(grade), skipped: false, comments }
}
