"""Which files of a run may be had: those that the run wrote and that people open, and none outside its directory."""

from __future__ import annotations

from pathlib import Path

from flexsites.errors import Fault, NotFoundError

KINDS = {".html", ".xlsx", ".gpkg", ".parquet", ".csv", ".qgz", ".png", ".svg", ".pdf"}
_OWN = ("canonical", "parts", "world", "view")


def files_of(directory: Path) -> list[Path]:
    """Return the files of a run that may be had, relative to it: what people open first, then tables.

    Inputs as they were prepared and the state of the run are left out, and so is what a link leads elsewhere.
    """
    found = [one for one in directory.rglob("*") if _may_be_had(directory, one)]
    told = [one.relative_to(directory) for one in found]
    return sorted(told, key=lambda one: (one.suffix == ".parquet", len(one.parts), one.as_posix()))


def file_of(directory: Path, name: str) -> Path:
    """Return a file of a run.

    Raises
    ------
    NotFoundError
        When there is no such file among those that may be had; whether something else stands there is not told.
    """
    path = directory / name
    if Path(name).is_absolute() or ".." in Path(name).parts or not _may_be_had(directory, path):
        raise NotFoundError(Fault("no such file of this run", name, "choose one from the list"))
    return path


def _may_be_had(directory: Path, path: Path) -> bool:
    if path.suffix.lower() not in KINDS or not path.is_file():
        return False
    inside = path.resolve()
    if not inside.is_relative_to(directory.resolve()):
        return False
    parts = path.relative_to(directory).parts
    return parts[0] not in _OWN and not any(part.startswith(".") for part in parts)
