"""Prompts: what people ask an agent for again and again, in words that name the tools. No memory is read for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from contox_hooks.domain.visible import visible

if TYPE_CHECKING:
    from contox_hooks.mcp.server import Server


def register(server: Server) -> None:
    server.prompt("save_session", title="Save this session")(save_session)
    server.prompt("onboard_me", title="Onboard me")(onboard_me)


def save_session(focus: Annotated[str, Field(description="What to tell of first; may be left out")] = "") -> str:
    """Save what was done in this conversation to the project's memory."""
    asked = f" Tell of this first: {visible(focus)}." if focus else ""
    return (
        "Save this session to the project's memory. Read contox_git_digest for the commits and open changes since the "
        "last save, look through our conversation, then call contox_save_session once: a summary of one or two "
        "sentences, and one change for each decision with its reason, convention, bug, or thing left to do. Leave out "
        f"what the code says by itself, and every secret.{asked}"
    )


def onboard_me(topic: Annotated[str, Field(description="A part of the project; may be left out")] = "") -> str:
    """Explain this project to somebody who is new here."""
    asked = f" I care most about: {visible(topic)}; look it up with contox_search." if topic else ""
    return (
        "Explain this project to me; I am new here. Read contox_onboarding_guide and contox_get_memory, then tell me "
        "in plain words what it is for, how it is built and where things are, the decisions and conventions I must "
        f"know, what is in flux or doubtful, and where to begin. Say how sure memory is where it is not.{asked}"
    )
