"""The JSON schemas of the configuration files, generated from the models, for editors and for people.

``python -m flexsites.config.schemas`` writes them to configs/schemas; a test fails, with that command, when they are
out of step.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from flexsites.config.access import Measures
from flexsites.config.anchors import Anchors
from flexsites.config.areas import AreaNames
from flexsites.config.catalogue import Catalogue
from flexsites.config.catchment import Catchment
from flexsites.config.certainty import Certainty
from flexsites.config.counting import Counting
from flexsites.config.dwellings import DwellingType, LayoutStandard
from flexsites.config.exploitation import Exploitation
from flexsites.config.gardens import Gardens
from flexsites.config.homelessness import Homelessness
from flexsites.config.input_rules import InputRules
from flexsites.config.load import configs_directory
from flexsites.config.openstreetmap import AmenityCategories, StreetRules
from flexsites.config.presets import Preset
from flexsites.config.roofs import (
    BlockTypes,
    ComplexRules,
    ContextRules,
    FlagRules,
    LiftRules,
    LoadRule,
    RoofRules,
    UnitRules,
    Variants,
    YearRule,
)
from flexsites.config.rule_sets import RuleSetFile
from flexsites.config.run import Run
from flexsites.config.splitting import Splitting
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.config.transformation import Transformation
from flexsites.config.transit import Transit, TransitClasses

# Which model reads which files of configs/.
MODELS: dict[str, type[BaseModel]] = {
    "runs/*.yaml": Run,
    "rules/exclusion/*.yaml": RuleSetFile,
    "rules/optoppen/stec_2023.yaml": YearRule,
    "rules/optoppen/load_1999.yaml": LoadRule,
    "rules/optoppen/roof.yaml": RoofRules,
    "rules/optoppen/units.yaml": UnitRules,
    "rules/optoppen/lift.yaml": LiftRules,
    "rules/optoppen/flags.yaml": FlagRules,
    "rules/optoppen/blocks.yaml": BlockTypes,
    "rules/optoppen/context.yaml": ContextRules,
    "rules/optoppen/complexes.yaml": ComplexRules,
    "rules/optoppen/variants.yaml": Variants,
    "flexmilieus/*.yaml": Flexmilieu,
    "target_groups/*.yaml": TargetGroup,
    "dwelling_types/*.yaml": DwellingType,
    "sources/*.yaml": Catalogue,
    "presets/*.yaml": Preset,
    "anchors/*.yaml": Anchors,
    "areas.yaml": AreaNames,
    "exploitation.yaml": Exploitation,
    "inputs.yaml": InputRules,
    "layout.yaml": LayoutStandard,
    "counting.yaml": Counting,
    "catchment.yaml": Catchment,
    "certainty.yaml": Certainty,
    "measures.yaml": Measures,
    "amenities.yaml": AmenityCategories,
    "streets.yaml": StreetRules,
    "gardens.yaml": Gardens,
    "homelessness.yaml": Homelessness,
    "splitting.yaml": Splitting,
    "transformation.yaml": Transformation,
    "transit.yaml": Transit,
    "transit_classes.yaml": TransitClasses,
}


OWN_PATTERNS = (
    *(pattern for pattern in MODELS if pattern not in ("areas.yaml", "inputs.yaml")),
    "rules/optoppen/*.yaml",
)
"""Which files a folder of one's own may hold: all but how inputs are read and what areas are called, which is fixed."""


def schema_name(pattern: str) -> str:
    """Return the name of the schema of the files of a pattern.

    Examples
    --------
    >>> schema_name("rules/exclusion/*.yaml"), schema_name("measures.yaml")
    ('rules_exclusion', 'measures')
    """
    return pattern.removesuffix("/*.yaml").removesuffix(".yaml").replace("/", "_")


def schema_texts() -> dict[str, str]:
    """Return each schema's text by file name.

    Examples
    --------
    >>> sorted(schema_texts())[:3]
    ['amenities.json', 'anchors.json', 'areas.json']
    """
    texts = {}
    for pattern, model in MODELS.items():
        name = schema_name(pattern)
        texts[f"{name}.json"] = json.dumps(model.model_json_schema(), indent=1, ensure_ascii=False) + "\n"
    return texts


def write_schemas(directory: Path) -> None:
    """Write all schemas into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in schema_texts().items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_schemas(configs_directory() / "schemas")
