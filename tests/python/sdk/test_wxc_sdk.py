"""wxc_sdk as PyPI has it, through people, licenses, locations, numbers, workspaces, devices, webhooks."""

import pytest
import wxc_sdk.rest
from wxc_sdk import WebexSimpleApi
from wxc_sdk.common import NumberState, PatternAction
from wxc_sdk.groups import Group, GroupMember
from wxc_sdk.licenses import LicenseProperties, LicenseRequest
from wxc_sdk.people import Person
from wxc_sdk.person_settings.numbers import UpdatePersonNumbers, UpdatePersonPhoneNumber
from wxc_sdk.rest import RestError
from wxc_sdk.webhook import Webhook, WebhookEventType, WebhookResource, WebhookStatus
from wxc_sdk.workspaces import CallingType, Workspace, WorkspaceCalling


@pytest.fixture(scope="module")
def api(hallway):
    wxc_sdk.rest.RestSession.BASE = f"{hallway.url}/v1"
    with WebexSimpleApi(tokens=hallway.token) as api:
        yield api


@pytest.fixture
def person(api, unique):
    made = api.people.create(Person(emails=[f"{unique}@example.com"], first_name="Test", last_name=unique,
                                    display_name=f"Test {unique}"))
    yield made
    try:
        api.people.delete_person(made.person_id)
    except RestError as error:
        assert error.response.status_code == 404


@pytest.fixture
def location(api, unique, hallway):
    """A location with Webex Calling and a connection whose numbers are managed by API."""
    made = api.locations.create(
        name=f"Site {unique}", time_zone="America/Chicago", preferred_language="en_us",
        announcement_language="en_us", address1="1 Main Street", city="Dallas", state="TX",
        postal_code="75001", country="US")
    details = api.locations.details(made)
    assert api.telephony.location.enable_for_calling(details) == made
    options = api.telephony.pstn.list(made)
    ours = next(it for it in options if "non-integrated" in it.display_name)
    api.telephony.pstn.configure(made, id=ours.id)
    return made


def calling_license(api):
    return next(it for it in api.licenses.list() if it.webex_calling_professional)


def test_who_i_am(api):
    me = api.people.me()
    assert me.emails and me.org_id
    assert any(role.name == "Full Administrator" and role.id in me.roles for role in api.roles.list())
    orgs = list(api.organizations.list())
    assert me.org_id in [org.org_id for org in orgs]
    assert api.organizations.details(me.org_id, calling_data=True).xsi_domain


def test_a_person_comes_changes_and_goes(api, unique):
    made = api.people.create(Person(emails=[f"{unique}@example.com"], first_name="Ada", last_name=unique))
    assert made.person_id and made.display_name
    found = list(api.people.list(email=f"{unique}@example.com"))
    assert [it.person_id for it in found] == [made.person_id]
    made = api.people.details(made.person_id, calling_data=True)
    made.title = "Countess"
    changed = api.people.update(made)
    assert (changed.title, changed.last_name) == ("Countess", unique)
    assert api.people.details(made.person_id).title == "Countess"
    with pytest.raises(RestError) as again:
        api.people.create(Person(emails=[f"{unique}@example.com"], first_name="Ada", last_name=unique))
    assert again.value.response.status_code == 409
    assert again.value.detail.tracking_id
    api.people.delete_person(made.person_id)
    with pytest.raises(RestError) as gone:
        api.people.details(made.person_id)
    assert gone.value.response.status_code == 404
    assert list(api.people.list(email=f"{unique}@example.com")) == []


def test_people_are_listed_in_pages(api):
    everybody = [it.person_id for it in api.people.list()]
    paged = [it.person_id for it in api.people.list(max=3)]
    assert sorted(paged) == sorted(everybody) and len(set(paged)) == len(paged)
    assert len(everybody) > 6


def test_roles_are_given_and_taken_without_touching_the_rest(api, person):
    before = api.people.details(person.person_id)
    role = next(it for it in api.roles.list() if it.name == "Read-only Administrator")
    asked = Person(person_id=person.person_id, display_name=before.display_name, roles=[role.id],
                   licenses=before.licenses, emails=before.emails)
    api.people.update(asked)
    after = api.people.details(person.person_id)
    assert after.roles == [role.id]
    assert (after.first_name, after.last_name, after.emails) == (before.first_name, before.last_name, before.emails)


