//! What an author sees. Each case changes a good manifest; the snapshot holds both renderings.

use hallway_wire::manifest::{Diagnosis, ParseOptions, parse};

use super::{GOOD, supported};

fn check(name: &str, text: &str) {
    let (statuses, events) = supported();
    let options = ParseOptions {
        supported_statuses: &statuses,
        supported_events: &events,
        ..Default::default()
    };
    let parsed = parse(text, &options);
    assert_eq!(parsed.manifest.is_none(), parsed.errors().next().is_some());
    let json = serde_json::to_string_pretty(&parsed.problems).unwrap();
    let shown = Diagnosis::new("manifest.json", text, parsed.problems).render(false, 110);
    let trimmed: Vec<&str> = shown.lines().map(str::trim_end).collect();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, format!("{}\n---\n{json}", trimmed.join("\n")));
    });
}

/// The good manifest with some of its text replaced.
fn change(replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn nothing_is_there() {
    check("empty_object", "{}");
    check("empty_file", " \n");
    check("not_an_object", "[1, 2]");
}

#[test]
fn fields() {
    check(
        "fields",
        &change(&[
            ("7c1b7a52-3f0e-4a44-9a0e-2b1d5c6e7f80", "lamp-keeper"),
            ("\"manifestVersion\": 3", "\"manifestVersion\": \"v3\""),
            ("\"Lamp Keeper\"", "\" \""),
            ("  \"vendor\": \"Harbour Lights\",\n", ""),
            ("crew@harbourlights.example", "crew@harbourlights"),
            (
                "\"Turns the lamps off when the last person has left.\"",
                "[\"Turns\", \"lamps\", \"off\"]",
            ),
            ("org_private", "org-private"),
        ]),
    );
}

#[test]
fn syntax() {
    check(
        "syntax_trailing_comma",
        &change(&[(
            "\"access\": \"optional\"}\n  ]",
            "\"access\": \"optional\"},\n  ]",
        )]),
    );
    check(
        "syntax_missing_comma",
        &change(&[("\"Lamp Keeper\",", "\"Lamp Keeper\"")]),
    );
    check(
        "syntax_comment",
        &change(&[("\"vendor\"", "// who we are\n  \"vendor\"")]),
    );
    check("syntax_quotes", &change(&[("\"Lamp Keeper\"", "“Lamp Keeper”")]));
    check("syntax_unclosed", "{\n  \"id\": \"x\",\n  \"apiAccess\": [\n");
    check(
        "syntax_unclosed_string",
        &change(&[("\"Lamp Keeper\",", "\"Lamp Keeper,")]),
    );
}

#[test]
fn scopes() {
    check(
        "scopes",
        &change(&[(
            "{\"scope\": \"spark-admin:workspaces_read\", \"access\": \"required\", \"role\": \"id_readonly_admin\"},",
            "{\"scope\": \"spark-admin:workspace_read\", \"access\": \"require\"},\n    \
                 {\"scope\": \"spark-admin:devices_read\", \"access\": \"optional\"},\n    \
                 {\"scope\": \"devices_write\", \"access\": \"optional\"},\n    \
                 {\"scope\": \"meeting:schedules_read\", \"access\": \"optional\"},\n    \
                 {\"scope\": \"spark:rooms_read spark:rooms_write\", \"access\": \"optional\"},\n    \
                 {\"scope\": \"\", \"access\": \"optional\"},\n    \
                 \"spark:people_read\",\n    \
                 {\"scop\": \"spark:people_read\", \"access\": \"optional\"},",
        )]),
    );
}

#[test]
fn scopes_and_paths() {
    check(
        "scopes_without_paths",
        &change(&[
            (
                "{\"path\": \"RoomAnalytics.PeoplePresence\", \"access\": \"required\"},",
                "",
            ),
            (
                "{\"path\": \"Peripherals.ConnectedDevice[*].RoomAnalytics.AmbientTemperature\", \"access\": \"required\"}",
                "{\"path\": \"\", \"access\": \"required\"}",
            ),
            (
                "\"commands\": [{\"path\": \"UserInterface.Message.Alert.Display\", \"access\": \"optional\"}],\n",
                "",
            ),
        ]),
    );
    check(
        "paths_without_scopes",
        &change(&[(
            "\"role\": \"id_readonly_admin\"},\n    {\"scope\": \"spark:xapi_statuses\", \"access\": \"required\"},\n    \
                 {\"scope\": \"spark:xapi_commands\", \"access\": \"optional\"}",
            "\"role\": \"id_readonly_admin\"}",
        )]),
    );
    check(
        "required_path_under_optional_scope",
        &change(&[(
            "\"spark:xapi_statuses\", \"access\": \"required\"",
            "\"spark:xapi_statuses\", \"access\": \"optional\"",
        )]),
    );
}

#[test]
fn paths() {
    check(
        "paths",
        &change(&[
            (
                "{\"path\": \"RoomAnalytics.PeoplePresence\", \"access\": \"required\"},",
                "{\"path\": \"Audio/Volume\", \"access\": \"required\"},\n      \
                 {\"path\": \"Call[].Status\", \"access\": \"required\"},\n      \
                 {\"path\": \"RoomAnalytics*\", \"access\": \"required\"},\n      \
                 {\"path\": \"xStatus RoomAnalytics PeopleCount Current\", \"access\": \"required\"},\n      \
                 {\"path\": \"roomanalytics.peoplecount.current\", \"access\": \"optional\"},\n      \
                 {\"path\": \"Standby.Stat\", \"access\": \"required\"},\n      \
                 {\"path\": \"*\", \"access\": \"required\"},",
            ),
            (
                "\"UserInterface.Extensions.Panel.Clicked\"",
                "\"UserInterface.Extensions.Panel.Click\"",
            ),
        ]),
    );
    check(
        "plural_statuses",
        &change(&[("\"status\": [", "\"statuses\": [")]),
    );
}

#[test]
fn provisioning() {
    check(
        "https_without_url",
        &change(&[("{\"type\": \"manual\"}", "{\"type\": \"https\"}")]),
    );
    check(
        "urls",
        &change(&[(
            "\"provisioning\": {\"type\": \"manual\"}",
            "\"tocUrl\": \"www.harbourlights.example/terms\",\n  \
             \"descriptionUrl\": \"ftp://harbourlights.example\",\n  \
             \"provisioning\": {\n    \"type\": \"redirect\",\n    \"url\": \"http://harbourlights.example/in\",\n    \
             \"activationGuideUrl\": \"https://harbourlights.example/guide\"\n  }",
        )]),
    );
}

#[test]
fn features() {
    check(
        "features_without_scopes",
        &change(&[(
            "\"availability\"",
            "\"features\": [\"digital_signage\", \"persistent_webapp\", \"digital_signage\", 7],\n  \"availability\"",
        )]),
    );
    check(
        "scopes_without_features",
        &change(&[(
            "\"apiAccess\": [",
            "\"apiAccess\": [\n    {\"scope\": \"spark-admin:devices_pwa\", \"access\": \"required\"},\n    \
             {\"scope\": \"spark-admin:devices_pwa_jsxapi\", \"access\": \"optional\"},",
        )]),
    );
}

#[test]
fn members() {
    check(
        "unknown_and_twice",
        &change(&[
            (
                "\"vendor\"",
                "\"displayname\": \"Lamp\",\n  \"$schema\": \"x\",\n  \"email\": \"a@b.c\",\n  \"vendor\"",
            ),
            (
                "\"scope\": \"spark:xapi_statuses\",",
                "\"scope\": \"spark:xapi_statuses\", \"name\": \"Lamps\", \"why\": 1,",
            ),
        ]),
    );
}
