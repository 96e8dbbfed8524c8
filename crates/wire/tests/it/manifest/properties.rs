//! Laws of the reader.

use hallway_wire::id::AppId;
use hallway_wire::manifest::{
    Access, ApiAccess, Availability, Diagnosis, Extra, Feature, Manifest, ParseOptions, Provisioning,
    ProvisioningKind, XapiAccess, XapiRule, parse, scopes,
};
use hallway_xapi::Pattern;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use super::{GOOD, supported};

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no NaN", |n| n.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((any::<String>(), inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Unknown members: their names start in a way that no known one does.
fn extra() -> impl Strategy<Value = Extra> {
    vec(("\\PC{0,8}", json()), 0..3).prop_map(|members| {
        members
            .into_iter()
            .map(|(name, value)| (format!("x-{name}"), value))
            .collect()
    })
}

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| format!("t{text}"))
}

fn url() -> impl Strategy<Value = Option<String>> {
    option::of("https://[a-z]{1,8}\\.example(:[1-9][0-9]{0,3})?(/[a-z0-9]{0,5}){0,2}(\\?q=[a-z]{1,3})?")
}

fn access() -> impl Strategy<Value = Access> {
    prop_oneof![Just(Access::Required), Just(Access::Optional)]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let array = prop_oneof![
        Just(String::new()),
        Just("[*]".to_owned()),
        "\\[[0-9]{1,3}\\]",
        "\\[[0-9]\\.\\.n\\]"
    ];
    let step = prop_oneof![
        Just("*".to_owned()),
        ("[A-Z][a-z0-9_]{0,6}", array).prop_map(|(n, a)| n + &a)
    ];
    vec(step, 1..5).prop_map(|steps| steps.join(".").parse().unwrap())
}

fn rules() -> impl Strategy<Value = Vec<XapiRule>> {
    vec(
        (pattern(), access(), extra()).prop_map(|(path, access, extra)| XapiRule { path, access, extra }),
        0..4,
    )
}

fn xapi_access() -> impl Strategy<Value = XapiAccess> {
    (rules(), rules(), rules(), extra()).prop_map(|(status, commands, events, extra)| XapiAccess {
        status,
        commands,
        events,
        extra,
    })
}

fn provisioning() -> impl Strategy<Value = Provisioning> {
    (url(), url(), extra()).prop_map(|(url, guide, extra)| Provisioning {
        kind: if url.is_some() {
            ProvisioningKind::Https
        } else {
            ProvisioningKind::Manual
        },
        activation_guide_url: guide.filter(|_| url.is_none()),
        url,
        extra,
    })
}

fn api_access() -> impl Strategy<Value = Vec<ApiAccess>> {
    let scope = proptest::sample::select(scopes::KNOWN).prop_map(str::to_owned);
    let entry = (scope, access(), option::of("[a-z_]{1,9}"), extra());
    vec(
        entry.prop_map(|(scope, access, role, extra)| ApiAccess {
            scope,
            access,
            role,
            extra,
        }),
        0..4,
    )
}

prop_compose! {
    fn manifest()(
        id in any::<u128>(),
        manifest_version in 1..=i32::MAX as u64,
        texts in [text(), text(), text()],
        description_url in url(),
        toc_url in url(),
        global in any::<bool>(),
        mut api_access in api_access(),
        xapi_access in xapi_access(),
        provisioning in provisioning(),
        features in proptest::sample::subsequence(Feature::ALL.to_vec(), 0..=2),
        scope_access in access(),
        extra in extra(),
    ) -> Manifest {
        // What must come together, comes together.
        let (wanted, mut tied): (Vec<(&str, bool)>, Vec<&str>) = (
            vec![
                ("spark:xapi_statuses", !xapi_access.status.is_empty()),
                ("spark:xapi_commands", !xapi_access.commands.is_empty()),
                (Feature::DigitalSignage.scope(), features.contains(&Feature::DigitalSignage)),
                (Feature::PersistentWebApp.scope(), features.contains(&Feature::PersistentWebApp)),
            ],
            vec!["spark-admin:devices_pwa_jsxapi"],
        );
        tied.extend(wanted.iter().map(|(scope, _)| *scope));
        api_access.retain(|entry| !tied.contains(&entry.scope.as_str()));
        for (scope, _) in wanted.iter().filter(|(_, wanted)| *wanted) {
            api_access.push(ApiAccess {
                scope: (*scope).to_owned(), access: scope_access, role: None, extra: Extra::new(),
            });
        }
        let [display_name, vendor, description] = texts;
        Manifest {
            id: AppId(uuid::Uuid::from_u128(id)),
            manifest_version, display_name, vendor, email: "a@b.example".to_owned(), description, description_url,
            availability: if global { Availability::Global } else { Availability::OrgPrivate },
            toc_url, api_access, xapi_access, provisioning, features, extra,
        }
    }
}

/// Reads with everything on, and shows what was found, which must not panic either.
fn survive(text: &str) {
    let (statuses, events) = supported();
    let options = ParseOptions {
        supported_statuses: &statuses,
        supported_events: &events,
        ..Default::default()
    };
    let parsed = parse(text, &options);
    assert_eq!(
        parsed.manifest.is_none(),
        parsed.problems.iter().any(|problem| problem.is_error())
    );
    for problem in &parsed.problems {
        assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
        assert!(problem.line >= 1 && problem.column >= 1);
    }
    let shown = Diagnosis::new("m.json", text, parsed.problems.clone()).render(false, 80);
    for problem in &parsed.problems {
        let word = problem.message.split_whitespace().next_back().unwrap_or_default();
        assert!(shown.contains(word), "{problem:?} is not in {shown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What is written is read back, unknown members and their order included.
    #[test]
    fn survives_the_wire(manifest in manifest()) {
        let text = serde_json::to_string_pretty(&manifest).unwrap();
        let parsed = parse(&text, &ParseOptions::default());
        prop_assert_eq!(parsed.errors().collect::<Vec<_>>(), Vec::<&hallway_wire::manifest::Problem>::new());
        let back = parsed.manifest.unwrap();
        prop_assert_eq!(&back, &manifest);
        prop_assert_eq!(serde_json::to_string_pretty(&back).unwrap(), text);
    }

    #[test]
    fn survives_any_text(text in any::<String>()) {
        survive(&text);
    }

    /// Valid JSON of the wrong shape.
    #[test]
    fn survives_any_json(mut members in proptest::sample::subsequence(vec![
        "id", "manifestVersion", "displayName", "email", "availability", "tocUrl", "apiAccess", "xapiAccess",
        "provisioning", "features", "status",
    ], 0..=11).prop_flat_map(|names| {
        let count = names.len();
        (Just(names), vec(json(), count))
    })) {
        let object: Extra = members.0.drain(..).map(str::to_owned).zip(members.1.drain(..)).collect();
        survive(&Value::Object(object.clone()).to_string());
        survive(&serde_json::json!({ "xapiAccess": object, "apiAccess": [object], "provisioning": object }).to_string());
    }

    /// A good manifest, cut up.
    #[test]
    fn survives_mutation(
        edits in vec((any::<proptest::sample::Index>(), 0..12usize, option::of("[\\[\\]{}\",:.*\\\\a-zé \n0-9]{0,6}")), 1..4)
    ) {
        let mut text: Vec<char> = GOOD.chars().collect();
        for (at, length, with) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, with.unwrap_or_default().chars());
        }
        survive(&text.into_iter().collect::<String>());
    }
}
