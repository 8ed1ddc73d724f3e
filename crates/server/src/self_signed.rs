//! Certificates that are made here, and what can be told of any certificate.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use yasna::Tag;
use yasna::tags::{TAG_GENERALIZEDTIME, TAG_UTCTIME};

use crate::certificates::CertificateError;

/// A certificate for servers that its own key has signed, with that key, which exists in memory alone. It can sign no others: who
/// trusts it trusts one key.
#[derive(Clone)]
pub struct SelfSigned {
    pair: Arc<CertifiedKey>,
    der: Vec<u8>,
}

impl fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelfSigned").finish_non_exhaustive()
    }
}

impl SelfSigned {
    /// Makes a key (ECDSA, P-256) and its certificate for these names, DNS names or IP addresses, valid between two times.
    pub fn new(names: &[String], from: SystemTime, until: SystemTime) -> Result<Self, CertificateError> {
        let wrong = |why: &dyn fmt::Display| CertificateError::Made(why.to_string());
        let mut params = CertificateParams::new(names).map_err(|e| wrong(&e))?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "seawall self-signed");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let since = |time: SystemTime| {
            Duration::from_secs(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
        };
        params.not_before = epoch + since(from);
        params.not_after = epoch + since(until);
        let key = rcgen::KeyPair::generate().map_err(|e| wrong(&e))?;
        let der = params.self_signed(&key).map_err(|e| wrong(&e))?.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let pair = CertifiedKey::from_der(vec![der.clone()], key, &ring::default_provider())
            .map_err(|e| CertificateError::Pair(e.to_string()))?;
        Ok(Self { pair: Arc::new(pair), der: der.to_vec() })
    }

    /// The certificate as DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn pair(&self) -> Arc<CertifiedKey> {
        self.pair.clone()
    }
}

/// The certificates in a PEM text as DER. What is none that a client could be told to trust is passed over, and everything behind
/// what is no PEM, as Go does (`crypto/x509` `CertPool.AppendCertsFromPEM`).
pub fn read_certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    let usable =
        |der: &CertificateDer<'_>| RootCertStore::empty().add(der.clone()).is_ok() && not_after(der).is_ok();
    CertificateDer::pem_slice_iter(pem).map_while(Result::ok).filter(usable).map(|der| der.to_vec()).collect()
}

/// Until when a certificate is valid (RFC 5280, 4.1.2.5), given as DER.
pub fn not_after(der: &[u8]) -> Result<SystemTime, CertificateError> {
    let wrong = |why: &dyn fmt::Display| CertificateError::Chain(why.to_string());
    let seconds = yasna::parse_der(der, |certificate| {
        let mut times = Vec::new();
        let mut part = 0;
        certificate.read_sequence_of(|outer| {
            part += 1;
            if part > 1 {
                return outer.read_der().map(drop);
            }
            outer.read_sequence_of(|field| {
                let text = field.read_der()?;
                // The one field that is two times.
                if let Ok(found) = validity(&text)
                    && times.is_empty()
                {
                    times = found;
                }
                Ok(())
            })
        })?;
        Ok(times)
    })
    .map_err(|e| wrong(&e))?;
    let seconds = seconds.get(1).ok_or_else(|| wrong(&"it has no time of validity"))?;
    Ok(UNIX_EPOCH + Duration::from_secs(u64::try_from(*seconds).unwrap_or_default()))
}

/// The two times of a `Validity`, in seconds since 1970-01-01.
fn validity(der: &[u8]) -> yasna::ASN1Result<Vec<i64>> {
    yasna::parse_der(der, |reader| {
        let mut times = Vec::new();
        reader.read_sequence_of(|time| {
            let tag: Tag = time.lookahead_tag()?;
            times.push(if tag == TAG_UTCTIME {
                time.read_utctime()?.datetime().unix_timestamp()
            } else if tag == TAG_GENERALIZEDTIME {
                time.read_generalized_time()?.datetime().unix_timestamp()
            } else {
                return Err(yasna::ASN1Error::new(yasna::ASN1ErrorKind::Invalid));
            });
            Ok(())
        })?;
        if times.len() == 2 { Ok(times) } else { Err(yasna::ASN1Error::new(yasna::ASN1ErrorKind::Invalid)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn names() -> Vec<String> {
        ["seawall-webhook.seawall.svc", "127.0.0.1"].map(str::to_owned).to_vec()
    }

    #[test]
    fn what_is_made_says_until_when() {
        // After 2049 times are written in another way.
        for until in [1_800_000_000, 2_524_607_999, 2_524_608_000, 4_000_000_000] {
            let made = SelfSigned::new(&names(), at(1_700_000_000), at(until)).unwrap();
            assert_eq!(not_after(made.der()), Ok(at(until)));
        }
    }

    #[test]
    fn what_is_no_certificate_is_no_certificate() {
        let made = SelfSigned::new(&names(), at(1), at(2)).unwrap();
        assert!(not_after(&made.der()[1..]).is_err());
        assert!(not_after(b"").is_err());
        assert!(not_after(&made.der()[..made.der().len() - 1]).is_err());
        assert_eq!(read_certificates(b"no PEM"), [[0; 0]; 0]);
        assert!(SelfSigned::new(&["caf\u{e9}".to_owned()], at(1), at(2)).is_err());
    }

    #[test]
    fn certificates_of_others_are_read_too() {
        let made = [(); 2].map(|()| rcgen::generate_simple_self_signed(names()).unwrap().cert);
        let empty = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let text = format!("{}{empty}{}", made[0].pem(), made[1].pem());
        let read = read_certificates(text.as_bytes());
        assert_eq!(read, made.each_ref().map(|one| one.der().to_vec()));
        assert_eq!(not_after(&read[0]), Ok(at(67_090_118_400)));
    }
}
