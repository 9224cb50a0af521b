"""CSV cells found and numbered by compiled code, against Arrow, the csv module and the cells that were written."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.handmade import shipped
from thighdx import TableError
from thighdx.assess import get_model
from thighdx.scoring import csvblocks, sources
from thighdx.scoring.csvblocks import Bytes, Compiled, Layout, Part, blocks
from thighdx.scoring.files import RowProblem, score_file

scan = pytest.importorskip("thighdx.fast.scan")
numbered, scanned = scan.numbered, scan.scanned
BOTH = Compiled(scanned, numbered)
ONLY_NUMBERED = Compiled(lambda *_: None, numbered)
CELLS = st.one_of(
    st.sampled_from(["", "yes", "no", "yes@0.8", "disc_with_root_contact", "schräg", "ja ", " ja"]),
    st.text(max_size=12),
)
PLAIN_CELLS = st.one_of(
    st.just(""),
    st.sampled_from(
        ["yes", "no", "yes@0.8", "a|b", "schräg", "漢字", " ja", "\0", "x" * 31, "x" * 32, "x" * 33, "y" * 70]
    ),
    st.text(alphabet=st.characters(exclude_characters='",\r\n', exclude_categories=["Cs"]), max_size=12),
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
FIRST = b"a cell that alone is long enough to be scanned"


def names_of(width: int) -> tuple[str, ...]:
    return tuple(f"c{number}" for number in range(width))


def parts(data: bytes, layout: Layout, block: int) -> list[tuple[dict[str, list[str]], dict[int, str]]] | str:
    """What is read of each block, or what is said against it."""
    before, csvblocks.BLOCK = csvblocks.BLOCK, block
    try:
        found = [one.parse() for one in blocks(Bytes(io.BytesIO(data)), layout)]
        return [(part.rows.to_pydict(), dict(part.row_faults)) for part in found]
    except TableError as error:
        return str(error)
    finally:
        csvblocks.BLOCK = before


# --------------------------------------------------------------------------------------------------------- whole blocks


@given(
    pieces=st.lists(st.one_of(st.sampled_from([",", ",", ",,", "\n", "\r\n", "\r", "\n\n", "a,b\n"]), PLAIN_CELLS)),
    start=st.sampled_from([b"", FIRST + b"\n", FIRST + b",b\n", b"a\n" * 40, b"\n" * 50]),
    spoilt=st.sampled_from([b"", b"", b"\xe9", b"\xff\n"]),
    width=st.integers(1, 3),
    block=st.integers(1, 300),
)
@example(pieces=["a,b\n", "\r"], start=FIRST + b",b\n", spoilt=b"", width=2, block=300)
@example(pieces=[], start=b"\n" * 50, spoilt=b"", width=1, block=33)
def test_any_bytes_without_quotes_are_read_as_arrow_and_the_csv_module_read_them(
    pieces: list[str], start: bytes, spoilt: bytes, width: int, block: int
) -> None:
    """Ragged rows, blank lines, mixed line ends, a last line without one, what is not UTF-8: the same rows, the same
    faults and the same words, with compiled code, with that for columns alone, and without any."""
    data, names = start + "".join(pieces).encode() + spoilt, names_of(width)
    layout = Layout("table", names, names[::-1], frozenset(names[1:]))
    expected = parts(data, layout, block)
    for compiled in (BOTH, ONLY_NUMBERED):
        assert parts(data, replace(layout, compiled=compiled), block) == expected


@given(
    rows=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(PLAIN_CELLS, min_size=width, max_size=width), min_size=1, max_size=40)
    ),
    data=st.data(),
)
def test_a_table_is_scanned_to_the_cells_that_were_written(rows: list[list[str]], data: st.DataObject) -> None:
    """Whatever the line ends, whether the last line has one, and whichever columns are wanted, in whatever order."""
    width = len(rows[0])
    rows = [["x" * 40] * width, *rows]
    ends = data.draw(st.lists(ENDS, min_size=len(rows), max_size=len(rows)), label="ends")
    for row in range(1, len(rows)):  # a blank line there would join both halves of a line end
        if width == 1 and rows[row] == [""] and ends[row - 1] == "\r":
            ends[row - 1] = "\r\n"
    if data.draw(st.booleans(), label="last line ends") is False and rows[-1] != [""]:
        ends[-1] = ""
    text = "".join(",".join(row) + end for row, end in zip(rows, ends, strict=True))
    names = names_of(width)
    wanted = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True), label="wanted")
    coded = frozenset(data.draw(st.sets(st.sampled_from(wanted)), label="coded"))
    found = scanned(text.encode(), names, wanted, coded)
    assert found.column_names == wanted
    assert found.to_pydict() == {name: [row[names.index(name)] for row in rows] for name in wanted}


@given(st.lists(st.lists(PLAIN_CELLS, min_size=3, max_size=3), min_size=4, max_size=30))
def test_a_scanned_column_has_the_texts_in_the_order_in_which_they_appear(rows: list[list[str]]) -> None:
    """The first few faulty texts get a hint, so the order is not for the scan to choose."""
    data = "".join(",".join(row) + "\n" for row in [["x" * 20] * 3, *rows]).encode()
    layout = Layout("table", names_of(3), names_of(3), frozenset(names_of(3)), ONLY_NUMBERED)
    (block,) = blocks(Bytes(io.BytesIO(data)), layout)
    expected, found = block.parse().rows, replace(block, layout=replace(layout, compiled=BOTH)).parse().rows
    for name in names_of(3):
        assert found.schema.field(name).type == expected.schema.field(name).type
        if pa.types.is_dictionary(found.schema.field(name).type):
            assert found.column(name).chunk(0).dictionary.equals(expected.column(name).chunk(0).dictionary)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_wherever_cells_and_lines_fall_they_are_found(end: bytes) -> None:
    """At every distance from the edges of what is looked at together, and from the end of the data."""
    for size in range(140):
        for last in (b"", end):
            data = b"k,yes,,n" + end + b"x" * size + b",no,,\xc3\xa9" + end + b"m,,yes," + last
            found = scanned(data, names_of(4), names_of(4), frozenset(names_of(4)[1:]))
            if found is None:
                assert len(data) < 32
            else:
                expected = [["k", "x" * size, "m"], ["yes", "no", ""], ["", "", "yes"], ["n", "é", ""]]
                assert list(found.to_pydict().values()) == expected


@pytest.mark.parametrize("wrong", [b"a\n", b"a,b,c\n", b",,\n", b"a,b,", b"a", b" \n", b"x," * 2**21])
@pytest.mark.parametrize("before", [0, 1, 50])
def test_a_row_with_too_few_or_too_many_cells_is_not_judged_here(wrong: bytes, before: int) -> None:
    data = FIRST + b",b\n" + b"c,d\n" * before + wrong
    assert scanned(data, names_of(2), names_of(2), frozenset({"c1"})) is None


@pytest.mark.parametrize(
    ("texts", "few"),
    [
        ([str(number) for number in range(64)], True),
        ([str(number) for number in range(64)] + ["", ""], True),
        ([str(number) for number in range(65)], False),
        ([str(number % 65) for number in range(500)], False),
        (["x" * 32, "x" * 31, "x" * 32], True),
        (["x" * 33], False),
        (["ab", "a", "abc", "ab", "abcd", ""], True),
        (["abcz", "acbz", "abbz", "aczz"] * 3, True),  # they share the place where they are looked for first
        (["afA", "af", "afA"], True),  # and one is the beginning of the other
        (["O", "Ap", "Bk", "O"], True),  # and it is the last place there is
    ],
)
def test_a_column_of_many_or_long_texts_is_one_of_strings(texts: list[str], few: bool) -> None:
    """And no other column is the worse for it."""
    data = "".join(f"no,{text},{number}\n" for number, text in enumerate(texts * 2)).encode() + b"no,,\n" * 8
    found = scanned(data, names_of(3), names_of(3), frozenset({"c0", "c1"}))
    assert [pa.types.is_dictionary(column.type) for column in found.columns] == [True, few, False]
    assert found.column("c0").to_pylist() == ["no"] * (2 * len(texts) + 8)
    assert found.column("c1").to_pylist() == texts * 2 + [""] * 8
    assert found.column("c2").to_pylist() == [*map(str, range(2 * len(texts))), *[""] * 8]


def test_rows_of_which_no_column_is_wanted_are_counted() -> None:
    layout = Layout("table", ("one", "two"), (), frozenset(), BOTH)
    (block,) = blocks(Bytes(io.BytesIO(b"a,b\n\n" * 50)), layout)
    assert block.parse().rows.num_rows == 50


# -------------------------------------------------------------------------------------------------------- whole columns


@given(st.lists(st.lists(CELLS, max_size=30), min_size=1, max_size=3))
def test_numbered_texts_are_the_texts(chunks: list[list[str]]) -> None:
    column = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks])
    found = numbered(column)
    if found is None:
        longest = max(len(text.encode()) for chunk in chunks for text in chunk)
        assert longest > 32 or len(set(column.to_pylist())) > 64
        return
    assert found.to_pylist() == column.to_pylist()
    assert len(found.dictionary.unique()) == len(found.dictionary)  # no text twice
    assert set(found.dictionary.to_pylist()) == {"", *column.to_pylist()}


def test_a_slice_starts_where_it_starts() -> None:
    column = pa.chunked_array([pa.array(["a", "", "b", "a", "c"]).slice(2), pa.array(["", "c", "x"]).slice(1, 1)])
    assert numbered(column).to_pylist() == ["b", "a", "c", "c"]


@pytest.mark.parametrize("texts", [[str(number) for number in range(65)], ["x" * 33]])
def test_many_or_long_texts_are_left_to_arrow(texts: list[str]) -> None:
    assert numbered(pa.chunked_array([pa.array(texts)])) is None
    assert numbered(pa.chunked_array([pa.array(texts[:64])])) is None or len(texts) > 64


# --------------------------------------------------------------------------------------------------------- whole tables


def test_a_long_table_reads_the_same_with_and_without_compiled_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows with quotes and without, soft answers, texts of their own in an answer's column, and a ragged one."""
    lines = [f"c{n},{'yes' if n % 3 else ''},{'a|b' if n % 7 else f'x{n}'},n {n}" for n in range(4000)]
    lines[1000:2000] = [f'{line[: line.rindex(",")]},"n, {n}"' for n, line in enumerate(lines[1000:2000])]
    lines[2500] = "c2500,yes"
    path = tmp_path / "long.csv"
    path.write_text("\n".join(["case_id,one,two,note", *lines]) + "\n")
    monkeypatch.setattr("thighdx.scoring.csvblocks.BLOCK", 8192)

    def read(many: int) -> list[Part]:
        monkeypatch.setattr(sources, "MANY", many)
        with sources.open_cases(str(path)) as cases:
            return [part() for part in cases.parts(["one", "two"], ["case_id", "note"])]

    plain, compiled = read(10**9), read(0)
    assert len(plain) == len(compiled) >= 10
    for left, right in zip(plain, compiled, strict=True):
        assert left.rows.to_pydict() == right.rows.to_pydict()
        assert left.row_faults == right.row_faults


