//! A pod, or a template, against the policy of its namespace: `EvaluatePod` of `admission/admission.go`.

use seawall_model::pod::Pod;
use seawall_model::review::AdmissionRequest;
use seawall_pss::namespace::{LabelError, LevelVersion, Mode, Policy, joined};
use seawall_pss::{Faults, forbidden_detail, results};

use crate::record::{Decision, Evaluated, Request};
use crate::response::{AUDIT_VIOLATIONS, ENFORCE_POLICY, ERROR, Response};
use crate::{Admission, Recorder};

impl Admission {
    /// The answer for a pod; for a template, which is never refused, without `enforce`.
    pub(crate) fn evaluate(
        &self,
        request: &AdmissionRequest<'_>,
        pod: &Pod<'_>,
        policy: &Policy,
        errors: &[LabelError],
        enforce: bool,
        recorder: &dyn Recorder,
    ) -> Response {
        let counted = Request::of(request);
        if self.is_exempt_runtime_class(pod) {
            recorder.exemption(counted);
            return Response::exempt("runtimeClass");
        }
        let mut response = Response::allowed();
        let mut annotations = Vec::new();
        if !errors.is_empty() {
            annotations.push((ERROR, format!("Failed to parse policy: {}", joined(errors))));
            recorder.error(counted, false);
        }
        let judged = Judged { admission: self, pod, faults: seawall_pss::evaluate(pod) };
        let record = |mode, decision| {
            recorder.evaluation(counted, Evaluated { decision, mode, policy: policy.mode(mode) });
        };
        let mut said: Vec<(LevelVersion, String)> = Vec::new();
        if enforce {
            annotations.push((ENFORCE_POLICY, policy.enforce.to_string()));
            if judged.passes(policy.enforce) {
                record(Mode::Enforce, Decision::Allow);
            } else {
                let detail = judged.detail(policy.enforce, &mut said);
                response = Response::forbidden(request, &violates("violates", policy.enforce, &detail));
                record(Mode::Enforce, Decision::Deny);
            }
        }
        if !judged.passes(policy.audit) {
            let detail = judged.detail(policy.audit, &mut said);
            annotations.push((AUDIT_VIOLATIONS, violates("would violate", policy.audit, &detail)));
            record(Mode::Audit, Decision::Deny);
        }
        // Who is refused needs no warning.
        if response.allowed && !judged.passes(policy.warn) {
            let detail = judged.detail(policy.warn, &mut said);
            response.warnings.push(violates("would violate", policy.warn, &detail));
            record(Mode::Warn, Decision::Deny);
        }
        response.audit_annotations = annotations;
        response
    }

    pub(crate) fn is_exempt_runtime_class(&self, pod: &Pod<'_>) -> bool {
        let class = pod.spec.runtime_class_name.as_deref().unwrap_or_default();
        !class.is_empty()
            && self.configuration.exemptions.runtime_classes.iter().any(|exempt| exempt == class)
    }
}

/// A pod with all that it fails.
struct Judged<'j, 'd> {
    admission: &'j Admission,
    pod: &'j Pod<'d>,
    faults: Faults,
}

impl Judged<'_, '_> {
    fn passes(&self, at: LevelVersion) -> bool {
        seawall_pss::allowed(self.faults, at.level, self.admission.minor(at))
    }

    /// Why it does not pass, said once for each level and version.
    fn detail(&self, at: LevelVersion, said: &mut Vec<(LevelVersion, String)>) -> String {
        if let Some((_, detail)) = said.iter().find(|(known, _)| *known == at) {
            return detail.clone();
        }
        let detail = forbidden_detail(&results(self.pod, at.level, self.admission.minor(at)));
        said.push((at, detail.clone()));
        detail
    }
}

fn violates(how: &str, at: LevelVersion, detail: &str) -> String {
    format!("{how} PodSecurity \"{at}\": {detail}")
}
