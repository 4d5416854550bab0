"""A resolved run read back: from what stands in the ``run.yaml`` of its results to the settings it was made with.

A finished run is asked again without the files that its run file named: they may have changed, or be gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from flexsites.config.origins import Origins
from flexsites.config.plain_yaml import load_plain
from flexsites.config.readings import Reading, base_reading, variant_reading
from flexsites.config.rule_sets import RuleSet, RuleVariant, switched
from flexsites.config.run import Run, Variant
from flexsites.config.settings import SECTIONS, Settings
from flexsites.config.study import Study
from flexsites.config.study_faults import faults_of, variant_faults
from flexsites.errors import ConfigError, Fault, InputError

__all__ = ["RESOLVED", "read_resolved", "reading_of", "settings_of", "study_of"]

RESOLVED = "run.yaml"
"""The file in a run's directory that holds all that the run says."""

_ELSEWHERE = {"rules", "time", "pieces", "locations", "sources"}
"""Sections that stand within the rule set or the run; the others stand under their own names."""


def read_resolved(directory: Path) -> dict[str, Any]:
    """Return the content of a run's ``run.yaml``.

    Raises
    ------
    InputError
        If it is not there, is no YAML, or is no mapping.
    """
    remedy = "name the directory of a finished run, or run it again with this version"
    try:
        text = (directory / RESOLVED).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(Fault(f"there is no {RESOLVED}", str(directory), remedy)) from error
    try:
        content = load_plain(text)
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict):
        raise InputError(Fault(f"{RESOLVED} holds no run", str(directory), remedy))
    return content


def settings_of(content: Mapping[str, Any], where: str) -> Settings:
    """Return the settings that a run was made with.

    Parameters
    ----------
    content
        Of its ``run.yaml``.
    where
        The run, for faults.

    Raises
    ------
    InputError
        If it was written by a version that says other things.
    """
    run, rule_set = _run_of(content, where)
    own = {name: kind for name, kind in SECTIONS.items() if name not in _ELSEWHERE}
    try:
        sections = {name: kind.validate_python(content[name]) for name, kind in own.items()}
    except (KeyError, ValidationError) as error:
        raise _of_another_version(error, where) from error
    return Settings(
        rules=switched(rule_set.valid_on(), RuleVariant(effects=run.effects)),
        time=rule_set.time,
        pieces=rule_set.tests,
        locations=rule_set.locations,
        sources=run.sources,
        **sections,
    )


def study_of(content: Mapping[str, Any], settings: Settings, where: str, *, asked: Reading | None = None) -> Study:
    """Return a run as it was resolved: what its ``run.yaml`` says, without the variants that were run apart.

    Parameters
    ----------
    content
        Of its ``run.yaml``.
    settings
        What `settings_of` gives of it.
    where
        The run, for faults.
    asked
        A reading more; it takes the place of a variant with the same id.

    Raises
    ------
    InputError
        If it was written by a version that says other things.
    """
    run, rule_set = _run_of(content, where)
    base = base_reading(settings)
    variants = [variant_reading(settings, one, Path(where)) for one in run.variants]
    kept = [one for one in variants if one.shares_inputs_with(base) and (asked is None or one.id != asked.id)]
    return Study(run, Path(where), rule_set, (base, *kept, *([] if asked is None else [asked])), content)


def _run_of(content: Mapping[str, Any], where: str) -> tuple[Run, RuleSet]:
    try:
        return Run.model_validate(content["run"]), RuleSet.model_validate(content["rule_set"])
    except (KeyError, ValidationError) as error:
        raise _of_another_version(error, where) from error


def _of_another_version(error: Exception, where: str) -> InputError:
    what = f"this run was made by another version of flexsites ({str(error).splitlines()[0]})"
    return InputError(Fault(what, where, "run it again with this version"))


def reading_of(settings: Settings, variant: Variant | None, where: str) -> Reading:
    """Return the reading of a variant of a run, checked as when the run is resolved; None: the run itself.

    Raises
    ------
    ConfigError
        With every fault of the variant, and of how it goes together with the rest.
    """
    if variant is None:
        return base_reading(settings)
    at = f"{where}: variants.{variant.id}"
    if faults := list(variant_faults([variant], settings.measures, where)):
        raise ConfigError(faults)
    reading = variant_reading(settings, variant, Path(where))
    if faults := list(faults_of(reading.settings, Origins({}), at=at)):
        raise ConfigError(faults)
    return reading
