"""A run that invents nothing but its timetable: what it may name, what it writes, and that it says so."""

import zipfile

import pytest
import yaml

from flexsites.config.load import configs_directory
from flexsites.config.study import resolve
from flexsites.errors import ConfigError
from flexsites.runs.synthetic import is_synthetic, notes_of


def _study(tmp_path, **world):
    content = yaml.safe_load((configs_directory() / "runs" / "kampen_shortlist.yaml").read_text(encoding="utf-8"))
    content["world"] = world
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return resolve(str(path))


@pytest.mark.parametrize("on", ["timetable", "nowhere"])
def test_a_timetable_is_made_on_stops_without_one(tmp_path, on):
    with pytest.raises(ConfigError, match="none of the stops without a timetable"):
        _study(tmp_path, timetable_on=on)


def test_a_world_is_a_municipality_or_a_timetable(tmp_path):
    with pytest.raises(ConfigError, match="either a municipality"):
        _study(tmp_path, timetable_on="osm", n_parcels=4000)


def test_a_run_says_what_it_invents(tmp_path):
    real = resolve("kampen_sweep").run
    assert notes_of(real) == real.notes
    assert not is_synthetic(real)
    tried = _study(tmp_path, timetable_on="osm").run
    assert "invented" in notes_of(tried)[0].en
    assert notes_of(tried)[1:] == tried.notes
    assert not is_synthetic(tried)
    assert is_synthetic(resolve("demo").run)


def test_the_timetable_stands_for_its_stops(tmp_path, tmp_path_factory):
    from flexsites.runs.prepare import reach_request  # noqa: PLC0415
    from flexsites.runs.synthetic import TIMETABLE, invent  # noqa: PLC0415
    from tests.invented_place import invented_place  # noqa: PLC0415

    place = invented_place(tmp_path_factory)
    study = _study(tmp_path, timetable_on="osm")
    row = study.run.sources.stops["osm"].model_copy(update={"path": str(place.paths["osm"])})
    stops = study.run.sources.stops | {"osm": row}
    run = study.run.model_copy(update={"sources": study.run.sources.model_copy(update={"stops": stops})})
    done = [invent(run, tmp_path / name, base=tmp_path, reach=reach_request(study)) for name in ("one", "two")]
    assert set(done[0].sources.stops) == {"timetable"}
    assert "INVENTED" in done[0].records[0].notes
    files = [(one.folder / TIMETABLE).read_bytes() for one in done]
    assert files[0] == files[1], "the same run invents the same bytes"
    with zipfile.ZipFile(done[0].folder / TIMETABLE) as feed:
        assert "invented" in feed.read("agency.txt").decode()
