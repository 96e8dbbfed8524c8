use std::sync::atomic::AtomicI64;

use hallway_wire::id::{AppId, WebhookId};
use uuid::Uuid;

use super::*;
use crate::Principal;
use crate::fault::Route;
use crate::place::permit::tests::caller;

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

struct Rig {
    faults: Faults,
    hands: Arc<Hands>,
    caller: crate::Caller,
}

fn rig() -> Rig {
    let hands = Arc::new(Hands(AtomicI64::new(1000)));
    Rig {
        faults: Faults::new(Arc::clone(&hands) as Arc<dyn Clock>),
        hands,
        caller: caller(&[], &[], false),
    }
}

fn order(id: &str, effect: FaultEffect) -> Order {
    Order {
        id: Arc::from(id),
        effect,
        scope: Scope::default(),
        times: None,
        probability: None,
        seed: 1,
        created: Timestamp(1000),
        ends: None,
    }
}

fn status(status: u16) -> FaultEffect {
    FaultEffect::Status {
        status,
        retry_after: None,
        message: None,
    }
}

fn latency(min_ms: u64, max_ms: Option<u64>) -> FaultEffect {
    FaultEffect::Latency { min_ms, max_ms }
}

impl Rig {
    fn add(&self, order: Order) {
        self.faults.add(self.caller.org, order).unwrap();
    }

    fn ask_as(&self, principal: &Principal) -> Option<RequestFault> {
        self.faults.on_request(&Asked {
            principal,
            method: "GET",
            path: "/v1/people",
            polls: None,
            devices: &[],
        })
    }

    fn ask(&self) -> Option<RequestFault> {
        self.ask_as(&self.caller)
    }

    fn app() -> Target {
        Target::integration(AppId(Uuid::from_u128(1)))
    }

    fn state(&self, at: usize) -> (FaultState, u64) {
        let fault = &self.faults.list(self.caller.org)[at];
        (fault.state, fault.hits)
    }
}

#[test]
fn so_many_times_and_no_more() {
    let rig = rig();
    assert!(!rig.faults.any() && rig.ask().is_none());
    rig.add(Order {
        times: Some(2),
        ..order("a", status(503))
    });
    assert!(rig.faults.any());
    for _ in 0..2 {
        let struck = rig.ask().unwrap();
        assert_eq!(struck.ids.to_string(), "a");
        assert!(matches!(
            struck.effect,
            Some(RequestEffect::Status { status: 503, .. })
        ));
    }
    assert!(rig.ask().is_none());
    assert_eq!(rig.state(0), (FaultState::Spent, 2));
    assert!(!rig.faults.any(), "what is spent costs nothing");
    assert_eq!(rig.faults.struck().all().next(), Some(("status", 2)));
}

#[test]
fn for_a_time() {
    let rig = rig();
    rig.add(Order {
        ends: Some(Timestamp(2000)),
        ..order("a", FaultEffect::Close)
    });
    rig.hands.0.store(1999, Ordering::SeqCst);
    assert_eq!(rig.ask().unwrap().effect, Some(RequestEffect::Close));
    rig.hands.0.store(2000, Ordering::SeqCst);
    assert!(rig.ask().is_none());
    assert_eq!(rig.state(0), (FaultState::Over, 1));
    assert!(!rig.faults.any());
}

#[test]
fn chance_is_the_same_for_the_same_seed() {
    let strikes = |seed| -> Vec<bool> {
        let rig = rig();
        rig.add(Order {
            probability: Some(0.25),
            seed,
            ..order("a", status(500))
        });
        (0..400).map(|_| rig.ask().is_some()).collect()
    };
    assert_eq!(strikes(7), strikes(7));
    assert_ne!(strikes(7), strikes(8));
    let share = strikes(7).iter().filter(|&&struck| struck).count();
    assert!((70..=130).contains(&share), "{share} of 400");
    let rig = rig();
    rig.add(Order {
        probability: Some(1.0),
        ..order("a", status(500))
    });
    assert!((0..100).all(|_| rig.ask().is_some()));
}

#[test]
fn latencies_add_up_and_the_first_other_effect_wins() {
    let rig = rig();
    rig.add(order("slow", latency(100, None)));
    rig.add(order("slower", latency(200, Some(300))));
    rig.add(order("bad", status(502)));
    rig.add(order("never", FaultEffect::Close));
    for _ in 0..50 {
        let struck = rig.ask().unwrap();
        assert_eq!(struck.ids.to_string(), "slow+slower+bad");
        assert!(
            (300..=400).contains(&struck.latency.as_millis()),
            "{:?}",
            struck.latency
        );
        assert!(matches!(
            struck.effect,
            Some(RequestEffect::Status { status: 502, .. })
        ));
    }
    assert_eq!(rig.state(3), (FaultState::Armed, 0));
    rig.add(order("x", latency(60_000, None)));
    rig.faults.remove(rig.caller.org, Some("bad"));
    rig.faults.remove(rig.caller.org, Some("never"));
    let struck = rig.ask().unwrap();
    assert_eq!((struck.latency, struck.effect), (MAX_LATENCY, None));
}

