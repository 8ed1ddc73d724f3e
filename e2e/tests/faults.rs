//! `seawall serve` beside an API server when something goes wrong: no wrong "allowed", no crash, bounded memory.
//!
//! Certificates that change under load are in `certificates.rs`, a cluster whose webhook is gone in `install.rs`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use seawall_e2e::ControlPlane;
use seawall_e2e::proxy::{Breaks, Proxy};
use seawall_e2e::scan::seawall;
use seawall_e2e::webhook::Webhook;
use seawall_e2e::wire::{Trust, Wire, head};
use serde_json::{Value, json};

/// Tests that measure time are alone, as far as this program goes: they write, the others read.
static QUIET: RwLock<()> = RwLock::new(());

const WITHOUT: &[&str] = &["--disable-admission-plugins=PodSecurity"];

fn review(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "operation": "CREATE",
        "namespace": namespace, "name": name, "userInfo": {"username": "u"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}}})
}

/// What violates baseline, and no exception below is for it.
fn violating() -> Value {
    json!({"hostPID": true, "containers": [{"name": "c", "image": "i"}]})
}

/// What the exceptions below are for.
fn needy() -> Value {
    let capable = json!({"capabilities": {"add": ["NET_ADMIN"]}});
    json!({"containers": [{"name": "c", "image": "i", "securityContext": capable}]})
}

/// What nothing forbids.
fn good() -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "image": "i",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
    })
}

/// The code of an answer: 200 where it allows.
fn code(response: &Value) -> u64 {
    if response["allowed"] == true { 200 } else { response["status"]["code"].as_u64().unwrap_or_default() }
}

