"""The margin-preserving tilt: the margin to 1e-12, the template's shape, a refusal where there is no solution."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from thighdx.rows import floored
from thighdx.tilt import TiltError, tilt

Array = NDArray[np.float64]
Problems = tuple[Array, Array, Array]  # template (n, levels, states), P(level) (n, levels), margin (n, states)

FLOOR = 0.001
SHAPES = [(levels, states) for levels in (2, 3, 4) for states in (2, 3, 5, 7)]
seeds = st.integers(0, 2**32 - 1)


def problems(
    rng: np.random.Generator, count: int, shape: tuple[int, int], *, steep: float = 1.0, spread: str = "even"
) -> Problems:
    """Random problems; the odds of a template's states differ by exp(normal * `steep`) between levels.

    `spread` of P(level): `even`, `zeros` (some levels impossible, at times all but one) or `near` (all but one nearly
    so). About half of the margins have states at the floor.
    """
    levels, states = shape
    template = np.exp(rng.normal(0, steep, (count, levels, states)))
    template /= template.sum(axis=-1, keepdims=True)
    weights = rng.dirichlet(np.full(levels, 0.03 if spread == "near" else 1.0), count)
    if spread == "zeros":
        weights[(rng.random(weights.shape) < 0.5) & (weights < weights.max(axis=1, keepdims=True))] = 0
    weights = np.maximum(weights, 1e-300 if spread == "near" else 0)
    even, uneven = rng.dirichlet(np.ones(states), count), rng.dirichlet(np.full(states, 0.05), count)
    margin = np.where(rng.random((count, 1)) < 0.5, even, uneven)
    return template, weights / weights.sum(axis=1, keepdims=True), floored(margin, FLOOR)


def margins(levels: Array, conditional: Array) -> Array:
    """sum_m P(m) P(s | m), as in the definition."""
    return np.array(
        [sum(p * row for p, row in zip(*one, strict=True)) for one in zip(levels, conditional, strict=True)]
    )


@pytest.mark.parametrize("spread", ["even", "zeros", "near"])
@pytest.mark.parametrize("steep", [0.1, 1.0, 3.0, 6.0])
def test_every_margin_is_met(steep: float, spread: str) -> None:
    """1200 problems a setting, templates from nearly flat to 1 : 10^7, margins down to the floor: met to 1e-12."""
    rng = np.random.default_rng(3)
    for shape in SHAPES:
        template, levels, margin = problems(rng, 100, shape, steep=steep, spread=spread)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            conditional = tilt(template, levels, margin)
        np.testing.assert_allclose(margins(levels, conditional), margin, rtol=0, atol=1e-12)
        np.testing.assert_allclose(conditional.sum(axis=-1), 1, rtol=0, atol=1e-14)
        assert (conditional > 0).all()


@given(seed=seeds, shape=st.sampled_from(SHAPES))
def test_the_odds_ratios_are_the_templates(seed: int, shape: tuple[int, int]) -> None:
    """Between any two levels and any two states the odds ratio stays: log P - log T = level's term + state's."""
    template, levels, margin = problems(np.random.default_rng(seed), 4, shape)
    change = np.log(tilt(template, levels, margin)) - np.log(template)
    crossed = change - change[:, :1, :] - change[:, :, :1] + change[:, :1, :1]
    np.testing.assert_allclose(crossed, 0, atol=1e-9)


@given(seed=seeds, shape=st.sampled_from(SHAPES))
def test_a_flat_template_leaves_the_row_at_every_level(seed: int, shape: tuple[int, int]) -> None:
    """Whatever row the flat template repeats, the finding does not depend on the level."""
    template, levels, margin = problems(np.random.default_rng(seed), 4, shape)
    flat = np.repeat(template[:, :1, :], shape[0], axis=1)
    expected = np.repeat(margin[:, None, :], shape[0], axis=1)
    np.testing.assert_allclose(tilt(flat, levels, margin), expected, rtol=0, atol=1e-12)


@given(seed=seeds, shape=st.sampled_from(SHAPES))
def test_a_template_with_the_margin_already_is_left_alone(seed: int, shape: tuple[int, int]) -> None:
    template, levels, _ = problems(np.random.default_rng(seed), 4, shape)
    np.testing.assert_allclose(tilt(template, levels, margins(levels, template)), template, rtol=0, atol=1e-11)


@given(seed=seeds, shape=st.sampled_from(SHAPES))
def test_only_the_shape_of_a_template_counts(seed: int, shape: tuple[int, int]) -> None:
    """A template whose states are rescaled alike at all levels gives the same table."""
    rng = np.random.default_rng(seed)
    template, levels, margin = problems(rng, 4, shape)
    rescaled = template * rng.uniform(0.1, 10, (4, 1, shape[1]))
    rescaled /= rescaled.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(tilt(rescaled, levels, margin), tilt(template, levels, margin), rtol=0, atol=1e-10)


@given(seed=seeds)
def test_two_states_meet_the_margin_where_bisection_does(seed: int) -> None:
    """With two states there is one unknown and the margin rises with it: the tilt is what bisection finds."""
    template, levels, margin = problems(np.random.default_rng(seed), 1, (3, 2))
    odds = template[0, :, 1] / template[0, :, 0]
    low, high = -60.0, 60.0
    for _ in range(200):
        middle = (low + high) / 2
        positive = odds * np.exp(middle) / (1 + odds * np.exp(middle))
        low, high = (middle, high) if levels[0] @ positive < margin[0, 1] else (low, middle)
    np.testing.assert_allclose(tilt(template, levels, margin)[0, :, 1], positive, rtol=0, atol=1e-10)


@given(seed=seeds, count=st.integers(2, 6))
def test_problems_solved_together_do_not_touch_each_other(seed: int, count: int) -> None:
    template, levels, margin = problems(np.random.default_rng(seed), count, (3, 4), steep=2.0)
    together = tilt(template, levels, margin)
    alone = [tilt(template[one : one + 1], levels[one : one + 1], margin[one : one + 1])[0] for one in range(count)]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-11)


@given(seed=seeds, shape=st.sampled_from(SHAPES))
def test_findings_that_rise_with_the_level_are_positive_together_more_often(seed: int, shape: tuple[int, int]) -> None:
    """Two templates whose odds of a higher state rise with the level: every pair of upper sets is likelier together."""
    rng = np.random.default_rng(seed)
    ranks = np.arange(shape[0])[:, None] * np.arange(shape[1])[None, :]
    tables = []
    _, levels, margin = problems(rng, 2, shape)
    for one in range(2):
        template = np.exp(rng.uniform(0.1, 1.5) * ranks + rng.normal(0, 1, shape[1]))
        template /= template.sum(axis=-1, keepdims=True)
        tables.append(tilt(template[None], levels[:1], margin[one : one + 1])[0])
    uppers = [table[:, ::-1].cumsum(axis=1)[:, :-1] for table in tables]  # P(state >= s | level), s above the first
    together = np.einsum("l,la,lb->ab", levels[0], *uppers)
    apart = np.outer(levels[0] @ uppers[0], levels[0] @ uppers[1])
    assert (together >= apart - 1e-12).all()
    for low, high in pairwise(uppers[0]):
        assert (high >= low - 1e-12).all()


def well_posed() -> Problems:
    return problems(np.random.default_rng(0), 3, (3, 3))


@pytest.mark.parametrize("broken", [0.0, -0.1, np.nan])
@pytest.mark.parametrize("part", [0, 2], ids=["template", "margin"])
def test_a_state_of_no_probability_is_refused(part: int, broken: float) -> None:
    """A template or a margin with a zero has no tilt: said, never NaN, and no warning on the way."""
    parts = well_posed()
    parts[part][(1,) * parts[part].ndim] = broken
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TiltError, match="template" if part == 0 else "margin"):
            tilt(*parts)


@pytest.mark.parametrize("part", [1, 2], ids=["levels", "margin"])
def test_rows_that_do_not_sum_to_one_are_refused(part: int) -> None:
    parts = well_posed()
    parts[part][1] *= 0.9
    with pytest.raises(TiltError, match="sum to 1"):
        tilt(*parts)


def test_a_negative_level_is_refused() -> None:
    template, levels, margin = well_posed()
    levels[1] = [1.2, -0.4, 0.2]
    with pytest.raises(TiltError, match="level"):
        tilt(template, levels, margin)


def test_no_problems_are_no_tables() -> None:
    assert tilt(np.ones((0, 3, 2)), np.ones((0, 3)), np.ones((0, 2))).shape == (0, 3, 2)
