"""Whether drift flags what changed and nothing else, judged by git's own line history.

    python benchmarks/drift.py PATH/TO/REPOSITORY... [--commits 2000] [--sample 300] [--seconds 240] [--show]

Items come from the offline stages over the last commits. Then, for a sample of those that stand or are in review, git
alone says what became of every quoted line: `git blame --reverse -w -M` from the item's newest commit to HEAD follows
it through all later commits, side branches and renames. A line that ended before HEAD counts as standing all the same
where `git diff` between the two ends keeps it (taken away and put back), or where its replacement in that hunk
still says the quote. A definition that the title names changed when `git blame -L :name` finds it at the item's newest
commit and in none of the item's files at HEAD. An item without quoted lines is false when all of its files are gone.

Beside it two baselines over the same items, "flag when a file changed" (`git log`) and "never flag", and the time of
the stage as a ratio to `git log -p` of the same commits. Deep enrichment is off: drift does not read it.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from history import ingest_history

from contox_hooks.domain.item import Evidence, Item
from contox_hooks.git.history import DigestLimits, read_digests
from contox_hooks.git.lookup import Blobs
from contox_hooks.git.repository import Repository, locate
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.embedding import default_embedder
from contox_hooks.pipeline.offline import OfflineExtractor
from contox_hooks.pipeline.runner import Progress, run_pending
from contox_hooks.pipeline.work import Tools

_CODE = re.compile(r"(?<![\w./-])`?(?:[A-Za-z_]\w*\.)*([A-Za-z]*_*[a-z0-9]+(?:_\w+|[A-Z]\w*))(?![\w/.-])")
"""Words with an underscore or a hump inside; brackets and backticks are left to the stage."""
_DRIVERS = {"py": "python", "c": "cpp", "h": "cpp", "rs": "rust", "go": "golang", "java": "java", "rb": "ruby",
            "php": "php"}  # fmt: skip
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=2000)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=240, help="stop judging a repository after so long")
    parser.add_argument("--show", action="store_true", help="name the items that were judged otherwise")
    options = parser.parse_args()
    for path in options.repositories:
        report(path, options.commits, options.sample, options.seconds, show=options.show)


def report(path: Path, commits: int, sample: int, seconds: float, *, show: bool) -> None:
    repo = locate(path)
    shas = repo.text("rev-list", f"--max-count={commits}", "HEAD").split()[::-1]
    started = time.perf_counter()
    line = ["git", f"--git-dir={repo.common_dir}", "log", "-p", "--no-walk=unsorted", "--stdin"]
    with Path("/dev/null").open("wb") as nowhere:
        subprocess.run(line, input="\n".join(shas).encode(), stdout=nowhere, check=True)
    git_s = time.perf_counter() - started
    items, stage_s, cpu_s, all_s = _remembered(repo, shas)
    chosen = random.Random(4).sample(items, min(sample, len(items)))
    judge = _Judge(repo)
    tallies = {name: _Tally() for name in ("drift", "flag when a file changed", "never flag")}
    started = time.perf_counter()
    judged = 0
    for item in chosen:
        if time.perf_counter() - started > seconds:
            break
        judged += 1
        changed, flagged = judge.changed(item), is_flagged(item)
        tallies["drift"].add(changed is not None, flagged)
        tallies["flag when a file changed"].add(changed is not None, judge.is_touched(item))
        tallies["never flag"].add(changed is not None, False)
        if show and (changed is not None) != flagged:
            print(f"  {'missed' if changed else 'wrong'}: {item.title} | {changed or item.status_reason}")
            for entry in item.evidence:
                print(f"    {entry.commit_sha[:12]} {entry.path}: {entry.quote!r}"[:200])
    print(
        f"{path.parent.name if path.name == 'repo' else path.name}: {len(shas)} commits, {len(items)} items, "
        f"{judged} judged in {time.perf_counter() - started:.0f} s"
    )
    for name, tally in tallies.items():
        print(f"  {name:25} {tally}")
    print(f"  cited: {', '.join(f'{count} {what}' for what, count in sorted(judge.fates.items()))}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"  drift {stage_s:.1f} s ({cpu_s:.1f} s of processor) of {all_s:.1f} s in all stages, "
        f"{stage_s / git_s:.1f} times `git log -p`; peak {peak_mb} MB",
        flush=True,
    )


def is_flagged(item: Item) -> bool:
    """By drift, which names a commit; other stages have other reasons for a review."""
    return item.status == "review" and re.search(r"\bin [0-9a-f]{12}\b", item.status_reason or "") is not None


class _Tally:
    def __init__(self) -> None:
        self._counts: Counter[tuple[bool, bool]] = Counter()

    def add(self, changed: bool, flagged: bool) -> None:
        self._counts[changed, flagged] += 1

    def __str__(self) -> str:
        true, false, missed = self._counts[True, True], self._counts[False, True], self._counts[True, False]
        precision = f"{true / (true + false):.3f}" if true + false else "none flagged"
        recall = f"{true / (true + missed):.3f}" if true + missed else "none changed"
        return f"precision {precision}, recall {recall} ({true + missed} changed, {true + false} flagged)"


def _remembered(repo: Repository, shas: Sequence[str]) -> tuple[list[Item], float, float, float]:
    """Items that stand or are in review; seconds of the drift stage, of its own processor time (git's not counted), and
    of all stages."""
    stages: Counter[str] = Counter()
    began = [0.0]

    def count(progress: Progress) -> None:
        if progress.job.status == "running":
            began[0] = time.process_time()
        elif progress.job.stage == "drift_check":
            stages["drift_cpu"] += round((time.process_time() - began[0]) * 1000)
        if progress.job.duration_ms is not None:
            stages[progress.job.stage] += progress.job.duration_ms
            stages["all"] += progress.job.duration_ms

    with tempfile.TemporaryDirectory() as scratch, Blobs(repo.common_dir) as blobs:
        store = Path(scratch) / "memory.db"
        with Service.open(store) as service:
            digests = read_digests(repo, shas, limits=DigestLimits(), origin="history")
            project = ingest_history(service, repo, digests)

        def tools_for(project: Project, clones: Sequence[Path]) -> Tools:
            return Tools(OfflineExtractor(), default_embedder, blobs, deep_enrich=False)

        failed = run_pending(store, tools_for, on_progress=count).failed
        if failed:
            print(f"  {len(failed)} failed: {failed[0].stage}: {failed[0].last_error}")
        with Service.open(store, readonly=True) as service:
            shown = service.items.page(project.id, status=None, limit=1_000_000)
            items = [service.items.get(item.id) for item in shown if item.status in ("active", "review")]
    items.sort(key=lambda item: (item.at_utc, item.title))
    return items, stages["drift_check"] / 1000, stages["drift_cpu"] / 1000, stages["all"] / 1000


class _Judge:
    """Asks git only; shares no code with the stage."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._head = repo.text("rev-parse", "HEAD").strip()
        self._ends = cache(self._ends_of)
        self._hunks = cache(self._hunks_of)
        self._name = cache(self._name_of)
        self._renames = cache(self._renames_of)
        self._attributes = tempfile.NamedTemporaryFile("w", suffix=".attributes")  # noqa: SIM115
        self._attributes.write("\n".join(f"*.{suffix} diff={driver}" for suffix, driver in _DRIVERS.items()))
        self._attributes.flush()
        self.fates: Counter[str] = Counter()

    def changed(self, item: Item) -> str | None:
        """What the item cites that is no longer so, or None."""
        newest = self._newest(item)
        cited = [
            (entry, text) for entry in item.evidence if entry.path is not None for text in _quoted_lines(entry.quote)
        ]
        found = [self._fate(newest, entry, text) for entry, text in cited]
        self.fates.update(fate for fate, _ in found)
        if gone := next((where for fate, where in found if fate == "gone"), None):
            return gone
        if gone := self._undefined(newest, item):
            return gone
        if cited:
            return None
        files = [path for path in item.files if self._has(newest, path)]
        gone = [path for path in files if not self._has(self._head, self._name(newest, self._head, path))]
        return f"{gone[0]} is gone" if files and len(gone) == len(files) else None

    def is_touched(self, item: Item) -> bool:
        """Whether any commit after the item's newest changed any of its files, by the name it had then."""
        newest = self._newest(item)
        return bool(item.files) and bool(
            self._git("rev-list", "--max-count=1", f"{newest}..{self._head}", "--",
                      *(f":(top,literal){path}" for path in item.files))
        )  # fmt: skip

    def _newest(self, item: Item) -> str:
        return self._git("rev-list", "--no-walk", *{entry.commit_sha for entry in item.evidence})[0]

    def _undefined(self, newest: str, item: Item) -> str | None:
        for word in sorted(set(_CODE.findall(item.title))):
            then = [path for path in item.files if self._defines(newest, path, word)]
            self.fates["definition"] += bool(then)
            names = [self._name(newest, self._head, path) for path in item.files]
            if then and not any(self._defines(self._head, path, word) for path in names):
                return f"{then[0]} no longer defines {word}"
        return None

    def _defines(self, sha: str, path: str, word: str) -> bool:
        """What git itself finds by a function's name, with its patterns for the file's language."""
        if path.rpartition(".")[2] not in _DRIVERS or not self._has(sha, path):
            return False
        kinds = "\\|".join(("def", "class", "struct", "union", "enum", "func", "fn", "function", "trait", "interface"))
        pattern = rf"\(\({kinds}\) \+\|[ *]\){word}\b *\($\|[^A-Za-z0-9_ ]\)"
        line = ["git", f"--git-dir={self._repo.common_dir}", "-c", f"core.attributesFile={self._attributes.name}",
                "blame", "-s", f"-L:{pattern}", sha, "--", path]  # fmt: skip
        return subprocess.run(line, capture_output=True, check=False).returncode == 0

    def _fate(self, newest: str, entry: Evidence, text: str) -> tuple[str, str]:
        assert entry.path is not None
        path = self._name(entry.commit_sha, newest, entry.path)
        ends = self._ends(newest, path)
        places = [number for number, (_, content) in ends.items() if _says(content, text)]
        if not places:
            return "not standing at the item's commit", ""
        own = self._added(entry.commit_sha, newest, path) & set(places)
        places = sorted(own) or places
        if any(ends[place][0] == self._head for place in places):
            return "standing", ""
        hunks = self._hunks(newest, path)
        if any(self._kept(hunks, place, text) for place in places):
            return "put back", ""
        return "gone", f"{path}:{places[0]} “{text[:80]}” last in {ends[places[0]][0][:12]}"

    def _kept(self, hunks: list[tuple[range, list[str]]] | None, place: int, text: str) -> bool:
        if hunks is None:
            return False
        hunk = next((after for lines, after in hunks if place in lines), None)
        return hunk is None or any(_says(line, text) for line in hunk)

    def _ends_of(self, newest: str, path: str) -> dict[int, tuple[str, str]]:
        """Line number at `newest` to the last commit that has the line, and its text."""
        if not self._has(newest, path):
            return {}
        if newest == self._head:
            return {number: (newest, line) for number, line in enumerate(self._git("show", f"{newest}:{path}"), 1)}
        output = self._git("blame", "--reverse", "-w", "-M", "--line-porcelain", f"{newest}..{self._head}", "--", path)
        ends: dict[int, tuple[str, str]] = {}
        sha, place = "", 0
        for line in output:
            if line.startswith("\t"):
                ends[place] = sha, line[1:]
            elif (words := line.split(" ")) and len(words[0]) == 40 and len(words) > 2:
                sha, place = words[0], int(words[2])
        return ends

    def _added(self, sha: str, newest: str, path: str) -> set[int]:
        """Lines of `newest` that git blames on the commit."""
        output = self._git("blame", "-w", "--porcelain", newest, "--", path)
        return {int(words[2]) for line in output if (words := line.split(" "))[0] == sha and len(words) > 2}

    def _hunks_of(self, newest: str, path: str) -> list[tuple[range, list[str]]] | None:
        """What the diff of both ends replaces, and with what; None when the file is gone."""
        name = self._name(newest, self._head, path)
        if not self._has(self._head, name):
            return None
        hunks: list[tuple[range, list[str]]] = []
        for line in self._git("diff", "-w", "-U0", f"{newest}:{path}", f"{self._head}:{name}"):
            if match := _HUNK.match(line):
                start, count = int(match[1]), int(match[2] or 1)
                hunks.append((range(start, start + count), []))
            elif line.startswith("+") and hunks:
                hunks[-1][1].append(line[1:])
        return hunks

    def _name_of(self, old: str, new: str, path: str) -> str:
        """What the path is called at `new`, by the renames of every commit between."""
        if old == new or self._has(new, path):
            return path
        for before, after in self._renames(old, new):
            path = after if before == path else path
        return path

    def _renames_of(self, old: str, new: str) -> list[tuple[str, str]]:
        log = self._git("log", "--topo-order", "--reverse", "-M", "--diff-filter=R", "--name-status", "--format=",
                        f"{old}..{new}")  # fmt: skip
        moves = (line.split("\t") for line in log if line.startswith("R"))
        return [(before, after) for _, before, after in moves]

    def _has(self, sha: str, path: str) -> bool:
        return bool(self._git("ls-tree", sha, "--", f":(literal){path}"))

    def _git(self, *words: str) -> list[str]:
        line = ["git", f"--git-dir={self._repo.common_dir}", "-c", "core.quotePath=false", *words]
        return subprocess.run(line, capture_output=True, check=True).stdout.decode("utf-8", "replace").split("\n")[:-1]


def _quoted_lines(quote: str) -> Iterator[str]:
    """Added or plain lines of a quote; a removed one cites nothing that could stand."""
    for line in quote.strip().split("\n"):
        text = " ".join(line.strip().removeprefix("+").split())
        if text and not line.strip().startswith("-"):
            yield text


def _says(line: str, text: str) -> bool:
    folded = " ".join(line.split())
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)" if text[-1:].isalnum() else re.escape(text), folded) is not None


if __name__ == "__main__":
    main()
