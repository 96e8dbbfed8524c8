//! Pages with replacement values, and what becomes of them for one device (features 4).

use hallway_wire::id::AppId;
use hallway_wire::manifest::Feature;

/// The parameter by which a page learns which integration brought the device to it.
const APP_PARAMETER: &str = "_cisco_app_id";

/// What a replacement value stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    DeviceId,
    DeviceName,
    DeviceModel,
    OwnerId,
    OwnerName,
    OrganizationId,
    PeripheralSerial,
}

/// The names, as they are written between `$(` and `)`.
const NAMES: [(&str, Value); 7] = [
    ("deviceId", Value::DeviceId),
    ("deviceName", Value::DeviceName),
    ("deviceModel", Value::DeviceModel),
    ("ownerId", Value::OwnerId),
    ("ownerName", Value::OwnerName),
    ("organizationId", Value::OrganizationId),
    ("peripheralSerial", Value::PeripheralSerial),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Value(Value),
}

/// A page that was taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template<'a>(Vec<Piece<'a>>);

/// What the values are for one device, not encoded.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) device_id: String,
    pub(super) device_name: String,
    pub(super) device_model: String,
    pub(super) owner_id: String,
    pub(super) owner_name: String,
    pub(super) organization_id: String,
    pub(super) peripheral_serial: String,
}

impl Values {
    fn of(&self, value: Value) -> &str {
        match value {
            Value::DeviceId => &self.device_id,
            Value::DeviceName => &self.device_name,
            Value::DeviceModel => &self.device_model,
            Value::OwnerId => &self.owner_id,
            Value::OwnerName => &self.owner_name,
            Value::OrganizationId => &self.organization_id,
            Value::PeripheralSerial => &self.peripheral_serial,
        }
    }
}

impl<'a> Template<'a> {
    /// Takes a page apart. A `$` that no `(` follows is itself.
    ///
    /// # Errors
    /// Why not, as what follows the name of the member.
    pub(super) fn parse(text: &'a str, feature: Feature) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("$(") {
            let (before, behind) = rest.split_at(at);
            if !before.is_empty() {
                pieces.push(Piece::Text(before));
            }
            let inside = &behind[2..];
            let Some(end) = inside.find(')') else {
                return Err("has a replacement value that is not closed: `$(` needs a `)`".to_owned());
            };
            let name = &inside[..end];
            let Some((_, value)) = NAMES.iter().find(|(known, _)| *known == name) else {
                let known: Vec<String> = NAMES.iter().map(|(name, _)| format!("$({name})")).collect();
                let shown: String = name.chars().take(64).collect();
                return Err(format!(
                    "has the unknown replacement value $({shown}): there are {}",
                    known.join(", ")
                ));
            };
            if *value == Value::PeripheralSerial && feature == Feature::DigitalSignage {
                return Err(
                    "has the replacement value $(peripheralSerial), which only persistent web apps have"
                        .to_owned(),
                );
            }
            pieces.push(Piece::Value(*value));
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Ok(Self(pieces))
    }

