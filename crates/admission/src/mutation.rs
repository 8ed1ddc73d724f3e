//! What new pods and namespaces leave out is set before they are judged, where that was asked for. Nothing that is written changes.

use std::collections::HashSet;

use seawall_finding::Safety;
use seawall_model::gotext::quote;
use seawall_model::json;
use seawall_model::pod::{Container, Pod};
use seawall_model::review::{AdmissionRequest, Generated, Scheduled};
use seawall_pss::namespace::{GOAL_LABEL, GOAL_VERSION_LABEL, LevelVersion, Mode};
use seawall_pss::{Action, Literal, Names, Offender, Repair, RepairAt, Value, groups, results};

use crate::object::{Object, object};
use crate::response::{ERROR, Response, json_string};
use crate::{Admission, Lookup, Review, Surroundings};

/// The label of namespaces whose pods are mended, and its value.
pub const MUTATE_LABEL: (&str, &str) = ("seawall.dev/mutate", "enabled");

/// What the names of namespaces of Kubernetes itself begin with.
const SYSTEM: &str = "kube-";

/// Containers of a pod that are looked at; one with more stays as it is. Nobody has looked yet whether it is one that can run.
const MOST: usize = 1000;

/// The annotation of pods that show what a kubelet runs by a file of its own: it looks at nothing else.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Letters that the API server adds to `generateName`: a name is made after mutating webhooks were asked.
const GENERATED: &str = "xxxxx";

impl Admission {
    /// What is to be set in an object that is about to be created. `None` if something has to be fetched first
    /// ([`Lookup::Later`]). Nothing is refused here, and nothing recorded: the object is judged afterwards.
    pub fn mutate(&self, review: &Review<'_>, around: Surroundings<'_>) -> Option<Response> {
        let request = &review.request;
        let is_part = !request.sub_resource.is_empty() || !request.request_sub_resource.is_empty();
        if request.operation != "CREATE" || is_part {
            return Some(Response::allowed());
        }
        match (&*request.resource.group, &*request.resource.resource) {
            ("", "pods") => self.mend(request, around),
            ("", "namespaces") => Some(self.label(request)),
            _ => Some(Response::allowed()),
        }
    }

    /// Sets what the enforced level asks for in a pod, as far as it runs the same with it.
    fn mend(&self, request: &AdmissionRequest<'_>, around: Surroundings<'_>) -> Option<Response> {
        if let Some(what) = self.exempt_by(request) {
            return Some(Response::exempt(what));
        }
        let labels = match around.namespaces.labels(&request.namespace) {
            Lookup::Known(labels) => labels,
            Lookup::Later => return None,
            Lookup::Failed(why) => {
                let what = format!("failed to lookup namespace {}: {why}", quote(&request.namespace));
                return Some(Response::annotated(ERROR, what));
            }
        };
        let labels = || labels.iter().map(|(key, value)| (&**key, &**value));
        let at = self.resolve(labels()).0.enforce;
        if Self::forbids_nothing(at) || labels().all(|label| label != MUTATE_LABEL) {
            return Some(Response::allowed());
        }
        let pod = match object(request.object, &request.kind) {
            Ok(Object::Pod(pod)) => pod,
            Ok(_) => return Some(Response::annotated(ERROR, "failed to decode pod")),
            Err(error) => {
                return Some(Response::annotated(
                    ERROR,
                    format!("failed to decode object: {}", error.message),
                ));
            }
        };
        if self.is_exempt_runtime_class(&pod) {
            return Some(Response::exempt("runtimeClass"));
        }
        // A user by number means nothing on Windows.
        let selects_windows =
            || json::decode::<Scheduled<'_>>(request.object.0).is_ok_and(|pod| pod.selects_windows());
        let is_mirror = pod.metadata.annotations.iter().any(|(key, _)| key == MIRROR);
        if is_mirror || pod.spec.visit().count() > MOST || pod.spec.os.is_none() && selects_windows() {
            return Some(Response::allowed());
        }
        let (patch, said) = self.missing(&pod, at);
        Some(self.set(&patch, &format!("for PodSecurity \"{at}\": {said}")))
    }

    /// What a pod leaves out of what a level asks for, where it runs the same with it: what sets it, and in words.
    fn missing(&self, pod: &Pod<'_>, at: LevelVersion) -> (Patch, String) {
        let (results, names) = (results(pod, at.level, self.minor(at)), Names::of(pod));
        let (mut patch, mut said) = (Patch::default(), Vec::<(String, Vec<String>)>::new());
        for group in groups(&results) {
            for offender in &group.offenders {
                let Some(RepairAt { repair, value: Value::Missing, .. }) = group.repair_of(offender, &names)
                else {
                    continue;
                };
                let Some(what) = patch.mend(pod, offender, repair) else { continue };
                match said.iter_mut().find(|(known, _)| *known == what) {
                    Some((_, containers)) => containers.push(quote(offender.name)),
                    None => said.push((what, vec![quote(offender.name)])),
                }
            }
        }
        let in_words = |(what, containers): (String, Vec<String>)| {
            let noun = if containers.len() == 1 { "container" } else { "containers" };
            format!("{what} ({noun} {})", containers.join(", "))
        };
        (patch, said.into_iter().map(in_words).collect::<Vec<_>>().join(", "))
    }

