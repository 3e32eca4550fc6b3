from __future__ import annotations

import pytest

from tests.pipeline.source.case import private, read, signatures, told

TYPESCRIPT = """
    import x from 'y';
    export interface User { id: number; name?: string; greet(a: string): void }
    export type Id = string | number;
    type Options = { a: number; b: string };
    export enum Color { Red = "r", Green }
    export abstract class Shop<T> extends Base implements I {
      constructor(private readonly db: Db) { super() }
      async total(a: number, /* why */ b = 2): Promise<number> { return 1 }
      private hidden() {}
      abstract foo(): void;
      handle = (e: Event) => { }
    }
    export default async function main(a: string): Promise<void> {}
    export const add = (a: number, b: number): number => a + b;
    export const LIMIT = 5;
    namespace N { export function inner() {} }
    function local() {}
"""


def test_definitions_of_typescript() -> None:
    found = read("a.ts", TYPESCRIPT)
    assert signatures(found) == [
        "export interface User", "export type Id = string | number", "type Options", "export enum Color",
        "export abstract class Shop<T> extends Base implements I", "Shop.constructor(private readonly db: Db)",
        "async Shop.total(a: number, b = 2): Promise<number>", "private Shop.hidden()", "abstract Shop.foo(): void",
        "Shop.handle = (e: Event)", "export default async function main(a: string): Promise<void>",
        "export const add = (a: number, b: number): number", "export const LIMIT", "namespace N",
        "export function N.inner()", "function local()",
    ]  # fmt: skip
    assert private(found) == {"Options", "Shop.hidden", "N", "local"}


def test_schemas_before_and_after() -> None:
    before = "export interface User { id: number; name?: string }\nenum Color { Red }\n"
    after = "export interface User { id: string; mail: string }\nenum Color { Red, Blue = 2 }\nconst Login = z.object({ name: z.string() });\n"
    assert told("a.ts", before, after) == [
        "schema User (interface) id: number becomes id: string; adds mail: string; removes name?: string",
        "schema Color (enum) adds Blue = 2",
        "adds schema Login (zod schema): name: z.string()",
    ]


def test_signatures_before_and_after() -> None:
    before = "export function f(a: number) {}\nexport const g = (a) => a\nexport class A { m() { return 1 } }\n"
    after = "export async function f(a: number, b?: string) {}\nexport class A { m() { return 2 } n(x: T) {} }\n"
    assert told("a.ts", before, after) == [
        "`export function f(a: number)` becomes `export async function f(a: number, b?: string)`",
        "adds `A.n(x: T)`",
        "removes `export const g = (a)`",
        "`A.m()`",
    ]


def test_definitions_of_javascript() -> None:
    found = read(
        "a.js",
        "exports.f = function (a, b) { }\nmodule.exports.g = (x) => x\nShop.prototype.total = function () {}\n"
        "class A { #p() {} static b(x) {} get c() { return 1 } }\nfunction foo(a) {}\nconst View = () => <div/>\n",
    )
    assert signatures(found) == [
        "exports.f = function (a, b)", "module.exports.g = (x)", "Shop.prototype.total = function ()", "class A",
        "A.#p()", "static A.b(x)", "get A.c()", "function foo(a)", "const View = ()",
    ]  # fmt: skip
    assert private(found) == {"A.#p"}


@pytest.mark.parametrize("path", ["a.js", "a.ts"])
def test_express(path: str) -> None:
    before = """
        app.get('/users', auth, list)
        router.route('/x').get(show)
        app.post("/login", (req, res) => { res.send(1) })
    """
    after = """
        app.get('/users', auth, listAll)
        router.route('/x').get(show).post(users.add)
        app.post("/login", (req, res) => { res.send(2) })
        function later(server) { server.delete(`/users/:id`, remove) }
        app.use('/api', api)
        axios.get('/no', { timeout: 1 })
        app.get('view engine')
        app.get('/' + name, h)
    """
    lines = told(path, before, after)
    assert lines[:4] == [
        "route GET /users → list becomes GET /users → listAll",
        "adds route POST /x → users.add",
        "adds route DELETE /users/:id → remove",
        "adds route /api → api",
    ]
    assert "route POST /login" in lines
    assert not any("/no" in line or "engine" in line for line in lines)


@pytest.mark.parametrize(
    ("path", "text", "routes"),
    [
        ("app/users/[id]/route.ts", "export async function GET(r: Request) {}\nexport const POST = async () => {}\n", ["GET /users/[id] → GET", "POST /users/[id] → POST"]),
        ("src/app/(shop)/cart/page.tsx", "export default function Cart() { return <div/> }\n", ["/cart → Cart"]),
        ("web/pages/api/login.js", "export default function handler(req, res) {}\n", ["/api/login → handler"]),
        ("pages/index.tsx", "export default () => <p/>\n", ["/ → default"]),
        ("pages/_app.tsx", "export default function App() {}\n", []),
        ("app/lib/route_table.ts", "export function GET() {}\n", []),
    ],
)  # fmt: skip
def test_next(path: str, text: str, routes: list[str]) -> None:
    assert [route.text for route in read(path, text).routes] == routes
