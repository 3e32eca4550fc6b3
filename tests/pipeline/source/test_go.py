from __future__ import annotations

from tests.pipeline.source.case import private, read, signatures, told

BEFORE = """
    package shop

    type User struct {
        ID   int `json:"id"`
        Name string
    }

    type Store interface {
        Get(id int) (*User, error)
    }

    func New(path string) *Server { return nil }

    func (s *Server) Handle(w http.ResponseWriter) error { return nil }

    func routes(r *gin.Engine) {
        r.GET("/ping", ping)
        v1 := r.Group("/v1")
        v1.POST("/users", auth, h.Create)
    }
"""


def test_signatures_routes_and_schemas_before_and_after() -> None:
    after = (
        BEFORE.replace("ID   int", "ID   uuid.UUID")
        .replace("(id int) (*User", "(id uuid.UUID) (*User")
        .replace("path string)", "path string, options ...Option)")
        .replace("error { return nil }", "error { return s.err }")
        .replace('r.GET("/ping", ping)', 'r.GET("/health", ping)')
        .replace(
            "h.Create)", 'h.Create)\n        admin := v1.Group("/admin")\n        admin.DELETE("/users/:id", drop)'
        )
    )
    assert told("shop.go", BEFORE, after) == [
        "route GET /ping → ping becomes GET /health → ping",
        "adds route DELETE /v1/admin/users/:id → drop",
        'schema User (struct) ID int json:"id" becomes ID uuid.UUID json:"id"',
        "schema Store (interface) Get(id int) (*User, error) becomes Get(id uuid.UUID) (*User, error)",
        "`func New(path string) *Server` becomes `func New(path string, options ...Option) *Server`",
        "`func (s *Server) Handle(w http.ResponseWriter) error`",
        "`func routes(r *gin.Engine)`",
    ]


def test_definitions() -> None:
    found = read(
        "a.go",
        "package a\ntype ID = string\ntype (\n  A int\n  b struct { X, Y int; Base }\n)\nfunc (t *Tree[K]) walk(f func(K) bool) {}\n",
    )
    assert signatures(found) == ["type ID = string", "A int", "b struct", "func (t *Tree[K]) walk(f func(K) bool)"]
    assert [part.name for part in found.definitions] == ["ID", "A", "b", "Tree.walk"]
    assert private(found) == {"b", "Tree.walk"}
    assert [schema.text for schema in found.schemas] == ["b (struct): X, Y int, Base"]


def test_net_http_and_chi_but_no_client() -> None:
    found = read(
        "a.go",
        'package a\nfunc f() {\n http.HandleFunc("GET /x/{id}", func(w W, r R) {})\n r.Get("/y", list)\n client.Get("http://x/y")\n m.Get("key", fallback)\n}\n',
    )
    assert [route.text for route in found.routes] == ["GET /x/{id}", "GET /y → list"]
