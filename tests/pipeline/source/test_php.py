from __future__ import annotations

from tests.pipeline.source.case import private, read, signatures, told


def test_before_and_after() -> None:
    before = """
        <?php
        namespace App\\Models;
        #[Entity]
        final class User extends Model implements X {
          protected $fillable = ['name'];
          #[Pure] public function posts(int $a): HasMany { return 1; }
          private function check() { return 1; }
        }
        enum Suit: string { case Hearts = 'H'; }
        function helper(array $x): int { return 1; }
    """
    after = (
        before.replace("['name']", "['name', 'email']")
        .replace("int $a)", "int $a, ?string $b = null)")
        .replace("check() { return 1; }", "check() { return 2; }")
        .replace("'H';", "'H'; case Spades = 'S';")
    )
    assert told("User.php", before, after) == [
        "schema User (Eloquent model) $fillable = ['name'] becomes $fillable = ['name', 'email']",
        "schema Suit (enum) adds case Spades = 'S'",
        "`public function User::posts(int $a): HasMany` becomes `public function User::posts(int $a, ?string $b = null): HasMany`",
        "`private function User::check()`",
    ]
    found = read("User.php", before)
    assert signatures(found)[0] == "final class User extends Model implements X"
    assert private(found) == {"User.check"}


def test_laravel_routes() -> None:
    before = "<?php\nRoute::get('/users/{id}', [UserController::class, 'show'])->name('x');\n"
    after = before + (
        "Route::middleware('auth')->prefix('admin')->group(function () {\n"
        "  Route::post('posts', 'PostController@store');\n});\n"
        "Route::resource('photos', PhotoController::class);\n"
        "Route::match(['get', 'post'], '/m', fn () => 1);\n"
        "Route::middleware('a')->put('/y', [Y::class, 'z']);\n"
    )
    assert told("routes/web.php", before, after) == [
        "adds route POST /admin/posts → PostController@store",
        "adds route resource /photos → PhotoController",
        "adds route GET|POST /m",
        "adds route PUT /y → Y::z",
    ]
    assert told("routes/web.php", before, before.replace("'show'", "'index'")) == [
        "route GET /users/{id} → UserController::show becomes GET /users/{id} → UserController::index"
    ]


def test_tables() -> None:
    before = (
        "<?php\nSchema::create('users', function (Blueprint $table) { $table->id(); $table->string('name', 20); });\n"
    )
    assert told("m.php", before, before.replace("});", "$table->foreignId('team_id')->constrained(); });")) == [
        "schema users (table) adds foreignId team_id"
    ]
