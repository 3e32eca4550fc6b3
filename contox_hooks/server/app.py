"""The application: every router on one screen, put together with the site that they work on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType

from fastapi import FastAPI

from contox_hooks import __version__
from contox_hooks.server import openapi, refusal, rim
from contox_hooks.server.api import (
    ask,
    brain,
    context,
    context_whole,
    drift,
    entry,
    hygiene,
    ingest,
    item,
    key,
    link,
    member,
    project,
    report,
    resolve,
    search,
    session,
    setting,
    stream,
)
from contox_hooks.server.committer import Committer
from contox_hooks.server.feed import Feed
from contox_hooks.server.page import refused
from contox_hooks.server.page.every import PAGES
from contox_hooks.server.rim import health
from contox_hooks.server.site import Site

ROUTERS: tuple[ModuleType, ...] = (
    ingest,  # asked for most, and each router before it is one more to look into
    ask,
    brain,
    context_whole,  # its names before the ids of the next
    context,
    drift,
    entry,
    hygiene,
    item,
    key,
    link,
    member,
    project,
    report,
    resolve,
    search,
    session,
    setting,
    stream,
)
"""Modules with a `router`; the first that matches a path serves it."""


RIM: tuple[ModuleType, ...] = (health,)


def create_app(site: Site) -> FastAPI:
    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        site.engine.start()
        committer.start()
        yield
        committer.stop()
        site.engine.stop()
        site.pool.close()

    app = FastAPI(
        title="contox-hooks",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,  # theirs come from a CDN
        redoc_url=None,
        redirect_slashes=False,
        lifespan=running,
    )
    app.state.site = site
    app.state.feed = Feed(site.pool.open_store)
    committer = app.state.committer = Committer(site.pool, site.engine)
    refusal.install(app)
    refused.install(app)
    for module in (*RIM, *ROUTERS, *PAGES):
        app.include_router(module.router)
    rim.surround(app, site)
    openapi.describe(app, site)
    return app
