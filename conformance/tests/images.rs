//! Image references against the library that the kubelet reads them with.

use seawall_conformance::Oracle;
use seawall_model::image::Image;

/// Random references in the ordinary run; `SEAWALL_IMAGES` changes the number.
const COUNT: usize = 200_000;

/// What references are made of, and what may not be in them.
const PARTS: [&str; 34] = [
    "a",
    "b1",
    "nginx",
    "library",
    "localhost",
    "docker.io",
    "index.docker.io",
    "Reg",
    "example.com",
    "127.0.0.1",
    "[::1]",
    "[fe80::1%eth0]",
    ":",
    ":",
    "/",
    "/",
    "/",
    "@",
    ".",
    "..",
    "_",
    "__",
    "___",
    "-",
    "--",
    "5000",
    "latest",
    "V1.2-x_y",
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "sha512:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "sha256:AB",
    "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
    " ",
    "ü",
];

fn ours(text: &str) -> String {
    match Image::parse(text) {
        Ok(image) => [
            image.registry.as_str(),
            &image.repository,
            image.tag.as_deref().unwrap_or_default(),
            image.digest.as_deref().unwrap_or_default(),
        ]
        .join("\n"),
        Err(_) => "error".to_owned(),
    }
}

#[test]
fn random_references() {
    let count = std::env::var("SEAWALL_IMAGES").map_or(COUNT, |n| n.parse().expect("a number"));
    let mut state: u64 = 7;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let mut texts: Vec<String> =
        (0..count).map(|_| (0..=below(9)).map(|_| PARTS[below(PARTS.len())]).collect()).collect();
    texts.extend([
        "x".repeat(300),
        format!("{}/a", "x.".repeat(120)),
        "a".repeat(64),
        format!("a:{}", "t".repeat(129)),
    ]);
    let answers = Oracle::start("images").ask_all(&texts);
    let mut accepted = 0;
    for (text, answer) in texts.iter().zip(answers) {
        let theirs = String::from_utf8(answer).expect("text");
        assert_eq!(ours(text), theirs, "{text}");
        accepted += usize::from(theirs != "error");
    }
    println!("{accepted} of {} references accepted", texts.len());
    assert!(accepted * 20 > count, "too few were good");
}