    /// Gives a namespace the levels that are the default for its name, where it says nothing of them.
    fn label(&self, request: &AdmissionRequest<'_>) -> Response {
        let namespace = match object(request.object, &request.kind) {
            Ok(Object::Namespace(namespace)) => namespace,
            Ok(_) => return Response::annotated(ERROR, "failed to decode namespace"),
            Err(error) => {
                return Response::annotated(ERROR, format!("failed to decode object: {}", error.message));
            }
        };
        let name = match &*namespace.metadata.name {
            "" => {
                let begin = json::decode::<Generated<'_>>(request.object.0).unwrap_or_default();
                format!("{}{GENERATED}", begin.metadata.generate_name)
            }
            name => name.to_owned(),
        };
        let labels = &namespace.metadata.labels;
        let says = |keys: [&str; 2]| labels.iter().any(|(key, _)| keys.contains(&&**key));
        let of = |mode: Mode| [mode.level_label(), mode.version_label()];
        // Whoever says what is enforced has thought about the others too.
        let is_decided = says(of(Mode::Enforce)) || says([GOAL_LABEL, GOAL_VERSION_LABEL]);
        let settings = &self.configuration.settings;
        let defaults = settings.namespace_defaults.iter().find(|defaults| defaults.is_for(&name));
        let Some(defaults) = defaults.filter(|_| {
            !is_decided && !name.starts_with(SYSTEM) && !self.configuration.exempts_namespace(&name)
        }) else {
            return Response::allowed();
        };
        let (mut patch, mut said) = (Patch::default(), Vec::new());
        for (mode, asked) in &defaults.asked {
            if says(of(*mode)) {
                continue;
            }
            let version = asked.version.map(|version| version.to_string());
            for (key, value) in of(*mode).into_iter().zip([Some(asked.level.to_string()), version]) {
                let Some(value) = value else { continue };
                if labels.is_empty() {
                    patch.add_parent("/metadata/labels");
                }
                patch.add(&format!("/metadata/labels/{}", key.replace('/', "~1")), &json_string(&value));
                said.push(format!("{key}={value}"));
            }
        }
        self.set(&patch, &format!("as the default of new namespaces: {}", said.join(", ")))
    }

    /// The answer that makes changes, of which it is said what they are.
    fn set(&self, patch: &Patch, what: &str) -> Response {
        if patch.operations.is_empty() {
            Response::allowed()
        } else if self.configuration.settings.report_only {
            Response::would_set(what)
        } else {
            Response::set(format!("[{}]", patch.operations.join(",")), what)
        }
    }
}

/// A JSON Patch (RFC 6902) that adds what is not there.
#[derive(Default)]
struct Patch {
    operations: Vec<String>,
    /// What was added for what is below it.
    parents: HashSet<String>,
}

impl Patch {
    fn add(&mut self, path: &str, value: &str) {
        self.operations.push(format!("{{\"op\":\"add\",\"path\":{},\"value\":{value}}}", json_string(path)));
    }

    fn add_parent(&mut self, path: &str) {
        if self.parents.insert(path.to_owned()) {
            self.add(path, "{}");
        }
    }

    /// Repairs an offender by what is safe, and writes over nothing: the field and its value, in words.
    fn mend(&mut self, pod: &Pod<'_>, offender: &Offender<'_>, repair: Repair) -> Option<String> {
        let (class, index) = offender.container().filter(|_| repair.safety == Safety::Safe)?;
        let (_, _, container) = pod.spec.visit().find(|(c, i, _)| (*c, *i) == (class, index))?;
        let field = offender.field.head;
        let value = match repair.action {
            Action::Set(Literal::Bool(value)) | Action::SetForAll(Literal::Bool(value)) => value.to_string(),
            Action::Set(Literal::Text(text)) | Action::SetForAll(Literal::Text(text)) => json_string(text),
            Action::Add(item) => format!("[{}]", json_string(item)),
            Action::Remove | Action::RemoveItem | Action::SetUser => return None,
        };
        let of_container = format!("/spec/{}/{index}", class.field());
        for parent in parents(container, field)? {
            self.add_parent(&format!("{of_container}/{parent}"));
        }
        self.add(&format!("{of_container}/{}", field.replace('.', "/")), &value);
        Some(format!("{field}={value}"))
    }
}

/// The objects around a field of a container that are not there, outermost first. `None` where the field itself is, or nobody knows.
fn parents(container: &Container<'_>, field: &str) -> Option<Vec<&'static str>> {
    let context = container.security_context.as_deref();
    let capabilities = context.and_then(|context| context.capabilities.as_ref());
    let mut missing = Vec::new();
    if context.is_none() {
        missing.push("securityContext");
    }
    match field {
        "securityContext.runAsNonRoot" if context.is_none_or(|c| c.run_as_non_root.is_none()) => {}
        "securityContext.capabilities.drop" if capabilities.is_none_or(|c| c.drop.is_empty()) => {
            if capabilities.is_none() {
                missing.push("securityContext/capabilities");
            }
        }
        _ => return None,
    }
    Some(missing)
}
