//! Certificates that the webhook makes for itself: trusted before it is asked, renewed while it is, by whoever leads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use seawall_e2e::replica::{
    LEASES, NAMESPACE, REGISTRATIONS, Replica, SERVICE, Service, grant, leasing, reading, trusting,
};
use seawall_e2e::{Client, ControlPlane};
use serde_json::{Value, json};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// A control plane that leaves pods to the webhook, whose replicas have all rights.
fn control() -> (ControlPlane, Service) {
    let control = ControlPlane::start_with(&["--disable-admission-plugins=PodSecurity"]);
    let service = Service::start(&control);
    grant(&control, "reading", None, &reading());
    control.admin().create_namespace("shop", &[("enforce", "baseline")]);
    (control, service)
}

fn allow(control: &ControlPlane) {
    grant(control, "trusting", None, &trusting());
    grant(control, "leasing", Some(NAMESPACE), &leasing());
}

fn registration() -> String {
    format!("{REGISTRATIONS}/{SERVICE}")
}

/// The certificates that the API server trusts, as PEM.
fn bundle(admin: &Client) -> String {
    let object = admin.get(&registration()).expect("an answer").body;
    let text = object["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap_or_default();
    String::from_utf8(seawall_e2e::from_base64(text)).expect("PEM")
}

fn count(bundle: &str) -> usize {
    bundle.matches(BEGIN).count()
}

/// The certificate of a replica, as its Lease has it.
fn published(admin: &Client, replica: &str) -> String {
    let object = admin.get(&format!("{LEASES}/{SERVICE}-{replica}")).expect("an answer").body;
    object["metadata"]["annotations"]["seawall.dev/certificates"].as_str().unwrap_or_default().to_owned()
}

fn lease(admin: &Client) -> Value {
    admin.get(&format!("{LEASES}/{SERVICE}")).expect("an answer").body["spec"].clone()
}

fn overwrite(admin: &Client, with: &str) {
    let mut webhooks = admin.get(&registration()).expect("an answer").body["webhooks"].clone();
    webhooks[0]["clientConfig"]["caBundle"] = with.into();
    let answer = admin.patch(&registration(), &json!({"webhooks": webhooks})).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// What the API server answers to a pod: the status and the message.
fn create(admin: &Client, host_pid: bool) -> (u16, String) {
    let spec = json!({"hostPID": host_pid, "containers": [{"name": "c", "image": "i"}]});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
    let answer = admin.post("/api/v1/namespaces/shop/pods?dryRun=All", &pod).expect("an answer");
    (answer.status, answer.message().to_owned())
}

fn assert_answers(admin: &Client) {
    assert_eq!(create(admin, false), (201, String::new()));
    let (status, message) = create(admin, true);
    assert_eq!(status, 403);
    assert!(
        message.contains("violates PodSecurity \"baseline:latest\": host namespaces (hostPID=true)"),
        "{message}"
    );
}

/// One replica: it is not ready before it is trusted, answers at once when it is, mends what others write over, and leaves nothing.
#[test]
fn it_is_trusted_when_it_is_ready() {
    let (control, service) = control();
    allow(&control);
    let admin = control.admin();
    let both = ["--webhook-configuration", "seawall-webhook,mutating/seawall-webhook"];
    let mut replica = Replica::start(&control, "a", &both);
    service.set(&[&replica]);
    let mut misses = |what: &str| {
        let said = format!("there is no {what} `seawall-webhook`");
        replica.wait(&said, |replica| replica.get("/readyz") == Some((503, said.clone())));
    };
    misses("ValidatingWebhookConfiguration");
    service.register(&control);
    misses("MutatingWebhookConfiguration");
    // Longer than it takes once all is there.
    std::thread::sleep(Duration::from_secs(6));
    misses("MutatingWebhookConfiguration");
    service.register_to_mutate(&control);
    replica.wait("ready", Replica::is_ready);
    assert_answers(admin);
    let first = bundle(admin);
    assert_eq!(first, published(admin, "a"));
    let template = json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "t"},
        "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}});
    let answer = admin.post("/api/v1/namespaces/shop/podtemplates?dryRun=All", &template).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
    let record = lease(admin);
    assert_eq!((&record["holderIdentity"], &record["leaseTransitions"]), (&json!("a"), &json!(0)));
    assert_eq!(record["leaseDurationSeconds"], 15);
    assert_eq!(replica.metric("seawall_leader"), Some(1));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let left = replica.metric("seawall_certificate_expiry_timestamp_seconds").expect("a metric") - now;
    assert!((89 * 86_400..=90 * 86_400).contains(&left), "{left}");

    for (i, other) in ["", "Z2FyYmFnZQ==", &control.authority_as_base64()].into_iter().enumerate() {
        overwrite(admin, other);
        let begun = Instant::now();
        replica.wait("mended", |_| bundle(admin) == first);
        assert!(begun.elapsed() < Duration::from_secs(10), "{i}: {:?}", begun.elapsed());
        replica.wait("asked again", |_| create(admin, false).0 == 201);
        assert_answers(admin);
    }
    assert_eq!(replica.terminate(), Some(0));
    assert_eq!(lease(admin)["holderIdentity"].as_str().unwrap_or_default(), "");
    assert_eq!(admin.get(&format!("{LEASES}/{SERVICE}-a")).expect("an answer").status, 404);
}

/// Several replicas: all are trusted, whoever leads, and after the leader was killed another one leads.
#[test]
fn another_one_leads_when_the_leader_is_gone() {
    let (mut control, service) = control();
    allow(&control);
    service.register(&control);
    let admin = &control.admin().clone();
    let mut replicas = ["a", "b"].map(|name| Replica::start(&control, name, &[]));
    for replica in &mut replicas {
        replica.wait("ready", Replica::is_ready);
    }
    let both = bundle(admin);
    assert_eq!(count(&both), 2);
    for (name, replica) in ["a", "b"].into_iter().zip(&replicas) {
        assert!(both.contains(&published(admin, name)), "{name}");
        assert_eq!(replica.is_trusted_by(&both), Ok(()));
        service.set(&[replica]);
        assert_answers(admin);
    }
    // What trusts one replica does not trust another.
    assert!(replicas[0].is_trusted_by(&published(admin, "b")).is_err());
    let leads = |replica: &Replica| replica.metric("seawall_leader") == Some(1);
    assert_eq!(replicas.iter().filter(|replica| leads(replica)).count(), 1);

    let [mut leader, mut other] = replicas;
    if leads(&other) {
        std::mem::swap(&mut leader, &mut other);
    }
    let held = lease(admin)["holderIdentity"].clone();
    leader.kill();
    let killed = Instant::now();
    other.wait("leading", |other| leads(other));
    let took = killed.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(30)).contains(&took), "{took:?}");
    let record = lease(admin);
    assert_ne!(record["holderIdentity"], held);
    assert_eq!(record["leaseTransitions"], 1);
    // A third one is brought in by the new leader; of the one that was killed nobody knows that it is gone.
    let mut third = Replica::start(&control, "c", &[]);
    third.wait("ready", Replica::is_ready);
    let all = bundle(admin);
    assert_eq!(count(&all), 3);
    for certificate in both.split_inclusive("-----END CERTIFICATE-----\n") {
        assert!(all.contains(certificate));
    }
    service.set(&[&third, &other]);
    assert_answers(admin);
    // One that ends lets others lead at once.
    let ended = Instant::now();
    assert_eq!(other.terminate(), Some(0));
    third.wait("leading", leads);
    assert!(ended.elapsed() < Duration::from_secs(20), "{:?}", ended.elapsed());
    assert_eq!(lease(admin)["leaseTransitions"], 2);
    service.set(&[&third]);
    assert_answers(admin);
    // Without the API server nobody leads, and all else goes on.
    control.kill_api_server();
    third.wait("not leading", |third| third.metric("seawall_leader") == Some(0));
    assert!(third.is_ready());
    assert_eq!(third.is_trusted_by(&all), Ok(()));
    assert_eq!(third.terminate(), Some(0));
}

