"""How the types of fields are said in pandas and in arrow, once."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

Dtype = Literal["str", "int", "float", "bool", "list", "geometry"]
"""The types that a field may have; a list is of texts."""

PANDAS: dict[str, str] = {"str": "str", "int": "Int64", "float": "float64", "bool": "boolean", "list": "object"}
"""Of each type the dtype of a column that may hold null; a list is a tuple, geometry has that of geopandas."""

NEVER_NULL: dict[str, str] = PANDAS | {"bool": "bool"}
"""And of one that is never null: then a column of booleans is a mask."""

ARROW: dict[str, pa.DataType] = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "list": pa.list_(pa.string()),
    "geometry": pa.binary(),
}
"""Of each type that of a file."""
