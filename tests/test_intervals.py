"""Credible intervals: drawn tables against their definition, and what an interval must do as knowledge grows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.handmade import Tables as Priors
from tests.handmade import put, shipped, small_priors
from thighdx import Knowledge, credible_intervals, diagnose, load_knowledge
from thighdx.cases import read_case
from thighdx.engine import Engine
from thighdx.hypothetical import posterior_draws
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.reasoning.draws import Draws, answered, drawn_prior, get_draws
from thighdx.reasoning.intervals import Intervals
from thighdx.reasoning.shares import ShareBox, base_rate_boxes
from thighdx.rows import complete
from thighdx.tables import MechanismTable, Tables

CASE = {"bruise": "yes", "walking": "limping", "slump": "positive@0.7", "age_group": "old", "quality": "sharp|burning"}
RUNNER = {"worse_sitting": "yes", "pain_site": "sit_bone|buttock", "duration": "months", "slump": "negative@0.8"}


def knowledge_of(priors: Priors) -> Knowledge:
    return build(document_of(priors, "small"))


def weighted(weight: float, *, interval: tuple[float, float] | None = None) -> Knowledge:
    """The small priors with one weight for every row; without `interval` no share has one."""
    priors = small_priors()
    put(priors, "thresholds.largest_weight", 1e6)
    put(priors, "thresholds.largest_estimate_weight", 1e6)
    _set_weights(priors, weight)
    del priors["populations"]["clinic"]["origins"]["interval"]
    if interval is not None:
        put(priors, "populations.clinic.origins.interval", {"muscle": list(interval)})
    return knowledge_of(priors)


def _set_weights(table: Any, weight: float) -> None:
    if isinstance(table, dict):
        if "weight" in table:
            table["weight"] = weight
        for inner in table.values():
            _set_weights(inner, weight)


def widths(found: Intervals) -> list[float]:
    return [one.high - one.low for one in (*found.causes, *found.origins, *found.grades)]


def drawn_tables(draws: Draws) -> Tables:
    """Everything drawn, with the draws as first axis."""
    tables = draws.tables
    mechanisms = tuple(
        MechanismTable(entry.id, entry.levels, levels)
        for entry, levels in zip(tables.mechanisms, draws.levels, strict=True)
    )
    return Tables(tables.causes, draws.prior, mechanisms, tuple(draws.finding(i) for i in range(len(tables.findings))))


def one_draw(tables: Tables, number: int) -> Tables:
    return Tables(
        tables.causes,
        tables.prior[number],
        tuple(MechanismTable(entry.id, entry.levels, entry.prior[number]) for entry in tables.mechanisms),
        tuple(
            type(entry)(
                entry.id,
                entry.states,
                entry.rows[number],
                entry.parent,
                {key: table[number] for key, table in entry.given.items()},
            )
            for entry in tables.findings
        ),
    )


# ------------------------------------------------------------------------------------------------- what an interval is


@pytest.mark.parametrize("case", [{}, {"bruise": "yes"}, CASE])
def test_an_interval_holds_its_point_which_is_the_diagnosis(knowledge: Knowledge, case: dict[str, str]) -> None:
    found, told = credible_intervals(case, knowledge=knowledge), diagnose(case, knowledge=knowledge)
    for intervals, shares in ((found.causes, told.causes), (found.origins, told.origins), (found.grades, told.grades)):
        assert [(one.id, one.probability) for one in intervals] == [(share.id, share.probability) for share in shares]
        assert all(0 <= one.low <= one.probability <= one.high <= 1 for one in intervals)


def test_the_ends_are_percentiles_of_the_engine_on_drawn_tables(knowledge: Knowledge) -> None:
    found = credible_intervals(CASE, knowledge=knowledge, draws=200)
    tables = drawn_tables(get_draws(knowledge, "clinic", 200))
    told = read_case(knowledge, CASE).evidence
    drawn = np.array([Engine(one_draw(tables, number)).posterior(told).probability[0] for number in range(200)])
    for one in found.causes:
        low, high = np.percentile(drawn[:, knowledge.causes.index(one.id)], [2.5, 97.5])
        assert one.low == pytest.approx(min(low, one.probability), abs=1e-12)
        assert one.high == pytest.approx(max(high, one.probability), abs=1e-12)


def test_intervals_shrink_as_weights_grow() -> None:
    means = [np.mean(widths(credible_intervals(CASE, knowledge=weighted(weight)))) for weight in (2, 8, 32, 128, 2048)]
    assert means == sorted(means, reverse=True)
    assert means[-1] < means[0] / 5


def test_intervals_collapse_to_the_point_once_share_intervals_close_too() -> None:
    closed = credible_intervals(CASE, knowledge=weighted(1e6, interval=(0.75, 0.75)))
    assert max(widths(closed)) < 0.02
    without = credible_intervals(CASE, knowledge=weighted(1e6))
    assert max(widths(without)) < 0.02
    still_open = credible_intervals(CASE, knowledge=weighted(1e6, interval=(0.5, 0.9)))
    assert max(widths(still_open)) > 0.1


def test_a_cause_that_rests_on_estimates_has_wider_intervals() -> None:
    """Lower weights of one cause's rows widen its interval."""
    wide, narrow = small_priors(), small_priors()
    for priors, weight in ((wide, 2), (narrow, 50)):
        put(priors, "thresholds.largest_estimate_weight", 50)
        for finding in ("bruise", "walking", "quality"):
            put(priors, f"findings.{finding}.rows.tear.weight", weight)
    case = {"bruise": "yes", "walking": "limping", "quality": "sharp"}
    loose = credible_intervals(case, knowledge=knowledge_of(wide)).of("tear")
    tight = credible_intervals(case, knowledge=knowledge_of(narrow)).of("tear")
    assert loose.probability == tight.probability
    assert loose.high - loose.low > 1.5 * (tight.high - tight.low)


