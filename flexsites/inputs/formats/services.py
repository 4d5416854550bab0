"""Features of a service, page by page: OGC API Features (PDOK), ArcGIS FeatureServer (IBIS) and WFS 2.0 (REV).

What a service says is checked: the reference system that comes back, the number of features, that pages move on, that
it looked at the window. Pages are kept until all are there, so that a fetch that broke off goes on where it was.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import requests
import shapely

from flexsites.config.addresses import without_keys, without_secrets
from flexsites.config.sources import ArcgisFeatures, OgcFeatures, Wfs
from flexsites.digest import digest
from flexsites.errors import CrsError, Fault, FlexsitesError, InputError, counted
from flexsites.inputs.formats import wfs
from flexsites.inputs.formats.facts import Facts, keep_facts
from flexsites.inputs.formats.pages import JsonPages, Pages, boxes_of, join
from flexsites.inputs.formats.projection import coordinate_faults
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told, get_json, open_session, require_same_reach
from flexsites.inputs.formats.windows import in_degrees

_MOST_OUTSIDE = 100_000
"""A service that ignores the window gives the whole country: so many features outside it are enough to be sure."""
_SLACK_M = 1.0
_SHOWN = 300


def fetch_features(
    name: str,
    row: OgcFeatures | ArcgisFeatures | Wfs,
    scratch: Path,
    *,
    bounds: Bounds | None,
    session: requests.Session | None = None,
    told: Told | None = None,
) -> Path:
    """Fetch the features of a service within a window and return them as one file (GeoJSON or GML) in RD New.

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
    told
        Told how many bytes came, as they come.

    Raises
    ------
    InputError
        If the service cannot be used, repeats a page, or gives another number of features than it said.
    CrsError
        If it gives another reference system than it was asked for.
    """
    target = target_of(row, scratch, bounds=bounds)
    if target.exists() and target.stat().st_size:
        return target
    session = session or open_session()
    where = f"{name} ({without_secrets(row.url)})"
    with _naming(name):
        if isinstance(row, Wfs):
            every: list[Pages] = wfs.fetch_pages(row, target.with_suffix(""), session, bounds, where=where, told=told)
        else:
            every = [_fetch_pages(row, JsonPages(target.with_suffix("")), session, bounds, where, told)]
    n_outside = sum(pages.n_outside for pages in every)
    joined = join(every, target, where=where)
    shutil.rmtree(target.with_suffix(""), ignore_errors=True)
    notes = (
        [counted(joined.n_repeated, "feature came twice and counts once", "features came twice and count once")]
        if joined.n_repeated
        else []
    )
    if n_outside:
        notes.append(f"the service ignored the window: {counted(n_outside, 'feature lies', 'features lie')} outside it")
    time = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    keep_facts(target, Facts(time=time, n_rows=joined.n_features, window=bounds, notes=tuple(notes)))
    return target


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Name the source in faults that name only the address."""
    try:
        yield
    except InputError as error:
        named = [
            replace(one, where=f"{name} ({one.where})")
            if isinstance(one, Fault) and one.where.startswith("http")
            else one
            for one in error.faults
        ]
        raise type(error)(named) from error


def target_of(row: OgcFeatures | ArcgisFeatures | Wfs, scratch: Path, *, bounds: Bounds | None) -> Path:
    """Return the file in which the answer to a question is kept; keys in the address are no part of its name."""
    asked = without_keys(row.model_dump(mode="json", include=_asked(row)))
    suffix = ".gml" if isinstance(row, Wfs) and row.format == "gml" else ".geojson"
    return scratch / "services" / f"{digest([asked, bounds], length=16)}{suffix}"


def _asked(row: OgcFeatures | ArcgisFeatures | Wfs) -> set[str]:
    names = {
        "reader",
        "url",
        "collection",
        "crs",
        "cql_filter",
        "limit",
        "query",
        "type_name",
        "srs_name",
        "sort_by",
        "format",
    }
    names |= {"parameters"}
    return names & set(type(row).model_fields) - ({"crs"} if isinstance(row, Wfs) else set())


