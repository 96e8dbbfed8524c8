//! OAuth clients: applications of developers, and integrations of devices.

use hallway_wire::Secret;
use hallway_wire::application::ApplicationKind;
use hallway_wire::id::OrgId;

use crate::application::Application;
use crate::crypto::{same_hash, sha256};
use crate::error::{Doing as _, Error, Result};
use crate::integration::Integration;
use crate::platform::Platform;
use crate::records::Kept;

/// Who a client id belongs to.
#[derive(Debug)]
pub(super) enum Client {
    /// A workspace integration: its tokens are those of activations.
    Workspace(Box<Integration>),
    Application(Box<Kept<Application>>),
}

impl Client {
    fn org(&self) -> OrgId {
        match self {
            Self::Workspace(integration) => integration.org,
            Self::Application(app) => app.org,
        }
    }

    fn secret_hash(&self) -> Option<[u8; 32]> {
        match self {
            Self::Workspace(integration) => Some(integration.client_secret_hash),
            Self::Application(app) => app.secret_hash,
        }
    }
}

impl Platform {
    /// The client with this id.
    pub(super) async fn client(&self, client_id: &str) -> Result<Option<Client>> {
        if let Some(app) = self.application_of_client(client_id).await? {
            return Ok(Some(Client::Application(Box::new(app))));
        }
        let found = self.store.integration_of_client(client_id).await;
        let found = found.doing("looking up an OAuth client")?;
        Ok(found.map(|integration| Client::Workspace(Box::new(integration))))
    }

    /// The client that proved itself with its secret.
    ///
    /// # Errors
    /// [`Error::InvalidClient`].
    pub(super) async fn proven_client(&self, client_id: &str, secret: &Secret) -> Result<Client> {
        let client = self.client(client_id).await?;
        // An unknown client costs the same comparison as a wrong secret.
        let expected = client.as_ref().and_then(Client::secret_hash);
        let same = same_hash(&expected.unwrap_or_default(), &sha256(secret.expose().as_bytes()));
        match client {
            Some(client) if same && expected.is_some() => Ok(client),
            Some(client) => {
                let what = format!("sent a wrong client secret for the client {client_id}");
                self.note_failed_login(client.org(), None, what).await?;
                Err(Error::InvalidClient)
            }
            None => Err(Error::InvalidClient),
        }
    }

    /// The integration that a person can grant something to.
    pub(super) async fn grantable(&self, client_id: &str) -> Result<Option<Kept<Application>>> {
        let found = self.application_of_client(client_id).await?;
        Ok(found.filter(|app| app.kind == ApplicationKind::Integration))
    }
}
