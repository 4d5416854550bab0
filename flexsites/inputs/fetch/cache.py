"""The cache that runs share: one file per question, with what is known of it beside it, and one asker per host."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from filelock import FileLock

from flexsites.compiled import user_cache
from flexsites.config.addresses import known_by
from flexsites.config.sources import ArcgisFeatures, DownloadApi, OgcFeatures, Service, Wfs
from flexsites.digest import sha256 as sha256_of
from flexsites.inputs.formats import ranges, services
from flexsites.inputs.formats.download import ask_edition, download
from flexsites.inputs.formats.download_api import fetch_download, forget_download
from flexsites.inputs.formats.facts import Facts, facts_of, facts_path, keep_facts
from flexsites.inputs.formats.files import split_archive
from flexsites.inputs.formats.kinds import require_kind
from flexsites.inputs.formats.questions import part_path, question_of
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told, open_session

_NAME_LENGTH = 60


def cache_folder() -> Path:
    """Return the folder that runs share: FLEXSITES_CACHE, else one in the user's cache."""
    named = os.environ.get("FLEXSITES_CACHE")
    return Path(named) if named else user_cache() / "flexsites" / "fetched"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question: its files, and what is known of each."""

    files: tuple[Path, ...]
    facts: tuple[Facts, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder that runs share.

    Attributes
    ----------
    folder
        Where it is.
    refresh
        Whether what is there already is asked anew.
    """

    folder: Path
    refresh: bool = False

    @contextmanager
    def alone_at(self, url: str) -> Iterator[None]:
        """Hold a host inside the block: of all processes one asks it at a time."""
        folder = self.folder / "hosts"
        folder.mkdir(parents=True, exist_ok=True)
        host = (urlsplit(url).netloc.rpartition("@")[2] or "none").replace(":", "_")
        with FileLock(folder / f"{host}.lock"):
            yield

    def service(self, name: str, row: Service, window: Bounds | None, *, told: Told | None) -> Answer:
        """Ask a service for a window, or take what it answered before."""
        with self.alone_at(row.url):
            if isinstance(row, DownloadApi):
                if self.refresh and window is not None:
                    forget_download(row, self.folder, bounds=window)
                files = fetch_download(name, row, self.folder, bounds=window, told=told)
            else:
                files = (self._features(name, row, window, told),)
        return Answer(files, tuple(_known(path) for path in files), row.reader)

    def _features(
        self, name: str, row: OgcFeatures | ArcgisFeatures | Wfs, window: Bounds | None, told: Told | None
    ) -> Path:
        target = services.target_of(row, self.folder, bounds=window)
        before = _set_aside(target) if self.refresh else None
        try:
            return services.fetch_features(name, row, self.folder, bounds=window, told=told)
        except BaseException:
            if before is not None:
                before.replace(target)
            raise
        finally:
            if before is not None:
                before.unlink(missing_ok=True)

    def file(self, url: str, *, told: Told | None, sha256: str | None = None) -> Answer:
        """Fetch a whole file, or take the one that came before; one of another SHA-256 than is stated is no such."""
        target = self.file_path(url)
        with self.alone_at(url):
            if not self._is_held(url, target, sha256):
                edition = download(url, target, sha256=sha256, session=open_session(), told=told)
                try:
                    require_kind(target, target.name, where=known_by(url))
                except BaseException:
                    target.unlink()
                    raise
                facts = Facts(_now(), etag=edition.etag, last_modified=edition.last_modified)
                keep_facts(target, facts)
        return Answer((target,), (_known(target),), "file")

    def _is_held(self, url: str, target: Path, sha256: str | None) -> bool:
        """Whether a file that came before is the one that is asked."""
        if not target.exists():
            return False
        if sha256 is not None:
            return sha256_of(target) == sha256.lower()
        return not self.refresh or self._is_same(url, target)

    def _is_same(self, url: str, target: Path) -> bool:
        """Whether a service still has the edition that is there: then nothing travels."""
        before = facts_of(target)
        if before is None or not (before.etag or before.last_modified):
            return False
        here = ask_edition(url, session=open_session())
        same = (here.etag, here.last_modified) == (before.etag, before.last_modified)
        return same and here.n_bytes in (None, target.stat().st_size)

    def file_path(self, url: str) -> Path:
        """Return where the file of an address is kept: where it can be brought by hand, too."""
        name = PurePosixPath(urlsplit(url).path.rstrip("/")).name[-_NAME_LENGTH:]
        return self.folder / "files" / f"{question_of(url)}-{name}"

    def part(self, url: str, window: Bounds | None, columns: tuple[str, ...] | None, *, told: Told | None) -> Answer:
        """Read the part of a GeoParquet file that meets a window; the whole, where it cannot be read in part."""
        target = part_path(url, self.folder, bounds=window, columns=columns)
        if self.refresh or not target.exists():
            try:
                with self.alone_at(url):
                    ranges.fetch_part(url, target, bounds=window, columns=columns, told=told)
            except ranges.NotInPartsError:
                return self.file(url, told=told)
        return Answer((target,), (_known(target),), "geoparquet")

    def address(self, url: str, window: Bounds | None, columns: tuple[str, ...] | None, *, told: Told | None) -> Answer:
        """Fetch what stands at an address: of GeoParquet the part that meets the window, else the whole file."""
        archive, _ = split_archive(url)
        if PurePosixPath(urlsplit(archive).path).suffix.lower() in ranges.PARQUET and window is not None:
            return self.part(archive, window, columns, told=told)
        return self.file(archive, told=told)


def _known(path: Path) -> Facts:
    """Return what is known of a file; of one that was brought by hand, no more than when."""
    found = facts_of(path)
    if found is not None:
        return found
    day = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).isoformat(timespec="seconds")
    return Facts(day, notes=("brought by hand",))


def _set_aside(target: Path) -> Path | None:
    if not target.exists():
        return None
    facts_path(target).unlink(missing_ok=True)
    return target.replace(target.with_name(f"{target.name}.before"))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
