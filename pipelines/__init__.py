"""Order and extent: what is run after what, and over what. No arithmetic and no column names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flexsites.config.study import Study
from flexsites.runs import Options
from pipelines import corporation_roofs, municipal_shortlist, provincial_sweep

PIPELINES: dict[str, Callable[[Study, Options], Path]] = {
    "provincial_sweep": provincial_sweep.run,
    "municipal_shortlist": municipal_shortlist.run,
    "corporation_roofs": corporation_roofs.run,
}
