//! Texts that are secrets, and texts that only look like some.

use std::fmt::Write as _;

use seawall_finding::document_secrets;

use super::*;

const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
const UPPER: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const WORD: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// As many letters as chance might give, the same in every run.
fn chance(letters: &str, len: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        letters.as_bytes()[(state >> 33) as usize % letters.len()] as char
    };
    (0..len).map(|_| next()).collect()
}

/// `{X:N}` in a pattern stands for N letters of alphabet X: `d`igits, `h`ex, `u`pper, `w`ord.
fn made(pattern: &str, seed: u64) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((head, tail)) = rest.split_once("{{") {
        out.push_str(head);
        let (part, after) = tail.split_once("}}").expect("closed");
        let (class, len) = part.split_once(':').expect("class:length");
        let letters = match class {
            "d" => DIGITS,
            "h" => HEX,
            "u" => UPPER,
            _ => WORD,
        };
        out += &chance(letters, len.parse().expect("a length"), seed + out.len() as u64);
        rest = after;
    }
    out + rest
}

/// What has the form of a credential: a pattern, and what it looks like.
const FORMED: [(&str, &str); 56] = [
    ("12345{{d:5}}:AA{{w:33}}", "a Telegram bot token"),
    ("https://api.telegram.org/bot123{{d:6}}:AA{{w:33}}/getMe", "a Telegram bot token"),
    ("{{w:14}}.atlasv1.{{w:67}}", "a Terraform token"),
    ("base64:{{w:43}}=", "a Laravel application key"),
    ("AKIA{{u:16}}", "an AWS access key id"),
    ("ASIA{{u:16}}", "an AWS access key id"),
    ("ghp_{{w:36}}", "a GitHub token"),
    ("gho_{{w:36}}", "a GitHub token"),
    ("ghu_{{w:36}}", "a GitHub token"),
    ("ghs_{{w:36}}", "a GitHub token"),
    ("ghr_{{w:76}}", "a GitHub token"),
    ("github_pat_{{w:22}}_{{w:59}}", "a GitHub token"),
    ("glpat-{{w:20}}", "a GitLab token"),
    ("gldt-{{w:20}}", "a GitLab token"),
    ("glrt-{{w:20}}", "a GitLab token"),
    ("xoxb-{{d:11}}-{{d:12}}-{{w:24}}", "a Slack token"),
    ("xoxp-{{d:11}}-{{d:12}}-{{d:12}}-{{h:32}}", "a Slack token"),
    ("xoxa-2-{{d:12}}-{{w:24}}", "a Slack token"),
    ("xoxr-{{d:12}}-{{w:24}}", "a Slack token"),
    ("xoxs-{{d:12}}-{{w:24}}", "a Slack token"),
    ("sk_live_{{w:24}}", "a Stripe live key"),
    ("rk_live_{{w:99}}", "a Stripe live key"),
    ("AIza{{w:35}}", "a Google API key"),
    ("ya29.{{w:60}}", "a Google access token"),
    ("GOCSPX-{{w:28}}", "a Google client secret"),
    ("hvs.{{w:90}}", "a Vault token"),
    ("hvb.{{w:130}}", "a Vault token"),
    ("hvr.{{w:90}}", "a Vault token"),
    ("s.a1B2{{w:20}}", "a Vault token"),
    ("npm_{{w:36}}", "an npm token"),
    ("dop_v1_{{h:64}}", "a DigitalOcean token"),
    ("doo_v1_{{h:64}}", "a DigitalOcean token"),
    ("dor_v1_{{h:64}}", "a DigitalOcean token"),
    ("SG.{{w:22}}.{{w:43}}", "a SendGrid key"),
    ("pypi-AgE{{w:100}}", "a PyPI token"),
    ("AGE-SECRET-KEY-1{{u:58}}", "an age identity"),
    ("sk-ant-api03-{{w:93}}", "an Anthropic key"),
    ("sk-proj-{{w:60}}", "an OpenAI key"),
    ("sk-{{w:48}}", "an OpenAI key"),
    ("hf_{{w:34}}", "a Hugging Face token"),
    ("dckr_pat_{{w:27}}", "a Docker Hub token"),
    ("dapi{{h:32}}", "a Databricks token"),
    ("shpat_{{h:32}}", "a Shopify token"),
    ("NRAK-{{u:27}}", "a New Relic key"),
    ("glsa_{{w:32}}_{{h:8}}", "a Grafana token"),
    (
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={{w:86}}==",
        "an Azure storage or service bus key",
    ),
    (
        "Endpoint=sb://x.net/;SharedAccessKeyName=n;SharedAccessKey={{w:43}}=",
        "an Azure storage or service bus key",
    ),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{{w:43}}", "a JSON web token"),
    ("https://hooks.slack.com/services/T{{u:8}}/B{{u:10}}/{{w:24}}", "a Slack webhook address"),
    ("https://discord.com/api/webhooks/{{d:18}}/{{w:68}}", "a Discord webhook address"),
    ("-----BEGIN RSA PRIVATE KEY-----\n{{w:64}}\n-----END RSA PRIVATE KEY-----", "a private key"),
    ("LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZB{{w:120}}", "a private key"),
    ("postgres://app:{{w:12}}@db.prod:5432/x?sslmode=require", "a URL with a password in it"),
    ("mongodb://app:{{w:12}}@a:27017,b:27017/x", "a URL with a password in it"),
    ("app:{{w:12}}@tcp(db:3306)/x", "a connection with a password in it"),
    ("Authorization: Bearer {{w:40}}", "a bearer token"),
];

