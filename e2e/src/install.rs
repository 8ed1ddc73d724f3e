//! What `seawall install` prints, and applying it.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::ControlPlane;
use crate::scan::seawall;

/// What is printed, document by document.
pub fn printed(args: &[&str]) -> Vec<String> {
    let output = Command::new(seawall()).arg("install").args(args).output().expect("seawall starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    // A line of its own: certificates end in hyphens too.
    text.trim_end().split("\n---\n").map(|document| format!("{document}\n")).collect()
}

/// The value of a field at the beginning of a line.
fn field<'t>(document: &'t str, name: &str) -> &'t str {
    let value = document.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_else(|| panic!("no {name} in {document}")).trim_matches('"')
}

/// Where an object goes.
pub fn path(document: &str) -> String {
    let version = field(document, "apiVersion");
    let root = if version.contains('/') { "/apis" } else { "/api" };
    let plural = match field(document, "kind") {
        "ValidatingAdmissionPolicy" => "validatingadmissionpolicies".to_owned(),
        kind => format!("{}s", kind.to_lowercase()),
    };
    // Of the metadata alone: subjects have namespaces too.
    let metadata = document.lines().skip_while(|line| *line != "metadata:").skip(1);
    let mut metadata = metadata.take_while(|line| line.starts_with("  "));
    let namespace = metadata.find_map(|line| line.strip_prefix("  namespace: "));
    let namespace =
        namespace.map(|name| format!("namespaces/{}/", name.trim_matches('"'))).unwrap_or_default();
    format!("{root}/{version}/{namespace}{plural}/{}", field(document, "  name"))
}

/// Applies documents, each of which has to be taken without a warning.
pub fn apply(control: &ControlPlane, documents: &[String]) {
    for document in documents {
        let answer = control.admin().apply(&path(document), document).expect("an answer");
        assert!([200, 201].contains(&answer.status), "{}\n{document}", answer.text);
        assert_eq!(answer.warnings, [""; 0], "{document}");
    }
}

/// Waits until something is so: authorization, definitions and policies are known a while after they are written.
pub fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "not {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
