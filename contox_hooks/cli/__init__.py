"""One file a verb; render turns values into text, tables and JSON. No SQL, HTTP or subprocess here."""
