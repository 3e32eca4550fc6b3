"""`contox-hooks pull-notes [REMOTE]`: what others have told of their commits, into this machine's memory."""

from __future__ import annotations

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.push_notes import Remote

app = typer.Typer(add_completion=False)


@app.command()
def command(remote: Remote = "origin", json: Json = False) -> None:
    """Fetch REMOTE's refs/notes/contox, join it with what is here, and remember what it tells; no other ref is touched.

    What comes in is history, never your own work: each commit once, only commits that are here; the others' notes wait
    until they are. Auto-learn makes memory of it.

    JSON: remote; captured; known, captured before; absent, of commits not here; unfit, notes that are no digest of
    their commit; undelivered, why events wait, or null.
    """
    from contox_hooks.capture.store import CaptureStore
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import clean, emit_json, plural, say, warn
    from contox_hooks.domain.narrow import narrow_of
    from contox_hooks.exchange.noting import digests_of, incoming
    from contox_hooks.git.note_sync import pull

    parts = looked(told=not json).parts
    pull(parts.repo, remote)
    with CaptureStore.open(parts.state.database) as store:
        found = incoming(parts.repo, store.digested)
    captured, undelivered = 0, None
    if found.commits:
        digests = digests_of(parts.repo, found.commits, narrow_of(parts.settings))
        done = parts.drain().backfill(digests, on_stored=lambda count: None)
        captured, undelivered = done.commits, done.undelivered
        if captured and parts.settings.auto_learn:
            parts.drain().ask_for_runs()
            parts.start_worker()
    unfit = len(found.commits) - captured
    if json:
        emit_json({
            "remote": remote, "captured": captured, "known": found.known, "absent": found.absent, "unfit": unfit,
            "undelivered": undelivered,
        })  # fmt: skip
        return
    told = [f"{plural(captured, 'commit')} learnt from the notes of {clean(remote)}" if captured else "nothing new"]
    told += [f"{found.known:,} known already"] if found.known else []
    told += [f"{found.absent:,} of commits that are not here yet"] if found.absent else []
    told += [f"{plural(unfit, 'note')} passed over: no digest of its commit"] if unfit else []
    say(", ".join(told))
    if undelivered is not None:
        warn(f"contox-hooks: events wait to be handed over: {undelivered}\n  → contox-hooks doctor")
