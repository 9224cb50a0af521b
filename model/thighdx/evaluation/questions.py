"""How many well-chosen questions reach what all answers of a case say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.engine import Engine
from thighdx.evaluation.judged import ALWAYS, answers_of, only
from thighdx.evaluation.results import Effort, Estimate, Questions
from thighdx.evidence import Evidence
from thighdx.hypothetical import Hypothetical, Outlook
from thighdx.knowledge import Knowledge
from thighdx.rows import Array

BY_GAIN = "by expected information gain"
IN_ORDER = "in the order of the table"


@dataclass(frozen=True)
class _Course:
    """Answers after which the leading cause, and the posterior, stay with those of all answers; from 0."""

    leading: int
    near: int


def information_gain(outlook: Outlook) -> Array:
    """Expected fall of the entropy of the cause by an answer to each finding, bits, (findings,); 0 where answered.

    Mutual information of cause and finding given the answers so far (Lindley 1956).
    """
    now = _entropy(outlook.probability[None, :])[0]
    after = outlook.predictive * _entropy(outlook.probability_if)
    first = [states.start for states in outlook.states]
    return np.asarray(np.add.reduceat(outlook.predictive, first) * now - np.add.reduceat(after, first))


def _entropy(rows: Array) -> Array:
    """Entropy of each row, bits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(-np.where(rows > 0, rows * np.log2(rows), 0.0).sum(axis=1))


def count_questions(
    knowledge: Knowledge, engine: Engine, hypothetical: Hypothetical, cases: Sequence[Evidence], distance: float
) -> Questions:
    """Questions needed by each of `cases` (single cases), greedily by gain and in the table's order."""
    context = np.array([finding.kind == ALWAYS for finding in knowledge.content.findings.values()], dtype=bool)
    given: list[int] = []
    open_: list[int] = []
    by_gain: list[_Course] = []
    in_order: list[_Course] = []
    for case in cases:
        start = only(case, context)
        asked = _answered(case) & ~context
        given.append(int(answers_of(start)[0]))
        open_.append(int(asked.sum()))
        for order, found in ((_greedy(hypothetical, case, context, asked), by_gain), (np.flatnonzero(asked), in_order)):
            found.append(_course(engine, case, context, list(order), distance))
    efforts = tuple(
        Effort(name, _median([one.leading for one in found]), _median([one.near for one in found]))
        for name, found in ((BY_GAIN, by_gain), (IN_ORDER, in_order))
    )
    return Questions(len(cases), distance, _median(given), _median(open_), efforts)


def _answered(case: Evidence) -> NDArray[np.bool_]:
    answered = np.asarray(case.codes[0] > 0)
    answered[case.soft_finding] = True
    return answered


def _greedy(
    hypothetical: Hypothetical, case: Evidence, known: NDArray[np.bool_], asked: NDArray[np.bool_]
) -> Iterator[int]:
    """Findings in the order of asking: each the one with the largest expected gain among those the case answers."""
    known, left = known.copy(), asked.copy()
    while left.any():
        gain = np.where(left, information_gain(hypothetical.outlook(only(case, known))), -np.inf)
        best = int(gain.argmax())
        known[best], left[best] = True, False
        yield best


def _course(engine: Engine, case: Evidence, known: NDArray[np.bool_], order: list[int], distance: float) -> _Course:
    steps = np.tile(known, (len(order) + 1, 1))
    for number, finding in enumerate(order, start=1):
        steps[number:, finding] = True
    path = engine.posterior(_prefixes(case, steps)).probability
    leads = path.argmax(axis=1) == path[-1].argmax()
    near = np.abs(path - path[-1]).sum(axis=1) / 2 <= distance
    return _Course(_settled(leads), _settled(near))


def _prefixes(case: Evidence, steps: NDArray[np.bool_]) -> Evidence:
    """The case with the findings of each row of `steps` known, (steps, findings)."""
    at, cell = np.nonzero(steps[:, case.soft_finding])
    return Evidence(
        np.where(steps, case.codes[0], 0).astype(np.uint8),
        at.astype(np.intp),
        case.soft_finding[cell],
        case.soft_likelihood[cell],
    )


def _settled(true: NDArray[np.bool_]) -> int:
    """The first place from which on it is true to the end."""
    wrong = np.flatnonzero(~true)
    return int(wrong[-1]) + 1 if wrong.size else 0


def _median(counts: Sequence[int]) -> Estimate:
    if not counts:
        return Estimate(None)
    low, middle, high = np.percentile(counts, [25, 50, 75]).tolist()
    return Estimate(middle, low, high)
