"""Cause cards: every cause has its advice and documents, and what speaks for it is a plain quotient."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from thighdx import KnowledgeError, diagnose, load_knowledge
from thighdx.cardtext import print_cause_card
from thighdx.causecard import MOST_SPEAKING, CauseCard, cause_card, elsewhere, log_ratios
from thighdx.knowledge import Knowledge
from thighdx.schema import Finding
from thighdx.tables import Tables, build_tables

KNOWLEDGE = load_knowledge()
CAUSES = KNOWLEDGE.causes
POPULATIONS = KNOWLEDGE.populations
DOSE = re.compile(r"\d\s?(mg|mcg|g|ml|units|tablets)\b", re.IGNORECASE)

# What the five documents say to do: (cause, part of its care, words that stand there).
ADVICE = [
    ("strain", "first_line", "load early"),
    ("strain", "first_line", "heat only after 72 hours"),
    ("strain", "avoid", "Stretching it in the first 3-5 days"),
    ("strain", "note", "RICE"),
    ("avulsion", "best_study_why", "X-ray or bone scan"),
    ("doms", "first_line", "goes by itself within days"),
    ("proximal_tendinopathy", "first_line", "heavy slow resistance"),
    ("proximal_tendinopathy", "avoid", "Rolling over the sit bone"),
    ("proximal_tendinopathy", "note", "exceedingly rare"),
    ("tightness_overuse", "first_line", "pelvis, hip"),
    ("tightness_overuse", "note", "neither an injury nor a cause"),
    ("compartment_syndrome", "first_line", "surgery"),
    ("lumbar_radiculopathy", "first_line", "Glide the nerve"),
    ("lumbar_radiculopathy", "avoid", "Hamstring stretches"),
    ("lumbar_radiculopathy", "best_study_why", "below what MRI can show"),
    ("piriformis_syndrome", "note", "over-diagnosed"),
    ("sacroiliac_dysfunction", "first_line", "Restore the motion"),
    ("cauda_equina", "see", "Emergency department at once"),
    ("deep_vein_thrombosis", "see", "same day"),
]
WEEKS = [
    ("strain", "grade 1", (1, 3)),
    ("strain", "grade 2", (4, 8)),
    ("strain", "grade 3", (13, 26)),
    ("strain", "mild to moderate, runners", (2, 8)),
    ("tightness_overuse", "rest, gentle stretching, cause addressed", (0.3, 1)),
]


def shown(card: CauseCard, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_cause_card(card, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_advice_and_documents_that_exist(cause: str) -> None:
    card = cause_card(KNOWLEDGE, cause)
    assert card.care is not None
    assert card.care.first_line
    assert card.care.see
    assert card.best_study.why, "why this study, or why none"
    assert (card.best_study.finding is None) == (card.best_study.name is None)
    assert card.sources
    for document in card.sources:
        assert document.title == KNOWLEDGE.content.sources[document.id].title
    known = {document.id for document in card.sources}
    for course in card.care.recovery:
        assert course.weeks[0] <= course.weeks[1]
        assert known.issuperset(course.documents)
        assert course.documents or course.estimate


@pytest.mark.parametrize("cause", CAUSES)
def test_what_no_document_says_is_marked_and_no_dose_is_named(cause: str) -> None:
    care = KNOWLEDGE.content.causes[cause].care
    assert care is not None
    for course in care.recovery:
        if course.estimate is not None:
            assert "clinical practice, not from a cited document" in course.estimate
    told = [*care.first_line, *care.avoid, care.see, care.note or "", care.best_study_why or ""]
    assert not DOSE.search("\n".join(told))


@pytest.mark.parametrize(("cause", "part", "words"), ADVICE)
def test_the_documents_advice_is_honoured(cause: str, part: str, words: str) -> None:
    care = KNOWLEDGE.content.causes[cause].care
    assert care is not None
    value = getattr(care, part)
    assert words in (value if isinstance(value, str) else "\n".join(value))


@pytest.mark.parametrize(("cause", "who", "weeks"), WEEKS)
def test_the_documents_recovery_is_honoured(cause: str, who: str, weeks: tuple[float, float]) -> None:
    care = cause_card(KNOWLEDGE, cause).care
    assert care is not None
    assert [course.weeks for course in care.recovery if course.who == who] == [weeks]


@pytest.mark.parametrize("cause", CAUSES)
def test_weeks_are_those_of_their_figures(cause: str) -> None:
    """A course that cites figures runs between two of their numbers; the figures are of this cause."""
    care = KNOWLEDGE.content.causes[cause].care
    assert care is not None
    for course in care.recovery:
        figures = [KNOWLEDGE.content.figures[key] for key in course.figures]
        assert {figure.cause for figure in figures} <= {cause}
        assert {figure.measure for figure in figures} <= {"recovery_weeks"}
        numbers = {number for figure in figures for number in (figure.low, figure.value, figure.high)}
        if figures:
            assert set(course.weeks) <= numbers


@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize("cause", CAUSES)
def test_what_speaks_is_the_strongest_brute_force_quotient(cause: str, population: str) -> None:
    """Every state of every finding by hand: P(state | cause) / sum of P(other) P(state | other) / P(others)."""
    card, tables = cause_card(KNOWLEDGE, cause, population), tables_of(population)
    here = CAUSES.index(cause)
    others = [number for number in range(len(CAUSES)) if number != here]
    weight = sum(float(tables.prior[number]) for number in others)
    bits: dict[tuple[str, str], float] = {}
    for finding in tables.findings:
        for place, state in enumerate(finding.states):
            there = sum(float(tables.prior[number] * finding.rows[number, place]) for number in others) / weight
            bits[finding.id, state] = float(np.log2(finding.rows[here, place] / there))
    for speaking, sign in ((card.speaks_for, 1), (card.speaks_against, -1)):
        assert len({one.finding for one in speaking}) == len(speaking) <= MOST_SPEAKING
        for one in speaking:
            assert one.bits == pytest.approx(bits[one.finding, one.state], abs=1e-9)
            assert one.bits == pytest.approx(np.log2(one.p_here / one.p_elsewhere), abs=1e-9)
        strongest = {name: max(sign * bits[name, state] for state in entry.states) for name, entry in findings()}
        expected = sorted((one for one in strongest.values() if one > 1e-9), reverse=True)[:MOST_SPEAKING]
        assert [sign * one.bits for one in speaking] == pytest.approx(expected, abs=1e-9)


@cache
def tables_of(population: str) -> Tables:
    return build_tables(KNOWLEDGE, population)


def findings() -> list[tuple[str, Finding]]:
    return list(KNOWLEDGE.content.findings.items())


@pytest.mark.parametrize("cause", ["strain", "lumbar_radiculopathy", "deep_vein_thrombosis", "sacroiliac_dysfunction"])
def test_bits_are_what_the_answer_does_to_the_odds(cause: str) -> None:
    """Bayes: posterior odds = prior odds times the ratio, by the engine, which knows nothing of cards."""
    card = cause_card(KNOWLEDGE, cause)
    for one in (*card.speaks_for, *card.speaks_against):
        after = diagnose({one.finding: one.state}, knowledge=KNOWLEDGE).probability(cause)
        odds = after / (1 - after) * (1 - card.base_rate) / card.base_rate
        assert np.log2(odds) == pytest.approx(one.bits, abs=1e-9)


@given(st.integers(2, 6), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_the_ratio_of_random_rows(causes: int, states: int, seed: int) -> None:
    """Weighted by base rates, the two sides give back the margin; a finding alike in all causes says nothing."""
    rng = np.random.default_rng(seed)
    rows, prior = rng.dirichlet(np.ones(states), causes), rng.dirichlet(np.ones(causes))
    for cause in range(causes):
        there = elsewhere(rows, prior, cause)
        assert there.sum() == pytest.approx(1)
        assert prior[cause] * rows[cause] + (1 - prior[cause]) * there == pytest.approx(prior @ rows)
        assert rows[cause] == pytest.approx(there * 2.0 ** log_ratios(rows, prior, cause))
        alike = np.repeat(rows[:1], causes, axis=0)
        assert log_ratios(alike, prior, cause) == pytest.approx(np.zeros(states), abs=1e-9)


def test_zero_probabilities_have_no_number_in_json() -> None:
    """Without a floor a state may be impossible: under the cause, elsewhere, or in both (which says nothing)."""
    rows = np.array([[0.0, 0.5, 0.5, 0.0], [0.5, 0.5, 0.0, 0.0]])
    assert log_ratios(rows, np.array([0.5, 0.5]), 0).tolist() == [-np.inf, 0.0, np.inf, 0.0]
    card = cause_card(KNOWLEDGE, "cramp")
    impossible = replace(card, speaks_for=(replace(card.speaks_for[0], bits=np.inf),))
    assert impossible.to_dict()["speaks_for"][0]["bits"] is None
    assert "inf" in shown(impossible)


@pytest.mark.parametrize("cause", CAUSES)
def test_the_card_goes_to_json_and_to_a_terminal(cause: str) -> None:
    card = cause_card(KNOWLEDGE, cause)
    assert json.loads(json.dumps(card.to_dict(), allow_nan=False))["id"] == cause
    text = " ".join(shown(card, width=300).split())
    assert card.care is not None
    for words in (card.name, card.description, card.care.see, *card.care.first_line, *card.care.avoid):
        assert words in text
    assert ("DANGEROUS TO MISS" in text) == card.dangerous
    assert max(len(line) for line in shown(card, width=60).splitlines()) <= 60


def test_a_population_changes_the_others_and_not_the_cause() -> None:
    cards = [cause_card(KNOWLEDGE, "strain", population) for population in ("distance_runners", "uniform")]
    assert [card.population for card in cards] == ["distance_runners", "uniform"]
    assert cards[0].base_rate != cards[1].base_rate
    assert cards[0].care == cards[1].care


def test_fewer_or_more_can_be_asked_for() -> None:
    few, many = (cause_card(KNOWLEDGE, "strain", most=most) for most in (2, 1000))
    assert few.speaks_for == many.speaks_for[:2]
    assert len(many.speaks_for) > MOST_SPEAKING


def test_a_cause_without_care_still_has_a_card() -> None:
    causes = dict(KNOWLEDGE.content.causes) | {
        "cramp": KNOWLEDGE.content.causes["cramp"].model_copy(update={"care": None})
    }
    bare = Knowledge(KNOWLEDGE.content.model_copy(update={"causes": causes}), KNOWLEDGE.document, "without care")
    card = cause_card(bare, "cramp")
    assert card.care is None
    assert card.best_study.finding is None
    assert card.name in shown(card)


def test_an_unknown_cause_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(KnowledgeError, match="nearest: strain"):
        cause_card(KNOWLEDGE, "strian")
    with pytest.raises(KnowledgeError, match="population"):
        cause_card(KNOWLEDGE, "strain", "marathon")
