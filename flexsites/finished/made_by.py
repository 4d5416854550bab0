"""Whether the code that answers is the code that made a run: else what is counted anew stands beside what was not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flexsites.digest import code_digest
from flexsites.tables.manifest import read_manifest
from flexsites.tables.run_directory import holding_of

__all__ = ["code_of_runs", "is_of_other_code"]

_CODE = (
    "flexsites.finished.land",
    "flexsites.finished.opened",
    "flexsites.runs.across_cells",
    "flexsites.runs.apart",
    "flexsites.runs.certainty",
    "flexsites.runs.choice",
    "flexsites.runs.exploitation",
    "flexsites.runs.prepare",
)
"""What makes the tables of a run: these modules and all that they import."""


@cache
def code_of_runs() -> str:
    """Return the digest of the code that makes the tables of a run."""
    return code_digest(*_CODE)


def is_of_other_code(directory: Path) -> bool:
    """Return whether a finished run was made by other code than this, by all that it tells.

    Of a run that is on its way it is this code.

    Raises
    ------
    InputError
        If its manifest is gone, or is not as it was written.
    """
    if holding_of(directory) is not None:
        return False
    made_of = read_manifest(directory).made_of
    return made_of is None or made_of.code != code_of_runs()
