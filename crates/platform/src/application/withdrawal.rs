//! What becomes of applications when an organization is deleted: those that were developed in it end everywhere,
//! and those of others do not know it any more.

use hallway_wire::application::AuthorizationState;
use hallway_wire::id::OrgId;

use super::{AppAuthorization, Application};
use crate::audit;
use crate::error::Result;
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::Kept;

impl Platform {
    /// Ends the applications of an organization in all others. Their own records stay.
    pub(crate) async fn withdraw_applications_of(&self, org: OrgId) -> Result<()> {
        for app in self.list_all::<Application>(org, "all", "").await? {
            self.retrying(|| async {
                let now = self.now();
                let mut writes = vec![Write::DeleteGrantsOfClient(app.client_id.clone())];
                for (there, person) in self.granters(&app.client_id, None).await? {
                    let client = Some(app.client_id.as_str());
                    writes.extend(self.end_webhooks_of_client(there, person, client).await?);
                }
                let mut gone = Vec::new();
                for &there in app.orgs.iter().filter(|there| **there != org) {
                    let known: Option<Kept<AppAuthorization>> =
                        self.app_authorization(&app.client_id, there).await?;
                    let Some(known) = known else { continue };
                    writes.push(known.delete());
                    if known.authorized.is_some() {
                        writes.push(Write::DeletePerson(known.machine));
                        gone.push(known.machine);
                    }
                    if known.state == AuthorizationState::Authorized {
                        let what = format!(
                            "ended the authorization of {}: its developer's organization was deleted",
                            app.name
                        );
                        let event = "serviceApp.deauthorized";
                        writes.push(audit::by_system(there, now, event, &app.name, what));
                    }
                }
                self.commit(writes).await?;
                self.sessions.forget_client(&app.client_id);
                for person in gone {
                    self.forget_sessions_of(person);
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Takes an organization out of what applications of others know.
    pub(crate) async fn withdraw_from_applications(&self, org: OrgId) -> Result<()> {
        for there in self.list_all::<AppAuthorization>(org, "all", "").await? {
            if there.developer_org == org {
                continue;
            }
            self.retrying(|| async {
                let Some(app) = self.application_of_client(&there.client_id).await? else {
                    return Ok(());
                };
                let mut changed = app.doc.clone();
                if !changed.orgs.remove(&org) {
                    return Ok(());
                }
                self.commit(vec![app.put(&changed)?]).await
            })
            .await?;
        }
        Ok(())
    }
}
