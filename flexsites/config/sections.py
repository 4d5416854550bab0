"""The sections of a run read from a shelf: each file with its checks, and from which file each part came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from flexsites.config.access import Measures
from flexsites.config.catalogue import About, Catalogue, CatalogueRow
from flexsites.config.load import read_model, read_yaml
from flexsites.config.openstreetmap import AmenityCategories
from flexsites.config.roofs import TopUpRules, assemble
from flexsites.config.rule_sets import RuleChanges, RuleSet, joined, read_chain
from flexsites.config.rules import ExclusionRule
from flexsites.config.run import Run
from flexsites.config.shelf import Shelf
from flexsites.config.source_rows import Row
from flexsites.config.sources import Sources
from flexsites.config.suitability import TargetGroup
from flexsites.config.vetoes import with_vetoes
from flexsites.errors import ConfigError, Fault, NotFoundError

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads sections from a shelf and notes, by path, the file that each part is of."""

    shelf: Shelf
    run: Run
    path: Path
    files: dict[str, str] = field(default_factory=dict)

    def whole(self, name: str, model: type[M]) -> M:
        """Read a file that counts as a whole: one's own, else the shipped one."""
        path = self.shelf.file(f"{name}.yaml")
        self.files[name] = self.shelf.told(path)
        return read_model(path, model)

    def folder(self, kind: str, model: type[M]) -> dict[str, M]:
        """Read every file of a kind; a file's name is the id that it must hold.

        Raises
        ------
        ConfigError
            If a file is not as it should be, or holds another id.
        """
        found: dict[str, M] = {}
        for name, path in self.shelf.files(kind).items():
            one = read_model(path, model)
            if getattr(one, "id", name) != name:
                raise ConfigError(
                    Fault(f"id is '{getattr(one, 'id', '')}'", str(path), "give the file the name of its id")
                )
            found[name] = one
            self.files[f"{kind}.{name}"] = self.shelf.told(path)
        return found

    def named(self, key: str, kind: str, name: str) -> Path:
        """Return the file of a kind that a key of the run names.

        Raises
        ------
        NotFoundError
            Naming the run, the key, and what there is.
        """
        try:
            return self.shelf.find(kind, name, beside=self.path.parent)
        except NotFoundError as error:
            raise NotFoundError(error.within(f"{self.path}: {key}")) from error

    def measures(self) -> Measures:
        """Read the catalogue of measures, one's own over the shipped."""
        found = Measures()
        for path in self.shelf.layers("measures.yaml"):
            own, told = read_model(path, Measures), self.shelf.told(path)
            found = found.under(own)
            self.files.update({f"measures.modes.{mode}": told for mode in own.modes})
            self.files.update({f"measures.measures.{one.id}": told for one in own.measures})
        return found

    def amenities(self) -> AmenityCategories:
        """Read the categories of amenity, one's own over the shipped."""
        found = AmenityCategories()
        for path in self.shelf.layers("amenities.yaml"):
            own, told = read_model(path, AmenityCategories), self.shelf.told(path)
            found = found.under(own)
            self.files.update({f"amenities.categories.{name}": told for name in own.categories})
            self.files.update({f"amenities.stops.{name}": told for name in own.stops})
        return found

    def rule_set(self) -> RuleSet:
        """Read the run's rule set with its own rules over it, on its reference date.

        Raises
        ------
        ConfigError
            With every fault of the files, or of how they go together.
        """
        chain = read_chain(self.named("rules", "rules/exclusion", self.run.rules), self.shelf)
        for path, one in chain:
            self._note_rules(self.shelf.told(path), one.rules)
            self._note_rest(self.shelf.told(path), one)
        try:
            own = with_vetoes(self.run.own_rules, self.run.vetoes)
        except ConfigError as error:
            raise ConfigError(error.within(str(self.path))) from error
        self._note_rules(self.shelf.told(self.path), own)
        base = joined(chain)
        time = base.time.model_copy(update={"reference_date": self.run.reference_date})
        try:
            return base.model_copy(update={"time": time}).amended(own)
        except ValidationError as error:
            faults = [Fault(one["msg"], f"{self.path}: own_rules", "correct it") for one in error.errors()]
            raise ConfigError(faults) from error

    def _note_rules(self, told: str, rules: tuple[ExclusionRule, ...]) -> None:
        for rule in rules:
            names = (rule.rule_id, *(f"{rule.rule_id}__{local.id}" for local in rule.locally))
            self.files.update({f"rules.{name}": told for name in names})

    def _note_rest(self, told: str, one: RuleSet | RuleChanges) -> None:
        if isinstance(one, RuleSet):
            self.files.update({"time": told, "pieces": told, "locations": told})
        else:
            self.files.update({f"time.{key}": told for key, figure in one.time if figure is not None})

    def top_up(self) -> TopUpRules | None:
        """Read the rules for roofs; None where the run assesses none.

        Raises
        ------
        ConfigError
            With every fault of the files together.
        """
        if not self.run.assesses_roofs:
            return None
        files = self.shelf.files("rules/optoppen")
        documents = {name: read_yaml(path) for name, path in files.items()}
        for name, content in documents.items():
            told = self.shelf.told(files[name])
            section = f"age_rules.{content.get('id')}" if "kind" in content else name
            self.files[f"optoppen.{section}"] = told
        try:
            return assemble(documents)
        except ValidationError as error:
            faults = [
                Fault(one["msg"], f"configs/rules/optoppen: {'.'.join(map(str, one['loc']))}", "correct it")
                for one in error.errors()
            ]
            raise ConfigError(faults) from error

    def sources(self, groups: Mapping[str, TargetGroup]) -> Sources:
        """Return the run's sources with what the catalogue says of them written out; an unknown name stays a name."""
        known = read_catalogue(self.shelf)
        found: Sources = _written_out(self.run.sources, known)
        if found.demand is not None and not found.demand.groups:
            demand = found.demand.model_copy(update={"groups": tuple(groups)})
            found = found.model_copy(update={"demand": demand})
        return found


