"""The names that a run carries itself: of its rules, flexmilieus, measures, criteria, variants and areas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from flexsites.config.plain_yaml import load_plain
from flexsites.reporting.results import Results
from flexsites.reporting.words import Words
from flexsites.tables.manifest import Manifest

Names = dict[tuple[str, str], str]

# Where in the resolved run labelled things stand, and as what they are known.
_OF_SECTION = {
    "measures": ("measure", "criterion"),
    "target_groups": ("target_group", "criterion"),
    "flexmilieus": ("flexmilieu", "criterion"),
    "rule_set": ("rule",),
    "optoppen": ("age_rule", "roof_variant", "rule"),
    "dwelling_types": ("dwelling_type",),
}
# As what the labels of configs/rules/optoppen/labels.yaml are known.
_OF_TERMS = ("rule", "evidence", "roof_term")


def words_of(results: Results, lang: str) -> Words:
    """Return the words of a language with the names this run carries.

    Raises
    ------
    ConfigError
        For a language without labels.
    """
    words = Words(lang)
    words.names = names_in_content(_content(results), lang) | names_in_manifest(results.manifest, lang)
    if results.has("canonical/areas"):
        areas = results.columns("canonical/areas", ["area_code", "area_name"])
        words.names |= {("area", code): name for code, name in zip(areas["area_code"], areas["area_name"], strict=True)}
    return words


def names_in_manifest(manifest: Manifest, lang: str) -> Names:
    """Return the names in a manifest.

    Examples
    --------
    >>> names_in_manifest(Manifest(variants=[{"id": "strict", "label": {"nl": "streng", "en": "strict"}}]), "nl")
    {('variant', 'strict'): 'streng'}
    """
    names = {("rule", rule.rule_id): rule.label.get(lang) for rule in manifest.rules}
    names |= {("flexmilieu", one.id): one.label.get(lang) for one in manifest.flexmilieus}
    return names | {("variant", one.id): one.label.get(lang) for one in manifest.variants}


def names_in_content(content: Mapping[str, Any], lang: str) -> Names:
    """Return the names in a resolved run: everything with an id and a label, by the section it stands in.

    Examples
    --------
    >>> content = {"measures": {"measures": [{"id": "walk_m", "label": {"nl": "loopafstand", "en": "walk"}}]}}
    >>> names_in_content(content, "en")[("measure", "walk_m")]
    'walk'
    """
    names: Names = {}
    run = content.get("run") or {}
    own = {("rule", key): name for key, name in _labelled(run.get("own_rules"), lang)}
    names |= {("variant", key): name for key, name in _labelled(run.get("variants"), lang)}
    terms = (content.get("optoppen") or {}).get("labels") or {}
    names |= {(kind, key): label[lang] for key, label in terms.items() for kind in _OF_TERMS if label.get(lang)}
    for section, kinds in _OF_SECTION.items():
        for key, name in _labelled(content.get(section), lang):
            names |= {(kind, key): name for kind in kinds}
    return names | own


def _labelled(node: object, lang: str) -> Iterator[tuple[str, str]]:
    """Give the id and label of everything below a node that has both."""
    if isinstance(node, Mapping):
        key, label = node.get("rule_id") or node.get("id"), node.get("label")
        if key and isinstance(label, Mapping) and label.get(lang):
            yield str(key), str(label[lang])
        for item in node.values():
            yield from _labelled(item, lang)
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _labelled(item, lang)


def _content(results: Results) -> Mapping[str, Any]:
    """Return the resolved run; nothing where there is none."""
    path = results.directory / "run.yaml"
    if not path.exists():
        return {}
    return _said(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _said(text: str) -> Mapping[str, Any]:
    """Return what a resolved run says, read once of one text: a report asks it nine times, and nobody changes it."""
    loaded = load_plain(text)
    return loaded if isinstance(loaded, Mapping) else {}


def thresholds_of(results: Results) -> dict[str, list[tuple[str, float, str]]]:
    """Return per criterion what it asks: of which measure, its limit and the limit's unit; empty where no run is told.

    A criterion is met by any of them, so their units may differ.
    """
    return dict(_thresholds(_content(results).get("target_groups")))


def _thresholds(node: object) -> Iterator[tuple[str, list[tuple[str, float, str]]]]:
    """Give the id and the thresholds of every criterion below a node."""
    if isinstance(node, Mapping) and "any_of" in node:
        asked = [(one["measure"], one.get("at_most") or one["at_least"]) for one in node["any_of"]]
        yield str(node["id"]), [(measure, float(limit["value"]), str(limit["unit"])) for measure, limit in asked]
    elif isinstance(node, (Mapping, list, tuple)):
        for item in node.values() if isinstance(node, Mapping) else node:
            yield from _thresholds(item)


def homes_per_ha_of(results: Results) -> tuple[float, ...] | None:
    """Return the common programme per gross hectare, low, expected, high; None where no run tells it."""
    told = (_content(results).get("counting") or {}).get("common_homes_per_ha")
    return None if told is None else tuple(float(told[one]["value"]) for one in ("low", "expected", "high"))


def headline_of(results: Results) -> tuple[str, str] | None:
    """Return the age rule and the way of topping up that a run puts first; None where it names none."""
    top_up = _content(results).get("optoppen") or {}
    headline = top_up.get("headline") or (top_up.get("variants") or {})
    headline = headline.get("headline", headline) if isinstance(headline, Mapping) else {}
    if "age_rule" in headline and "roof_variant" in headline:
        return str(headline["age_rule"]), str(headline["roof_variant"])
    return None
