//! What a new version asks for beyond the old one.

use hallway_wire::manifest::{Access, Feature, Growth, Manifest, grew};

use super::good;

fn sentences(change: impl FnOnce(&mut Manifest)) -> Vec<String> {
    let mut new = good();
    change(&mut new);
    grew(&good(), &new).iter().map(Growth::to_string).collect()
}

#[test]
fn the_same_or_less_needs_no_approval() {
    assert!(sentences(|_| ()).is_empty());
    let less = sentences(|new| {
        new.api_access.clear();
        new.xapi_access.status.clear();
        new.xapi_access.events.clear();
        new.display_name = "Other".to_owned();
        new.manifest_version = 4;
    });
    assert!(less.is_empty(), "{less:?}");
    // Narrower than before, and no longer required.
    let narrower = sentences(|new| {
        new.xapi_access.status[1].path = "Peripherals.ConnectedDevice[1..4].RoomAnalytics.AmbientTemperature"
            .parse()
            .unwrap();
        new.xapi_access.status[0].access = Access::Optional;
    });
    assert!(narrower.is_empty(), "{narrower:?}");
}

#[test]
fn everything_that_grew_is_told() {
    let told = sentences(|new| {
        new.features.push(Feature::DigitalSignage);
        new.features.push(Feature::PersistentWebApp);
        let mut scope = new.api_access[3].clone();
        scope.scope = "spark-admin:devices_write".to_owned();
        scope.role = Some("id_device_admin".to_owned());
        new.api_access.push(scope.clone());
        scope.scope = "spark:rooms_read".to_owned();
        scope.access = Access::Required;
        scope.role = None;
        new.api_access.push(scope);
        new.api_access[3].access = Access::Required;
        new.xapi_access.status[0].path = "RoomAnalytics.*".parse().unwrap();
        new.xapi_access.commands[0].access = Access::Required;
        let mut event = new.xapi_access.events[0].clone();
        event.path = "BootEvent".parse().unwrap();
        new.xapi_access.events.push(event);
        new.xapi_access.events.push(new.xapi_access.events[1].clone());
    });
    insta::assert_snapshot!(told.join("\n"), @r"
    It now provides digital signage.
    It now provides a persistent web app.
    The scope spark:xapi_commands was optional and is now required.
    It now offers to use the scope spark-admin:devices_write.
    It now requires the scope spark:rooms_read.
    Its machine account now wants the role id_device_admin, for the scope spark-admin:devices_write.
    It now wants to read the status RoomAnalytics.*.
    The command UserInterface.Message.Alert.Display was optional and is now required.
    It now wants to receive the event BootEvent, if it is allowed to.
    ");
}

#[test]
fn a_role_that_could_be_declined() {
    let mut old = good();
    for entry in &mut old.api_access {
        entry.access = Access::Optional;
        entry.role = None;
    }
    old.api_access[0].role = Some("id_readonly_admin".to_owned());
    let mut new = old.clone();
    new.api_access[1].role = Some("id_readonly_admin".to_owned());
    assert_eq!(grew(&old, &new), []);
    old.api_access[1].access = Access::Required;
    new.api_access[1].access = Access::Required;
    let scope = new.api_access[1].scope.clone();
    assert_eq!(
        grew(&old, &new),
        [Growth::RoleRequired {
            role: "id_readonly_admin".to_owned(),
            scope
        }]
    );
}

#[test]
fn machines_read_it_too() {
    let mut new = good();
    new.xapi_access.status[0].path = "Standby.State".parse().unwrap();
    let json = serde_json::to_string(&grew(&good(), &new)).unwrap();
    assert_eq!(
        json,
        r#"[{"kind":"path","list":"status","path":"Standby.State","access":"required"}]"#
    );
}
