//! A pod, or a template, against the policy of its namespace: `EvaluatePod` of `admission/admission.go`.

use seawall_finding::Rule;
use seawall_model::json;
use seawall_model::pod::Pod;
use seawall_model::review::{AdmissionRequest, PartialObject};
use seawall_pss::namespace::{LabelError, LevelVersion, Mode, Policy, joined};
use seawall_pss::{CheckResult, Faults, Offender, forbidden_detail, results, split_excepted};

use crate::exceptions::{Granted, Later};
use crate::owner::workload;
use crate::record::{Decision, Evaluated, Request};
use crate::response::{AUDIT_VIOLATIONS, ENFORCE_POLICY, ERROR, EXCEPTIONS, Response};
use crate::violations::{Found, Violated};
use crate::{Admission, Surroundings};

impl Admission {
    /// The answer for a pod, or for a template; without `enforce` it is not refused. `None` if something has to be fetched
    /// first.
    pub(crate) fn evaluate(
        &self,
        request: &AdmissionRequest<'_>,
        pod: &Pod<'_>,
        policy: &Policy,
        errors: &[LabelError],
        enforce: bool,
        around: Surroundings<'_>,
    ) -> Option<Response> {
        let (counted, recorder) = (Request::of(request), around.recorder);
        if self.is_exempt_runtime_class(pod) {
            recorder.exemption(counted);
            return Some(Response::exempt("runtimeClass"));
        }
        let mut judged = Judged { admission: self, pod, faults: seawall_pss::evaluate(pod), granted: None };
        let modes = if enforce { &Mode::ALL[..] } else { &[Mode::Audit, Mode::Warn] };
        if modes.iter().any(|mode| !judged.passes(policy.mode(*mode))) {
            match self.granted(request, around) {
                Ok(Some(granted)) => judged.except(granted, modes.iter().map(|mode| policy.mode(*mode))),
                Ok(None) => {}
                Err(Later) => return None,
            }
        }
        let mut response = Response::allowed();
        let mut annotations = Vec::new();
        if !errors.is_empty() {
            annotations.push((ERROR, format!("Failed to parse policy: {}", joined(errors))));
            recorder.error(counted, false);
        }
        let mut denied: Vec<Mode> = Vec::new();
        let mut record = |mode, decision| {
            if decision == Decision::Deny {
                denied.push(mode);
            }
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
        if Self::is_kept(request, !denied.is_empty(), around) {
            self.keep(request, judged.violated(&denied, policy), around);
        }
        if let Some(granted) = &judged.granted {
            annotations.extend(granted.names().map(|names| (EXCEPTIONS, names)));
            if response.allowed {
                response.warnings.extend(granted.warnings());
            }
        }
        response.audit_annotations = annotations;
        Some(response)
    }

    /// Whether what is found out about what is asked for is of use to anybody.
    fn is_kept(request: &AdmissionRequest<'_>, violates: bool, around: Surroundings<'_>) -> bool {
        request.dry_run != Some(true) && around.recorder.keeps(&request.namespace, violates)
    }

    /// Has it kept, if it is of use, that nothing forbids what is asked for.
    pub(crate) fn keep_passed(&self, request: &AdmissionRequest<'_>, around: Surroundings<'_>) {
        if Self::is_kept(request, false, around) {
            self.keep(request, Vec::new(), around);
        }
    }

    fn keep(&self, request: &AdmissionRequest<'_>, violated: Vec<Violated>, around: Surroundings<'_>) {
        // What cannot be read has no name.
        let Ok(object) = json::decode::<PartialObject<'_>>(request.object.0) else { return };
        let settings = &self.configuration.settings;
        let (workload, uid, is_owner) = workload(request, &object, &settings.trusted_controllers);
        let refused = violated.iter().any(|rule| rule.modes.iter().any(|(mode, _)| *mode == Mode::Enforce));
        let report_only = settings.report_only || around.suspensions.of(&request.namespace).is_some();
        let found = Found { workload, uid, is_owner, refused, report_only, violated };
        around.recorder.found(&request.namespace, found);
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
    /// What it may do all the same.
    granted: Option<Granted>,
}

impl<'j> Judged<'j, '_> {
    fn passes(&self, at: LevelVersion) -> bool {
        seawall_pss::allowed(self.faults, at.level, self.admission.minor(at))
    }

    /// Takes out what exceptions let pass, of what these policies look at.
    fn except(&mut self, granted: Granted, policies: impl Iterator<Item = LevelVersion>) {
        let pod = self.pod;
        let lets_pass = |rule: &'static Rule, offender: &Offender<'_>| granted.lets_pass(pod, rule, offender);
        self.faults = seawall_pss::evaluate_except(pod, &lets_pass);
        granted.forget();
        for at in policies {
            split_excepted(self.results(at), &lets_pass);
        }
        self.granted = Some(granted);
    }

    fn results(&self, at: LevelVersion) -> Vec<CheckResult<'j>> {
        results(self.pod, at.level, self.admission.minor(at))
    }

    fn left(&self, at: LevelVersion) -> Vec<CheckResult<'j>> {
        let results = self.results(at);
        let Some(granted) = &self.granted else { return results };
        let lets_pass =
            |rule: &'static Rule, offender: &Offender<'_>| granted.lets_pass(self.pod, rule, offender);
        split_excepted(results, &lets_pass).0
    }

    /// The rules that keep it from passing, with the modes that ask for each.
    fn violated(&self, denied: &[Mode], policy: &Policy) -> Vec<Violated> {
        let mut all: Vec<Violated> = Vec::new();
        for mode in denied {
            let at = policy.mode(*mode);
            for result in self.left(at) {
                for rule in result.rules() {
                    if let Some(known) = all.iter_mut().find(|known| known.rule.id == rule.id) {
                        if known.modes.iter().all(|(known, _)| known != mode) {
                            known.modes.push((*mode, at));
                        }
                        continue;
                    }
                    let sentence = forbidden_detail(std::slice::from_ref(&result)).into();
                    all.push(Violated { rule, modes: vec![(*mode, at)], sentence });
                }
            }
        }
        all
    }

    /// Why it does not pass, said once for each level and version.
    fn detail(&self, at: LevelVersion, said: &mut Vec<(LevelVersion, String)>) -> String {
        if let Some((_, detail)) = said.iter().find(|(known, _)| *known == at) {
            return detail.clone();
        }
        let detail = forbidden_detail(&self.left(at));
        said.push((at, detail.clone()));
        detail
    }
}

fn violates(how: &str, at: LevelVersion, detail: &str) -> String {
    format!("{how} PodSecurity \"{at}\": {detail}")
}
