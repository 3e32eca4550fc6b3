"""The dashboard over PostgreSQL: every page of a project answers, and says what it says over a file."""

from __future__ import annotations

from contox_hooks.domain.access import Role
from contox_hooks.domain.item import Draft
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.store import Store
from contox_hooks.model.ledger import Call, Caps, Ledger
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.site import Options, Site
from tests.memory.events import DAY, commit
from tests.server.conftest import Running, serve
from tests.server.page.browsing import values_of, visitor


def test_every_page_answers(postgres_url: str) -> None:
    site = Site(Pool(lambda: Store.open(postgres_url)), NoEngine(), Options(requests_a_minute=0))
    serving = serve(site)
    running = Running(next(serving), postgres_url, site)
    project_id = running.project("shop")
    with running.service() as service:
        service.ingest(project_id, [commit(1, DAY)])
        service.jobs.request([session.id for session in service.sessions.page(project_id)], trigger="manual")
        with service.store.transaction():
            ids = [
                service.items.add(project_id, None, Draft("bug", f"bug {n}", "", "root/bugs/old", 0.3, 3, ()))
                for n in range(3)
            ]
            service.items.set_status(ids[0], "review", reason="a.py changed in " + "0" * 12)
        ledger, call = Ledger(service.store, project_id), Call("enrich", "m", True, None, 40, 2)
        ledger.settle(
            ledger.start(call, Caps(1000, 1000, 50)), call, model="m", prompt=40, completion=2, is_estimate=False
        )
    owner = visitor(running, running.person("boss", {project_id: Role.ADMIN}, is_owner=True))
    for path, said in (
        (f"memory?project={project_id}&band=check&key=root/bugs", "1 to 2 of 2 items"),
        (f"memory?project={project_id}&q=bug", "2 items found for"),
        (f"memory/{ids[0]}", "in review: a.py changed"),
        (f"review?project={project_id}&band=check&type=bug&file=", "1 to 3 of 3 items"),
        (f"hygiene?project={project_id}&key=root/", "3 items looked at"),
        ("projects", "shop"),
        (f"projects/{project_id}/settings", "42 of 200000"),
        (f"projects/{project_id}/members", "boss"),
        (f"projects/{project_id}/access?show=secret", "The secret"),
        (f"projects/{project_id}/connect", project_id),
        ("operations", "shop 42 1 $0.00 and 1 call of unknown price"),
        (f"operations?project={project_id}", "start contox-hooks worker"),
    ):
        assert said in owner.text(f"/dashboard/{path}"), path
    where = f"/dashboard/review?project={project_id}"
    assert owner.told(where, item=values_of(owner.get(where), "item"), do="approve") == "3 items approved"
    assert owner.told(f"/dashboard/projects/{project_id}/learning", model="small") == "Changed model"
    for client in running.clients:
        client.close()
    serving.close()
