//! Reading statuses.

use hallway_xapi::tree::{self, Leaf};
use hallway_xapi::{Key, Pattern};
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Device, FromValue, dotted};
use crate::error::{Error, Result};

/// So many paths fit into one request (xapi 2).
const PATHS: usize = 10;

/// A question for statuses.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked until it is read"]
pub struct StatusQuery {
    device: Device,
    paths: Vec<String>,
}

impl Device {
    /// Asks for a status, or with a pattern for several: `Audio.Volume`, `Call[*].Status`, `RoomAnalytics.*`.
    pub fn status(&self, path: impl Into<String>) -> StatusQuery {
        self.statuses([path])
    }

    /// Asks for several statuses in one request; for more than ten in several.
    ///
    /// ```no_run
    /// # async fn example(device: hallway_sdk::Device) -> hallway_sdk::Result<()> {
    /// let status = device.statuses(["Standby.State", "RoomAnalytics.PeopleCount.Current"]).read().await?;
    /// let awake = status.get::<String>("Standby.State")? == "Off";
    /// let people: Option<i64> = status.find("RoomAnalytics.PeopleCount.Current");
    /// # Ok(())
    /// # }
    /// ```
    pub fn statuses<P: Into<String>>(&self, paths: impl IntoIterator<Item = P>) -> StatusQuery {
        StatusQuery {
            device: self.clone(),
            paths: paths.into_iter().map(Into::into).collect(),
        }
    }
}

impl StatusQuery {
    /// The value of the one status that was asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`]: the device does not have it, or the integration was not granted it.
    /// [`Error::Protocol`]: it is something else than a `T`.
    pub async fn get<T: FromValue>(self) -> Result<T> {
        let path = self.paths.first().cloned().unwrap_or_default();
        self.read().await?.get(&path)
    }

    /// As [`get`](Self::get), with `None` for a status that the device does not have.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn optional<T: FromValue>(self) -> Result<Option<T>> {
        match self.get().await {
            Ok(value) => Ok(Some(value)),
            // Of the device itself the service would have said something.
            Err(Error::NotFound(context)) if context.status.is_none() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What was found.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn read(self) -> Result<Status> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(default)]
            result: Map<String, Value>,
        }
        let mut status = Status(Map::new());
        let mut paths = Vec::with_capacity(self.paths.len());
        for path in &self.paths {
            self.device.check(|grants| grants.require_status(path))?;
            paths.push(dotted(path)?);
        }
        for some in paths.chunks(PATHS) {
            let mut call = self.device.client.request(Method::GET, "xapi/status");
            call = call.query("deviceId", &self.device.id);
            for path in some {
                call = call.query("name", path);
            }
            let found: Found = call.read().await?;
            if status.0.is_empty() {
                status.0 = found.result;
            } else {
                for leaf in tree::leaves(&found.result) {
                    if let Leaf::Value(key, value) = leaf {
                        tree::insert(&mut status.0, &key, value);
                    }
                }
            }
        }
        Ok(status)
    }
}

/// Statuses that were found, as a tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status(Map<String, Value>);

impl Status {
    /// The tree, as it came: a list is an array of objects with an `id`.
    pub fn tree(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Every value with its key, in the order of the answer.
    pub fn leaves(&self) -> Vec<(Key, Value)> {
        let leaves = tree::leaves(&self.0).into_iter();
        leaves
            .filter_map(|leaf| match leaf {
                Leaf::Value(key, value) => Some((key, value)),
                Leaf::Removed(_) => None,
            })
            .collect()
    }

    /// The values that a pattern means.
    pub fn matching(&self, pattern: &str) -> Vec<(Key, Value)> {
        let Ok(pattern) = pattern.parse::<Pattern>() else {
            return Vec::new();
        };
        let mut leaves = self.leaves();
        leaves.retain(|(key, _)| pattern.encloses(key));
        leaves
    }

    /// One value; `None`: it is not there, or is no `T`.
    pub fn find<T: FromValue>(&self, path: &str) -> Option<T> {
        T::from_value(&self.value(path)?)
    }

    /// One value.
    ///
    /// # Errors
    /// [`Error::NotFound`]: it is not there. [`Error::Protocol`]: it is no `T`.
    pub fn get<T: FromValue>(&self, path: &str) -> Result<T> {
        let value = self.value(path).ok_or_else(|| {
            Error::not_found(format!(
                "the device has no status {path}, or the integration was not granted it"
            ))
        })?;
        T::from_value(&value).ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            Error::protocol(format!("the status {path} is {value}, which is no {wanted}"))
        })
    }

    /// The node at a path, read into a type of the author's: `Call[1]`, `RoomAnalytics`.
    ///
    /// # Errors
    /// [`Error::NotFound`]: it is not there. [`Error::Protocol`]: it has another shape.
    pub fn node<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let node = self
            .value(path)
            .ok_or_else(|| Error::not_found(format!("there is no {path}")))?;
        serde_json::from_value(node)
            .map_err(|error| Error::protocol(format!("{path} has another shape: {error}")))
    }

    /// The node or value at a key, whichever case the names are in.
    fn value(&self, path: &str) -> Option<Value> {
        let key: Key = path.parse().ok()?;
        let mut segments = key.segments().iter().peekable();
        let mut object = &self.0;
        while let Some(segment) = segments.next() {
            let (_, next) = object
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&segment.name))?;
            let next = match (segment.index, next) {
                (Some(index), Value::Array(items)) => {
                    items.iter().find(|item| tree::item_id(item) == Some(index))?
                }
                (None, next) => next,
                (Some(_), _) => return None,
            };
            if segments.peek().is_none() {
                // An item of a list that is itself a leaf.
                let leaf = segment.index.and_then(|_| next.get("value"));
                return Some(leaf.unwrap_or(next).clone());
            }
            object = next.as_object()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status() -> Status {
        let Value::Object(tree) = json!({
            "Audio": { "Volume": 33 },
            "Call": [{ "id": 2, "Status": "Connected" }, { "id": 5, "Status": "Ringing" }],
            "Sensor": [{ "id": 4, "value": "22.5" }],
        }) else {
            unreachable!()
        };
        Status(tree)
    }

    #[test]
    fn values_by_path() {
        let status = status();
        assert_eq!(status.get::<u8>("audio.volume").unwrap(), 33);
        assert_eq!(
            status.find::<String>("Call[5].Status").as_deref(),
            Some("Ringing")
        );
        assert_eq!(status.find::<f64>("Sensor[4]"), Some(22.5));
        assert_eq!(status.find::<String>("Call[3].Status"), None);
        assert!(matches!(status.get::<u8>("Audio.Gain"), Err(Error::NotFound(_))));
        assert!(matches!(
            status.get::<bool>("Audio.Volume"),
            Err(Error::Protocol(_))
        ));
        let calls: Vec<_> = status
            .matching("Call[*].Status")
            .into_iter()
            .map(|(key, _)| key.to_string())
            .collect();
        assert_eq!(calls, ["Call[2].Status", "Call[5].Status"]);
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Call {
            status: String,
        }
        assert_eq!(status.node::<Call>("Call[2]").unwrap().status, "Connected");
        assert_eq!(status.node::<Vec<Call>>("Call").unwrap().len(), 2);
    }
}
