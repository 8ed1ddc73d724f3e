//! What a value looks like, seen alone.

use seawall_finding::name_words;

use super::name::Strength;

/// The least length of a value that a name alone makes a secret.
pub(super) const LEAST: usize = 4;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// No secret: a setting, a place where one is, or what stands for one.
    Nothing,
    /// A word that may be one.
    Plain,
    /// A word that looks as if chance had made it.
    Random,
}

/// What the value of a name looks like.
pub(super) fn look(value: &str, strength: Strength) -> Look {
    if value.len() < LEAST
        || strength == Strength::None
        || is_setting(value)
        || is_void(value)
        || is_place(value)
    {
        return Look::Nothing;
    }
    if is_random(value) {
        return Look::Random;
    }
    // Sentences, lists, code and addresses are no passwords, nor is the name of a Secret.
    let word = value
        .bytes()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b'{' | b'}' | b'[' | b']' | b'<' | b'>' | b'"'));
    if !word || value.contains("://") || value.contains("::") || names_another(value) {
        return Look::Nothing;
    }
    Look::Plain
}

/// Whether a value is a boolean, a number, a duration, an amount or another setting.
pub(super) fn is_setting(value: &str) -> bool {
    const WORDS: [&str; 28] = [
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "null",
        "none",
        "nil",
        "enabled",
        "disabled",
        "enable",
        "disable",
        "optional",
        "required",
        "default",
        "auto",
        "always",
        "never",
        "undefined",
        "unset",
        "empty",
        "string",
        "basic",
        "bearer",
        "header",
        "cookie",
        "file",
    ];
    if value.len() <= 9 && WORDS.iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return true;
    }
    let bytes = value.as_bytes();
    if !bytes.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.')) {
        return false;
    }
    // A number, with a unit or several of them.
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    bytes
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'%' | b',' | b':' | b'_'))
        && letters <= 3
        && (letters < 2 || letters * 2 <= bytes.len())
}

/// Whether a value is empty, a placeholder or a reference: what stands for a secret that is put there later.
pub(super) fn is_void(value: &str) -> bool {
    let value = value.trim();
    let bytes = value.as_bytes();
    let Some(&first) = bytes.first() else { return true };
    if bytes.iter().all(|b| *b == first)
        || bytes.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'_'))
    {
        return true;
    }
    is_reference(value) || is_placeholder(value)
}

fn is_reference(value: &str) -> bool {
    const HEADS: [&str; 32] = [
        "vault:",
        "ref+",
        "op://",
        "ENC[",
        "ENC(",
        "enc:",
        "{cipher}",
        "sops:",
        "arn:",
        "sm://",
        "ssm:",
        "ssm://",
        "awssm",
        "gcpsm",
        "secretsmanager",
        "azurekeyvault",
        "@Microsoft.KeyVault",
        "projects/",
        "secret://",
        "secret:",
        "file:",
        "env:",
        "env.",
        "sha256:",
        "sha512:",
        "sha1:",
        "kms:",
        "pkcs11:",
        "k8s:",
        "data:",
        "age1",
        "!vault",
    ];
    let bytes = value.as_bytes();
    match bytes[0] {
        b'<' if value.ends_with('>') => return true,
        b'%' if value.ends_with('%') => return true,
        b'@' if value.ends_with('@') => return true,
        b'[' if value.ends_with(']') => return true,
        b'_' if value.starts_with("__") && value.ends_with("__") => return true,
        // A shell's variable: hashes of passwords have a second dollar.
        b'$' => {
            let name = value[1..].trim_start_matches(['{', '(']);
            if !value[1..].contains('$') && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                return true;
            }
        }
        // A SealedSecret's value.
        b'A' if value.starts_with("Ag") && value.len() >= 200 => return true,
        _ => {}
    }
    let head = |known: &&str| value.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known));
    HEADS.iter().any(head)
        || bytes.windows(2).any(|pair| matches!(pair, b"${" | b"$(" | b"{{" | b"<%" | b"#{" | b"%("))
}

