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
    """The name of the dataset."""
    provider: str
    """Who provides it."""
    licence: str
    """Under which licence."""
    attribution: str
    """The attribution that every report gives."""
    edition: str
    """The date or version of the data, not of the download."""
    url: str | None = None
    """Where it is described."""
    notes: str = ""
    """What a reader must know of it."""


class Access(Model):
    """How a dataset is obtained: the kind of service, its address, and the collection or file in it."""

    how: Literal["ogc_features", "arcgis_features", "atom", "file", "wfs", "overpass", "on_request"]
    """The kind of service."""
    url: str | None = None
    """Its address."""
    collection: str | None = None
    """The collection, layer or file in it."""
    crs: str | None = None
    """The reference system to ask for."""
    notes: str = ""
    """Where it bites."""


class CatalogueRow(About):
    """A dataset of a real run: besides what it is, how it is got, its identifiers and its traps."""

    theme: str
    """The subject."""
    n_features: str = ""
    """About how many features it has."""
    crs: str = "EPSG:28992"
    """The reference system of the data."""
    access: tuple[Access, ...] = ()
    """The ways to get it."""
    identifiers: tuple[str, ...] = ()
    """The columns that identify a feature."""
    traps: tuple[str, ...] = ()
    """What goes wrong with it."""


class Catalogue(Model):
    """One file of the catalogue: rows by id."""

    sources: dict[str, CatalogueRow] = Field(min_length=1)
    """The datasets by id."""