fn label(control: &ControlPlane, namespace: &str, labels: &[(&str, &str)]) {
    let labels: serde_json::Map<String, Value> = labels
        .iter()
        .map(|(key, value)| (format!("pod-security.kubernetes.io/{key}"), Value::from(*value)))
        .collect();
    let patch = json!({"metadata": {"labels": labels}});
    let path = format!("/api/v1/namespaces/{namespace}");
    let answer = control.admin().patch(&path, &patch).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Makes the API server know exceptions, as they are installed, and allows them in all namespaces.
fn define(control: &ControlPlane) {
    let output = Command::new(seawall()).args(["install", "--crds-only"]).output().expect("seawall starts");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for (document, plural) in
        text.split("---\n").zip(["podsecurityexceptions", "podsecurityexceptionpolicies"])
    {
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.seawall.dev");
        let answer = control.admin().apply(&path, document).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let policy = json!({
        "apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityExceptionPolicy", "metadata": {"name": "net"},
        "spec": {"namespaces": ["*"], "rules": [{"rule": "added-capability", "values": ["NET_*"]}]},
    });
    declare(control, "/apis/seawall.dev/v1alpha1/podsecurityexceptionpolicies", &policy);
}

/// Excepts a pod by its name.
fn except(control: &ControlPlane, namespace: &str, pod: &str) {
    let exception = json!({
        "apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityException", "metadata": {"name": pod},
        "spec": {
            "workloads": [{"kind": "Pod", "name": pod}],
            "rules": [{"rule": "added-capability", "values": ["NET_ADMIN"]}], "reason": "it routes",
        },
    });
    let path = format!("/apis/seawall.dev/v1alpha1/namespaces/{namespace}/podsecurityexceptions");
    declare(control, &path, &exception);
}

/// Creates an object of a kind that the API server may have to learn of first.
fn declare(control: &ControlPlane, path: &str, object: &Value) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = control.admin().post(path, object).expect("an answer");
        if answer.status == 201 {
            return;
        }
        assert!(answer.status == 404 && Instant::now() < deadline, "{}", answer.text);
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A flag that is set when it is dropped, so that a test that fails does not wait for what it began.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What is known holds while the API server is away, what is not known is refused, and what has changed arrives once it is back.
#[test]
fn the_api_server_goes_and_comes_back() {
    let _others = QUIET.read().unwrap_or_else(PoisonError::into_inner);
    let mut control = ControlPlane::start_with(WITHOUT);
    define(&control);
    let mut webhook = Webhook::start(&control, "");
    let admin = control.admin();
    for (namespace, level) in [("shut", "baseline"), ("open", "privileged")] {
        admin.create_namespace(namespace, &[("enforce", level)]);
    }
    except(&control, "shut", "early");
    let ask = |webhook: &Webhook, namespace: &str, name: &str, spec: &Value| {
        let answer = webhook.post("/validate?timeout=3s", &review(namespace, name, spec));
        assert_eq!(answer.status, 200, "{}", answer.text);
        code(&answer.body["response"])
    };
    webhook.wait("by the exception", |webhook| ask(webhook, "shut", "early", &needy()) == 200);
    webhook.wait("by the labels", |webhook| ask(webhook, "open", "p", &violating()) == 200);

    // What is asked all the time, what it is answered before a change, and after.
    let (violating, needy) = (violating(), needy());
    let questions = [
        ("shut", "p", &violating, 403, 403),
        ("shut", "early", &violating, 403, 403),
        ("shut", "early", &needy, 200, 200),
        ("shut", "late", &needy, 403, 200),
        ("open", "p", &violating, 200, 403),
        ("new", "p", &violating, 500, 403),
    ];
    let (changed, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let counts = [(); 6].map(|()| [const { AtomicUsize::new(0) }; 2]);
    let slowest = std::sync::Mutex::new(Duration::ZERO);
    std::thread::scope(|scope| {
        let _until = Until(&over);
        let trust = webhook.trust();
        let asking = scope.spawn(|| {
            let mut wire = trust.http1().expect("a connection");
            while !over.load(Ordering::SeqCst) {
                for ((namespace, name, spec, before, after), counts) in questions.iter().zip(&counts) {
                    let began = Instant::now();
                    wire.ask(review(namespace, name, spec).to_string().as_bytes()).expect("sent");
                    let answer = wire.answer().expect("an answer").expect("an answer");
                    let took = began.elapsed();
                    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
                    let code = code(&body["response"]);
                    // Until the API server knows it, nobody does; a live fallback may find a namespace that
                    // is not there any time.
                    let is_after = changed.load(Ordering::SeqCst) && code == *after;
                    assert!(
                        answer.status == 200 && (code == *before || is_after),
                        "{namespace}/{name}: {body}"
                    );
                    counts[usize::from(is_after)].fetch_add(1, Ordering::SeqCst);
                    let mut slowest = slowest.lock().unwrap_or_else(PoisonError::into_inner);
                    *slowest = took.max(*slowest);
                }
            }
        });
        let ready = |webhook: &Webhook| webhook.get("/readyz").map(|(status, _)| status);
        let pause = |webhook: &Webhook, time| {
            let until = Instant::now() + time;
            while Instant::now() < until {
                assert_eq!(ready(webhook), Some(200));
                std::thread::sleep(Duration::from_millis(100));
            }
        };
        control.kill_api_server();
        pause(&webhook, Duration::from_secs(3));
        control.start_api_server();
        pause(&webhook, Duration::from_secs(1));
        assert!(!asking.is_finished(), "an answer was wrong");
        let before: Vec<usize> = counts.iter().map(|count| count[0].load(Ordering::SeqCst)).collect();
        assert!(before.iter().all(|count| *count > 20), "{before:?}");

        changed.store(true, Ordering::SeqCst);
        label(&control, "open", &[("enforce", "restricted")]);
        control.admin().create_namespace("new", &[("enforce", "baseline")]);
        except(&control, "shut", "late");
        let deadline = Instant::now() + Duration::from_secs(20);
        while counts.iter().any(|count| count[1].load(Ordering::SeqCst) == 0) {
            assert!(!asking.is_finished(), "an answer was wrong");
            assert!(Instant::now() < deadline, "not all has arrived: {counts:?}");
            assert_eq!(ready(&webhook), Some(200));
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    // By then the new answers are the only ones.
    for (namespace, name, spec, _, after) in questions {
        assert_eq!(ask(&webhook, namespace, name, spec), after, "{namespace}/{name}");
    }
    println!("answers before and after: {counts:?}, the slowest {slowest:?}");
    assert!(!webhook.log().contains("panicked"), "{}", webhook.log());
}

/// A watch that breaks in the middle of events, again and again, while labels change: each answer is by a state of the labels that
/// was not known to be over, and soon by the last.
#[test]
fn a_broken_watch_is_taken_up_again() {
    const FLIPS: usize = 12;
    let _others = QUIET.read().unwrap_or_else(PoisonError::into_inner);
    let control = ControlPlane::start_with(WITHOUT);
    let proxy = Proxy::start(control.server());
    let webhook = Webhook::start_by(&control, "", &proxy.address());
    // Each has a policy of its own, which answers name.
    let policies: Vec<(&str, String)> = (0..=FLIPS)
        .map(|i| (if i % 2 == 0 { "privileged" } else { "restricted" }, format!("v1.{}", 10 + i)))
        .collect();
    let labels = |i: usize| -> [(&str, &str); 2] {
        let (level, version) = &policies[i];
        [("enforce", level), ("enforce-version", version)]
    };
    // The warning keeps it from being no question at all.
    control.admin().create_namespace("shop", &[("warn", "baseline")]);
    label(&control, "shop", &labels(0));
    let (begun, seen, over) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX), AtomicBool::new(false));
    let body = review("shop", "p", &violating()).to_string();
    let mut times = Vec::new();
    let asked = std::thread::scope(|scope| {
        let until = Until(&over);
        let asking = scope.spawn(|| {
            let mut wire = webhook.trust().http1().expect("a connection");
            let (mut count, mut last) = (0_usize, None);
            while !over.load(Ordering::SeqCst) {
                wire.ask(body.as_bytes()).expect("sent");
                let answer = wire.answer().expect("an answer").expect("an answer");
                let most = begun.load(Ordering::SeqCst);
                let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
                let response = &body["response"];
                let policy = response["auditAnnotations"]["enforce-policy"].as_str().unwrap_or_default();
                let is = |(level, version): &(&str, String)| {
                    policy.split_once(':').is_some_and(|found| found == (*level, version.as_str()))
                };
                let at = policies.iter().position(is);
                if at.is_some() || last.is_some() {
                    // Never back, never ahead.
                    assert!(at >= last && at <= Some(most), "{last:?}, {most}: {body}");
                    let is_allowed = at.is_some_and(|at| policies[at].0 == "privileged");
                    assert_eq!(code(response), if is_allowed { 200 } else { 403 }, "{body}");
                    last = at;
                    seen.store(at.unwrap_or(usize::MAX), Ordering::SeqCst);
                    count += 1;
                }
            }
            count
        });
        let arrives = |i: usize| {
            let began = Instant::now();
            while seen.load(Ordering::SeqCst) != i {
                assert!(!asking.is_finished(), "an answer was wrong");
                let words = || format!("{i} has not arrived, {seen:?} has: {}", webhook.log());
                assert!(began.elapsed() < Duration::from_secs(5), "{}", words());
                std::thread::sleep(Duration::from_millis(5));
            }
            began.elapsed()
        };
        arrives(0);
        for i in 1..=FLIPS {
            // It watches again.
            std::thread::sleep(Duration::from_millis(300));
            let cuts = proxy.cuts();
            proxy.set(if i % 3 == 0 { Breaks::All } else { Breaks::Events });
            begun.store(i, Ordering::SeqCst);
            label(&control, "shop", &labels(i));
            std::thread::sleep(Duration::from_millis(500));
            proxy.set(Breaks::Nothing);
            times.push(arrives(i));
            assert!(proxy.cuts() > cuts, "nothing was cut");
        }
        drop(until);
        asking.join().expect("all answers were right")
    });
    println!("{asked} answers, {} cuts, after the network held {times:?}", proxy.cuts());
    assert!(asked > 20 * FLIPS, "{asked}");
    assert!(!webhook.log().contains("panicked"), "{}", webhook.log());
}

/// How long each watch has not heard of the API server is told, and is little again once it has.
#[test]
fn a_silent_watch_is_told() {
    let _others = QUIET.read().unwrap_or_else(PoisonError::into_inner);
    let control = ControlPlane::start_with(WITHOUT);
    define(&control);
    let proxy = Proxy::start(control.server());
    let mut webhook = Webhook::start_by(&control, "", &proxy.address());
    let silence = |webhook: &Webhook, resource: &str| -> Option<u64> {
        let (_, metrics) = webhook.get("/metrics")?;
        let line = format!("seawall_watch_silence_seconds{{resource=\"{resource}\"}} ");
        metrics.lines().find_map(|known| known.strip_prefix(&line)?.parse().ok())
    };
    let watched =
        ["namespaces", "podsecurityexceptions", "podsecurityexceptionpolicies", "podsecuritybreakglasses"];
    assert!(watched.iter().all(|resource| silence(&webhook, resource).is_some()));
    assert_eq!(silence(&webhook, "replicasets"), None, "nobody has exceptions");
    except(&control, "default", "p");
    webhook.wait("owners are followed", |webhook| silence(webhook, "replicasets").is_some());
    proxy.set(Breaks::All);
    // What the API server says ends the watch, and no other comes about.
    label(&control, "default", &[("warn", "baseline")]);
    webhook.wait("silent", |webhook| silence(webhook, "namespaces") > Some(7));
    assert!(proxy.cuts() > 1, "nothing was cut");
    // What is known holds.
    assert_eq!(webhook.get("/readyz").map(|(status, _)| status), Some(200));
    proxy.set(Breaks::Nothing);
    webhook.wait("heard of", |webhook| silence(webhook, "namespaces").is_some_and(|seconds| seconds < 7));
}

/// Everything that hostile clients do to a webhook at once. What comes back to them is never leave to do something.
struct Hostile<'h> {
    trust: &'h Trust,
    over: &'h AtomicBool,
    /// How often each kind was done.
    done: [AtomicUsize; 6],
}

impl Hostile<'_> {
    fn again(&self, kind: usize) -> bool {
        self.done[kind].fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        !self.over.load(Ordering::SeqCst)
    }

    /// Heads and bodies that come byte by byte.
    fn slow(&self) {
        let mut heads: Vec<Wire> = (0..150).map(|_| self.trust.http1().expect("a connection")).collect();
        let mut bodies: Vec<Wire> = (0..50).map(|_| self.trust.http1().expect("a connection")).collect();
        for (i, wire) in bodies.iter_mut().enumerate() {
            // As many large ones as there is room for beside those of others, which have to wait otherwise.
            wire.send(head(if i < 8 { 3_000_000 } else { 60_000 }).as_bytes()).expect("sent");
        }
        let bytes = b"POST /validate HTTP/1.1\r\nhost: x\r\nx-long: ";
        for i in 0.. {
            let byte = bytes.get(i).unwrap_or(&b'x');
            for wire in heads.iter_mut().chain(&mut bodies) {
                // It may have been hung up on.
                let _ = wire.send(&[*byte]);
            }
            if !self.again(0) {
                return;
            }
        }
    }

    /// What is no TLS, and what begins like it.
    fn malformed(&self) {
        let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
        let attempts: [&[u8]; 8] = [
            b"POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            &[0x16, 3, 1, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0xff],
            &hello,
            &[0x17, 3, 3, 0x40, 0],
            &[0x80, 0x2e, 1, 0, 2],
            &[0; 5000],
            &[0xff; 5000],
        ];
        loop {
            for bytes in attempts {
                let mut stream = self.trust.plain().expect("a connection");
                let _ = stream.write_all(bytes);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let mut back = Vec::new();
                let _ = stream.read_to_end(&mut back);
                // At most an alert.
                assert!(back.len() < 64, "{}", String::from_utf8_lossy(&back));
            }
            if !self.again(1) {
                return;
            }
        }
    }

    /// Bodies that end early, or that are no JSON.
    fn broken(&self) {
        let whole = review("shop", "p", &violating()).to_string();
        let with = |field: &str, text: &str| whole.replace(&format!("\"{field}\""), text).into_bytes();
        let bodies: Vec<Vec<u8>> = vec![
            whole.as_bytes()[..whole.len() / 2].to_vec(),
            vec![0; 10_000],
            [whole.as_bytes(), &[0]].concat(),
            with("hostPID", "\"\0\""),
            with("hostPID", "\"\u{1}\""),
            b"\xff\xfe{\0}\0".to_vec(),
            Vec::new(),
            b"null".to_vec(),
            b"{\"request\": null}".to_vec(),
            b"{".repeat(1000),
        ];
        // In a string this is no mistake for Go.
        let image = whole.find("\"i\"").expect("an image") + 1;
        let not_utf8 = [&whole.as_bytes()[..image], &[0xc3, 0x28, 0xff], &whole.as_bytes()[image..]].concat();
        loop {
            self.refused(&not_utf8, &[200]);
            let mut wire = self.trust.http1().expect("a connection");
            wire.send(head(100_000).as_bytes()).expect("sent");
            wire.send(whole.as_bytes()).expect("sent");
            drop(wire);
            for body in &bodies {
                self.refused(body, &[400]);
            }
            if !self.again(2) {
                return;
            }
        }
    }

    /// Asks on a connection of its own; the answer does not allow anything, and has one of these statuses.
    fn refused(&self, body: &[u8], statuses: &[u16]) {
        let mut wire = self.trust.http1().expect("a connection");
        // Who is refused early is not listened to.
        let _ = wire.ask(body);
        let begin = String::from_utf8_lossy(&body[..body.len().min(200)]);
        let Ok(Some(answer)) = wire.answer() else { panic!("no answer to {begin}") };
        let text = String::from_utf8_lossy(&answer.body);
        assert!(statuses.contains(&answer.status), "{}: {text}: {begin}", answer.status);
        if answer.status == 200 {
            let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert!(body["response"]["allowed"] == false, "{body}");
        }
    }

    /// Bodies of 3 MiB and more, whose length is told or not.
    fn huge(&self) {
        let huge = vec![b' '; 3 << 20];
        loop {
            let mut wire = self.trust.http1().expect("a connection");
            wire.send(head(huge.len()).as_bytes()).expect("sent");
            let answer = wire.answer().expect("an answer").expect("an answer");
            assert!(answer.status == 413 && answer.is_last);
            // Who sends it all the same is hung up on.
            let _ = wire.send(&huge);
            let mut wire = self.trust.http1().expect("a connection");
            let chunked = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
            wire.send(chunked.as_bytes()).expect("sent");
            for chunk in huge.chunks(1 << 16).chain(huge.chunks(1 << 16)) {
                let told = format!("{:x}\r\n", chunk.len());
                if wire.send(&[told.as_bytes(), chunk, b"\r\n"].concat()).is_err() {
                    break;
                }
            }
            let answer = wire.answer().expect("an answer");
            assert!(answer.is_none_or(|answer| answer.status == 413));
            if !self.again(3) {
                return;
            }
        }
    }

    /// Reviews within the bound that are as deep or as large as can be.
    fn deep(&self) {
        let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let arrays = deep("[", "]");
        let objects = deep("{\"a\":", "}");
        let long = "x".repeat(2_900_000);
        let many: Vec<String> = (0..60_000).map(|i| format!("\"label{i}\":\"{i}\"")).collect();
        let many = many.join(",");
        let of = |place: &str, value: &str| {
            let mut whole = review("shop", "p", &violating());
            let (parent, field) = place.rsplit_once('/').expect("a place");
            whole.pointer_mut(parent).expect("a parent")[field] = json!("HERE");
            whole.to_string().replace("\"HERE\"", value)
        };
        let mut all = vec![arrays.clone(), objects.clone(), "[".repeat(3_000_000)];
        for place in
            ["/apiVersion", "/request", "/request/object", "/request/object/spec", "/request/userInfo"]
        {
            all.extend([of(place, &arrays), of(place, &objects)]);
        }
        for parent in ["", "/request", "/request/object", "/request/object/spec", "/request/object/metadata"]
        {
            all.push(of(&format!("{parent}/unknown"), &arrays));
        }
        all.push(of("/request/object/spec/containers/0/image", &format!("\"{long}\"")));
        all.push(of("/request/object/spec/containers/0/name", &format!("\"{long}\"")));
        all.push(of("/request/namespace", &format!("\"{long}\"")));
        all.push(of("/request/name", &format!("\"{long}\"")));
        all.push(of("/request/uid", &format!("\"{long}\"")));
        all.push(of("/request/object/metadata", &format!("{{\"labels\":{{{many}}}}}")));
        let host = "{\"hostPID\":true,\"containers\":[";
        let containers = "{\"name\":\"c\",\"securityContext\":{\"privileged\":true}},".repeat(50_000);
        all.push(of("/request/object/spec", &format!("{host}{containers}{{\"name\":\"c\"}}]}}")));
        loop {
            for body in &all {
                assert!(body.len() < 3 << 20);
                self.refused(body.as_bytes(), &[200, 400]);
                if self.over.load(Ordering::SeqCst) && self.done[4].load(Ordering::SeqCst) > 0 {
                    return;
                }
            }
            if !self.again(4) {
                return;
            }
        }
    }

    /// Streams of HTTP/2 that are reset as soon as they are there, or never end.
    fn streams(&self) {
        let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
            let length = (payload.len() as u32).to_be_bytes();
            [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
        };
        // POST, https, / and the authority, by RFC 7541.
        let headers = [&[0x83, 0x87, 0x84, 0x41, 9][..], b"127.0.0.1"].concat();
        loop {
            for is_reset in [true, false] {
                let mut wire = self.trust.http2().expect("a connection");
                let mut bytes =
                    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, &[])].concat();
                for stream in (1..20_000).step_by(2) {
                    bytes.extend(frame(1, 4, stream, &headers));
                    if is_reset {
                        bytes.extend(frame(3, 0, stream, &[0, 0, 0, 8]));
                    }
                }
                let sent = wire.send(&bytes);
                assert!(sent.is_err() || wire.ends(), "{is_reset}: it goes on");
            }
            if !self.again(5) {
                return;
            }
        }
    }
}

