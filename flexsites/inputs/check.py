"""Check the inputs of a run: every fault of every source at once, nothing written that a run would use, nothing run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from flexsites.config.rules import ExclusionRule, RasterAbove
from flexsites.config.run import Area
from flexsites.config.sources import ArcgisFeatures, OgcFeatures, OsmPlace, Sources
from flexsites.errors import Fault, FlexsitesError
from flexsites.inputs.prepare import prepare
from flexsites.inputs.rows.records import about_of


def check(
    sources: Sources,
    *,
    base: Path,
    area: Area | None = None,
    rules: Iterable[ExclusionRule] = (),
    world: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> list[Fault | str]:
    """Read every source as a run would, and return everything that is wrong; an empty list is good news.

    Rows that cannot be used are told as faults whatever `faulty_rows` says. Services are not asked: what they would
    answer is not known before the run.

    Parameters
    ----------
    sources
        The sources of the run.
    base
        The folder of the run file.
    area
        The extent of the run.
    rules
        Every rule of every variant: they say which layers and attributes must be there.
    world
        The folder of the synthetic place that `world://` names.
    report
        Told each source as its turn comes.
    """
    faults: list[Fault | str] = []
    for name, row in sources.rows().items():
        try:
            about_of(name, row)
        except FlexsitesError as error:
            faults.extend(error.faults)
    local = _without_services(sources).model_copy(update={"faulty_rows": "stop"})
    with tempfile.TemporaryDirectory(prefix="flexsites-check-") as folder:
        try:
            prepare(local, directory=Path(folder), base=base, area=area, rules=rules, world=world, report=report)
        except FlexsitesError as error:
            faults.extend(error.faults)
    return list({str(fault): fault for fault in faults}.values())


def gaps(sources: Sources, rules: Iterable[ExclusionRule]) -> list[str]:
    """Return a sentence per layer that rules read and no source gives: what it would tell stays unknown.

    Examples
    --------
    >>> gaps(Sources(), ())
    []
    """
    missing: dict[str, list[str]] = {}
    for rule in rules:
        names = (rule.raster,) if isinstance(rule, RasterAbove) else rule.layer_keys
        for name in names:
            if name not in sources.layers and name != "streets":
                missing.setdefault(name, []).append(f"{rule.rule_id} (required)" if rule.required else rule.rule_id)
    return [f"no source gives the layer {name}: unknown for {', '.join(ids)}" for name, ids in missing.items()]


def _without_services(sources: Sources) -> Sources:
    """Return the sources without those that only a service can answer."""
    remote = (OgcFeatures, ArcgisFeatures, OsmPlace)
    changes: dict[str, object] = {}
    for name in ("layers", "amenities", "stops"):
        changes[name] = {key: row for key, row in getattr(sources, name).items() if not isinstance(row, remote)}
    for name in ("parcels", "streets"):
        if isinstance(getattr(sources, name), remote):
            changes[name] = None
    for name in ("areas", "buildings"):
        group = getattr(sources, name)
        gone = {key: None for key in type(group).model_fields if isinstance(getattr(group, key), remote)}
        changes[name] = group.model_copy(update=gone)
    return sources.model_copy(update=changes)
