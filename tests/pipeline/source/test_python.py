from __future__ import annotations

from tests.pipeline.source.case import read, signatures, told


def test_signatures_before_and_after() -> None:
    before = """
        class Client:
            def get(self, url):
                return 1

            def gone(self): ...

        def same(a, b): return a
    """
    after = """
        class Client:
            def get(self, url: str, *, timeout: float = 5.0) -> Response:
                return 1

        def same(
            a,  # the first
            b,
        ):
            return a

        class New(Client):
            def member(self): ...

        async def _inner(): ...
    """
    assert told("a.py", before, after) == [
        "`def Client.get(self, url)` becomes `def Client.get(self, url: str, *, timeout: float = 5.0) -> Response`",
        "adds `class New(Client)`",
        "removes `def Client.gone(self)`",
        "adds `async def _inner()`",
        "`def same(a, b)`",
    ]


def test_what_moved_or_was_wrapped_anew_is_no_change() -> None:
    one = "def f(a, b): return 1\n\n\ndef g(): return 2\n"
    assert told("a.py", one, "def g():  return 2\n\ndef f(a,  b):\treturn 1\n") == []


def test_a_changed_body_tells_the_innermost_definition() -> None:
    before = "class A:\n    x = 1\n    def f(self):\n        return 1\n    def g(self):\n        return 2\n"
    assert told("a.py", before, before.replace("return 2", "return 3")) == ["`def A.g(self)`"]


def test_text_is_as_it_stands_unless_escapes_hide_what_it_says() -> None:
    found = read("a.py", "def f(a='x', b = \"\", c={'k' : 1}): ...\ndef g(a='\\x41', b='a' 'b'): ...\n")
    assert signatures(found) == ["def f(a='x', b = \"\", c={'k' : 1})", "def g(a='A', b='ab')"]


def test_decorators_and_comments_are_no_part_of_a_signature() -> None:
    found = read("a.py", "@cache\ndef f(a: int,  # why: '#'\n      b='#') -> str:  # more\n    return a\n")
    assert signatures(found) == ["def f(a: int, b='#') -> str"]
    assert found.definitions[0].first_line == 1


def test_a_body_that_starts_with_a_decorator_is_no_part_of_a_signature() -> None:
    found = read("a.py", "def f(app):\n    @app.route('/')\n    def g(): ...\nclass A:\n    @x\n    def h(self): ...\n")
    assert signatures(found) == ["def f(app)", "class A", "def A.h(self)"]


def test_a_members_name_goes_before_the_name_alone() -> None:
    assert signatures(read("a.py", "class X:\n    def e(self): ...\n")) == ["class X", "def X.e(self)"]


def test_flask_and_fastapi() -> None:
    before = """
        @app.route("/orders")
        def orders(): return 1

        @router.get("/items/{id}")
        async def item(id: int): return 1

        @app.get("/old")
        def old(): ...
    """
    after = """
        @app.route("/orders", methods=["GET", "POST"])
        def orders(): return 1

        @router.get("/items/{id}")
        async def item(id: int): return 2

        @router.post("/items")
        async def add(item: Item): ...
    """
    assert told("a.py", before, after)[:3] == [
        "route GET /orders → orders becomes route GET|POST /orders → orders".replace("becomes route", "becomes"),
        "adds route POST /items → add",
        "removes route GET /old → old",
    ]
    assert "route GET /items/{id} → item" in told("a.py", before, after)


def test_starlette_flask_calls_and_django() -> None:
    before = 'routes = [Route("/health", health)]\nurlpatterns = [path("basket/", views.basket)]\n'
    after = (
        'routes = [Route("/health", health, methods=["HEAD"])]\n'
        'urlpatterns = [path("basket/<int:id>/", views.basket), path("pay/", Pay.as_view())]\n'
        'app.add_url_rule("/x", view_func=x)\n'
    )
    assert told("urls.py", before, after) == [
        "route GET /health → health becomes HEAD /health → health",
        "route /basket/ → views.basket becomes /basket/<int:id>/ → views.basket",
        "adds route /pay/ → Pay",
        "adds route GET /x → x",
    ]


def test_routes_inside_an_application_factory() -> None:
    found = read(
        "a.py",
        'def create_app():\n    app = Flask()\n    @app.route("/hello")\n    def hello(): ...\n    app.add_url_rule("/b", view_func=b)\n',
    )
    assert {route.text for route in found.routes} == {"GET /hello → hello", "GET /b → b"}


def test_schemas() -> None:
    before = """
        @dataclass
        class Price:
            net: int

        class Order(BaseModel):
            id: int
            note: str | None = None

        class Row(Base):
            __tablename__ = "rows"
            id: Mapped[int] = mapped_column(primary_key=True)

        class Shop(models.Model):
            name = models.CharField(max_length=20)
    """
    after = """
        @dataclass(frozen=True)
        class Price:
            net: int
            country: str = "de"

        class Order(BaseModel):
            id: UUID

        class Row(Base):
            __tablename__ = "rows"
            id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)

        class Shop(models.Model):
            name = models.CharField(max_length=80)

        class State(enum.Enum):
            OPEN = "open"
    """
    assert told("a.py", before, after) == [
        "schema Price (dataclass) adds country: str",
        "schema Order (pydantic model) id: int becomes id: UUID; removes note: str | None",
        "schema Row (SQLAlchemy model) id: Mapped[int] = mapped_column(primary_key=True) becomes id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)",
        "schema Shop (Django model) name = models.CharField(max_length=20) becomes name = models.CharField(max_length=80)",
        'adds schema State (enum): OPEN = "open"',
    ]
