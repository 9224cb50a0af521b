"""How fast the engines are: ours, pgmpy's, pyAgrum's and naive Bayes on the same rows, all in one run; and files.

    python analysis/benchmark.py [--rows 1000000] [--repeats 7] [--json FILE] [--most 10000000]

Needs the extra `bench`. Every way is timed `--repeats` times, in turns, so that whatever else the machine does hits all
alike; medians are shown, and ratios of medians. The rows are drawn from the shipped network, 10 to 40 findings
observed in each, and lie in memory as uint8 codes, those of a finding side by side as a table's columns are; what comes
out is 31 probabilities a row. The other programs get the same rows in the form they ask for, made before the clock
starts. All exact ways must agree to 1e-9.

Files: the same rows as CSV on disk, to scored Parquet on disk. Beside `thighdx score` stands what polars needs to read
that CSV and to write it back as Parquet with no inference at all, each in a process of its own, started anew each time.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from thighdx import load_knowledge
from thighdx.engine import Engine
from thighdx.evidence import evidence
from thighdx.fast.compiled import CompiledEngine
from thighdx.hypothetical import Hypothetical, posterior_draws, stacked
from thighdx.network import CAUSE, build_network
from thighdx.tables import Tables, build_tables

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.oracle import agrum_network, draw_cases

CHUNK = 65_536  # rows drawn at once
LARGE_CHUNK = 262_144  # rows given to two threads at once, which are started anew for each
SMALL_CHUNK = 16_384  # rows given to one thread at once: the 4 MB that come out, used again, stay in the cache
PEERS = {"pgmpy VariableElimination": 100, "numpy engine": 16_384, "scikit-learn CategoricalNB": 65_536}  # rows timed
PYAGRUM_ROWS = 300

Codes = NDArray[np.uint8]


@dataclass
class Way:
    """One way to score: `run` scores its first `rows` rows; `note` is for the reader."""

    name: str
    rows: int
    run: Callable[[], object]
    note: str = ""

    def __post_init__(self):
        self.seconds = []

    @property
    def rate(self):
        return self.rows / statistics.median(self.seconds)


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Rows for the compiled engine.")
@click.option("--repeats", default=7, show_default=True, help="Timed runs of each way; the median counts.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here as well.")
@click.option("--most", default=10_000_000, show_default=True, help="Rows of the largest table on disk.")
def main(rows, repeats, file, most):
    """Time all engines on the same rows."""
    console = Console(width=max(110, Console().width))
    tables = build_tables(load_knowledge(), "uniform")
    codes, causes = simulate(tables, rows, np.random.default_rng(0))
    figures = {"machine": machine(), "growth": growth(tables, codes, console)}  # before the others take memory
    figures["engines"] = engines(tables, codes, causes, repeats, console)
    figures["one_case"] = one_case(tables, codes, console)
    with tempfile.TemporaryDirectory() as folder:
        figures["files"] = files(tables, codes, repeats, most, Path(folder), console)
    if file:
        file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------- the rows


def simulate(tables: Tables, rows: int, rng: np.random.Generator) -> tuple[Codes, NDArray[np.intp]]:
    """Cases drawn from the network, 10 to 40 of their findings observed, in columns; and the cause of each."""
    codes, causes = np.zeros((len(tables.findings), rows), dtype=np.uint8).T, np.zeros(rows, dtype=np.intp)
    for start in range(0, rows, CHUNK):
        part = codes[start : start + CHUNK]
        drawn = draw_cases(tables, rng, len(part))
        causes[start : start + CHUNK] = drawn.cause
        left = rng.integers(10, 41, size=len(part))
        for position in range(part.shape[1]):  # each finding with the chance that leaves all sets equally likely
            shown = rng.random(len(part)) * (part.shape[1] - position) < left
            left -= shown
            part[:, position] = np.where(shown, drawn.state[:, position] + 1, 0)
    return codes, causes


# ------------------------------------------------------------------------------------------------------- the engines


def engines(tables, codes, causes, repeats, console):
    """Rows a second of every way, in turns."""
    ways = [
        *compiled_ways(tables, codes),
        Way("numpy engine", PEERS["numpy engine"], numpy_way(tables, codes), "float64, in logarithms"),
        pgmpy_way(tables, codes),
        *agrum_ways(tables, codes),
        naive_bayes_way(tables, codes, causes),
        copy_way(tables, codes),
    ]
    check(tables, codes, ways)
    for _ in range(repeats):
        for way in ways:
            start = time.perf_counter()
            way.run()
            way.seconds.append(time.perf_counter() - start)
    pgmpy = next(way for way in ways if way.name.startswith("pgmpy")).rate
    agrum = max(way.rate for way in ways if way.name.startswith("pyAgrum"))
    table = Table("way", "rows/s", "x pgmpy", "x pyAgrum's best", "rows timed", "")
    for way in ways:
        cells = f"{way.rate:,.0f}", f"{way.rate / pgmpy:,.1f}", f"{way.rate / agrum:,.1f}", f"{way.rows:,}"
        table.add_row(way.name, *cells, way.note)
    console.print(table)
    return {way.name: {"rows_per_second": way.rate, "seconds": way.seconds, "rows": way.rows} for way in ways}


def compiled_ways(tables, codes):
    exact, single, rows = CompiledEngine(tables), CompiledEngine(tables, "float32"), np.ascontiguousarray(codes)
    yield Way("compiled", len(codes), in_chunks(exact, codes), "float64, 1 thread")
    yield Way("compiled, 2 threads", len(codes), in_chunks(exact, codes, 2), "float64")
    yield Way("compiled, codes in rows", len(codes), in_chunks(exact, rows), "float64, 1 thread")
    yield Way("compiled, float32", len(codes), in_chunks(single, codes), "1 thread, within 1e-6")
    yield Way("compiled, float32, 2 threads", len(codes), in_chunks(single, codes, 2), "within 1e-6")


def in_chunks(engine, codes, threads=1):
    """Score all rows, the memory for the probabilities used again."""
    chunk = SMALL_CHUNK if threads == 1 else LARGE_CHUNK
    out = np.empty_like(engine.posterior(codes[:chunk]).probability)

    def run():
        for start in range(0, len(codes), chunk):
            part = codes[start : start + chunk]
            engine.posterior(part, out=out[: len(part)], threads=threads)

    return run


def numpy_way(tables, codes):
    engine, told = Engine(tables), evidence(codes[: PEERS["numpy engine"]])
    return lambda: engine.posterior(told).probability


def pgmpy_way(tables, codes):
    """Variable elimination, one query a row: pgmpy has no other exact way for rows that differ in what is observed."""
    from pgmpy.inference import VariableElimination

    elimination = VariableElimination(build_network(tables))
    told = answers(tables, codes[: PEERS["pgmpy VariableElimination"]])

    def run():
        found = [elimination.query([CAUSE], evidence=row, show_progress=False) for row in told]
        order = [found[0].name_to_no[CAUSE][cause] for cause in tables.causes]
        return np.array([one.values[order] for one in found])

    return Way("pgmpy VariableElimination", len(told), run)


def agrum_ways(tables, codes):
    """The three exact engines, told their target once and each row's answers at a time."""
    import pyagrum

    network = agrum_network(tables)
    told = answers(tables, codes[:PYAGRUM_ROWS])
    for kind in (pyagrum.LazyPropagation, pyagrum.VariableElimination, pyagrum.ShaferShenoyInference):
        inference = kind(network)
        inference.setTargets({CAUSE})

        def run(inference=inference):
            found = []
            for row in told:
                inference.setEvidence(row)
                inference.makeInference()
                found.append(inference.posterior(CAUSE).toarray())
            return np.array(found)

        yield Way(f"pyAgrum {kind.__name__}", len(told), run)


