//! The lists of numbers (people-calling 5.1).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};

use hallway_wire::calling::{
    self as wire, AvailableNumber, NumberCount, NumberLocation, NumberState, NumberType, NumberUsage,
    OwnerType, PhoneNumberType, TelephonyType,
};
use hallway_wire::id::{LocationId, OrgId, PersonId, WorkspaceId};
use uuid::Uuid;

use super::{CallingSite, Number, Owner, normalize};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{After, Find};
use crate::records::{Document as _, Listed};

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    #[default]
    LastName,
    Number,
    Extension,
}

/// In which order numbers are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberOrder {
    pub by: SortBy,
    pub descending: bool,
}

/// Whether somebody has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    Free,
    Owned,
}

/// Which numbers; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct NumberQuery {
    pub location: Option<LocationId>,
    pub phone_number: Option<String>,
    pub extension: Option<String>,
    pub availability: Option<Availability>,
    /// Part of the name, in any case.
    pub owner_name: Option<String>,
    pub owner_id: Option<Uuid>,
    pub owner_type: Option<OwnerType>,
    /// `Some(true)`: extensions without a number; `Some(false)`: with one.
    pub extension_only: Option<bool>,
    pub line: Option<PhoneNumberType>,
    pub state: Option<NumberState>,
    pub toll_free: Option<bool>,
    pub telephony: Option<TelephonyType>,
    pub service: Option<bool>,
    /// Nothing here is one: `Some(true)` finds nothing.
    pub never: bool,
    pub order: NumberOrder,
    /// How many to pass over.
    pub start: usize,
}

impl NumberQuery {
    fn check(&self) -> Result<()> {
        if self.extension_only == Some(true) && (self.availability.is_some() || self.state.is_some()) {
            return Err(Error::invalid(
                "numberType: EXTENSION cannot be combined with available, assigned or state",
            ));
        }
        if self.availability == Some(Availability::Free) && self.owner_type.is_some() {
            return Err(Error::invalid(
                "ownerType: cannot be combined with available=true: free numbers have no owner",
            ));
        }
        Ok(())
    }

    fn fits(&self, number: &Number) -> bool {
        let owner = number.owner.as_ref();
        let with_number = number.phone_number.is_some();
        // State and kind of a line are asked of numbers only.
        let only_numbers = self.state.is_some() || self.line.is_some();
        self.location.is_none_or(|id| id == number.location)
            && (!only_numbers || with_number)
            && self.extension_only.is_none_or(|only| only != with_number)
            && self.phone_number.as_deref().is_none_or(|part| {
                let digits: String = part.chars().filter(char::is_ascii_digit).collect();
                !digits.is_empty()
                    && number
                        .phone_number
                        .as_deref()
                        .is_some_and(|it| it.contains(&digits))
            })
            && self
                .extension
                .as_deref()
                .is_none_or(|it| number.extension.as_deref() == Some(it.trim()))
            && self.availability.is_none_or(|wanted| match wanted {
                Availability::Free => number.is_free(),
                Availability::Owned => owner.is_some(),
            })
            && self.owner_name.as_deref().is_none_or(|part| {
                owner.is_some_and(|owner| full_name(owner).contains(&part.trim().to_lowercase()))
            })
            && self
                .owner_id
                .is_none_or(|id| owner.is_some_and(|owner| owner.id == id))
            && self
                .owner_type
                .is_none_or(|kind| owner.is_some_and(|owner| owner.kind == kind))
            && self.line.is_none_or(|line| number.line == Some(line))
            && self.state.is_none_or(|state| number.state == state)
            && self
                .toll_free
                .is_none_or(|free| (number.kind == NumberType::TollFree) == free)
            && self.telephony.is_none_or(|kind| telephony(number) == kind)
            && self
                .service
                .is_none_or(|service| (number.usage == NumberUsage::Service) == service)
            && !self.never
    }

