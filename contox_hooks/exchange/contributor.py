"""Who made a commit, a person or an AI tool, as far as it says so itself: its author and its trailers.

Pure. Invariant: nothing is guessed. A tool that names itself beside an author makes it mixed, one that is the author
makes it the tool's; where no tool is named nobody knows: most leave no trace, so no commit is said to be a person's.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.wire.address import MARK

ContributorType = Literal["human", "ai", "mixed", "unknown"]
"""Agent Trace 0.1.0, section 4."""

_TRAILER: Final = re.compile(
    r"^(?:co-authored-by|co-developed-by|assisted-by|generated-by):[ \t]*(?P<name>[^<\n]{1,200}?)[ \t]*"
    r"(?:<(?P<address>[^<>\n]{0,200})>)?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_TOOL: Final = re.compile(
    r"(?:claude(?: code)?(?: (?:opus|sonnet|haiku)(?: [\d.]{1,5})?)?|(?:github )?copilot|copilot-swe-agent(?:\[bot\])?"
    r"|cursor ?agent|(?:openai )?codex|aider|gemini[ -]cli|gemini-code-assist(?:\[bot\])?|devin ai"
    r"|devin-ai-integration(?:\[bot\])?|google-labs-jules(?:\[bot\])?|windsurf|cline|opencode)(?: \([^()\n]{1,200}\))?",
    re.IGNORECASE,
)
"""How tools sign, where no address says more: a person may be called Claude, but has a second name."""
_ADDRESS: Final = re.compile(
    r"(?:noreply@(?:anthropic|openai|aider)\.(?:com|chat)|aider@aider\.chat|cursoragent@cursor\.com|amp@ampcode\.com"
    r"|(?:\d+\+)?(?:copilot|copilot-swe-agent\[bot\]|claude\[bot\]|cursor\[bot\]|devin-ai-integration\[bot\]"
    r"|gemini-code-assist\[bot\]|google-labs-jules\[bot\]|chatgpt-codex-connector\[bot\])@users\.noreply\.github\.com)",
    re.IGNORECASE,
)
_MODEL: Final = re.compile(r"\((?P<model>[a-z0-9][a-z0-9._-]{0,80}/[A-Za-z0-9][A-Za-z0-9._:/-]{0,160})\)")
"""`aider (openai/gpt-4o)`: provider and model, as models.dev has them and the format wants them."""


class Contributor(NamedTuple):
    type: ContributorType
    model_id: str | None = None
    """Only where the commit names it so."""
    tools: tuple[str, ...] = ()
    """As they sign."""


def contributor_of(digest: CommitDigest) -> Contributor:
    author = digest.author
    signed = [(found["name"], found["address"] or "") for found in _TRAILER.finditer(digest.body)]
    tools = list(dict.fromkeys(name for name, address in signed if _is_tool(name, address)))
    models = {found["model"] for name in tools if (found := _MODEL.search(name))}
    model_id = models.pop() if len(models) == 1 else None
    if _is_tool(author.name, author.email):
        return Contributor("ai", model_id, tuple(dict.fromkeys((author.name, *tools))))
    return Contributor("mixed", model_id, tuple(tools)) if tools else Contributor("unknown")


def _is_tool(name: str, address: str) -> bool:
    """The address decides where there is one."""
    known = address.strip()
    if known and known != MARK:
        return _ADDRESS.fullmatch(known) is not None
    return _TOOL.fullmatch(name.strip()) is not None
