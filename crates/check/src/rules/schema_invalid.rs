//! Objects that do not fit their kind's schema.

use seawall_finding::{Severity, rule};

rule! {
    /// ## What it does
    /// Compares every field of an object of a built-in kind with the type that Kubernetes gives it: values of the wrong
    /// type (`runAsNonRoot: "true"`), values that do not parse (`cpu: lots`), and fields that do not exist
    /// (`securitycontext`).
    ///
    /// ## Why it matters
    /// The API server refuses an object with a value of the wrong type, and drops a field that does not exist, with the
    /// protection that it was meant to give. The second is worse: kubectl refuses such fields since 1.25, but other clients
    /// get a warning at most.
    ///
    /// ## How to fix
    /// Write the value in the type that is asked for (`true` without quotes), or spell the field as the API does: names
    /// are case-sensitive.
    ///
    /// ## Example
    /// ```yaml
    /// securityContext:
    ///   runAsNonRoot: "true"   # a string: refused
    ///   runAsNonRoot: true     # a boolean: accepted
    /// ```
    ///
    /// ## Applies to
    /// All built-in kinds, at the newest Kubernetes version that this build knows, and those that the target version alone
    /// serves. A wrong type counts as a refusal by the API server and fails a scan; an unknown field does not, unless
    /// `--fail-on high` asks for it. In the pods of custom resources only fields that are nearly called as one of a pod's
    /// are told of: the rest may be the resource's own. `--schema` asks for more: what must be there, what the target
    /// version has, which values are taken, and what the definitions of custom resources say.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>
    pub static RULE = {
        id: "schema-invalid",
        aliases: &[],
        title: "does not fit the schema of its kind",
        severity: Severity::High,
        level: None,
    };
}
