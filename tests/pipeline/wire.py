"""The pipeline's first stage with a model at the other end of a real connection, and what such a model says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contox_hooks.domain.pipeline import STAGES, Stage
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.model.client import ModelClient
from contox_hooks.model.ledger import Caps, Ledger
from contox_hooks.model.metering import Meter, Priced
from contox_hooks.model.preset import PRESETS, Price
from contox_hooks.pipeline.enrich import enrich
from contox_hooks.pipeline.model_extractor import ModelExtractor
from contox_hooks.pipeline.runner import RunReport, run_pending
from contox_hooks.pipeline.work import Registry, Tools, Work, Writing, skip
from contox_hooks.wire.endpoint import parse_endpoint
from tests.memory.events import DAY, Clock, a_project, commit, open_service
from tests.model.server import Asked
from tests.pipeline.answers import answer
from tests.pipeline.bench import Topics

PRICE = Price(150_000, 600_000)
KEY = "sk-" + "test-" + "0123456789abcdef"
ENDLESS = Caps(10**9, 10**9, 10**9)


def _later(work: Work) -> Writing:
    return skip("not in this test")


ENRICH_ONLY: Registry = {**dict.fromkeys(STAGES, _later), Stage.ENRICH: enrich}


def prepared(folder: Path, commits: int = 3, **fields: Any) -> str:
    """A store with one session and its run; the project's id."""
    with open_service(folder) as service:
        project = a_project(service)
        service.ingest(
            project.id,
            [
                commit(n, DAY + n * 60, **{"subject": f"Decide about thing {n}", "files": (f"src/m{n}.py",), **fields})
                for n in range(commits)
            ],
        )  # fmt: skip
        service.jobs.request(service.jobs.unprocessed_sessions(project.id), trigger="manual")
        return project.id


def meter(folder: Path, urls: Sequence[str], *, paid: bool = True, caps: Caps = ENDLESS, total_s: float = 5.0) -> Meter:
    store = Store.open(folder / "memory.db", clock=Clock())
    project = a_project(Service(store))
    models = [
        Priced(
            ModelClient(
                f"provider{n}", parse_endpoint(url), "small", PRESETS["mistral"], KEY, folder / "data", paid, total_s
            ),
            PRICE,
        )
        for n, url in enumerate(urls, 1)
    ]  # fmt: skip
    return Meter(models, Ledger(store, project.id), caps)


def run(folder: Path, asker: Meter, *, stages: Registry = ENRICH_ONLY) -> RunReport:
    def tools_for(project: Project, clones: Sequence[Path]) -> Tools:
        return Tools(ModelExtractor(asker), Topics, None)

    return run_pending(folder / "memory.db", tools_for, stages=stages, clock=Clock())


def data_of(asked: Asked) -> dict[str, list[dict[str, Any]]]:
    """What stands between the fences, as the model reads it."""
    found = re.search(r"<data ([0-9a-f]{16})>\n(.*?)\n</data \1>", asked.user, re.DOTALL)
    assert found is not None
    loaded = json.loads(found[2])
    assert isinstance(loaded, dict)
    return loaded


def item_for(shown: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An honest item about a commit as it was shown."""
    return {
        "type": "decision", "title": f"So it is: {shown['subject']}", "facts": f"- {shown['subject']}", "rationale": None,
        "impact": None, "schemaKey": "root/decisions", "files": [], "tags": ["test"], "importance": 3, "confidence": 0.8,
        "dedupHint": None, "evidence": [{"commit": shown["commit"], "path": None, "quote": shown["subject"]}],
        "verdict": {"kind": "new", "itemId": None, "reason": ""}, **changes,
    }  # fmt: skip


def honest(asked: Asked) -> str:
    """One item a commit."""
    return answer(*[item_for(shown) for shown in data_of(asked)["commits"]], summary="An honest summary.")
