"""Files that are nothing but schemas: SQL, Prisma, protobuf, GraphQL, OpenAPI."""

from __future__ import annotations

import json

import pytest

from contox_hooks.pipeline.source.language import outline
from contox_hooks.pipeline.source.outline import Outline, Unparsable
from tests.pipeline.source.case import read, signatures, told

SQL = """
    -- users; all of them
    CREATE TABLE IF NOT EXISTS public."users" (
      id BIGSERIAL PRIMARY KEY, -- the id
      name VARCHAR(20) NOT NULL DEFAULT 'a,b;c)',
      price NUMERIC(10, 2), /* , old int */
      CONSTRAINT x UNIQUE (name, price)
    ) WITH (fillfactor=70);
    INSERT INTO users VALUES (1, 'CREATE TABLE no (x int);');
"""


def test_sql_tables() -> None:
    after = SQL.replace("VARCHAR(20)", "TEXT").replace("price NUMERIC(10, 2),", "age int,") + (
        "ALTER TABLE users ADD COLUMN mail text, DROP COLUMN old;\ncreate table b (x int)"
    )
    assert told("a.sql", SQL, after) == [
        "schema public.users (SQL table) name VARCHAR(20) NOT NULL DEFAULT 'a,b;c)' becomes name TEXT NOT NULL DEFAULT 'a,b;c)'; adds age int; removes price NUMERIC(10, 2)",
        "adds schema users (SQL table change): ADD COLUMN mail text, DROP COLUMN old",
        "adds schema b (SQL table): x int",
    ]


def test_sql_of_other_things() -> None:
    found = read(
        "a.sql",
        "CREATE UNIQUE INDEX CONCURRENTLY idx ON users (name);\n"
        "CREATE OR REPLACE FUNCTION f(a int) RETURNS int AS $$ BEGIN; CREATE TABLE no (x int); END $$ LANGUAGE plpgsql;\n"
        "CREATE VIEW v AS SELECT 1;\nDROP TABLE IF EXISTS old_users;\nSELECT 1",
    )
    assert signatures(found) == [
        "CREATE UNIQUE INDEX CONCURRENTLY idx ON users (name)", "CREATE OR REPLACE FUNCTION f(a int) RETURNS int",
        "CREATE VIEW v", "DROP TABLE IF EXISTS old_users",
    ]  # fmt: skip
    assert [part.name for part in found.definitions] == ["idx", "f", "v", "old_users"]
    assert found.schemas == ()


def test_prisma() -> None:
    before = """
        // shop
        model User {
          id    Int    @id @default(autoincrement())
          email String @unique // mail
          @@index([email])
        }
    """
    after = before.replace("Int ", "String ").replace("@@index([email])", "posts Post[]") + "enum Role {\n  USER\n}\n"
    assert told("schema.prisma", before, after) == [
        "schema User (Prisma model) id Int @id @default(autoincrement()) becomes id String @id @default(autoincrement()); adds posts Post[]; removes @@index([email])",
        "adds schema Role (Prisma enum): USER",
    ]


def test_protobuf() -> None:
    before = """
        syntax = "proto3";
        message User {
          int32 id = 1; // c
          repeated string names = 2 [deprecated = true];
          oneof contact { string mail = 4; string phone = 5; }
          message Inner { bool ok = 1; }
          reserved 7;
        }
        service Users {
          rpc Get(GetRequest) returns (User);
        }
    """
    after = before.replace("int32 id", "int64 id").replace("string phone = 5;", "").replace("bool ok = 1;", "bool ok = 1; map<string, int32> m = 2;").replace(
        "(User);", '(User);\n  rpc List(L) returns (stream User) { option (google.api.http) = { get: "/v1/users" }; }'
    )  # fmt: skip
    assert told("a.proto", before, after) == [
        "schema User (protobuf message) int32 id = 1 becomes int64 id = 1; removes string phone = 5",
        "schema User.Inner (protobuf message) adds map<string, int32> m = 2",
        "schema Users (service) adds rpc List(L) returns (stream User)",
        "adds `rpc Users.List(L) returns (stream User)`",
    ]


