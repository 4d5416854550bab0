"""CityJSON 1.0, 1.1 and 2.0, whole files and line-by-line sequences: attributes of buildings, and their roof surfaces.

Roof surfaces are the faces of LoD 2.2 whose semantics say RoofSurface; each becomes a polygon seen from above with
its slope, by the normal of its outer ring and holes.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.errors import CrsError, Fault, FlexsitesError, InputError
from flexsites.geometry.polygons import polygonal, repair
from flexsites.geometry.robust import unite
from flexsites.inputs.stock.files import bag_ids, require_bag_ids
from flexsites.tables import CRS, Frame, RoofParts, conform, empty

__all__ = ["CityModel", "face_slope", "read_cityjson"]

Floats = NDArray[np.float64]

_VERSIONS = ("1.0", "1.1", "2.0")
_RD = ("28992", "7415")
_LOD = "2.2"
# How deep the faces lie in the nested lists of each kind of geometry.
_DEPTH = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}


@dataclass(frozen=True, slots=True)
class CityModel:
    """The buildings of a file: their attributes with footprints, and their roof surfaces."""

    buildings: Frame
    roof_parts: Frame
    version: str
    n_surfaces_without_area: int


def read_cityjson(path: Path, *, where: str | None = None) -> CityModel:
    """Read the buildings of a CityJSON file or sequence (also gzipped).

    Parameters
    ----------
    path
        ``.city.json``, ``.json``, ``.city.jsonl``, or one of these with ``.gz``.
    where
        What to name in an error; None: the file's name.

    Returns
    -------
        Attributes with names in lower case and footprints in RD New (for `roof_attributes` and `panden`), and
        canonical RoofParts.

    Raises
    ------
    InputError
        If it is not CityJSON of a known version, or has no buildings.
    CrsError
        If its reference system is missing or is not RD New (EPSG:28992, or EPSG:7415 with heights).
    """
    where = where or path.name
    head, features = _documents(path, where)
    if not isinstance(head, dict):
        raise InputError(Fault("not CityJSON", where, "export it again as CityJSON 1.1 or 2.0"))
    version = str(head.get("version"))
    if head.get("type") != "CityJSON" or version not in _VERSIONS:
        what = f"not CityJSON of version {', '.join(_VERSIONS)} (type {head.get('type')!r}, version {version!r})"
        raise InputError(Fault(what, where, "export it again as CityJSON 1.1 or 2.0"))
    _require_rd(head, where)
    try:
        reading = _Reading(head.get("transform"))
        for feature in features:
            reading.add(feature)
        return reading.finish(version, where)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, shapely.errors.ShapelyError) as error:
        if isinstance(error, FlexsitesError):
            raise
        what = f"not as CityJSON {version} should be ({type(error).__name__}: {error})"
        raise InputError(Fault(what, where, "fetch or export the file again")) from error


def face_slope(rings: list[Floats]) -> float:
    """Return the angle of a face with the horizontal in degrees, from the area vectors of its rings (Newell).

    Parameters
    ----------
    rings
        Outer ring, then holes (turning the other way), each of shape (n, 3).

    Returns
    -------
        0 for a flat face, 90 for a wall; NaN for a face without area.

    Examples
    --------
    >>> gable = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 1], [0, 1, 1]])
    >>> round(face_slope([gable]), 6), face_slope([gable * [1, 1, 0]])
    (45.0, 0.0)
    """
    normal = np.zeros(3)
    for ring in rings:
        at = ring - ring[0]
        normal += np.cross(at, np.roll(at, -1, axis=0)).sum(axis=0)
    flat = float(np.hypot(normal[0], normal[1]))
    if flat == 0 and normal[2] == 0:
        return float("nan")
    return float(np.degrees(np.arctan2(flat, abs(normal[2]))))


class _Reading:
    """Collects buildings over the features of a file."""

    def __init__(self, transform: dict[str, list[float]] | None) -> None:
        self.transform = transform
        self.attributes: list[dict[str, Any]] = []
        self.ground: dict[str, list[shapely.Polygon]] = {}
        self.surfaces: list[tuple[str, float, float, shapely.Polygon]] = []
        self.n_without_area = 0

    def add(self, feature: dict[str, Any]) -> None:
        """Take in the buildings of one feature, their vertices brought to metres."""
        objects = feature.get("CityObjects", {})
        vertices = np.asarray(feature.get("vertices", []), dtype=np.float64).reshape(-1, 3)
        if self.transform is not None:
            vertices = vertices * self.transform["scale"] + self.transform["translate"]
        for name, item in objects.items():
            if item.get("type") == "Building":
                self.attributes.append(_attributes(name, item))
            if item.get("type") in ("Building", "BuildingPart"):
                owner = _building_of(name, objects)
                for geometry in item.get("geometry", []):
                    if str(geometry.get("lod")) == _LOD:
                        self._add_faces(owner, geometry, vertices)

    def _add_faces(self, owner: str, geometry: dict[str, Any], vertices: Floats) -> None:
        for face, kind in _faces(geometry):
            if kind not in ("RoofSurface", "GroundSurface"):
                continue
            rings = [vertices[ring] for ring in face]
            shape = shapely.Polygon(rings[0][:, :2], [ring[:, :2] for ring in rings[1:]])
            if kind == "GroundSurface":
                self.ground.setdefault(owner, []).append(shape)
            else:
                self.surfaces.append((owner, face_slope(rings), float(rings[0][:, 2].mean()), shape))

    def finish(self, version: str, where: str) -> CityModel:
        """Return the model of all features taken in; refuse one without a building."""
        if not self.attributes:
            raise InputError(Fault("no buildings", where, "give a file with Building objects"))
        buildings = pd.DataFrame(self.attributes)
        ids = buildings["identificatie"]
        require_bag_ids(bag_ids(ids), ids, where=f"{where}: identificatie")
        faces = [np.array(self.ground.get(name, []), dtype=object) for name in ids]
        ground = polygonal(np.asarray(shapely.make_valid(np.concatenate(faces)), dtype=object))
        shapes, _ = unite(ground, np.repeat(np.arange(len(ids)), list(map(len, faces))), len(ids))
        parts = self._parts(where)
        frame = gpd.GeoDataFrame(buildings, geometry=shapes, crs=CRS)
        return CityModel(frame, parts, version, self.n_without_area)

    def _parts(self, where: str) -> Frame:
        if not self.surfaces:
            return empty(RoofParts)
        owner, slope, height, shapes = (list(column) for column in zip(*self.surfaces, strict=True))
        mended, _ = repair(np.array(shapes, dtype=object))
        area = shapely.area(mended)
        keep = (area > 0) & ~np.isnan(slope)
        self.n_without_area = int((~keep).sum())
        parts = gpd.GeoDataFrame(
            {
                "bag_pand_id": bag_ids(pd.Series(owner)),
                "slope_deg": slope,
                "roof_part_area_m2": area,
                "roof_part_height_m_nap": height,
            },
            geometry=mended,
            crs=CRS,
        )[keep]
        parts = parts.sort_values("bag_pand_id", kind="stable").reset_index(drop=True)
        parts["roof_part"] = parts.groupby("bag_pand_id").cumcount()
        return conform(parts[RoofParts.columns], RoofParts, where=where)


def _attributes(name: str, building: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of a building, names in lower case; its identificatie is its name where it tells none."""
    told = {key.lower(): value for key, value in building.get("attributes", {}).items()}
    return {**told, "identificatie": str(told.get("identificatie") or name)}


