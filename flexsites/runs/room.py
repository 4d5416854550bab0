"""Whether a limit of memory leaves a worker room for any cell: looked at before inputs are read, on a worker itself."""

from __future__ import annotations

from functools import partial

from flexsites.config.study import Study
from flexsites.runs.memory import bytes_of, give_back, held_bytes, require_room
from flexsites.runs.parallel import map_cells
from flexsites.runs.run import Options
from flexsites.runs.warm_up import compile_kernels, compiling


def require_room_for_cells(study: Study, options: Options) -> None:
    """Refuse a limit that a worker comes to without a cell: every cell would be cut until the last cut.

    Raises
    ------
    RunError
        Telling what a worker holds, and the least to give it.
    """
    if not options.memory:
        return
    with compiling(study):  # who compiles holds more than who finds kept what was compiled
        pass
    (bare,) = map_cells(partial(_bare_bytes, study), [0], scheduler=options.scheduler)
    if isinstance(bare, int):
        require_room(bare, bytes_of(options.memory))


def _bare_bytes(study: Study, _: int) -> int:
    """Return what this process holds with all that assesses cells, and without a cell."""
    import flexsites.assess  # noqa: F401, PLC0415 - loads all that a cell is assessed with

    compile_kernels(study)
    give_back()
    return held_bytes()[0]
