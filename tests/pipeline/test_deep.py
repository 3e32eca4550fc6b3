from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.item import MAX_FACTS, Evidence, Item
from contox_hooks.domain.path import Exclusions
from contox_hooks.pipeline.deep import MAX_APPENDED, MAX_FILE_BYTES, deepen
from contox_hooks.pipeline.source.outline import Unparsable
from contox_hooks.pipeline.source.python import outline

SHOP = b"""
from dataclasses import dataclass

@dataclass(frozen=True)
class Price:
    net: int
    country: str = "de"

class Order(BaseModel):
    id: int
    lines: list[Price]

class Row(Base):
    __tablename__ = "rows"
    id = Column(Integer, primary_key=True)

class State(enum.Enum):
    OPEN = "open"
    PAID = "paid"

class Shop:
    def total(self, prices: list[Price], *, rounded: bool = True) -> int:
        def inner(x): return x
        return sum(prices)

    def _secret(self): ...

if TYPE_CHECKING:
    def typed() -> None: ...

@app.route("/orders", methods=["GET", "POST"])
def orders(): ...

@router.get("/orders/{id}")
async def order(id: int) -> Order: ...

@mock.patch("shop.pay")
def helper(x, y=(1, 2)): ...

routes = [Route("/health", health, methods=["HEAD"]), WebSocketRoute("/live", live)]
urlpatterns = [path("basket/", views.basket), path("admin/", include("x")), re_path(r"^pay$", Pay.as_view())]
"""


def item(
    facts: str = "", *, files: tuple[str, ...] = ("shop.py",), quotes: tuple[str, ...] = (), id_: str = "i"
) -> Item:
    evidence = tuple(Evidence("e" * 40, quote, "shop.py") for quote in quotes) or (Evidence("e" * 40, "subject"),)
    return Item(
        id_, "p", None, "implementation", "t", facts, "root/x", 0.7, 3, "active", files=files, evidence=evidence
    )


def appended(one: Item, source: bytes | None = SHOP) -> str:
    return deepen([one], lambda sha, path: source).facts_by_item.get(one.id, "")


def test_outline() -> None:
    found = outline(SHOP)
    assert [definition.name for definition in found.definitions] == [
        "Price", "Order", "Row", "State", "Shop", "Shop.total", "Shop._secret", "typed", "orders", "order", "helper",
    ]  # fmt: skip
    assert {route.text for route in found.routes} == {
        "GET|POST /orders → orders", "GET /orders/{id} → order", "HEAD /health → health", "WEBSOCKET /live → live",
        "/basket/ → views.basket", "/admin/", "/pay$ → Pay",
    }  # fmt: skip
    assert {schema.text for schema in found.schemas} == {
        "Price (dataclass): net: int, country: str",
        "Order (pydantic model): id: int, lines: list[Price]",
        'Row (SQLAlchemy model): __tablename__ = "rows", id = Column(Integer, primary_key=True)',
        'State (enum): OPEN = "open", PAID = "paid"',
    }
    signatures = {definition.name: definition.signature for definition in found.definitions}
    assert signatures["Shop.total"] == "def total(self, prices: list[Price], *, rounded: bool = True) -> int"
    assert signatures["order"] == "async def order(id: int) -> Order"
    assert signatures["Row"] == "class Row(Base)"


def test_names_in_the_facts_are_told() -> None:
    text = appended(item("- shop.py: adds `def Shop.total(self)`; changes `Price`"))
    assert "`def Shop.total(self, prices: list[Price], *, rounded: bool = True) -> int` (shop.py)" in text
    assert "- schema Price (dataclass): net: int, country: str (shop.py)" in text
    assert "helper" not in text


def test_quoted_lines_name_what_holds_them() -> None:
    text = appended(item(quotes=("return sum(prices)",)))
    assert "def Shop.total" in text
    assert "class Shop" not in text
    assert "orders" in appended(item(quotes=('@app.route("/orders", methods=["GET", "POST"])', "def orders(): ...")))


def test_without_names_the_public_ones_are_told_but_not_of_tests() -> None:
    assert "schema Price" in appended(item())
    assert "_secret" not in appended(item())
    one = item(files=("tests/test_shop.py",))
    assert deepen([one], lambda sha, path: b"def test_x(): ...\n").facts_by_item == {}


