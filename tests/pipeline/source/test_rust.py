from __future__ import annotations

from tests.pipeline.source.case import private, read, signatures, told


def test_before_and_after() -> None:
    before = """
        pub struct User { pub id: u64, name: String }
        enum Kind { A, B(u8) }
        impl Shop {
            pub fn total(&self) -> u8 { 1 }
            fn inner() {}
        }
        pub trait Store { fn get(&self) -> u8; }
    """
    after = """
        pub struct User { pub id: Uuid, name: String }
        enum Kind { A, B(u8), C { x: i32 } }
        impl Shop {
            pub async fn total<'a>(&'a self, by: &str) -> Result<u8> { 1 }
            fn inner() { todo!() }
        }
        pub trait Store { fn get(&self) -> Option<u8>; }
    """
    assert told("a.rs", before, after) == [
        "schema User (struct) pub id: u64 becomes pub id: Uuid",
        "schema Kind (enum) adds C { x: i32 }",
        "`pub fn Shop::total(&self) -> u8` becomes `pub async fn Shop::total<'a>(&'a self, by: &str) -> Result<u8>`",
        "`fn Store::get(&self) -> u8` becomes `fn Store::get(&self) -> Option<u8>`",
        "`fn Shop::inner()`",
    ]


def test_definitions() -> None:
    found = read(
        "a.rs",
        "pub struct Pair(u8, u8);\nimpl<T: Clone> fmt::Display for Shop<T> where T: X { fn fmt(&self) {} }\n"
        "mod m { pub fn g() {} }\n#[cfg(test)] mod tests { fn t() {} }\npub const X: u8 = 5;\n"
        "macro_rules! mac { () => {} }\npub(crate) fn free(\n    a: u8, // why\n    b: u8,\n) -> u8 { 0 }\n",
    )
    assert signatures(found) == [
        "pub struct Pair(u8, u8)", "fn Shop::fmt(&self)", "pub fn m::g()", "pub const X: u8", "macro_rules! mac",
        "pub(crate) fn free(a: u8, b: u8) -> u8",
    ]  # fmt: skip
    assert private(found) == {"mac"}
