//! What clients see, whatever they do.

mod common;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::{Client, Shown, limits, pair, start, start_telling, tls, tls_showing};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use seawall_server::{Clients, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Everything that comes until the connection ends; an end without a farewell of TLS is one too.
async fn rest(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut all = Vec::new();
    let _ =
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut all)).await.expect("an end");
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_versions_of_http_are_answered() {
    let running = start(Limits::default()).await;
    for two in [false, true] {
        let mut client = running.client(two).await;
        for _ in 0..3 {
            let answer = client.post("/a/b?timeout=1s", "12345").await.expect("an answer");
            assert_eq!(answer, (200, "/a/b Some(\"timeout=1s\") Some(\"application/json\") 5".to_owned()));
        }
    }
    // Who says nothing gets HTTP/1.1.
    let mut plain =
        tls(running.address, std::slice::from_ref(&running.pair.der), &[]).await.expect("a connection");
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("sent");
    assert!(rest(&mut plain).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_have_a_bound() {
    let limits = Limits { body: 10_000, ..limits() };
    let running = start(limits).await;
    let large = (413, "request entity is too large; limit is 10000 bytes".to_owned());
    for two in [false, true] {
        let (ok, _) = running.client(two).await.post("/", vec![b'x'; 9_999]).await.expect("an answer");
        assert_eq!(ok, 200);
        let mut client = running.client(two).await;
        assert_eq!(client.post("/", vec![b'x'; 10_000]).await.expect("an answer"), large);
    }
    let send = async |head: &str, body: &[u8]| {
        let mut stream = tls(running.address, std::slice::from_ref(&running.pair.der), &[b"http/1.1"])
            .await
            .expect("a connection");
        stream
            .write_all(format!("POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n").as_bytes())
            .await
            .expect("sent");
        // The server may have hung up.
        let _ = stream.write_all(body).await;
        rest(&mut stream).await
    };
    let begun = running.echo.begun.load(Ordering::Relaxed);
    // A length that is a lie is enough.
    assert!(send("content-length: 99999999999", b"").await.starts_with("HTTP/1.1 413 "));
    let mut chunks = Vec::new();
    for _ in 0..20 {
        chunks.extend_from_slice(b"400\r\n");
        chunks.extend_from_slice(&[b'x'; 0x400]);
        chunks.extend_from_slice(b"\r\n");
    }
    assert!(send("transfer-encoding: chunked", &chunks).await.starts_with("HTTP/1.1 413 "));
    assert!(send("transfer-encoding: chunked", b"zz\r\n").await.starts_with("HTTP/1.1 400 "));
    // What does not come in time.
    assert!(send("content-length: 100", b"half").await.starts_with("HTTP/1.1 408 "));
    assert_eq!(running.echo.begun.load(Ordering::Relaxed), begun, "nothing of that is a request");
    // What ends early.
    let mut stream = tls(running.address, std::slice::from_ref(&running.pair.der), &[b"http/1.1"])
        .await
        .expect("a connection");
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf").await.expect("sent");
    stream.shutdown().await.expect("closed");
    assert!(!rest(&mut stream).await.contains(" 200 "));
    assert_eq!(running.echo.begun.load(Ordering::Relaxed), begun);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_slow_or_speaks_otherwise_loses_only_the_connection() {
    let running = start(limits()).await;
    let started = Instant::now();
    let mut silent = TcpStream::connect(running.address).await.expect("a connection");
    let mut plain = TcpStream::connect(running.address).await.expect("a connection");
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut malformed = TcpStream::connect(running.address).await.expect("a connection");
    malformed.write_all(&[0x16, 3, 1, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0xff]).await.expect("sent");
    let mut half_a_head = tls(running.address, std::slice::from_ref(&running.pair.der), &[b"http/1.1"])
        .await
        .expect("a connection");
    half_a_head.write_all(b"POST / HTTP/1.1\r\nhost: ").await.expect("sent");
    let mut idle = tls(running.address, std::slice::from_ref(&running.pair.der), &[b"http/1.1"])
        .await
        .expect("a connection");
    let mut garbage =
        tls(running.address, std::slice::from_ref(&running.pair.der), &[b"h2"]).await.expect("a connection");
    garbage.write_all(b"POST / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    for stream in [&mut silent, &mut plain, &mut malformed] {
        assert!(!rest(stream).await.contains("HTTP/1.1 200"));
    }
    for stream in [&mut half_a_head, &mut idle, &mut garbage] {
        assert!(!rest(stream).await.contains("HTTP/1.1 200"));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(running.client(true).await.post("/", "").await.expect("an answer").0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_change_under_load() {
    let running = start(Limits::default()).await;
    let new = pair();
    let trusted = vec![running.pair.der.clone(), new.der.clone()];
    let address = running.address;
    let workers: Vec<_> = (0..4)
        .map(|i| {
            let trusted = trusted.clone();
            tokio::spawn(async move {
                let mut kept = Client::connect(address, &trusted, i % 2 == 0).await.expect("a connection");
                for _ in 0..50 {
                    assert_eq!(kept.post("/kept", "x").await.expect("an answer").0, 200);
                    let mut fresh =
                        Client::connect(address, &trusted, i % 2 == 1).await.expect("a connection");
                    assert_eq!(fresh.post("/fresh", "x").await.expect("an answer").0, 200);
                }
            })
        })
        .collect();
    for i in 0..20 {
        let pair = if i % 2 == 0 { &new } else { &running.pair };
        running.certificates.replace(pair.chain.as_bytes(), pair.key.as_bytes()).expect("a pair");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for worker in workers {
        worker.await.expect("no request fails");
    }
    running.certificates.replace(new.chain.as_bytes(), new.key.as_bytes()).expect("a pair");
    assert!(
        tls(address, std::slice::from_ref(&running.pair.der), &[b"h2"]).await.is_err(),
        "the old one is not shown any more"
    );
    assert!(tls(address, &[new.der], &[b"h2"]).await.is_ok());
}

/// Clients go on asking while the server ends. Each request that it began is answered, and those that come while it lingers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_loses_no_request() {
    let running = start(limits()).await;
    let (address, trusted) = (running.address, vec![running.pair.der.clone()]);
    let workers: Vec<_> = (0..8)
        .map(|i| {
            let trusted = trusted.clone();
            tokio::spawn(async move {
                let mut answered = 0;
                // A connection that is refused is the end; one that is taken has to answer, or to say that it will not.
                while let Ok(mut client) = Client::connect(address, &trusted, i % 2 == 0).await {
                    loop {
                        match client.post(if i < 2 { "/slow" } else { "/" }, "x").await {
                            Ok((status, _)) => {
                                assert_eq!(status, 200);
                                answered += 1;
                            }
                            // Nothing of it was sent.
                            Err(error) if error.is_canceled() || error.is_closed() => break,
                            Err(error) => return Err((answered, format!("{error:?}"))),
                        }
                    }
                }
                Ok(answered)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    running.stop.send(()).expect("it runs");
    let mut answered = 0;
    let mut lost = Vec::new();
    for worker in workers {
        match worker.await.expect("no panic") {
            Ok(count) => answered += count,
            Err((count, error)) => {
                answered += count;
                lost.push(error);
            }
        }
    }
    running.run.await.expect("ended");
    assert!(asked.elapsed() >= Duration::from_millis(300) && asked.elapsed() < Duration::from_secs(4));
    assert_eq!(running.echo.begun.load(Ordering::Relaxed), answered, "what was begun was answered: {lost:?}");
    assert!(answered > 100 && TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_takes_too_long_does_not_keep_it() {
    let running =
        start(Limits { linger: Duration::ZERO, drain: Duration::from_millis(100), ..limits() }).await;
    let mut client = running.client(false).await;
    let slow = tokio::spawn(async move { client.post("/slow", "x").await });
    while running.echo.begun.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let asked = Instant::now();
    running.stop.send(()).expect("it runs");
    running.run.await.expect("ended");
    assert!(asked.elapsed() < Duration::from_millis(280), "{:?}", asked.elapsed());
    drop(slow);
}

/// As many connections as there may be files open, up to 10,000; one that is needed is answered all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_connections_are_held() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    // Both ends are files of this process.
    let count = most.map_or(10_000, |files| (files.saturating_sub(200) / 2).min(10_000)) as usize;
    println!("{count} connections");
    assert!(count >= 1_000, "too few files may be open: {most:?}");
    let running = start(Limits { handshake: Duration::from_mins(1), ..Limits::default() }).await;
    let mut held = Vec::with_capacity(count);
    for _ in 0..count {
        held.push(TcpStream::connect(running.address).await.expect("a connection"));
    }
    let mut client = running.client(true).await;
    assert_eq!(client.post("/", "x").await.expect("an answer").0, 200);
    drop(held);
    assert_eq!(client.post("/", "x").await.expect("an answer").0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_above_the_bound_wait_for_their_turn() {
    let running = start(Limits { connections: 2, ..limits() }).await;
    let idle = [running.client(false).await, running.client(false).await];
    // The idle ones end by themselves, and then it is this one's turn.
    let started = Instant::now();
    let answer = running.client(false).await.post("/", "x").await.expect("an answer");
    assert!(answer.0 == 200 && started.elapsed() > Duration::from_millis(200), "{:?}", started.elapsed());
    drop(idle);
}

/// A client that says that a large body comes, sends that much of it, and then nothing.
async fn stalled(running: &common::Running, sent: usize) -> impl tokio::io::AsyncRead + Unpin {
    let trusted = std::slice::from_ref(&running.pair.der);
    let mut stream = tls(running.address, trusted, &[b"http/1.1"]).await.expect("a connection");
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", (1 << 20) - 1);
    stream.write_all(head.as_bytes()).await.expect("sent");
    // It is read only as far as there is room.
    let (rest, mut writer) = tokio::io::split(stream);
    tokio::spawn(async move {
        let _ = writer.write_all(&vec![b'x'; sent]).await;
        std::future::pending::<()>().await;
    });
    rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_do_not_come_take_no_room_from_those_that_do() {
    let body_time = Duration::from_secs(5);
    let running = start(Limits { body: 1 << 20, bodies: 2 << 20, body_time, ..Limits::default() }).await;
    let large = vec![b'x'; (1 << 20) - 1];
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(stalled(&running, 0).await);
    }
    for two in [false, true] {
        let started = Instant::now();
        let answer = running.client(two).await.post("/", large.clone()).await.expect("an answer");
        assert!(answer.0 == 200 && started.elapsed() < body_time / 5, "{answer:?} {:?}", started.elapsed());
    }
    // All room is taken, and more is wanted.
    for _ in 0..8 {
        held.push(stalled(&running, 1 << 19).await);
    }
    for two in [false, true] {
        let started = Instant::now();
        let answer = running.client(two).await.post("/", large.clone()).await.expect("an answer");
        assert!(answer.0 == 200 && started.elapsed() < body_time / 2, "{answer:?} {:?}", started.elapsed());
    }
    let mut last = held.pop().expect("one of them");
    assert!(rest(&mut last).await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_need_each_other_s_room_all_come() {
    let running = start(Limits { body: 1 << 20, bodies: 1 << 20, ..Limits::default() }).await;
    let mut clients = Vec::new();
    for i in 0..16 {
        let mut client = running.client(i % 2 == 0).await;
        clients.push(tokio::spawn(async move { client.post("/slow", vec![b'x'; (1 << 20) - 1]).await }));
    }
    for client in clients {
        assert_eq!(client.await.expect("no panic").expect("an answer").0, 200);
    }
}

/// An authority's certificate (PEM), and a client's that it has signed.
fn client_of_authority(name: &str) -> (String, Shown) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([]).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).expect("a certificate").pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([]).expect("no names");
    params.distinguished_name.push(DnType::CommonName, "api");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, &issuer).expect("a certificate").der().clone();
    (authority, (certificate, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_told_apart_and_all_answered() {
    let (authority, (certificate, key)) = client_of_authority("a");
    let (other_authority, (other, other_key)) = client_of_authority("b");
    let clients = Clients::new(authority.as_bytes(), &["api".to_owned()]).expect("an authority");
    let running = start_telling(Limits::default(), Some(clients.clone())).await;
    let trusted = [running.pair.der.clone()];
    let shown = |of: u8| match of {
        0 => None,
        1 => Some((certificate.clone(), key.clone_key())),
        _ => Some((other.clone(), other_key.clone_key())),
    };
    for two in [false, true] {
        for (of, who) in [
            (0, "Anonymous"),
            (1, "Verified"),
            (2, "Unverified(\"invalid peer certificate: UnknownIssuer\")"),
        ] {
            let mut client =
                Client::showing(running.address, &trusted, two, shown(of)).await.expect("a connection");
            for _ in 0..2 {
                assert_eq!(client.post("/who", "").await.expect("an answer"), (200, who.to_owned()));
            }
        }
    }
    // Authorities change under connections that there are.
    let mut kept = Client::showing(running.address, &trusted, true, shown(1)).await.expect("a connection");
    assert_eq!(kept.post("/who", "").await.expect("an answer").1, "Verified");
    clients.replace(other_authority.as_bytes()).expect("an authority");
    assert!(kept.post("/who", "").await.expect("an answer").1.starts_with("Unverified"));
    // Who has a certificate without its key gets no connection.
    let forged = Some((certificate.clone(), other_key.clone_key()));
    let stream = tls_showing(running.address, &trusted, &[b"http/1.1"], forged).await;
    if let Ok(mut stream) = stream {
        let _ = stream.write_all(b"GET /who HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(rest(&mut stream).await, "");
    }
    // Where none is asked for, nobody is somebody.
    let plain = start(Limits::default()).await;
    let mut client = Client::showing(plain.address, std::slice::from_ref(&plain.pair.der), true, shown(1))
        .await
        .expect("a connection");
    assert_eq!(client.post("/who", "").await.expect("an answer").1, "Anonymous");
}