pub(super) fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 27] = [
        "changeme",
        "changeit",
        "changethis",
        "replaceme",
        "replacethis",
        "replace",
        "placeholder",
        "example",
        "dummy",
        "redacted",
        "todo",
        "tbd",
        "fixme",
        "your",
        "yours",
        "yourpassword",
        "yoursecret",
        "yourtoken",
        "insert",
        "fake",
        "sample",
        "mock",
        "xxx",
        "masked",
        "removed",
        "goes",
        "here",
    ];
    const LONGEST: usize = 64;
    if value.len() > LONGEST {
        return false;
    }
    let mut before = "";
    for word in name_words(value) {
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        let change =
            before.eq_ignore_ascii_case("change") && ["me", "this", "it", "in", "before"].into_iter().any(is);
        let repeats = word.len() >= 3 && word.bytes().all(|b| matches!(b, b'x' | b'X'));
        if change || repeats || WORDS.into_iter().any(is) {
            return true;
        }
        before = word;
    }
    false
}

/// Whether a value is a path, or tells where else something is.
pub(super) fn is_place(value: &str) -> bool {
    const ENDS: [&str; 16] = [
        ".json", ".pem", ".key", ".crt", ".cert", ".yaml", ".yml", ".txt", ".conf", ".jks", ".p12", ".pub",
        ".com", ".svc", ".local", ".io",
    ];
    let bytes = value.as_bytes();
    let base64 = value.contains('+') || value.ends_with('=');
    if bytes[0] == b'/' && !base64 {
        return true;
    }
    if ["./", "../", "~/", "@/", "\\"].iter().any(|head| value.starts_with(head))
        || bytes.get(1..3) == Some(b":\\")
    {
        return true;
    }
    if ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-", "-----BEGIN "].iter().any(|head| value.starts_with(head)) {
        return true;
    }
    ENDS.iter().any(|end| value.ends_with(end))
}

/// Whether a value is the name of something that holds a secret, as `db-password` is.
fn names_another(value: &str) -> bool {
    const WORDS: [&str; 14] = [
        "password",
        "passwd",
        "secret",
        "secrets",
        "token",
        "tokens",
        "credential",
        "credentials",
        "creds",
        "key",
        "keys",
        "auth",
        "tls",
        "cert",
    ];
    let mut words = 0;
    let mut named = false;
    for word in name_words(value) {
        words += 1;
        named |= WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    }
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'));
    words > 1 && named && plain
}

/// Whether a word looks as if chance had made it: hexadecimal from 32 digits on, or letters and digits of base64 from 20 on,
/// with no more order than chance leaves.
pub(super) fn is_random(value: &str) -> bool {
    let body = value.trim_end_matches('=');
    if body.len() < 20 || body.len() > 4096 {
        return false;
    }
    let mut counts = [0_u16; 128];
    let (mut hex, mut separators, mut run, mut longest) = (true, 0_usize, 0_usize, 0_usize);
    let (mut digits, mut lower, mut upper) = (0_usize, 0_usize, 0_usize);
    for b in body.bytes() {
        match b {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'z' => lower += 1,
            b'A'..=b'Z' => upper += 1,
            b'+' | b'/' | b'-' | b'_' => separators += 1,
            _ => return false,
        }
        hex &= b.is_ascii_hexdigit();
        run = if matches!(b, b'-' | b'_' | b'/') { 0 } else { run + 1 };
        longest = longest.max(run);
        counts[usize::from(b)] += 1;
    }
    let length = f64::from(body.len() as u32);
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum();
    if hex && body.len() >= 32 {
        return digits > 0 && entropy >= 3.3;
    }
    // Words with lines between them are names; chance mixes digits with letters.
    let mixed = digits >= 2 && (lower >= 2 || upper >= 2);
    let named = separators > 0 && longest < 16;
    mixed && !named && !hex && entropy >= (length.log2() - 0.7).min(4.3)
}
