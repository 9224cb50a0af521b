"""A case table on disk as plain columns of texts, for what learns from cases and judges models by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from thighdx.cases import CASE_ID, Column, answer_columns
from thighdx.knowledge import Knowledge
from thighdx.scoring.columns import cell_texts
from thighdx.scoring.sources import in_batches, open_cases, refuse_ambiguous


class PlainPart(NamedTuple):
    """Consecutive rows: the columns wanted, their number, and what is wrong with whole rows (row -> what)."""

    columns: Mapping[str, Column]
    rows: int
    faults: Mapping[int, str]


class PlainTable(NamedTuple):
    """A table being read: the names of all its columns, and its rows part by part."""

    names: list[str]
    parts: Iterator[PlainPart]


@contextmanager
def plain_table(path: str, knowledge: Knowledge, others: Sequence[str] = ()) -> Iterator[PlainTable]:
    """The answers, `case_id` and the columns `others` of a case table.

    Raises `TableError` where the table cannot be read, or states one of these columns twice.
    """
    with open_cases(path) as source:
        wanted = (CASE_ID, *others, *answer_columns(knowledge))
        refuse_ambiguous(source.repeated, wanted, path)
        parts = source.parts([name for name in source.names if name in wanted], ())
        yield PlainTable(
            source.names,
            (
                PlainPart({name: cell_texts(rows.column(name)) for name in rows.schema.names}, rows.num_rows, faults)
                for rows, faults in in_batches(part() for part in parts)
            ),
        )
