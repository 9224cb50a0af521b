"""What the model implies of each published figure, against the rows and the enumerated definition."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.handmade import put, shipped, small_priors
from thighdx import Knowledge
from thighdx.assess import get_model
from thighdx.audit import Audit, Audited, audit, citations
from thighdx.audittext import table_rows
from thighdx.cases import read_case
from thighdx.evaluation.metrics import wilson
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.tables import build_tables


@cache
def found() -> Audit:
    return audit(shipped())


def small(**figure: Any) -> Audited:
    """The one figure of the small priors, changed."""
    tables = small_priors()
    put(tables, "figures.bruise_in_tears", tables["figures"]["bruise_in_tears"] | figure)
    for key in [key for key, value in figure.items() if value is None]:
        del tables["figures"]["bruise_in_tears"][key]
    return audit(knowledge_of(tables)).figures[0]


def knowledge_of(tables: dict[str, Any]) -> Knowledge:
    return build(document_of(tables, "small"))


def test_every_figure_in_use_is_audited_once() -> None:
    in_use = {name for name, entry in shipped().content.figures.items() if entry.passed_over is None}
    assert sorted(one.figure for one in found().figures) == sorted(in_use)
    everything = audit(shipped(), passed_over=True)
    assert len(everything.figures) == len(shipped().content.figures)
    assert len(found().outside) + len(found().inside) + len(found().not_computed) == len(found().figures)


def test_every_figure_in_use_has_a_place_that_cites_it() -> None:
    cited = {key for _, keys in citations(shipped()) for key in keys}
    assert {one.figure for one in found().figures} <= cited
    assert all(one.cited_in and one.together >= 1 for one in found().figures)


def test_a_row_that_states_its_one_figure_agrees_with_it_to_the_digit() -> None:
    """Sensitivities and frequencies are the rows themselves."""
    same = [
        one
        for one in found().figures
        if one.together == 1 and one.value == one.implied and one.measure == "sensitivity"
    ]
    assert len(same) > 10
    assert not any(one.outside for one in same)


def test_probabilities_are_the_rows_of_the_tables() -> None:
    """Where no ratio comes in, P(state | cause) of the tables of any population."""
    tables = build_tables(shipped(), "uniform")
    checked = 0
    for one in found().figures:
        if one.measure not in ("sensitivity", "probability") or one.cause not in tables.causes or one.finding is None:
            continue
        if shipped().content.findings[one.finding].kind == "context":
            continue
        finding = tables.findings[tables.finding_index[one.finding]]
        expected = finding.rows[tables.causes.index(one.cause), finding.states.index(str(one.state))]
        assert one.implied == pytest.approx(expected, abs=1e-12)
        checked += 1
    assert checked > 80


def test_a_specificity_is_of_the_studys_own_comparison_group() -> None:
    """Sixty cases in a hundred an ache, forty a root: neither has a row for bruises, so both have the background's."""
    told = small(measure="specificity", comparison_mix={"tear": 0.4, "root": 0.6}, value=0.7, low=None, high=None)
    assert told.implied == pytest.approx(1 - (0.4 * 0.6 + 0.6 * 0.05))
    assert told.against == "tear 40%, root 60%"
    alone = small(measure="specificity", comparison_mix={}, value=0.7)
    assert alone.implied == pytest.approx(0.95)
    assert alone.against == "background row"


def test_likelihood_and_odds_ratios_by_their_definition() -> None:
    mix = {"root": 1.0}
    told = small(measure="likelihood_ratio", comparison_mix=mix, value=10.0, low=None, high=None)
    assert told.implied == pytest.approx(0.6 / 0.05)
    told = small(measure="odds_ratio", comparison_mix=mix, value=10.0, low=None, high=None)
    assert told.implied == pytest.approx((0.6 / 0.4) / (0.05 / 0.95))


def test_risk_ratios_are_those_that_made_the_row() -> None:
    """A ratio row gives its ratio back, against the states that it leaves at 1, whatever the mix."""
    told = small(measure="risk_ratio", finding="age_group", state="young", cause="ache", value=3.0, low=2.0, high=4.0)
    assert told.implied == pytest.approx(3.0)
    assert told.against == "people with middle, old"
    assert not told.outside


@pytest.mark.parametrize(
    ("figure", "interval"),
    [
        ({"low": 0.5, "high": 0.7}, ("published", 0.5, 0.7)),
        ({"low": None, "high": None, "n": 40}, ("wilson", *wilson(0.6, 40))),
        ({"low": None, "high": None, "n": None}, ("tolerance", 0.5, 0.7)),
        ({"low": None, "high": 0.55}, ("published", None, 0.55)),
    ],
)
def test_the_interval_is_the_published_one_else_wilsons_else_the_tolerance(
    figure: dict[str, Any], interval: tuple[str, float | None, float]
) -> None:
    told = small(**figure)
    assert told.interval == interval[0]
    assert told.low == (None if interval[1] is None else pytest.approx(interval[1]))
    assert told.high == pytest.approx(interval[2])
    assert told.outside == (interval[2] < 0.6)


