"""The registry of benchmarks: which subjects there are, and what a measurement is."""

from __future__ import annotations

import importlib
import pkgutil
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import tests.benchmarks as package

SUBJECT = "flexsites"
"""Name under which the project itself takes part in a comparison."""

MACHINERY = frozenset({"__main__", "registry", "measuring", "subprocess_entry", "report", "naive"})
"""Modules of this folder that hold no benchmark."""


@dataclass(frozen=True)
class Timing:
    """
    How long one contender took.

    Parameters
    ----------
    seconds
        Wall time of every repeat, in the order in which they ran.
    result
        What the last repeat returned, for comparing answers. Not written to the report.
    """

    seconds: tuple[float, ...]
    result: object = field(default=None, repr=False, compare=False)

    @property
    def median_s(self) -> float:
        """
        Median wall time in seconds.

        Examples
        --------
        >>> Timing((3.0, 1.0, 2.0)).median_s
        2.0
        """
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Peak:
    """
    Memory of one contender, run alone in a fresh process.

    Parameters
    ----------
    peak_mib
        High-water mark of the resident memory of that process, its imports included.
    imports_mib
        Resident memory after importing the module and before the work: what the work itself does not account for.
    seconds
        Wall time of the work in that process: a cold start, compilation included.
    """

    peak_mib: float
    imports_mib: float
    seconds: float


NOT_INSTALLED = "not installed"


@dataclass(frozen=True)
class Absent:
    """A peer that could not be measured: its name, the name pip knows it by, and why."""

    name: str
    pip: str
    why: str = NOT_INSTALLED


@dataclass(frozen=True)
class Comparison:
    """
    Contenders that did the same work, measured in the same run.

    Parameters
    ----------
    name
        What was compared, such as ``"remainder, one thread"``.
    timings
        Per contender. The project's own is named ``subject``.
    peaks
        Per contender, where memory was measured.
    absent
        Peers that should have been here.
    differences
        Per peer, how far its answer is from the subject's (a number with its unit in the text, or ``"equal"``).
    subject
        Name of the contender to which the others are compared.
    """

    name: str
    timings: Mapping[str, Timing]
    peaks: Mapping[str, Peak] = field(default_factory=dict)
    absent: tuple[Absent, ...] = ()
    differences: Mapping[str, str] = field(default_factory=dict)
    subject: str = SUBJECT

    def __post_init__(self) -> None:
        """Refuse a comparison in which the subject itself was not measured."""
        if self.subject not in self.timings:
            message = f"comparison {self.name!r}: {self.subject!r} was not measured; measured: {sorted(self.timings)}"
            raise ValueError(message)

    @property
    def ratios(self) -> dict[str, float]:
        """
        Median seconds of each peer divided by those of the subject: above 1 the subject is faster.

        Examples
        --------
        >>> Comparison("sum", {"flexsites": Timing((1.0,)), "naive": Timing((4.0,))}).ratios
        {'naive': 4.0}
        """
        own = self.timings[self.subject].median_s
        return {name: timing.median_s / own for name, timing in self.timings.items() if name != self.subject}


@dataclass(frozen=True)
class Measurements:
    """
    What one run of a benchmark brings.

    Parameters
    ----------
    comparisons
        At least one; the first gives the headline figures.
    packages
        Distributions (pip names) whose versions belong in the report, besides the standing ones.
    notes
        Anything a reader needs for judging the figures: counts of what was worked on, shares of time, sizes of files.
    """

    comparisons: tuple[Comparison, ...]
    packages: tuple[str, ...] = ()
    notes: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an empty result: a benchmark that measured nothing has failed."""
        if not self.comparisons:
            message = "a benchmark must bring at least one comparison"
            raise ValueError(message)


@dataclass(frozen=True)
class Benchmark:
    """A registered subject: name, sizes from small to large, what a size counts, and the function that measures."""

    name: str
    sizes: tuple[int, ...]
    unit: str
    run: Callable[[int], Measurements]

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (self.run.__doc__ or "").strip().split("\n")[0]


_REGISTERED: dict[str, Benchmark] = {}


def benchmark(
    *, name: str, sizes: tuple[int, ...], unit: str
) -> Callable[[Callable[[int], Measurements]], Callable[[int], Measurements]]:
    """
    Register a function as the benchmark of a subject.

    Parameters
    ----------
    name
        Subject, equal to the name of the module under ``tests/benchmarks``.
    sizes
        Sizes worth running, ascending. The first must finish in seconds: the tests run it.
    unit
        What a size counts, such as ``"parcels"``.

    Raises
    ------
    ValueError
        If the sizes do not ascend, or another function has the name already.
    """
    if not sizes or list(sizes) != sorted(set(sizes)) or sizes[0] <= 0:
        message = f"benchmark {name!r}: sizes must be positive and ascending, not {sizes}"
        raise ValueError(message)

    def register(function: Callable[[int], Measurements]) -> Callable[[int], Measurements]:
        known = _REGISTERED.get(name)
        if known is not None and known.run.__module__ != function.__module__:
            message = f"benchmark {name!r} is in {known.run.__module__} already"
            raise ValueError(message)
        _REGISTERED[name] = Benchmark(name, sizes, unit, function)
        return function

    return register


def subjects() -> tuple[str, ...]:
    """Names of all subjects: every module of this folder that is not machinery, sorted; nothing is imported."""
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if name not in MACHINERY and not name.startswith("_")))


def load(name: str) -> Benchmark:
    """
    Import the module of a subject and return its benchmark.

    Raises
    ------
    LookupError
        If there is no such module, or if it registers no benchmark of its own name.
    """
    if name not in subjects():
        message = f"no benchmark {name!r}; there are: {', '.join(subjects()) or 'none yet'}"
        raise LookupError(message)
    importlib.import_module(f"{package.__name__}.{name}")
    if name not in _REGISTERED:
        message = (
            f"tests/benchmarks/{name}.py registers no benchmark named {name!r}; add @benchmark(name={name!r}, ...)"
        )
        raise LookupError(message)
    return _REGISTERED[name]
