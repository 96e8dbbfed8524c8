//! Webex Calling as the REST API shows and takes it: locations, numbers, lines (people-calling 4 and 5).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::LocationId;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $(#[serde(rename = $word)] $variant,)*
        }
        impl $name {
            /// Every spelling of the wire.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];

            /// As it is spelled on the wire.
            pub const fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }

            /// Reads the spelling of the wire, in any case.
            pub fn from_word(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($word) {
                    return Some($name::$variant);
                })*
                None
            }
        }
    };
}

words! {
    /// Whether calls reach a number.
    NumberState {
        Active "ACTIVE",
        Inactive "INACTIVE",
    }
}

words! {
    /// What kind of number it is.
    NumberType {
        Did "DID",
        TollFree "TOLLFREE",
        Mobile "MOBILE",
    }
}

words! {
    /// What a number is meant for.
    NumberUsage {
        None "NONE",
        Service "SERVICE",
    }
}

words! {
    /// Which of its owner's lines a number is.
    PhoneNumberType {
        Primary "PRIMARY",
        Alternate "ALTERNATE",
        Fax "FAX",
        Dnis "DNIS",
    }
}

words! {
    /// Who or what a number belongs to.
    OwnerType {
        People "PEOPLE",
        Place "PLACE",
        AutoAttendant "AUTO_ATTENDANT",
        CallQueue "CALL_QUEUE",
        PagingGroup "PAGING_GROUP",
        HuntGroup "HUNT_GROUP",
        VoiceMessaging "VOICE_MESSAGING",
        BroadworksAnywhere "BROADWORKS_ANYWHERE",
        ContactCenterLink "CONTACT_CENTER_LINK",
        RouteList "ROUTE_LIST",
        VoicemailGroup "VOICEMAIL_GROUP",
        VirtualLine "VIRTUAL_LINE",
    }
}

words! {
    /// Which network a number comes from.
    TelephonyType {
        Pstn "PSTN_NUMBER",
        Mobile "MOBILE_NUMBER",
    }
}

words! {
    /// How a phone rings for an alternate number.
    RingPattern {
        Normal "NORMAL",
        LongLong "LONG_LONG",
        ShortShortLong "SHORT_SHORT_LONG",
        ShortLongShort "SHORT_LONG_SHORT",
    }
}

words! {
    /// How a location reaches the telephone network. Numbers are managed by API for the first two only.
    PstnConnectionType {
        LocalGateway "LOCAL_GATEWAY",
        NonIntegratedCcp "NON_INTEGRATED_CCP",
        IntegratedCcp "INTEGRATED_CCP",
        CiscoPstn "CISCO_PSTN",
    }
}

words! {
    /// What a local gateway is reached by.
    RouteType {
        RouteGroup "ROUTE_GROUP",
        Trunk "TRUNK",
    }
}

words! {
    /// What happens to the state of numbers.
    NumberStateAction {
        Activate "ACTIVATE",
        Deactivate "DEACTIVATE",
    }
}

words! {
    /// What happens to a person's alternate number.
    NumberAction {
        Add "ADD",
        Delete "DELETE",
    }
}

/// Whose caller id a location shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallingLineId {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The main number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

/// A trunk or route group of a local gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    #[serde(rename = "type")]
    pub kind: RouteType,
    pub id: String,
}

/// A location with Webex Calling. Lists leave out what only the details show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallingLocation {
    pub id: LocationId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement_language: Option<String>,
    pub calling_line_id: CallingLineId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_caller_id_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_limit: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_access_network_info: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_dial_digit: Option<String>,
    pub enforce_outside_dial_digit: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_domain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_charge_number_for_p_charge_info: Option<bool>,
    pub e911_setup_required: bool,
}

/// Answer of `GET /telephony/config/locations`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CallingLocations {
    pub locations: Vec<CallingLocation>,
}

/// Body that turns Webex Calling on in a location. Everything but the id is compared with the location, or
/// taken over where it is missing there.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnableCalling {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub time_zone: Option<String>,
    #[serde(default)]
    pub preferred_language: Option<String>,
    #[serde(default)]
    pub announcement_language: Option<String>,
    #[serde(default)]
    #[schemars(with = "Option<serde_json::Value>")]
    pub address: Option<serde_json::Value>,
}

/// Body of `PUT /telephony/config/locations/{id}`: what is absent stays, null clears.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallingLocationUpdate {
    #[serde(default)]
    pub announcement_language: Option<String>,
    #[serde(default)]
    pub calling_line_id: Option<CallingLineId>,
    #[serde(default)]
    pub connection: Option<Connection>,
    #[serde(default, deserialize_with = "given")]
    pub external_caller_id_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    pub p_access_network_info: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    pub outside_dial_digit: Option<Option<String>>,
    #[serde(default)]
    pub enforce_outside_dial_digit: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    pub routing_prefix: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    pub charge_number: Option<Option<String>>,
}

