"""Spool, sweep, drain, outbox, hook installation. Must not know HTTP, rich, Typer; the backend is handed in."""
