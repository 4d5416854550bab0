"""Groups of draws as the documentation writes them."""

import re
from pathlib import Path

import yaml

import flexsites
from flexsites.config.certainty import DrawnGroup


def test_the_groups_of_land_that_the_documentation_shows_are_read():
    text = (Path(flexsites.__file__).parent / "docs/pages/method.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(- id: flood\n.*?)```", text, re.DOTALL)
    groups = [DrawnGroup.model_validate(one) for one in yaml.safe_load(shown)]
    assert [one.id for one in groups] == ["flood", "power_lines", "term"]
    assert all(one.what == "land" for one in groups)
