"""Everything that flexsites raises on purpose.

One base class; each error is also the fitting built-in, so that a caller may catch either. An error is a list of
faults, because all faults of an input are collected and reported at once.
"""

from __future__ import annotations

import errno
import importlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

_IDS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: what, where (file, table.column), how often, and what to do next.

    Examples
    --------
    >>> print(Fault("null geometry", "parcels.gpkg: Parcels.geometry", "remove or mend these rows", 2, ("a", "b")))
    parcels.gpkg: Parcels.geometry: null geometry (2 rows: a, b). Remedy: remove or mend these rows.
    """

    what: str
    where: str
    remedy: str
    count: int | None = None
    ids: Sequence[object] = field(default=())

    def __str__(self) -> str:
        """One line for a person."""
        return self.told(str)

    def told(self, said: Callable[[str], str]) -> str:
        """Return one line for a person, with each of its texts as ``said`` says it: in another language."""
        shown = ", ".join(str(i) for i in list(self.ids)[:_IDS_SHOWN])
        rows = "" if self.count is None else said(counted(self.count, "row", "rows"))
        extent = ": ".join(part for part in (rows, shown) if part)
        where = ": ".join(said(part) for part in self.where.split(": "))
        what = f"{said(self.what)}{f' ({extent})' if extent else ''}"
        return f"{where}: {what}. {said('Remedy')}: {said(self.remedy)}."

    def within(self, place: object) -> Fault:
        """Return the fault with what it lies in before its place: a file, a key of a run.

        Examples
        --------
        >>> Fault("unknown", "effects", "correct it").within("run.yaml").where
        'run.yaml: effects'
        """
        return replace(self, where=f"{place}: {self.where}")


def counted(n: int, one: str, more: str) -> str:
    """Return a number with what it counts, in the words for one or for more.

    Examples
    --------
    >>> counted(1, "parcel lies", "parcels lie"), counted(12345, "parcel lies", "parcels lie")
    ('1 parcel lies', '12,345 parcels lie')
    """
    return f"{n:,} {one if n == 1 else more}"


class FlexsitesError(Exception):
    """The base of every error raised on purpose.

    Parameters
    ----------
    faults
        One message or fault, or all of them.
    """

    def __init__(self, faults: str | Fault | Iterable[Fault | str]) -> None:
        self.faults: tuple[Fault | str, ...] = (faults,) if isinstance(faults, str | Fault) else tuple(faults)
        super().__init__(self.told(str))

    def told(self, said: Callable[[str], str]) -> str:
        """Return all faults, numbered when there are several, with each text as ``said`` says it."""
        lines = [one.told(said) if isinstance(one, Fault) else said(one) for one in self.faults]
        return lines[0] if len(lines) == 1 else "\n".join(f"{i}. {line}" for i, line in enumerate(lines, 1))

    def within(self, place: object) -> tuple[Fault | str, ...]:
        """Return the faults with what they lie in before their place."""
        return tuple(one.within(place) if isinstance(one, Fault) else f"{place}: {one}" for one in self.faults)

    def __str__(self) -> str:
        """All faults, numbered when there are several (a KeyError would show its repr)."""
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[FlexsitesError], tuple[tuple[Fault | str, ...]]]:
        """Keep the faults when the error crosses a process boundary."""
        return type(self), (self.faults,)


class ConfigError(FlexsitesError, ValueError):
    """A configuration file says something that cannot be."""


class InputError(FlexsitesError, ValueError):
    """An input cannot be used as it is."""


class CrsError(InputError):
    """A coordinate reference system is missing, wrong, or contradicted by the coordinates."""


class ContractError(FlexsitesError, TypeError):
    """A stage was given, or gave, a table that breaks its contract: a mistake in code, not in an input."""


class MissingExtraError(FlexsitesError, ImportError):
    """An optional dependency is needed and not installed."""


class RunError(FlexsitesError, RuntimeError):
    """A run could not be finished or resumed."""


class NotFoundError(FlexsitesError, LookupError):
    """Something was asked for by name that is not there."""


_FULL = (errno.ENOSPC, errno.EDQUOT)


def raise_faults(faults: Sequence[Fault], error: type[FlexsitesError] = InputError) -> None:
    """Raise all faults in one error; do nothing when there are none.

    Examples
    --------
    >>> raise_faults([])
    """
    if faults:
        raise error(faults)


def fault_of_system(error: OSError) -> Fault:
    """Return what the file system refused: no room, no right to write, a file that is gone.

    Examples
    --------
    >>> print(fault_of_system(PermissionError(errno.EACCES, "Permission denied", "/results")))
    /results: Permission denied. Remedy: give a folder that may be written to.
    >>> print(fault_of_system(OSError(errno.ENOSPC, "No space left on device")))
    the file system: No space left on device. Remedy: make room, and continue with --resume.
    """
    remedies = {
        **dict.fromkeys(_FULL, "make room, and continue with --resume"),
        errno.EACCES: "give a folder that may be written to",
        errno.EROFS: "give a folder that may be written to",
    }
    remedy = remedies.get(error.errno or 0, "look at the file, and continue with --resume")
    return Fault(error.strerror or str(error), str(error.filename or "the file system"), remedy)


@contextmanager
def room_for(name: str, folder: Path) -> Iterator[None]:
    """Say of a disk that is full for what it was written to, and where: those who write seldom do.

    Raises
    ------
    OSError
        Instead of theirs; no other source needs to be tried.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise OSError(error.errno, os.strerror(error.errno or 0), f"{name} ({error.filename or folder})") from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell in words that files could not be written by what has errors of its own: GDAL, SQLite, osmium.

    They seldom say why; how much room there is tells a full disk from another fault.

    Raises
    ------
    RunError
        Instead of theirs.
    """
    try:
        yield
    except FlexsitesError:
        raise
    except (RuntimeError, sqlite3.Error) as error:
        free_mb = shutil.disk_usage(folder).free / 1e6
        what = f"cannot be written ({error}); {free_mb:,.0f} MB are free there"
        raise RunError(Fault(what, str(folder), "make room, and continue with --resume")) from error


def require_extra(module: str, extra: str) -> ModuleType:
    """Import an optional dependency.

    Raises
    ------
    MissingExtraError
        Naming the extra to install.

    Examples
    --------
    >>> require_extra("json", "none").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        message = f"{module} is not installed. Remedy: pip install 'flexsites[{extra}]'."
        raise MissingExtraError(message) from error
