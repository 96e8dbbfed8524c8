//! Full syncs: every device sends all values that an activation hears.

use std::collections::BTreeMap;
use std::sync::Arc;

use hallway_wire::id::ActivationId;
use hallway_xapi::{Key, rpc, tree};
use serde_json::{Value, json};

use super::message;
use crate::device::LinkedDevice;
use crate::error::{Doing as _, Result};
use crate::integration::{Activation, allows};
use crate::platform::Platform;
use crate::ports::{NewNotification, NotificationKind};

impl Platform {
    /// Starts a full sync of all linked devices for one activation, in the background.
    pub(crate) fn spawn_full_sync(&self, activation: &Activation) {
        let Some(platform) = self.me.upgrade() else { return };
        let activation = activation.id;
        self.tasks.spawn(async move {
            let stop = platform.stop.clone();
            let work = async {
                for device in platform.links.all() {
                    if let Err(error) = platform.full_sync(activation, &device).await {
                        tracing::warn!(%error, device = ?device.id, "full sync failed");
                    }
                }
            };
            tokio::select! { () = stop.cancelled() => {}, () = work => {} }
        });
    }

    /// Starts a full sync of one device for everybody who hears it, in the background.
    pub(crate) fn spawn_device_sync(&self, device: &Arc<LinkedDevice>) {
        let (Some(platform), Some(audience)) =
            (self.me.upgrade(), self.audiences.of(device.place.load().org))
        else {
            return;
        };
        let device = Arc::clone(device);
        self.tasks.spawn(async move {
            let stop = platform.stop.clone();
            let work = async {
                for hearer in &audience.hearers {
                    if let Err(error) = platform.full_sync(hearer.activation, &device).await {
                        tracing::warn!(%error, device = ?device.id, "full sync failed");
                    }
                }
            };
            tokio::select! { () = stop.cancelled() => {}, () = work => {} }
        });
    }

    /// Asks a device for everything that an activation hears, and queues it as one message.
    async fn full_sync(&self, activation: ActivationId, device: &LinkedDevice) -> Result<()> {
        let found = self
            .store
            .activation_by_id(activation)
            .await
            .doing("reading an activation")?;
        let Some(activation) = found.filter(|activation| activation.hears()) else {
            return Ok(());
        };
        let place = device.place.load_full();
        let outside = !activation.locations.is_empty()
            && !place
                .location
                .is_some_and(|location| activation.locations.contains(&location));
        let unheard = place.personal || self.kept_away(place.org, device.id);
        if unheard || place.org != activation.org || outside || activation.access.statuses.is_empty() {
            return Ok(());
        }
        // The device's turn: no report of its own comes between the question and the append, so that an old
        // value never follows a newer one.
        let _turn = device.turn.lock().await;
        let mut values: BTreeMap<Key, Value> = BTreeMap::new();
        for pattern in &activation.access.statuses {
            let question = json!({ "Query": rpc::query("Status", pattern) });
            let call = device.link.call("xQuery", question);
            let Ok(Ok(answer)) = tokio::time::timeout(self.config.device_timeout, call).await else {
                // The device is gone or slow: it takes a full sync when it links up again.
                return Ok(());
            };
            let Some(root) = answer.get("Status").and_then(Value::as_object) else {
                continue;
            };
            for leaf in tree::leaves(root) {
                if let tree::Leaf::Value(key, value) = leaf
                    && allows(&activation.access.statuses, &key)
                    && self.audiences.supports_status(&key)
                {
                    values.insert(key, value);
                }
            }
        }
        let now = self.now();
        let body = message::status(
            activation.app,
            &place,
            now,
            true,
            values.iter(),
            std::iter::empty(),
        );
        self.append(vec![NewNotification {
            activation: activation.id,
            device: Some(device.id),
            kind: NotificationKind::FullSync,
            at: now,
            body,
        }])
        .await
    }
}
