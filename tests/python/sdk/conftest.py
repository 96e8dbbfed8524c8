"""A Hallway of the built binary, and the SDKs pointed at it: configured from outside, never changed."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BINARY = os.environ.get("HALLWAY_BIN", str(HERE / "../../../target/release/hallway"))


class Hallway:
    """A running Hallway with the demo organization, and without a living day: nothing happens by itself."""

    def __init__(self, *args):
        self.folder = tempfile.TemporaryDirectory(prefix="hallway-python-")
        ready = Path(self.folder.name) / "ready.json"
        env = {key: value for key, value in os.environ.items() if not key.startswith("HALLWAY_")}
        self.child = subprocess.Popen(
            [BINARY, "serve", "--ephemeral", "--demo", "--seed", "1", "--speed", "0", "--listen", "127.0.0.1:0",
             "--allow-http", "--allow-private-targets", "--rate-limit", "0", "--ready-file", str(ready), *args],
            env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        def written():
            assert self.child.poll() is None, "hallway ended early"
            try:
                return json.loads(ready.read_text())
            except (FileNotFoundError, json.JSONDecodeError):
                return None
        self.ready = eventually(written, "the ready file is written")
        self.url = self.ready["url"]
        self.token = self.ready["adminToken"]

    def cli(self, *args):
        """Runs the command line against it, and returns what it printed as JSON."""
        done = subprocess.run([BINARY, "--json", *args], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "HALLWAY_URL": self.url, "HALLWAY_TOKEN": self.token})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def stop(self):
        self.child.terminate()
        self.child.wait(timeout=30)
        self.folder.cleanup()


def eventually(ask, what, seconds=30):
    """Asks until the answer is something; for what another process does in its own time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


class Receiver:
    """A receiver of webhooks that keeps the exact bytes it got."""

    def __init__(self):
        self.got = []
        self.answer = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.got.append((dict(self.headers.items()), body))
                self.send_response(receiver.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count=1):
        eventually(lambda: len(self.got) >= count, f"{count} deliveries; there are {len(self.got)}")
        return self.got[:count]

    def stop(self):
        self.server.shutdown()


@pytest.fixture(scope="session")
def hallway():
    house = Hallway()
    yield house
    house.stop()


@pytest.fixture
def receiver():
    it = Receiver()
    yield it
    it.stop()


@pytest.fixture
def unique():
    """A word that nothing else in the organization has."""
    return uuid.uuid4().hex[:10]


_NUMBERS = iter(range(1000, 9999))


@pytest.fixture
def numbers():
    """Makes phone numbers that are nobody's."""
    return lambda count: [f"+1972555{next(_NUMBERS):04}" for _ in range(count)]
