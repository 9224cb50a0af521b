"""What matters: re-solved curves against the engine on changed knowledge, expanded entries against changed tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.handmade import put, shipped, small_priors
from thighdx import (
    Knowledge,
    UnknownNameError,
    base_rate_curve,
    diagnose,
    expanded_entry,
    how_sure,
    number_curve,
    sensitivity,
)
from thighdx.assess import get_model
from thighdx.cases import read_case
from thighdx.engine import Engine
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.reasoning.numbers import Number
from thighdx.reasoning.resolve import CaseView
from thighdx.reasoning.respond import log_odds, respond, respond_on_grid
from thighdx.tables import Tables

SMALL = {"bruise": "yes", "walking": "limping|unable", "slump": "positive", "quality": "sharp@0.6", "age_group": "old"}
BIG = {
    "onset": "sudden",
    "weakness": "some|marked",
    "slump": "positive",
    "straight_leg_raise": "positive@0.8",
    "pain_site": "sit_bone",
    "age": "16",
    "prior_hamstring_injury": "yes",
    "radiating_pain": "below_knee",
    "mri_spine": "disc_with_root_contact",
    "swelling": "none",
}


def view_of(knowledge: Knowledge, case: dict[str, str], population: str | None = None) -> CaseView:
    return CaseView(get_model(knowledge, population), read_case(knowledge, case).evidence)


def changed(knowledge: Knowledge, number: Number, value: float) -> Knowledge:
    """The knowledge with the number's row restated whole, by the ways a caller has."""
    row = number.rows(np.array([value]))[0].tolist()
    kept = {"weight": 5, "estimate": "changed"}
    *above, last = number.path.split(".")
    if number.kind == "share":
        if last == "origins":
            return knowledge.with_origins(above[1], dict(zip(knowledge.origins, row, strict=True)))
        if last == "causes":
            p = dict(zip(knowledge.causes, row, strict=True))
            return knowledge.with_overlay({"populations": {above[1]: {"causes": {"p": p, **kept}}}})
        members = [name for name in knowledge.causes if knowledge.content.causes[name].origin == last]
        return knowledge.with_base_rates(above[1], {last: dict(zip(members, row, strict=True))})
    names = (
        knowledge.content.mechanisms[above[1]].levels
        if number.kind == "level"
        else knowledge.content.findings[knowledge.findings[number.position]].states
    )
    overlay: dict[str, object] = {"p": dict(zip(names, row, strict=True)), **kept}
    for key in reversed(number.path.split(".")):
        overlay = {key: overlay}
    return knowledge.with_overlay(overlay)


def check_numbers(knowledge: Knowledge, case: dict[str, str], population: str, numbers: list[Number]) -> None:
    view = view_of(knowledge, case, population)
    rng = np.random.default_rng(len(numbers))
    for number in numbers:
        value = float(rng.uniform(number.low, number.high))
        found = respond(view, number, np.array([value]))[0]
        told = diagnose(case, knowledge=changed(knowledge, number, value), population=population)
        expected = [told.probability(cause) for cause in knowledge.causes]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10, err_msg=f"{number.path} {number.name}")


@pytest.mark.parametrize("population", ["clinic", "alike"])
def test_every_number_of_small_priors_agrees_with_changed_knowledge(knowledge: Knowledge, population: str) -> None:
    numbers = list(respond_on_grid(view_of(knowledge, SMALL, population)).numbers)
    kinds = {(one.kind, one.cause is None) for one in numbers}
    assert kinds == {("row", True), ("row", False), ("level", True), ("level", False), ("share", True)}
    assert any("mix" in one.path for one in numbers) == (population == "clinic")
    check_numbers(knowledge, SMALL, population, numbers)


@pytest.mark.slow
def test_numbers_of_the_shipped_priors_agree_with_changed_knowledge() -> None:
    """A few of each kind: own rows, ratios, backgrounds that rows and ratios follow, levels, base rates."""
    numbers = respond_on_grid(view_of(shipped(), BIG, "distance_runners")).numbers
    rng = np.random.default_rng(3)
    for kind in ("row", "level", "share"):
        for own in (True, False):
            alike = [one for one in numbers if one.kind == kind and (one.cause is None) == own]
            if alike:
                chosen = [alike[place] for place in rng.permutation(len(alike))[:5]]
                check_numbers(shipped(), BIG, "distance_runners", chosen)


