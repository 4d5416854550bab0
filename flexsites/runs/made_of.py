"""What the tables of a run are made of, so that another run knows whether they are also its own.

The content is that of the run without its variants, and without what only its reports tell: a variant more, another
title or a longer shortlist leave the tables of the run itself as they are. (A rule of a variant that lies elsewhere
cuts faces further: what is left of a parcel is then the same to within the rounding of its corners.) Which measures are
taken, and which parcels a variant bridges for, does hang on all readings together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flexsites.config.study import Study
from flexsites.digest import digest
from flexsites.finished.made_by import code_of_runs
from flexsites.tables.manifest import MadeOf

_TOLD = ("variants", "title", "about", "notes", "shortlist", "certainty", "anchors")


def made_of(study: Study, *, variants: Mapping[str, Any] | None = None) -> MadeOf:
    """Return what the tables of the run itself are made of: its content and the code; its inputs have hashes.

    Of variants those that bridge are among it: they flag parcels of the run itself.

    Parameters
    ----------
    study
        The run.
    variants
        What each of its variants changes; None: as it says.
    """
    asked = variants_of(study.content) if variants is None else variants
    run = {key: one for key, one in study.content["run"].items() if key not in _TOLD}
    content = {key: one for key, one in study.content.items() if key not in _TOLD}
    measures = [one.id for one in (*study.street_measures, *study.area_measures, *study.travel_measures)]
    bridging = [one for one in asked.values() if one.get("bridging")]
    return MadeOf(content=digest([content | {"run": run}, measures, bridging]), code=code_of_runs())


def variants_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each variant of a resolved run changes, by its id: its label changes nothing."""
    return {
        one["id"]: {key: value for key, value in one.items() if key != "label"}
        for one in content["run"].get("variants", ())
    }
