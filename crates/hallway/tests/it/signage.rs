//! Digital signage and web apps that simulated devices really show.

use serde_json::{Value, json};

use crate::support::integration::manifest;
use crate::support::{Integration, Office, eventually};

const ROOM: &str = "Kittiwake Bar";

async fn screen(office: &Office) -> Value {
    let target = format!("/hallway/v1/devices/{}/screen", office.device(ROOM));
    office.admin.get(&target).await.expect(200)
}

#[tokio::test]
async fn a_simulated_device_shows_what_it_is_assigned() {
    let office = Office::start().await;
    let mut asked = manifest(&[], &[]);
    let scope = |name: &str| json!({ "scope": name, "access": "required" });
    let scopes = asked["apiAccess"].as_array_mut().unwrap();
    scopes.push(scope("spark-admin:devices_digital_signage"));
    scopes.push(scope("spark-admin:devices_pwa"));
    scopes.push(scope("spark-admin:devices_pwa_jsxapi"));
    asked["features"] = json!(["digital_signage", "persistent_web_app"]);
    let vendor = Integration::activate(&office.admin, &asked).await;
    let url = |claim: &str| vendor.claims[claim].as_str().unwrap().to_owned();
    let signs = json!({ "signageUrl": "https://signs.example/$(ownerName)" });
    vendor.client.put(&url("signageUrl"), signs).await.expect(200);
    let panels = json!({ "pwaUrl": "https://navi.example/?s=$(peripheralSerial)" });
    vendor.client.put(&url("pwaUrl"), panels).await.expect(200);
    let base = format!("/hallway/v1/integrations/{}/features", vendor.app);
    let all = json!({ "all": true });
    let given = office
        .admin
        .post(&format!("{base}/digitalSignage/assign"), all.clone())
        .await
        .expect(200);
    let skipped = given["skipped"].to_string();
    assert!(
        skipped.contains("Room Navigator") && skipped.contains("personal mode"),
        "{skipped}"
    );
    let given = office
        .admin
        .post(&format!("{base}/persistentWebApp/assign"), all.clone())
        .await
        .expect(200);
    assert_eq!(given["assigned"].as_array().unwrap().len(), 2, "{given}");
    let parameter = format!("_cisco_app_id={}", vendor.app);
    let page = format!("https://signs.example/Kittiwake?{parameter}");
    eventually("signage on the screen", async || {
        (screen(&office).await["idle"]["url"] == page.as_str()).then_some(())
    })
    .await;
    let shown = eventually("the web app on the Navigator", async || {
        let shown = screen(&office).await["navigators"][0].clone();
        (shown["xapiAllowed"] == true).then_some(shown)
    })
    .await;
    let serial = shown["serial"].as_str().unwrap();
    assert_eq!(
        shown["url"],
        format!("https://navi.example/?s={serial}&{parameter}")
    );
    // Taken away, the device shows its usual picture.
    for feature in ["digitalSignage", "persistentWebApp"] {
        let target = format!("{base}/{feature}/unassign");
        office.admin.post(&target, all.clone()).await.expect(200);
    }
    eventually("the usual picture", async || {
        let shown = screen(&office).await;
        let usual = shown["idle"]["kind"] != "signage" && shown["navigators"][0]["url"].is_null();
        usual.then_some(())
    })
    .await;
    let target = format!("/v1/deviceConfigurations?deviceId={}", office.device(ROOM));
    eventually("nothing is configured any more", async || {
        let items = office.admin.get(&target).await.expect(200)["items"].clone();
        let left = items.as_object().unwrap().iter().any(|(key, item)| {
            let ours = [
                "Standby.Signage",
                "WebEngine",
                "UserInterface.HomeScreen",
                "Security.Xapi",
            ];
            ours.iter().any(|start| key.starts_with(start)) && item["source"] == "configured"
        });
        (!left).then_some(())
    })
    .await;
    office.close().await;
}
