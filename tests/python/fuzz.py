"""schemathesis against a Hallway: no 5xx, no undocumented status, type or shape, whatever is sent.

The operations come from the /openapi.json of the Hallway itself. FUZZ_SEED (default 1) chooses the requests,
FUZZ_REQUESTS (default 20000) how many there are at least.
"""

import math
import os
import shutil
import subprocess
import sys
import tempfile
import time

from house import HERE, House

#: What is left out, and why. A pair that names nothing fails the run: the list must not outlive its reasons.
EXCLUDED = [
    ("GET", "/hallway/v1/devices/{id}/link", "is a WebSocket; its handshake is tested in Rust"),
    ("DELETE", "/v1/organizations/{id}", "would end the organization that asks"),
    ("POST", "/hallway/v1/faults", "makes every other operation fail, which is what it is for"),
]
#: The same, for what is not there in every build.
EXCLUDED_WHERE_THERE = [
    ("GET", "/intercept", "is a page for people"),
    ("DELETE", "/v1/authorizations", "would end the token that asks"),
    ("DELETE", "/v1/authorizations/{id}", "would end the token that asks"),
]
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance",
]
METHODS = ("get", "post", "put", "patch", "delete")


def start(house, names, round_, seed, each, env):
    """One schemathesis with some of the operations; its output goes into a file."""
    output = tempfile.TemporaryFile("w+")
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{house.url}/openapi.json",
               "--header", f"Authorization: Bearer {house.token}",
               "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing" if round_ == 0 else "fuzzing",
               "--seed", str(int(seed) + round_), "--max-examples", str(each),
               "--request-timeout", "30", "--no-color", "--continue-on-failure",
               "--suppress-health-check", "all", "--warnings", "off", "--no-shrink",
               *[part for name in names for part in ("--include-operation-id", name)], *sys.argv[1:]]
    return subprocess.Popen(command, env=env, cwd=HERE, stdout=output, stderr=subprocess.STDOUT), output


def main() -> int:
    seed = os.environ.get("FUZZ_SEED", "1")
    wanted = int(os.environ.get("FUZZ_REQUESTS", "20000"))
    # Requests that failed before would be repeated first: the same seed must mean the same run.
    for remembered in (".schemathesis", ".hypothesis"):
        shutil.rmtree(HERE / remembered, ignore_errors=True)
    with House() as house:
        contract = house.get("/openapi.json")
        there = {(method.upper(), path) for path, item in contract["paths"].items() for method in item if method in METHODS}
        stale = [pair for *pair, _ in EXCLUDED if tuple(pair) not in there]
        if stale:
            print(f"excluded, but not there: {stale}")
            return 1
        excluded = [entry for entry in [*EXCLUDED, *EXCLUDED_WHERE_THERE] if (entry[0], entry[1]) in there]
        for method, path, why in excluded:
            print(f"left out: {method} {path}: {why}")
        left_out = {(method, path) for method, path, _ in excluded}
        chosen = sorted((path, method) for method, path in there if (method, path) not in left_out)
        names = [contract["paths"][path][method.lower()]["operationId"] for path, method in chosen]
        operations = len(names)
        me = house.get("/v1/people/me")
        env = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "FUZZ_SEED": seed, "PYTHONPATH": str(HERE),
               "FUZZ_KEPT": f"{me['id']} {house.org}"}
        started, before = time.monotonic(), sum(house.requests().values())
        round_, code = 0, 0
        # One round may generate fewer than it is allowed to: small operations have few different requests.
        while code == 0 and round_ < 5 and (made := sum(house.requests().values()) - before) < wanted:
            each = math.ceil((wanted - made) / operations)
            # Generating costs more than answering, and Python has one core to itself: so there are two of it.
            # Chapters stay together, because later operations need what earlier ones made.
            halves = [names[:operations // 2], names[operations // 2:]]
            runs = [start(house, half, round_, seed, each, env) for half in halves]
            for run, output in runs:
                failed = run.wait() != 0
                output.seek(0)
                if failed or os.environ.get("FUZZ_VERBOSE"):
                    print(output.read(), flush=True)
                code = code or failed
            round_ += 1
        counts = house.requests()
        made = sum(counts.values()) - before
        by_status = ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
        print(f"{made} requests to {operations} operations in {time.monotonic() - started:.0f} s, seed {seed} ({by_status})")
        failed = [status for status in counts if status.startswith("5") and status not in ("502", "503", "504")]
        errors = [line for line in house.stderr().splitlines() if " ERROR " in line or "panicked" in line]
        for line in errors[:20]:
            print(f"hallway says: {line}")
        if house.child.poll() is not None:
            print(f"hallway ended: {house.stderr()[-2000:]}")
            return 1
        if made < wanted:
            print(f"fewer than the {wanted} requests that are wanted")
            return 1
        return 1 if code or failed or errors else 0


if __name__ == "__main__":
    sys.exit(main())
