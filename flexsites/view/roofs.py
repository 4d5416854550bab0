"""Buildings for topping up, and the complexes that they form, as the viewer shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from flexsites.geometry.robust import unite_all
from flexsites.reporting.maps.classes import Colouring, by_verdict
from flexsites.reporting.maps.roofs import properties_of_roofs, roof_colourings, told_of_complex, told_of_roof
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.story.explain_roof import explain_roof
from flexsites.reporting.summaries.portfolio import buildings_table, complexes_table
from flexsites.reporting.where import places_of, streets_of
from flexsites.reporting.words import Words
from flexsites.tables import CRS, Roofs
from flexsites.view.index import index_of
from flexsites.view.kind import EDGES, Kind, best_first, features_of, with_bounds

_ADDRESS = re.compile(r"\d{4} ?[A-Z]{2} ")
"""How a row of a portfolio begins that was looked up by its address: others were by an id or a complex."""


def _rows(results: Results, words: Words) -> pd.DataFrame:
    """Return the buildings, each called by its address where the portfolio gives one, else by its street or its id."""
    roofs = results.table("roofs").reset_index(drop=True)
    keys = _asked(results).reindex(roofs["bag_pand_id"]).fillna("")
    addresses = keys.map(lambda told: next((one for one in str(told).split("\n") if _ADDRESS.match(one)), ""))
    streets = streets_of(results, roofs, within_m=float(presentation().map.nearest_street_m)).fillna("")
    properties = properties_of_roofs(results, roofs)
    named = pd.Series(addresses.to_numpy(), dtype="object").where(addresses.ne("").to_numpy(), streets.to_numpy())
    rows = properties.assign(
        street=named.where(named.ne(""), properties["id"]).astype("str"),
        place=places_of(roofs, words),
        also=keys.to_numpy(),
        year=roofs["year_built"].astype("Float64") if "year_built" in roofs else None,
    )
    return best_first(with_bounds(rows, roofs.geometry))


def _asked(results: Results) -> pd.Series[Any]:
    """Return by building what the rows of the portfolio were looked up by, a line each."""
    name = results.first_of("portfolio_matches", "canonical/portfolio_matches")
    if name is None:
        return pd.Series(dtype="object")
    rows = results.columns(name, ["portfolio_row", "portfolio_key", "bag_pand_id"]).sort_values("portfolio_row")
    return rows.groupby("bag_pand_id")["portfolio_key"].agg("\n".join)


def _told(results: Results, row: pd.DataFrame, words: Words, sheets: Sequence[str]) -> dict[str, Any]:
    del sheets  # there are none of buildings
    return told_of_roof(results, words, _place_of(row))


def _place_of(row: pd.DataFrame) -> tuple[str, str]:
    return str(row["street"].iloc[0]), str(row["place"].iloc[0])


def _colourings(results: Results, rows: pd.DataFrame, words: Words) -> list[Colouring]:
    del results
    return roof_colourings(rows, words)


def _features(results: Results, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    return features_of(ROOFS, results, rows)


def _complexes(results: Results, words: Words) -> pd.DataFrame:
    """Return the complexes by rank, each with the ids of its buildings; called as the owner does, else by its first."""
    buildings, roofs = buildings_table(results), index_of(results, ROOFS, words).rows
    own = roofs.merge(buildings[["bag_pand_id", "complex"]], left_on="id", right_on="bag_pand_id").sort_values("id")
    own["also"] = own["id"].str.cat(own[["street", "also"]], sep="\n")
    grouped = own.groupby("complex", sort=False)
    codes = set(results.columns("roofs", ["owner_complex_code"])["owner_complex_code"].dropna())
    first = pd.DataFrame(
        {
            "street": grouped["street"].first(),
            "place": grouped["place"].agg(lambda names: "; ".join(dict.fromkeys(one for one in names if one))),
            "also": grouped["also"].agg("\n".join),
            "members": grouped["id"].agg(tuple),
            **{edge: grouped[edge].agg("min" if edge in EDGES[:2] else "max") for edge in EDGES},
        }
    )
    rows = complexes_table(buildings).merge(first, left_on="complex", right_index=True, how="left")
    is_coded = rows["complex"].isin(codes)
    return rows.assign(
        id=rows["complex"],
        homes=rows["n_units_expected"].astype("Float64"),
        location=rows["complex"],
        street=rows["street"].mask(is_coded, rows["complex"]),
    )


def _told_of_complex(results: Results, row: pd.DataFrame, words: Words, sheets: Sequence[str]) -> dict[str, Any]:
    del results, sheets  # all of it is in its row
    box = [round(float(row[edge].iloc[0]) * 1_000_000) for edge in EDGES]
    return told_of_complex(row, words, _place_of(row), box)


def _features_of_complexes(results: Results, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return complexes as the ground that their buildings stand on together."""
    ids = [one for members in rows["members"] for one in members]
    roofs = results.rows("roofs", "bag_pand_id", ids, ["bag_pand_id", "geometry"])
    shapes = dict(zip(roofs["bag_pand_id"], roofs["geometry"], strict=True))
    joined = [unite_all(np.array([shapes[one] for one in members], dtype=object)) for members in rows["members"]]
    told = rows.drop(columns=["id", "location", "also", "homes", "street", *EDGES])
    return gpd.GeoDataFrame(told, geometry=gpd.GeoSeries(joined, index=rows.index, crs=CRS)).to_crs(4326)


ROOFS = Kind(
    name="roofs",
    table="roofs",
    key="bag_pand_id",
    texts="map_roofs",
    rows=_rows,
    searched=("location", "street", "place", "also"),
    told=_told,
    features=_features,
    columns=tuple(field.name for field in Roofs.fields if field.dtype == "str"),
    reads=("roofs", "roof_reasons", "roof_units", "roof_exploitation", "complexes"),
    drawn=properties_of_roofs,
    colourings=_colourings,
    story=explain_roof,
    orders={
        "best": (),
        "homes": (("homes", False),),
        "street": (("place", True), ("street", True)),
        "complex": (("location", True), ("homes", False)),
        "year": (("year", True),),
    },
    lists=("roofs", "complexes"),
    unlisted=("also",),
)
COMPLEXES = Kind(
    name="complexes",
    table="complexes",
    key="complex",
    texts="map_complexes",
    rows=_complexes,
    searched=("street", "place", "also"),
    told=_told_of_complex,
    features=_features_of_complexes,
    columns=("complex", "verdict"),
    colourings=lambda _results, _rows, words: [by_verdict(words)],
    orders={"rank": (), "complex": (("complex", True),), "buildings": (("n_buildings", False),)},
    unlisted=("also", "members"),
    is_made_here=True,
)
