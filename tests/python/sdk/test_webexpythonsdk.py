"""webexpythonsdk as PyPI has it: rooms, messages, memberships, teams, people, webhooks, with paging and errors."""

import hashlib
import hmac
import json

import pytest
from webexpythonsdk import ApiError, WebexAPI


@pytest.fixture(scope="module")
def api(hallway):
    return WebexAPI(access_token=hallway.token, base_url=f"{hallway.url}/v1/")


def test_people(api, unique):
    me = api.people.me()
    assert me.emails and me.created
    made = api.people.create(emails=[f"{unique}+x@example.com"], displayName=f"P {unique}")
    assert [it.id for it in api.people.list(email=f"{unique}+x@example.com")] == [made.id]
    changed = api.people.update(made.id, displayName=f"Q {unique}")
    assert changed.displayName == f"Q {unique}" and changed.emails == [f"{unique}+x@example.com"]
    api.people.delete(made.id)
    with pytest.raises(ApiError) as gone:
        api.people.get(made.id)
    assert gone.value.status_code == 404 and gone.value.details["trackingId"]


def test_rooms_in_pages(api, unique):
    rooms = [api.rooms.create(f"{unique} {n}") for n in range(7)]
    listed = [it.id for it in api.rooms.list(max=3)]
    assert {room.id for room in rooms} <= set(listed)
    assert len(listed) == len(set(listed))
    for room in rooms:
        api.rooms.delete(room.id)


def test_messages_in_pages(api, unique):
    room = api.rooms.create(unique)
    sent = [api.messages.create(room.id, text=f"m{n}").id for n in range(11)]
    assert [it.id for it in api.messages.list(room.id, max=4)] == sent[::-1]
    got = api.messages.get(sent[0])
    assert got.text == "m0" and got.created.year >= 2026
    edited = api.messages.edit(messageId=sent[0], roomId=room.id, text="changed") if hasattr(api.messages, "edit") else None
    assert edited is None or edited.text == "changed"
    api.messages.delete(sent[0])
    with pytest.raises(ApiError) as gone:
        api.messages.get(sent[0])
    assert gone.value.status_code == 404


def test_files_and_cards(api, unique, tmp_path):
    room = api.rooms.create(unique)
    file = tmp_path / "hello.txt"
    file.write_text("hello from a file")
    message = api.messages.create(room.id, text="with a file", files=[str(file)])
    assert len(message.files) == 1
    card = {"contentType": "application/vnd.microsoft.card.adaptive",
            "content": {"type": "AdaptiveCard", "version": "1.2", "body": []}}
    with_card = api.messages.create(room.id, text="a card", attachments=[card])
    assert with_card.attachments[0]["content"]["type"] == "AdaptiveCard"
    action = api.attachment_actions.create(type="submit", messageId=with_card.id, inputs={"a": "1"})
    assert api.attachment_actions.get(action.id).inputs == {"a": "1"}


def test_teams(api, unique):
    team = api.teams.create(unique)
    members = list(api.team_memberships.list(team.id))
    assert len(members) == 1 and members[0].isModerator
    assert api.teams.update(team.id, name=f"{unique} 2").name == f"{unique} 2"
    api.teams.delete(team.id)


def test_memberships(api, unique):
    room = api.rooms.create(unique)
    other = next(it for it in api.people.list(max=5) if it.id != api.people.me().id)
    made = api.memberships.create(room.id, personEmail=other.emails[0])
    with pytest.raises(ApiError) as again:
        api.memberships.create(room.id, personId=other.id)
    assert again.value.status_code == 409
    assert api.memberships.update(made.id, isModerator=True).isModerator
    api.memberships.delete(made.id)


def test_webhooks_are_signed(api, unique, receiver):
    secret = "geheim é"
    room = api.rooms.create(f"Ünïcode / {unique}")
    hook = api.webhooks.create(name=unique, targetUrl=receiver.url, resource="messages", event="created",
                               filter=f"roomId={room.id}", secret=secret)
    message = api.messages.create(room.id, text="never in the payload")
    (headers, body), = receiver.wait()
    expected = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    assert hmac.compare_digest(headers["X-Spark-Signature"], expected)
    envelope = json.loads(body)
    assert (envelope["id"], envelope["name"], envelope["event"]) == (hook.id, unique, "created")
    assert envelope["data"]["id"] == message.id
    assert b"never in the payload" not in body and secret.encode() not in body
    assert api.webhooks.update(hook.id, name=f"{unique} 2", targetUrl=receiver.url).name == f"{unique} 2"
    api.webhooks.delete(hook.id)
    with pytest.raises(ApiError) as gone:
        api.webhooks.get(hook.id)
    assert gone.value.status_code == 404


def test_bad_requests(api):
    for ask, status in [
        (lambda: api.rooms.get("x"), 400),
        (lambda: list(api.messages.list("x")), 400),
        (lambda: api.webhooks.create(name="n", targetUrl="ftp://x", resource="rooms", event="created"), 400),
        (lambda: api.webhooks.create(name="n", targetUrl="http://x", resource="nonsense", event="created"), 400),
        (lambda: api.licenses.get("x"), 400),
    ]:
        with pytest.raises(ApiError) as refused:
            ask()
        assert refused.value.status_code == status, refused.value


def test_a_wrong_token(hallway):
    with pytest.raises(ApiError) as refused:
        WebexAPI(access_token="nonsense", base_url=f"{hallway.url}/v1/").people.me()
    assert refused.value.status_code == 401


def test_others(api):
    assert list(api.licenses.list()) and list(api.roles.list()) and list(api.organizations.list())
