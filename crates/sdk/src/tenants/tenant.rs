//! One tenant.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::id::{DeviceId, OrgId};
use crate::integration::Integration;
use crate::notify::{Extract, Mismatch, Notice};
use crate::xapi::Device;

/// Names a tenant: the UUID of its organization. It stays the same when the organization moves to another region,
/// where its id is spelled differently. It fits into a path and into a file name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The tenant of an organization.
    pub fn of(org: &OrgId) -> Self {
        let text = match org.uuid() {
            Some(uuid) => uuid.to_string(),
            None => URL_SAFE_NO_PAD.encode(org.as_str().trim_end_matches('=')),
        };
        Self(text.into())
    }

    /// Takes over a name, as it was in a path or a store.
    pub(super) fn named(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for TenantId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A tenant that is connected. Cheap to clone; handlers get it as an argument.
///
/// It is the integration in one organization, so it can also be had of an integration that is alone.
#[derive(Clone, Debug)]
pub struct Tenant {
    id: TenantId,
    integration: Integration,
}

impl From<Integration> for Tenant {
    fn from(integration: Integration) -> Self {
        Self {
            id: TenantId::of(&integration.org_id()),
            integration,
        }
    }
}

impl Tenant {
    pub(super) fn new(id: TenantId, integration: Integration) -> Self {
        Self { id, integration }
    }

    /// Its name. What an author keeps of a tenant is best kept by it.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// The integration in the organization of the tenant.
    pub fn integration(&self) -> &Integration {
        &self.integration
    }

    /// The REST API, as the machine account in the organization of the tenant.
    pub fn client(&self) -> &Client {
        self.integration.client()
    }

    /// The xAPI of a device of the tenant.
    pub fn device(&self, id: impl Into<DeviceId>) -> Device {
        self.integration.device(id)
    }

    /// The organization.
    pub fn org_id(&self) -> OrgId {
        self.integration.org_id()
    }

    /// What the organization was called when it activated the integration.
    pub fn org_name(&self) -> Option<String> {
        self.integration.provisioning().org_name
    }
}

impl Extract for Tenant {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        Ok(notice.integration.clone().into())
    }
}

impl Extract for TenantId {
    fn extract(notice: &Notice) -> Result<Self, Mismatch> {
        Ok(Self::of(&notice.integration.org_id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_tenant_keeps_its_name_in_every_spelling_of_its_organization() {
        let uuid = Uuid::from_u128(7);
        let here = OrgId::new(hallway_wire::id::encode("us", "ORGANIZATION", uuid));
        let there = OrgId::new(hallway_wire::id::encode(
            "urn:TEAM:eu-central-1_k",
            "ORGANIZATION",
            uuid,
        ));
        assert_eq!(TenantId::of(&here), TenantId::of(&there));
        assert_eq!(TenantId::of(&here).as_str(), uuid.to_string());
        let odd = TenantId::of(&OrgId::new("../no id/at all"));
        assert!(
            odd.as_str()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert_eq!(TenantId::of(&OrgId::new("x==")), TenantId::of(&OrgId::new("x")));
    }
}
