"""What schemathesis cannot know: which ids exist.

Random ids are 404 everywhere, which would test little. So most ids of a request are replaced by ones that the
answers before named; deleting and making things goes on all the time. Loaded by SCHEMATHESIS_HOOKS.
"""

import collections
import json
import os
import random
import re
import threading

import schemathesis

_lock = threading.Lock()
_random = random.Random(int(os.environ.get("FUZZ_SEED", "1")))
#: Ids by what they name ("workspaces", "devices").
_pool: dict[str, collections.deque] = collections.defaultdict(lambda: collections.deque(maxlen=40))
#: What must live on: without the administrator and its organization nothing else can be asked.
_kept = set(os.environ.get("FUZZ_KEPT", "").split())
#: Members and parameters that hold ids, and what those name.
_ALSO = {"location": "locations", "floor": "floors", "placeId": "workspaces", "person": "people",
         "personId": "people", "app": "integrations", "org": "organizations", "actorId": "people",
         "workspaceLocationId": "workspaceLocations", "hostUserId": "people", "managerId": "people"}
_HOW_OFTEN = 0.7


def _noun(name: str, before: str) -> str:
    if name == "id":
        return before
    if name in _ALSO:
        return _ALSO[name]
    if name.endswith("Id"):
        stem = name[:-2]
        return stem[:-1] + "ies" if stem.endswith("y") else stem + "s"
    return name


def _one(noun: str, changing: bool):
    with _lock:
        if _random.random() > _HOW_OFTEN or not _pool[noun]:
            return None
        chosen = _random.choice(list(_pool[noun]))
    return None if changing and chosen in _kept else chosen


def _nouns_of(path: str):
    """The braces of a path, with what each names."""
    before = ""
    for segment in path.split("/"):
        if segment.startswith("{"):
            name = segment.strip("{}")
            yield name, _noun(name, before)
        else:
            before = segment


def _fill(value, depth=0):
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str) and (name.endswith("Id") or name in _ALSO):
                real = _one(_noun(name, ""), False)
                if real is not None:
                    value[name] = real
            elif depth < 4:
                _fill(member, depth + 1)
    elif isinstance(value, list) and depth < 4:
        for item in value:
            _fill(item, depth + 1)


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    changing = case.method.upper() in ("DELETE", "PUT", "PATCH") or path.startswith("/hallway")
    if isinstance(case.path_parameters, dict):
        for name, noun in _nouns_of(path):
            real = _one(noun, changing)
            if name in case.path_parameters:
                if real is not None:
                    case.path_parameters[name] = real
                elif changing and str(case.path_parameters[name]) in _kept:
                    case.path_parameters[name] = "x"
    if isinstance(case.query, dict):
        for name in list(case.query):
            if name.endswith("Id") and isinstance(case.query[name], (str, list)):
                real = _one(_noun(name, ""), False)
                if real is not None:
                    case.query[name] = [real] if isinstance(case.query[name], list) else real
    _fill(case.body)


_ID = re.compile(r"^[A-Za-z0-9_=:.-]{8,}$")


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code not in (200, 201):
        return
    try:
        body = json.loads(response.content)
    except ValueError:
        return
    segments = [segment for segment in case.operation.path.split("/") if segment and not segment.startswith("{")]
    noun = segments[-1] if segments else ""
    if not isinstance(body, dict):
        return
    items = body.get("items") if isinstance(body.get("items"), list) else [body]
    with _lock:
        for item in items[-20:]:
            if isinstance(item, dict):
                found = item.get("id") or item.get("appId")
                if isinstance(found, str) and _ID.match(found) and found not in _pool[noun]:
                    _pool[noun].append(found)
