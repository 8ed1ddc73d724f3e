//! What the API server is to trust: the certificates of all replicas, collected and written by the leader.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

use seawall_cluster::{Error, Listed, Writer};
use seawall_server::{not_after, read_certificates};
use serde_json::Value;

use super::identity::Identity;
use super::leader::{Duty, Leader};
use super::lease;
use super::log::{Level, Told, log};
use super::registration::{Ours, Registration};

/// The annotation with the certificates of a replica, as PEM.
pub(super) const ANNOTATION: &str = "seawall.dev/certificates";

/// The label that finds the Leases of all replicas; its value is the service.
pub(super) const LABEL: &str = "seawall.dev/service";

/// How long a certificate that no replica names any more is still trusted: longer than a replica that ends goes on answering.
const KEEP: Duration = Duration::from_mins(2);

/// How long a replica that says nothing is believed to answer still: it may be cut off from the API server and not the API server
/// from it.
const GONE: Duration = Duration::from_hours(1);

/// The same where its certificates are of no use any more.
const EXPIRED: Duration = Duration::from_mins(1);

/// Leases of a page.
const PAGE: usize = 500;

/// How often a change that another one came before is made anew.
const ATTEMPTS: u32 = 5;

/// What a replica says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Replica {
    lease: String,
    version: String,
    renewed: String,
    certificates: Vec<Vec<u8>>,
}

impl Replica {
    fn read(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        Self {
            lease: text(&metadata["name"]),
            version: lease::version(object).to_owned(),
            renewed: text(&object["spec"]["renewTime"]),
            certificates: read_certificates(text(&metadata["annotations"][ANNOTATION]).as_bytes()),
        }
    }
}

/// What the leader knows of the replicas. Times are those of its own clock: when it saw something last.
#[derive(Debug, Default)]
struct Memory {
    certificates: BTreeMap<Vec<u8>, Instant>,
    /// The last sign of life by Lease, and since when there was no other.
    heard: HashMap<String, (String, Instant)>,
}

impl Memory {
    /// Begins with what is trusted already: it may be a replica's that is not heard of at the moment.
    fn new(trusted: impl IntoIterator<Item = Vec<u8>>, now: Instant) -> Self {
        Self { certificates: trusted.into_iter().map(|der| (der, now)).collect(), heard: HashMap::new() }
    }

    /// Takes in what replicas say: all certificates that are to be trusted, in an order of their own, and the replicas that are gone.
    fn learn<'r>(
        &mut self,
        replicas: &'r [Replica],
        now: Instant,
        clock: SystemTime,
    ) -> (Vec<Vec<u8>>, Vec<&'r Replica>) {
        let there: HashSet<&str> = replicas.iter().map(|replica| replica.lease.as_str()).collect();
        self.heard.retain(|lease, _| there.contains(lease.as_str()));
        let mut gone = Vec::new();
        for replica in replicas {
            let heard =
                self.heard.entry(replica.lease.clone()).or_insert_with(|| (replica.renewed.clone(), now));
            if heard.0 != replica.renewed {
                *heard = (replica.renewed.clone(), now);
            }
            let silence = now.duration_since(heard.1);
            let is_over = |der: &Vec<u8>| not_after(der).is_ok_and(|until| until < clock);
            if silence >= GONE || (silence >= EXPIRED && replica.certificates.iter().all(is_over)) {
                gone.push(replica);
                continue;
            }
            for certificate in &replica.certificates {
                self.certificates.insert(certificate.clone(), now);
            }
        }
        self.certificates.retain(|_, seen| now.duration_since(*seen) < KEEP);
        (self.certificates.keys().cloned().collect(), gone)
    }
}

/// Keeps the `caBundle`s as they have to be.
#[derive(Debug)]
pub(super) struct Bundle {
    identity: Identity,
    ours: Ours,
    registrations: Vec<Registration>,
    /// Of the time in a row in which this replica leads.
    memory: Option<(u64, Memory)>,
    told: Told,
}

