"""Rules told apart by the share of its land that a feature takes: one that takes all, a part, or who knows how much.

What each means is in :class:`~flexsites.config.rules.ShareOf`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flexsites.config.base import Label
from flexsites.config.rules import ExclusionRule, FeatureRule

__all__ = ["by_share"]

_PARTLY = Label(nl="aantonen dat het vrije deel volstaat", en="show that the part that is free suffices")
"""What is asked where a rule takes a part of the land, if it says nothing itself."""


def by_share(rule: ExclusionRule) -> Iterator[ExclusionRule]:
    """Yield what a rule is by the share of a feature; a rule without shares is itself.

    The first is of the features that take all of their land, and keeps the name of the rule.

    Examples
    --------
    >>> from flexsites.config.rules import Inside
    >>> given = {"rule_id": "solar", "kind": "inside", "layer": "solar", "source": "a test", "effect": "exclude"}
    >>> rule = Inside(**given, label={"nl": "Zon", "en": "Solar"}, share={"attribute": "area_share"})
    >>> [(one.rule_id, one.effect, one.label.en) for one in by_share(rule)]
    [('solar', 'exclude', 'Solar'), ('solar__share_partly', 'restrict', 'Solar (partly)'), \
('solar__share_unknown', 'exclude', 'Solar (share unknown)')]
    """
    if not isinstance(rule, FeatureRule) or rule.share is None or rule.share_part is not None:
        yield rule
        return
    yield rule.model_copy(update={"share_part": "whole"})
    if rule.effect == "include":
        return
    partly: dict[str, Any] = {"effect": "restrict", "procedure": rule.procedure or _PARTLY}
    of_part = partly if rule.effect == "exclude" else {}
    yield _part(rule, "partly", Label(nl="gedeeltelijk", en="partly"), **of_part)
    yield _part(rule, "unknown", Label(nl="aandeel onbekend", en="share unknown"))


def _part(rule: FeatureRule, part: str, word: Label, **update: object) -> ExclusionRule:
    label = Label(nl=f"{rule.label.nl} ({word.nl})", en=f"{rule.label.en} ({word.en})")
    named = {"rule_id": f"{rule.rule_id}__share_{part}", "label": label, "part_of": rule.part_of or rule.rule_id}
    return rule.model_copy(update={"share_part": part} | named | update)  # type: ignore[return-value]
