//! The accounts that applications act with.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId};

use crate::error::Result;
use crate::org::{Person, PersonKind, Role};
use crate::platform::Platform;

/// The account of a bot or service app.
pub(super) fn account(
    id: PersonId,
    org: OrgId,
    kind: PersonKind,
    email: String,
    name: &str,
    now: Timestamp,
) -> Person {
    Person {
        // Inside its scopes a service app is an administrator.
        roles: match kind {
            PersonKind::ServiceApp => vec![Role::FullAdmin],
            _ => Vec::new(),
        },
        ..Person::new(id, org, kind, email, name, now)
    }
}

impl Platform {
    /// The domain of addresses that nobody receives mail at.
    fn account_domain(&self) -> String {
        let url = &self.config.public_url;
        let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        let host = authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(authority, |(host, _)| host);
        if host.contains(|c: char| c.is_ascii_alphabetic()) && host.contains('.') && !host.starts_with('[') {
            host.to_ascii_lowercase()
        } else {
            "hallway.local".to_owned()
        }
    }

    /// An address that nobody in the organization has: `<name>@<sort>.<domain>`, with a number where it is
    /// taken by another account.
    pub(super) async fn account_email(
        &self,
        org: OrgId,
        id: PersonId,
        name: &str,
        sort: &str,
    ) -> Result<String> {
        let domain = self.account_domain();
        let name = if name.is_empty() { "app" } else { name };
        for n in 1..100u32 {
            let email = match n {
                1 => format!("{name}@{sort}.{domain}"),
                n => format!("{name}-{n}@{sort}.{domain}"),
            };
            let holder = self.person_of_email(org, &email).await?;
            if holder.is_none_or(|holder| holder.id == id) {
                return Ok(email);
            }
        }
        Ok(format!("{name}-{}@{sort}.{domain}", id.uuid().simple()))
    }
}
