"""A case table on disk as chunks of plain columns, for what reads more of it than the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from thighdx.cases import CASE_ID, Column, answer_columns
from thighdx.knowledge import Knowledge
from thighdx.scoring.columns import cell_texts
from thighdx.scoring.sources import CaseSource


class Chunk(NamedTuple):
    """Consecutive rows: columns of equal length, and what is wrong with whole rows (row within the chunk -> what)."""

    columns: dict[str, Column]
    cases: int
    row_faults: Mapping[int, str]


def chunks(source: CaseSource, knowledge: Knowledge, others: Sequence[str]) -> Iterator[Chunk]:
    """The answers, `case_id` and those of the `others` that the table has, in order."""
    answers = [name for name in answer_columns(knowledge) if name in source.names]
    wanted = [name for name in (CASE_ID, *others) if name in source.names]
    for parse in source.parts(answers, wanted):
        part = parse()
        columns: dict[str, Column] = {name: cell_texts(part.rows.column(name)) for name in (*answers, *wanted)}
        yield Chunk(columns, part.rows.num_rows, part.row_faults)
