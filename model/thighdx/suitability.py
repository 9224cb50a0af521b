"""Whether a population's base rates are meant for a case: what the population itself says it is not for.

Like a red flag it follows from the answers alone, and it moves no number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model
from thighdx.cases import Cases, read_case
from thighdx.cells import Cell
from thighdx.knowledge import Knowledge
from thighdx.schema import NotFor
from thighdx.triage import Fired, fires, firing

NOT_MEANT = "These base rates are not meant for this case"
MAY_NOT_BE_MEANT = "These base rates may not be meant for this case"
SEVERAL_REASONS = "a row with several reasons counts once for each"


@dataclass(frozen=True)
class BetterPopulation:
    """A population whose base rates fit better."""

    id: str
    name: str


@dataclass(frozen=True)
class Unsuited:
    """Why base rates are not meant for a case; `possible` where a one-of or a soft answer leaves it open."""

    text: str
    possible: bool
    rather: tuple[BetterPopulation, ...]

    @property
    def heading(self) -> str:
        """That they are not meant for the case, or may not be."""
        return MAY_NOT_BE_MEANT if self.possible else NOT_MEANT


def unsuited_rows(knowledge: Knowledge, population: str, cases: Cases) -> NDArray[np.uint8]:
    """How surely each case is one that the population is not for, uint8 of `Fired`, (entries of `not_for`, cases).

    A cell is taken as by a red flag, the threshold of a soft one included; but a soft one makes it possible at most. A
    population that the priors do not have (a network's own base rates) states nothing.
    """
    stated = _stated(knowledge, population)
    if not stated:
        return np.zeros((0, cases.count), dtype=np.uint8)
    held = firing(knowledge, cases, [entry.when for entry in stated], _says)
    excepted = firing(knowledge, cases, [entry.unless for entry in stated], _says)
    return np.asarray(np.minimum(held, np.uint8(Fired.YES) - excepted))


def unsuited(knowledge: Knowledge, population: str, cases: Cases) -> tuple[Unsuited, ...]:
    """Why the base rates are not meant for the first of the cases, in the order of the priors; mostly nothing.

    A better population that is itself not for the case, for certain, is left out.
    """
    held = unsuited_rows(knowledge, population, cases)[:, :1].ravel().tolist()
    return tuple(
        _told(knowledge, entry, held[number] == Fired.POSSIBLE, cases)
        for number, entry in enumerate(_stated(knowledge, population))
        if held[number]
    )


def unsuited_case(
    case: Mapping[str, object], *, knowledge: Knowledge, population: str | None = None
) -> tuple[Unsuited, ...]:
    """`unsuited` of one case, a mapping finding id -> cell; without a population of the default one.

    Raises `CaseError` with every bad answer, and `UnknownNameError` for an unknown population.
    """
    return unsuited(knowledge, knowledge.population(population)[0], read_case(knowledge, case))


def unsuited_counts(model: Model, cases: Cases, scored: NDArray[np.bool_]) -> Counter[Unsuited]:
    """In how many of the rows `scored`, (cases,), base rates are not meant for the case, and why.

    A network whose base rates are a population's own is told as the population is, without a better one: its base rates
    are no choice of the caller.
    """
    population = model.rates_of or model.population
    counts: Counter[Unsuited] = Counter()
    held = unsuited_rows(model.knowledge, population, cases)
    for entry, surely in zip(_stated(model.knowledge, population), held, strict=True):
        rather = () if model.rates_of else _named(model.knowledge, entry.rather)
        for fired in (Fired.YES, Fired.POSSIBLE):
            rows = int(np.count_nonzero((surely == fired) & scored))
            counts[Unsuited(entry.text, fired == Fired.POSSIBLE, rather)] += rows
    return +counts  # those that hold anywhere


def several_reasons(counts: Iterable[Unsuited]) -> bool:
    """Whether a row may be counted more than once in `unsuited_counts`: within one reason it is sure or possible."""
    return len({one.text for one in counts}) > 1


def _stated(knowledge: Knowledge, population: str) -> tuple[NotFor, ...]:
    entry = knowledge.content.populations.get(population)
    return () if entry is None else entry.not_for


def _says(cell: Cell, named: set[int], count: int, threshold: float) -> Fired:
    """As for a red flag; but what is only probable is not said for certain."""
    surely = fires(cell, named, count, threshold)
    return surely if cell.stated is None else min(surely, Fired.POSSIBLE)


def _told(knowledge: Knowledge, entry: NotFor, possible: bool, cases: Cases) -> Unsuited:
    fitting = [name for name in entry.rather if not _surely_unsuited(knowledge, name, cases)]
    return Unsuited(entry.text, possible, _named(knowledge, fitting))


def _surely_unsuited(knowledge: Knowledge, population: str, cases: Cases) -> bool:
    return bool((unsuited_rows(knowledge, population, cases)[:, :1] == Fired.YES).any())


def _named(knowledge: Knowledge, populations: tuple[str, ...] | list[str]) -> tuple[BetterPopulation, ...]:
    return tuple(BetterPopulation(name, knowledge.content.populations[name].name) for name in populations)
