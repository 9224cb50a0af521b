"""`thighdx diagnose --intervals`: the library's numbers, in a table a person reads and in JSON."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pytest
from rich.console import Console

from tests.handmade import nearly
from thighdx import base_rate_bounds, credible_intervals, diagnose, how_sure, sensitivity, two_causes
from thighdx.suretext import print_how_sure

CASE = {"onset": "sudden", "pop_felt": "yes", "weakness": "marked", "pain_site": "sit_bone", "groin_or_hip_pain": "yes"}
WORDS = [f"{name}={state}" for name, state in CASE.items()]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "thighdx", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def printed(case: dict[str, str], width: int, population: str | None = None) -> str:
    console = Console(width=width, highlight=False, record=True, file=io.StringIO())
    print_how_sure(diagnose(case, population=population), how_sure(case, population=population), console, 10)
    return console.export_text().replace("\N{NO-BREAK SPACE}", " ")


def test_json_is_the_librarys_answer_beside_the_diagnosis() -> None:
    done = run("diagnose", *WORDS, "--intervals", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    sure = said.pop("how_sure")
    assert said == nearly(diagnose(CASE).to_dict())
    assert sure == nearly(how_sure(CASE).to_dict())


def test_how_sure_is_its_parts() -> None:
    sure = how_sure(CASE)
    assert sure.intervals == credible_intervals(CASE)
    assert sure.bounds == base_rate_bounds(CASE)
    assert sure.sensitivity == sensitivity(CASE)
    assert sure.two_causes == two_causes(CASE)


def test_text_shows_flags_then_now_interval_and_base_rate() -> None:
    done = run("diagnose", *WORDS, "--intervals")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    places = [
        text.index(word)
        for word in ("URGENT", "not meant for", "95 % interval", "base rate ", "rests on most", "Two causes at once")
    ]
    assert places == sorted(places)
    assert "not a medical device" in text


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_number_is_cut_at_any_width(width: int) -> None:
    text = printed(CASE, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    top = how_sure(CASE).intervals.causes[0]
    assert f"{top.low:.1%} to {top.high:.1%}".replace("%", " %").replace(" % to", " to") in text
    assert bool(re.search(r"\bid\b", text)) == (width >= 100)  # ids where there is room


def test_without_answers_the_intervals_are_those_of_the_base_rates() -> None:
    text = printed({}, 120)
    assert "Hamstring irritation driven by load" in text
    assert "25.1 to 29.0 %" in text
    assert "nothing answered" in text


def test_a_population_without_intervals_says_so() -> None:
    assert "states no intervals" in printed(CASE, 120, "uniform")


def test_what_the_best_cause_explains_needs_no_second() -> None:
    assert "no pair is shown" in printed({"slump": "positive"}, 120)


def test_intervals_are_of_a_case_and_not_of_a_cause() -> None:
    done = run("diagnose", "--cause", "strain", "--intervals")
    assert done.returncode == 2
    assert "takes no --intervals" in done.stderr


def test_bad_answers_are_said_as_without_intervals() -> None:
    done = run("diagnose", "slmp=positive", "--intervals")
    assert done.returncode == 2
    assert "nearest: slump" in done.stderr


def test_the_posteriors_triage_is_shown_where_it_is_more_urgent() -> None:
    done = run("diagnose", "d_dimer=raised", "swelling=thigh", "--population", "over_60s")
    text = " ".join(done.stdout.replace("\N{NO-BREAK SPACE}", " ").split())
    asked = "EMERGENCY by probability: dangerous causes (urgency emergency) together"
    assert text.index("URGENT Calf pain") < text.index(asked)
    assert "emergency from 5.0 % on" in text
    less = run("diagnose", "breathless_chest_pain=yes")
    assert "by probability" not in less.stdout
