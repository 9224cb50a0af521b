"""Which knowledge and which population a caller asked for by name or by file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from thighdx.errors import Fault, KnowledgeError
from thighdx.knowledge import Knowledge, load_knowledge
from thighdx.reading import read_toml

FILE_ENDING = ".toml"


def select(priors: Sequence[str] = (), population: str | None = None) -> tuple[Knowledge, str]:
    """The knowledge of `priors` (folders and overlay files, later wins) and the id of the population.

    `population` is an id, or a TOML file that states one population, which is laid over the priors and chosen. Raises
    `KnowledgeError` with every fault.
    """
    if population is None or not population.endswith(FILE_ENDING):
        knowledge = load_knowledge(*priors)
        return knowledge, knowledge.population(population)[0]
    stated = read_toml(Path(population)).get("populations")
    names = list(stated) if isinstance(stated, dict) else []
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise KnowledgeError([Fault(population, f"states these populations: {found}; accepted: exactly one")])
    return load_knowledge(*priors, population), names[0]
