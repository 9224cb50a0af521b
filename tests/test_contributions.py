"""Contributions of answers: Shapley's definition over all subsets, the path integral, and what they add up to."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations
from math import factorial, log

import numpy as np
import pytest
from scipy.integrate import quad

from tests.handmade import put, shipped, small_priors
from tests.oracle import enumerated_posterior, random_cases, random_likelihoods, random_tables, to_evidence
from thighdx import Knowledge, UnknownNameError, diagnose, explain
from thighdx.assess import get_model
from thighdx.engine import Engine
from thighdx.hypothetical import Hypothetical
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.reasoning.aumann_shapley import path_weights
from thighdx.reasoning.basis import BACKGROUND, MIX, OWN
from thighdx.reasoning.shapley import log_likelihood_shares, owen_values, shapley_values, unions_of
from thighdx.rows import Array
from thighdx.tables import Tables

CASE = {
    "onset": "sudden",
    "pop_felt": "yes",
    "pain_site": "sit_bone|buttock",
    "straight_leg_raise": "positive@0.8",
    "weakness": "marked",
    "bruising": "yes",
    "age": "31",
}


def small() -> Knowledge:
    return build(document_of(small_priors(), "small"))


def shapley_by_definition(tables: Tables, likelihoods: list[list[float]], cause: int) -> tuple[list[int], Array]:
    """The weighted marginal contributions over all subsets, each P(e_S | cause) summed from the joint."""
    asked = [place for place, vector in enumerate(likelihoods) if min(vector) < 1]
    prior = float(tables.prior[cause])
    game: dict[frozenset[int], float] = {}
    for size in range(len(asked) + 1):
        for subset in combinations(asked, size):
            told = [vector if place in subset else [1.0] * len(vector) for place, vector in enumerate(likelihoods)]
            found = enumerated_posterior(tables, told)
            game[frozenset(subset)] = log(found.evidence * found.causes[cause] / prior)
    count = len(asked)
    values = np.zeros(count)
    for number, player in enumerate(asked):
        for others, value in game.items():
            if player not in others:
                weight = factorial(len(others)) * factorial(count - len(others) - 1) / factorial(count)
                values[number] += weight * (game[others | {player}] - value)
    return asked, values


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_shares_are_shapley_values_of_the_log_likelihood(seed: int, zeros: bool) -> None:
    rng = np.random.default_rng([seed, zeros, 5])
    tables = random_tables(rng, zeros=zeros, largest_joint=700)
    likelihoods = random_likelihoods(rng, tables)
    told = to_evidence(tables, [likelihoods])
    possible = np.flatnonzero(np.isfinite(Engine(tables).log_likelihood(told)[0] + np.log(tables.prior + 1e-300)))
    possible = possible[tables.prior[possible] > 0]
    layout = Hypothetical(tables)
    said = layout.said(told)
    shares = log_likelihood_shares(layout, said, possible, [0] * len(said.findings))
    assert not shares.owen.any()
    for column, cause in enumerate(possible.tolist()):
        asked, expected = shapley_by_definition(tables, likelihoods, cause)
        assert said.findings.tolist() == asked
        np.testing.assert_allclose(shares.phi[:, column], expected, rtol=0, atol=1e-10)


def test_owen_values_are_means_over_the_orders_that_keep_kinds_together() -> None:
    rng = np.random.default_rng(0)
    likelihood, prior, labels = rng.random((5, 1, 3)), np.array([[0.2, 0.5, 0.3]]), "aabbb"

    def game(players: tuple[int, ...]) -> float:
        return log(float((prior[0] * likelihood[list(players), 0].prod(axis=0)).sum()))

    total, orders = np.zeros(5), 0
    for order in permutations(range(5)):
        kinds = [labels[player] for player in order]
        if sum(left != right for left, right in pairwise(kinds)) == 1:
            orders += 1
            for place, player in enumerate(order):
                total[player] += game(order[: place + 1]) - game(order[:place])
    np.testing.assert_allclose(owen_values(likelihood, prior, labels)[:, 0], total / orders, atol=1e-12)


@pytest.mark.parametrize("labels", ["abcdef", "aaaaaa"])
def test_owen_values_of_one_kind_or_of_all_different_kinds_are_shapley_values(labels: str) -> None:
    rng = np.random.default_rng(1)
    likelihood, prior = rng.random((6, 4, 3)), rng.dirichlet(np.ones(3), size=4)
    np.testing.assert_allclose(owen_values(likelihood, prior, labels), shapley_values(likelihood, prior), atol=1e-12)


def test_unions_hold_every_answer_once_and_one_kind_each() -> None:
    labels = ["a"] * 19 + ["b"] * 2 + ["a"]
    unions = unions_of(labels)
    assert sorted(member for union in unions for member in union) == list(range(22))
    assert all(len({labels[member] for member in union}) == 1 for union in unions)


@pytest.mark.parametrize("seed", range(5))
def test_path_weights_are_the_integral_of_the_softmax_along_the_path(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prior, phi = rng.dirichlet(np.ones(6)), rng.normal(scale=10.0**seed / 100, size=(7, 6))
    total = phi.sum(axis=0)

    def weight(at: float, cause: int) -> float:
        logs = np.log(prior) + at * total
        return float(np.exp(logs[cause] - logs.max()) / np.exp(logs - logs.max()).sum())

    expected = [quad(weight, 0, 1, args=(cause,), limit=2000, epsabs=1e-11)[0] for cause in range(6)]
    np.testing.assert_allclose(path_weights(prior, phi), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("answers", [1, 5, 20, 40, 84])
def test_contributions_sum_to_the_change_in_log_odds(answers: int) -> None:
    """Of the posterior that `diagnose` gives, in pairs and against the rest, Owen values included."""
    case = random_case(answers)
    found = diagnose(case)
    rates = {share.id: (share.probability, share.base_rate or 0.0) for share in found.causes}
    for against in (None, found.causes[1].id, found.causes[-1].id):
        told = explain(case, against=against)
        (p, base), (q, other) = rates[told.cause], (1 - rates[told.cause][0], 1 - rates[told.cause][1])
        if against is not None:
            q, other = rates[against]
        assert told.change == pytest.approx(log(p / base) - log(q / other), abs=1e-8)
        assert sum(one.log_odds for one in told.contributions) == pytest.approx(told.change, abs=1e-9)
        assert abs(told.residual) < 1e-9
        assert len(told.contributions) == answers
        assert told.method.startswith("aumann_shapley" if against is None else ("shapley", "owen"))


def random_case(answers: int) -> dict[str, str]:
    rng = np.random.default_rng(answers)
    findings = shipped().content.findings
    chosen = rng.choice(list(findings), size=answers, replace=False)
    return {str(name): str(rng.choice(findings[name].states)) for name in chosen}


def test_more_answers_on_a_mechanism_than_are_summed_are_shared_by_owen_values_and_said() -> None:
    told = explain(random_case(84), "strain", "avulsion")
    assert told.method == "owen"
    assert "tissue_damage" in told.owen_mechanisms
    assert explain(CASE, "strain", "avulsion").owen_mechanisms == ()


def test_a_likelihood_ratio_of_one_contributes_nothing() -> None:
    """Slump has the background under both, and hangs on a mechanism that both show alike."""
    told = explain({"slump": "positive", "bruise": "yes"}, "tear", "ache", knowledge=small())
    slump = next(one for one in told.contributions if one.finding == "slump")
    assert slump.log_odds == pytest.approx(0, abs=1e-12)
    assert slump.direction == "neutral"
    assert told.contributions[0].log_odds == pytest.approx(log(0.6 / 0.05), abs=1e-9)


def test_the_other_way_round_contributions_change_their_sign() -> None:
    one, other = explain(CASE, "strain", "avulsion"), explain(CASE, "avulsion", "strain")
    back = {item.finding: item.log_odds for item in other.contributions}
    for item in one.contributions:
        assert item.log_odds == pytest.approx(-back[item.finding], abs=1e-12)


def test_against_the_rest_is_the_pair_where_there_are_two_causes_alike() -> None:
    """A copy of a cause, its share split: the rest of two equal causes is one cause."""
    told = small_priors()
    told["causes"]["root_again"] = {**told["causes"]["root"], "name": "Root again"}
    for finding in told["findings"].values():
        for table in ("rows", "mechanism_by_cause"):
            if "root" in finding.get(table, {}):
                finding[table]["root_again"] = finding[table]["root"]
    told["mechanisms"]["irritation"]["rows"]["root_again"] = told["mechanisms"]["irritation"]["rows"]["root"]
    del told["causes"]["ache"], told["findings"]["age_group"]["rows"]["ache"]
    told["figures"]["bruise_in_tears"]["comparison_mix"] = {"root": 1.0}
    told["populations"]["clinic"]["within"]["muscle"]["p"] = {}
    del told["red_flags"]["burning_after_sixty"]
    knowledge = build(document_of(told, "small"))
    case = {"walking": "limping", "slump": "positive", "quality": "burning", "bruise": "yes"}
    whole = explain(case, "tear", knowledge=knowledge)
    pair = explain(case, "tear", "root", knowledge=knowledge)
    by_finding = {one.finding: one.log_odds for one in pair.contributions}
    assert len(by_finding) == 4
    for one in whole.contributions:
        assert one.log_odds == pytest.approx(by_finding[one.finding], abs=1e-10)


def test_without_an_answer_the_posterior_is_that_of_the_case_without_it() -> None:
    for one in explain(CASE, "avulsion").contributions:
        column = "age" if one.finding == "age_group" else one.finding
        left = diagnose({name: cell for name, cell in CASE.items() if name != column})
        assert one.posterior_without == pytest.approx(left.probability("avulsion"), abs=1e-12)
        assert one.against_without == pytest.approx(1 - left.probability("avulsion"), abs=1e-12)
        assert one.leading_without == left.top.id


def test_likelihood_ratio_and_decibans_say_the_same_as_log_odds() -> None:
    for one in explain(CASE).contributions:
        assert log(one.likelihood_ratio) == pytest.approx(one.log_odds)
        assert one.decibans == pytest.approx(10 * np.log10(one.likelihood_ratio))


def test_directions_follow_the_threshold_of_the_priors() -> None:
    told = small_priors()
    put(told, "thresholds.neutral_likelihood_ratio", 50.0)
    case = {"bruise": "yes", "quality": "sharp"}
    wide = explain(case, "tear", "ache", knowledge=build(document_of(told, "small")))
    assert {one.direction for one in wide.contributions} == {"neutral"}
    assert {one.direction for one in explain(case, "tear", "ache", knowledge=small()).contributions} == {"supports"}
    assert {one.direction for one in explain(case, "ache", "tear", knowledge=small()).contributions} == {"opposes"}


def test_rows_behind_an_answer_are_the_tables_rows_with_their_sources() -> None:
    told = explain({"bruise": "yes", "age": 70, "quality": "dull|sharp"}, "tear", "root", knowledge=small())
    rows = {one.finding: one.rows for one in told.contributions}
    tear, root = rows["bruise"]
    assert (tear.kind, root.kind) == (OWN, BACKGROUND)
    assert (tear.mechanism, tear.weight) == ("damage", 20)
    assert tear.probability == pytest.approx(0.6)
    assert tear.figures[0].document.title == "A textbook"
    assert tear.figures[0].n == 40
    assert root.estimate == "a guess"
    assert root.p == {"yes": pytest.approx(0.05)}
    tear, root = rows["age_group"]
    assert (tear.kind, root.kind, root.ratio) == (MIX, OWN, True)
    assert tear.probability == pytest.approx(0.2)
    assert root.probability == pytest.approx(0.4)
    assert rows["quality"][0].probability == pytest.approx(sum(rows["quality"][0].p.values()))


def test_nothing_answered_contributes_nothing() -> None:
    told = explain({"onset": "", "slump": "negative|positive"})
    assert told.contributions == ()
    assert told.change == pytest.approx(0, abs=1e-12)
    assert told.cause == diagnose({}).top.id


def test_unknown_causes_and_a_cause_against_itself_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="'strian' is not a cause; nearest: strain"):
        explain(CASE, "strian")
    with pytest.raises(UnknownNameError, match="'tear_' is not a cause"):
        explain(CASE, "strain", "tear_")
    with pytest.raises(UnknownNameError, match="is the cause itself"):
        explain(CASE, "strain", "strain")


def test_shares_of_the_shipped_network_sum_to_its_log_likelihood() -> None:
    tables = Hypothetical(shipped_tables())
    causes = np.arange(len(shipped().causes))
    for case in random_cases(np.random.default_rng(3), shipped_tables(), 10):
        told = to_evidence(shipped_tables(), [case])
        said = tables.said(told)
        shares = log_likelihood_shares(tables, said, causes, [int(place) % 4 for place in said.findings])
        expected = Engine(shipped_tables()).log_likelihood(told)[0]
        np.testing.assert_allclose(shares.phi.sum(axis=0), expected, rtol=0, atol=1e-10)


def shipped_tables() -> Tables:
    return get_model(shipped()).tables
