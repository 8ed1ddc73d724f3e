//! The proxy that the environment names. A process has one environment: what is asked runs in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use seawall_cluster::{Cluster, Error, Options};

/// Run by the other test, in an environment with a proxy.
#[test]
#[ignore = "needs the environment that the other test makes"]
fn connect() {
    let path = std::env::var_os("KUBECONFIG").expect("the other test sets it");
    let error = Cluster::connect(&Options::default()).expect_err("there is no server");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?} by {}", Path::new(&path).display());
}

/// Where connecting to a server leads in an environment with a proxy: the first line that the proxy gets, if any.
fn asked(name: &str, server: &str, variables: &[(&str, &str)]) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let config = format!(
        "current-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    std::fs::write(&path, config).expect("writable");
    let (tell, line) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let mut first = String::new();
            let _ = BufReader::new(connection).read_line(&mut first);
            // Nobody listens after the first.
            let _ = tell.send(first.trim_end().to_owned());
        }
    });
    let mut child = Command::new(std::env::current_exe().expect("running"));
    child.args(["--exact", "connect", "--ignored"]).env("KUBECONFIG", &path);
    for variable in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"] {
        child.env_remove(variable);
    }
    child.env("HTTPS_PROXY", format!("http://127.0.0.1:{port}")).envs(variables.iter().copied());
    let output = child.output().expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    line.recv_timeout(Duration::from_millis(100)).ok()
}

#[test]
fn the_proxy_is_for_servers_that_are_not_excepted() {
    // No name below `invalid` has an address (RFC 2606).
    const SERVER: &str = "https://api.seawall.invalid:6443";
    // Each takes as long as a connection is tried.
    std::thread::scope(|scope| {
        let through = scope.spawn(|| asked("through", SERVER, &[]));
        let excepted =
            scope.spawn(|| asked("excepted", SERVER, &[("NO_PROXY", "other.example,seawall.invalid")]));
        // The proxy's own address is none of a server's.
        let proxy = scope.spawn(|| asked("proxy-excepted", SERVER, &[("NO_PROXY", "127.0.0.1")]));
        let loopback = scope.spawn(|| asked("loopback", "https://127.0.0.1:1", &[]));
        let connect = Some("CONNECT api.seawall.invalid:6443 HTTP/1.1".to_owned());
        assert_eq!(through.join().expect("an answer"), connect);
        assert_eq!(excepted.join().expect("an answer"), None);
        assert_eq!(proxy.join().expect("an answer"), connect);
        assert_eq!(loopback.join().expect("an answer"), None);
    });
}
