"""Same-decision probability against every way to answer what remains, one diagnosis each."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import numpy as np
import pytest

from tests.handmade import shipped, small_priors
from thighdx import Knowledge, diagnose, next_questions, same_decision
from thighdx.assess import get_model
from thighdx.cases import read_case
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.reasoning import stopping
from thighdx.reasoning.sentences import stays_exactly, stays_sentence
from thighdx.wording import percent

CASE = {"onset": "sudden", "pop_felt": "yes", "bruising": "yes@0.9", "age": "31", "pain_site": "sit_bone|buttock"}


def small() -> Knowledge:
    return build(document_of(small_priors(), "small"))


def by_hand(case: dict[str, str], remaining: tuple[str, ...], knowledge: Knowledge) -> tuple[dict[str, float], float]:
    """Probability that each cause leads, and that the triage stays, over all ways to answer the remaining findings."""
    engine, now = get_model(knowledge).engine, diagnose(case, knowledge=knowledge)
    evidence = float(engine.posterior(read_case(knowledge, case).evidence).log_evidence[0])
    leaders: dict[str, float] = defaultdict(float)
    triage = 0.0
    for states in product(*(knowledge.content.findings[name].states for name in remaining)):
        whole = {**case, **dict(zip(remaining, states, strict=True))}
        told = engine.posterior(read_case(knowledge, whole).evidence).log_evidence[0]
        weight, then = float(np.exp(told - evidence)), diagnose(whole, knowledge=knowledge)
        leaders[then.top.id] += weight
        triage += weight * (then.triage == now.triage)
    return leaders, triage


@pytest.mark.parametrize("case", [{}, {"bruise": "yes"}, {"slump": "positive@0.7", "walking": "limping|unable"}])
def test_exact_over_every_way_to_answer_what_remains(case: dict[str, str]) -> None:
    told = same_decision(case, knowledge=small())
    leaders, triage = by_hand(case, told.considered, small())
    assert told.exact
    assert told.cause.standard_error is None
    assert set(told.considered) == set(small().findings) - set(case)
    assert told.leaders == pytest.approx(leaders, abs=1e-12)
    assert told.cause.decision == diagnose(case, knowledge=small()).top.id
    assert told.cause.probability == pytest.approx(leaders[told.cause.decision], abs=1e-12)
    assert told.triage.probability == pytest.approx(triage, abs=1e-12)


def test_the_most_informative_findings_of_the_shipped_network() -> None:
    told = same_decision(CASE, top=2)
    assert told.considered == tuple(one.finding for one in next_questions(CASE, most=2).questions)
    leaders, triage = by_hand(CASE, told.considered, shipped())
    assert told.leaders == pytest.approx(leaders, abs=1e-11)
    assert told.triage.probability == pytest.approx(triage, abs=1e-11)


@pytest.mark.parametrize("case", [{}, {"bruise": "yes"}, {"slump": "positive@0.7", "walking": "limping|unable"}])
def test_simulation_agrees_with_the_sum_within_its_error(case: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    exact = same_decision(case, knowledge=small())
    monkeypatch.setattr(stopping, "MOST_ENUMERATED", 0)
    drawn = same_decision(case, knowledge=small(), draws=20_000, seed=1)
    assert not drawn.exact
    for one, other in ((exact.cause, drawn.cause), (exact.triage, drawn.triage)):
        assert other.standard_error is not None
        assert abs(one.probability - other.probability) < 5 * other.standard_error


def test_simulation_on_the_shipped_network_is_seeded_and_agrees_with_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = same_decision(CASE, top=4)
    assert exact.exact
    monkeypatch.setattr(stopping, "MOST_ENUMERATED", 0)
    drawn = same_decision(CASE, top=4, draws=20_000, seed=2)
    assert drawn == same_decision(CASE, top=4, draws=20_000, seed=2)
    assert drawn.cause.standard_error is not None
    assert abs(drawn.cause.probability - exact.cause.probability) < 5 * drawn.cause.standard_error
    assert drawn.draws == 20_000


def test_many_remaining_answers_are_simulated_and_the_shares_sum_to_one() -> None:
    told = same_decision(CASE, draws=500)
    assert not told.exact
    assert len(told.considered) == told.open_findings == len(shipped().findings) - len(CASE)
    assert sum(told.leaders.values()) == pytest.approx(1, abs=1e-12)
    assert 0 < told.cause.probability < 1


def test_nothing_left_to_ask_leaves_the_decision_as_it_is() -> None:
    everything = {name: entry.states[0] for name, entry in shipped().content.findings.items()}
    for told in (same_decision(everything), same_decision(CASE, top=0)):
        assert told.exact
        assert told.cause.probability == pytest.approx(1, abs=1e-12)
        assert told.triage.probability == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("top", "of_five", "said"),
    [
        (None, {}, "After all 5 open questions, "),
        (2, {}, "After the 2 most telling open questions, "),
        (1, {}, "After the most telling open question, "),
        (
            None,
            {"bruise": "no", "walking": "normal", "slump": "negative", "quality": "dull"},
            "After the one open question",
        ),
        (0, {}, "Nothing is left to ask"),
    ],
)
def test_what_is_said_names_the_questions_and_counts_patients(
    top: int | None, of_five: dict[str, str], said: str
) -> None:
    decision = same_decision(of_five, top=top, knowledge=small())
    sentence = stays_sentence(decision)
    assert sentence.startswith(said)
    if decision.considered:
        assert f"lead in {100 * decision.cause.probability:.0f} of 100" in sentence or decision.cause.probability > 0.99
        assert "exact" in stays_exactly(decision)
        assert percent(decision.cause.probability) in stays_exactly(decision)


def test_an_emergency_stays_one() -> None:
    """No later answer takes a red flag back."""
    told = same_decision({"saddle_numbness": "yes"}, draws=300)
    assert told.triage.decision == "emergency"
    assert told.triage.probability == pytest.approx(1, abs=1e-12)
    assert told.triage.standard_error is not None
    assert told.triage.standard_error > 0


@pytest.mark.parametrize("wrong", [{"top": -1}, {"draws": 0}])
def test_numbers_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="accepted"):
        same_decision(CASE, **wrong)  # type: ignore[arg-type] # mypy cannot tell the keywords apart
