"""Find and read configuration: YAML in, frozen models out, every fault at once and in words.

A name without a path (``omgevingswet_2024``) is looked up in the configs that travel with the package; a path is a
file of the user's. In a checkout the package reads the checkout's ``configs/``; in a wheel its own copy.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from flexsites.config.plain_yaml import FastLoader
from flexsites.errors import ConfigError, Fault, FlexsitesError, NotFoundError

M = TypeVar("M", bound=BaseModel)

_PACKAGE = Path(__file__).resolve().parent.parent
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")

# What variables were filled into, for messages only: a model keeps the text that came of it, not what was written.
_FILLED: dict[str, tuple[str, ...]] = {}


def configs_directory() -> Path:
    """Return the directory of the configs that travel with the package.

    Examples
    --------
    >>> (configs_directory() / "measures.yaml").is_file()
    True
    """
    installed, checkout = _PACKAGE / "_configs", _PACKAGE.parent / "configs"
    return installed if installed.is_dir() else checkout


def available(kind: str) -> dict[str, Path]:
    """Return the files of one kind (``flexmilieus``, ``rules/exclusion``, ``runs``) by name, sorted."""
    return {path.stem: path for path in sorted((configs_directory() / kind).glob("*.yaml"))}


def find(kind: str, name: str, *, beside: Path | None = None) -> Path:
    """Return the file that a name or a path means.

    Parameters
    ----------
    kind
        The folder of configs/ a bare name is looked up in.
    name
        A bare name, or a path ending in .yaml (relative to ``beside``).

    Raises
    ------
    NotFoundError
        Naming what there is.
    """
    if name.endswith((".yaml", ".yml")):
        path = (beside or Path()) / name
        if path.is_file():
            return path
        raise NotFoundError(Fault("no such file", str(path), "check the path; it is relative to the file naming it"))
    known = available(kind)
    if name in known:
        return known[name]
    raise NotFoundError(
        Fault(f"there is no '{name}'", f"configs/{kind}", f"use one of {nearest_first([name], known)}, or a path")
    )


def nearest_first(names: Iterable[str], known: Iterable[str]) -> str:
    """Return what is known, those that a misspelt name may mean before the others.

    Examples
    --------
    >>> nearest_first(["floods"], ["nnn", "rail", "flood"])
    'flood, nnn, rail'
    """
    listed = list(known)
    near = [one for name in names for one in get_close_matches(name, listed)]
    return ", ".join(dict.fromkeys([*near, *listed]))


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - YAML is anything until a model has read it
    """Read one YAML file.

    Raises
    ------
    ConfigError
        If it cannot be read, is not YAML, says one key twice, or stands for more than any file of its kind would say.
    """
    try:
        content, n_values = pickle.loads(_parsed(path.read_text(encoding="utf-8")))  # noqa: S301 - of this process
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Fault(f"cannot be read ({error})", str(path), "check the file")) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(Fault(f"is not valid YAML: {_told(error)}", str(path), "mend it there")) from error
    except RecursionError as error:
        raise ConfigError(Fault("is nested too deeply", str(path), "write it flatter")) from error
    if n_values > _MOST_VALUES:
        what = f"its aliases stand for {n_values:,} values, more than the {_MOST_VALUES:,} that are read"
        raise ConfigError(Fault(what, str(path), "write out what is meant"))
    return content


@lru_cache(maxsize=256)
def _parsed(text: str) -> bytes:
    """Return what a text says, packed, and how many values it stands for: of text read again nothing is parsed."""
    content = _load(text)
    return pickle.dumps((content, _count_values(content, {})))


def _count_values(value: object, known: dict[int, int]) -> int:
    """Return how many values YAML stands for with every alias written out; what is the same is counted once."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in known:
        inside = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_count_values(one, known) for one in inside)
    return known[id(value)]