#[test]
fn forms_are_found_under_any_name_and_in_any_text() {
    for (seed, (pattern, what)) in FORMED.into_iter().enumerate() {
        let text = made(pattern, seed as u64 + 7);
        let found = named("A", &text, Harmless(&[])).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((found.form, found.confidence), (what, Confidence::Shape), "{text}");
        assert!(!found.said().contains(&text[found.at.clone()]));
        // Older tokens of Vault have too little of a mark for that.
        if !text.starts_with("s.") {
            for around in ["a={}", "x: {} y", "\"{}\"", "first\n{}\nlast", "u:{}"] {
                let text = around.replace("{}", &text);
                let found = in_text(&text, Manner::of(&text), Harmless(&[]));
                assert_eq!(found.map(|found| found.form), Some(what), "{text}");
            }
        }
    }
}

#[test]
fn keys_are_found_with_escaped_line_ends() {
    let text = made(
        "{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\n{{w:64}}\\n-----END PRIVATE KEY-----\\n\"}",
        1,
    );
    assert_eq!(named("A", &text, Harmless(&[])).map(|found| found.form), Some("a private key"), "{text}");
}

#[test]
fn other_lengths_letters_and_examples_are_no_tokens() {
    for (seed, pattern) in [
        "AKIA{{u:15}}",
        "AKIA{{u:17}}",
        "AKIA{{h:16}}",
        "xAKIA{{u:16}}",
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAXXXXXXXXXXXXXXXX",
        "ghp_{{w:35}}",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_1234567890abcdefghijklmnopqrstuvwxyz",
        "github_pat_{{w:22}}_{{w:58}}",
        "github_pat_{{w:21}}_{{w:59}}",
        "glpat-{{w:12}}",
        "xoxb-token",
        "xoxb-{{d:12}}",
        "sk_live_{{w:12}}",
        "sk_test_{{w:24}}",
        "AIza{{w:34}}",
        "AIza{{w:36}}",
        "npm_{{w:35}}",
        "npm_config_registry_of_the_whole_organization",
        "dop_v1_{{h:63}}",
        "SG.{{w:22}}.{{w:42}}",
        "sk-{{w:47}}",
        "hf_{{w:33}}",
        "dapi{{h:31}}",
        "s.{{h:24}}",
        "hvs.short",
        "s.io.kubernetes.pod.namespace.of",
        // A header without an algorithm, none, claims that are no object, no signature.
        "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiIxIn0.{{w:43}}",
        "eyJhbGciOiJIUzI1NiJ9.e30.",
        "eyJhbGciOiJIUzI1NiJ9.{{w:20}}.{{w:43}}",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0",
        "-----BEGIN CERTIFICATE-----\n{{w:64}}\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\n{{w:64}}\n-----END PUBLIC KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t{{w:200}}",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{{w:200}} a@b",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{{w:43}}",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "https://hooks.slack.com/services/",
        "https://discord.com/api/webhooks/1/x",
        "postgres://db:5432/x",
        "postgres://app@db/x",
        "https://example.com/a:b@c",
        "https://example.com/@scope:x",
        "postgres://user:password@db/x",
        "postgres://app:$(PASSWORD)@db/x",
        "postgres://app:${PASSWORD}@db/x",
        "postgres://app:<password>@db/x",
        "postgres://app:{{password}}@db/x",
        "postgres://app:$PASSWORD@db/x",
        "postgres://app:%s@db/x",
        "postgres://app:***@db/x",
        "postgres://app:DB_PASSWORD@db/x",
        "postgres://app:@db/x",
        "root:$PASSWORD@tcp(db:3306)/x",
        "git@github.com:a/b.git",
        "ssh://git@github.com/a",
        "Authorization: Bearer $TOKEN",
        "Bearer token",
        "Basic authentication",
        "sha256:{{h:64}}",
        "{{h:40}}",
        "{{h:64}}",
        "registry.example.com:5000/app@sha256:{{h:64}}",
        "7f6c4e1a-9b0d-4c58-8a3e-0d5f6b7c8e9f",
        "MIID{{w:400}}",
        "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "arn:aws:iam::123456789012:role/app",
    ]
    .into_iter()
    .enumerate()
    {
        let text = if pattern.contains("{{password}}") {
            pattern.to_owned()
        } else {
            made(pattern, seed as u64 + 3)
        };
        assert_eq!(named("A", &text, Harmless(&[])), None, "{text}");
        assert_eq!(in_text(&text, Manner::of(&text), Harmless(&[])), None, "{text}");
    }
}

