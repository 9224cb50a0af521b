"""Simulation-based calibration of learning (Talts et al. 2018), and what is said of causes that data cannot tell.

Numbers are drawn from the prior, cases from the numbers, and the numbers learnt back as draws from their posterior: the
rank of each true number among its draws is then uniform. Ranks are put into 8 bins and held against chi-square with 7
degrees of freedom at 0.999: a right learner fails by chance once in a thousand seeds for each of the numbers tested,
and the seeds here are fixed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.handmade import shipped
from tests.oracle import draw_cases, random_tables
from thighdx.engine import Engine
from thighdx.evidence import evidence
from thighdx.learning import draw_base_rates, learn, learn_base_rates
from thighdx.learning.answers import learn_rows
from thighdx.learning.sureness import FALL, TOLD, profile_interval, sureness_of, warnings_of
from thighdx.rows import Array
from thighdx.simulate import simulate

RUNS, BINS, DRAWS = 320, 8, 63  # 63 draws give 64 ranks, 8 to a bin
CHI_SQUARE = 24.32  # 0.999 quantile, 7 degrees of freedom
BEFORE, WEIGHT = np.array([0.4, 0.3, 0.2, 0.1]), 12.0

Learner = Callable[[Array, Array, np.random.Generator], Array]  # counts, likelihood -> draws


def by_gibbs(counts: Array, likelihood: Array, rng: np.random.Generator) -> Array:
    """The learner's draws, thinned to be as good as independent."""
    drawn = draw_base_rates(BEFORE, WEIGHT, counts, likelihood, rng=rng, draws=DRAWS * 8, warm_up=100)
    return drawn[::8]


def unlabelled_counted_as_labelled(counts: Array, likelihood: Array, rng: np.random.Generator) -> Array:
    """Broken: each case of unknown cause counted for its likeliest cause as if it were known."""
    taken = np.bincount((likelihood * BEFORE).argmax(axis=1), minlength=len(BEFORE))
    return draw_base_rates(BEFORE, WEIGHT, counts + taken, likelihood[:0], rng=rng, draws=DRAWS)


def too_sure(counts: Array, likelihood: Array, rng: np.random.Generator) -> Array:
    """Broken: the point estimate of EM as if its shares were cases seen, so that overlap is no doubt."""
    found = learn_base_rates(BEFORE, WEIGHT, counts, likelihood)
    return draw_base_rates(found.after, WEIGHT + found.expected.sum(), 0 * counts, likelihood[:0], rng=rng, draws=DRAWS)


def chi_squares(learner: Learner, labelled: int, unlabelled: int) -> Array:
    """Of the ranks of each base rate, (causes,)."""
    rng = np.random.default_rng(20)
    tables = random_tables(rng, causes=(4, 4), findings=(3, 3), mechanisms=(1, 1), largest_joint=100_000)
    engine = Engine(tables)
    ranks = np.empty((RUNS, len(BEFORE)), dtype=np.intp)
    for run in range(RUNS):
        true = rng.dirichlet(WEIGHT * BEFORE)
        drawn = draw_cases(
            type(tables)(tables.causes, true, tables.mechanisms, tables.findings), rng, labelled + unlabelled
        )
        told = evidence((drawn.state + 1).astype(np.uint8), most_states=tables.most_states)
        likelihood = np.exp(engine.log_likelihood(told))[labelled:]
        counts = np.bincount(drawn.cause[:labelled], minlength=len(BEFORE)).astype(np.float64)
        ranks[run] = (learner(counts, likelihood, rng) < true).sum(axis=0)
    return chi_square(ranks)


def chi_square(ranks: np.ndarray) -> Array:
    expected = len(ranks) / BINS
    bins = ranks * BINS // (DRAWS + 1)
    counts = np.stack([(bins == one).sum(axis=0) for one in range(BINS)])
    return np.asarray(((counts - expected) ** 2 / expected).sum(axis=0))


@pytest.mark.parametrize(("labelled", "unlabelled"), [(20, 0), (0, 40), (15, 30)])
def test_base_rates_are_calibrated(labelled: int, unlabelled: int) -> None:
    assert (chi_squares(by_gibbs, labelled, unlabelled) < CHI_SQUARE).all()


@pytest.mark.parametrize("broken", [unlabelled_counted_as_labelled, too_sure])
def test_a_broken_learner_of_base_rates_fails(broken: Learner) -> None:
    assert (chi_squares(broken, 0, 40) > CHI_SQUARE).any()


@pytest.mark.parametrize(("counted", "calibrated"), [(1, True), (2, False)])
def test_rows_are_calibrated_and_fail_where_each_case_counts_twice(counted: int, *, calibrated: bool) -> None:
    """The posterior of a row is Dirichlet with its `after` as mean and weight + answers pseudo-cases."""
    rng, before, weight = np.random.default_rng(21), np.array([[0.6, 0.3, 0.1]]), np.array([10.0])
    likelihood = np.vstack([np.ones(3), np.eye(3)])
    ranks = np.empty((RUNS, 3), dtype=np.intp)
    for run in range(RUNS):
        true = rng.dirichlet(weight[0] * before[0])
        seen = np.concatenate([[0], counted * rng.multinomial(25, true)]).astype(np.float64)[None]
        found = learn_rows(before, weight, seen, likelihood, 1e-9)
        draws = rng.dirichlet((weight[0] + found.sure[0]) * found.rows[0], size=DRAWS)
        ranks[run] = (draws < true).sum(axis=0)
    assert (chi_square(ranks) < CHI_SQUARE).all() == calibrated


# --------------------------------------------------------------------------------------------- what cannot be told


