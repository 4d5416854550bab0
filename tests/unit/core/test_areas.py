"""Municipalities and provinces by the names that people write, and not by names that are only nearly theirs."""

import pytest

from flexsites.config.areas import alike, area_called, area_names, gemeente_code, provincie_code
from flexsites.config.run import Area
from flexsites.errors import NotFoundError


def test_the_table_is_of_the_whole_country():
    names = area_names()
    assert (len(names.gemeenten), len(names.provincies)) == (342, 12)
    assert {one.provincie for one in names.gemeenten.values()} == set(names.provincies)
    assert names.licence == "CC BY 4.0"
    for one in names.gemeenten.values():
        west, south, east, north = one.bbox
        assert 10_000 < west < east < 280_000
        assert 300_000 < south < north < 625_000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Ede", "GM0228"),
        ("ede", "GM0228"),
        ("GM0228", "GM0228"),
        ("0228", "GM0228"),
        ("Sudwest-Fryslan", "GM1900"),
        ("Den Haag", "GM0518"),
        ("'s-Gravenhage", "GM0518"),
        ("Den Bosch", "GM0796"),
        ("Laren", "GM0417"),
        ("Utrecht", "GM0344"),
        ("provincie Utrecht", "PV26"),
        ("Friesland", "PV21"),
        ("PV27", "PV27"),
    ],
)
def test_a_name_means_one_area(text, code):
    assert area_called(text).code == code


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Roterdam", r"perhaps Rotterdam \(GM0599, Zuid-Holland\)"),
        ("Bergen", r"2 are called 'Bergen'.*Bergen \(NH.\) \(GM0373, Noord-Holland\) or Bergen \(L.\)"),
        ("GM9999", "there is no area GM9999"),
        ("Atlantis", "there is no gemeente or provincie 'Atlantis'"),
    ],
)
def test_what_means_none_or_several_is_told(text, told):
    with pytest.raises(NotFoundError, match=told):
        area_called(text)


def test_rozendaal_is_not_roosendaal():
    assert area_called("Rozendaal").code == "GM0277"
    assert [one.code for one in alike("Rozendaal")] == ["GM1674"]


def test_a_run_names_its_area_as_people_do():
    area = Area(gemeenten=("Ede", "GM9901"), provincies=("Noord-Holland",))
    assert (area.gemeenten, area.provincies) == (("GM0228", "GM9901"), ("PV27",))


def test_a_province_is_no_gemeente():
    assert (gemeente_code("Groningen"), provincie_code("Groningen")) == ("GM0014", "PV20")
    with pytest.raises(NotFoundError):
        gemeente_code("Gelderland")
