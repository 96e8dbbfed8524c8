//! Each function against a real Hallway: what it does, that the second run writes nothing, and what it refuses
//! before anything is sent.

use hallway_sdk::resources::Member;
use hallway_workflows::{
    Assignment, CallingWish, DEFAULT_LICENSE, Kind, NewNumbers, NewUser, NumberFilter, Outcome, Problem,
    ReadAhead, UserChange, Who,
};

use crate::support::{Bench, MAIN, NUMBERS};

fn ada() -> NewUser {
    NewUser::new("ada@example.com")
        .first_name("Ada")
        .last_name("Berg")
        .title("Engineer")
}

fn who() -> Who {
    Who::parse("ada@example.com")
}

fn line(bench: &Bench) -> CallingWish {
    CallingWish::new()
        .location(&bench.location.name)
        .number(NUMBERS[0])
        .extension("0101")
}

/// A problem that was found before anything was sent.
#[track_caller]
fn refused<T: std::fmt::Debug>(bench: &Bench, asked: Result<T, Problem>, kind: Kind, words: &[&str]) {
    let problem = asked.unwrap_err();
    assert_eq!(problem.kind(), kind, "{problem}");
    for word in words {
        assert!(problem.to_string().contains(word), "{word}: {problem}");
    }
    assert!(problem.next_step().is_some(), "{problem}");
    assert_eq!(bench.count.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_user_is_created_shown_changed_and_deleted_and_twice_is_once() {
    let bench = Bench::open().await;
    let Bench { desk, count, .. } = &bench;

    let plan = desk
        .create_user(&ada().license("Advanced Messaging"))
        .await
        .unwrap();
    assert_eq!(count.writes(), Vec::<String>::new(), "a plan only reads");
    let report = bench.done(plan, Outcome::Created).await;
    assert_eq!(count.writes(), ["POST /v1/people"]);
    assert_eq!(report.tracking_ids().count(), 1);
    let plan = bench.new_desk().create_user(&ada()).await.unwrap();
    bench.done(plan, Outcome::Unchanged).await;
    // The desk that created it knows so without asking.
    count.taken();
    let plan = desk.create_user(&ada().title("Lead")).await.unwrap();
    assert!(
        plan.is_done() && plan.to_string().contains("not `Lead`"),
        "{plan}"
    );
    assert_eq!(count.taken(), Vec::<String>::new());
    refused(
        &bench,
        desk.create_user(&ada().must_be_new()).await,
        Kind::State,
        &["belongs to Ada Berg already"],
    );

    let user = desk.get_user(&who()).await.unwrap().unwrap();
    assert_eq!(user.display_name.as_deref(), Some("Ada Berg"));
    assert_eq!(user.licenses[0].name, "Advanced Messaging");
    assert_eq!(user.status.as_deref(), Some("pending"));
    let by_id = desk.get_user(&Who::from(&user.id)).await.unwrap().unwrap();
    assert_eq!(by_id.email, "ada@example.com");
    let by_name = desk.get_user(&Who::parse("ada berg")).await.unwrap().unwrap();
    assert_eq!(by_name.id, user.id);
    assert!(
        desk.get_user(&Who::parse("bo@example.com"))
            .await
            .unwrap()
            .is_none()
    );

    let mut change = UserChange::default();
    change.title = Member::Set("Lead".to_owned());
    change.department = Member::Set("Labs".to_owned());
    count.taken();
    let plan = desk.update_user(&who(), &change).await.unwrap();
    bench.done(plan, Outcome::Changed).await;
    assert_eq!(count.writes().len(), 1);
    let plan = desk.update_user(&who(), &change).await.unwrap();
    bench.done(plan, Outcome::Unchanged).await;
    assert_eq!(count.writes(), Vec::<String>::new());
    let mut change = UserChange::default();
    change.title = Member::Clear;
    change.email = Some("ada.berg@example.com".to_owned());
    let plan = desk.update_user(&who(), &change).await.unwrap();
    bench.done(plan, Outcome::Changed).await;
    let who = Who::parse("ada.berg@example.com");
    let user = desk.get_user(&who).await.unwrap().unwrap();
    assert_eq!((user.title, user.department.as_deref()), (None, Some("Labs")));
    assert_eq!(user.licenses.len(), 1, "licenses are sent back as they were");

    count.taken();
    bench
        .done(desk.delete_user(&who).await.unwrap(), Outcome::Deleted)
        .await;
    assert_eq!(count.writes().len(), 1);
    for desk in [desk, &bench.new_desk()] {
        bench
            .done(desk.delete_user(&who).await.unwrap(), Outcome::Unchanged)
            .await;
    }
    let gone = desk.delete_user(&Who::from(&user.id)).await.unwrap();
    bench.done(gone, Outcome::Unchanged).await;
    assert_eq!(count.writes(), Vec::<String>::new());

    refused(
        &bench,
        desk.update_user(&who, &change).await,
        Kind::NotFound,
        &["people create"],
    );
    let nameless = NewUser::new("x@example.com");
    refused(
        &bench,
        desk.create_user(&nameless).await,
        Kind::Input,
        &["needs a name"],
    );
    let nowhere = NewUser::new("x.example.com").display_name("X");
    refused(
        &bench,
        desk.create_user(&nowhere).await,
        Kind::Input,
        &["no e-mail address"],
    );
    let unknown = ada().license("Free Beer");
    refused(
        &bench,
        desk.create_user(&unknown).await,
        Kind::NotFound,
        &["Free Beer", "Advanced Messaging"],
    );
    let calling = ada().license(DEFAULT_LICENSE);
    refused(
        &bench,
        desk.create_user(&calling).await,
        Kind::Input,
        &["for calling"],
    );
    bench.office.close().await;
}

#[tokio::test]
async fn calling_is_enabled_in_one_call_and_taken_away_in_one() {
    let bench = Bench::open().await;
    let Bench { desk, count, .. } = &bench;
    bench
        .done(desk.create_user(&ada()).await.unwrap(), Outcome::Created)
        .await;
    let before = bench.consumed(DEFAULT_LICENSE).await;
    count.taken();

    let plan = desk.enable_calling(&who(), &line(&bench)).await.unwrap();
    bench.done(plan, Outcome::Changed).await;
    assert_eq!(count.writes(), ["PATCH /v1/licenses/users"]);
    assert_eq!(bench.consumed(DEFAULT_LICENSE).await, before + 1);
    let user = desk.get_user(&who()).await.unwrap().unwrap();
    assert_eq!(user.location.unwrap().name, bench.location.name);
    assert_eq!(user.numbers[0].number.as_deref(), Some(NUMBERS[0]));
    assert_eq!(user.numbers[0].extension.as_deref(), Some("0101"));
    // Twice is once, also for somebody who knows nothing yet, and whoever says less asks for less.
    for desk in [desk, &bench.new_desk()] {
        let plan = desk.enable_calling(&who(), &line(&bench)).await.unwrap();
        bench.done(plan, Outcome::Unchanged).await;
        let less = CallingWish::new()
            .number("+1 (408) 555-0101")
            .location(&bench.location.name);
        let plan = desk.enable_calling(&who(), &less).await.unwrap();
        bench.done(plan, Outcome::Unchanged).await;
    }
    assert_eq!(count.writes(), Vec::<String>::new());
    let other = CallingWish::new().number(NUMBERS[1]);
    refused(
        &bench,
        desk.enable_calling(&who(), &other).await,
        Kind::State,
        &["another line", "--replace-line"],
    );
    let plan = desk
        .enable_calling(&who(), &other.clone().replace_line())
        .await
        .unwrap();
    bench.done(plan, Outcome::Changed).await;
    let user = desk.get_user(&who()).await.unwrap().unwrap();
    assert_eq!(user.numbers[0].number.as_deref(), Some(NUMBERS[1]));
    assert_eq!(
        user.numbers[0].extension.as_deref(),
        Some("0101"),
        "what is not said stays"
    );
    count.taken();
    let other_license = line(&bench).number(NUMBERS[1]).license("Webex Calling - Basic");
    refused(
        &bench,
        desk.enable_calling(&who(), &other_license).await,
        Kind::State,
        &["calling disable"],
    );

    count.taken();
    bench
        .done(desk.disable_calling(&who()).await.unwrap(), Outcome::Changed)
        .await;
    assert_eq!(count.writes(), ["PATCH /v1/licenses/users"]);
    assert_eq!(bench.consumed(DEFAULT_LICENSE).await, before);
    let mut free = NumberFilter::default();
    free.available = Some(true);
    free.location = Some(bench.location.name.clone());
    assert_eq!(desk.list_numbers(&free).await.unwrap().len(), NUMBERS.len());
    for desk in [desk, &bench.new_desk()] {
        bench
            .done(desk.disable_calling(&who()).await.unwrap(), Outcome::Unchanged)
            .await;
    }
    assert_eq!(count.writes(), Vec::<String>::new());
    bench.office.close().await;
}

#[tokio::test]
async fn what_stands_in_the_way_of_calling_is_found_before_anything_is_sent() {
    let bench = Bench::open().await;
    let Bench { desk, .. } = &bench;
    let elsewhere = bench.another_location("Annex").await;
    let bo = NewUser::new("bo@example.com").display_name("Bo Dahl");
    let bo = bo.calling(CallingWish::new().number(NUMBERS[3]).extension("0104"));
    bench
        .done(desk.create_user(&bo).await.unwrap(), Outcome::Created)
        .await;
    bench
        .done(desk.create_user(&ada()).await.unwrap(), Outcome::Created)
        .await;
    bench.count.taken();
    let here = || CallingWish::new().location(&bench.location.name);
    for (wish, kind, words) in [
        (here(), Kind::Input, &["a number, an extension, or both"][..]),
        (here().number("555-01"), Kind::Input, &["555-01", "E.164"]),
        (here().extension("1"), Kind::Input, &["2 to 10 digits"]),
        (
            CallingWish::new().extension("0101"),
            Kind::Input,
            &["location must be said"],
        ),
        (here().number("+14085559999"), Kind::NotFound, &["number add"]),
        (here().number(MAIN), Kind::State, &["main number"]),
        (here().number(NUMBERS[3]), Kind::State, &["belongs to Bo Dahl"]),
        (
            here().extension("0104"),
            Kind::State,
            &["extension 0104", "Bo Dahl"],
        ),
        (
            here().extension("0105").license("Free Beer"),
            Kind::NotFound,
            &["Free Beer"],
        ),
        (
            here().extension("0105").license("Advanced Messaging"),
            Kind::Input,
            &["no license for calling"],
        ),
        (
            here().location("Nowhere").extension("0105"),
            Kind::NotFound,
            &["Nowhere", "Annex"],
        ),
        (
            here().location("Annex").extension("0105"),
            Kind::State,
            &["calling enable"],
        ),
    ] {
        refused(&bench, desk.enable_calling(&who(), &wish).await, kind, words);
    }
    bench.let_call(&elsewhere).await;
    desk.directory().forget();
    let there = CallingWish::new().location("Annex").number(NUMBERS[0]);
    refused(
        &bench,
        desk.enable_calling(&who(), &there).await,
        Kind::State,
        &["not to Annex"],
    );
    // Who calls here does not call there, unless the user is to move.
    let bo = Who::parse("bo@example.com");
    let there = CallingWish::new().location("Annex").extension("0200");
    refused(
        &bench,
        desk.enable_calling(&bo, &there).await,
        Kind::State,
        &["calls in", "--move"],
    );
    let plan = desk.enable_calling(&bo, &there.relocate()).await.unwrap();
    assert_eq!(plan.calls().count(), 2);
    bench.done(plan, Outcome::Changed).await;
    let user = desk.get_user(&bo).await.unwrap().unwrap();
    assert_eq!(user.location.unwrap().name, "Annex");
    bench.count.taken();
    // No unit left.
    let admin = bench.office.admin();
    let licenses = admin.licenses().list().all().await.unwrap();
    let license = licenses
        .iter()
        .find(|license| license.name == DEFAULT_LICENSE)
        .unwrap();
    let url = format!("{}/hallway/v1/licenses/{}", bench.office.url(), license.id);
    let units = serde_json::json!({ "totalUnits": license.consumed_units });
    admin
        .request(http::Method::PATCH, url)
        .json(&units)
        .done()
        .await
        .unwrap();
    let here = here().number(NUMBERS[0]);
    desk.directory().forget();
    refused(
        &bench,
        desk.enable_calling(&who(), &here).await,
        Kind::State,
        &["units", "taken"],
    );
    bench.office.close().await;
}

#[tokio::test]
async fn numbers_are_assigned_and_unassigned_once() {
    let bench = Bench::open().await;
    let Bench { desk, count, .. } = &bench;
    bench
        .done(desk.create_user(&ada()).await.unwrap(), Outcome::Created)
        .await;
    count.taken();
    let assignment = Assignment::new(NUMBERS[1])
        .extension("0102")
        .ring_pattern("long_long");
    refused(
        &bench,
        desk.assign_number(&who(), &assignment).await,
        Kind::State,
        &["calling enable"],
    );
    assert!(!desk.numbers_of(&who()).await.unwrap().calling);
    let only_extension = CallingWish::new()
        .location(&bench.location.name)
        .extension("0101");
    let plan = desk.enable_calling(&who(), &only_extension).await.unwrap();
    bench.done(plan, Outcome::Changed).await;
    count.taken();

    bench
        .done(
            desk.assign_number(&who(), &assignment).await.unwrap(),
            Outcome::Changed,
        )
        .await;
    assert_eq!(count.writes().len(), 1);
    bench
        .done(
            desk.assign_number(&who(), &assignment).await.unwrap(),
            Outcome::Unchanged,
        )
        .await;
    assert_eq!(count.writes(), Vec::<String>::new());
    let numbers = desk.numbers_of(&who()).await.unwrap().numbers;
    assert_eq!(numbers[1].number.as_deref(), Some(NUMBERS[1]));
    assert_eq!(numbers[1].ring_pattern.as_deref(), Some("LONG_LONG"));
    refused(
        &bench,
        desk.assign_number(&who(), &Assignment::new(MAIN)).await,
        Kind::State,
        &["main number"],
    );
    refused(
        &bench,
        desk.assign_number(&who(), &Assignment::new(NUMBERS[1]).primary())
            .await,
        Kind::State,
        &["as alternate number"],
    );

    // The line has no number of its own yet.
    let primary = Assignment::new(NUMBERS[0]).primary();
    bench
        .done(
            desk.assign_number(&who(), &primary).await.unwrap(),
            Outcome::Changed,
        )
        .await;
    count.taken();
    bench
        .done(
            desk.assign_number(&who(), &primary).await.unwrap(),
            Outcome::Unchanged,
        )
        .await;
    let numbers = desk.numbers_of(&who()).await.unwrap().numbers;
    assert_eq!(numbers[0].number.as_deref(), Some(NUMBERS[0]));
    assert_eq!(numbers[0].extension.as_deref(), Some("0101"));
    assert_eq!(numbers.len(), 2, "alternates stay");
    refused(
        &bench,
        desk.unassign_number(&who(), NUMBERS[0]).await,
        Kind::State,
        &["primary number"],
    );

    let mut of_ada = NumberFilter::default();
    of_ada.owner = Some(who());
    assert_eq!(desk.list_numbers(&of_ada).await.unwrap().len(), 2);
    count.taken();
    bench
        .done(
            desk.unassign_number(&who(), NUMBERS[1]).await.unwrap(),
            Outcome::Changed,
        )
        .await;
    assert_eq!(count.writes().len(), 1);
    bench
        .done(
            desk.unassign_number(&who(), NUMBERS[1]).await.unwrap(),
            Outcome::Unchanged,
        )
        .await;
    assert_eq!(count.writes(), Vec::<String>::new());
    bench.office.close().await;
}

#[tokio::test]
async fn numbers_are_added_in_batches_and_only_those_that_are_missing() {
    let bench = Bench::open().await;
    let Bench { desk, count, .. } = &bench;
    let name = &bench.location.name;
    let many: Vec<String> = (0..250).map(|n| format!("+1408556{n:04}")).collect();
    let all: Vec<String> = many
        .iter()
        .cloned()
        .chain([MAIN, NUMBERS[0]].map(str::to_owned))
        .collect();
    count.taken();
    let plan = desk
        .add_numbers(&NewNumbers::new(name, all.clone()))
        .await
        .unwrap();
    bench.done(plan, Outcome::Created).await;
    assert_eq!(count.writes().len(), 3, "a hundred in each");
    for desk in [desk, &bench.new_desk()] {
        let plan = desk
            .add_numbers(&NewNumbers::new(name, all.clone()))
            .await
            .unwrap();
        bench.done(plan, Outcome::Unchanged).await;
    }
    assert_eq!(count.writes(), Vec::<String>::new());
    let wrong = ["+14085570001", "555", "+14085570002x"];
    refused(
        &bench,
        desk.add_numbers(&NewNumbers::new(name, wrong)).await,
        Kind::Input,
        &["2 numbers are wrong", "555", "+14085570002x"],
    );
    let annex = bench.another_location("Annex").await;
    let there = NewNumbers::new("Annex", ["+14085570001", NUMBERS[0]]);
    refused(&bench, desk.add_numbers(&there).await, Kind::NotFound, &["Annex"]);
    desk.directory().forget();
    refused(
        &bench,
        desk.add_numbers(&there).await,
        Kind::State,
        &["calling enable"],
    );
    bench.let_call(&annex).await;
    desk.directory().forget();
    refused(
        &bench,
        desk.add_numbers(&there).await,
        Kind::State,
        &[NUMBERS[0], name],
    );
    let plan = desk
        .add_numbers(&NewNumbers::new("Annex", ["+1 408 557 0001"]).inactive())
        .await
        .unwrap();
    bench.done(plan, Outcome::Created).await;
    let mut filter = NumberFilter::default();
    filter.active = Some(false);
    let found = desk.list_numbers(&filter).await.unwrap();
    assert_eq!(found[0].number.as_deref(), Some("+14085570001"));
    bench.office.close().await;
}

/// What a file of users costs: two calls for a user, and the same few reads for all of them.
#[tokio::test]
async fn many_users_share_what_was_read_ahead() {
    const USERS: usize = 30;
    let bench = Bench::open().await;
    let Bench { desk, count, .. } = &bench;
    let numbers: Vec<String> = (0..USERS).map(|n| format!("+1408556{n:04}")).collect();
    let plan = desk
        .add_numbers(&NewNumbers::new(&bench.location.name, numbers.clone()))
        .await
        .unwrap();
    bench.done(plan, Outcome::Created).await;
    let all = ReadAhead {
        people: true,
        numbers: true,
    };
    desk.directory().read_ahead(all).await.unwrap();
    let user = |n: usize| {
        let calling = CallingWish::new()
            .location(&bench.location.name)
            .number(&numbers[n]);
        NewUser::new(format!("user{n}@example.com"))
            .display_name(format!("User {n}"))
            .calling(calling.extension(format!("2{n:03}")))
    };
    count.taken();
    for n in 0..USERS {
        bench
            .done(desk.create_user(&user(n)).await.unwrap(), Outcome::Created)
            .await;
    }
    let asked = count.taken();
    let writes = asked.iter().filter(|line| !line.starts_with("GET")).count();
    assert_eq!(writes, 2 * USERS);
    assert!(
        asked.len() - writes <= 3,
        "licenses, locations, calling locations: {asked:?}"
    );
    // What the desk learned of itself: the number is taken now.
    let late = NewUser::new("late@example.com").display_name("Late");
    let late = late.calling(
        CallingWish::new()
            .location(&bench.location.name)
            .number(&numbers[0]),
    );
    refused(
        &bench,
        desk.create_user(&late).await,
        Kind::State,
        &["belongs to User 0"],
    );
    bench.office.close().await;
}
