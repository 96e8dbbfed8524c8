//! The SDK against a whole Hallway in which things go wrong: nothing that happened is lost, nothing whose handler
//! succeeded is handled twice, and what was asked for is done.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod devices;
mod ledger;
mod polls;
mod requests;
mod resources;
mod restarts;
mod surface;
mod tenants;
mod webhooks;

/// Hears people counts and buttons, and may show alerts.
const MANIFEST: &str = r#"{
    "id": "8b8f6a3e-52a4-4a0e-9a67-3f4ab2a8f1d1",
    "manifestVersion": 1,
    "displayName": "Ledger",
    "vendor": "Tests",
    "email": "tests@example.com",
    "description": "Writes down what it hears.",
    "availability": "org_private",
    "apiAccess": [
        { "scope": "spark-admin:devices_read", "access": "required", "role": "id_readonly_admin" },
        { "scope": "spark-admin:workspaces_read", "access": "required", "role": "id_readonly_admin" },
        { "scope": "spark:xapi_statuses", "access": "required" },
        { "scope": "spark:xapi_commands", "access": "required" }
    ],
    "xapiAccess": {
        "status": [{ "path": "RoomAnalytics.PeopleCount.Current", "access": "required" }],
        "commands": [{ "path": "UserInterface.Message.Alert.Display", "access": "required" }],
        "events": [{ "path": "UserInterface.Extensions.Panel.Clicked", "access": "required" }]
    },
    "provisioning": { "type": "manual" }
}"#;