# -------------------------------------------------------------------------------------------------- how draws are made


def test_draws_go_through_the_sums_of_the_engine() -> None:
    draws = Draws(
        shipped(), *_of("distance_runners", 20)
    )  # not the kept ones, so that this test draws what it looks at
    tables = drawn_tables(draws)
    for case in (RUNNER, {"onset": "sudden", "pop_felt": "yes", "age": "16"}):
        told = read_case(shipped(), case).evidence
        np.testing.assert_allclose(
            draws.posterior(told).probability, posterior_draws(tables, told).probability, rtol=0, atol=1e-12
        )


def _of(population: str, count: int) -> tuple[Any, ...]:
    kept = get_draws(shipped(), population, count)
    return kept.population, kept.tables, kept.prior, kept.levels


def test_drawn_tables_keep_the_drawn_rows_as_margins() -> None:
    draws = get_draws(shipped(), "uniform", 20)
    floor = shipped().content.thresholds.floor
    for position in range(0, len(draws.tables.findings), 7):
        finding = draws.finding(position)
        np.testing.assert_allclose(finding.rows.sum(axis=-1), 1, rtol=0, atol=1e-12)
        assert finding.rows.min() >= floor * (1 - 1e-12)
        for number, table in finding.given.items():
            uses = finding.parent == number
            margin = np.einsum("dcl,dcls->dcs", draws.levels[number], table)
            np.testing.assert_allclose(margin[:, uses], finding.rows[:, uses], rtol=0, atol=1e-12)


