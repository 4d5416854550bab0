"""Downloads that a service makes on request (PDOK: BRK, BGT): asked for an area, waited for, fetched as a zip.

An area that is refused because it is too large is asked in quarters. What was asked is remembered, so that a fetch that
broke off waits for the same download.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import shutil
import time
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
import shapely

from flexsites.config.addresses import known_by, without_secrets
from flexsites.config.sources import DownloadApi
from flexsites.digest import digest
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.download import download
from flexsites.inputs.formats.facts import Facts, facts_path, keep_facts
from flexsites.inputs.formats.files import require_no_bomb
from flexsites.inputs.formats.kinds import require_kind
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told, get_json, open_session, require_same_reach
from flexsites.inputs.formats.windows import quarters
from flexsites.tables.whole_files import read_state, whole_file, write_state

_ON_THE_WAY, _READY = ("PENDING", "RUNNING"), "COMPLETED"
_FIRST_WAIT_S, _LONGEST_WAIT_S, _MOST_WAIT_S = 1.0, 15.0, 3600.0
_CHUNK_BYTES, _LONGEST_NAME = 1 << 20, 100
_FEATURE = re.compile(rb"<([\w.-]+:)?(featureMembers?|member|cityObjectMember)[\s/>]")
_LARGEST_KM2, _SMALLEST_M = 400.0, 500.0
"""An area larger than this is asked in quarters at once; one smaller than that is not quartered any more."""


def fetch_download(
    name: str,
    row: DownloadApi,
    scratch: Path,
    *,
    bounds: Bounds | None,
    session: requests.Session | None = None,
    told: Told | None = None,
) -> tuple[Path, ...]:
    """Ask for a download of a window, wait until it is ready, and fetch it: a zip, or one per quarter.

    Parameters
    ----------
    name
        The source's name, for errors.
    row
        The service.
    scratch
        Where the files are kept. The same question is not asked twice.
    bounds
        The window in RD New.
    session
        The session; None: a new one.
    told
        Told how many bytes came, as they come.

    Raises
    ------
    InputError
        If no window is given, the service refuses, or what it made cannot be fetched.
    """
    where = f"{name} ({without_secrets(row.url)})"
    if bounds is None:
        what = "the whole country is not to be had in this way"
        raise InputError(Fault(what, where, "give the run an area, or name the file of the whole country"))
    every = target_of(row, scratch, bounds=bounds)
    known = read_state(every) or {}
    paths = [scratch / "services" / one for one in known.get("files", [])]
    if paths and all(path.exists() for path in paths):
        return tuple(paths)
    asking = _Asking(row, scratch, session or open_session(), where, told)
    paths = asking.fetch(bounds)
    write_state(every, {"files": [path.name for path in paths]})
    return tuple(paths)


def target_of(row: DownloadApi, scratch: Path, *, bounds: Bounds) -> Path:
    """Return the file that tells which files are the answer to a question."""
    return scratch / "services" / f"{_key(row, bounds)}.json"


def _key(row: DownloadApi, bounds: Bounds) -> str:
    return digest([known_by(row.url), list(row.feature_types), row.format, bounds], length=16)


class _TooLargeError(Exception):
    """The service refuses an area of this size."""


class _Asking:
    """One download: asked, waited for, fetched; in quarters if need be."""

    def __init__(
        self, row: DownloadApi, scratch: Path, session: requests.Session, where: str, told: Told | None
    ) -> None:
        self.row, self.folder, self.session = row, scratch / "services", session
        self.where, self.told = where, told

    def fetch(self, bounds: Bounds) -> list[Path]:
        """Return the files of a window: one, or those of its quarters where the service refuses it whole."""
        width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
        target = self.folder / f"{_key(self.row, bounds)}.zip"
        if target.exists():
            return [target]
        if width * height / 1e6 > _LARGEST_KM2:
            return [path for quarter in quarters(bounds) for path in self.fetch(quarter)]
        try:
            self._fetch_one(bounds, target)
        except _TooLargeError as error:
            if min(width, height) < 2.0 * _SMALLEST_M:
                what = f"the service refuses even {width:.0f} by {height:.0f} m ({error})"
                raise InputError(Fault(what, self.where, "try later, or give a file")) from error
            return [path for quarter in quarters(bounds) for path in self.fetch(quarter)]
        return [target]

    def _fetch_one(self, bounds: Bounds, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        memory = target.with_suffix(".asked.json")
        asked = read_state(memory)
        status = asked["status"] if asked else self._ask(bounds)
        write_state(memory, {"status": status})
        try:
            ready = self._wait(status)
        except InputError:
            memory.unlink(missing_ok=True)  # a download that was asked long ago is forgotten there
            if asked is None:
                raise
            self._fetch_one(bounds, target)
            return
        edition = download(ready, target, session=self.session, told=self.told)
        try:
            require_kind(target, target.name, where=self.where)
        except InputError:
            target.unlink()
            raise
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        n_rows = None if _has_features(target, self.where) else 0
        keep_facts(target, Facts(now, edition.etag, edition.last_modified, n_rows, window=bounds))
        memory.unlink(missing_ok=True)

    def _ask(self, bounds: Bounds) -> str:
        """Ask for a download, and return where its state is told."""
        shape = shapely.to_wkt(shapely.box(*bounds), rounding_precision=3, trim=True)
        body = {"featuretypes": list(self.row.feature_types), "format": self.row.format, "geofilter": shape}
        try:
            content, _ = get_json(self.session, self.row.url, body=body)
        except InputError as error:
            said = str(error)
            if "400" in said or "413" in said:
                raise _TooLargeError(said) from error
            raise
        return self._link(content, "status", self.row.url)

    def _wait(self, status: str) -> str:
        """Ask whether it is ready, waiting twice as long each time; return where it is then."""
        wait, began = _FIRST_WAIT_S, time.monotonic()
        while True:
            content, _ = get_json(self.session, status)
            state = str(content.get("status", "")).upper()
            if state == _READY:
                return self._link(content, "download", status)
            if state not in _ON_THE_WAY:
                what = f"the download ended as {state or 'nothing'} ({content.get('message', 'it says no more')})"
                raise InputError(Fault(what, self.where, "try again later"))
            if time.monotonic() - began > _MOST_WAIT_S:
                raise InputError(Fault("the download is not ready after an hour", self.where, "try again later"))
            time.sleep(wait)
            wait = min(2.0 * wait, _LONGEST_WAIT_S)

    def _link(self, content: dict[str, Any], name: str, asked: str) -> str:
        try:
            found = urljoin(asked, str(content["_links"][name]["href"]))
        except (KeyError, TypeError) as error:
            what = f"its answer does not say where the {name} is"
            raise InputError(Fault(what, self.where, "tell the provider, or give a file")) from error
        require_same_reach(self.row.url, found)
        return found


def _has_features(path: Path, where: str) -> bool:
    """Return whether a document in a zip holds a feature: of an area without any the frame comes alone."""
    try:
        with zipfile.ZipFile(path) as packed:
            return any(_holds_feature(packed, info, where=where) for info in packed.infolist())
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise InputError(Fault(f"cannot be read as a zip ({error})", where, "fetch it again")) from error


def _holds_feature(packed: zipfile.ZipFile, info: zipfile.ZipInfo, *, where: str) -> bool:
    """Whether a member of a zip holds a feature; what is no GML is taken to.

    Raises
    ------
    InputError
        If it is nothing but repetition.
    """
    require_no_bomb(info, where=f"{where}: {info.filename}")
    with packed.open(info) as stream:
        before = b""
        while chunk := stream.read(_CHUNK_BYTES):
            if _FEATURE.search(before + chunk) or not info.filename.lower().endswith((".gml", ".xml")):
                return True
            before = chunk[-_LONGEST_NAME:]
    return False


def join_zips(files: Sequence[Path], target: Path) -> None:
    """Put the members of several zips into one, numbered as parts of one delivery; of one zip they keep their names.

    A part without a feature is left out, unless none of its delivery has one: then the first says so.
    """
    with whole_file(target) as temporary:
        if len(files) == 1:
            shutil.copyfile(files[0], temporary)
            return
        with (
            contextlib.ExitStack() as opened,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as joined,
        ):
            deliveries: dict[str, list[tuple[int, zipfile.ZipFile, zipfile.ZipInfo]]] = {}
            for number, path in enumerate(files):
                packed = opened.enter_context(zipfile.ZipFile(path))
                for info in packed.infolist():
                    deliveries.setdefault(info.filename, []).append((number, packed, info))
            for name, parts in deliveries.items():
                held = [one for one in parts if _holds_feature(one[1], one[2], where=target.name)]
                for number, packed, info in held or parts[:1]:
                    part = f"{Path(name).stem}-{number:06d}{Path(name).suffix}"
                    with packed.open(info) as source, joined.open(part, "w") as sink:
                        shutil.copyfileobj(source, sink, 1 << 20)


def forget_download(row: DownloadApi, scratch: Path, *, bounds: Bounds) -> None:
    """Forget the answer to a question, so that it is asked anew."""
    every = target_of(row, scratch, bounds=bounds)
    for name in (read_state(every) or {}).get("files", []):
        path = every.parent / name
        path.unlink(missing_ok=True)
        facts_path(path).unlink(missing_ok=True)
    every.unlink(missing_ok=True)
