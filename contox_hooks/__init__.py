"""A developer's git commits become memory that AI coding tools can use."""

__version__ = "0.1.0"