def answers(tables, codes):
    """Each row as a mapping finding -> state."""
    told = []
    for row in codes:
        known = np.flatnonzero(row)
        told.append({tables.findings[at].id: tables.findings[at].states[row[at] - 1] for at in known})
    return told


def naive_bayes_way(tables, codes, causes):
    """Not the same model, and not exact: findings independent, an unknown one a state of its own."""
    from sklearn.naive_bayes import CategoricalNB

    sizes = [len(finding.states) + 1 for finding in tables.findings]
    model = CategoricalNB(min_categories=sizes).fit(codes[: 4 * CHUNK], causes[: 4 * CHUNK])
    part = codes[: PEERS["scikit-learn CategoricalNB"]]
    return Way("scikit-learn CategoricalNB", len(part), lambda: model.predict_proba(part), "another model, for scale")


def copy_way(tables, codes):
    """What no engine can beat: the codes read once, as many bytes as 31 float64 a row written."""
    source, out = np.ones((2, SMALL_CHUNK, len(tables.causes)))
    seen = np.empty((codes.shape[1], SMALL_CHUNK), dtype=np.uint8).T

    def run():
        for start in range(0, len(codes), SMALL_CHUNK):
            part = codes[start : start + SMALL_CHUNK]
            np.copyto(seen[: len(part)], part)
            np.copyto(out[: len(part)], source[: len(part)])

    return Way("memory copy", len(codes), run, "the same bytes in and out")


