"""Reasons in one sentence each, the same in a terminal and on the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from thighdx.reasoning.goals import Goal
from thighdx.rows import Array
from thighdx.wording import percent

if TYPE_CHECKING:
    from thighdx.reasoning.fit import CauseFit, Disagreement
    from thighdx.reasoning.questions import PossibleAnswer

MOST_NAMED = 3  # answers named in one sentence
CHANGES_NOTHING = "Its answer would change nothing that is asked here."


def why_ask(goal: Goal, now: Array, joint: Array, answers: Sequence[PossibleAnswer]) -> str:
    """What the answers to a question would do to the value of the goal that they move most.

    now: (values,). joint: P(state, value | e), (states, values).
    """
    shift = joint - joint.sum(axis=1, keepdims=True) * now
    moved = 0 if goal.one_sided else int(np.abs(shift).sum(axis=0).argmax())
    if np.abs(shift[:, moved]).max() < 1e-12:
        return CHANGES_NOTHING
    up, down = int(shift[:, moved].argmax()), int(shift[:, moved].argmin())
    value = goal.values[moved]
    return (
        f"Speaks most to {goal.names[moved]}, now {percent(float(now[moved]))}: "
        f'"{answers[up].label}" would make it {percent(answers[up].goal[value])}, '
        f'"{answers[down].label}" {percent(answers[down].goal[value])}.'
    )


def fit_warning(by_cause: Sequence[CauseFit], disagreements: Sequence[Disagreement]) -> str:
    """Said where the answers are unusual for every cause that is likely."""
    best = max(by_cause, key=lambda one: one.tail.probability)
    odd = [f"{one.question} {one.label}" for one in disagreements if one.disagrees][:MOST_NAMED]
    standing = f" Most at odds with the rest: {'; '.join(odd)}." if odd else ""
    return (
        f"No listed cause explains this case well: of people with {best.name}, which explains it best, "
        f"{percent(best.tail.probability)} have answers as unusual as these. Check the answers; think of a cause that is "
        f"not listed, or of two at once.{standing}"
    )
