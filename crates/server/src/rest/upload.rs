//! A message that comes as a form, with its file in it. The file is never in memory as a whole.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use hallway_platform::messaging::Uploaded;
use hallway_platform::{Caller, Platform};
use hallway_wire::messaging::NewMessage;
use multer::{Constraints, Field, Multipart, SizeLimit};

use crate::error::ApiError;

/// Most bytes of a field that is no file.
const MAX_FIELD: u64 = 128 * 1024;
/// Most bytes of all of it: a file and what is around it.
const MAX_FORM: u64 = hallway_platform::messaging::MAX_FILE + (1 << 20);
/// Most parts.
const MAX_PARTS: usize = 32;
/// How long no byte may come.
const PAUSE: Duration = Duration::from_secs(30);

/// The boundary of a form, if it is one.
pub(super) fn boundary(headers: &HeaderMap) -> Option<Result<String, ApiError>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !kind
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("multipart/form-data")
    {
        return None;
    }
    Some(
        multer::parse_boundary(kind)
            .map_err(|_| ApiError::bad_request("Content-Type: multipart/form-data needs a boundary.")),
    )
}

fn broken(error: &multer::Error) -> ApiError {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The form is too long: {error}."),
        ),
        error => ApiError::bad_request(format!("The form cannot be read: {error}.")),
    }
}

fn late() -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.")
}

/// Reads a form: the message, and its file, which is kept already.
pub(super) async fn read(
    platform: &Platform,
    caller: &Caller,
    boundary: String,
    body: Body,
) -> Result<(NewMessage, Option<Uploaded>), ApiError> {
    let limits = SizeLimit::new().whole_stream(MAX_FORM);
    let form = Multipart::with_constraints(
        body.into_data_stream(),
        boundary,
        Constraints::new().size_limit(limits),
    );
    let mut file = None;
    let read = parts(platform, caller, form, &mut file).await;
    match (read, file) {
        (Ok(new), file) => Ok((new, file)),
        (Err(error), file) => {
            if let Some(file) = &file {
                platform.discard_upload(file).await;
            }
            Err(error)
        }
    }
}

async fn parts(
    platform: &Platform,
    caller: &Caller,
    mut form: Multipart<'_>,
    file: &mut Option<Uploaded>,
) -> Result<NewMessage, ApiError> {
    let mut new = NewMessage::default();
    for _ in 0..MAX_PARTS {
        let next = tokio::time::timeout(PAUSE, form.next_field()).await;
        let Some(field) = next.map_err(|_| late())?.map_err(|error| broken(&error))? else {
            return Ok(new);
        };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "files" && (field.file_name().is_some() || field.content_type().is_some()) {
            if file.is_some() {
                return Err(ApiError::bad_request("files: a message can carry one file."));
            }
            *file = Some(upload(platform, caller, field).await?);
            continue;
        }
        let text = words(&name, field).await?;
        fill(&mut new, &name, text)?;
    }
    Err(ApiError::bad_request(format!(
        "The form has more than {MAX_PARTS} parts."
    )))
}

async fn upload(platform: &Platform, caller: &Caller, mut field: Field<'_>) -> Result<Uploaded, ApiError> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let kind = field.content_type().map(ToString::to_string).unwrap_or_default();
    let mut upload = platform.begin_upload(caller, &name, &kind).await?;
    let id = upload.handle();
    let written = async {
        loop {
            let chunk = tokio::time::timeout(PAUSE, field.chunk()).await;
            match chunk.map_err(|_| late())?.map_err(|error| broken(&error))? {
                Some(bytes) => upload.write(bytes).await?,
                None => return Ok(upload.finish().await?),
            }
        }
    };
    let written: Result<Uploaded, ApiError> = written.await;
    if written.is_err() {
        platform.discard_upload(&id).await;
    }
    written
}

async fn words(name: &str, mut field: Field<'_>) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    loop {
        let chunk = tokio::time::timeout(PAUSE, field.chunk()).await;
        let Some(chunk) = chunk.map_err(|_| late())?.map_err(|error| broken(&error))? else {
            break;
        };
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > MAX_FIELD {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("{name}: the part has more than {MAX_FIELD} bytes."),
            ));
        }
    }
    String::from_utf8(bytes).map_err(|_| ApiError::bad_request(format!("{name}: the part is not UTF-8.")))
}

/// Puts a part into its member. Unknown ones are passed over, as in JSON; empty ones are none.
fn fill(new: &mut NewMessage, name: &str, text: String) -> Result<(), ApiError> {
    if text.trim().is_empty() {
        return Ok(());
    }
    match name {
        "roomId" => new.room_id = Some(crate::query::id(text.trim())?),
        "parentId" => new.parent_id = Some(crate::query::id(text.trim())?),
        "toPersonId" => new.to_person_id = Some(crate::query::id(text.trim())?),
        "toPersonEmail" => new.to_person_email = Some(text.trim().to_owned()),
        "text" => new.text = Some(text),
        "markdown" => new.markdown = Some(text),
        "files" => new.files.get_or_insert_default().push(text.trim().to_owned()),
        "attachments" => {
            let given = serde_json::from_str(&text).map_err(|error| {
                ApiError::bad_request(format!("attachments: not a JSON list of attachments: {error}"))
            })?;
            new.attachments = Some(given);
        }
        _ => {}
    }
    Ok(())
}
