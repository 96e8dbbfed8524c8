//! `hallway person`: the people of the organization.

use clap::Subcommand;
use hallway_wire::person::Person;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::failure::{Failure, Result};
use super::http::{Body, Client, shape, with_query};
use super::integration::moment;
use super::names::{self, LICENSES, LOCATIONS, Named, PEOPLE, ROLES, named, quoted};
use super::printer::Printer;
use super::table::{Labelled, Table};

/// People.
#[derive(Subcommand, Debug)]
pub(crate) enum PersonCommand {
    /// List people
    List {
        /// Only those in this location, by id or name
        #[arg(long)]
        location: Option<String>,
        /// Only those whose display name begins with this
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
    },
    /// Show one person, with roles, licenses and numbers
    Show {
        /// E-mail address, id or display name
        person: String,
    },
    /// Create a person; an activation e-mail is written
    Create(Box<NewPerson>),
    /// Change a person; an empty text takes away what there is
    Update(Box<PersonChange>),
    /// Delete a person; numbers and licenses are free, tokens and webhooks end
    Delete {
        /// E-mail address, id or display name
        person: String,
        /// The e-mail address again, to be sure
        #[arg(long, value_name = "EMAIL")]
        confirm: Option<String>,
    },
}

/// What is told of a person, new or not.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct About {
    /// Name that others see [default of a new person: first and last name]
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[arg(long, value_name = "TEXT")]
    department: Option<String>,
    /// Administrative role, by id or name like id_full_admin; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Phone number of the line, in E.164; needs a calling license
    #[arg(long)]
    number: Option<String>,
    /// Extension of the line; needs a calling license
    #[arg(long)]
    extension: Option<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct NewPerson {
    /// E-mail address
    email: String,
    #[command(flatten)]
    about: About,
    /// A license, by id or name; may be repeated
    #[arg(long = "license", value_name = "LICENSE")]
    licenses: Vec<String>,
    /// Location of the line, by id or name: a calling license needs one
    #[arg(long)]
    location: Option<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct PersonChange {
    /// E-mail address, id or display name
    person: String,
    /// New e-mail address
    #[arg(long)]
    email: Option<String>,
    #[command(flatten)]
    about: About,
    /// Take every administrative role away
    #[arg(long, conflicts_with = "roles")]
    no_roles: bool,
    /// Whether the person can sign in
    #[arg(long, value_name = "BOOL")]
    login_enabled: Option<bool>,
}

pub(crate) async fn run(command: PersonCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        PersonCommand::List { location, name } => {
            let location = match location {
                Some(location) => Some(names::location(client, &location).await?),
                None => None,
            };
            let mut pairs = vec![("callingData", "true")];
            pairs.extend(location.iter().map(|place| ("locationId", place.id.as_str())));
            pairs.extend(name.iter().map(|name| ("displayName", name.trim())));
            let people = client.list(&with_query(PEOPLE, &pairs)).await?;
            let text = people_table(&people)?;
            printer.show(&json!({ "items": people }), || text)
        }
        PersonCommand::Show { person } => {
            let person = names::person(client, &person).await?;
            let person = client.get(&path(&person)).await?;
            show(client, printer, &person, "").await
        }
        PersonCommand::Create(new) => {
            let mut body = new.about.body(client).await?;
            body.insert("emails".to_owned(), json!([new.email.trim()]));
            let mut licenses = Vec::new();
            for license in &new.licenses {
                licenses.push(names::license(client, license).await?.id);
            }
            if !licenses.is_empty() {
                body.insert("licenses".to_owned(), json!(licenses));
            }
            if let Some(location) = &new.location {
                let location = names::location(client, location).await?;
                body.insert("locationId".to_owned(), json!(location.id));
            }
            let path = with_query(PEOPLE, &[("callingData", "true")]);
            let made = client.ask(Method::POST, &path, Body::Json(body.into())).await?;
            let next = format!(
                "\nThe activation e-mail: hallway mail show {}\n",
                quoted(new.email.trim())
            );
            show(client, printer, &made, &next).await
        }
        PersonCommand::Update(change) => {
            let mut body = change.about.body(client).await?;
            if let Some(email) = &change.email {
                body.insert("emails".to_owned(), json!([email.trim()]));
            }
            if change.no_roles {
                body.insert("roles".to_owned(), json!([]));
            }
            if let Some(enabled) = change.login_enabled {
                body.insert("loginEnabled".to_owned(), json!(enabled));
            }
            if body.is_empty() {
                return Err(Failure::usage("nothing was said that would change")
                    .hint("`hallway person update --help` lists what can be changed"));
            }
            let person = names::person(client, &change.person).await?;
            let body = Body::Json(body.into());
            let changed = client.ask(Method::PUT, &path(&person), body).await?;
            show(client, printer, &changed, "").await
        }
        PersonCommand::Delete { person, confirm } => {
            delete(client, printer, &person, confirm.as_deref()).await
        }
    }
}

