"""Features of a service, page by page: OGC API Features (PDOK) and ArcGIS FeatureServer (IBIS).

What a service says is checked: the reference system that comes back, the number of features, that pages move on. Pages
are kept until all are there, so that a fetch that broke off goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import requests
import shapely

from flexsites.config.sources import ArcgisFeatures, OgcFeatures
from flexsites.errors import CrsError, Fault, FlexsitesError, InputError
from flexsites.inputs.formats.download import get_json, open_session, without_secrets
from flexsites.inputs.formats.projection import coordinate_faults
from flexsites.inputs.formats.vector import Bounds
from flexsites.tables.whole_files import read_state, whole_file, write_state, write_whole

_MOST_PAGES = 1_000_000
"""More than any register has; a service that never ends is left."""

_RD_URI = "http://www.opengis.net/def/crs/EPSG/0/28992"
_RD_NAME = "urn:ogc:def:crs:EPSG::28992"
Page = tuple[list[dict[str, Any]], str | None]


def fetch_features(
    name: str,
    row: OgcFeatures | ArcgisFeatures,
    scratch: Path,
    *,
    bounds: Bounds | None,
    session: requests.Session | None = None,
) -> Path:
    """Fetch the features of a service within a window and return them as one GeoJSON file in RD New.

    Parameters
    ----------
    name
        The source's name, for errors.
    row
        The service.
    scratch
        Where the file, and pages until it is whole, are kept. The same question is not asked twice.
    bounds
        The window in RD New; None: everything.
    session
        The session; None: a new one.

    Raises
    ------
    InputError
        If the service cannot be used, repeats a page, or gives another number of features than it said.
    CrsError
        If it gives another reference system than it was asked for.
    """
    question = json.dumps([row.model_dump(mode="json", exclude={"about", "notes"}), bounds], sort_keys=True)
    folder = scratch / "services" / hashlib.sha256(question.encode()).hexdigest()[:16]
    target = folder.with_suffix(".geojson")
    if target.exists() and target.stat().st_size:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    pages = _Pages(folder, name)
    session = session or open_session()
    where = f"{name} ({without_secrets(row.url)})"
    try:
        if isinstance(row, OgcFeatures):
            expected = _fetch_ogc(row, pages, session, bounds)
        else:
            expected = _fetch_arcgis(row, pages, session, bounds)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        if isinstance(error, FlexsitesError):
            raise
        pages.forget()
        what = f"its answer is not as it should be ({type(error).__name__}: {error})"
        raise InputError(Fault(what, where, "tell the provider, or give a file")) from error
    if expected is not None and pages.n_features != expected:
        pages.forget()
        what = f"the service said {expected} features and gave {pages.n_features}"
        raise InputError(Fault(what, where, "fetch again; it may have changed meanwhile"))
    if expected is not None and (n_distinct := pages.count_distinct()) < expected:
        pages.forget()
        what = f"the service said {expected} features and gave {n_distinct}, some of them again"
        raise InputError(Fault(what, where, "fetch again; or give a file, if it does not obey its own paging"))
    pages.join(target)
    return target


class _Pages:
    """Pages on disk, and where the next one is: what makes a fetch resumable."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self._state = folder / "state.json"
        state = read_state(self._state) or {}
        self.next: str | None = state.get("next")
        self.n_pages: int = state.get("n_pages", 0)
        self.n_features: int = state.get("n_features", 0)
        self._last = ""
        self.is_started = bool(state)
        self.is_checked = False

    def add(self, features: list[dict[str, Any]], after: str | None, *, where: str) -> None:
        """Write a page of features to disk; the first one must lie in RD New."""
        if not self.is_checked and features:
            shapes = [shapely.geometry.shape(f["geometry"]) for f in features if f.get("geometry")]
            if wrong := coordinate_faults(shapely.bounds(np.array(shapes, dtype=object)), "EPSG:28992", where=where):
                raise CrsError(wrong)
            self.is_checked = bool(shapes)
        digest = hashlib.sha256(json.dumps(features, sort_keys=True).encode()).hexdigest()
        is_same = bool(features) and digest == self._last
        if is_same or (after is not None and after == self.next) or self.n_pages >= _MOST_PAGES:
            raise InputError(Fault("the service gives the same page again and again", where, "tell the provider"))
        self._last = digest
        path = self.folder / f"page-{self.n_pages:06d}.json"
        write_whole(path, json.dumps(features).encode())
        self.next, self.n_pages, self.n_features = after, self.n_pages + 1, self.n_features + len(features)
        state = {"next": self.next, "n_pages": self.n_pages, "n_features": self.n_features}
        write_state(self._state, state)

    def forget(self) -> None:
        shutil.rmtree(self.folder)

    def join(self, target: Path) -> None:
        """Join the pages into one file, whole or not at all."""
        with whole_file(target) as temporary, temporary.open("w", encoding="utf-8") as sink:
            crs = {"type": "name", "properties": {"name": _RD_NAME}}
            sink.write(f'{{"type": "FeatureCollection", "crs": {json.dumps(crs)}, "features": [\n')
            is_first = True
            for feature in self._features():
                sink.write(("" if is_first else ",\n") + json.dumps(feature))
                is_first = False
            sink.write("\n]}\n")
        self.forget()

    def count_distinct(self) -> int:
        """Return how many features differ from each other."""
        return len({hash(json.dumps(feature, sort_keys=True)) for feature in self._features()})

    def _features(self) -> Iterator[dict[str, Any]]:
        for number in range(self.n_pages):
            yield from json.loads((self.folder / f"page-{number:06d}.json").read_text(encoding="utf-8"))