/// Names with values that they make secret, and how sure that is.
const NAMED: [(&str, &str, Confidence); 20] = [
    ("PASSWORD", "hunter2", Confidence::Name),
    ("POSTGRES_PASSWORD", "postgres", Confidence::Name),
    ("dbPassword", "s3cr3t!", Confidence::Name),
    ("MYSQL_ROOT_PASSWORD", "root", Confidence::Name),
    ("redis-pass", "hunter2", Confidence::Name),
    ("REDIS_PASSWORD_1", "P@ss,word", Confidence::Name),
    ("client.secret", "hunter2hunter2", Confidence::Name),
    ("PASSPHRASE", "correct-horse", Confidence::Name),
    ("DB_PWD", "p$ssw0rd", Confidence::Name),
    ("API_KEY", "{{h:32}}", Confidence::Random),
    ("AWS_SECRET_ACCESS_KEY", "{{w:40}}", Confidence::Random),
    ("SECRET_KEY_BASE", "{{h:128}}", Confidence::Random),
    ("apiToken", "{{w:24}}", Confidence::Random),
    ("TOKEN_GITHUB", "{{w:40}}", Confidence::Random),
    ("STORAGE_KEY", "{{w:86}}==", Confidence::Random),
    ("JWT", "{{w:43}}", Confidence::Random),
    ("ENCRYPTION_KEY", "{{w:32}}", Confidence::Random),
    ("HEROKU_API_KEY", "7f6c4e1a-9b0d-4c58-8a3e-0d5f6b7c8e9f", Confidence::Name),
    ("PASSWORD_HASH", "$2a$10${{w:53}}", Confidence::Name),
    ("JAVA_TOKEN", "ab12cd34", Confidence::Name),
];

#[test]
fn names_make_secrets_of_values() {
    for (seed, (name, pattern, confidence)) in NAMED.into_iter().enumerate() {
        let value = made(pattern, seed as u64 + 11);
        let found = named(name, &value, Harmless(&[])).unwrap_or_else(|| panic!("{name}={value}"));
        assert_eq!(
            (found.form, found.confidence, found.at),
            ("", confidence, 0..value.len()),
            "{name}={value}"
        );
    }
}