def _building_of(name: str, objects: dict[str, Any]) -> str:
    """Return the identificatie of the building that a part belongs to; that of a building itself."""
    while parents := objects.get(name, {}).get("parents"):
        name = parents[0]
    return str(_attributes(name, objects.get(name, {}))["identificatie"])


def _faces(geometry: dict[str, Any]) -> Iterator[tuple[list[list[int]], str | None]]:
    """Give every face of a geometry with the type of its surface."""
    depth = _DEPTH.get(geometry.get("type", ""))
    semantics = geometry.get("semantics") or {}
    kinds = [surface.get("type") for surface in semantics.get("surfaces", [])]
    if depth is None or not kinds:
        return
    boundaries, values = geometry["boundaries"], semantics.get("values") or []
    for _ in range(depth):
        values = [
            value for group, part in zip(values, boundaries, strict=True) for value in (group or [None] * len(part))
        ]
        boundaries = [face for group in boundaries for face in group]
    for face, value in zip(boundaries, values, strict=True):
        yield face, None if value is None else kinds[value]


def _documents(path: Path, where: str) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """Return the head of the file and its features: itself, or the lines of a sequence."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
        lines = text.splitlines() if "jsonl" in path.name or "seq" in path.name else [text]
        head = json.loads(lines[0])
        rest = [json.loads(line) for line in lines[1:] if line.strip()]
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise InputError(Fault(f"cannot be read ({error})", where, "fetch or export the file again")) from error
    return head, iter([head, *rest])


def _require_rd(head: dict[str, Any], where: str) -> None:
    metadata = head.get("metadata")
    system = metadata.get("referenceSystem") if isinstance(metadata, dict) else None
    if system is None:
        raise CrsError(Fault("the CRS is missing", where, "export it with metadata.referenceSystem (EPSG:7415)"))
    codes = re.findall(r"(\d+)/?$", str(system))
    if not codes or codes[0] not in _RD:
        raise CrsError(Fault(f"the CRS is {system}", where, "give it in RD New (EPSG:7415 or EPSG:28992)"))
