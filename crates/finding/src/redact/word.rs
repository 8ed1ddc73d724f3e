//! Which names name a secret, and which texts look like one.

/// Words that name a secret, alone or at the end of a word (`dbpassword`).
const SECRET: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
    "authorization",
    "accesskey",
    "privatekey",
    "secretkey",
    "requirepass",
];

/// Short words that name a secret only as a whole.
const SHORT: [&str; 7] = ["pwd", "pass", "pw", "bearer", "jwt", "dsn", "psk"];

/// Words that make `key` a secret when they stand before it.
const BEFORE_KEY: [&str; 7] = ["api", "access", "private", "encryption", "signing", "account", "storage"];

/// Words that say that the value only tells something of the secret.
const ABOUT: [&str; 22] = [
    "name",
    "ref",
    "file",
    "path",
    "dir",
    "ttl",
    "length",
    "enabled",
    "type",
    "expiry",
    "expiration",
    "seconds",
    "count",
    "policy",
    "rotation",
    "mount",
    "version",
    "audience",
    "namespace",
    "class",
    "store",
    "provider",
];

/// Whether a key, variable or flag names a secret, by its words: the redactor hides the value of one that does.
pub fn names_secret(name: &str) -> bool {
    // Many names are looked at, and the last letters of their words decide of most.
    if !may_name_secret(name.as_bytes()) {
        return false;
    }
    let is_any = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    let mut before = None;
    let secret = name_words(name).any(|word| {
        let before = before.replace(word);
        let ends = |known: &&str| {
            word.len() >= known.len()
                && word.as_bytes()[word.len() - known.len()..].eq_ignore_ascii_case(known.as_bytes())
        };
        SECRET.iter().any(ends)
            || is_any(word, &SHORT)
            || (word.eq_ignore_ascii_case("key") && before.is_some_and(|before| is_any(before, &BEFORE_KEY)))
    });
    secret && !name_words(name).any(|word| is_any(word, &ABOUT))
}

/// The pairs of letters that words naming a secret end with, a bit for each second letter by the first.
static ENDS: [u32; 26] = {
    let mut ends = [0; 26];
    let mut i = 0;
    while i < SECRET.len() + SHORT.len() + 1 {
        let word = if i < SECRET.len() {
            SECRET[i].as_bytes()
        } else if i < SECRET.len() + SHORT.len() {
            SHORT[i - SECRET.len()].as_bytes()
        } else {
            b"key"
        };
        let [first, second] = [word[word.len() - 2], word[word.len() - 1]];
        ends[(first - b'a') as usize] |= 1 << (second - b'a');
        i += 1;
    }
    ends
};

/// Whether a word of a name ends with two letters with which one that names a secret does.
fn may_name_secret(name: &[u8]) -> bool {
    let letter = |b: u8| usize::from(b.to_ascii_lowercase().wrapping_sub(b'a'));
    let mut first = usize::MAX;
    for (at, byte) in name.iter().enumerate() {
        let second = letter(*byte);
        let ends = second < 26 && ENDS.get(first).is_some_and(|seconds| seconds >> second & 1 == 1);
        let goes_on = |next: &u8| {
            next.is_ascii_alphanumeric() && !(byte.is_ascii_lowercase() && next.is_ascii_uppercase())
        };
        if ends && !name.get(at + 1).is_some_and(goes_on) {
            return true;
        }
        first = second;
    }
    false
}

/// The words of a name: split at everything but letters and digits, and where an upper case letter follows a lower one.
pub fn name_words(name: &str) -> impl Iterator<Item = &str> {
    let bytes = name.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !bytes[at].is_ascii_alphanumeric() {
            at += 1;
        }
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
            at += 1;
            if bytes[at - 1].is_ascii_lowercase() && bytes.get(at).is_some_and(u8::is_ascii_uppercase) {
                break;
            }
        }
        (start < at).then(|| &name[start..at])
    })
}

