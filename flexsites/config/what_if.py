"""What is asked of a finished run, in the shape of a variant of a run file: from Python, and from the viewer.

Only the origin of figures is spared whoever asks: a bare number is an assumption, made to see what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from flexsites.config.run import Variant
from flexsites.errors import ConfigError, Fault

__all__ = ["as_yaml", "variant_asked"]

_WHY = "what if"
_LABEL = {"nl": "Wat als", "en": "What if"}
_ID = "what_if"


def variant_asked(changes: Mapping[str, Any]) -> Variant:
    """Return what is asked as a variant.

    Parameters
    ----------
    changes
        The keys of a variant in a run file (``limits``, ``replace``, ``estimate``, ...); ``id`` and ``label`` may be
        left out, and a number may stand where a figure does.

    Raises
    ------
    ConfigError
        With every key that a variant does not have, and every value that may not stand there.

    Examples
    --------
    >>> asked = variant_asked({"limits": {"walk_distance_transit_m": 800}, "estimate": "low"})
    >>> asked.id, float(asked.limits["walk_distance_transit_m"]), asked.limits["walk_distance_transit_m"].why
    ('what_if', 800.0, 'what if')
    >>> variant_asked({"label": "Wat als"}).label.en, variant_asked({"label": "Lager"}).label.en
    ('What if', 'Lager')
    """
    said: dict[str, Any] = {"id": _ID, "label": _LABEL} | dict(changes)
    # The name that a page proposes is ours, in the language of the page.
    said |= {"label": _LABEL} if said["label"] in _LABEL.values() else {}
    for key in ("limits", "replace"):
        if isinstance(said.get(key), Mapping):
            said[key] = {path: _figured(one) for path, one in said[key].items()}
    for key in ("horizon_years", "term_years", "preparation_years"):
        if key in said:
            said[key] = _figured(said[key])
    try:
        return Variant.model_validate(said)
    except ValidationError as error:
        raise ConfigError(list(_faults_of(error))) from error


def as_yaml(variant: Variant) -> str:
    """Return a variant as it is written in a run file, below ``variants:``.

    Examples
    --------
    >>> print(as_yaml(variant_asked({"id": "low", "label": "Low", "estimate": "low"})))
    - id: low
      label:
        nl: Low
        en: Low
      estimate: low
    <BLANKLINE>
    """
    content = variant.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump([content], sort_keys=False, allow_unicode=True, width=120)


def _figured(value: Any) -> Any:  # noqa: ANN401 - what JSON can say
    """Return a value with every bare number in it as an assumption; what already is a figure stays."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, list, tuple)):
        return value
    if isinstance(value, int | float):
        return {"value": value, "assumption": True, "why": _WHY}
    if isinstance(value, Mapping) and "value" not in value:
        return {key: _figured(one) for key, one in value.items()}
    return value


def _faults_of(error: ValidationError) -> Iterator[Fault]:
    for one in error.errors(include_url=False):
        where = ".".join(map(str, one["loc"])) or "variant"
        yield Fault(one["msg"].removeprefix("Value error, "), where, "write it as a variant in a run file has it")
