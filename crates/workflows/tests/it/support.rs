//! An office whose location can call, and a desk whose requests are counted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hallway_sdk::client::{Https, RateLimit, RetryPolicy, Transport, TransportError};
use hallway_sdk::resources::{AddNumbers, Location};
use hallway_sdk::{Client, LocationId};
use hallway_testing::Office;
use hallway_workflows::{Desk, Outcome, Plan, Report};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

/// The main number of the location; `NUMBERS` are free.
pub(crate) const MAIN: &str = "+14085550100";
pub(crate) const NUMBERS: [&str; 4] = ["+14085550101", "+14085550102", "+14085550103", "+14085550104"];

/// Counts what passes, and may forge the status of answers to a kind of request.
#[derive(Debug)]
pub(crate) struct Counting {
    inner: Https,
    lines: Mutex<Vec<String>>,
    pub(crate) forge: Mutex<Option<(Method, StatusCode)>>,
}

#[async_trait]
impl Transport for Counting {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let method = request.method().clone();
        let line = format!("{method} {}", request.uri().path());
        self.lines.lock().unwrap().push(line);
        let mut answer = self.inner.send(request).await?;
        let forged = self
            .forge
            .lock()
            .unwrap()
            .take_if(|(wanted, _)| *wanted == method);
        if let Some((_, status)) = forged {
            *answer.status_mut() = status;
        }
        Ok(answer)
    }
}

impl Counting {
    /// What was asked since the last look.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }

    /// What was written since the last look.
    pub(crate) fn writes(&self) -> Vec<String> {
        let mut lines = self.taken();
        lines.retain(|line| !line.starts_with("GET"));
        lines
    }
}

pub(crate) struct Bench {
    pub(crate) office: Office,
    pub(crate) desk: Desk,
    pub(crate) count: Arc<Counting>,
    pub(crate) location: Location,
}

impl Bench {
    pub(crate) async fn open() -> Self {
        let office = Office::start().await;
        let admin = office.admin();
        let location = admin.locations().list().first().await.unwrap().unwrap();
        let bench = Self {
            count: Arc::new(Counting {
                inner: Https::new().unwrap(),
                lines: Mutex::default(),
                forge: Mutex::default(),
            }),
            desk: Desk::new(admin),
            location,
            office,
        };
        bench.let_call(&bench.location).await;
        let all = [&[MAIN][..], &NUMBERS[..]].concat();
        let admin = bench.office.admin();
        let id = &bench.location.id;
        admin
            .calling()
            .add_numbers(id, &AddNumbers::new(all))
            .await
            .unwrap();
        let main = json!({ "callingLineId": { "phoneNumber": MAIN } });
        let path = format!("telephony/config/locations/{id}");
        admin.request(Method::PUT, path).json(&main).done().await.unwrap();
        bench.fresh()
    }

    /// The same with a desk that knows nothing yet.
    pub(crate) fn fresh(mut self) -> Self {
        self.desk = self.new_desk();
        self
    }

    /// A desk that knows nothing yet, as a second process would have.
    pub(crate) fn new_desk(&self) -> Desk {
        let retry = RetryPolicy {
            first: Duration::from_millis(5),
            ..RetryPolicy::default()
        };
        let client = Client::builder(self.office.base_url())
            .personal_token(self.office.admin_token())
            .rate_limit(RateLimit::none())
            .retry(retry)
            .transport(Arc::clone(&self.count) as _)
            .build()
            .unwrap();
        Desk::new(client)
    }

    /// Turns Webex Calling on in a location, with a gateway of its own.
    pub(crate) async fn let_call(&self, location: &Location) {
        let admin = self.office.admin();
        let body = json!({
            "id": location.id, "name": location.name, "timeZone": location.time_zone,
            "preferredLanguage": location.preferred_language, "announcementLanguage": "en_us",
            "address": location.address,
        });
        let call = admin.request(Method::POST, "telephony/config/locations");
        call.json(&body).done().await.unwrap();
        let url = format!(
            "{}/hallway/v1/calling/locations/{}/connection",
            self.office.url(),
            location.id
        );
        let choice = json!({ "pstnConnectionType": "LOCAL_GATEWAY" });
        admin
            .request(Method::PUT, url)
            .json(&choice)
            .done()
            .await
            .unwrap();
    }

    /// Another location, which cannot call yet.
    pub(crate) async fn another_location(&self, name: &str) -> Location {
        let body = hallway_sdk::resources::LocationBody::new()
            .name(name)
            .time_zone("America/Los_Angeles")
            .preferred_language("en_US")
            .announcement_language("en_us")
            .address(self.location.address.clone());
        let admin = self.office.admin();
        let id: LocationId = admin.locations().create(&body).await.unwrap();
        admin.locations().get(&id).await.unwrap()
    }

    /// Runs a plan that must succeed so.
    pub(crate) async fn done(&self, plan: Plan, outcome: Outcome) -> Report {
        let report = self.desk.run(plan).await;
        assert_eq!(report.outcome, outcome, "{report}");
        assert!(report.problem.is_none(), "{report}");
        report
    }

    /// Runs a plan that must be undone whole.
    pub(crate) async fn undone(&self, plan: Plan) -> Report {
        let report = self.desk.run(plan).await;
        assert_eq!(report.outcome, Outcome::Undone, "{report}");
        assert!(
            report.problem.is_some() && report.left().next().is_none(),
            "{report}"
        );
        report
    }

    /// Everything that a run could have changed.
    pub(crate) async fn world(&self) -> Value {
        let admin = self.office.admin();
        let read = async |path: &str, key: &str| {
            let answer: Value = admin.request(Method::GET, path).read().await.unwrap();
            let mut items = answer[key].as_array().cloned().unwrap_or_default();
            for item in &mut items {
                // Each change moves it.
                if let Some(item) = item.as_object_mut() {
                    item.remove("lastModified");
                }
            }
            items.sort_by_key(ToString::to_string);
            items
        };
        let people = read("people?callingData=true", "items").await;
        let mut lines = Vec::new();
        for person in &people {
            let id = person["id"].as_str().unwrap();
            let path = format!("people/{id}/features/numbers");
            let numbers: Value = admin.request(Method::GET, path).read().await.unwrap();
            lines.push(numbers);
        }
        json!({
            "people": people,
            "lines": lines,
            "licenses": read("licenses", "items").await,
            "numbers": read("telephony/config/numbers?max=2000", "phoneNumbers").await,
        })
    }

    /// How many units of a license are taken.
    pub(crate) async fn consumed(&self, name: &str) -> i64 {
        let all = self.office.admin().licenses().list().all().await.unwrap();
        all.iter()
            .find(|license| license.name == name)
            .unwrap()
            .consumed_units
    }
}
