"""The researcher's commands: what they print, their exit status, files whole or not at all."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from tests.handmade import shipped
from thighdx.evaluation import evaluate

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "analysis" / "cases" / "published.csv"


def run(*words: str | Path, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "thighdx", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=cwd, check=False)


def rounded(value: Any) -> Any:
    """To ten digits: another process may sum in another order."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.10g}") if isinstance(value, float) else value


# -------------------------------------------------------------------------------------------------------- evaluate


def test_evaluate_json_is_the_librarys_answer() -> None:
    done = run("evaluate", CASES, "--population", "uniform", "--draws", "100", "--json")
    assert done.returncode == 0, done.stderr
    expected = evaluate(pd.read_csv(CASES, dtype=str), knowledge=shipped(), population="uniform", draws=100)
    assert rounded(json.loads(done.stdout)) == rounded(json.loads(json.dumps(expected.to_dict())))


def test_evaluate_prints_each_part() -> None:
    done = run("evaluate", CASES, "--population", "uniform", "--draws", "100", "--leave-out-doubtful", "--all")
    assert done.returncode == 0, done.stderr
    assert "47 of 52 rows evaluated, population uniform; left out: 5 doubtful" in done.stdout
    for part in (
        "log score",
        "As the case unfolds",
        "Danger",
        "Net benefit",
        "calibration error",
        "By cause",
        "Answers",
    ):
        assert part in done.stdout


def test_evaluate_says_which_rows_it_could_not_use() -> None:
    table = "diagnosis,onset\nstrain,sudden\nstrian,sudden\nstrain,suddn\n,sudden\n"
    done = run("evaluate", "-", "--draws", "100", stdin=table)
    assert done.returncode == 1
    assert "row 2, column 'diagnosis': 'strian' is not a cause; nearest: strain" in done.stderr
    assert "row 3, column 'onset': 'suddn' is not a state" in done.stderr
    assert "1 of 4 rows evaluated" in done.stdout
    assert "2 faulty, 1 without a label" in done.stdout


def test_evaluate_refuses_what_it_cannot_evaluate() -> None:
    for table, message in (
        ("", "is empty"),
        ("onset\nsudden\n", "has no column 'diagnosis'"),
        ("diagnosis\n", "no case is left to evaluate"),
    ):
        done = run("evaluate", "-", stdin=table)
        assert done.returncode == 2
        assert message in done.stderr
        assert not done.stdout


# ----------------------------------------------------------------------------------------------------------- audit


def test_audit_prints_the_outsiders_first_and_json_has_every_figure() -> None:
    done = run("audit")
    assert done.returncode == 0, done.stderr
    assert "published figures" in done.stdout.splitlines()[0]
    assert "Findings together" in done.stdout
    said = json.loads(run("audit", "--json").stdout)
    assert len(said["figures"]) == said["outside"] + said["inside"] + said["not_computed"]
    assert run("audit", "--all").stdout.count("\n") > done.stdout.count("\n")


def test_audit_of_an_overlay_names_what_is_new_first(tmp_path: Path) -> None:
    overlay, out = tmp_path / "o.toml", tmp_path / "audit.csv"
    row = 'lumbar_radiculopathy = { p = { positive = 0.6 }, weight = 5, estimate = "a try" }'
    overlay.write_text(f"[findings.slump.rows]\n{row}\n")
    lines = run("audit", "--priors", overlay).stdout.splitlines()
    assert "new by these priors" in lines[0]
    heads = [line.split()[0] for line in lines if line.startswith(("New ", "Outside "))]
    assert heads[-2:] == ["New", "Outside"]
    assert " new)" in run("audit", "--priors", overlay, "--out", out).stderr
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0]["new"] == "True"
    assert rows[0]["finding"] == "slump"
    for words in (["--population", "no_such"], ["--population", "uniform"]):
        assert run("audit", "--priors", overlay, *words).returncode == (2 if "no_such" in words else 0)


def test_audit_writes_a_table(tmp_path: Path) -> None:
    out = tmp_path / "audit.csv"
    done = run("audit", "--passed-over", "--out", out)
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(out)) == len(shipped().content.figures)
    assert run("audit", "--out", tmp_path / "audit.xlsx").returncode == 2
    assert run("audit", "--out", tmp_path / "nowhere" / "audit.csv").returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["audit.csv"]


