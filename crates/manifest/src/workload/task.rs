//! The pods that Tekton makes of tasks: every step and every sidecar becomes a container
//! (tektoncd/pipeline v1.6.0: `pkg/pod/pod.go`, `pkg/apis/pipeline/v1/merge.go`).
//!
//! What Tekton adds by itself, such as the init containers that prepare a step, depends on its installation and is left out.

use std::borrow::Cow;

use seawall_model::decode::DecodeError;
use seawall_model::pod::{Capabilities, Container, PodSpec, Profile, SeLinuxOptions, SecurityContext, Str};
use seawall_model::{FieldPath, Segment, nodes};
use seawall_yaml::{Kind, NodeRef};

/// Whether a task's steps are all written out: those that refer to a `StepAction` are not.
pub(super) fn is_whole(task: NodeRef<'_>) -> bool {
    let steps = task.get("steps").filter(|steps| steps.resolved().kind() == Kind::Sequence);
    steps.is_some_and(|steps| steps.items().all(|step| step.get("ref").is_none_or(NodeRef::is_null)))
}

/// The specification of the pod that runs a task. Of the pod template only what Tekton passes on counts.
pub(super) fn pod_spec<'d>(
    task: NodeRef<'d>,
    pod_template: Option<NodeRef<'d>>,
) -> Result<PodSpec<'d>, DecodeError> {
    let written: PodSpec<'d> = pod_template.map(nodes::decode).transpose()?.unwrap_or_default();
    let mut spec = PodSpec {
        host_network: written.host_network,
        runtime_class_name: written.runtime_class_name,
        security_context: written.security_context,
        ..PodSpec::default()
    };
    let template: Option<Container<'d>> = task.get("stepTemplate").map(nodes::decode).transpose()?;
    let defaults = template.and_then(|t| t.security_context);
    for (position, step) in containers(task, "steps")?.into_iter().enumerate() {
        let mut security_context = step.security_context;
        if let Some(defaults) = &defaults {
            merge(security_context.get_or_insert_default(), defaults);
        }
        let name = step_name(&step.name, position);
        spec.containers.push(Container { name, security_context, ..Container::default() });
    }
    for sidecar in containers(task, "sidecars")? {
        let name = Cow::Owned(format!("sidecar-{}", sidecar.name));
        spec.containers.push(Container { name, ..sidecar });
    }
    if let Some(volumes) = task.get("volumes") {
        spec.volumes = nodes::decode(volumes)?;
    }
    spec.volumes.extend(written.volumes);
    Ok(spec)
}

fn containers<'d>(task: NodeRef<'d>, list: &str) -> Result<Vec<Container<'d>>, DecodeError> {
    task.get(list).map(nodes::decode).transpose().map(Option::unwrap_or_default)
}

fn step_name<'d>(name: &str, position: usize) -> Str<'d> {
    Cow::Owned(if name.is_empty() { format!("step-unnamed-{position}") } else { format!("step-{name}") })
}

/// Fills what a step leaves open from the step template, field by field as a strategic merge does; lists are taken whole.
fn merge<'d>(step: &mut SecurityContext<'d>, template: &SecurityContext<'d>) {
    fn fill<T: Clone>(value: &mut Option<T>, from: Option<&T>) {
        if value.is_none() {
            *value = from.cloned();
        }
    }
    fn fill_text<'d>(value: &mut Str<'d>, from: &Str<'d>) {
        if value.is_empty() {
            value.clone_from(from);
        }
    }
    fn fill_profile<'d>(value: &mut Option<Box<Profile<'d>>>, from: Option<&Profile<'d>>) {
        let Some(from) = from else { return };
        let value = value.get_or_insert_default();
        fill_text(&mut value.kind, &from.kind);
        fill(&mut value.localhost_profile, from.localhost_profile.as_ref());
    }
    fill(&mut step.privileged, template.privileged.as_ref());
    fill(&mut step.allow_privilege_escalation, template.allow_privilege_escalation.as_ref());
    fill(&mut step.proc_mount, template.proc_mount.as_ref());
    fill(&mut step.run_as_non_root, template.run_as_non_root.as_ref());
    fill(&mut step.run_as_user, template.run_as_user.as_ref());
    fill_profile(&mut step.seccomp_profile, template.seccomp_profile.as_deref());
    fill_profile(&mut step.app_armor_profile, template.app_armor_profile.as_deref());
    if let Some(Capabilities { add, drop }) = &template.capabilities {
        let own = step.capabilities.get_or_insert_default();
        if own.add.is_empty() {
            own.add.clone_from(add);
        }
        if own.drop.is_empty() {
            own.drop.clone_from(drop);
        }
    }
    if let Some(SeLinuxOptions { user, role, kind }) = template.se_linux_options.as_deref() {
        let own = step.se_linux_options.get_or_insert_default();
        fill_text(&mut own.user, user);
        fill_text(&mut own.role, role);
        fill_text(&mut own.kind, kind);
    }
    if let Some(windows) = &template.windows_options {
        fill(&mut step.windows_options.get_or_insert_default().host_process, windows.host_process.as_ref());
    }
}