def check(tables, codes, ways):
    """Every exact way gives the same numbers; this is also each one's warm-up."""
    expected = Engine(tables).posterior(evidence(codes[:CHUNK])).probability
    for dtype, tolerance in (("float64", 1e-9), ("float32", 1e-4)):
        found = CompiledEngine(tables, dtype).posterior(codes[:CHUNK]).probability
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    for way in ways:
        found = way.run()
        if way.name.startswith(("pgmpy", "pyAgrum", "numpy")):
            np.testing.assert_allclose(found, expected[: len(found)], rtol=0, atol=1e-9, err_msg=way.name)


# ------------------------------------------------------------------------------------------------- growth, one case


def growth(tables, codes, console):
    """Rows a second and peak memory as the rows grow; beyond those drawn, they are gone through again."""
    engine = CompiledEngine(tables)
    table, figures = Table("rows", "seconds", "rows/s", "peak memory, MB"), {}
    for rows in (10**4, 10**5, 10**6, 10**7):
        run, rounds, times = in_chunks(engine, codes[:rows]), max(1, rows // len(codes)), []
        for _ in range(3):
            start = time.perf_counter()
            for _ in range(rounds):
                run()
            times.append(time.perf_counter() - start)
        done = rounds * min(rows, len(codes))
        seconds, peak = statistics.median(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures[done] = {"seconds": seconds, "rows_per_second": done / seconds, "peak_megabytes": peak}
        table.add_row(f"{done:,}", f"{seconds:.3f}", f"{done / seconds:,.0f}", f"{peak:,.0f}")
    console.print(table)
    return figures


# ------------------------------------------------------------------------------------------------------------- files

# At its end each process says how much memory it held at most (what the kernel says of a child counts its parent too).
PEAK = """
import atexit, json, sys, time
took = []
def say():
    lines = open("/proc/self/status").read().splitlines()
    print(json.dumps([took, int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))]), file=sys.stderr)
atexit.register(say)
"""
SCORE = (
    PEAK
    + """
from thighdx.cli import main
sys.argv = ["thighdx", "score", sys.argv[1], "--population", "uniform", "--out", sys.argv[2]]
main()
"""
)
LOADED = (
    PEAK
    + """
from thighdx.assess import get_model
from thighdx.scoring.files import score_file
model = get_model(None, "uniform")
score_file(model, *sys.argv[1:])
start = time.perf_counter()
score_file(model, *sys.argv[1:])
took.append(time.perf_counter() - start)
"""
)
POLARS = (
    PEAK
    + """
import polars as pl
pl.scan_csv(sys.argv[1], infer_schema=False).sink_parquet(sys.argv[2])
"""
)


def files(tables, codes, repeats, most, folder, console):
    """Seconds and peak memory from CSV on disk to Parquet on disk, each way in a process of its own, in turns."""
    source, out = folder / "cases.csv", folder / "out.parquet"
    write_csv(tables, codes, len(codes), source)
    ways = {
        "thighdx score, whole command": SCORE,
        "thighdx score, once loaded": LOADED,
        "polars read and write, no inference": POLARS,
    }
    taken = {name: [] for name in ways}
    for _ in range(min(repeats, 5)):
        for name, code in ways.items():
            taken[name].append(in_process(code, source, out))
    table, figures = Table("CSV to Parquet", "seconds", "rows/s", "x polars", "peak memory, MB"), {}
    bar = statistics.median(seconds for seconds, _ in taken["polars read and write, no inference"])
    for name, runs in taken.items():
        seconds, peak = statistics.median(run[0] for run in runs), max(run[1] for run in runs)
        table.add_row(name, f"{seconds:.2f}", f"{len(codes) / seconds:,.0f}", f"{seconds / bar:.2f}", f"{peak:,.0f}")
        figures[name] = {"seconds": [run[0] for run in runs], "rows": len(codes), "peak_megabytes": peak}
    for rows in [size for size in (10**4, 10**5, 10**6, 10**7, 10**8) if size <= most]:
        write_csv(tables, codes, rows, source)
        seconds, peak = in_process(SCORE, source, out)
        table.add_row(f"thighdx score, {rows:,} rows", f"{seconds:.2f}", f"{rows / seconds:,.0f}", "", f"{peak:,.0f}")
        figures[f"{rows} rows"] = {"seconds": [seconds], "rows": rows, "peak_megabytes": peak}
    console.print(table)
    return figures


def in_process(code, source, out):
    """Seconds of a run of Python, by its own clock if it has one, and its peak memory in MB."""
    start = time.perf_counter()
    command = [sys.executable, "-c", code, str(source), str(out)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr  # noqa: S603 - our own code
    took, peak = json.loads(said.splitlines()[-1])
    return took[0] if took else time.perf_counter() - start, peak / 1024


def write_csv(tables, codes, rows, path):
    """The rows as a case table; beyond those drawn, they are gone through again."""
    names = ["case_id", *(finding.id for finding in tables.findings)]
    texts = [pa.array(["", *finding.states]) for finding in tables.findings]
    options = pa.csv.WriteOptions(quoting_style="none")
    with pa.csv.CSVWriter(path, pa.schema([(name, pa.string()) for name in names]), write_options=options) as writer:
        for start in range(0, rows, CHUNK):
            part = codes[np.arange(start, min(start + CHUNK, rows)) % len(codes)]
            ids = pa.array([f"c{start + row}" for row in range(len(part))])
            columns = [text.take(pa.array(column)) for text, column in zip(texts, part.T, strict=True)]
            writer.write(pa.Table.from_arrays([ids, *columns], names))


def one_case(tables, codes, console):
    """Milliseconds for what a person waits for."""
    engine, hypothetical, told = Engine(tables), Hypothetical(tables), evidence(codes[:1])
    draws = stacked([tables] * 1000)
    figures = {
        "posterior": milliseconds(lambda: engine.posterior(told)),
        "posterior and all next questions": milliseconds(lambda: hypothetical.outlook(told)),
        "posterior under 1000 sets of tables": milliseconds(lambda: posterior_draws(draws, told), 20),
    }
    table = Table("one case", "ms")
    for name, value in figures.items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    return figures


def milliseconds(run, times=200):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def machine():
    """What the figures hold for."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    names = ["numpy", "numba", "pgmpy", "polars", "pyagrum", "pyarrow", "scikit-learn"]
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


if __name__ == "__main__":
    main()
