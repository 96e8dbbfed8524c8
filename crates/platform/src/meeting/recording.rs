//! Recordings. There is no media: a recording is what is known about one. It comes into being when a recorded
//! meeting ends, or is put in by an administrator, who may say where the file really is.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::recording::{self as wire, ChangeRecording, DeleteRecording, DownloadLinks, NewRecording};
use hallway_wire::webhook::{Event, Resource};
use hallway_wire::zone::Zone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::check::{Wrong, is_email};
use super::permit::Reach;
use super::service::Found;
use super::{Instance, scheduled_id};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::records::{After, Find, Key, by_time};
use crate::records::{Document, Kept, put_new};
use crate::webhook::Happening;

const DAY_MS: i64 = 24 * 3_600_000;
/// How far apart the ends of a list's span may be: for a person, and with the admin-level scope.
const SPAN_OWN_MS: i64 = 90 * DAY_MS;
const SPAN_ADMIN_MS: i64 = 30 * DAY_MS;
/// How long the direct links of an answer are good.
const LINKS_MS: i64 = 3 * 3_600_000;
const FORMATS: [&str; 3] = ["MP4", "ARF", "UPLOADED"];
const SERVICES: [&str; 4] = ["MeetingCenter", "EventCenter", "TrainingCenter", "SupportCenter"];
/// What a recorded second takes, where nobody says.
const BYTES_PER_SECOND: u64 = 55_000;

/// A recording, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    pub(crate) id: String,
    pub(crate) org: OrgId,
    pub(crate) host: PersonId,
    pub(crate) host_email: String,
    /// The instance.
    pub(crate) meeting: String,
    #[serde(default)]
    pub(crate) scheduled: Option<String>,
    #[serde(default)]
    pub(crate) series: Option<String>,
    pub(crate) topic: String,
    pub(crate) created: Timestamp,
    pub(crate) recorded: Timestamp,
    pub(crate) format: String,
    pub(crate) service: String,
    pub(crate) seconds: u64,
    pub(crate) bytes: u64,
    pub(crate) password: String,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) download: Option<String>,
    #[serde(default)]
    pub(crate) playback: Option<String>,
    #[serde(default)]
    pub(crate) transcript: bool,
}

/// A recording is deleted twice: into the bin, and out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Status {
    Available,
    Deleted,
    Purged,
}

impl Status {
    const WORDS: [(&'static str, Self); 3] = [
        ("available", Self::Available),
        ("deleted", Self::Deleted),
        ("purged", Self::Purged),
    ];

    fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, status)| *status == self);
        found.map_or("available", |(word, _)| word)
    }
}

impl Document for Recording {
    const KIND: &'static str = "recording";
    const NOUN: &'static str = "recording";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.id.clone()
    }
    fn keys(&self) -> Vec<Key> {
        let key = |index, value| Key {
            index,
            value,
            order: by_time(self.created),
        };
        vec![
            key(Self::ALL, String::new()),
            key(Self::BY_HOST, self.host_email.to_lowercase()),
            key(Self::BY_MEETING, self.meeting.clone()),
        ]
    }
}

impl Recording {
    const ALL: &'static str = "all";
    /// Value: the host's address.
    const BY_HOST: &'static str = "host";
    /// Value: the instance.
    const BY_MEETING: &'static str = "meeting";
}

/// Which recordings; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct RecordingQuery {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub meeting: Option<String>,
    pub host_email: Option<String>,
    pub site_url: Option<String>,
    pub tag: Option<String>,
    pub topic: Option<String>,
    pub format: Option<String>,
    pub service: Option<String>,
    pub status: Option<String>,
    pub after: Option<After>,
    pub max: usize,
}

fn word(name: &str, text: &str, words: &[&str]) -> Result<String> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(text.trim()));
    found.map(|&word| word.to_owned()).ok_or_else(|| {
        Error::invalid(format!(
            "{name}: it must be one of {}, not {text:?}",
            words.join(", ")
        ))
    })
}

impl RecordingQuery {
    fn fits(&self, it: &Recording, site: &str, status: Status) -> bool {
        let same = |wanted: &Option<String>, is: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(is))
        };
        let topic = self
            .topic
            .as_ref()
            .is_none_or(|topic| it.topic.to_lowercase().contains(&topic.to_lowercase()));
        let meeting = self.meeting.as_ref().is_none_or(|id| {
            it.meeting == *id || it.series.as_ref() == Some(id) || it.scheduled.as_ref() == Some(id)
        });
        it.status == status
            && topic
            && meeting
            && same(&self.host_email, &it.host_email)
            && same(&self.site_url, site)
            && same(&self.format, &it.format)
            && same(&self.service, &it.service)
            && self.tag.as_ref().is_none_or(|tag| it.tags.contains(tag))
    }

    fn span(&self, now: Timestamp, most: i64) -> Result<(Timestamp, Timestamp)> {
        let (from, to) = match (self.from, self.to) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, from.plus_millis(7 * DAY_MS)),
            (None, to) => {
                let to = to.unwrap_or(now.plus_millis(1));
                (to.plus_millis(-7 * DAY_MS), to)
            }
        };
        let length = to.millis().saturating_sub(from.millis());
        if length < 0 {
            return Err(Error::invalid("from: it must not be after to"));
        }
        if length > most {
            return Err(Error::invalid(format!(
                "from and to are more than {} days apart",
                most / DAY_MS
            )));
        }
        Ok((from, to))
    }
}

