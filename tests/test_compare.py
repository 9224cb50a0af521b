"""What each part earns: flattening against its definition, paired differences, and learners that see a cohort."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.handmade import shipped
from tests.oracle import draw_cases
from thighdx import TableError, UnknownNameError
from thighdx.assess import get_model
from thighdx.cases import read_case
from thighdx.evaluation import evaluate
from thighdx.evaluation.compare import Comparison, compare
from thighdx.evaluation.contenders import MODEL, NAIVE_BAYES, WITHOUT, Contender, ablations, learners, one_hot
from thighdx.evaluation.flat import flatten
from thighdx.evidence import Evidence, evidence
from thighdx.rows import Array
from thighdx.simulate import simulate
from thighdx.tables import build_tables

PUBLISHED = Path(__file__).resolve().parents[1] / "analysis" / "cases" / "published.csv"
POPULATION = "uniform"


@cache
def cohort(cases: int, seed: int) -> pd.DataFrame:
    return simulate(cases, knowledge=shipped(), population=POPULATION, seed=seed)


@cache
def contenders() -> tuple[Contender, ...]:
    return ablations(shipped(), POPULATION)


@cache
def on_simulated() -> Comparison:
    return compare(cohort(6000, 5), contenders(), knowledge=shipped(), population=POPULATION, draws=300)


def some_evidence() -> Evidence:
    rng = np.random.default_rng(3)
    model = get_model(shipped(), POPULATION)
    codes = np.stack([rng.integers(0, len(finding.states) + 1, size=60) for finding in model.tables.findings], axis=1)
    codes[rng.random(codes.shape) < 0.6] = 0
    return evidence(codes.astype(np.uint8))


def numbers(of: object) -> list[float]:
    """Every number in a (nested) dataclass, in order."""
    if dataclasses.is_dataclass(of):
        return [number for field in dataclasses.fields(of) for number in numbers(getattr(of, field.name))]
    assert isinstance(of, int | float)
    return [float(of)]


def test_flat_templates_are_naive_bayes() -> None:
    """Posterior in proportion to the base rate times the product of the rows, whatever was on the mechanisms."""
    tables = get_model(shipped(), POPULATION).tables
    flat = get_model(flatten(shipped()), POPULATION)
    asked = some_evidence()
    joint = np.tile(np.log(tables.prior), (asked.cases, 1))
    for place, finding in enumerate(tables.findings):
        known = np.flatnonzero(asked.codes[:, place])
        joint[known] += np.log(finding.rows[:, asked.codes[known, place] - 1]).T
    expected = np.exp(joint - joint.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    assert flat.engine.posterior(asked).probability == pytest.approx(expected, abs=1e-12)


def test_the_model_itself_is_not_naive_bayes() -> None:
    asked = some_evidence()
    model, naive = contenders()[0], contenders()[-1]
    assert np.abs(model.predict(asked) - naive.predict(asked)).max() > 0.05


def test_flattening_keeps_every_row_and_the_other_mechanisms() -> None:
    whole = build_tables(shipped(), POPULATION)
    chosen = 3
    flat = build_tables(flatten(shipped(), whole.mechanisms[chosen].id), POPULATION)
    for before, after in zip(whole.findings, flat.findings, strict=True):
        assert np.array_equal(before.rows, after.rows)
        for mechanism, table in after.given.items():
            if mechanism == chosen:
                assert table == pytest.approx(np.broadcast_to(after.rows[:, None], table.shape), abs=1e-12)
            else:
                assert np.array_equal(table, before.given[mechanism])


def test_flattening_moves_no_answer_off_that_mechanism() -> None:
    content = shipped().content
    flat = flatten(shipped(), "neural_irritation")
    alone = {name for name, entry in content.findings.items() if "neural_irritation" not in entry.mechanisms}
    answers = {name: content.findings[name].states[-1] for name in sorted(alone)[:8]}
    whole, without = (
        get_model(one, POPULATION).engine.posterior(read_case(one, answers).evidence) for one in (shipped(), flat)
    )
    assert whole.probability == pytest.approx(without.probability, abs=1e-12)


def test_an_unknown_mechanism_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="nearest: sacroiliac"):
        flatten(shipped(), "sacroilliac")


def test_there_is_a_contender_for_each_mechanism_between_the_model_and_naive_bayes() -> None:
    first, *between, last = [one.id for one in contenders()]
    assert (first, last) == (MODEL, NAIVE_BAYES)
    assert between == [f"{WITHOUT}{name}" for name in shipped().content.mechanisms]


def test_the_models_scores_are_those_of_evaluate() -> None:
    frame = pd.read_csv(PUBLISHED, dtype=str)
    settings = {"knowledge": shipped(), "population": POPULATION, "without_doubtful": True, "draws": 200}
    found = compare(frame, contenders()[:1], **settings)  # type: ignore[arg-type]
    whole = evaluate(frame, **settings)  # type: ignore[arg-type]
    assert found.cases == whole.scores.cases
    assert found.left_out == whole.left_out.doubtful > 0
    mine = found.of(MODEL)
    pairs = [(mine.scores, whole.scores), (mine.calibration_error, whole.calibration.error)]
    assert list(mine.stages) == [stage.id for stage in whole.stages]
    pairs += [(mine.stages[stage.id], stage.scores) for stage in whole.stages]
    # up to rounding: a process that has seen many cases answers by compiled code
    for one, other in pairs:
        assert numbers(one) == pytest.approx(numbers(other), abs=1e-9)


def test_the_first_earns_nothing_over_itself() -> None:
    earned = on_simulated().of(MODEL).earned
    assert {(one.value, one.low, one.high) for one in vars(earned).values()} == {(0.0, 0.0, 0.0)}


def test_only_some_are_kept_beside_the_first_and_unknown_ones_are_said() -> None:
    assert [one.id for one in on_simulated().only(NAIVE_BAYES).contenders] == [MODEL, NAIVE_BAYES]
    with pytest.raises(KeyError, match="naive"):
        on_simulated().only("naive")


def test_what_is_earned_is_the_difference_of_the_scores() -> None:
    first, last = on_simulated().contenders[0], on_simulated().contenders[-1]
    for name, sign in (("top_1", 1), ("top_3", 1), ("log_score", 1), ("brier", -1)):
        difference = sign * (getattr(first.scores, name).value - getattr(last.scores, name).value)
        assert getattr(last.earned, name).value == pytest.approx(difference, abs=1e-12)


def test_on_cases_drawn_from_the_model_nothing_beats_it() -> None:
    """The posterior of the model that made the cases has the best expected log score (Gneiting and Raftery 2007)."""
    earned = {one.id: one.earned.log_score for one in on_simulated().contenders[1:]}
    assert all(one.high is not None and one.high >= -1e-9 for one in earned.values())
    naive = earned[NAIVE_BAYES]
    assert naive.low is not None
    assert naive.low > 0


def test_paired_intervals_are_narrower_than_those_of_the_scores() -> None:
    one = on_simulated().of(NAIVE_BAYES)
    width = [pair.high - pair.low for pair in (one.earned.log_score, one.scores.log_score)]  # type: ignore[operator]
    assert width[0] < width[1]


def test_learners_give_probabilities_and_learn() -> None:
    found = learners(cohort(1500, 1), knowledge=shipped(), population=POPULATION)
    floor = shipped().content.thresholds.floor
    asked = some_evidence()
    for one in found:
        probability = one.predict(asked)
        assert probability.sum(axis=1) == pytest.approx(1.0)
        assert probability.min() >= floor * (1 - 1e-9)
    compared = compare(cohort(500, 2), found, knowledge=shipped(), population=POPULATION, draws=100)
    for entry in compared.contenders:
        assert entry.scores.top_1.value is not None
        assert entry.scores.top_1.value > 5 / len(shipped().causes)


def test_a_learner_puts_its_classes_at_their_causes_places() -> None:
    frame = cohort(6000, 5)
    two = ["strain", "spinal_stenosis"]
    seen = frame[frame["diagnosis"].isin(two)]
    model = get_model(shipped(), POPULATION)
    for one in learners(seen, knowledge=shipped(), population=POPULATION):
        drawn = draw_cases(model.tables, np.random.default_rng(1), 400)
        of_two = np.isin(drawn.cause, [shipped().causes.index(name) for name in two])
        leads = one.predict(evidence((drawn.state[of_two] + 1).astype(np.uint8))).argmax(axis=1)
        assert (leads == drawn.cause[of_two]).mean() > 0.9


def test_one_hot_has_a_column_for_each_state() -> None:
    tables = get_model(shipped(), POPULATION).tables
    asked = some_evidence()
    wide = one_hot(tables, asked.codes).toarray()
    column = 0
    for place, finding in enumerate(tables.findings):
        for state in range(len(finding.states)):
            assert np.array_equal(wide[:, column], asked.codes[:, place] == state + 1)
            column += 1
    assert wide.shape[1] == column


@pytest.mark.parametrize("chosen", [(), (0, 0)])
def test_contenders_are_at_least_one_and_differ(chosen: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least one, each id once"):
        compare(cohort(500, 2), [contenders()[place] for place in chosen], knowledge=shipped())


def test_no_case_left_is_said() -> None:
    frame = pd.DataFrame({"diagnosis": ["", None], "slump": ["positive", "maybe"]})
    with pytest.raises(TableError, match=r"no case is left to compare on \(2 rows\)"):
        compare(frame, contenders()[:1], knowledge=shipped())


def test_faulty_and_unlabelled_rows_are_left_out_and_counted() -> None:
    frame = pd.DataFrame(
        {"diagnosis": ["strain", "", "strain", "nonsense"], "slump": ["positive", "positive", "maybe", "negative"]}
    )
    found = compare(frame, contenders()[:1], knowledge=shipped(), draws=50)
    assert (found.cases, found.left_out) == (1, 3)


def test_a_contender_is_any_function_of_the_evidence() -> None:
    """Base rates alone as a contender: its log score is the one that `evaluate` calls the base rates'."""
    prior = get_model(shipped(), POPULATION).tables.prior
    guess: Callable[[Evidence], Array] = lambda asked: np.tile(prior, (asked.cases, 1))  # noqa: E731 - typed in place
    both = [contenders()[0], Contender("base_rates", "Base rates", guess)]
    found = compare(cohort(500, 2), both, knowledge=shipped(), population=POPULATION, draws=50)
    scores = found.of("base_rates").scores
    assert scores.log_score.value == pytest.approx(scores.base_log_score.value, abs=1e-12)
    assert list(found.to_frame().index) == ["The model", "Base rates"]
