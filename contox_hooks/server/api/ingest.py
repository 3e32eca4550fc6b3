"""`POST /api/v2/ingest`: CONTRACT.md section 1.1, forms A and B; section 0 holds our decisions.

Must not know how events are stored. Invariant: 202 is said only of what is durable.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from contox_hooks.configuration import effective_settings
from contox_hooks.domain.access import Right
from contox_hooks.domain.error import NotFound, SettingError
from contox_hooks.domain.narrow import narrow_of
from contox_hooks.domain.setting import DEFAULTS, Settings
from contox_hooks.memory.access import Key
from contox_hooks.memory.delivery import Delivery
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.server.api.declared import ERRORS, Error
from contox_hooks.server.api.ingest_shape import EXAMPLES, HEADERS
from contox_hooks.server.committer import Prepare, Reading
from contox_hooks.server.desk import Desk, visit_of
from contox_hooks.server.refusal import Refusal, forbidden, not_found
from contox_hooks.server.reply import reply
from contox_hooks.server.site import Site
from contox_hooks.wire.envelope import content_hash
from contox_hooks.wire.members import Malformed
from contox_hooks.wire.received import received
from contox_hooks.wire.request import TOLERANCE_S, IngestRequest, is_form_b, read_request

router = APIRouter(tags=["ingest"])

LARGE_BYTES: Final = 64 * 1024
"""Longer bodies are read, checked and cleaned apart (5 ms and more): the writer's thread is everybody's."""

_log = logging.getLogger(__name__)

_BODY: Final = {"application/json": {"schema": {"type": "object"}, "examples": EXAMPLES}}

_NONCE_USED: Final = {"model": Error, "description": "The nonce was used for another event before"}


class IngestReply(BaseModel):
    eventId: str
    sessionId: str
    status: str
    """Always accepted."""
    enrichmentJobId: str | None = None
    """Left out where no run was asked for because of this event."""
    enrichmentPending: bool


@router.post(
    "/api/v2/ingest",
    summary="Store an event, in form A or B, signed in variant X, V or H",
    status_code=202,
    responses={202: {"model": IngestReply}, 409: _NONCE_USED, **ERRORS},
    openapi_extra={"requestBody": {"required": True, "content": _BODY}, "parameters": HEADERS},
)
async def ingest(request: Request) -> Response:
    desk, body = Desk(request), await request.body()
    prepare: Prepare = partial(_delivery, desk, body)
    if len(body) > LARGE_BYTES:
        prepare = await run_in_threadpool(_prepared, desk, prepare)
    taken = await request.app.state.committer.taken(prepare)
    if taken is None:
        raise Refusal(409, "Nonce was used before")
    request.state.ingest = "duplicate" if taken.is_known else "accepted"  # for rim/tally.py
    answer: dict[str, Any] = {"eventId": taken.event_id, "sessionId": taken.session_id, "status": "accepted"}
    if taken.job_id is not None:
        answer["enrichmentJobId"] = taken.job_id
    return reply({**answer, "enrichmentPending": taken.is_pending}, status=202)


def _prepared(desk: Desk, prepare: Prepare) -> Prepare:
    with desk.site.pool.service() as service:
        delivery = prepare(Reading(service))
    return lambda _: delivery


class _Aim(NamedTuple):
    """A project that takes events from this key."""

    project_id: str
    secret: str | None
    settings: Settings


def _delivery(desk: Desk, body: bytes, reading: Reading) -> Delivery:
    """What is asked for, by whom it may be, cleaned: all that needs no writing."""
    site, headers, service = desk.site, desk.request.headers, reading.service
    now = site.clock()
    try:
        needs_key = not is_form_b(headers) or "authorization" in headers
        key = _key(desk, reading) if needs_key else None
        request = read_request(body, headers)
        about = ("aim", key, request.project_id)
        aim = reading.once(about, lambda: _aim(site, service, request.project_id, key))
        _check_signature(request, aim.secret, now)
        identity = content_hash(aim.project_id, request.source, request.text)
        found = received(request, identity, now=now, narrow=narrow_of(aim.settings))
    except Malformed as problem:
        raise Refusal(400, f"Invalid request body: {problem}") from None
    return Delivery(
        project_id=aim.project_id, source=request.source, type=request.type, content_hash=identity,
        nonce=request.nonce, events=found.events, seen_at=found.seen_at, wants_memory=not request.skips_enrichment,
        settings=aim.settings,
    )  # fmt: skip


def _key(desk: Desk, reading: Reading) -> Key:
    """As `Desk.key`."""
    shown = desk.request.headers.get("authorization")
    if shown is None:
        return desk.key(reading.service)  # a browser's, which has to come from our own pages
    key = desk.request.state.key = reading.once(("key", shown), lambda: desk.key(reading.service))
    return key


def _aim(site: Site, service: Service, project_id: str, key: Key | None) -> _Aim:
    project = _project(service, project_id, key)
    return _Aim(project.id, project.hmac_secret, _settings(site, service, project))


def _project(service: Service, project_id: str, key: Key | None) -> Project:
    """Form B needs no key; one that is sent must be good."""
    if key is not None:
        visit = visit_of(service, key, project_id)
        if visit is not None and not visit.allows(Right.CONTRIBUTE):
            raise forbidden()
        if visit is not None:
            return visit.project
    else:
        with suppress(NotFound):
            return service.projects.get(project_id)
    raise not_found("Project")


def _settings(site: Site, service: Service, project: Project) -> Settings:
    """A broken settings file costs the automatic run, not the event."""
    try:
        return _effective(json.dumps([project.settings, service.access.plan()]), int(site.clock()))
    except SettingError as error:
        _log.error("nothing is learned by itself: %s", error.message)
        return replace(DEFAULTS, auto_learn=False)


@lru_cache(maxsize=256)
def _effective(layers: str, second: int) -> Settings:
    """Reading the user's file at each event would be a fifth of its price: a change there counts a second later."""
    project, plan = json.loads(layers)
    return effective_settings(None, project, plan=plan).settings


def _check_signature(request: IngestRequest, secret: str | None, now: float) -> None:
    covers_time = None if secret is None else request.signed_time(secret)
    if covers_time is None:
        raise Refusal(401, "Invalid signature")
    if covers_time and abs(request.sent_at - now) > TOLERANCE_S:
        raise Refusal(401, f"Invalid timestamp: more than {TOLERANCE_S // 60} minutes from the server's clock")
