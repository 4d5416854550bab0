"""OGC API - Features 1.0 over a run, in WGS84: landing page, conformance, collections, items with bbox, limit, next.

Source: OGC 17-069r4, classes core, geojson and oas30.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds

from flexsites.errors import Fault, InputError
from flexsites.view.kind import Kind
from flexsites.view.opened import Opened

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_CLASSES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
CONFORMANCE = [f"{_CLASSES}{one}" for one in ("core", "geojson", "oas30")]
LIMIT, MOST = 100, 10_000
_EDGES, _ALL_EDGES = 4, 6
_JSON, _GEOJSON, _OPENAPI = "application/json", "application/geo+json", "application/vnd.oai.openapi+json;version=3.0"


def landing(base: str, run: Opened) -> dict[str, Any]:
    """Return the landing page; ``base`` is the address of the API."""
    links = [
        _link(base, "self", _JSON, "this document"),
        _link(f"{base}/api", "service-desc", _OPENAPI, "the API definition"),
        _link(f"{base}/conformance", "conformance", _JSON, "the conformance classes"),
        _link(f"{base}/collections", "data", _JSON, "the collections"),
    ]
    shown = " and ".join(run.kinds)
    told = f"{shown[:1].upper()}{shown[1:]} of a run of flexsites: a screening, no decision."
    return {"title": _title(run), "description": told, "links": links}


def collections(base: str, run: Opened) -> dict[str, Any]:
    """Return the collections: one of each kind that the run shows."""
    links = [_link(f"{base}/collections", "self", _JSON, "this document")]
    return {"links": links, "collections": [collection(base, run, kind) for kind in run.kinds.values()]}


def collection(base: str, run: Opened, kind: Kind) -> dict[str, Any]:
    """Return what a collection is."""
    own, which = f"{base}/collections/{kind.name}", run.words["nl"].text(f"view.layers.{kind.name}")
    return {
        "id": kind.name,
        "title": _title(run) if kind is run.first else f"{_title(run)}: {which}",
        "itemType": "feature",
        "extent": {"spatial": {"bbox": [run.index_of(kind).extent], "crs": CRS84}},
        "crs": [CRS84],
        "links": [
            _link(own, "self", _JSON, "this document"),
            _link(f"{own}/items", "items", _GEOJSON, f"the {kind.name}"),
        ],
    }


def items(base: str, run: Opened, kind: Kind, query: Mapping[str, str]) -> dict[str, Any]:
    """Return some of a kind, by id, with the link to the next.

    Parameters
    ----------
    base
        The address of the API.
    run, kind
        The run, and what of it.
    query
        ``bbox`` (west, south, east, north in degrees), ``limit`` (at most 10,000), ``offset``; and columns that are
        texts, with the value they must have.

    Raises
    ------
    InputError
        When a parameter is not known, or is not as it should be.
    """
    columns = kind.columns
    if unknown := sorted(set(query) - {"bbox", "limit", "offset", "f", *columns}):
        raise InputError(Fault(f"no parameter {', '.join(unknown)}", "items", f"choose from {', '.join(columns)}"))
    limit, offset = min(_whole(query, "limit", LIMIT, 1), MOST), _whole(query, "offset", 0, 0)
    box = _box(query["bbox"]) if "bbox" in query else [-180.0, -90.0, 180.0, 90.0]
    rows = run.index_of(kind).within(*box)
    wanted = {name: query[name] for name in columns if name in query}
    if wanted:
        rows = rows[_with_values(run, kind, rows, wanted)]
    page = rows.iloc[offset : offset + limit]
    own = f"{base}/collections/{kind.name}/items"
    links = [_link(_address(own, query), "self", _GEOJSON, "this page")]
    if offset + limit < len(rows):
        following = {**query, "limit": str(limit), "offset": str(offset + limit)}
        links.append(_link(_address(own, following), "next", _GEOJSON, "the next page"))
    features = _features(run, kind, page)
    return {
        "type": "FeatureCollection",
        "numberMatched": len(rows),
        "numberReturned": len(features),
        "links": links,
        "features": features,
    }


def item(base: str, run: Opened, kind: Kind, asked: str) -> dict[str, Any] | None:
    """Return one of a kind; None: there is no such one."""
    rows = run.index_of(kind).rows
    found = rows[rows["id"] == asked]
    if found.empty:
        return None
    own = f"{base}/collections/{kind.name}"
    links = [
        _link(f"{own}/items/{asked}", "self", _GEOJSON, "this feature"),
        _link(own, "collection", _JSON, "the collection"),
    ]
    return _features(run, kind, found)[0] | {"links": links}


def _features(run: Opened, kind: Kind, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of a kind as GeoJSON."""
    return [feature(row, row[kind.key]) for row in _rows(kind.features(run.results, rows))]


