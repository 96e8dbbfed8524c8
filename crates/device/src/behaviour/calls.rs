//! Calls: dialling, ringing, talking, and the events that tell of it.
//!
//! There is nobody at the other end, so the simulator plays that part: it rings after a moment and somebody
//! answers after another. A number that contains `busy` is busy, one that contains `noanswer` rings until the
//! caller gives up, one that contains `unknown` cannot be found.

use std::time::Duration;

use hallway_xapi::rpc::RpcError;
use serde_json::{Map, Value, json};

use super::history::{self, Kind};
use super::{Args, Outcome, done, failed, standby, with};
use crate::agenda::Task;
use crate::state::State;

/// How long an incoming call rings, and a call that nobody answers.
const PATIENCE: Duration = Duration::from_secs(30);
const RATE: i64 = 6000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Dialling,
    Ringing,
    Connected,
    OnHold,
}

#[derive(Debug)]
struct Call {
    id: u32,
    incoming: bool,
    number: String,
    name: String,
    protocol: &'static str,
    call_type: &'static str,
    rate: i64,
    stage: Stage,
    started_ms: i64,
    connected_ms: Option<i64>,
    /// People in the room at the start, for the average.
    people: i64,
    teams: bool,
}

/// The calls of a device, and those that it had.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    list: Vec<Call>,
    last_id: u32,
    pub(crate) history: history::History,
}

impl Calls {
    pub(crate) fn any(&self) -> bool {
        !self.list.is_empty()
    }

    /// After a restart there are no calls; what was is remembered.
    pub(crate) fn hang_up_all(&mut self) {
        self.list.clear();
    }
}

/// Why a call ended.
struct Cause {
    code: i64,
    origin: &'static str,
    kind: &'static str,
    text: &'static str,
}

const LOCAL: Cause = Cause {
    code: 1,
    origin: "Internal",
    kind: "LocalDisconnect",
    text: "",
};
const REMOTE: Cause = Cause {
    code: 2,
    origin: "SIP",
    kind: "RemoteDisconnect",
    text: "Normal call clearing",
};
const REJECTED: Cause = Cause {
    code: 3,
    origin: "Internal",
    kind: "LocalReject",
    text: "Call rejected",
};
const BUSY: Cause = Cause {
    code: 17,
    origin: "Q850",
    kind: "Busy",
    text: "User busy",
};
const NO_ANSWER: Cause = Cause {
    code: 19,
    origin: "Q850",
    kind: "NoAnswer",
    text: "No answer from user",
};
const NOT_FOUND: Cause = Cause {
    code: 404,
    origin: "SIP",
    kind: "UnknownRemoteSite",
    text: "Not found",
};

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "Dial" => dial(state, args.text("Number"), args.text("DisplayName"), args),
        "Webex.Join" => dial(state, args.text("Number"), args.text("DisplayName"), args),
        "WebRTC.Join" => join(state, args),
        "Call.Accept" => accept(state, args),
        "Call.Reject" | "Call.Ignore" => reject(state, args),
        "Call.Disconnect" => disconnect(state, args),
        "Call.Hold" => hold(state, args, true),
        "Call.Resume" => hold(state, args, false),
        "Call.DTMFSend" => find(state, args, &[Stage::Connected]).and_then(|_| done()),
        "Call.FarEndMessage.Send" | "Call.FarEndControl.Camera.Move" | "Call.FarEndControl.Camera.Stop" => {
            find(state, args, &[Stage::Connected]).and_then(|_| done())
        }
        "Call.UnattendedTransfer" => find(state, args, &[Stage::Connected, Stage::OnHold]).and_then(|id| {
            end(state, id, &LOCAL);
            done()
        }),
        _ => return None,
    })
}

fn dial(state: &mut State, number: &str, name: &str, args: &Args) -> Outcome {
    let protocol = match args.text("Protocol") {
        "Sip" => "SIP",
        "H323" => "H323",
        _ => "Spark",
    };
    let call_type = if args.text("CallType") == "Audio" {
        "Audio"
    } else {
        "Video"
    };
    let id = start(
        state,
        number,
        name,
        protocol,
        call_type,
        args.number("CallRate").unwrap_or(RATE),
        false,
    )?;
    with(json!({ "CallId": id, "ConferenceId": id }))
}