impl Platform {
    /// The recording of an instance that ends now.
    pub(super) fn recording_of(&self, it: &Instance) -> Recording {
        let now = self.now();
        let seconds = now.millis().saturating_sub(it.started.millis()) / 1000;
        let seconds = u64::try_from(seconds).unwrap_or_default();
        Recording {
            id: Uuid::new_v4().simple().to_string(),
            org: it.org,
            host: it.base.host,
            host_email: it.base.host_email.clone(),
            meeting: it.id.clone(),
            scheduled: Some(scheduled_id(&it.series, it.original)),
            series: Some(it.series.clone()),
            topic: it.base.title().to_owned(),
            created: now,
            recorded: it.started,
            format: "MP4".to_owned(),
            service: "MeetingCenter".to_owned(),
            seconds,
            bytes: seconds.saturating_mul(BYTES_PER_SECOND),
            password: it.base.settings.password.clone().unwrap_or_default(),
            tags: it.base.settings.integration_tags.clone().unwrap_or_default(),
            status: Status::Available,
            download: None,
            playback: None,
            transcript: it.transcript,
        }
    }

    fn show_recording(&self, it: &Recording, zone: &Zone, direct: bool, mine: bool) -> wire::Recording {
        let at = |path: &str| format!("{}/meet/{path}?RCID={}", self.config.public_url, it.id);
        let download = it.download.clone().unwrap_or_else(|| at("lsr.php"));
        let links = direct && it.status == Status::Available;
        wire::Recording {
            id: it.id.clone(),
            meeting_id: it.meeting.clone(),
            scheduled_meeting_id: it.scheduled.clone(),
            meeting_series_id: it.series.clone(),
            topic: it.topic.clone(),
            create_time: zone.write(it.created),
            time_recorded: zone.write(it.recorded),
            host_email: it.host_email.clone(),
            host_user_id: it.host,
            site_url: self.meeting_site().to_owned(),
            playback_url: it.playback.clone().unwrap_or_else(|| at("ldr.php")),
            password: it.password.clone(),
            format: it.format.clone(),
            service_type: it.service.clone(),
            duration_seconds: it.seconds,
            size_bytes: it.bytes,
            share_to_me: !mine,
            integration_tags: it.tags.clone(),
            status: it.status.word().to_owned(),
            temporary_direct_download_links: links.then(|| DownloadLinks {
                recording_download_link: download.clone(),
                audio_download_link: None,
                transcript_download_link: it.transcript.then(|| at("transcript")),
                expiration: zone.write(self.now().plus_millis(LINKS_MS)),
            }),
            download_url: download,
        }
    }

    /// Something happened to a recording.
    pub(super) fn recording_happening(&self, it: &Recording, event: Event) -> Happening {
        let shown = self.show_recording(it, &Zone::utc(), false, true);
        let full = serde_json::to_value(shown).unwrap_or_default();
        let mut data: Map<String, Value> = full.as_object().cloned().unwrap_or_default();
        // Who may know it asks for it.
        data.remove("password");
        data.remove("shareToMe");
        Happening {
            org: it.org,
            resource: Resource::Recordings,
            event,
            actor: Some(it.host),
            at: self.now(),
            data: Value::Object(data),
            full: None,
            audience: vec![it.host],
        }
    }

