//! The bodies of notifications (workspace-integrations 10.1). Written as text: these bytes are what is
//! stored, signed and sent.

use std::fmt::Write as _;

use bytes::Bytes;
use hallway_wire::Timestamp;
use hallway_wire::id::AppId;
use hallway_xapi::Key;
use serde_json::Value;

use crate::device::Place;

/// A status message with only what one hearer may hear.
pub(super) fn status<'a>(
    app: AppId,
    place: &Place,
    at: Timestamp,
    full: bool,
    updated: impl Iterator<Item = (&'a Key, &'a Value)>,
    removed: impl Iterator<Item = &'a Key>,
) -> Bytes {
    let mut body = head("status", app, place, at);
    write(
        &mut body,
        format_args!(r#","isFullSync":{full},"changes":{{"updated":{{"#),
    );
    for (i, (key, value)) in updated.enumerate() {
        comma(&mut body, i);
        write(&mut body, format_args!(r#""{key}":{value}"#));
    }
    body.push_str(r#"},"removed":["#);
    for (i, key) in removed.enumerate() {
        comma(&mut body, i);
        write(&mut body, format_args!(r#""{key}""#));
    }
    body.push_str("]}}");
    body.into()
}

/// An events message.
pub(super) fn events<'a>(
    app: AppId,
    place: &Place,
    at: Timestamp,
    events: impl Iterator<Item = (&'a Key, &'a Value)>,
) -> Bytes {
    let mut body = head("events", app, place, at);
    body.push_str(r#","events":["#);
    for (i, (key, value)) in events.enumerate() {
        comma(&mut body, i);
        write(
            &mut body,
            format_args!(r#"{{"key":"{key}","value":{value},"timestamp":"{at}"}}"#),
        );
    }
    body.push_str("]}");
    body.into()
}

fn head(kind: &str, app: AppId, place: &Place, at: Timestamp) -> String {
    let mut body = String::with_capacity(512);
    write(
        &mut body,
        format_args!(
            r#"{{"type":"{kind}","appId":"{app}",{},"timestamp":"{at}""#,
            place.ids_json
        ),
    );
    body
}

fn comma(body: &mut String, position: usize) {
    if position > 0 {
        body.push(',');
    }
}

fn write(body: &mut String, text: std::fmt::Arguments<'_>) {
    body.write_fmt(text).expect("writing to a text cannot fail");
}
