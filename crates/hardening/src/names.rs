//! Names of labels and their values as the API server accepts them
//! (k8s.io/apimachinery `pkg/util/validation/validation.go`: `IsQualifiedName`, `IsValidLabelValue`, `IsDNS1123Subdomain`).

/// Whether a text is in order both as a key without a prefix and as a value: most are, and this is the fastest to find out.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let fine = |b: &u8| b.is_ascii_alphanumeric();
    text.len() <= 63
        && text.iter().all(|b| fine(b) || matches!(b, b'-' | b'_' | b'.'))
        && text.first().is_some_and(fine)
        && text.last().is_some_and(fine)
}

/// What is wrong with a label's key; `None` where it is fine.
pub(crate) fn key_fault(key: &str) -> Option<&'static str> {
    let is_slash = |b: &u8| *b == b'/';
    let (prefix, name) = match key.bytes().position(|b| is_slash(&b)) {
        Some(at) => (Some(&key[..at]), &key[at + 1..]),
        None => (None, key),
    };
    if name.as_bytes().iter().any(is_slash) {
        return Some("has more than one `/`");
    }
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            return Some("has nothing in front of its `/`");
        }
        if prefix.len() > 253 {
            return Some("has a prefix of more than 253 characters");
        }
        if !prefix.as_bytes().split(|b| *b == b'.').all(is_domain_part) {
            return Some("has a prefix that is no DNS name in lower case");
        }
    }
    if name.is_empty() {
        return Some("has no name");
    }
    text_fault(name, ["has a name of more than 63 characters", NAME_CHARACTERS, NAME_ENDS])
}

/// What is wrong with a label's value; `None` where it is fine.
pub(crate) fn value_fault(value: &str) -> Option<&'static str> {
    let faults = [
        "is longer than 63 characters",
        "has characters other than letters, digits, `-`, `_` and `.`",
        "begins or ends with something else than a letter or digit",
    ];
    if value.is_empty() { None } else { text_fault(value, faults) }
}

const NAME_CHARACTERS: &str = "has characters other than letters, digits, `-`, `_` and `.` in its name";
const NAME_ENDS: &str = "has a name that begins or ends with something else than a letter or digit";

/// The fault of what is not empty: length, characters, ends.
fn text_fault(text: &str, [length, characters, ends]: [&'static str; 3]) -> Option<&'static str> {
    let bytes = text.as_bytes();
    if bytes.len() > 63 {
        Some(length)
    } else if !bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        Some(characters)
    } else if ![bytes.first(), bytes.last()].into_iter().flatten().all(u8::is_ascii_alphanumeric) {
        Some(ends)
    } else {
        None
    }
}

/// Whether a part of a name between dots is in order: lower case, digits and, within, `-`.
fn is_domain_part(bytes: &[u8]) -> bool {
    let fine = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.iter().all(|b| fine(b) || *b == b'-')
        && bytes.first().is_some_and(fine)
        && bytes.last().is_some_and(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let long = "a".repeat(63);
        let prefix = format!("{}.b/c", "a".repeat(251));
        for fine in
            ["a", "A_b.c-9", "app.kubernetes.io/name", "1/2", "a-b.c/D", &long, &format!("x/{long}"), &prefix]
        {
            assert_eq!(key_fault(fine), None, "{fine}");
        }
        let longer = format!("{}.bb/c", "a".repeat(251));
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a/b/c",
            "a b",
            "-a",
            "a-",
            "A/b",
            "a_b/c",
            "a..b/c",
            "-a/b",
            "é",
            &format!("{long}a"),
            &longer,
        ] {
            assert!(key_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn values() {
        for fine in ["", "a", "A_b.c-9", "1.0", &"a".repeat(63)] {
            assert_eq!(value_fault(fine), None, "{fine}");
        }
        for bad in [" ", "a b", "a/b", "-a", "a.", "é", "a:b", &"a".repeat(64)] {
            assert!(value_fault(bad).is_some(), "{bad}");
        }
    }
}
