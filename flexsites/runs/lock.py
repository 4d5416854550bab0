"""A run's directory is worked in by one run at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from flexsites.errors import Fault, RunError

HELD = ".held"
"""The file in a run's directory by which the run that writes there holds it."""


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Hold a directory for as long as the block lasts, so that no second run writes into it.

    The system lets go of it when the process ends, however that ends: a killed run stands in nobody's way. What it left
    half written is removed.

    Raises
    ------
    RunError
        If another process, or another part of this one, holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    held = FileLock(directory / HELD)
    try:
        held.acquire(blocking=False)
    except Timeout as error:
        remedy = "wait until it has ended, or give another --outputs"
        raise RunError(Fault("another run is writing here", str(directory), remedy)) from error
    try:
        _remove_half_written(directory)
        yield
    finally:
        held.release()


def _remove_half_written(directory: Path) -> None:
    """Remove what a killed run left: whatever is not whole yet has a name that begins with a dot, here and everywhere.

    Only for who holds the directory: the names may be those of another run's files. What archives held is unpacked in
    ``scratch``, under names of others' choosing: that is left alone.
    """
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if name != "scratch"]
        for name in [name for name in folders if name.startswith(".")]:
            shutil.rmtree(Path(folder, name))
            folders.remove(name)
        for name in files:
            if name.startswith(".") and name != HELD:
                Path(folder, name).unlink()
