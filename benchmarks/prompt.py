"""`contox-hooks prompt` against a bare Python start: `python benchmarks/prompt.py [--runs N]`.

Whole processes, alternating in one run, medians; in a subfolder of a captured repository, and outside any. Must stay
within twice `python -c pass`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.status import compare
from contox_hooks.domain.segment import Segment
from contox_hooks.segment import keep_segment

LIMIT = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    runs = parser.parse_args().runs
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    worst = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "work"
        state, inside = folder / ".git" / "contox", folder / "a" / "b" / "c"
        state.mkdir(parents=True)
        inside.mkdir(parents=True)
        now = int(time.time())
        keep_segment(state, Segment(started_at=now - 4000, until=now + 4000, events=5, saved_at=now - 300))
        shown = [sys.executable, "-m", "contox_hooks", "prompt"]
        said = subprocess.run(shown, cwd=inside, check=True, capture_output=True, text=True).stdout
        assert said == "capturing 1h 06m · 5 events\n", said
        for name, cwd in (("in a repository", inside), ("outside", Path(scratch))):
            prompt_s, base_s = compare("prompt", "pass", cwd, runs)
            worst = max(worst, prompt_s / base_s)
            print(f"{name}: prompt {prompt_s * 1000:.1f} ms, python -c pass {base_s * 1000:.1f} ms,"
                  f" ratio {prompt_s / base_s:.2f} (limit {LIMIT})")  # fmt: skip
    sys.exit(worst > LIMIT)


if __name__ == "__main__":
    main()
