//! What makes pods: `ValidatePodController` of `admission/admission.go`. It is warned of and never refused.

use seawall_model::gotext::quote;

use crate::object::{Object, object};
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
        let (policy, errors) = self.resolve(&labels);
        if errors.is_empty() && Self::forbids_nothing(policy.warn) && Self::forbids_nothing(policy.audit) {
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
        Some(match template {
            Some(pod) => self.evaluate(request, &pod, &policy, &errors, false, around.recorder),
            None => Response::allowed(),
        })
    }
}
