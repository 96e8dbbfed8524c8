//! Things go wrong in the middle: what was done is undone, and what got lost is found.

use hallway_sdk::resources::Member;
use hallway_testing::Fault;
use hallway_workflows::{
    Assignment, CallingWish, Effect, NewNumbers, NewUser, Outcome, Plan, Request, Step, Undo, UserChange, Who,
};
use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{Bench, NUMBERS};

fn ada() -> NewUser {
    NewUser::new("ada@example.com")
        .first_name("Ada")
        .last_name("Berg")
}

fn who() -> Who {
    Who::parse("ada@example.com")
}

/// A step that will be refused: the last one of each plan here.
async fn doomed(bench: &Bench) -> Plan {
    let fault = Fault::status(400).on("POST /v1/rooms").times(1);
    bench.office.fault(fault).await;
    let call = Request::new(Method::POST, ["rooms"]).json(json!({ "title": "Never" }));
    let undo = Undo::Impossible("it is never done".to_owned());
    Plan::new("fail").step(Step::new("fail", Effect::Create, call, undo))
}

/// Runs a plan with a step behind it that fails: the world is what it was.
async fn is_undone(bench: &Bench, plan: Plan) {
    let before = bench.world().await;
    let doomed = doomed(bench).await;
    let steps = plan.calls().count();
    let report = bench.undone(plan.then(doomed)).await;
    let undone = report.steps.iter().filter(|step| step.outcome == Outcome::Undone);
    assert_eq!(undone.count(), steps, "{report}");
    let after = bench.world().await;
    assert_eq!(before, after, "{report}");
}

#[tokio::test]
async fn every_function_is_undone_when_a_later_step_fails() {
    let bench = Bench::open().await;
    let desk = &bench.desk;
    let here = || CallingWish::new().location(&bench.location.name);
    let calling = here().number(NUMBERS[0]).extension("0101");

    is_undone(
        &bench,
        desk.create_user(&ada().license("Advanced Messaging"))
            .await
            .unwrap(),
    )
    .await;
    is_undone(
        &bench,
        desk.create_user(&ada().calling(calling.clone())).await.unwrap(),
    )
    .await;

    bench
        .done(desk.create_user(&ada()).await.unwrap(), Outcome::Created)
        .await;
    let mut change = UserChange::default();
    change.title = Member::Set("Lead".to_owned());
    change.last_name = Member::Clear;
    change.display_name = Some("Ada".to_owned());
    change.email = Some("lovelace@example.com".to_owned());
    change.login_enabled = Some(false);
    is_undone(&bench, desk.update_user(&who(), &change).await.unwrap()).await;
    is_undone(&bench, desk.enable_calling(&who(), &calling).await.unwrap()).await;
    let only_number = here().number(NUMBERS[2]);
    is_undone(&bench, desk.enable_calling(&who(), &only_number).await.unwrap()).await;

    bench
        .done(
            desk.enable_calling(&who(), &calling).await.unwrap(),
            Outcome::Changed,
        )
        .await;
    is_undone(&bench, desk.update_user(&who(), &change).await.unwrap()).await;
    let other = here().number(NUMBERS[2]).extension("0103").replace_line();
    is_undone(&bench, desk.enable_calling(&who(), &other).await.unwrap()).await;
    let primary = Assignment::new(NUMBERS[2]).primary();
    is_undone(&bench, desk.assign_number(&who(), &primary).await.unwrap()).await;
    let alternate = Assignment::new(NUMBERS[1])
        .extension("0102")
        .ring_pattern("LONG_LONG");
    is_undone(&bench, desk.assign_number(&who(), &alternate).await.unwrap()).await;

    bench
        .done(
            desk.assign_number(&who(), &alternate).await.unwrap(),
            Outcome::Changed,
        )
        .await;
    is_undone(&bench, desk.unassign_number(&who(), NUMBERS[1]).await.unwrap()).await;
    is_undone(&bench, desk.disable_calling(&who()).await.unwrap()).await;
    let annex = bench.another_location("Annex").await;
    bench.let_call(&annex).await;
    desk.directory().forget();
    let there = CallingWish::new().location("Annex").extension("0200").relocate();
    is_undone(&bench, desk.enable_calling(&who(), &there).await.unwrap()).await;

    let mut numbers: Vec<String> = (0..120).map(|n| format!("+1408556{n:04}")).collect();
    numbers.push(NUMBERS[3].to_owned());
    let plan = desk
        .add_numbers(&NewNumbers::new(&bench.location.name, numbers))
        .await
        .unwrap();
    is_undone(&bench, plan).await;
    bench.office.close().await;
}

#[tokio::test]
async fn a_user_whose_calling_is_refused_is_not_created_either() {
    let bench = Bench::open().await;
    let before = bench.world().await;
    let refusal = bench
        .office
        .fault(Fault::status(403).on("PATCH /v1/licenses/users"))
        .await;
    let calling = CallingWish::new().number(NUMBERS[0]).extension("0101");
    let new = ada().calling(calling);
    let report = bench.undone(bench.desk.create_user(&new).await.unwrap()).await;
    assert_eq!(report.steps[0].outcome, Outcome::Undone);
    let problem = report.steps[1].problem.as_ref().unwrap();
    assert!(problem.tracking_id().unwrap().contains("FAULT"), "{problem}");
    assert_eq!(before, bench.world().await);
    refusal.lift().await;
    // The same again, once the way is free.
    let report = bench
        .done(bench.desk.create_user(&new).await.unwrap(), Outcome::Created)
        .await;
    assert_eq!(report.steps.len(), 2);
    bench.office.close().await;
}

