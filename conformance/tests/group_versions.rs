//! apiVersions against the API machinery's `schema.ParseGroupVersion`.

use seawall_conformance::Oracle;
use seawall_manifest::objects::objects;

/// What apiVersions are made of here.
const PARTS: [&str; 8] = ["/", "v1", "v1beta1", "apps", "example.com", "a", ".", "-"];

/// The apiVersion of a Pod with this one; `error` where it is not taken for an object.
fn ours(api_version: &str) -> String {
    let text = format!("{{\"apiVersion\": \"{api_version}\", \"kind\": \"Pod\"}}");
    let entry = seawall_yaml::read(text.as_bytes()).pop().expect("a document");
    let document = entry.document.expect("JSON is YAML");
    let found = objects(&document);
    found.objects.first().map_or_else(|| "error".to_owned(), |object| object.api_version.to_owned())
}

#[test]
fn every_short_api_version() {
    let mut all: Vec<String> = vec![String::new()];
    for length in 0..5 {
        let longest: Vec<String> = all.iter().filter(|text| parts(text) == length).cloned().collect();
        all.extend(longest.iter().flat_map(|text| PARTS.map(|part| format!("{text}|{part}"))));
    }
    let mut all: Vec<String> = all.into_iter().map(|text| text.replace('|', "")).collect();
    all.sort_unstable();
    all.dedup();
    let asked: Vec<Vec<u8>> = all.iter().map(|text| text.clone().into_bytes()).collect();
    let (mut read, mut versionless) = (0, 0);
    for (text, theirs) in all.iter().zip(Oracle::start("groupversions").ask_all(&asked)) {
        let theirs = String::from_utf8(theirs).expect("the oracle answers in UTF-8");
        // They read an empty version, of which nothing is served.
        let expected = match theirs.split_once('\n') {
            Some((_, "")) => {
                versionless += 1;
                "error".to_owned()
            }
            Some(("", version)) => version.to_owned(),
            _ => theirs.replace('\n', "/"),
        };
        assert_eq!(ours(text), expected, "`{text}`");
        read += usize::from(expected != "error");
    }
    println!("{} apiVersions: {read} read, {versionless} without a version", all.len());
    assert!(read > 1_000 && versionless > 100, "{read} {versionless}");
}

/// How many parts a text has, each of which begins with a bar.
fn parts(text: &str) -> usize {
    text.matches('|').count()
}
