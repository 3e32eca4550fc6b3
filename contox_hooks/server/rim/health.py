"""Whether the process lives, whether it can do its work, and what it has done: for supervisors, proxies, Prometheus."""

from __future__ import annotations

import ipaddress
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from contox_hooks.domain.access import Scope
from contox_hooks.memory.migration import LATEST
from contox_hooks.memory.service import Service
from contox_hooks.server.api.declared import ERRORS
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.refusal import Refusal, forbidden
from contox_hooks.server.reply import reply
from contox_hooks.server.rim.tally import Tally

router = APIRouter(tags=["operations"])

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class State(BaseModel):
    """`alive` or `ready`."""

    status: str

    model_config = {"json_schema_extra": {"examples": [{"status": "ready"}]}}


@router.get("/health", summary="Whether the process lives", response_model=State)
async def health() -> Response:
    return reply({"status": "alive"})


@router.get(
    "/ready",
    summary="Whether the store answers and has the schema of this version",
    response_model=State,
    responses={503: ERRORS[503]},
)
def ready(desk: AtDesk) -> Response:
    with desk.site.pool.service() as service:
        if service.store.version != LATEST:
            raise Refusal(503, "The database is not of this version")
    return reply({"status": "ready"})


@router.get(
    "/metrics",
    summary="Counts in Prometheus' text format",
    description="From this machine without a key; from elsewhere, and through a proxy, with an owner's admin key.",
    response_class=PlainTextResponse,
    responses={
        200: {"content": {"text/plain": {"example": "contox_runs_waiting 0"}}},
        401: ERRORS[401],
        403: ERRORS[403],
    },
)
def metrics(request: Request, desk: AtDesk) -> Response:
    if is_from_this_machine(request):
        with desk.site.pool.service() as service:
            return _text(request, service)
    with desk.account(Scope.ADMIN) as (service, key):
        if not key.is_unbound_owner:
            raise forbidden()
        return _text(request, service)


def is_from_this_machine(request: Request) -> bool:
    """A proxy on this machine speaks for others."""
    if any(name in request.headers for name in FORWARDED) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _text(request: Request, service: Service) -> Response:
    tally: Tally = request.app.state.tally
    gauges: dict[str, tuple[str, Any]] = {
        "contox_runs_waiting": (
            "Runs of the pipeline with work left that nothing holds up.",
            len(service.jobs.waiting()),
        ),
        "contox_workers": ("Processes that take runs, alive now.", request.app.state.site.engine.workers()),
        "contox_runs_failed": ("Runs with a failed stage, the newest of their session.", service.jobs.failed_count()),
    }
    return PlainTextResponse(tally.text(gauges), media_type="text/plain; version=0.0.4")
