from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.domain.error import Error
from contox_hooks.pipeline.embedding import CHUNK_CHARACTERS, StaticEmbedder, chunks, default_embedder

TEXTS = [
    "fix the parser",
    "Fix the parser so that it reads\nnewlines",
    "def foo(x): return x",
    "é 漢字 🎉",
    "a b " * 300,
]


def package() -> Path:
    spec = importlib.util.find_spec("wordllama")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


def test_rows_are_those_of_the_library_itself() -> None:
    from safetensors import safe_open
    from tokenizers import Tokenizer
    from wordllama.inference import WordLlamaInference

    with safe_open(package() / "weights/l2_supercat_256.safetensors", framework="np") as tensors:
        weights = tensors.get_tensor("embedding.weight")
    tokenizer = Tokenizer.from_file(str(package() / "tokenizers/l2_supercat_tokenizer_config.json"))
    theirs = WordLlamaInference(weights, tokenizer).embed(TEXTS, norm=True)
    ours = default_embedder().embed(TEXTS)
    assert (ours.dtype, ours.shape) == (np.float16, (len(TEXTS), default_embedder().dimensions))
    np.testing.assert_allclose(ours.astype(np.float32), theirs, atol=2e-4)  # float16 keeps 11 bits


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=8))
def test_a_row_depends_on_its_text_alone(texts: list[str]) -> None:
    embedder = default_embedder()
    together = embedder.embed(texts)
    assert together.shape == (len(texts), 256)
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_array_equal(row, embedder.embed([text])[0])
        length = np.linalg.norm(row.astype(np.float32))
        assert length == pytest.approx(1, abs=2e-3) if text else length == 0


def test_many_texts_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = default_embedder().embed(TEXTS)
    monkeypatch.setattr("contox_hooks.pipeline.embedding._BATCH_TOKENS", 7)
    np.testing.assert_array_equal(default_embedder().embed(TEXTS), whole)


def test_near_meaning_lies_near() -> None:
    a, b, c = (
        default_embedder().embed(["add a cache for prices", "cache the prices", "drop Python 3.8"]).astype(np.float32)
    )
    assert a @ b > a @ c + 0.2


def test_a_lone_surrogate_is_no_crash() -> None:
    assert default_embedder().embed(["a\ud800b"]).any()


def test_no_network_and_no_wordllama(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(socket, "socket", refuse)
    default_embedder.cache_clear()
    assert default_embedder().embed(["x"]).any()
    code = (
        "import sys, contox_hooks.pipeline.embedding as e\n"
        "assert not {'numpy', 'tokenizers', 'safetensors'} & set(sys.modules), 'not lazy'\n"
        "e.default_embedder().embed(['x'])\n"
        "assert 'wordllama' not in sys.modules"
    )
    monkeypatch.undo()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_a_missing_or_damaged_model_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Error, match="has no l2_supercat_256") as missing:
        StaticEmbedder(tmp_path)
    assert "pip install" in missing.value.hint
    for name in ("weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("{}")
    with pytest.raises(Error, match="cannot be read"):
        StaticEmbedder(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    default_embedder.cache_clear()
    with pytest.raises(Error, match="not installed"):
        default_embedder()
    default_embedder.cache_clear()


@given(st.text(alphabet="ab \n\té", max_size=3000))
def test_chunks_hold_every_word_in_order(text: str) -> None:
    pieces = chunks(text)
    assert all(0 < len(piece) <= CHUNK_CHARACTERS for piece in pieces)
    joined = "".join(piece.replace(" ", "") for piece in pieces)
    assert "".join(joined.split()) == "".join(text.split())


def test_chunks_cut_at_white_space() -> None:
    words = [f"word{number}" for number in range(400)]
    assert " ".join(chunks(" ".join(words))).split() == words
    assert [len(piece) for piece in chunks("x" * 1700)] == [800, 800, 100]
    assert chunks(" \n ") == []
