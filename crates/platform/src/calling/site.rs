//! Locations with Webex Calling, and how they reach the telephone network.

use hallway_wire::calling::{self as wire, CallingLineId, Connection, PstnConnectionType, RouteType};
use hallway_wire::id::{LocationId, OrgId};

use super::{CallingSite, Number, normalize};
use crate::audit;
use crate::caller::Caller;
use crate::error::{CodedKind, Doing as _, Error, Result};
use crate::place::{Location, Part, rules};
use crate::platform::Platform;
use crate::ports::{Find, Page};
use crate::records::{Document as _, Kept, put_new};

/// A way to the telephone network, as it is offered.
struct Offer {
    id: &'static str,
    name: &'static str,
    kind: PstnConnectionType,
    services: &'static [&'static str],
}

/// What every location is offered. The ids are ours and never change.
const OFFERS: [Offer; 4] = [
    Offer {
        id: "3d6f0a2e-7c41-4b8e-9a55-0f6d5b1c2e01",
        name: "Premises-based PSTN",
        kind: PstnConnectionType::LocalGateway,
        services: &["GEOGRAPHIC_NUMBERS", "TOLLFREE_NUMBERS"],
    },
    Offer {
        id: "3d6f0a2e-7c41-4b8e-9a55-0f6d5b1c2e02",
        name: "Cloud Connected PSTN (non-integrated)",
        kind: PstnConnectionType::NonIntegratedCcp,
        services: &["GEOGRAPHIC_NUMBERS", "TOLLFREE_NUMBERS", "SERVICE_NUMBERS"],
    },
    Offer {
        id: "3d6f0a2e-7c41-4b8e-9a55-0f6d5b1c2e03",
        name: "Cloud Connected PSTN (integrated)",
        kind: PstnConnectionType::IntegratedCcp,
        services: &["GEOGRAPHIC_NUMBERS", "TOLLFREE_NUMBERS"],
    },
    Offer {
        id: "3d6f0a2e-7c41-4b8e-9a55-0f6d5b1c2e04",
        name: "Cisco Calling Plan",
        kind: PstnConnectionType::CiscoPstn,
        services: &["GEOGRAPHIC_NUMBERS"],
    },
];

impl Offer {
    fn view(&self) -> wire::PstnConnection {
        wire::PstnConnection {
            id: self.id.to_owned(),
            display_name: self.name.to_owned(),
            pstn_services: self.services.iter().map(|&word| word.to_owned()).collect(),
            pstn_connection_type: Some(self.kind),
            route_type: None,
            route_id: None,
        }
    }
}

fn view(location: &Location, site: &CallingSite, details: bool) -> wire::CallingLocation {
    let route = site.route.as_ref().filter(|_| details);
    wire::CallingLocation {
        id: location.id,
        name: location.name.clone(),
        announcement_language: site.announcement_language.clone().filter(|_| details),
        calling_line_id: CallingLineId {
            name: Some(site.caller_name.clone().unwrap_or_else(|| location.name.clone())),
            phone_number: site.main_number.clone(),
        },
        connection: route.map(|(kind, id)| Connection {
            kind: *kind,
            id: id.clone(),
        }),
        external_caller_id_name: site.external_caller_id_name.clone().filter(|_| details),
        user_limit: details.then_some(100_000),
        p_access_network_info: site.p_access_network_info.clone().filter(|_| details),
        outside_dial_digit: site.outside_dial_digit.clone(),
        enforce_outside_dial_digit: site.enforce_outside_dial_digit,
        routing_prefix: site.routing_prefix.clone(),
        default_domain: None,
        charge_number: site.charge_number.clone().filter(|_| details),
        use_charge_number_for_p_charge_info: details.then_some(false),
        e911_setup_required: false,
    }
}

/// A location without Webex Calling, or none at all.
fn no_site() -> Error {
    Error::coded(
        CodedKind::NotFound,
        4008,
        "Could not find a location with Webex Calling with provided ID.",
    )
}

