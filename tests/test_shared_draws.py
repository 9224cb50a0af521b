"""Populations share the findings drawn: what they share never changes what any of them says."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_few_findings_of_other_mixes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was let go is drawn again, the same."""
    first = load_knowledge()
    case = read_case(first, {"age_group": "60_plus", "sex": "male", "onset": "sudden"}).evidence
    draws._shared.cache_clear()
    draws._draws.cache_clear()
    whole = {name: get_draws(first, name, COUNT).posterior(case).probability for name in first.populations}
    monkeypatch.setattr(draws, "MOST_KEPT", 1)
    draws._shared.cache_clear()
    draws._draws.cache_clear()
    for name in [*first.populations, *first.populations]:
        drawn = get_draws(first, name, COUNT)
        np.testing.assert_array_equal(drawn.posterior(case).probability, whole[name])
        assert len([key for key in drawn._logs._found if len(key) > 1]) <= 1
    assert ("onset",) in drawn._logs  # one of each finding stays