def _fetch_pages(
    row: OgcFeatures | ArcgisFeatures,
    pages: JsonPages,
    session: requests.Session,
    bounds: Bounds | None,
    where: str,
    told: Told | None,
) -> JsonPages:
    """Fetch all pages of features, and compare them with what the service said of them."""
    try:
        fetch = _Fetch(pages, session, bounds, where, told)
        expected = fetch.ogc(row) if isinstance(row, OgcFeatures) else fetch.arcgis(row)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        if isinstance(error, FlexsitesError):
            raise
        pages.forget()
        what = f"its answer is not as it should be ({type(error).__name__}: {error})"
        raise InputError(Fault(what, where, "tell the provider, or give a file")) from error
    if expected is not None and pages.n_features != expected:
        pages.forget()
        what = f"the service said {expected:,} features and gave {pages.n_features:,}"
        raise InputError(Fault(what, where, "fetch again; it may have changed meanwhile"))
    if expected is not None and (n_distinct := pages.count_distinct()) < expected:
        pages.forget()
        what = f"the service said {expected:,} features and gave {n_distinct:,}, some of them again"
        raise InputError(Fault(what, where, "fetch again; or give a file, if it does not obey its own paging"))
    return pages


class _Fetch:
    """One fetch of features: what all pages have in common."""

    def __init__(
        self, pages: JsonPages, session: requests.Session, bounds: Bounds | None, where: str, told: Told | None
    ) -> None:
        self.pages, self.session, self.bounds, self.where, self.told = pages, session, bounds, where, told
        self.is_checked = False

    def ogc(self, row: OgcFeatures) -> int | None:
        """Fetch page after page of an OGC API; return how many features it said; None: it says nothing."""
        expected: int | None = None
        first = f"{row.url.rstrip('/')}/collections/{row.collection}/items"
        asked = {"f": "json", "limit": str(row.limit), "crs": row.crs}
        asked |= row.parameters
        if self.bounds is not None:
            asked |= {"bbox": _written(self.bounds), "bbox-crs": row.crs}
        if row.cql_filter is not None:
            asked |= {"filter": row.cql_filter, "filter-lang": "cql2-text"}
        url: str | None = first
        parameters: dict[str, str] | None = asked
        if self.pages.is_started:
            url, parameters = self.pages.next, None
        while url is not None:
            content, answer = get_json(self.session, url, parameters, told=self.told)
            _require_crs(answer.headers.get("Content-Crs"), row.crs, self.where)
            if content.get("numberMatched") is not None:
                expected = int(content["numberMatched"])
            links = [link for link in content.get("links", []) if link.get("rel") == "next"]
            after = urljoin(url, links[0]["href"]) if links else None
            if after is not None:
                require_same_reach(first, after)
            features = _said(content, "features", self.where)
            _require_number(content.get("numberReturned"), len(features), self.where)
            self._add(features, after)
            if expected is not None and self.pages.n_features > expected:
                self.pages.forget()
                what = f"the service said {expected:,} features, and more and more come"
                raise InputError(Fault(what, self.where, "tell the provider"))
            url, parameters = after, None
        if not self.pages.n_features and self.bounds is not None:
            self._require_understood(row, first)
        if expected is None and self.pages.n_pages == 1 and self.pages.n_features > 1:
            self._require_next(first, asked | {"limit": "1"})
        return expected

    def _require_next(self, url: str, parameters: dict[str, str]) -> None:
        """Refuse one page of a service that says neither how many there are nor where the next page is.

        Of a page of one feature there must be a next one. Who ignores how many are asked, gives all that there are.
        """
        content, _ = get_json(self.session, url, parameters, told=self.told)
        is_named = any(link.get("rel") == "next" for link in content.get("links", []))
        if len(_said(content, "features", self.where)) == 1 and not is_named:
            n_features = self.pages.n_features
            self.pages.forget()
            what = (
                f"{n_features:,} features came, and the service says neither how many there are nor where the next are"
            )
            raise InputError(Fault(what, self.where, "give a file of it"))

    def _require_understood(self, row: OgcFeatures, url: str) -> None:
        """Refuse no features where the service has some: it took metres for degrees, and says nothing of it."""
        assert self.bounds is not None  # noqa: S101 - asked of a window alone
        parameters = {"f": "json", "limit": "1", "bbox": ",".join(f"{b:.7f}" for b in in_degrees(self.bounds))}
        parameters |= row.parameters
        if row.cql_filter is not None:
            parameters |= {"filter": row.cql_filter, "filter-lang": "cql2-text"}
        content, _ = get_json(self.session, url, parameters, told=self.told)
        if _said(content, "features", self.where):
            self.pages.forget()
            what = "nothing comes of the window in RD New, and something does of the same window in degrees"
            raise CrsError(Fault(what, self.where, "the service does not take RD New here: give a file"))

    def arcgis(self, row: ArcgisFeatures) -> int:
        """Fetch page after page of an ArcGIS server; return how many features it said."""
        url = f"{row.url.rstrip('/')}/query"
        common = {"where": row.query, "outSR": "28992"}
        if self.bounds is not None:
            common |= {"geometry": _written(self.bounds), "geometryType": "esriGeometryEnvelope", "inSR": "28992"}
            common |= {"spatialRel": "esriSpatialRelIntersects"}
        counted, _ = get_json(self.session, url, {**common, "returnCountOnly": "true", "f": "json"}, told=self.told)
        _require_no_error(counted, self.where)
        expected = int(_said(counted, "count", self.where))
        if expected < 0:
            raise InputError(Fault(f"the service said {expected} features", self.where, "tell the provider"))
        while self.pages.n_features < expected:
            offset = str(self.pages.n_features)
            page = {"outFields": "*", "resultOffset": offset, "resultRecordCount": str(row.limit), "f": "geojson"}
            content, _ = get_json(self.session, url, {**common, **page}, told=self.told)
            _require_no_error(content, self.where)
            features = _said(content, "features", self.where)
            if not features:
                break
            self._add(features, f"{url}#{int(offset) + len(features)}")
            if self.pages.n_features >= expected and _goes_on(content):
                self.pages.forget()
                what = f"the service said {expected:,} features, and more and more come"
                raise InputError(Fault(what, self.where, "tell the provider"))
        return expected

    def _add(self, features: list[dict[str, Any]], after: str | None) -> None:
        """Keep a page of features; the first one must lie in RD New, and not too many outside the window."""
        boxes = boxes_of(features)
        if not self.is_checked and len(boxes):
            if wrong := coordinate_faults(boxes, "EPSG:28992", where=self.where):
                raise CrsError(wrong)
            self.is_checked = True
        n_outside = 0 if self.bounds is None else _n_outside(boxes, self.bounds)
        self.pages.add(json.dumps(features).encode(), after, where=self.where, n_outside=n_outside)
        if self.pages.n_outside > _MOST_OUTSIDE:
            self.pages.forget()
            what = f"the service ignores the window: {self.pages.n_outside:,} features came that lie outside it"
            raise InputError(Fault(what, self.where, "give a file of it"))