    /// The index that holds all that fits, and as little else as possible.
    fn find(&self, org: OrgId, after: Option<After>, max: usize) -> Find {
        let here = self.location.map_or(String::new(), |id| id.uuid().to_string());
        let (index, value) = match (self.owner_id, self.availability, self.order.by) {
            (Some(owner), _, _) => ("owner", owner.to_string()),
            (None, Some(Availability::Free), SortBy::Number) => ("free", here),
            (None, _, SortBy::LastName) => ("name", here),
            (None, _, SortBy::Number) => ("number", here),
            (None, _, SortBy::Extension) => ("extension", here),
        };
        let find = Find::new(Number::KIND, org, index, value, max).after(after);
        if self.order.descending {
            find.newest_first()
        } else {
            find
        }
    }
}

fn full_name(owner: &Owner) -> String {
    let name = |name: &Option<String>| name.as_deref().unwrap_or_default().to_lowercase();
    format!("{} {}", name(&owner.first_name), name(&owner.last_name))
}

fn telephony(number: &Number) -> TelephonyType {
    match number.kind {
        NumberType::Mobile => TelephonyType::Mobile,
        NumberType::Did | NumberType::TollFree => TelephonyType::Pstn,
    }
}

fn owner_view(owner: &Owner) -> wire::NumberOwner {
    wire::NumberOwner {
        id: match owner.kind {
            OwnerType::Place => WorkspaceId::from_uuid(owner.id).to_string(),
            _ => PersonId::from_uuid(owner.id).to_string(),
        },
        kind: owner.kind,
        first_name: owner.first_name.clone(),
        last_name: owner.last_name.clone(),
    }
}

/// Names and sites of locations that a page needs, each read once.
#[derive(Default)]
struct Places(HashMap<LocationId, (String, Option<CallingSite>)>);

