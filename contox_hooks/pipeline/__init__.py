"""One file a stage, the runner, and the extractors behind one protocol. No HTTP server, no CLI."""