#[tokio::test]
async fn an_undo_that_is_refused_too_is_said_with_what_to_do() {
    let bench = Bench::open().await;
    let office = &bench.office;
    office
        .fault(Fault::status(403).on("PATCH /v1/licenses/users"))
        .await;
    office
        .fault(Fault::status(403).on("DELETE /v1/people/{id}"))
        .await;
    let new = ada().calling(CallingWish::new().number(NUMBERS[0]));
    let report = bench.desk.run(bench.desk.create_user(&new).await.unwrap()).await;
    assert_eq!(report.outcome, Outcome::Left, "{report}");
    let left = report.left().next().unwrap();
    assert_eq!(left.title, "create the user ada@example.com");
    let problem = left.problem.as_ref().unwrap();
    assert!(
        problem.next_step().unwrap().contains("DELETE /people/"),
        "{problem}"
    );
    assert!(report.to_string().contains("next: undo it by hand"), "{report}");
    bench.office.close().await;
}

#[tokio::test]
async fn storms_outages_and_lost_answers_are_weathered() {
    let bench = Bench::open().await;
    let (desk, office) = (&bench.desk, &bench.office);
    let struck = [
        office
            .fault(Fault::status(429).retry_after(1).on("POST /v1/people").times(1))
            .await,
        office
            .fault(Fault::status(503).on("POST /v1/people").times(2))
            .await,
        office
            .fault(Fault::close().on("PATCH /v1/licenses/users").times(2))
            .await,
    ];
    let new = ada().calling(CallingWish::new().number(NUMBERS[0]).extension("0101"));
    let report = bench
        .done(desk.create_user(&new).await.unwrap(), Outcome::Created)
        .await;
    for (fault, times) in struck.iter().zip([1, 2, 2]) {
        assert_eq!(fault.hits().await, times, "{report}");
    }
    let people = office
        .admin()
        .people()
        .list()
        .email("ada@example.com")
        .all()
        .await
        .unwrap();
    assert_eq!(people.len(), 1);
    let closed = office
        .fault(
            Fault::close()
                .on("PUT /v1/telephony/config/people/{id}/numbers")
                .times(1),
        )
        .await;
    let plan = desk
        .assign_number(&who(), &Assignment::new(NUMBERS[1]))
        .await
        .unwrap();
    bench.done(plan, Outcome::Changed).await;
    assert_eq!(closed.hits().await, 1);
    bench.office.close().await;
}

/// A Service App with the scopes of a service desk may not read locations, but those with Webex Calling.
#[tokio::test]
async fn who_may_not_read_locations_uses_those_that_can_call() {
    let bench = Bench::open().await;
    let refusal = bench
        .office
        .fault(Fault::status(403).on("GET /v1/locations"))
        .await;
    let wish = CallingWish::new()
        .location(&bench.location.name)
        .number(NUMBERS[0]);
    let plan = bench.desk.create_user(&ada().calling(wish)).await.unwrap();
    bench.done(plan, Outcome::Created).await;
    assert_eq!(refusal.hits().await, 1);
    bench.office.close().await;
}

/// A user was created, and the process died before calling was enabled.
#[tokio::test]
async fn a_run_that_died_is_finished_by_the_next_one() {
    let bench = Bench::open().await;
    bench
        .done(bench.desk.create_user(&ada()).await.unwrap(), Outcome::Created)
        .await;
    let second = bench.new_desk();
    bench.count.taken();
    let new = ada().calling(CallingWish::new().number(NUMBERS[0]).extension("0101"));
    let report = bench
        .done(second.create_user(&new).await.unwrap(), Outcome::Changed)
        .await;
    assert_eq!(report.steps[0].outcome, Outcome::Unchanged);
    assert_eq!(bench.count.writes(), ["PATCH /v1/licenses/users"]);
    bench.office.close().await;
}

/// 206: the service did a part of what was asked.
#[tokio::test]
async fn a_license_that_came_in_part_is_taken_back() {
    let bench = Bench::open().await;
    bench
        .done(bench.desk.create_user(&ada()).await.unwrap(), Outcome::Created)
        .await;
    let before = bench.world().await;
    let wish = CallingWish::new().number(NUMBERS[0]);
    let plan = bench.desk.enable_calling(&who(), &wish).await.unwrap();
    *bench.count.forge.lock().unwrap() = Some((Method::PATCH, StatusCode::PARTIAL_CONTENT));
    let report = bench.desk.run(plan).await;
    assert_eq!(report.outcome, Outcome::Failed, "{report}");
    assert_eq!(report.steps[0].calls.len(), 2, "given, and taken again");
    assert_eq!(before, bench.world().await);
    bench.office.close().await;
}