def read_catalogue(shelf: Shelf) -> dict[str, CatalogueRow]:
    """Return every row of the catalogue (sources/*.yaml) by id, one's own over the shipped.

    Raises
    ------
    ConfigError
        If a file is not as it should be, or an id stands in two files of one folder.
    """
    rows: dict[str, CatalogueRow] = {}
    for one in (Shelf(), shelf) if shelf.own else (shelf,):
        here: dict[str, CatalogueRow] = {}
        for path in one.files("sources").values():
            if one.own is not None and not path.is_relative_to(one.own):
                continue
            found = read_model(path, Catalogue).sources
            if twice := sorted(set(here) & set(found)):
                raise ConfigError(
                    Fault(f"{', '.join(twice)} stands in another file too", str(path), "give each id once")
                )
            here |= found
        rows |= here
    return rows


def _written_out(value: Any, known: Mapping[str, CatalogueRow]) -> Any:  # noqa: ANN401 - any part of the sources
    """Return a part of the sources with the catalogue's rows in the place of their names."""
    if isinstance(value, dict):
        found = {key: _written_out(one, known) for key, one in value.items()}
        # the same where nothing is written out: what a run file does not say must not look as if it did
        return found if any(found[key] is not one for key, one in value.items()) else value
    if not isinstance(value, BaseModel) or isinstance(value, About):
        return value
    changed = {
        key: found
        for key in type(value).model_fields
        if (found := _written_out(getattr(value, key), known)) is not getattr(value, key)
    }
    if isinstance(value, Row) and isinstance(value.about, str) and value.about in known:
        row = known[value.about]
        changed["about"] = About(**{key: getattr(row, key) for key in About.model_fields})
    return value.model_copy(update=changed) if changed else value
