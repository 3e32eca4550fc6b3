"""Questions answered from memory: CONTRACT.md section 1.3, `POST /api/v2/ask`, in both of its forms.

With `mode: "sync"` the answer; without, a ticket with which a browser goes to the worker and reads the answer as
server-sent events. Our worker is this server: `POST <workerUrl>/ask` with `{ticket}`. Its events: `sources` (a list),
`delta` ({text}, many), `done` (the answer as `sync` gives it), or `error` ({error}).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.error import Error, NotFound
from contox_hooks.memory.service import Service
from contox_hooks.server.answer import answer, found
from contox_hooks.server.api.ask_shape import AnswerReply, AskBody, TicketReply, WorkBody
from contox_hooks.server.api.declared import ERRORS, NOT_KEPT
from contox_hooks.server.desk import AtDesk, Visit, visit_of
from contox_hooks.server.refusal import Refusal, not_found, unauthorized
from contox_hooks.server.reply import reply
from contox_hooks.server.site import Site
from contox_hooks.server.ticket import LIFE_MS, claims_of, signed

router = APIRouter(tags=["memory"])

_QUESTION: Final = {"projectId": "proj_1", "question": "why sqlite?", "mode": "sync"}
_WORKER: Final = "/api/v2/worker"
_SECRET: Final = "ask_ticket_secret"
_LEAST: Final = 3
"""Characters of a question: CONTRACT.md section 1.3."""


@router.post(
    "/api/v2/ask",
    summary="Ask memory: the passages that fit, cited, and a model's words over them where the project has one",
    responses={200: {"model": AnswerReply | TicketReply}, **ERRORS},
)
def ask(desk: AtDesk, body: Annotated[AskBody, Body(examples=[_QUESTION])]) -> Response:
    """With `mode: "sync"` the answer; without, a ticket that is good for one question within 60 seconds at `workerUrl`
    + `/ask`. The project's model is asked only where its settings name one, within its caps."""
    if not body.projectId:
        raise Refusal(400, "projectId is required")
    question = body.question.strip()
    if len(question) < _LEAST:
        raise Refusal(400, f"question is required (min {_LEAST} chars)")
    with desk.project(body.projectId, Right.READ) as visit:
        if body.mode != "sync":
            return _ticket(desk.site, visit, question, body.chatSessionId)
        passages = found(visit, question)
    return reply(answer(passages, desk.site).to_wire())


@router.post(
    _WORKER + "/ask",
    summary="The answer to a ticket's question, as server-sent events",
    responses={200: {"content": {"text/event-stream": {}}}, **ERRORS},
    response_class=EventSourceResponse,
)
def work(desk: AtDesk, body: Annotated[WorkBody, Body(examples=[{"ticket": "claims.signature"}])]) -> Response:
    """Events: `sources` (a list), `delta` ({text}, many), `done` (the answer as `sync` gives it), or `error`
    ({error})."""
    with desk.site.pool.service() as service:
        claims = claims_of(body.ticket, _secret(service), now_ms=service.store.now_ms())
        if claims is None:
            raise unauthorized()
        _visit(service, claims)
        if service.access.of_ticket(claims["jti"], "ask") is None:  # it was used
            raise unauthorized()
    return EventSourceResponse(_told(desk.site, claims))


def _ticket(site: Site, visit: Visit, question: str, chat_id: str | None) -> Response:
    if not site.options.base_url:
        raise Refusal(503, "Worker not configured")
    claims = {
        "pid": visit.project.id,
        "tid": visit.key.person_id,
        "uid": visit.key.person_id,
        "sid": chat_id or visit.service.store.new_id(),
        "exp": visit.service.store.now_ms() + LIFE_MS,
        "kid": visit.key.id,
        "jti": visit.service.access.create_ticket(visit.key.id, "ask", life_s=LIFE_MS // 1000),
        "q": question,
    }
    ticket = signed(claims, _secret(visit.service))
    return reply({"ticket": ticket, "workerUrl": site.options.base_url + _WORKER}, headers=NOT_KEPT)


def _told(site: Site, claims: dict[str, Any]) -> Iterator[ServerSentEvent]:
    """The store is given back before the first event: between two of them another thread may go on."""
    try:
        with site.pool.service(claims["pid"]) as service:
            passages = found(_visit(service, claims), claims["q"])
        told = answer(passages, site).to_wire()
    except Refusal as refused:
        yield _event("error", {"error": refused.text})
        return
    except Error as error:
        yield _event("error", {"error": error.message})
        return
    yield _event("sources", told["sources"])
    for paragraph in told["answer"].split("\n\n"):
        yield _event("delta", {"text": paragraph.rstrip("\n") + "\n\n"})
    yield _event("done", told)


def _visit(service: Service, claims: dict[str, Any]) -> Visit:
    """What the ticket's key may see by now. Raises Refusal."""
    try:
        key = service.access.key(claims["kid"])
    except NotFound:
        raise unauthorized() from None
    if key.revoked_at is not None:
        raise unauthorized()
    visit = visit_of(service, key, claims["pid"])
    if visit is None or not visit.allows(Right.READ):
        raise not_found("Project")
    return visit


def _secret(service: Service) -> str:
    """The server's own, made when first asked for."""
    found = service.access.fact(_SECRET)
    if found is None:
        with service.store.transaction():
            found = service.access.fact(_SECRET)
            if found is None:
                found = secrets.token_hex(32)
                service.access.set_fact(_SECRET, found)
    return found


def _event(name: str, value: Any) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(value, separators=(",", ":")), event=name)
