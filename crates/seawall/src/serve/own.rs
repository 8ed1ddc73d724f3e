//! The certificates that a replica makes for itself: published in a Lease of its own, shown once the API server trusts them.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use seawall_cluster::{Error, Writer};
use seawall_server::{CertificateError, Certificates, SelfSigned};
use serde_json::{Value, json};

use super::bundle::{ANNOTATION, LABEL};
use super::ending::Ending;
use super::identity::Identity;
use super::lease;
use super::log::{Level, Told, log};
use super::registration::{Ours, Registration, pem};
use super::rotation::{Change, Rotation};
use super::status::Status;

/// How often a replica says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How often it looks whether the API server trusts what it waits for.
const LOOK: Duration = Duration::from_secs(1);

/// How long before it is made a certificate is valid: clocks differ.
const BEFORE: Duration = Duration::from_hours(1);

/// How long certificates may live: long enough to bring the next one to the API server, and not for ever.
const LIVES: RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_hours(24 * 3650);

/// A lifetime as text, such as `90d`.
pub(crate) fn lifetime(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("it is a number with s, m, h or d, such as 90d".to_owned()),
    };
    let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let lifetime = seconds.map(Duration::from_secs).filter(|lifetime| LIVES.contains(lifetime));
    lifetime.ok_or_else(|| "it is a number with s, m, h or d, from 30s to 3650d".to_owned())
}

/// A replica with certificates of its own.
pub(super) struct Own {
    identity: Identity,
    names: Vec<String>,
    ours: Ours,
    registrations: Vec<Registration>,
    lifetime: Duration,
    rotation: Rotation<SelfSigned>,
    certificates: Certificates,
    status: Arc<Status>,
    /// The Lease as it was written last.
    lease: Option<Value>,
    /// When that was.
    written: Option<Instant>,
    told: Told,
}

fn make(names: &[String], lifetime: Duration) -> Result<(SelfSigned, SystemTime), CertificateError> {
    let now = SystemTime::now();
    let made = SelfSigned::new(names, now - BEFORE, now + lifetime)?;
    log(Level::Info, "a certificate is made", &[("until", &lease::micro_time(now + lifetime))]);
    Ok((made, now))
}

impl Own {
    /// Makes the first certificate.
    pub(super) fn new(
        identity: &Identity,
        names: Vec<String>,
        ours: Ours,
        registrations: Vec<Registration>,
        lifetime: Duration,
        status: Arc<Status>,
    ) -> Result<Self, CertificateError> {
        let (made, at) = make(&names, lifetime)?;
        let certificates = Certificates::self_signed(&made);
        let rotation = Rotation::new(made, at, lifetime);
        status.show_until(rotation.until());
        status.wait_for(Some("the certificate has not been published yet".to_owned()));
        Ok(Self {
            identity: identity.clone(),
            names,
            ours,
            registrations,
            lifetime,
            rotation,
            certificates,
            status,
            lease: None,
            written: None,
            told: Told::default(),
        })
    }

    /// What the server shows.
    pub(super) fn certificates(&self) -> Certificates {
        self.certificates.clone()
    }

    /// Publishes and renews until the end; then the Lease goes.
    pub(super) fn start(mut self, writer: Arc<Writer>, ending: Arc<Ending>) -> JoinHandle<()> {
        std::thread::spawn(move || {
            loop {
                match self.turn(&writer) {
                    Ok(()) => self.told.over(),
                    // Another one wrote the Lease: it is read and written again.
                    Err(error) if error.status() == Some(409) => {}
                    Err(error) => {
                        let message = "the certificate cannot be brought to the API server";
                        self.told.tell(Level::Error, message, &error);
                        if !self.rotation.is_ready() {
                            self.status.wait_for(Some(format!("{message}: {error}")));
                        }
                    }
                }
                if ending.within(LOOK) {
                    break;
                }
            }
            if let Some(object) = &self.lease {
                let name = self.identity.lease();
                let place = lease::one(&self.identity.namespace, &name);
                if let Err(error) = writer.delete(place, lease::version(object)) {
                    log(Level::Warning, "the Lease of this replica stays", &[("error", &error)]);
                }
            }
        })
    }

    fn turn(&mut self, writer: &Writer) -> Result<(), Error> {
        if self.rotation.is_due(SystemTime::now()) {
            match make(&self.names, self.lifetime) {
                Ok((made, at)) => {
                    self.rotation.follow(made, at);
                    self.written = None;
                }
                Err(error) => log(Level::Error, "no new certificate", &[("error", &error)]),
            }
        }
        if self.written.is_none_or(|written| written.elapsed() >= HEARTBEAT) {
            self.publish(writer)?;
        }
        let Some(awaited) = self.rotation.awaited() else { return Ok(()) };
        let missing = missing(writer, &self.ours, &self.registrations, awaited.der())?;
        match self.rotation.see(missing.is_none(), Instant::now()) {
            Change::None => {}
            Change::Ready => log(Level::Info, "the API server trusts the certificate", &[]),
            Change::Shown => {
                self.certificates.replace_by(self.rotation.shown());
                self.status.show_until(self.rotation.until());
                log(Level::Info, "the next certificate is in use", &[]);
                // The old one may go.
                self.written = None;
            }
        }
        let waiting =
            missing.unwrap_or_else(|| "the API server has just learnt to trust the certificate".to_owned());
        self.status.wait_for((!self.rotation.is_ready()).then_some(waiting));
        Ok(())
    }

