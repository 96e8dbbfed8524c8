//! Plans against a world in memory, which refuses, loses answers and breaks down wherever a case wants it to: what
//! was done is undone, whatever subset it was.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use hallway_sdk::Client;
use hallway_sdk::client::{RateLimit, RetryPolicy, Transport, TransportError};
use hallway_workflows::{Desk, Effect, Outcome, Plan, Probe, Report, Request, Step, Undo};
use http::{Method, Response, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

type Things = BTreeMap<String, i64>;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Luck {
    Good,
    /// 400, and nothing done.
    Refused,
    /// 503, and nothing done.
    Down,
    /// 503, but done.
    DownAfter,
    /// Done, and the answer got lost.
    Lost,
    /// It never arrived.
    NotSent,
}

#[derive(Debug, Default)]
struct World {
    things: Mutex<Things>,
    luck: Mutex<VecDeque<Luck>>,
    writes: Mutex<Vec<String>>,
    /// Requests that wait here are under way.
    gate: Option<tokio::sync::Semaphore>,
}

impl World {
    fn act(&self, method: &Method, name: &str, body: &[u8]) -> (StatusCode, Value) {
        let mut things = self.things.lock().unwrap();
        match *method {
            Method::GET => match things.get(name) {
                Some(value) => (StatusCode::OK, json!({ "id": name, "value": value })),
                None => (StatusCode::NOT_FOUND, json!({ "message": "No." })),
            },
            Method::DELETE => match things.remove(name) {
                Some(_) => (StatusCode::NO_CONTENT, Value::Null),
                None => (StatusCode::NOT_FOUND, json!({ "message": "No." })),
            },
            _ => {
                let body: Value = serde_json::from_slice(body).unwrap();
                if *method == Method::POST && things.contains_key(name) {
                    return (StatusCode::CONFLICT, json!({ "message": "Taken." }));
                }
                things.insert(name.to_owned(), body["value"].as_i64().unwrap());
                (StatusCode::OK, json!({ "id": name }))
            }
        }
    }
}

#[async_trait]
impl Transport for World {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let luck = self.luck.lock().unwrap().pop_front().unwrap_or(Luck::Good);
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        let name = request.uri().path().rsplit('/').next().unwrap().to_owned();
        let answer = |status: StatusCode, body: Value| {
            let answer = Response::builder().status(status).header("trackingid", "WORLD_1");
            Ok(answer.body(Bytes::from(body.to_string())).unwrap())
        };
        if request.method() != Method::GET {
            let line = format!("{} {name}", request.method());
            self.writes.lock().unwrap().push(line);
        }
        let down = json!({ "message": "Down." });
        match luck {
            Luck::Refused => return answer(StatusCode::BAD_REQUEST, json!({ "message": "No." })),
            Luck::Down => return answer(StatusCode::SERVICE_UNAVAILABLE, down),
            Luck::NotSent => return Err(TransportError::not_sent("no way")),
            Luck::Good | Luck::DownAfter | Luck::Lost => {}
        }
        let (status, body) = self.act(request.method(), &name, request.body());
        match luck {
            Luck::DownAfter => answer(StatusCode::SERVICE_UNAVAILABLE, down),
            Luck::Lost => Err(TransportError::unknown("lost")),
            _ => answer(status, body),
        }
    }
}

/// A change of one thing. The number of the thing is that of the step, so that no two meet.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Create(i64),
    Change(i64, i64),
    Delete(i64),
    Already(i64),
}

fn thing(at: usize) -> String {
    format!("thing{at}")
}

fn before(wishes: &[Wish]) -> Things {
    let things = wishes.iter().enumerate().filter_map(|(at, wish)| match wish {
        Wish::Create(_) => None,
        Wish::Change(value, _) | Wish::Delete(value) | Wish::Already(value) => Some((thing(at), *value)),
    });
    things.collect()
}

fn after(wishes: &[Wish]) -> Things {
    let things = wishes.iter().enumerate().filter_map(|(at, wish)| match wish {
        Wish::Delete(_) => None,
        Wish::Create(value) | Wish::Change(_, value) | Wish::Already(value) => Some((thing(at), *value)),
    });
    things.collect()
}

