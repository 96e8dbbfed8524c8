//! What handlers ask for, and how they get it.

use std::any::Any;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use hallway_wire::Timestamp;
use hallway_xapi::Key;
use serde::de::DeserializeOwned;

use crate::id::{DeviceId, WorkspaceId};
use crate::integration::Integration;
use crate::xapi::Device;

/// One change of a status, or one event, with all that is known of it.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Who was told.
    pub integration: Integration,
    /// On which device.
    pub device_id: DeviceId,
    /// Where.
    pub workspace_id: Option<WorkspaceId>,
    /// What.
    pub key: Key,
    /// The value of a status, the object of an event, null for what was removed.
    pub value: serde_json::Value,
    /// When.
    pub timestamp: Option<Timestamp>,
    /// Whether it is part of a full sync, which comes hourly and repeats what is known.
    pub full_sync: bool,
    /// What [`Handlers::with`](super::Handlers::with) was given.
    pub(crate) shared: Option<Arc<dyn Any + Send + Sync>>,
}

/// A notice does not hold what a handler asks for; the handler is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(pub String);

/// What a handler can ask for: each of its arguments is one.
pub trait Extract: Sized + Send {
    /// Takes it out of a notice.
    ///
    /// # Errors
    /// The notice does not hold it.
    fn extract(notice: &Notice) -> Result<Self, Mismatch>;
}

/// The value, as `T`: numbers and words for statuses, a type of the author's for events.
///
/// A number that comes as text is read, and `On` and `True` are `true`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value<T>(pub T);

impl<T: DeserializeOwned + Send> Extract for Value<T> {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        read(&notice.value).map(Value).ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            Mismatch(format!(
                "{} is {}, which is no {wanted}",
                notice.key, notice.value
            ))
        })
    }
}

/// Reads a value, in the spellings that devices have for numbers and yes and no.
fn read<T: DeserializeOwned>(value: &serde_json::Value) -> Option<T> {
    use serde_json::Value as Json;
    let as_it_is = serde_json::from_value(value.clone()).ok();
    as_it_is.or_else(|| match value {
        Json::String(text) => {
            let yes = <bool as crate::xapi::FromValue>::from_value(value).map(Json::Bool);
            let number = || {
                serde_json::from_str::<serde_json::Number>(text.trim())
                    .ok()
                    .map(Json::Number)
            };
            let other = number().or(yes)?;
            serde_json::from_value(other).ok()
        }
        Json::Number(number) => serde_json::from_value(Json::String(number.to_string())).ok(),
        _ => None,
    })
}

/// The numbers of the list items in the key, in order: for `Call[3].Status` it is `Index([3])`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index<const N: usize>(pub [u32; N]);

impl<const N: usize> Extract for Index<N> {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        let found: Vec<u32> = notice
            .key
            .segments()
            .iter()
            .filter_map(|segment| segment.index)
            .collect();
        let count = found.len();
        found
            .try_into()
            .map(Index)
            .map_err(|_| Mismatch(format!("{} has {count} list items, not {N}", notice.key)))
    }
}

/// When it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(pub Timestamp);

impl Extract for At {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        let at = notice.timestamp;
        at.map(At)
            .ok_or_else(|| Mismatch(format!("{} does not say when it happened", notice.key)))
    }
}

/// Whether it is part of a full sync, and so perhaps no news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullSync(pub bool);

impl Extract for FullSync {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        Ok(Self(notice.full_sync))
    }
}

/// The workspace; without it the handler is not called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace(pub WorkspaceId);

impl Extract for Workspace {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        let id = notice.workspace_id.clone();
        id.map(Workspace)
            .ok_or_else(|| Mismatch(format!("the device of {} is in no workspace", notice.key)))
    }
}

/// The xAPI of the device.
impl Extract for Device {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        Ok(notice.integration.device(&notice.device_id))
    }
}

impl Extract for DeviceId {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        Ok(notice.device_id.clone())
    }
}

impl Extract for Key {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        Ok(notice.key.clone())
    }
}

impl Extract for Integration {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        Ok(notice.integration.clone())
    }
}

/// What [`Handlers::with`](super::Handlers::with) was given: the state of the program, which all handlers share.
#[derive(Clone, Debug)]
pub struct Shared<T>(pub Arc<T>);

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> Extract for Shared<T> {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        let given = notice.shared.clone().and_then(|given| given.downcast().ok());
        given.map(Shared).ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            Mismatch(format!(
                "the handlers were not given a {wanted}: call `Handlers::with`"
            ))
        })
    }
}

impl Extract for Notice {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        Ok(notice.clone())
    }
}

/// Why a handler failed.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a handler may return: nothing, or a result.
pub trait IntoOutcome {
    /// An error lets the notification come again.
    ///
    /// # Errors
    /// What the handler returned.
    fn into_outcome(self) -> Result<(), BoxError>;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> IntoOutcome for Result<(), E> {
    fn into_outcome(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// An async function of up to five arguments, each of which can be [`Extract`]ed.
pub trait Handler<Arguments>: Send + Sync + 'static {
    /// Calls it.
    ///
    /// # Errors
    /// An argument is not there; it is not called.
    fn call(&self, notice: &Notice) -> Result<BoxFuture<'static, Result<(), BoxError>>, Mismatch>;
}

macro_rules! handlers {
    ($(($($argument:ident)*))*) => {$(
        impl<F, Fut, Out, $($argument,)*> Handler<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Out> + Send + 'static,
            Out: IntoOutcome + 'static,
            $($argument: Extract,)*
        {
            fn call(&self, notice: &Notice) -> Result<BoxFuture<'static, Result<(), BoxError>>, Mismatch> {
                // Without arguments nothing is asked of it.
                let _ = notice;
                let running = self($($argument::extract(notice)?),*);
                Ok(running.map(IntoOutcome::into_outcome).boxed())
            }
        }
    )*};
}

handlers! { () (A) (A B) (A B C) (A B C D) (A B C D E) }

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_in_the_spellings_of_devices() {
        assert_eq!(read::<i64>(&json!(2)), Some(2));
        assert_eq!(read::<i64>(&json!("2")), Some(2));
        assert_eq!(read::<f64>(&json!("22.5")), Some(22.5));
        assert_eq!(read::<bool>(&json!("On")), Some(true));
        assert_eq!(read::<String>(&json!(7)).as_deref(), Some("7"));
        assert_eq!(read::<String>(&json!("7")).as_deref(), Some("7"));
        assert_eq!(read::<i64>(&json!("many")), None);
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Clicked {
            panel_id: String,
        }
        let clicked = read::<Clicked>(&json!({ "PanelId": "x", "Target": "OSD" }));
        assert_eq!(
            clicked,
            Some(Clicked {
                panel_id: "x".to_owned()
            })
        );
    }
}
