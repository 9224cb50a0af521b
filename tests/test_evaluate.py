"""An evaluation's figures against scikit-learn's, against their definitions, and against cases that go wrong."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss, confusion_matrix, log_loss, top_k_accuracy_score

from tests.handmade import shipped
from tests.oracle import draw_cases
from thighdx import TableError, score
from thighdx.assess import Model, get_model
from thighdx.engine import Engine
from thighdx.errors import MOST_HINTS
from thighdx.evaluation import Evaluation, evaluate, metrics
from thighdx.evaluation.evaluate import Evaluator, evaluate_file
from thighdx.evaluation.judged import only, rank_of, stages
from thighdx.evaluation.labels import read_labels
from thighdx.evaluation.questions import information_gain
from thighdx.evaluation.sums import UNITS, Summed
from thighdx.evidence import evidence
from thighdx.hypothetical import Hypothetical
from thighdx.tables import Tables, build_tables

PUBLISHED = Path(__file__).resolve().parents[1] / "analysis" / "cases" / "published.csv"


@cache
def published() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED, dtype=str)


@cache
def found() -> Evaluation:
    return evaluate(published(), knowledge=shipped(), population="uniform", draws=200)


@cache
def posterior() -> np.ndarray:
    scored = score(published()[[name for name in published() if name != "source_title"]], population="uniform")
    return scored[[f"p_{cause}" for cause in shipped().causes]].to_numpy()


def truth() -> np.ndarray:
    return np.array([shipped().causes.index(name) for name in published()["diagnosis"]])


def test_scores_are_scikit_learns() -> None:
    labels = np.arange(len(shipped().causes))
    scores = found().scores
    assert scores.top_1.value == pytest.approx(top_k_accuracy_score(truth(), posterior(), k=1, labels=labels))
    assert scores.top_3.value == pytest.approx(top_k_accuracy_score(truth(), posterior(), k=3, labels=labels))
    assert scores.log_score.value == pytest.approx(-log_loss(truth(), posterior(), labels=labels), abs=1e-9)
    brier = brier_score_loss(truth(), posterior(), labels=labels, scale_by_half=False)
    assert scores.brier.value == pytest.approx(brier, abs=1e-9)


def test_the_confusion_is_scikit_learns() -> None:
    labels = np.arange(len(shipped().causes))
    expected = confusion_matrix(truth(), posterior().argmax(axis=1), labels=labels)
    assert np.array_equal(np.array(found().confusion.counts), expected)
    assert np.array(found().confusion_of_origins.counts).sum() == len(published())


def test_ranks_and_reciprocal_ranks_by_their_definition() -> None:
    order = np.argsort(-posterior(), axis=1, kind="stable")
    ranks = [1 + list(row).index(right) for row, right in zip(order, truth(), strict=True)]
    assert found().scores.mean_reciprocal_rank.value == pytest.approx(np.mean([1 / rank for rank in ranks]))
    assert rank_of(posterior(), truth()).tolist() == ranks


def test_equal_probabilities_rank_in_the_vocabularys_order() -> None:
    tied = np.array([[0.25, 0.25, 0.25, 0.25], [0.1, 0.4, 0.4, 0.1]])
    assert rank_of(tied, np.array([2, 2])).tolist() == [3, 2]


def test_the_base_rates_score_is_the_mean_log_base_rate() -> None:
    runners = evaluate(published(), knowledge=shipped(), population="distance_runners", draws=100)
    prior = build_tables(shipped(), "distance_runners").prior
    assert runners.scores.base_log_score.value == pytest.approx(np.log(prior[truth()]).mean())


def test_brier_parts_add_up_to_the_score() -> None:
    parts = found().brier
    values = [parts.reliability.value, parts.resolution.value, parts.uncertainty.value, parts.within_bins.value]
    reliability, resolution, uncertainty, within = (value if value is not None else np.nan for value in values)
    assert reliability - resolution + uncertainty + within == pytest.approx(found().scores.brier.value)
    rates = np.bincount(truth(), minlength=len(shipped().causes)) / len(truth())
    assert uncertainty == pytest.approx((rates * (1 - rates)).sum())


def test_brier_parts_of_forecasts_that_lie_in_bins_leave_nothing_over() -> None:
    """Murphy's identity is exact where each bin holds one forecast."""
    rng = np.random.default_rng(0)
    forecast = rng.choice([0.15, 0.35, 0.75], size=400)
    came = rng.random(400) < forecast
    bins = (forecast * 10).astype(int)
    count, mean, true = (
        np.bincount(bins, weights=weights, minlength=10)[None, None].astype(np.float64)
        for weights in (np.ones(400), forecast, came)
    )
    brier = np.array([((forecast - came) ** 2).sum()])
    parts = metrics.brier_parts(count, mean, true, brier, np.array([400.0]))
    assert parts["within_bins"][0] == pytest.approx(0, abs=1e-12)
    assert parts["reliability"][0] >= 0