#[test]
fn what_only_looks_like_a_secret_is_none() {
    for (name, pattern) in [
        ("TOKEN_TTL", "3600"),
        ("TOKEN", "3600s"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/var/run/x.json"),
        ("KEYBOARD", "us"),
        ("SECRET_NAME", "db"),
        ("PASSWORD_FILE", "/x"),
        ("PASSWORD", "/run/secrets/password"),
        ("AUTH_TOKEN_URL", "https://login.example.com/token"),
        ("TOKEN", "https://login.example.com/token"),
        ("MONKEY", "{{h:40}}"),
        ("DB_PASSWORD", "$(DB_PASSWORD)"),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "$DB_PASSWORD"),
        ("DB_PASSWORD", "x-$(DB_PASSWORD)"),
        ("DB_PASSWORD", "{{ .Values.password }}"),
        ("DB_PASSWORD", "<password>"),
        ("DB_PASSWORD", "changeme"),
        ("DB_PASSWORD", "CHANGE_ME"),
        ("DB_PASSWORD", "ChangeMe!"),
        ("DB_PASSWORD", "REPLACE_ME"),
        ("DB_PASSWORD", "your-password-here"),
        ("DB_PASSWORD", "xxxxxx"),
        ("DB_PASSWORD", "XXX-XXX"),
        ("DB_PASSWORD", "********"),
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "  "),
        ("DB_PASSWORD", "todo"),
        ("DB_PASSWORD", "example-password"),
        ("DB_PASSWORD", "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"),
        ("DB_PASSWORD", "vault:secret/data/db#password"),
        ("DB_PASSWORD", "ref+vault://secret/db#password"),
        ("DB_PASSWORD", "op://vault/item/field"),
        ("DB_PASSWORD", "AgA{{w:300}}"),
        ("DB_PASSWORD", "sops:x"),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"),
        ("DB_PASSWORD", "projects/p/secrets/db/versions/latest"),
        ("DB_PASSWORD", "{cipher}abcdef"),
        ("DB_PASSWORD", "ENC(abcdef)"),
        ("DB_PASSWORD", "%DB_PASSWORD%"),
        ("DB_PASSWORD", "@DB_PASSWORD@"),
        ("DB_PASSWORD", "__DB_PASSWORD__"),
        ("SECRET", "db-secret"),
        ("TOKEN", "my-app-token"),
        ("API_KEY", "API_KEY"),
        ("DB_PASSWORD_KEY", "password"),
        ("TOKEN_KEY", "registry-token"),
        ("PASSWORD", "mysql.password"),
        ("PASSWORD", "true"),
        ("PASSWORD", "False"),
        ("PASSWORD", "required"),
        ("TOKEN", "none"),
        ("TOKEN", "1.5"),
        ("TOKEN", "10Mi"),
        ("TOKEN", "-1"),
        ("TOKEN", "24h"),
        ("PASSWORD", "The password of the user"),
        ("PASSWORD", "{\"a\": 1}"),
        ("TOKEN", "[a, b]"),
        ("TOKEN", "sha256:{{h:64}}"),
        ("PRIVATE_KEY", "tls.key"),
        ("PRIVATE_KEY", "./tls/x"),
        ("PRIVATE_KEY", "C:\\tls\\x"),
        ("ACCESS_KEY", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{{w:100}}"),
        ("TOKEN_AUDIENCE", "{{h:40}}"),
        ("PUBLIC_KEY", "{{w:40}}"),
        ("AWS_ACCESS_KEY_ID", "minio"),
        ("USE_PASSWORD", "always1"),
        ("AUTHORIZATION_MODE", "RBAC2"),
        ("COMMIT", "{{h:40}}"),
        ("CHECKSUM_SECRET", "{{h:64}}"),
        ("CREDENTIALS", "default2"),
        ("TOKENS", "{{h:40}}"),
        ("PASS", "ab"),
        ("ID", "7f6c4e1a-9b0d-4c58-8a3e-0d5f6b7c8e9f"),
        ("CA_BUNDLE", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t{{w:200}}"),
        ("JAVA_OPTS", "-Xmx1g -Djavax.net.ssl.trustStorePassword=changeit"),
        ("OPTS", "a=b;password=$(X);token=${Y}"),
        ("OPTS", "token-file=/x,secret=/y"),
    ] {
        let value =
            if pattern.contains("{{ ") { pattern.to_owned() } else { made(pattern, name.len() as u64) };
        assert_eq!(named(name, &value, Harmless(&[])), None, "{name}={value}");
    }
}

#[test]
fn most_values_are_decided_without_allocation() {
    let variables = [
        ("LOG_LEVEL", "info"),
        ("PORT", "8080"),
        ("DATABASE_HOST", "postgres.default.svc.cluster.local"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel-collector.monitoring:4317"),
        ("JAVA_OPTS", "-Xms512m -Xmx1024m -Dfile.encoding=UTF-8"),
        ("SECRET_NAME", "db-credentials"),
        ("TOKEN_TTL", "3600"),
        ("DB_PASSWORD", "$(DB_PASSWORD)"),
        ("PASSWORD", "hunter2"),
    ];
    let mut found = 0;
    let info = allocation_counter::measure(|| {
        found = variables.iter().filter(|(name, value)| named(name, value, Harmless(&[])).is_some()).count();
    });
    assert_eq!((found, info.count_total), (1, 0));
    let info = allocation_counter::measure(|| drop(vec![1]));
    assert!(info.count_total > 0, "the counter counts");
}

#[test]
fn names_inside_of_texts() {
    for (text, name, value) in [
        ("jdbc:mysql://db/x?user=a&password=hunter2&b=c", "password", "hunter2"),
        ("Server=db;User Id=a;Password=hunter2;Timeout=3", "Password", "hunter2"),
        ("-Xmx1g -Dspring.datasource.password=hunter2", "Dspring.datasource.password", "hunter2"),
        ("host=db user=a password='hunter2' sslmode=off", "password", "hunter2"),
        ("a: b\n  password: hunter2\n", "password", "hunter2"),
        ("a: b\n- password: \"hunter2\"\n", "password", "hunter2"),
        ("{\"a\":{\"password\":\"hunter2\"}}", "password", "hunter2"),
        ("[a]\npassword = hunter2\n", "password", "hunter2"),
        ("a=b\nAPI_KEY=9f86d081884c7d659a2feaa0c55ad015\n", "API_KEY", "9f86d081884c7d659a2feaa0c55ad015"),
    ] {
        let found = in_text(text, Manner::of(text), Harmless(&[])).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((found.name, &text[found.at.clone()]), (name, value), "{text}");
        assert_eq!(in_text(text, Manner::of(text), Harmless(&[name.to_owned()])), None);
    }
}

/// Whether the redactor hides these bytes of a document.
fn is_hidden(source: &str, secret: &str) -> bool {
    let read = seawall_yaml::read(source.as_bytes());
    let [entry] = &*read else { panic!("{source}") };
    assert!(entry.problems.is_empty(), "{source}: {:?}", entry.problems);
    let hidden = document_secrets(entry.document.as_ref().expect("a document"));
    let covers =
        |at: usize| hidden.iter().any(|r| r.start as usize <= at && at + secret.len() <= r.end as usize);
    let mut places = source.match_indices(secret).map(|(at, _)| at).peekable();
    assert!(places.peek().is_some(), "{source}");
    places.all(covers)
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\n' => write!(out, "\\n"),
            c => write!(out, "{c}"),
        }
        .expect("a string");
    }
    out + "\""
}

