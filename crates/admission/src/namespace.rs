//! Namespaces: `ValidateNamespace` and `EvaluatePodsInNamespace` of `admission/admission.go`.

use seawall_model::gotext::quote;
use seawall_model::json;
use seawall_model::pod::{Metadata, Pod, Str};
use seawall_model::review::{ListedPod, Namespace, PodList};
use seawall_pss::Relabelling;
use seawall_pss::namespace::{LabelError, Mode, Policy};

use crate::exceptions::Later;
use crate::object::{Object, object};
use crate::response::Response;
use crate::{Admission, Lookup, Pods, Review, Surroundings};

impl Admission {
    pub(crate) fn namespace(&self, review: &Review<'_>, around: Surroundings<'_>) -> Option<Response> {
        let request = &review.request;
        match self.guard(review, around) {
            Ok(None) => {}
            Ok(refused) => return refused,
            Err(Later) => return None,
        }
        if !request.request_sub_resource.is_empty() {
            return Some(Response::allowed());
        }
        let new = match object(request.object, &request.kind) {
            Ok(Object::Namespace(namespace)) => namespace,
            Ok(_) => return Some(Response::bad_request("failed to decode namespace", None)),
            Err(error) => {
                return Some(Response::bad_request("failed to decode object", Some(&error.message)));
            }
        };
        let (policy, errors) = self.policy_of(&new);
        let exempt = || {
            let exempt = self.configuration.exempts_namespace(&request.namespace);
            exempt.then(|| Response::warned(self.exempt_warning(&new, &policy)))
        };
        match &*request.operation {
            "CREATE" if !errors.is_empty() => Some(Response::invalid(request, &errors)),
            "CREATE" => Some(exempt().unwrap_or_else(Response::allowed)),
            "UPDATE" => {
                // Two blanks, as the reference has it.
                let old = match object(request.old_object, &request.kind) {
                    Ok(Object::Namespace(namespace)) => namespace,
                    Ok(_) => return Some(Response::bad_request("failed to decode  old namespace", None)),
                    Err(error) => {
                        let message = "failed to decode  old object";
                        return Some(Response::bad_request(message, Some(&error.message)));
                    }
                };
                let (old, old_errors) = self.policy_of(&old);
                if !errors.is_empty() && errors != old_errors {
                    return Some(Response::invalid(request, &errors));
                }
                let Some(relabelling) = Relabelling::of(&old, &policy, self.newest) else {
                    return Some(Response::allowed());
                };
                exempt().or_else(|| {
                    let warnings = self.dry_run(&new.metadata.name, relabelling, around.pods)?;
                    Some(Response::warned(warnings))
                })
            }
            _ => Some(Response::allowed()),
        }
    }

    fn policy_of(&self, namespace: &Namespace<'_>) -> (Policy, Vec<LabelError>) {
        let labels = &namespace.metadata.labels;
        self.resolve(labels.iter().map(|(k, v)| (&**k, &**v)))
    }

    /// What a namespace is told that asks for something and is exempt.
    fn exempt_warning(&self, namespace: &Namespace<'_>, policy: &Policy) -> Option<String> {
        if policy.is_fully_privileged() || policy.equivalent(&self.configuration.defaults) {
            return None;
        }
        let labels = &namespace.metadata.labels;
        let says = |mode: Mode| {
            labels.iter().any(|(key, _)| key == mode.level_label() || key == mode.version_label())
        };
        let asked: Vec<String> = Mode::ALL
            .into_iter()
            .filter(|mode| !Self::forbids_nothing(policy.mode(*mode)) && says(*mode))
            .map(|mode| format!("{}={}", mode.as_str(), policy.mode(mode)))
            .collect();
        let name = quote(&namespace.metadata.name);
        let asked = asked.join(", ");
        Some(format!(
            "namespace {name} is exempt from Pod Security, and the policy ({asked}) will be ignored"
        ))
    }

    /// What the pods of a namespace would violate. `None` where they have to be fetched first.
    fn dry_run(&self, namespace: &str, mut relabelling: Relabelling, pods: &dyn Pods) -> Option<Vec<String>> {
        let mut unread = false;
        let listed = pods.list(namespace, &mut |page| match json::decode::<PodList<'_>>(page) {
            Ok(list) => list.items.into_iter().for_each(|pod| self.look(pod, &mut relabelling)),
            Err(_) => unread = true,
        });
        match listed {
            Lookup::Known(()) if !unread => {}
            Lookup::Later => return None,
            _ => {
                return Some(vec![
                    "failed to list pods while checking new PodSecurity enforce level".to_owned(),
                ]);
            }
        }
        Some(relabelling.warnings_until(namespace, || pods.is_over()))
    }

    /// Looks at one pod.
    fn look(&self, pod: ListedPod<'_>, relabelling: &mut Relabelling) {
        let ListedPod { metadata, spec } = pod;
        let controller = metadata.owner_references.iter().find(|owner| owner.controller == Some(true));
        let controller = controller.map(|owner| owner.uid.to_string());
        let annotations = metadata.annotations;
        let pod =
            Pod { metadata: Metadata { name: metadata.name, namespace: Str::default(), annotations }, spec };
        if !self.is_exempt_runtime_class(&pod) {
            relabelling.add(&pod.metadata.name, controller.as_deref(), &pod);
        }
    }
}
