"""Language models: one protocol, one wire, and what it may cost."""
