"""Tables handed over as bytes: the numbers of `thighdx score`, and every kind of bad file said in a sentence."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.handmade import shipped
from thighdx import Knowledge
from thighdx.assess import get_model
from thighdx.errors import TableError
from thighdx.scoring import upload as uploads
from thighdx.scoring.example import example_upload
from thighdx.scoring.files import score_file
from thighdx.scoring.overview import overview
from thighdx.scoring.upload import Upload, look_at, problems_csv, score_upload

PUBLISHED = Path(__file__).resolve().parents[1] / "analysis" / "cases" / "published.csv"


def as_parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("keep", [False, True])
def test_an_upload_is_scored_as_the_command_scores_the_file(ending: str, keep: bool, tmp_path: Path) -> None:
    model = get_model(shipped(), "uniform")
    cases = tmp_path / f"cases.{ending}"
    if ending == "csv":
        cases.write_bytes(PUBLISHED.read_bytes())
    else:
        cases.write_bytes(as_parquet(pa.Table.from_pandas(pd.read_csv(PUBLISHED, dtype=str))))
    seen: list[int] = []
    scored = score_upload(model, Upload(cases.name, cases.read_bytes()), keep=keep, on_rows=seen.append)
    assert seen[-1] == scored.rows
    for out, data in (("out.csv", scored.csv()), ("out.parquet", scored.parquet())):
        score_file(model, str(cases), str(tmp_path / out), keep=keep)
        if out.endswith("csv"):
            assert data == (tmp_path / out).read_bytes()
        else:
            assert pq.read_table(io.BytesIO(data)).equals(pq.read_table(tmp_path / out))


def test_what_cannot_be_read_is_found_before_scoring_and_is_what_scoring_finds(knowledge: Knowledge) -> None:
    text = "case_id,slump,bruise,colour\na,positive,yes,red\nb,positiv,maybe,blue\na,,no,\nc,negative\n"
    table = Upload("mine.csv", text.encode())
    look = look_at(knowledge, table)
    assert (look.rows, look.problem_count, look.faulty_rows) == (4, 3, 2)
    assert look.findings == ("slump", "bruise")
    assert look.others == ("colour",)
    assert [(one.row, one.case_id, one.column) for one in look.problems] == [
        (2, "b", "bruise"),
        (2, "b", "slump"),
        (4, "c", ""),
    ]
    assert any("nearest: positive" in one.message for one in look.problems)
    assert (look.repeated, look.first_repeated) == (1, "a")
    assert score_upload(get_model(knowledge), table).not_scored == look.faulty_rows
    assert len(problems_csv(look).splitlines()) == 1 + look.problem_count


def test_only_so_many_problems_are_kept_and_all_counted(knowledge: Knowledge) -> None:
    rows = uploads.MOST_PROBLEMS + 500
    look = look_at(knowledge, Upload("a.csv", ("slump\n" + "odd\n" * rows).encode()))
    assert (len(look.problems), look.problem_count) == (uploads.MOST_PROBLEMS, rows)
    assert look.problems[-1].row == uploads.MOST_PROBLEMS


REPEATED = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["x" * 100_000]))
BAD = {
    "empty": ("a.csv", b"", "is empty"),
    "not text": ("a.csv", b"\xff\xfe\x00", "UTF-8"),
    "another kind": ("a.xlsx", b"PK", ".csv or .parquet"),
    "no ending": ("cases", b"slump\n", ".csv or .parquet"),
    "no Parquet": ("a.parquet", b"slump\npositive\n", "Parquet"),
    "cut Parquet": ("a.parquet", as_parquet(pa.table({"slump": ["positive"] * 9}))[:-20], "Parquet"),
    "semicolons": ("a.csv", b"case_id;slump\n1;positive\n", "commas"),
    "open quote": ("a.csv", b'slump\n"positive\n', "end of data"),
    "twice": ("a.csv", b"slump,slump\npositive,negative\n", "twice"),
    "many rows": ("a.csv", b"slump\n" + b"positive\n" * (uploads.MOST_ROWS + 1), "20,000 rows"),
    "many rows, Parquet": ("a.parquet", as_parquet(pa.table({"slump": ["positive"] * 20_001})), "20,001 rows"),
    "many columns": ("a.csv", ",".join(f"c{number}" for number in range(1_001)).encode(), "1,001 columns"),
    "many bytes": ("a.csv", b"slump\n" + b" " * uploads.MOST_BYTES, "20 MB"),
    "a bomb": ("a.parquet", as_parquet(pa.table({"case_id": REPEATED})), "unpacks"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_cannot_be_used_is_refused_in_a_sentence(name: str, knowledge: Knowledge) -> None:
    place, data, said = BAD[name]
    for use in (
        lambda: look_at(knowledge, Upload(place, data)),
        lambda: score_upload(get_model(knowledge), Upload(place, data)),
    ):
        with pytest.raises(TableError, match=said) as raised:
            use()
        assert str(raised.value).startswith(place)


def test_a_header_alone_has_no_rows_and_no_problem(knowledge: Knowledge) -> None:
    look = look_at(knowledge, Upload("a.csv", b"case_id,slump\n"))
    assert (look.rows, look.problem_count, look.repeated) == (0, 0, 0)
    assert score_upload(get_model(knowledge), Upload("a.csv", b"case_id,slump\n")).csv().count(b"\n") == 1


def test_nested_columns_are_no_answers_and_are_not_copied(knowledge: Knowledge) -> None:
    table = as_parquet(pa.table({"slump": ["positive"], "list": [[1, 2]], "text": ["=1+1"]}))
    scored = score_upload(get_model(knowledge), Upload("a.parquet", table), keep=True)
    assert "list" not in scored.table.schema.names
    assert scored.csv().rstrip().endswith(b"'=1+1")  # a spreadsheet would run it


def test_the_example_is_the_same_each_time_and_has_two_cells_that_cannot_be_read(knowledge: Knowledge) -> None:
    for one in (knowledge, shipped()):
        table = example_upload(get_model(one))
        assert table == example_upload(get_model(one))
        look = look_at(one, table)
        assert look.rows == 40
        assert look.faulty_rows == look.problem_count == 2
        assert look.others == ()


def test_the_overview_counts_every_row_once() -> None:
    model = get_model(shipped())
    scored = score_upload(model, example_upload(model))
    found = overview(model.knowledge, scored.table)
    frame = pd.read_csv(io.BytesIO(scored.csv()))
    assert (found.rows, found.not_scored) == (40, 2)
    assert {one.id: one.rows for one in found.leading} == frame["top_cause"].value_counts().to_dict()
    good = frame["status"] == "ok"
    for triage, rows in ((found.triage, frame[good]), (found.triage_not_scored, frame[~good])):
        assert {one.id: one.rows for one in triage if one.rows} == rows["triage"].value_counts().to_dict()
    assert sum(one.rows for one in found.triage_posterior) == found.scored
    assert sum(found.sureness) == found.scored
    assert sum(one.rows for one in found.faults) == found.not_scored
    counts = [one.rows for one in found.leading]
    assert counts == sorted(counts, reverse=True)


def test_rows_not_scored_are_counted_apart_and_are_in_no_share() -> None:
    """One scored with a flag, one without, one whose readable cells raise a flag, one that has nothing readable."""
    data = b"case_id,saddle_numbness,onset\na,yes,sudden\nb,no,sudden\nc,yes,nonsense\nd,nonsense,\n"
    model = get_model(shipped())
    found = overview(model.knowledge, score_upload(model, Upload("a.csv", data)).table)
    quiet = tuple(shipped().content.urgencies)[-1]
    assert (found.rows, found.scored, found.not_scored) == (4, 2, 2)
    for triage in (found.triage, found.triage_not_scored):
        by_urgency = {one.id: (one.rows, one.share) for one in triage if one.rows}
        assert by_urgency.pop(quiet) == (1, 0.5)
        assert list(by_urgency.values()) == [(1, 0.5)]
    for flags in (found.flags, found.flags_not_scored):
        assert flags
        assert {(one.rows, one.share) for one in flags} == {(1, 0.5)}
    assert [one.share for one in found.faults] == [0.5, 0.5]
    assert sum(one.share for one in found.leading) == 1


def test_an_overview_without_a_scored_row_has_no_share(knowledge: Knowledge) -> None:
    scored = score_upload(get_model(knowledge), Upload("a.csv", b"slump\nnonsense\n"))
    found = overview(knowledge, scored.table)
    assert (found.scored, found.not_scored, found.leading) == (0, 1, ())
    assert {(one.rows, one.share) for one in found.triage} == {(0, 0.0)}


def test_the_overview_of_nothing_is_empty(knowledge: Knowledge) -> None:
    scored = score_upload(get_model(knowledge), Upload("a.csv", b"slump\n"))
    found = overview(knowledge, scored.table)
    assert (found.rows, found.scored, sum(found.sureness)) == (0, 0, 0)
    assert found.leading == ()