fn plan(wishes: &[Wish]) -> Plan {
    let call = |method: Method, at: usize, value: Option<i64>| {
        let request = Request::new(method, ["things".to_owned(), thing(at)]);
        match value {
            Some(value) => request.json(json!({ "value": value })),
            None => request,
        }
    };
    let is = |at: usize, value: i64| {
        Probe::new(call(Method::GET, at, None), move |answer| {
            answer["value"] == value
        })
    };
    let mut plan = Plan::new("change the world");
    for (at, wish) in wishes.iter().enumerate() {
        let title = thing(at);
        plan = plan.step(match *wish {
            Wish::Already(_) => Step::already(title, "it is so"),
            Wish::Create(value) => Step::new(
                title,
                Effect::Create,
                call(Method::POST, at, Some(value)),
                Undo::Calls(vec![call(Method::DELETE, at, None)]),
            )
            .gives("thing", "/id")
            .probe(is(at, value).gives("thing", "/id")),
            Wish::Change(old, new) => Step::new(
                title,
                Effect::Change,
                call(Method::PUT, at, Some(new)),
                Undo::Calls(vec![call(Method::PUT, at, Some(old))]),
            )
            .probe(is(at, new)),
            Wish::Delete(old) => Step::new(
                title,
                Effect::Delete,
                call(Method::DELETE, at, None),
                Undo::Calls(vec![call(Method::PUT, at, Some(old))]),
            ),
        });
    }
    plan
}

fn desk(world: &Arc<World>, retry: RetryPolicy) -> Desk {
    let client = Client::builder("http://world.example/v1")
        .personal_token("t")
        .retry(retry);
    let client = client
        .rate_limit(RateLimit::none())
        .transport(Arc::clone(world) as _);
    Desk::new(client.build().unwrap())
}

fn world(wishes: &[Wish], luck: &[Luck]) -> Arc<World> {
    Arc::new(World {
        things: Mutex::new(before(wishes)),
        luck: Mutex::new(luck.iter().copied().collect()),
        ..World::default()
    })
}

/// Runs a plan in time that passes at once.
fn run(wishes: &[Wish], luck: &[Luck]) -> (Things, Report) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = world(wishes, luck);
        let report = desk(&world, RetryPolicy::never()).run(plan(wishes)).await;
        let things = world.things.lock().unwrap().clone();
        (things, report)
    })
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let wish = prop_oneof![
        (1..9i64).prop_map(Wish::Create),
        (1..9i64, 11..19i64).prop_map(|(old, new)| Wish::Change(old, new)),
        (1..9i64).prop_map(Wish::Delete),
        (1..9i64).prop_map(Wish::Already),
    ];
    prop::collection::vec(wish, 1..7)
}

fn luck() -> impl Strategy<Value = Vec<Luck>> {
    let one = prop_oneof![
        6 => Just(Luck::Good),
        1 => Just(Luck::Refused),
        1 => Just(Luck::Down),
        1 => Just(Luck::DownAfter),
        1 => Just(Luck::Lost),
        1 => Just(Luck::NotSent),
    ];
    prop::collection::vec(one, 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// The world is as it was wanted, or as it was before but for what the report says is left.
    #[test]
    fn all_of_it_or_nothing_but_what_is_said(wishes in wishes(), luck in luck()) {
        let (things, report) = run(&wishes, &luck);
        if report.is_success() {
            prop_assert_eq!(&things, &after(&wishes), "{}", report);
            prop_assert!(report.problem.is_none() && report.steps.iter().all(|step| step.problem.is_none()));
        } else {
            let initial = before(&wishes);
            for (at, step) in report.steps.iter().enumerate() {
                let differs = things.get(&thing(at)) != initial.get(&thing(at));
                prop_assert!(!differs || step.outcome == Outcome::Left, "{:?} {}", things, report);
                if step.outcome == Outcome::Left {
                    let problem = step.problem.as_ref().unwrap();
                    prop_assert!(problem.next_step().unwrap().contains(&thing(at)), "{}", problem);
                }
            }
            prop_assert!(report.problem.is_some());
            let left = report.left().next().is_some();
            prop_assert_eq!(left, report.outcome == Outcome::Left);
        }
    }

    /// When only one call is refused and the undos are answered, nothing at all is left.
    #[test]
    fn what_was_done_is_undone_whatever_subset_it_was(wishes in wishes(), fails in 0..6usize) {
        let calls = plan(&wishes).calls().count();
        let mut luck = vec![Luck::Good; fails];
        luck.push(Luck::Refused);
        let (things, report) = run(&wishes, &luck);
        if fails < calls {
            prop_assert_eq!(&things, &before(&wishes), "{}", report);
            let undone = report.steps.iter().filter(|step| step.outcome == Outcome::Undone).count();
            prop_assert_eq!(undone, fails);
        } else {
            prop_assert_eq!(&things, &after(&wishes));
        }
    }
}

#[test]
fn undo_goes_backwards_and_names_its_calls() {
    let wishes = [Wish::Create(1), Wish::Change(2, 12), Wish::Create(3)];
    let (_, report) = run(&wishes, &[Luck::Good, Luck::Good, Luck::Refused]);
    assert_eq!(report.outcome, Outcome::Undone);
    let outcomes: Vec<Outcome> = report.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [Outcome::Undone, Outcome::Undone, Outcome::Failed]);
    let calls: Vec<&str> = report.steps[0]
        .calls
        .iter()
        .map(|made| made.call.as_str())
        .collect();
    assert_eq!(calls, ["POST /things/thing0", "DELETE /things/thing0"]);
    assert_eq!(report.steps[1].calls[1].call, "PUT /things/thing1");
    assert_eq!(report.tracking_ids().count(), 5, "every call has its tracking id");
    assert_eq!(report.problem.unwrap().tracking_id(), Some("WORLD_1"));
}

