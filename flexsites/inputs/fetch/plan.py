"""What a fetch is about to do: from where to where, how much, and what only the user can bring."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from flexsites.config.addresses import known_by, without_secrets
from flexsites.config.presets import Door
from flexsites.config.source_rows import Row
from flexsites.config.sources import ArcgisFeatures, DownloadApi, OgcFeatures, Service, Wfs
from flexsites.errors import FlexsitesError
from flexsites.inputs.fetch.cache import Cache
from flexsites.inputs.fetch.door_atom import offered_by
from flexsites.inputs.fetch.door_overpass import size_of_overpass
from flexsites.inputs.fetch.door_tiles import size_of_tiles
from flexsites.inputs.fetch.doors import ClosedError, Columns, address_of, columns_of, require_fit, rows_of
from flexsites.inputs.fetch.tasks import Task, Windows
from flexsites.inputs.formats import ranges, wfs
from flexsites.inputs.formats.download import ask_edition
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import get_json, open_session
from flexsites.inputs.rows.records import about_of

_UNREACHED = "cannot be reached"
_ANSWERED = re.compile(r"\b([45]\d\d) (?:Client|Server) Error|it answers (\d+) each time")


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of the plan.

    Attributes
    ----------
    sources
        The sources that read it.
    state
        `fetched` (it is there as the lock says), `there` (the user's own file), `to fetch`, `bring` (only the user can,
        or a machine with internet) or `asked by the run`.
    origin
        The address, or whom to ask.
    target
        The file that it becomes: where it can be brought by hand.
    size
        How much there is, as far as the service tells.
    window
        The window, in RD New; null: the whole, or not known yet.
    """

    sources: tuple[str, ...]
    state: str
    origin: str
    target: str
    size: str = ""
    window: Bounds | None = None


def plan_of(tasks: Sequence[Task], windows: Windows, cache: Cache, *, held: set[str], asked: Columns) -> list[Planned]:
    """Return the plan of a fetch; services are asked for sizes, briefly.

    Parameters
    ----------
    tasks
        What there is to bring.
    windows
        Of which part of the country, as far as that is known.
    cache
        Where files of addresses and answers of services go.
    held
        Names of the tasks that are there, as the lock says.
    asked
        The columns that may be read of a source.
    """
    session = open_session(n_retries=0)
    found = []
    for task in tasks:
        window = task.window(windows)
        is_there = task.target is not None and task.target.exists()
        if task.name in held:
            state = "fetched"
        elif is_there:
            state = "there"
        else:
            state = {"by_hand": "bring", "asked_by_run": "asked by the run"}.get(task.kind, "to fetch")
        origin, size = _origin(task, window), ""
        if state == "to fetch":
            origin, size = _size(task, window, session, asked, cache)
        target = str(task.target or (cache.file_path(task.text) if task.kind == "address" else cache.folder))
        found.append(Planned(tuple(task.sources), state, origin, target, size, window))
    return found


def _origin(task: Task, window: Bounds | None) -> str:
    if task.kind in ("service", "address"):
        return without_secrets(task.text)
    if task.kind == "preset":
        return next((one for one in (_address(door, window) for door in task.doors) if one), _ask(task))
    if task.kind == "asked_by_run":
        return f"OpenStreetMap, {task.text}"
    return _ask(task)


def _ask(task: Task) -> str:
    """Return whom to ask for what no door gives."""
    if task.preset is not None and task.preset.ask is not None:
        return task.preset.ask.en
    if task.doors and (address := task.doors[0].address):
        return address
    try:
        about = about_of(task.name, task.row)
    except FlexsitesError:
        return ""
    addresses = [one.url for one in getattr(about, "access", ()) if one.url and one.how == "file"]
    return str(next(iter([*addresses, about.url or about.provider])))


def _address(door: Door, window: Bounds | None) -> str | None:
    if door.kind != "file":
        return door.address
    try:
        return address_of(door, window)
    except ClosedError:
        return None


def _size(
    task: Task, window: Bounds | None, session: requests.Session, asked: Columns, cache: Cache
) -> tuple[str, str]:
    """Return from where something would come, and how much; of several doors the first that answers."""
    if task.kind == "service":
        assert isinstance(task.row, Service)  # noqa: S101 - that is what the kind says
        return without_secrets(task.text), _said(task.row, window, session)
    if task.kind == "address":
        return without_secrets(task.text), _bytes_at(task.text, session)
    first: tuple[str, str] | None = None
    for door in task.doors:
        try:
            require_fit(door, task.target or Path(task.preset.file if task.preset else ""))
            columns = columns_of(door, task.rows, asked)
            found = _of_many(door, task.name, window, session, cache) or _through(
                door, task.row, columns, window, session
            )
        except ClosedError:
            continue
        if not found[1].startswith(_UNREACHED):
            return found
        first = first or found
    return first or (_origin(task, window), "no door opens by itself")


