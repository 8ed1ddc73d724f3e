//! Clients that show a certificate: which of them are believed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConnection, SignatureScheme,
};
use yasna::models::ObjectIdentifier;
use yasna::{Tag, TagClass};

use crate::certificates::CertificateError;

/// How long a certificate that was found valid counts as such: connections may outlive it.
const AGAIN: Duration = Duration::from_mins(1);

/// `id-at-commonName`
const COMMON_NAME: [u64; 4] = [2, 5, 4, 3];
/// `id-ce-subjectAltName`
const ALTERNATIVE_NAMES: [u64; 4] = [2, 5, 29, 17];

/// Who a client has shown to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// Nobody: it showed no certificate, or none is asked for.
    Anonymous,
    /// Its certificate is not to be believed, and why.
    Unverified(Arc<str>),
    /// It has a certificate that an authority signed for a client, of a name that counts.
    Verified,
}

/// Whose certificates are believed. Clients are asked for one, and answered whatever they show. Cheap to clone; all clones change
/// together.
#[derive(Clone, Debug)]
pub struct Clients(Arc<Believed>);

#[derive(Debug)]
struct Believed {
    verifier: RwLock<Arc<dyn ClientCertVerifier>>,
    /// Names that count; all of them if there is none here.
    names: Vec<String>,
    /// How often the authorities were others.
    changes: AtomicU64,
}

impl Clients {
    /// Those that have a certificate of one of these authorities (PEM), and if names are given one of these as its common name or
    /// among its alternative names.
    pub fn new(authorities: &[u8], names: &[String]) -> Result<Self, CertificateError> {
        let verifier = RwLock::new(verifier(authorities)?);
        Ok(Self(Arc::new(Believed { verifier, names: names.to_vec(), changes: AtomicU64::new(0) })))
    }

