//! Requests: repeated when they may be, never done twice, and told what is missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hallway_sdk::client::{Https, RateLimit, RetryPolicy, Transport, TransportError};
use hallway_sdk::{Error, Integration};
use hallway_testing::{Fault, Installed, Office};

use http::{Request, Response};

use crate::MANIFEST;
use crate::ledger::devices;

async fn connect(installed: &Installed) -> Integration {
    let retry = RetryPolicy {
        first: Duration::from_millis(5),
        most: Duration::from_millis(50),
        ..RetryPolicy::default()
    };
    installed
        .builder()
        .retry(retry)
        .long_polling()
        .connect()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_list_whose_pages_are_refused_is_whole() {
    let office = Office::start().await;
    devices(&office, 7).await;
    let installed = office.install(MANIFEST).await;
    let integration = connect(&installed).await;
    let refused = office
        .fault(
            Fault::status(429)
                .retry_after(1)
                .on("GET /v1/devices")
                .by(&installed)
                .times(1),
        )
        .await;
    let broken = office
        .fault(Fault::close().on("GET /v1/devices").by(&installed).times(2))
        .await;
    let ended = office
        .fault(
            Fault::expired_token()
                .on("GET /v1/devices")
                .by(&installed)
                .times(1),
        )
        .await;
    let list = integration.client().devices().list().page_size(2);
    assert_eq!(list.all().await.unwrap().len(), 7);
    assert_eq!(
        (refused.hits().await, broken.hits().await, ended.hits().await),
        (1, 2, 1)
    );
    office.close().await;
}

/// A command that may have been carried out is not sent again: a broken answer does not ring twice.
#[tokio::test]
async fn a_command_whose_answer_is_lost_is_not_repeated() {
    let office = Office::start().await;
    let room = office.room("Board Room").await;
    let installed = office.install(MANIFEST).await;
    let integration = connect(&installed).await;
    let device = integration.device(room.device().id());
    let broken = office
        .fault(
            Fault::close()
                .on("POST /v1/xapi/command/{name}")
                .by(&installed)
                .times(1),
        )
        .await;
    // Like a call that is dialled: nothing that may be done twice, unless the author says so.
    let alert = |text: &str| {
        device
            .command("UserInterface.Message.Alert.Display")
            .arg("Text", text)
    };
    let error = alert("one").run().await.unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
    assert_eq!(broken.hits().await, 1);
    // One that was refused before anything was done is.
    let refused = office
        .fault(
            Fault::status(429)
                .retry_after(1)
                .on("POST /v1/xapi/command/{name}")
                .by(&installed)
                .times(1),
        )
        .await;
    alert("two").run().await.unwrap();
    assert_eq!(refused.hits().await, 1);
    let texts: Vec<_> = room
        .device()
        .commands()
        .into_iter()
        .map(|ran| ran.arguments["Text"].clone())
        .collect();
    assert_eq!(texts.iter().filter(|text| *text == "two").count(), 1, "{texts:?}");
    assert!(
        texts.iter().filter(|text| *text == "one").count() <= 1,
        "{texts:?}"
    );
    office.close().await;
}

#[tokio::test]
async fn errors_name_what_is_missing_and_carry_the_tracking_id() {
    let office = Office::start().await;
    let room = office.room("Board Room").await;
    let installed = office.install(MANIFEST).await;
    let integration = connect(&installed).await;
    let error = integration
        .device(room.device().id())
        .command("Standby.Activate")
        .run()
        .await
        .unwrap_err();
    let Error::Permission { missing, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(missing.to_string().contains("Standby.Activate"), "{missing}");
    let error = integration.client().people().list().all().await.unwrap_err();
    assert!(matches!(error, Error::Permission { .. }), "{error:?}");
    assert!(error.tracking_id().is_some(), "{error:?}");
    let error = integration
        .client()
        .devices()
        .get(&"nobody".into())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::NotFound(_) | Error::BadRequest(_)),
        "{error:?}"
    );
    office.close().await;
}

/// Counts exchanges of refresh tokens.
#[derive(Debug)]
struct Counting {
    https: Https,
    exchanges: AtomicUsize,
}

#[async_trait]
impl Transport for Counting {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let exchange = request.uri().path().ends_with("/access_token");
        self.exchanges.fetch_add(usize::from(exchange), Ordering::SeqCst);
        self.https.send(request).await
    }
}

/// However many tasks ask at the moment when the token has ended, it is renewed once.
#[tokio::test]
async fn many_tasks_renew_a_token_once() {
    const TASKS: u64 = 20;
    let office = Office::start().await;
    devices(&office, 1).await;
    let installed = office.install(MANIFEST).await;
    let counting = Arc::new(Counting {
        https: Https::new().unwrap(),
        exchanges: AtomicUsize::new(0),
    });
    let builder = installed.builder().transport(Arc::<Counting>::clone(&counting));
    let integration = builder
        .rate_limit(RateLimit::none())
        .long_polling()
        .connect()
        .await
        .unwrap();
    let before = counting.exchanges.load(Ordering::SeqCst);
    // Slow enough that all of them ask before the first one is refused.
    let slow = Fault::latency(Duration::from_millis(500));
    office
        .fault(slow.on("GET /v1/devices").by(&installed).times(TASKS))
        .await;
    let ended = Fault::expired_token()
        .on("GET /v1/devices")
        .by(&installed)
        .times(TASKS);
    let ended = office.fault(ended).await;
    let asking = (0..TASKS).map(|_| {
        let client = integration.client().clone();
        tokio::spawn(async move { client.devices().list().all().await.map(|all| all.len()) })
    });
    for task in asking.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().unwrap(), 1);
    }
    assert_eq!(ended.hits().await, TASKS);
    assert_eq!(counting.exchanges.load(Ordering::SeqCst) - before, 1);
    office.close().await;
}
