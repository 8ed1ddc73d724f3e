//! Pods: `ValidatePod` of `admission/admission.go`.

use seawall_model::gotext::quote;
use seawall_model::pod::{Container, Pod};
use seawall_model::review::AdmissionRequest;

use crate::object::{Object, object};
use crate::record::{Decision, Evaluated, Request};
use crate::response::{ENFORCE_POLICY, Response};
use crate::{Admission, Lookup, Review, Surroundings};
use seawall_pss::namespace::{LevelVersion, Mode};

/// Parts of pods that cannot change what a pod may do. Any other is judged: one that is not known yet may.
const HARMLESS: [&str; 8] =
    ["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];

impl Admission {
    pub(crate) fn pod(&self, review: &Review<'_>, around: Surroundings<'_>) -> Option<Response> {
        let request = &review.request;
        if HARMLESS.contains(&&*request.request_sub_resource) {
            return Some(Response::allowed());
        }
        if let Some(exempt) = self.exempt(review, around) {
            return Some(exempt);
        }
        let counted = Request::of(request);
        let bad = |message, why: Option<&str>| {
            around.recorder.error(counted, true);
            Some(Response::bad_request(message, why))
        };
        let labels = match around.namespaces.labels(&request.namespace) {
            Lookup::Known(labels) => labels,
            Lookup::Later => return None,
            Lookup::Failed(why) => {
                around.recorder.error(counted, true);
                let message = format!("failed to lookup namespace {}", quote(&request.namespace));
                return Some(Response::internal(&message, Some(&why)));
            }
        };
        let (policy, errors) = self.resolve(labels.iter().map(|(k, v)| (&**k, &**v)));
        if errors.is_empty() && policy.is_fully_privileged() {
            let evaluated =
                Evaluated { decision: Decision::Allow, mode: Mode::Enforce, policy: policy.enforce };
            around.recorder.evaluation(counted, evaluated);
            self.keep_passed(request, around);
            return Some(Response::annotated(ENFORCE_POLICY, LevelVersion::PRIVILEGED.to_string()));
        }
        let pod = match object(request.object, &request.kind) {
            Ok(Object::Pod(pod)) => pod,
            Ok(_) => return bad("failed to decode pod", None),
            Err(error) => return bad("failed to decode object", Some(&error.message)),
        };
        if request.operation == "UPDATE" {
            let old = match object(request.old_object, &request.kind) {
                Ok(Object::Pod(old)) => old,
                Ok(_) => return bad("failed to decode old pod", None),
                Err(error) => return bad("failed to decode old object", Some(&error.message)),
            };
            if !is_significant(&pod, &old) {
                return Some(Response::allowed());
            }
        }
        self.evaluate(request, &pod, &policy, &errors, true, around)
    }

    /// The answer to a request that is exempt by its namespace or its user.
    pub(crate) fn exempt(&self, review: &Review<'_>, around: Surroundings<'_>) -> Option<Response> {
        let what = self.exempt_by(&review.request)?;
        around.recorder.exemption(Request::of(&review.request));
        Some(Response::exempt(what))
    }

    /// By what a request is exempt: its `namespace` or its `user`.
    pub(crate) fn exempt_by(&self, request: &AdmissionRequest<'_>) -> Option<&'static str> {
        if self.configuration.exempts_namespace(&request.namespace) {
            Some("namespace")
        } else if self.is_exempt_user(&request.user_info.username) {
            Some("user")
        } else {
            None
        }
    }

    fn is_exempt_user(&self, name: &str) -> bool {
        !name.is_empty() && self.configuration.exemptions.usernames.iter().any(|exempt| exempt == name)
    }
}

/// Whether an update may change what the pod may do: the only fields that can be updated and matter are images, and ephemeral
/// containers (`isSignificantPodUpdate`).
fn is_significant(new: &Pod<'_>, old: &Pod<'_>) -> bool {
    let differ = |new: &[Container<'_>], old: &[Container<'_>]| {
        new.len() != old.len() || new.iter().zip(old).any(|(new, old)| new.image != old.image)
    };
    let (new, old) = (&new.spec, &old.spec);
    differ(&new.containers, &old.containers)
        || differ(&new.init_containers, &old.init_containers)
        || new.ephemeral_containers.iter().any(|container| {
            let before = old.ephemeral_containers.iter().find(|old| old.name == container.name);
            before.is_none_or(|old| old.image != container.image)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn significant(new: &str, old: &str) -> bool {
        let pod = |spec: &str| format!("{{\"spec\":{{{spec}}}}}");
        let (new, old) = (pod(new), pod(old));
        let decode = |text| seawall_model::json::decode::<Pod<'_>>(text).unwrap();
        is_significant(&decode(new.as_bytes()), &decode(old.as_bytes()))
    }

    #[test]
    fn images_and_new_containers_count() {
        let one = |class: &str, name: &str, image: &str| {
            format!(r#""{class}":[{{"name":"{name}","image":"{image}"}}]"#)
        };
        for class in ["containers", "initContainers", "ephemeralContainers"] {
            assert!(!significant(&one(class, "a", "x"), &one(class, "a", "x")), "{class}");
            assert!(significant(&one(class, "a", "x"), &one(class, "a", "y")), "{class}");
            assert!(significant(&one(class, "a", "x"), ""), "{class}");
        }
        // Containers are compared by position, ephemeral ones by name.
        assert!(!significant(&one("containers", "a", "x"), &one("containers", "b", "x")));
        assert!(significant(&one("ephemeralContainers", "a", "x"), &one("ephemeralContainers", "b", "x")));
        assert!(significant("", &one("initContainers", "a", "x")));
        assert!(!significant("", &one("ephemeralContainers", "a", "x")));
        assert!(!significant(r#""hostNetwork":true"#, ""));
    }
}