fn path(person: &Named) -> String {
    format!("/v1/people/{}?callingData=true", person.segment())
}

impl About {
    /// The members of a request that say this. Nothing is there of what was not said; an empty text is null,
    /// which takes away.
    async fn body(&self, client: &Client) -> Result<Map<String, Value>> {
        let mut body = Map::new();
        let value = |text: &str| match text.trim() {
            "" => Value::Null,
            text => text.into(),
        };
        let texts = [
            ("displayName", &self.display_name),
            ("firstName", &self.first_name),
            ("lastName", &self.last_name),
            ("title", &self.title),
            ("department", &self.department),
            ("extension", &self.extension),
        ];
        for (member, text) in texts {
            if let Some(text) = text {
                body.insert(member.to_owned(), value(text));
            }
        }
        if let Some(number) = &self.number {
            let numbers = match value(number) {
                Value::Null => json!([]),
                number => json!([{ "type": "work", "value": number }]),
            };
            body.insert("phoneNumbers".to_owned(), numbers);
        }
        if !self.roles.is_empty() {
            let mut roles = Vec::new();
            let all = client.list(ROLES).await?;
            for role in &self.roles {
                roles.push(role_id(role, &all)?);
            }
            body.insert("roles".to_owned(), json!(roles));
        }
        Ok(body)
    }
}

/// The id of a role, by id or name; `id_` may be left out.
fn role_id(wanted: &str, all: &[Value]) -> Result<String> {
    let wanted = wanted.trim().to_lowercase();
    let all = named(all, "id", &["name"], "");
    let found = all.iter().find(|role| {
        let name = role.name.to_lowercase();
        role.id.to_lowercase() == wanted
            || name == wanted
            || name.strip_prefix("id_") == Some(wanted.as_str())
    });
    found.map(|role| role.id.clone()).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|role| role.name.as_str()).collect();
        Failure::refused(format!("no role is called `{wanted}`"))
            .hint(format!("there are {}", known.join(", ")))
    })
}

async fn delete(client: &Client, printer: &mut Printer, wanted: &str, confirm: Option<&str>) -> Result {
    let named = names::person(client, wanted).await?;
    let found: Person = shape(&client.get(&path(&named)).await?)?;
    let email = found.emails.first().cloned().unwrap_or_default();
    match confirm {
        Some(confirm) if confirm.trim().eq_ignore_ascii_case(&email) => {}
        Some(confirm) => {
            return Err(Failure::usage(format!(
                "`{confirm}` is not the address of this person: it is `{email}`"
            ))
            .hint("nothing was deleted"));
        }
        None => {
            return Err(Failure::usage(format!(
                "this deletes {} with everything that is the person's own",
                quoted(&found.display_name)
            ))
            .hint(format!(
                "say the address again to be sure: --confirm {}",
                quoted(&email)
            )));
        }
    }
    client.tell(Method::DELETE, &path(&named), Body::None).await?;
    let document = json!({ "id": found.id, "email": email, "deleted": true });
    printer.show(&document, || format!("Deleted {email}."))
}

