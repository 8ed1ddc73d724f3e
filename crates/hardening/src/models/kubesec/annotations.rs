//! Profiles in annotations, as releases up to v2.14.2 seek them: by patterns in the printed mapping of annotations.

use super::query::{Subject, printed};

const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/";
const APPARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn seccomp_any(subject: &Subject<'_>) -> bool {
    unconfined(subject, SECCOMP) == Some(false)
}

pub(super) fn seccomp_unconfined(subject: &Subject<'_>) -> bool {
    unconfined(subject, SECCOMP) == Some(true)
}

pub(super) fn apparmor_any(subject: &Subject<'_>) -> bool {
    unconfined(subject, APPARMOR) == Some(false)
}

/// Whether some profile below a prefix is unconfined; `None` without any profile.
fn unconfined(subject: &Subject<'_>, prefix: &str) -> Option<bool> {
    let text = printed(subject.value(&["metadata", "annotations"])?);
    let of_pod = format!("{prefix}pod:");
    if text.contains(&of_pod) {
        return Some(text.contains(&format!("{of_pod}unconfined")));
    }
    let mut found = None;
    for (start, _) in text.match_indices(prefix) {
        let begins = matches!(text[..start].chars().next_back(), Some('[' | ' '));
        // The name of a container, as far as kubesec knows them: digits are none.
        let rest = &text[start + prefix.len()..];
        let value = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-' || c == '.');
        if begins && value.len() < rest.len() && value.starts_with(':') {
            let ends = value.strip_prefix(":unconfined").is_some_and(|end| end.starts_with([']', ' ']));
            found = Some(found == Some(true) || ends);
        }
    }
    found
}
