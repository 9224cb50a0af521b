"""Populations share the findings drawn: what they share never changes what any of them says."""

from __future__ import annotations

import numpy as np

from thighdx import load_knowledge
from thighdx.cases import read_case
from thighdx.reasoning import draws
from thighdx.reasoning.draws import get_draws

COUNT = 40


def test_draws_shared_are_the_draws_made_alone() -> None:
    """With a finding whose mix of people differs between populations, and one that all have alike."""
    first = load_knowledge()
    second = first.with_origins("distance_runners", {"acute_hamstring": 0.5})
    case = read_case(first, {"age_group": "60_plus", "onset": "sudden"}).evidence
    asked = [(first, "distance_runners"), (first, "over_60s"), (first, "uniform"), (second, "distance_runners")]
    drawn = [get_draws(knowledge, population, COUNT) for knowledge, population in asked]
    assert not drawn[0].is_ready(case)
    together = [one.posterior(case).probability for one in drawn]
    assert all(one.is_ready(case) for one in drawn)
    for (knowledge, population), shared in zip(asked, together, strict=True):
        draws._shared.cache_clear()
        draws._draws.cache_clear()
        np.testing.assert_array_equal(get_draws(knowledge, population, COUNT).posterior(case).probability, shared)
