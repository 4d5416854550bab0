"""A user's own vetoes: parcels that stay out of the answer, whatever else allows them."""

from __future__ import annotations

from collections.abc import Iterable

from flexsites.config.base import Label
from flexsites.config.rules import ExclusionRule, Listed

__all__ = ["OWN_VETOES", "with_vetoes"]

OWN_VETOES = "own_vetoes"
"""The id of the rule that vetoes are read as: it excludes, follows all others, and is read otherwise as they are."""

_LABEL = Label(nl="Eigen veto's", en="Own vetoes")


def with_vetoes(rules: tuple[ExclusionRule, ...], parcels: Iterable[str]) -> tuple[ExclusionRule, ...]:
    """Return rules with a user's vetoes: those of parcels that are vetoed already stay, these are added to them.

    Examples
    --------
    >>> one = with_vetoes((), ["b"])
    >>> with_vetoes(one, ["a", "b"])[0].parcels, with_vetoes(one, []) == one
    (('a', 'b'), True)
    """
    asked = tuple(parcels)
    if not asked:
        return rules
    before = next((rule for rule in rules if rule.rule_id == OWN_VETOES), None)
    known = before.parcels if isinstance(before, Listed) else ()
    own = Listed(
        rule_id=OWN_VETOES,
        kind="listed",
        label=_LABEL,
        effect="exclude",
        scope="own",
        parcels=(*known, *asked),
        assumption=True,
        why="the user's own list",
    )
    if before is None:
        return (*rules, own)
    kept = before.model_copy(update={"parcels": own.parcels}) if isinstance(before, Listed) else own
    return tuple(kept if rule.rule_id == OWN_VETOES else rule for rule in rules)
