"""`contox-hooks pull-notes [REMOTE]`: what others have told of their commits, into this machine's memory."""

from __future__ import annotations

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.push_notes import Remote

app = typer.Typer(add_completion=False)


@app.command()
def command(remote: Remote = "origin", json: Json = False) -> None:
    """Fetch REMOTE's refs/notes/contox and remember the commits that it tells of, as far as they are here.

    What is remembered of a commit is read from this repository, never from a note, and is history, never your own work:
    each commit once; notes of commits that are not here wait until they are. Auto-learn makes memory of it. To look:
    git log --notes=contox-REMOTE.

    JSON: remote; captured; known, captured before; absent, of commits not here; unfit, notes that are no digest of
    their commit; undelivered, why events wait, or null.
    """
    from contox_hooks.capture.backfill import Plan, backfill
    from contox_hooks.capture.store import CaptureStore
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import clean, emit_json, plural, say, warn
    from contox_hooks.exchange.noting import incoming
    from contox_hooks.git.note_sync import pull

    parts = looked(told=not json).parts
    notes = pull(parts.repo, remote)
    with CaptureStore.open(parts.state.database) as store:
        found = incoming(parts.repo, notes, store.digested)
    stored: list[int] = []
    undelivered = None
    if found.shas:
        plan = Plan(found.shas, found.known)
        done = backfill(parts.repo, parts.drain(), plan, parts.settings, on_stored=stored.append)
        undelivered = done.undelivered
        if stored and parts.settings.auto_learn:
            parts.drain().ask_for_runs()
            parts.start_worker()
    captured = sum(stored)
    if json:
        emit_json({
            "remote": remote, "captured": captured, "known": found.known, "absent": found.absent,
            "unfit": found.unfit,
            "undelivered": undelivered,
        })  # fmt: skip
        return
    told = [f"{plural(captured, 'commit')} learnt from the notes of {clean(remote)}" if captured else "nothing new"]
    told += [f"{found.known:,} known already"] if found.known else []
    told += [f"{found.absent:,} of commits that are not here yet"] if found.absent else []
    told += [f"{plural(found.unfit, 'note')} passed over: no digest of its commit"] if found.unfit else []
    say(", ".join(told))
    if undelivered is not None:
        warn(f"contox-hooks: events wait to be handed over: {undelivered}\n  → contox-hooks doctor")