    /// Recordings of the caller, or with the admin-level scope of everybody; newest first.
    ///
    /// # Errors
    /// Missing scope; a bad condition; a span that is too long.
    pub async fn list_recordings(
        &self,
        caller: &Caller,
        query: &RecordingQuery,
        zone: &Zone,
    ) -> Result<(Vec<wire::Recording>, Option<After>)> {
        let reach = caller.may_read_recordings()?;
        let mut query = query.clone();
        query.format = query.format.map(|it| word("format", &it, &FORMATS)).transpose()?;
        query.service = query
            .service
            .map(|it| word("serviceType", &it, &SERVICES))
            .transpose()?;
        let words = Status::WORDS.map(|(word, _)| word);
        let status = word("status", query.status.as_deref().unwrap_or("available"), &words)?;
        let status = Status::WORDS.iter().find(|(word, _)| *word == status);
        let status = status.map_or(Status::Available, |(_, status)| *status);
        let most = if reach == Reach::Everybody {
            SPAN_ADMIN_MS
        } else {
            SPAN_OWN_MS
        };
        let (from, to) = query.span(self.now(), most)?;
        let named = query.host_email.as_deref();
        let (index, value) = match (reach, named) {
            (Reach::Everybody, None) => (Recording::ALL, String::new()),
            _ => {
                let host = self.host_of_meetings(caller, reach, named).await?;
                (Recording::BY_HOST, host.email.to_lowercase())
            }
        };
        let find = Find::new(Recording::KIND, caller.org, index, value, query.max)
            .newest_first()
            .between(Some(from), Some(to))
            .after(query.after.clone());
        let site = self.meeting_site();
        let listed = self
            .list_where::<Recording>(find, |it| query.fits(it, site, status))
            .await?;
        let shown = listed
            .items
            .iter()
            .map(|it| self.show_recording(it, zone, false, it.host == caller.person));
        Ok((shown.collect(), listed.next))
    }

