//! Every route without a token, with a wrong one, with one that may nothing, and from another organization. A
//! route that is missing from the table fails the test: the router itself says what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hallway_platform::org::Founding;
use hallway_server::{App, ServerConfig};
use hallway_wire::id::{OrgId, PersonId};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::integration::{app_of, manifest, upload};
use crate::support::{Client, Integration, Office, Talk};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Anybody.
    All,
    /// Whoever has a good token.
    Known,
    /// A token with a scope. What belongs to another organization is not there.
    Scope,
    /// A person who administers. What belongs to another organization is not there.
    Admin,
    /// Who runs this Hallway: no administrator of an organization may, of none of them.
    Operator,
    /// The integration itself; to all others it says that it is not theirs.
    Itself,
    /// The device itself.
    Device,
}
use Who::{Admin, All, Device, Itself, Known, Operator, Scope};

/// Every route, who may call it, and a query or body with which the call would be good. `{…}` in paths and
/// bodies stand for ids of the office.
const ROUTES: &[(&str, Who, &str)] = &[
    ("POST /v1/access_token", All, ""),
    ("POST /v1/device/authorize", All, ""),
    ("POST /v1/device/token", All, ""),
    ("GET /v1/authorize", All, ""),
    ("POST /v1/authorize", All, ""),
    ("POST /v1/authorize/signIn", All, ""),
    ("POST /v1/authorize/signOut", All, ""),
    ("GET /v1/device", All, ""),
    ("POST /v1/device", All, ""),
    ("GET /v1/applications", Scope, ""),
    ("POST /v1/applications", Admin, "{}"),
    ("GET /v1/applications/{id}", Scope, ""),
    ("PUT /v1/applications/{id}", Admin, "{}"),
    ("DELETE /v1/applications/{id}", Admin, ""),
    (
        "POST /v1/applications/{id}/authorize",
        Admin,
        r#"{"orgId":"{org}"}"#,
    ),
    (
        "POST /v1/applications/{id}/deauthorize",
        Admin,
        r#"{"orgId":"{org}"}"#,
    ),
    (
        "POST /v1/applications/{id}/token",
        Scope,
        r#"{"clientId":"C1","clientSecret":"x","targetOrgId":"{org}"}"#,
    ),
    ("GET /v1/authorizations", Scope, "?personId={id}"),
    ("DELETE /v1/authorizations", Scope, "?clientId=C00ff"),
    ("GET /v1/authorizations/tokenExpiry", Scope, ""),
    ("DELETE /v1/authorizations/{id}", Scope, ""),
    ("GET /hallway/v1/serviceApps", Admin, ""),
    ("GET /hallway/v1/applications/{id}/authorizations", Admin, ""),
    (
        "POST /hallway/v1/applications/{id}/requestAuthorization",
        Admin,
        r#"{"orgId":"{org}"}"#,
    ),
    ("POST /hallway/v1/applications/{id}/rotateSecret", Admin, ""),
    ("POST /hallway/v1/applications/{id}/botToken", Admin, ""),
    ("POST /hallway/v1/people/{id}/token", Admin, "{}"),
    ("POST /hallway/v1/people/{id}/signInCode", Admin, ""),
    ("GET /hallway/v1/organizations", Known, ""),
    ("GET /hallway/v1/organization/admins", Admin, ""),
    (
        "POST /hallway/v1/organization/admins",
        Admin,
        r#"{"email":"x@example.com","role":"id_full_admin"}"#,
    ),
    ("DELETE /hallway/v1/organization/admins/{person}", Admin, ""),
    ("GET /hallway/v1/operator/organizations", Operator, ""),
    (
        "POST /hallway/v1/operator/organizations",
        Operator,
        r#"{"displayName":"x","adminEmail":"x@example.com","adminName":"x"}"#,
    ),
    ("POST /hallway/v1/operator/organizations/import", Operator, "{}"),
    (
        "POST /hallway/v1/operator/organizations/{id}/export",
        Operator,
        "{}",
    ),
    ("POST /hallway/v1/organization/export", Admin, "{}"),
    ("GET /hallway/v1/operator/organizations/{id}", Operator, ""),
    (
        "POST /hallway/v1/operator/organizations/{id}/suspend",
        Operator,
        "{}",
    ),
    (
        "POST /hallway/v1/operator/organizations/{id}/resume",
        Operator,
        "",
    ),
    (
        "DELETE /hallway/v1/operator/organizations/{id}",
        Operator,
        "?confirm=x",
    ),
    ("GET /hallway/v1/operator/organizations/{id}/admins", Operator, ""),
    (
        "POST /hallway/v1/operator/organizations/{id}/admins",
        Operator,
        r#"{"email":"x@example.com","role":"id_full_admin"}"#,
    ),
    (
        "DELETE /hallway/v1/operator/organizations/{id}/admins/{person}",
        Operator,
        "",
    ),
    ("GET /hallway/v1/organization/sites", Admin, ""),
    ("PUT /hallway/v1/organization/sites", Admin, r#"{"sites":[]}"#),
    (
        "GET /v1/xapi/status",
        Scope,
        "?deviceId={device}&name=Audio.Volume",
    ),
    (
        "POST /v1/xapi/command/{name}",
        Scope,
        r#"{"deviceId":"{device}","arguments":{"Level":30}}"#,
    ),
    ("GET /v1/xapi/schema", Scope, "?deviceId={device}"),
    ("GET /v1/deviceConfigurations", Scope, "?deviceId={device}"),
    (
        "PATCH /v1/deviceConfigurations",
        Scope,
        r#"?deviceId={device}[{"op":"remove","path":"Audio.DefaultVolume/sources/configured/value"}]"#,
    ),
    ("GET /v1/organizations", Scope, ""),
    ("GET /v1/organizations/{id}", Scope, ""),
    ("DELETE /v1/organizations/{id}", Scope, ""),
    ("GET /v1/roles", Scope, ""),
    ("GET /v1/roles/{id}", Scope, ""),
    ("GET /activate", All, ""),
    ("POST /activate", All, ""),
    ("GET /hallway/v1/outbox", Admin, ""),
    ("GET /hallway/v1/outbox/{id}", Admin, ""),
    ("PATCH /hallway/v1/licenses/{id}", Admin, r#"{"totalUnits":9}"#),
    ("GET /v1/licenses", Scope, ""),
    ("GET /v1/licenses/{id}", Scope, ""),
    (
        "PATCH /v1/licenses/users",
        Scope,
        r#"{"email":"nobody@example.com","siteUrls":[{"siteUrl":"a.example","accountType":"attendee"}]}"#,
    ),
    ("GET /v1/groups", Scope, ""),
    ("POST /v1/groups", Scope, "{}"),
    ("GET /v1/groups/{id}", Scope, ""),
    ("PATCH /v1/groups/{id}", Scope, "{}"),
    ("DELETE /v1/groups/{id}", Scope, ""),
    ("GET /v1/groups/{id}/members", Scope, ""),
    ("GET /v1/groups/{id}/Members", Scope, ""),
    (
        "POST /v1/identity/organizations/{id}/jobs/sendActivationEmails",
        Scope,
        "",
    ),
    (
        "GET /v1/identity/organizations/{id}/jobs/sendActivationEmails/{job}/status",
        Scope,
        "",
    ),
    (
        "GET /v1/identity/organizations/{id}/jobs/sendActivationEmails/{job}/errors",
        Scope,
        "",
    ),
    ("POST /v1/people", Scope, "{}"),
    ("PUT /v1/people/{id}", Scope, r#"{"displayName":"x"}"#),
    ("DELETE /v1/people/{id}", Scope, ""),
    ("GET /v1/people", Scope, ""),
    ("GET /v1/people/me", Scope, ""),
    ("GET /v1/people/{id}", Scope, ""),
    ("GET /v1/rooms", Scope, ""),
    ("POST /v1/rooms", Scope, r#"{"title":"x"}"#),
    ("GET /v1/rooms/{id}", Scope, ""),
    ("PUT /v1/rooms/{id}", Scope, r#"{"title":"x"}"#),
    ("DELETE /v1/rooms/{id}", Scope, ""),
    ("GET /v1/rooms/{id}/meetingInfo", Scope, ""),
    ("GET /v1/memberships", Scope, ""),
    (
        "POST /v1/memberships",
        Scope,
        r#"{"roomId":"{room}","personId":"{person}"}"#,
    ),
    ("GET /v1/memberships/{id}", Scope, ""),
    ("PUT /v1/memberships/{id}", Scope, r#"{"isModerator":true}"#),
    ("DELETE /v1/memberships/{id}", Scope, ""),
    ("GET /v1/messages", Scope, "?roomId={room}"),
    ("POST /v1/messages", Scope, r#"{"roomId":"{room}","text":"x"}"#),
    ("GET /v1/messages/direct", Scope, "?personId={person}"),
    ("GET /v1/messages/{id}", Scope, ""),
    (
        "PUT /v1/messages/{id}",
        Scope,
        r#"{"roomId":"{room}","text":"x"}"#,
    ),
    ("DELETE /v1/messages/{id}", Scope, ""),
    ("GET /v1/contents/{id}", Scope, ""),
    (
        "POST /v1/attachment/actions",
        Scope,
        r#"{"type":"submit","messageId":"{message}","inputs":{}}"#,
    ),
    ("GET /v1/attachment/actions/{id}", Scope, ""),
    ("GET /v1/teams", Scope, ""),
    ("POST /v1/teams", Scope, r#"{"name":"x"}"#),
    ("GET /v1/teams/{id}", Scope, ""),
    ("PUT /v1/teams/{id}", Scope, r#"{"name":"x"}"#),
    ("DELETE /v1/teams/{id}", Scope, ""),
    ("GET /v1/team/memberships", Scope, "?teamId={team}"),
    (
        "POST /v1/team/memberships",
        Scope,
        r#"{"teamId":"{team}","personId":"{person}"}"#,
    ),
    ("GET /v1/team/memberships/{id}", Scope, ""),
    ("PUT /v1/team/memberships/{id}", Scope, r#"{"isModerator":true}"#),
    ("DELETE /v1/team/memberships/{id}", Scope, ""),
    ("GET /v1/locations", Scope, ""),
    ("POST /v1/locations", Scope, "{}"),
    ("GET /v1/locations/{id}", Scope, ""),
    ("PUT /v1/locations/{id}", Scope, r#"{"name":"x"}"#),
    ("DELETE /v1/locations/{id}", Scope, ""),
    ("GET /v1/locations/{location}/floors", Scope, ""),
    (
        "POST /v1/locations/{location}/floors",
        Scope,
        r#"{"floorNumber":9}"#,
    ),
    ("GET /v1/locations/{location}/floors/{floor}", Scope, ""),
    (
        "PUT /v1/locations/{location}/floors/{floor}",
        Scope,
        r#"{"floorNumber":9}"#,
    ),
    ("DELETE /v1/locations/{location}/floors/{floor}", Scope, ""),
    ("GET /v1/workspaceLocations", Scope, ""),
    ("POST /v1/workspaceLocations", Scope, "{}"),
    ("GET /v1/workspaceLocations/{id}", Scope, ""),
    (
        "PUT /v1/workspaceLocations/{id}",
        Scope,
        r#"{"displayName":"x","address":"x","countryCode":"NO","cityName":"x","latitude":1,"longitude":1}"#,
    ),
    ("DELETE /v1/workspaceLocations/{id}", Scope, ""),
    ("GET /v1/workspaceLocations/{location}/floors", Scope, ""),
    (
        "POST /v1/workspaceLocations/{location}/floors",
        Scope,
        r#"{"floorNumber":9}"#,
    ),
    ("GET /v1/workspaceLocations/{location}/floors/{floor}", Scope, ""),
    (
        "PUT /v1/workspaceLocations/{location}/floors/{floor}",
        Scope,
        r#"{"floorNumber":9}"#,
    ),
    (
        "DELETE /v1/workspaceLocations/{location}/floors/{floor}",
        Scope,
        "",
    ),
    ("GET /v1/workspaces", Scope, ""),
    ("POST /v1/workspaces", Scope, r#"{"displayName":"x"}"#),
    ("GET /v1/workspaces/{id}", Scope, ""),
    ("PUT /v1/workspaces/{id}", Scope, r#"{"displayName":"x"}"#),
    ("DELETE /v1/workspaces/{id}", Scope, ""),
    ("GET /v1/workspaces/{id}/capabilities", Scope, ""),
    ("GET /v1/devices", Scope, ""),
    (
        "POST /v1/devices",
        Scope,
        r#"{"mac":"AABBCCDDEEFF","model":"DMS Cisco 8841","workspaceId":"{workspace}"}"#,
    ),
    (
        "POST /v1/devices/activationCode",
        Scope,
        r#"{"workspaceId":"{workspace}"}"#,
    ),
    ("GET /v1/devices/{id}", Scope, ""),
    (
        "PATCH /v1/devices/{id}",
        Scope,
        r#"[{"op":"remove","path":"tags"}]"#,
    ),
    ("DELETE /v1/devices/{id}", Scope, ""),
    ("GET /v1/meetings", Scope, ""),
    ("POST /v1/meetings", Scope, r#"{"title":"x"}"#),
    ("GET /v1/meetings/{id}", Scope, ""),
    ("PUT /v1/meetings/{id}", Scope, r#"{"title":"x"}"#),
    ("PATCH /v1/meetings/{id}", Scope, r#"{"title":"x"}"#),
    ("DELETE /v1/meetings/{id}", Scope, ""),
    ("GET /v1/recordings", Scope, ""),
    ("GET /v1/recordings/{id}", Scope, ""),
    ("DELETE /v1/recordings/{id}", Scope, ""),
    ("POST /hallway/v1/meetings/{id}/start", Admin, ""),
    (
        "POST /hallway/v1/meetings/{id}/join",
        Admin,
        r#"{"email":"a@b.org"}"#,
    ),
    (
        "POST /hallway/v1/meetings/{id}/leave",
        Admin,
        r#"{"email":"a@b.org"}"#,
    ),
    ("POST /hallway/v1/meetings/{id}/end", Admin, ""),
    ("GET /hallway/v1/meetings/{id}/participants", Admin, ""),
    ("POST /hallway/v1/recordings", Admin, r#"{"topic":"x"}"#),
    ("PATCH /hallway/v1/recordings/{id}", Admin, r#"{"topic":"x"}"#),
    ("GET /v1/telephony/config/locations", Scope, ""),
    (
        "POST /v1/telephony/config/locations",
        Scope,
        r#"{"id":"{location}","name":"x","timeZone":"Europe/Oslo","preferredLanguage":"nb_NO","announcementLanguage":"nb_NO","address":{}}"#,
    ),
    ("GET /v1/telephony/config/locations/{id}", Scope, ""),
    (
        "PUT /v1/telephony/config/locations/{id}",
        Scope,
        r#"{"routingPrefix":"81"}"#,
    ),
    ("GET /v1/telephony/pstn/locations/{id}/connection", Scope, ""),
    (
        "PUT /v1/telephony/pstn/locations/{id}/connection",
        Scope,
        r#"{"premiseRouteType":"TRUNK","premiseRouteId":"x"}"#,
    ),
    (
        "GET /v1/telephony/pstn/locations/{id}/connectionOptions",
        Scope,
        "",
    ),
    ("GET /v1/telephony/config/numbers", Scope, ""),
    (
        "GET /v1/telephony/config/locations/{id}/availableNumbers",
        Scope,
        "",
    ),
    (
        "GET /v1/telephony/config/people/primary/availableNumbers",
        Scope,
        "",
    ),
    (
        "POST /v1/telephony/config/locations/{id}/numbers",
        Scope,
        r#"{"phoneNumbers":["+4721000000"]}"#,
    ),
    (
        "PUT /v1/telephony/config/locations/{id}/numbers",
        Scope,
        r#"{"phoneNumbers":["+4721000000"]}"#,
    ),
    (
        "DELETE /v1/telephony/config/locations/{id}/numbers",
        Scope,
        r#"{"phoneNumbers":["+4721000000"]}"#,
    ),
    (
        "POST /v1/telephony/config/actions/validateNumbers/invoke",
        Scope,
        r#"{"phoneNumbers":["+4721000000"]}"#,
    ),
    (
        "POST /v1/telephony/config/actions/validateExtensions/invoke",
        Scope,
        r#"{"extensions":["1234"]}"#,
    ),
    (
        "POST /v1/telephony/config/locations/{id}/actions/validateExtensions/invoke",
        Scope,
        r#"{"extensions":["1234"]}"#,
    ),
    ("GET /v1/people/{id}/features/numbers", Scope, ""),
    (
        "PUT /v1/telephony/config/people/{id}/numbers",
        Scope,
        r#"{"phoneNumbers":[{"action":"ADD","directNumber":"+4721000000"}]}"#,
    ),
    (
        "GET /v1/telephony/config/people/{id}/secondary/availableNumbers",
        Scope,
        "",
    ),
    ("GET /v1/telephony/config/people/{id}/services", Scope, ""),
    (
        "PUT /hallway/v1/calling/locations/{id}/connection",
        Admin,
        r#"{"pstnConnectionType":"LOCAL_GATEWAY"}"#,
    ),
    ("DELETE /hallway/v1/calling/locations/{id}", Admin, ""),
    ("GET /v1/webhooks", Scope, ""),
    (
        "POST /v1/webhooks",
        Scope,
        r#"{"name":"x","targetUrl":"http://127.0.0.1:9/","resource":"rooms","event":"created"}"#,
    ),
    ("GET /v1/webhooks/{id}", Scope, ""),
    (
        "PUT /v1/webhooks/{id}",
        Scope,
        r#"{"name":"x","targetUrl":"http://127.0.0.1:9/"}"#,
    ),
    ("DELETE /v1/webhooks/{id}", Scope, ""),
    ("GET /v1/events", Scope, ""),
    ("GET /v1/events/{id}", Scope, ""),
    ("GET /hallway/v1/webhooks/{id}/deliveries", Scope, ""),
    (
        "POST /hallway/v1/webhooks/{id}/deliveries/{delivery}/redeliver",
        Scope,
        "{}",
    ),
    (
        "POST /hallway/v1/listen",
        Scope,
        r#"{"name":"x","targetUrl":"http://127.0.0.1:9/","resource":"rooms","event":"created"}"#,
    ),
    ("GET /hallway/v1/listen/{id}", Scope, ""),
    ("POST /hallway/v1/listen/{id}/reports", Scope, r#"{"reports":[]}"#),
    ("DELETE /hallway/v1/listen/{id}", Scope, ""),
    (
        "GET /v1/adminAudit/events",
        Scope,
        "?orgId={org}&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
    ),
    ("GET /v1/adminAudit/eventCategories", Scope, ""),
    (
        "GET /v1/admin/securityAudit/events",
        Scope,
        "?orgId={org}&startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z",
    ),
    (
        "GET /v1/workspaceMetrics",
        Scope,
        "?workspaceId={workspace}&metricName=humidity",
    ),
    (
        "GET /v1/workspaceDurationMetrics",
        Scope,
        "?workspaceId={workspace}",
    ),
    ("GET /v1/hotdesk/sessions", Scope, ""),
    ("DELETE /v1/hotdesk/sessions/{id}", Scope, ""),
    (
        "POST /v1/workspaces/{id}/personalize",
        Scope,
        r#"{"email":"a@b.org"}"#,
    ),
    ("GET /v1/workspaces/{id}/personalizationTask", Scope, ""),
    ("GET /hallway/v1/calls", Admin, ""),
    ("POST /hallway/v1/calls", Admin, r#"{"from":"a@b.org","to":"1"}"#),
    ("GET /hallway/v1/calls/{id}", Admin, ""),
    ("POST /hallway/v1/calls/{id}/{action}", Admin, "{}"),
    (
        "POST /hallway/v1/hotdesk/sessions",
        Admin,
        r#"{"workspaceId":"{workspace}","email":"a@b.org"}"#,
    ),
    ("GET /identity/scim/v2/Users/me", Scope, ""),
    ("GET /identity/scim/{org}/v2/Users", Scope, ""),
    (
        "POST /identity/scim/{org}/v2/Users",
        Scope,
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x@example.com","userType":"user"}"#,
    ),
    ("GET /identity/scim/{org}/v2/Users/{user}", Scope, ""),
    (
        "PUT /identity/scim/{org}/v2/Users/{user}",
        Scope,
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x@example.com","userType":"user"}"#,
    ),
    (
        "PATCH /identity/scim/{org}/v2/Users/{user}",
        Scope,
        r#"{"Operations":[{"op":"replace","path":"title","value":"x"}]}"#,
    ),
    ("DELETE /identity/scim/{org}/v2/Users/{user}", Scope, ""),
    (
        "POST /identity/scim/{org}/v2/Bulk",
        Scope,
        r#"{"schemas":[],"operations":[]}"#,
    ),
    ("GET /identity/scim/{org}/v2/Groups", Scope, ""),
    (
        "POST /identity/scim/{org}/v2/Groups",
        Scope,
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"x"}"#,
    ),
    ("GET /identity/scim/{org}/v2/Groups/{group}", Scope, ""),
    (
        "PUT /identity/scim/{org}/v2/Groups/{group}",
        Scope,
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"x"}"#,
    ),
    (
        "PATCH /identity/scim/{org}/v2/Groups/{group}",
        Scope,
        r#"{"Operations":[{"op":"replace","path":"displayName","value":"x"}]}"#,
    ),
    ("DELETE /identity/scim/{org}/v2/Groups/{group}", Scope, ""),
    ("GET /identity/scim/{org}/v2/Groups/{group}/Members", Scope, ""),
    ("GET /hallway/v1/integrations", Admin, ""),
    ("POST /hallway/v1/integrations", Admin, "{}"),
    ("GET /hallway/v1/integrations/{app}", Admin, ""),
    ("DELETE /hallway/v1/integrations/{app}", Admin, ""),
    ("GET /hallway/v1/integrations/{app}/manifest", Admin, ""),
    ("PUT /hallway/v1/integrations/{app}/manifest", Admin, "{manifest}"),
    ("POST /hallway/v1/integrations/{app}/activate", Admin, "{}"),
    ("POST /hallway/v1/integrations/{app}/approve", Admin, "{}"),
    ("POST /hallway/v1/integrations/{app}/healthCheck", Admin, "{}"),
    ("POST /hallway/v1/integrations/{app}/renewToken", Admin, "{}"),
    ("POST /hallway/v1/integrations/{app}/push", Admin, ""),
    ("GET /hallway/v1/vendor/integrations", Admin, ""),
    ("GET /hallway/v1/vendor/integrations/{app}", Admin, ""),
    ("POST /hallway/v1/vendor/integrations/{app}/submit", Admin, ""),
    ("POST /hallway/v1/vendor/integrations/{app}/withdraw", Admin, ""),
    (
        "GET /hallway/v1/vendor/integrations/{app}/installations",
        Admin,
        "",
    ),
    ("GET /hallway/v1/operator/publications", Operator, ""),
    ("GET /hallway/v1/operator/publications/{app}", Operator, ""),
    (
        "POST /hallway/v1/operator/publications/{app}/approve",
        Operator,
        "{}",
    ),
    (
        "POST /hallway/v1/operator/publications/{app}/reject",
        Operator,
        r#"{"reason":"x"}"#,
    ),
    ("GET /hallway/v1/catalog", Admin, ""),
    ("GET /hallway/v1/catalog/{app}", Admin, ""),
    ("POST /hallway/v1/catalog/{app}/activate", Admin, "{}"),
    ("POST /hallway/v1/integrations/{app}/deactivate", Admin, "{}"),
    ("GET /hallway/v1/trigger", Known, ""),
    (
        "POST /hallway/v1/trigger",
        Scope,
        r#"{"resource":"rooms","event":"created"}"#,
    ),
    ("GET /hallway/v1/about", Known, ""),
    ("GET /hallway/v1/audit", Admin, ""),
    ("POST /hallway/v1/keys/rotate", Admin, "{}"),
    ("GET /hallway/v1/faults", Admin, ""),
    (
        "POST /hallway/v1/faults",
        Admin,
        r#"{"effect":{"type":"offline"},"device":"{device}","forSeconds":1}"#,
    ),
    ("DELETE /hallway/v1/faults", Admin, ""),
    ("DELETE /hallway/v1/faults/{id}", Admin, ""),
    ("GET /hallway/v1/ca", Known, ""),
    ("POST /hallway/v1/devices/redeem", All, ""),
    (
        "POST /hallway/v1/devices/{id}/status",
        Admin,
        r#"{"path":"Standby.State","value":"Halfwake"}"#,
    ),
    (
        "DELETE /hallway/v1/devices/{id}/status",
        Admin,
        "?path=Standby.State",
    ),
    (
        "POST /hallway/v1/devices/{id}/events",
        Admin,
        r#"{"event":"BootEvent","value":{"Action":"Restart"}}"#,
    ),
    ("GET /hallway/v1/devices/{id}/screen", Admin, ""),
    (
        "POST /hallway/v1/devices/{id}/navigators/{serial}/webApp/session",
        Admin,
        "",
    ),
    ("POST /hallway/v1/devices/{id}/connect", Admin, "{}"),
    ("POST /hallway/v1/devices/{id}/disconnect", Admin, "{}"),
    ("POST /hallway/v1/devices/{id}/reboot", Admin, "{}"),
    ("GET /hallway/v1/devices/{id}/link", Device, ""),
    ("GET /xapi/api/organizations/{org}/apps/{app}", Itself, ""),
    ("PATCH /xapi/api/organizations/{org}/apps/{app}", Itself, "{}"),
    ("DELETE /xapi/api/organizations/{org}/apps/{app}", Itself, ""),
    ("GET /xapi/api/organizations/{org}/apps/{app}/queue", Itself, ""),
    ("GET /xapi/api/organizations/{org}/appManifests/{app}", Itself, ""),
    (
        "GET /xapi/api/organizations/{org}/apps/{app}/features/digitalSignage",
        Itself,
        "",
    ),
    (
        "PUT /xapi/api/organizations/{org}/apps/{app}/features/digitalSignage",
        Itself,
        r#"{"signageUrl":"https://signage.example/"}"#,
    ),
    (
        "DELETE /xapi/api/organizations/{org}/apps/{app}/features/digitalSignage",
        Itself,
        "",
    ),
    (
        "GET /xapi/api/organizations/{org}/apps/{app}/features/persistentWebApp",
        Itself,
        "",
    ),
    (
        "PUT /xapi/api/organizations/{org}/apps/{app}/features/persistentWebApp",
        Itself,
        r#"{"pwaUrl":"https://app.example/"}"#,
    ),
    (
        "DELETE /xapi/api/organizations/{org}/apps/{app}/features/persistentWebApp",
        Itself,
        "",
    ),
    ("GET /hallway/v1/features/{feature}/providers", Admin, ""),
    ("GET /hallway/v1/integrations/{app}/features/{feature}", Admin, ""),
    (
        "GET /hallway/v1/integrations/{app}/features/{feature}/assignments",
        Admin,
        "",
    ),
    (
        "POST /hallway/v1/integrations/{app}/features/{feature}/assign",
        Admin,
        r#"{"all":true}"#,
    ),
    (
        "POST /hallway/v1/integrations/{app}/features/{feature}/unassign",
        Admin,
        r#"{"all":true}"#,
    ),
    (
        "POST /hallway/v1/integrations/{app}/crossLaunch/{feature}",
        Admin,
        r#"{"task":"manage_content","devices":[]}"#,
    ),
    ("GET /xapi/api/apps/supportedSubscriptions", All, ""),
    ("GET /jwks", All, ""),
    ("GET /jwks/{region}", All, ""),
    ("GET /healthz", All, ""),
    ("GET /readyz", All, ""),
    ("GET /metrics", All, ""),
    ("GET /openapi.json", All, ""),
    ("GET /asyncapi.json", All, ""),
    ("GET /reference", All, ""),
    ("GET /reference/reference.css", All, ""),
    ("GET /reference/reference.js", All, ""),
];

/// Methods and paths of a router, from its own words.
fn routes_of(office: &Office) -> BTreeSet<String> {
    let config = ServerConfig {
        requests_per_minute: None,
        cors_origins: Vec::new(),
        authority: None,
    };
    let platform = Arc::clone(&office.house().platform);
    let app = App::new(platform, None, config, CancellationToken::new()).unwrap();
    let said = format!("{:?}", hallway_server::router(app, axum::Router::new()));
    // Behind the routes the router lists what answers everything else.
    let (said, _) = said.split_once("fallback_router").unwrap();
    let mut paths: BTreeMap<&str, &str> = BTreeMap::new();
    let mut methods: BTreeMap<&str, &str> = BTreeMap::new();
    for part in said.split("RouteId(").skip(1) {
        let (number, rest) = part.split_once("): ").unwrap_or((part, ""));
        if let Some(path) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
            paths.insert(number, path);
        } else if let Some((_, rest)) = rest.split_once("allow_header: Bytes(b\"") {
            methods.insert(number, rest.split('"').next().unwrap());
        }
    }
    assert!(
        !paths.is_empty() && paths.len() == methods.len(),
        "the router says: {said}"
    );
    let each = methods.iter().flat_map(|(number, methods)| {
        let methods = methods.split(',').filter(|method| *method != "HEAD");
        methods.map(|method| format!("{method} {}", paths[number]))
    });
    each.collect()
}

#[tokio::test]
async fn the_table_is_complete() {
    let office = Office::start().await;
    let there = routes_of(&office);
    let listed: BTreeSet<String> = ROUTES.iter().map(|(route, _, _)| (*route).to_owned()).collect();
    assert_eq!(listed.len(), ROUTES.len(), "a route is listed twice");
    let missing: Vec<&String> = there.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "routes that are missing from the table: {missing:?}"
    );
    let gone: Vec<&String> = listed.difference(&there).collect();
    assert!(gone.is_empty(), "routes that the router does not have: {gone:?}");
    office.close().await;
}

/// A good call of a route, with ids of the office.
struct Call {
    method: String,
    target: String,
    body: Value,
}

fn call(
    office: &Office,
    talk: &Talk,
    route: &str,
    given: &str,
    integration: &Integration,
    asked: &Value,
) -> Call {
    let (method, path) = route.split_once(' ').unwrap();
    let plan = &office.plan;
    let location = &plan.locations[0];
    let id = match path {
        _ if path.contains("/organizations/{id}") => office.org(),
        _ if path.contains("/roles/") => hallway_wire::id::RoleId::random().to_string(),
        _ if path.contains("/licenses/") => hallway_wire::id::LicenseId::random().to_string(),
        _ if path.contains("/groups/") => hallway_wire::id::GroupId::random().to_string(),
        _ if path.contains("/applications/") => {
            hallway_wire::application::ApplicationId("C00ff".to_owned()).to_string()
        }
        _ if path.contains("/authorizations/") => hallway_wire::id::AuthorizationId::random().to_string(),
        "/v1/authorizations" => plan.people[0].id.to_string(),
        _ if path.contains("/people/") => plan.people[0].id.to_string(),
        _ if path.contains("/calls/") => hallway_wire::id::CallId::random().to_string(),
        _ if path.contains("/hotdesk/") => hallway_wire::id::CallId::random().uuid().to_string(),
        // Neither has a common id.
        _ if path.contains("/meetings/") || path.contains("/recordings/") => "0".repeat(32),
        _ if path.contains("ocations/{id}") => location.id.to_string(),
        _ if path.contains("/rooms/") => talk.room.clone(),
        _ if path.contains("/team/memberships/") => talk.team_membership.clone(),
        _ if path.contains("/memberships/") => talk.membership.clone(),
        _ if path.contains("/messages/") => talk.message.clone(),
        _ if path.contains("/contents/") => hallway_wire::id::ContentId::random().to_string(),
        _ if path.contains("/attachment/") => talk.action.clone(),
        _ if path.contains("/teams/") => talk.team.clone(),
        _ if path.contains("/workspaces/") => office.workspace("Board Room"),
        _ if path.contains("/webhooks/") || path.contains("/listen/") => {
            hallway_wire::id::WebhookId::random().to_string()
        }
        _ if path.contains("/events/") && path.starts_with("/v1") => {
            hallway_wire::id::EventId::random().to_string()
        }
        _ => office.device("Board Room"),
    };
    let fill = |text: &str| {
        text.replace("{id}", &id)
            .replace("{job}", &hallway_wire::id::JobId::random().to_string())
            .replace("{device}", &office.device("Board Room"))
            .replace("{workspace}", &office.workspace("Board Room"))
            .replace("{room}", &talk.room)
            .replace("{message}", &talk.message)
            .replace("{team}", &talk.team)
            .replace("{person}", &plan.people[0].id.to_string())
            .replace("{location}", &location.id.to_string())
            .replace("{floor}", &location.floors[0].id.to_string())
            .replace("{org}", &plan.organization.id.uuid().to_string())
            .replace("{user}", &office.plan.people[1].id.uuid().to_string())
            .replace("{group}", &uuid::Uuid::new_v4().to_string())
            .replace("{app}", &integration.app)
            .replace("{name}", "Audio.Volume.Set")
            .replace("{serial}", "FOC1")
            .replace("{action}", "answer")
            .replace("{feature}", "digitalSignage")
            .replace("{region}", "us-east-2_a")
            .replace("{delivery}", &uuid::Uuid::new_v4().to_string())
            .replace("{manifest}", &asked.to_string())
    };
    let given = fill(given);
    let body_at = given.find(['{', '[']).unwrap_or(given.len());
    let (query, body) = given.split_at(body_at);
    Call {
        method: method.to_owned(),
        target: format!("{}{query}", fill(path)),
        body: if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(body).unwrap()
        },
    }
}

async fn stranger(office: &Office) -> Client {
    let founding = Founding {
        org: OrgId::random(),
        display_name: "Elsewhere".to_owned(),
        admin: PersonId::random(),
        admin_email: "else@example.com".to_owned(),
        admin_name: "Else Where".to_owned(),
        country: None,
    };
    let token = office
        .house()
        .platform
        .found_organization(founding)
        .await
        .unwrap();
    office.admin.with_token(token.expose())
}

/// A manifest that asks for nothing.
fn modest() -> Value {
    let mut asked = manifest(&[], &[]);
    asked["apiAccess"] = json!([]);
    asked["xapiAccess"] = json!({});
    asked
}

#[tokio::test]
async fn who_may_not_call() {
    let office = Office::start().await;
    let asked = manifest(&["RoomAnalytics.*"], &[]);
    let integration = Integration::activate(&office.admin, &asked).await;
    let nobody = Integration::activate(&office.admin, &modest()).await.client;
    let stranger = stranger(&office).await;
    let talk = Talk::start(&office.admin).await;
    let anonymous = office.admin.anonymous();
    let refresh = office.admin.with_token(&integration.refresh_token);
    let mut newer = asked.clone();
    newer["manifestVersion"] = json!(2);
    for (route, who, given) in ROUTES {
        let Call { method, target, body } = call(&office, &talk, route, given, &integration, &newer);
        let ask = async |client: &Client| client.ask(&method, &target, body.clone()).await;
        let status = async |client: &Client, expected: &[u16]| {
            let answer = ask(client).await;
            let status = answer.status;
            assert!(expected.contains(&status), "{route}: {status}: {}", answer.text());
            if status >= 400 {
                answer.expect_error(status);
            }
        };
        if *who == All {
            let answer = ask(&anonymous).await;
            assert!(
                answer.status != 401 && answer.status != 403,
                "{route}: {}",
                answer.text()
            );
            continue;
        }
        for wrong in ["garbage", "a b", "", "ÿ"] {
            let mut request = anonymous.request(&method, &target, &body);
            let value = hyper::header::HeaderValue::from_bytes(format!("Bearer {wrong}").as_bytes()).unwrap();
            request.headers_mut().insert("authorization", value);
            let answer = office.admin.send(request).await;
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{route}");
            answer.expect_error(401);
        }
        status(&anonymous, &[401]).await;
        // A refresh token is no access token.
        status(&refresh, &[401]).await;
        match who {
            All | Known => {}
            Scope | Admin => status(&nobody, &[403]).await,
            Operator => {
                status(&nobody, &[403]).await;
                status(&stranger, &[403]).await;
            }
            // A good token of somebody else says nothing about a device.
            Device => status(&office.admin, &[401]).await,
            Itself => {
                status(&office.admin, &[403]).await;
                status(&nobody, &[403]).await;
                status(&stranger, &[403]).await;
            }
        }
        let names_something = target.contains("ciscospark") || target != *route.split_once(' ').unwrap().1;
        let names_something = names_something || given.contains("{workspace}") || given.contains("{device}");
        // A feature is the same everywhere; each organization has its own providers.
        let names_something = names_something && !route.ends_with("/providers");
        if matches!(who, Scope | Admin) && names_something {
            // Only who may delete organizations, or read events, learns that there is none.
            let hidden: &[u16] =
                if route.starts_with("DELETE /v1/organizations") || route.starts_with("GET /v1/events") {
                    &[403, 404]
                } else {
                    &[404]
                };
            status(&stranger, hidden).await;
        }
    }
    // All that changed nothing.
    assert_eq!(office.summary(&integration.app).await["manifestVersion"], 1);
    integration.client.get(&integration.app_url).await.expect(200);
    let devices = office.admin.get("/v1/devices").await.expect(200);
    assert_eq!(
        devices["items"].as_array().unwrap().len(),
        office.plan.devices.len()
    );
    let here = upload(&stranger, &asked).await;
    assert_eq!(
        here["appId"],
        app_of(&asked).as_str(),
        "ids are each organization's own"
    );
    office.close().await;
}

/// The device's own API says 403 and never 401: its clients take 401 for something else.
#[tokio::test]
async fn the_devices_own_api() {
    let office = Office::start().await;
    let stranger = stranger(&office).await;
    let device = office.device("Board Room");
    let integration = Integration::activate(&office.admin, &manifest(&["RoomAnalytics.*"], &[])).await;
    for target in [format!("/devices/{device}/ws"), "/ws".to_owned()] {
        office.admin.anonymous().get(&target).await.expect_error(403);
        for token in [
            "garbage",
            stranger.token.as_deref().unwrap(),
            integration.token(),
            &integration.refresh_token,
        ] {
            use base64::Engine as _;
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("Board Room:{token}"));
            let mut request = office.admin.anonymous().request("GET", &target, &Value::Null);
            let value = format!("Basic {basic}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
            office.admin.send(request).await.expect_error(403);
        }
    }
    office.close().await;
}

/// An integration is not an administrator, whatever its scopes: it moves no sensors and reviews nothing.
#[tokio::test]
async fn an_integration_does_not_administer() {
    let office = Office::start().await;
    let mut asked = manifest(&["*"], &["*"]);
    let scopes = hallway_wire::manifest::scopes::KNOWN.iter();
    let scopes = scopes.map(|scope| json!({ "scope": scope, "access": "required", "role": "id_full_admin" }));
    asked["apiAccess"] = scopes.collect();
    asked["features"] = json!(["digital_signage", "persistent_web_app"]);
    let integration = Integration::activate(&office.admin, &asked).await;
    let talk = Talk::start(&office.admin).await;
    for (route, who, given) in ROUTES {
        if matches!(who, Admin | Operator) {
            let Call { method, target, body } = call(&office, &talk, route, given, &integration, &asked);
            let answer = integration.client.ask(&method, &target, body).await;
            assert_eq!(answer.status, 403, "{route}: {}", answer.text());
        }
    }
    office.close().await;
}
