"""The application: every router on one screen, put together with the site that they work on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType

from fastapi import FastAPI

from contox_hooks import __version__
from contox_hooks.server import refusal
from contox_hooks.server.api import project
from contox_hooks.server.site import Site

ROUTERS: tuple[ModuleType, ...] = (project,)
"""Modules with a `router`; the first that matches a path serves it."""


def create_app(site: Site) -> FastAPI:
    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        site.engine.start()
        yield
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
    refusal.install(app)
    for module in ROUTERS:
        app.include_router(module.router)
    return app
