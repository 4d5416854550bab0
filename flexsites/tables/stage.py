"""The contract of a stage: tables in, one table out, both checked, nothing mutated.

``@stage(takes=(Parcels, Layers), gives=Faces)`` checks the positional tables against their definition before the
stage runs and the result after it, and leaves one line of lineage for the manifest.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ParamSpec, TypeVar, cast

from flexsites.errors import ContractError, Fault
from flexsites.tables import Frame, Table, conform

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Lineage:
    """One line of lineage: which stage turned how many rows of what into how many rows of what.

    Attributes
    ----------
    stage
        Its name; also that of a step that is no stage, see :func:`step`.
    takes, gives
        Names of tables and their rows; of a step none.
    cpu_seconds
        CPU time of its thread, without that of stages and steps within it: over all lines a partition.
    """

    stage: str
    takes: tuple[tuple[str, int], ...]
    gives: tuple[str, int] | None
    cpu_seconds: float


_within: ContextVar[list[float] | None] = ContextVar("flexsites_within", default=None)


@contextmanager
def _own_time() -> Iterator[list[float]]:
    """Give a list that holds, when the block ends, its own CPU time: without that of such blocks within it."""
    inner, around, own = [0.0], _within.get(), [0.0]
    token, start = _within.set(inner), time.thread_time()
    try:
        yield own
    finally:
        spent = time.thread_time() - start
        _within.reset(token)
        own[0] = spent - inner[0]
        if around is not None:
            around[0] += spent


@contextmanager
def step(name: str) -> Iterator[None]:
    """Note the time of what is no stage, so that the lines of a cell tell where all of its time went.

    Examples
    --------
    >>> with record_lineage() as lines, step("whole"), step("part"):
    ...     pass
    >>> [line.stage for line in lines]
    ['part', 'whole']
    """
    with _own_time() as own:
        yield
    if (lines := _lineage.get()) is not None:
        lines.append(Lineage(name, (), None, own[0]))


_lineage: ContextVar[list[Lineage] | None] = ContextVar("flexsites_lineage", default=None)


class record_lineage:  # noqa: N801 - reads as a statement: with record_lineage() as lines
    """Collect the lineage of every stage that runs inside the block.

    Examples
    --------
    >>> with record_lineage() as lines:
    ...     pass
    >>> lines
    []
    """

    def __enter__(self) -> list[Lineage]:
        """Start collecting."""
        lines: list[Lineage] = []
        self._token = _lineage.set(lines)
        return lines

    def __exit__(self, *_: object) -> None:
        """Stop collecting."""
        _lineage.reset(self._token)


def stage(*, takes: Table | tuple[Table, ...], gives: Table) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a stage: positional arguments are tables, keyword arguments are configuration.

    Parameters
    ----------
    takes
        The tables taken, in the order of the positional arguments.
    gives
        The table given.

    Raises
    ------
    ContractError
        When called, if a table taken or given breaks its definition.
    """
    tables = (takes,) if isinstance(takes, Table) else takes

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        """Return the stage with its contract checked at both ends."""
        name = f"{function.__module__.removeprefix('flexsites.')}.{function.__name__}"

        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            """Check what comes in, run the stage, check what goes out, note the lineage."""
            if len(args) != len(tables):
                fault = Fault(f"{len(args):,} tables given, {len(tables):,} taken", name, "pass tables by position")
                raise ContractError(fault)
            with _own_time() as own:
                frames = [
                    conform(cast("Frame", frame), table, where=f"{name}({table.name})")
                    for frame, table in zip(args, tables, strict=True)
                ]
                result = function(*frames, **kwargs)  # type: ignore[arg-type]
                given = conform(cast("Frame", result), gives, where=f"{name} -> {gives.name}", is_result=True)
            lines = _lineage.get()
            if lines is not None:
                rows = tuple((table.name, len(frame)) for table, frame in zip(tables, frames, strict=True))
                lines.append(Lineage(name, rows, (gives.name, len(given)), own[0]))
            return cast("R", given)

        return run

    return decorate
