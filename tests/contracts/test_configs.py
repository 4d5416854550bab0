"""Every configuration file loads, and the schemas are in step with the models."""

import json
from collections.abc import Iterator
from functools import cache

import pytest
import yaml

from flexsites.config.load import available, configs_directory, read_model
from flexsites.config.schemas import MODELS, schema_name, schema_texts
from flexsites.config.study import resolve
from flexsites.config.unchecked import unread
from flexsites.runs.prepare import layers_besides

FILES = [
    pytest.param(path, model, id=str(path.relative_to(configs_directory())))
    for pattern, model in MODELS.items()
    for path in sorted(configs_directory().glob(pattern))
    if not pattern.startswith("runs/")
]


MAPS = {
    run: (
        "streets.yaml",
        "rules/exclusion/omgevingswet_2024.yaml",
        f"runs/{run}.yaml" if run else "presets/openstreetmap.yaml",
    )
    for run in ("kampen_sweep", "kampen_shortlist", None)
}


@pytest.mark.parametrize(("path", "model"), FILES)
def test_every_file_loads(path, model):
    assert read_model(path, model)


@pytest.mark.parametrize("pattern", MODELS)
def test_every_model_has_a_file(pattern):
    assert list(configs_directory().glob(pattern)), f"no file matches configs/{pattern}"


@pytest.mark.parametrize("name", available("runs"))
def test_every_run_resolves(name):
    study = resolve(name)
    assert study.base.rules or study.top_up


@pytest.mark.parametrize("name", available("runs"))
def test_every_layer_of_a_bundled_run_is_read(name):
    """Nobody is asked to bring a file for nothing; and none that a stage reads is told to be read by nothing."""
    study = resolve(name)
    rules = study.all_rules if study.run.assesses_parcels else ()
    assert unread(study.run.sources.layers, rules, layers_besides(study)) == []


@cache
def _texts():
    """Made when first asked for, not by whoever collects."""
    return schema_texts()


@pytest.mark.parametrize("pattern", MODELS)
def test_schemas_are_in_step(pattern):
    name = f"{schema_name(pattern)}.json"
    path, text = configs_directory() / "schemas" / name, _texts()[name]
    command = "python -m flexsites.config.schemas"
    assert path.is_file(), f"{path.name} is missing: run {command}"
    assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of step: run {command}"


@pytest.mark.parametrize("pattern", MODELS)
def test_every_file_tells_an_editor_its_schema(pattern):
    name = pattern.removesuffix("/*.yaml").removesuffix(".yaml").replace("/", "_")
    for path in configs_directory().glob(pattern):
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        told = path.parent / first.removeprefix("# yaml-language-server: $schema=")
        assert told.resolve() == configs_directory().resolve() / "schemas" / f"{name}.json", path.name


def _properties(schema: object, place: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Every key of a schema, with what the schema says of it."""
    if isinstance(schema, dict):
        found = schema.get("properties")
        for key, about in found.items() if isinstance(found, dict) else ():
            yield f"{place}.{key}", about
        for key, part in schema.items():
            yield from _properties(part, f"{place}.{key}")
    elif isinstance(schema, list):
        for part in schema:
            yield from _properties(part, place)


@pytest.mark.parametrize("pattern", MODELS)
def test_every_key_is_described_to_an_editor(pattern):
    told = dict(_properties(json.loads(_texts()[f"{schema_name(pattern)}.json"])))
    assert told
    assert [place for place, about in told.items() if not about.get("description")] == []
    assert [place for place, about in told.items() if not str(about["description"]).rstrip().endswith((".", ")"))] == []


@pytest.mark.parametrize("run", ["kampen_sweep", "kampen_shortlist", None])
def test_what_is_driven_or_cycled_on_takes_a_strip_of_land_and_is_read_for_it(run):
    """No home is laid over a cycle track; a path may be led around homes, and of a plain road nothing is known."""
    read = {name: yaml.safe_load((configs_directory() / name).read_text(encoding="utf-8")) for name in MAPS[run]}
    streets, rules, asked = read.values()
    roads = next(rule for rule in rules["rules"] if rule["rule_id"] == "roads")
    widths = set(roads["width_m"]["values"])
    used = {name for name, one in streets["classes"].items() if one["car"] or one["bicycle"]}
    assert used - widths == {"path", "elevator", "road"}
    entry = asked["serves"]["layers.roads"][0]["entry"] if run is None else asked["sources"]["layers"]["roads"]
    assert used - set(entry["tags"]["highway"]) == {"path", "elevator", "road"}
