//! Tenants as services of `tower`: axum's `route_service`, or any server of hyper's, takes them as they are.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::provisioning::MOST_BYTES;
use super::registry::Tenants;
use super::tenant::TenantId;
use crate::notify::{Receiver, Reply, answer, read};

/// Takes activation codes.
#[derive(Clone, Debug)]
pub struct ProvisioningService(Tenants);

/// Takes notifications of all tenants; the last segment of the path says whose.
#[derive(Clone, Debug)]
pub struct TenantNotifications(Tenants);

/// Takes actions of all tenants; the last segment of the path says whose.
#[derive(Clone, Debug)]
pub struct TenantActions(Tenants);

impl Tenants {
    /// A service for the address that the manifest names in `provisioning`.
    pub fn provisioning(&self) -> ProvisioningService {
        ProvisioningService(self.clone())
    }

    /// A service for the address that was given to [`webhook`](crate::integration::Builder::webhook), with one more
    /// segment: `/notifications/{tenant}`.
    pub fn notifications(&self) -> TenantNotifications {
        TenantNotifications(self.clone())
    }

    /// A service for the address that was given to [`actions_url`](crate::integration::Builder::actions_url), with
    /// one more segment: `/actions/{tenant}`.
    pub fn actions(&self) -> TenantActions {
        TenantActions(self.clone())
    }

    /// What takes the webhooks of a tenant.
    fn receiver(&self, path: &str) -> Result<Receiver, Reply> {
        let id = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let Some(slot) = self.registry().slot(&TenantId::named(id)) else {
            return Err(Reply::new(StatusCode::NOT_FOUND, "there is no such tenant"));
        };
        slot.receiver().ok_or_else(|| {
            Reply::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the tenant is not connected now, try again",
            )
        })
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

fn unread(status: StatusCode) -> Reply {
    Reply::new(status, "the request cannot be read")
}

macro_rules! service {
    ($name:ident, |$tenants:ident, $request:ident| $reply:expr) => {
        impl<B> Service<Request<B>> for $name
        where
            B: Body + Send + 'static,
            B::Data: Send,
            B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        {
            type Response = Response<Full<Bytes>>;
            type Error = Infallible;
            type Future = Answer;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, $request: Request<B>) -> Answer {
                let $tenants = self.0.clone();
                Box::pin(async move {
                    let reply = async move { $reply }.await;
                    Ok(answer(&reply))
                })
            }
        }
    };
}

service!(ProvisioningService, |tenants, request| {
    match read(request, MOST_BYTES).await {
        Ok((_, body)) => tenants.provision(&body).await,
        Err(status) => unread(status),
    }
});

// Whose it is comes first: for nobody's webhooks no body is read.
service!(TenantNotifications, |tenants, request| {
    match tenants.receiver(request.uri().path()) {
        Ok(receiver) => match read(request, receiver.most_bytes()).await {
            Ok((headers, body)) => receiver.notification(&headers, &body).await,
            Err(status) => unread(status),
        },
        Err(reply) => reply,
    }
});

service!(TenantActions, |tenants, request| {
    match tenants.receiver(request.uri().path()) {
        Ok(receiver) => match read(request, receiver.most_bytes()).await {
            Ok((_, body)) => receiver.action(&body).await,
            Err(status) => unread(status),
        },
        Err(reply) => reply,
    }
});
