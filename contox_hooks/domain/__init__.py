"""Values and pure rules. No I/O, no clock, no randomness, no third-party package."""
