//! Cross launch: asking an integration for the page where the administrator goes on (features 6).

use hallway_wire::claims::Action;
use hallway_wire::feature::{
    CrossLaunchDevice, CrossLaunchTask, LaunchRequest, Launched, ServerToServerCrossLaunch,
};
use hallway_wire::id::AppId;
use hallway_wire::manifest::Feature;
use serde_json::Value;

use super::assign::MAX_NAMED;
use super::check::{MAX_URL, check_url};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::random_jti;
use crate::error::{Error, Result};
use crate::integration::{Activation, json_headers};
use crate::platform::Platform;
use crate::ports::{Answer, MAX_ANSWER, Target};

impl Platform {
    /// Asks an integration for the page on which its content is managed, or assigned to devices. The page is
    /// returned once, and not kept.
    ///
    /// # Errors
    /// The caller is no device administrator; there is no such integration, configuration, task or device; a
    /// device is outside the integration's locations; the integration does not answer as it should.
    pub async fn cross_launch(
        &self,
        caller: &Caller,
        app: AppId,
        feature: Feature,
        request: &LaunchRequest,
    ) -> Result<Launched> {
        caller.require_device_admin()?;
        let integration = self.find_integration(caller, app).await?;
        let (activation, next_step) = self.provider(&integration, feature).await?;
        let (Some(activation), None) = (activation, next_step.clone()) else {
            return Err(Error::Missing {
                message: next_step.unwrap_or_default(),
            });
        };
        let name = self.stored_manifest(&activation.manifest)?.display_name;
        let launch = activation.provided.of(feature);
        let launch = launch
            .and_then(|offer| offer.cross_launch.clone())
            .unwrap_or_default();
        let target = match request.task {
            CrossLaunchTask::AssignContent => launch.assign_content,
            CrossLaunchTask::ManageContent => launch.manage_content,
        };
        let target = target.ok_or_else(|| Error::Missing {
            message: format!(
                "The configuration of {name} names no page for {}: it has no crossLaunch for it.",
                request.task.name()
            ),
        })?;
        let devices = match request.task {
            CrossLaunchTask::ManageContent => Vec::new(),
            CrossLaunchTask::AssignContent => self.launch_devices(caller, &activation, request).await?,
        };
        let outcome = self
            .ask_for_page(&activation, request.task, devices, &target.url)
            .await?;
        let event = match outcome {
            Ok(_) => "integration.cross_launched",
            Err(_) => "integration.cross_launch_failed",
        };
        let description = match &outcome {
            Ok(_) => format!("went to {name} ({}, {})", feature.noun(), request.task.name()),
            Err(why) => format!("could not go to {name} ({}): {why}", request.task.name()),
        };
        self.commit(vec![audit::by(caller, self.now(), event, &name, description)])
            .await?;
        outcome
            .map(|redirect_url| Launched { redirect_url })
            .map_err(|why| Error::Vendor {
                message: format!("{name} could not be asked for its page: {why}."),
            })
    }

    /// The devices of a launch, with their names.
    async fn launch_devices(
        &self,
        caller: &Caller,
        activation: &Activation,
        request: &LaunchRequest,
    ) -> Result<Vec<CrossLaunchDevice>> {
        if request.devices.is_empty() || request.devices.len() > MAX_NAMED {
            return Err(Error::invalid(format!(
                "devices must name 1 to {MAX_NAMED} devices to assign content to."
            )));
        }
        let mut devices: Vec<CrossLaunchDevice> = Vec::new();
        for asked in &request.devices {
            let device = self.own_device(caller, asked.device_id).await?;
            self.check_location(activation, &device).await?;
            if devices.iter().all(|other| other.device_id != device.id) {
                devices.push(CrossLaunchDevice {
                    device_id: device.id,
                    display_name: Some(device.display_name),
                });
            }
        }
        Ok(devices)
    }

