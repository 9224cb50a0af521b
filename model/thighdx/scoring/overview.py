"""A scored table at a glance: what leads, how urgent, how sure, what was not scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
    """So many rows of one kind; `share` is of the rows that were counted, scored or not scored."""

    id: str
    name: str
    rows: int
    share: float


@dataclass(frozen=True)
class Overview:
    """Counts over a scored table, with shares of the rows scored; rows not scored are counted apart.

    leading: by leading cause, the commonest first. triage: by red flags, in the order of the priors' urgencies;
    triage_posterior: by the probability of danger. sureness: rows by leading probability, in `BINS` equal bins from 0
    to 1. flags: red flags by how many rows raise them, possible ones included.

    Of the rows not scored, with shares of these: faults: what is wrong with them, the commonest first.
    triage_not_scored, flags_not_scored: as above, by what red flags their readable cells raise.
    """

    rows: int
    not_scored: int
    leading: tuple[Counted, ...]
    triage: tuple[Counted, ...]
    triage_posterior: tuple[Counted, ...]
    sureness: tuple[int, ...]
    flags: tuple[Counted, ...]
    faults: tuple[Counted, ...]
    triage_not_scored: tuple[Counted, ...]
    flags_not_scored: tuple[Counted, ...]

    @property
    def scored(self) -> int:
        """Rows with numbers."""
        return self.rows - self.not_scored


def overview(knowledge: Knowledge, table: pa.Table) -> Overview:
    """The overview of a table that `thighdx score` or `score_upload` made."""
    content = knowledge.content
    good = pc.equal(table.column("status"), OK)
    scored, rest = table.filter(good), table.filter(pc.invert(good))
    causes = {cause: entry.name for cause, entry in content.causes.items()}
    urgencies = {urgency: urgency.capitalize() for urgency in content.urgencies}
    flags = {name: entry.name for name, entry in content.red_flags.items()}
    top = scored.column("top_probability").to_numpy()
    return Overview(
        table.num_rows,
        rest.num_rows,
        _ranked(_counts(scored.column("top_cause")), causes, scored.num_rows),
        _listed(_counts(scored.column("triage")), urgencies, scored.num_rows),
        _listed(_counts(scored.column("triage_posterior")), urgencies, scored.num_rows),
        tuple(np.histogram(top, bins=BINS, range=(0.0, 1.0))[0].tolist()),
        _ranked(_raised(scored), flags, scored.num_rows),
        _ranked(_counts(rest.column("status")), {}, rest.num_rows),
        _listed(_counts(rest.column("triage")), urgencies, rest.num_rows),
        _ranked(_raised(rest), flags, rest.num_rows),
    )


def _raised(table: pa.Table) -> Counter[str]:
    """In how many rows each red flag is raised, for certain or possibly."""
    texts = (text or "" for text in table.column("red_flags").to_pylist())
    return Counter(flag.rstrip(POSSIBLE_MARK) for text in texts for flag in text.split(";") if flag)


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    found = pc.value_counts(column.drop_null()).to_pylist()
    return {one["values"]: one["counts"] for one in found}


def _ranked(counts: Mapping[str, int], names: dict[str, str], whole: int) -> tuple[Counted, ...]:
    """The commonest first, equals in the order of the names."""
    order = list(names)
    ranked = sorted(counts, key=lambda one: (-counts[one], order.index(one) if one in names else 0))
    return tuple(Counted(one, names.get(one, one), counts[one], counts[one] / whole) for one in ranked)


def _listed(counts: dict[str, int], names: dict[str, str], whole: int) -> tuple[Counted, ...]:
    """Every name, in its own order, none left out."""
    return tuple(
        Counted(one, name, counts.get(one, 0), counts.get(one, 0) / max(whole, 1)) for one, name in names.items()
    )