    /// Believes other authorities from now on, on connections that there are too. If they cannot be used, the old ones stay.
    pub fn replace(&self, authorities: &[u8]) -> Result<(), CertificateError> {
        let verifier = verifier(authorities)?;
        *self.0.verifier.write().unwrap_or_else(PoisonError::into_inner) = verifier;
        self.0.changes.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// What asks clients for a certificate, and takes any in the handshake if they have its key.
    pub(crate) fn asking() -> Arc<dyn ClientCertVerifier> {
        Arc::new(Asking(ring::default_provider().signature_verification_algorithms))
    }

    fn judge(&self, chain: &[CertificateDer<'_>]) -> Client {
        let Some((own, above)) = chain.split_first() else { return Client::Anonymous };
        let verifier = self.0.verifier.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Err(error) = verifier.verify_client_cert(own, above, UnixTime::now()) {
            return Client::Unverified(error.to_string().into());
        }
        let shown = names(own).unwrap_or_default();
        if self.0.names.is_empty() || shown.iter().any(|name| self.0.names.contains(name)) {
            return Client::Verified;
        }
        Client::Unverified(format!("the certificate is that of {}", listed(&shown)).into())
    }
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn verifier(authorities: &[u8]) -> Result<Arc<dyn ClientCertVerifier>, CertificateError> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        let authority = authority.map_err(|error| CertificateError::Authority(error.to_string()))?;
        roots.add(authority).map_err(|error| CertificateError::Authority(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(CertificateError::NoCertificate);
    }
    let provider = Arc::new(ring::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    builder.build().map_err(|error| CertificateError::Authority(error.to_string()))
}

/// The client of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    clients: Option<Clients>,
    chain: Vec<CertificateDer<'static>>,
    /// What it was found to be, by which authorities, and when.
    known: Mutex<Option<(u64, Instant, Client)>>,
}

impl Peer {
    pub(crate) fn of(connection: &ServerConnection, clients: Option<Clients>) -> Self {
        let chain = connection.peer_certificates().unwrap_or_default();
        let chain = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        Self { clients, chain, known: Mutex::default() }
    }

    /// Who it is by the authorities of now.
    pub(crate) fn client(&self) -> Client {
        let Some(clients) = self.clients.as_ref().filter(|_| !self.chain.is_empty()) else {
            return Client::Anonymous;
        };
        let changes = clients.0.changes.load(Ordering::Acquire);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((at, when, client)) if *at == changes && when.elapsed() < AGAIN => client.clone(),
            _ => {
                let client = clients.judge(&self.chain);
                *known = Some((changes, Instant::now(), client.clone()));
                client
            }
        }
    }
}

/// Asks for a certificate. Whether it is believed is decided for each request: a client that shows another one is answered all the
/// same.
#[derive(Debug)]
struct Asking(WebPkiSupportedAlgorithms);

impl Asking {
    /// What cannot be read is never believed, so that nothing depends on its key.
    fn or_unreadable(
        certificate: &CertificateDer<'_>,
        signed: impl FnOnce() -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match ParsedCertificate::try_from(certificate) {
            Ok(_) => signed(),
            Err(_) => Ok(HandshakeSignatureValid::assertion()),
        }
    }
}

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: clients send what they have.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::or_unreadable(certificate, || verify_tls12_signature(message, certificate, signed, &self.0))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::or_unreadable(certificate, || verify_tls13_signature(message, certificate, signed, &self.0))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// The common name and the alternative names (DNS names, mail addresses, URIs) of a certificate, given as DER (RFC 5280, 4.1.2.6 and
/// 4.2.1.6).
#[expect(clippy::redundant_closure_for_method_calls, reason = "the methods are of one lifetime alone")]
fn names(der: &[u8]) -> yasna::ASN1Result<Vec<String>> {
    let invalid = || yasna::ASN1Error::new(yasna::ASN1ErrorKind::Invalid);
    let to_be_signed = elements(der)?.into_iter().next().ok_or_else(invalid)?;
    let fields = elements(&to_be_signed)?;
    // The version is optional, and stands before everything else.
    let has_version = fields.first().is_some_and(|field| is_tagged(field, 0));
    let subject = fields.get(if has_version { 5 } else { 4 }).ok_or_else(invalid)?;
    let mut names = Vec::new();
    for relative in elements(subject)? {
        yasna::parse_der(&relative, |reader| {
            reader.read_set_of(|attribute| {
                let (kind, value) = attribute
                    .read_sequence(|pair| Ok((pair.next().read_oid()?, pair.next().read_tagged_der()?)))?;
                if kind == ObjectIdentifier::from_slice(&COMMON_NAME) {
                    names.extend(String::from_utf8(value.value().to_vec()));
                }
                Ok(())
            })
        })?;
    }
    let Some(extensions) = fields.iter().find(|field| is_tagged(field, 3)) else { return Ok(names) };
    let extensions =
        yasna::parse_der(extensions, |reader| reader.read_tagged(Tag::context(3), |inner| inner.read_der()))?;
    for extension in elements(&extensions)? {
        let parts = elements(&extension)?;
        let (Some(kind), Some(value)) = (parts.first(), parts.last()) else { continue };
        let kind = yasna::parse_der(kind, |reader| reader.read_oid())?;
        if kind != ObjectIdentifier::from_slice(&ALTERNATIVE_NAMES) {
            continue;
        }
        let value = yasna::parse_der(value, |reader| reader.read_bytes())?;
        for name in elements(&value)? {
            let name = yasna::parse_der(&name, |reader| reader.read_tagged_der())?;
            // `rfc822Name`, `dNSName`, `uniformResourceIdentifier`.
            let tag = name.tag();
            if tag.tag_class == TagClass::ContextSpecific && [1, 2, 6].contains(&tag.tag_number) {
                names.extend(String::from_utf8(name.value().to_vec()));
            }
        }
    }
    Ok(names)
}

fn is_tagged(der: &[u8], number: u64) -> bool {
    yasna::parse_der(der, |reader| {
        let tag = reader.lookahead_tag()?;
        reader.read_der()?;
        Ok(tag)
    })
    .is_ok_and(|tag| tag == Tag::context(number))
}

/// What is in a sequence, one by one as DER.
fn elements(der: &[u8]) -> yasna::ASN1Result<Vec<Vec<u8>>> {
    yasna::parse_der(der, |reader| {
        let mut all = Vec::new();
        reader.read_sequence_of(|element| {
            all.push(element.read_der()?);
            Ok(())
        })?;
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    };

    use super::*;

    /// An authority: its certificate (PEM), and what signs.
    fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        (certificate, Issuer::new(params, key))
    }

    fn signed(
        by: &Issuer<'_, KeyPair>,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
    ) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "masters");
        params.distinguished_name.push(DnType::CommonName, name);
        let uri = "spiffe://cluster/api-server".try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(uri));
        params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
        params.extended_key_usages = vec![usage];
        params.signed_by(&KeyPair::generate().unwrap(), by).unwrap().der().clone()
    }

    #[test]
    fn names_are_those_of_the_certificate() {
        let (_, issuer) = authority("a");
        let der = signed(&issuer, "kube-apiserver", ExtendedKeyUsagePurpose::ClientAuth);
        assert_eq!(names(&der).unwrap(), ["kube-apiserver", "a.example", "spiffe://cluster/api-server"]);
        for wrong in [&der[1..], &der[..der.len() - 1], b"", b"\x30\x00", b"\x30\x02\x30\x00"] {
            assert!(names(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_a_client_of_an_authority_with_a_name_that_counts_is_believed() {
        let ((pem, issuer), (other_pem, other)) = (authority("a"), authority("b"));
        let client = || ExtendedKeyUsagePurpose::ClientAuth;
        let judged = |names: &[&str], chain: &[CertificateDer<'_>]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Clients::new(pem.as_bytes(), &names).unwrap().judge(chain)
        };
        let why = |judged| match judged {
            Client::Unverified(why) => why.to_string(),
            other => panic!("{other:?}"),
        };
        let right = signed(&issuer, "api", client());
        assert_eq!(judged(&[], &[]), Client::Anonymous);
        for names in [&[][..], &["b", "api"], &["a.example"], &["spiffe://cluster/api-server"]] {
            assert_eq!(judged(names, std::slice::from_ref(&right)), Client::Verified, "{names:?}");
        }
        let named = why(judged(&["API", "masters", "127.0.0.1"], std::slice::from_ref(&right)));
        assert!(named.starts_with("the certificate is that of `api`, `a.example`"), "{named}");
        let unknown = why(judged(&[], &[signed(&other, "api", client())]));
        assert!(unknown.contains("UnknownIssuer"), "{unknown}");
        let server = signed(&issuer, "api", ExtendedKeyUsagePurpose::ServerAuth);
        let server = why(judged(&[], &[server]));
        assert!(server.contains("usage"), "{server}");
        let none = why(judged(&[], &[CertificateDer::from(vec![1, 2, 3])]));
        assert!(none.contains("BadEncoding"), "{none}");
        // Authorities change while they are used.
        let clients = Clients::new(pem.as_bytes(), &[]).unwrap();
        let judge = |der: &CertificateDer<'_>| clients.judge(std::slice::from_ref(der));
        assert_eq!(judge(&right), Client::Verified);
        for (wrong, is_empty) in
            [("", true), ("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", false)]
        {
            let error = clients.replace(wrong.as_bytes()).unwrap_err();
            assert_eq!(error == CertificateError::NoCertificate, is_empty, "{error}");
        }
        assert_eq!(judge(&right), Client::Verified);
        clients.replace(other_pem.as_bytes()).unwrap();
        assert!(matches!(judge(&right), Client::Unverified(_)));
    }
}
