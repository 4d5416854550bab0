"""Columns of addresses, and of the rows of an owner's table."""

from __future__ import annotations

from flexsites.tables.field import Field

address_id = Field("address_id", "str", "an address", source="BAG: nummeraanduiding or verblijfsobject", format="code")
postcode = Field("postcode", "str", "four digits and two letters", null="the register gives none", format="code")
house_number = Field("house_number", "int", "house number", null="the register gives none", low=1, format="ordinal")
house_addition = Field("house_addition", "str", "letter and addition, upper case, without separators; empty: none")
portfolio_row = Field(
    "portfolio_row", "int", "row of the portfolio file, 1 for the first below its heading", low=1, format="ordinal"
)
portfolio_key = Field("portfolio_key", "str", "what the row was looked up by, as it was written")
unmatched_reason = Field("unmatched_reason", "str", "why no building was found for the row", names="message")
