//! Signing and verifying, beside the library underneath.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallway_platform::crypto::{SigningKey, Vault, random, verify_jws};
use hallway_wire::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::json;

use super::Plan;
use crate::report::Line;
use crate::stats::median;

/// Row 9.
pub(super) fn run(plan: &Plan) -> Result<Vec<Line>> {
    let vault = Vault::new(&random());
    let record = SigningKey::generate(&vault, Timestamp(0)).context("making a key")?;
    let key = SigningKey::open(&record, &vault).context("opening a key")?;
    let keys = [key.jwk()];
    let claims = json!({
        "sub": "a".repeat(72), "iat": 1_772_600_767, "jti": "b".repeat(24), "appId": "c".repeat(36),
        "region": "us-east-2_a", "action": "healthCheck", "appUrl": "d".repeat(120),
    });
    let jws = key.sign(&claims).context("signing")?;
    let signed = jws.rsplit_once('.').context("no JWS")?.0.as_bytes();

    let system = SystemRandom::new();
    let fault = |_| anyhow!("the library refused");
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &system).map_err(fault)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &system)
        .map_err(|_| anyhow!("the library refused"))?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
    let signature = pair.sign(&system, signed).map_err(fault)?;
    // The same signature has to be found by both.
    URL_SAFE_NO_PAD
        .decode(jws.rsplit('.').next().unwrap_or_default())
        .context("no JWS")?;

    let time = Duration::from_millis(plan.pick(300, 1000));
    let mut rates = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        rates[0].push(rate(time, || key.sign(&claims).is_ok()));
        rates[1].push(rate(time, || pair.sign(&system, signed).is_ok()));
        rates[2].push(rate(time, || verify_jws(&jws, &keys).is_ok()));
        rates[3].push(rate(time, || public.verify(signed, signature.as_ref()).is_ok()));
    }
    let [sign, bare_sign, verify, bare_verify] = rates.map(|rates| median(&rates));
    Ok(vec![
        Line::rate("sign, one core", sign, bare_sign, 0.9),
        Line::rate("verify, one core", verify, bare_verify, 0.9),
    ])
}

fn rate(time: Duration, work: impl Fn() -> bool) -> f64 {
    let start = Instant::now();
    let mut count = 0u64;
    while start.elapsed() < time {
        for _ in 0..16 {
            count += u64::from(std::hint::black_box(work()));
        }
    }
    count as f64 / start.elapsed().as_secs_f64()
}
