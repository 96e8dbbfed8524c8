//! Webex Calling that is there from the start: for a demo, a test or an import.

use hallway_wire::calling::{NumberState, NumberType, NumberUsage, PstnConnectionType};
use hallway_wire::id::{LocationId, OrgId};

use super::{CallingSite, Number};
use crate::error::Result;
use crate::platform::Platform;
use crate::records::put_new;

/// A location with Webex Calling, and its numbers.
#[derive(Clone, Debug)]
pub struct CallingSeed {
    pub location: LocationId,
    pub routing_prefix: Option<String>,
    pub pstn: PstnConnectionType,
    /// In E.164; the first one is the main number.
    pub numbers: Vec<String>,
}

impl Platform {
    /// Adds locations with Webex Calling to an organization.
    ///
    /// # Errors
    /// The store failed, or they are there already.
    pub async fn seed_calling(&self, org: OrgId, seeds: &[CallingSeed]) -> Result<()> {
        let now = self.now();
        let mut writes = Vec::new();
        for seed in seeds {
            writes.push(put_new(&CallingSite {
                org,
                location: seed.location,
                enabled: now,
                announcement_language: None,
                caller_name: None,
                main_number: seed.numbers.first().cloned(),
                external_caller_id_name: None,
                p_access_network_info: None,
                outside_dial_digit: None,
                enforce_outside_dial_digit: false,
                routing_prefix: seed.routing_prefix.clone(),
                charge_number: None,
                pstn: Some(seed.pstn),
                route: None,
            })?);
            for (at, number) in seed.numbers.iter().enumerate() {
                writes.push(put_new(&Number {
                    org,
                    location: seed.location,
                    phone_number: Some(number.clone()),
                    extension: None,
                    state: NumberState::Active,
                    kind: NumberType::Did,
                    usage: NumberUsage::None,
                    main: at == 0,
                    owner: None,
                    line: None,
                    ring: None,
                    distinctive_ring: false,
                    added: now,
                    assigned: None,
                })?);
            }
        }
        self.commit(writes).await
    }
}
