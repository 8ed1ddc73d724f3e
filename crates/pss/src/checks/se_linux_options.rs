//! `seLinuxOptions`: only the types of containers, and neither user nor role.

use std::borrow::Cow;
use std::collections::BTreeSet;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::{plural, quote, quoted_list};
use seawall_model::pod::{Container, Pod, PodSpec, SeLinuxOptions as Options};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports, in `seLinuxOptions` of the pod or a container, types other than container_t, container_init_t, container_kvm_t and
    /// (from v1.31 on) container_engine_t, and any `user` or `role`. The `level` is free.
    ///
    /// ## Why it matters
    /// On nodes with `SELinux` the type decides what a process may touch. `spc_t` and its like are not confined at all: they take
    /// away the last wall between a broken container and the node.
    ///
    /// ## How to fix
    /// Remove `user` and `role`, and the type too unless it is one of those.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   securityContext:
    ///     seLinuxOptions: {type: spc_t}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   securityContext:
    ///     seLinuxOptions: {type: container_t, level: "s0:c123,c456"}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `seLinuxOptions`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#assign-selinux-labels-to-a-container
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "selinux-options",
        aliases: &["seLinuxOptions"],
        title: "sets SELinux options that lift the confinement of containers",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
        tags: &["security"],
    };
}

const TYPE: &str = "securityContext.seLinuxOptions.type";
const USER: &str = "securityContext.seLinuxOptions.user";
const ROLE: &str = "securityContext.seLinuxOptions.role";

pub(crate) struct SeLinuxOptions;

impl Check for SeLinuxOptions {
    const ID: &'static str = "seLinuxOptions";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0), Variant::since(31)];

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        look(spec.security_context.as_ref().and_then(|c| c.se_linux_options.as_deref()), out);
    }

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        look(container.security_context.as_ref().and_then(|c| c.se_linux_options.as_deref()), out);
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "seLinuxOptions"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let types: BTreeSet<&str> =
            offenders.iter().filter(|o| o.field.head == TYPE).map(Offender::text).collect();
        let mut data = Vec::new();
        if !types.is_empty() {
            data.push(format!("{} {}", plural("type", "types", types.len()), quoted_list(&types)));
        }
        for (field, sentence) in [(USER, "user may not be set"), (ROLE, "role may not be set")] {
            if offenders.iter().any(|o| o.field.head == field) {
                data.push(sentence.to_owned());
            }
        }
        format!(
            "{} set forbidden securityContext.seLinuxOptions: {}",
            text::setters(offenders),
            data.join("; ")
        )
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        if offender.field.head == TYPE { "is not a type of containers" } else { "must not be set" }.into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        let name = |o: &&Offender<'_>| o.field.head.rsplit('.').next().unwrap_or_default();
        let set: Vec<String> = offenders
            .iter()
            .map(|o| format!("{} {}", name(o), quote(o.text())))
            .collect();
        Account {
            message: format!("{at} sets the SELinux {}", set.join(", ")),
            advice: "remove `user` and `role`, and use the type container_t, container_init_t, container_kvm_t or, from v1.31 on, container_engine_t"
                .to_owned(),
        }
    }

    fn repair(_: &Pod<'_>, _: &Offender<'_>) -> Option<Repair> {
        Some(Repair::decision(Action::Remove, "does it run with the SELinux options of the runtime?"))
    }
}

#[inline]
fn look<'p>(options: Option<&'p Options<'_>>, out: &mut impl Sink<'p>) {
    let Some(options) = options else { return };
    let forbidding = match &*options.kind {
        "" | "container_t" | "container_init_t" | "container_kvm_t" => None,
        "container_engine_t" => Some(SeLinuxOptions::before(31)),
        _ => Some(SeLinuxOptions::ALL),
    };
    if let Some(variants) = forbidding {
        out.offend(variants, Field::of(TYPE), Value::Text(&options.kind));
    }
    for (field, value) in [(USER, &options.user), (ROLE, &options.role)] {
        if !value.is_empty() {
            out.offend(SeLinuxOptions::ALL, Field::of(field), Value::Text(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, passes, spec};

    const ID: &str = "seLinuxOptions";

    #[test]
    fn passes_types_of_containers() {
        passes(ID, 0, &spec(r#""securityContext":{"seLinuxOptions":{"type":"container_kvm_t","level":"s0"}}"#));
        let engine = spec(r#""securityContext":{"seLinuxOptions":{"type":"container_engine_t"}}"#);
        passes(ID, 31, &engine);
        assert_eq!(
            detail(ID, 30, &engine),
            r#"pod set forbidden securityContext.seLinuxOptions: type "container_engine_t""#
        );
    }

    #[test]
    fn names_types_user_and_role() {
        let pod = r#"{"spec":{"securityContext":{"seLinuxOptions":{"type":"x","role":"r"}},"containers":[
            {"name":"a","securityContext":{"seLinuxOptions":{"type":"spc_t","user":"u"}}}]}}"#;
        assert_eq!(
            detail(ID, 37, pod),
            r#"pod and container "a" set forbidden securityContext.seLinuxOptions: types "spc_t", "x"; user may not be set; role may not be set"#
        );
    }
}
