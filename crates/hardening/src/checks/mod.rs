//! The checks, one file each, and the table of them.

use crate::check::Check;

/// Lists the checks, sorted by id. A new check is a file and a line here.
macro_rules! checks {
    ($($file:ident,)*) => {
        $(mod $file;)*

        /// All checks, sorted by id.
        pub static CHECKS: &[Check] = &[$($file::CHECK,)*];
    };
}

checks! {
    memory_limit,
    read_only_root_filesystem,
    secret_env_ref,
    secret_in_annotation,
    secret_in_args,
    secret_in_configmap,
    secret_in_git,
    secret_literal_env,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_sorted_and_documented_in_full() {
        const SECTIONS: [&str; 6] =
            ["What it does", "Why it matters", "How to fix", "Example", "Applies to", "References"];
        assert!(CHECKS.is_sorted_by_key(|check| check.rule.id));
        for Check { rule, .. } in CHECKS {
            let sections: Vec<_> = rule.doc.iter().filter_map(|line| line.strip_prefix(" ## ")).collect();
            assert_eq!(sections, SECTIONS, "{}", rule.id);
            assert!(!rule.tags.is_empty(), "{}", rule.id);
        }
    }
}