/// Where a field of the pod's specification stands in the object: below the task at `at`, or below the pod template.
///
/// `path` begins below the specification. What a step takes from the step template is found there.
pub(super) fn origin(
    task: NodeRef<'_>,
    at: &FieldPath,
    pod_template: Option<&FieldPath>,
    path: &[Segment],
) -> FieldPath {
    let below = |start: FieldPath, rest: &[Segment]| start.join(&FieldPath(rest.to_vec()));
    match path {
        [Segment::Key(list), item, rest @ ..] if list == "containers" => {
            let Some((list, index)) = item_of(task, item) else { return below(at.clone(), path) };
            let name = name_at(task, list, index);
            let start = at.clone().key(list);
            let own = below(
                match name {
                    Some(name) => start.item("name", name),
                    None => start.index(index),
                },
                rest,
            );
            if list == "steps" {
                let from_template = below(FieldPath::root().key("stepTemplate"), rest);
                let relative = FieldPath(own.0[at.0.len()..].to_vec());
                if !is_written(task, &relative) && is_written(task, &from_template) {
                    return at.clone().join(&from_template);
                }
            }
            own
        }
        [Segment::Key(list), item, ..] if list == "volumes" => {
            let volumes = task.get("volumes").map_or(0, |v| v.items().count());
            let in_task = match item {
                Segment::Index(index) => (*index as usize) < volumes,
                _ => is_written(task, &FieldPath(path[..2].to_vec())),
            };
            match (in_task, item, pod_template) {
                (true, ..) | (_, _, None) => below(at.clone(), path),
                (false, Segment::Index(index), Some(template)) => {
                    below(template.clone().key("volumes").index(*index as usize - volumes), &path[2..])
                }
                (false, _, Some(template)) => below(template.clone(), path),
            }
        }
        _ => below(pod_template.unwrap_or(at).clone(), path),
    }
}

fn is_written(root: NodeRef<'_>, path: &FieldPath) -> bool {
    path.resolve(root).depth == path.0.len()
}

/// The list and the position of what a container of the pod is made from.
fn item_of(task: NodeRef<'_>, item: &Segment) -> Option<(&'static str, usize)> {
    let names = |list| task.get(list).into_iter().flat_map(NodeRef::items).map(name_of);
    match item {
        Segment::Item(item) => {
            let value = &item.value;
            let step = names("steps").enumerate().position(|(i, name)| step_name(name, i) == value.as_str());
            let sidecar = || names("sidecars").position(|n| value.strip_prefix("sidecar-") == Some(n));
            step.map(|i| ("steps", i)).or_else(|| sidecar().map(|i| ("sidecars", i)))
        }
        Segment::Index(index) => {
            let steps = names("steps").count();
            let index = *index as usize;
            Some(index.checked_sub(steps).map_or(("steps", index), |i| ("sidecars", i)))
        }
        Segment::Key(_) => None,
    }
}

/// The name of a list's item, if it has one that no earlier item has.
fn name_at<'d>(task: NodeRef<'d>, list: &str, index: usize) -> Option<&'d str> {
    let mut names = task.get(list)?.items().map(name_of);
    let name = names.clone().nth(index).filter(|name| !name.is_empty())?;
    (names.position(|n| n == name) == Some(index)).then_some(name)
}

