"""A folder of one's own goes over and beside what is shipped, with the same checks; every figure says its file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from flexsites.cli.config import app
from flexsites.config.copies import copy
from flexsites.config.load import available, configs_directory
from flexsites.config.rules import InUse
from flexsites.config.schemas import MODELS, OWN_PATTERNS
from flexsites.config.shelf import Shelf
from flexsites.config.study import Study, resolve
from flexsites.config.unchecked import elsewhere
from flexsites.errors import ConfigError, FlexsitesError

ABOUT = {"title": "t", "provider": "p", "licence": "CC0", "attribution": "a", "edition": "2026"}
PARCELS = {"reader": "vector", "about": ABOUT, "path": "parcels.gpkg"}
RUN: dict[str, Any] = {
    "name": "mine",
    "title": {"nl": "Mijn", "en": "Mine"},
    "pipeline": "provincial_sweep",
    "reference_date": "2026-01-01",
    "sources": {"parcels": PARCELS},
}


def _run(folder: Path, **more: Any) -> Study:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(RUN | more, sort_keys=False), encoding="utf-8")
    return resolve(str(path))


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "flexsites_config"


def test_a_file_of_a_shipped_name_takes_its_place(tmp_path: Path, own: Path) -> None:
    _change(copy("flexmilieus/campus", own, shelf=Shelf()), "expected: {value: 30,", "expected: {value: 27,")
    study = _run(tmp_path)
    campus = next(one for one in study.flexmilieus if one.id == "campus")
    assert int(campus.programme.min_units.expected) == 27
    assert study.origins.of("flexmilieus.campus.programme.min_units") == "flexsites_config/flexmilieus/campus.yaml"
    assert study.origins.of("flexmilieus.fietsstad.programme.min_units") == "configs/flexmilieus/fietsstad.yaml"


def test_a_file_of_another_name_stands_beside(tmp_path: Path, own: Path) -> None:
    copy("groen_tiny", own, shelf=Shelf(), new_id="erf")
    study = _run(tmp_path)
    assert {one.id for one in study.flexmilieus} == {*available("flexmilieus"), "erf"}
    assert study.undemanding == {"groen_tiny", "erf"}


def test_entries_of_a_catalogue_go_over_the_shipped_ones_by_id(tmp_path: Path, own: Path) -> None:
    own.mkdir()
    walk = {"label": {"nl": "lopend", "en": "on foot"}, "max_snap_m": {"value": 90, "source": "ours"}}
    measure = {
        "id": "walk_distance_food_bank_m", "kind": "cost_to_closest", "label": {"nl": "a", "en": "a"}, "unit": "m",
        "mode": "walk", "to": {"amenity": "food_bank"}, "limit_m": {"value": 3000, "source": "ours"},
    }  # fmt: skip
    modes = {"walk": walk | {"speed_km_h": {"value": 4, "unit": "km/h", "source": "ours"}}}
    written = yaml.safe_dump({"modes": modes, "measures": [measure]})
    (own / "measures.yaml").write_text(written, encoding="utf-8")
    food_bank = {"label": {"nl": "voedselbank", "en": "food bank"}, "any_of": [{"social_facility": ["food_bank"]}]}
    (own / "amenities.yaml").write_text(yaml.safe_dump({"categories": {"food_bank": food_bank}}), encoding="utf-8")
    study, shipped = _run(tmp_path), resolve("demo")
    assert study.walk_speed_km_h == 4
    assert float(study.measures.modes["bicycle"].speed_km_h) == 14
    assert [one.id for one in study.measures.measures] == [
        *(one.id for one in shipped.measures.measures), "walk_distance_food_bank_m"
    ]  # fmt: skip
    assert set(study.amenities.categories) == {*shipped.amenities.categories, "food_bank"}
    assert study.origins.of("measures.modes.walk.speed_km_h") == "flexsites_config/measures.yaml"
    assert study.origins.of("measures.modes.bicycle.speed_km_h") == "configs/measures.yaml"


ASKED_BESIDE_A_RUN = ("catchment.yaml", "gardens.yaml", "homelessness.yaml", "splitting.yaml", "transformation.yaml")
"""What commands with a list of their own read: see the tests named after them."""


@pytest.mark.parametrize(
    "pattern", [one for one in MODELS if "*" not in one and one in OWN_PATTERNS and one not in ASKED_BESIDE_A_RUN]
)
def test_every_single_file_may_be_ones_own(pattern: str, tmp_path: Path, own: Path) -> None:
    copy(pattern.removesuffix(".yaml"), own, shelf=Shelf())
    with_roofs = {"assess": ["parcels", "roofs"], "sources": {"parcels": PARCELS, "buildings": {"bag_panden": PARCELS}}}
    study = _run(tmp_path, **with_roofs)
    assert f"flexsites_config/{pattern}" in set(study.origins.files.values())


def test_a_community_of_tiny_houses_may_have_terms_of_its_own(tmp_path: Path, own: Path) -> None:
    """As the documentation says: a copy, for others, of another size and term, asked for by its id."""
    copy("flexmilieus/groen_tiny", own, shelf=Shelf(), new_id="tiny_in_de_stad")
    path = own / "flexmilieus/tiny_in_de_stad.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["id"] == "tiny_in_de_stad"
    content |= {"target_groups": ["economisch_daklozen"], "least_term_years": {"value": 3, "source": "ours"}}
    content["programme"]["max_units"] = {one: {"value": 12, "source": "ours"} for one in ("low", "expected", "high")}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    study = _run(tmp_path, flexmilieus=["groen_tiny", "tiny_in_de_stad"])
    shipped, ours = study.flexmilieus
    assert (float(shipped.least_term_years or 0), float(ours.least_term_years or 0)) == (5, 3)
    assert ours.programme.max_units is not None
    assert float(ours.programme.max_units.expected) == 12
    assert ours.target_groups == ("economisch_daklozen",)
    assert "walk_distance_transit_m" in study.base.groups["economisch_daklozen"].model_dump_json()


def test_a_rule_set_of_ones_own_may_extend_the_shipped_one_of_its_name(tmp_path: Path, own: Path) -> None:
    folder = own / "rules/exclusion"
    folder.mkdir(parents=True)
    nitrogen = next(one for one in resolve("demo").rule_set.rules if one.rule_id == "nitrogen")
    wider = nitrogen.model_dump(mode="json", exclude_none=True) | {"distance_m": {"value": 250, "source": "ours"}}
    label = {"nl": "Van ons", "en": "Ours"}
    ours = {"extends": "omgevingswet_2024", "id": "omgevingswet_2024", "label": label, "rules": [wider]}
    (folder / "omgevingswet_2024.yaml").write_text(yaml.safe_dump(ours), encoding="utf-8")
    gemeente = {"extends": "omgevingswet_2024", "id": "gemeente", "label": label}
    (folder / "gemeente.yaml").write_text(yaml.safe_dump(gemeente), encoding="utf-8")
    study = _run(tmp_path, rules="gemeente")
    found = {path: figure.value for path, figure in study.figures()}
    assert found["rules.nitrogen.distance_m"] == 250
    assert study.origins.of("rules.nitrogen.distance_m") == "flexsites_config/rules/exclusion/omgevingswet_2024.yaml"
    assert study.origins.of("rules.roads.width_m") == "configs/rules/exclusion/omgevingswet_2024.yaml"


def test_rule_sets_that_extend_each_other_are_refused(tmp_path: Path, own: Path) -> None:
    folder = own / "rules/exclusion"
    folder.mkdir(parents=True)
    for name, other in (("one", "two"), ("two", "one")):
        content = {"extends": other, "id": name, "label": {"nl": "a", "en": "a"}}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match="extend each other"):
        _run(tmp_path, rules="one")


def test_a_run_may_name_its_folder(tmp_path: Path) -> None:
    copy("layout", tmp_path / "ons", shelf=Shelf())
    assert _run(tmp_path).origins.of("layout.row_step_m") == "configs/layout.yaml"
    assert _run(tmp_path, config="ons").origins.of("layout.row_step_m") == "ons/layout.yaml"
    with pytest.raises(ConfigError, match="there is no folder theirs"):
        _run(tmp_path, config="theirs")


@pytest.mark.parametrize(
    "stray", ["flexmilieu/campus.yaml", "measure.yaml", "flexmilieus/deep/er.yaml", "layout.yml", "inputs.yaml"]
)
def test_a_file_that_nothing_reads_is_told(stray: str, tmp_path: Path, own: Path) -> None:
    (own / stray).parent.mkdir(parents=True)
    (own / stray).write_text("id: x\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="nothing reads this file"):
        _run(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("groen_tiny", "unit: m,", "unit: cm,", "is in m, and"),
        ("groen_tiny", "undemanding: true", "undemandingg: true", "unknown key"),
        ("groen_tiny", "id: groen_tiny", "id: groen", "give the file the name of its id"),
        ("groen_tiny", "[tiny_house_bewoners]", "[marsmannen]", "there is no target group 'marsmannen'"),
        ("senioren", "walk_distance_gp_m", "walk_distance_moon_m", "there is no measure"),
    ],
)
def test_ones_own_files_are_checked_as_the_shipped_are(
    name: str, old: str, new: str, told: str, tmp_path: Path, own: Path
) -> None:
    _change(copy(name, own, shelf=Shelf()), old, new)
    with pytest.raises(FlexsitesError, match=told) as refused:
        _run(tmp_path)
    assert "flexsites_config" in str(refused.value)


def test_a_source_of_ones_own_catalogue_is_written_out(tmp_path: Path, own: Path) -> None:
    (own / "sources").mkdir(parents=True)
    row = ABOUT | {"title": "Ons kadaster", "theme": "parcels"}
    (own / "sources/ours.yaml").write_text(yaml.safe_dump({"sources": {"ours": row}}), encoding="utf-8")
    study = _run(tmp_path, sources={"parcels": PARCELS | {"about": "ours"}})
    assert study.run.sources.parcels.about.title == "Ons kadaster"
    # what the run file does not say is not said by writing it out
    assert study.run.sources.parcels.model_fields_set == {"reader", "about", "path"}


def test_a_copy_guides_an_editor_with_its_schema(own: Path) -> None:
    for name in ("campus", "rules/exclusion/pbl_2020", "layout"):
        path = copy(name, own, shelf=Shelf())
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        schema = (path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
        assert schema.is_file()
        assert schema.is_relative_to(own.resolve())


def test_show_lists_and_prints_and_copy_refuses_to_overwrite(own: Path) -> None:
    run = CliRunner().invoke
    assert "flexmilieus/campus" in run(app, ["show"]).stdout.split()
    assert run(app, ["show", "campus"]).stdout == (configs_directory() / "flexmilieus/campus.yaml").read_text("utf-8")
    assert "Copied:" in run(app, ["copy", "campus", "--to", str(own), "--as", "buiten"]).stdout
    assert (own / "flexmilieus/buiten.yaml").read_text("utf-8").count("id: buiten") == 1
    again = run(app, ["copy", "campus", "--to", str(own), "--as", "buiten"])
    assert isinstance(again.exception, ConfigError)
    assert "there is a file already" in str(again.exception)
    assert "there is no 'maan'" in str(run(app, ["show", "maan"]).exception)
    assert "has no id" in str(run(app, ["copy", "layout", "--to", str(own), "--as", "x"]).exception)


def test_the_rule_set_of_the_documentation_is_read_as_it_stands(tmp_path: Path, own: Path) -> None:
    page = (configs_directory().parent / "flexsites/docs/pages/own_run.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml rule set\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    at = own / "rules/exclusion/gemeente_kampen.yaml"
    at.parent.mkdir(parents=True)
    at.write_text(example, encoding="utf-8")
    study = _run(tmp_path, rules="gemeente_kampen", area={"gemeenten": ["Kampen"]})
    rules = {rule.rule_id: rule for rule in study.base.rules}
    assert rules["power_lines__kampen"].model_dump()["distance_m"]["value"] == 60.0
    assert rules["flood"].effect == "exclude"
    assert (
        study.origins.of("rules.wide_around_silence.distance_m")
        == "flexsites_config/rules/exclusion/gemeente_kampen.yaml"
    )
    assert elsewhere(study) == []
    assert elsewhere(_run(tmp_path, rules="gemeente_kampen")) == []
    apart = _run(tmp_path, rules="gemeente_kampen", area={"gemeenten": ["Ede"]})
    assert elsewhere(apart) == ["power_lines__kampen (GM0166)"]


_SET = """extends: omgevingswet_2024
id: kampen
label: Kampen
rules:
  - rule_id: power_lines
    kind: within_distance
    label: Power line
    effect: exclude
    hardness: hard
    layer: power_lines
    distance_m: {value: 25, source: a}
    source: a
    locally:
      - id: here
        label: Here
        where: {gemeenten: [Kampen]}
        change: {distance_m: {value: 60, unit: m, source: b}}
        source: b
