//! What a request says about a person, checked and put onto the record: members that are missing leave it as it
//! is (people-calling 2.3).

use hallway_wire::id::{LocationId, PersonId};
use hallway_wire::person::{self as wire, Given, PersonRequest};

use super::licenses::location_id;
use super::{Person, PersonAddress, Role};
use crate::calling::LineWish;
use crate::error::{Error, Result};

/// Longest name, title, address.
const MAX_TEXT: usize = 256;
/// Longest URL.
const MAX_URL: usize = 2048;
/// Most addresses, sites and roles.
const MAX_LIST: usize = 100;

/// What a request says about a person's line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GivenLine {
    pub(super) location: Option<LocationId>,
    /// The number of type `work`; `Some(None)` says that there is none.
    pub(super) number: Option<Option<String>>,
    pub(super) extension: Option<Option<String>>,
    /// The extension was sent back among the phone numbers, as it was read.
    echoed: bool,
}

impl GivenLine {
    /// Whether the request asks for a line or a location.
    pub(super) fn wishes(&self) -> bool {
        self.location.is_some()
            || self.number.iter().flatten().next().is_some()
            || self.extension.iter().flatten().next().is_some()
    }

    /// Whether the request says what the line is: number, extension, or that there is none.
    fn is_given(&self) -> bool {
        (self.number.is_some() || self.extension.is_some())
            && !(self.echoed && self.extension.is_none() && self.number == Some(None))
    }

    /// The line that somebody is to have; `None` where the request leaves it as it is. What one of number and
    /// extension says is the whole line, if the other one is missing.
    pub(super) fn wish(&self) -> Option<LineWish> {
        self.is_given().then(|| LineWish {
            location: self.location,
            number: self.number.clone().flatten(),
            extension: self.extension.clone().flatten(),
        })
    }
}

/// What is wrong with a request.
#[derive(Debug, Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }

    /// A text without blanks around it; an empty one is none.
    fn text(&mut self, member: &str, text: &str, most: usize) -> Option<String> {
        let text = text.trim();
        if text.chars().count() > most {
            self.add(format!("{member}: at most {most} characters"));
        } else if text.chars().any(char::is_control) {
            self.add(format!("{member}: must be one line"));
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Puts a text where it belongs, if the request says anything of it.
    fn put(&mut self, member: &str, given: &Given<String>, into: &mut Option<String>, most: usize) {
        if let Some(given) = given {
            *into = given.as_deref().and_then(|text| self.text(member, text, most));
        }
    }
}

/// An address that mail can be sent to.
pub(crate) fn is_email(text: &str) -> bool {
    let good = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"@".contains(c))
    };
    text.len() <= 254
        && text.split_once('@').is_some_and(|(name, host)| {
            good(name) && good(host) && !host.starts_with('.') && !host.ends_with('.')
        })
}