impl Platform {
    async fn place<'p>(
        &self,
        places: &'p mut Places,
        org: OrgId,
        id: LocationId,
    ) -> Result<&'p (String, Option<CallingSite>)> {
        match places.0.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let location = self.store.location(id).await.doing("reading a location")?;
                let site = self.find_site(org, id).await?.map(|site| site.doc);
                Ok(unknown.insert((location.map_or_else(String::new, |it| it.name), site)))
            }
        }
    }

    async fn number_view(&self, places: &mut Places, number: &Number) -> Result<wire::PhoneNumber> {
        let (name, site) = self.place(places, number.org, number.location).await?;
        let esn = number
            .extension
            .as_ref()
            .and_then(|extension| site.as_ref().map(|site| site.esn(extension)));
        let with_number = number.phone_number.is_some();
        Ok(wire::PhoneNumber {
            phone_number: number.phone_number.clone(),
            extension: number.extension.clone(),
            routing_prefix: number
                .extension
                .as_ref()
                .and_then(|_| site.as_ref().and_then(|site| site.routing_prefix.clone())),
            esn,
            state: with_number.then_some(number.state),
            phone_number_type: number.line.or(with_number.then_some(PhoneNumberType::Primary)),
            main_number: number.main,
            included_telephony_types: with_number.then(|| telephony(number)),
            toll_free_number: number.kind == NumberType::TollFree,
            is_service_number: number.usage == NumberUsage::Service,
            is_reserved_number: false,
            elin_enabled: false,
            location: NumberLocation {
                id: number.location,
                name: name.clone(),
            },
            owner: number.owner.as_ref().map(owner_view),
        })
    }

    /// A page of numbers that match, with how many of each kind there are where that is asked for (this counts
    /// all of them).
    ///
    /// # Errors
    /// Missing scope or role; conditions that exclude each other.
    pub async fn list_numbers(
        &self,
        caller: &Caller,
        query: &NumberQuery,
        details: bool,
        after: Option<After>,
        max: usize,
    ) -> Result<(wire::PhoneNumbers, Option<After>)> {
        caller.may_read_calling()?;
        query.check()?;
        let listed = self.find_numbers(caller.org, query, after, max).await?;
        let mut places = Places::default();
        let mut phone_numbers = Vec::with_capacity(listed.items.len());
        for number in &listed.items {
            phone_numbers.push(self.number_view(&mut places, number).await?);
        }
        let count = if details {
            Some(self.count_numbers(caller.org, query).await?)
        } else {
            None
        };
        Ok((wire::PhoneNumbers { phone_numbers, count }, listed.next))
    }

    async fn find_numbers(
        &self,
        org: OrgId,
        query: &NumberQuery,
        after: Option<After>,
        max: usize,
    ) -> Result<Listed<Number>> {
        // A whole number is looked up; a part of one is searched for.
        if let Some(text) = &query.phone_number
            && let Some(number) = normalize(text, None).or_else(|| normalize(text, Some("US")))
            && let Some(found) = self.get::<Number>(org, &number).await?
        {
            let exact = NumberQuery {
                phone_number: None,
                ..query.clone()
            };
            let fits = after.is_none() && query.start == 0 && exact.fits(&found);
            return Ok(Listed {
                items: fits.then_some(found).into_iter().collect(),
                next: None,
            });
        }
        let skip = AtomicUsize::new(if after.is_some() { 0 } else { query.start });
        let fits = |number: &Number| {
            query.fits(number)
                && skip
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_err()
        };
        self.list_where(query.find(org, after, max), fits).await
    }

    async fn count_numbers(&self, org: OrgId, query: &NumberQuery) -> Result<NumberCount> {
        const BATCH: usize = 1000;
        let mut count = NumberCount::default();
        let mut after = None;
        let of_location = NumberQuery {
            location: query.location,
            order: NumberOrder {
                by: SortBy::Number,
                descending: false,
            },
            ..NumberQuery::default()
        };
        loop {
            let listed = self.list::<Number>(of_location.find(org, after, BATCH)).await?;
            for number in &listed.items {
                let add = |counter: &mut u64, it: bool| *counter += u64::from(it);
                let with_number = number.phone_number.is_some();
                add(&mut count.assigned, with_number && number.owner.is_some());
                add(&mut count.un_assigned, with_number && number.owner.is_none());
                add(
                    &mut count.in_active,
                    with_number && number.state == NumberState::Inactive,
                );
                add(&mut count.extension_only, !with_number);
                add(&mut count.toll_free_numbers, number.kind == NumberType::TollFree);
                add(&mut count.mobile_number, number.kind == NumberType::Mobile);
                add(&mut count.service_number, number.usage == NumberUsage::Service);
                count.total += 1;
            }
            match listed.next {
                Some(next) => after = Some(next),
                None => return Ok(count),
            }
        }
    }

    /// Numbers that could be given to somebody, in a location or everywhere; with `owned` also those that
    /// belong to somebody.
    ///
    /// # Errors
    /// Missing scope or role; unknown location.
    pub async fn available_numbers(
        &self,
        caller: &Caller,
        query: &NumberQuery,
        owned: bool,
        after: Option<After>,
        max: usize,
    ) -> Result<(Vec<AvailableNumber>, Option<After>)> {
        caller.may_read_calling()?;
        if let Some(location) = query.location {
            self.calling_location_of(caller, location).await?;
        }
        let query = NumberQuery {
            availability: (!owned).then_some(Availability::Free),
            extension_only: Some(false),
            order: NumberOrder {
                by: SortBy::Number,
                descending: false,
            },
            ..query.clone()
        };
        let listed = self.find_numbers(caller.org, &query, after, max).await?;
        let view = |number: &Number| AvailableNumber {
            phone_number: number.phone_number.clone().unwrap_or_default(),
            state: number.state,
            is_main_number: number.main,
            telephony_type: telephony(number),
            toll_free_number: number.kind == NumberType::TollFree,
            is_service_number: number.usage == NumberUsage::Service,
            owner: number.owner.as_ref().map(owner_view),
        };
        Ok((listed.items.iter().map(|it| view(it)).collect(), listed.next))
    }
}
