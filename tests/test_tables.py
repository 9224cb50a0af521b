"""Case tables on disk: every row read as the csv module reads it, whatever the file is like; results whole or not."""

from __future__ import annotations

import csv
import gzip
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.handmade import shipped
from thighdx import Knowledge, TableError, score
from thighdx.assess import get_model
from thighdx.casefiles import RUNS_IN_SPREADSHEETS
from thighdx.cells import is_number
from thighdx.scoring import csvblocks, tally
from thighdx.scoring.batch import score_batch
from thighdx.scoring.columns import cell_texts
from thighdx.scoring.csvblocks import Bytes, Layout, Records, blocks, plain_records
from thighdx.scoring.files import RowProblem, score_file
from thighdx.scoring.results import CsvWriter

Rows = list[dict[str, str]]

TEXTS = st.text(alphabet=st.sampled_from(["a", "é", "漢", ",", '"', "\n", "\r", " ", "'", ";", "="]), max_size=6)


def thighdx(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "thighdx", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, so that small tables have many."""
    monkeypatch.setattr(csvblocks, "BLOCK", 4096)
    monkeypatch.setattr(csvblocks, "CAREFUL", 1024)


def read(data: bytes, width: int, block: int, careful: int = 2**18) -> tuple[list[tuple[str, ...]], dict[int, str]]:
    """The rows of headerless CSV read in blocks of so many bytes, and what is wrong with whole rows.

    careful: bytes in which ragged rows are gone through alone.
    """
    names = tuple(f"c{number}" for number in range(width))
    layout, rows, faults = (
        Layout("table", names, names, frozenset(names[1:])),
        list[tuple[str, ...]](),
        dict[int, str](),
    )
    before = csvblocks.BLOCK, csvblocks.CAREFUL
    csvblocks.BLOCK, csvblocks.CAREFUL = block, careful
    try:
        for one in blocks(Bytes(io.BytesIO(data)), layout):
            part = one.parse()
            faults |= {len(rows) + row: fault for row, fault in part.row_faults.items()}
            rows += zip(*(column.to_pylist() for column in part.rows.columns), strict=True)
    finally:
        csvblocks.BLOCK, csvblocks.CAREFUL = before
    return rows, faults


def by_csv_module(data: bytes, width: int) -> tuple[list[tuple[str, ...]], set[int]]:
    """The same by the csv module alone, rows of the wrong width filled up or cut."""
    records = [record or [""] for record in Records(Bytes(io.BytesIO(data)), "table") if record or width == 1]
    cells = [tuple((record + [""] * width)[:width]) for record in records]
    return cells, {row for row, record in enumerate(records) if len(record) != width}


# ------------------------------------------------------------------------------------------------------------ reading


@given(
    rows=st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=12),
    style=st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), *((csv.QUOTE_ALL, end) for end in ("\n", "\r\n", "\r"))]),
    block=st.integers(1, 80),
    careful=st.integers(1, 80),
)
def test_a_written_table_is_read_back(
    rows: list[list[str]], style: tuple[Literal[0, 1], str], block: int, careful: int
) -> None:
    """Whatever is in the cells and wherever the blocks are cut."""
    stream = io.StringIO()
    csv.writer(stream, quoting=style[0], lineterminator=style[1]).writerows(rows)
    found, faults = read(stream.getvalue().encode(), 3, block, careful)
    assert found == [tuple(row) for row in rows]
    assert not faults


@given(
    text=st.text(alphabet=st.sampled_from(["a", "b", ",", '"', "\n", "\r", " ", "é"]), max_size=60),
    width=st.integers(1, 3),
    block=st.integers(1, 60),
    careful=st.integers(1, 60),
)
@example(text='a,"b', width=2, block=40, careful=40)
@example(text='a"b,c\nd,"e\nf"\n', width=2, block=4, careful=4)
@example(text="\n\na\n\n", width=1, block=2, careful=2)
@example(text='a,b\n"c"d,e\n', width=2, block=40, careful=40)
@example(text='a,b\na\n\n"c,\n",d\na,b,c\na,b\n', width=2, block=60, careful=4)
def test_any_text_is_read_as_the_csv_module_reads_it(text: str, width: int, block: int, careful: int) -> None:
    """Ragged rows, stray quotes, blank lines: the same rows and faults, or refused by both."""
    data = text.encode()
    try:
        expected = by_csv_module(data, width)
    except TableError:
        with pytest.raises(TableError):
            read(data, width, block, careful)
        return
    found, faults = read(data, width, block, careful)
    assert (found, set(faults)) == expected


@given(text=st.text(alphabet=st.sampled_from(["a", ",", '"', "\n", "\r"]), max_size=60), whole=st.booleans())
def test_plain_records_end_where_a_record_ends(text: str, whole: bool) -> None:
    """What is taken as plain, the csv module reads alone as it reads it at the start of the whole text."""
    data = text.encode()
    end = plain_records(data, whole=whole)
    if not end:
        return
    alone = list(csv.reader(io.StringIO(data[:end].decode(), newline=""), strict=True))
    try:
        together = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return  # what follows is broken
    assert together[: len(alone)] == alone
    assert (end == len(data)) if whole and text.count('"') % 2 == 0 else data[:end].endswith((b"\n", b"\r"))


def test_a_quoted_cell_longer_than_any_answer_is_refused_with_its_line() -> None:
    data = b'a,b\nc,"' + b"x" * (csvblocks.LARGEST_CELL + 2) + b'"\n'
    with pytest.raises(TableError, match="line 2: field larger"):
        read(data, 2, 8 * csvblocks.LARGEST_CELL)


def test_what_is_not_utf8_is_refused_with_its_line() -> None:
    lines = [b"a,b"] * 7 + [b"\xe9,b"] + [b"a,b"] * 3
    with pytest.raises(TableError, match=r"not UTF-8 near line 8 \(byte 0xe9\)"):
        read(b"\n".join(lines), 2, 10)


# ----------------------------------------------------------------------------------------------------- tables on disk


def random_rows(knowledge: Knowledge, count: int, seed: int = 0) -> Rows:
    """Cases of the small priors with notes of every kind beside them."""
    rng = np.random.default_rng(seed)
    cells = {
        "bruise": ["", "no", "yes", "yes@0.7", "maybe"],
        "walking": ["", "normal", "limping|unable"],
        "slump": ["", "negative", "positive"],
        "age": ["", "25", "70.5", "old"],
    }
    notes = ["", 'said "no"', "two\nlines", "a, b", "=1+1", "plain", "-3", "漢字"]
    return [
        {
            "case_id": f"c{row}",
            **{name: str(rng.choice(choices)) for name, choices in cells.items()},
            "note": notes[row % len(notes)],
        }
        for row in range(count)
    ]


def write_csv(path: Path, rows: Rows, end: str = "\n") -> Path:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(stream.getvalue().encode())
    return path


def read_csv(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.usefixtures("small_blocks")
def test_many_small_blocks_give_the_rows_of_the_frame_in_order(knowledge: Knowledge, tmp_path: Path) -> None:
    """Several batches under way at once are still written in the table's order, as the notebook's call gives it."""
    rows = random_rows(knowledge, 1000)
    source, out = write_csv(tmp_path / "cases.csv", rows), tmp_path / "scored.parquet"
    heard = list[RowProblem]()
    done = score_file(get_model(knowledge), str(source), str(out), keep=True, hear=5000, on_problem=heard.append)
    expected = score(pl.DataFrame(rows), knowledge=knowledge, keep=["note"])
    found = pl.read_parquet(out)
    assert found.columns == expected.columns
    assert found.equals(expected)
    bad = [row for row, case in enumerate(rows, start=1) if "maybe" in case.values() or "old" in case.values()]
    assert (done.rows, done.not_scored, done.repeated_ids) == (1000, len(bad), 0)
    assert sorted({problem.row for problem in heard}) == bad
    assert all(problem.case_id == f"c{problem.row - 1}" for problem in heard)


@pytest.mark.usefixtures("small_blocks")
def test_a_ragged_row_and_a_stray_quote_spoil_no_other_row(knowledge: Knowledge, tmp_path: Path) -> None:
    rows = random_rows(knowledge, 400)
    lines = write_csv(tmp_path / "cases.csv", [{**row, "note": ""} for row in rows]).read_text().splitlines()
    lines[100] = "c99,yes"
    lines[300] = 'c299,yes,normal,positive,25,a 5" scar'
    (tmp_path / "odd.csv").write_text("\n".join(lines))
    score_file(get_model(knowledge), str(tmp_path / "odd.csv"), str(tmp_path / "odd.parquet"))
    score_file(get_model(knowledge), str(tmp_path / "cases.csv"), str(tmp_path / "even.parquet"))
    odd, even = pl.read_parquet(tmp_path / "odd.parquet"), pl.read_parquet(tmp_path / "even.parquet")
    others = [row for row in range(400) if row not in {99, 299}]
    assert odd[others].equals(even[others])
    assert "has 2 cells, the header 6" in odd["status"][99]
    assert (odd["case_id"][99], odd["status"][299]) == ("c99", "ok")


def test_a_table_in_which_findings_are_meant_and_none_is_read_is_refused(tmp_path: Path) -> None:
    """It would come out as so many cases of whom nothing is known, their red flags unseen."""
    (tmp_path / "cases.csv").write_text("Case_ID,Onset,Bladder_Bowel_Change\n1,sudden,yes\n")
    done = thighdx("score", "cases.csv", "--out", "out.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "no column is a finding" in done.stderr
    assert "'Onset' (nearest: onset)" in done.stderr
    assert not (tmp_path / "out.csv").exists()
    frame = pd.DataFrame({"Onset": ["sudden"]})
    with pytest.raises(TableError, match="nearest: onset"):
        score(frame)


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst"])
def test_compressed_tables_are_read(knowledge: Knowledge, tmp_path: Path, ending: str) -> None:
    """One member or several after one another, as tools that split their work write them."""
    source = write_csv(tmp_path / "cases.csv", random_rows(knowledge, 60))
    packed, data = tmp_path / f"cases{ending}", source.read_bytes()
    parts = data[:700], data[700:]
    if ending == ".csv.gz":
        packed.write_bytes(b"".join(map(gzip.compress, parts)))
    else:
        packed.write_bytes(b"".join(pa.compress(part, codec="zstd", asbytes=True) for part in parts))
    for path in (source, packed):
        score_file(get_model(knowledge), str(path), str(path) + ".parquet")
    assert pq.read_table(f"{packed}.parquet").equals(pq.read_table(f"{source}.parquet"))


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst", ".parquet"])
def test_a_broken_file_is_refused_and_leaves_nothing(knowledge: Knowledge, tmp_path: Path, ending: str) -> None:
    broken = tmp_path / f"cases{ending}"
    packed = gzip.compress(b"bruise\n" + b"yes\n" * 50_000)[:-40] if ending == ".csv.gz" else b"no such format"
    broken.write_bytes(packed)
    with pytest.raises(TableError, match=f"cases{ending}"):
        score_file(get_model(knowledge), str(broken), str(tmp_path / "scored.csv"))
    assert [path.name for path in tmp_path.iterdir()] == [broken.name]


def test_parquet_of_other_types_reads_as_its_texts(knowledge: Knowledge, tmp_path: Path) -> None:
    """Numbers with and without gaps, dictionaries, booleans and lists; a column stated twice is renamed, not lost."""
    columns = {
        "age": pa.array([25.0, None, 70.5]),
        "case_id": pa.array([7, None, 9]),
        "bruise": pa.array(["yes", "no", None]).dictionary_encode(),
        "walking": pa.array([True, None, False]),
        "slump": pa.array([["positive"], None, []]),
        "room": pa.array([1, 2, 3], pa.int16()),
    }
    names = [*columns, "room"]
    pq.write_table(pa.Table.from_arrays([*columns.values(), columns["room"]], names), tmp_path / "cases.parquet")
    score_file(get_model(knowledge), str(tmp_path / "cases.parquet"), str(tmp_path / "scored.parquet"), keep=True)
    found = pq.read_table(tmp_path / "scored.parquet")
    assert found.column("case_id").to_pylist() == ["7", "", "9"]
    assert found.column("room.2").type == pa.int16()
    status = found.column("status").to_pylist()
    assert [word in status[0] for word in ("'True'", "['positive']", "'bruise'")] == [True, True, False]
    assert status[1] == "ok"


def test_rows_without_a_column_that_is_wanted_are_still_rows(knowledge: Knowledge, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("ward\nA\nB\n")
    pq.write_table(pa.table({"ward": ["A", "B"]}), tmp_path / "cases.parquet")
    for source in ("cases.csv", "cases.parquet"):
        assert score_file(get_model(knowledge), str(tmp_path / source), str(tmp_path / "scored.csv")).rows == 2
        assert [row["case_id"] for row in read_csv(tmp_path / "scored.csv")] == ["1", "2"]


@pytest.mark.usefixtures("small_blocks")
def test_repeated_ids_are_counted_over_the_whole_table(knowledge: Knowledge, tmp_path: Path) -> None:
    rows = random_rows(knowledge, 300)
    for row in (7, 250, 299):
        rows[row]["case_id"] = "c3"
    source = write_csv(tmp_path / "cases.csv", rows)
    done = score_file(get_model(knowledge), str(source), str(tmp_path / "scored.csv"))
    assert (done.rows, done.repeated_ids, done.first_repeated) == (300, 3, "c3")


@given(
    batches=st.lists(
        st.lists(st.one_of(st.sampled_from(["", "a", "b" * 64, "b" * 65, "b" * 66]), st.text(max_size=4)))
    ),
    start=st.integers(0, 2),
    key_bytes=st.sampled_from([0, 1, tally.KEY_BYTES]),
)
def test_repeated_ids_are_told_however_little_is_looked_at_first(
    batches: list[list[str]], start: int, key_bytes: int
) -> None:
    """Texts that go on where the keys end, and keys that are the same for all."""
    told, before, tally.KEY_BYTES = tally.Tally(), tally.KEY_BYTES, key_bytes
    try:
        for batch in batches:
            told.add(pa.array(["before"] * start + batch, pa.string())[start:], 0, 0, watch=True)
        told.count_repeated()
    finally:
        tally.KEY_BYTES = before
    ids = [one for batch in batches for one in batch]
    again = [one for place, one in enumerate(ids) if one in ids[:place]]
    assert (told.repeated_ids, told.first_repeated) == (len(again), again[0] if again else "")


# ------------------------------------------------------------------------------------------------------------ writing


@given(cells=st.lists(st.text(max_size=8), min_size=1, max_size=10), numbers=st.lists(st.floats(0, 1), min_size=1))
def test_what_is_written_as_csv_is_read_back_to_the_last_digit(cells: list[str], numbers: list[float]) -> None:
    """Any text but what a spreadsheet would run, which gains an apostrophe; any number, and none."""
    count = min(len(cells), len(numbers))
    batch = pa.record_batch({"note": cells[:count], "p": [None, *numbers[1:count]]})
    stream = io.BytesIO()
    CsvWriter(stream, ["note", "p"], frozenset({"note"})).write(batch)
    rows = list(csv.reader(io.StringIO(stream.getvalue().decode(), newline="")))
    assert rows[0] == ["note", "p"]
    assert [float(row[1]) if row[1] else None for row in rows[1:]] == [None, *numbers[1:count]]
    for cell, row in zip(cells, rows[1:], strict=False):
        runs = cell.lstrip().startswith(RUNS_IN_SPREADSHEETS)
        assert row[0] == ("'" + cell if runs and not is_number(cell.lstrip("+-")) else cell)


def test_no_cell_that_a_spreadsheet_would_run_gets_out(knowledge: Knowledge, tmp_path: Path) -> None:
    risky = ["=1+1", " =cmd", "\t+1+1", "@SUM(A1)", "\u00a0-2+3", "=x", "-5", "+1.5", "safe"]
    rows = [{"case_id": cell, "note": cell, "=col": "x"} for cell in risky]
    score_file(get_model(knowledge), str(write_csv(tmp_path / "c.csv", rows)), str(tmp_path / "s.csv"), keep=True)
    for row, cell in zip(read_csv(tmp_path / "s.csv"), risky, strict=True):
        expected = cell if cell in {"-5", "+1.5", "safe"} else "'" + cell
        assert (row["case_id"], row["note"], row["'=col"]) == (expected, expected, "x")


def test_being_killed_leaves_the_old_result(tmp_path: Path) -> None:
    """Killed outright while it writes, the program leaves what stood under the name before."""
    source, out = tmp_path / "cases.csv", tmp_path / "scored.csv"
    with source.open("w") as stream:
        stream.write("onset\n")
        stream.writelines(["sudden\n"] * 3_000_000)
    out.write_text("the old result\n")
    process = subprocess.Popen([sys.executable, "-m", "thighdx", "score", str(source), "--out", str(out)])
    try:
        while not any(path.stat().st_size > 100_000 for path in tmp_path.glob(".scored.csv.*")):
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert out.read_text() == "the old result\n"


# -------------------------------------------------------------------------------------------------------------- frames


def test_a_polars_frame_gives_what_the_pandas_frame_gives() -> None:
    rows = read_csv(Path(__file__).parents[1] / "analysis" / "cases" / "published.csv")
    columns = [name for name in rows[0] if name in ("case_id", *shipped().findings)]
    frame = pl.DataFrame(rows).select(columns)
    scored = score(frame, population="uniform")
    expected = score(frame.to_pandas(), population="uniform")
    assert isinstance(scored, pl.DataFrame)
    assert scored.columns == expected.columns.tolist()
    assert scored.to_pandas().astype(expected.dtypes).equals(expected)


def test_polars_types_are_read_as_their_texts(knowledge: Knowledge) -> None:
    frame = pl.DataFrame(
        {"age": [25, None], "bruise": ["yes", "no"], "walking": ["normal", None]},
        schema={"age": pl.Int64, "bruise": pl.Categorical, "walking": pl.Enum(["normal", "unable"])},
    )
    texts = pl.DataFrame({"age": ["25", ""], "bruise": ["yes", "no"], "walking": ["normal", ""]})
    assert score(frame, knowledge=knowledge).equals(score(texts, knowledge=knowledge))


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("gap", [None, 1])
def test_a_dictionary_is_read_whatever_its_numbers_are(knowledge: Knowledge, kind: str, gap: int | None) -> None:
    """With and without a gap, and as a part of a longer one."""
    numbers = pa.array([0, 0, gap, 1, gap, 0], getattr(pa, kind)())
    column = pa.DictionaryArray.from_arrays(numbers, pa.array(["yes", "no"]))
    texts = ["no" if number else "" if number is None else "yes" for number in numbers.to_pylist()]
    for start in (0, 2):
        found = cell_texts(column.slice(start))
        assert list(found) == texts[start:]
        batch = pa.record_batch({"bruise": column.slice(start)})
        expected = pa.record_batch({"bruise": pa.array(texts[start:])})
        assert score_batch(get_model(knowledge), batch).batch.equals(score_batch(get_model(knowledge), expected).batch)


@pytest.mark.parametrize("frame", [[{"bruise": "yes"}], {"bruise": ["yes"]}], ids=["list", "dict"])
def test_what_is_no_frame_is_refused(frame: Sequence[object]) -> None:
    with pytest.raises(TypeError, match="a pandas or a polars DataFrame"):
        score(frame)  # type: ignore[type-var] # that is the point


# ---------------------------------------------------------------------------------------------- unlucky, hostile, large


@pytest.mark.parametrize(
    ("text", "rows"),
    [("foo,bar\nsudden,1\ngradual\n", 2), ("foo\n\nx\n", 2), ('foo,bar\n"a,b",1\n5" x,2\n', 2)],
)
def test_rows_of_a_table_without_an_answer_are_all_kept(
    knowledge: Knowledge, tmp_path: Path, text: str, rows: int
) -> None:
    """Ragged rows and stray quotes included."""
    (tmp_path / "cases.csv").write_text(text)
    out = tmp_path / "scored.csv"
    assert score_file(get_model(knowledge), str(tmp_path / "cases.csv"), str(out)).rows == rows
    assert len(read_csv(out)) == rows


def test_a_line_end_of_two_signs_in_a_quoted_cell_survives_wherever_arrow_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvblocks, "PIECE", 16)
    rows = [(f"{'x' * width}", "a\r\nb") for width in range(1, 40)]
    data = b"".join(f'{first},"{second}"\r\n'.encode() for first, second in rows)
    assert read(data, 2, 4096)[0] == rows


def test_a_status_names_a_part_of_very_many_problems() -> None:
    """A table of nothing but NA has a short reason in each row, and every problem in the count."""
    findings = shipped().findings
    frame = pl.DataFrame({name: ["NA", "NA"] for name in findings})
    status = score(frame)["status"]
    assert all(said.count("'NA' is not a state") == 10 for said in status)
    assert all(said.endswith(f"and {len(findings) - 10} more") for said in status)


def test_distinct_soft_cells_and_distinct_bad_cells_are_read_each_for_itself(knowledge: Knowledge) -> None:
    stated = np.linspace(0.51, 0.99, 400)
    cells = [f"yes@{value:.6f}" if row % 2 else f"bad{row}" for row, value in enumerate(stated)]
    together = score(pl.DataFrame({"bruise": cells}), knowledge=knowledge)
    for row in (0, 1, 200, 399):
        alone = score(pl.DataFrame({"bruise": [cells[row]]}), knowledge=knowledge)
        assert together["status"][row] == alone["status"][0]
        if row % 2:
            assert abs(together["p_tear"][row] - alone["p_tear"][0]) < 1e-13


def test_column_names_with_spaces_around_them_are_the_same_columns_everywhere(
    knowledge: Knowledge, tmp_path: Path
) -> None:
    (tmp_path / "cases.csv").write_text("case_id, bruise , ward\na,yes,B\n")
    score_file(get_model(knowledge), str(tmp_path / "cases.csv"), str(tmp_path / "scored.parquet"), keep=True)
    found = pl.read_parquet(tmp_path / "scored.parquet")
    frame = pl.DataFrame({"case_id": ["a"], " bruise ": ["yes"], " ward": ["B"]})
    assert found.equals(score(frame, knowledge=knowledge, keep=True))
    scored = score(frame.to_pandas(), knowledge=knowledge, keep=["ward"])
    assert scored["p_tear"].tolist() == found["p_tear"].to_list()


def test_what_is_no_cell_in_a_frame_is_a_bad_cell_and_no_traceback(knowledge: Knowledge) -> None:
    odd = [Decimal("sNaN"), np.array([1, 2]), "\ud800", b"yes", object, float("nan"), pd.NaT, "yes"]
    status = score(pd.DataFrame({"bruise": pd.Series(odd, dtype=object)}), knowledge=knowledge)["status"]
    assert [said == "ok" for said in status] == [True, False, False, False, False, True, True, True]


def test_a_second_visit_beside_the_first_is_another_column(knowledge: Knowledge, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("bruise,bruise.2\nyes,no\n")
    assert score_file(get_model(knowledge), str(tmp_path / "cases.csv"), str(tmp_path / "s.csv")).not_scored == 0
    (tmp_path / "cases.csv").write_text("bruise,bruise\nyes,no\n")
    with pytest.raises(TableError, match="columns stated twice: bruise"):
        score_file(get_model(knowledge), str(tmp_path / "cases.csv"), str(tmp_path / "s.csv"))


def test_a_folder_as_result_leaves_no_problems_file(knowledge: Knowledge, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("bruise\nmaybe\n")
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(TableError, match="is a folder"):
        score_file(
            get_model(knowledge),
            str(tmp_path / "cases.csv"),
            str(tmp_path / "out.csv"),
            problems=str(tmp_path / "p.csv"),
        )
    assert not (tmp_path / "p.csv").exists()


def test_control_signs_of_names_and_ids_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case_id,onset,\x1b[2Jward\n\x1b[31mx,sudden,\n\x1b[31mx,sudden,\n")
    done = thighdx("score", "cases.csv", "--out", "s.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert "\x1b" not in done.stderr
    assert "repeats" in done.stderr


def test_after_nohup_a_hangup_does_not_stop_it(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "import thighdx.cli.template as t\n"
        "t.case_header = lambda _: os.kill(os.getpid(), signal.SIGHUP) or ['still here']\n"
        "from thighdx.cli import main; sys.argv = ['thighdx', 'template']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, "still here\n")


def test_nobody_listening_on_standard_error_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("onset,ward\nsudden,A\n")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "thighdx", "score", "cases.csv", "--out", "s.csv"]
        assert subprocess.run(command, stderr=full, cwd=tmp_path, check=False).returncode == 0
    assert len(read_csv(tmp_path / "s.csv")) == 1