def test_graphql() -> None:
    before = '''
        """
        doc { x
        """
        type User implements Node @key(fields: "id") {
          id: ID!
          posts(first: Int = 10, after: String): [Post!]! @deprecated # old: no
          "desc: none" name: String
        }
        enum Role { ADMIN USER }
        union R = A | B
        query Q { user { id } }
    '''
    after = (
        before.replace("name: String", "name: String!")
        .replace("ADMIN USER", "ADMIN USER GUEST")
        .replace("A | B", "A | B | C")
    )
    after += "extend type Query { me: User }\ninput NewUser { name: String! }\nscalar Date\n"
    assert told("a.graphql", before, after) == [
        "schema User (GraphQL type) name: String becomes name: String!",
        "schema Role (GraphQL enum) adds GUEST",
        "adds schema Query (GraphQL extend type): me: User",
        "adds schema NewUser (GraphQL input): name: String!",
        "`union R = A | B` becomes `union R = A | B | C`",
        "adds `scalar Date`",
    ]


OPENAPI = {
    "openapi": "3.0.0",
    "paths": {"/users/{id}": {"get": {"operationId": "getUser"}, "delete": {}, "parameters": []}},
    "components": {
        "schemas": {
            "User": {"required": ["id"], "properties": {
                "id": {"type": "integer", "format": "int64"},
                "tags": {"type": "array", "items": {"$ref": "#/components/schemas/Tag"}},
            }},
        },
    },
}  # fmt: skip
YAML = """
    openapi: "3.0.0"
    paths:
      /users/{id}:
        get: {operationId: getUser}
        delete: {}
        parameters: []
    components:
      schemas:
        User:
          required: [id]
          properties:
            id: {type: integer, format: int64}
            tags: {type: array, items: {$ref: '#/components/schemas/Tag'}}
"""


@pytest.mark.parametrize(("path", "text"), [("openapi.json", json.dumps(OPENAPI)), ("docs/api.yaml", YAML)])
def test_openapi(path: str, text: str) -> None:
    assert read(path, text) == outline(json.dumps(OPENAPI).encode(), "openapi.json")
    after = text.replace("getUser", "oneUser").replace("integer", "string").replace("int64", "uuid")
    assert told(path, text, after) == [
        "route GET /users/{id} → getUser becomes GET /users/{id} → oneUser",
        "schema User (OpenAPI schema) id: integer int64 becomes id: string uuid",
    ]
    assert "User (OpenAPI schema): id: integer int64, tags?: Tag[]" in {each.text for each in read(path, text).schemas}


def test_other_documents_are_no_openapi() -> None:
    assert read("api.yaml", "kind: Deployment\npaths: {/x: {get: {}}}\n") == Outline()
    assert read("api.json", '{"paths": {"/x": {"get": {}}}}') == Outline()


@pytest.mark.parametrize(
    "text",
    [
        "openapi: 3\npaths: " + "[" * 5_000 + "]" * 5_000,
        "openapi: 3\nx: &a [1]\n" + "y: [" + "*a, " * 70_000 + "]",
        "openapi: 3\npaths: {\n",
        "openapi: 3\npaths: [}\n",
    ],
)
def test_yaml_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(Unparsable):
        read("openapi.yaml", text)


def test_aliases_do_not_grow_in_memory() -> None:
    bomb = "openapi: 3\na0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert read("openapi.yaml", bomb) == Outline()


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.proto", "message A {"), ("a.proto", "}"), ("a.graphql", "type A {{{"), ("a.prisma", "model A {\n  id Int\n")],
)
def test_blocks_that_do_not_close_do_not_parse(path: str, text: str) -> None:
    with pytest.raises(Unparsable, match=r"does not parse \(line 1\)"):
        read(path, text)