#[test]
fn another_organization_is_left_alone() {
    let rig = rig();
    rig.add(order("a", status(500)));
    rig.add(order("b", FaultEffect::Drop));
    let principal = &*rig.caller.principal;
    let elsewhere = Principal {
        org: OrgId::random(),
        name: principal.name.clone(),
        profile: principal.profile.clone(),
        roles: Vec::new(),
        scopes: std::collections::BTreeSet::new(),
        client_id: None,
        ..*principal
    };
    assert!(rig.ask_as(&elsewhere).is_none());
    assert!(rig.faults.on_delivery(elsewhere.org, Rig::app()).is_none());
    assert!(rig.faults.list(elsewhere.org).is_empty());
    assert_eq!(rig.faults.remove(elsewhere.org, None).0, 0);
    assert!(rig.ask().is_some());
    assert!(rig.faults.on_delivery(rig.caller.org, Rig::app()).is_some());
}

#[test]
fn requests_and_notifications_are_told_apart() {
    let rig = rig();
    let org = rig.caller.org;
    let hook = WebhookId::random();
    // Of everything: requests only. Deliveries fail where a listener is named.
    rig.add(order("all", status(500)));
    assert!(rig.faults.on_delivery(org, Rig::app()).is_none());
    rig.add(Order {
        scope: Scope {
            webhook: Some(hook),
            ..Scope::default()
        },
        ..order("hook", status(503))
    });
    assert!(rig.faults.on_delivery(org, Rig::app()).is_none());
    let struck = rig.faults.on_delivery(org, Target::webhook(hook)).unwrap();
    assert_eq!(struck.effect, Some(DeliveryEffect::Status(503)));
    // What is handed to a poll does not fail by itself.
    rig.add(Order {
        scope: Scope {
            integration: Some(AppId(Uuid::from_u128(1))),
            ..Scope::default()
        },
        ..order("poll", status(503))
    });
    assert!(rig.faults.on_handout(org, Rig::app()).is_none());
    assert!(rig.faults.on_delivery(org, Rig::app()).is_some());
    let principal = &*rig.caller.principal;
    rig.faults.remove(org, Some("all"));
    let polled = |polls| {
        rig.faults.on_request(&Asked {
            principal,
            method: "GET",
            path: "/xapi/api/organizations/o/apps/a/queue",
            polls,
            devices: &[],
        })
    };
    assert!(polled(None).is_none());
    assert_eq!(
        polled(Some(AppId(Uuid::from_u128(1)))).unwrap().ids.to_string(),
        "poll"
    );
}

#[test]
fn nothing_changes_places_with_nothing() {
    let rig = rig();
    let org = rig.caller.org;
    rig.add(order("a", FaultEffect::Reorder));
    assert!(rig.faults.on_delivery(org, Rig::app()).is_none());
    assert!(rig.faults.would_reorder(org, Rig::app()));
    assert_eq!(rig.state(0).1, 0);
    let struck = rig.faults.on_delivery(org, Rig::app().followed(true)).unwrap();
    assert_eq!(struck.effect, Some(DeliveryEffect::Reorder));
}

#[test]
fn a_device_is_away_and_comes_back_once() {
    let rig = rig();
    let org = rig.caller.org;
    let device = DeviceId::random();
    let away = |id: &str, ends| Order {
        scope: Scope {
            device: Some(device),
            ..Scope::default()
        },
        ends,
        ..order(id, FaultEffect::Offline)
    };
    rig.add(away("a", Some(Timestamp(2000))));
    assert!(rig.faults.offline(org, device).is_some() && rig.faults.name_devices(org));
    assert!(rig.faults.offline(org, DeviceId::random()).is_none());
    assert!(rig.faults.offline(OrgId::random(), device).is_none());
    assert!(rig.faults.turn_away(org, device).is_some());
    assert_eq!(rig.state(0), (FaultState::Armed, 1));
    assert!(rig.faults.back_on_line().is_empty());
    rig.hands.0.store(2000, Ordering::SeqCst);
    assert!(rig.faults.offline(org, device).is_none());
    // A strike of somebody else's does not make its end go unnoticed.
    rig.add(Order {
        times: Some(1),
        ..order("b", status(500))
    });
    assert!(rig.ask().is_some() && rig.faults.any());
    assert_eq!(rig.faults.back_on_line(), [device]);
    assert!(rig.faults.back_on_line().is_empty() && !rig.faults.any());
    rig.add(away("c", None));
    assert_eq!(rig.faults.remove(org, None), (3, vec![device]));
    assert!(!rig.faults.any());
}

#[test]
fn there_is_an_end_to_them() {
    let rig = rig();
    for number in 0..MAX_FAULTS {
        rig.add(order(&number.to_string(), status(500)));
    }
    let one_more = || rig.faults.add(rig.caller.org, order("more", FaultEffect::Close));
    assert!(matches!(one_more(), Err(Error::Conflict { .. })));
    // Another organization has its own.
    rig.faults.add(OrgId::random(), order("x", status(500))).unwrap();
    rig.faults.remove(rig.caller.org, Some("0"));
    rig.add(Order {
        times: Some(1),
        scope: Scope {
            route: Some("/v1/people".parse::<Route>().unwrap()),
            ..Scope::default()
        },
        ..order("spent", FaultEffect::Duplicate)
    });
    assert!(matches!(one_more(), Err(Error::Conflict { .. })));
    rig.faults.remove(rig.caller.org, Some("spent"));
    rig.add(Order {
        ends: Some(Timestamp(1000)),
        ..order("over", status(500))
    });
    one_more().unwrap();
    let list = rig.faults.list(rig.caller.org);
    assert_eq!(list.len(), MAX_FAULTS);
    assert!(list.iter().all(|fault| fault.id != "over"));
}
