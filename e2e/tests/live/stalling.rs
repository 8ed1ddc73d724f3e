//! A server in front of the API server that breaks off in the middle of a list of pods.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use seawall_e2e::{Client, ControlPlane};
use serde_json::json;

/// Answers what the API server answers, until a list of pods goes on.
pub(crate) struct Proxy {
    kubeconfig: PathBuf,
}

impl Proxy {
    pub(crate) fn start(control: &ControlPlane) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = format!("http://{}", listener.local_addr().expect("bound"));
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "p",
            "clusters": [{"name": "p", "cluster": {"server": server}}],
            "users": [{"name": "p", "user": {}}],
            "contexts": [{"name": "p", "context": {"cluster": "p", "user": "p"}}],
        });
        let kubeconfig = control.directory().join("stalling.kubeconfig");
        fs::write(&kubeconfig, config.to_string()).expect("writable");
        let client = control.admin().clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let client = client.clone();
                std::thread::spawn(move || answer(stream, &client));
            }
        });
        Self { kubeconfig }
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }
}

/// Answers one request; nothing more comes of the connection.
fn answer(mut stream: TcpStream, client: &Client) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let Some(path) = head.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()) else { return };
    if path.starts_with("/api/v1/pods?") && path.contains("continue=") {
        return;
    }
    let Ok(response) = client.get(path) else { return };
    let head = format!(
        "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        response.status,
        response.text.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(response.text.as_bytes()));
}