impl Person {
    /// Puts everything but roles, licenses and line onto the person.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub(super) fn apply(&mut self, request: &PersonRequest, new: bool) -> Result<()> {
        let mut faults = Faults::default();
        self.apply_email(request, new, &mut faults);
        faults.put("firstName", &request.first_name, &mut self.first_name, MAX_TEXT);
        faults.put("lastName", &request.last_name, &mut self.last_name, MAX_TEXT);
        if let Some(name) = &request.display_name {
            match faults.text("displayName", name, MAX_TEXT) {
                Some(name) => self.display_name = name,
                None if new => {}
                None => faults.add("displayName: must not be empty"),
            }
        }
        if new && self.display_name.is_empty() {
            let names = [self.first_name.as_deref(), self.last_name.as_deref()];
            let names: Vec<&str> = names.into_iter().flatten().collect();
            self.display_name = names.join(" ");
            if self.display_name.is_empty() {
                faults.add("displayName: one of displayName, firstName and lastName is needed");
            }
        }
        faults.put("avatar", &request.avatar, &mut self.avatar, MAX_URL);
        faults.put("department", &request.department, &mut self.department, MAX_TEXT);
        faults.put("manager", &request.manager, &mut self.manager, MAX_TEXT);
        faults.put("title", &request.title, &mut self.title, MAX_TEXT);
        if let Some(given) = &request.manager_id {
            let text = given.as_deref().map(str::trim).filter(|text| !text.is_empty());
            match text.map(str::parse::<PersonId>).transpose() {
                Ok(id) => self.manager_id = id,
                Err(error) => faults.add(format!("managerId: {error}")),
            }
        }
        if let Some(given) = &request.addresses {
            let addresses = given.as_deref().unwrap_or_default();
            if addresses.len() > MAX_LIST {
                faults.add(format!("addresses: at most {MAX_LIST}"));
            } else {
                self.addresses = addresses.iter().map(|one| address(one, &mut faults)).collect();
            }
        }
        if let Some(given) = &request.site_urls {
            let sites = given.as_deref().unwrap_or_default();
            if sites.len() > MAX_LIST {
                faults.add(format!("siteUrls: at most {MAX_LIST}"));
            } else {
                let sites = sites.iter();
                self.site_urls = sites
                    .filter_map(|site| faults.text("siteUrls", site, MAX_TEXT))
                    .collect();
            }
        }
        if let Some(enabled) = request.login_enabled {
            self.login_enabled = enabled;
        }
        if faults.0.is_empty() {
            Ok(())
        } else {
            let message = faults.0.join("; ");
            Err(Error::invalid_all(message, faults.0))
        }
    }

    fn apply_email(&mut self, request: &PersonRequest, new: bool, faults: &mut Faults) {
        match request.emails.as_deref() {
            None | Some([]) if new => faults.add("emails: an address is needed"),
            None | Some([]) => {}
            Some([_, _, ..]) if new => faults.add("emails: exactly one address"),
            // Later on the first one is the address.
            Some([email, ..]) => {
                let email = email.trim();
                if is_email(email) {
                    email.clone_into(&mut self.email);
                } else {
                    faults.add(format!("emails: {email:?} is no e-mail address"));
                }
            }
        }
    }
}

