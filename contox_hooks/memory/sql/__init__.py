"""Every statement of the memory store, one file a noun, named and commented; nothing here runs.

Named parameters, ON CONFLICT, text and integer columns: SQLite and PostgreSQL both understand them. What cannot be said
to both stands side by side as Each, as the index of words does (`search.py`).
"""
