"""The Operations page (server/page/operation.py), and what waits in clones (clone.py)."""

from __future__ import annotations

from contox_hooks.capture.outbox import Outbox
from contox_hooks.capture.state import state_of
from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import Connection, keep_connection
from contox_hooks.domain.access import Role
from contox_hooks.git.repository import locate
from contox_hooks.memory.sql import job as job_sql
from contox_hooks.model.ledger import Call, Caps, Ledger
from contox_hooks.model.preset import Price
from tests.server.learned import Learned, learned
from tests.server.page.browsing import visitor

__all__ = ["learned"]

PATH = "/dashboard/operations"


def fail(learned: Learned) -> str:
    """A stage of a session's newest run failed; the session's id."""
    with learned.running.service() as service:
        session = service.sessions.page(learned.project_id, limit=1)[0]
        job = service.jobs.of_session(session.id)[-1]
        service.jobs.finish(job, "failed", error="the <b>disk</b> is full")
    return session.id


def test_a_failure_is_told_and_retried_by_who_may(learned: Learned) -> None:
    session_id = fail(learned)
    writer = visitor(learned.running, learned.running.person("wi", {learned.project_id: Role.WRITER}))
    viewer = visitor(learned.running, learned.running.person("vi", {learned.project_id: Role.VIEWER}))
    retry = f"/dashboard/sessions/{session_id}/retry"
    for who in (writer, viewer):
        assert "the <b>disk</b> is full" in who.text(PATH)
        assert (retry in who.get(PATH).text) == (who is writer)
        assert "Outbox" not in who.text(PATH), "paths of the machine are its owner's"
    assert writer.post(retry).status_code == 303
    text = writer.text(PATH)
    assert "Nothing failed that was not run again" in text
    assert "Due now 1 run" in text


def test_others_projects_are_not_there(learned: Learned) -> None:
    fail(learned)
    stranger = visitor(learned.running, learned.running.person("eve"))
    text = stranger.text(PATH)
    assert "disk" not in text
    assert "Due now 0 runs" in text
    assert stranger.get(f"{PATH}?project={learned.project_id}").status_code == 404


def test_what_models_cost_today_is_told_by_project(learned: Learned) -> None:
    owner = visitor(learned.running, learned.running.person("boss", is_owner=True))
    assert "No model was asked today" in owner.text(PATH)
    with learned.running.service() as service:
        other = service.projects.create("other").id
        for project_id, tokens in ((learned.project_id, 1_000), (other, 20)):
            ledger, call = (
                Ledger(service.store, project_id),
                Call("ask", "m", True, Price(1_000_000, 1_000_000), tokens, 0),
            )
            call_id = ledger.start(call, Caps(10_000, 10_000, 50))
            ledger.settle(call_id, call, model="m", prompt=tokens, completion=0, is_estimate=False)
    text = owner.text(PATH)
    assert "1,000 1 $0.0010" in text
    assert "other 20 1 $0.0000" in text
    assert (
        "other"
        not in owner.text(f"{PATH}?project={learned.project_id}").partition("Spend today")[2].partition("Outbox")[0]
    )


def test_a_run_that_is_due_later_says_when(learned: Learned) -> None:
    session_id = fail(learned)
    owner = visitor(learned.running, learned.running.person("boss", is_owner=True))
    with learned.running.service() as service, service.store.transaction():
        run = service.jobs.retry(session_id)
        later = service.store.now_ms() + 3_600_000
        service.store.run("UPDATE run SET due_ms = :later WHERE id = :id", later=later, id=run.id)
        assert service.store.count(job_sql.PENDING_COUNT, project_id=learned.project_id) == 1
    assert "Due later 1 run The first of them" in owner.text(f"{PATH}?project={learned.project_id}")


def test_an_owner_sees_what_waits_on_this_machine(learned: Learned) -> None:
    owner = visitor(learned.running, learned.running.person("boss", is_owner=True))
    assert "contox-hooks" in owner.text(PATH)
    assert str(learned.made.repo) not in owner.text(PATH), "it is gone"
    learned.bring_clone()
    text = owner.text(PATH)
    assert str(learned.made.repo) in text
    assert "connected to none" in text
    state = state_of(locate(learned.made.repo))
    connection = Connection("https://contox.example", "t", "p", connected_at=1)
    keep_connection(state.root, connection)
    try:
        with CaptureStore.open(state.database) as store:
            outbox = Outbox(store, connection)
            outbox.bind(deliver_existing=True)
            parcel = outbox.pack(lambda: False, now=1.0)
            assert parcel is not None
            outbox.quarantine(parcel, "refused: <i>no such project</i>", now=2.0)
            before = store.counts(), outbox.waiting()
        text = owner.text(PATH)
        for told in ("https://contox.example", "Quarantined 1 capture", "refused: <i>no such project</i>"):
            assert told in text
        with CaptureStore.open(state.database) as store:
            assert (store.counts(), Outbox(store, connection).waiting()) == before, "it only looks"
    finally:
        (state.root / "connection.json").unlink()
