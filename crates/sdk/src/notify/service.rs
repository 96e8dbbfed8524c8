//! The receiver as services of `tower`: axum's `route_service`, or any server of hyper's, takes them as they are.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use tower_service::Service;

use super::webhook::{Receiver, Reply};

/// Takes notifications.
#[derive(Clone, Debug)]
pub struct WebhookService(Receiver);

/// Takes actions.
#[derive(Clone, Debug)]
pub struct ActionService(Receiver);

impl Receiver {
    /// A service for the address that the webhook names.
    pub fn service(&self) -> WebhookService {
        WebhookService(self.clone())
    }

    /// A service for the address of actions.
    pub fn actions(&self) -> ActionService {
        ActionService(self.clone())
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

macro_rules! service {
    ($name:ident, |$receiver:ident, $headers:ident, $body:ident| $reply:expr) => {
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

            fn call(&mut self, request: Request<B>) -> Answer {
                let $receiver = self.0.clone();
                Box::pin(async move {
                    let reply = match read(request, $receiver.most_bytes()).await {
                        Ok(($headers, $body)) => $reply,
                        Err(status) => Reply {
                            status,
                            body: serde_json::json!({ "message": "the request cannot be read" }),
                        },
                    };
                    Ok(answer(&reply))
                })
            }
        }
    };
}

service!(WebhookService, |receiver, headers, body| receiver
    .notification(&headers, &body)
    .await);
service!(ActionService, |receiver, _headers, body| receiver
    .action(&body)
    .await);

pub(crate) async fn read<B>(request: Request<B>, most_bytes: usize) -> Result<(HeaderMap, Bytes), StatusCode>
where
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    match Limited::new(body, most_bytes).collect().await {
        Ok(body) => Ok((head.headers, body.to_bytes())),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

pub(crate) fn answer(reply: &Reply) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(reply.body.to_string())));
    *answer.status_mut() = reply.status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}