#[test]
fn the_redactor_hides_all_that_is_found() {
    let formed = FORMED.into_iter().map(|(pattern, _)| ("A", pattern));
    let named_values = NAMED.into_iter().map(|(name, pattern, _)| (name, pattern));
    let texts = [
        ("A", "x?password=hunter2&b=c"),
        ("A", "Password=hunter2;a=b"),
        ("A", "a -Ddb.password=hunter2,b"),
        ("A", "x password='hunter2' y"),
        ("A", "a: b\n  password: hunter2\n"),
        ("A", "{\"a\":{\"password\":\"hunter2\"}}"),
        ("A", "[a]\npassword = hunter2\n"),
        ("A", "token={{w:40}}|b"),
        ("A", "[a]\n{{w:3}}_API_KEY = '{{w:40}}'\n"),
        ("A", "--requirepass=hunter2"),
    ];
    let mut samples = 0;
    for (seed, (name, pattern)) in formed.chain(named_values).chain(texts).enumerate() {
        let value = made(pattern, seed as u64 + 5);
        let found = named(name, &value, Harmless(&[])).unwrap_or_else(|| panic!("{name}={value}"));
        // Line ends are written otherwise than they are read: what is between them is looked for.
        let secrets: Vec<&str> =
            value[found.at].split(['\n', '\\', '"']).filter(|part| part.len() > 3).collect();
        let value = quoted(&value);
        let mut sources = vec![
            format!(
                "kind: Pod\nspec: {{containers: [{{name: a, env: [{{name: {name}, value: {value}}}]}}]}}\n"
            ),
            format!("kind: ConfigMap\ndata: {{{name}: {value}}}\n"),
            format!("kind: Secret\nstringData: {{{name}: {value}}}\n"),
            format!(
                "kind: Pod\nmetadata: {{annotations: {{{name}: {value}}}, labels: {{{name}: {value}}}}}\n"
            ),
            format!("kind: Pod\nspec: {{containers: [{{name: a, args: [x, --{name}, {value}]}}]}}\n"),
            format!("{{\"kind\":\"ConfigMap\",\"data\":{{\"{name}\":{value}}}}}\n"),
        ];
        if name == "A" {
            sources.push(format!(
                "kind: Pod\nspec: {{containers: [{{name: a, command: [sh, -c, {value}]}}]}}\n"
            ));
            sources.push(format!(
                "kind: ConfigMap\ndata:\n  app.conf: |\n    a\n    {}\n",
                value.trim_matches('"').replace("\\n", "\n    ").replace("\\\"", "\"").replace("\\\\", "\\")
            ));
        }
        for source in sources {
            for secret in &secrets {
                // Args hide what a flag names; a name alone is none.
                if source.contains("args") && name == "A" && !in_args(&source) {
                    continue;
                }
                samples += 1;
                assert!(is_hidden(&source, secret), "{secret} in {source}");
            }
        }
    }
    assert!(samples > 500, "{samples}");
    for args in [
        "[--password=hunter2]",
        "[--password, hunter2]",
        "[--set, db.password=hunter2]",
        "[DB_PASSWORD=hunter2]",
        "[-c, 'DB_PASSWORD=hunter2 run']",
        "[-c, 'export TOKEN=\"hunter2\"; run']",
        "[-c, 'run --password hunter2']",
        "[-c, 'a && mysql -uroot -phunter2 -e x']",
        "[-c, \"exec mysql -p'hunter2' x\"]",
        "[-c, 'mongosh -u a -p hunter2']",
        "[-c, 'redis-cli -a hunter2 ping']",
        "[-c, 'sqlcmd -P hunter2']",
        "[-c, 'curl -s -u admin:hunter2 http://x']",
        "[sshpass, -p, hunter2]",
        "[-c, \"run\\nexport PASSWORD=hunter2\\n\"]",
    ] {
        let source =
            format!("kind: Pod\nspec: {{containers: [{{name: a, command: [app], args: {args}}}]}}\n");
        assert!(is_hidden(&source, "hunter2"), "{source}");
    }
}

/// Whether the arguments of a document hold a secret.
fn in_args(source: &str) -> bool {
    let read = seawall_yaml::read(source.as_bytes());
    let document = read[0].document.as_ref().expect("a document");
    let path = seawall_model::FieldPath::root().keys("spec.containers").index(0).key("args");
    let words: Vec<&str> =
        path.resolve(document.root()).node.items().filter_map(seawall_yaml::NodeRef::as_str).collect();
    let mut any = false;
    in_words(words.into_iter(), Harmless(&[]), |_, _| any = true);
    any
}
