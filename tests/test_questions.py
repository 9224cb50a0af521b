"""Expected information gain against its definition, and against pgmpy on the shipped network."""

from __future__ import annotations

import numpy as np
import pytest

from tests.handmade import drop, put, shipped, small_priors
from tests.oracle import CAUSE, enumerated_posterior, random_likelihoods, random_tables, to_evidence
from thighdx import Knowledge, ThighdxError, UnknownNameError, diagnose, next_questions
from thighdx.assess import get_model
from thighdx.hypothetical import Hypothetical
from thighdx.knowledge import build
from thighdx.network import build_network
from thighdx.reading import document_of
from thighdx.reasoning.information import best_second, gains, goal_joint
from thighdx.rows import Array

CASE = {"onset": "sudden", "pop_felt": "yes", "slump": "positive@0.8", "pain_site": "sit_bone|buttock", "age": "31"}


def small() -> Knowledge:
    return build(document_of(small_priors(), "small"))


def bits(shares: Array) -> float:
    """Shannon entropy by its definition."""
    some = shares[shares > 0]
    return float(-(some * np.log2(some)).sum())


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_gain_is_the_expected_fall_in_entropy(seed: int, zeros: bool) -> None:
    """Over a random partition of the causes, some set aside; every posterior summed from the joint."""
    rng = np.random.default_rng([seed, zeros, 7])
    tables = random_tables(rng, zeros=zeros, largest_joint=1500)
    answers = random_likelihoods(rng, tables, answers=len(tables.findings) // 2)
    goal = np.eye(3)[rng.integers(0, 3, size=len(tables.causes))][:, :2]
    layout = Hypothetical(tables)
    found = layout.outlook(to_evidence(tables, [answers]))
    within = float((found.probability @ goal).sum())
    joint = found.predictive[:, None] * found.probability_if @ goal / (within or 1.0)
    told = gains(joint, layout.first)
    for place, vector in enumerate(answers):
        expected = 0.0
        if min(vector) == 1 and within > 0:
            now = np.array(enumerated_posterior(tables, answers).causes) @ goal
            expected = bits(now / now.sum())
            for unit in np.eye(len(vector)).tolist():
                then = enumerated_posterior(tables, [*answers[:place], unit, *answers[place + 1 :]])
                shares = np.array(then.causes) @ goal
                weight = then.evidence * shares.sum() / (enumerated_posterior(tables, answers).evidence * now.sum())
                expected -= weight * bits(shares / shares.sum()) if shares.sum() > 0 else 0.0
        assert told[place] == pytest.approx(expected, abs=1e-10)


def test_gain_is_pgmpys_on_a_sample_of_the_shipped_network() -> None:
    from pgmpy.inference import VariableElimination

    model = get_model(shipped())
    elimination = VariableElimination(build_network(model.tables))
    case = {"onset": "sudden", "slump": "positive", "worse_sitting": "no"}
    sample = ("bruising", "pain_site", "mri_thigh", "age_group", "straight_leg_raise")
    told = {one.finding: one for one in next_questions(case).questions}
    for name in sample:
        joint = elimination.query([CAUSE, name], evidence=case, show_progress=False)
        states = model.tables.findings[model.tables.finding_index[name]].states
        table = np.array([[joint.get_value(**{CAUSE: c, name: s}) for c in model.tables.causes] for s in states])
        chance = table.sum(axis=1)
        after = sum(p * bits(row / p) for p, row in zip(chance, table, strict=True))
        assert told[name].bits == pytest.approx(bits(table.sum(axis=0)) - after, abs=1e-9)
        for answer, p, row in zip(told[name].answers, chance, table, strict=True):
            assert answer.probability == pytest.approx(p, abs=1e-9)
            np.testing.assert_allclose(list(answer.posterior.values()), row / p, rtol=0, atol=1e-9)


@pytest.mark.parametrize("goal", ["cause", "origin", "dangerous", ("avulsion", "strain")])
def test_questions_are_ranked_and_their_answers_are_what_diagnose_says(goal: str | tuple[str, str]) -> None:
    told = next_questions(CASE, goal=goal)
    ranks = [one.bits for one in told.questions]
    assert ranks == sorted(ranks, reverse=True)
    assert 0 <= ranks[-1] <= ranks[0] <= told.uncertainty
    assert len(ranks) == len(shipped().findings) - len(CASE)
    for one in told.questions[:4]:
        assert sum(answer.probability for answer in one.answers) == pytest.approx(1, abs=1e-12)
        for answer in one.answers:
            then = diagnose({**CASE, one.finding: answer.state})
            assert answer.posterior == pytest.approx({share.id: share.probability for share in then.causes}, abs=1e-11)
            assert answer.goal == pytest.approx(goal_shares(goal, answer.posterior), abs=1e-11)


def goal_shares(goal: str | tuple[str, str], posterior: dict[str, float]) -> dict[str, float]:
    causes = shipped().content.causes
    if goal == "cause":
        return posterior
    if goal == "origin":
        return {
            origin: sum(p for cause, p in posterior.items() if causes[cause].origin == origin)
            for origin in shipped().origins
        }
    if goal == "dangerous":
        risk = sum(p for cause, p in posterior.items() if causes[cause].dangerous)
        return {"dangerous": risk, "other": 1 - risk}
    total = sum(posterior[cause] for cause in goal)
    return {cause: posterior[cause] / total for cause in goal}


def test_two_steps_are_the_question_and_the_best_one_after_each_answer() -> None:
    case = {"bruise": "yes"}
    told = next_questions(case, two_steps=True, knowledge=small())
    assert len(told.questions) == 4
    for one in told.questions:
        expected = one.bits
        for answer in one.answers:
            then = next_questions({**case, one.finding: answer.state}, knowledge=small()).questions[0]
            expected += answer.probability * then.bits
            assert answer.then == then.finding
            assert answer.then_bits == pytest.approx(then.bits, abs=1e-12)
        assert one.two_step_bits == pytest.approx(expected, abs=1e-12)


def test_two_steps_on_the_shipped_network() -> None:
    told = next_questions(CASE, two_steps=True, kind=("history", "test"), goal="dangerous")
    ranks = [one.two_step_bits or 0.0 for one in told.questions]
    assert ranks == sorted(ranks, reverse=True)
    for one in (told.questions[0], told.questions[-1]):
        follow = [
            next_questions({**CASE, one.finding: a.state}, kind=("history", "test"), goal="dangerous").questions[0].bits
            for a in one.answers
        ]
        expected = one.bits + sum(a.probability * gain for a, gain in zip(one.answers, follow, strict=True))
        assert one.two_step_bits == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_the_best_second_question_of_small_random_networks(seed: int, zeros: bool) -> None:
    """Against the outlook of the case with the first answer given."""
    rng = np.random.default_rng([seed, zeros, 8])
    tables = random_tables(rng, zeros=zeros, findings=(3, 6))
    layout = Hypothetical(tables)
    answers = random_likelihoods(rng, tables, answers=1)
    told, goal = to_evidence(tables, [answers]), np.eye(len(tables.causes))
    found = layout.outlook(told)
    rows = np.flatnonzero(found.predictive > 0)
    open_ = np.array([min(vector) == 1 for vector in answers])
    best, then = best_second(layout, told, found.probability_if, goal, rows, open_)
    for row in rows.tolist():
        place = int(layout.owner[row])
        unit = np.eye(len(answers[place]))[row - layout.first[place]].tolist()
        after = layout.outlook(to_evidence(tables, [[*answers[:place], unit, *answers[place + 1 :]]]))
        gain = gains(after.predictive[:, None] * after.probability_if, layout.first)
        assert best[row] == pytest.approx(gain.max(), abs=1e-10)
        assert gain[then[row]] == pytest.approx(gain.max(), abs=1e-10)


def test_findings_by_kind_and_what_is_answered_is_not_asked() -> None:
    told = next_questions(CASE, kind="context")
    assert {one.kind for one in told.questions} == {"context"}
    assert "age_group" not in {one.finding for one in told.questions}
    fresh = {one.finding: one for one in next_questions({"slump": "positive"}, kind="context").questions}
    assert fresh["age_group"].number_column == "age"
    asked = {one.finding for one in next_questions(CASE, kind=("history", "test")).questions}
    assert not asked & {"onset", "pop_felt", "slump", "pain_site"}


def test_an_answer_that_says_nothing_leaves_the_finding_open() -> None:
    assert "slump" in {one.finding for one in next_questions({"slump": "negative|positive"}).questions}


@pytest.mark.parametrize(("per", "scale"), [("minute", 1), ("dollar", 100)])
def test_ranking_by_cost(per: str, scale: int) -> None:
    told = next_questions(CASE, per=per)
    assert told.questions
    rates = []
    for one in told.questions:
        price = one.cost.price_usd
        amount = one.cost.minutes if per == "minute" else None if price is None else sum(price) / 2
        assert amount is not None
        rates.append(scale * one.bits / amount)
        assert one.per_cost == pytest.approx(rates[-1])
    assert rates == sorted(rates, reverse=True)
    everyone = {one.finding for one in next_questions(CASE).questions}
    assert {one.finding for one in told.questions} | set(told.no_cost) == everyone
    assert told.no_cost


def test_costs_are_the_priors_own() -> None:
    told = small_priors()
    put(told, "costs.kinds.history", {"minutes": 2, "estimate": "guess"})
    put(told, "costs.findings.quality", {"minutes": 7, "estimate": "guess"})
    found = next_questions({}, per="minute", knowledge=build(document_of(told, "small")))
    assert {one.finding: one.cost.minutes for one in found.questions} == {"walking": 2, "quality": 7}
    assert set(found.no_cost) == {"age_group", "bruise", "slump"}
    assert next_questions({}, per="minute", knowledge=small()).questions == ()


def test_the_sentence_names_what_the_answers_would_do() -> None:
    told = next_questions({"onset": "sudden"}, goal=("strain", "avulsion"), kind="imaging")
    one = next(one for one in told.questions if one.finding == "mri_thigh")
    shares = {answer.label: answer.goal["strain"] for answer in one.answers}
    assert "Hamstring strain" in one.why
    assert f"{max(shares.values()):.1%}".replace("%", "") in one.why
    everything = {name: entry.states[0] for name, entry in shipped().content.findings.items() if name != "sex"}
    assert next_questions(everything).questions[0].finding == "sex"


def test_nothing_left_to_ask() -> None:
    everything = {name: entry.states[0] for name, entry in shipped().content.findings.items()}
    told = next_questions(everything, two_steps=True)
    assert told.questions == ()
    assert told.open_findings == 0


def test_unknown_goals_kinds_units_and_causes_are_refused() -> None:
    for wrong, sentence in (
        ({"goal": "couse"}, "'couse' is not a goal; use cause, origin or dangerous; nearest: cause"),
        ({"goal": ("strain", "avulsio")}, "'avulsio' is not a cause; nearest: avulsion"),
        ({"goal": ("strain", "strain")}, "named twice"),
        ({"kind": "tests"}, "'tests' is not a kind of finding"),
        ({"per": "euro"}, "'euro' is not a unit of cost"),
    ):
        with pytest.raises(UnknownNameError, match=sentence):
            next_questions(CASE, **wrong)
    with pytest.raises(ThighdxError, match="two steps"):
        next_questions(CASE, per="minute", two_steps=True)


def test_priors_without_dangerous_causes_cannot_be_asked_for_them() -> None:
    told = small_priors()
    drop(told, "causes.root.dangerous")
    with pytest.raises(UnknownNameError, match="marked dangerous"):
        next_questions({}, goal="dangerous", knowledge=build(document_of(told, "small")))


def test_a_finding_that_hangs_on_nothing_of_the_goal_tells_nothing_of_it() -> None:
    """Slump is alike under tear and ache, so it cannot tell one from the other."""
    told = {one.finding: one for one in next_questions({}, goal=("tear", "ache"), knowledge=small()).questions}
    assert told["slump"].bits == pytest.approx(0, abs=1e-12)
    assert told["bruise"].bits > 0.1
    assert told["slump"].why == "Its answer would change nothing that is asked here."


def test_goal_joint_sums_to_one_over_states_and_goals() -> None:
    layout = Hypothetical(get_model(shipped()).tables)
    p = np.full(len(shipped().causes), 1 / len(shipped().causes))
    rows = np.concatenate([finding.rows.T for finding in get_model(shipped()).tables.findings]).T
    joint = goal_joint(p, rows, np.eye(len(p))[:, :2])
    totals = np.add.reduceat(joint.sum(axis=1), layout.first)
    np.testing.assert_allclose(totals, np.ones(len(totals)), atol=1e-12)