/// Asks at a steady pace until it is over; how many answers there were, all of which were right, and the longest that one took.
fn steady(trust: &Trust, over: &AtomicBool) -> (usize, Duration) {
    let bodies = [(good(), 200), (violating(), 403)]
        .map(|(spec, code)| (review("shop", "p", &spec).to_string(), code));
    let mut wire = trust.http1().expect("a connection");
    let (mut count, mut slowest) = (0, Duration::ZERO);
    while !over.load(Ordering::SeqCst) {
        for (body, expected) in &bodies {
            let began = Instant::now();
            wire.ask(body.as_bytes()).expect("sent");
            let answer = wire.answer().expect("an answer").expect("an answer");
            slowest = slowest.max(began.elapsed());
            let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(code(&body["response"]), *expected, "{body}");
            count += 1;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    (count, slowest)
}

/// Lets this process and what it starts have as many files open as they may; how many that are.
fn raise_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[test]
fn hostile_clients_do_not_disturb_others() {
    const TIME: Duration = Duration::from_secs(8);
    /// The program needs 30 MiB here, where it is not optimised; 11,000 connections, a tenth of them with TLS, 70 MiB; the largest
    /// review, of 50,000 containers, 150 MiB while it is answered. Reviews of namespaces that are known are answered one by one.
    const MEMORY: u64 = 300 << 20;
    let _alone = QUIET.write().unwrap_or_else(PoisonError::into_inner);
    let files = raise_files();
    let connections = files.saturating_sub(1_000).min(10_000) as usize;
    assert!(connections >= 1_000, "too few files may be open: {files}");
    let control = ControlPlane::start_with(WITHOUT);
    let mut webhook = Webhook::start(&control, "");
    control.admin().create_namespace("shop", &[("enforce", "restricted")]);
    webhook.wait("by the labels", |webhook| {
        code(&webhook.post("/validate", &review("shop", "p", &violating())).body["response"]) == 403
    });
    let before = webhook.peak_memory();
    let over = AtomicBool::new(false);
    let hostile = Hostile { trust: webhook.trust(), over: &over, done: Default::default() };
    let trust = hostile.trust;
    let (count, slowest) = std::thread::scope(|scope| {
        let until = Until(&over);
        let hostile = &hostile;
        let attacks = [
            scope.spawn(|| hostile.slow()),
            scope.spawn(|| hostile.malformed()),
            scope.spawn(|| hostile.broken()),
            scope.spawn(|| hostile.huge()),
            scope.spawn(|| hostile.deep()),
            scope.spawn(|| hostile.streams()),
        ];
        let steady = scope.spawn(|| steady(trust, &over));
        let began = Instant::now();
        let mut plain: Vec<TcpStream> = Vec::new();
        let mut idle: Vec<Wire> = Vec::new();
        while plain.len() + idle.len() < connections {
            if plain.len() % 10 == 9 {
                idle.push(trust.http1().expect("a connection"));
            }
            plain.push(trust.plain().expect("a connection"));
        }
        println!("{connections} connections in {:?}", began.elapsed());
        while began.elapsed() < TIME {
            assert!(
                attacks.iter().all(|attack| !attack.is_finished()),
                "an attack has got what it should not"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(until);
        for attack in attacks {
            attack.join().expect("nothing was gained");
        }
        steady.join().expect("all answers were right")
    });
    let after = webhook.peak_memory();
    let done: Vec<usize> = hostile.done.iter().map(|done| done.load(Ordering::SeqCst)).collect();
    println!(
        "{count} answers, the slowest after {slowest:?}; {done:?} attacks; {} MiB before, {} MiB at most",
        before >> 20,
        after >> 20
    );
    assert!(done.iter().all(|done| *done > 0), "{done:?}");
    assert!(count > 100 && slowest < Duration::from_secs(1), "{count}, {slowest:?}");
    assert!(after < MEMORY, "{} MiB", after >> 20);
    webhook.wait("there", |webhook| webhook.get("/readyz").is_some_and(|(status, _)| status == 200));
    assert!(!webhook.log().contains("panicked"), "{}", webhook.log());
}

/// Clients go on asking when it is told to end. What they have begun is answered; where it is not, nothing of it was read.
#[test]
fn the_end_loses_no_review() {
    /// How long connections are still taken: `Limits::linger` of the server.
    const LINGER: Duration = Duration::from_secs(10);
    const ALMOST: Duration = Duration::from_millis(9_900);
    let _alone = QUIET.write().unwrap_or_else(PoisonError::into_inner);
    let control = ControlPlane::start_with(WITHOUT);
    let mut webhook = Webhook::start(&control, "");
    control.admin().create_namespace("shop", &[("enforce", "restricted")]);
    let violating = review("shop", "p", &violating()).to_string();
    webhook.wait("by the labels", |webhook| {
        code(&webhook.post("/validate", &serde_json::from_str(&violating).expect("JSON")).body["response"])
            == 403
    });
    let trust = webhook.trust().clone();
    let bodies = [(violating, 403), (review("shop", "p", &good()).to_string(), 200)];
    let assert_right = |answer: &seawall_e2e::wire::Answer, expected: u64| {
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!((answer.status, code(&body["response"])), (200, expected), "{body}");
    };
    // Asks until no connection comes about any more: how many were answered, on connections that were kept too, and when those
    // were that were not answered.
    let load = |of: usize| {
        let (mut answered, mut kept, mut lost) = (0_usize, 0_usize, Vec::new());
        while let Ok(mut wire) = trust.http1() {
            for i in 0.. {
                let (body, expected) = &bodies[(of + i) % 2];
                let sent = wire.ask(body.as_bytes());
                let answer = wire.answer().expect("a whole answer or none");
                let Some(answer) = answer else {
                    assert_eq!(i, 0, "a connection that was to be used again is gone: {sent:?}");
                    lost.push(Instant::now());
                    break;
                };
                assert_right(&answer, *expected);
                answered += 1;
                kept += usize::from(i > 0);
                if answer.is_last {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        (answered, kept, lost, Instant::now())
    };
    let (told, status, results) = std::thread::scope(|scope| {
        let running: Vec<_> = (0..6).map(|of| scope.spawn(move || load(of))).collect();
        std::thread::sleep(Duration::from_secs(1));
        let told = Instant::now();
        let ending = scope.spawn(|| webhook.terminate());
        // Begun shortly before the last connection is taken, over after it.
        std::thread::sleep(LINGER.saturating_sub(Duration::from_secs(2)));
        let mut begun: Vec<(Wire, &[u8], u64)> = Vec::new();
        for (i, (body, expected)) in bodies.iter().cycle().take(20).enumerate() {
            let mut wire = trust.http1().expect("a connection");
            let head = head(body.len());
            let (first, rest) = body.as_bytes().split_at(if i < 10 { 0 } else { body.len() / 2 });
            wire.send(&[head.as_bytes(), first].concat()).expect("sent");
            begun.push((wire, rest, *expected));
        }
        std::thread::sleep((LINGER + Duration::from_secs(2)).saturating_sub(told.elapsed()));
        assert!(trust.plain().is_err(), "a connection is taken after the end");
        for (mut wire, rest, expected) in begun {
            wire.send(rest).expect("sent");
            let answer = wire.answer().expect("an answer").expect("an answer");
            assert_right(&answer, expected);
            assert!(answer.is_last);
        }
        let results: Vec<_> = running.into_iter().map(|load| load.join().expect("all is right")).collect();
        (told, ending.join().expect("it ends"), results)
    });
    assert_eq!(status, Some(0));
    let mut all = (0, 0, 0);
    for (answered, kept, lost, ended) in results {
        assert!(ended > told + ALMOST, "no connection was taken too early");
        for at in &lost {
            assert!(*at > told + ALMOST, "{:?}", at.duration_since(told));
        }
        all = (all.0 + answered, all.1 + kept, all.2 + lost.len());
    }
    println!("{all:?} answered, of these on connections that were kept, and not taken");
    assert!(all.0 > 1000 && all.1 > 100 && all.2 <= 6, "{all:?}");
}