def test_calibration_error_by_its_definition() -> None:
    confidence, right = posterior().max(axis=1), posterior().argmax(axis=1) == truth()
    bins = np.minimum((confidence * 10).astype(int), 9)
    gaps = [abs(confidence[bins == one].mean() - right[bins == one].mean()) * (bins == one).sum() for one in set(bins)]
    assert found().calibration.error.value == pytest.approx(sum(gaps) / len(right))
    assert sum(one.count for one in found().calibration.curve) == len(right)
    assert sum(one.count for one in found().calibration_of_every_cause.curve) == posterior().size


def test_net_benefit_by_its_definition() -> None:
    dangerous = np.array([entry.dangerous for entry in shipped().content.causes.values()])
    probability, danger = posterior()[:, dangerous].sum(axis=1), dangerous[truth()]
    for point in found().decisions:
        acted = probability >= point.threshold
        odds = point.threshold / (1 - point.threshold)
        expected = ((acted & danger).sum() - (acted & ~danger).sum() * odds) / len(danger)
        assert point.model.value == pytest.approx(expected)
        assert point.everyone.value == pytest.approx(danger.mean() - (1 - danger.mean()) * odds)


def test_triage_counts_flags_and_places() -> None:
    scored = score(published(), population="uniform")
    dangerous = np.array([shipped().content.causes[name].dangerous for name in published()["diagnosis"]])
    fired = (scored["red_flags"] != "").to_numpy()
    missed = dangerous & ~fired & (rank_of(posterior(), truth()) > 3)
    triage = found().triage
    assert triage.dangerous == dangerous.sum()
    assert triage.unflagged.value == pytest.approx((dangerous & ~fired).sum() / dangerous.sum())
    assert triage.missed.value == pytest.approx(missed.sum() / dangerous.sum())
    assert triage.over_triage.value == pytest.approx((fired & ~dangerous).sum() / (~dangerous).sum())
    assert [one.case_id for one in found().missed_cases] == published()["case_id"][missed].tolist()


def test_flags_by_urgency_are_those_of_the_scored_table() -> None:
    """Each urgency counts those more urgent too; the last is any flag."""
    urgencies = [*shipped().content.urgencies]
    place = np.array([urgencies.index(one) for one in score(published(), population="uniform")["triage"]])
    dangerous = np.array([shipped().content.causes[name].dangerous for name in published()["diagnosis"]])
    sooner = found().triage.sooner
    assert [one.urgency for one in sooner] == urgencies[:-1]
    for number, one in enumerate(sooner):
        for share, group in ((one.dangerous, dangerous), (one.harmless, ~dangerous)):
            counted, of = int((place[group] <= number).sum()), int(group.sum())
            assert share.value == pytest.approx(counted / of)
            wilson = binomtest(counted, of).proportion_ci(method="wilson")
            assert (share.low, share.high) == pytest.approx((wilson.low, wilson.high), abs=1e-3)
    assert sooner[-1].harmless.value == pytest.approx(found().triage.over_triage.value)


def test_groups_sum_to_the_whole() -> None:
    for groups in (found().causes, found().origins):
        assert sum(group.scores.cases for group in groups) == found().scores.cases
        mean = sum((group.scores.log_score.value or 0.0) * group.scores.cases for group in groups)
        assert mean / found().scores.cases == pytest.approx(found().scores.log_score.value)


def test_a_stage_is_the_table_without_later_columns() -> None:
    """Findings hidden are findings left out, and the last stage is everything."""
    kinds = stages(shipped())
    for stage in found().stages:
        hidden = [name for name, entry in shipped().content.findings.items() if entry.kind not in kinds[stage.id]]
        alone = evaluate(published().drop(columns=hidden, errors="ignore"), population="uniform", draws=100)
        assert stage.scores.log_score.value == pytest.approx(alone.scores.log_score.value, abs=1e-12)
        assert stage.triage.missed.value == alone.triage.missed.value
    assert found().stages[-1].scores.top_1.value == found().scores.top_1.value
    assert found().stages[0].kinds == ("context", "history")


