"""The memory service and its store: projects, sessions, events, jobs, items, search. No HTTP, no CLI, no git writes."""
