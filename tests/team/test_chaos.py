"""Two servers and three workers, killed and started again at random under load: nothing lost, nothing twice, nothing
paid twice. Real processes, a real PostgreSQL, a model on loopback."""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from contox_hooks.domain.access import Scope
from contox_hooks.memory.service import Service
from contox_hooks.wire.envelope import envelope, iso_ms
from contox_hooks.wire.signature import sign_extended
from tests.model.server import Asked, ModelServer, Said, says
from tests.pipeline.answers import answer
from tests.team.test_worker import HASTY, wait_for

EVENTS = 60
SENDERS = 3
ROUNDS = 6
"""Of killing: each takes one server and one worker."""
SEED = 7


@dataclass
class Herd:
    """Processes that are started again whenever they die."""

    url: str
    ports: list[int]
    held: ExitStack
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        kind, _, number = name.partition("-")
        command = [sys.executable, "-c", HASTY, kind, "--database", self.url]
        if kind == "serve":
            command += ["--port", str(self.ports[int(number)]), "--requests-a-minute", "0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes[name] = process
        self.held.callback(process.wait)
        self.held.callback(process.kill)

    def kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()
        self.start(name)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def event_text(number: int) -> str:
    diff = f"diff --git a/m{number}.py b/m{number}.py\n--- a/m{number}.py\n+++ b/m{number}.py\n@@ -1 +1,3 @@\n-a\n+def part_{number}() -> int:\n+    return {number}\n+    # kept\n"
    commit = {
        "sha": f"{number:012x}", "message": f"Keep part {number} in one file, since readers never wait", "author": "Ada Example",
        "timestamp": "2026-01-02T03:04:05Z", "filesChanged": [f"m{number}.py"], "insertions": 3, "deletions": 1, "diff": diff,
    }  # fmt: skip
    return json.dumps(
        {
            "type": "vscode_capture",
            "commits": [commit],
            "filesModified": [],
            "sessionDurationMs": 1,
            "activeEditorFiles": [],
        }
    )


@dataclass
class Sender:
    """Sends until it is told 202, as a client with an outbox does: signed anew each time, the same event."""

    herd: Herd
    key: str
    secret: str
    project_id: str
    answers: dict[int, dict[str, str]] = field(default_factory=dict)
    last: str = ""
    """What became of the latest try that was not taken."""

    def send(self, numbers: list[int], source: str) -> None:
        rng = random.Random(source)
        for number in numbers:
            while number not in self.answers:
                port = rng.choice(self.herd.ports)
                try:
                    answer = httpx.post(
                        f"http://127.0.0.1:{port}/api/v2/ingest", content=self.body(number, source), timeout=5, trust_env=False,
                        headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
                    )  # fmt: skip
                    if answer.status_code == 202:
                        self.answers[number] = answer.json()
                    else:
                        self.last = f"{answer.status_code} {answer.text}"
                        assert answer.status_code >= 500, answer.text
                except httpx.HTTPError as error:
                    self.last = repr(error)
                time.sleep(0.01)

    def body(self, number: int, source: str) -> bytes:
        text, at = event_text(number), iso_ms(time.time())
        signature = sign_extended(self.secret, source=source, timestamp=at, project_id=self.project_id, event_text=text)
        return envelope(
            source=source, project_id=self.project_id, event_text=text, timestamp=at, nonce=uuid.uuid4().hex,
            signature=signature, skip_enrichment=False,
        )  # fmt: skip


def test_chaos(postgres_url: str, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    paid: Counter[str] = Counter()

    def respond(asked: Asked) -> Said:
        paid.update(re.findall(r'"commit": "([0-9a-f]{12})"', asked.user))
        time.sleep(0.05)
        return says(answer())

    model_server.respond = respond
    monkeypatch.setenv("CONTOX_MODEL_KEY", "sk-" + "test")
    with Service.open(postgres_url) as service, ExitStack() as held:
        project = service.projects.create("demo")
        for name, value in {
            "model": "small", "model_provider": "custom", "model_url": model_server.url, "model_small": "test-model",
            "model_price": "1/1", "min_interval_s": 1, "cents_a_day": 100_000, "tokens_a_day": 10**9, "tokens_a_session": 10**9,
        }.items():  # fmt: skip
            service.projects.set_setting(project.id, name, value)
        owner = service.access.add_person("owner", is_owner=True)
        _, key = service.access.create_key(owner.id, "chaos", scopes=set(Scope))
        secret = service.access.ensure_secret(project.id)

        herd = Herd(postgres_url, [free_port(), free_port()], held)
        names = ["serve-0", "serve-1", "worker-0", "worker-1", "worker-2"]
        for name in names:
            herd.start(name)
        sender = Sender(herd, key, secret, project.id)
        sources = ["vscode", "cursor", "windsurf"]
        threads = [
            threading.Thread(target=sender.send, args=(list(range(number, EVENTS, SENDERS)), sources[number])) for number in range(SENDERS)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        rng = random.Random(SEED)
        for _ in range(ROUNDS):
            time.sleep(1.5)
            herd.kill(rng.choice(names[:2]))
            herd.kill(rng.choice(names[2:]))
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), sender.last

        # Every event was acknowledged, and is there once.
        assert sorted(sender.answers) == list(range(EVENTS))
        keys = [row["key"] for row in service.store.rows("SELECT key FROM event WHERE type = 'commit'")]
        assert sorted(keys) == sorted(f"commit:{number:012x}" for number in range(EVENTS))
        # All of it becomes memory, whoever died over it.
        wait_for(_nothing_left(service, project.id), most_s=90)
        # No commit was sent to the model twice.
        assert paid
        assert not {text: times for text, times in paid.items() if times > 1}


def _nothing_left(service: Service, project_id: str) -> Callable[[], bool]:
    def check() -> bool:
        for job in service.jobs.failed(project_id):
            service.jobs.retry(job.session_id)
        return not service.jobs.unprocessed(project_id) and not service.jobs.pending_count(project_id)

    return check
