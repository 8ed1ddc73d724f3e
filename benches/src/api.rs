//! An API server that knows three namespaces, for programs that want one beside them. It speaks plain HTTP on the loopback interface
//! and answers from memory, so that what is measured is not its own.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

/// Each with its level; the name is the level's.
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

/// Starts it; a kubeconfig that leads to it, in `directory`. It ends with this process.
pub fn start(directory: &Path) -> io::Result<PathBuf> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A connection that breaks is its client's affair.
            std::thread::spawn(move || drop(serve(&connection)));
        }
    });
    let path = directory.join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    std::fs::write(&path, text)?;
    Ok(path)
}

fn namespace(level: &str) -> String {
    format!(
        r#"{{"kind":"Namespace","apiVersion":"v1","metadata":{{"name":"{level}","uid":"{level}","resourceVersion":"5","labels":{{"pod-security.kubernetes.io/enforce":"{level}"}}}},"spec":{{}},"status":{{"phase":"Active"}}}}"#
    )
}

fn serve(connection: &TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if lines.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let target = head.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let name = path.strip_prefix("/api/v1/namespaces/");
        let (status, body) = if query.contains("watch=") {
            // Nothing ever happens.
            writer.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
            )?;
            loop {
                std::thread::park();
            }
        } else if path == "/version" {
            (200, r#"{"major":"1","minor":"37","gitVersion":"v1.37.2","platform":"linux/amd64"}"#.to_owned())
        } else if path == "/api/v1/namespaces" {
            let items = LEVELS.map(namespace).join(",");
            (
                200,
                format!(
                    r#"{{"kind":"NamespaceList","apiVersion":"v1","metadata":{{"resourceVersion":"5"}},"items":[{items}]}}"#
                ),
            )
        } else if let Some(level) = name.filter(|name| LEVELS.contains(name)) {
            (200, namespace(level))
        } else {
            (
                404,
                r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}"#
                    .to_owned(),
            )
        };
        write!(
            writer,
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}