fn name_of(item: NodeRef<'_>) -> &str {
    item.get("name").and_then(NodeRef::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::objects;
    use crate::workload::{Template, templates};

    const RUN: &str = "apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: r, annotations: {a: b}}
spec:
  podTemplate: {hostNetwork: true, hostPID: true, securityContext: {runAsUser: 0}, volumes: [{name: w, hostPath: {}}]}
  taskSpec:
    stepTemplate: {securityContext: {privileged: true, capabilities: {drop: [ALL]}, seccompProfile: {type: X}}}
    volumes: [{name: v, hostPath: {}}]
    steps:
    - {name: build, securityContext: {runAsNonRoot: true, capabilities: {add: [CHOWN]}}}
    - {image: i, securityContext: {privileged: false}}
    sidecars:
    - {name: db, securityContext: {privileged: true}}
";

    fn with<T>(text: &str, look: impl FnOnce(&[Template<'_>]) -> T) -> T {
        let document =
            seawall_yaml::read(text.as_bytes()).pop().and_then(|e| e.document).expect("a document");
        look(&templates(&objects(&document).objects[0], &[]))
    }

    #[test]
    fn steps_and_sidecars_become_containers() {
        with(RUN, |templates| {
            let pod = templates[0].pod().unwrap();
            let names: Vec<&str> = pod.spec.containers.iter().map(|c| &*c.name).collect();
            assert_eq!(names, ["step-build", "step-unnamed-1", "sidecar-db"]);
            let context = |i: usize| pod.spec.containers[i].security_context.clone().unwrap();
            assert_eq!((context(0).privileged, context(0).run_as_non_root), (Some(true), Some(true)));
            assert_eq!(
                context(0).capabilities.unwrap(),
                Capabilities { add: vec!["CHOWN".into()], drop: vec!["ALL".into()] }
            );
            assert_eq!(context(1).privileged, Some(false));
            assert_eq!(context(1).seccomp_profile.unwrap().kind, "X");
            assert!(context(2).seccomp_profile.is_none(), "the step template is not for sidecars");
            assert!(pod.spec.host_network && !pod.spec.host_pid, "pod templates have no hostPID");
            assert_eq!(pod.spec.security_context.unwrap().run_as_user, Some(0));
            assert_eq!(pod.spec.volumes.iter().map(|v| &*v.name).collect::<Vec<_>>(), ["v", "w"]);
            assert_eq!(pod.metadata.annotations.len(), 1);
        });
    }

    #[test]
    fn fields_are_found_where_they_are_written() {
        let at = |path: FieldPath| {
            with(RUN, |t| t[0].path_in_object(FieldPath::root().key("spec").join(&path)).to_string())
        };
        let container = |name: &str| FieldPath::root().key("containers").item("name", name);
        for (path, place) in [
            (
                container("step-build").keys("securityContext.runAsNonRoot"),
                "spec.taskSpec.steps[name=build].securityContext.runAsNonRoot",
            ),
            (
                container("step-build").keys("securityContext.privileged"),
                "spec.taskSpec.stepTemplate.securityContext.privileged",
            ),
            (
                container("step-build").keys("securityContext.procMount"),
                "spec.taskSpec.steps[name=build].securityContext.procMount",
            ),
            (
                container("step-unnamed-1").keys("securityContext.privileged"),
                "spec.taskSpec.steps[1].securityContext.privileged",
            ),
            (
                container("sidecar-db").keys("securityContext.privileged"),
                "spec.taskSpec.sidecars[name=db].securityContext.privileged",
            ),
            (FieldPath::root().key("containers").index(2), "spec.taskSpec.sidecars[name=db]"),
            (
                FieldPath::root().keys("securityContext.runAsUser"),
                "spec.podTemplate.securityContext.runAsUser",
            ),
            (
                FieldPath::root().key("volumes").item("name", "v").key("hostPath"),
                "spec.taskSpec.volumes[name=v].hostPath",
            ),
            (
                FieldPath::root().key("volumes").item("name", "w").key("hostPath"),
                "spec.podTemplate.volumes[name=w].hostPath",
            ),
            (FieldPath::root().key("volumes").index(1), "spec.podTemplate.volumes[0]"),
        ] {
            assert_eq!(at(path), place);
        }
        let annotation = FieldPath::root().keys("metadata.annotations.a");
        assert_eq!(with(RUN, |t| t[0].path_in_object(annotation.clone())), annotation);
    }

    #[test]
    fn tasks_have_no_place_for_fields_of_the_pod() {
        let task = "apiVersion: tekton.dev/v1\nkind: Task\nspec: {steps: [{name: a, image: i}]}\n";
        assert_eq!(with(task, |t| (t.len(), t[0].spec_path())), (1, None));
        let run = with(RUN, |t| t[0].spec_path().map(|p| p.to_string()));
        assert_eq!(run.as_deref(), Some("spec.podTemplate"));
    }

    #[test]
    fn tasks_by_reference_are_not_judged() {
        for spec in ["taskRef: {name: t}", "taskSpec: {steps: [{name: a, ref: {name: x}}]}", "taskSpec: {}"] {
            let text = format!("apiVersion: tekton.dev/v1\nkind: TaskRun\nspec: {{{spec}}}\n");
            assert_eq!(with(&text, |t| t.len()), 0, "{spec}");
        }
    }
}
