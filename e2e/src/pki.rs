//! Certificates of a control plane.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Why certificates can always be made here.
const MADE: &str = "a certificate of known content";

/// A certificate and its key as PEM.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// An authority that signs certificates for servers and for users.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn named(name: &str, usage: ExtendedKeyUsagePurpose, addresses: &[&str]) -> CertificateParams {
    let addresses: Vec<String> = addresses.iter().map(|a| (*a).to_owned()).collect();
    let mut params = CertificateParams::new(addresses).expect(MADE);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect(MADE);
        let mut params = CertificateParams::new([]).expect(MADE);
        params.distinguished_name.push(DnType::CommonName, "seawall e2e");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).expect(MADE).pem();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Its own certificate as PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().expect(MADE);
        let certificate = params.signed_by(&key, &self.issuer).expect(MADE).pem();
        Pair { certificate, key: key.serialize_pem() }
    }

    /// For a server on the loopback interface.
    pub(crate) fn server(&self, name: &str) -> Pair {
        let addresses = ["127.0.0.1", "localhost", "kubernetes.default.svc"];
        self.sign(&named(name, ExtendedKeyUsagePurpose::ServerAuth, &addresses))
    }

    /// For a user in at most one group.
    pub(crate) fn user(&self, name: &str, group: Option<&str>) -> Pair {
        let mut params = named(name, ExtendedKeyUsagePurpose::ClientAuth, &[]);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        self.sign(&params)
    }
}

impl Pair {
    /// Writes `<name>.crt` and `<name>.key`; returns their paths.
    pub(crate) fn write(&self, directory: &Path, name: &str) -> (PathBuf, PathBuf) {
        let at = |extension| directory.join(format!("{name}.{extension}"));
        let paths = (at("crt"), at("key"));
        std::fs::write(&paths.0, &self.certificate).expect("writable");
        std::fs::write(&paths.1, &self.key).expect("writable");
        paths
    }
}

/// A key that signs the tokens of service accounts, and the public key that they are checked with.
pub(crate) fn signing_key() -> (String, String) {
    let key = KeyPair::generate().expect(MADE);
    (key.serialize_pem(), key.public_key_pem())
}
