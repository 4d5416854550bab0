"""OpenStreetMap as layers: polygons or lines chosen by tag, told and mended like every other source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.config.sources import OsmLayer
from flexsites.errors import Fault, InputError, counted
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.formats.vector import Batch, Bounds
from flexsites.inputs.osm.endings import Endings
from flexsites.inputs.osm.features import read_osm_features
from flexsites.inputs.osm.files import reading
from flexsites.inputs.osm.selectors import of_layer, require_held
from flexsites.inputs.osm.streets_pbf import file_box, project_shape
from flexsites.inputs.rows.ingest import ReadReport, Rows, sound_rows
from flexsites.tables import CRS

_ID = "osm_id"
_FORMER = ("disused", "abandoned", "demolished", "removed", "razed")


@dataclass(frozen=True, slots=True)
class OsmSource:
    """OpenStreetMap files that can be read as a layer."""

    name: str
    row: OsmLayer
    paths: tuple[str, ...]
    kept: tuple[str, ...]
    on: dt.date | None = None
    """The day on which features must not have ended; None: any may have."""
    notes: str = ""

    @property
    def where(self) -> str:
        """Its name and its files, to name in an error."""
        return f"{self.name} ({', '.join(Path(path).name for path in self.paths)})"


def open_osm(
    name: str,
    row: OsmLayer,
    paths: tuple[str, ...],
    *,
    needed: Iterable[str] = (),
    optional: Iterable[str] = (),
    on: dt.date | None = None,
) -> OsmSource:
    """Return a source of OpenStreetMap; tags that rules need are kept under the names that rules know.

    Raises
    ------
    InputError
        If a file is an extract that was made without these tags, or cannot be read.
    """
    for path in paths:
        with reading(Path(path), name):
            require_held(Path(path), of_layer(row), where=name)
    theirs = {ours: tag for tag, ours in row.rename.items()}
    asked = (*row.keep, *row.rename, *row.where, *(theirs.get(n, n) for n in (*needed, *optional)), *row.tags)
    return OsmSource(name, row, paths, tuple(dict.fromkeys(asked)), on)


def read_osm_rows(source: OsmSource, told: ReadReport, *, bounds: Bounds | None = None) -> Iterator[Rows]:
    """Give the features that are sound, file by file.

    Raises
    ------
    InputError
        If a file cannot be read, or nothing in it has the tags.
    """
    row = source.row
    selection = row if row.identifying else row.model_copy(update={"id_column": _ID})
    for path in source.paths:
        reading = read_osm_features(
            Path(path),
            any_of=[{key: values} for key, values in row.tags.items()],
            kind=row.geometry,
            without=row.without,
            keep=source.kept,
        )
        features = reading.features
        told.notes.extend(reading.notes)
        n_former = sum(any(tags.get(key) == "yes" for key in _FORMER) for tags in reading.tags)
        if n_former:
            told.notes.append(
                f"{counted(n_former, 'is tagged', 'are tagged')} as disused, abandoned or gone, and kept "
                "(`without` leaves such out)"
            )
        ended, endings = Endings.of(reading.tags, source.on)
        features = features[~ended]
        told.notes.extend(endings.notes())
        if len(reading.features) == 0 and row.preset is not None:  # its tags are right: none is mapped here
            told.notes.append("nothing in the file has the tags")
            continue
        if len(reading.features) == 0:
            where = f"{source.name} ({Path(path).name})"
            raise InputError(Fault("no feature has the tags", where, f"check `tags`: {row.tags}"))
        plain = pd.DataFrame(features.drop(columns="geometry"))
        kept = tuple(name for name in plain.columns if name != _ID)
        batch = Batch(plain, features.geometry.to_numpy())
        projection = to_rd(CRS, where=source.name)
        yield sound_rows(batch, selection, kept, projection, kind=row.geometry, told=told, bounds=bounds)


def osm_extent(paths: tuple[str, ...], source: str | None = None) -> list[BaseGeometry]:
    """Return the boxes that the files of a source say they cover, in RD New.

    Raises
    ------
    InputError
        If a file does not say.
    """
    shapes = []
    for path in paths:
        box = file_box(Path(path), source)
        if box is None:
            remedy = "state its coverage (everywhere, none, or areas)"
            raise InputError(Fault("the file does not say which box it covers", path, remedy))
        shapes.append(project_shape(box, CRS, where=path))
    return [shapely.union_all(shapes)]
