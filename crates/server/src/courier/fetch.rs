//! Fetching what is at a URL, under the same guard as everything that goes out.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderValue, Method, Request, header};
use bytes::Bytes;
use hallway_platform::ports::{CourierError, Download, Fetched};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

use super::HttpErrand;

/// A body that arrives, with the connection that it arrives by.
struct Body {
    incoming: Incoming,
    timeout: Duration,
}

fn late(timeout: Duration) -> CourierError {
    CourierError(format!("no answer within {} s", timeout.as_secs_f32()))
}

#[async_trait]
impl Download for Body {
    async fn chunk(&mut self) -> Result<Option<Bytes>, CourierError> {
        loop {
            let frame = tokio::time::timeout(self.timeout, self.incoming.frame()).await;
            let frame = match frame.map_err(|_| late(self.timeout))? {
                None => return Ok(None),
                Some(frame) => {
                    frame.map_err(|error| CourierError(format!("the answer broke off: {error}")))?
                }
            };
            // Trailers say nothing about a file.
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
    }
}

/// Asks once, on a connection of its own.
pub(super) async fn fetch(errand: HttpErrand) -> Result<Fetched, CourierError> {
    let timeout = errand.timeout;
    let asked = async {
        let mut sender = errand.dial().await?;
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.method_mut() = Method::GET;
        *request.uri_mut() = errand.path.clone();
        let headers = request.headers_mut();
        headers.insert(header::HOST, errand.host_header.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("Hallway"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        sender
            .send_request(request)
            .await
            .map_err(|error| CourierError(format!("{}:{}: {error}", errand.host, errand.port)))
    };
    let answer = tokio::time::timeout(timeout, asked)
        .await
        .map_err(|_| late(timeout))??;
    let (head, incoming) = answer.into_parts();
    Ok(Fetched {
        status: head.status.as_u16(),
        headers: head.headers,
        body: Box::new(Body { incoming, timeout }),
    })
}
