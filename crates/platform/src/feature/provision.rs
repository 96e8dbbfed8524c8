//! Making one device what it is to be.
//!
//! Two commits: the first holds what the device is to have, in its assignments and among its stored
//! configurations; the device is told; the second says what it took. Between any two of these steps the process
//! may end: what is in `unsent` is sent again, and sending twice does nothing.

use std::collections::{BTreeMap, BTreeSet};

use hallway_wire::id::DeviceId;
use hallway_wire::manifest::Feature;
use hallway_xapi::{Change, Key, Link, Report, rpc};
use serde_json::{Value, json};

use super::assignment::Assignment;
use super::wanted::{SHARED, Wanted, wanted};
use crate::device::{Configured, Device, LinkedDevice};
use crate::error::{Doing as _, Result};
use crate::place::Workspace;
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::Kept;

/// Longest refusal of a device that is kept, in characters.
const LONGEST_REFUSAL: usize = 200;

/// What a device did with what it was told.
#[derive(Debug, Default)]
struct Told {
    taken: BTreeSet<String>,
    refused: BTreeMap<String, String>,
}

impl Platform {
    /// Decides what a device is to have, keeps it, and tells the device if it is there. With `resend` it is
    /// told everything again.
    pub(super) async fn provision(&self, id: DeviceId, resend: bool) -> Result<()> {
        let kept = self.assignments_of(id).await?;
        self.provisioning.note(id, !kept.is_empty());
        if kept.is_empty() {
            return Ok(());
        }
        let Some(device) = self.store.device(id).await.doing("reading a device")? else {
            self.commit(kept.iter().map(Kept::delete).collect()).await?;
            self.provisioning.note(id, false);
            return Ok(());
        };
        let decided = self.decide(&device, &kept, resend).await?;
        self.keep_decided(&device, &kept, &decided).await?;
        // Read again: what was kept has a new revision now.
        let kept = self.assignments_of(id).await?;
        if kept.iter().all(|kept| kept.unsent.is_empty()) {
            return Ok(());
        }
        let Some(linked) = self.link_of(&device) else {
            return Ok(());
        };
        let told = self.tell_device(&device, &linked, &kept).await?;
        self.keep_told(&kept, &told).await
    }

    /// What the assignments of a device are to be.
    async fn decide(
        &self,
        device: &Device,
        kept: &[Kept<Assignment>],
        resend: bool,
    ) -> Result<Vec<Assignment>> {
        let workspace = match device.workspace {
            Some(id) => self.store.workspace(id).await.doing("reading a workspace")?,
            None => None,
        };
        let mut decided = Vec::new();
        for kept in kept {
            let mut next = kept.doc.clone();
            let wanted = self.wanted_by(device, workspace.as_ref(), &mut next).await?;
            let wanted = wanted.unwrap_or_else(|| {
                // Whoever provided it does not any more.
                next.provider = None;
                Wanted::default()
            });
            next.url = wanted.url;
            next.pages = wanted.pages;
            next.problem = wanted.problem;
            if resend {
                next.unsent.extend(wanted.configurations.keys().cloned());
            }
            next.written = wanted.configurations;
            decided.push(next);
        }
        Ok(decided)
    }

    /// What an assignment asks of its device; `None`: its provider is gone.
    async fn wanted_by(
        &self,
        device: &Device,
        workspace: Option<&Workspace>,
        assignment: &mut Assignment,
    ) -> Result<Option<Wanted>> {
        let Some(provider) = assignment.provider else {
            return Ok(None);
        };
        let feature = assignment.feature;
        let activation = self.find_activation(assignment.org, provider.app).await?;
        let activation = activation.filter(|activation| activation.ends.is_none());
        let Some(activation) = activation else {
            return Ok(None);
        };
        let offer = activation.provided.of(feature);
        let Some(offer) = offer.filter(|offer| offer.id == provider.offer) else {
            return Ok(None);
        };
        let mut known = None;
        if feature == Feature::PersistentWebApp {
            known = self.navigators_of(device, Some(&assignment.navigators)).await?;
            assignment.navigators = known.clone().unwrap_or_default();
        }
        Ok(Some(wanted(
            &self.catalogue,
            &activation,
            offer,
            feature,
            device,
            workspace,
            known.as_deref(),
        )))
    }