#[test]
fn what_cannot_be_undone_is_said_with_the_next_step() {
    let wishes = [Wish::Create(1), Wish::Create(2)];
    // The second one is refused, and so is the undo of the first one.
    let (things, report) = run(&wishes, &[Luck::Good, Luck::Refused, Luck::Refused]);
    assert_eq!(things.len(), 1);
    assert_eq!(report.outcome, Outcome::Left);
    let problem = report.left().next().unwrap().problem.clone().unwrap();
    assert_eq!(
        problem.next_step(),
        Some("undo it by hand: DELETE /things/thing0")
    );
}

#[test]
fn a_lost_answer_is_looked_up_and_nothing_is_done_twice() {
    let (things, report) = run(&[Wish::Create(1)], &[Luck::Lost]);
    assert_eq!(report.outcome, Outcome::Created, "{report}");
    assert_eq!(report.steps[0].calls.len(), 1, "it was sent once");
    assert_eq!(things.len(), 1);
    // It did not arrive, and is sent again.
    let (_, report) = run(&[Wish::Create(1)], &[Luck::Down, Luck::Good, Luck::Good]);
    assert_eq!(report.outcome, Outcome::Created, "{report}");
    assert_eq!(report.steps[0].calls.len(), 2);
}

#[tokio::test]
async fn who_was_faster_is_not_undone() {
    let wishes = [Wish::Create(1), Wish::Create(2)];
    let world = world(&wishes, &[Luck::Good, Luck::Good, Luck::Refused]);
    world.things.lock().unwrap().insert(thing(0), 1);
    let report = desk(&world, RetryPolicy::never()).run(plan(&wishes)).await;
    assert_eq!(report.steps[0].outcome, Outcome::Unchanged, "{report}");
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(
        world.things.lock().unwrap().len(),
        1,
        "it belongs to somebody else"
    );
}

/// The future of the run is dropped while its second call is under way.
#[tokio::test]
async fn a_run_that_is_dropped_is_undone_in_the_background() {
    let wishes = [Wish::Create(1), Wish::Create(2), Wish::Create(3)];
    let world = Arc::new(World {
        gate: Some(tokio::sync::Semaphore::new(1)),
        ..World::default()
    });
    let gate = world.gate.as_ref().unwrap();
    let desk = desk(&world, RetryPolicy::never());
    let mut run = Box::pin(desk.run(plan(&wishes)));
    while world.luck.lock().unwrap().is_empty() && gate.available_permits() == 1 {
        let _ = futures_util::poll!(run.as_mut());
        tokio::task::yield_now().await;
    }
    drop(run);
    gate.add_permits(100);
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(*world.things.lock().unwrap(), Things::new());
    let writes = world.writes.lock().unwrap().clone();
    assert!(
        !writes.iter().any(|write| write.contains("thing2")),
        "the third step was not begun: {writes:?}"
    );
    assert!(
        writes.iter().any(|write| write.starts_with("DELETE")),
        "{writes:?}"
    );
}

#[tokio::test]
async fn a_run_that_is_stopped_says_so() {
    let wishes = [Wish::Create(1), Wish::Create(2)];
    let world = world(&wishes, &[]);
    let mut running = desk(&world, RetryPolicy::never()).start(plan(&wishes));
    running.stop();
    let report = running.report().await;
    assert!(!report.is_success());
    let problem = report.problem.unwrap();
    assert!(problem.what().contains("stopped before"), "{problem}");
    assert!(world.things.lock().unwrap().is_empty());
}

#[test]
fn a_dry_run_shows_the_calls_and_sends_none() {
    let plan = plan(&[Wish::Create(1), Wish::Already(2)]);
    let text = plan.to_string();
    assert_eq!(
        text,
        "change the world\n  1. thing0\n     POST /things/thing0\n     {\"value\":1}\n     undo: DELETE \
         /things/thing0\n  2. thing1\n     nothing to do: it is so\n"
    );
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["steps"][0]["call"]["body"], json!({ "value": 1 }));
    assert_eq!(json["steps"][1]["unchanged"], "it is so");
}
