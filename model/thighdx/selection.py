"""Which knowledge and which population a caller asked for by name or by file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from thighdx.errors import Fault, KnowledgeError, one_of
from thighdx.knowledge import Knowledge, load_knowledge
from thighdx.reading import read_toml

FILE_ENDING = ".toml"
IN_A_POPULATION_FILE = ("format", "populations", "figures", "sources")


def select(priors: Sequence[str] = (), population: str | None = None) -> tuple[Knowledge, str]:
    """The knowledge of `priors` (folders and overlay files, later wins) and the id of the population.

    `population` is an id, or a TOML file that states one population with what it cites, which is laid over the priors
    and chosen. Raises `KnowledgeError` with every fault.
    """
    knowledge = load_knowledge(*priors)
    if population is None or population in knowledge.populations or not _is_file(population):
        return knowledge, knowledge.population(population)[0]
    return load_knowledge(*priors, population), _stated(population)


def _is_file(population: str) -> bool:
    """Whether it can only be meant as a file: no id has an ending or a folder."""
    return population.casefold().endswith(FILE_ENDING) or os.sep in population or Path(population).is_file()


def _stated(file: str) -> str:
    """The one population that a file states."""
    tables = read_toml(Path(file))
    others = [key for key in tables if key not in IN_A_POPULATION_FILE]
    if others:
        found = f"states {', '.join(others)} too; accepted: {one_of(IN_A_POPULATION_FILE)}, the rest by --priors"
        raise KnowledgeError([Fault(file, found)])
    stated = tables.get("populations")
    names = list(stated) if isinstance(stated, dict) else []
    if len(names) != 1:
        raise KnowledgeError([Fault(file, f"states these populations: {', '.join(names) or 'none'}; accepted: one")])
    return str(names[0])
