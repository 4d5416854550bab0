"""What was fetched for a run before it, as its lock says."""

from __future__ import annotations

from pathlib import Path

from flexsites.config.load import configs_directory
from flexsites.config.study import Study
from flexsites.inputs.fetch.cache import cache_folder
from flexsites.inputs.formats.locked import Fetched
from flexsites.tables.lock import lock_path, read_lock


def lock_of(study: Study) -> Path:
    """Return where the lock of a run stands: beside its file; of a bundled run, in the current folder."""
    path = lock_path(study.path)
    return Path.cwd() / path.name if study.path.is_relative_to(configs_directory()) else path


def fetched_for(study: Study) -> Fetched | None:
    """Return what was fetched for a run; None: nothing was."""
    path = lock_of(study)
    return Fetched(read_lock(path), study.path.parent, cache_folder()) if path.exists() else None