def test_every_interval_holds_its_figure() -> None:
    def look(value: object) -> None:
        if isinstance(value, dict) and value.keys() == {"value", "low", "high"}:
            if value["low"] is not None:
                assert value["low"] - 1e-9 <= value["value"] <= value["high"] + 1e-9, value
        elif isinstance(value, dict):
            for one in value.values():
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)

    look(found().to_dict())


def test_row_order_does_not_matter_to_figures() -> None:
    backwards = evaluate(published()[::-1], population="uniform", draws=100)
    assert backwards.scores.log_score.value == pytest.approx(found().scores.log_score.value)
    assert backwards.triage.missed.value == found().triage.missed.value


def test_the_seed_decides_the_intervals() -> None:
    one, same, other = (evaluate(published(), population="uniform", draws=100, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.scores.top_1 != other.scores.top_1


def test_bootstrap_of_groups_of_cases_is_as_wide_as_that_of_cases() -> None:
    """Beyond `UNITS` cases, groups drawn at random stand for them, sorted or not: standard error to a tenth."""
    values = np.sort(np.random.default_rng(0).exponential(size=5 * UNITS))
    summed = Summed(seed=3)
    for part in np.split(values, 5):
        summed.add(summed.units(len(part)), {"scores": np.stack([np.ones(len(part)), part], axis=1)})
    drawn = summed.resampled(2000)["scores"]
    error = (drawn[:, 1] / drawn[:, 0]).std()
    assert error == pytest.approx(values.std() / np.sqrt(len(values)), rel=0.1)
    assert summed.total()["scores"][0, 1] == pytest.approx(values.sum())


# ------------------------------------------------------------------------------------------------------- questions


def test_information_gain_is_the_mutual_information_of_the_joint() -> None:
    tables = build_tables(shipped(), "uniform")
    nothing = evidence(np.zeros((1, len(tables.findings)), dtype=np.uint8), most_states=tables.most_states)
    gain = information_gain(Hypothetical(tables).outlook(nothing))
    for finding, one in zip(tables.findings, gain, strict=True):
        joint = tables.prior[:, None] * finding.rows
        expected = (joint * np.log2(joint / joint.sum(axis=0) / tables.prior[:, None])).sum()
        assert one == pytest.approx(expected, abs=1e-9)


def test_chosen_questions_reach_the_answer_no_later_than_there_are_answers() -> None:
    most = found().questions.answers.high or 0
    for effort in found().questions.efforts:
        assert 0 < (effort.leading.high or 0) <= most
        assert 0 < (effort.near.high or 0) <= most
    by_gain, in_order = found().questions.efforts
    assert (by_gain.near.value or 0) <= (in_order.near.value or 0)


def test_hidden_findings_are_hidden_soft_or_hard() -> None:
    told = evidence(np.array([[1, 2, 0]], dtype=np.uint8), [(0, 2, (0.2, 0.8))])
    kept = only(told, np.array([False, True, False]))
    assert kept.codes.tolist() == [[0, 2, 0]]
    assert not kept.soft_case.size


# ----------------------------------------------------------------------------------------------------- calibration


def drawn_frame(tables: Tables, count: int, asked: float) -> pd.DataFrame:
    """Cases drawn from the tables, each answer known with probability `asked`."""
    rng = np.random.default_rng(5)
    drawn = draw_cases(tables, rng, count)
    columns = {"diagnosis": np.array(tables.causes, dtype=object)[drawn.cause]}
    for number, finding in enumerate(tables.findings):
        states = np.array(finding.states, dtype=object)[drawn.state[:, number]]
        columns[finding.id] = np.where(rng.random(count) < asked, states, "")
    return pd.DataFrame(columns)


@cache
def simulated() -> pd.DataFrame:
    return drawn_frame(build_tables(shipped(), "uniform"), 4000, 0.5)


def test_the_model_is_calibrated_on_cases_drawn_from_it() -> None:
    right = evaluate(simulated(), population="uniform", draws=100)
    assert right.calibration.p_value is not None
    assert right.calibration.p_value > 0.01


def flat_templates() -> dict[str, Any]:
    """An overlay with the same row at every level of every mechanism."""
    flat: dict[str, Any] = {}
    for name, entry in shipped().content.mechanisms.items():
        templates: dict[str, Any] = {}
        for finding in entry.templates:
            states = shipped().content.findings[finding].states
            row = {state: 1 / len(states) for state in states}
            templates[finding] = {"reason": "flat", "given": dict.fromkeys(entry.levels, row)}
        flat[name] = {"templates": templates}
    return {"mechanisms": flat}


def test_a_broken_model_fails_the_calibration_check() -> None:
    """Flat templates: findings that share a reason count as independent, so the model is too sure of itself."""
    broken = evaluate(simulated(), knowledge=shipped().with_overlay(flat_templates()), population="uniform", draws=100)
    right = evaluate(simulated(), population="uniform", draws=100)
    assert broken.calibration.p_value == 0
    assert (broken.scores.log_score.value or 0) < (right.scores.log_score.value or 0)


def test_wrong_base_rates_fail_the_calibration_check() -> None:
    """The runners' base rates on cases that are uniform over the causes."""
    assert evaluate(simulated(), population="distance_runners", draws=100).calibration.p_value == 0


# --------------------------------------------------------------------------------------------- tables that go wrong


def test_rows_left_out_are_counted_by_reason() -> None:
    table = published().iloc[:8].copy()
    table.loc[0, "diagnosis"] = "strian"
    table.loc[1, "onset"] = "suddn"
    table.loc[2, "diagnosis"] = None
    table.loc[3, "label_quality"] = "doubtful"
    evaluator = Evaluator(get_model(shipped(), "uniform"), without_doubtful=True, seed=0)
    problems = evaluator.add({str(name): table[name].tolist() for name in table}, len(table))
    told = evaluator.finish("the table", 100)
    assert (told.left_out.faulty, told.left_out.unlabelled, told.left_out.doubtful) == (2, 1, 1)
    assert told.scores.cases == 4
    assert [problem.row for problem in problems] == [0, 1]
    assert "'strian' is not a cause; nearest: strain" in problems[0].message


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"onset": ["sudden"]}, "has no column 'diagnosis'"),
        ({"diagnosys": ["strain"]}, "nearest: diagnosys"),
        ({"diagnosis": []}, "no case is left to evaluate"),
        ({"diagnosis": ["", "hamstring"]}, "1 faulty, 1 without a label"),
    ],
)
def test_tables_without_labelled_cases_are_refused_by_name(columns: dict[str, list[str]], message: str) -> None:
    with pytest.raises(TableError, match=message):
        evaluate(pd.DataFrame(columns))


