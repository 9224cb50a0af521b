"""Robust Bayes against every corner of the set of priors, on boxes small enough to walk through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.handmade import put, shipped, small_priors
from thighdx import Knowledge, base_rate_bounds, diagnose
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.reasoning.bounds import group_bounds, posterior_bounds
from thighdx.reasoning.shares import BaseRates, ShareBox

Array = NDArray[np.float64]


def random_box(rng: np.random.Generator, size: int, kind: str) -> ShareBox:
    """A box with intervals on no, some or all of its shares; kind `wide` may leave nothing to the rest."""
    point = rng.dirichlet(np.ones(size))
    bounded = {"none": np.zeros(size, bool), "all": np.ones(size, bool)}.get(kind, rng.random(size) < 0.6)
    if kind == "some" and bounded.all():
        bounded[0] = False
    low = np.where(bounded, point * rng.random(size), point)
    high = np.where(bounded, point + (1 - point) * rng.random(size), point)
    return ShareBox(tuple(f"n{i}" for i in range(size)), point, low, high, bounded, 4.0, False)


def corners(box: ShareBox) -> Iterator[Array]:
    """Every corner: all variables but one at an end, what is left to that one. The rest is a variable of its own."""
    if not box.bounded.any():
        yield box.point
        return
    names = np.flatnonzero(box.bounded)
    has_rest = not box.bounded.all()
    low = [*box.low[names], *([0.0] if has_rest else [])]
    high = [*box.high[names], *([1.0] if has_rest else [])]
    for free in range(len(low)):
        ends = [[(low[i], high[i]) if i != free else (0.0,)][0] for i in range(len(low))]
        for choice in product(*ends):
            left = 1 - sum(choice)
            if low[free] - 1e-12 <= left <= high[free] + 1e-12:
                at = np.array(choice)
                at[free] = left
                share = box.rest * (at[-1] if has_rest else 0.0)
                share[names] = at[: len(names)]
                yield share


def random_rates(rng: np.random.Generator) -> BaseRates:
    kinds = ("none", "some", "all")
    if rng.random() < 0.25:
        size = int(rng.integers(2, 5))
        return BaseRates(None, (random_box(rng, size, str(rng.choice(kinds))),), (np.arange(size),))
    sizes = rng.integers(1, 4, size=int(rng.integers(2, 4))).tolist()
    starts = np.cumsum([0, *sizes])
    members = tuple(np.arange(start, start + size) for start, size in zip(starts, sizes, strict=False))
    within = tuple(random_box(rng, size, str(rng.choice(kinds)) if size > 1 else "none") for size in sizes)
    return BaseRates(random_box(rng, len(sizes), str(rng.choice(kinds))), within, members)


def every_corner(rates: BaseRates, likelihood: Array) -> Array:
    """The posterior of each cause at every corner of every box, (corners, causes)."""
    found = []
    for shares in product(*(list(corners(box)) for _, box in rates.boxes)):
        joint = rates.prior(shares) * likelihood
        if joint.sum() > 0:
            found.append(joint / joint.sum())
    return np.array(found)


@pytest.mark.parametrize("seed", range(60))
def test_bounds_are_the_least_and_the_largest_over_all_corners(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates = random_rates(rng)
    causes = sum(map(len, rates.members))
    likelihood = 10.0 ** rng.uniform(-6, 0, causes)
    found, origins = posterior_bounds(rates, likelihood)
    corner = every_corner(rates, likelihood)
    np.testing.assert_allclose(found[:, 0], corner.min(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[:, 1], corner.max(axis=0), rtol=1e-9, atol=1e-12)
    assert (origins is None) == (rates.origins is None)
    if origins is None:
        groups = (rng.random((3, causes)) < 0.5).astype(float)
        ends = group_bounds(rates.within[0], likelihood, groups)
        np.testing.assert_allclose(ends[:, 0], (corner @ groups.T).min(axis=0), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(ends[:, 1], (corner @ groups.T).max(axis=0), rtol=1e-9, atol=1e-12)
    if origins is not None:
        by_origin = np.stack([corner[:, members].sum(axis=1) for members in rates.members], axis=1)
        np.testing.assert_allclose(origins[:, 0], by_origin.min(axis=0), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(origins[:, 1], by_origin.max(axis=0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_no_prior_of_the_set_passes_the_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates = random_rates(rng)
    likelihood = rng.random(sum(map(len, rates.members)))
    found, _ = posterior_bounds(rates, likelihood)
    priors = rates.prior(
        [box.draw(rng, 400) if box.bounded.any() else np.tile(box.point, (400, 1)) for _, box in rates.boxes]
    )
    joint = priors * likelihood
    posterior = joint / joint.sum(axis=1, keepdims=True)
    assert (posterior >= found[:, 0] - 1e-9).all()
    assert (posterior <= found[:, 1] + 1e-9).all()


CASE = {"worse_sitting": "yes", "pain_site": "sit_bone|buttock", "duration": "months@0.7"}


@pytest.mark.parametrize("population", ["distance_runners", "adolescents", "over_60s"])
@pytest.mark.parametrize("case", [{}, CASE])
def test_bounds_hold_the_diagnosis(population: str, case: dict[str, str]) -> None:
    found, told = (
        base_rate_bounds(case, knowledge=shipped(), population=population),
        diagnose(case, population=population),
    )
    assert found.is_open
    for bounds, shares in ((found.causes, told.causes), (found.origins, told.origins)):
        assert [(one.id, one.probability) for one in bounds] == [(one.id, one.probability) for one in shares]
        assert all(0 <= one.low <= one.probability <= one.high <= 1 for one in bounds)
        assert all(one.low < one.high for one in bounds)


def test_bounds_of_the_default_split_are_those_of_its_two_ends() -> None:
    """With the shares within the origins fixed, 25 and 29 % are the corners."""
    overlay = {
        "populations": {
            "distance_runners": {
                "within": {
                    origin: {"p": dict(row.p), "weight": row.weight, "estimate": "fixed", "interval": {}}
                    for origin, row in shipped().content.populations["distance_runners"].within.items()
                }
            }
        }
    }
    fixed = shipped().with_overlay(overlay)
    found = base_rate_bounds(CASE, knowledge=fixed)
    ends = [
        diagnose(
            CASE,
            knowledge=fixed.with_origins(
                "distance_runners",
                {
                    "hamstring_irritation": middle,
                    "non_hamstring": (1 - middle) * 70 / 71,
                    "acute_hamstring": (1 - middle) / 71,
                },
            ),
        )
        for middle in (0.25, 0.29)
    ]
    for one in found.causes:
        at = sorted(end.probability(one.id) for end in ends)
        assert one.low == pytest.approx(at[0], abs=1e-12)
        assert one.high == pytest.approx(at[1], abs=1e-12)


def test_without_intervals_the_bound_is_the_point_and_it_is_said(knowledge: Knowledge) -> None:
    found = base_rate_bounds({"bruise": "yes"}, knowledge=knowledge, population="alike")
    assert not found.is_open
    assert "no intervals" in found.note
    for one in (*found.causes, *found.origins):
        assert one.low == one.high == one.probability


def test_an_origin_that_may_have_no_share_goes_down_to_zero() -> None:
    priors = small_priors()
    put(priors, "populations.clinic.origins.interval", {"muscle": [0.0, 1.0]})
    found = base_rate_bounds({"bruise": "yes"}, knowledge=build(document_of(priors, "small")))
    assert [(one.low, one.high) for one in found.origins] == [(0, 1), (0, 1)]
    by_cause = {one.id: one for one in found.causes}
    assert by_cause["tear"].low == 0
    assert by_cause["root"].high == 1


def test_shares_of_causes_outright_may_have_intervals_too() -> None:
    priors = small_priors()
    put(priors, "populations.alike.causes.interval", {"tear": [0.2, 0.5]})
    knowledge = build(document_of(priors, "small"))
    found = base_rate_bounds({}, knowledge=knowledge, population="alike")
    by_id = {one.id: (one.low, one.high) for one in (*found.causes, *found.origins)}
    assert by_id["tear"] == pytest.approx((0.2, 0.5))
    assert by_id["ache"] == by_id["root"] == by_id["nerve"] == pytest.approx((0.25, 0.4))
    assert by_id["muscle"] == pytest.approx((0.6, 0.75))
