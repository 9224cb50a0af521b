"""A data frame of cases scored, for notebooks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from thighdx.assess import get_model
from thighdx.cases import answer_columns, cell_text
from thighdx.errors import TableError, did_you_mean
from thighdx.knowledge import Knowledge
from thighdx.scoring.batch import (
    SURELY_MEANT,
    kept_names,
    other_columns,
    other_columns_note,
    output_schema,
    refuse_unanswered,
    score_batch,
)
from thighdx.scoring.columns import strings

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    Frame = TypeVar("Frame", pd.DataFrame, pl.DataFrame)

BATCH_ROWS = 32_768  # rows scored at once; bounds the memory beside the result


def score(
    frame: Frame,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    keep: bool | Sequence[str] = False,
) -> Frame:
    """The scored table of a pandas or polars frame of cases: as many rows in the same order, a frame of the same kind.

    pandas: under the same index. `keep` copies the columns that are no answers (True), or those named; one whose name
    the result has is prefixed by `input_`. Rows that could not be scored say why in `status` and have empty numbers.
    Raises `UnknownNameError` for an unknown population, `KeyError` for a kept column that is not there, `TableError`
    for one named twice and `TypeError` for what is no frame.
    """
    kind = _kind(frame)
    model = get_model(knowledge, population)
    names = [str(name).strip() for name in frame.columns]
    if len(set(names)) < len(names):
        twice = dict.fromkeys(name for name in names if names.count(name) > 1)
        raise TableError(f"the frame names a column twice: {', '.join(twice)}")
    refuse_unanswered(model.knowledge, names, "the frame")
    others = other_columns(model.knowledge, names)
    stated = [keep] if isinstance(keep, str) else [] if isinstance(keep, bool) else [str(name).strip() for name in keep]
    wanted = others if keep is True else stated
    for name in wanted:
        if name not in names:
            raise KeyError(name)
    misspelt = [name for name in others if did_you_mean(name, answer_columns(model.knowledge), likeness=SURELY_MEANT)]
    if misspelt:
        warnings.warn(str(other_columns_note(model.knowledge, misspelt)), stacklevel=2)
    rows = kind.rows(frame, [name for name in names if name not in others])
    starts = range(0, len(frame), BATCH_ROWS)
    batches = [score_batch(model, rows.slice(start, BATCH_ROWS), start + 1).batch for start in starts]
    scored = pa.Table.from_batches(batches, output_schema(model))
    result: Frame = kind.result(frame, scored, kept_names(model, wanted))
    return result


class _Pandas:
    """How a pandas frame is read and made."""

    @staticmethod
    def rows(frame: pd.DataFrame, names: Sequence[str]) -> pa.Table:
        places = _places(frame)
        arrays = [_array(frame.iloc[:, places[name]]) for name in names]
        return _table(arrays, names, len(frame))

    @staticmethod
    def result(frame: pd.DataFrame, scored: pa.Table, kept: dict[str, str]) -> pd.DataFrame:
        import pandas as pd

        columns: dict[str, Any] = {}
        for field in scored.schema:
            values = scored.column(field.name).to_numpy()
            columns[field.name] = values if pa.types.is_floating(field.type) else values.astype(object)
        result = pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in columns.items()})
        result.index = frame.index
        places = _places(frame)
        copied = [frame.iloc[:, places[name]].rename(new) for name, new in kept.items()]
        return pd.concat([result, *copied], axis=1) if copied else result


class _Polars:
    """How a polars frame is read and made."""

    @staticmethod
    def rows(frame: pl.DataFrame, names: Sequence[str]) -> pa.Table:
        places = _places(frame)
        return _table([_arrow(frame.to_series(places[name])) for name in names], names, frame.height)

    @staticmethod
    def result(frame: pl.DataFrame, scored: pa.Table, kept: dict[str, str]) -> pl.DataFrame:
        import polars as pl

        result = pl.from_arrow(scored)
        assert isinstance(result, pl.DataFrame)  # noqa: S101 - what a table becomes
        places = _places(frame)
        return result.with_columns(frame.to_series(places[name]).alias(new) for name, new in kept.items())


def _kind(frame: object) -> Any:
    """By the name of the frame's library, so that the other one need not be there."""
    for kind in type(frame).__mro__:
        library = kind.__module__.partition(".")[0]
        if kind.__name__ == "DataFrame" and library in {"pandas", "polars"}:
            return _Pandas if library == "pandas" else _Polars
    raise TypeError(f"a {type(frame).__name__} cannot be scored; accepted: a pandas or a polars DataFrame")


def _places(frame: Any) -> dict[str, int]:
    """Where each column stands, by its name without outer spaces."""
    return {str(name).strip(): place for place, name in enumerate(frame.columns)}


def _array(values: pd.Series[Any]) -> pa.Array | pa.ChunkedArray:
    """A pandas column; where it mixes types that Arrow does not, the texts of its cells."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, OverflowError):
        return strings([cell_text(value) for value in values])


def _arrow(values: pl.Series) -> pa.Array:
    """A polars column; of what Arrow has no type for, the texts of its cells."""
    import polars as pl

    if values.dtype in (pl.Object, pl.Int128):
        return strings([cell_text(value) for value in values.to_list()])
    return values.to_arrow()


def _table(arrays: Sequence[pa.Array | pa.ChunkedArray], names: Sequence[str], rows: int) -> pa.Table:
    """A table of so many rows, even where it has no column."""
    if not arrays:
        return pa.table({"": pa.nulls(rows)})
    return pa.Table.from_arrays(list(arrays), names=list(names))
