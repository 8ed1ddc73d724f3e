//! Environment variables that are given twice.

use std::collections::HashMap;

use seawall_finding::{Fix, FixStep, Safety, Severity, Step, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::{ContainerAt, EnvVar};

rule! {
    /// ## What it does
    /// Reports entries of `env` whose name comes again later in the same container, unless a later entry up to that one
    /// refers to the value (`$(NAME)`).
    ///
    /// ## Why it matters
    /// The last value counts, and the first only looks as if it did. `kubectl apply` merges the list by name: when one of
    /// two entries goes, the variable is gone altogether until the next apply.
    ///
    /// ## How to fix
    /// Remove the entry that is not meant. If `kubectl` has applied both before, apply twice.
    ///
    /// ## Example
    /// ```yaml
    /// env:
    /// - name: LOG_LEVEL
    ///   value: info
    /// ```
    ///
    /// ## Applies to
    /// Containers of every class. A reference to an earlier value of the same name is how a variable is extended
    /// (`$(PATH):/opt/bin`), and so it is not reported. What `envFrom` brings is always replaced by `env`.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>
    /// - <https://github.com/kubernetes/kubernetes/issues/58477>
    static RULE = {
        id: "duplicate-env",
        aliases: &[],
        title: "gives an environment variable twice",
        severity: Severity::Low,
        level: None,
        tags: &["correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

const NOTE: &str =
    "where kubectl has applied both before, its next apply removes the variable altogether, and the one after that restores it: apply twice, and look";

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let env = &at.container.env;
    let mut referring = None;
    for (index, next) in pairs(env) {
        let earlier = &env[index];
        let referring = referring.get_or_insert_with(|| references(env));
        let used = referring.get(earlier.name).is_some_and(|positions: &Vec<usize>| {
            let after = positions.partition_point(|position| *position <= index);
            positions.get(after).is_some_and(|position| *position <= next)
        });
        if used {
            continue;
        }
        out.report(|| {
            let list = at.path().key("env");
            let path = list.clone().index(index);
            let step = FixStep { path: path.clone(), at_pod: None, step: Step::Remove(None) };
            let fix = Fix { safety: Safety::Likely, note: NOTE.into(), answer: None, steps: vec![step], patch: None };
            let message = format!("{} gives the variable `{}` twice: the later value counts", at.said(), earlier.name);
            Hit::new(path, "has no effect", message, "remove the entry that is not meant")
                .related(list.index(next), "this one counts")
                .fix(fix)
        });
    }
}

/// The positions of variables that have the name of a later one, each with that of the next.
fn pairs(env: &[EnvVar<'_>]) -> Vec<(usize, usize)> {
    /// In lists up to this length looking is faster than hashing.
    const SHORT: usize = 16;
    let is_named = |index: &usize| !env[*index].name.is_empty();
    let positions = (0..env.len()).filter(is_named);
    if env.len() <= SHORT {
        let next = |index: usize| (index + 1..env.len()).find(|next| env[*next].name == env[index].name);
        return positions.filter_map(|index| Some((index, next(index)?))).collect();
    }
    let mut last: HashMap<&str, usize> = HashMap::with_capacity(env.len());
    let before = |next: usize| Some((last.insert(env[next].name, next)?, next));
    let mut pairs: Vec<_> = positions.filter_map(before).collect();
    pairs.sort_unstable();
    pairs
}

/// The positions of the variables whose values refer to a name, `$(NAME)`, in order; `$$` stands for a dollar
/// (k8s.io/kubernetes `third_party/forked/golang/expansion/expand.go`).
fn references<'d>(env: &[EnvVar<'d>]) -> HashMap<&'d str, Vec<usize>> {
    let mut found: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, variable) in env.iter().enumerate() {
        let mut rest = variable.value.unwrap_or_default();
        while let Some((_, behind)) = rest.split_once('$') {
            rest = behind.strip_prefix('$').unwrap_or(behind);
            if let Some((name, _)) = behind.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
                found.entry(name).or_default().push(index);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use seawall_finding::{Safety, Step};

    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "duplicate-env";

    fn env(list: &str) -> Vec<String> {
        found(ID, &format!("kind: Pod\nspec: {{containers: [{{name: a, env: {list}}}]}}\n"))
    }

    #[test]
    fn the_earlier_one_is_reported() {
        let hits = env("[{name: A, value: x}, {name: B}, {name: A, value: z}, {name: A, valueFrom: {}}]");
        assert_eq!(hits, [
            "a spec.containers[name=a].env[0]: has no effect",
            "a spec.containers[name=a].env[2]: has no effect",
        ]);
        for fine in ["[{name: A}, {name: B}, {name: a}]", "[{value: x}, {value: x}]", "[null, null]", "null", "A"] {
            assert_eq!(env(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn an_extended_variable_is_fine() {
        assert_eq!(env("[{name: P, value: /a}, {name: P, value: '$(P):/b'}]"), [""; 0]);
        assert_eq!(env("[{name: P, value: /a}, {name: Q, value: 'x$$$(P)'}, {name: P, value: /b}]"), [""; 0]);
        for other in ["$$(P):/b", "$(PP)", "$(P", "P"] {
            assert_eq!(env(&format!("[{{name: P, value: /a}}, {{name: P, value: '{other}'}}]")).len(), 1, "{other}");
        }
        // What comes behind the later one has the later value.
        assert_eq!(env("[{name: P, value: /a}, {name: P, value: /b}, {name: Q, value: $(P)}]").len(), 1);
    }

    #[test]
    fn long_lists_are_as_short_ones() {
        let more = (0..50).map(|i| format!("{{name: V{i}}}")).collect::<Vec<_>>().join(", ");
        for (list, hits) in [
            ("{name: A, value: x}, {name: A}, {name: A}", &["[0]", "[1]"][..]),
            ("{name: A}, {name: B, value: $(A)}, {name: A}", &[]),
            ("{name: A}, {name: A}, {name: B, value: $(A)}", &["[0]"]),
            ("{}, {}, {}", &[]),
        ] {
            let hits: Vec<_> = hits.iter().map(|at| format!("a spec.containers[name=a].env{at}: has no effect")).collect();
            assert_eq!(env(&format!("[{list}]")), hits, "{list}");
            assert_eq!(env(&format!("[{list}, {more}]")), hits, "{list}, long");
        }
    }

    #[test]
    fn names_the_variable_and_no_value() {
        let pod = "kind: Pod\nspec: {containers: [{name: a, env: [{name: PASSWORD, value: hunter2}, {name: PASSWORD, value: hunter3}]}]}\n";
        let found = &Case::of(ID).findings(pod)[0];
        assert_eq!(found.finding.message, "container \"a\" gives the variable `PASSWORD` twice: the later value counts");
        assert_eq!(found.finding.related[0].path.to_string(), "spec.containers[name=a].env[1]");
        let fix = found.fix.as_ref().expect("a fix");
        assert_eq!((fix.safety, &fix.steps[0].step), (Safety::Likely, &Step::Remove(None)));
        assert!(!format!("{found:?}").contains("hunter"));
    }

    #[test]
    fn every_class_and_kind() {
        assert_eq!(in_every_class(ID, "env: [{name: A}, {name: A}]"), [true; 3]);
        let kinds = in_every_kind(ID, "containers: [{name: a, env: [{name: A}, {name: A}]}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn the_fix_leaves_the_last_one() {
        let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env:\n    - name: A\n      value: x\n    - {name: B}\n    - name: A\n      value: z\n    - name: A\n      value: w\n";
        let changes: Vec<_> = Case::of(ID)
            .findings(pod)
            .iter()
            .flat_map(|found| found.fix.as_ref().and_then(|fix| fix.changes(false, None)).expect("changes"))
            .collect();
        let document = seawall_yaml::read(pod.as_bytes().to_vec()).remove(0).document.unwrap();
        let planned = seawall_yaml::edit::plan(&document, &changes);
        assert!(planned.refused.is_empty(), "{:?}", planned.refused);
        let fixed = seawall_yaml::edit::apply(pod.as_bytes(), &planned.edits);
        let wanted = "    env:\n    - {name: B}\n    - name: A\n      value: w\n";
        assert!(String::from_utf8(fixed).unwrap().ends_with(wanted));
    }
}
