//! An API server that answers as a test wants it to, which no real one can be brought to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use seawall_cluster::{Cluster, Options, Writer};
use serde_json::{Value, json};

use super::member;

/// Method, path with its query, and body of a request.
pub(super) type Asked = (String, String, Value);

/// It goes with the process.
pub(super) struct Fake {
    options: Options,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// One that gives the status and body that `answer` makes of method, path and body; those to `/version` too, unless it answers
    /// 404 to that. `name` tells the files of tests apart.
    pub(super) fn start(
        name: &str,
        answer: impl Fn(&str, &str, &Value) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let directory = std::env::temp_dir().join(format!("seawall-fake-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path: PathBuf = directory.join(name);
        let config = format!(
            "current-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
        );
        std::fs::write(&path, config).unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (kept, answer) = (asked.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (kept, answer) = (kept.clone(), answer.clone());
                std::thread::spawn(move || serve(connection, &kept, &*answer));
            }
        });
        let options = Options { kubeconfig: vec![path], hurried: true, ..Options::default() };
        Self { options, asked }
    }

    /// Connects to it for reading, where somebody waits for each answer.
    pub(super) fn connect(&self) -> Cluster {
        Cluster::connect(&self.options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Connects to it for writing.
    pub(super) fn writer(&self) -> Writer {
        member::writer(&self.options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What it was asked so far by a method.
    pub(super) fn asked(&self, method: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|(by, ..)| by == method).cloned().collect()
    }
}

/// Answers one request.
fn serve(
    mut connection: TcpStream,
    kept: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&str, &str, &Value) -> (u16, Value),
) {
    let mut lines = BufReader::new(connection.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).is_ok_and(|count| count > 0) {}
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if lines.read_exact(&mut body).is_err() {
        return;
    }
    let mut words = head.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let asked = (method.to_owned(), path.to_owned(), body.clone());
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    let (status, said) = match answer(method, path, &body) {
        (404, _) if path == "/version" => (200, json!({"gitVersion": "v1.37.2"})),
        other => other,
    };
    let said = said.to_string();
    let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", said.len());
    // The client may have gone.
    let _ = connection.write_all((head + &said).as_bytes());
}
