//! WebSocket frames and HTTP heads, as plainly as they can be read and written: the generator, the receiver
//! and the bare loop share them, so both sides of a comparison pay the same for them.

use std::ops::Range;

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Adds a frame of a client. Its mask is zero, which changes no byte.
pub(crate) fn client_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    frame(out, opcode, payload.len(), 0x80);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// Adds a frame of a server.
pub(crate) fn server_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    frame(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn frame(out: &mut Vec<u8>, opcode: u8, length: usize, masked: u8) {
    out.push(0x80 | opcode);
    match length {
        0..=125 => out.push(masked | length as u8),
        126..=0xffff => {
            out.push(masked | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The first frame of a buffer, unmasked: opcode, place of the payload, and where the next frame begins.
/// `None`: not all of it is there yet.
pub(crate) fn next_frame(bytes: &mut [u8]) -> Option<(u8, Range<usize>, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (length, mut at) = match second & 0x7f {
        126 => (
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
            4,
        ),
        127 => (
            usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?,
            10,
        ),
        short => (usize::from(short), 2),
    };
    let mut mask = [0; 4];
    if second & 0x80 != 0 {
        mask.copy_from_slice(bytes.get(at..at + 4)?);
        at += 4;
    }
    let payload = at..at.checked_add(length)?;
    let body = bytes.get_mut(payload.clone())?;
    if mask != [0; 4] {
        for (i, byte) in body.iter_mut().enumerate() {
            *byte ^= mask[i & 3];
        }
    }
    let end = payload.end;
    Some((first & 0x0f, payload, end))
}

/// A message of HTTP/1.1 whose length its head tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Of an answer.
    pub(crate) status: u16,
    pub(crate) body: Range<usize>,
}

/// Reads a request or an answer at the front of a buffer; `None`: not all of it is there yet.
pub(crate) fn next_message(bytes: &[u8]) -> Option<Head> {
    let end = find(bytes, b"\r\n\r\n")? + 4;
    let head = &bytes[..end];
    let status = head
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|rest| std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok())
        .unwrap_or(0);
    let length = header(head, b"content-length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    (bytes.len() >= end + length).then_some(Head {
        status,
        body: end..end + length,
    })
}

/// The value of a header, whose name is given in lower case.
pub(crate) fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (found, rest) = line.split_at_checked(name.len())?;
        let value = rest.strip_prefix(b":")?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| std::str::from_utf8(value).ok().map(str::trim))?
    })
}

/// Where a text begins.
pub(crate) fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(text) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// What stands in front of the value of a people count, in a device's report and in a notification.
const VALUE: &[u8] = b"Current\":";

/// The value of the people count in a notification, and its place. Looked for from the end, where it is.
pub(crate) fn value(body: &[u8]) -> Option<(u64, Range<usize>)> {
    let mut end = body.len();
    let start = loop {
        let at = body[..end].iter().rposition(|byte| *byte == b'C')?;
        if body[at..].starts_with(VALUE) {
            break at + VALUE.len();
        }
        end = at;
    };
    let digits = body[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let number = std::str::from_utf8(&body[start..start + digits])
        .ok()?
        .parse()
        .ok()?;
    Some((number, start..start + digits))
}

/// How many notifications with a people count an answer to a poll holds.
pub(crate) fn count_values(mut body: &[u8]) -> u64 {
    let mut count = 0;
    while let Some(at) = find(body, VALUE) {
        count += 1;
        body = &body[at + VALUE.len()..];
    }
    count
}

/// A device's report of a people count.
pub(crate) fn report(id: u64, value: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"xFeedback/Event","params":{{"Status":{{"RoomAnalytics":{{"PeopleCount":{{"Current":{value}}}}}}}}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        for length in [0, 1, 125, 126, 70_000] {
            let payload: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let mut bytes = Vec::new();
            client_frame(&mut bytes, TEXT, &payload);
            let first = bytes.len();
            server_frame(&mut bytes, PING, &payload);
            let (opcode, range, end) = next_frame(&mut bytes).unwrap();
            assert_eq!((opcode, &bytes[range], end), (TEXT, payload.as_slice(), first));
            let (opcode, range, end) = next_frame(&mut bytes[first..]).unwrap();
            assert_eq!((opcode, &bytes[first..][range]), (PING, payload.as_slice()));
            assert_eq!(first + end, bytes.len());
            let short = bytes.len() - 1;
            assert_eq!(next_frame(&mut bytes[first..short]), None);
        }
    }

    #[test]
    fn masks_are_taken_off() {
        let mut bytes = vec![0x81, 0x83, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2, b'c' ^ 3];
        let (_, range, _) = next_frame(&mut bytes).unwrap();
        assert_eq!(&bytes[range], b"abc");
    }

    #[test]
    fn messages_end_where_their_head_says() {
        let text = b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\nabcHTTP";
        assert_eq!(
            next_message(text),
            Some(Head {
                status: 200,
                body: 44..47
            })
        );
        assert_eq!(next_message(&text[..46]), None);
        assert_eq!(next_message(&text[..30]), None);
        assert_eq!(
            next_message(b"POST / HTTP/1.1\r\n\r\n"),
            Some(Head {
                status: 0,
                body: 19..19
            })
        );
    }

    #[test]
    fn values_are_found_in_notifications() {
        let body = br#"{"changes":{"updated":{"RoomAnalytics.PeopleCount.Current":417},"removed":[]}}"#;
        let (number, range) = value(body).unwrap();
        assert_eq!((number, &body[range]), (417, b"417".as_slice()));
        assert_eq!(value(br#"{"updated":{}}"#), None);
        assert_eq!(count_values(&[body.as_slice(), body].concat()), 2);
        assert_eq!(value(report(3, 99).as_bytes()).unwrap().0, 99);
    }
}
