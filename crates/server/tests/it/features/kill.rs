//! `kill -9` between any two steps: a restart finishes what was begun, or it was never begun.

use serde_json::{Value, json};

use super::*;

const OLD: &str = "https://signage.example/old";
const NEW: &str = "https://signage.example/new";

struct Scene {
    rig: Rig,
    room: Room,
    vendor: Vendor,
}

/// A device that is linked and, if `assigned`, shows the old page.
async fn scene(assigned: bool) -> Scene {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let room = room(&rig, &admin, "Room", None).await;
    room.link_up(&rig).await;
    let vendor = activate(&rig, &admin, &both_features(), json!({})).await;
    vendor
        .ask(&rig, "PUT", "signageUrl", json!({ "signageUrl": OLD }))
        .await
        .expect(200);
    let scene = Scene { rig, room, vendor };
    if assigned {
        scene.assign(&scene.rig, "/assign").await;
        scene
            .rig
            .until(async || scene.stands(&scene.rig).await == "active")
            .await;
        assert!(scene.room.codec.shows().unwrap().starts_with(OLD));
    }
    scene
}

impl Scene {
    async fn assign(&self, rig: &Rig, verb: &str) -> StatusCode {
        let only = json!({ "devices": [self.room.device] });
        self.vendor
            .signage(rig, &rig.admin, "POST", verb, only)
            .await
            .status
    }

    /// The state of the assignment; null where there is none, or nobody who could say.
    async fn stands(&self, rig: &Rig) -> Value {
        let path = self.vendor.path("/features/digitalSignage/assignments");
        let answer = rig.control(&rig.admin, &format!("GET {path}")).await;
        answer.body["items"][0]["state"].clone()
    }

    /// What the device shows, without the parameter.
    fn shows(&self) -> Option<String> {
        let shown = self.room.codec.shows()?;
        Some(shown.split('?').next().unwrap().to_owned())
    }

    /// Whether the cloud's configurations and the device's say the same.
    async fn agrees(&self, rig: &Rig) -> bool {
        let look = format!("GET /deviceConfigurations?deviceId={}", self.room.device);
        let items = rig.ask(&look, Value::Null).await.expect(200)["items"].clone();
        let configured: BTreeMap<String, Value> = items
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, item)| item["source"] == "configured")
            .map(|(key, item)| (key.clone(), item["value"].clone()))
            .collect();
        configured == *self.room.codec.configurations.lock().unwrap()
    }
}

/// Does something that is stopped after each number of steps, and says for each what the device shows when a
/// restart is done with it, until nothing was stopped any more.
async fn at_every_step(
    assigned: bool,
    operation: impl AsyncFn(&Scene) -> StatusCode,
    settled: impl AsyncFn(&Scene, &Rig) -> bool,
) -> Vec<Option<String>> {
    let mut seen = Vec::new();
    for steps in 0..40 {
        let scene = scene(assigned).await;
        scene.rig.stop_after(steps);
        let status = operation(&scene).await;
        // What follows in the background is stopped too, or it comes to its end.
        if status.is_success() {
            scene
                .rig
                .until(async || scene.rig.has_stopped() || settled(&scene, &scene.rig).await)
                .await;
        }
        let finished = !scene.rig.has_stopped();
        let Scene { rig, room, vendor } = scene;
        let rig = rig.again().await;
        let scene = Scene { rig, room, vendor };
        scene.room.link_up(&scene.rig).await;
        if status.is_success() {
            // It was acknowledged: it is finished.
            scene.rig.until(async || settled(&scene, &scene.rig).await).await;
        }
        scene
            .rig
            .until(async || scene.stands(&scene.rig).await != "pending" && scene.agrees(&scene.rig).await)
            .await;
        if status.is_success() {
            // A device that comes back is told everything again, which is pending for a moment.
            scene.rig.until(async || settled(&scene, &scene.rig).await).await;
        }
        seen.push(scene.shows());
        scene.rig.close().await;
        if finished {
            return seen;
        }
    }
    panic!("it never came to its end: {seen:?}");
}

/// It began as `before`, it ends as `after`, and there is nothing between. What runs beside the operation takes
/// steps too, so that one that is allowed more of them may come less far.
fn turns_once(seen: &[Option<String>], before: Option<&str>, after: Option<&str>) {
    let seen: Vec<Option<&str>> = seen.iter().map(Option::as_deref).collect();
    assert!(seen.len() > 2, "it was stopped somewhere: {seen:?}");
    assert_eq!(
        (seen.first(), seen.last()),
        (Some(&before), Some(&after)),
        "{seen:?}"
    );
    assert!(
        seen.iter().all(|shown| *shown == before || *shown == after),
        "{seen:?}"
    );
}

#[tokio::test]
async fn an_assignment_is_finished_or_undone() {
    let seen = at_every_step(
        false,
        async |scene| scene.assign(&scene.rig, "/assign").await,
        async |scene, rig| scene.stands(rig).await == "active",
    )
    .await;
    turns_once(&seen, None, Some(OLD));
}

#[tokio::test]
async fn an_unassignment_is_finished_or_undone() {
    let seen = at_every_step(
        true,
        async |scene| scene.assign(&scene.rig, "/unassign").await,
        async |scene, _| scene.room.codec.configurations.lock().unwrap().is_empty(),
    )
    .await;
    turns_once(&seen, Some(OLD), None);
}

#[tokio::test]
async fn an_update_is_finished_or_undone() {
    let seen = at_every_step(
        true,
        async |scene| {
            let body = json!({ "signageUrl": NEW });
            scene
                .vendor
                .ask(&scene.rig, "PUT", "signageUrl", body)
                .await
                .status
        },
        async |scene, rig| scene.shows().as_deref() == Some(NEW) && scene.stands(rig).await == "active",
    )
    .await;
    turns_once(&seen, Some(OLD), Some(NEW));
}

#[tokio::test]
async fn a_removal_is_finished_or_undone() {
    let seen = at_every_step(
        true,
        async |scene| {
            let vendor = &scene.vendor;
            vendor
                .ask(&scene.rig, "DELETE", "signageUrl", Value::Null)
                .await
                .status
        },
        async |scene, _| scene.room.codec.configurations.lock().unwrap().is_empty(),
    )
    .await;
    turns_once(&seen, Some(OLD), None);
}

#[tokio::test]
async fn a_deactivation_is_finished_or_undone() {
    let seen = at_every_step(
        true,
        async |scene| {
            let request = format!("POST {}", scene.vendor.path("/deactivate"));
            scene
                .rig
                .control_with(&scene.rig.admin, &request, json!({}))
                .await
                .status
        },
        async |scene, _| scene.room.codec.configurations.lock().unwrap().is_empty(),
    )
    .await;
    turns_once(&seen, Some(OLD), None);
}

#[tokio::test]
async fn a_version_without_the_feature_is_finished_or_undone() {
    let seen = at_every_step(
        true,
        async |scene| {
            let request = format!("PUT {}", scene.vendor.path("/manifest"));
            let next = manifest(2, &[READ], &[]);
            scene
                .rig
                .control_with(&scene.rig.admin, &request, next)
                .await
                .status
        },
        async |scene, _| scene.room.codec.configurations.lock().unwrap().is_empty(),
    )
    .await;
    turns_once(&seen, Some(OLD), None);
}
