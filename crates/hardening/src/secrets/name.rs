//! What names say of their values.

use seawall_finding::{name_words, names_secret};

/// How much a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// Nothing: the value is no secret, or only tells something of one.
    None,
    /// It has to do with a secret, which may well be elsewhere.
    Weak,
    /// The value is the secret.
    Strong,
}

/// Ends of words that name a secret; before `key`, in words or letters, what makes it one.
const SECRETS: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "secretkey",
    "requirepass",
];

const SHORT: [&str; 3] = ["pwd", "pass", "pw"];

const BEFORE_KEY: [&str; 6] = ["api", "access", "private", "encryption", "signing", "secret"];

/// What may stand behind the secret's word without making it another thing.
const NEUTRAL: [&str; 31] = [
    "key",
    "value",
    "val",
    "base",
    "base64",
    "b64",
    "hash",
    "hex",
    "string",
    "text",
    "plain",
    "raw",
    "data",
    "prod",
    "production",
    "dev",
    "development",
    "test",
    "staging",
    "stage",
    "live",
    "main",
    "primary",
    "secondary",
    "old",
    "new",
    "current",
    "previous",
    "default",
    "literal",
    "access",
];

/// What stands behind it where the value tells something of the secret.
const ABOUT: [&str; 60] = [
    "url",
    "uri",
    "id",
    "ids",
    "endpoint",
    "host",
    "hostname",
    "port",
    "server",
    "issuer",
    "algorithm",
    "alg",
    "algo",
    "method",
    "mode",
    "size",
    "min",
    "max",
    "limit",
    "format",
    "prefix",
    "suffix",
    "header",
    "field",
    "column",
    "label",
    "selector",
    "lifetime",
    "duration",
    "timeout",
    "interval",
    "expires",
    "expire",
    "expired",
    "age",
    "validity",
    "valid",
    "required",
    "template",
    "regex",
    "pattern",
    "env",
    "var",
    "variable",
    "arn",
    "location",
    "source",
    "backend",
    "manager",
    "service",
    "controller",
    "driver",
    "region",
    "project",
    "scope",
    "scopes",
    "claim",
    "username",
    "user",
    "cache",
];

/// What stands anywhere where the value is a setting, or public.
const SETTINGS: [&str; 25] = [
    "min",
    "max",
    "use",
    "enable",
    "disable",
    "enabled",
    "disabled",
    "is",
    "has",
    "allow",
    "require",
    "no",
    "skip",
    "public",
    "generate",
    "update",
    "rotate",
    "create",
    "with",
    "publishable",
    "checksum",
    "digest",
    "sha",
    "sha256",
    "fingerprint",
];

/// What a name says of its value. A name that says something is one whose value the redactor hides.
pub(super) fn strength(name: &str) -> Strength {
    if !names_secret(name) {
        return Strength::None;
    }
    let is = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    let ends = |word: &str, known: &str| {
        let at = word.len().checked_sub(known.len());
        at.is_some_and(|at| word.as_bytes()[at..].eq_ignore_ascii_case(known.as_bytes()))
    };
    let mut strength = Strength::Weak;
    let mut named = false;
    let mut before = "";
    for word in name_words(name) {
        if is(word, &SETTINGS) {
            return Strength::None;
        }
        let is_key = word.eq_ignore_ascii_case("key") && is(before, &BEFORE_KEY);
        // What an access key is called, and what tells clusters of etcd apart, are no secrets.
        let is_id = (is_key && before.eq_ignore_ascii_case("access"))
            || (word.eq_ignore_ascii_case("token") && before.eq_ignore_ascii_case("cluster"));
        if is_id && strength == Strength::Weak {
            // Only where it looks random.
            named = true;
        } else if is_key || is(word, &SHORT) || SECRETS.iter().any(|known| ends(word, known)) {
            (strength, named) = (Strength::Strong, true);
        } else if named {
            if is(word, &ABOUT) {
                return Strength::None;
            }
            if !is(word, &NEUTRAL) && !word.bytes().all(|b| b.is_ascii_digit()) {
                strength = Strength::Weak;
            }
        }
        before = word;
    }
    strength
}

/// Whether a value is what a secret is kept under, and its name says so: `DB_PASSWORD_KEY: password`.
pub(super) fn of_key(name: &str, value: &str) -> bool {
    let mut words = name_words(name);
    let (mut last, mut before) = ("", "");
    for word in &mut words {
        (before, last) = (last, word);
    }
    let is_made = BEFORE_KEY.iter().any(|known| before.eq_ignore_ascii_case(known));
    let plain = value.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.'));
    last.eq_ignore_ascii_case("key") && !is_made && plain && names_secret(value)
}

/// Whether a pattern with `*` for any text matches a name, regardless of case.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // The last `*`, and what it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p).is_some_and(|b| b.eq_ignore_ascii_case(&name[n])) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((at, taken)) = &mut star {
            *taken += 1;
            (p, n) = (*at + 1, *taken);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_has_to_be_what_is_named() {
        for name in [
            "PASSWORD",
            "DB_PASSWORD",
            "dbPassword",
            "mysqlpassword",
            "POSTGRES_PASSWORD_1",
            "api-key",
            "APIKEY",
            "apiKey",
            "AWS_SECRET_ACCESS_KEY",
            "client.secret",
            "SECRET_KEY_BASE",
            "GITHUB_TOKEN",
            "refreshToken",
            "DB_USER_PASSWORD",
            "CLUSTER_PASSWORD",
            "PGPASSWORD",
            "JWT_SECRET",
            "ENCRYPTION_KEY",
            "--password",
            "DB_PASS",
            "pwd",
            "SERVICE_TOKEN",
            "passwordHash",
            "PASSWORD_PROD",
        ] {
            assert_eq!(strength(name), Strength::Strong, "{name}");
        }
        for name in [
            "TOKEN_GITHUB",
            "JWT",
            "ETCD_INITIAL_CLUSTER_TOKEN",
            "MINIO_ACCESS_KEY",
            "accesskey",
            "CREDENTIALS",
            "DSN",
            "STORAGE_KEY",
            "secret-files",
            "token_review",
        ] {
            assert!(strength(name) != Strength::Strong, "{name}");
        }
        for name in [
            "SECRET_NAME",
            "PASSWORD_FILE",
            "TOKEN_TTL",
            "AUTH_TOKEN_URL",
            "KEYBOARD",
            "MONKEY",
            "KEY",
            "COMPASS",
            "AWS_ACCESS_KEY_ID",
            "TOKEN_ISSUER",
            "MIN_PASSWORD",
            "PASSWORD_MIN_LENGTH",
            "USE_TOKEN",
            "secretRef",
            "PUBLIC_TOKEN",
            "passwordPolicy",
            "enableToken",
            "TOKENS",
            "bypass",
            "USERNAME",
            "PUBLIC_KEY",
            "",
            "TOKEN_SERVICE",
            "SECRET_MANAGER",
            "token-audience",
        ] {
            assert_eq!(strength(name), Strength::None, "{name}");
        }
    }

    #[test]
    fn patterns() {
        let is = |pattern: &str, name: &str| matches(pattern.as_bytes(), name.as_bytes());
        assert!(is("DEMO_TOKEN", "demo_token") && is("*_token", "DEMO_TOKEN") && is("demo*", "demo"));
        assert!(is("*a*b*", "xaxxbx") && is("*", "") && is("**", "x") && is("a*ab", "aaab"));
        assert!(!is("demo", "demo_token") && !is("*_token", "token") && !is("a*b", "abc") && !is("", "a"));
    }
}
