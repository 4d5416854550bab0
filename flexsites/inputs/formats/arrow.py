"""Arrow tables as frames, in types that hold their values: ids are whole, and bytes that are text are text."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from flexsites.errors import Fault, InputError

_EXACT = {
    pa.int8(): pd.Int64Dtype(), pa.int16(): pd.Int64Dtype(), pa.int32(): pd.Int64Dtype(), pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.Int64Dtype(), pa.uint16(): pd.Int64Dtype(), pa.uint32(): pd.Int64Dtype(),
    pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype(),
}  # fmt: skip
_BYTES = (pa.binary(), pa.large_binary(), pa.binary_view())


def exact(table: pa.Table) -> pd.DataFrame:
    """Return a table in types that hold its values: integers stay integers whatever nulls there are.

    Examples
    --------
    >>> exact(pa.table({"id": [900719925474099311, None]}))["id"].tolist()
    [900719925474099311, <NA>]
    >>> len(exact(pa.table({"id": [1, 2]}).select([])))
    2
    """
    if not table.num_columns:
        return pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    # What pandas wrote of itself beside the columns may be damaged, and would hide a column that was an index.
    frame: pd.DataFrame = table.replace_schema_metadata().to_pandas(types_mapper=_EXACT.get)
    return frame


def readable(table: pa.Table, where: str) -> pa.Table:
    """Return the table with text where a file holds the bytes of it; refuse text in another encoding than UTF-8."""
    for at, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        try:
            column.validate(full=True)
            if column.type in _BYTES or pa.types.is_fixed_size_binary(column.type):
                table = table.set_column(at, name, column.cast(pa.binary()).cast(pa.string()))
        except pa.ArrowInvalid as error:  # a shapefile that does not say which encoding it has, or no text at all
            remedy = "say the encoding beside it (a .cpg file, for example ISO-8859-1), or export it as UTF-8"
            raise InputError(Fault(f"the text of column {name} is not UTF-8", where, remedy)) from error
    return table
