"""Probability rows as arrays: completed, floored, and made from ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from thighdx.schema import RatioRow, Row

Array = NDArray[np.float64]

SUM_TOLERANCE = 1e-9  # decimals written by hand add up to one only so far


def complete(p: Mapping[str, float], states: Sequence[str], background: Array | None = None) -> Array:
    """The whole row of a partly stated one: the states left out share the rest.

    They share it in proportion to `background` (..., states), or equally where there is none (or it is zero there).
    Returns float64, (states,) or as the background, sum 1 for stated shares within `SUM_TOLERANCE` of a valid row.
    """
    stated = np.array([p.get(state, 0.0) for state in states], dtype=np.float64)
    left = np.array([state not in p for state in states])
    return _shared(stated, left, np.ones(len(states)) if background is None else background)


def _shared(stated: Array, left: NDArray[np.bool_], background: Array) -> Array:
    """The stated probabilities, and what they leave shared by the `left` states in proportion to the background."""
    row = stated
    if left.any():
        rest = np.maximum(0.0, 1.0 - stated.sum(axis=-1, keepdims=True))
        share = np.where(left, background, 0.0)
        share = np.where(share.sum(axis=-1, keepdims=True) == 0, left.astype(np.float64), share)
        row = stated + rest * share / share.sum(axis=-1, keepdims=True)
    row = np.broadcast_to(row, np.broadcast_shapes(row.shape, background.shape))
    return np.asarray(row / row.sum(axis=-1, keepdims=True))


def floored(row: Array, floor: float) -> Array:
    """The row with no state below `floor`, the other states scaled so that it sums to one.

    Shape (..., states) in and out; `floor` times the number of states is below one.
    """
    low = np.zeros(row.shape, dtype=bool)
    for _ in range(row.shape[-1]):
        kept = np.where(low, 0.0, row)
        free = 1.0 - floor * low.sum(axis=-1, keepdims=True)
        scaled = np.where(low, floor, kept * free / kept.sum(axis=-1, keepdims=True))
        lower = low | (scaled < floor)
        if (lower == low).all():
            break
        low = lower
    return scaled


def from_ratio(row: RatioRow, states: Sequence[str], background: Array) -> Array:
    """P(state | cause) from ratios to the background.

    Risk ratios, and odds ratios as their rare-disease approximation: P(x | c) in proportion to background(x) ratio(x),
    states left out having ratio 1. Likelihood ratios: P(x | c) = LR P(x | other causes) for the states named, the
    others sharing the rest; the result may pass one, see `ratio_fault`. Shape (..., states), as the background.
    """
    weighted = background * np.array([row.ratio.get(state, 1.0) for state in states])
    if row.ratio_kind == "likelihood_ratio":
        left = np.array([state not in row.ratio for state in states])
        return _shared(np.where(left, 0.0, weighted), left, background)
    return np.asarray(weighted / weighted.sum(axis=-1, keepdims=True))


def ratio_fault(row: RatioRow, states: Sequence[str], background: Array) -> str | None:
    """What is wrong with a likelihood ratio: the probabilities it asks for pass one."""
    if row.ratio_kind != "likelihood_ratio":
        return None
    asked = sum(float(background[states.index(state)]) * ratio for state, ratio in row.ratio.items())
    if asked > 1 + SUM_TOLERANCE or (len(row.ratio) == len(states) and abs(asked - 1) > SUM_TOLERANCE):
        return f"likelihood ratios times the background give {asked:.4g}; accepted: at most 1, and 1 for all states"
    return None


def cause_row(row: Row | RatioRow | None, states: Sequence[str], background: Array) -> Array:
    """P(state | cause) of one cause: its own row or ratio, or the background; (..., states), as the background."""
    if row is None:
        return background
    if isinstance(row, RatioRow):
        return from_ratio(row, states, background)
    return complete(row.p, states, background)


def believed(row: Row, states: Sequence[str], state: str) -> tuple[float, float] | None:
    """The lowest and highest that readings of an estimate gave a state; of two states each says what the other is."""
    if state in row.believed:
        return row.believed[state]
    others = [one for one in states if one != state]
    if len(others) == 1 and others[0] in row.believed:
        low, high = row.believed[others[0]]
        return 1 - high, 1 - low
    return None


def increasing(numbers: Sequence[float]) -> bool:
    """Whether each number is larger than the one before it."""
    return all(low < high for low, high in pairwise(numbers))