def test_intervals_hold_rare_causes_as_often_as_they_say() -> None:
    """Base rates drawn from the prior, one cause rare and hardly told from another: its interval holds the truth."""
    rng, weight, before = np.random.default_rng(22), 6.0, np.array([0.55, 0.4, 0.05])
    given = np.array([[0.8, 0.2], [0.3, 0.7], [0.35, 0.65]])
    inside = []
    for _ in range(200):
        true = rng.dirichlet(weight * before)
        cause = rng.choice(3, p=true, size=60)
        likelihood = given[:, (rng.random(60) < given[cause, 1]).astype(int)].T
        sure = sureness_of(learn_base_rates(before, weight, np.zeros(3), likelihood), np.zeros(3), likelihood)
        inside.append((sure.low <= true) & (true <= sure.high))
    assert 0.90 <= np.mean(inside) <= 0.99
    assert np.mean(inside, axis=0).min() >= 0.88


def test_causes_with_the_same_answers_are_named() -> None:
    """Two causes with one likelihood: no number of cases tells them apart, and each is said to mix with the other."""
    rng = np.random.default_rng(23)
    likelihood = rng.gamma(0.3, size=(3000, 3)) + 1e-9
    likelihood = likelihood[:, [0, 1, 1]]
    rates = learn_base_rates(np.array([0.5, 0.3, 0.2]), 10.0, np.zeros(3), likelihood)
    sure = sureness_of(rates, np.zeros(3), likelihood)
    assert sure.mixed_with[1] == 2
    assert sure.mixed_with[2] == 1
    assert sure.told[0] > 0.8 > TOLD > sure.told[2]
    said = " ".join(warnings_of(("a", "b", "c"), rates, sure))
    assert "could not tell" in said
    assert "c (" in said
    assert "mixed with b" in said
    assert "a (" not in said


def test_labelled_cases_are_told_apart_and_nothing_is_warned_of() -> None:
    counts, none = np.array([30.0, 5.0, 0.0]), np.zeros((0, 3))
    rates = learn_base_rates(np.array([0.5, 0.3, 0.2]), 10.0, counts, none)
    sure = sureness_of(rates, counts, none)
    assert sure.told[:2].tolist() == [1, 1]
    assert np.isnan(sure.told[2])
    assert sure.mixed_with.tolist() == [-1, -1, -1]
    assert not warnings_of(("a", "b", "c"), rates, sure)


def test_intervals_are_where_the_profile_has_fallen() -> None:
    """At each end no choice of the other base rates brings the log posterior nearer than 1.92 to its maximum."""
    from scipy.optimize import brentq, minimize

    rng = np.random.default_rng(24)
    likelihood, counts, before = rng.gamma(0.5, size=(80, 3)) + 1e-6, np.array([4.0, 0.0, 1.0]), np.full(3, 1 / 3)
    rates = learn_base_rates(before, 3.0, counts, likelihood)
    known = 3 * before + counts

    def profile(cause: int, value: float) -> float:
        def minus(free: Array) -> float:
            share = 1 / (1 + np.exp(-free[0]))
            all_ = np.insert((1 - value) * np.array([share, 1 - share]), cause, value)
            return -float((known * np.log(all_)).sum() + np.log(likelihood @ all_).sum())

        return -float(minimize(minus, [0.0], tol=1e-12).fun)

    top = float((known * np.log(rates.after)).sum() + np.log(likelihood @ rates.after).sum())
    low, high = profile_interval(rates.after, known, likelihood)
    for cause in range(3):
        ends = [
            brentq(lambda value, cause=cause: profile(cause, value) - top + FALL, *bracket)
            for bracket in ((1e-6, rates.after[cause]), (rates.after[cause], 1 - 1e-6))
        ]
        np.testing.assert_allclose([low[cause], high[cause]], ends, atol=2e-3)


def test_intervals_of_very_many_cases_are_found_from_a_part_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """As wide as those of all, up to what the part is by chance."""
    rng = np.random.default_rng(25)
    likelihood, none = rng.gamma(0.3, size=(12_000, 4)) + 1e-6, np.zeros(4)
    rates = learn_base_rates(BEFORE, WEIGHT, none, likelihood)
    whole = sureness_of(rates, none, likelihood)
    monkeypatch.setattr("thighdx.learning.sureness.MOST_CASES", 4_000)
    part = sureness_of(rates, none, likelihood)
    np.testing.assert_allclose(part.high - part.low, whole.high - whole.low, rtol=0.15)
    assert ((part.low < rates.after) & (rates.after < part.high)).all()


def test_a_rare_cause_is_not_taken_for_absent() -> None:
    """Of 100 cases all are another cause for certain: the interval reaches to where that is no great chance."""
    likelihood = np.tile([1.0, 1e-6], (100, 1))
    rates = learn_base_rates(np.array([0.999, 0.001]), 5.0, np.zeros(2), likelihood)
    sure = sureness_of(rates, np.zeros(2), likelihood)
    assert sure.low[1] == 0
    assert sure.high[1] == pytest.approx(1 - np.exp(-FALL / 105), rel=0.2)
    said = " ".join(warnings_of(("a", "b"), rates, sure))
    assert "next to nothing" in said
    assert "b (" in said


def test_the_report_has_intervals_and_warnings() -> None:
    table = simulate(400, knowledge=shipped(), population="uniform", seed=1).drop(columns="diagnosis")
    said = learn(table, knowledge=shipped(), population="distance_runners").to_dict()
    assert said["warnings"]
    for one in said["base_rates"]:
        assert one["low"] <= one["high"]
        assert one["told"] is None or 0 <= one["told"] <= 1
    again = learn(table, knowledge=shipped(), population="distance_runners").to_dict()
    assert again == said