    /// The page without its replacement values.
    pub(super) fn bare(&self) -> String {
        let texts = self.0.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(*text),
            Piece::Value(_) => None,
        });
        texts.collect()
    }

    /// Whether scheme, host and port stand there as they are: no device's name may choose where it goes.
    pub(super) fn has_fixed_host(&self) -> bool {
        let Some(Piece::Text(first)) = self.0.first() else {
            return false;
        };
        let Some((_, behind)) = first.split_once("://") else {
            return false;
        };
        self.0.len() == 1 || behind.contains(['/', '?', '#'])
    }

    /// The page of one device: everything replaced and percent-encoded, with the parameter of the integration.
    pub(super) fn page(&self, values: &Values, app: AppId) -> String {
        let mut page = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => page.push_str(text),
                Piece::Value(value) => encode(values.of(*value), &mut page),
            }
        }
        with_app(&page, app)
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, in paths and queries alike.
fn encode(text: &str, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(char::from(DIGITS[usize::from(byte >> 4)]));
            into.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

/// Adds the integration's parameter to the query, before a fragment, in the place of one that is there.
fn with_app(page: &str, app: AppId) -> String {
    let (address, fragment) = match page.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (page, None),
    };
    let (path, query) = match address.split_once('?') {
        Some((path, query)) => (path, query),
        None => (address, ""),
    };
    let ours = |pair: &&str| pair.split('=').next() == Some(APP_PARAMETER);
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !ours(pair)).collect();
    while pairs.last().is_some_and(|pair| pair.is_empty()) {
        pairs.pop();
    }
    let parameter = format!("{APP_PARAMETER}={app}");
    pairs.push(&parameter);
    let mut url = format!("{path}?{}", pairs.join("&"));
    if let Some(fragment) = fragment {
        url.push('#');
        url.push_str(fragment);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::check::strict_url;
    use proptest::prelude::*;

    const APP: AppId = AppId(uuid::Uuid::from_u128(7));
    const PARAMETER: &str = "_cisco_app_id=00000000-0000-0000-0000-000000000007";

    fn values() -> Values {
        Values {
            device_id: "Y2lz".to_owned(),
            device_name: "Garden Room Board".to_owned(),
            device_model: "Cisco Board Pro 55".to_owned(),
            owner_id: "T3du".to_owned(),
            owner_name: "Fjord".to_owned(),
            organization_id: "T3Jn".to_owned(),
            peripheral_serial: "FOC1".to_owned(),
        }
    }

    fn page(text: &str, values: &Values) -> String {
        Template::parse(text, Feature::PersistentWebApp)
            .unwrap()
            .page(values, APP)
    }

    #[test]
    fn every_value_has_its_place() {
        let all = "https://x.example/$(deviceId)/$(deviceName)/$(deviceModel)?o=$(ownerId)&n=$(ownerName)\
                   &g=$(organizationId)#$(peripheralSerial)";
        assert_eq!(
            page(all, &values()),
            format!(
                "https://x.example/Y2lz/Garden%20Room%20Board/Cisco%20Board%20Pro%2055?o=T3du&n=Fjord&g=T3Jn\
                 &{PARAMETER}#FOC1"
            )
        );
    }

    #[test]
    fn the_parameter_finds_its_place() {
        for (text, expected) in [
            ("https://x.example", format!("https://x.example?{PARAMETER}")),
            ("https://x.example/", format!("https://x.example/?{PARAMETER}")),
            ("https://x.example/?", format!("https://x.example/?{PARAMETER}")),
            (
                "https://x.example/#a?b",
                format!("https://x.example/?{PARAMETER}#a?b"),
            ),
            (
                "https://x.example/?a=1&",
                format!("https://x.example/?a=1&{PARAMETER}"),
            ),
            (
                "https://x.example/?_cisco_app_id=other&a=1&_cisco_app_id#f",
                format!("https://x.example/?a=1&{PARAMETER}#f"),
            ),
            (
                "https://x.example/?x_cisco_app_id=1",
                format!("https://x.example/?x_cisco_app_id=1&{PARAMETER}"),
            ),
        ] {
            assert_eq!(page(text, &values()), expected, "{text}");
        }
    }

    #[test]
    fn names_that_make_trouble() {
        for (name, expected) in [
            ("Board Room", "Board%20Room"),
            ("a&b=c#d%e?f/g", "a%26b%3Dc%23d%25e%3Ff%2Fg"),
            ("\"quoted\" 'it'", "%22quoted%22%20%27it%27"),
            ("☕🇳🇴", "%E2%98%95%F0%9F%87%B3%F0%9F%87%B4"),
            ("غرفة", "%D8%BA%D8%B1%D9%81%D8%A9"),
            ("a+b", "a%2Bb"),
            ("~-._", "~-._"),
            ("$(deviceId)", "%24%28deviceId%29"),
        ] {
            let values = Values {
                owner_name: name.to_owned(),
                ..Values::default()
            };
            let got = page("https://x.example/?n=$(ownerName)", &values);
            assert_eq!(
                got,
                format!("https://x.example/?n={expected}&{PARAMETER}"),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_no_template() {
        let parse = |text: &str, feature| Template::parse(text, feature).map(|_| ()).unwrap_err();
        let unknown = parse("https://x/$(deviceid)", Feature::DigitalSignage);
        assert!(unknown.contains("$(deviceid)"), "{unknown}");
        assert!(parse("https://x/$()", Feature::DigitalSignage).contains("$()"));
        assert!(parse("https://x/$(deviceId", Feature::DigitalSignage).contains("closed"));
        assert!(parse("https://x/$(peripheralSerial)", Feature::DigitalSignage).contains("peripheralSerial"));
        assert_eq!(
            page("https://x/$a$$/$", &values()),
            format!("https://x/$a$$/$?{PARAMETER}")
        );
        for (text, fixed) in [
            ("https://x/$(deviceId)", true),
            ("https://x?$(deviceId)", true),
            ("https://$(deviceId)/", false),
            ("https://x$(deviceId)/", false),
            ("$(deviceId)://x/", false),
            ("https://x", true),
        ] {
            let template = Template::parse(text, Feature::DigitalSignage).unwrap();
            assert_eq!(template.has_fixed_host(), fixed, "{text}");
        }
    }

    fn decoded(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((&first, behind)) = rest.split_first() {
            rest = behind;
            if first == b'%' {
                let digits = std::str::from_utf8(&rest[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &rest[2..];
            } else {
                bytes.push(first);
            }
        }
        bytes
    }

    /// Names as people give them, and as they do not.
    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[ \"'&#%?/+=$()a-zA-Z]{0,40}",
            "[\u{590}-\u{6ff}\u{1f300}-\u{1f9ff}\u{202e} ]{0,20}"
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(name in name()) {
            let mut encoded = String::new();
            encode(&name, &mut encoded);
            prop_assert_eq!(decoded(&encoded), name.as_bytes());
            let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~%".contains(&b);
            prop_assert!(encoded.bytes().all(legal));
        }

        #[test]
        fn a_page_is_always_an_https_url(
            name in name(),
            serial in name(),
            at in 0..4usize,
        ) {
            let texts = [
                "https://x.example/$(ownerName)/a?s=$(peripheralSerial)#$(ownerName)",
                "https://x.example?$(ownerName)",
                "https://x.example:8443/a/b/$(deviceName)$(ownerName)?_cisco_app_id=no",
                "https://x.example/#$(ownerName)",
            ];
            let values = Values {
                device_name: name.clone(),
                owner_name: name.clone(),
                peripheral_serial: serial,
                ..Values::default()
            };
            let page = page(texts[at], &values);
            prop_assert!(strict_url(&page).is_ok(), "{}", page);
            let uri: http::Uri = page.parse().unwrap();
            prop_assert_eq!(uri.scheme_str(), Some("https"));
            prop_assert_eq!(uri.host(), Some("x.example"));
            let ours = uri.query().unwrap_or_default().split('&').filter(|pair| *pair == PARAMETER).count();
            prop_assert_eq!(ours, 1);
            prop_assert_eq!(page.matches("_cisco_app_id=no").count(), 0);
        }
    }
}