def test_drawn_rows_have_the_mean_and_the_spread_of_their_dirichlet() -> None:
    """P(bruise | tear) = 0.6 with the weight of 20 cases: mean 0.6, variance 0.6 x 0.4 / 21; shares likewise."""
    knowledge = knowledge_of(small_priors())
    draws = get_draws(knowledge, "clinic", 4000)
    rows = draws.rows(knowledge.findings.index("bruise"))
    drawn = rows[:, knowledge.causes.index("tear"), 1]
    assert drawn.mean() == pytest.approx(0.6, abs=4 * np.sqrt(0.24 / 21 / 4000))
    assert drawn.var() == pytest.approx(0.24 / 21, rel=0.1)
    levels = draws.levels[0][:, knowledge.causes.index("tear")]
    np.testing.assert_allclose(levels.mean(axis=0), [0, 0.7, 0.3], atol=0.02)
    assert (levels[:, 0] == 0).all()  # what cannot be stays so


def test_causes_without_their_own_row_share_one_background() -> None:
    knowledge = knowledge_of(small_priors())
    draws = get_draws(knowledge, "clinic", 50)
    tear, ache, root = (knowledge.causes.index(cause) for cause in ("tear", "ache", "root"))
    rows = draws.rows(knowledge.findings.index("bruise"))
    np.testing.assert_array_equal(rows[:, ache], rows[:, root])
    assert (rows[:, tear] != rows[:, ache]).any()


def test_a_certain_ratio_follows_the_drawn_mix_of_people_at_risk() -> None:
    """With a ratio as good as known, P(x | c) is in proportion to drawn mix x ratio, or LR x drawn mix."""
    priors = small_priors()
    for limit in ("largest_weight", "largest_estimate_weight"):
        put(priors, f"thresholds.{limit}", 1e6)
    for cause in ("root", "ache"):
        put(priors, f"findings.age_group.rows.{cause}.weight", 1e6)
    knowledge = knowledge_of(priors)
    rows = get_draws(knowledge, "clinic", 50).rows(knowledge.findings.index("age_group"))
    mix = rows[:, knowledge.causes.index("tear")]
    risk = mix * [3, 1, 1]
    np.testing.assert_allclose(
        rows[:, knowledge.causes.index("ache")], risk / risk.sum(axis=1, keepdims=True), atol=0.01
    )
    below = mix[:, 2] < 0.45  # where twice the share stays a probability
    np.testing.assert_allclose(rows[below, knowledge.causes.index("root"), 2], 2 * mix[below, 2], atol=0.01)


def test_draws_do_not_depend_on_what_is_answered_or_in_what_order() -> None:
    one = credible_intervals(RUNNER, knowledge=shipped(), draws=100)
    get_draws(load_knowledge(), "uniform", 99)  # others in between
    other = credible_intervals(dict(reversed(RUNNER.items())), knowledge=shipped(), draws=100)
    assert one == other
    fresh = Draws(shipped(), *_of("distance_runners", 100))
    told = read_case(shipped(), RUNNER).evidence
    for position, _ in reversed(answered(fresh.tables, told)):
        fresh.finding(position)
    kept = get_draws(shipped(), "distance_runners", 100)
    np.testing.assert_array_equal(fresh.posterior(told).probability, kept.posterior(told).probability)


def test_an_unanswered_finding_says_nothing(knowledge: Knowledge) -> None:
    with_empty = credible_intervals({**CASE, "bruise": ""}, knowledge=knowledge)
    without = credible_intervals({name: cell for name, cell in CASE.items() if name != "bruise"}, knowledge=knowledge)
    assert with_empty == without


# ------------------------------------------------------------------------------------------------------- base rates


