"""A Hallway of the built binary, as a child process."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BINARY = pathlib.Path(os.environ.get("HALLWAY_BIN", HERE / "../../target/release/hallway")).resolve()


class House:
    """Starts `hallway serve` with a demo office in memory; ends it when the block ends."""

    def __init__(self, *more: str):
        self.more = more

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="hallway-python-")
        folder = pathlib.Path(self.folder.name)
        ready = folder / "ready.json"
        self.log = folder / "stderr"
        # The environment of the developer must not decide what is started.
        env = {k: v for k, v in os.environ.items() if k not in ("HALLWAY_URL", "HALLWAY_TOKEN")}
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [BINARY, "serve", "--ephemeral", "--demo", "--seed", "1", "--speed", "0", "--listen", "127.0.0.1:0",
                 "--allow-http", "--allow-private-targets", "--rate-limit", "0", "--ready-file", ready, *self.more],
                stdout=subprocess.DEVNULL, stderr=log, env={**env, "NO_COLOR": "1"})
        deadline = time.monotonic() + 30
        while True:
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"hallway did not start: {self.stderr()}")
            try:
                told = json.loads(ready.read_text())
                break
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.05)
        self.url, self.token, self.org = told["url"], told["adminToken"], told["orgId"]
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.folder.cleanup()

    def stderr(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path: str):
        """The JSON answer of a GET with the administrator's token."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def requests(self) -> dict[str, int]:
        """How many requests it has answered, by status: its own count."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        counts: dict[str, int] = {}
        for line in lines:
            if line.startswith("hallway_http_requests_total{"):
                labels, number = line.rsplit(" ", 1)
                status = labels.split('status="')[1].split('"')[0]
                counts[status] = counts.get(status, 0) + int(float(number))
        return counts
