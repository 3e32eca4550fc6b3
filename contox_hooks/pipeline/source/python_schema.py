"""Schemas that Python classes are: dataclasses, pydantic, SQLAlchemy, Django and other models, enums.

Invariant: a class is a schema by its decorator, its bases or `__tablename__`, never by its name.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from contox_hooks.pipeline.source.outline import Field, Schema, clip, field

_BASES = {
    "BaseModel": "pydantic model", "BaseSettings": "pydantic settings", "RootModel": "pydantic model",
    "TypedDict": "TypedDict", "NamedTuple": "NamedTuple", "Enum": "enum", "StrEnum": "enum", "IntEnum": "enum",
    "Flag": "enum", "IntFlag": "enum", "TextChoices": "enum", "IntegerChoices": "enum", "SQLModel": "SQLModel",
    "DeclarativeBase": "SQLAlchemy base", "Struct": "msgspec struct", "ModelSerializer": "serializer",
    "Serializer": "serializer", "Schema": "marshmallow schema",
}  # fmt: skip
_DECORATORS = {
    "dataclass": "dataclass", "define": "attrs class", "frozen": "attrs class", "attrs": "attrs class",
}  # fmt: skip


def schema_of(name: str, node: ast.ClassDef, written: Callable[[ast.expr], str]) -> Schema | None:
    kind = next((_DECORATORS[last] for last in map(last_name, node.decorator_list) if last in _DECORATORS), None)
    for base in node.bases:
        kind = kind or _BASES.get(last_name(base))
        if kind is None and isinstance(base, ast.Attribute) and base.attr == "Model":
            kind = "Django model" if isinstance(base.value, ast.Name) and base.value.id == "models" else "model"
    if kind is None and any(assigned_name(statement) == "__tablename__" for statement in node.body):
        kind = "SQLAlchemy model"
    if kind is None:
        return None
    fields = tuple(found for statement in node.body for found in _fields(statement, written))
    return Schema(name, kind, fields, node.lineno, node.end_lineno or node.lineno)


def _fields(statement: ast.stmt, written: Callable[[ast.expr], str]) -> Iterator[Field]:
    name = assigned_name(statement)
    if name is None or (name.startswith("__") and name != "__tablename__"):
        return
    if isinstance(statement, ast.AnnAssign):
        value = statement.value
        told = f" = {written(value)}" if isinstance(value, ast.Call) else ""  # mapped_column(…), Field(…)
        yield field(name, f"{name}: {clip(written(statement.annotation), 60)}{told}")
    elif isinstance(statement, ast.Assign) and isinstance(statement.value, (ast.Call, ast.Constant)):
        yield field(name, f"{name} = {clip(written(statement.value), 60)}")


def assigned_name(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def last_name(node: ast.expr) -> str:
    """`dataclass` of `dataclass`, `@dataclass(frozen=True)`, `dataclasses.dataclass`, `Generic[T]`."""
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Attribute):
            return node.attr
        else:
            return node.id if isinstance(node, ast.Name) else ""