def test_the_grid_is_the_curve_at_its_points() -> None:
    view = view_of(shipped(), BIG)
    found = respond_on_grid(view)
    for place in range(0, len(found.numbers), 23):
        at = respond(view, found.numbers[place], found.values[place])
        np.testing.assert_allclose(found.probability[place], at, rtol=0, atol=1e-12)


def test_influences_are_the_posterior_at_the_ends_of_each_range() -> None:
    found = sensitivity(BIG, "avulsion")
    assert found.cause == "avulsion"
    assert found.probability == diagnose(BIG).probability("avulsion")
    swings = [one.swing for one in found.influences]
    assert swings == sorted(swings, reverse=True)
    for bar in found.influences[::40]:
        assert bar.low <= bar.value <= bar.high
        assert bar.lowest <= min(bar.probability_low, bar.probability_high, found.probability)
        curve = number_curve(BIG, bar.path, bar.entry, points=2)
        ends = curve.probability[:, shipped().causes.index("avulsion")]
        assert ends.tolist() == pytest.approx([bar.probability_low, bar.probability_high], abs=1e-12)


def test_ranges_are_those_of_the_beta_and_of_stated_intervals() -> None:
    found = sensitivity({"slump": "positive"})
    by_name = {(one.path, one.entry): one for one in found.influences}
    row = by_name["findings.slump.rows.lumbar_radiculopathy", "positive"]
    expected = stats.beta.ppf([0.025, 0.975], row.weight * row.value, row.weight * (1 - row.value))
    assert [row.low, row.high] == pytest.approx(expected, abs=1e-9)
    split = by_name["populations.distance_runners.origins", "hamstring_irritation"]
    assert (split.low, split.value, split.high) == (0.25, 0.29, 0.29)
    assert "count of what he sees" in split.source


def test_a_convention_is_no_number_that_matters() -> None:
    found = sensitivity({"slump": "positive"}, population="uniform")
    assert not any(one.path.startswith("populations") for one in found.influences)


def test_levels_matter_where_two_answers_hang_together_and_not_for_one_alone(knowledge: Knowledge) -> None:
    one = sensitivity({"slump": "positive"}, knowledge=knowledge)
    assert not any(bar.path.startswith("mechanisms") for bar in one.influences)
    two = sensitivity({"slump": "positive", "walking": "unable"}, knowledge=knowledge)
    swings = {bar.path: bar.swing for bar in two.influences if bar.path.startswith("mechanisms")}
    assert swings["mechanisms.irritation.rows.root"] > 0.001


def test_without_answers_only_base_rates_matter(knowledge: Knowledge) -> None:
    found = sensitivity({}, knowledge=knowledge)
    assert {bar.path.split(".")[0] for bar in found.influences} == {"populations"}


def test_an_answer_that_says_nothing_has_no_numbers(knowledge: Knowledge) -> None:
    told = sensitivity({"slump": "positive@0.5"}, knowledge=knowledge)
    assert not any("slump" in bar.path for bar in told.influences)


# ------------------------------------------------------------------------------------------------ the smallest change


@pytest.mark.parametrize(
    "case",
    [
        {"bruise": "yes"},
        {"slump": "positive"},
        {"slump": "positive", "quality": "burning"},
        {"walking": "limping", "quality": "dull"},
        SMALL,
    ],
)
def test_the_smallest_change_is_the_least_on_a_fine_grid(knowledge: Knowledge, case: dict[str, str]) -> None:
    view = view_of(knowledge, case)
    leader = diagnose(case, knowledge=knowledge).top.id
    found = sensitivity(case, knowledge=knowledge).smallest_change
    least = np.inf
    for number in respond_on_grid(view).numbers:
        values = np.linspace(number.low, number.high, 2001)
        leads = respond(view, number, values).argmax(axis=1) != knowledge.causes.index(leader)
        steps = np.abs(log_odds(values) - log_odds(np.array(number.value)))
        least = min(least, steps[leads].min(initial=np.inf))
    if found is None:
        assert least == np.inf
    else:
        assert abs(found.step) <= least + 1e-6
        assert least - abs(found.step) < 0.05  # as fine as the grid