def _goes_on(content: dict[str, Any]) -> bool:
    """Whether a page of an ArcGIS server says that it is not the last."""
    said = "exceededTransferLimit"
    return bool(content.get(said) or (content.get("properties") or {}).get(said))


def _said(content: dict[str, Any], name: str, where: str) -> Any:  # noqa: ANN401 - what a service says, not yet judged
    """Return what an answer says of a name; one that does not say it is no such answer, and says what went wrong."""
    if name not in content:
        what = f"the service gave no {name}, but: {json.dumps(content)[:_SHOWN]}"
        raise InputError(Fault(what, where, "check url, collection and query"))
    return content[name]


def _n_outside(boxes: np.typing.NDArray[np.float64], bounds: Bounds) -> int:
    west, south, east, north = boxes.T
    away = (east < bounds[0] - _SLACK_M) | (west > bounds[2] + _SLACK_M)
    return int((away | (north < bounds[1] - _SLACK_M) | (south > bounds[3] + _SLACK_M)).sum())


def _written(bounds: Bounds) -> str:
    return ",".join(f"{b:.3f}" for b in bounds)


def _require_crs(came: str | None, asked: str, where: str) -> None:
    """Refuse another system than was asked; without a header, the coordinates themselves are judged."""
    if came is None or came.strip("<> ").replace("https://", "http://") == asked:
        return
    raise CrsError(Fault(f"the service gave {came}, asked for {asked}", where, "ask for a system that it offers"))


def _require_number(said: object, n_features: int, where: str) -> None:
    """Refuse a page that holds another number of features than it says."""
    if said is not None and int(str(said)) != n_features:
        what = f"a page says {int(str(said)):,} features and holds {n_features:,}"
        raise InputError(Fault(what, where, "fetch again: it goes on where it broke off"))


def _require_no_error(content: dict[str, Any], where: str) -> None:
    """Refuse an ArcGIS error, which comes as an ordinary answer."""
    if "error" in content:
        error = content["error"]
        what = f"the service refused ({error.get('code')}: {error.get('message')})"
        raise InputError(Fault(what, where, "check url and query"))