def test_a_ratio_without_interval_is_judged_by_the_probability_it_asks_for() -> None:
    """Against bruises in 5 %, a ratio of 10 asks for 50 %; 40 to 60 % is within the tolerance, 60 % is at its edge."""
    told = small(measure="likelihood_ratio", value=9.9, low=None, high=None, n=None)
    assert told.low == pytest.approx((0.495 - 0.1) / 0.05)
    assert told.high == pytest.approx((0.495 + 0.1) / 0.05)
    assert told.outside
    assert told.beyond == pytest.approx(0.6 - 0.595)


def test_the_farthest_outside_come_first() -> None:
    beyond = [-1.0 if one.beyond is None else one.beyond for one in found().figures]
    assert beyond == sorted(beyond, reverse=True)
    assert all(one.outside for one in found().figures[: len(found().outside)])


def test_a_changed_number_shows_which_evidence_it_breaks() -> None:
    """Slump taken down to 10 % in a radiculopathy, in an overlay: the figures of that row fall out, others stay."""
    changed = shipped().with_row("slump", "lumbar_radiculopathy", {"positive": 0.1}, weight=5, estimate="a try")
    after = audit(changed, passed_over=True)
    before = audit(shipped(), passed_over=True)
    moved = {one.figure for one in after.outside} - {one.figure for one in before.outside}
    assert moved
    assert all(shipped().content.figures[name].finding == "slump" for name in moved)


def test_what_a_change_newly_breaks_comes_first_and_is_marked() -> None:
    changed = shipped().with_row("slump", "lumbar_radiculopathy", {"positive": 0.6}, weight=5, estimate="a try")
    fine = next(one.combination for one in found().combinations if one.kept and not one.outside)
    changed = changed.with_overlay({"combinations": {fine: {"joint_share": 0.01}}})
    after = audit(changed, before=found())
    new = {one.figure for one in after.outside} - {one.figure for one in found().outside}
    assert 0 < len(new) < len(after.outside)
    assert {one.figure for one in after.figures[: len(new)]} == {one.figure for one in after.new} == new
    others = [one.beyond for one in after.figures[len(new) : len(after.outside)]]
    assert others == sorted(others, key=lambda beyond: -(beyond or 0))
    assert max(one.beyond or 0 for one in after.new) < max(beyond or 0 for beyond in others)  # order alone would not do
    assert [one.combination for one in after.combinations if one.new] == [after.combinations[0].combination] == [fine]
    assert not found().new
    assert not audit(shipped(), before=found()).new


def test_joint_ratios_are_those_of_the_engine_and_the_laws_hold() -> None:
    model = get_model(shipped(), "uniform")
    for one in found().combinations:
        position = model.tables.causes.index(one.cause)
        likelihood = np.exp(model.engine.log_likelihood(read_case(shipped(), one.answers).evidence)[0])
        assert one.joint == pytest.approx(likelihood[position] / np.delete(likelihood, position).mean())
        assert one.kept
        assert one.joint < one.product


def test_kappa_of_two_findings_by_the_table_of_both() -> None:
    model = get_model(shipped())
    (one,) = [one for one in found().combinations if one.measure == "kappa"]
    (first, yes), (second, also) = one.answers.items()
    table = np.zeros((2, 2))
    for row, a in enumerate((yes, "negative")):
        for column, b in enumerate((also, "negative")):
            told = read_case(shipped(), {first: a, second: b}).evidence
            table[row, column] = np.exp(model.engine.posterior(told).log_evidence[0])
    assert table.sum() == pytest.approx(1)
    chance = (table.sum(axis=1) * table.sum(axis=0)).sum()
    assert one.implied == pytest.approx((np.trace(table) - chance) / (1 - chance))


def test_base_rates_are_those_of_the_population_that_cites_them() -> None:
    for one in found().figures:
        if one.measure != "base_rate" or one.implied is None:
            continue
        _, population, *_ = one.cited_in[0].split(".")
        prior = dict(zip(shipped().causes, build_tables(shipped(), population).prior, strict=True))
        share = prior[str(one.cause)]
        if "within" in one.cited_in[0]:
            origin = shipped().content.causes[str(one.cause)].origin
            share /= sum(prior[name] for name, entry in shipped().content.causes.items() if entry.origin == origin)
        assert one.implied == pytest.approx(share)


def test_the_table_has_a_row_for_each_figure() -> None:
    heading, *rows = table_rows(found())
    assert len(rows) == len(found().figures)
    assert all(len(row) == len(heading) for row in rows)
    assert [row[0] for row in rows].count("yes") == len(found().outside)
