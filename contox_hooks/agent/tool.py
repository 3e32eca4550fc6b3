"""The AI tools that we know: what shows that one is here, and which files of its own we have a place in.

Owns where a tool reads what; `source` says from where we know it (looked up in November 2026). Must not know what is
written there. Paths begin with `~/` (the user's home), `%/` (where the platform's programs keep what is a user's), or
are the work tree's; a path that ends in `/` is a folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from contox_hooks.agent.json_entry import JsonEntry
from contox_hooks.agent.section import Section
from contox_hooks.agent.toml_entry import TomlEntry

PLAIN = Section()

NAME = "contox-hooks"
"""Of the server's entry, the same in every tool."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A file that counts where `needs` is there; with no `needs`, always. Of several the first one counts."""

    path: str
    needs: str = ""

    @property
    def is_users(self) -> bool:
        """Outside the work tree: for every repository of this user."""
        return self.path.startswith(("~/", "%/")) or PurePath(self.path).is_absolute()


@dataclass(frozen=True, slots=True)
class Server:
    """Where a tool reads which MCP servers to start."""

    spots: tuple[Spot, ...]
    form: JsonEntry | TomlEntry
    typed: bool = False
    """Entries name their transport: `"type": "stdio"`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Where a tool reads what always holds in this work tree."""

    spots: tuple[Spot, ...]
    form: Section = PLAIN


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    label: str
    signs: tuple[str, ...]
    """Files and folders that show it is used here."""
    programs: tuple[str, ...]
    server: Server | None
    rules: Rules
    source: str


def _servers(key: str = "mcpServers") -> JsonEntry:
    return JsonEntry(key, NAME)


_ALWAYS = Section(f"---\ntrigger: always_on\ndescription: The project's memory ({NAME})\n---\n\n")
_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
_CLINE = "User/globalStorage/saoudrizwan.claude-dev/"
_CLINE_FILE = "settings/cline_mcp_settings.json"
_CLINE_SHARED = "~/.cline/data/settings/cline_mcp_settings.json"

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "claude", "Claude Code",
            ("~/.claude/", "~/.claude.json", ".claude/", "CLAUDE.md"), ("claude",),
            Server((Spot(".mcp.json"),), _servers(), typed=True),
            Rules((Spot("CLAUDE.md", "CLAUDE.md"), Spot(".claude/CLAUDE.md", ".claude/CLAUDE.md"), Spot("CLAUDE.md"))),
            "code.claude.com/docs/en/mcp (project scope; strict JSON: anthropics/claude-code#9906), …/docs/en/memory",
        ),
        Tool(
            "cursor", "Cursor",
            ("~/.cursor/", ".cursor/", ".cursorrules"), ("cursor", "cursor-agent"),
            Server((Spot(".cursor/mcp.json"),), _servers(), typed=True),
            Rules(
                (Spot(f".cursor/rules/{NAME}.mdc"),),
                Section(f"---\ndescription: The project's memory ({NAME})\nalwaysApply: true\n---\n\n"),
            ),
            "cursor.com/docs/mcp, cursor.com/docs/rules (only .mdc counts; .cursorrules is the old form)",
        ),
        Tool(
            "copilot", "Copilot in VS Code",
            (".vscode/mcp.json", ".github/copilot-instructions.md", "~/.copilot/", "~/.vscode/", "%/Code/User/"),
            ("code", "copilot"),
            Server((Spot(".vscode/mcp.json"),), _servers("servers"), typed=True),
            Rules((Spot(".github/copilot-instructions.md"),)),
            "code.visualstudio.com/docs/agents/reference/mcp-configuration, …/reference/custom-instructions-reference",
        ),
        Tool(
            "windsurf", "Windsurf",
            ("~/.codeium/windsurf/", ".windsurf/", ".windsurfrules"), ("windsurf",),
            Server((Spot("~/.codeium/windsurf/mcp_config.json"),), _servers()),
            Rules((Spot(f".windsurf/rules/{NAME}.md"),), _ALWAYS),
            "docs.windsurf.com/windsurf/cascade/mcp, …/cascade/memories (12,000 characters a file)",
        ),
        Tool(
            "antigravity", "Antigravity",
            ("~/.gemini/antigravity/", "~/.gemini/antigravity-cli/", "~/.gemini/config/"), ("antigravity", "agy"),
            Server(
                (
                    Spot("~/.gemini/config/mcp_config.json", "~/.gemini/config/"),
                    Spot("~/.gemini/antigravity/mcp_config.json", "~/.gemini/antigravity/"),  # before 2.0
                    Spot("~/.gemini/config/mcp_config.json"),
                ),
                _servers(),
            ),
            Rules(  # where both folders are, only the first is read
                (
                    Spot(f".agents/rules/{NAME}.md", ".agents/"),
                    Spot(f".agent/rules/{NAME}.md", ".agent/"),
                    Spot(f".agents/rules/{NAME}.md"),
                ),
                _ALWAYS,
            ),
            "CoplayDev/unity-mcp#1151, browseros-ai/BrowserOS#1862 (2.x reads config/), discuss.ai.google.dev/t/126165",
        ),
        Tool(
            "cline", "Cline",
            ("~/.cline/", ".clinerules", ".clinerules/", *(f"%/{editor}/{_CLINE}" for editor in _EDITORS)), ("cline",),
            Server(
                (
                    Spot(_CLINE_SHARED, _CLINE_SHARED),
                    *(  # before 4.0, which takes over what is there
                        Spot(f"%/{editor}/{_CLINE}{_CLINE_FILE}", f"%/{editor}/{_CLINE}") for editor in _EDITORS
                    ),
                    Spot(_CLINE_SHARED),
                ),
                _servers(),
            ),
            # A new .clinerules would put out of use what Cline reads of other tools, but not AGENTS.md.
            Rules(
                (
                    Spot(f".clinerules/{NAME}.md", ".clinerules/"),
                    Spot(".clinerules", ".clinerules"),
                    Spot("AGENTS.md"),
                )
            ),
            "docs.cline.bot/getting-started/config, …/features/cline-rules/overview, cline/cline#11818",
        ),
        Tool(
            "gemini", "Gemini CLI",
            ("~/.gemini/settings.json", ".gemini/settings.json", "GEMINI.md"), ("gemini",),
            Server(
                (Spot(".gemini/settings.json", ".gemini/settings.json"), Spot("~/.gemini/settings.json")), _servers()
            ),
            Rules((Spot("GEMINI.md"),)),
            "geminicli.com/docs/cli/configuration, google-gemini/gemini-cli docs/tools/mcp-server.md",
        ),
        Tool(
            "codex", "Codex",
            ("~/.codex/", ".codex/"), ("codex",),
            Server((Spot("~/.codex/config.toml"),), TomlEntry("mcp_servers", NAME)),
            Rules((Spot("AGENTS.md"),)),
            "developers.openai.com/codex/config-basic, …/codex/mcp (project files count only where trusted)",
        ),
        Tool(
            "agents-md", "AGENTS.md",
            ("AGENTS.md",), (),
            None,
            Rules((Spot("AGENTS.md"),)),
            "agents.md",
        ),
    )
}  # fmt: skip
"""By the name that people type."""
