//! Where a quoted line stands: what encloses it decides what may be secret in it.

/// What encloses a source line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing secret.
    Plain,
    /// The list of a container's environment variables: the literal values are masked.
    Environment,
    /// The data of a Secret: all values are masked.
    SecretData,
    /// Inside a value that may be secret, such as a block scalar: the whole line is masked.
    Hidden,
}

/// Bytes of a line in which its object's kind is looked for.
const MOST: usize = 4096;

/// Lines looked at above a line before it counts as unknown.
const REACH: usize = 1000;

/// The place of a line in an object of this kind, given the lines above it from the nearest on. Reads only as far up as
/// needed; where that is too far, values of keys `value` and continued values count as secret.
pub fn place<'l>(line: &str, above: impl Iterator<Item = &'l [u8]>, kind: &str) -> Place {
    let own = Line::of(line.as_bytes());
    // No key: the line may continue a scalar that began above.
    let bare = own.key.is_empty();
    let mut indent = own.dash.unwrap_or(own.indent);
    let mut in_list = own.dash.is_some();
    let mut below: &[u8] = own.key;
    let mut first = true;
    let mut enclosed_by_key = false;
    for (count, bytes) in above.enumerate() {
        if count == REACH {
            return if bare || own.key == b"value" { Place::Hidden } else { Place::Plain };
        }
        let line = Line::of(bytes);
        if line.blank {
            continue;
        }
        if std::mem::take(&mut first) && in_list && bare && line.flag && line.dash == own.dash {
            return Place::Hidden;
        }
        let outer = line.dash.unwrap_or(line.indent);
        let encloses = line.indent < indent || (in_list && line.indent == indent && line.open);
        if encloses && !line.key.is_empty() {
            match line.key {
                b"env" if enclosed_by_key && below == b"value" => return Place::Hidden,
                b"env" => return Place::Environment,
                b"data" | b"stringData" if kind.eq_ignore_ascii_case("Secret") => {
                    return if enclosed_by_key { Place::Hidden } else { Place::SecretData };
                }
                b"containers" | b"initContainers" | b"ephemeralContainers" | b"volumes" | b"sysctls" => {
                    return Place::Plain;
                }
                key if super::word::names_secret(&String::from_utf8_lossy(key)) && (bare || line.block) => {
                    return Place::Hidden;
                }
                key => below = key,
            }
            enclosed_by_key = true;
        }
        if line.dash.is_some_and(|d| d < indent) {
            (indent, in_list) = (outer, true);
        } else if encloses {
            (indent, in_list) = (outer, line.dash.is_some());
        }
        if indent == 0 && !in_list {
            break;
        }
    }
    Place::Plain
}

/// Whether a line belongs to what may be a Secret, by the lines above and below it, each from the nearest on, and is more
/// than what identifies it.
pub(super) fn is_of_secret<'l>(
    line: &str,
    above: impl Iterator<Item = &'l [u8]>,
    below: impl Iterator<Item = &'l [u8]>,
) -> bool {
    let field = |line: &[u8]| {
        let Line { blank, indent, key, .. } = Line::of(line);
        (!blank && indent == 0).then(|| [&b"apiVersion"[..], b"kind", b"metadata", b"type"].contains(&key))
    };
    // The field of the object that the line is in.
    let mut identifies = field(line.as_bytes());
    let ends = |line: &&[u8]| !line.starts_with(b"---");
    for line in above.take(REACH).take_while(ends) {
        identifies = identifies.or_else(|| field(line));
        if says_secret(line) {
            return !identifies.unwrap_or(false);
        }
    }
    below.take(REACH).take_while(ends).any(says_secret) && !identifies.unwrap_or(false)
}

/// Whether a line has `kind: Secret`, however it is quoted.
fn says_secret(line: &[u8]) -> bool {
    const SAYS: &[u8] = b"kind:secret";
    let letters = line.iter().filter(|b| !matches!(b, b' ' | b'\t' | b'"' | b'\''));
    let text: Vec<u8> = letters.take(MOST).map(u8::to_ascii_lowercase).collect();
    text.windows(SAYS.len()).enumerate().any(|(at, window)| {
        let rest = text.get(at + SAYS.len()..).unwrap_or_default();
        window == SAYS && (rest.starts_with(b"list") || !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    })
}

/// What a line shows of the structure.
struct Line<'l> {
    blank: bool,
    /// The column of the first dash.
    dash: Option<usize>,
    /// The column behind dashes and spaces.
    indent: usize,
    /// Empty where there is none.
    key: &'l [u8],
    /// The key has no value on this line.
    open: bool,
    /// The value begins on this line and continues below.
    block: bool,
    /// A list item that is a flag which takes a secret: `- --password`.
    flag: bool,
}

