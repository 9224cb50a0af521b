"""Two causes at once, against networks of pairs written out from the assumptions and summed in full."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.handmade import Tables as Priors
from tests.handmade import drop, put, shipped, small_priors
from tests.oracle import enumerated_posterior
from thighdx import Knowledge, diagnose, two_causes
from thighdx.assess import get_model
from thighdx.cases import read_case
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.reasoning.pairs import larger_of, pair_tables
from thighdx.reasoning.resolve import CaseView
from thighdx.rows import complete
from thighdx.tables import Tables

Array = NDArray[np.float64]

CASE = {"bruise": "yes", "walking": "limping", "slump": "positive", "quality": "burning|spasm"}


def knowledge_of(priors: Priors) -> Knowledge:
    return build(document_of(priors, "small"))


# ------------------------------------------------------------------------------------------------------ the definition


def cumulative(row: Array) -> list[float]:
    return [float(sum(row[: state + 1])) for state in range(len(row))]


def written_out(one: Array, other: Array, shared: Array) -> list[float]:
    """F(a and b) = F(a) F(b) / max of the three, made rising, as a row."""
    result, before = [], 0.0
    for f_one, f_other, f_shared in zip(cumulative(one), cumulative(other), cumulative(shared), strict=True):
        top = max(f_one, f_other, f_shared)
        at = max(before, f_one * f_other / top if top > 0 else 0.0)
        result.append(at - before)
        before = at
    return result


def fitted(template: Array, levels: Array, margin: Array) -> Array:
    """P(state | level) by iterative proportional fitting of the joint to both its margins."""
    joint = levels[:, None] * template
    for _ in range(20_000):
        joint = joint * margin / joint.sum(axis=0)
        rows = joint.sum(axis=1)
        joint = joint * np.where(rows > 0, levels / np.where(rows > 0, rows, 1.0), 0.0)[:, None]
        if np.abs(joint.sum(axis=0) - margin).max() < 1e-15:
            break
    scales = joint.sum(axis=1, keepdims=True)
    return np.asarray(joint / np.where(scales > 0, scales, 1.0))


def check_pair_tables(knowledge: Knowledge, population: str) -> None:
    content, tables = knowledge.content, get_model(knowledge, population).tables
    found = pair_tables(knowledge, population)
    chosen = content.populations[population]
    pairs = list(combinations(range(len(tables.causes)), 2))
    assert found.causes == tuple(f"{tables.causes[a]}+{tables.causes[b]}" for a, b in pairs)
    weights = [tables.prior[a] * tables.prior[b] for a, b in pairs]
    np.testing.assert_allclose(found.prior, np.array(weights) / sum(weights), rtol=1e-12)
    for number, (a, b) in enumerate(pairs):
        for mechanism, single in zip(found.mechanisms, tables.mechanisms, strict=True):
            shared = complete(content.mechanisms[single.id].background.p, single.levels)
            expected_levels = written_out(single.prior[a], single.prior[b], shared)
            np.testing.assert_allclose(mechanism.prior[number], expected_levels, atol=1e-12)
        for got, entry in zip(found.findings, tables.findings, strict=True):
            stated = content.findings[entry.id]
            ordered = stated.kind != "context" and (stated.ordered or len(stated.states) == 2)
            shared = complete((chosen.mix.get(entry.id) or stated.background).p, stated.states)
            row = (
                written_out(entry.rows[a], entry.rows[b], shared)
                if ordered
                else [(x + y) / 2 for x, y in zip(entry.rows[a], entry.rows[b], strict=True)]
            )
            np.testing.assert_allclose(got.rows[number], row, atol=1e-9)
            more = a if entry.rows[a, 0] <= entry.rows[b, 0] else b
            parent = int(entry.parent[more])
            assert got.parent[number] == parent
            if parent >= 0:
                above = content.mechanisms[tables.mechanisms[parent].id]
                given = above.templates[entry.id].given
                template = np.array([complete(given[level], stated.states) for level in above.levels])
                levels = found.mechanisms[parent].prior[number]
                expected = fitted(template, levels, got.rows[number])
                kept = levels > 0  # a level that cannot be may have any row
                np.testing.assert_allclose(got.given[parent][number][kept], expected[kept], atol=1e-8)


@pytest.mark.parametrize("population", ["clinic", "alike"])
def test_pair_tables_are_those_of_the_assumptions(knowledge: Knowledge, population: str) -> None:
    check_pair_tables(knowledge, population)


def test_rows_below_the_floor_are_raised_in_pairs_too() -> None:
    """Two causes that nearly always show a finding: its first state would be rarer than the floor."""
    priors = small_priors()
    for cause in ("tear", "ache"):
        put(priors, f"findings.bruise.rows.{cause}", {"p": {"yes": 0.98}, "weight": 4, "estimate": "a guess"})
    drop(priors, "figures.bruise_in_tears")
    put(priors, "findings.bruise.background.p", {"yes": 0.01})
    found = pair_tables(knowledge_of(priors), "clinic")
    rows = found.findings[found.finding_index["bruise"]].rows
    assert rows[found.causes.index("tear+ache"), 0] == pytest.approx(0.001)


@pytest.mark.parametrize("seed", range(20))
def test_the_larger_of_two_is_the_largest_of_both_causes_and_the_leak(seed: int) -> None:
    """Noisy-MAX by its definition: each cause brings about a state of its own, the background another."""
    rng = np.random.default_rng(seed)
    states = int(rng.integers(2, 6))
    leak, own_one, own_other = (rng.dirichlet(np.ones(states)) for _ in range(3))

    def largest(*parts: Array) -> Array:
        row = np.zeros(states)
        for at in product(range(states), repeat=len(parts)):
            row[max(at)] += np.prod([part[state] for part, state in zip(parts, at, strict=True)])
        return row

    found = larger_of(largest(leak, own_one), largest(leak, own_other), leak)
    np.testing.assert_allclose(found, largest(leak, own_one, own_other), rtol=0, atol=1e-12)


def test_two_causes_without_rows_of_their_own_show_the_background() -> None:
    shared = np.array([0.7, 0.2, 0.1])
    np.testing.assert_allclose(larger_of(shared, shared, shared), shared, atol=1e-15)


def test_a_cause_that_shows_less_than_the_background_leaves_the_other_as_it_is() -> None:
    shared, less, more = np.array([0.8, 0.2]), np.array([0.95, 0.05]), np.array([0.3, 0.7])
    np.testing.assert_allclose(larger_of(less, more, shared), more, atol=1e-15)
    np.testing.assert_allclose(larger_of(less, np.array([0.9, 0.1]), shared), [0.9, 0.1], atol=1e-15)


@pytest.mark.parametrize("seed", range(30))
def test_a_pair_shows_at_least_what_either_cause_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other, shared = (rng.dirichlet(np.full(4, 0.5)) for _ in range(3))
    found = larger_of(one, other, shared)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(found, larger_of(other, one, shared), atol=1e-15)
    # made rising, a row may pass one of the two between the ends, never at the unremarkable state
    assert found[0] <= min(one[0], other[0]) + 1e-12


# --------------------------------------------------------------------------------------------------------- the answer


def likelihoods(knowledge: Knowledge, tables: Tables, case: dict[str, str]) -> list[list[float]]:
    said = CaseView(get_model(knowledge, "clinic"), read_case(knowledge, case).evidence).said
    return [said[i].tolist() if i in said else [1.0] * len(f.states) for i, f in enumerate(tables.findings)]


def test_odds_and_probabilities_are_those_of_the_enumerated_networks(knowledge: Knowledge) -> None:
    rate = 0.1
    singles, pairs = get_model(knowledge, "clinic").tables, pair_tables(knowledge, "clinic")
    told = likelihoods(knowledge, singles, CASE)
    single, pair = enumerated_posterior(singles, told), enumerated_posterior(pairs, told)
    single_weights = [(1 - rate) * single.evidence * share for share in single.causes]
    pair_weights = [rate * pair.evidence * share for share in pair.causes]
    found = two_causes(CASE, knowledge=knowledge)
    assert found.rate == rate
    assert found.probability == pytest.approx(sum(pair_weights) / (sum(pair_weights) + sum(single_weights)), rel=1e-9)
    assert [one.odds for one in found.pairs] == sorted((one.odds for one in found.pairs), reverse=True)
    for one in found.pairs:
        weight = pair_weights[pairs.causes.index("+".join(one.causes))]
        assert one.odds == pytest.approx(weight / max(single_weights), rel=1e-9)
        assert one.probability == pytest.approx(weight / (sum(pair_weights) + sum(single_weights)), rel=1e-9)


def test_the_single_posterior_stays_and_the_unexplained_is_named(knowledge: Knowledge) -> None:
    found, told = two_causes(CASE, knowledge=knowledge), diagnose(CASE, knowledge=knowledge)
    assert found.best_single == told.top.id == "root"
    # root: bruise 0.05, below the 0.3 of these priors; limping 0.4, positive 0.8, burning or spasm about 0.6 are not
    assert found.unexplained == ("bruise",)
    best = found.pairs[0]
    assert best.causes == ("tear", "root")
    assert best.explains == {"bruise": "tear", "walking": "tear", "slump": "root", "quality": "root"}


def test_no_pair_is_shown_where_the_best_cause_explains_what_is_marked(knowledge: Knowledge) -> None:
    found = two_causes({"slump": "positive", "bruise": "no", "age_group": "old"}, knowledge=knowledge)
    assert found.unexplained == ()
    assert found.pairs == ()
    assert "no pair is shown" in found.note
    assert found.probability > 0


def test_a_higher_rate_raises_the_odds_in_proportion() -> None:
    low, high = small_priors(), small_priors()
    put(low, "two_causes.rate", 0.05)
    put(high, "two_causes.rate", 0.2)
    odds = [two_causes(CASE, knowledge=knowledge_of(priors)).pairs[0].odds for priors in (low, high)]
    assert odds[1] / odds[0] == pytest.approx((0.2 / 0.8) / (0.05 / 0.95))


def test_priors_without_a_rate_say_so() -> None:
    priors = small_priors()
    drop(priors, "two_causes")
    found = two_causes(CASE, knowledge=knowledge_of(priors))
    assert found.rate is None
    assert found.pairs == ()
    assert "no rate" in found.note


def test_a_tendon_and_a_root_at_once_are_found_in_the_shipped_priors() -> None:
    """Clear signs of both: the pair is named, and the answers raise its odds far above what they were before."""
    case = {
        "straight_leg_raise": "positive",
        "crossed_straight_leg_raise": "positive",
        "neurological_deficit": "yes",
        "numbness_tingling": "yes",
        "mri_spine": "disc_with_root_contact",
        "radiating_pain": "below_knee",
        "sit_bone_tenderness": "yes",
        "puranen_orava": "positive",
        "bent_knee_stretch": "positive",
        "mri_thigh": "tendon_degeneration",
    }
    found = two_causes(case, population="primary_care_adults")
    best = found.pairs[0]
    assert best.causes == ("proximal_tendinopathy", "lumbar_radiculopathy")
    assert found.best_single == diagnose(case, population="primary_care_adults").top.id == "lumbar_radiculopathy"
    assert found.unexplained == ("sit_bone_tenderness",)
    assert best.explains["neurological_deficit"] == "lumbar_radiculopathy"
    assert best.explains["mri_thigh"] == "proximal_tendinopathy"
    assert found.rate is not None
    singles, pairs = get_model(shipped(), "primary_care_adults").tables, pair_tables(shipped(), "primary_care_adults")
    before = found.rate * pairs.prior[pairs.causes.index("+".join(best.causes))]
    before /= (1 - found.rate) * singles.prior[singles.causes.index(found.best_single)]
    assert best.odds > 30 * before