/// The roles that a request names; `None` where it leaves them as they are.
pub(super) fn roles(request: &PersonRequest) -> Result<Option<Vec<Role>>> {
    let Some(given) = &request.roles else {
        return Ok(None);
    };
    let mut roles = Vec::new();
    for id in given.as_deref().unwrap_or_default() {
        let role = Role::ALL.into_iter().find(|role| role.id() == *id);
        let role = role.ok_or_else(|| Error::invalid(format!("roles: there is no role with the id {id}")))?;
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(Some(roles))
}

/// What a request says about the line. Only numbers of type `work` are read: clients send back the others as
/// they read them.
pub(super) fn line(request: &PersonRequest) -> Result<GivenLine> {
    let text = |text: &Option<String>| {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        text.map(ToOwned::to_owned)
    };
    let numbers = request
        .phone_numbers
        .as_ref()
        .map(|given| given.as_deref().unwrap_or_default());
    let is = |number: &wire::GivenNumber, kind: &str| {
        number
            .kind
            .as_deref()
            .is_some_and(|it| it.eq_ignore_ascii_case(kind))
    };
    let number = numbers.map(|numbers| {
        let mut work = numbers
            .iter()
            .filter(|number| number.kind.is_none() || is(number, "work"));
        work.find_map(|number| text(&number.value))
    });
    Ok(GivenLine {
        location: text(&request.location_id)
            .map(|text| location_id(&text))
            .transpose()?,
        number,
        extension: request.extension.as_ref().map(text),
        echoed: numbers.is_some_and(|numbers| numbers.iter().any(|number| is(number, "work_extension"))),
    })
}

fn address(given: &wire::Address, faults: &mut Faults) -> PersonAddress {
    let mut text = |text: &Option<String>| {
        text.as_deref()
            .and_then(|text| faults.text("addresses", text, MAX_TEXT))
    };
    PersonAddress {
        kind: text(&given.kind),
        country: text(&given.country),
        locality: text(&given.locality),
        region: text(&given.region),
        street_address: text(&given.street_address),
        postal_code: text(&given.postal_code),
    }
}

#[cfg(test)]
mod tests {
    use hallway_wire::Timestamp;
    use hallway_wire::id::OrgId;
    use serde_json::{Value, json};

    use super::*;
    use crate::org::PersonKind;

    fn request(body: &Value) -> PersonRequest {
        serde_json::from_str(&body.to_string()).unwrap()
    }

    fn nobody() -> Person {
        Person::new(
            PersonId::random(),
            OrgId::random(),
            PersonKind::Person,
            "",
            "",
            Timestamp(0),
        )
    }

    #[test]
    fn a_new_person_needs_an_address_and_a_name() {
        let mut person = nobody();
        let Err(Error::Invalid { errors, .. }) =
            person.apply(&request(&json!({ "title": "x".repeat(257) })), true)
        else {
            panic!("it must refuse")
        };
        assert_eq!(errors.len(), 3, "{errors:?}");
        let body = json!({ "emails": [" a+b@example.com "], "firstName": "Ann", "lastName": "Bee" });
        person.apply(&request(&body), true).unwrap();
        assert_eq!(
            (person.email.as_str(), person.display_name.as_str()),
            ("a+b@example.com", "Ann Bee")
        );
        let two = json!({ "emails": ["a@b.c", "d@b.c"], "displayName": "x" });
        assert!(nobody().apply(&request(&two), true).is_err());
        assert!(nobody().apply(&request(&two), false).is_ok());
    }

    #[test]
    fn what_is_missing_stays_and_what_is_null_goes() {
        let mut person = nobody();
        let body = json!({ "emails": ["a@b.c"], "displayName": "A", "title": "T", "department": "D",
                           "siteUrls": ["s#attendee"], "manager": "M" });
        person.apply(&request(&body), true).unwrap();
        let before = person.clone();
        person.apply(&request(&json!({})), false).unwrap();
        assert_eq!(person, before);
        let body =
            json!({ "title": null, "department": "", "siteUrls": null, "displayName": null, "emails": null });
        person.apply(&request(&body), false).unwrap();
        assert_eq!((person.title.as_ref(), person.department.as_ref()), (None, None));
        assert!(person.site_urls.is_empty());
        assert_eq!(
            (person.display_name.as_str(), person.manager.as_deref()),
            ("A", Some("M"))
        );
        assert!(
            person
                .apply(&request(&json!({ "displayName": " " })), false)
                .is_err()
        );
    }

    #[test]
    fn a_line_is_what_both_halves_say() {
        let wish = |body: Value| {
            line(&request(&body))
                .unwrap()
                .wish()
                .map(|wish| (wish.number, wish.extension))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(wish(json!({})), None);
        assert_eq!(wish(json!({ "extension": "12" })), Some((None, some("12"))));
        let work = json!([{ "type": "work", "value": "+1" }, { "type": "mobile", "value": "+2" }]);
        assert_eq!(wish(json!({ "phoneNumbers": work })), Some((some("+1"), None)));
        assert_eq!(
            wish(json!({ "phoneNumbers": work, "extension": "12" })),
            Some((some("+1"), some("12")))
        );
        assert_eq!(wish(json!({ "extension": null })), Some((None, None)));
        // An extension that was only sent back as it was read.
        let read = json!([{ "type": "work_extension", "value": "80012", "primary": true }]);
        assert_eq!(wish(json!({ "phoneNumbers": read })), None);
        assert_eq!(
            wish(json!({ "phoneNumbers": read, "extension": "12" })),
            Some((None, some("12")))
        );
        assert!(line(&request(&json!({ "locationId": "nowhere" }))).is_err());
    }

    #[test]
    fn addresses_of_mail() {
        for good in ["a@b", "a.b+c@d.example", "ü@example.com"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@.b", "a@b\n", "<a@b>"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