    /// The first commit.
    async fn keep_decided(
        &self,
        device: &Device,
        kept: &[Kept<Assignment>],
        decided: &[Assignment],
    ) -> Result<()> {
        let stored = self.store.configured(device.id).await;
        let stored: BTreeMap<String, Value> = stored
            .doing("reading configurations")?
            .into_iter()
            .map(|configured| (configured.key, configured.value))
            .collect();
        let mut decided = decided.to_vec();
        let mut writes = Vec::new();
        let mut changed = BTreeSet::new();
        let managed: BTreeMap<String, Value> = decided.iter().flat_map(|next| next.written.clone()).collect();
        let before: BTreeMap<String, Value> = kept.iter().flat_map(|kept| kept.before.clone()).collect();
        let managed_before: BTreeSet<&String> = kept.iter().flat_map(|kept| kept.written.keys()).collect();
        for (key, value) in &managed {
            if stored.get(key) != Some(value) {
                changed.insert(key.clone());
                writes.push(Write::PutConfigured(Configured {
                    device: device.id,
                    key: key.clone(),
                    value: value.clone(),
                }));
            }
        }
        for &key in &managed_before {
            if managed.contains_key(key) {
                continue;
            }
            let back = before.get(key);
            changed.insert(key.clone());
            if stored.get(key) != back {
                writes.push(match back {
                    Some(value) => Write::PutConfigured(Configured {
                        device: device.id,
                        key: key.clone(),
                        value: value.clone(),
                    }),
                    None => Write::DeleteConfigured(device.id, key.clone()),
                });
            }
        }
        for (kept, next) in kept.iter().zip(&mut decided) {
            next.before = BTreeMap::new();
            for key in next.written.keys().filter(|key| SHARED.contains(&key.as_str())) {
                let was = match managed_before.contains(key) {
                    true => before.get(key),
                    false => stored.get(key),
                };
                next.before.extend(was.map(|was| (key.clone(), was.clone())));
            }
            let own = |key: &&String| next.written.contains_key(*key) || kept.written.contains_key(*key);
            let unsent: Vec<String> = changed.iter().filter(own).cloned().collect();
            next.unsent.extend(unsent);
            // What is managed anew must reach the device even where the cloud had the same value already.
            let fresh = next.written.keys().filter(|key| !kept.written.contains_key(*key));
            let fresh: Vec<String> = fresh.cloned().collect();
            next.unsent.extend(fresh);
            if next.unsent.is_empty() || next.written.is_empty() {
                next.refused = None;
            }
            if next.is_over() {
                writes.push(kept.delete());
            } else if *next != kept.doc {
                writes.push(kept.put(next)?);
            } else {
                writes.push(kept.demand());
            }
        }
        if writes
            .iter()
            .all(|write| matches!(write, Write::Record(record) if is_demand(record)))
        {
            return Ok(());
        }
        self.commit(writes).await
    }

    /// Tells a device what it has not taken: what is set, from the engine to the switch, and what is taken
    /// away, from the switch to the engine. Ends early where the device does not answer.
    async fn tell_device(
        &self,
        device: &Device,
        linked: &LinkedDevice,
        kept: &[Kept<Assignment>],
    ) -> Result<Told> {
        let stored = self
            .store
            .configured(device.id)
            .await
            .doing("reading configurations")?;
        let unsent: BTreeSet<&String> = kept.iter().flat_map(|kept| &kept.unsent).collect();
        let (mut sets, mut resets) = (Vec::new(), Vec::new());
        for key in unsent {
            match stored.iter().find(|configured| configured.key == *key) {
                Some(configured) => sets.push((key, Some(configured.value.clone()))),
                None => resets.push((key, None)),
            }
        }
        sets.reverse();
        let mut told = Told::default();
        for (name, value) in resets.into_iter().chain(sets) {
            let Ok(key) = name.parse::<Key>() else { continue };
            match self.set_or_reset(device, linked, &key, value).await {
                Some(Ok(())) => {
                    told.taken.insert(name.clone());
                }
                Some(Err(refusal)) => {
                    tracing::warn!(device = ?device.id, %key, refusal, "the device refused a configuration");
                    told.refused.insert(name.clone(), refusal);
                }
                None => break,
            }
        }
        Ok(told)
    }

