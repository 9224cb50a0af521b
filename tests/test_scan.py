"""Columns of few different texts, numbered by compiled code, against Arrow's own dictionaries."""

import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thighdx.scoring import sources
from thighdx.scoring.csvblocks import Bytes, Layout, Part, blocks

numbered = pytest.importorskip("thighdx.fast.scan").numbered
CELLS = st.one_of(
    st.sampled_from(["", "yes", "no", "yes@0.8", "disc_with_root_contact", "schräg", "ja ", " ja"]),
    st.text(max_size=12),
)


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
    expected = column.combine_chunks().dictionary_encode()
    assert sorted(found.dictionary.to_pylist()) == sorted(expected.dictionary.to_pylist())


def test_a_slice_starts_where_it_starts() -> None:
    column = pa.chunked_array([pa.array(["a", "", "b", "a", "c"]).slice(2), pa.array(["", "c", "x"]).slice(1, 1)])
    assert numbered(column).to_pylist() == ["b", "a", "c", "c"]


@pytest.mark.parametrize("texts", [[str(number) for number in range(65)], ["x" * 33]])
def test_many_or_long_texts_are_left_to_arrow(texts: list[str]) -> None:
    assert numbered(pa.chunked_array([pa.array(texts)])) is None
    assert numbered(pa.chunked_array([pa.array(texts[:64])])) is None or len(texts) > 64


def test_texts_of_one_length_and_the_same_ends_are_told_apart() -> None:
    """They share the place where a text is looked for first."""
    texts = ["abcz", "acbz", "abbz", "aczz"] * 3
    assert numbered(pa.chunked_array([pa.array(texts)])).to_pylist() == texts


def test_a_long_table_reads_the_same_with_and_without_compiled_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows with quotes, soft answers, texts of their own in an answer's column, and a ragged one."""
    lines = [f'c{n},{"yes" if n % 3 else ""},{"a|b" if n % 7 else f"x{n}"},"n, {n}"' for n in range(4000)]
    lines[2000] = "c2000,yes"
    path = tmp_path / "long.csv"
    path.write_text("\n".join(["case_id,one,two,note", *lines]) + "\n")
    monkeypatch.setattr("thighdx.scoring.csvblocks.BLOCK", 8192)

    def read(many: int) -> list[Part]:
        monkeypatch.setattr(sources, "MANY", many)
        with sources.open_cases(str(path)) as cases:
            return [part() for part in cases.parts(["one", "two"], ["case_id", "note"])]

    plain, compiled = read(10**9), read(0)
    assert len(plain) == len(compiled) > 10
    for left, right in zip(plain, compiled, strict=True):
        assert left.rows.to_pydict() == right.rows.to_pydict()
        assert left.row_faults == right.row_faults


def test_blocks_without_compiled_code_have_arrows_dictionaries() -> None:
    layout = Layout("here", ("one",), ("one",), frozenset({"one"}))
    (block,) = blocks(Bytes(io.BytesIO(b"yes\nno\n")), layout)
    assert pa.types.is_dictionary(block.parse().rows.column("one").type)
