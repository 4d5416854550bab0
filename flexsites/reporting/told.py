"""What the package says in English (reasons, warnings, notes), in the reader's language: sentences are data.

A sentence may hold placeholders; what stands in their place is kept, numbers in the manner of the language. A sentence
that the catalogue does not know stays as it is: better another language than another meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from flexsites.config.plain_yaml import load_plain

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+\.\d+")
_APART = "; "


def translated(text: str, lang: str) -> str:
    """Return an English text in a language.

    Parameters
    ----------
    text
        One sentence, or several joined by a semicolon.
    lang
        ``nl`` or ``en``.

    Examples
    --------
    >>> translated("weekly", "nl"), translated("weekly", "en"), translated("no such sentence", "nl")
    ('wekelijks', 'weekly', 'no such sentence')
    >>> translated("parcels: 2 geometries repaired (parcels.parquet)", "nl")
    'parcels: 2 geometrieën hersteld (parcels.parquet)'
    >>> translated("the building does not count: demolished", "nl")
    'het pand telt niet mee: gesloopt'
    """
    if lang == "en" or not text:
        return text
    exact, patterns = _catalogue(lang)
    if text in exact:
        return exact[text]
    for pattern, told in patterns:
        found = pattern.fullmatch(text)
        if found is not None:
            parts = {name: _part(value, lang) for name, value in found.groupdict().items()}
            return told.format(**parts)
    if _APART in text:
        return _APART.join(translated(part, lang) for part in text.split(_APART))
    return text


def is_known(text: str, lang: str) -> bool:
    """Return whether the catalogue of a language has a text, or each of its sentences."""
    exact, patterns = _catalogue(lang)
    if text in exact or any(pattern.fullmatch(text) for pattern, _ in patterns):
        return True
    return _APART in text and all(is_known(part, lang) for part in text.split(_APART))


def _part(value: str, lang: str) -> str:
    """Return what stands in a placeholder: a sentence of its own in the language, a number in its manner."""
    if lang == "nl" and _NUMBER.fullmatch(value):
        return value.translate(str.maketrans(",.", ".,"))
    return translated(value, lang)


@cache
def _catalogue(lang: str) -> tuple[dict[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Return the sentences without placeholders, and the patterns of the others with what they become."""
    text = files("flexsites.reporting").joinpath("labels", f"told.{lang}.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, str]] = load_plain(text)
    sentences = {english: told for part in loaded.values() for english, told in part.items()}
    exact = {english: told for english, told in sentences.items() if "{" not in english}
    patterns = tuple((_pattern(english), told) for english, told in sentences.items() if "{" in english)
    return exact, patterns


def _pattern(english: str) -> re.Pattern[str]:
    """Return the pattern of a sentence with placeholders."""
    parts = _PLACEHOLDER.split(english)
    written = [f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts)]
    return re.compile("".join(written), re.DOTALL)
