"""`contox-hooks push-notes [REMOTE]`: digests of what a remote has, as git notes beside it."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.option import Json

app = typer.Typer(add_completion=False)

Remote = Annotated[str, typer.Argument(metavar="[REMOTE]", help="A remote of this repository, or its URL.")]


@app.command()
def command(remote: Remote = "origin", json: Json = False) -> None:
    """Put digests of commits into REMOTE's refs/notes/contox, for a team without a server; no other ref is touched.

    Only commits that REMOTE has are told of, redacted, without e-mail addresses, within the settings of now, and
    nothing goes from one remote to another; what others put there stays. Hooks of this repository (pre-push) do not
    run for it. To look: git log --notes=contox-REMOTE after it.

    JSON: remote; added, notes that were new; pushed, whether its ref was moved; commit, where the ref is now, or null.
    """
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import clean, emit_json, plural, say
    from contox_hooks.domain.narrow import narrow_of
    from contox_hooks.exchange.noting import push_digests

    parts = looked(told=not json).parts
    done = push_digests(parts.repo, remote, parts.service.store, parts.project.id, narrow_of(parts.settings))
    if json:
        emit_json({"remote": remote, "added": done.added, "pushed": done.added > 0, "commit": done.commit})
    elif done.added:
        say(f"{plural(done.added, 'digest')} added to the notes of {clean(remote)}; others get them: pull-notes")
    elif done.commit is None:
        say(f"nothing to tell: {clean(remote)} has no commit that was captured here")
    else:
        say(f"nothing new to tell: {clean(remote)} has a note on every commit of its own that was captured here")