fn join(state: &mut State, args: &Args) -> Outcome {
    let number = args
        .given("Url")
        .or(args.given("MeetingNumber"))
        .ok_or_else(|| failed("the meeting is missing: give Url or MeetingNumber"))?;
    let teams = args.text("Type") != "GoogleMeet";
    let title = args.given("Title").unwrap_or(if teams {
        "Microsoft Teams meeting"
    } else {
        "Google Meet"
    });
    let id = start(state, number, title, "WebRTC", "Video", RATE, teams)?;
    with(json!({ "CallId": id }))
}

fn start(
    state: &mut State,
    number: &str,
    name: &str,
    protocol: &'static str,
    call_type: &'static str,
    rate: i64,
    teams: bool,
) -> Result<u32, RpcError> {
    if number.trim().is_empty() {
        return Err(failed("the number is empty"));
    }
    let id = add(state, number, name, false, protocol, call_type)?;
    if let Some(call) = state.calls.list.iter_mut().find(|call| call.id == id) {
        call.rate = rate;
        call.teams = teams;
    }
    standby::wake(state);
    show(state, id);
    state.emit("OutgoingCallIndication", json!({ "CallId": id }));
    count(state);
    let ring = state.pace.ring;
    state.plan(Task::Call(id), ring);
    Ok(id)
}

/// Somebody calls.
pub(crate) fn incoming(state: &mut State, name: &str, number: &str) -> Result<u32, RpcError> {
    if state.text("Conference.DoNotDisturb") == "Active" {
        return Err(failed("the device does not want to be disturbed"));
    }
    let id = add(state, number, name, true, "SIP", "Video")?;
    standby::wake(state);
    show(state, id);
    let event = json!({ "CallId": id, "DisplayNameValue": name, "RemoteURI": uri(number) });
    state.emit("IncomingCallIndication", event);
    count(state);
    state.plan(Task::Call(id), PATIENCE);
    Ok(id)
}

/// The other end hangs up.
pub(crate) fn remote_hang_up(state: &mut State, id: i64) -> Result<(), RpcError> {
    let args = Args {
        values: Map::from_iter([("CallId".to_owned(), json!(id))]),
        body: None,
    };
    let id = find(state, &args, &[])?;
    end(state, id, &REMOTE);
    Ok(())
}

fn add(
    state: &mut State,
    number: &str,
    name: &str,
    incoming: bool,
    protocol: &'static str,
    call_type: &'static str,
) -> Result<u32, RpcError> {
    let (_, most) = state.spec.product.limits();
    if state.calls.list.len() as i64 >= most {
        return Err(failed("the device has as many calls as it can"));
    }
    state.calls.last_id += 1;
    let id = state.calls.last_id;
    let name = if name.is_empty() { number } else { name };
    let people = state.number("RoomAnalytics.PeopleCount.Current").max(0);
    state.calls.list.push(Call {
        id,
        incoming,
        number: number.to_owned(),
        name: name.to_owned(),
        protocol,
        call_type,
        rate: RATE,
        stage: if incoming { Stage::Ringing } else { Stage::Dialling },
        started_ms: state.now_ms,
        connected_ms: None,
        people,
        teams: false,
    });
    Ok(id)
}

/// Sets the statuses of a call that is new.
fn show(state: &mut State, id: u32) {
    let Some(call) = state.calls.list.iter().find(|call| call.id == id) else {
        return;
    };
    let leaves = [
        ("AnswerState", json!("Unanswered")),
        ("CallType", json!(call.call_type)),
        ("CallbackNumber", json!(uri(&call.number))),
        ("DeviceType", json!("Endpoint")),
        (
            "Direction",
            json!(if call.incoming { "Incoming" } else { "Outgoing" }),
        ),
        ("DisplayName", json!(call.name)),
        ("Duration", json!(0)),
        ("Encryption.Type", json!("None")),
        ("HoldReason", json!("None")),
        ("PlacedOnHold", json!("False")),
        ("Protocol", json!(call.protocol)),
        ("ReceiveCallRate", json!(call.rate)),
        ("RemoteNumber", json!(call.number)),
        (
            "Status",
            json!(if call.incoming { "Ringing" } else { "Dialling" }),
        ),
        ("TransmitCallRate", json!(call.rate)),
    ];
    for (leaf, value) in leaves {
        state.set(&format!("Call[{id}].{leaf}"), value);
    }
}

