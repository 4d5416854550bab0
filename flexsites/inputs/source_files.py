"""The local files of a source: those of its paths, or what its service, its download or `flexsites fetch` brought."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from flexsites.config.load import expand
from flexsites.config.source_rows import FileRow, Row
from flexsites.config.sources import ArcgisFeatures, DownloadApi, OgcFeatures, Service, Wfs
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.download_api import fetch_download
from flexsites.inputs.formats.files import Places, copy_of, is_remote, locate, split_archive
from flexsites.inputs.formats.files import sha256 as sha256_of
from flexsites.inputs.formats.questions import part_path, question_of
from flexsites.inputs.formats.ranges import PARQUET, NotInPartsError, fetch_part
from flexsites.inputs.formats.services import fetch_features
from flexsites.inputs.rows.records import about_of
from flexsites.tables.spatial_files import Bounds


def files_of(
    name: str, row: Row, places: Places, *, bounds: Bounds | None, columns: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Return the local files of a source; a service's features are fetched first, within the bounds.

    Raises
    ------
    InputError
        With every file that is not there, or what the service answered.
    """
    about_of(name, row)
    if places.fetched is not None and isinstance(row, Service):
        held = places.fetched.answer(name, question_of(row), bounds, columns)
        if held is not None:
            return tuple(map(str, held))
    if isinstance(row, DownloadApi):
        return tuple(map(str, fetch_download(name, row, places.scratch, bounds=bounds)))
    if isinstance(row, OgcFeatures | ArcgisFeatures | Wfs):
        return (str(fetch_features(name, row, places.scratch, bounds=bounds)),)
    if not isinstance(row, FileRow):
        return ()
    found: list[str] = []
    faults: list[Fault | str] = []
    brought = (
        f"`flexsites fetch` brings it or tells who has it; your own goes in `path` (`flexsites sources {row.preset}`)"
    )
    remedy = brought if row.preset else None
    for path in row.paths:
        try:
            found.append(_local(name, path, places, remedy, bounds=bounds, columns=columns))
        except InputError as error:
            faults.extend(error.faults)
    faults += _of_other_bytes(name, row, found)
    if faults:
        raise InputError(faults)
    return tuple(found)


def _local(
    name: str,
    path: str,
    places: Places,
    remedy: str | None,
    *,
    bounds: Bounds | None,
    columns: tuple[str, ...] | None,
) -> str:
    """Return where a file is: one that was fetched before the run as its lock says, else where its path leads.

    Of GeoParquet on the web, the part that meets the bounds is fetched.
    """
    archive, member = split_archive(path)
    held = None if places.fetched is None else places.fetched.answer(name, question_of(archive), bounds, columns)
    if held is not None:
        return str(held[0]) if member is None else f"{held[0]}/{member}"
    is_web = archive.startswith(("http://", "https://"))
    if is_web and bounds is not None and archive.lower().partition("?")[0].endswith(PARQUET):
        target = part_path(archive, places.scratch, bounds=bounds, columns=columns)
        try:
            return str(target if target.exists() else fetch_part(archive, target, bounds=bounds, columns=columns))
        except NotInPartsError:
            return locate(path, places, where=name)
    return locate(path, places, where=name, remedy=remedy)


def _of_other_bytes(name: str, row: FileRow, paths: Sequence[str]) -> list[Fault | str]:
    """Return a fault for every file whose SHA-256 is not the one that its entry states."""
    stated = (row.sha256,) if isinstance(row.sha256, str) else row.sha256
    if not stated:
        return []
    if len(stated) != len(row.paths):
        what = f"{len(stated)} SHA-256 for {len(row.paths):,} files"
        return [Fault(what, f"sources.{name}.sha256", "state one for each")]
    faults: list[Fault | str] = []
    for path, digest in zip(paths, stated, strict=False):
        if (found := sha256_of(split_archive(path)[0])) != digest.lower():
            what = f"its SHA-256 is {found}, and the entry states {digest}"
            faults.append(Fault(what, f"{name} ({Path(path).name})", "fetch it again, or compare with the provider's"))
    return faults


def forget_copies(rows: Mapping[str, Row], faults: Sequence[Fault | str], scratch: Path) -> None:
    """Remove the copies of remote files that a fault says to fetch or export again: the next run then fetches them.

    Parameters
    ----------
    rows
        The sources, by dotted name.
    faults
        What is wrong with them: each names its source, or its file.
    scratch
        Where copies are kept.
    """
    told = [one.where for one in faults if isinstance(one, Fault) and "again" in one.remedy]
    for name, row in rows.items():
        for path in filter(is_remote, row.paths if isinstance(row, FileRow) else ()):
            copy = copy_of(split_archive(str(expand(path)))[0], scratch)
            if any(str(copy) in where or re.match(rf"{re.escape(name)}\b", where) for where in told):
                copy.unlink(missing_ok=True)


def with_files(name: str, row: Row) -> str:
    """Return a source's name and, where it has them, its files."""
    files = names_of_files(row)
    return f"{name} ({', '.join(files)})" if files else name


def names_of_files(row: Row) -> list[str]:
    """Return the names of a source's files; none of a service."""
    return [Path(path).name for path in row.paths] if isinstance(row, FileRow) else []


def file_name(key: str) -> str:
    """Return a name of a file for a key that may hold signs no file system likes.

    Examples
    --------
    >>> file_name("natura2000"), file_name("flood>1") == file_name("flood>=1")
    ('natura2000', False)
    """
    if re.fullmatch(r"[a-z0-9_.-]+", key):
        return key
    return f"{re.sub(r'[^a-z0-9_.-]+', '_', key.lower())}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
