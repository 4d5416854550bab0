"""What is wrong with a question of what if, in the words of its form: who fills it in knows no configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flexsites.config.estimates import ESTIMATES
from flexsites.errors import Fault
from flexsites.reporting.words import Words

__all__ = ["Asks", "told_by_form"]

_NAMES = {
    "weight": "view.weight",
    "fsi": "view.density",
    "min_units": "view.fewest",
    "max_units": "view.most",
    "least_term_years": "view.term",
    "common_homes_per_ha": "view.common",
    "cluster_reach_m": "view.cluster_reach",
    "distance_m": "view.distance",
    **{name: f"view.tests_of.{name}" for name in ("min_area_m2", "min_width_m", "term_years", "preparation_years")},
}
"""What figures are called in the form, by the last part of their path."""


@dataclass(frozen=True, slots=True)
class Asks:
    """One thing that a question asks otherwise: its kind (limits, replace, effects, vetoes), path and value."""

    kind: str
    path: str
    value: object

    @property
    def name(self) -> str:
        """The last part of its path that says what it is."""
        parts = self.path.split(".")
        return parts[-2] if parts[-1] in ESTIMATES and len(parts) > 1 else parts[-1]


def told_by_form(
    fault: Fault,
    changes: Mapping[str, Any],
    form: Mapping[str, Any],
    words: Words,
    said: Callable[[str], str],
) -> str:
    """Return a fault with the labels of the form in the place of paths and names of the configuration.

    Parameters
    ----------
    fault
        What is wrong.
    changes
        What was asked.
    form
        What may be asked, see :meth:`flexsites.view.what_if.Asked.form`.
    words
        Of the language of the page.
    said
        Says an English text of a fault in it.
    """
    labels, at = _labels(form, words), fault.where.rpartition(": ")[2]
    about = _about(fault.what, at, _asked(changes), [one["id"] for one in form["milieus"]])
    places = list(dict.fromkeys(labels[one.kind, one.path] for one in about if (one.kind, one.path) in labels))
    names = {name: words.text(key) for name, key in _NAMES.items()}
    names |= {one["path"]: one["label"] for milieu in form["milieus"] for one in milieu["limits"]}

    def called(found: re.Match[str]) -> str:
        """Return what a name is called in the form, and any other word as it is."""
        name = found[0]
        return f'"{names[name]}"' if name in names else name

    what = re.sub(r"[a-z][a-z0-9_]*(?!\w)", called, said(fault.what))
    told = f"{what}. {said('Remedy')}: {_remedy(fault.remedy, words, said)}."
    if words.lang == "nl":
        told = re.sub(r"(?<=\d)\.(?=\d)", ",", told)
    ids = f" ({', '.join(map(str, fault.ids))})" if fault.ids else ""
    return f"{'; '.join(places) or said(at)}{ids}: {told}"


def _remedy(remedy: str, words: Words, said: Callable[[str], str]) -> str:
    """Return what to do as who has the form alone can do it: files of the configuration and of the run are not theirs.

    Examples
    --------
    >>> told = "ask at most 15, or raise the limit in measures.yaml"
    >>> _remedy(told, Words("en"), str), _remedy("give 0 or more", Words("en"), str)
    ('ask at most 15: this run has searched no further', 'give 0 or more')
    """
    if (found := re.match(r"ask at most ([\d.]+), or .*\.yaml", remedy)) is not None:
        return words.text("view.remedy_at_most", most=found[1])
    if re.search(r"\brun file\b", remedy):
        return words.text("view.remedy_variant", button=words.text("view.download"))
    return words.text("view.remedy_otherwise") if re.search(r"\.yaml\b", remedy) else said(remedy)


def _asked(changes: Mapping[str, Any]) -> list[Asks]:
    """Return all that is asked otherwise, one by one."""
    kinds = [(kind, changes.get(kind)) for kind in ("limits", "replace", "effects")]
    named = [(kind, asked) for kind, asked in kinds if isinstance(asked, dict)]
    found = [Asks(kind, str(path), one) for kind, asked in named for path, one in asked.items()]
    return [*found, *([Asks("vetoes", "", changes["vetoes"])] if changes.get("vetoes") else [])]


def _about(what: str, at: str, asked: Sequence[Asks], milieus: Sequence[str]) -> list[Asks]:
    """Return which of what is asked a fault is about: of the place it names, by name, else by value; else all there."""
    place = re.sub(r"\bflexmilieus\.(\d+)", lambda found: f"flexmilieus.{_of(milieus, int(found[1]))}", at)
    said = set(re.findall(r"[\w.-]+", what))
    if at.endswith("vetoes"):
        return [one for one in asked if one.kind == "vetoes"]
    own = [one for one in asked if one.kind == "limits" and one.path in said]
    own = own or [one for one in asked if one.kind == "effects" and place == f"effects.{one.path}"]
    if own:
        return own
    section = ".".join(place.split(".")[: 2 if place.startswith("flexmilieus.") else 1])
    there = [one for one in asked if one.kind == "replace" and f"{one.path}.".startswith(f"{section}.")]
    named = [one for one in there if one.name in said] or there
    return [one for one in named if isinstance(one.value, int | float) and f"{one.value:g}" in said] or named


def _of(milieus: Sequence[str], number: int) -> str:
    return milieus[number] if number < len(milieus) else str(number)


def _labels(form: Mapping[str, Any], words: Words) -> dict[tuple[str, str], str]:
    """Return what everything that may be asked is called, by its kind and path: where it stands in the form, and it."""
    tests = {one["path"]: words.text(f"view.tests_of.{one['path'].rpartition('.')[2]}") for one in form["tests"]}
    found = {("replace", path): f"{words.text('view.tests')}, {label}" for path, label in tests.items()}
    found |= {("replace", one["path"]): _of_three(words.text("view.common"), one, words) for one in form["common"]}
    found["replace", form["reach"]["path"]] = words.text("view.cluster_reach")
    found["replace", form["order"]["path"]] = words.text("view.order")
    found["vetoes", ""] = words.text("view.vetoes")
    for rule in form["rules"]:
        found["effects", rule["id"]] = f"{words.text('view.rules')}, {rule['label']}"
        if rule["distance"] is not None:
            found["replace", rule["distance"]["path"]] = f"{rule['label']}, {words.text('view.distance')}"
    for milieu in form["milieus"]:
        found |= dict(_of_milieu(milieu, words))
    return found


def _of_milieu(milieu: Mapping[str, Any], words: Words) -> Iterator[tuple[tuple[str, str], str]]:
    """Give the figures of a flexmilieu by their kind and path, with what they are called."""
    for one in milieu["limits"]:
        yield ("limits", one["path"]), words.text("view.limits")
    for one in milieu["weights"]:
        yield ("replace", one["path"]), f"{milieu['label']}, {words.text('view.weights')}, {one['label']}"
    for name in ("density", "fewest", "most"):
        for one in milieu[name] or ():
            yield ("replace", one["path"]), f"{milieu['label']}, {_of_three(words.text(f'view.{name}'), one, words)}"
    if milieu["term"] is not None:
        yield ("replace", milieu["term"]["path"]), f"{milieu['label']}, {words.text('view.term')}"


def _of_three(label: str, one: Mapping[str, Any], words: Words) -> str:
    return f"{label}, {words.text('view.estimates.' + one['estimate'])}"
