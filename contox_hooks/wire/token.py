"""What may be an API key or a signing secret, so that what a server, a link or a file says stays small and printable.

Pure. Must not know where either is kept.
"""

from __future__ import annotations

from typing import Final

MAX_KEY: Final = 4096
"""Characters; servers bound a request's head to 8 KiB or more."""
MAX_SECRET: Final = 512
"""Characters; an HMAC-SHA256 key longer than 64 bytes is no stronger (RFC 2104, 3)."""


def is_token(text: str, limit: int) -> bool:
    """Printable ASCII without blanks, of one to `limit` characters."""
    return 0 < len(text) <= limit and text.isascii() and text.isprintable() and " " not in text
