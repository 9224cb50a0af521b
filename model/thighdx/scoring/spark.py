"""Case tables scored on Spark: the same scorer on every part of a table that no single machine need hold.

The model is broadcast once; each Python worker takes Arrow batches and gives as many rows back, in their order.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from thighdx.assess import Model
from thighdx.casefiles import WRITTEN, ending_of
from thighdx.cases import CASE_ID, OK, answer_columns
from thighdx.errors import TableError
from thighdx.scoring.batch import kept_names, other_columns, output_schema, score_batch
from thighdx.scoring.columns import text_array
from thighdx.scoring.results import neutral_texts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BATCH_ROWS = 32_768  # rows that a Python worker scores at once
BROKEN = "_corrupt_record"  # Spark's name for the text of a line that has another number of cells than the header
CSV: dict[str, bool | str] = {
    "header": True,
    "escape": '"',
    "multiLine": True,
    "encoding": "UTF-8",
    "pathGlobFilter": "*.{csv,csv.gz,csv.zst}",
}


class Tally(NamedTuple):
    """What happened to the rows."""

    rows: int
    not_scored: int


def score_frame(frame: DataFrame, model: Model, *, keep: Sequence[str] = (), neutral: bool = False) -> DataFrame:
    """The scored table of a Spark frame of cases that has a column `case_id`; lazily, as Spark works.

    `keep` are columns to copy; `neutral` makes text of those of their cells that a spreadsheet would run. The order of
    rows is kept within each partition. Raises `TableError` for a frame without `case_id`.
    """
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_type
    from pyspark.sql.types import StringType

    if CASE_ID not in frame.columns:
        raise TableError(f"the table has no column '{CASE_ID}', which Spark needs: the parts of a table have no order")
    kept = kept_names(model, list(keep))
    copied = [
        pa.field(new, pa.string() if neutral else to_arrow_type(frame.schema[old].dataType))
        for old, new in kept.items()
    ]
    schema = pa.schema([*output_schema(model), *copied])
    told = frame.sparkSession.sparkContext.broadcast(model)
    made_text = frozenset({CASE_ID, *kept.values()}) if neutral else frozenset()

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield _scored(told.value, batch, tuple(kept), schema, made_text)

    types = from_arrow_schema(output_schema(model))
    for old, new in kept.items():
        types = types.add(new, StringType() if neutral else frame.schema[old].dataType)
    wanted = {CASE_ID, BROKEN, *answer_columns(model.knowledge), *kept}
    return frame.select(*[f"`{name}`" for name in frame.columns if name in wanted]).mapInArrow(work, types)


def _scored(
    model: Model, batch: pa.RecordBatch, kept: Sequence[str], schema: pa.Schema, made_text: frozenset[str]
) -> pa.RecordBatch:
    """What a Python worker makes of a batch."""
    faults = {}
    if BROKEN in batch.schema.names:
        broken = enumerate(batch.column(BROKEN).is_valid().to_pylist())
        faults = {row: "has another number of cells than the header" for row, is_broken in broken if is_broken}
    columns = [*score_batch(model, batch, row_faults=faults).batch.columns, *(batch.column(name) for name in kept)]
    for place, name in enumerate(schema.names):
        if name in made_text:
            columns[place] = neutral_texts(text_array(columns[place]))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def score_folder(
    model: Model,
    cases: str,
    out: str,
    *,
    keep: bool = False,
    master: str | None = None,
    on_columns: Callable[[list[str]], None] = lambda _: None,
) -> Tally:
    """Score the table `cases` (a file or a folder of files, Parquet or CSV) into the new folder `out`.

    What `out` is to hold is said by its ending. `master` is the address of a cluster; without it Spark runs on this
    machine, on all its cores. Raises `TableError` where Spark is missing, the table cannot be read, or `out` exists.
    """
    ending = ending_of(out, "written", WRITTEN)
    if "://" not in out and Path(out).exists():
        raise TableError(f"{out}: exists; Spark writes a new folder, so name another or take this one away")
    with _session(master) as spark:
        try:
            frame = _read(spark, cases)
            on_columns([name for name in frame.columns if name != BROKEN])
            others = [name for name in other_columns(model.knowledge, frame.columns) if name != BROKEN]
            scored = score_frame(frame, model, keep=others if keep else (), neutral=ending == ".csv")
            return _write(scored, out, ending)
        except _spark_errors() as error:
            raise TableError(f"{cases}: Spark could not score it: {_first_line(error)}") from error


def _read(spark: SparkSession, cases: str) -> DataFrame:
    from pyspark.sql.types import StringType, StructField, StructType

    if "://" not in cases and not Path(cases).exists():
        raise TableError(f"{cases}: cannot be read: No such file or directory")
    if _holds_parquet(cases):
        return spark.read.option("pathGlobFilter", "*.parquet").parquet(cases)
    stated = spark.read.options(**CSV).csv(cases).columns
    if not stated:
        raise TableError(f"{cases}: is empty; expected a header line with a column for each finding known")
    names = [name.removeprefix("\ufeff").strip() for name in stated]
    if len({name.casefold() for name in names}) < len(names):
        raise TableError(f"{cases}: column names repeat; accepted: each once (Spark sees no case)")
    schema = StructType([StructField(name, StringType()) for name in [*names, BROKEN]])
    options = {**CSV, "columnNameOfCorruptRecord": BROKEN, "mode": "PERMISSIVE"}
    return spark.read.options(**options).schema(schema).csv(cases)


def _holds_parquet(cases: str) -> bool:
    """By the ending of the table's name or, in a local folder, of the files in it."""
    if cases.lower().rstrip("/").endswith(".parquet"):
        return True
    return "://" not in cases and Path(cases).is_dir() and any(Path(cases).rglob("*.parquet"))