def test_doubtful_rows_cannot_be_left_out_without_their_column() -> None:
    with pytest.raises(TableError, match="no column 'label_quality'"):
        evaluate(pd.DataFrame({"diagnosis": ["strain"]}), without_doubtful=True)


def test_an_origin_is_no_label_of_a_cause() -> None:
    evaluator = Evaluator(get_model(shipped(), "uniform"), without_doubtful=False, seed=0)
    (problem,) = evaluator.add({"diagnosis": [shipped().origins[0]]}, 1)
    assert "is an origin; accepted: a cause of it" in problem.message


def test_cases_of_one_cause_are_evaluated_and_said() -> None:
    told = evaluate(pd.DataFrame({"diagnosis": ["strain"] * 3, "onset": ["sudden", "gradual", ""]}), draws=100)
    assert told.scores.cases == 3
    assert any("nothing is told apart" in note for note in told.notes)
    assert told.triage.missed.value is None


def test_impossible_rows_are_faulty() -> None:
    """An engine with a zero where the case is: said, and never a NaN among the figures."""
    tables = build_tables(shipped(), "uniform")
    finding = tables.finding_index["onset"]
    entry = tables.findings[finding]
    rows = entry.rows.copy()
    rows[:, 0] = 0.0
    given = {number: np.where(np.arange(len(entry.states)) == 0, 0.0, one) for number, one in entry.given.items()}
    broken = type(entry)(entry.id, entry.states, rows, entry.parent, given)
    findings = (*tables.findings[:finding], broken, *tables.findings[finding + 1 :])
    model = Model(shipped(), "uniform", Engine(Tables(tables.causes, tables.prior, tables.mechanisms, findings)))
    evaluator = Evaluator(model, without_doubtful=False, seed=0)
    (problem,) = evaluator.add({"diagnosis": ["strain", "strain"], "onset": [entry.states[0], ""]}, 2)
    assert "impossible" in problem.message
    assert evaluator.left_out.faulty == 1
    assert np.isfinite(evaluator.finish("the table", 100).scores.log_score.value or np.nan)


# ------------------------------------------------------------------------------------- one dangerous cause, grades


