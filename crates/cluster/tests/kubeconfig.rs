//! Kubeconfig files that lead nowhere. None of these tests needs a cluster.

use std::path::PathBuf;

use seawall_cluster::{Cluster, Error, Options};

/// What no message may hold.
const CANARY: &str = "canary-7f3a";

/// The error of connecting by a file with this text, as it is shown.
fn error(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("writable");
    let options = Options { kubeconfig: vec![path.clone()], ..Options::default() };
    let error = Cluster::connect(&options).expect_err("nothing to connect to");
    assert!(matches!(&error, Error::Kubeconfig { files, .. } if *files == [path]), "{error}");
    let shown = error.to_string();
    assert!(shown.contains(name), "{shown}");
    assert!(!format!("{error:?} {shown}").contains(CANARY), "{error:?}");
    shown
}

#[test]
fn broken_files_are_named_by_line_and_show_no_credentials() {
    let broken = format!("users:\n- name: x\n  user: {{token: {CANARY}\ncontexts: []\n");
    assert!(error("broken", &broken).contains("not a kubeconfig at line "));
    let wrong = format!("users:\n- name: x\n  user: {CANARY}\n");
    assert!(
        error("wrong", &wrong).ends_with("not a kubeconfig at line 3, column 9"),
        "{}",
        error("wrong", &wrong)
    );
}

#[test]
fn what_is_missing_is_said() {
    assert!(error("empty", "").contains("current context"));
    let context = "current-context: a\ncontexts:\n- {name: a, context: {cluster: c, user: u}}\n";
    assert!(error("no-cluster", context).contains("cluster"));
    let cluster =
        format!("{context}clusters:\n- {{name: c, cluster: {{}}}}\nusers: [{{name: u, user: {{}}}}]\n");
    assert!(error("no-server", &cluster).contains("url is missing"), "{}", error("no-server", &cluster));
}
