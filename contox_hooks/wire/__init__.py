"""Codecs and signatures of the Contox API (CONTRACT.md), for the remote backend and the server alike. No I/O."""
