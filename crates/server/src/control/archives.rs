//! Organizations as files: neither side ever holds one in memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use hallway_platform::Platform;
use hallway_platform::archive::{ArchiveUpload, Export};
use hallway_wire::Secret;
use hallway_wire::control::{ExportRequest, ImportedOrganization};
use hallway_wire::id::OrgId;

use crate::auth::Authenticated;
use crate::body::{Json, Unread, media_type};
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::id;

const OCTETS: &str = "application/octet-stream";
/// The passphrase of an import, in base64 of UTF-8: headers hold no other letters.
const PASSPHRASE: &str = "x-hallway-passphrase";
/// How long no byte of an archive may come.
const PAUSE: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Api {
    Api::new("Hallway: operator")
        .post(
            "/operator/organizations/{id}/export",
            export,
            Op::new("Export any organization")
                .about("As a file that another Hallway of this version imports. Only an operator may.")
                .takes::<ExportRequest>()
                .answers_as(200, OCTETS, None),
        )
        .post(
            "/operator/organizations/import",
            import,
            Op::new("Import an organization")
                .about("Completely or not at all; ids stay. Only an operator may.")
                .header(
                    "X-Hallway-Passphrase",
                    "The passphrase of an encrypted archive, in base64.",
                )
                .takes_as(OCTETS, None)
                .answers::<ImportedOrganization>(200)
                .fails(&[408]),
        )
        .post(
            "/organization/export",
            export_own,
            Op::new("Export the organization")
                .about(
                    "As a file that another Hallway of this version imports. Only a full administrator may.",
                )
                .takes::<ExportRequest>()
                .answers_as(200, OCTETS, None),
        )
}

/// The passphrase, where secrets are asked for.
async fn wish(body: Unread) -> Result<Option<Secret>, ApiError> {
    let ExportRequest {
        with_secrets,
        passphrase,
    } = body.json_or_default().await?;
    match (with_secrets, passphrase) {
        (true, None) => Err(ApiError::bad_request(
            "passphrase: secrets are exported encrypted only, so one is needed",
        )),
        (false, Some(_)) => Err(ApiError::bad_request(
            "passphrase: only an export with secrets is encrypted; set withSecrets",
        )),
        (_, passphrase) => Ok(passphrase),
    }
}

async fn export(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(org): Path<String>,
    body: Unread,
) -> Result<Response, ApiError> {
    caller.require_operator()?;
    let org: OrgId = id(&org)?;
    let passphrase = wish(body).await?;
    let export = platform
        .export_managed_organization(&caller, org, passphrase)
        .await?;
    Ok(stream(export))
}

async fn export_own(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Unread,
) -> Result<Response, ApiError> {
    caller.require_own_full_admin()?;
    let passphrase = wish(body).await?;
    let export = platform.export_own_organization(&caller, passphrase).await?;
    Ok(stream(export))
}

/// The bytes as they are made. An error breaks the connection off.
fn stream(export: Export) -> Response {
    let disposition = format!("attachment; filename=\"{}.hallway\"", export.name);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(OCTETS)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment")),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let parts = futures_util::stream::unfold(export.parts, async |mut parts| {
        let part = parts.recv().await?;
        Some((part, parts))
    });
    (headers, Body::from_stream(parts)).into_response()
}

fn passphrase(headers: &HeaderMap) -> Result<Option<Secret>, ApiError> {
    let Some(value) = headers.get(PASSPHRASE) else {
        return Ok(None);
    };
    let bytes = STANDARD.decode(value.as_bytes()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let text =
        text.ok_or_else(|| ApiError::bad_request("X-Hallway-Passphrase: base64 of UTF-8 is needed"))?;
    Ok(Some(Secret::new(text)))
}

async fn import(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Unread,
) -> Result<Json<ImportedOrganization>, ApiError> {
    caller.require_operator()?;
    let request = body.into_request();
    if media_type(request.headers()).as_deref() != Some(OCTETS) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("An archive comes as {OCTETS}."),
        ));
    }
    let passphrase = passphrase(request.headers())?;
    let mut upload = platform.begin_import(&caller).await?;
    if let Err(error) = receive(&mut upload, request.into_body()).await {
        platform.discard_archive(upload).await;
        return Err(error);
    }
    Ok(Json(
        platform.import_organization(&caller, upload, passphrase).await?,
    ))
}

async fn receive(upload: &mut ArchiveUpload, body: Body) -> Result<(), ApiError> {
    let mut parts = body.into_data_stream();
    loop {
        let next = tokio::time::timeout(PAUSE, parts.next()).await;
        let next = next
            .map_err(|_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "The archive did not arrive in time."))?;
        match next {
            None => return Ok(()),
            Some(Ok(bytes)) => upload.write(bytes).await?,
            Some(Err(error)) => {
                return Err(ApiError::bad_request(format!("The archive broke off: {error}.")));
            }
        }
    }
}