def test_licenses(api):
    org = api.people.me().org_id
    licenses = api.licenses.list()
    assert any(it.webex_calling_professional for it in licenses)
    for it in licenses:
        assert it.lic_uuid and it.total_units >= it.consumed_units
        assert api.licenses.details(it.license_id).name == it.name
    assert org


def test_locations(api, unique):
    made = api.locations.create(name=f"Hill {unique}", time_zone="Europe/Oslo", preferred_language="nb_NO",
                                announcement_language="nb_NO", address1="Veien 1", city="Oslo", state=None,
                                postal_code="0150", country="NO")
    assert api.locations.by_name(f"Hill {unique}").location_id == made
    details = api.locations.details(made)
    details.name = f"Hilltop {unique}"
    api.locations.update(made, details)
    assert api.locations.details(made).name == f"Hilltop {unique}"
    floor = api.locations.create_floor(made, floor_number=2, display_name="Second")
    assert [it.id for it in api.locations.list_floors(made)] == [floor.id]
    api.locations.delete_floor(made, floor.id)
    api.locations.delete(made)
    with pytest.raises(RestError) as gone:
        api.locations.details(made)
    assert gone.value.response.status_code == 404


def test_calling_is_given_by_license(api, person, location, numbers):
    telephone, alternate = numbers(2)
    added = api.telephony.location.number.add(location, phone_numbers=[telephone, alternate])
    assert not added.errors
    free = list(api.telephony.phone_numbers(location_id=location, available=True))
    assert {it.phone_number for it in free} == {telephone, alternate}
    assert all(it.state == NumberState.inactive and it.owner is None for it in free)
    license = calling_license(api)
    api.licenses.assign_licenses_to_users(person_id=person.person_id, licenses=[LicenseRequest(
        id=license.license_id,
        properties=LicenseProperties(location_id=location, phone_number=telephone, extension="4711"))])
    after = calling_license(api)
    assert after.consumed_units == license.consumed_units + 1
    details = api.people.details(person.person_id, calling_data=True)
    assert (details.location_id, details.extension) == (location, "4711")
    assert [it.value for it in details.plus_e164] == [telephone]
    owned = list(api.telephony.phone_numbers(location_id=location, extension="4711"))
    assert [it.owner.owner_id for it in owned] == [person.person_id]

    # Alternate numbers come and go.
    before = api.person_settings.numbers.read(person.person_id)
    assert before.phone_numbers[0].primary and before.phone_numbers[0].direct_number == telephone
    change = lambda action: api.person_settings.numbers.update(person.person_id, UpdatePersonNumbers(
        enable_distinctive_ring_pattern=True,
        phone_numbers=[UpdatePersonPhoneNumber(primary=False, action=action, external=alternate)]))
    change(PatternAction.add)
    both = api.person_settings.numbers.read(person.person_id)
    assert [it.direct_number for it in both.phone_numbers] == [telephone, alternate]
    with pytest.raises(RestError) as twice:
        change(PatternAction.add)
    assert twice.value.response.status_code == 409
    change(PatternAction.delete)
    assert api.person_settings.numbers.read(person.person_id).phone_numbers == before.phone_numbers

    # Who leaves frees everything at once.
    api.people.delete_person(person.person_id)
    assert list(api.telephony.phone_numbers(location_id=location, extension="4711")) == []
    assert calling_license(api).consumed_units == license.consumed_units
    api.telephony.location.number.remove(location, [telephone, alternate])
    assert list(api.telephony.phone_numbers(location_id=location)) == []


def test_calling_is_given_by_update(api, person, location):
    license = calling_license(api)
    details = api.people.details(person.person_id, calling_data=True)
    details.licenses.append(license.license_id)
    details.location_id = location
    details.extension = "0815"
    updated = api.people.update(details, calling_data=True)
    assert updated.extension == "0815"
    numbers = [it for it in api.people.details(person.person_id).phone_numbers]
    assert len(numbers) == 1 and numbers[0].primary and numbers[0].number_type == "work_extension"
    # The extension is taken in this location now.
    said = api.telephony.location.validate_extensions(location, ["0815", "0816"])
    assert str(said.status).endswith("ERRORS") or said.status == "ERRORS"
    # Another location is refused for who calls already.
    details = api.people.details(person.person_id, calling_data=True)
    details.location_id = next(it.location_id for it in api.locations.list() if it.location_id != location)
    with pytest.raises(RestError) as moved:
        api.people.update(details, calling_data=True)
    assert moved.value.response.status_code == 400