    /// Writes the Lease of this replica as it has to be now.
    fn publish(&mut self, writer: &Writer) -> Result<(), Error> {
        let name = self.identity.lease();
        let place = lease::one(&self.identity.namespace, &name);
        let known = match self.lease.take() {
            Some(object) => Some(object),
            None => match writer.get(place) {
                Ok(object) => Some(object),
                Err(error) if error.status() == Some(404) => None,
                Err(error) => return Err(error),
            },
        };
        let certificates: Vec<&[u8]> = self.rotation.all().map(SelfSigned::der).collect();
        let wanted = filled(known.as_ref(), &self.identity, &certificates, SystemTime::now());
        let written = match known {
            None => writer.create(lease::all(&self.identity.namespace, ""), &wanted)?,
            Some(known) => writer.replace(place, lease::version(&known), &wanted)?,
        };
        self.lease = Some(written);
        self.written = Some(Instant::now());
        Ok(())
    }
}

/// The Lease of a replica with these certificates, from the one that is there.
fn filled(known: Option<&Value>, identity: &Identity, certificates: &[&[u8]], clock: SystemTime) -> Value {
    let mut object = known.cloned().unwrap_or_else(|| lease::new(&identity.lease(), &json!({})));
    let text: String = certificates.iter().map(|der| pem(der)).collect();
    object["metadata"]["labels"][LABEL] = identity.service.clone().into();
    object["metadata"]["annotations"][ANNOTATION] = text.into();
    if let Some(uid) = &identity.pod_uid {
        // Kubernetes removes it with the pod.
        object["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": "Pod", "name": identity.replica, "uid": uid}]);
    }
    object["spec"]["holderIdentity"] = identity.replica.clone().into();
    object["spec"]["leaseDurationSeconds"] = (HEARTBEAT.as_secs() * 3).into();
    object["spec"]["renewTime"] = lease::micro_time(clock).into();
    object
}

/// Which configuration does not trust a certificate, in words; `None` if all do.
fn missing(
    writer: &Writer,
    ours: &Ours,
    registrations: &[Registration],
    certificate: &[u8],
) -> Result<Option<String>, Error> {
    for registration in registrations {
        let object = match writer.get(registration.place()) {
            Ok(object) => object,
            Err(error) if error.status() == Some(404) => {
                return Ok(Some(format!("there is no {registration}")));
            }
            Err(error) => return Err(error),
        };
        if !ours.is_in(&object) {
            return Ok(Some(format!("no webhook of {registration} leads to this service")));
        }
        if !ours.trusts(&object, certificate) {
            return Ok(Some(format!("the caBundle of {registration} does not have the certificate yet")));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn lifetimes_have_a_unit_and_bounds() {
        let seconds = |text: &str| lifetime(text).map(|lifetime| lifetime.as_secs());
        assert_eq!(["30s", "5m", "36h", "90d"].map(seconds), [30, 300, 129_600, 7_776_000].map(Ok));
        assert_eq!(seconds("3650d"), Ok(315_360_000));
        for wrong in
            ["", "90", "d", "29s", "0d", "3651d", "-1d", "1w", "1.5h", "9999999999999999999d", "1 d", "1D"]
        {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_lease_keeps_what_others_wrote_and_says_what_is_needed() {
        let identity = Identity::new("webhook", Some("b"), "", |name| {
            [("POD_NAME", "a-1"), ("POD_UID", "u")]
                .into_iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| v.to_owned())
        });
        let made = filled(None, &identity, &[b"abc"], UNIX_EPOCH);
        assert_eq!(made["metadata"]["name"], "webhook-a-1");
        assert_eq!(made["metadata"]["labels"], json!({"seawall.dev/service": "webhook"}));
        assert_eq!(made["metadata"]["ownerReferences"][0]["uid"], "u");
        assert_eq!(
            made["metadata"]["annotations"]["seawall.dev/certificates"],
            "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"
        );
        let mut known = made.clone();
        known["metadata"]["resourceVersion"] = "7".into();
        known["metadata"]["labels"]["other"] = "x".into();
        let again = filled(Some(&known), &identity, &[], UNIX_EPOCH + Duration::from_secs(1));
        assert_eq!(again["metadata"]["resourceVersion"], "7");
        assert_eq!(again["metadata"]["labels"]["other"], "x");
        assert_eq!(again["spec"]["renewTime"], "1970-01-01T00:00:01.000000Z");
        assert_eq!(again["metadata"]["annotations"]["seawall.dev/certificates"], "");
    }
}
