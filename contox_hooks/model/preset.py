"""The providers that are known by name: where each is, what its models are called, what they cost, and its dialect.

All speak OpenAI's chat completions. One literal table; must not know settings, keys or HTTP. Mistral's and OpenRouter's
figures are what others' pages quoted when looked at in November 2026, OpenAI's its list of April 2025; none comes from
a bill, and names like `-latest` move. `model_small`, `model_medium` and `model_price` say what is so now. Where two
figures stood, the dearer one is here, since a cap must not come late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Price(NamedTuple):
    """Micro-dollars a million tokens."""

    prompt: int
    completion: int

    def micro_dollars(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Rounded up."""
        return -(-(prompt_tokens * self.prompt + completion_tokens * self.completion) // 1_000_000)


@dataclass(frozen=True, slots=True)
class Preset:
    base: str
    """What `/chat/completions` follows; empty: a setting says it."""
    small: str = ""
    medium: str = ""
    """Model names; empty: a setting says them."""
    key_variable: str = ""
    """The environment variable that the provider's own tools read."""
    schema_as: Literal["json_schema", "json_object"] = "json_schema"
    """What `response_format` takes; with json_object the schema stands in the prompt alone."""
    limit_as: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: float | None = 0.0
    """None: some of its models take no other than their own."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By model name; nobody knows those that are missing."""


PRESETS: Mapping[str, Preset] = {
    "mistral": Preset(
        "https://api.mistral.ai/v1",
        small="mistral-small-latest",
        medium="mistral-medium-latest",
        key_variable="MISTRAL_API_KEY",
        prices={
            "mistral-small-latest": Price(150_000, 600_000),
            "mistral-medium-latest": Price(400_000, 2_000_000),
        },
    ),
    "openrouter": Preset(
        "https://openrouter.ai/api/v1",
        small="mistralai/mistral-small-2603",
        medium="mistralai/mistral-medium-3.1",
        key_variable="OPENROUTER_API_KEY",
        prices={
            "mistralai/mistral-small-2603": Price(150_000, 600_000),
            "mistralai/mistral-medium-3.1": Price(440_000, 2_200_000),
        },
    ),
    "openai": Preset(
        "https://api.openai.com/v1",
        small="gpt-4.1-mini",
        medium="gpt-4.1",
        key_variable="OPENAI_API_KEY",
        limit_as="max_completion_tokens",
        temperature=None,
        prices={"gpt-4.1-mini": Price(400_000, 1_600_000), "gpt-4.1": Price(2_000_000, 8_000_000)},
    ),
    "ollama": Preset("http://127.0.0.1:11434/v1", small="mistral-nemo", medium="mistral-small3.2"),
    "custom": Preset(""),
}