def test_numbers_are_validated(api, location, numbers):
    one, = numbers(1)
    api.telephony.location.number.add(location, [one])
    said = api.telephony.validate_phone_numbers([one, "+1800"])
    states = {it.phone_number: it.state for it in said.phone_numbers}
    assert states == {one: "Duplicate", "+1800": "Invalid"}
    with pytest.raises(RestError) as taken:
        api.telephony.location.number.remove(location, ["+19725550000"])
    assert taken.value.response.status_code == 400 and taken.value.code == 25089


def test_groups(api, person, unique):
    made = api.groups.create(Group(display_name=f"Group {unique}", members=[GroupMember(member_id=person.person_id)]))
    assert [it.display_name for it in api.groups.list(list_filter=f'displayName eq "Group {unique}"')] == [f"Group {unique}"]
    members = list(api.groups.members(made.group_id))
    assert [it.member_id for it in members] == [person.person_id] and members[0].member_type == "user"
    api.groups.delete_group(made.group_id)


def test_workspaces_and_devices(api, unique):
    made = api.workspaces.create(Workspace(display_name=f"Room {unique}", capacity=4,
                                           calling=WorkspaceCalling(type=CallingType.free)))
    assert api.workspaces.details(made.workspace_id).display_name == f"Room {unique}"
    made.capacity = 8
    assert api.workspaces.update(made.workspace_id, made).capacity == 8
    api.workspaces.delete_workspace(made.workspace_id)
    with pytest.raises(RestError) as gone:
        api.workspaces.details(made.workspace_id)
    assert gone.value.response.status_code == 404
    devices = list(api.devices.list())
    assert devices
    details = api.devices.details(devices[0].device_id)
    assert details.display_name == devices[0].display_name


def test_webhooks(api, unique, receiver):
    made = api.webhook.create(name=f"Hook {unique}", target_url=receiver.url, resource=WebhookResource.rooms,
                              event=WebhookEventType.created, secret="s3cret")
    assert made.status == WebhookStatus.active
    assert made.webhook_id in [it.webhook_id for it in api.webhook.list()]
    changed = api.webhook.update(made.webhook_id, Webhook(
        name=f"Renamed {unique}", target_url=receiver.url, status=WebhookStatus.active,
        resource=WebhookResource.rooms, event=WebhookEventType.created, created=made.created))
    assert changed.name == f"Renamed {unique}"
    room = api.rooms.create(title=f"Room {unique}")
    (headers, body), = receiver.wait()
    assert headers["X-Spark-Signature"]
    assert room.id.encode() in body
    api.webhook.webhook_delete(made.webhook_id)
    with pytest.raises(RestError) as gone:
        api.webhook.details(made.webhook_id)
    assert gone.value.response.status_code == 404


def test_messaging(api, person, unique):
    room = api.rooms.create(title=f"Room {unique}")
    assert api.rooms.details(room.id).title == f"Room {unique}"
    kept = api.rooms.details(room.id)
    assert api.rooms.update(kept) == kept
    membership = api.membership.create(room_id=room.id, person_id=person.person_id)
    assert {it.person_id for it in api.membership.list(room_id=room.id)} >= {person.person_id}
    first = api.messages.create(room_id=room.id, text="hello")
    reply = api.messages.create(room_id=room.id, parent_id=first.id, markdown="**hi**")
    assert reply.html and reply.parent_id == first.id
    assert [it.id for it in api.messages.list(room_id=room.id)] == [reply.id, first.id]
    api.messages.delete(first.id)
    api.membership.delete(membership.id)
    api.rooms.delete(room.id)
    with pytest.raises(RestError) as gone:
        api.rooms.details(room.id)
    assert gone.value.response.status_code == 404


def test_errors_have_the_shape_that_the_sdk_parses(api):
    for ask, status in [
        (lambda: api.people.details("x"), 400),
        (lambda: api.licenses.details("Y2lzY29zcGFyazovL3VzL0xJQ0VOU0UvMDA"), 400),
        (lambda: api.telephony.location.details(api.people.me().org_id), 400),
        (lambda: api.rooms.create(title=""), 400),
    ]:
        with pytest.raises(RestError) as refused:
            ask()
        assert refused.value.response.status_code == status
        assert refused.value.detail.message and refused.value.detail.tracking_id


def test_audit(api, hallway):
    from datetime import datetime, timedelta, timezone
    now = datetime.now(timezone.utc)
    org = api.people.me().org_id
    events = list(api.admin_audit.list_events(org_id=org, from_=now - timedelta(days=1), to_=now + timedelta(minutes=1)))
    assert events and events[0].data.event_description
