"""The catalogue of outside data: who provides it, under which licence, how one gets it, and where it bites.

A row is data (configs/sources/*.yaml); a run names it (`about: natura2000`) or writes its own `about`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from flexsites.config.base import Model


class About(Model):
    """What every report says of a dataset. `edition` is the date or version of the data, not of the download."""

    title: str
    provider: str
    licence: str
    attribution: str
    edition: str
    url: str | None = None
    notes: str = ""


class Access(Model):
    """How a dataset is obtained: the kind of service, its address, and the collection or file in it."""

    how: Literal["ogc_features", "arcgis_features", "atom", "file", "wfs", "overpass", "on_request"]
    url: str | None = None
    collection: str | None = None
    crs: str | None = None
    notes: str = ""


class CatalogueRow(About):
    """A dataset of a real run: besides what it is, how it is got, its identifiers and its traps."""

    theme: str
    n_features: str = ""
    crs: str = "EPSG:28992"
    access: tuple[Access, ...] = ()
    identifiers: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()


class Catalogue(Model):
    """One file of the catalogue: rows by id."""

    sources: dict[str, CatalogueRow] = Field(min_length=1)
