"""Expected information gain: how many bits an answer is expected to tell of what one wants to know.

For a finding F and a goal G, a partition of the causes, the gain is the mutual information
I(F; G | e) = H(G | e) - sum_f P(f | e) H(G | e, f) (Lindley 1956, On a measure of the information provided by an
experiment; Shannon 1948).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thighdx.evidence import Evidence
from thighdx.hypothetical import Hypothetical
from thighdx.rows import Array

CHUNK = 64  # further answers worked on at once; 3 MB


@dataclass(frozen=True)
class Gains:
    """uncertainty: H(G | e), bits. first: (findings,), expected gain in bits, 0 for answered findings.

    second: for each state of each open finding, (all states,), the gain of the best question after that answer, and
    then: (all states,), that question's position, -1 where there is none. Both None unless asked for.
    """

    uncertainty: float
    first: Array
    second: Array | None = None
    then: NDArray[np.intp] | None = None


def entropy(probability: Array) -> Array:
    """Shannon entropy over the last axis, in bits."""
    return np.asarray(-_plogp(probability).sum(axis=-1))


def _plogp(p: Array) -> Array:
    return p * np.log2(p, where=p > 0, out=np.zeros_like(p))


def gains(joint: Array, starts: NDArray[np.intp]) -> Array:
    """Expected gain of each finding in bits, (..., findings).

    joint: P(state, goal | e), (..., all states, goals), the states of a finding one after the other from `starts` on;
    0 throughout for findings that have an answer. Never negative; 0 where the goal is certain.
    """
    told = np.add.reduceat(_plogp(joint).sum(axis=-1) - _plogp(joint.sum(axis=-1)), starts, axis=-1)
    # the goal's own distribution is the sum over the states of any open finding
    goal = np.add.reduceat(joint, starts, axis=-2)
    open_ = goal.sum(axis=-1) > 0
    return np.where(open_, np.maximum(told + entropy(goal), 0.0), 0.0)


def goal_joint(probability: Array, predicted: Array, goal: Array) -> Array:
    """P(state, goal | e, the goal's causes), (..., all states, goals).

    predicted: P(state | cause, e), (..., causes, all states). goal: (causes, goals), 1 where the cause is of the goal's
    value; causes of none are set aside, so that what is left sums to 1.
    """
    within = probability[..., None] * goal
    total = within.sum(axis=(-2, -1), keepdims=True)
    share = within / np.where(total > 0, total, 1.0)
    return np.asarray(np.matmul(predicted.swapaxes(-1, -2), share))


def best_second(
    tables: Hypothetical,
    case: Evidence,
    after: Array,
    goal: Array,
    rows: NDArray[np.intp],
    candidates: NDArray[np.bool_],
) -> tuple[Array, NDArray[np.intp]]:
    """For each further answer in `rows`: the gain of the best question that would follow, and its position.

    after: (all states, causes), P(cause | e, state). candidates: (findings,), which may be asked.
    """
    best, then = np.zeros(len(tables.owner)), np.full(len(tables.owner), -1, dtype=np.intp)
    for begin in range(0, len(rows), CHUNK):
        part = rows[begin : begin + CHUNK]
        joint = goal_joint(after[part], tables.predicted_after(case, part), goal)
        found = np.where(candidates, gains(joint, tables.first), -np.inf)
        found[np.arange(len(part)), tables.owner[part]] = -np.inf
        best[part] = np.maximum(found.max(axis=1), 0.0)
        then[part] = np.where(np.isfinite(found.max(axis=1)), found.argmax(axis=1), -1)
    return best, then