def test_the_default_split_runs_over_its_interval_and_the_rest_is_shared_70_to_1() -> None:
    prior = drawn_prior(base_rate_boxes(shipped(), shipped().content.populations["distance_runners"]), 500)
    of = {
        origin: prior[:, [entry.origin == origin for entry in shipped().content.causes.values()]].sum(axis=1)
        for origin in shipped().origins
    }
    middle = of["hamstring_irritation"]
    assert middle.min() >= 0.25 - 1e-12
    assert middle.max() <= 0.29 + 1e-12
    assert np.ptp(middle) > 0.035
    np.testing.assert_allclose(of["non_hamstring"] / of["acute_hamstring"], 70, rtol=1e-9)
    np.testing.assert_allclose(prior.sum(axis=1), 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize("population", load_knowledge().populations)
def test_drawn_shares_keep_to_their_intervals(population: str) -> None:
    rates = base_rate_boxes(shipped(), shipped().content.populations[population])
    for _, box in rates.boxes:
        drawn = box.draw(np.random.default_rng(0), 300)
        np.testing.assert_allclose(drawn.sum(axis=1), 1, rtol=0, atol=1e-12)
        inside = box.bounded
        assert (drawn[:, inside] >= box.low[inside] - 1e-12).all()
        assert (drawn[:, inside] <= box.high[inside] + 1e-12).all()


@pytest.mark.parametrize(
    "interval",
    [
        {"a": (0.2, 0.9), "b": (0.1, 0.9)},  # may leave no room for one another
        {"a": (0.2, 0.6), "b": (0.1, 0.5), "c": (0.1, 0.4)},  # and nothing else can take up what is left
    ],
)
def test_crowded_intervals_are_kept_too(interval: dict[str, tuple[float, float]]) -> None:
    priors = small_priors()
    priors["causes"] = {name: {"name": name, "origin": "muscle", "description": "."} for name in ("a", "b", "c")} | {
        "root": priors["causes"]["root"]
    }
    for table in (*priors["findings"].values(), *priors["mechanisms"].values()):
        table["rows"] = {cause: row for cause, row in table.get("rows", {}).items() if cause == "root"}
    priors["red_flags"]["cannot_walk"]["may_be"] = ["root"]
    priors["figures"], priors["populations"]["clinic"]["within"]["muscle"] = (
        {},
        {
            "p": {"a": 0.5, "b": 0.3, "c": 0.2},
            "interval": {name: list(ends) for name, ends in interval.items()},
            "weight": 4,
            "estimate": "a guess",
        },
    )
    knowledge = knowledge_of(priors)
    box = base_rate_boxes(knowledge, knowledge.content.populations["clinic"]).within[0]
    drawn = box.draw(np.random.default_rng(1), 500)
    np.testing.assert_allclose(drawn.sum(axis=1), 1, rtol=0, atol=1e-12)
    for name, (low, high) in interval.items():
        column = drawn[:, box.names.index(name)]
        assert low - 1e-12 <= column.min()
        assert column.max() <= high + 1e-12
        assert np.ptp(column) > 0.5 * (high - low)


def test_shares_with_intervals_keep_to_them_where_the_others_have_no_share() -> None:
    # checks refuse such priors; `draw` itself must not scale the drawn shares out of their intervals
    point, bounded = np.array([0.7, 0.3, 0.0]), np.array([True, True, False])
    low, high = np.array([0.6, 0.2, 0.0]), np.array([0.8, 0.35, 0.0])
    drawn = ShareBox(("a", "b", "c"), point, low, high, bounded, 4.0, False).draw(np.random.default_rng(0), 2000)
    assert (drawn >= low - 1e-12).all()
    assert (drawn <= high + 1e-12).all()
    np.testing.assert_allclose(drawn.sum(axis=1), 1, rtol=0, atol=1e-12)


def test_a_convention_is_not_drawn() -> None:
    found = credible_intervals({}, knowledge=shipped(), population="uniform")
    assert all(one.low == pytest.approx(one.high) == pytest.approx(1 / 31) for one in found.causes)


def test_a_row_of_shares_without_intervals_is_a_dirichlet_by_its_weight() -> None:
    knowledge = weighted(30)
    rates = base_rate_boxes(knowledge, knowledge.content.populations["clinic"])
    assert rates.origins is not None
    drawn = rates.origins.draw(np.random.default_rng(2), 4000)
    np.testing.assert_allclose(drawn.mean(axis=0), complete({"muscle": 0.75}, ("muscle", "nerve")), atol=0.01)
    assert drawn[:, 0].var() == pytest.approx(0.75 * 0.25 / 31, rel=0.1)