/// The next stage of a call, when its time has come.
pub(crate) fn go_on(state: &mut State, id: u32) {
    let Some(call) = state.calls.list.iter_mut().find(|call| call.id == id) else {
        return;
    };
    let number = call.number.to_ascii_lowercase();
    match (call.stage, call.incoming) {
        (Stage::Dialling, _) if number.contains("unknown") => end(state, id, &NOT_FOUND),
        (Stage::Dialling, _) => {
            call.stage = Stage::Ringing;
            state.set(&format!("Call[{id}].Status"), "Ringing");
            let wait = if number.contains("noanswer") {
                PATIENCE
            } else {
                state.pace.answer
            };
            state.plan(Task::Call(id), wait);
        }
        (Stage::Ringing, false) if number.contains("busy") => end(state, id, &BUSY),
        (Stage::Ringing, false) if number.contains("noanswer") => end(state, id, &NO_ANSWER),
        (Stage::Ringing, false) => connect(state, id),
        (Stage::Ringing, true) => end(state, id, &NO_ANSWER),
        (Stage::Connected | Stage::OnHold, _) => {}
    }
}

fn connect(state: &mut State, id: u32) {
    let now = state.now_ms;
    let Some(call) = state.calls.list.iter_mut().find(|call| call.id == id) else {
        return;
    };
    call.stage = Stage::Connected;
    call.connected_ms = Some(now);
    let event = json!({
        "CallId": id,
        "CallRate": call.rate,
        "Direction": if call.incoming { "incoming" } else { "outgoing" },
        "EncryptionIn": "On",
        "EncryptionOut": "On",
        "Protocol": call.protocol,
        "RemoteURI": uri(&call.number),
    });
    let teams = call.teams;
    state.agenda.cancel(Task::Call(id));
    state.set(&format!("Call[{id}].Status"), "Connected");
    state.set(&format!("Call[{id}].AnswerState"), "Answered");
    state.set(&format!("Call[{id}].Encryption.Type"), "Aes-256");
    state.emit("CallSuccessful", event);
    if teams && state.get("MicrosoftTeams.Calling.InCall").is_some() {
        state.set("MicrosoftTeams.Calling.InCall", "True");
    }
    count(state);
}

fn accept(state: &mut State, args: &Args) -> Outcome {
    let id = find(state, args, &[Stage::Ringing])?;
    if !state.calls.list.iter().any(|call| call.id == id && call.incoming) {
        return Err(failed("the call is not an incoming one"));
    }
    connect(state, id);
    done()
}

fn reject(state: &mut State, args: &Args) -> Outcome {
    let id = find(state, args, &[Stage::Ringing])?;
    if !state.calls.list.iter().any(|call| call.id == id && call.incoming) {
        return Err(failed("the call is not an incoming one"));
    }
    end(state, id, &REJECTED);
    done()
}

fn disconnect(state: &mut State, args: &Args) -> Outcome {
    // Without a call id, everything is hung up.
    if args.number("CallId").unwrap_or(0) == 0 && state.calls.list.len() > 1 {
        let all: Vec<u32> = state.calls.list.iter().map(|call| call.id).collect();
        for id in all {
            end(state, id, &LOCAL);
        }
        return done();
    }
    let id = find(state, args, &[])?;
    end(state, id, &LOCAL);
    done()
}

fn hold(state: &mut State, args: &Args, hold: bool) -> Outcome {
    let from = if hold { Stage::Connected } else { Stage::OnHold };
    let id = find(state, args, &[from])?;
    if let Some(call) = state.calls.list.iter_mut().find(|call| call.id == id) {
        call.stage = if hold { Stage::OnHold } else { Stage::Connected };
    }
    state.set(
        &format!("Call[{id}].Status"),
        if hold { "OnHold" } else { "Connected" },
    );
    state.set(
        &format!("Call[{id}].PlacedOnHold"),
        if hold { "True" } else { "False" },
    );
    let reason = match args.text("Reason") {
        "Conference" | "Transfer" if hold => args.text("Reason"),
        _ => "None",
    };
    state.set(&format!("Call[{id}].HoldReason"), reason);
    count(state);
    done()
}

