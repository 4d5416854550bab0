"""What a figure of the configuration is of, in words: its path told as one reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from flexsites.config.plain_yaml import load_plain
from flexsites.reporting.words import Words

# Under which kinds of name the ids in a part of the configuration are known.
_NAMED_IN = {
    "rules": ("rule",),
    "flexmilieus": ("flexmilieu",),
    "target_groups": ("target_group", "criterion"),
    "measures": ("measure",),
    "dwelling_types": ("dwelling_type",),
    "exploitation": ("dwelling_type",),
    "optoppen": ("age_rule", "roof_variant", "rule"),
    "variants": ("variant", "rule", "measure"),
}
_HEADED = ("exploitation",)
"""Of these the part of the configuration is told too: a name in it says what a figure is about, not where it counts."""
# Parts of a path that say where lists and tables stand, not what they are of.
_PASSED_OVER = (
    "values",
    "measures",
    "modes",
    "requirements",
    "any_of",
    "programme",
    "spans",
    "categories",
    "age_rules",
)
_UNIT = re.compile(r"_(m2|m|min|h|s|deg|km_h|kmh|kn_m2)$")


def parameter_name(words: Words, path: str) -> str:
    """Return what a figure is of: the name of what it belongs to, and what it says of that.

    Parameters
    ----------
    words
        The language, with the names of the run.
    path
        Where the figure stands in the configuration, parts joined by dots.

    Examples
    --------
    >>> words = Words("en", {("rule", "roads"): "Road", ("flexmilieu", "campus"): "Campus"})
    >>> parameter_name(words, "rules.roads.width_m.values.motorway")
    'Road: width, motorway'
    >>> parameter_name(words, "flexmilieus.campus.weighted.0.full_at")
    'Campus: weighted criterion 1, full score at'
    >>> parameter_name(words, "optoppen.lift.limit_m")
    'lift: highest front door without a lift'
    >>> parameter_name(words, "rules.business_distances.by_class.values.4.2")
    'business distances: category 4.2'
    """
    section, _, rest = path.partition(".")
    by_class, found, category = rest.partition("by_class.values.")
    parts = [part for part in by_class.split(".") if part and part not in _PASSED_OVER]
    kinds = _NAMED_IN.get(section, ())
    told: list[str] = [] if kinds and section not in _HEADED else [_word(words, section)]
    for above, part in zip(["", *parts], parts, strict=False):
        if part.isdigit():
            told[-1:] = [f"{told[-1] if told else ''} {int(part) + 1}".strip()]
            continue
        named = [words.names[(kind, part)] for kind in kinds if (kind, part) in words.names]
        # A rule may have the name of a class in it: "Rail: width, rail".
        told.append(named[0] if named and named[0] not in told else _word(words, part, above))
    if found:
        told.append(f"{_word(words, 'by_class')} {category}")
    head, *more = told
    return f"{head}: {', '.join(more)}" if more else head


def _word(words: Words, part: str, above: str = "") -> str:
    """Return one part of a path in words, which may be others below some part; its unit stands beside the figure."""
    known = load_parts(words.lang)
    return known.get(f"{above}.{part}", known.get(part, _UNIT.sub("", part).replace("_", " ")))


@cache
def load_parts(lang: str) -> Mapping[str, str]:
    """Return the parts of paths in words, in a language."""
    text = files("flexsites.reporting").joinpath("labels", f"parameters.{lang}.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, str] = load_plain(text)
    return loaded
