//! Commands that nearly every integration runs, with their arguments by name (xapi 9.8).

use serde::Serialize;

use super::{Command, CommandResult, Device};
use crate::error::Result;

/// Makes a builder for a command: required arguments come first, the others by a method each.
macro_rules! message {
    (
        $(#[$doc:meta])* $name:ident, $path:literal, $method:ident($first:ident => $first_name:literal)
        { $($(#[$about:meta])* $arg:ident($($type:tt)+) => $wire:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "nothing is shown until `show` is called"]
        pub struct $name(Command);

        impl Device {
            $(#[$doc])*
            pub fn $method(&self, $first: impl Into<String>) -> $name {
                $name(self.command($path).arg($first_name, $first.into()).repeatable())
            }
        }

        impl $name {
            $(
                $(#[$about])*
                pub fn $arg(self, $arg: $($type)+) -> Self {
                    Self(self.0.arg($wire, $arg))
                }
            )*

            /// Shows it.
            ///
            /// # Errors
            /// As [`Command::run`].
            pub async fn show(self) -> Result<()> {
                self.0.run().await.map(|_| ())
            }
        }
    };
}

message! {
    /// A text on the screen.
    Alert, "UserInterface.Message.Alert.Display", alert(text => "Text") {
        /// Above the text.
        title(&str) => "Title",
        /// How many seconds; 0: until it is cleared.
        duration(u16) => "Duration",
    }
}

message! {
    /// A question with up to five answers. Which one is chosen comes as the event
    /// `UserInterface.Message.Prompt.Response`.
    Prompt, "UserInterface.Message.Prompt.Display", prompt(text => "Text") {
        /// Above the question.
        title(&str) => "Title",
        /// Comes back with the answer.
        feedback_id(&str) => "FeedbackId",
        /// How many seconds; 0: until it is answered.
        duration(u16) => "Duration",
    }
}

impl Prompt {
    /// The answers to choose from; the event tells them by number, from 1.
    pub fn options<T: Into<String>>(self, options: impl IntoIterator<Item = T>) -> Self {
        let numbered = (1..).zip(options);
        Self(numbered.fold(self.0, |command, (number, option)| {
            command.arg(format!("Option.{number}"), option.into())
        }))
    }
}

message! {
    /// A question for one to five stars; the answer comes as the event `UserInterface.Message.Rating.Response`.
    Rating, "UserInterface.Message.Rating.Display", rating(text => "Text") {
        /// Above the question.
        title(&str) => "Title",
        /// Comes back with the answer.
        feedback_id(&str) => "FeedbackId",
        /// What thanks for the answer.
        receipt(&str) => "SubmitReceiptText",
        /// How many seconds.
        duration(u16) => "Duration",
    }
}

message! {
    /// A question for a text; the answer comes as the event `UserInterface.Message.TextInput.Response`.
    TextInput, "UserInterface.Message.TextInput.Display", text_input(text => "Text") {
        /// Above the question.
        title(&str) => "Title",
        /// Comes back with the answer.
        feedback_id(&str) => "FeedbackId",
        /// What the field holds at first.
        input(&str) => "InputText",
        /// `SingleLine`, `Numeric`, `Password` or `PIN`.
        input_type(&str) => "InputType",
        /// What the empty field shows.
        placeholder(&str) => "Placeholder",
        /// What the button says.
        submit(&str) => "SubmitText",
        /// How many seconds.
        duration(u16) => "Duration",
    }
}

/// One command, in one line.
impl Device {
    async fn simply(&self, path: &str, arguments: impl Serialize) -> Result<CommandResult> {
        self.command(path).args(arguments).repeatable().run().await
    }

    /// Takes a message that [`alert`](Self::alert) shows away.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn clear_alert(&self) -> Result<()> {
        self.simply("UserInterface.Message.Alert.Clear", no())
            .await
            .map(|_| ())
    }

    /// Takes a question that [`prompt`](Self::prompt) shows away.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn clear_prompt(&self, feedback_id: &str) -> Result<()> {
        let command = self.command("UserInterface.Message.Prompt.Clear");
        command
            .arg("FeedbackId", feedback_id)
            .repeatable()
            .run()
            .await
            .map(|_| ())
    }

    /// Sets the volume, from 0 to 100.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn set_volume(&self, level: u8) -> Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Arguments {
            level: u8,
        }
        self.simply("Audio.Volume.Set", Arguments { level })
            .await
            .map(|_| ())
    }

    /// Mutes the microphones, or takes that back.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn mute_microphones(&self, mute: bool) -> Result<()> {
        let path = if mute {
            "Audio.Microphones.Mute"
        } else {
            "Audio.Microphones.Unmute"
        };
        self.simply(path, no()).await.map(|_| ())
    }

    /// Sends the device to sleep.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn sleep(&self) -> Result<()> {
        self.simply("Standby.Activate", no()).await.map(|_| ())
    }

    /// Wakes the device.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn wake(&self) -> Result<()> {
        self.simply("Standby.Deactivate", no()).await.map(|_| ())
    }

    /// Calls an address or a number. What the device says holds the id of the call.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn dial(&self, number: &str) -> Result<CommandResult> {
        self.command("Dial").arg("Number", number).run().await
    }

    /// Ends a call; without an id, all of them.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn hang_up(&self, call: Option<u32>) -> Result<()> {
        self.command("Call.Disconnect")
            .arg("CallId", call)
            .run()
            .await
            .map(|_| ())
    }

    /// Puts a button or a panel on the touch panel: XML as the editor of the device exports it.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn save_panel(&self, panel_id: &str, xml: &str) -> Result<()> {
        let command = self
            .command("UserInterface.Extensions.Panel.Save")
            .arg("PanelId", panel_id);
        command.body(xml).repeatable().run().await.map(|_| ())
    }

    /// Takes a button or a panel away.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn remove_panel(&self, panel_id: &str) -> Result<()> {
        let command = self
            .command("UserInterface.Extensions.Panel.Remove")
            .arg("PanelId", panel_id);
        command.repeatable().run().await.map(|_| ())
    }

    /// Sets what a widget of a panel shows.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn set_widget(&self, widget_id: &str, value: impl ToString) -> Result<()> {
        let command = self.command("UserInterface.Extensions.Widget.SetValue");
        let command = command.arg("WidgetId", widget_id).arg("Value", value.to_string());
        command.repeatable().run().await.map(|_| ())
    }

    /// Lets a widget of a panel show nothing: no button of a group is chosen.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn unset_widget(&self, widget_id: &str) -> Result<()> {
        let command = self.command("UserInterface.Extensions.Widget.UnsetValue");
        command
            .arg("WidgetId", widget_id)
            .repeatable()
            .run()
            .await
            .map(|_| ())
    }

    /// Shows a page.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn show_page(&self, url: &str, title: Option<&str>) -> Result<()> {
        let command = self
            .command("UserInterface.WebView.Display")
            .arg("Url", url)
            .arg("Title", title);
        command.repeatable().run().await.map(|_| ())
    }

    /// Takes the page away.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn clear_page(&self) -> Result<()> {
        self.simply("UserInterface.WebView.Clear", no()).await.map(|_| ())
    }

    /// Restarts the device.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub async fn restart(&self) -> Result<()> {
        self.command("SystemUnit.Boot")
            .arg("Action", "Restart")
            .run()
            .await
            .map(|_| ())
    }
}

/// No arguments.
fn no() -> serde_json::Map<String, serde_json::Value> {
    serde_json::Map::new()
}
