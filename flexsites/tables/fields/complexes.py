"""Columns of complexes, and of series of buildings of one design."""

from __future__ import annotations

from flexsites.tables.field import Field

complex_id = Field(
    "complex_id", "str", "neighbouring buildings of one construction: the lowest bag_pand_id of them", format="code"
)
neighbour_id = Field(
    "neighbour_id", "str", "a neighbouring building of the same construction: the higher bag_pand_id", format="code"
)
n_buildings = Field("n_buildings", "int", "buildings in the complex", low=1)
block_form = Field(
    "block_form",
    "str",
    "portiek, galerij or other, by its proportions",
    null="storeys or dwellings are not known",
    values=("portiek", "galerij", "other"),
    names="roof_term",
)
block_type = Field(
    "block_type",
    "str",
    "what its units are used for: dwellings (at least half of them), shops, offices, several of these, or none of them;"
    " counted apart",
    null="neither its functions nor its units are known",
    values=("dwellings", "shops", "offices", "mixed", "other"),
    source="METHOD 7; BAG: gebruiksdoel",
    names="roof_term",
)
is_prime_stock = Field(
    "is_prime_stock",
    "bool",
    "a post-war portiek or galerij block of a corporation",
    null="block type, year or owner is not known",
    source="[O]",
)
series_id = Field(
    "series_id",
    "str",
    "the known building that it resembles, by bag_pand_id",
    null="none resembles",
    format="code",
    null_is="none",
)
n_storeys_carried = Field("n_storeys_carried", "int", "storeys it can carry, from drawings or a calculation", low=0)
series_confidence = Field(
    "series_confidence",
    "float",
    "confidence in the resemblance",
    null="none resembles",
    low=0,
    high=1,
    format="score",
    null_is="not_applicable",
)
series_n_storeys = Field(
    "series_n_storeys",
    "int",
    "storeys that the known building of the series carries",
    null="none resembles",
    low=0,
    null_is="not_applicable",
)