/// The call that a command means: by its id, or without one the only call in one of the stages.
fn find(state: &State, args: &Args, stages: &[Stage]) -> Result<u32, RpcError> {
    let wanted = args.number("CallId").filter(|id| *id > 0);
    let fits = |call: &&Call| stages.is_empty() || stages.contains(&call.stage);
    match wanted {
        Some(id) => {
            let call = state.calls.list.iter().find(|call| i64::from(call.id) == id);
            let call = call.ok_or_else(|| failed(format!("there is no call {id}")))?;
            if fits(&call) {
                Ok(call.id)
            } else {
                Err(failed(format!("call {id} is not in a stage for that")))
            }
        }
        None => {
            let call = state.calls.list.iter().find(fits);
            call.map(|call| call.id)
                .ok_or_else(|| failed("there is no call for that"))
        }
    }
}

fn end(state: &mut State, id: u32, cause: &Cause) {
    let Some(at) = state.calls.list.iter().position(|call| call.id == id) else {
        return;
    };
    let call = state.calls.list.remove(at);
    state.agenda.cancel(Task::Call(id));
    let seconds = call
        .connected_ms
        .map_or(0, |at| (state.now_ms - at).max(0) / 1000);
    let people_now = state.number("RoomAnalytics.PeopleCount.Current").max(0);
    let event = json!({
        "CallId": id,
        "CallRate": call.rate,
        "CallType": call.call_type,
        "CauseCode": cause.code,
        "CauseOrigin": cause.origin,
        "CauseString": cause.text,
        "CauseType": cause.kind,
        "CauseValue": cause.code,
        "DisplayName": call.name,
        "Duration": seconds,
        "Encryption": if call.connected_ms.is_some() { "Aes-256" } else { "None" },
        "OrigCallDirection": if call.incoming { "incoming" } else { "outgoing" },
        "PeopleCountAverage": (call.people + people_now) / 2,
        "Protocol": call.protocol,
        "RemoteURI": uri(&call.number),
        "RequestedURI": call.number,
    });
    state.emit("CallDisconnect", event);
    state.remove(&format!("Call[{id}]"));
    state.remove(&format!("Conference.Call[{id}]"));
    if call.teams && state.get("MicrosoftTeams.Calling.InCall").is_some() {
        state.set("MicrosoftTeams.Calling.InCall", "False");
    }
    count(state);
    let kind = match (call.incoming, call.connected_ms.is_some()) {
        (true, true) => Kind::Received,
        (true, false) if cause.kind == REJECTED.kind => Kind::Received,
        (true, false) => Kind::Missed,
        (false, true) => Kind::Placed,
        (false, false) => Kind::NoAnswer,
    };
    let (number, name) = (uri(&call.number), call.name);
    state
        .calls
        .history
        .add(kind, number, name, call.started_ms, seconds);
    state.emit("CallHistory.Updated", json!({}));
}

fn count(state: &mut State) {
    let of = |stages: &[Stage]| {
        state
            .calls
            .list
            .iter()
            .filter(|call| stages.contains(&call.stage))
            .count()
    };
    let (active, starting, held) = (
        of(&[Stage::Connected]),
        of(&[Stage::Dialling, Stage::Ringing]),
        of(&[Stage::OnHold]),
    );
    state.set("SystemUnit.State.NumberOfActiveCalls", active as i64);
    state.set("SystemUnit.State.NumberOfInProgressCalls", starting as i64);
    state.set("SystemUnit.State.NumberOfSuspendedCalls", held as i64);
    let system = if state.calls.any() {
        "InCall"
    } else {
        "Initialized"
    };
    state.set("SystemUnit.State.System", system);
}

/// Brings the durations up to date. They are read, not reported every second.
pub(crate) fn refresh_durations(state: &mut State) {
    let now = state.now_ms;
    let connected = state
        .calls
        .list
        .iter()
        .filter_map(|call| Some((call.id, call.connected_ms?)));
    for (id, since) in connected.collect::<Vec<_>>() {
        let seconds: Value = json!((now - since).max(0) / 1000);
        state.set_quietly(&format!("Call[{id}].Duration"), seconds);
    }
}

fn uri(number: &str) -> String {
    if number.contains(':') {
        number.to_owned()
    } else {
        format!("spark:{number}")
    }
}
