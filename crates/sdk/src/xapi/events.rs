//! What devices say in the events that nearly every integration hears. A handler asks for one as
//! [`Value`](crate::Value): `|Value(answer): Value<PromptResponse>|`.

use serde::{Deserialize, Deserializer};

use super::FromValue;

/// Reads a number that comes as a number or, from some devices, as text.
fn number<'de, D: Deserializer<'de>, T: FromValue>(deserializer: D) -> Result<T, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    T::from_value(&value).ok_or_else(|| serde::de::Error::custom(format!("{value} is no such number")))
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $member:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$about])* pub $member: $type,)*
        }
    )*};
}

events! {
    /// `UserInterface.Message.Prompt.Response`: somebody answered a [`Prompt`](super::Prompt).
    PromptResponse {
        /// What the question was given.
        feedback_id: String,
        /// Which answer, from 1.
        #[serde(deserialize_with = "number")]
        option_id: u8,
    }

    /// `UserInterface.Message.Rating.Response`: somebody answered a [`Rating`](super::Rating).
    RatingResponse {
        /// What the question was given.
        feedback_id: String,
        /// From one to five stars.
        #[serde(deserialize_with = "number")]
        rating: u8,
    }

    /// `UserInterface.Message.TextInput.Response`: somebody answered a [`TextInput`](super::TextInput).
    TextInputResponse {
        /// What the question was given.
        feedback_id: String,
        /// What was typed.
        text: String,
    }

    /// `UserInterface.Extensions.Panel.Clicked`: somebody touched a button or opened a panel.
    PanelClicked {
        /// Which one.
        panel_id: String,
    }

    /// `CallDisconnect`: a call ended. Who was called is left out here; the event has it.
    CallDisconnect {
        /// Which one.
        #[serde(deserialize_with = "number")]
        call_id: u32,
        /// How many seconds it lasted; 0: nobody answered.
        #[serde(deserialize_with = "number")]
        duration: u64,
        /// `LocalDisconnect`, `RemoteDisconnect`, `Busy` and others.
        cause_type: String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_in_both_spellings() {
        for option in [json!(2), json!("2")] {
            let answer = json!({ "FeedbackId": "x", "OptionId": option, "id": 1 });
            let answer: PromptResponse = serde_json::from_value(answer).unwrap();
            assert_eq!((answer.option_id, answer.feedback_id.as_str()), (2, "x"));
        }
        let wrong = json!({ "FeedbackId": "x", "Rating": "many" });
        let error = serde_json::from_value::<RatingResponse>(wrong).unwrap_err();
        assert!(error.to_string().contains("many"), "{error}");
    }
}
