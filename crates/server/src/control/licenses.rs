//! How many units of a license there are.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Path, Request, State};
use hallway_platform::Platform;
use hallway_wire::license::{License, LicenseUnits};

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::id;

pub(super) fn routes() -> Api {
    Api::new("Hallway: licenses").patch(
        "/licenses/{id}",
        set_units,
        Op::new("Set the units of a license")
            .about("What the organization has bought. Only a full administrator may.")
            .takes::<LicenseUnits>()
            .answers::<License>(200),
    )
}

async fn set_units(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(license): Path<String>,
    request: Request,
) -> Result<Json<License>, ApiError> {
    caller.require_full_admin()?;
    let license = id(&license)?;
    let Json(units) = Json::<LicenseUnits>::from_request(request, &()).await?;
    Ok(Json(
        platform
            .set_license_units(&caller, license, units.total_units)
            .await?,
    ))
}
