use serde_json::{Value, json};

use super::{Actor, Cast, text};

/// All items, page after page, and how long the pages are.
async fn walk(cast: &Cast, who: &Actor, path: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut all, mut pages) = (Vec::new(), Vec::new());
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = cast.get_raw(who, &path).await;
        next = answer.next.clone();
        if let Some(next) = &next {
            assert!(next.contains("cursor=") && !next.contains("before"), "{next}");
        }
        let items = answer.items();
        pages.push(items.len());
        all.extend(items);
    }
    (all, pages)
}

impl Cast {
    async fn get_raw(&self, who: &Actor, path: &str) -> crate::rig::Answer {
        self.ask(who, &format!("GET {path}"), Value::Null).await
    }
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(&item["id"])).collect()
}

#[tokio::test]
async fn messages_page_backwards() {
    let cast = Cast::start().await;
    let ada = &cast.ada;
    let room = cast.room(json!({ "title": "Room" }), &[]).await;
    let mut written = Vec::new();
    for number in 0..25 {
        written.push(text(&cast.say(ada, &room, &format!("{number}")).await["id"]));
    }
    written.reverse();
    let list = format!("/messages?roomId={room}");
    let (all, pages) = walk(&cast, ada, &format!("{list}&max=10")).await;
    assert_eq!((ids(&all), pages), (written.clone(), vec![10, 10, 5]));
    let (all, pages) = walk(&cast, ada, &format!("{list}&max=25")).await;
    assert_eq!((all.len(), pages), (25, vec![25]), "no empty page at the end");
    let behind = format!("{list}&beforeMessage={}&max=3", written[4]);
    let answer = cast.get(ada, &behind).await;
    // Clients repeat their parameters beside the cursor: they do not count.
    let next = answer.next.clone().unwrap();
    assert_eq!(ids(&answer.items()), written[5..8]);
    let next = format!("{next}&roomId={room}&max=1&beforeMessage={}", written[4]);
    assert_eq!(ids(&cast.get(ada, &next).await.items()), written[8..11]);
    let at = "2026-03-04T05:06:07.089Z";
    assert!(
        cast.get(ada, &format!("{list}&before={at}"))
            .await
            .items()
            .is_empty()
    );
    assert_eq!(
        cast.get(ada, &format!("{list}&before=2026-03-04T06:06:08+01:00"))
            .await
            .items()
            .len(),
        25
    );
    for bad in [
        "max=0",
        "max=x",
        "before=now",
        "beforeMessage=x",
        "cursor=x",
        "parentId=x",
        "mentionedPeople=x",
    ] {
        cast.get(ada, &format!("{list}&{bad}")).await.expect(400);
    }
    cast.get(
        ada,
        &format!("{list}&beforeMessage={}", hallway_wire::id::MessageId::random()),
    )
    .await
    .expect(404);
    let missing = super::refused(cast.get(ada, "/messages").await, 400);
    assert_eq!(missing, "Required String parameter 'roomId' is not present");
}

#[tokio::test]
async fn mentions_of_several_people() {
    let cast = Cast::start().await;
    let Cast { ada, ben, cleo, .. } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[ben, cleo]).await;
    let call = |who: &[&Actor]| {
        who.iter()
            .map(|who| format!("<@personId:{}> ", who.id))
            .collect::<String>()
    };
    let mut expected = Vec::new();
    for who in [&[ben][..], &[cleo], &[ben, cleo], &[ada], &[ben]] {
        let id = text(&cast.say(ada, &room, &call(who)).await["id"]);
        if who[0].id != ada.id {
            expected.push(id);
        }
    }
    expected.reverse();
    let people = format!("{},{}", ben.id, cleo.id);
    let path = format!("/messages?roomId={room}&mentionedPeople={people}&max=3");
    let (all, pages) = walk(&cast, ada, &path).await;
    assert_eq!((ids(&all), pages), (expected, vec![3, 1]));
    let mine = cast
        .get(ada, &format!("/messages?roomId={room}&mentionedPeople=me"))
        .await
        .items();
    assert_eq!(mine.len(), 1);
}

#[tokio::test]
async fn rooms_in_every_order() {
    let cast = Cast::start().await;
    let Cast {
        ada, ben, officer, ..
    } = &cast;
    let mut rooms = Vec::new();
    for number in 0..7 {
        rooms.push(cast.room(json!({ "title": format!("Room {number}") }), &[]).await);
    }
    cast.ask(
        ada,
        "POST /messages",
        json!({ "toPersonId": ben.id, "text": "x" }),
    )
    .await
    .expect(200);
    for sort in ["", "&sortBy=id", "&sortBy=created", "&sortBy=lastactivity"] {
        for who in [ada, officer] {
            let (all, pages) = walk(&cast, who, &format!("/rooms?max=3{sort}")).await;
            let mut seen = ids(&all);
            seen.sort();
            seen.dedup();
            assert_eq!((seen.len(), pages), (8, vec![3, 3, 2]), "{sort}");
        }
    }
    let (groups, pages) = walk(&cast, ada, "/rooms?type=group&max=3").await;
    assert_eq!((groups.len(), pages), (7, vec![3, 3, 1]));
    assert_eq!(walk(&cast, ada, "/rooms?type=direct").await.0.len(), 1);
    cast.get(ada, "/rooms?type=cave").await.expect(400);
    cast.get(ada, "/rooms?sortBy=title").await.expect(400);
    assert_eq!(cast.get(ben, "/rooms").await.items().len(), 1);
}

#[tokio::test]
async fn memberships_page() {
    let cast = Cast::start().await;
    let Cast {
        ada,
        ben,
        cleo,
        bot,
        officer,
        ..
    } = &cast;
    let room = cast
        .room(json!({ "title": "Room" }), &[ben, cleo, bot, officer])
        .await;
    let (all, pages) = walk(&cast, ada, &format!("/memberships?roomId={room}&max=2")).await;
    assert_eq!((all.len(), pages), (5, vec![2, 2, 1]));
    for _ in 0..4 {
        cast.room(json!({ "title": "x" }), &[]).await;
    }
    let (all, pages) = walk(&cast, ada, "/memberships?max=2").await;
    assert_eq!((all.len(), pages), (5, vec![2, 2, 1]));
}
