//! Codes, sessions and waiting devices that have ended go after a while.

use hallway_wire::Timestamp;
use hallway_wire::id::OrgId;

use super::EXPIRY;
use super::codes::AuthCode;
use super::device_flow::WaitingDevice;
use super::sign_in::{BrowserSession, SignInCode};
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::Find;
use crate::records::Document;

/// How long they are kept after their end: who comes with a used code again is noticed that long.
const KEPT_MS: i64 = 3_600_000;
/// How many go in one commit.
const AT_ONCE: usize = 200;

impl Platform {
    /// Deletes what has ended. What somebody changes meanwhile goes the next time.
    pub(crate) async fn sweep_codes(&self, now: Timestamp) -> Result<()> {
        let before = now.plus_millis(-KEPT_MS);
        for org in self.all_organizations().await? {
            self.sweep_kind::<AuthCode>(org.id, before).await?;
            self.sweep_kind::<SignInCode>(org.id, before).await?;
            self.sweep_kind::<BrowserSession>(org.id, before).await?;
            self.sweep_kind::<WaitingDevice>(org.id, before).await?;
        }
        Ok(())
    }

    async fn sweep_kind<D: Document>(&self, org: OrgId, before: Timestamp) -> Result<()> {
        loop {
            let find = Find::new(D::KIND, org, EXPIRY, "", AT_ONCE).between(None, Some(before));
            let listed = self.list::<D>(find).await?;
            if listed.items.is_empty() {
                return Ok(());
            }
            let writes = listed.items.iter().map(crate::records::Kept::delete).collect();
            match self.commit(writes).await {
                Err(Error::Stale) => return Ok(()),
                done => done?,
            }
        }
    }
}