def test_it_reads_the_newest_commit_and_the_one_before_the_oldest_each_file_once() -> None:
    asked: list[tuple[str, str]] = []

    def read(sha: str, path: str) -> bytes:
        asked.append((sha, path))
        return SHOP

    ranged = Item(
        **{name: getattr(item(), name) for name in Item.__slots__} | {"commit_range": "a" * 40 + ".." + "b" * 40}
    )
    result = deepen([ranged, item(id_="j"), item(id_="k")], read)
    newest, before, single = "b" * 40, "a" * 40 + "^", "e" * 40
    assert asked == [(sha, "shop.py") for sha in (newest, before, single, f"{single}^")]
    assert result.files_read == 4


def test_told_again_it_adds_nothing() -> None:
    text = appended(item("`Shop.total`"))
    assert appended(item("`Shop.total`\n" + text)) == ""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "shop.py: not there at eeeeeeeeeeee"),
        (b"#" * (MAX_FILE_BYTES + 1), "shop.py at eeeeeeeeeeee: larger than 512 KiB"),
        (b"def f(:\n", "shop.py at eeeeeeeeeeee: does not parse (line 1)"),
        (b"x = 1\0", "does not parse"),
        (b"# coding: nonsense\nx = 1", "does not parse"),
        (b"\xff\xfe", "does not parse"),
        (b"x = " + b"-" * 100_000 + b"1", "nested too deeply"),
        (b"x = " + b"(" * 5_000 + b")" * 5_000, "does not parse|nested too deeply"),
        (b"def f(x=a" + b".b" * 5_000 + b"): pass", "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_skipped_and_said(source: bytes | None, reason: str) -> None:
    result = deepen([item()], lambda sha, path: source)
    assert result.facts_by_item == {}
    assert len(result.skipped) == 1
    assert any(part in result.skipped[0] for part in reason.split("|"))


PASSWORD, KEY = "corr3ct" + "-h0rse", "gh" + "p_" + "k7Qw2Zx9Lm4Vb8Nt1Rc6Yd3Hf5Js0Pg7Ue2A"


def test_secrets_do_not_get_in() -> None:
    source = f"""
class State(enum.Enum):
    API_TOKEN = "{KEY}"
    DB_PASSWORD = "{PASSWORD}"
    ESCAPED = "\\x67hp_{KEY[4:]}"

def connect(host, password="{PASSWORD}", key: str = "{KEY}"): ...
""".encode()
    text = appended(item(), source)
    assert 'DB_PASSWORD = "[redacted:assigned-secret]"' in text
    assert 'def connect(host, password="[redacted:assigned-secret]"' in text
    assert not any(secret in text for secret in (PASSWORD, KEY, KEY[4:]))


def test_what_no_longer_parses_without_its_secrets_is_skipped_and_said() -> None:
    source = f"x = 1\nTOKEN={KEY}\n".encode()  # a name, to the parser
    result = deepen([item()], lambda sha, path: source)
    assert result.facts_by_item == {}
    assert result.skipped == ("shop.py at eeeeeeeeeeee: does not parse (line 2) without its secrets",)


def test_other_encodings_come_through_redaction() -> None:
    source = f"# coding: latin-1\ndef f(x='\u00e9', token='{KEY}'): ...\n".encode("latin-1")
    assert "def f(x='\u00e9', token='[redacted:" in appended(item(), source)


def test_excluded_files_are_not_read() -> None:
    def read(sha: str, path: str) -> bytes:
        raise AssertionError(path)

    result = deepen([item(files=("private/shop.py",))], read, Exclusions(("private/**",)))
    assert (result.facts_by_item, result.files_read, result.skipped) == ({}, 0, ())


def test_bounds_are_said() -> None:
    many = b"".join(b"def function_number_%d(first, second, third): ...\n" % number for number in range(200))
    names = " ".join(f"`function_number_{number}`" for number in range(200))
    text = appended(item(names), many)
    assert len(text) <= MAX_APPENDED
    assert text.splitlines()[-1].startswith("- and ")
    shown = len(text.splitlines()) - 2
    assert text.splitlines()[-1] == f"- and {200 - shown} more"
    full = item("x" * (MAX_FACTS - 10))
    assert appended(full) == ""
    files = tuple(f"f{number}.py" for number in range(13))
    assert deepen([item(files=files)], lambda sha, path: SHOP).skipped == ("t: 3 of 13 files not read",)
    assert appended(item(files=("a.js", "README.md"))) == ""


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_are_an_outline_or_unparsable(source: bytes) -> None:
    with contextlib.suppress(Unparsable):
        outline(source)
