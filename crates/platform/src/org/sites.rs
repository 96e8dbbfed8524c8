//! The sites of an organization: host names that service-app webhooks tell (service-apps 6).

use hallway_wire::authorization::Sites;

use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::Write;

/// Most sites of an organization.
const MAX_SITES: usize = 100;

/// Whether a text is a host name: labels of letters, digits and dashes, joined by dots.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

impl Platform {
    /// The sites of the caller's organization.
    ///
    /// # Errors
    /// No administrator.
    pub async fn sites(&self, caller: &Caller) -> Result<Sites> {
        caller.require_reading_admin()?;
        let org = self.organization(caller, caller.org).await?;
        Ok(Sites { sites: org.sites })
    }

    /// Says which sites the caller's organization has.
    ///
    /// # Errors
    /// No full administrator; what is no host name.
    pub async fn set_sites(&self, caller: &Caller, wish: Sites) -> Result<Sites> {
        caller.require_full_admin()?;
        let mut problems: Vec<String> = wish
            .sites
            .iter()
            .filter(|site| !is_host(site))
            .map(|site| {
                format!(
                    "sites: {:?} is no host name",
                    site.chars().take(100).collect::<String>()
                )
            })
            .take(20)
            .collect();
        if wish.sites.len() > MAX_SITES {
            problems.push(format!("sites: at most {MAX_SITES} are possible"));
        }
        if !problems.is_empty() {
            return Err(Error::invalid_all("The sites are not in order.", problems));
        }
        self.retrying(|| self.try_set_sites(caller, &wish)).await
    }

    async fn try_set_sites(&self, caller: &Caller, wish: &Sites) -> Result<Sites> {
        let mut org = self.organization(caller, caller.org).await?;
        org.revision += 1;
        org.sites = wish.sites.iter().map(|site| site.to_ascii_lowercase()).collect();
        org.sites.dedup();
        let entry = audit::by(
            caller,
            self.now(),
            "organization.changed",
            &org.display_name,
            format!("set the sites to {}", org.sites.join(", ")),
        );
        let sites = org.sites.clone();
        let writes = vec![Write::PutOrganization(org), entry];
        self.store
            .commit(writes)
            .await
            .doing("changing an organization")?;
        Ok(Sites { sites })
    }
}
