"""What the package says in English (reasons, warnings, notes, faults), in the reader's language: sentences are data.

A sentence may hold placeholders; what stands in their place is kept, numbers in the manner of the language. A sentence
that the catalogues do not know stays as it is: better another language than another meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Literal

from flexsites.config.plain_yaml import load_plain
from flexsites.errors import Fault, FlexsitesError

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+\.\d+")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w]|[.,]\d)")
_SWAPPED = str.maketrans(",.", ".,")
_CHOICE = re.compile(r"\{\w+:([^|{}]*)\|([^{}]*)\}")
_APART = "; "
_COUNTED = re.compile(r"(?P<what>.+): (?P<n>\d+|\d{1,3}(?:,\d{3})+)", re.DOTALL)
"""A reason, and of how many."""
_FAULT_LINE = re.compile(
    r"(?P<what>.+?)(?: \((?P<rows>[\d,]+ rows?)(?P<ids>: .*?)?\))?\. Remedy: (?P<remedy>.+)\.", re.DOTALL
)
"""What `Fault` writes, after its place."""

Catalogue = Literal["told", "faults"]


def translated(text: str, lang: str, *, of: Catalogue = "told") -> str:
    """Return an English text in a language.

    Parameters
    ----------
    text
        One sentence, or several joined by a semicolon.
    lang
        ``nl`` or ``en``.
    of
        ``told``: what results say of their inputs and figures; ``faults``: messages on a screen, which may also hold
        such sentences.

    Examples
    --------
    >>> translated("weekly", "nl"), translated("weekly", "en"), translated("no such sentence", "nl")
    ('wekelijks', 'weekly', 'no such sentence')
    >>> translated("parcels: 2 geometries repaired (parcels.parquet)", "nl")
    'parcels: 2 geometrieën hersteld (parcels.parquet)'
    >>> translated("the building does not count: demolished", "nl")
    'het pand telt niet mee: gesloopt'
    """
    return text if lang == "en" else _best(text, lang, of)[0]


@lru_cache(maxsize=4096)
def _best(text: str, lang: str, of: Catalogue) -> tuple[str, int]:
    """Return a text in a language, and how many of its letters the catalogue knows: of several readings the most.

    Of two that know as much, that which leaves more to its parts: `not above 0 (given: 1)` is a sentence and what was
    given, not a sentence about `0 (given: 1)`.
    """
    exact, sentences = _catalogue(lang, of)
    if text in exact:
        return exact[text], len(text)
    readings = []
    for sentence in sentences:
        if (parts := sentence.parts(text)) is not None:
            told = {name: _part(value, lang, of) for name, value in parts.items()}
            filled = sentence.filled({name: value for name, (value, _) in told.items()})
            readings.append((filled, sentence.n_letters + sum(n for _, n in told.values()), sentence.n_letters))
    if (line := _FAULT_LINE.fullmatch(text)) is not None:
        readings.append(_best_of_line(line, lang))
    head, colon, rest = text.partition(": ")
    if colon and " " not in head:  # the name of what the rest is about
        told_rest, n_rest = _best(rest, lang, of)
        readings.append((f"{head}: {told_rest}", n_rest, 0))
    if (counted := _COUNTED.fullmatch(text)) is not None:
        what, n_what = _best(counted["what"], lang, of)
        readings.append((f"{what}: {_numbers(counted['n'], lang)}", n_what, 0))
    if _APART in text:
        each = [_best(part, lang, of) for part in text.split(_APART)]
        readings.append((_APART.join(part for part, _ in each), sum(n for _, n in each), 0))
    if readings:
        return max(readings, key=lambda one: (one[1], -one[2]))[:2]
    return (text if of == "faults" else _numbers(text, lang)), 0


def _numbers(text: str, lang: str) -> str:
    """Return a text with its numbers of more than three digits in the manner of a language: words and their counts.

    Examples
    --------
    >>> _numbers("private 12,345, unknown 7, v1,2", "nl")
    'private 12.345, unknown 7, v1,2'
    """
    return text if lang == "en" else _GROUPED.sub(lambda found: found[0].translate(_SWAPPED), text)


def _best_of_line(line: re.Match[str], lang: str) -> tuple[str, int, int]:
    """Return a fault that was written as a line into the warnings of a run; its place stands before it."""
    (what, n_what), (remedy, n_remedy) = (_best(line[part], lang, "faults") for part in ("what", "remedy"))
    rows = _best(line["rows"], lang, "faults")[0] if line["rows"] else ""
    extent = f" ({rows}{line['ids'] or ''})" if rows else ""
    return f"{what}{extent}. {_best('Remedy', lang, 'faults')[0]}: {remedy}.", n_what + n_remedy, 0


def told_error(error: FlexsitesError | Fault, lang: str) -> str:
    """Return what an error says, in a language; the error itself stays in English.

    Examples
    --------
    >>> print(told_error(Fault("no geometry", "parcels.gpkg", "mend these cells", 2, ("a", "b")), "nl"))
    parcels.gpkg: geen geometrie (2 rijen: a, b). Wat te doen: verbeter deze cellen.
    """
    return str(error) if lang == "en" else error.told(lambda text: translated(text, lang, of="faults"))


def is_known(text: str, lang: str) -> bool:
    """Return whether what results say is told in a language: a text, or each of its sentences."""
    exact, sentences = _catalogue(lang, "told")
    if text in exact or any(sentence.parts(text) is not None for sentence in sentences):
        return True
    return _APART in text and all(is_known(part, lang) for part in text.split(_APART))


def sentences_of(lang: str, of: Catalogue) -> dict[str, str]:
    """Return what a catalogue holds, by the English; of a sentence for one or for more, `{n:one|more}`, both."""
    text = files("flexsites.reporting").joinpath("labels", f"{of}.{lang}.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, str]] = load_plain(text)
    return {
        english: told
        for part in loaded.values()
        for one in part.items()
        for english, told in zip(*map(of_one_and_more, one), strict=True)
    }


def of_one_and_more(text: str) -> tuple[str, ...]:
    """Return a text for one and for more of what it counts; the text alone where it is one for both.

    Examples
    --------
    >>> of_one_and_more("{n} {n:rij is|rijen zijn} dubbel"), of_one_and_more("niets")
    (('{n} rij is dubbel', '{n} rijen zijn dubbel'), ('niets',))
    """
    return tuple(dict.fromkeys(_CHOICE.sub(word, text) for word in (r"\1", r"\2")))


@dataclass(frozen=True)
class _Sentence:
    """A sentence with placeholders: its English, and what it becomes."""

    english: str
    told: str

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """The English between the placeholders."""
        return tuple(_PLACEHOLDER.split(self.english)[::2])

    @cached_property
    def n_letters(self) -> int:
        """How much the sentence says itself."""
        return sum(map(len, self.literals))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = _PLACEHOLDER.split(self.english)
        written = [f"(?P<{part}>.*?)" if i % 2 else re.escape(part) for i, part in enumerate(parts)]
        return re.compile("".join(written), re.DOTALL)

    def parts(self, text: str) -> dict[str, str] | None:
        """Return what stands in the placeholders; None for another sentence. Few need their pattern."""
        first, *between, last = self.literals
        if not (text.startswith(first) and text.endswith(last) and all(part in text for part in between)):
            return None
        found = self._pattern.fullmatch(text)
        return None if found is None else found.groupdict()

    def filled(self, parts: Mapping[str, str]) -> str:
        """Return what the sentence becomes, with what stands in its placeholders."""
        return _PLACEHOLDER.sub(lambda found: parts[found[1]], self.told)


def _part(value: str, lang: str, of: Catalogue) -> tuple[str, int]:
    """Return what stands in a placeholder: a sentence of its own in the language, a number in its manner.

    In a fault a bare word is a name that a user wrote or must write, and 0.5 a value in a file: these stay.
    """
    is_fault = of == "faults"
    if lang == "nl" and (_THOUSANDS if is_fault else _NUMBER).fullmatch(value):
        return value.translate(_SWAPPED), 0
    return (value, 0) if is_fault and " " not in value.strip() else _best(value, lang, of)


@cache
def _catalogue(lang: str, of: Catalogue) -> tuple[dict[str, str], tuple[_Sentence, ...]]:
    """Return the sentences without placeholders, and the others."""
    told = sentences_of(lang, "told") | (sentences_of(lang, "faults") if of == "faults" else {})
    exact = {english: dutch for english, dutch in told.items() if _PLACEHOLDER.search(english) is None}
    others = [_Sentence(english, dutch) for english, dutch in told.items() if english not in exact]
    return exact, tuple(others)