impl<'l> Line<'l> {
    fn of(bytes: &'l [u8]) -> Self {
        let mut indent = bytes.iter().take_while(|b| **b == b' ').count();
        let mut dash = None;
        while bytes.get(indent) == Some(&b'-') && matches!(bytes.get(indent + 1), None | Some(b' ')) {
            dash = dash.or(Some(indent));
            indent += 1;
            indent += bytes[indent..].iter().take_while(|b| **b == b' ').count();
        }
        let text = bytes[indent..].trim_ascii_end();
        let blank = (text.is_empty() && dash.is_none()) || text.starts_with(b"#");
        let colon =
            (0..text.len()).find(|i| text[*i] == b':' && matches!(text.get(i + 1), None | Some(b' ')));
        let (key, value) = colon.map_or((&[][..], text), |at| (&text[..at], text[at + 1..].trim_ascii()));
        let plain = key.strip_prefix(b"\"").or_else(|| key.strip_prefix(b"'")).unwrap_or(key);
        let plain = plain.strip_suffix(b"\"").or_else(|| plain.strip_suffix(b"'")).unwrap_or(plain);
        let plain = if plain.starts_with(b"{") || plain.starts_with(b"[") { &[][..] } else { plain };
        let flag = dash.is_some() && text.contains(&b'-') && {
            let bare = text.trim_ascii();
            let bare = bare.strip_prefix(b"\"").or_else(|| bare.strip_prefix(b"'")).unwrap_or(bare);
            bare.starts_with(b"-")
                && !bare.contains(&b'=')
                && super::word::names_secret(&String::from_utf8_lossy(bare))
        };
        Self {
            blank,
            dash,
            indent,
            key: plain,
            open: colon.is_some() && (value.is_empty() || value.starts_with(b"#")),
            block: matches!(value.first(), Some(b'|' | b'>')),
            flag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of the last line.
    fn last(text: &str, kind: &str) -> Place {
        let lines: Vec<&str> = text.lines().collect();
        let (line, above) = lines.split_last().unwrap();
        place(line, above.iter().rev().map(|l| l.as_bytes()), kind)
    }

    #[test]
    fn knows_environment_variables() {
        let head = "spec:\n  containers:\n  - name: a\n    env:\n";
        assert_eq!(last(&format!("{head}    - name: A\n      value: x"), "Pod"), Place::Environment);
        assert_eq!(last(&format!("{head}      - name: A\n\n        value: x"), "Pod"), Place::Environment);
        assert_eq!(last(&format!("{head}    - value: x"), "Pod"), Place::Environment);
        assert_eq!(last(&format!("{head}    - name: A\n      value: |\n        x: y"), "Pod"), Place::Hidden);
        assert_eq!(last(&format!("{head}    - name: A\n    image: x"), "Pod"), Place::Plain);
        assert_eq!(
            last("spec:\n  containers:\n  - env:\n    - name: A\n      value: x", "Pod"),
            Place::Environment
        );
        assert_eq!(last("spec:\n  sysctls:\n  - name: a\n    value: x", "Pod"), Place::Plain);
    }

    #[test]
    fn knows_secret_data() {
        assert_eq!(last("kind: Secret\ndata:\n  a: x", "Secret"), Place::SecretData);
        assert_eq!(last("kind: Secret\nstringData:\n  a: |\n    b: c", "Secret"), Place::Hidden);
        assert_eq!(last("kind: ConfigMap\ndata:\n  a: x", "ConfigMap"), Place::Plain);
        assert_eq!(last("- data:\n    a: x", "Secret"), Place::SecretData);
    }

    #[test]
    fn knows_the_argument_of_a_flag() {
        assert_eq!(last("args:\n- --password\n- x", "Pod"), Place::Hidden);
        assert_eq!(last("args:\n- --verbose\n- x", "Pod"), Place::Plain);
        assert_eq!(last("config:\n  password: |\n    x", "Pod"), Place::Hidden);
    }

    #[test]
    fn too_far_up_counts_as_secret() {
        let long = format!("env:\n{}  value: x", "- name: A\n".repeat(2000));
        assert_eq!(last(&long, "Pod"), Place::Hidden);
    }
}
