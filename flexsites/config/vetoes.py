"""A user's own vetoes: parcels that stay out of the answer, whatever else allows them."""

from __future__ import annotations

from collections.abc import Iterable

from flexsites.config.base import Label
from flexsites.config.rules import ExclusionRule, Listed
from flexsites.errors import ConfigError, Fault

__all__ = ["OWN_VETOES", "with_vetoes"]

OWN_VETOES = "own_vetoes"
"""The id of the rule that vetoes are read as: it excludes, follows all others, and is read otherwise as they are."""

_LABEL = Label(nl="Eigen veto's", en="Own vetoes")


def with_vetoes(rules: tuple[ExclusionRule, ...], parcels: Iterable[str]) -> tuple[ExclusionRule, ...]:
    """Return rules with a user's vetoes: those of parcels that are vetoed already stay, these are added to them.

    Raises
    ------
    ConfigError
        If another rule has the name of theirs.

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
    if before is not None and before.label != _LABEL:
        what = f"{OWN_VETOES} is the rule that vetoes are read as, and another rule has that name"
        raise ConfigError(Fault(what, "vetoes", "give that rule another rule_id"))
    own = Listed(
        rule_id=OWN_VETOES,
        kind="listed",
        label=_LABEL,
        effect="exclude",
        scope="own",
        parcels=(*(before.parcels if isinstance(before, Listed) else ()), *asked),
        assumption=True,
        why="the user's own list",
    )
    if before is None:
        return (*rules, own)
    kept = before.model_copy(update={"parcels": own.parcels})
    return tuple(kept if rule.rule_id == OWN_VETOES else rule for rule in rules)
