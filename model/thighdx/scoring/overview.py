"""A scored table at a glance: what leads, how urgent, how sure, what was not scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thighdx.cases import OK
from thighdx.knowledge import Knowledge
from thighdx.scoring.batch import POSSIBLE_MARK

BINS = 10  # of the leading probability, 0 to 1


@dataclass(frozen=True)
class Counted:
    """So many rows of one kind; `share` is of all rows that were counted."""

    id: str
    name: str
    rows: int
    share: float


@dataclass(frozen=True)
class Overview:
    """Counts over a scored table.

    leading: by leading cause, the commonest first. triage: by red flags, in the order of the priors' urgencies, over
    all rows; triage_posterior: by the probability of danger, over the rows scored. sureness: rows by leading
    probability, in `BINS` equal bins from 0 to 1. flags: red flags by how many rows raise them, possible ones included.
    faults: what is wrong with rows that were not scored, the commonest first.
    """

    rows: int
    not_scored: int
    leading: tuple[Counted, ...]
    triage: tuple[Counted, ...]
    triage_posterior: tuple[Counted, ...]
    sureness: tuple[int, ...]
    flags: tuple[Counted, ...]
    faults: tuple[Counted, ...]

    @property
    def scored(self) -> int:
        """Rows with numbers."""
        return self.rows - self.not_scored


def overview(knowledge: Knowledge, table: pa.Table) -> Overview:
    """The overview of a table that `thighdx score` or `score_upload` made."""
    content = knowledge.content
    status = _counts(table.column("status"))
    faults = {text: count for text, count in status.items() if text != OK}
    scored = status.get(OK, 0)
    causes = {cause: entry.name for cause, entry in content.causes.items()}
    urgencies = {urgency: urgency.capitalize() for urgency in content.urgencies}
    raised = [
        flag.rstrip(POSSIBLE_MARK) for text in _texts(table.column("red_flags")) for flag in text.split(";") if flag
    ]
    flags: dict[str, int] = {}
    for flag in raised:
        flags[flag] = flags.get(flag, 0) + 1
    top = table.column("top_probability").drop_null().to_numpy()
    return Overview(
        table.num_rows,
        table.num_rows - scored,
        _ranked(_counts(table.column("top_cause")), causes, scored),
        _listed(_counts(table.column("triage")), urgencies, table.num_rows),
        _listed(_counts(table.column("triage_posterior")), urgencies, scored),
        tuple(np.histogram(top, bins=BINS, range=(0.0, 1.0))[0].tolist()),
        _ranked(flags, {name: entry.name for name, entry in content.red_flags.items()}, table.num_rows),
        _ranked(faults, {}, table.num_rows),
    )


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [text or "" for text in column.to_pylist()]


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    found = pc.value_counts(column.drop_null()).to_pylist()
    return {one["values"]: one["counts"] for one in found}


def _ranked(counts: dict[str, int], names: dict[str, str], whole: int) -> tuple[Counted, ...]:
    """The commonest first, equals in the order of the names."""
    order = list(names)
    ranked = sorted(counts, key=lambda one: (-counts[one], order.index(one) if one in names else 0))
    return tuple(Counted(one, names.get(one, one), counts[one], counts[one] / whole) for one in ranked)


def _listed(counts: dict[str, int], names: dict[str, str], whole: int) -> tuple[Counted, ...]:
    """Every name, in its own order, none left out."""
    return tuple(
        Counted(one, name, counts.get(one, 0), counts.get(one, 0) / max(whole, 1)) for one, name in names.items()
    )