/// Tells null from absent.
fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Answer of `PUT /telephony/config/locations/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallingLocationUpdated {
    /// The job that changes the numbers, where the routing prefix changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_job_id: Option<String>,
}

/// The connection of a location to the telephone network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PstnConnection {
    pub id: String,
    pub display_name: String,
    pub pstn_services: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pstn_connection_type: Option<PstnConnectionType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_type: Option<RouteType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<String>,
}

/// Answer of `GET …/connectionOptions`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PstnConnectionOptions {
    pub items: Vec<PstnConnection>,
}

/// Body of `PUT …/connection`: `id` of a provider, or a route to a local gateway.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PstnConnectionRequest {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub premise_route_type: Option<RouteType>,
    #[serde(default)]
    pub premise_route_id: Option<String>,
}

/// Body of the management API, which may choose an integrated connection as Control Hub does.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PstnChoice {
    pub pstn_connection_type: PstnConnectionType,
}

/// Where a number is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NumberLocation {
    pub id: LocationId,
    pub name: String,
}

/// Whose number it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumberOwner {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: OwnerType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
}

/// A number, or an extension without one, in the organization's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhoneNumber {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub esn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<NumberState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number_type: Option<PhoneNumberType>,
    pub main_number: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_telephony_types: Option<TelephonyType>,
    pub toll_free_number: bool,
    pub is_service_number: bool,
    pub is_reserved_number: bool,
    pub elin_enabled: bool,
    pub location: NumberLocation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<NumberOwner>,
}

/// How many numbers of which kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumberCount {
    pub assigned: u64,
    pub un_assigned: u64,
    pub in_active: u64,
    pub extension_only: u64,
    pub toll_free_numbers: u64,
    pub total: u64,
    pub mobile_number: u64,
    pub service_number: u64,
    pub reserved_number: u64,
    pub elin: u64,
}

/// Answer of `GET /telephony/config/numbers`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhoneNumbers {
    pub phone_numbers: Vec<PhoneNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<NumberCount>,
}

/// A number that may be given to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailableNumber {
    pub phone_number: String,
    pub state: NumberState,
    pub is_main_number: bool,
    pub telephony_type: TelephonyType,
    pub toll_free_number: bool,
    pub is_service_number: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<NumberOwner>,
}

/// Answer of the lists of available numbers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailableNumbers {
    pub phone_numbers: Vec<AvailableNumber>,
}

/// Body that adds numbers to a location.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddNumbers {
    #[serde(default)]
    pub phone_numbers: Vec<String>,
    #[serde(default)]
    pub number_type: Option<NumberType>,
    #[serde(default)]
    pub number_usage_type: Option<NumberUsage>,
    #[serde(default)]
    pub state: Option<NumberState>,
    #[serde(default)]
    pub subscription_id: Option<String>,
    #[serde(default)]
    pub carrier_id: Option<String>,
}

/// Body that activates or deactivates numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManageNumbers {
    #[serde(default)]
    pub phone_numbers: Vec<String>,
    #[serde(default)]
    pub action: Option<NumberStateAction>,
}

/// Body that removes numbers, or asks whether numbers are good.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumberList {
    #[serde(default)]
    pub phone_numbers: Vec<String>,
}

words! {
    /// What validation says about a number.
    NumberVerdict {
        Available "Available",
        Duplicate "Duplicate",
        DuplicateInList "Duplicate In List",
        Invalid "Invalid",
        Unavailable "Unavailable",
    }
}

words! {
    /// What validation says about a list.
    Verdict {
        Ok "OK",
        Errors "ERRORS",
    }
}

/// What validation says about a number. It has both keys that clients look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidatedNumber {
    pub number: String,
    pub phone_number: String,
    pub state: NumberVerdict,
    pub toll_free_number: bool,
    pub detail: Vec<String>,
}

/// Answer of validateNumbers: the same list under both names that clients look for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidatedNumbers {
    pub status: Verdict,
    pub numbers: Vec<ValidatedNumber>,
    pub phone_numbers: Vec<ValidatedNumber>,
}

/// Body of validateExtensions.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExtensionList {
    #[serde(default)]
    pub extensions: Vec<String>,
}

words! {
    /// What validation says about an extension.
    ExtensionVerdict {
        Valid "VALID",
        Duplicate "DUPLICATE",
        DuplicateInList "DUPLICATE_IN_LIST",
        Invalid "INVALID",
    }
}

/// What validation says about an extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidatedExtension {
    pub extension: String,
    pub state: ExtensionVerdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Answer of validateExtensions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidatedExtensions {
    pub status: Verdict,
    pub extension_status: Vec<ValidatedExtension>,
}

/// One number of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonNumber {
    pub primary: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub esn: Option<String>,
    /// Alternates only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_pattern: Option<RingPattern>,
}

/// Answer of `GET /people/{id}/features/numbers`: the primary one first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonNumbers {
    pub distinctive_ring_enabled: bool,
    pub phone_numbers: Vec<PersonNumber>,
}

/// Body of `PUT /telephony/config/people/{id}/numbers`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonNumbersUpdate {
    #[serde(default)]
    pub enable_distinctive_ring_pattern: Option<bool>,
    #[serde(default)]
    pub phone_numbers: Vec<PersonNumberChange>,
}

/// A change of one alternate number. wxc_sdk calls the number `external`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonNumberChange {
    #[serde(default)]
    pub primary: Option<bool>,
    #[serde(default)]
    pub action: Option<NumberAction>,
    #[serde(default, alias = "external")]
    pub direct_number: Option<String>,
    #[serde(default)]
    pub extension: Option<String>,
    #[serde(default)]
    pub ring_pattern: Option<RingPattern>,
}

/// Answer of `GET /telephony/config/people/{id}/services`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CallingServices {
    pub services: Vec<String>,
}