fn short_digits(member: &str, text: &str, most: usize) -> Result<String> {
    let good = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.to_owned())
        .ok_or_else(|| Error::invalid(format!("{member}: must be 1 to {most} digits, not {text:?}")))
}

fn short_text(member: &str, text: &str, most: usize) -> Result<String> {
    let length = text.chars().count();
    (length <= most)
        .then(|| text.to_owned())
        .ok_or_else(|| Error::invalid(format!("{member}: at most {most} characters, not {length}")))
}

impl Platform {
    /// The calling side of a location of this organization.
    pub(crate) async fn site(&self, org: OrgId, location: LocationId) -> Result<Kept<CallingSite>> {
        self.find_site(org, location).await?.ok_or_else(no_site)
    }

    pub(crate) async fn find_site(
        &self,
        org: OrgId,
        location: LocationId,
    ) -> Result<Option<Kept<CallingSite>>> {
        self.get(org, &location.uuid().to_string()).await
    }

    /// The location and its calling side.
    pub(super) async fn calling_location_of(
        &self,
        caller: &Caller,
        id: LocationId,
    ) -> Result<(Location, Kept<CallingSite>)> {
        let location = self.store.location(id).await.doing("reading a location")?;
        let location = location
            .filter(|location| location.org == caller.org)
            .ok_or_else(no_site)?;
        let site = self.site(caller.org, id).await?;
        Ok((location, site))
    }

    /// Locations with Webex Calling.
    ///
    /// # Errors
    /// Missing scope or role.
    pub async fn calling_locations(
        &self,
        caller: &Caller,
        name: Option<&str>,
        descending: bool,
        page: Page,
    ) -> Result<Part<wire::CallingLocation>> {
        caller.may_read_calling()?;
        let sites = self.list_all::<CallingSite>(caller.org, "all", "").await?;
        let mut found = Vec::with_capacity(sites.len());
        for site in sites {
            let location = self.store.location(site.location).await;
            let Some(location) = location.doing("reading a location")? else {
                continue;
            };
            if name.is_none_or(|part| rules::contains(&location.name, part)) {
                found.push(view(&location, &site, false));
            }
        }
        found.sort_by_key(|location| location.name.to_lowercase());
        if descending {
            found.reverse();
        }
        Ok(Part::cut(found.into_iter(), page))
    }

    /// One location with Webex Calling.
    ///
    /// # Errors
    /// Missing scope or role; unknown, or without Webex Calling.
    pub async fn calling_location(&self, caller: &Caller, id: LocationId) -> Result<wire::CallingLocation> {
        caller.may_read_calling()?;
        let (location, site) = self.calling_location_of(caller, id).await?;
        Ok(view(&location, &site, true))
    }

