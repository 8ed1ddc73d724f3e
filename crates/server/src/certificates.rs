//! The certificate that clients see, which may change at any time.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::self_signed::SelfSigned;

/// A certificate with its chain and its key. Cheap to clone; all clones change together.
#[derive(Clone, Debug)]
pub struct Certificates(Arc<Current>);

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// The chain cannot be read.
    Chain(String),
    /// There is no certificate in it.
    NoCertificate,
    /// The key cannot be read, or there is none.
    Key(String),
    /// They do not belong together, or cannot be used.
    Pair(String),
    /// None can be made.
    Made(String),
    /// An authority cannot be used.
    Authority(String),
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(why) => write!(f, "the certificate cannot be read as PEM: {why}"),
            Self::NoCertificate => f.write_str("there is no `BEGIN CERTIFICATE` in the certificate's PEM"),
            Self::Key(why) => write!(f, "the private key cannot be read as PEM: {why}"),
            Self::Pair(why) => write!(f, "the certificate cannot be used with the key: {why}"),
            Self::Made(why) => write!(f, "no certificate can be made: {why}"),
            Self::Authority(why) => write!(f, "the authority's certificate cannot be used: {why}"),
        }
    }
}

impl std::error::Error for CertificateError {}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Certificates {
    /// A certificate, its chain behind it, and its key, each as PEM.
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self(Arc::new(Current(RwLock::new(Arc::new(pair(chain, key)?))))))
    }

    /// A certificate that was made here.
    pub fn self_signed(made: &SelfSigned) -> Self {
        Self(Arc::new(Current(RwLock::new(made.pair()))))
    }

    /// Uses another one for new connections; those that there are go on. If it cannot be used, the old one stays.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), CertificateError> {
        self.set(Arc::new(pair(chain, key)?));
        Ok(())
    }

    /// The same by one that was made here.
    pub fn replace_by(&self, made: &SelfSigned) {
        self.set(made.pair());
    }

    fn set(&self, pair: Arc<CertifiedKey>) {
        *self.0.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
    }

    pub(crate) fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        self.0.clone()
    }
}

fn pair(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, CertificateError> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| CertificateError::Chain(e.to_string()))?;
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| CertificateError::Key(e.to_string()))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map_err(|e| CertificateError::Pair(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn what_cannot_be_used_leaves_the_old_one() {
        let ((chain, key), (other, other_key)) = (made(), made());
        let certificates = Certificates::new(chain.as_bytes(), key.as_bytes()).unwrap();
        let shown = || certificates.0.0.read().unwrap().cert.first().cloned();
        let first = shown();
        let wrong =
            |chain: &str, key: &str| certificates.replace(chain.as_bytes(), key.as_bytes()).unwrap_err();
        assert!(matches!(wrong(&other, &key), CertificateError::Pair(_)));
        assert_eq!(wrong("", &key), CertificateError::NoCertificate);
        assert_eq!(wrong(&key, &key), CertificateError::NoCertificate);
        assert!(matches!(wrong(&chain, ""), CertificateError::Key(_)));
        assert!(matches!(wrong(&chain, &chain), CertificateError::Key(_)));
        assert!(matches!(wrong(&chain.replace("MII", "!!!"), &key), CertificateError::Chain(_)));
        assert_eq!(shown(), first);
        certificates.replace(other.as_bytes(), other_key.as_bytes()).unwrap();
        assert_ne!(shown(), first);
    }
}
