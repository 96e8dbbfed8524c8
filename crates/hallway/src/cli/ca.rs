//! `hallway ca`: the certificate that clients of the interceptor trust. Its key never leaves the server.

use std::path::Path;

use hallway::interception::CERTIFICATE_FILE;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

use super::args::CaCommand;
use super::failure::{Failure, Result};
use super::http::Client;
use super::input;
use super::printer::Printer;

/// Without a data directory the running Hallway is asked, and only then a client is made.
pub(crate) async fn run(
    command: &CaCommand,
    client: impl FnOnce() -> Result<Client>,
    printer: &mut Printer,
) -> Result {
    let CaCommand::Export { data_dir, file } = command;
    let pem = match data_dir {
        Some(dir) => kept(dir)?,
        None => client()?.get_text("/hallway/v1/ca").await?,
    };
    let certificate = only_a_certificate(&pem)?;
    let Some(file) = file else {
        return if printer.is_json() {
            printer.document(&json!({ "certificate": certificate }))
        } else {
            printer.verbatim(certificate)
        };
    };
    std::fs::write(file, certificate)
        .map_err(|error| Failure::usage(format!("{} cannot be written: {error}", file.display())))?;
    let shown = file.display().to_string();
    printer.show(&json!({ "certificate": certificate, "file": shown }), || {
        format!("Wrote {shown}. Let only the clients trust it that are meant for this Hallway, not the whole machine.")
    })
}

fn kept(dir: &Path) -> Result<String> {
    let file = dir.join(CERTIFICATE_FILE);
    input::file(&file, "the certificate of the authority").map_err(|failure| {
        failure.hint("it is made when Hallway first starts with --intercept on this data directory")
    })
}

/// What goes out is one certificate and nothing beside it.
fn only_a_certificate(pem: &str) -> Result<&str> {
    let first = CertificateDer::pem_slice_iter(pem.as_bytes()).next();
    if matches!(first, Some(Ok(_))) && !pem.contains("PRIVATE KEY") {
        Ok(pem)
    } else {
        Err(Failure::refused("what was found is not a certificate"))
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::hallway;

    #[tokio::test]
    async fn a_kept_certificate_is_exported_without_a_server() {
        let key = hallway_server::intercept::make_key().unwrap();
        let now = hallway_wire::Timestamp(1_772_600_767_089);
        let authority = hallway_server::intercept::Authority::make(&key, now).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let none = hallway(&["ca", "export", "--data-dir", path]).await;
        assert_eq!(none.code, 2);
        assert!(none.err.contains("--intercept"), "{}", none.err);

        let kept = dir.path().join(super::CERTIFICATE_FILE);
        std::fs::write(&kept, authority.pem()).unwrap();
        let shown = hallway(&["ca", "export", "--data", path]).await;
        assert_eq!((shown.code, shown.out.as_str()), (0, authority.pem()));
        let file = dir.path().join("out.pem");
        let written = hallway(&["ca", "export", "--data", path, file.to_str().unwrap()]).await;
        assert_eq!(written.code, 0, "{}", written.err);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), authority.pem());

        // Somebody put the key there too: nothing goes out.
        std::fs::write(&kept, format!("{}{key}", authority.pem())).unwrap();
        let refused = hallway(&["ca", "export", "--data", path]).await;
        assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    }
}
