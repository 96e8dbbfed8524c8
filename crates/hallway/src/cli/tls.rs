//! Whom a client trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::failure::{Failure, Result};
use super::input;

/// A connector for HTTP/1.1; see [`config`].
///
/// # Errors
/// As [`config`].
pub(crate) fn connector(ca: Option<&Path>) -> Result<TlsConnector> {
    let mut config = Arc::unwrap_or_clone(config(ca)?);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Settings that trust the public roots, and those in a PEM file beside them.
///
/// # Errors
/// The file cannot be read, or holds no usable certificate.
pub(crate) fn config(ca: Option<&Path>) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca {
        let pem = input::file(path, "the certificate file")?;
        let unusable = |error: &dyn std::fmt::Display| {
            Failure::usage(format!(
                "the certificate file {} is not usable: {error}",
                path.display()
            ))
        };
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| unusable(&error))?;
            roots.add(certificate).map_err(|error| unusable(&error))?;
        }
        if roots.len() == before {
            return Err(unusable(&"it holds no PEM certificate"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::refused(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_wrong_usage() {
        assert!(connector(None).is_ok());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "no certificate").unwrap();
        let failure = connector(Some(file.path())).err().unwrap();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.text().unwrap().contains("holds no PEM certificate"));
    }
}
