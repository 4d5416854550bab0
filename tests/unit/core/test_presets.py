"""A preset is written out where a run names it: what the run says goes over it, and what cannot be is told in words."""

import pytest

from flexsites.config.load import available
from flexsites.config.presets import is_place, read_preset, written_out
from flexsites.config.shelf import Shelf
from flexsites.config.sources import Sources
from flexsites.errors import ConfigError

PRESETS = sorted(available("presets"))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_an_entry_wherever_it_serves(name):
    preset = read_preset(name, Shelf())
    for place, forms in preset.serves.items():
        assert is_place(place)
        group, _, key = place.partition(".")
        for form in forms:
            file = form.files[0].replace("*", "a")
            used = {"use": name, "path": file}
            key = key.replace("*", "any")
            found = Sources.model_validate({group: {key: used} if key else used})
            row = found.rows()[f"{group}.{key}" if key else group]
            assert row.preset == name
            assert row.about == preset.about


def test_a_path_that_is_left_out_is_where_fetch_puts_it():
    found = Sources.model_validate({"folder": "ede", "layers": {"natura2000": {"use": "natura2000"}}})
    assert found.layers["natura2000"].path == "ede/natura2000.parquet"
    assert found.layers["natura2000"].coverage == "run"


def test_what_the_run_says_goes_over_the_preset():
    used = {"use": "natura2000", "path": "mine.gpkg", "coverage": "none", "notes": "half of it"}
    row = Sources.model_validate({"layers": {"natura2000": used}}).layers["natura2000"]
    assert (row.path, row.coverage, row.notes) == ("mine.gpkg", "none", "half of it")


def test_a_written_out_source_is_written_out_once():
    found = Sources.model_validate({"parcels": {"use": "brk_percelen"}})
    assert Sources.model_validate(found.model_dump(mode="json", exclude_defaults=True)) == found


@pytest.mark.parametrize(
    ("used", "told"),
    [
        ({"use": "natura200"}, "there is no preset 'natura200'.*natura2000"),
        ({"use": "brk_percelen"}, "the preset brk_percelen is not for here.*it serves parcels"),
        ({"use": "natura2000", "reader": "vector"}, "leave one of the two out"),
    ],
)
def test_what_cannot_be_used_is_told(used, told):
    with pytest.raises(ConfigError, match=told):
        written_out({"layers": {"natura2000": used}}, Shelf())


def test_ones_own_preset_goes_over_the_shipped(tmp_path):
    (tmp_path / "presets").mkdir()
    text = "label: {nl: a, en: a}\nabout: nnn\nfile: a.gpkg\nserves: {layers.nnn: [{entry: {reader: vector}}]}\n"
    (tmp_path / "presets" / "natura2000.yaml").write_text(text)
    found = written_out({"layers": {"nnn": {"use": "natura2000"}}}, Shelf(tmp_path))
    assert found["layers"]["nnn"] == {"about": "nnn", "preset": "natura2000", "path": "data/a.gpkg", "reader": "vector"}
