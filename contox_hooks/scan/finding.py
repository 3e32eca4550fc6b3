"""All findings of a read tree, in the order in which they are told.

Pure. Invariant: the same tree gives the same findings, however it was read.
"""

from __future__ import annotations

from collections.abc import Sequence

from contox_hooks.domain.path import path_kind
from contox_hooks.scan import conduct, module, overview, surface
from contox_hooks.scan.fact import Finding, clean_finding
from contox_hooks.scan.part import parts_of
from contox_hooks.scan.tree import ReadTree

_NO_CODE = (".html", ".css", ".sql")
"""Counted among the languages, and no part of a project by themselves."""
_TOLD_BESIDE = ("test", "doc", "migration", "ci")


def findings(tree: ReadTree) -> list[Finding]:
    code = [path for path in tree.sources if not path.endswith(_NO_CODE)]
    parts = parts_of(code or tree.sources)
    modules = list(module.modules(tree, parts))
    found = [
        *overview.project(tree),
        *overview.layout(tree, parts, {each.path: each for each in modules}, _beside(tree)),
        *modules,
        *surface.entries(tree),
        *surface.routes(tree, parts),
        *surface.schemas(tree, parts),
        *surface.dependencies(tree),
        *conduct.tests(tree),
        *conduct.ci(tree),
        *conduct.checks(tree),
    ]
    clean = [clean_finding(each) for each in found]
    return list({each.identity: each for each in clean if each.facts}.values())


def _beside(tree: ReadTree) -> set[str]:
    """Top folders without sources of the project."""
    holding = {path.partition("/")[0] for path in tree.sources}
    return {
        folder
        for path in tree.tracked
        if "/" in path and (folder := path.partition("/")[0]) not in holding and not folder.startswith(".")
        and path_kind(path) in (*_TOLD_BESIDE, "source", "other")
    }  # fmt: skip


def cut_of(found: Sequence[Finding]) -> list[str]:
    """What findings had no room for, one line each."""
    return [f"{each.more:,} more in {each.identity.removeprefix('scan:')}" for each in found if each.more]