    /// The exchange itself. The inner error is a fragment for people, without anything of the answer's content.
    async fn ask_for_page(
        &self,
        activation: &Activation,
        task: CrossLaunchTask,
        devices: Vec<CrossLaunchDevice>,
        url: &str,
    ) -> Result<Result<String, String>> {
        let claims = self.claims(activation, random_jti(), self.now(), Action::CrossLaunch {});
        let jwt = self.keys.load().signing.sign(&claims)?;
        let body = serde_json::to_vec(&ServerToServerCrossLaunch { task, jwt, devices });
        let body = body.map_err(|error| Error::Internal(error.to_string()))?;
        let target = self.launch_target(url);
        let answer = match self.courier.errand(&target) {
            Ok(mut errand) => errand.post(&json_headers(), body.into()).await,
            Err(error) => Err(error),
        };
        let page = match answer {
            Ok(answer) => page_in(&answer),
            Err(error) => Err(error.to_string()),
        };
        let page = match page {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        if let Err(why) = check_url("the redirectUrl in its answer", &page, self.config.allow_http) {
            return Ok(Err(why));
        }
        // Names are resolved too: an address in another spelling is read as one by browsers as well.
        match self.courier.check_host(&self.launch_target(&page)).await {
            Ok(()) => Ok(Ok(page)),
            Err(error) => Ok(Err(format!(
                "the redirectUrl in its answer leads to a forbidden place: {error}"
            ))),
        }
    }

    fn launch_target(&self, url: &str) -> Target {
        Target {
            url: url.to_owned(),
            mutual_tls: None,
            timeout: self.config.delivery_timeout,
            max_answer: MAX_ANSWER,
        }
    }
}

/// The page that an answer names.
fn page_in(answer: &Answer) -> Result<String, String> {
    let status = answer.status;
    if (300..400).contains(&status) {
        return Err(format!(
            "it answered with status {status}, and redirects are not followed"
        ));
    }
    if !(200..300).contains(&status) {
        return Err(format!("it answered with status {status}"));
    }
    if answer.cut {
        return Err(format!(
            "its answer is longer than {} KiB, or broke off",
            MAX_ANSWER / 1024
        ));
    }
    let size = answer.body.len();
    if let Some(content_type) = &answer.content_type
        && !is_json(content_type)
    {
        return Err(format!(
            "it answered with {} ({size} bytes) instead of JSON",
            printable(content_type)
        ));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return Err(format!("its answer ({size} bytes) is not JSON"));
    };
    match body.get("redirectUrl") {
        Some(Value::String(url)) if url.chars().count() <= MAX_URL => Ok(url.clone()),
        Some(Value::String(_)) => Err(format!(
            "the redirectUrl in its answer is longer than {MAX_URL} characters"
        )),
        Some(_) => Err("the redirectUrl in its answer is not text".to_owned()),
        None => Err("its answer has no redirectUrl".to_owned()),
    }
}

fn is_json(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let media = media.to_ascii_lowercase();
    media == "application/json" || media == "text/json" || media.ends_with("+json")
}

/// A content type as it can be shown: what is none is not repeated.
fn printable(content_type: &str) -> &str {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/.+-".contains(c);
    if media.len() <= 64 && !media.is_empty() && media.chars().all(plain) {
        media
    } else {
        "an unknown content type"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> Answer {
        Answer {
            status,
            content_type: Some(content_type.to_owned()).filter(|text| !text.is_empty()),
            cut: false,
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn what_came_back_is_said_without_repeating_it() {
        const GOOD: &str = r#"{"redirectUrl":"https://x.example/"}"#;
        for (answer, expected) in [
            (answer(302, "text/html", GOOD), "status 302"),
            (answer(500, "application/json", GOOD), "status 500"),
            (
                answer(200, "text/html; charset=utf-8", "<script>"),
                "text/html (8 bytes)",
            ),
            (answer(200, "evil\"<b>", "x"), "an unknown content type (1 bytes)"),
            (answer(200, "", "<script>"), "(8 bytes) is not JSON"),
            (answer(200, "application/json", "[]"), "no redirectUrl"),
            (
                answer(200, "application/json", r#"{"redirectUrl":7}"#),
                "not text",
            ),
        ] {
            let said = page_in(&answer).unwrap_err();
            assert!(said.contains(expected) && !said.contains("script"), "{said}");
        }
        for kind in ["application/json;charset=utf-8", "application/vnd.x+json", ""] {
            assert_eq!(page_in(&answer(200, kind, GOOD)).unwrap(), "https://x.example/");
        }
    }
}
