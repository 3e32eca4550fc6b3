"""Memory on its way out of one place and into another: files, notes, other tools' formats."""
