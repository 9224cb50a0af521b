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
from typing import TYPE_CHECKING

import pyarrow as pa

from thighdx.assess import Model
from thighdx.casefiles import TABLES, ending_of
from thighdx.casefiles import neutral as neutral_text
from thighdx.cases import CASE_ID, OK, answer_columns
from thighdx.errors import TableError, one_of
from thighdx.scoring.batch import kept_names, other_columns, output_schema, refuse_unanswered, score_batch
from thighdx.scoring.columns import text_array
from thighdx.scoring.results import neutral_texts
from thighdx.scoring.sources import BATCH_ROWS, refuse_ambiguous, unique_names
from thighdx.scoring.tally import Tally

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BROKEN = "thighdx broken line"  # the text of a line that has another number of cells than the header
CSV: dict[str, bool | str] = {"escape": '"', "multiLine": True, "encoding": "UTF-8"}
CSV_FILES = "*.{csv,csv.gz,csv.zst}"
PARQUET_FILES = "*.parquet"
FOLDERS = (".csv", ".parquet")  # how the name of the folder that is written ends
UNSEEN = ("_", ".")  # Spark passes over files whose names begin so


def score_frame(frame: DataFrame, model: Model, *, keep: Sequence[str] = (), neutral: bool = False) -> DataFrame:
    """The scored table of a Spark frame of cases that has a column `case_id`; lazily, as Spark works.

    `keep` are columns to copy; `neutral` makes text of those of their cells and names that a spreadsheet would run. The
    order of rows is kept within each partition. Raises `TableError` for a frame without `case_id`.
    """
    from pyspark.sql import functions
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StringType

    if CASE_ID not in frame.columns:
        raise TableError(f"the table has no column '{CASE_ID}', which Spark needs: the parts of a table have no order")
    kept = kept_names(model, list(keep))
    told = frame.sparkSession.sparkContext.broadcast(model)
    types = from_arrow_schema(output_schema(model))
    for old, new in kept.items():
        types = types.add(
            neutral_text(new) if neutral else new, StringType() if neutral else frame.schema[old].dataType
        )
    names, copied = types.fieldNames(), [f"kept {number}" for number in range(len(kept))]  # no answer is called so

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield _scored(told.value, batch, copied, names, neutral=neutral)

    read = [name for name in frame.columns if name in {CASE_ID, BROKEN, *answer_columns(model.knowledge)}]
    stated = zip([*read, *copied], [*read, *kept], strict=True)
    columns = [functions.col("`" + old.replace("`", "``") + "`").alias(new) for new, old in stated]
    return frame.select(*columns).mapInArrow(work, types)


def _scored(
    model: Model, batch: pa.RecordBatch, copied: Sequence[str], names: Sequence[str], *, neutral: bool
) -> pa.RecordBatch:
    """What a Python worker makes of a batch."""
    faults = {}
    if BROKEN in batch.schema.names:
        broken = enumerate(batch.column(BROKEN).is_valid().to_pylist())
        faults = {row: "has another number of cells than the header" for row, is_broken in broken if is_broken}
    scored, kept = score_batch(model, batch, row_faults=faults).batch.columns, [batch.column(name) for name in copied]
    if neutral:
        scored[0] = neutral_texts(scored[0])  # the ids
        kept = [neutral_texts(text_array(column)) for column in kept]
    return pa.RecordBatch.from_arrays([*scored, *kept], names=list(names))


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
    ending = ending_of(out, "written", FOLDERS)
    if "://" not in out and Path(out).exists():
        raise TableError(f"{out}: exists; Spark writes a new folder, so name another or take this one away")
    with _session(master) as spark:
        try:
            frame = _read(spark, cases, model)
            on_columns([name for name in frame.columns if name != BROKEN])
            others = [name for name in other_columns(model.knowledge, frame.columns) if name != BROKEN]
            scored = score_frame(frame, model, keep=others if keep else (), neutral=ending == ".csv")
            return _write(scored, out, ending)
        except _spark_errors() as error:
            raise TableError(f"{cases}: Spark could not score it: {_first_line(error)}") from error


def _read(spark: SparkSession, cases: str, model: Model) -> DataFrame:
    """The table with its columns' names as they are read elsewhere."""
    if _holds_parquet(cases):
        reader = spark.read.option("mergeSchema", True).option("pathGlobFilter", PARQUET_FILES)
        frame = reader.parquet(cases)
        return frame.toDF(*_checked(frame.columns, cases, model))
    return _read_csv(spark, cases, model)


def _read_csv(spark: SparkSession, cases: str, model: Model) -> DataFrame:
    """A table of texts; files whose columns stand in another order than the first one's are refused by Spark."""
    from pyspark.sql.types import StringType, StructField, StructType

    first = spark.read.options(**CSV).option("pathGlobFilter", CSV_FILES).csv(cases).head()
    stated = [name or "" for name in first] if first is not None else []
    if not any(stated):
        raise TableError(f"{cases}: is empty; expected a header line with a column for each finding known")
    names = _checked([stated[0].removeprefix("\ufeff"), *stated[1:]], cases, model)
    schema = StructType([StructField(name, StringType()) for name in [*stated, BROKEN]])
    options: dict[str, bool | str] = {"header": True, "enforceSchema": False, "columnNameOfCorruptRecord": BROKEN}
    reader = spark.read.options(**CSV, **options).option("pathGlobFilter", CSV_FILES)
    return reader.schema(schema).csv(cases).toDF(*names, BROKEN)


def _checked(stated: Sequence[str], cases: str, model: Model) -> list[str]:
    names, repeated = unique_names(stated, cases)
    refuse_ambiguous(repeated, answer_columns(model.knowledge), cases)
    refuse_unanswered(model.knowledge, names, cases)
    if repeated:
        raise TableError(f"{cases}: column names repeat: {', '.join(repeated)}; Spark takes each once")
    return names


def _holds_parquet(cases: str) -> bool:
    """By the ending of the table's name or, on this machine, of the files in it; none of them may be passed over."""
    if "://" in cases:
        return cases.lower().rstrip("/").endswith(".parquet")
    path = Path(cases)
    if not path.exists():
        raise TableError(f"{cases}: cannot be read: No such file or directory")
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    tables = [one for one in files if one.name.lower().endswith(TABLES)]
    seen = [one for one in tables if not one.name.startswith(UNSEEN) and one.name.endswith(TABLES)]
    parquet = [one.suffix == ".parquet" for one in seen]
    if not tables:
        raise TableError(f"{cases}: no case table is in it; accepted: files that end in {one_of(TABLES)}")
    if len(seen) < len(tables):
        odd = next(one for one in tables if one not in seen)
        raise TableError(
            f"{odd}: Spark passes over such a name; accepted: a lower-case ending, and neither _ nor . first"
        )
    if any(parquet) and not all(parquet):
        raise TableError(f"{cases}: holds CSV and Parquet; accepted: one of the two in a folder")
    return all(parquet)


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
    return Tally(rows=int(seen.get["rows"]), not_scored=int(seen.get["bad"] or 0))


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
        "spark.log.level": "OFF",
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
    """What began it: the first line of the innermost cause."""
    cause = getattr(error, "java_exception", None)
    while cause is not None and cause.getCause() is not None:
        cause = cause.getCause()
    text = str(cause.getMessage()) if cause is not None else str(error)
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
