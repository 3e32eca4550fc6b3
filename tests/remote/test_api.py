"""The API's questions against the server of the tests, and against answers of every other shape."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.backend.remote.api import Api, SecretNotServed
from contox_hooks.domain.error import AccessRefused, Error, NotFound, RemoteError
from contox_hooks.net.http import Http, Reply, Unreachable
from contox_hooks.wire.endpoint import parse_endpoint
from tests.contox import fault
from tests.contox.server import ContoxServer
from tests.net.client import KEY, OpenHttp, Speaker, spoken

Speak = Callable[..., Speaker]


@pytest.fixture
def api(contox_server: ContoxServer, open_http: OpenHttp) -> Api:
    return Api(open_http(contox_server.url, contox_server.key), contox_server.project_id)


@pytest.fixture
def told(speak: Speak, open_http: OpenHttp) -> Callable[..., Api]:
    """An Api whose server gives these answers: JSON values, or (status, value)."""

    def with_answers(*answers: object) -> Api:
        said = []
        for answer in answers:
            status, value = answer if isinstance(answer, tuple) else (200, answer)
            said.append(spoken(f"{status} -", value if isinstance(value, bytes) else json.dumps(value).encode()))
        return Api(open_http(speak(*said).url), "p1")

    return with_answers


# -- the key ------------------------------------------------------------------------------------------------------------


def test_a_good_key_passes_and_a_bad_one_does_not(contox_server: ContoxServer, api: Api, open_http: OpenHttp) -> None:
    api.check_key()
    contox_server.revoke_key()
    with pytest.raises(AccessRefused) as caught:
        api.check_key()
    assert contox_server.key not in caught.value.message


@pytest.mark.parametrize(
    "answer", [(404, {"error": "Context not found"}), (403, {"error": "No"}), (400, {}), (404, b"<p>"), {}, []]
)
def test_whatever_is_not_unauthorized_means_a_good_key(told: Callable[..., Api], answer: object) -> None:
    told(answer).check_key()


@pytest.mark.parametrize(
    "answer", [(401, {}), (401, b"<p>"), (403, {"error": "Unauthorized"}), (400, {"error": "Unauthorized"})]
)
def test_unauthorized_means_a_bad_key(told: Callable[..., Api], answer: object) -> None:
    with pytest.raises(AccessRefused):
        told(answer).check_key()


@pytest.mark.parametrize("answer", [(500, {}), (503, b"<p>"), (200, b"<html>sign in</html>"), (429, {"error": "slow"})])
def test_what_says_nothing_of_the_key_is_an_error(told: Callable[..., Api], answer: object) -> None:
    with pytest.raises(RemoteError):
        told(answer).check_key()


# -- projects -----------------------------------------------------------------------------------------------------------


def test_teams_projects_and_secret(contox_server: ContoxServer, api: Api) -> None:
    contox_server.add_project("second")
    assert [row["id"] for row in api.orgs()] == [contox_server.team_id]
    assert {row["name"] for row in api.projects(contox_server.team_id)} == {"example", "second"}
    assert api.projects("other team") == []
    assert api.project(contox_server.project_id)["name"] == "example"
    assert api.hmac_secret(contox_server.project_id) == contox_server.secret
    with pytest.raises(NotFound):
        api.project("absent")
    with pytest.raises(NotFound):
        api.hmac_secret("absent")


@pytest.mark.parametrize(
    "shape", [lambda rows: rows, lambda rows: {"orgs": rows}, lambda rows: {"data": rows, "total": 1}]
)
def test_lists_come_bare_or_wrapped(told: Callable[..., Api], shape: Callable[[object], object]) -> None:
    rows = [{"id": "t1", "name": "Team"}, {"name": "no id"}, 5, None]
    assert told(shape(rows)).orgs() == [{"id": "t1", "name": "Team"}]


@pytest.mark.parametrize("answer", [{}, None, 5, {"orgs": 5}, "x"])
def test_an_answer_without_a_list_is_an_error(told: Callable[..., Api], answer: object) -> None:
    with pytest.raises(RemoteError):
        told(answer).orgs()


@pytest.mark.parametrize("answer", [{}, [], {"hmacSecret": ""}, {"hmacSecret": 5}, None])
def test_an_answer_without_a_secret_is_an_error(told: Callable[..., Api], answer: object) -> None:
    with pytest.raises(RemoteError):
        told(answer).hmac_secret("p1")


def test_only_a_missing_secret_is_not_served(told: Callable[..., Api]) -> None:
    for answer in ({}, {"hmacSecret": ""}, (405, {"error": "Method not allowed"})):
        with pytest.raises(SecretNotServed):
            told(answer).hmac_secret("p1")
    for answer in ((503, {"error": "later"}), (500, {}), b"<html>", (200, b"<html>")):
        with pytest.raises(RemoteError) as caught:
            told(answer).hmac_secret("p1")
        assert not isinstance(caught.value, SecretNotServed)


@pytest.mark.parametrize("secret", ["x" * 513, "é" * 9, "a b", "a\nb", "\ud800abc"])
def test_what_is_no_secret_is_refused_and_not_repeated(told: Callable[..., Api], secret: str) -> None:
    with pytest.raises(RemoteError, match="no signing secret") as caught:
        told({"hmacSecret": secret}).hmac_secret("p1")
    assert secret not in caught.value.message


def test_ids_that_are_numbers_are_their_digits(told: Callable[..., Api]) -> None:
    assert told([{"id": 7, "name": "P"}]).projects("t") == [{"id": "7", "name": "P"}]


def test_auto_learn_is_what_the_project_says(contox_server: ContoxServer, api: Api) -> None:
    assert api.auto_learn() is None
    for value in (True, False):
        contox_server.set_auto_learn(value)
        assert api.auto_learn() is value


def test_auto_learn_is_unknown_where_nobody_serves_it(told: Callable[..., Api]) -> None:
    assert told((404, {"error": "x"}), (405, {})).auto_learn() is None
    assert told((404, {"error": "x"}), {"project": {"settings": {"autoEnrich": False}}}).auto_learn() is False
    with pytest.raises(AccessRefused):
        told((401, {"error": "Unauthorized"})).auto_learn()


# -- sessions -----------------------------------------------------------------------------------------------------------


def test_a_session_is_opened_seen_and_closed(contox_server: ContoxServer, api: Api) -> None:
    assert api.active_session("cli") is None
    session_id = api.open_session("cli")
    found = api.active_session("cli")
    assert found
    assert (found.id, found.status, found.source) == (session_id, "active", "cli")
    assert api.active_session("vscode") is None
    api.close_session(session_id)
    api.close_session(session_id)
    assert api.active_session("cli") is None
    with pytest.raises(NotFound):
        api.close_session("absent")


@pytest.mark.parametrize(
    "answer", [{"ok": True, "sessionId": "s1"}, {"id": "s1"}, {"session": {"id": "s1"}}, (201, {"sessionId": "s1"})]
)
def test_the_new_session_is_named_in_several_ways(told: Callable[..., Api], answer: object) -> None:
    assert told(answer).open_session("cli") == "s1"


@pytest.mark.parametrize("answer", [{}, {"ok": True}, [], {"sessionId": ""}, {"sessionId": ["x"]}])
def test_a_new_session_without_a_name_is_an_error(told: Callable[..., Api], answer: object) -> None:
    with pytest.raises(RemoteError):
        told(answer).open_session("cli")


def test_what_did_not_change_is_not_sent_again(contox_server: ContoxServer, api: Api) -> None:
    session_id = api.open_session("cli")
    page = api.sessions()
    assert (page.not_modified, page.total, len(page.sessions)) == (False, 1, 1)
    again = api.sessions(etag=page.etag)
    assert (again.not_modified, again.etag, again.sessions) == (True, page.etag, [])
    jobs = api.jobs(session_id)
    assert jobs.pipeline
    assert jobs.pipeline.status == "done"
    assert api.jobs(session_id, etag=jobs.etag).not_modified
    contox_server.set_pipeline(session_id, "done", "running", "pending", "pending")
    fresh = api.jobs(session_id, etag=jobs.etag)
    assert not fresh.not_modified
    assert fresh.pipeline
    assert (fresh.pipeline.completed, fresh.pipeline.total) == (1, 4)


def test_the_event_stream_is_named_where_there_is_one(contox_server: ContoxServer, api: Api) -> None:
    assert api.sessions().stream is None
    contox_server.announces_stream = True
    assert (api.sessions().stream or "").startswith("/api/")


def test_our_session_is_found_behind_many_others(contox_server: ContoxServer, api: Api) -> None:
    ours = contox_server.open_session("cli")
    for number in range(120):
        contox_server.open_session(f"vscode-{number}")
    found = api.active_session("cli")
    assert found
    assert found.id == ours


def test_a_server_that_knows_no_pages_is_not_asked_for_ever(speak: Speak, open_http: OpenHttp) -> None:
    everything = [{"id": f"s{number}", "source": "vscode", "status": "active"} for number in range(50)]
    speaker = speak(spoken(body=json.dumps(everything).encode()))
    assert Api(open_http(speaker.url), "p1").active_session("cli") is None
    assert len(speaker.heard) == 2


@pytest.mark.parametrize("answer", [{}, 5, None, {"sessions": 5}])
def test_an_answer_without_sessions_is_an_error(told: Callable[..., Api], answer: object) -> None:
    with pytest.raises(RemoteError):
        told(answer).sessions()
    with pytest.raises(RemoteError):
        told(answer).jobs("s1")


# -- refusals and hostile ids -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AccessRefused), (403, AccessRefused), (404, NotFound), (409, RemoteError), (500, RemoteError)],
)
def test_each_refusal_has_its_error(contox_server: ContoxServer, api: Api, status: int, kind: type[Error]) -> None:
    contox_server.faults.script([fault.status(status, "no \x1b[31mway\n" + "x" * 500)], where=fault.EVERY)
    with pytest.raises(kind) as caught:
        api.orgs()
    assert type(caught.value) is kind
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300


def test_too_many_requests_say_how_long(contox_server: ContoxServer, api: Api) -> None:
    contox_server.faults.script([fault.throttled(90)], where=fault.EVERY)
    with pytest.raises(Unreachable) as caught:
        api.orgs()
    assert (caught.value.why, caught.value.wait_s) == ("rate", 90.0)


class Recorder(Http):
    """Notes the paths that it is asked for."""

    def __init__(self) -> None:
        self.endpoint = parse_endpoint("https://contox.example")
        self.paths: list[str] = []

    def request(self, method: str, path: str, **_: object) -> Reply:
        self.paths.append(path)
        return Reply(200, {}, b'{"jobs":[],"hmacSecret":"x","sessionId":"x"}')


@given(
    st.one_of(st.text(), st.sampled_from([".", "..", "", "a/../../b", "a\r\nHost: x", "?x", "#x", "%2e%2e", "\ud800"]))
)
def test_an_id_is_one_segment_whatever_it_holds(hostile: str) -> None:
    recorder = Recorder()
    api = Api(recorder, hostile)
    for ask in (api.jobs, api.close_session, api.hmac_secret, api.project):
        try:
            ask(hostile)
        except RemoteError:
            assert hostile in ("", ".", "..")
            continue
        path = recorder.paths[-1]
        assert path.isascii()
        assert path.isprintable()
        assert not set(path) & set(" ?#\\\r\n")
        segments = path.split("/")
        assert len(segments) - path.count("/api/v2/") <= 5
        assert not {".", "..", ""} & set(segments[1:])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=12))
def test_a_hostile_id_reaches_the_server_as_one_segment(contox_server: ContoxServer, api: Api, hostile: str) -> None:
    before = len(contox_server.requests)
    with pytest.raises((NotFound, RemoteError)):
        api.jobs(hostile)
    for seen in contox_server.requests[before:]:
        assert seen.path.count("/") == 5
        assert seen.path.startswith("/api/v2/sessions/")
        assert seen.path.endswith("/jobs")


def test_errors_hold_no_key(told: Callable[..., Api]) -> None:
    with pytest.raises(AccessRefused) as caught:
        told((401, {"error": f"{KEY} is not known"})).orgs()
    assert KEY not in repr(caught.value) + caught.value.message + caught.value.hint