/// Beginnings of tokens, with the least length of the whole.
const TOKENS: [(&str, usize); 46] = [
    ("AKIA", 20),
    ("ASIA", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("sk_live_", 16),
    ("rk_live_", 16),
    ("sk-", 24),
    ("AIza", 35),
    ("ya29.", 16),
    ("hvs.", 16),
    ("hvb.", 16),
    ("npm_", 24),
    ("dop_v1_", 24),
    ("SG.", 24),
    ("pypi-", 24),
    ("AGE-SECRET-KEY-", 16),
    ("gldt-", 16),
    ("glrt-", 16),
    ("GOCSPX-", 24),
    ("hvr.", 16),
    ("doo_v1_", 24),
    ("dor_v1_", 24),
    ("hf_", 24),
    ("dckr_pat_", 24),
    ("dapi", 32),
    ("shpat_", 24),
    ("NRAK-", 24),
    ("glsa_", 24),
    // A key of Laravel.
    ("base64:", 50),
    // Private keys in PEM, in base64 once more.
    ("LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRV", 40),
    ("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t", 40),
    ("LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtF", 40),
    ("LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZB", 40),
    // Addresses that let anybody write who knows them.
    ("hooks.slack.com/services/", 40),
    ("discord.com/api/webhooks/", 40),
    ("discordapp.com/api/webhooks/", 40),
];

/// The pairs of letters that tokens begin with, a bit for each: most words are none for these alone.
static BEGINS: [u64; 1024] = {
    let mut begins = [0; 1024];
    let mut i = 0;
    while i < TOKENS.len() + 2 {
        let head = if i < TOKENS.len() {
            TOKENS[i].0.as_bytes()
        } else if i == TOKENS.len() {
            b"ey"
        } else {
            b"s."
        };
        let pair = (head[0] as usize) << 8 | head[1] as usize;
        begins[pair / 64] |= 1 << (pair % 64);
        i += 1;
    }
    begins
};

/// Whether a token begins with the first two letters of a word.
pub(super) fn begins(word: &[u8]) -> bool {
    let [first, second, ..] = word else { return false };
    let pair = usize::from(*first) << 8 | usize::from(*second);
    BEGINS[pair / 64] >> (pair % 64) & 1 == 1
}

/// No known token is shorter, and most words are.
pub(super) const LEAST_TOKEN: usize = 16;

/// Whether a word is in the form of a known token.
pub(super) fn is_token(word: &str) -> bool {
    word.len() >= LEAST_TOKEN
        && (begins(word.as_bytes()) && begins_as_token(word) || of_telegram(word) || of_terraform(word))
}

/// A bot's number and its key, in addresses behind `bot`.
fn of_telegram(word: &str) -> bool {
    let word = word.strip_prefix("bot").unwrap_or(word).as_bytes();
    let digits = word.iter().take_while(|b| b.is_ascii_digit()).count();
    let key = word.get(digits + 1..).unwrap_or_default();
    (8..=10).contains(&digits) && word[digits..].starts_with(b":AA") && key.len() >= 35
}

/// A token of HCP Terraform.
fn of_terraform(word: &str) -> bool {
    word.as_bytes().get(14..).is_some_and(|rest| rest.starts_with(b".atlasv1."))
}

fn begins_as_token(word: &str) -> bool {
    TOKENS.iter().any(|(head, least)| word.len() >= *least && word.starts_with(head))
        || (word.starts_with("eyJ") && word.matches('.').count() >= 2)
        // Older tokens of Vault.
        || (word.len() == 26 && word.starts_with("s.") && word[2..].bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found() {
        for word in SECRET.iter().chain(&SHORT).map(|word| (*word).to_owned()) {
            assert!(names_secret(&word) && names_secret(&word.to_uppercase()), "{word}");
        }
        for word in BEFORE_KEY {
            assert!(names_secret(&format!("{word}-key")) && !names_secret(&format!("{word}-key-file")));
        }
    }

    #[test]
    fn names() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "dbpassword",
            "apiKey",
            "APIKEY",
            "api-key",
            "AWS_SECRET_ACCESS_KEY",
            "--token",
            "client.secret",
            "jwt",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in [
            "secretName",
            "TOKEN_TTL",
            "key",
            "keyboard",
            "compass",
            "imagePullSecrets",
            "",
            "-",
            "secretRef",
        ] {
            assert!(!names_secret(name), "{name}");
        }
    }
}
