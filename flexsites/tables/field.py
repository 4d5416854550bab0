"""A column of a table: its type, unit, bounds, what null means, where it comes from, and how people see it written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flexsites.tables.dtypes import Dtype

Format = Literal[
    "text", "code", "list", "yes_no", "count", "change", "ordinal", "year", "area", "hectares", "length", "share",
    "score", "term", "euro", "amount", "written",
]  # fmt: skip
Null = Literal["unknown", "none", "none_known", "never", "not_asked", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column.

    Attributes
    ----------
    name
        The column's name, its unit as suffix.
    dtype
        ``str``, ``int`` (pandas Int64), ``float`` (float64, NaN is null), ``bool`` (numpy's where never null, else
        pandas' boolean), ``list`` (a tuple of texts) or ``geometry``.
    description
        What it is, for a reader of a result.
    null
        What null means; None: never null.
    unit
        The unit, as in the name's suffix.
    low, high
        The bounds a value must obey.
    kind
        ``extensive`` (summed over sites) or ``intensive``.
    source
        Where the definition comes from: METHOD's [P], [O], [R], or a register.
    values
        The only values allowed, for a closed list.
    format
        How people see it written; None: as its dtype and unit say (see :attr:`written_as`).
    names
        The vocabulary that names its codes for people: a kind of name in the labels, such as ``verdict`` or ``rule``.
    null_is
        What null says to a reader: ``unknown``; ``none`` (there is none, which is known); ``never`` (of a time, which
        does not come); ``not_asked`` (who
        asks leaves it open); or ``not_applicable`` (no such thing is asked of the row; shown empty).
    empty_is
        What an empty list says: ``none``, or ``none_known`` where what it lists may not all have been looked for.
    unknown_with
        Another column of the row: null here, or an empty list, is unknown where that one is unknown.
    not_of
        Another column and its value: rows with it are not asked for this one, so their null is not applicable.
    """

    name: str
    dtype: Dtype
    description: str
    null: str | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    kind: Literal["extensive", "intensive"] | None = None
    source: str | None = None
    values: tuple[str, ...] = ()
    format: Format | None = None
    names: str | None = None
    null_is: Null = "unknown"
    empty_is: Null = "none"
    unknown_with: str | None = None
    not_of: tuple[str, str] | None = None

    @property
    def written_as(self) -> Format:
        """How it is written: its own format, else what its dtype and unit say.

        Examples
        --------
        >>> Field("is_valid", "bool", "").written_as, Field("width_m", "float", "", unit="m").written_as
        ('yes_no', 'length')
        """
        of_unit: dict[str | None, Format] = {"m2": "area", "m": "length"}
        of_dtype: dict[Dtype, Format] = {
            "bool": "yes_no",
            "int": "count",
            "list": "list",
            "str": "code" if self.names else "text",
        }
        return self.format or of_dtype.get(self.dtype) or of_unit.get(self.unit, "amount")