"""


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("value: 60,", "value: -60,", r"kampen.yaml: rules.power_lines.locally.here.change: distance_m is -60, and"),
        ("value: 25,", "value: -25,", r"kampen.yaml: rules.power_lines: distance_m is -25, and cannot be below 0"),
        ("value: 60,", "value: .inf,", r"here.change: distance_m.value: Input should be a finite number"),
        ("unit: m,", "unit: cm,", r"kampen.yaml: rules.power_lines.locally.here.change: distance_m is in m, and 60 is"),
        ("value: 60,", "value: 60,5,", r"here.change: distance_m.5: 5 is no key. Remedy: .* a number has a point"),
        ("label: Kampen", "effects: {floods: flag}\nlabel: Kampen", r"not have: floods. .* has flood,"),
        ("label: Kampen", "effects: {flood: of}\nlabel: Kampen", r"effects.flood: not one of what .* or 'off'"),
        ("omgevingswet_2024", "kampen", r"kampen.yaml: extends: a rule set extends itself"),
        ("omgevingswet_2024", "omgevingswet", r"kampen.yaml: extends: .* use one of omgevingswet_2024"),
        ("id: kampen", "id: ede", r"kampen.yaml: id is 'ede'. Remedy: give the file the name of its id"),
        ("    effect: exclude", "\teffect: exclude", r"line 8, column 1: a tab stands here: indent with spaces"),
        ("    effect: exclude", "    effect: 'exclude", r"line 8, column 13: a quote is opened here and not closed"),
        ("    effect: exclude", "    effect: exclude\n    effect: flag", r"line 9, column 5: key said twice: effect"),
        ("    effect: exclude", "    valid_from: 2025-02-30", r"line 8, column 17: 2025-02-30 is no date"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_file_its_key_and_what_to_do(
    right: str, wrong: str, told: str, tmp_path: Path, own: Path
) -> None:
    at = own / "rules/exclusion/kampen.yaml"
    at.parent.mkdir(parents=True)
    at.write_text(_SET.replace(right, wrong, 1), encoding="utf-8")
    assert wrong in at.read_text(encoding="utf-8")
    with pytest.raises(FlexsitesError, match=told):
        _run(tmp_path, rules="kampen")


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match="built_share is 20, and a share is at most 1"):
        InUse.model_validate(
            {"rule_id": "a", "label": "A", "effect": "flag", "kind": "in_use", "layer": "a", "source": "b"}
            | {"built_share": {"value": 20, "source": "b"}}
        )
