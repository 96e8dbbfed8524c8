//! The SDK over the connection of a command: for what is more than one request.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hallway_sdk::client::{RateLimit, Transport, TransportError};
use hallway_sdk::tokens::{Personal, TokenSource};
use hyper::{Request, Response, Uri};

use super::connection::Who;
use super::failure::{Failure, Result};
use super::http::{Client, encoded};
use super::profile::session::transport;

/// Names the organization in each request, as `--org` wishes.
#[derive(Debug)]
struct InOrganization {
    inner: Arc<dyn Transport>,
    org: String,
}

#[async_trait]
impl Transport for InOrganization {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let uri = request.uri();
        let named = uri
            .query()
            .is_some_and(|query| query.split('&').any(|pair| pair.starts_with("orgId=")));
        if !named {
            let sign = if uri.query().is_some() { '&' } else { '?' };
            let text = format!("{uri}{sign}orgId={}", encoded(&self.org));
            *request.uri_mut() = text.parse::<Uri>().map_err(TransportError::not_sent)?;
        }
        self.inner.send(request).await
    }
}

impl Client {
    /// The same connection, for the SDK: with its limits, its patience and its types.
    ///
    /// # Errors
    /// There is no token to act with, or the organization cannot be found.
    pub(crate) async fn sdk(&self, limit: RateLimit) -> Result<hallway_sdk::Client> {
        let tokens: Arc<dyn TokenSource> = match self.who() {
            Who::Profile(session) => session.source().await?,
            Who::Token(_) | Who::Nobody => Arc::new(Personal::new(self.token().await?)),
        };
        let mut transport: Arc<dyn Transport> = Arc::new(transport(self.ca())?);
        if let Some(org) = self.organization().await? {
            let org = org.to_owned();
            transport = Arc::new(InOrganization {
                inner: transport,
                org,
            });
        }
        let client = hallway_sdk::Client::builder(format!("{}/v1", self.url()))
            .tokens(tokens)
            .transport(transport)
            .rate_limit(limit)
            .user_agent(concat!("hallway/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map_err(|error| Failure::usage(error.to_string()))
    }
}