def test_the_smallest_change_is_one_and_nothing_nearer_does() -> None:
    for case in ({"slump": "positive"}, {"worse_sitting": "yes", "pain_site": "sit_bone"}, BIG):
        found = sensitivity(case).smallest_change
        assert found is not None
        leader = diagnose(case).top.id
        number = next(
            one
            for one in respond_on_grid(view_of(shipped(), case)).numbers
            if (one.path, one.entry) == (found.path, found.entry)
        )
        assert diagnose(case, knowledge=changed(shipped(), number, found.to)).top.id == found.leading != leader
        nearer = found.value + 0.999 * (found.to - found.value)
        assert diagnose(case, knowledge=changed(shipped(), number, nearer)).top.id == leader


def test_no_single_number_changes_a_certain_cause() -> None:
    case = {"mri_spine": "cauda_compression", "saddle_numbness": "yes", "bladder_bowel_change": "yes"}
    found = sensitivity(case, population="primary_care_adults")
    assert found.cause == "cauda_equina"
    assert found.smallest_change is None


def test_a_share_that_may_be_nothing_or_all() -> None:
    priors = small_priors()
    put(priors, "populations.clinic.origins.interval", {"muscle": [0.0, 1.0]})
    found = sensitivity({"slump": "positive"}, knowledge=build(document_of(priors, "small")))
    split = next(bar for bar in found.influences if (bar.path, bar.entry) == ("populations.clinic.origins", "muscle"))
    assert (split.low, split.high) == (0, 1)
    muscle = found.cause in ("tear", "ache")
    assert [split.probability_high, split.probability_low][muscle] == 0  # the leading cause's origin at the wrong end
    assert found.smallest_change is not None
    assert 0 < found.smallest_change.to < 1


def test_one_cause_alone_is_certain() -> None:
    priors = small_priors()
    for table in (*priors["findings"].values(), *priors["mechanisms"].values()):
        table["rows"] = {cause: row for cause, row in table.get("rows", {}).items() if cause == "tear"}
    priors["causes"] = {"tear": priors["causes"]["tear"]}
    priors["origins"] = {"muscle": "Muscle"}
    priors["findings"]["walking"]["mechanism_by_cause"] = {}
    del priors["mechanisms"]["irritation"]["templates"]["walking"]
    priors["figures"]["bruise_in_tears"]["comparison_mix"] = {}
    for flag in priors["red_flags"].values():
        flag["may_be"] = []
    clinic = priors["populations"]["clinic"]
    clinic["origins"] = {"p": {}, "weight": 4, "estimate": "a guess"}
    clinic["within"] = {"muscle": {"p": {}, "weight": 4, "estimate": "a guess"}}
    knowledge = build(document_of(priors, "small"))
    sure = how_sure({"bruise": "yes"}, knowledge=knowledge)
    assert [(one.low, one.high) for one in sure.intervals.causes] == [(1, 1)]
    assert [(one.low, one.high) for one in sure.bounds.causes] == [(1, 1)]
    assert sure.sensitivity.smallest_change is None
    assert sure.two_causes.pairs == ()
    assert base_rate_curve({}, "tear", knowledge=knowledge).probability[-1].tolist() == [1]


# --------------------------------------------------------------------------------------------------------- base rates


def test_the_curve_of_an_origin_is_the_engine_on_other_shares() -> None:
    curve = base_rate_curve(BIG, "acute_hamstring", values=[0.0, 0.01, 0.3, 1.0])
    for value, row in zip(curve.values, curve.probability, strict=True):
        if 0 < value < 1:
            other = shipped().with_origins("distance_runners", {"acute_hamstring": float(value)})
            told = diagnose(BIG, knowledge=other)
            np.testing.assert_allclose(row, [told.probability(cause) for cause in shipped().causes], atol=1e-12)
    acute = [entry.origin == "acute_hamstring" for entry in shipped().content.causes.values()]
    assert curve.probability[0, acute].sum() == 0
    assert curve.probability[-1, acute].sum() == pytest.approx(1)
    assert curve.value == pytest.approx(0.01)