# ---------------------------------------------------------------------------------------------------------- export


def test_export_writes_the_file_whole_or_not_at_all(tmp_path: Path) -> None:
    done = run("export", tmp_path / "network.xdsl", "--population", "uniform")
    assert done.returncode == 0, done.stderr
    assert "nodes as XDSL, population uniform" in done.stderr
    assert run("export", tmp_path / "network.uai").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.uai", "network.uai.names.json", "network.xdsl"]
    for place in (tmp_path / "network.doc", tmp_path / "nowhere" / "network.bif"):
        done = run("export", place)
        assert done.returncode == 2
        assert "is no network's" in done.stderr or "cannot be written" in done.stderr
    assert len(list(tmp_path.iterdir())) == 3


def test_export_help_says_what_each_format_loses() -> None:
    text = run("export", "--help").stdout
    for word in (".bif", ".xmlbif", ".xdsl", ".net", ".uai", "s_18_39", "names.json"):
        assert word in text


# -------------------------------------------------------------------------------------------------------- simulate


def test_simulated_cases_can_be_scored_and_evaluated(tmp_path: Path) -> None:
    cases = tmp_path / "cases.parquet"
    done = run("simulate", "300", "--seed", "7", "--out", cases)
    assert done.returncode == 0, done.stderr
    assert "300 cases of population" in done.stderr
    assert run("score", cases, "--out", tmp_path / "scored.csv").returncode == 0
    done = run("evaluate", cases, "--draws", "100", "--json")
    assert json.loads(done.stdout)["scores"]["cases"] == 300


def test_simulate_refuses_a_number_that_is_none_and_writes_to_standard_output() -> None:
    assert run("simulate", "many", "--out", "-").returncode == 2
    assert run("simulate", "-5", "--out", "-").returncode == 2
    done = run("simulate", "3", "--out", "-", "--complete")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("case_id,diagnosis,")
    assert len(lines) == 4
    assert ",," not in done.stdout


# ----------------------------------------------------------------------------------------------------------- learn


