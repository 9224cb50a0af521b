"""Why published cases are not ranked first, and the parts of the measurements that no other test looks at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.handmade import shipped
from thighdx import KnowledgeError, diagnose
from thighdx.assess import get_model
from thighdx.evaluation import Evaluation, evaluate
from thighdx.evaluation.cohorts import cohort, dangers, labelled, studied, subgroups
from thighdx.evaluation.metrics import wilson
from thighdx.evaluation.misses import OPEN, read_misses
from thighdx.evaluation.performance import performance

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "analysis" / "cases" / "published.csv"
MISSES = CASES.with_name("misses.toml")
FRAME = pd.read_csv(CASES, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate(FRAME, knowledge=shipped(), population="uniform", without_doubtful=True, draws=100)


# ---------------------------------------------------------------------------------------------------- published misses


def test_cases_not_first_are_those_that_diagnose_ranks_lower(found: Evaluation) -> None:
    expected = []
    for row in FRAME.to_dict("records"):
        if row["label_quality"] != "doubtful":
            answers = {name: row[name] for name in shipped().findings if row[name]}
            told = diagnose(answers, knowledge=shipped(), population="uniform")
            if told.top.id != row["diagnosis"]:
                expected.append((row["case_id"], row["diagnosis"], told.top.id))
    assert [(one.case_id, one.cause, one.led_by) for one in found.not_first] == expected
    assert all(one.place > 1 for one in found.not_first)


def test_every_case_not_ranked_first_has_its_entry_and_no_other(found: Evaluation) -> None:
    """When this fails: `make documents` says which entries misses.toml wants and which it no longer does."""
    assert set(read_misses(MISSES)) == {one.case_id for one in found.not_first}


def test_no_miss_is_open() -> None:
    assert [name for name, one in read_misses(MISSES).items() if one.fault == OPEN] == []


def test_an_entry_is_told_with_its_reason_and_a_case_without_one_is_open(found: Evaluation, tmp_path: Path) -> None:
    first, second, *_ = found.not_first
    file = tmp_path / "misses.toml"
    file.write_text(f'[misses]\n{first.case_id} = {{ fault = "label", reason = "two causes" }}\n', encoding="utf-8")
    told = {one.case_id: one for one in studied(shipped(), found.not_first, read_misses(file))}
    assert (told[first.case_id].fault, told[first.case_id].reason) == ("label", "two causes")
    assert told[second.case_id].fault == OPEN


def test_a_file_of_misses_is_refused_with_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "misses.toml"
    file.write_text(
        '[misses]\na = { fault = "labels", reason = "x" }\nb = { fault = "label" }\n'
        'c = { fault = "case", reason = "x", who = "me" }\n',
        encoding="utf-8",
    )
    with pytest.raises(KnowledgeError) as caught:
        read_misses(file)
    said = str(caught.value)
    assert len(caught.value.faults) == 3
    for words in ("misses.a.fault: 'labels' is not a kind of fault; use evidence", "misses.b.reason", "misses.c.who"):
        assert words in said
    with pytest.raises(KnowledgeError):
        read_misses(tmp_path / "nowhere.toml")


def test_evaluate_names_the_misses(found: Evaluation, tmp_path: Path) -> None:
    words = ["evaluate", str(CASES), "--population", "uniform", "--leave-out-doubtful", "--draws", "100"]
    command = [sys.executable, "-m", "thighdx", *words, "--misses", str(MISSES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for one in found.not_first:
        assert f"{one.case_id}: {one.cause}, led by {one.led_by}" in done.stdout
    said = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert said["misses"].keys() == read_misses(MISSES).keys()
    bad = tmp_path / "bad.toml"
    bad.write_text('[misses]\na = { fault = "x", reason = "y" }\n', encoding="utf-8")
    done = subprocess.run([*command[:-1], str(bad)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "not a kind of fault" in done.stderr


# ---------------------------------------------------------------------------------------------------- parts and cohorts


def test_subgroups_share_out_the_cases_and_count_as_pandas_does() -> None:
    model = get_model(shipped(), "uniform")
    columns = {str(name): FRAME[name].tolist() for name in FRAME.columns}
    seen = labelled(model, columns, len(FRAME), without_doubtful=True)
    kept = FRAME[FRAME["label_quality"] != "doubtful"]
    assert seen.rows.tolist() == kept.index.tolist()
    for name in ("age_group", "sex"):
        parts = subgroups(seen, [name])
        assert sum(one.cases for one in parts) == len(kept)
        ranks = pd.Series(seen.judged.rank, index=kept.index)
        for one in parts:
            mine = ranks[kept[name] == (one.state or "")]
            assert one.cases == len(mine)
            if len(mine):
                assert one.leads.value == pytest.approx((mine == 1).mean())
                assert (one.leads.low, one.leads.high) == pytest.approx(wilson((mine == 1).mean(), len(mine)))
            else:
                assert one.leads.value is None


def test_a_simulated_cohort_is_calibrated_and_more_is_known_by_stages() -> None:
    """Of simulated cases given probability p a share p have the cause, so the error is chance: about 1 / sqrt(n)."""
    one = cohort(shipped(), "primary_care_adults", cases=3000)
    assert one.cases == 3000
    assert one.calibration_error < 5 / np.sqrt(3000)
    answers = [stage.answers for stage in one.stages]
    assert answers == sorted(answers)
    assert one.stages[-1].leads == one.leads
    assert one.log_score.low is not None
    assert one.log_score.value is not None
    assert one.log_score.low < one.log_score.value < 0


def test_danger_is_told_for_every_dangerous_cause_and_missed_is_part_of_unflagged() -> None:
    found = dangers(shipped(), "uniform", cases=4000)
    assert {one.cause for one in found} == {name for name, one in shipped().content.causes.items() if one.dangerous}
    for one in found:
        assert one.unflagged.value is not None
        assert one.missed.value is not None
        assert 0 <= one.missed.value <= one.unflagged.value <= 1
        assert one.cases > 50


def test_what_is_kept_is_read_back_whole() -> None:
    kept = performance()
    assert json.loads(kept.to_json())["further"]["cohorts"][0]["population"] == kept.further.cohorts[0].population
    assert kept.further.cohorts[0].stages[0].leads.value is not None
    assert kept.further.subgroups[0].leads is not None
    assert len(kept.origins) == len(shipped().origins)