def test_the_curve_of_a_cause_is_bayes_theorem() -> None:
    """Odds = base odds x likelihood ratio against the others as they stand to one another."""
    told = diagnose(BIG)
    now, base = told.probability("strain"), next(one.base_rate for one in told.causes if one.id == "strain")
    assert base is not None
    ratio = now / (1 - now) / (base / (1 - base))
    curve = base_rate_curve(BIG, "strain", values=[0.2])
    odds = 0.25 * ratio
    assert curve.probability[0, shipped().causes.index("strain")] == pytest.approx(odds / (1 + odds), abs=1e-12)


def test_words_that_are_no_number_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="nearest: strain"):
        sensitivity(BIG, "strian")
    with pytest.raises(UnknownNameError, match="nearest: acute_hamstring"):
        base_rate_curve(BIG, "acute_hamstrin")
    with pytest.raises(UnknownNameError, match=r"nearest: findings\.slump\.background"):
        number_curve(BIG, "findings.slump.backgroud")
    with pytest.raises(UnknownNameError, match="positive"):
        number_curve(BIG, "findings.slump.background", "negative")
    with pytest.raises(ValueError, match="between 0 and 1"):
        base_rate_curve(BIG, "strain", values=[1.2])
    with pytest.raises(ValueError, match="one at least"):
        base_rate_curve(BIG, "strain", values=[])
    with pytest.raises(UnknownNameError, match="is not a level"):
        expanded_entry(BIG, "slump", "lumbar_radiculopathy", "positive", level="iritated")


# --------------------------------------------------------------------------------------------------- expanded entries


def with_entry(tables: Tables, finding: int, cause: int, level: int, state: int, x: float) -> Tables:
    """The tables with one entry of an expanded row set, the other states in proportion; nothing solved anew."""
    entry = tables.findings[finding]
    parent = int(entry.parent[cause])
    table = (entry.rows if parent == -1 else entry.given[parent]).copy()
    place = (cause,) if parent == -1 else (cause, level)
    row = table[place]
    others = np.where(np.arange(len(row)) == state, 0.0, row)
    table[place] = others * (1 - x) / others.sum()
    table[(*place, state)] = x
    changed = replace(entry, rows=table) if parent == -1 else replace(entry, given={**entry.given, parent: table})
    return replace(tables, findings=(*tables.findings[:finding], changed, *tables.findings[finding + 1 :]))


@given(st.data())
def test_an_expanded_entry_is_a_ratio_of_two_linear_functions(data: st.DataObject) -> None:
    tables, causes = get_model(shipped(), None).tables, shipped().causes
    finding = data.draw(
        st.sampled_from([*BIG, "worse_sitting"]).map(lambda name: "age_group" if name == "age" else name)
    )
    under, asked = (data.draw(st.sampled_from(causes)) for _ in range(2))
    entry = tables.findings[tables.finding_index[finding]]
    parent = int(entry.parent[causes.index(under)])
    level = None if parent == -1 else data.draw(st.sampled_from(tables.mechanisms[parent].levels))
    state, x = data.draw(st.sampled_from(entry.states)), data.draw(st.floats(0, 1))
    found = expanded_entry(BIG, finding, under, state, level=level, cause=asked)
    at = 0 if level is None else tables.mechanisms[parent].levels.index(level)
    told = read_case(shipped(), BIG).evidence
    where = tables.finding_index[finding], causes.index(under), at, entry.states.index(state)
    expected = Engine(with_entry(tables, *where, x)).posterior(told).probability[0, causes.index(asked)]
    assert found(x) == pytest.approx(expected, abs=1e-10)
    assert found(found.value) == pytest.approx(diagnose(BIG).probability(asked), abs=1e-10)


@pytest.mark.filterwarnings("error")
def test_an_entry_of_a_finding_on_a_mechanism_of_which_nothing_is_said_moves_nothing() -> None:
    # a level of probability 0 (no tear without damage) is no warning
    found = expanded_entry({}, "bruising", "strain", "yes", level="mild")
    assert found(0.0) == found(1.0) == pytest.approx(diagnose({}).probability("strain"), abs=1e-12)