    async fn visible_recording(
        &self,
        caller: &Caller,
        reach: Reach,
        id: &str,
        host: Option<&str>,
    ) -> Result<Kept<Recording>> {
        if id.len() != 32 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::invalid(
                "recordingId: it is no id of a recording: 32 hexadecimal digits",
            ));
        }
        let found = self
            .demand::<Recording>(caller.org, &id.to_ascii_lowercase())
            .await?;
        let named = host.map(str::trim).filter(|host| !host.is_empty());
        let of_host = named.is_none_or(|host| host.eq_ignore_ascii_case(&found.host_email));
        if of_host && (reach == Reach::Everybody || found.host == caller.person) {
            Ok(found)
        } else {
            Err(Error::NotFound { what: "recording" })
        }
    }

    /// One recording, with direct links.
    ///
    /// # Errors
    /// Missing scope; unknown, or somebody else's.
    pub async fn recording(
        &self,
        caller: &Caller,
        id: &str,
        host: Option<&str>,
        zone: &Zone,
    ) -> Result<wire::Recording> {
        let reach = caller.may_read_recordings()?;
        let found = self.visible_recording(caller, reach, id, host).await?;
        Ok(self.show_recording(&found, zone, true, found.host == caller.person))
    }

    /// Deletes a recording: at first into the bin, the second time for good.
    ///
    /// # Errors
    /// Missing scope; unknown, or purged already.
    pub async fn delete_recording(
        &self,
        caller: &Caller,
        id: &str,
        host: Option<&str>,
        why: &DeleteRecording,
    ) -> Result<()> {
        let reach = caller.may_write_recordings()?;
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > 2000);
        if long(&why.reason) || long(&why.comment) {
            return Err(Error::invalid("reason and comment: at most 2000 bytes each"));
        }
        self.retrying(|| async {
            let kept = self.visible_recording(caller, reach, id, host).await?;
            let mut changed = kept.doc.clone();
            let mut told = Vec::new();
            changed.status = match kept.status {
                Status::Available => {
                    told.push(self.recording_happening(&kept, Event::Deleted));
                    Status::Deleted
                }
                Status::Deleted => Status::Purged,
                Status::Purged => return Err(Error::NotFound { what: "recording" }),
            };
            if changed.status == Status::Purged {
                (changed.download, changed.playback) = (None, None);
            }
            let mut writes = vec![kept.put(&changed)?];
            if kept.host != caller.person {
                let reason = why.reason.as_ref().map(|reason| format!(": {reason}"));
                let text = format!(
                    "deleted the recording {}{}",
                    kept.topic,
                    reason.unwrap_or_default()
                );
                writes.push(audit::by(
                    caller,
                    self.now(),
                    "recording.deleted",
                    &kept.topic,
                    text,
                ));
            }
            self.commit_with(writes, told).await
        })
        .await
    }

    /// Puts a recording in, by the management API.
    ///
    /// # Errors
    /// No full administrator; neither meeting nor topic and host; a bad member.
    pub async fn add_recording(&self, caller: &Caller, new: NewRecording) -> Result<wire::Recording> {
        caller.require_full_admin()?;
        let mut wrong = Wrong::default();
        let now = self.now();
        let recorded = super::check::time(
            &mut wrong,
            &Zone::utc(),
            "timeRecorded",
            new.time_recorded.as_deref(),
        );
        let format = word("format", new.format.as_deref().unwrap_or("MP4"), &FORMATS)?;
        let service = word(
            "serviceType",
            new.service_type.as_deref().unwrap_or("MeetingCenter"),
            &SERVICES,
        )?;
        for (name, url) in [
            ("downloadUrl", &new.download_url),
            ("playbackUrl", &new.playback_url),
        ] {
            let good = url.as_ref().is_none_or(|url| {
                url.len() <= 2000 && (url.starts_with("https://") || url.starts_with("http://"))
            });
            wrong.unless(
                good,
                format!("{name}: it must be an http or https URL of at most 2000 bytes"),
            );
        }
        let topic_fits = |topic: &String| (1..=256).contains(&topic.trim().chars().count());
        wrong.unless(
            new.topic.as_ref().is_none_or(topic_fits),
            "topic: 1 to 256 characters",
        );
        let tags = new.integration_tags.unwrap_or_default();
        wrong.unless(
            tags.len() <= 3 && tags.iter().all(|tag| tag.len() <= 64),
            "integrationTags: at most 3, each of at most 64 bytes",
        );
        let mut recording = match &new.meeting_id {
            Some(id) => match self.find_meeting(caller.org, id).await? {
                Found::Instance(instance) => self.recording_of(&instance),
                _ => return Err(Error::invalid("meetingId: an instance of a meeting is needed")),
            },
            None => {
                wrong.unless(new.topic.is_some(), "topic: it is needed without meetingId");
                let email = new.host_email.as_deref().unwrap_or(&caller.profile.email).trim();
                wrong.unless(is_email(email), "hostEmail: it is no e-mail address");
                let host = self
                    .host_of_meetings(caller, Reach::Everybody, Some(email))
                    .await?;
                let series = Uuid::new_v4().simple().to_string();
                Recording {
                    id: Uuid::new_v4().simple().to_string(),
                    org: caller.org,
                    host: host.id,
                    host_email: host.email,
                    meeting: super::live::instance_id(&series),
                    scheduled: None,
                    series: None,
                    topic: String::new(),
                    created: now,
                    recorded: now,
                    format: String::new(),
                    service: String::new(),
                    seconds: 0,
                    bytes: 0,
                    password: String::new(),
                    tags: Vec::new(),
                    status: Status::Available,
                    download: None,
                    playback: None,
                    transcript: false,
                }
            }
        };
        wrong.none()?;
        if let Some(topic) = new.topic {
            recording.topic = topic.trim().to_owned();
        }
        recording.recorded = recorded.unwrap_or(recording.recorded);
        (recording.format, recording.service) = (format, service);
        recording.seconds = new.duration_seconds.unwrap_or(recording.seconds);
        let bytes = recording.seconds.saturating_mul(BYTES_PER_SECOND);
        recording.bytes = new.size_bytes.unwrap_or(bytes);
        (recording.download, recording.playback) = (new.download_url, new.playback_url);
        recording.tags = tags;
        let writes = vec![
            put_new(&recording)?,
            audit::by(
                caller,
                now,
                "recording.added",
                &recording.topic,
                format!("put in the recording {}", recording.topic),
            ),
        ];
        let told = self.recording_happening(&recording, Event::Created);
        self.commit_with(writes, vec![told]).await?;
        Ok(self.show_recording(&recording, &Zone::utc(), true, recording.host == caller.person))
    }

    /// Changes what is said about a recording, by the management API.
    ///
    /// # Errors
    /// No full administrator; unknown; a bad member.
    pub async fn change_recording(
        &self,
        caller: &Caller,
        id: &str,
        change: &ChangeRecording,
    ) -> Result<wire::Recording> {
        caller.require_full_admin()?;
        let topic = change.topic.as_ref().map(|topic| topic.trim().to_owned());
        let mut wrong = Wrong::default();
        wrong.unless(
            topic
                .as_ref()
                .is_none_or(|it| (1..=256).contains(&it.chars().count())),
            "topic: 1 to 256 characters",
        );
        let tags = change.integration_tags.clone();
        wrong.unless(
            tags.as_ref()
                .is_none_or(|tags| tags.len() <= 3 && tags.iter().all(|tag| tag.len() <= 64)),
            "integrationTags: at most 3, each of at most 64 bytes",
        );
        wrong.none()?;
        self.retrying(|| async {
            let kept = self.visible_recording(caller, Reach::Everybody, id, None).await?;
            if kept.status != Status::Available {
                return Err(Error::conflict("The recording was deleted."));
            }
            let mut changed = kept.doc.clone();
            changed.topic = topic.clone().unwrap_or(changed.topic);
            changed.tags = tags.clone().unwrap_or(changed.tags);
            let told = self.recording_happening(&changed, Event::Updated);
            self.commit_with(vec![kept.put(&changed)?], vec![told]).await?;
            Ok(self.show_recording(&changed, &Zone::utc(), true, changed.host == caller.person))
        })
        .await
    }
}
