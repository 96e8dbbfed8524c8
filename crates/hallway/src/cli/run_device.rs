//! `hallway device run`: one simulated device in a process of its own.
//!
//! It answers its local API on a port, and, with an activation code, registers with a Hallway and dials in. What
//! it got for the code is kept in a file, because a code is used once.

use std::path::{Path, PathBuf};

use hallway_device::local::{DialOptions, Dialler, LocalUsers, serve};
use hallway_device::{DeviceSpec, ProductModel, SimulatedDevice};
use hallway_wire::Secret;
use hallway_wire::control::{RedeemRequest, Redeemed};
use hallway_wire::id::DeviceId;
use hallway_xapi::Catalogue;
use hyper::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::args::{GlobalArgs, RunArgs};
use super::connection::Connection;
use super::failure::{Failure, Result};
use super::http::{Body, Client, shape};
use super::printer::Printer;
use super::tls;

/// Runs a device until it is interrupted.
pub(crate) async fn run(
    args: RunArgs,
    global: &GlobalArgs,
    env: impl Fn(&str) -> Option<String>,
    printer: &mut Printer,
) -> Result {
    let model = model(&args.model)?;
    let identity = match &args.identity {
        Some(path) if path.exists() => Some(read_identity(path)?),
        _ => None,
    };
    let identity = match (identity, &args.code) {
        (Some(identity), _) => Some(identity),
        (None, Some(code)) => Some(register(&args, model, code, global, &env).await?),
        (None, None) => None,
    };
    let id = identity
        .as_ref()
        .map_or_else(DeviceId::random, |identity| identity.device_id);
    let name = args
        .name
        .clone()
        .or_else(|| identity.as_ref().map(|identity| identity.display_name.clone()));
    let spec = DeviceSpec::new(id, name.unwrap_or_else(|| model.display_name().to_owned()), model);
    let device = SimulatedDevice::new(spec, Catalogue::builtin());
    let refused =
        |error: std::io::Error| Failure::refused(format!("{} cannot be listened on: {error}", args.listen));
    let listener = TcpListener::bind(args.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    device.set_local_url(format!("ws://{address}/ws"));
    let password = env("HALLWAY_DEVICE_PASSWORD").unwrap_or_default();
    let users = LocalUsers::admin(Secret::new(password));
    let document = json!({
        "deviceId": id,
        "displayName": device.spec().name,
        "product": model.display_name(),
        "localUrl": format!("ws://{address}/ws"),
        "linkUrl": identity.as_ref().map(|identity| &identity.link_url),
    });
    printer.show(&document, || {
        let link = identity.as_ref().map_or_else(
            || "not linked to a Hallway (--code does that)".to_owned(),
            |identity| format!("dials {}", identity.link_url),
        );
        format!(
            "{} ({}) answers on ws://{address}/ws as user admin, {link}.\nCtrl-C ends it.",
            device.spec().name,
            model.display_name()
        )
    })?;
    let stop = CancellationToken::new();
    let dialling = {
        let (device, stop, ca) = (device.clone(), stop.clone(), global.ca.clone());
        async move {
            let Some(identity) = identity else { return Ok(()) };
            let mut options = DialOptions::new(identity.link_url.clone(), identity.device_token.clone());
            if identity.link_url.starts_with("wss://") {
                options.tls = Some(tls::config(ca.as_deref())?);
            }
            Dialler::new(device, options).run(stop).await;
            Ok(())
        }
    };
    let interrupted = async {
        let ended = tokio::signal::ctrl_c().await;
        stop.cancel();
        ended
    };
    let (interrupted, dialled, ()) = tokio::join!(
        interrupted,
        dialling,
        serve(device.clone(), listener, users, stop.clone())
    );
    dialled.and(interrupted.map_err(|error| Failure::refused(format!("Ctrl-C cannot be heard: {error}"))))
}

/// The model that a name means.
fn model(name: &str) -> Result<ProductModel> {
    hallway::office::product(name).map_err(Failure::usage)
}

/// Redeems an activation code, and keeps what came of it.
async fn register(
    args: &RunArgs,
    model: ProductModel,
    code: &str,
    global: &GlobalArgs,
    env: &impl Fn(&str) -> Option<String>,
) -> Result<Redeemed> {
    let client = Client::new(Connection::resolve(global, env)?)?;
    let made_up = DeviceSpec::new(DeviceId::random(), "", model);
    let request = RedeemRequest {
        code: code.to_owned(),
        product: model.display_name().to_owned(),
        serial: made_up.serial,
        mac: made_up.mac,
        software: Some(made_up.software),
        ip: Some("127.0.0.1".to_owned()),
    };
    let answer = client
        .ask_public(
            Method::POST,
            "/hallway/v1/devices/redeem",
            Body::Json(json!(request)),
        )
        .await?;
    let redeemed: Redeemed = shape(&answer)?;
    let path = args
        .identity
        .clone()
        .unwrap_or_else(|| default_identity(&redeemed));
    let text = serde_json::to_vec_pretty(&redeemed).map_err(|error| Failure::refused(error.to_string()))?;
    hallway::house::write_private(&path, &text).map_err(|error| Failure::refused(format!("{error:#}")))?;
    Ok(redeemed)
}

fn default_identity(redeemed: &Redeemed) -> PathBuf {
    PathBuf::from(format!("hallway-device-{}.json", redeemed.device_id.uuid()))
}

fn read_identity(path: &Path) -> Result<Redeemed> {
    let text = super::input::file(path, "the identity file")?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{} is no identity of a device: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_with_or_without_the_maker() {
        for name in ["Room Bar", "cisco room bar", "Cisco Room Bar"] {
            assert_eq!(model(name).unwrap(), ProductModel::RoomBar, "{name}");
        }
        assert!(
            model("Room Navigator").is_err(),
            "an accessory does not run alone"
        );
        assert!(model("Toaster").is_err());
    }
}