/// Certificates that follow each other quickly, while pods are created all the time: nobody is ever refused a connection.
#[test]
fn certificates_follow_each_other_unnoticed() {
    const USED: &str = "the next certificate is in use";
    let (control, service) = control();
    allow(&control);
    service.register(&control);
    let admin = control.admin();
    // One that has gone long ago.
    let gone = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "seawall-webhook-gone", "labels": {"seawall.dev/service": SERVICE}}, "spec": {}});
    assert_eq!(admin.post(LEASES, &gone).expect("an answer").status, 201);
    let mut replicas =
        ["a", "b"].map(|name| Replica::start(&control, name, &["--certificate-lifetime", "45s"]));
    for replica in &mut replicas {
        replica.wait("ready", Replica::is_ready);
    }
    service.set(&[&replicas[0], &replicas[1]]);
    let first = bundle(admin);

    let over = AtomicBool::new(false);
    let (asked, connected) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let faults = Mutex::new(Vec::new());
    let fault = |what: String| faults.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    let [a, b] = &replicas;
    std::thread::scope(|scope| {
        for host_pid in [false, true] {
            let (over, asked, fault) = (&over, &asked, &fault);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let (status, message) = create(admin, host_pid);
                    let right = if host_pid {
                        status == 403 && message.contains("hostPID=true")
                    } else {
                        status == 201
                    };
                    if !right {
                        fault(format!("{status}: {message}"));
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // The API server keeps its connections: these are new ones of clients that trust what it trusts.
        for replica in [a, b] {
            let (over, connected, fault) = (&over, &connected, &fault);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    if let Err(error) = replica.is_trusted_by(&bundle(admin)) {
                        fault(error);
                    }
                    connected.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
        let deadline = Instant::now() + Duration::from_mins(3);
        let done = || [a, b].iter().all(|replica| replica.log().matches(USED).count() >= 2);
        while !done() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(200));
        }
        over.store(true, Ordering::Relaxed);
    });
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (asked, connected) = (asked.into_inner(), connected.into_inner());
    assert!(
        faults.is_empty(),
        "{} of {asked} and {connected}: {:?}",
        faults.len(),
        &faults[..faults.len().min(5)]
    );
    for replica in [a, b] {
        assert!(replica.log().matches(USED).count() >= 2, "{}", replica.log());
    }
    assert!(asked > 500 && connected > 500, "{asked}, {connected}");
    // Those of the beginning have expired: others are trusted now.
    let last = bundle(admin);
    for replica in [a, b] {
        assert_eq!(replica.is_trusted_by(&last), Ok(()));
        assert!(replica.is_trusted_by(&first).is_err());
    }
    assert_eq!(admin.get(&format!("{LEASES}/seawall-webhook-gone")).expect("an answer").status, 404);
}

