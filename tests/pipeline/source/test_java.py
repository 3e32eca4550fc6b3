from __future__ import annotations

from tests.pipeline.source.case import private, read, signatures, told

BEFORE = """
    package shop;

    @RestController
    @RequestMapping("/api/users")
    public class UserController {
      public UserController(Repo repo) { }

      @GetMapping("/{id}")
      public User get(@PathVariable Long id) throws Missing { return null; }

      @PostMapping
      @Override public User create(@RequestBody User user) { return null; }

      private void check() {}
    }

    @Entity @Table(name = "users")
    class User { @Id private Long id; @Column(nullable = false) String name; static int X = 1; }

    public record Point(int x, int y) {}

    enum Color { RED }
"""


def test_spring_before_and_after() -> None:
    after = (
        BEFORE.replace('@GetMapping("/{id}")', '@GetMapping("/by-id/{id}")')
        .replace("Long id) throws Missing", "UUID id)")
        .replace(
            "private void check() {}",
            'private void check() { log(); }\n@RequestMapping(value = {"/a", "/b"}, method = RequestMethod.PUT)\nvoid two() {}',
        )
        .replace("private Long id;", "private UUID id;")
        .replace("int x, int y", "int x, int y, int z")
        .replace("{ RED }", "{ RED, GREEN(2) }")
    )
    assert told("A.java", BEFORE, after) == [
        "route GET /api/users/{id} → UserController.get becomes GET /api/users/by-id/{id} → UserController.get",
        "adds route PUT /api/users/a → UserController.two",
        "adds route PUT /api/users/b → UserController.two",
        "schema User (JPA entity) Long id becomes UUID id",
        "schema Point (record) adds int z",
        "schema Color (enum) adds GREEN(2)",
        "`public User UserController.get(@PathVariable Long id) throws Missing` becomes `public User UserController.get(@PathVariable UUID id)`",
        "`public record Point(int x, int y)` becomes `public record Point(int x, int y, int z)`",
        "adds `void UserController.two()`",
        "`private void UserController.check()`",
    ]


def test_definitions() -> None:
    found = read("A.java", BEFORE + "public interface Repo<T> extends Base<T> { T find(long id); }\n")
    assert signatures(found)[:3] == [
        "public class UserController",
        "public UserController.UserController(Repo repo)",
        "public User UserController.get(@PathVariable Long id) throws Missing",
    ]
    assert signatures(found)[-2:] == ["public interface Repo<T> extends Base<T>", "T Repo.find(long id)"]
    assert private(found) == {"UserController.check", "User", "Color"}
    assert "POST /api/users → UserController.create" in {route.text for route in found.routes}


def test_comments_between_annotations_are_no_part_of_a_signature() -> None:
    assert signatures(read("A.java", "@A(x = 1)\n// why\n@B\n/* and */ class C {}\n")) == ["class C"]
