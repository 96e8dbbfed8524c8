//! `/attachment/actions`: what people enter into cards (messaging-meetings 4).

use hallway_wire::Timestamp;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::frame::resource;
use crate::error::Result;
use crate::id::{ActionId, MessageId, PersonId, RoomId};

resource! {
    /// What people enter into cards. A webhook tells only that something was entered; what, must be read.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     client: hallway_sdk::Client,
    /// #     listener: hallway_sdk::listen::Listener,
    /// # ) -> hallway_sdk::Result<()> {
    /// let mut entered = client.cards().listen(&listener).event("created").start().await?;
    /// while let Some(heard) = entered.next().await {
    ///     let action = client.cards().get(&heard.notification().data.id).await?;
    ///     println!("{:?}", action.inputs);
    ///     heard.done();
    /// }
    /// # Ok(())
    /// # }
    /// ```
    Cards, cards
}

/// What somebody entered into a card.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardAction {
    /// The id.
    pub id: ActionId,
    /// The message with the card.
    pub message_id: Option<MessageId>,
    /// The room of the message.
    pub room_id: Option<RoomId>,
    /// Who.
    pub person_id: Option<PersonId>,
    /// What, by the names of the card's fields.
    #[serde(default)]
    pub inputs: Map<String, Value>,
    /// When.
    pub created: Option<Timestamp>,
}

impl Cards {
    /// Reads what was entered.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn get(&self, id: &ActionId) -> Result<CardAction> {
        self.0
            .at(Method::GET, &["attachment", "actions", id.as_str()])
            .read()
            .await
    }
}