fn state(person: &Person) -> String {
    if person.login_enabled == Some(false) {
        "disabled".to_owned()
    } else if person.invite_pending == Some(true) {
        "pending".to_owned()
    } else {
        person.status.clone().unwrap_or_default()
    }
}

/// The number of the primary line.
fn number(person: &Person) -> Option<&str> {
    let mut work = person.phone_numbers.iter();
    work.find(|number| number.kind == "work")
        .map(|number| number.value.as_str())
}

fn people_table(people: &[Value]) -> Result<String> {
    let mut table = Table::new(&["NAME", "EMAIL", "STATE", "NUMBER", "EXTENSION", "ID"]);
    for person in people {
        let person: Person = shape(person)?;
        table.row([
            person.display_name.clone(),
            person.emails.join(" "),
            if person.kind == "person" {
                state(&person)
            } else {
                person.kind.clone()
            },
            number(&person).unwrap_or_default().to_owned(),
            person.extension.clone().unwrap_or_default(),
            person.id.to_string(),
        ]);
    }
    Ok(table.or("There is nobody."))
}

/// Shows a person. Names of roles, licenses and the location are a courtesy: without them the ids do.
async fn show(client: &Client, printer: &mut Printer, answer: &Value, after: &str) -> Result {
    let person: Person = shape(answer)?;
    if printer.is_json() {
        return printer.document(answer);
    }
    let read = async |any: bool, path: &str, names: &[&str]| {
        let items = if any {
            client.list(path).await.unwrap_or_default()
        } else {
            Vec::new()
        };
        named(&items, "id", names, "")
    };
    let roles = person.roles.clone().unwrap_or_default();
    let licenses = person.licenses.clone().unwrap_or_default();
    let known = [
        read(!roles.is_empty(), ROLES, &["name"]).await,
        read(!licenses.is_empty(), LICENSES, &["name"]).await,
        read(person.location_id.is_some(), LOCATIONS, &["name"]).await,
    ]
    .concat();
    let name = |id: String| match known.iter().find(|named| named.id == id) {
        Some(named) => named.name.clone(),
        None => id,
    };
    let mut lines = Labelled::default();
    lines
        .add("name", &person.display_name)
        .add_list("e-mail", person.emails.iter().cloned())
        .add("id", person.id.to_string())
        .add_some("state", Some(state(&person)))
        .add_some("title", person.title.as_ref())
        .add_some("department", person.department.as_ref())
        .add_list("roles", roles.iter().map(|role| name(role.to_string())))
        .add_list("licenses", licenses.into_iter().map(name))
        .add_some("location", person.location_id.map(|id| name(id.to_string())))
        .add_some("number", number(&person))
        .add_some("extension", person.extension.as_ref())
        .add_list("sites", person.site_urls.iter().cloned())
        .add("created", moment(person.created));
    printer.text(&(lines.render() + after))
}

#[cfg(test)]
mod tests {
    use hallway_wire::id::{OrgId, PersonId, RoleId};
    use uuid::Uuid;

    use super::*;
    use crate::cli::testing::Office;

    fn ada() -> Value {
        json!({
            "id": PersonId::from_uuid(Uuid::from_u128(1)), "emails": ["ada@example.com"], "displayName": "Ada Berg",
            "orgId": OrgId::from_uuid(Uuid::nil()), "phoneNumbers": [{ "type": "work", "value": "+14085550101" }],
            "extension": "0101", "invitePending": true, "created": "2026-03-04T05:06:07.089Z", "type": "person",
            "roles": [RoleId::from_uuid(Uuid::from_u128(2))],
        })
    }

    fn roles() -> Value {
        json!({ "items": [
            { "id": RoleId::from_uuid(Uuid::from_u128(2)), "name": "id_full_admin" },
            { "id": RoleId::from_uuid(Uuid::from_u128(3)), "name": "location_full_admin" },
        ]})
    }

