"""Configuration is found, read and expanded; every fault is told in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from flexsites.config.base import Model
from flexsites.config.load import expand, find, read_model, read_yaml
from flexsites.config.run import Variant
from flexsites.config.sources import Sources
from flexsites.config.what_if import variant_asked
from flexsites.errors import ConfigError, NotFoundError
from flexsites.reporting.told import translated
from flexsites.reporting.words import load_texts


class Inner(Model):
    n_sites: int


class Outer(Model):
    name: str
    share: float = Field(ge=0, le=1)
    inner: Inner | None = None


def _yaml(folder: Path, text: str) -> Path:
    path = folder / "some.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", "x: {a: 1, a: 1}\n", "- {a: 1}\n- {b: {c: 1, d: 2, c: 3}}\n"])
def test_a_key_said_twice_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="key said twice") as told:
        read_yaml(_yaml(tmp_path, text))
    assert "some.yaml" in str(told.value)
    assert "line" in str(told.value)


def test_a_merged_mapping_may_be_gone_over(tmp_path: Path) -> None:
    text = "first: &one {a: 1, b: 2}\nsecond: {<<: *one, b: 3}\nthird: {<<: *one, c: 4}\n"
    found = read_yaml(_yaml(tmp_path, text))
    assert found["second"] == {"a": 1, "b": 3}
    assert found["third"] == {"a": 1, "b": 2, "c": 4}
    with pytest.raises(ConfigError, match="key said twice: b"):
        read_yaml(_yaml(tmp_path, "first: &one {a: 1}\nsecond: {<<: *one, b: 3, b: 4}\n"))


@pytest.mark.parametrize("text", ["a: [1, 2\n", "a: b: c\n", "\t- a\n", "a: !!python/object/apply:os.getcwd []\n"])
def test_what_is_not_plain_yaml_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not valid YAML"):
        read_yaml(_yaml(tmp_path, text))


def test_what_stands_for_more_than_anyone_writes_is_refused_at_once(tmp_path: Path) -> None:
    """Eight lists of nine aliases of the one before are 43 million values, of which 80 are written."""
    lists = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lists += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (tmp_path / "aliases.yaml").write_text("\n".join(lists))
    with pytest.raises(ConfigError, match=r"aliases\.yaml: its aliases stand for [\d,]+ values"):
        read_yaml(tmp_path / "aliases.yaml")
    (tmp_path / "deep.yaml").write_text("a: " + "[" * 5_000 + "]" * 5_000)
    with pytest.raises(ConfigError, match=r"deep\.yaml: is nested too deeply"):
        read_yaml(tmp_path / "deep.yaml")
    (tmp_path / "ring.yaml").write_text("a: &a [*a]")
    with pytest.raises(ConfigError, match="recursive"):
        read_yaml(tmp_path / "ring.yaml")


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"naam: caf\xe9\n")
    for path in (tmp_path / "latin.yaml", tmp_path / "gone.yaml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_yaml(path)


def test_words_are_words_and_only_true_and_false_are_truth_values(tmp_path: Path) -> None:
    """`effect: off` is an effect and `access: no` a tag, not a false."""
    found = read_yaml(_yaml(tmp_path, "a: off\nb: [no, yes, on, N]\nno: true\nd: False\n"))
    assert found == {"a": "off", "b": ["no", "yes", "on", "N"], "no": True, "d": False}


def test_all_faults_of_a_file_at_once(tmp_path: Path) -> None:
    path = _yaml(tmp_path, "shar: 0.5\nshare: 2\ninner: {n_sites: many, n_site: 1}\n")
    with pytest.raises(ConfigError) as told:
        read_model(path, Outer)
    lines = [str(fault) for fault in told.value.faults]
    assert len(lines) == 5
    for part in (
        ": shar: unknown key",
        ": name: required key is missing",
        ": share: ",
        ": inner.n_sites: ",
        "n_site: u",
    ):
        assert sum(part in line for line in lines) == 1, (part, lines)
    assert all("Remedy: " in line and str(path) in line for line in lines)


def test_an_unknown_reader_is_told_which_there_are(tmp_path: Path) -> None:
    about = {"title": "t", "provider": "p", "licence": "CC0", "attribution": "a", "edition": "2026"}
    content = {"parcels": {"reader": "vektor", "about": about}, "streets": {"about": about}, "faulty_rows": "drop"}
    with pytest.raises(ConfigError) as told:
        read_model(tmp_path / "run.yaml", Sources, content)
    found = {str(fault).removeprefix(f"{tmp_path / 'run.yaml'}: ") for fault in told.value.faults}
    readers = "vector, ogc_features, arcgis_features, wfs, download_api, osm_layer"
    assert found == {
        f"parcels.reader: there is no reader 'vektor'. Remedy: use one of {readers}.",
        "streets.reader: required key is missing. Remedy: add it.",
        "faulty_rows: not one of what it may be (given: 'drop'). Remedy: use 'stop' or 'quarantine'.",
    }


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Inner(n_sites=1).n_sites = 2  # type: ignore[misc]


def test_variables_are_filled_in_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEXSITES_X", "there")
    monkeypatch.delenv("FLEXSITES_Y", raising=False)
    given = {"a": ["${FLEXSITES_X}/b", 1, None, True], "b": {"c": "${FLEXSITES_Y:-here}/${FLEXSITES_X}", "d": "$X ${}"}}
    wanted = {"a": ["there/b", 1, None, True], "b": {"c": "here/there", "d": "$X ${}"}}
    assert expand(given) == wanted
    assert expand("${FLEXSITES_Y:-}") == ""
    with pytest.raises(ConfigError, match="FLEXSITES_Y is not set"):
        expand({"deep": [{"path": "${FLEXSITES_Y}"}]})


def test_names_and_paths_are_found_or_told(tmp_path: Path) -> None:
    assert find("runs", "demo").name == "demo.yaml"
    (tmp_path / "own.yaml").write_text("a: 1", encoding="utf-8")
    assert find("runs", "own.yaml", beside=tmp_path) == tmp_path / "own.yaml"
    with pytest.raises(NotFoundError, match=r"there is no 'demos'.*use one of.*demo"):
        find("runs", "demos")
    with pytest.raises(NotFoundError, match="no such file"):
        find("runs", "gone.yaml", beside=tmp_path)


@pytest.mark.parametrize(("value", "given"), [("NL001", "'NL001'"), (None, "null"), (3, "3")])
@pytest.mark.parametrize(("key", "is_list"), [("vetoes", True), ("limits", False), ("change", False)])
def test_one_value_where_a_list_or_keys_belong_is_told_in_words_of_the_file(
    value: object, given: str, key: str, *, is_list: bool
) -> None:
    """No library is quoted, in neither language: who writes a run file knows no tuple, and no None."""
    with pytest.raises(ConfigError) as told:
        read_model(Path("run.yaml"), Variant, {"id": "a", "label": "A", key: value})
    listed = "write a list: [a, b], or each on a line of its own behind a hyphen; for none leave the key out"
    what, remedy = ("this is not a list", listed) if is_list else (
        "these are not keys with values", "write them as `key: value`; for none leave the key out"
    )  # fmt: skip
    assert str(told.value) == f"run.yaml: {key}: {what} (given: {given}). Remedy: {remedy}."
    dutch = told.value.told(lambda text: translated(text, "nl", of="faults"))
    what = "dit is geen lijst" if is_list else "dit zijn geen sleutels met waarden"
    assert dutch.startswith(f"run.yaml: {key}: {what} (gegeven: {given}). Wat te doen: schrijf ")
    assert dutch.endswith("laat de sleutel weg als er geen zijn.")


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_name_that_a_page_proposes_is_ours_in_both_languages(lang: str) -> None:
    label = variant_asked({"label": load_texts(lang)["view"]["what_if"]}).label
    assert (label.nl, label.en) == ("Wat als", "What if")
    assert variant_asked({"label": "Krapper"}).label.en == "Krapper"