impl Bundle {
    pub(super) fn new(identity: &Identity, ours: Ours, registrations: &[Registration]) -> Self {
        let (identity, registrations) = (identity.clone(), registrations.to_vec());
        Self { identity, ours, registrations, memory: None, told: Told::default() }
    }

    fn try_to(&mut self, writer: &Writer, leader: &Leader) -> Result<(), Error> {
        let Some(term) = leader.term() else { return Ok(()) };
        // What is not there trusts nothing, and is looked for again.
        let mut found = Vec::new();
        for registration in &self.registrations {
            match writer.get(registration.place()) {
                Ok(object) => found.push((registration, object)),
                Err(error) if error.status() == Some(404) => {}
                Err(error) => return Err(error),
            }
        }
        let replicas = replicas(writer, &self.identity)?;
        let now = Instant::now();
        if self.memory.as_ref().is_none_or(|(known, _)| *known != term) {
            let trusted = found.iter().flat_map(|(_, object)| self.ours.trusted(object));
            self.memory = Some((term, Memory::new(trusted, now)));
        }
        let Some((_, memory)) = &mut self.memory else { return Ok(()) };
        let (certificates, gone) = memory.learn(&replicas, now, SystemTime::now());
        // Before any replica has said something there is nothing better than what is there.
        if !certificates.is_empty() {
            for (registration, object) in found {
                trust(writer, leader, &self.ours, registration, object, &certificates)?;
            }
        }
        for replica in gone {
            if !leader.is_leader() {
                break;
            }
            let place = lease::one(&self.identity.namespace, &replica.lease);
            match writer.delete(place, &replica.version) {
                Ok(()) => log(Level::Info, "a replica is gone", &[("lease", &replica.lease)]),
                // It is there after all, or another one was faster.
                Err(error) if matches!(error.status(), Some(404 | 409)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Duty for Bundle {
    fn perform(&mut self, writer: &Writer, leader: &Leader) {
        match self.try_to(writer, leader) {
            Ok(()) => self.told.over(),
            Err(error) => {
                let message = "the certificates of the replicas cannot be brought to the API server";
                self.told.tell(Level::Error, message, &error);
            }
        }
    }
}

/// What all replicas say.
fn replicas(writer: &Writer, identity: &Identity) -> Result<Vec<Replica>, Error> {
    let selector = format!("{LABEL}={}", identity.service);
    let mut found = Vec::new();
    let mut problem = None;
    let listed = writer.reader().list(lease::all(&identity.namespace, &selector), PAGE, |page| {
        match serde_json::from_slice::<Value>(&page.json) {
            Ok(list) => found.extend(list["items"].as_array().into_iter().flatten().map(Replica::read)),
            Err(error) => problem = Some(error.to_string()),
        }
    })?;
    match (listed, problem) {
        (Listed::Whole { .. }, None) => Ok(found),
        (Listed::Forbidden { message }, _) => Err(Error::Refused { status: 403, message }),
        (Listed::NotServed, _) => {
            Err(Error::Refused { status: 404, message: "the API server has no Leases".to_owned() })
        }
        (_, Some(problem)) => Err(Error::Answer { path: "leases".to_owned(), problem }),
    }
}

/// Has a configuration trust these certificates, if it does not.
fn trust(
    writer: &Writer,
    leader: &Leader,
    ours: &Ours,
    registration: &Registration,
    mut object: Value,
    certificates: &[Vec<u8>],
) -> Result<(), Error> {
    for attempt in 1.. {
        let Some(patch) = ours.patch(&object, certificates) else { return Ok(()) };
        if !leader.is_leader() {
            return Ok(());
        }
        match writer.merge_patch(registration.place(), Some(lease::version(&object)), &patch) {
            Ok(_) => {
                let count = certificates.len();
                log(Level::Info, "caBundle written", &[("in", registration), ("certificates", &count)]);
                return Ok(());
            }
            Err(error) if error.status() == Some(409) && attempt < ATTEMPTS => {
                object = writer.get(registration.place())?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use seawall_server::SelfSigned;

    use super::super::registration::pem;
    use super::*;

    const FAR: u64 = 4_000_000_000;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn certificate(until: u64) -> Vec<u8> {
        SelfSigned::new(&["a".to_owned()], UNIX_EPOCH, at(until)).unwrap().der().to_vec()
    }

    fn replica(lease: &str, renewed: &str, certificates: &[&Vec<u8>]) -> Replica {
        let annotation: String = certificates.iter().map(|der| pem(der)).collect();
        Replica::read(&serde_json::json!({
            "metadata": {"name": lease, "resourceVersion": "7", "annotations": {ANNOTATION: annotation}},
            "spec": {"renewTime": renewed},
        }))
    }

    fn sorted(certificates: &[&Vec<u8>]) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = certificates.iter().map(|der| (*der).clone()).collect();
        all.sort();
        all
    }

    #[test]
    fn all_that_replicas_name_is_trusted_once() {
        let (a, b, c) = (certificate(FAR), certificate(FAR), certificate(FAR));
        let now = Instant::now();
        let replicas = [replica("x", "1", &[&a, &b]), replica("y", "1", &[&c, &a]), replica("z", "1", &[])];
        let (bundle, gone) = Memory::default().learn(&replicas, now, at(10));
        assert_eq!(bundle, sorted(&[&a, &b, &c]));
        assert!(gone.is_empty(), "{gone:?}");
    }

    #[test]
    fn what_no_replica_names_is_trusted_for_a_while() {
        let (old, new, foreign) = (certificate(FAR), certificate(FAR), certificate(FAR));
        let start = Instant::now();
        let mut memory = Memory::new([foreign.clone()], start);
        let learn = |memory: &mut Memory, after: u64, certificate: &Vec<u8>| {
            let replicas = [replica("x", &after.to_string(), &[certificate])];
            memory.learn(&replicas, start + Duration::from_secs(after), at(10)).0
        };
        assert_eq!(learn(&mut memory, 0, &old), sorted(&[&old, &foreign]));
        assert_eq!(learn(&mut memory, 60, &old), sorted(&[&old, &foreign]));
        assert_eq!(learn(&mut memory, 119, &new), sorted(&[&old, &new, &foreign]));
        assert_eq!(learn(&mut memory, 120, &new), sorted(&[&old, &new]));
        assert_eq!(learn(&mut memory, 179, &new), sorted(&[&old, &new]));
        assert_eq!(learn(&mut memory, 180, &new), [new]);
    }

    #[test]
    fn silence_is_no_end_until_it_is_long() {
        let certificate = certificate(1000);
        let start = Instant::now();
        let silent = [replica("x", "1", &[&certificate])];
        let mut memory = Memory::default();
        let mut is_gone = |after: u64, clock: u64, replicas: &[Replica]| {
            let (bundle, gone) = memory.learn(replicas, start + Duration::from_secs(after), at(clock));
            assert!(!gone.is_empty() || bundle == [certificate.clone()]);
            !gone.is_empty()
        };
        assert!(!is_gone(0, 0, &silent));
        // Somebody's clock is wrong: it is there, and so is its certificate.
        assert!(!is_gone(59, 2000, &silent));
        assert!(!is_gone(3599, 0, &silent));
        assert!(is_gone(3600, 0, &silent));
        assert!(is_gone(60, 2000, &silent));
        assert!(!is_gone(3600, 2000, &[replica("x", "2", &[&certificate])]), "it says something again");
        // The Lease was made anew in between.
        assert!(!is_gone(9000, 0, &[replica("y", "1", &[&certificate])]));
        assert!(!is_gone(9001, 0, &[replica("x", "2", &[&certificate])]));
    }

    #[test]
    fn what_cannot_be_read_is_no_certificate() {
        let object = serde_json::json!({"metadata": {"name": "x", "annotations": {ANNOTATION: "garbage"}}});
        assert_eq!(Replica::read(&object).certificates, [[0; 0]; 0]);
        assert_eq!(Replica::read(&Value::Null).certificates, [[0; 0]; 0]);
    }
}