    /// One configuration. `None`: the device did not answer.
    async fn set_or_reset(
        &self,
        device: &Device,
        linked: &LinkedDevice,
        key: &Key,
        value: Option<Value>,
    ) -> Option<Result<(), String>> {
        let path = rpc::path("Configuration", key.segments());
        let limit = self.config.device_timeout;
        let call = |method: &'static str, params: Value| {
            let link: &dyn Link = &*linked.link;
            tokio::time::timeout(limit, link.call(method, params))
        };
        let answer = match value {
            Some(value) => call("xSet", json!({ "Path": path, "Value": value })).await.ok()?,
            None => match call("xReset", json!({ "Path": path })).await.ok()? {
                // A device that knows no way back is set to its default.
                Err(error) if error.code == rpc::code::NOT_FOUND => {
                    let spec = self.catalogue.configuration(key, device.product_code.as_deref());
                    let default = spec.map_or(Value::Null, |spec| spec.default.clone());
                    call("xSet", json!({ "Path": path, "Value": default }))
                        .await
                        .ok()?
                }
                answer => answer,
            },
        };
        match answer {
            Ok(_) => Some(Ok(())),
            Err(error) if error.code == rpc::code::NOT_READY => None,
            Err(error) => {
                let said: String = error.message.chars().filter(|c| !c.is_control()).collect();
                Some(Err(said.chars().take(LONGEST_REFUSAL).collect()))
            }
        }
    }

    /// The second commit: what the device took, and what it did not want.
    async fn keep_told(&self, kept: &[Kept<Assignment>], told: &Told) -> Result<()> {
        let mut writes = Vec::new();
        for kept in kept {
            let mut next = kept.doc.clone();
            next.unsent.retain(|key| !told.taken.contains(key));
            let refused = told.refused.iter().find(|(key, _)| next.unsent.contains(*key));
            next.refused = refused.map(|(key, why)| format!("The device refused {key}: {why}"));
            if next.written.is_empty() {
                // What it will not forget is nobody's any more.
                next.unsent.retain(|key| !told.refused.contains_key(key));
                next.refused = None;
            }
            if next.is_over() {
                writes.push(kept.delete());
            } else if next != kept.doc {
                writes.push(kept.put(&next)?);
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        self.commit(writes).await
    }

    /// Looks at what a device that has providers reports: Navigators that come and go, and managed
    /// configurations that were changed on the device itself. Returns the keys whose reports are not kept,
    /// because somebody else decides about them.
    pub(crate) async fn follow_features(
        &self,
        device: DeviceId,
        reports: &[Report],
    ) -> Result<BTreeSet<String>> {
        if !self.provisioning.knows(device) {
            return Ok(BTreeSet::new());
        }
        if super::navigators::is_about_navigators(reports) {
            self.device_touched(device);
        }
        let mut changes = reports.iter().flat_map(|report| &report.changes);
        if !changes.any(|change| matches!(change, Change::Configuration(..))) {
            return Ok(BTreeSet::new());
        }
        let mut ours = BTreeMap::new();
        let mut leaving = BTreeSet::new();
        for kept in self.assignments_of(device).await? {
            ours.extend(kept.doc.written);
            leaving.extend(kept.doc.unsent);
        }
        for change in reports.iter().flat_map(|report| &report.changes) {
            let Change::Configuration(key, value) = change else {
                continue;
            };
            let key = self.catalogue.canonical_configuration(key);
            let key = key.map(|key| key.to_string()).unwrap_or_default();
            // Also while something is on its way: what was sent may have come before what is reported here.
            if ours.get(&key).is_some_and(|own| Some(own) != value.as_ref()) {
                self.correct_device(device);
            }
        }
        leaving.extend(ours.into_keys());
        Ok(leaving)
    }
}

fn is_demand(record: &crate::ports::records::RecordWrite) -> bool {
    matches!(record, crate::ports::records::RecordWrite::Demand { .. })
}
