"""Meaning as vectors, offline: static token embeddings from the weights inside the wordllama wheel.

Owns how text becomes rows and how long text is cut. Must not know items or storage. wordllama itself is never imported
(its loader looks in a wrong folder, then on the network): the two files it carries are read with safetensors and
tokenizers, both imported only when first needed. Invariant: nothing here opens a socket.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from contox_hooks.domain.error import Error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK_CHARACTERS = 800
"""DESIGN.md, choices of libraries: chunks of about 800 characters, the best one counting."""

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_BATCH_TOKENS = 16_384
"""Tokens looked up at once: 16 MB of float32 rows."""


class Embedder(Protocol):
    """Turns texts into float16 rows of length 1, shape (len(texts), dimensions); a text with no token gives a zero row.

    The same text always gives the same row, whatever stands beside it.
    """

    @property
    def name(self) -> str:
        """Identifies the vectors: rows of different names must not be compared."""
        ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float16]: ...


class StaticEmbedder:
    """The mean of a text's token vectors, as wordllama's own `embed(norm=True)` computes it."""

    name = "wordllama-l2-supercat-256"

    def __init__(self, folder: Path) -> None:
        """`folder`: the wordllama package. Raises Error when the two files are missing or unreadable."""
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        weights, tokenizer = folder / _WEIGHTS, folder / _TOKENIZER
        for file in (weights, tokenizer):
            if not file.is_file():
                raise Error(f"the embedding model has no {file.name}", hint=_HINT)
        try:
            from safetensors import safe_open
            from tokenizers import Tokenizer

            with safe_open(weights, framework="np") as tensors:
                self._vectors: NDArray[np.float16] = tensors.get_tensor("embedding.weight")
            self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        except Error:
            raise
        except Exception as cause:  # both libraries raise classes of their own, from compiled code
            raise Error(f"the embedding model cannot be read: {cause}", hint=_HINT) from cause
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    @property
    def dimensions(self) -> int:
        return int(self._vectors.shape[1])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float16]:
        import numpy as np

        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        encoded = self._tokenizer.encode_batch(
            # A lone surrogate cannot cross into the compiled tokenizer.
            [text.encode("utf-8", "replace").decode() for text in texts],
            add_special_tokens=False,
        )
        last = len(self._vectors) - 1
        for start, end in _batches([len(entry.ids) for entry in encoded]):
            filled = [place for place in range(start, end) if encoded[place].ids]
            if not filled:
                continue
            ids = np.concatenate([np.asarray(encoded[place].ids, dtype=np.int64) for place in filled])
            counts = np.array([len(encoded[place].ids) for place in filled])
            offsets = np.concatenate(([0], np.cumsum(counts)[:-1]))
            token_rows = self._vectors[np.minimum(ids, last)].astype(np.float32)
            rows[filled] = np.add.reduceat(token_rows, offsets, axis=0) / counts[:, None]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, lengths, out=rows, where=lengths > 0)
        return rows.astype(np.float16)


_HINT = "reinstall it: pip install --force-reinstall 'wordllama>=0.3.9'"


@cache
def default_embedder() -> Embedder:
    """The embedder that installs with the package, loaded once a process (about 0.1 s).

    Raises Error, with what to type, when the wheel that carries the weights is missing or damaged.
    """
    spec = importlib.util.find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise Error("the embedding model is not installed: no package wordllama", hint=_HINT)
    return StaticEmbedder(Path(next(iter(spec.submodule_search_locations))))


def chunks(text: str) -> list[str]:
    """The text in pieces of at most CHUNK_CHARACTERS, cut at white space where there is some in the piece's last half.

    Joined with single spaces they hold every word of it, in order. Nothing but white space gives no chunk.
    """
    pieces = []
    rest = text.strip()
    while len(rest) > CHUNK_CHARACTERS:
        cut = max(rest.rfind(" ", CHUNK_CHARACTERS // 2, CHUNK_CHARACTERS + 1),
                  rest.rfind("\n", CHUNK_CHARACTERS // 2, CHUNK_CHARACTERS + 1))  # fmt: skip
        if cut < 0:
            cut = CHUNK_CHARACTERS
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        pieces.append(rest)
    return pieces


def _batches(counts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges of texts with at most _BATCH_TOKENS together; a longer text stands alone."""
    start = total = 0
    for place, count in enumerate(counts):
        if total and total + count > _BATCH_TOKENS:
            yield start, place
            start, total = place, 0
        total += count
    if start < len(counts):
        yield start, len(counts)
