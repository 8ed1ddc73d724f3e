//! What makes pods: `ValidatePodController` of `admission/admission.go`. It is warned of, and only refused if that was asked for.

use seawall_model::gotext::quote;

use seawall_model::pod::Pod;
use seawall_model::review::AdmissionRequest;

use crate::object::{Object, object};
use crate::owner::is_of_controller;
use crate::record::Request;
use crate::response::{ERROR, Response};
use crate::{Admission, Lookup, Review, Surroundings};

impl Admission {
    pub(crate) fn controller(&self, review: &Review<'_>, around: Surroundings<'_>) -> Option<Response> {
        let request = &review.request;
        if !request.request_sub_resource.is_empty() {
            return Some(Response::allowed());
        }
        if let Some(exempt) = self.exempt(review, around) {
            return Some(exempt);
        }
        let unseen = |error: String| {
            around.recorder.error(Request::of(request), true);
            Some(Response::annotated(ERROR, error))
        };
        let labels = match around.namespaces.labels(&request.namespace) {
            Lookup::Known(labels) => labels,
            Lookup::Later => return None,
            Lookup::Failed(why) => {
                return unseen(format!("failed to lookup namespace {}: {why}", quote(&request.namespace)));
            }
        };
        let (policy, errors) = self.resolve(labels.iter().map(|(k, v)| (&**k, &**v)));
        let refuses =
            self.configuration.settings.refuse_controllers && !Self::forbids_nothing(policy.enforce);
        let tells = !Self::forbids_nothing(policy.warn) || !Self::forbids_nothing(policy.audit);
        if errors.is_empty() && !tells && !refuses {
            self.keep_passed(request, around);
            return Some(Response::allowed());
        }
        let template = match object(request.object, &request.kind) {
            Ok(Object::Pod(pod)) => Some(pod),
            Ok(Object::Template(template)) => template,
            Ok(other) => {
                let kind = match other {
                    Object::Other(kind) => kind,
                    Object::Namespace(_) => "/v1, Kind=Namespace".to_owned(),
                    _ => "no object".to_owned(),
                };
                return unseen(format!("failed to extract pod template: unexpected object type: {kind}"));
            }
            Err(error) => return unseen(format!("failed to decode object: {}", error.message)),
        };
        match template {
            Some(pod) => {
                let enforce = refuses && !is_of_controller(request) && is_changed(request, &pod);
                self.evaluate(request, &pod, &policy, &errors, enforce, around)
            }
            None => Some(Response::allowed()),
        }
    }
}

/// Whether the template is another than before. What is there already can still be changed otherwise, or it could not be deleted:
/// taking away a finalizer is an update.
fn is_changed(request: &AdmissionRequest<'_>, new: &Pod<'_>) -> bool {
    if request.operation != "UPDATE" {
        return true;
    }
    let old = match object(request.old_object, &request.kind) {
        Ok(Object::Pod(pod) | Object::Template(Some(pod))) => Some(pod),
        _ => None,
    };
    old.is_none_or(|old| *old != *new)
}
