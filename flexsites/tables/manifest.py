"""The manifest of a run: the answer to "where does this number come from", as it is written and as it is read.

What was read (every source with its edition, licence and hash), assumed and computed, every rule, every cell, and the
balance of METHOD 0: area in = buildable + attributed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from flexsites.config.base import Label, Model
from flexsites.digest import are_as_written, digest
from flexsites.errors import Fault, InputError
from flexsites.tables.lock import Locked
from flexsites.tables.whole_files import write_json

MANIFEST = "manifest.json"
_RESUME = "check the disk, and continue the run with --resume: it is made again"


class Source(Model):
    """What was read of a source; see :class:`flexsites.inputs.rows.records.SourceRecord`."""

    id: str
    title: str = ""
    provider: str = ""
    licence: str = ""
    attribution: str = ""
    edition: str = ""
    url: str | None = None
    sha256: str = ""
    n_features: int | None = None
    n_read: int = 0
    n_left_out: int = 0
    n_outside_area: int = 0
    n_repeated: int = 0
    n_repaired: int = 0
    n_quarantined: int = 0
    quarantine: str | None = None
    notes: str = ""
    unused_reasons: Mapping[str, int] = {}
    is_raster: bool = False


class FigureTold(Model):
    """A figure of the configuration: where it stands there, and why (an assumption) or from where (a source)."""

    path: str
    value: float
    unit: str | None = None
    why: str | None = None
    file: str | None = None
    source: str | None = None


class RuleTold(Model):
    """A rule of the run, in the order in which rules were applied."""

    rule_id: str
    label: Label
    effect: str
    hardness: str | None = None
    kind: str
    source: str
    procedure: Label | None = None


class Named(Model):
    """A flexmilieu or a variant: its id and its name."""

    id: str
    label: Label


class FlexmilieuTold(Named):
    """A flexmilieu, and whether nearly everything passes it."""

    is_undemanding: bool


class CellTold(Model):
    """What one cell did: how many sites, in what time, and of parcels the areas of METHOD 0.

    ``stages`` parts ``cpu_seconds``: the CPU time of each stage without that of stages within it, and the ``rest``.
    ``split_from`` is the cell that did not fit in the memory of its worker and was cut in two, of which this is one.
    """

    cell: str
    kind: str
    seconds: float
    n_sites: int
    n_repairs: int | None = None
    area_in_m2: float | None = None
    buildable_area_m2: float | None = None
    attributed_area_m2: float | None = None
    cpu_seconds: float | None = None
    stages: Mapping[str, float] = {}
    split_from: str | None = None


class Balance(Model):
    """The areas of all cells: what came in, what is buildable, what rules and piece tests took, and the rest."""

    area_in_m2: float
    buildable_area_m2: float
    attributed_area_m2: float
    difference_m2: float


class AnchorTold(Model):
    """One published answer that the run is set beside; see :class:`flexsites.config.anchors.Anchor`."""

    id: str
    label: Label
    quantity: str
    published: float
    sense: str
    owners: tuple[str, ...] = ()
    gemeenten: tuple[str, ...] = ()
    note: Label
    source: str | None = None


class AnchorsTold(Model):
    """The published answers of one study."""

    id: str
    label: Label
    about: Label
    anchors: tuple[AnchorTold, ...]


class RuleSetTold(Model):
    """The rule set of the run."""

    id: str
    label: Label


class HeadlineTold(Model):
    """The age rule and the way of topping up that a run of roofs puts first."""

    age_rule: str
    roof_variant: str


class MadeOf(Model):
    """What the tables of the run itself are made of, besides its inputs: digests of its content and of the code."""

    content: str
    code: str


class Reused(Model):
    """The finished run whose tables this one took over, the variants among them, and those answered from them."""

    run_id: str
    variants: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()


class Manifest(Model):
    """What a finished run tells of itself.

    ``tables`` has the SHA-256 of every table of results, by its file, ``inputs`` that of the resolved run and of every
    prepared input; they are empty while the run is on its way. ``seal`` is a digest of all the rest: one bit that
    changes on the disk is found.
    ``fetched`` is what its lock says of the sources that were fetched before it.
    ``closes`` is null where no parcels were assessed, ``headline`` where no roofs were, ``anchors`` where the run names
    no published answers. ``made_of`` is null of a run that an earlier version made, ``reused`` of one that assessed its
    cells itself.
    """

    run_id: str = ""
    name: str = ""
    title: Label | None = None
    about: Label | None = None
    notes: tuple[Label, ...] = ()
    pipeline: str = ""
    is_synthetic: bool = False
    flexsites_version: str = ""
    reference_date: str = ""
    rule_set: RuleSetTold | None = None
    sources: tuple[Source, ...] = ()
    assumptions: tuple[FigureTold, ...] = ()
    figures: tuple[FigureTold, ...] = ()
    versions: Mapping[str, str] = {}
    cells: tuple[CellTold, ...] = ()
    warnings: tuple[str, ...] = ()
    variants: tuple[Named, ...] = ()
    rules: tuple[RuleTold, ...] = ()
    flexmilieus: tuple[FlexmilieuTold, ...] = ()
    closes: Balance | None = None
    anchors: AnchorsTold | None = None
    headline: HeadlineTold | None = None
    tables: Mapping[str, str] = {}
    inputs: Mapping[str, str] = {}
    fetched: tuple[Locked, ...] = ()
    made_of: MadeOf | None = None
    reused: Reused | None = None
    seal: str = ""


def write_manifest(manifest: Manifest, directory: Path) -> None:
    """Write a manifest into the directory of its run, whole or not at all."""
    content = json.loads(manifest.model_dump_json())
    write_json(directory / MANIFEST, content | {"seal": _seal(content)})


def _seal(content: Mapping[str, object]) -> str:
    return digest({name: one for name, one in content.items() if name != "seal"})


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest of a run.

    Raises
    ------
    InputError
        If it is not there, is no JSON, is not what the run wrote, or was written by another version that tells other
        things.
    """
    path = directory / MANIFEST
    try:
        content = path.read_bytes()
        manifest = Manifest.model_validate_json(content)
    except FileNotFoundError as error:
        raise InputError(Fault(f"no {MANIFEST}", str(directory), "finish the run first, with --resume")) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = f"cannot be read as JSON ({first['msg']})"
        if first["loc"]:
            place = ".".join(map(str, first["loc"]))
            what = f"{place} is not as this version of flexsites writes it ({first['msg']})"
        raise InputError(Fault(what, str(path), "run the pipeline again")) from error
    if not (manifest.seal or manifest.run_id) or (manifest.seal and manifest.seal != _seal(json.loads(content))):
        raise InputError(Fault("it is not what the run wrote", str(path), _RESUME))
    return manifest.model_copy(update={"seal": ""})


def require_as_written(manifest: Manifest, directory: Path, names: Iterable[str]) -> None:
    """Refuse files of a finished run that are not what it wrote, to the last bit; of which it tells nothing, none.

    Raises
    ------
    InputError
        Naming those that changed or are gone.
    """
    told = {**manifest.tables, **manifest.inputs}
    spoilt = [name for name in names if name in told and not are_as_written({name: told[name]}, directory)]
    if spoilt:
        what = f"this is not what the run wrote: {', '.join(spoilt)}"
        raise InputError(Fault(what, str(directory), _RESUME))
