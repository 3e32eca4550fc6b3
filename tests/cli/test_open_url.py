"""Links of the dashboard: what a web page wrote connects nothing by itself, and says nowhere where anything goes."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks import url_handler
from contox_hooks.cli import connect_ask
from contox_hooks.cli.connect_link import SCHEMES, Asked, parse_link
from contox_hooks.connection import read_connection
from contox_hooks.credential import Credentials, credentials_of
from contox_hooks.domain.error import UsageError
from tests.cli.conftest import Call
from tests.cli.test_connect import connection_of, no_secret_in, state_of
from tests.cli.world import begin
from tests.contox.fixture import contox_server  # noqa: F401
from tests.contox.server import ContoxServer
from tests.gitrepo import Repo

TOKEN = "ctx_" + "of-the-link"


@pytest.fixture(name="server")
def _server(contox_server: ContoxServer, monkeypatch: pytest.MonkeyPatch) -> ContoxServer:  # noqa: F811
    """The configured one."""
    monkeypatch.setenv("CONTOX_API_URL", contox_server.url)
    return contox_server


@pytest.fixture(autouse=True, name="notices")
def _notices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr("contox_hooks.assembly.start_detached", lambda *_: None)

    def notify(title: str, body: str, *, wait_s: float) -> None:
        assert wait_s >= 1, "the process ends before the desktop shows it"
        told.append(body)

    monkeypatch.setattr("contox_hooks.notify.notify", notify)
    return told


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], list[str]]:
    """A person at a terminal who says yes, or no; the questions asked."""

    def answering(answer: bool) -> list[str]:
        questions: list[str] = []

        def confirm(question: str) -> bool:
            questions.append(question)
            return answer

        monkeypatch.setattr(connect_ask, "can_ask", lambda: True)
        monkeypatch.setattr(connect_ask, "confirm", confirm)
        return questions

    return answering


def setup_link(server: ContoxServer, **more: str) -> str:
    values = {
        "token": server.key,
        "teamId": server.team_id,
        "projectId": server.project_id,
        "projectName": "Your own",
        **more,
    }
    return "vscode://contox.contox-vscode/setup?" + "&".join(f"{name}={quote(value)}" for name, value in values.items())


# Reading a link


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "form", ["{}://contox.contox-vscode/{}", "{}:{}", "{}:/{}", "{}:///{}", "{}://{}", "{}://other.host/{}/"]
)
@pytest.mark.parametrize("action", ["reconnect", "desync", "connect"])
def test_each_scheme_form_and_action_is_read(scheme: str, form: str, action: str) -> None:
    assert parse_link(form.format(scheme, action)) == Asked(action)  # type: ignore[arg-type]


def test_a_setup_link_is_read_and_its_token_not_shown() -> None:
    asked = parse_link(
        f"cursor://contox.contox-vscode/setup?token={TOKEN}&teamId=t&projectId=p&projectName=N%C3%A4me&windowId=1"
    )
    assert asked == Asked("setup", TOKEN, "t", "p")
    assert TOKEN not in repr(asked)


@pytest.mark.parametrize(
    "text",
    [
        "", "setup", "https://contox.dev/setup?token=a", "vscode://contox.contox-vscode/", "vscode://x/setup/../reconnect", "vscode://x/format",
        "vscode://x/setup", "vscode://x/setup?token=", "vscode://x/setup?token=a&token=b", "vscode://x/setup?token=a&projectId=p&projectId=q",
        "vscode://x/setup?token=a%0d%0aX:1", "vscode://x/setup?token=a&projectId=%1b[2J", "vscode://x/setup?token=a&projectId=p%E2%80%AE",
        "vscode://x/setup?token=%ff", "vscode://x/set\nup", "vscode://x/connect\x00", "vscode://[x/connect", "vscode://x/connect?a",
        f"vscode://x/setup?token=a&projectId={'x' * 201}", f"vscode://x/setup?token={'x' * 5000}", f"vscode://x/connect?{'a=1&' * 30}b=1",
        f"vscode://x/connect?a={'x' * 9000}", "vscode://x/setup?token=a b", "-", "--yes",
    ],
)  # fmt: skip
def test_what_is_no_such_link_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_link(text)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


@given(
    st.one_of(
        st.text(),
        st.text().map(lambda text: f"vscode://x/setup?{text}"),
        st.binary().map(lambda raw: "contox-hooks:setup?token=" + quote(raw)),
    )
)
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        asked = parse_link(text)
    except UsageError:
        return
    assert asked.token.isascii()
    assert asked.token.isprintable()


# Doing what it asks


def test_setup_connects_after_a_yes_that_names_project_and_folder(
    repo: Repo, call: Call, server: ContoxServer, answers: Callable[[bool], list[str]]
) -> None:
    begin(repo)
    questions = answers(True)
    told = call("open-url", setup_link(server))
    assert told.code == 0, told.err
    no_secret_in(told, server)
    [question] = questions
    assert str(repo.path) in question
    assert server.project_id in question
    assert server.url in question
    assert "Your own" not in question, "the page's own name for it was believed"
    assert connection_of(repo).project_id == server.project_id
    assert credentials_of(server.url, server.project_id) == Credentials(server.key, server.secret)


def test_a_no_keeps_nothing(
    repo: Repo, call: Call, server: ContoxServer, answers: Callable[[bool], list[str]], sealed: Path
) -> None:
    begin(repo)
    questions = answers(False)
    assert call("open-url", setup_link(server)).code == 130
    assert server.project_id in questions[0]
    assert server.team_id in questions[0]
    assert server.requests == [], "the link's key was sent before anybody agreed"
    assert read_connection(state_of(repo)) is None
    assert not (repo.path / ".contox.json").exists()
    assert not (sealed / "config" / "credentials.json").exists()


def test_without_a_terminal_or_a_yes_nothing_is_asked_of_anybody(
    repo: Repo, call: Call, server: ContoxServer, notices: list[str]
) -> None:
    begin(repo)
    told = call("open-url", setup_link(server))
    assert told.code == 9
    assert "open-url -" in told.err
    no_secret_in(told, server)
    assert server.requests == []
    assert read_connection(state_of(repo)) is None
    [notice] = notices
    assert server.key not in notice
    assert "open-url -" in notice


def test_a_url_in_the_link_is_not_where_the_token_goes(repo: Repo, call: Call, server: ContoxServer) -> None:
    begin(repo)
    with ContoxServer() as evil:
        link = setup_link(server, url=evil.url, apiUrl=evil.url)
        assert call("open-url", link, "--yes").code == 0
        assert evil.requests == []
    assert connection_of(repo).url == server.url


def test_the_link_comes_from_standard_input_and_the_folder_from_an_option(
    repo: Repo, call: Call, server: ContoxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    monkeypatch.setattr("sys.stdin", io.StringIO(setup_link(server) + "\n"))
    told = call("open-url", "-", "--repository", str(repo.path), "--yes", "--json", at=tmp_path)
    assert told.json["state"] == "connected"
    no_secret_in(told, server)


def test_outside_a_repository_it_says_what_to_type(
    call: Call, server: ContoxServer, tmp_path: Path, notices: list[str]
) -> None:
    told = call("open-url", setup_link(server), at=tmp_path)
    assert told.code == 3
    assert "contox-hooks open-url -" in told.err
    assert notices
    assert server.requests == []
    assert call("open-url", "contox-hooks:connect", "--repository", str(tmp_path / "none"), at=tmp_path).code == 2


def test_setup_does_not_replace_another_connection_unasked(
    repo: Repo, call: Call, server: ContoxServer, answers: Callable[[bool], list[str]]
) -> None:
    begin(repo)
    assert call("open-url", setup_link(server), "--yes").code == 0
    other = server.add_project("Another")
    questions = answers(False)
    assert call("open-url", setup_link(server, projectId=other)).code == 9
    assert "connected to" in questions[0]
    assert connection_of(repo).project_id == server.project_id


def test_desync_and_reconnect_ask_too(
    repo: Repo, call: Call, server: ContoxServer, answers: Callable[[bool], list[str]]
) -> None:
    begin(repo)
    assert call("open-url", "vscode://contox.contox-vscode/desync", "--yes").code == 5
    assert call("open-url", setup_link(server), "--yes").code == 0
    assert call("open-url", "vscode://contox.contox-vscode/desync").code == 9
    questions = answers(False)
    assert call("open-url", "vscode://contox.contox-vscode/desync").code == 130
    assert str(repo.path) in questions[0]
    assert not connection_of(repo).paused
    answers(True)
    assert call("open-url", "vscode://contox.contox-vscode/desync").code == 0
    assert connection_of(repo).paused
    assert call("open-url", "windsurf://contox.contox-vscode/reconnect").code == 0
    assert not connection_of(repo).paused


def test_a_link_makes_no_project(
    repo: Repo,
    call: Call,
    server: ContoxServer,
    answers: Callable[[bool], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begin(repo)
    second = server.add_project("Second")
    questions = answers(True)
    asked: list[str] = []

    def prompt(text: str, **_: object) -> str:
        asked.append(text)
        return "new" if len(asked) == 1 else str(list(server.projects).index(second) + 1)

    monkeypatch.setattr("typer.prompt", prompt)
    told = call("open-url", setup_link(server, projectId=""))
    assert told.code == 0, told.err
    assert "that you choose" in questions[0]
    assert len(asked) == 2, "'new' was an answer"
    assert not any("new" in text for text in asked)
    assert [request.method for request in server.requests if request.method != "GET"] == []
    assert connection_of(repo).project_id == second


def test_a_links_key_that_cannot_be_checked_replaces_none(repo: Repo, call: Call, server: ContoxServer) -> None:
    begin(repo)
    assert call("open-url", setup_link(server), "--yes").code == 0
    kept = Credentials(server.key, server.secret)
    link = setup_link(server, token=TOKEN)
    server.stop()
    assert call("open-url", link, "--yes").code == 11
    assert credentials_of(server.url, server.project_id) == kept


# The desktop's handler


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """XDG folders, and an xdg-mime that keeps its choice in mimeapps.list as the real one does."""
    if sys.platform in ("win32", "darwin"):
        pytest.skip("Linux desktops")
    bin_, config, data = tmp_path / "bin", tmp_path / "xdg-config", tmp_path / "xdg data"
    for folder in (bin_, config, data):
        folder.mkdir()
    tool = bin_ / "xdg-mime"
    tool.write_text(
        "#!/bin/sh\n"
        f"list='{config}/mimeapps.list'\n"
        'if [ "$1" = query ]; then sed -n "s|^$3=\\([^;]*\\).*|\\1|p" "$list" 2>/dev/null; exit 0; fi\n'
        '{ grep -v "^$3=" "$list" 2>/dev/null || echo "[Default Applications]"; echo "$3=$2"; } > "$list.new"\n'
        'mv "$list.new" "$list"\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    return tmp_path


def entry(desktop: Path) -> Path:
    return desktop / "xdg data" / "applications" / "contox-hooks.desktop"


def choices(desktop: Path) -> Path:
    return desktop / "xdg-config" / "mimeapps.list"


def test_registered_and_taken_back(call: Call, desktop: Path) -> None:
    choices(desktop).write_text("[Default Applications]\ntext/html=browser.desktop\n")
    told = call("register-url-handler", "--json", at=desktop)
    assert told.json == {"state": "registered", "path": str(entry(desktop)), "default": True, "replaced": ""}
    text = entry(desktop).read_text()
    assert "MimeType=x-scheme-handler/contox-hooks;\n" in text
    assert "NoDisplay=true\n" in text
    assert f'Exec="{sys.executable}" ' in text
    assert text.count(" open-url %u\n") == 1
    assert not stat.S_IMODE(entry(desktop).stat().st_mode) & 0o022
    assert call("register-url-handler", at=desktop).code == 0
    assert call("register-url-handler", "--unregister", at=desktop).code == 0
    assert not entry(desktop).exists()
    assert choices(desktop).read_text() == "[Default Applications]\ntext/html=browser.desktop\n"
    assert call("register-url-handler", "--unregister", "--json", at=desktop).json["state"] == "not_registered"


def test_the_default_before_comes_back(call: Call, desktop: Path) -> None:
    before = "[Default Applications]\nx-scheme-handler/contox-hooks=other.desktop\n"
    choices(desktop).write_text(before)
    for _ in range(2):
        told = call("register-url-handler", "--json", at=desktop)
        assert told.json["replaced"] == "other.desktop"
    call("register-url-handler", "--unregister", at=desktop)
    assert choices(desktop).read_text() == before


def test_a_default_that_was_chosen_since_stays(call: Call, desktop: Path) -> None:
    call("register-url-handler", at=desktop)
    chosen = "[Default Applications]\nx-scheme-handler/contox-hooks=chosen.desktop;contox-hooks.desktop;\n"
    choices(desktop).write_text(chosen)
    choices(desktop).chmod(0o600)
    call("register-url-handler", "--unregister", at=desktop)
    assert choices(desktop).read_text() == chosen.replace("contox-hooks.desktop;\n", "\n")
    assert stat.S_IMODE(choices(desktop).stat().st_mode) == 0o600


def test_a_foreign_entry_of_our_name_stays(call: Call, desktop: Path) -> None:
    entry(desktop).parent.mkdir()
    entry(desktop).write_text("[Desktop Entry]\nExec=mine\n")
    assert call("register-url-handler", at=desktop).code == 9
    assert call("register-url-handler", "--unregister", at=desktop).code == 9
    assert entry(desktop).read_text() == "[Desktop Entry]\nExec=mine\n"


def test_without_xdg_mime_it_says_so(call: Call, desktop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    told = call("register-url-handler", at=desktop)
    assert told.code == 0
    assert "xdg-mime" in told.out
    assert entry(desktop).exists()


def test_elsewhere_it_is_one_line(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_handler.sys, "platform", "darwin")
    told = call("register-url-handler", at=tmp_path)
    assert told.code == 2
    assert "Linux" in told.err


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("/usr/bin/python", '"/usr/bin/python"'), ("/a b/c", '"/a b/c"'), ("/100%/x", '"/100%%/x"'),
        ("/a$b", '"/a\\\\$b"'), ("/a`b", '"/a\\\\`b"'), ('/a"b', '"/a\\\\"b"'), ("/a\\b", '"/a\\\\\\\\b"'),
    ],
)  # fmt: skip
def test_a_path_is_quoted_as_the_specification_says(word: str, line: str) -> None:
    assert url_handler.quoted(word) == line


def test_a_path_with_a_line_end_is_refused() -> None:
    with pytest.raises(UsageError):
        url_handler.quoted("/a\nExec=evil")
