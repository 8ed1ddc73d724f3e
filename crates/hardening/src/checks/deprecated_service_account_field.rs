//! Pods that name their service account in the old field.

use seawall_finding::{Fix, FixStep, Safety, Severity, Step, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};

rule! {
    /// ## What it does
    /// Reports `serviceAccount` where `serviceAccountName` is not set, or names another account.
    ///
    /// ## Why it matters
    /// The field is the old name of `serviceAccountName` and deprecated. Where the two differ the old one has no effect: the pod
    /// does not act as the account that a reader may take for its own.
    ///
    /// ## How to fix
    /// Write `serviceAccountName` and remove `serviceAccount`.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   serviceAccountName: web
    /// ```
    ///
    /// ## Applies to
    /// All pods. Where both name the same account nothing is reported: the API server writes both.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec>
    static RULE = {
        id: "deprecated-service-account-field",
        aliases: &[],
        title: "names its service account in a deprecated field",
        severity: Severity::Info,
        level: None,
        tags: &["correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let spec = &at.pod.spec;
    let Some(old) = spec.service_account.filter(|old| !old.is_empty()) else { return };
    let new = spec.service_account_name.filter(|new| !new.is_empty());
    if new == Some(old) {
        return;
    }
    out.report(|| {
        let field = |name: &str| FieldPath::root().key("spec").key(name);
        let step = |name, step| FixStep { path: field(name), at_pod: None, step };
        let mut steps = vec![step("serviceAccount", Step::Remove(Some(old.into())))];
        let (label, message, advice) = if let Some(new) = new {
            let message = format!("serviceAccount names \"{old}\", but the pod acts as \"{new}\", which serviceAccountName names");
            ("has no effect", message, "remove serviceAccount")
        } else {
            steps.insert(0, step("serviceAccountName", Step::Set(old.into())));
            let message = format!("the pod names its service account \"{old}\" in the deprecated field serviceAccount");
            ("deprecated", message, "write serviceAccountName in its place")
        };
        Hit::new(field("serviceAccount"), label, message, advice).fix(Fix {
            safety: Safety::Safe,
            note: "the API server reads serviceAccount only where serviceAccountName is not set, as the same".into(),
            answer: None,
            steps,
            patch: None,
        })
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{fixed, found, in_every_kind};

    const ID: &str = "deprecated-service-account-field";

    fn pod(spec: &str) -> String {
        format!("kind: Pod\nspec: {{{spec}}}\n")
    }

    #[test]
    fn the_old_field_is_deprecated_or_without_effect() {
        for (spec, label) in [
            ("serviceAccount: a", "deprecated"),
            ("serviceAccount: a, serviceAccountName: ''", "deprecated"),
            ("serviceAccount: a, serviceAccountName: b", "has no effect"),
        ] {
            assert_eq!(found(ID, &pod(spec)), [format!("- spec.serviceAccount: {label}")], "{spec}");
        }
        for spec in ["", "serviceAccountName: a", "serviceAccount: a, serviceAccountName: a", "serviceAccount: ''", "serviceAccount: null", "serviceAccount: [a]"] {
            assert_eq!(found(ID, &pod(spec)), [""; 0], "{spec}");
        }
    }

    #[test]
    fn the_fix_keeps_the_account() {
        let repaired = |spec: &str| fixed(ID, &format!("kind: Pod\nspec:\n{spec}"));
        assert_eq!(repaired("  serviceAccount: a\n"), "kind: Pod\nspec:\n  serviceAccountName: a\n");
        let both = "  serviceAccount: a\n  serviceAccountName: b\n";
        assert_eq!(repaired(both), "kind: Pod\nspec:\n  serviceAccountName: b\n");
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "serviceAccount: a\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
