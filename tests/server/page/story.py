"""Sessions to show, in every state; and a text that wants to be more than text."""

from __future__ import annotations

import time

from contox_hooks.domain.event import Event
from contox_hooks.domain.pipeline import Job
from contox_hooks.memory.service import Service
from tests.memory.events import commit

HOUR = 3600

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \x1b[31m\u202eevil\u2066 {{ 7 * 7 }} &amp;"

DIFF = """\
--- a/app.py
+++ b/app.py
@@ -1,4 +1,5 @@ def greet
 def greet(name):
-    return "Hello " + name
+    if not name:
+        raise ValueError("a greeting needs a name")
+    return f"Hello {name}"
"""


def one_commit(number: int, ago_s: int, *, subject: str = "", diff: str = DIFF, body: str = "") -> Event:
    """Made so long ago."""
    return commit(number, int(time.time()) - ago_s, subject=subject or f"Step {number}", diff=diff, body=body)


def session_of(service: Service, project_id: str, *events: Event) -> str:
    return service.ingest(project_id, events)[0].session_id


def asked(service: Service, session_id: str) -> list[Job]:
    """The pipeline, asked for: five jobs in the queue."""
    service.jobs.request([session_id], trigger="manual")
    return service.jobs.of_session(session_id)


def through(service: Service, jobs: list[Job], *, failing: int | None = None, error: str = "it broke") -> None:
    """All stages one after the other; the one at `failing` ends the run."""
    for number, job in enumerate(jobs):
        service.jobs.start(job)
        if number == failing:
            service.jobs.finish(job, "failed", error=error)
            return
        service.jobs.finish(job, "done", detail=f"{number} things done")
