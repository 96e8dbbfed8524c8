//! `hallway group`: groups of people.

use clap::Subcommand;
use hallway_wire::group::Group;
use serde_json::{Value, json};

use super::device::text;
use super::failure::Result;
use super::http::{Client, shape};
use super::integration::moment;
use super::names::{self, GROUPS};
use super::printer::Printer;
use super::table::{Labelled, Table};

/// Groups of people.
#[derive(Subcommand, Debug)]
pub(crate) enum GroupCommand {
    /// List the groups of the organization
    List,
    /// Show one group and its members
    Show {
        /// Id or display name of the group
        group: String,
    },
}

pub(crate) async fn run(command: GroupCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        GroupCommand::List => {
            let groups = client.list_of(GROUPS, "groups").await?;
            let text = group_table(&groups)?;
            printer.show(&json!({ "items": groups }), || text)
        }
        GroupCommand::Show { group } => {
            let group = names::group(client, &group).await?;
            let path = format!("/v1/groups/{}", group.segment());
            let mut shown = client.get(&path).await?;
            let members = client
                .list_of(&format!("{path}/Members?count=500"), "members")
                .await?;
            shown["members"] = members.into();
            let text = group_text(&shown)?;
            printer.show(&shown, || text)
        }
    }
}

fn group_table(groups: &[Value]) -> Result<String> {
    let mut table = Table::new(&["NAME", "MEMBERS", "DESCRIPTION", "ID"]);
    for group in groups {
        let group: Group = shape(group)?;
        table.row([
            group.display_name,
            group.member_size.to_string(),
            group.description.unwrap_or_default(),
            group.id,
        ]);
    }
    Ok(table.or("There is no group."))
}

fn group_text(shown: &Value) -> Result<String> {
    let group: Group = shape(shown)?;
    let mut lines = Labelled::default();
    lines
        .add("name", &group.display_name)
        .add("id", &group.id)
        .add_some("description", group.description.as_ref())
        .add("created", moment(group.created))
        .add("changed", moment(group.last_modified));
    let mut table = Table::new(&["MEMBER", "ID"]);
    let members = shown.get("members").and_then(Value::as_array);
    for member in members.into_iter().flatten() {
        table.row([
            text(member, "displayName").to_owned(),
            text(member, "id").to_owned(),
        ]);
    }
    Ok(format!("{}\n{}", lines.render(), table.or("It has no members.")))
}

#[cfg(test)]
mod tests {
    use hallway_wire::id::{OrgId, PersonId};
    use uuid::Uuid;

    use super::*;
    use crate::cli::testing::Office;

    fn sales() -> Value {
        json!({ "id": "R1", "displayName": "Sales", "description": "They sell.", "memberSize": 1,
                "orgId": OrgId::from_uuid(Uuid::nil()), "created": "2026-03-04T05:06:07.089Z",
                "lastModified": "2026-03-04T05:06:07.089Z" })
    }

    #[tokio::test]
    async fn groups_are_listed_and_shown_by_name() {
        let member = json!({ "id": PersonId::from_uuid(Uuid::from_u128(1)), "type": "user",
                             "displayName": "Ada Berg" });
        let office = Office::default()
            .on(
                "GET /v1/groups",
                &json!({ "totalResults": 1, "groups": [sales()] }),
            )
            .on("GET /v1/groups/R1", &sales())
            .on("GET /v1/groups/R1/Members", &json!({ "members": [member] }))
            .open()
            .await;
        let outcome = office.run(&["group", "list"]).await;
        insta::assert_snapshot!(outcome.out, @r"
        NAME   MEMBERS  DESCRIPTION  ID
        Sales  1        They sell.   R1
        ");
        let outcome = office.run(&["group", "show", "sales"]).await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        insta::assert_snapshot!(outcome.out, @r"
        name:         Sales
        id:           R1
        description:  They sell.
        created:      2026-03-04 05:06:07Z
        changed:      2026-03-04 05:06:07Z

        MEMBER    ID
        Ada Berg  Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE
        ");
    }
}