def feature(row: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a row as GeoJSON under its id; null stays null, a list stays a list."""
    properties = {name: value for name, value in row.items() if name != "geometry"}
    return {"type": "Feature", "id": key, "geometry": row["geometry"], "properties": properties}


def definition(base: str, kinds: Iterable[str]) -> dict[str, Any]:
    """Return the API as OpenAPI 3.0."""

    def answer(kind: str) -> dict[str, Any]:
        return {"responses": {"200": {"description": "found", "content": {kind: {"schema": {"type": "object"}}}}}}

    def parameter(name: str, schema: dict[str, Any], place: str = "query") -> dict[str, Any]:
        return {"name": name, "in": place, "required": place == "path", "schema": schema}

    number = {"type": "number"}
    box = {"type": "array", "minItems": _EDGES, "maxItems": _ALL_EDGES, "items": number}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}
    asked = [
        parameter("bbox", box) | {"style": "form", "explode": False},
        parameter("limit", limit),
        parameter("offset", {"type": "integer", "minimum": 0, "default": 0}),
    ]
    one = [parameter("featureId", {"type": "string"}, "path")]
    paths = {path: {"get": answer(_JSON)} for path in ("/", "/conformance", "/collections")}
    for own in (f"/collections/{kind}" for kind in kinds):
        paths |= {
            own: {"get": answer(_JSON)},
            f"{own}/items": {"get": answer(_GEOJSON) | {"parameters": asked}},
            f"{own}/items/{{featureId}}": {"get": answer(_GEOJSON) | {"parameters": one}},
        }
    return {
        "openapi": "3.0.3",
        "info": {"title": "flexsites", "version": "1.0.0"},
        "servers": [{"url": base}],
        "paths": paths,
    }


def _rows(features: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values with GeoJSON geometry; list columns, which have no JSON in pandas, as lists."""
    shapes = json.loads(features.geometry.reset_index(drop=True).to_json())["features"]
    plain = pd.DataFrame(features.drop(columns="geometry"))
    lists = {name: plain[name] for name in plain if plain[name].map(lambda one: isinstance(one, tuple)).any()}
    told = json.loads(plain.drop(columns=list(lists)).to_json(orient="records"))
    for i, (row, shape) in enumerate(zip(told, shapes, strict=True)):
        row.update({name: list(column.iloc[i] or ()) for name, column in lists.items()}, geometry=shape["geometry"])
    return list(told)


def _with_values(run: Opened, kind: Kind, rows: pd.DataFrame, wanted: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Return which rows have the values that are asked; of a table of the run only the columns asked are read."""
    if kind.is_made_here:
        has = [rows[name].eq(value).to_numpy(dtype=bool) for name, value in wanted.items()]
        return np.asarray(np.logical_and.reduce(has), dtype=bool)
    columns = ds.dataset(run.results.directory / f"{kind.table}.parquet", format="parquet")
    condition = reduce(and_, (pc.field(name) == value for name, value in wanted.items()))
    ids = columns.to_table(columns=[kind.key], filter=condition)[kind.key].to_pylist()
    return rows["id"].isin(ids).to_numpy(dtype=bool)


def _title(run: Opened) -> str:
    return run.words["nl"].label(run.results.manifest.title or run.results.manifest.name)


def _box(text: str) -> Sequence[float]:
    """Return west, south, east, north; of a box with heights the heights are left out."""
    try:
        edges = [float(one) for one in text.split(",")]
    except ValueError:
        edges = []
    if len(edges) == _ALL_EDGES:
        edges = [edges[0], edges[1], edges[3], edges[4]]
    if len(edges) != _EDGES or edges[1] > edges[3]:
        raise InputError(Fault(f"'{text}' is no box", "bbox", "give west,south,east,north in degrees"))
    return edges


def _whole(query: Mapping[str, str], name: str, otherwise: int, least: int) -> int:
    text = query.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise InputError(Fault(f"'{text}' is no number", name, f"give a whole number from {least}"))
    return int(text)


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind, "title": title}
