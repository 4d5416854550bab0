"""What a source asks of the web, as a digest by which the answer is found again."""

from __future__ import annotations

from pathlib import Path

from flexsites.config.addresses import known_by
from flexsites.config.sources import DownloadApi, Service
from flexsites.digest import digest
from flexsites.inputs.formats.services import target_of
from flexsites.tables.contract import Bounds


def question_of(asked: Service | str) -> str:
    """Return what is asked, as a digest that no key is in: of an address, or of a service's row.

    Examples
    --------
    >>> question_of("https://example.nl/a.zip?token=1") == question_of("https://example.nl/a.zip?token=2")
    True
    """
    if isinstance(asked, str):
        return digest(known_by(asked), length=16)
    if isinstance(asked, DownloadApi):
        return digest([known_by(asked.url), list(asked.feature_types), asked.format], length=16)
    return target_of(asked, Path(), bounds=None).stem


def part_path(url: str, folder: Path, *, bounds: Bounds | None, columns: tuple[str, ...] | None) -> Path:
    """Return where the part of a file that meets a window is kept."""
    key = digest([known_by(url), bounds, None if columns is None else sorted(columns)], length=16)
    return folder / "services" / f"{key}.parquet"