def scored(source: Path, out: Path) -> tuple[pa.Table, Sequence[RowProblem]]:
    heard = list[RowProblem]()
    score_file(get_model(shipped()), str(source), str(out), keep=True, hear=10**6, on_problem=heard.append)
    return pq.read_table(out), heard


def test_a_long_table_is_scored_the_same_with_and_without_compiled_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last digit and the last word: ages, misspelt states, soft answers, notes kept, a ragged row."""
    findings = [(name, one.states) for name, one in shipped().content.findings.items() if name != "age_group"][:12]
    lines = [",".join(["case_id", "age", *(name for name, _ in findings), "note"])]
    for row in range(3000):
        odd = f"typo{row % 200}" if row % 5 == 0 else ""
        choices = [("", states[0], odd, "", f"{states[0]}@0.7", states[-1]) for _, states in findings]
        cells = [cells[(row * 7 + place * 5) % 97 % 6] for place, cells in enumerate(choices)]
        lines.append(",".join([f"c{row % 2900}", str(row % 130), *cells, f"note ü {row}" if row % 3 else ""]))
    lines[1500] = "c1499,70"
    source = tmp_path / "cases.csv"
    source.write_text("\r\n".join(lines), encoding="utf-8")
    monkeypatch.setattr("thighdx.scoring.csvblocks.BLOCK", 2**15)
    monkeypatch.setattr(sources, "MANY", 10**9)
    expected, said = scored(source, tmp_path / "plain.parquet")
    monkeypatch.setattr(sources, "MANY", 0)
    found, heard = scored(source, tmp_path / "compiled.parquet")
    assert found.equals(expected)
    assert heard == said
    assert len(heard) > 100
    assert "ok" in found.column("status").to_pylist()


def test_blocks_without_compiled_code_have_arrows_dictionaries() -> None:
    layout = Layout("here", ("one",), ("one",), frozenset({"one"}))
    (block,) = blocks(Bytes(io.BytesIO(b"yes\nno\n")), layout)
    assert pa.types.is_dictionary(block.parse().rows.column("one").type)
