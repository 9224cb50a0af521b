"""Cases drawn from the model, with their true cause: seeded, in chunks, and with as much left out as in practice.

Cause first, then each mechanism's level, then the findings, each from its table (ancestral sampling). What is left out
depends on neither cause nor answers, so posteriors of what is left are calibrated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model, get_model
from thighdx.casefiles import STANDARD, check_ending, ending_of, whole_file
from thighdx.cases import CASE_ID
from thighdx.evaluation.labels import LABEL
from thighdx.evidence import NOT_KNOWN
from thighdx.knowledge import Knowledge
from thighdx.rows import Array
from thighdx.tables import FindingTable, Tables

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Single = NDArray[np.float32]  # a step of 6e-8 is far below the floor of any row

CHUNK = 65_536  # cases drawn and written at once; a run is a prefix of any longer run with the same seed


@dataclass(frozen=True)
class Simulated:
    """Drawn cases. cause: (cases,), position. codes: uint8, (findings, cases), 0 = not known, s + 1 = state s."""

    cause: NDArray[np.intp]
    codes: NDArray[np.uint8]


@dataclass(frozen=True)
class _Drawn:
    """A finding laid out for drawing: `cumulative` has a row for each cause and level, `first` and `step` find it."""

    cumulative: Single  # (rows, states - 1)
    first: NDArray[np.int32]  # (causes,), row of the first level
    step: dict[int, NDArray[np.int32]]  # mechanism -> (causes,), 1 where the finding hangs on it


class Simulator:
    """Draws cases from one model."""

    def __init__(self, model: Model, *, complete: bool = False) -> None:
        self.model = model
        tables = model.tables
        self._prior = np.cumsum(tables.prior)[:-1]
        self._levels = [np.cumsum(one.prior, axis=1)[:, :-1].astype(np.float32) for one in tables.mechanisms]
        self._findings = [_laid_out(tables, finding) for finding in tables.findings]
        self._kinds = [entry.kind for entry in model.knowledge.content.findings.values()]
        self._asked = {} if complete else dict(model.knowledge.content.asked)

    def draw(self, seed: int, chunk: int) -> Simulated:
        """The cases of one chunk, always `CHUNK` of them; the same for the same seed and chunk."""
        rng = np.random.default_rng([seed, chunk])
        cause = np.searchsorted(self._prior, rng.random(CHUNK), side="right").astype(np.int32)
        levels = [_drawn(rng, cumulative, cause) for cumulative in self._levels]
        codes = np.empty((len(self._findings), CHUNK), dtype=np.uint8)
        for number, finding in enumerate(self._findings):
            row = finding.first[cause]
            for mechanism, step in finding.step.items():
                row = row + step[cause] * levels[mechanism]
            codes[number] = _drawn(rng, finding.cumulative, row) + 1
        self._leave_out(rng, codes)
        return Simulated(cause.astype(np.intp), codes)

    def _leave_out(self, rng: np.random.Generator, codes: NDArray[np.uint8]) -> None:
        done = {
            kind: rng.random(CHUNK, dtype=np.float32) < self._asked[kind].cases
            for kind in dict.fromkeys(self._kinds)
            if kind in self._asked
        }
        for number, (name, kind) in enumerate(zip(self.model.knowledge.findings, self._kinds, strict=True)):
            asked = self._asked.get(name) or self._asked.get(kind)
            if asked is not None:
                known = rng.random(CHUNK, dtype=np.float32) < asked.findings
                if kind in done:
                    known &= done[kind]
                codes[number] *= known


def simulate(
    count: int,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    seed: int = 0,
    complete: bool = False,
) -> pd.DataFrame:
    """`count` cases as a pandas frame: `case_id`, `diagnosis` (the true cause) and a column for each finding.

    What is not known is missing; how much is, the priors say (`asked`), and `complete` leaves nothing out. The first
    cases of a longer run with the same seed are the same. Raises `UnknownNameError` for an unknown population.
    """
    import pyarrow as pa

    model = get_model(knowledge, population)
    batches = list(_batches(Simulator(model, complete=complete), count, seed))
    table = pa.Table.from_batches(batches, schema=_schema(model))
    plain = table.cast(pa.schema([(field.name, _plain(field.type)) for field in table.schema]))
    frame: pd.DataFrame = plain.to_pandas()
    return frame


def simulate_file(
    model: Model,
    count: int,
    out: str,
    *,
    seed: int = 0,
    complete: bool = False,
    on_rows: Callable[[int], None] = lambda _: None,
) -> None:
    """Write `count` cases to `out`, CSV or Parquet by its ending (`-`: CSV to standard output), in bounded memory.

    `on_rows` hears the rows done. Raises `TableError` where the file cannot be written; then nothing is left there.
    """
    check_ending(out, "written")
    with _writer(model, out) as write:
        for batch in _batches(Simulator(model, complete=complete), count, seed):
            write(batch)
            on_rows(batch.num_rows)


def _batches(simulator: Simulator, count: int, seed: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    model = simulator.model
    schema = _schema(model)
    for chunk, start in enumerate(range(0, count, CHUNK)):
        size = min(CHUNK, count - start)
        drawn = simulator.draw(seed, chunk)
        arrays = [
            pa.array(np.arange(start + 1, start + size + 1)),
            pa.DictionaryArray.from_arrays(pa.array(drawn.cause[:size].astype(np.int8)), list(model.tables.causes)),
        ]
        for finding, codes in zip(model.tables.findings, drawn.codes, strict=True):
            cut = codes[:size]
            place = pa.array(cut.astype(np.int8) - 1, mask=cut == NOT_KNOWN)
            arrays.append(pa.DictionaryArray.from_arrays(place, list(finding.states)))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _schema(model: Model) -> pa.Schema:
    import pyarrow as pa

    word = pa.dictionary(pa.int8(), pa.string())
    return pa.schema([(CASE_ID, pa.int64()), (LABEL, word), *((name, word) for name in model.knowledge.findings)])


def _plain(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _writer(model: Model, out: str) -> AbstractContextManager[Callable[[pa.RecordBatch], None]]:
    if out == STANDARD:
        return _csv_writer(model, sys.stdout.buffer)
    return _file_writer(model, Path(out))


@contextmanager
def _file_writer(model: Model, path: Path) -> Iterator[Callable[[pa.RecordBatch], None]]:
    import pyarrow.parquet as pq

    from thighdx.scoring.results import packed

    ending = ending_of(str(path), "written")
    with whole_file(path) as partial:
        if ending == ".parquet":
            with pq.ParquetWriter(partial, _schema(model)) as writer:
                yield writer.write_batch
        else:
            with partial.open("wb") as stream, packed(stream, ending) as text, _csv_writer(model, text) as write:
                yield write


@contextmanager
def _csv_writer(model: Model, stream: IO[bytes]) -> Iterator[Callable[[pa.RecordBatch], None]]:
    import pyarrow as pa
    from pyarrow import csv

    plain = pa.schema([(field.name, _plain(field.type)) for field in _schema(model)])
    options = csv.WriteOptions(quoting_style="none")  # ids need no quotes
    stream.write((",".join(plain.names) + "\n").encode())

    def write(batch: pa.RecordBatch) -> None:
        table = pa.Table.from_batches([batch]).cast(plain)
        csv.write_csv(table, stream, csv.WriteOptions(include_header=False, quoting_style=options.quoting_style))

    yield write


def _laid_out(tables: Tables, finding: FindingTable) -> _Drawn:
    rows: list[Array] = []
    first = []
    for cause, parent in enumerate(finding.parent.tolist()):
        first.append(len(rows))
        rows.extend([finding.rows[cause]] if parent == -1 else finding.given[parent][cause])
    cumulative = np.cumsum(np.array(rows), axis=1)[:, :-1].astype(np.float32)
    step = {
        number: (finding.parent == number).astype(np.int32)
        for number in range(len(tables.mechanisms))
        if (finding.parent == number).any()
    }
    return _Drawn(cumulative, np.array(first, dtype=np.int32), step)


def _drawn(rng: np.random.Generator, cumulative: Single, row: NDArray[np.int32]) -> NDArray[np.uint8]:
    """A state for each case from the distribution in its row of `cumulative`."""
    uniform = rng.random(len(row), dtype=np.float32)
    state = np.zeros(len(row), dtype=np.uint8)
    for column in cumulative.T:
        state += uniform >= np.ascontiguousarray(column)[row]
    return state