/// Without its rights it is not ready and says which is missing; with them it goes on by itself.
#[test]
fn missing_rights_are_named() {
    let (control, service) = control();
    service.register(&control);
    let mut replica = Replica::start(&control, "a", &[]);
    replica.wait("told", |replica| {
        let log = replica.log();
        log.contains("cannot get resource \\\"leases\\\" in API group \\\"coordination.k8s.io\\\" in the namespace \\\"seawall\\\"")
            && replica.get("/readyz").is_some_and(|(status, text)| status == 503 && text.contains("leases"))
    });
    grant(&control, "leasing", Some(NAMESPACE), &leasing());
    replica.wait("told", |replica| {
        let right = "cannot get resource \\\"validatingwebhookconfigurations\\\"";
        replica.log().contains(right)
            && replica.get("/readyz").is_some_and(|(status, text)| {
                status == 503 && text.contains("cannot get resource \"validatingwebhookconfigurations\"")
            })
    });
    let mut seeing = trusting();
    seeing[0]["verbs"] = json!(["get"]);
    grant(&control, "seeing", None, &seeing);
    replica.wait("told", |replica| {
        replica.log().contains("cannot patch resource \\\"validatingwebhookconfigurations\\\"")
    });
    let waiting = replica.get("/readyz").expect("an answer");
    let said =
        "the caBundle of ValidatingWebhookConfiguration `seawall-webhook` does not have the certificate yet";
    assert_eq!(waiting, (503, said.to_owned()));
    // The same is not said again and again.
    std::thread::sleep(Duration::from_secs(5));
    let said = |what: &str| replica.log().lines().filter(|line| line.contains(what)).count();
    assert_eq!(said("cannot patch resource"), 1, "{}", replica.log());
    grant(&control, "trusting", None, &trusting());
    service.set(&[&replica]);
    replica.wait("ready", Replica::is_ready);
    assert_answers(control.admin());
}
