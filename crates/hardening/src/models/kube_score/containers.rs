//! Resources, images, ports and environment (zegl/kube-score `score/container/container.go`).

use std::collections::HashSet;

use super::pods::Pod;
use super::quantity::Quantity;
use super::view::{Container, amount};
use super::{Comment, Grade, Sheet, Verdict};
use crate::view::Quantities;

pub(super) fn all(pod: &Pod<'_, '_>, sheet: &mut Sheet<'_, '_>) {
    sheet.add("container-resources", |sheet| resources(pod, sheet));
    sheet.add("container-resource-requests-equal-limits", |_| {
        let mut comments = unequal(pod, CPU);
        comments.append(&mut unequal(pod, MEMORY));
        Verdict::of(Grade::Critical, comments)
    });
    sheet.add("container-cpu-requests-equal-limits", |_| Verdict::of(Grade::Critical, unequal(pod, CPU)));
    sheet.add("container-memory-requests-equal-limits", |_| {
        Verdict::of(Grade::Critical, unequal(pod, MEMORY))
    });
    sheet.add("container-image-tag", |_| image_tag(pod));
    sheet.add("container-image-pull-policy", |_| pull_policy(pod));
    sheet.add("container-ephemeral-storage-request-and-limit", |_| ephemeral_storage(pod));
    sheet.add("container-ephemeral-storage-request-equals-limit", |_| ephemeral_storage_equal(pod));
    sheet.add("container-ports-check", |_| ports(pod));
    sheet.add("environment-variable-key-duplication", |_| environment(pod));
}

const CPU: (&str, &str) = ("cpu", "CPU requests does not match limits");
const MEMORY: (&str, &str) = ("memory", "Memory requests does not match limits");
const STORAGE: &str = "ephemeral-storage";

/// An amount; zero where nothing is written.
fn quantity(quantities: &Quantities<'_>, name: &str) -> Quantity {
    amount(quantities, name).and_then(|text| Quantity::parse(&text)).unwrap_or_default()
}

/// One comment for each container and fault.
fn comments<'c, 'd: 'c>(
    pod: &'c Pod<'_, 'd>,
    faults: impl Fn(&Container<'d>, &mut dyn FnMut(&'static str)),
) -> Vec<Comment> {
    let mut found = Vec::new();
    for container in pod.template.spec.all_containers() {
        faults(container, &mut |summary| found.push(Comment::new(container.name, summary)));
    }
    found
}

/// Critical without a limit, a warning without a request.
fn limits_and_requests(pod: &Pod<'_, '_>, comments: Vec<Comment>, limits: &[&str]) -> Verdict {
    if pod.template.spec.all_containers().next().is_none() {
        return Verdict::unless(false, Grade::Critical, "No containers defined");
    }
    let no_limit = comments.iter().any(|comment| limits.contains(&&*comment.summary));
    Verdict::of(if no_limit { Grade::Critical } else { Grade::Warning }, comments)
}

fn resources(pod: &Pod<'_, '_>, sheet: &Sheet<'_, '_>) -> Verdict {
    const LIMITS: [&str; 2] = ["CPU limit is not set", "Memory limit is not set"];
    let options = sheet.options;
    let comments = comments(pod, |container, add| {
        let (limits, requests) = (&container.resources.limits, &container.resources.requests);
        let all = [
            (limits, "cpu", LIMITS[0], options.ignore_container_cpu_limit),
            (limits, "memory", LIMITS[1], options.ignore_container_memory_limit),
            (requests, "cpu", "CPU request is not set", false),
            (requests, "memory", "Memory request is not set", false),
        ];
        for (quantities, name, summary, ignored) in all {
            if !ignored && quantity(quantities, name).is_zero() {
                add(summary);
            }
        }
    });
    limits_and_requests(pod, comments, &LIMITS)
}

fn unequal(pod: &Pod<'_, '_>, (name, summary): (&str, &'static str)) -> Vec<Comment> {
    comments(pod, |container, add| {
        let resources = &container.resources;
        if quantity(&resources.requests, name) != quantity(&resources.limits, name) {
            add(summary);
        }
    })
}

fn ephemeral_storage(pod: &Pod<'_, '_>) -> Verdict {
    const LIMIT: &str = "Ephemeral Storage limit is not set";
    let comments = comments(pod, |container, add| {
        let resources = &container.resources;
        if quantity(&resources.limits, STORAGE).is_zero() {
            add(LIMIT);
        }
        if quantity(&resources.requests, STORAGE).is_zero() {
            add("Ephemeral Storage request is not set");
        }
    });
    limits_and_requests(pod, comments, &[LIMIT])
}

fn ephemeral_storage_equal(pod: &Pod<'_, '_>) -> Verdict {
    let comments = comments(pod, |container, add| {
        let request = quantity(&container.resources.requests, STORAGE);
        let limit = quantity(&container.resources.limits, STORAGE);
        if !request.is_zero() && !limit.is_zero() && request != limit {
            add("Ephemeral Storage request does not match limit");
        }
    });
    Verdict::of(Grade::Critical, comments)
}

/// What stands behind the last colon, be it the port of a registry.
fn tag(image: &str) -> &str {
    image.rsplit_once(':').map_or("", |(_, tag)| tag)
}

fn is_latest(tag: &str) -> bool {
    tag.is_empty() || tag == "latest"
}

fn image_tag(pod: &Pod<'_, '_>) -> Verdict {
    let comments = comments(pod, |container, add| {
        if is_latest(tag(container.image)) {
            add("Image with latest tag");
        }
    });
    Verdict::of(Grade::Critical, comments)
}

fn pull_policy(pod: &Pod<'_, '_>) -> Verdict {
    let comments = comments(pod, |container, add| match container.image_pull_policy {
        "Always" => {}
        "" if is_latest(tag(container.image)) => {}
        _ => add("ImagePullPolicy is not set to Always"),
    });
    Verdict::of(Grade::Critical, comments)
}

fn ports(pod: &Pod<'_, '_>) -> Verdict {
    let comments = comments(pod, |container, add| {
        let mut names = HashSet::new();
        for port in &container.ports {
            let again = !port.name.is_empty() && !names.insert(port.name);
            // Names have at most 15 characters.
            for _ in [again, port.name.len() > 15, port.container_port == 0].iter().filter(|bad| **bad) {
                add("Container Port Check");
            }
        }
    });
    Verdict::of(Grade::Critical, comments)
}

fn environment(pod: &Pod<'_, '_>) -> Verdict {
    let comments = comments(pod, |container, add| {
        let mut names = HashSet::new();
        for _ in container.env.iter().filter(|variable| !names.insert(variable.name)) {
            add("Environment Variable Key Duplication");
        }
    });
    Verdict::of(Grade::Critical, comments)
}
