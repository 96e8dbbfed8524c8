//! `/teams`: groups of rooms.

use hallway_wire::Timestamp;
use serde::Deserialize;

use super::frame::{body, crud, query, resource};
use crate::id::TeamId;

resource! {
    /// Teams: people who share rooms.
    Teams, teams
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Team {
    /// The id.
    pub id: TeamId,
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
}

body! {
    /// What a request says about a team.
    TeamBody {
        /// What it is called; needed.
        name: String,
        /// What it is about.
        description: String,
    }
}

query! {
    /// Teams that the caller is in.
    TeamQuery -> Team {}
}

crud!(Teams at ["teams"], TeamId, get Team, create TeamBody => Team, update TeamBody => Team, delete delete);

impl Teams {
    /// The teams that the caller is in.
    pub fn list(&self) -> TeamQuery {
        TeamQuery(self.0.list(&["teams"], "items"))
    }
}