def read_model(
    path: Path, model: type[M], content: object | None = None, *, context: Mapping[str, object] | None = None
) -> M:
    """Read one file into a model; the context is what its validators may ask for.

    Raises
    ------
    ConfigError
        With every fault: the key, what is wrong, and the keys that are allowed where one is unknown.
    """
    raw = read_yaml(path) if content is None else content
    try:
        return model.model_validate(raw, context=context)
    except ValidationError as error:
        raise ConfigError(list(faults_within(error, path, raw))) from error


def expand(value: Any) -> Any:  # noqa: ANN401 - any YAML
    """Replace ``${NAME}`` and ``${NAME:-default}`` in every string by the environment's value.

    Raises
    ------
    ConfigError
        If a variable is not set and has no default.

    Examples
    --------
    >>> expand({"path": "${FLEXSITES_NOT_SET:-here}/a.gpkg"})
    {'path': 'here/a.gpkg'}
    """
    if isinstance(value, dict):
        return {key: expand(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item) for item in value]
    if not isinstance(value, str):
        return value
    filled = _VARIABLE.sub(_substitute, value)
    if names := tuple(match["name"] for match in _VARIABLE.finditer(value)):
        _FILLED[filled] = names
    return filled


def variables_of(text: str) -> tuple[str, ...]:
    """Return the names of the variables that were filled into a text, for who must be told which to set.

    Examples
    --------
    >>> variables_of(expand("${FLEXSITES_NOT_SET:-there}/a.gpkg")), variables_of("there/b.gpkg")
    (('FLEXSITES_NOT_SET',), ())
    """
    return _FILLED.get(text, ())


def _substitute(match: re.Match[str]) -> str:
    found = os.environ.get(match["name"], match["default"])
    if found is None:
        raise ConfigError(Fault(f"the environment variable {match['name']} is not set", match[0], "set it"))
    return found


def place_of(loc: Sequence[int | str], content: object) -> str:
    """Return where something stands as who wrote it finds it: a rule or a variant by its id, not by its number or kind.

    Examples
    --------
    >>> content = {"rules": [{"rule_id": "lines", "kind": "within_distance", "locally": [{"id": "here", "where": {}}]}]}
    >>> place_of(("rules", 0, "within_distance", "locally", 0, "label"), content)
    'rules.lines.locally.here.label'
    >>> place_of(("rules", 1, "label"), content)
    'rules.1.label'
    """
    parts: list[str] = []
    for part in loc:
        if isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
            named = content if isinstance(content, dict) else {}
            parts.append(str(named.get("rule_id", named.get("id", part))))
        elif isinstance(content, dict) and part not in content and part == content.get("kind"):
            continue  # which of several models was meant
        else:
            content = content.get(part) if isinstance(content, dict) else None
            parts.append(str(part))
    return ".".join(parts)


def faults_within(error: ValidationError, path: Path | str, content: object) -> Iterator[Fault | str]:
    """Tell what a model refuses of a content: in which file or part, at which key, and what may stand there."""
    for one in error.errors():
        place = place_of(one["loc"], content)
        if isinstance(raised := one.get("ctx", {}).get("error"), FlexsitesError):  # it says its places itself
            yield from raised.within(path)
            continue
        what, remedy = one["msg"].removeprefix("Value error, "), "correct it"
        is_shown = not isinstance(one["input"], (dict, list))
        if one["type"] in _TOLD:
            what, remedy = _TOLD[one["type"]]
        elif one["type"] in ("union_tag_invalid", "union_tag_not_found"):
            key, about = one["ctx"]["discriminator"].strip("'"), one["ctx"]
            place = f"{place}.{key}"
            what, remedy = "required key is missing", "add it"
            if "tag" in about:
                what = f"there is no {key} '{about['tag']}'"
                remedy = f"use one of {about['expected_tags'].replace(chr(39), '')}"
        elif one["type"] == "literal_error":
            what, remedy = "not one of what it may be", f"use {one['ctx']['expected']}"
        elif one["type"] == "invalid_key":
            what, remedy = f"{one['input']!r} is no key", "quote a key that is a number; a number has a point (60.5)"
            is_shown = False
        if is_shown:
            what = f"{what} (given: {_as_written(one['input'])})"
        where = [str(path), place] if place else [str(path), *(["the file"] if isinstance(path, Path) else [])]
        yield Fault(what, ": ".join(where), remedy)