def _fetch_ogc(row: OgcFeatures, pages: _Pages, session: requests.Session, bounds: Bounds | None) -> int | None:
    where = f"{pages.name} ({without_secrets(row.url)})"
    expected: int | None = None
    url: str | None = f"{row.url.rstrip('/')}/collections/{row.collection}/items"
    parameters: dict[str, str] | None = {"f": "json", "limit": str(row.limit), "crs": row.crs}
    if bounds is not None:
        parameters |= {"bbox": ",".join(f"{b:.3f}" for b in bounds), "bbox-crs": row.crs}  # type: ignore[operator]
    if row.cql_filter is not None:
        parameters |= {"filter": row.cql_filter, "filter-lang": "cql2-text"}  # type: ignore[operator]
    if pages.is_started:
        url, parameters = pages.next, None
    while url is not None:
        content, answer = get_json(session, url, parameters)
        _require_crs(answer.headers.get("Content-Crs"), row.crs, where)
        if content.get("numberMatched") is not None:
            expected = int(content["numberMatched"])
        links = [link for link in content.get("links", []) if link.get("rel") == "next"]
        after = urljoin(url, links[0]["href"]) if links else None
        pages.add(content.get("features", []), after, where=where)
        if expected is not None and pages.n_features > expected:
            pages.forget()
            what = f"the service said {expected} features, and more and more come"
            raise InputError(Fault(what, where, "tell the provider"))
        url, parameters = after, None
    return expected


def _require_crs(came: str | None, asked: str, where: str) -> None:
    """Refuse another system than was asked; without a header, the coordinates themselves are judged."""
    if came is None or came.strip("<> ").replace("https://", "http://") == asked:
        return
    raise CrsError(Fault(f"the service gave {came}, asked for {asked}", where, "ask for a system that it offers"))


def _fetch_arcgis(row: ArcgisFeatures, pages: _Pages, session: requests.Session, bounds: Bounds | None) -> int | None:
    url = f"{row.url.rstrip('/')}/query"
    where = f"{pages.name} ({without_secrets(row.url)})"
    common = {"where": row.query, "outSR": "28992"}
    if bounds is not None:
        envelope = ",".join(f"{b:.3f}" for b in bounds)
        common |= {"geometry": envelope, "geometryType": "esriGeometryEnvelope", "inSR": "28992"}
        common |= {"spatialRel": "esriSpatialRelIntersects"}
    counted, _ = get_json(session, url, {**common, "returnCountOnly": "true", "f": "json"})
    _require_no_error(counted, where)
    expected = int(counted["count"])
    if expected < 0:
        raise InputError(Fault(f"the service said {expected} features", where, "tell the provider"))
    while pages.n_features < expected:
        offset = str(pages.n_features)
        page = {"outFields": "*", "resultOffset": offset, "resultRecordCount": str(row.limit), "f": "geojson"}
        content, _ = get_json(session, url, {**common, **page})
        _require_no_error(content, where)
        features = content.get("features", [])
        if not features:
            break
        pages.add(features, f"{url}#{int(offset) + len(features)}", where=where)
    return expected


def _require_no_error(content: dict[str, Any], where: str) -> None:
    """Refuse an ArcGIS error, which comes as an ordinary answer."""
    if "error" in content:
        error = content["error"]
        what = f"the service refused ({error.get('code')}: {error.get('message')})"
        raise InputError(Fault(what, where, "check url and query"))