    #[test]
    fn people_are_listed() {
        let mut bot = ada();
        bot["type"] = "bot".into();
        bot["phoneNumbers"] = json!([]);
        let text = people_table(&[ada(), bot]).unwrap();
        insta::assert_snapshot!(text, @r"
        NAME      EMAIL            STATE    NUMBER        EXTENSION  ID
        Ada Berg  ada@example.com  pending  +14085550101  0101       Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE
        Ada Berg  ada@example.com  bot      -             0101       Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE
        ");
    }

    #[tokio::test]
    async fn a_person_is_created_with_roles_by_name() {
        let office = Office::default()
            .on("GET /v1/roles", &roles())
            .on("POST /v1/people", &ada())
            .open()
            .await;
        let words = [
            "person",
            "create",
            "ada@example.com",
            "--first-name",
            "Ada",
            "--role",
            "full_admin",
        ];
        let outcome = office.run(&words).await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        insta::assert_snapshot!(outcome.out, @r"
        name:       Ada Berg
        e-mail:     ada@example.com
        id:         Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE
        state:      pending
        roles:      id_full_admin
        number:     +14085550101
        extension:  0101
        created:    2026-03-04 05:06:07Z

        The activation e-mail: hallway mail show ada@example.com
        ");
        let posts: Vec<_> = office
            .seen()
            .into_iter()
            .filter(|seen| seen.line.starts_with("POST"))
            .collect();
        let sent: Value = serde_json::from_str(&posts[0].body).unwrap();
        assert_eq!(
            sent,
            json!({ "firstName": "Ada", "roles": [RoleId::from_uuid(Uuid::from_u128(2))],
                    "emails": ["ada@example.com"] })
        );
        let outcome = office
            .run(&["person", "create", "b@example.com", "--role", "king"])
            .await;
        assert!(
            outcome.code == 1 && outcome.err.contains("location_full_admin"),
            "{}",
            outcome.err
        );
    }

    #[tokio::test]
    async fn what_is_empty_goes_and_what_is_not_said_stays() {
        const ADA: &str =
            "PUT /v1/people/Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE";
        let office = Office::default()
            .on("GET /v1/people", &json!({ "items": [ada()] }))
            .on("GET /v1/roles", &roles())
            .on(ADA, &ada())
            .open()
            .await;
        let words = [
            "person",
            "update",
            "ada@example.com",
            "--title",
            "",
            "--number",
            "+1",
            "--json",
        ];
        let outcome = office.run(&words).await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        let sent: Value = serde_json::from_str(&office.last().body).unwrap();
        assert_eq!(
            sent,
            json!({ "title": null, "phoneNumbers": [{ "type": "work", "value": "+1" }] })
        );
        assert_eq!(office.run(&["person", "update", "ada@example.com"]).await.code, 2);
    }

    #[tokio::test]
    async fn nobody_is_deleted_by_accident() {
        const ADA: &str =
            "/v1/people/Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE";
        let (get, delete) = (format!("GET {ADA}"), format!("DELETE {ADA}"));
        let office = Office::default()
            .on("GET /v1/people", &json!({ "items": [ada()] }))
            .on(get.leak(), &ada())
            .with(delete.leak(), 204, &[], "")
            .open()
            .await;
        for confirm in [&[][..], &["--confirm", "ben@example.com"]] {
            let mut words = vec!["person", "delete", "ada@example.com"];
            words.extend(confirm);
            assert_eq!(office.run(&words).await.code, 2);
        }
        assert!(office.seen().iter().all(|seen| seen.line.starts_with("GET")));
        let words = ["person", "delete", "ada berg", "--confirm", "ada@example.com"];
        let outcome = office.run(&words).await;
        assert_eq!(
            (outcome.code, outcome.out.as_str()),
            (0, "Deleted ada@example.com.\n")
        );
        assert!(office.last().line.starts_with("DELETE"));
    }
}