def _of_many(
    door: Door, name: str, window: Bounds | None, session: requests.Session, cache: Cache
) -> tuple[str, str] | None:
    """Return the same of a door behind which an index, a feed or a queue stands; None: it is no such door."""
    origin = known_by(door.address or "")
    try:
        if door.kind == "tiles":
            return origin, size_of_tiles(door, name, window, cache, session=session)
        if door.kind == "overpass":
            return origin, size_of_overpass(door, window, session=session)
        if door.kind == "atom":
            offered = offered_by(door, window, session=session)
            if len(offered) == 1 and offered[0].n_bytes is None:
                return known_by(offered[0].address), _bytes_at(offered[0].address, session)
            known = [one.n_bytes for one in offered if one.n_bytes is not None]
            size = f"{_mb(sum(known))}, as the feed says" if known else "it does not tell"
            return (known_by(offered[0].address) if len(offered) == 1 else origin), size
    except FlexsitesError as error:
        return origin, _unreached(error)
    return None


def _through(
    door: Door, row: Row, columns: tuple[str, ...] | None, window: Bounds | None, session: requests.Session
) -> tuple[str, str]:
    if door.kind == "geoparquet":
        address = address_of(door, window)
        try:
            part, n_footer = ranges.ask_part(address, bounds=window, columns=columns, session=session)
        except ranges.NotInPartsError:
            return address, f"{_bytes_at(address, session)}, whole"
        except FlexsitesError as error:
            return address, _unreached(error)
        return address, f"{_mb(part.n_bytes + n_footer)} of {part.n_rows_whole:,} rows, {part.n_rows:,} of them"
    if door.kind == "file":
        address = address_of(door, window)
        return address, _bytes_at(address, session)
    asked = rows_of(door, row)
    return known_by(door.address or ""), "; ".join(dict.fromkeys(_said(one, window, session) for one in asked))


def _said(row: Service, window: Bounds | None, session: requests.Session) -> str:
    """Return how many features a service says it has in a window."""
    try:
        if isinstance(row, Wfs):
            n_hits = wfs.count_hits(row, session, window, where=row.type_name)
            return "it does not count" if n_hits is None else f"{n_hits:,} features"
        if isinstance(row, ArcgisFeatures):
            url = f"{row.url.rstrip('/')}/query"
            asked = {"where": row.query, "returnCountOnly": "true", "f": "json"}
            if window is not None:
                asked |= {"geometry": ",".join(f"{b:.3f}" for b in window), "geometryType": "esriGeometryEnvelope"}
                asked |= {"inSR": "28992"}
            return f"{int(get_json(session, url, asked)[0]['count']):,} features"
        if isinstance(row, OgcFeatures):
            asked = {"f": "json", "limit": "1", "crs": row.crs, **row.parameters}
            if window is not None:
                asked |= {"bbox": ",".join(f"{b:.3f}" for b in window), "bbox-crs": row.crs}
            url = f"{row.url.rstrip('/')}/collections/{row.collection}/items"
            n_features = get_json(session, url, asked)[0].get("numberMatched")
            return f"pages of {row.limit:,}; it does not count" if n_features is None else f"{n_features:,} features"
    except (FlexsitesError, KeyError, TypeError, ValueError) as error:
        return _unreached(error)
    assert isinstance(row, DownloadApi)  # noqa: S101 - the last of the four
    return "told when it is made"


def _bytes_at(url: str, session: requests.Session) -> str:
    try:
        n_bytes = ask_edition(url, session=session).n_bytes
    except FlexsitesError as error:
        return _unreached(error)
    return "it does not tell" if n_bytes is None else _mb(n_bytes)


def _unreached(error: Exception) -> str:
    """Return what a service that gave no size did: it answered that it could not, or it was not reached.

    Examples
    --------
    >>> _unreached(ValueError("https://a.nl/x: the service cannot be used (404 Client Error). Remedy: wait."))
    'a.nl answers 404 now'
    """
    said = str(error)
    host = urlsplit(said.partition(": ")[0]).netloc
    if answered := _ANSWERED.search(said):
        status = answered[1] or answered[2]
        return f"{host} answers {status} now"
    return f"{_UNREACHED} now ({host})" if host else f"{_UNREACHED} now ({said.partition('. Remedy')[0][:80]})"


def _mb(n_bytes: int) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> _mb(900), _mb(2_500_000), _mb(1_300_000_000)
    ('1 kB', '2.5 MB', '1.3 GB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{max(1, round(n_bytes / 1e3))} kB"
