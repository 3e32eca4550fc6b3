"""The client of the Contox API, over `net/`."""