def test_decision_curves_of_one_cause_by_their_definition() -> None:
    """True positives per case, less false positives at the odds of the threshold."""
    content = shipped().content.causes
    curves = {one.id: one for one in found().decisions_by_cause}
    had = set(published()["diagnosis"])
    assert set(curves) == {cause for cause, entry in content.items() if entry.dangerous and cause in had}
    scored = score(published()[[name for name in published() if name != "source_title"]], population="uniform")
    for cause, curve in curves.items():
        place = shipped().causes.index(cause)
        true = truth() == place
        assert curve.cases == true.sum()
        named = np.array(
            [
                any(
                    cause in shipped().content.red_flags[flag.rstrip("?")].may_be
                    for flag in str(flags).split(";")
                    if flag
                )
                for flags in scored["red_flags"].fillna("")
            ]
        )
        for point in curve.points:
            odds = point.threshold / (1 - point.threshold)
            for value, acted in (
                (point.model, posterior()[:, place] >= point.threshold),
                (point.red_flags, named),
                (point.everyone, np.ones(len(true), dtype=bool)),
            ):
                expected = ((acted & true).sum() - (acted & ~true).sum() * odds) / len(true)
                assert value.value == pytest.approx(expected)


def graded(grades: list[str]) -> pd.DataFrame:
    cases = {"onset": "sudden", "pop_felt": "yes", "bruising": "extensive"}
    known = {name: cell for name, cell in cases.items() if name in shipped().findings}
    known = {name: cell for name, cell in known.items() if cell in shipped().content.findings[name].states}
    return pd.DataFrame([{"diagnosis": "strain", "grade": grade, **known} for grade in grades])


def test_grades_are_those_of_the_scored_table() -> None:
    table = graded(["grade_1", "grade_2", "grade_3", "grade_3", ""])
    scored = score(table.drop(columns=["diagnosis", "grade"]), population="uniform")
    chances = scored[["grade_1", "grade_2", "grade_3"]].to_numpy()
    grading = evaluate(table, knowledge=shipped(), population="uniform", draws=100).grading
    right = np.array([0, 1, 2, 2])
    led = chances[:4].argmax(axis=1)
    assert grading.cases == 4
    assert grading.top_1.value == pytest.approx((led == right).mean())
    assert grading.within_one.value == pytest.approx((np.abs(led - right) <= 1).mean())
    assert grading.probability.value == pytest.approx(chances[np.arange(4), right].mean())
    assert grading.log_score.value == pytest.approx(np.log(chances[np.arange(4), right]).mean())
    assert np.array(grading.confusion.counts).sum() == 4
    expected = confusion_matrix(right, led, labels=[0, 1, 2])
    assert np.array_equal(np.array(grading.confusion.counts), expected)


def test_grades_that_are_none_are_said_and_the_case_still_counts() -> None:
    found_ = evaluate(graded(["II", "grade_2"]), knowledge=shipped(), population="uniform", draws=100)
    assert found_.scores.cases == 2
    assert (found_.grading.cases, found_.grading.unread) == (1, 1)
    assert any("1 grade is none; accepted: grade_1, grade_2 or grade_3" in note for note in found_.notes)


def test_grades_of_causes_without_any_are_left_alone() -> None:
    table = pd.DataFrame([{"diagnosis": "lumbar_radiculopathy", "grade": "grade_2", "slump": "positive"}])
    grading = evaluate(table, knowledge=shipped(), population="uniform", draws=100).grading
    assert (grading.cases, grading.unread) == (0, 0)
    assert grading.top_1.value is None


def test_the_commonest_grade_is_that_of_the_levels_before_any_answer() -> None:
    table = pd.DataFrame({"diagnosis": ["strain"] * 3, "grade": ["grade_1", "grade_2", "grade_3"]})
    grading = evaluate(table, knowledge=shipped(), population="uniform", draws=100).grading
    assert grading.commonest.value == pytest.approx(1 / 3)
    assert grading.top_1.value == pytest.approx(1 / 3)  # nothing is known, so the model guesses it too


def test_a_column_stated_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("diagnosis,onset,diagnosis\nstrain,sudden,avulsion\n")
    with pytest.raises(TableError, match="stated twice: diagnosis"):
        evaluate_file(get_model(shipped(), "uniform"), str(path))


def test_hints_are_given_for_so_many_wrong_words_and_every_row_is_said() -> None:
    words = [f"strian{number}" for number in range(MOST_HINTS + 20)]
    problems = read_labels(shipped(), {"diagnosis": words}, len(words)).problems
    assert len(problems) == len(words)
    assert "nearest: strain" in problems[0].message
    assert "nearest" not in problems[-1].message
    assert "is not a cause" in problems[-1].message
