"""Every next answer, and many sets of tables, against the engine asked for each of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.oracle import Likelihoods, random_cases, random_likelihoods, random_tables, to_evidence
from thighdx import load_knowledge
from thighdx.engine import Engine
from thighdx.hypothetical import Hypothetical, posterior_draws, stacked
from thighdx.tables import Tables, build_tables


@cache
def shipped(population: str = "uniform") -> Tables:
    return build_tables(load_knowledge(), population)


def check_outlook(tables: Tables, answers: Likelihoods) -> None:
    """P(cause | e); for each state of each open finding P(state | e) = P(e, state) / P(e) and P(cause | e, state)."""
    engine, told = Engine(tables), to_evidence(tables, [answers])
    now, found = engine.posterior(told), Hypothetical(tables).outlook(told)
    np.testing.assert_allclose(found.probability, now.probability[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.log_evidence, now.log_evidence[0], rtol=1e-12, atol=1e-12)
    expected, expected_if = np.zeros_like(found.predictive), np.zeros_like(found.probability_if)
    for finding, vector in enumerate(answers):
        if min(vector) < 1:
            continue
        states = found.states[finding]
        then = [[*answers[:finding], unit.tolist(), *answers[finding + 1 :]] for unit in np.eye(len(vector))]
        after = engine.posterior(to_evidence(tables, then))
        if now.possible[0]:
            expected[states] = np.exp(after.log_evidence - now.log_evidence[0])
        expected_if[states] = after.probability
    np.testing.assert_allclose(found.predictive, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.probability_if, expected_if, rtol=0, atol=1e-11)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(25))
def test_the_outlook_of_small_random_networks(seed: int, zeros: bool) -> None:
    rng = np.random.default_rng([seed, zeros])
    tables = random_tables(rng, zeros=zeros)
    check_outlook(tables, random_likelihoods(rng, tables))


@pytest.mark.parametrize("answers", [1, 10, 40, 83, 84])
def test_the_outlook_of_the_shipped_network(answers: int) -> None:
    check_outlook(shipped(), random_cases(np.random.default_rng(answers), shipped(), 1, answers=answers)[0])


def test_the_outlook_before_any_answer() -> None:
    """The predictive is the share of each state over all cases, and one sums to 1 over a finding's states."""
    nothing = [[1.0] * len(finding.states) for finding in shipped().findings]
    check_outlook(shipped(), nothing)
    found = Hypothetical(shipped()).outlook(to_evidence(shipped(), [nothing]))
    for finding, states in zip(shipped().findings, found.states, strict=True):
        np.testing.assert_allclose(found.predictive[states], shipped().prior @ finding.rows, rtol=0, atol=1e-12)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_draws_of_small_random_networks(seed: int, zeros: bool) -> None:
    """Tables of one structure: the prior and the levels' rows differ from draw to draw."""
    rng = np.random.default_rng([seed, zeros])
    first = random_tables(rng, zeros=zeros)
    draws = [first]
    for _ in range(4):
        weights = first.prior * rng.gamma(2.0, size=first.prior.shape)
        draws.append(Tables(first.causes, weights / weights.sum(), first.mechanisms, first.findings))
    check_draws(draws, random_likelihoods(rng, first))


def test_draws_of_the_shipped_network() -> None:
    """Three populations differ in base rates and in the rows of age, sex and earlier injury."""
    draws = [
        shipped(name) for name in ("uniform", "distance_runners", "footballers") if name in load_knowledge().populations
    ]
    assert len(draws) > 1
    for answers in random_cases(np.random.default_rng(0), draws[0], 5):
        check_draws(draws, answers)


def check_draws(draws: list[Tables], answers: Likelihoods) -> None:
    told = to_evidence(draws[0], [answers])
    for given in (draws, stacked(draws)):
        found = posterior_draws(given, told)
        for number, tables in enumerate(draws):
            expected = Engine(tables).posterior(told)
            assert found.possible[number] == expected.possible[0]
            np.testing.assert_allclose(found.probability[number], expected.probability[0], rtol=0, atol=1e-12)
            np.testing.assert_allclose(found.log_evidence[number], expected.log_evidence[0], rtol=1e-12, atol=1e-12)
