//! Calls, and service apps.

use hallway_wire::application::{Application, ApplicationId};
use hallway_wire::call::{Call, NewCall};
use hallway_wire::id::CallId;

use super::{Settings, Trigger, shown};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;

const CALL: (&str, &str) = ("callId", "The call; a new one if not set.");
const FROM: (&str, &str) = (
    "from",
    "Who calls: an e-mail address, the id of a person or workspace, or a number; the caller of this if not set.",
);
const TO: (&str, &str) = (
    "to",
    "Who is called, named alike; somebody of the organization if not set.",
);
const APP: (&str, &str) = ("applicationId", "The service app: it must be named.");

/// See the documentation of [`super`].
pub(super) const TRIGGERS: &[Trigger] = &[
    Trigger {
        resource: "telephony_calls",
        event: "created",
        about: "Makes a call that rings.",
        settings: &[FROM, TO],
        run: |platform, caller, set| shown("call", ring(platform, caller, set)),
    },
    Trigger {
        resource: "telephony_calls",
        event: "updated",
        about: "Makes a call and answers it; or does something with one that is named.",
        settings: &[
            CALL,
            FROM,
            TO,
            (
                "action",
                "answer, hold, resume, startRecording or stopRecording; answer if not set.",
            ),
        ],
        run: |platform, caller, set| {
            shown("call", async move {
                let id = call(platform, caller, set).await?;
                let action = set.text("action").unwrap_or_else(|| "answer".to_owned());
                platform.step_call(caller, id, &action, None).await
            })
        },
    },
    Trigger {
        resource: "telephony_calls",
        event: "deleted",
        about: "Makes a call and hangs up; or hangs up one that is named.",
        settings: &[CALL, FROM, TO],
        run: |platform, caller, set| {
            shown("call", async move {
                let id = call(platform, caller, set).await?;
                platform.step_call(caller, id, "disconnect", None).await
            })
        },
    },
    Trigger {
        resource: "serviceApp",
        event: "authorized",
        about: "Authorizes a service app for the organization.",
        settings: &[APP],
        run: |platform, caller, set| shown("application", authorize(platform, caller, set)),
    },
    Trigger {
        resource: "serviceApp",
        event: "deauthorized",
        about: "Takes the authorization of a service app back.",
        settings: &[APP],
        run: |platform, caller, set| {
            shown("application", async move {
                let id = app(set)?;
                platform.deauthorize_application(caller, &id, caller.org).await
            })
        },
    },
];

async fn ring(platform: &Platform, caller: &Caller, set: &Settings) -> Result<Call> {
    let to = match set.text("to") {
        Some(to) => to,
        None => platform.somebody_else(caller).await?.email,
    };
    let new = NewCall {
        from: set.text("from").unwrap_or_else(|| caller.profile.email.clone()),
        to,
        ..NewCall::default()
    };
    platform.make_call(caller, &new).await
}

/// The call that is named, or a new one.
async fn call(platform: &Platform, caller: &Caller, set: &Settings) -> Result<CallId> {
    match set.read("callId")? {
        Some(id) => Ok(id),
        None => Ok(ring(platform, caller, set).await?.id),
    }
}

fn app(set: &Settings) -> Result<ApplicationId> {
    let id = set.text("applicationId").map(ApplicationId);
    id.ok_or_else(|| {
        Error::invalid("set.applicationId: name the service app (`hallway service-app list` shows them).")
    })
}

async fn authorize(platform: &Platform, caller: &Caller, set: &Settings) -> Result<Application> {
    let id = app(set)?;
    platform.authorize_application(caller, &id, caller.org).await
}
