"""Spark gives what this machine gives: real Spark on Java, in local mode."""

from __future__ import annotations

import csv
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.handmade import write_priors
from tests.test_tables import random_rows, thighdx, write_csv
from thighdx import Knowledge, TableError, load_knowledge, score
from thighdx.assess import get_model
from thighdx.scoring.spark import _session, score_folder

NEEDS_JAVA = pytest.mark.skipif(
    shutil.which("java") is None and "JAVA_HOME" not in os.environ,
    reason="no Java; on Debian: apt-get install default-jre",
)


@pytest.fixture(scope="module")
def priors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_priors(tmp_path_factory.mktemp("priors"))


@pytest.fixture(scope="module")
def cases(priors: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three CSV files with bad cells, quoted line ends and a row that lacks cells; and one of Parquet."""
    folder = tmp_path_factory.mktemp("cases")
    rows = random_rows(load_knowledge(priors), 600)
    for part in range(3):
        path = folder / "csv" / f"part{part}.csv"
        path.parent.mkdir(exist_ok=True)
        write_csv(path, rows[200 * part : 200 * (part + 1)])
    with (folder / "csv" / "part2.csv").open("a") as stream:
        stream.write("c600,yes\n")
    (folder / "parquet").mkdir()
    pl.DataFrame(rows).write_parquet(folder / "parquet" / "all.parquet")
    return folder


def expected(cases: Path, knowledge: Knowledge) -> pl.DataFrame:
    return score(pl.read_parquet(cases / "parquet" / "*.parquet"), knowledge=knowledge, keep=["note"])


def same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    """The same rows in any order, numbers to 1e-9."""
    found, expected = found.sort("case_id"), expected.sort("case_id")
    assert found.columns == expected.columns
    assert found.height == expected.height
    for name in expected.columns:
        if expected[name].dtype == pl.Float64:
            assert (found[name].is_null() == expected[name].is_null()).all()
            assert ((found[name] - expected[name]).abs().fill_null(0) < 1e-9).all()
        else:
            assert found[name].to_list() == expected[name].to_list(), name


@NEEDS_JAVA
@pytest.mark.slow
def test_a_parquet_folder_is_scored_as_on_this_machine(priors: Path, cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "scored.parquet"
    words = ("score", cases / "parquet", "--engine", "spark", "--out", out, "--priors", priors)
    done = thighdx(*words, "--keep", cwd=tmp_path)
    wanted = expected(cases, load_knowledge(priors))
    bad = wanted.filter(pl.col("status") != "ok").height
    assert done.returncode == 1, done.stderr
    assert f"600 rows, {bad} of them not scored" in done.stderr
    same(pl.read_parquet(out / "*.parquet"), wanted)
    again = thighdx(*words, cwd=tmp_path)
    assert again.returncode == 2
    assert "exists" in again.stderr


@NEEDS_JAVA
@pytest.mark.slow
def test_a_csv_folder_is_scored_with_what_is_wrong_in_status(priors: Path, cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "scored.csv"
    done = thighdx(
        "score", cases / "csv", "--engine", "spark", "--keep", "--out", out, "--priors", priors, cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    rows: dict[str, dict[str, str]] = {}
    for path in out.glob("*.csv"):
        with path.open(newline="") as stream:
            rows |= {row["case_id"]: row for row in csv.DictReader(stream)}
    wanted = expected(cases, load_knowledge(priors))
    assert len(rows) == 601
    assert "another number of cells" in rows["c600"]["status"]
    for row in wanted.iter_rows(named=True):
        found = rows[row["case_id"]]
        note = row["note"]
        assert found["note"] == ("'" + note if note.startswith("=") else note)
        assert (found["status"], found["red_flags"]) == (row["status"], row["red_flags"])
        if row["status"] == "ok":
            assert abs(float(found["p_tear"]) - row["p_tear"]) < 1e-9
        else:
            assert found["p_tear"] == ""


@NEEDS_JAVA
@pytest.mark.slow
def test_what_spark_would_read_wrongly_is_refused_or_mended(priors: Path, tmp_path: Path) -> None:
    """In one session, since starting Spark takes its time."""
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "a.csv").write_text("\ufeffcase_id, bruise ,slump,c.d`e,=x\n1,yes,positive,=1+1,2\n")
    model = get_model(load_knowledge(priors))
    with _session(None):
        out = tmp_path / "out.csv"
        assert score_folder(model, str(folder), str(out), keep=True).rows == 1
        with next(out.glob("*.csv")).open(newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert (row["status"], row["c.d`e"], row["'=x"]) == ("ok", "'=1+1", "2")
        expected = score(pl.DataFrame({"bruise": ["yes"], "slump": ["positive"]}), knowledge=model.knowledge)
        assert abs(float(row["p_tear"]) - expected["p_tear"][0]) < 1e-9
        for name, text, said in (
            ("b.csv", "case_id,slump,bruise,c.d`e,=x\n2,positive,yes,,\n", "header"),
            ("c.csv", "", "slump"),
            ("B.CSV", "case_id\n1\n", "B.CSV"),
            ("_b.csv", "case_id\n1\n", "_b.csv"),
            ("b.parquet", "", "CSV and Parquet"),
        ):
            for path in folder.iterdir():
                if path.name != "a.csv":
                    path.unlink()
            (folder / name).write_text(text)
            if name == "c.csv":
                (folder / "a.csv").write_text("case_id,slump,slump\n1,positive,negative\n")
            with pytest.raises(TableError, match=re.escape(said)):
                score_folder(model, str(folder), str(tmp_path / f"{name}.out.csv"))
        parts = tmp_path / "parts"
        parts.mkdir()
        pl.DataFrame({"case_id": ["1"], "slump": ["positive"]}).write_parquet(parts / "a.parquet")
        pl.DataFrame({"case_id": ["2"], "bruise": ["yes"], "t": [datetime(2026, 1, 1, tzinfo=UTC)]}).write_parquet(
            parts / "b.parquet"
        )
        score_folder(model, str(parts), str(tmp_path / "merged.parquet"), keep=True)
    merged = pl.read_parquet(tmp_path / "merged.parquet" / "*.parquet").sort("case_id")
    bruise = score(pl.DataFrame({"bruise": ["yes"]}), knowledge=model.knowledge)
    assert abs(merged["p_tear"][1] - bruise["p_tear"][0]) < 1e-9
    assert merged["t"].is_null().to_list() == [True, False]


@NEEDS_JAVA
@pytest.mark.slow
def test_a_table_without_ids_is_refused_and_leaves_nothing(priors: Path, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("bruise\nyes\n")
    done = thighdx("score", "cases.csv", "--engine", "spark", "--out", "s.parquet", "--priors", priors, cwd=tmp_path)
    assert done.returncode == 2
    assert "no column 'case_id'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cases.csv"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "spark", "--problems", "p.csv"], "--problems"),
        (["--master", "spark://host:7077"], "--engine spark"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words: list[str], said: str, tmp_path: Path) -> None:
    done = thighdx("score", "cases.csv", "--out", "scored.csv", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
