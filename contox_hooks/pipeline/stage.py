"""The five stages, on one screen. Each is a file of its own."""

from __future__ import annotations

from contox_hooks.domain.pipeline import Stage
from contox_hooks.pipeline.deduping import dedup
from contox_hooks.pipeline.deepening import deep_enrich
from contox_hooks.pipeline.drifting import drift_check
from contox_hooks.pipeline.embed import embed
from contox_hooks.pipeline.enrich import enrich
from contox_hooks.pipeline.work import Registry

STAGE_FUNCTIONS: Registry = {
    Stage.ENRICH: enrich,
    Stage.DEEP_ENRICH: deep_enrich,
    Stage.EMBED: embed,
    Stage.DEDUP: dedup,
    Stage.DRIFT_CHECK: drift_check,
}