    /// Turns Webex Calling on in a location.
    ///
    /// # Errors
    /// Missing scope or role; a member is missing; unknown location; it is on already.
    pub async fn enable_calling(&self, caller: &Caller, request: &wire::EnableCalling) -> Result<LocationId> {
        caller.may_write_calling()?;
        let mut faults = Vec::new();
        for (member, there) in [
            ("id", request.id.is_some()),
            ("name", request.name.is_some()),
            ("timeZone", request.time_zone.is_some()),
            ("preferredLanguage", request.preferred_language.is_some()),
            (
                "address",
                request.address.as_ref().is_some_and(serde_json::Value::is_object),
            ),
        ] {
            if !there {
                faults.push(format!("{member}: is missing"));
            }
        }
        if !faults.is_empty() {
            return Err(Error::invalid_all(
                "The request to enable Webex Calling is not complete.",
                faults,
            ));
        }
        let id: LocationId = request
            .id
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|error: hallway_wire::id::IdError| Error::invalid(format!("id: {error}")))?;
        let location = self.own_location(caller, id).await?;
        if location.name.chars().count() > 80 {
            return Err(Error::invalid(
                "name: a location with Webex Calling has a name of at most 80 characters",
            ));
        }
        if self.find_site(caller.org, id).await?.is_some() {
            return Err(Error::conflict(format!(
                "{} has Webex Calling already.",
                location.name
            )));
        }
        let now = self.now();
        let site = CallingSite {
            org: caller.org,
            location: id,
            enabled: now,
            announcement_language: request
                .announcement_language
                .clone()
                .or_else(|| location.announcement_language.clone())
                .or_else(|| request.preferred_language.clone()),
            caller_name: None,
            main_number: None,
            external_caller_id_name: None,
            p_access_network_info: None,
            outside_dial_digit: None,
            enforce_outside_dial_digit: false,
            routing_prefix: None,
            charge_number: None,
            pstn: None,
            route: None,
        };
        let entry = audit::by(
            caller,
            now,
            "calling.enabled",
            &location.name,
            format!("enabled Webex Calling in {}", location.name),
        );
        self.commit(vec![put_new(&site)?, entry]).await?;
        Ok(id)
    }

    /// Takes Webex Calling away from a location that has no numbers and no lines any more, as Control Hub can.
    ///
    /// # Errors
    /// No full administrator; unknown; numbers or lines are left.
    pub async fn disable_calling(&self, caller: &Caller, id: LocationId) -> Result<()> {
        caller.require_full_admin()?;
        let (location, site) = self.calling_location_of(caller, id).await?;
        let here = Find::new(Number::KIND, caller.org, "number", id.uuid().to_string(), 1);
        if let Some(number) = self.list::<Number>(here).await?.items.first() {
            return Err(Error::conflict(format!(
                "{} still has numbers and extensions, like {}: remove them first.",
                location.name,
                number
                    .phone_number
                    .as_ref()
                    .or(number.extension.as_ref())
                    .map_or("", |it| it)
            )));
        }
        let entry = audit::by(
            caller,
            self.now(),
            "calling.disabled",
            &location.name,
            format!("disabled Webex Calling in {}", location.name),
        );
        self.commit(vec![site.delete(), entry]).await
    }

    /// Changes the calling side of a location.
    ///
    /// # Errors
    /// Missing scope or role; unknown; a member breaks a rule.
    pub async fn update_calling_location(
        &self,
        caller: &Caller,
        id: LocationId,
        request: &wire::CallingLocationUpdate,
    ) -> Result<wire::CallingLocationUpdated> {
        caller.may_write_calling()?;
        self.retrying(|| self.try_update_site(caller, id, request))
            .await?;
        // The routing prefix of every line changes with the location's: no job is needed for it.
        Ok(wire::CallingLocationUpdated::default())
    }

    async fn try_update_site(
        &self,
        caller: &Caller,
        id: LocationId,
        request: &wire::CallingLocationUpdate,
    ) -> Result<()> {
        let (location, kept) = self.calling_location_of(caller, id).await?;
        let mut site = kept.doc.clone();
        let mut writes = Vec::new();
        if let Some(language) = &request.announcement_language {
            site.announcement_language = Some(short_text("announcementLanguage", language, 20)?);
        }
        if let Some(line) = &request.calling_line_id {
            if let Some(name) = &line.name {
                let name = short_text("callingLineId.name", name, 30)?;
                site.caller_name = (!name.is_empty()).then_some(name);
            }
            if let Some(text) = line.phone_number.as_deref().filter(|text| !text.is_empty()) {
                self.change_main_number(&location, &mut site, text, &mut writes)
                    .await?;
            }
        }
        if let Some(connection) = &request.connection {
            if connection.id.trim().is_empty() {
                return Err(Error::invalid("connection.id: is empty"));
            }
            site.pstn = Some(PstnConnectionType::LocalGateway);
            site.route = Some((connection.kind, connection.id.trim().to_owned()));
        }
        if let Some(name) = &request.external_caller_id_name {
            let name = name
                .as_deref()
                .map(|it| short_text("externalCallerIdName", it, 30));
            site.external_caller_id_name = name.transpose()?.filter(|name| !name.is_empty());
        }
        if let Some(info) = &request.p_access_network_info {
            let info = info
                .as_deref()
                .map(|it| short_text("pAccessNetworkInfo", it, 256));
            site.p_access_network_info = info.transpose()?.filter(|info| !info.is_empty());
        }
        if let Some(digit) = &request.outside_dial_digit {
            let digit = digit.as_deref().filter(|digit| !digit.is_empty());
            site.outside_dial_digit = digit
                .map(|digit| short_digits("outsideDialDigit", digit, 1))
                .transpose()?;
        }
        if let Some(enforce) = request.enforce_outside_dial_digit {
            site.enforce_outside_dial_digit = enforce;
        }
        if let Some(prefix) = &request.routing_prefix {
            let prefix = prefix.as_deref().filter(|prefix| !prefix.is_empty());
            site.routing_prefix = prefix
                .map(|prefix| short_digits("routingPrefix", prefix, 7))
                .transpose()?;
            self.check_prefix(&site).await?;
        }
        if let Some(number) = &request.charge_number {
            let country = Some(location.address.country.as_str());
            site.charge_number =
                match number.as_deref().filter(|number| !number.is_empty()) {
                    None => None,
                    Some(text) => Some(normalize(text, country).ok_or_else(|| {
                        Error::invalid(format!("chargeNumber: {text:?} is no phone number"))
                    })?),
                };
        }
        writes.push(kept.put(&site)?);
        writes.push(audit::by(
            caller,
            self.now(),
            "calling.updated",
            &location.name,
            format!("changed Webex Calling in {}", location.name),
        ));
        self.commit(writes).await
    }

    /// Two locations with one routing prefix would have the same numbers from inside.
    async fn check_prefix(&self, site: &CallingSite) -> Result<()> {
        let Some(prefix) = &site.routing_prefix else {
            return Ok(());
        };
        let sites = self.list_all::<CallingSite>(site.org, "all", "").await?;
        let taken = sites
            .iter()
            .any(|other| other.location != site.location && other.routing_prefix.as_ref() == Some(prefix));
        if taken {
            return Err(Error::conflict(format!(
                "routingPrefix: another location has the prefix {prefix}."
            )));
        }
        Ok(())
    }

    /// The main number is a number of the location that nobody owns.
    async fn change_main_number(
        &self,
        location: &Location,
        site: &mut CallingSite,
        text: &str,
        writes: &mut Vec<crate::ports::Write>,
    ) -> Result<()> {
        let number = normalize(text, Some(&location.address.country)).ok_or_else(|| {
            Error::coded(
                CodedKind::Invalid,
                8362,
                format!("callingLineId.phoneNumber: DN is invalid : {text}"),
            )
        })?;
        if site.main_number.as_ref() == Some(&number) {
            return Ok(());
        }
        let found = self.get::<Number>(location.org, &number).await?;
        let Some(new) = found.filter(|found| found.location == location.id) else {
            return Err(Error::coded(
                CodedKind::Invalid,
                10_030_001,
                format!(
                    "callingLineId.phoneNumber: {number} is not a number of {}",
                    location.name
                ),
            ));
        };
        if new.owner.is_some() {
            return Err(Error::coded(
                CodedKind::Invalid,
                10_030_003,
                format!("callingLineId.phoneNumber: {number} belongs to somebody"),
            ));
        }
        if let Some(before) = &site.main_number
            && let Some(before) = self.get::<Number>(location.org, before).await?
        {
            writes.push(before.put(&Number {
                main: false,
                ..before.doc.clone()
            })?);
        }
        writes.push(new.put(&Number {
            main: true,
            ..new.doc.clone()
        })?);
        site.main_number = Some(number);
        Ok(())
    }

    /// How a location reaches the telephone network.
    ///
    /// # Errors
    /// Missing scope or role; unknown; no connection was chosen yet.
    pub async fn pstn_connection(&self, caller: &Caller, id: LocationId) -> Result<wire::PstnConnection> {
        caller.may_read_pstn()?;
        let (location, site) = self.calling_location_of(caller, id).await?;
        let offer = OFFERS.iter().find(|offer| Some(offer.kind) == site.pstn);
        let offer = offer.ok_or_else(|| Error::Missing {
            message: format!("{} has no PSTN connection yet.", location.name),
        })?;
        Ok(wire::PstnConnection {
            route_type: site.route.as_ref().map(|(kind, _)| *kind),
            route_id: site.route.as_ref().map(|(_, id)| id.clone()),
            ..offer.view()
        })
    }

    /// The ways to the telephone network that a location can choose from.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn pstn_options(&self, caller: &Caller, id: LocationId) -> Result<Vec<wire::PstnConnection>> {
        caller.may_read_pstn()?;
        self.calling_location_of(caller, id).await?;
        Ok(OFFERS.iter().map(Offer::view).collect())
    }

    /// Chooses a way to the telephone network: a non-integrated provider by its id, or a local gateway by a
    /// route. Integrated ones cannot be set by API.
    ///
    /// # Errors
    /// Missing scope or role; unknown; no such way, or one that needs Control Hub.
    pub async fn choose_pstn(
        &self,
        caller: &Caller,
        id: LocationId,
        request: &wire::PstnConnectionRequest,
    ) -> Result<()> {
        caller.may_write_pstn()?;
        let route = match (&request.premise_route_type, &request.premise_route_id) {
            (None, None) => None,
            (Some(kind), Some(route)) if !route.trim().is_empty() => Some((*kind, route.trim().to_owned())),
            _ => {
                return Err(Error::invalid(
                    "premiseRouteType and premiseRouteId: a local gateway needs both",
                ));
            }
        };
        let offer = match &request.id {
            Some(wanted) => Some(
                OFFERS
                    .iter()
                    .find(|offer| offer.id.eq_ignore_ascii_case(wanted.trim()))
                    .ok_or_else(|| Error::invalid(format!("id: {wanted} is not a connection option")))?,
            ),
            None => None,
        };
        let kind = match (offer.map(|offer| offer.kind), &route) {
            (Some(PstnConnectionType::NonIntegratedCcp), None) => PstnConnectionType::NonIntegratedCcp,
            (None | Some(PstnConnectionType::LocalGateway), Some(_)) => PstnConnectionType::LocalGateway,
            (Some(PstnConnectionType::LocalGateway), None) => {
                return Err(Error::invalid(
                    "premiseRouteType: a local gateway needs premiseRouteType and premiseRouteId",
                ));
            }
            (Some(PstnConnectionType::IntegratedCcp | PstnConnectionType::CiscoPstn), _) => {
                return Err(Error::invalid(
                    "id: an integrated PSTN connection cannot be set by API; it is set up in Control Hub",
                ));
            }
            (Some(PstnConnectionType::NonIntegratedCcp), Some(_)) => {
                return Err(Error::invalid(
                    "premiseRouteId: a cloud connection has no route of the premises",
                ));
            }
            (None, None) => {
                return Err(Error::invalid(
                    "id: is missing; give the id of a connection option, or premiseRouteType and premiseRouteId",
                ));
            }
        };
        self.retrying(|| self.keep_pstn(caller, id, kind, route.clone()))
            .await
    }

    /// Chooses any way to the telephone network, as Control Hub can.
    ///
    /// # Errors
    /// No full administrator; unknown.
    pub async fn choose_any_pstn(
        &self,
        caller: &Caller,
        id: LocationId,
        kind: PstnConnectionType,
    ) -> Result<()> {
        caller.require_full_admin()?;
        self.retrying(|| self.keep_pstn(caller, id, kind, None)).await
    }

    async fn keep_pstn(
        &self,
        caller: &Caller,
        id: LocationId,
        kind: PstnConnectionType,
        route: Option<(RouteType, String)>,
    ) -> Result<()> {
        let (location, kept) = self.calling_location_of(caller, id).await?;
        let changed = CallingSite {
            pstn: Some(kind),
            route,
            ..kept.doc.clone()
        };
        let entry = audit::by(
            caller,
            self.now(),
            "calling.pstnChosen",
            &location.name,
            format!(
                "connected {} to the telephone network by {}",
                location.name,
                kind.word()
            ),
        );
        self.commit(vec![kept.put(&changed)?, entry]).await
    }
}