def test_what_was_learnt_is_used_by_the_other_commands(tmp_path: Path) -> None:
    out = tmp_path / "learnt"
    done = run("learn", CASES, "--population", "uniform", "--fewest", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "52 cases of known cause" in done.stdout
    files = ("--population", out / "population.toml", "--priors", out / "rows.toml")
    assert run("diagnose", "onset=sudden", *files).returncode == 0
    done = run("learn", CASES, "--out", out)
    assert done.returncode == 2
    assert "is there already" in done.stderr


def test_learn_says_what_the_answers_could_not_tell(tmp_path: Path) -> None:
    cases = tmp_path / "cases.csv"
    assert run("simulate", "300", "--population", "uniform", "--out", cases).returncode == 0
    table = pd.read_csv(cases, dtype=str)
    table.drop(columns="diagnosis").to_csv(cases, index=False)
    done = run("learn", cases, "--out", tmp_path / "learnt", "--what", "base_rates")
    assert done.returncode == 0, done.stderr
    assert "Mind: the answers could not tell these causes from others" in done.stdout
    report = json.loads((tmp_path / "learnt" / "report.json").read_text())
    assert report["warnings"]
    assert report["what"] == ["base_rates"]


def test_learn_of_levels_alone_brings_rows_but_no_population(tmp_path: Path) -> None:
    cases, out = tmp_path / "cases.parquet", tmp_path / "learnt"
    assert run("simulate", "600", "--population", "uniform", "--out", cases).returncode == 0
    done = run("learn", cases, "--population", "uniform", "--what", "levels", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Level moved most" in done.stdout
    assert "steps for levels" in done.stdout
    assert "Base rate" not in done.stdout
    assert sorted(path.name for path in out.iterdir()) == ["report.json", "rows.toml"]
    assert run("diagnose", "onset=sudden", "--priors", out / "rows.toml").returncode == 0
    assert run("learn", cases, "--what", "weights", "--out", tmp_path / "more").returncode == 2


# ------------------------------------------------------------------------------------------------------------ diff


def test_diff_shows_what_an_overlay_moves_and_saves_it(tmp_path: Path) -> None:
    overlay, saved = tmp_path / "overlay.toml", tmp_path / "saved.toml"
    row = 'strain = { p = { positive = 0.4 }, weight = 4, estimate = "a made-up clinic" }'
    overlay.write_text(f"[findings.slump.rows]\n{row}\n")
    done = run("diff", overlay, "--cases", CASES, "--save", saved, "--who", "A. Clinician", "--why", "a try")
    assert done.returncode == 0, done.stderr
    assert "slump=positive | strain" in done.stdout
    assert "Another cause leads in" in done.stdout
    said = json.loads(run("diff", saved, "--json").stdout)
    assert {one["table"] for one in said["changes"]} == {"slump"}
    assert run("diff", overlay, "--save", tmp_path / "more.toml").returncode == 2
    assert run("diff", tmp_path / "nowhere.toml").returncode == 2


def test_diff_lists_as_many_numbers_as_it_counts(tmp_path: Path) -> None:
    """A row moves its states, and these given each level of the mechanism; --all lists them, else the rest is told."""
    overlay = tmp_path / "overlay.toml"
    row = 'strain = { p = { positive = 0.4 }, weight = 4, estimate = "a made-up clinic" }'
    overlay.write_text(f"[findings.slump.rows]\n{row}\n")
    said = json.loads(run("diff", overlay, "--json").stdout)
    stated, given = len(said["changes"]), len(said["conditional"])
    assert stated
    assert given
    every, short = (run("diff", overlay, *more).stdout for more in (("--all",), ()))
    assert every.count("| strain") == stated + given
    assert short.count("| strain") == stated
    for told in (every, short):
        assert f"{stated + given} numbers moved in 1 table" in told
        assert f"{stated} of rows, levels and base rates, {given} of rows given the level of a mechanism" in told
    assert f"... and {given} more; --all lists them" in short
    assert "more;" not in every


def test_diff_compares_the_population_that_an_overlay_brings(tmp_path: Path) -> None:
    out = tmp_path / "learnt"
    assert run("learn", CASES, "--population", "uniform", "--what", "base_rates", "--out", out).returncode == 0
    done = run("diff", out / "population.toml", "--population", "uniform")
    assert "0 numbers moved" in done.stdout
    assert "brings a population of its own (learnt), not compared here: both sides are 'uniform'" in done.stderr
    done = run("diff", out / "population.toml", "--json")
    assert "a population of its own, 'learnt': compared with 'distance_runners'" in done.stderr
    said = json.loads(done.stdout)
    assert (said["before"], said["after"]) == ("distance_runners", "learnt")
    learnt = json.loads((out / "report.json").read_text())["base_rates"]
    moved = {one["state"]: one["after"] for one in said["changes"] if one["table"] == "cause"}
    for one in learnt:
        if one["cause"] in moved:
            assert abs(moved[one["cause"]] - one["after"]) < 1e-5
    assert len(moved) > 20


def test_score_and_evaluate_answer_by_a_network(tmp_path: Path) -> None:
    network = tmp_path / "network.net"
    assert run("export", network, "--population", "uniform").returncode == 0
    done = run("evaluate", CASES, "--population", "uniform", "--network", network, "--draws", "100", "--json")
    assert done.returncode == 0, done.stderr
    expected = evaluate(pd.read_csv(CASES, dtype=str), knowledge=shipped(), population="uniform", draws=100)
    said = json.loads(done.stdout)
    assert said["population"] == "network.net"
    assert rounded(said["scores"]) == rounded(json.loads(json.dumps(expected.to_dict()["scores"])))
    done = run("score", CASES, "--population", "uniform", "--network", network, "--out", "-")
    assert done.returncode == 0, done.stderr
    assert ",network.net," in done.stdout
    done = run("score", CASES, "--network", tmp_path / "nowhere.bif", "--out", tmp_path / "scored.csv")
    assert done.returncode == 2
    assert "cannot be read" in done.stderr
    assert not (tmp_path / "scored.csv").exists()


def test_diff_reads_a_network_edited_elsewhere(tmp_path: Path) -> None:
    network = tmp_path / "network.xdsl"
    assert run("export", network, "--population", "uniform").returncode == 0
    done = run("diff", network, "--population", "uniform")
    assert done.returncode == 0, done.stderr
    assert "0 numbers moved" in done.stdout
