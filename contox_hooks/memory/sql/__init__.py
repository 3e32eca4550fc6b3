"""Every statement of the memory store, one file a noun, named and commented; nothing here runs.

Named parameters, ON CONFLICT, text and integer columns: SQLite and PostgreSQL both understand them. Only `search.py`
is SQLite's own (FTS5).
"""
