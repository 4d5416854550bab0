"""Whether a thing of OpenStreetMap has the tags that are asked: lists of values, patterns, any case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

Tags = Mapping[str, str]


def members(value: str) -> list[str]:
    """Return the values of a list as OpenStreetMap writes one.

    Examples
    --------
    >>> members("agricultural; forestry"), members("yes")
    (['agricultural', 'forestry'], ['yes'])
    """
    if ";" not in value:
        return [value]
    return [part for part in (word.strip() for word in value.split(";")) if part] or [value]


def has_tags(tags: Tags, wanted: Mapping[str, Sequence[str]]) -> bool:
    """Return whether every key has one of the values; ``*`` stands for any text, as in ``*college*``; case is ignored.

    A key with a list of values has each of them.

    Examples
    --------
    >>> has_tags({"amenity": "school", "name": "Ichthus College"}, {"amenity": ["school"], "name": ["*college*"]})
    True
    >>> has_tags({"shop": "supermarket;bakery"}, {"shop": ["bakery"]})
    True
    """
    return all(
        (value := tags.get(key)) is not None and any(_is_among(word, values) for word in (value, *members(value)))
        for key, values in wanted.items()
    )


def is_all_among(value: str, values: Sequence[str]) -> bool:
    """Return whether a value, or every value of a list, is among values or patterns.

    Examples
    --------
    >>> is_all_among("2;3", ["2", "3"]), is_all_among("1;2", ["2", "3"])
    (True, False)
    """
    return _is_among(value, values) or all(_is_among(word, values) for word in members(value))


def _is_among(word: str, values: Sequence[str]) -> bool:
    return _is_of_patterns(word, tuple(values))


@lru_cache(maxsize=1 << 14)
def _is_of_patterns(word: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a word is one of patterns: a file says few words, and says each of them very often."""
    return any(fnmatchcase(word.lower(), pattern.lower()) for pattern in patterns)
