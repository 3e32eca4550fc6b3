"""What servers tell of memory, under the names that CONTRACT.md 1.2 to 1.4 has for our own answers. Pure."""