def _as_written(value: object) -> str:
    """Return a value as a file says it: no null is a None."""
    return "null" if value is None else f"{value!r:.80}"


_NO_LIST = (
    "this is not a list",
    "write a list: [a, b], or each on a line of its own behind a hyphen; for none leave the key out",
)
_NO_KEYS = ("these are not keys with values", "write them as `key: value`; for none leave the key out")
_TOLD = {
    "extra_forbidden": (
        "unknown key",
        "remove it or correct its name; `flexsites docs` lists the keys, and an editor that reads the schema",
    ),
    "missing": ("required key is missing", "add it"),
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type"), _NO_LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), _NO_KEYS),
}
"""What is said of a fault, and what to do, by what the library of the models calls it: it knows tuples, YAML none."""
_WRONG_YAML = {
    "found character '\\t'": "a tab stands here: indent with spaces",
    "mapping values are not allowed": "no colon is expected here: quote a text with a colon, and indent keys alike",
    "while scanning a quoted scalar": "a quote is opened here and not closed",
    "expected ',' or": "a comma, or the end of what a bracket opened, is expected here: see to quotes and brackets",
    "expected <block end>": "this is indented otherwise than what it stands below",
    "could not find expected ':'": "a key without a colon stands before this",
}
"""What is said of the mistakes that are made most, by what the reader of YAML says of them."""
_MOST_VALUES = 1_000_000
"""Values that one file may stand for: a hundred times those of the longest that is shipped."""
_BOOL_TAG = "tag:yaml.org,2002:bool"
_MERGE_TAG = "tag:yaml.org,2002:merge"


class _UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that refuses a key said twice, of which YAML would silently keep the last."""


class _FastUniqueKeyLoader(FastLoader):  # type: ignore[misc]  # its class depends on how PyYAML was built
    """The same, several times as fast."""


def _load(text: str) -> Any:  # noqa: ANN401 - YAML is anything
    try:
        return yaml.load(text, Loader=_FastUniqueKeyLoader)  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - it shows the line that is wrong


def _told(error: Exception) -> str:
    """Return what is wrong in a text, and in which line and column."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error)
    said = f"{error.context or ''}: {error.problem or ''}"
    what = next((told for sign, told in _WRONG_YAML.items() if sign in said), error.problem or said)
    mark = error.context_mark if "quoted scalar" in said else error.problem_mark
    return what if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: {what}"


class _WrongError(yaml.constructor.ConstructorError):
    """What YAML takes and we do not, and where it stands."""

    def __init__(self, what: str, mark: yaml.Mark) -> None:
        super().__init__(None, None, what, mark)


def _construct_date(loader: Any, node: yaml.ScalarNode) -> object:  # noqa: ANN401 - of either loader
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:  # such as a day that the month does not have
        raise _WrongError(f"{node.value} is no date", node.start_mark) from error


def _construct_mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:  # noqa: ANN401 - of either loader
    # Before `<<` is filled in: a key that goes over one of a merged mapping is said once, and meant.
    keys: set[object] = set()
    for key, _ in node.value:
        if key.tag == _MERGE_TAG:
            continue
        found_key = loader.construct_object(key, deep=True)
        if found_key in keys:
            raise _WrongError(f"key said twice: {found_key}", key.start_mark)
        keys.add(found_key)
    loader.flatten_mapping(node)
    found: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return found


# Only true and false are truth values (YAML 1.2): `effect: off` and `access: no` are the words that they look like.
for _loader in (_UniqueKeyLoader, _FastUniqueKeyLoader):
    _loader.yaml_implicit_resolvers = {  # pyrefly: ignore[instance-var-assign]
        first: [(tag, pattern) for tag, pattern in found if tag != _BOOL_TAG]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    _loader.add_implicit_resolver(_BOOL_TAG, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
    _loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)
    _loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_date)
