"""What was fetched for a run before it, as its lock says."""

from __future__ import annotations

from pathlib import Path

from flexsites.config.areas import area_called
from flexsites.config.load import configs_directory
from flexsites.config.run import Area
from flexsites.config.study import Study
from flexsites.errors import NotFoundError
from flexsites.inputs.fetch.cache import cache_folder
from flexsites.inputs.formats.locked import Fetched
from flexsites.tables.contract import Bounds
from flexsites.tables.lock import lock_path, read_lock


def lock_of(study: Study) -> Path:
    """Return where the lock of a run stands: beside its file; of a bundled run, in the current folder."""
    path = lock_path(study.path)
    return Path.cwd() / path.name if study.path.is_relative_to(configs_directory()) else path


def fetched_for(study: Study) -> Fetched | None:
    """Return what was fetched for a run; None: nothing was."""
    path = lock_of(study)
    return Fetched(read_lock(path), study.path.parent, cache_folder()) if path.exists() else None


def box_of(area: Area) -> Bounds | None:
    """Return the box around the area of a run, before any areas are read: as CBS has it; None: it names none.

    Examples
    --------
    >>> box_of(Area()), box_of(Area(bbox=(0, 0, 1, 1)))
    (None, (0.0, 0.0, 1.0, 1.0))
    """
    boxes = [] if area.bbox is None else [area.bbox]
    try:
        boxes += [area_called(code).bbox for code in (*area.gemeenten, *area.provincies)]
    except NotFoundError:
        return None  # areas of one's own
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
