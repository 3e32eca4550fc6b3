from __future__ import annotations

from tests.pipeline.source.case import private, read, signatures, told


def test_c_before_and_after() -> None:
    before = """
        #define MAX(a, b) ((a) > (b) ? (a) : (b))
        struct point { int x; char *name; };
        enum color { RED, GREEN = 2 };
        static int helper(int a) { return a; }
        char *name_of(const struct point *p)
        {
            return p->name;
        }
        int gone(void) { return 0; }
    """
    after = """
        #define MAX(a, b) ((a) > (b) ? (a) : (b))
        struct point { long x; char *name; };
        enum color { RED, GREEN = 2, BLUE };
        static int helper(int a) { return a + 1; }
        const char *name_of(const struct point *p,
                            int flags)
        {
            return p->name;
        }
    """
    assert told("a.c", before, after) == [
        "schema point (struct) int x becomes long x",
        "schema color (enum) adds BLUE",
        "`char *name_of(const struct point *p)` becomes `const char *name_of(const struct point *p, int flags)`",
        "removes `int gone(void)`",
        "`static int helper(int a)`",
    ]


def test_unknown_macros_break_neither_the_function_nor_the_file() -> None:
    found = read(
        "a.c",
        "int cmd(int argc, const char **argv, struct repository *repo UNUSED)\n{ return 0; }\n"
        "void f(void)\n{\n\tfor_each_string_list_item(item, &list)\n\t\tg(item);\n}\nint after(void) { return 1; }\n",
    )
    assert [part.name for part in found.definitions] == ["cmd", "f", "after"]
    assert found.broken_line == 1


def test_bodies_are_not_read_and_keep_their_lines() -> None:
    found = read(
        "a.c",
        "struct s\n{\n\tint field;\n};\n\nint first(void)\n{\n\tMACRO broken (\n#if A\n\tx;\n#endif\n}\n\n"
        "int second(void)\n{\n\treturn 2;\n }\n\nint third(void)\n{\n\treturn 3;\n}\n",
    )
    assert [(part.name, part.first_line, part.last_line) for part in found.definitions] == [
        ("s", 1, 4), ("first", 6, 12), ("second", 14, 17), ("third", 19, 22)
    ]  # fmt: skip
    assert [schema.fields[0].name for schema in found.schemas] == ["field"]
    assert found.broken_line == 0


def test_a_body_that_ends_in_another_branch_is_left_as_it_is() -> None:
    found = read("a.c", "int f(void)\n{\n#ifdef A\n\tif (1) {\n}\n#endif\n\treturn 1;\n}\n\nint g(void)\n{\n}\n")
    assert [(part.name, part.last_line) for part in found.definitions] == [("f", 8), ("g", 12)]


def test_prototypes_count_in_headers_only() -> None:
    text = "#ifndef A\n#define A\nint proto(int a, char *b);\nextern char *str(void);\ntypedef struct { int a; } foo_t;\ntypedef int (*callback)(void *);\nint value;\n#endif\n"
    assert signatures(read("a.h", text)) == [
        "int proto(int a, char *b)", "extern char *str(void)", "typedef struct {…} foo_t", "typedef int (*callback)(void *)",
    ]  # fmt: skip
    assert "proto" not in [part.name for part in read("a.c", text).definitions]


CPP = """
    namespace a { namespace b {
    template <typename T> class Shop : public Base<T> {
    public:
      Shop(int a) : a_(a) {}
      virtual ~Shop();
      int total(const std::string& s) const override;
    private:
      int hidden();
      int a_;
    };
    struct P { int x; int y = 2; };
    }}
    int a::b::Shop::total(const std::string& s) const { return 1; }
    template <typename T> T largest(T a, T b) { return a; }
    Foo& operator+=(Foo& a, const Foo& b) { return a; }
"""


def test_cpp() -> None:
    found = read("a.cpp", CPP)
    assert signatures(found) == [
        "template <typename T> class Shop : public Base<T>", "a::b::Shop::Shop(int a)", "virtual a::b::Shop::~Shop()",
        "int a::b::Shop::total(const std::string& s) const override", "int a::b::Shop::hidden()", "struct P",
        "int a::b::Shop::total(const std::string& s) const", "template <typename T> T largest(T a, T b)",
        "Foo& operator+=(Foo& a, const Foo& b)",
    ]  # fmt: skip
    assert private(found) == {"a.b.Shop.hidden"}
    assert [schema.text for schema in found.schemas] == ["a.b.P (struct): int x, int y = 2"]
    assert told("a.cpp", CPP, CPP.replace("return 1;", "return 2;").replace("T a, T b)", "T a, T b, T c)")) == [
        "`template <typename T> T largest(T a, T b)` becomes `template <typename T> T largest(T a, T b, T c)`",
        "`int a::b::Shop::total(const std::string& s) const override`",
        "`int a::b::Shop::total(const std::string& s) const`",
    ]


def test_a_header_is_cpp_by_what_it_holds() -> None:
    assert [part.name for part in read("a.h", "#pragma once\nclass A {\npublic:\n  void m();\n};\n").definitions] == [
        "A",
        "A.m",
    ]