def _write(scored: DataFrame, out: str, ending: str) -> Tally:
    from pyspark.sql import Observation, functions

    seen = Observation()
    bad = functions.when(functions.col("status") != OK, 1).otherwise(0)
    watched = scored.observe(seen, functions.count(functions.lit(1)).alias("rows"), functions.sum(bad).alias("bad"))
    with _whole_folder(out) as partial:
        if ending == ".parquet":
            watched.write.parquet(partial)
        else:
            watched.write.options(header=True, escape='"', emptyValue="").csv(partial)
    return Tally(int(seen.get["rows"]), int(seen.get["bad"] or 0))


@contextmanager
def _whole_folder(out: str) -> Iterator[str]:
    """A folder to write to, which takes its name only when whole; elsewhere than on this machine Spark sees to that."""
    if "://" in out:
        yield out
        return
    path = Path(out)
    try:
        hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    except OSError as error:
        raise TableError(f"{out}: cannot be written: {error.strerror}") from error
    try:
        yield str((hidden / path.name).resolve())
        (hidden / path.name).rename(path)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


@contextmanager
def _session(master: str | None) -> Iterator[SparkSession]:
    """A Spark session, ended with the block; one that is there already (a notebook's) is used and left."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise TableError("--engine spark needs PySpark: pip install 'thighdx[spark]'") from error
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise TableError(
            "--engine spark needs Java 17 or later, which was not found; on Debian: apt-get install default-jre"
        )
    builder = (
        SparkSession.builder.appName("thighdx score").master(master or "local[*]").config("spark.ui.enabled", "false")
    )
    for name, value in {
        "spark.log.level": "ERROR",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
        "spark.sql.csv.parser.columnPruning.enabled": "false",  # else ragged lines are not seen
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
    }.items():
        builder = builder.config(name, value)
    if master is None:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    spark = builder.getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


def _spark_errors() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JError  # Spark's bridge to Java, without types
    from pyspark.errors import PySparkException

    return PySparkException, Py4JError


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
