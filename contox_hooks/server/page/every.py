"""Every page of the dashboard on one screen."""

from __future__ import annotations

from types import ModuleType

from contox_hooks.server.page import (
    access,
    asset,
    connect,
    hygiene,
    item,
    live,
    login,
    member,
    memory,
    operation,
    project,
    review,
    session,
    session_change,
    session_list,
    setting,
)

PAGES: tuple[ModuleType, ...] = (
    access,
    asset,
    connect,
    hygiene,
    item,
    live,
    login,
    member,
    memory,
    operation,
    project,
    review,
    session,
    session_change,
    session_list,
    setting,
)
"""Modules with a `router`; the first that matches a path serves it."""
