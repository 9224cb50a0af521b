"""`thighdx explain` and `thighdx next`: the library's answers as JSON, and tables that a clinician can read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.handmade import nearly
from thighdx import case_fit, explain, load_knowledge, next_questions, same_decision
from thighdx.reasoning.sentences import stays_exactly, stays_sentence
from thighdx.wording import GAP

CASE = {"onset": "sudden", "pop_felt": "yes", "age": "31", "slump": "positive@0.8"}
WORDS = [f"{name}={cell}" for name, cell in CASE.items()]


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "thighdx", *words]
    return subprocess.run(command, capture_output=True, cwd=cwd, check=False)


def said(*words: str) -> Any:
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_explain_json_is_the_librarys_answer() -> None:
    told = said("explain", *WORDS, "--cause", "avulsion", "--against", "strain", "--seed", "4", "--draws", "200")
    assert told["explanation"] == nearly(explain(CASE, "avulsion", "strain").to_dict())
    assert told["fit"] == nearly(case_fit(CASE, seed=4, draws=200).to_dict())


def test_explain_without_causes_takes_the_leading_one_against_all_others() -> None:
    told = said("explain", *WORDS, "--population", "uniform", "--draws", "50")["explanation"]
    assert told == nearly(explain(CASE, population="uniform").to_dict())
    assert told["against"] is None
    assert told["method"] == "aumann_shapley"


def test_next_json_is_the_librarys_answer() -> None:
    told = said("next", "onset=sudden", "--draws", "100")
    assert told["questions"] == nearly(next_questions({"onset": "sudden"}, most=10).to_dict())
    assert told["stopping"] == nearly(same_decision({"onset": "sudden"}, draws=100).to_dict())


def test_next_takes_goal_kind_cost_pair_and_two_steps() -> None:
    told = said(
        "next", *WORDS, "--goal", "dangerous", "--kind", "sign", "--kind", "test", "--per", "minute", "--top", "3"
    )
    asked = next_questions(CASE, goal="dangerous", kind=("sign", "test"), per="minute", most=10)
    assert told["questions"] == nearly(asked.to_dict())
    assert len(told["stopping"]["considered"]) == 3
    pair = said("next", *WORDS, "--between", "strain", "avulsion", "--two-steps", "--all", "--top", "0")["questions"]
    assert pair == nearly(next_questions(CASE, goal=("strain", "avulsion"), two_steps=True).to_dict())


def test_explain_prints_both_sides_answers_and_fit() -> None:
    text = run("explain", *WORDS, "--cause", "strain", "--against", "avulsion").stdout.decode()
    notice, why, _ = text.partition("Why Hamstring strain")
    assert notice.startswith("These base rates are not meant for this case")  # distance runners, hurt at a moment
    assert why
    assert "against Hamstring tendon avulsion" in text
    assert "add up to the change in log-odds" in text
    assert text.index("log-odds") < text.index("Does the case fit?") < text.index("not a medical device")


def test_explain_shows_rows_and_sources_when_asked() -> None:
    words = ["explain", "straight_leg_raise=positive", "--cause", "lumbar_radiculopathy", "--against", "strain"]
    assert "worth" not in run(*words).stdout.decode()
    text = " ".join(run(*words, "--rows").stdout.decode().split())
    assert "55.0% in Sciatica from a lumbar disc (radiculopathy) (own row, on neural irritation, worth 40 cases" in text
    entry = load_knowledge().content
    figure = entry.findings["straight_leg_raise"].rows["lumbar_radiculopathy"].figures[0]
    assert entry.sources[entry.figures[figure].source].title in text
    assert "an estimate" in text


def test_next_prints_questions_reasons_and_when_to_stop() -> None:
    text = run("next", "onset=sudden").stdout.decode()
    first = next_questions({"onset": "sudden"}, most=1).questions[0]
    assert first.question in text
    assert "would make it" in text
    assert "--all shows them" in text
    assert text.index(first.question) < text.index("When to stop?") < text.index("would still lead")
    decision = same_decision({"onset": "sudden"})
    for sentence in (stays_sentence(decision), stays_exactly(decision)):
        assert sentence.replace(GAP, "") in " ".join(text.split())
    assert "more questions" not in run("next", "onset=sudden", "--all").stdout.decode()


def test_findings_without_a_known_cost_are_counted() -> None:
    text = run("next", "onset=sudden", "--per", "dollar").stdout.decode()
    asked = next_questions({"onset": "sudden"}, per="dollar")
    assert f"{len(asked.no_cost)} open findings have no known price" in text


@pytest.mark.parametrize("command", ["explain", "next"])
def test_nothing_answered_is_a_case_too(command: str) -> None:
    done = run(command)
    assert done.returncode == 0
    assert b"nan" not in done.stdout.lower()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["explain", "onst=sudden"], "'onst' is not a finding; nearest: onset"),
        (["explain", "onset=sudden", "--cause", "strian"], "'strian' is not a cause; nearest: strain"),
        (["explain", "onset=sudden", "--against", "avulsio"], "'avulsio' is not a cause; nearest: avulsion"),
        (["explain", "--cause", "strain", "--against", "strain"], "is the cause itself"),
        (["next", "slump=positiv"], "'positiv' is not a state"),
        (["next", "--between", "strain", "avulsio"], "'avulsio' is not a cause"),
        (["next", "--goal", "danger"], "dangerous"),
        (["next", "--two-steps", "--per", "minute"], "leave out --per"),
        (["next", "--goal", "origin", "--between", "strain", "avulsion"], "leave out --goal"),
        (["next", "--draws", "0"], "--draws"),
        (["next", "--population", "runners"], "'runners' is not a population"),
    ],
)
def test_wrong_usage_ends_with_status_2_and_nothing_on_standard_output(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == b""
    assert sentence in done.stderr.decode()
    assert b"Traceback" not in done.stderr
