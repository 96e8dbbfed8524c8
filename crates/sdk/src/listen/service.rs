//! The listener as a service of `tower`.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::{Listener, MOST_BYTES};
use crate::notify::{Reply, answer, read};

/// Takes what webhooks post, as a service of `tower`.
#[derive(Clone, Debug)]
pub struct ListenService(Listener);

impl Listener {
    /// A service for its address.
    pub fn service(&self) -> ListenService {
        ListenService(self.clone())
    }
}

impl<B> Service<Request<B>> for ListenService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let listener = self.0.clone();
        async move {
            let reply = match read(request, MOST_BYTES).await {
                Ok((headers, body)) => listener.receive(&headers, &body).await,
                Err(status) => Reply::new(status, "the request cannot be read"),
            };
            Ok(answer(&reply))
        }
        .boxed()
    }
}
