"""What words of registers mean, however they are written: by the tables of configs/inputs.yaml."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from flexsites.config.input_rules import Spellings, input_rules
from flexsites.errors import ConfigError, Fault


def spellings_of(table: str) -> Spellings:
    """Return a table of spellings by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    known = input_rules().spellings
    if table not in known:
        raise ConfigError(
            Fault(f"there is no table of spellings '{table}'", "spelled", f"use one of {', '.join(known)}")
        )
    return known[table]


def normal(text: str) -> str:
    """Return a text without capitals, accents and signs, its words one space apart.

    Examples
    --------
    >>> normal("4A Potentiële locatie, in visie"), normal(" Status: ONBEKEND ")
    ('4a potentiele locatie in visie', 'status onbekend')
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(sign for sign in plain if not unicodedata.combining(sign))))


def meanings(values: Iterable[str], table: Spellings) -> dict[str, str | None]:
    """Return what each value means; null where it says that this is not known, absent where the table has it not.

    Examples
    --------
    >>> table = Spellings(means={"hard": ("vastgesteld",)}, codes={"zacht": ("4a",)}, unknown=("onbekend",), source="x")
    >>> meanings(["Vastgesteld", "4A Visie", "Onbekend", "zomaar"], table)
    {'Vastgesteld': 'hard', '4A Visie': 'zacht', 'Onbekend': None}
    """
    by_spelling: dict[str, str | None] = {normal(one): word for word, all_ in table.means.items() for one in all_}
    by_spelling |= {normal(one): None for one in table.unknown}
    by_code = {normal(one): word for word, codes in table.codes.items() for one in codes}
    found: dict[str, str | None] = {}
    for value in values:
        plain = normal(value)
        code = plain.split(" ", maxsplit=1)[0]
        if plain in by_spelling:
            found[value] = by_spelling[plain]
        elif code in by_code:
            found[value] = by_code[code]
    return found
