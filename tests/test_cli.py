"""The command line's contracts: sentences, exit status, files whole or not at all, no row lost."""

import csv
import io
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.handmade import nearly, shipped
from thighdx import __version__, diagnose, load_knowledge
from thighdx import cli as cli_package
from thighdx.cli import cli
from thighdx.scoring.batch import no_finding_note

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "analysis" / "cases" / "published.csv"


def run(*words: str | Path, stdin: str | bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    command = [sys.executable, "-m", "thighdx", *map(str, words)]
    return subprocess.run(command, input=data, capture_output=True, cwd=cwd, check=False)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_version_is_the_packages() -> None:
    assert run("--version").stdout.decode().split()[-1] == __version__


def test_every_command_has_help_with_an_example() -> None:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help, name
        assert f"Example: thighdx {name}" in command.help


def test_every_module_of_a_command_is_one() -> None:
    """All of them but what they share are commands, listed in order."""
    found = {path.stem.replace("_", "-") for path in Path(str(cli_package.__file__)).parent.glob("*.py")}
    assert cli.list_commands(click.Context(cli)) == sorted(found - {"--init--", "common", "program"})


def test_completion_in_a_shell_is_quiet_behind_a_word_that_is_no_command() -> None:
    asked = {"_THIGHDX_COMPLETE": "bash_complete", "COMP_WORDS": "thighdx foo ", "COMP_CWORD": "2"}
    command = [sys.executable, "-c", "from thighdx.cli import cli; cli(prog_name='thighdx')"]
    done = subprocess.run(command, capture_output=True, check=False, env=os.environ | asked)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_word_that_is_no_command_is_told_the_nearest() -> None:
    done = run("diagnos")
    assert done.returncode == 2
    assert "nearest: diagnose" in done.stderr.decode()


def test_diagnose_prints_causes_origins_grade_and_red_flags() -> None:
    done = run("diagnose", "onset=sudden", "pop_felt=yes")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert text.index("URGENT") < text.index("base rate")
    assert "If it is a strain: grade 1" in text
    for name in load_knowledge().content.origins:
        assert name in text


def test_diagnose_json_is_the_librarys_answer() -> None:
    said = json.loads(run("diagnose", "slump=positive", "age=44", "--population", "uniform", "--json").stdout)
    assert said == nearly(diagnose({"slump": "positive", "age": "44"}, population="uniform").to_dict())


def test_diagnose_without_answers_gives_base_rates() -> None:
    said = json.loads(run("diagnose", "--json").stdout)
    assert all(abs(share["probability"] - share["base_rate"]) < 1e-15 for share in said["causes"])
    assert said["triage"] == "routine"


def test_bad_answers_are_all_named_with_the_nearest_valid_one() -> None:
    done = run("diagnose", "onst=sudden", "slump=positiv", "pop_felt", "age=200", "onset=NA")
    text = done.stderr.decode()
    assert done.returncode == 2
    assert done.stdout == b""
    for sentence in (
        "'onst' is not a finding; nearest: onset",
        "'positiv' is not a state; use negative or positive; nearest: positive",
        "'pop_felt' is not an answer",
        "'200' is not a number of years; accepted: 0 to 120",
        "'NA' is not a state",
    ):
        assert sentence in text


@pytest.mark.parametrize(
    "words",
    [
        ["diagnose", "--population", "runners"],
        ["diagnose", "--priors", "nowhere.toml"],
        ["score", "nowhere.csv", "--out", "x.csv"],
        ["score", str(CASES), "--out", "nofolder/x.csv"],
        ["score", str(CASES), "--out", "x.xlsx"],
        ["score", str(CASES)],
        ["nonsense"],
    ],
)
def test_wrong_usage_and_unreadable_files_end_with_status_2(words: list[str], tmp_path: Path) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_population_may_be_a_file_and_overlays_are_laid_over(tmp_path: Path) -> None:
    clinic = write(
        tmp_path / "clinic.toml",
        '[populations.our_clinic]\nname = "Ours"\ndescription = "ours"\n'
        'causes = { p = { tumour = 0.4 }, weight = 1, estimate = "made up" }\n',
    )
    said = json.loads(run("diagnose", "--population", clinic, "--json").stdout)
    assert said["population"] == "our_clinic"
    assert said["causes"][0]["id"] == "tumour"
    assert abs(said["causes"][0]["probability"] - 0.4) < 1e-12


def test_published_cases_are_all_scored_and_agree_with_diagnose(tmp_path: Path) -> None:
    done = run("score", CASES, "--population", "uniform", "--out", tmp_path / "scored.csv", "--keep")
    scored, cases = table(tmp_path / "scored.csv"), table(CASES)
    assert done.returncode == 0
    assert [row["case_id"] for row in scored] == [row["case_id"] for row in cases]
    knowledge = load_knowledge()
    for row, case in zip(scored, cases, strict=True):
        answers = {name: case[name] for name in knowledge.findings}
        said = diagnose(answers, population="uniform")
        assert row["status"] == "ok"
        assert row["top_cause"] == said.top.id
        assert row["triage"] == said.triage
        assert row["diagnosis"] == case["diagnosis"]
        assert all(abs(float(row[f"p_{share.id}"]) - share.probability) < 1e-12 for share in said.causes)


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    run("score", CASES, "--out", tmp_path / "a.csv", "--keep")
    assert run("score", CASES, "--out", tmp_path / "a.parquet", "--keep").returncode == 0
    pq.write_table(pa.Table.from_pylist(table(CASES)), tmp_path / "cases.parquet")
    assert run("score", tmp_path / "cases.parquet", "--out", tmp_path / "b.csv", "--keep").returncode == 0
    text = table(tmp_path / "a.csv")
    rows = pq.read_table(tmp_path / "a.parquet").to_pylist()
    for one, other in zip(text, rows, strict=True):
        numbers = {name: value for name, value in other.items() if isinstance(value, float)}
        assert {name: float(one[name]) for name in numbers} == numbers
        assert {**one, **numbers} == {name: "" if value is None else value for name, value in other.items()}
    assert text == table(tmp_path / "b.csv")


def test_rows_with_bad_cells_stay_with_the_reason_and_status_1(tmp_path: Path) -> None:
    cases = write(
        tmp_path / "cases.csv",
        "case_id,slump,bladder_bowel_change,age,age_group\nx,pos,yes,,\ny,positive,,30,60_plus\nz,negative,,30,\n",
    )
    done = run("score", cases, "--out", tmp_path / "out.csv", "--problems", tmp_path / "problems.csv")
    rows = table(tmp_path / "out.csv")
    assert done.returncode == 1
    assert [row["case_id"] for row in rows] == ["x", "y", "z"]
    assert "'pos' is not a state" in rows[0]["status"]
    assert rows[0]["triage"] == "emergency"
    assert rows[0]["top_cause"] == rows[0]["p_strain"] == rows[0]["conflict"] == ""
    assert "at odds" in rows[1]["status"]
    assert rows[2]["status"] == "ok"
    assert "row 1, column 'slump': 'pos' is not a state; use negative or positive" in done.stderr.decode()
    assert [row["row"] for row in table(tmp_path / "problems.csv")] == ["1", "2"]


def test_other_columns_are_named_once_and_copied_only_on_request(tmp_path: Path) -> None:
    cases = write(tmp_path / "c.csv", "onset,radiating_pian,status\nsudden,none,=1+1\n")
    plain = run("score", cases, "--out", tmp_path / "plain.csv")
    assert plain.stderr.decode().count("radiating_pian (nearest: radiating_pain)") == 1
    assert "radiating_pian" not in table(tmp_path / "plain.csv")[0]
    run("score", cases, "--out", tmp_path / "kept.csv", "--keep")
    row = table(tmp_path / "kept.csv")[0]
    assert row["status"] == "ok"
    assert row["radiating_pian"] == "none"
    assert row["input_status"] == "'=1+1"
    assert row["case_id"] == "1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_real_csv_files_are_read(tmp_path: Path, encoding: str, end: str) -> None:
    lines = ["case_id,note,onset", '1,"a, b\nc", sudden ', "", "2,,", "3"]
    cases = write(tmp_path / "c.csv", end.join(lines) + end, encoding=encoding)
    done = run("score", cases, "--out", tmp_path / "o.csv")
    rows = table(tmp_path / "o.csv")
    assert done.returncode == 1
    assert [row["case_id"] for row in rows] == ["1", "2", "3"]
    assert [row["status"] for row in rows] == ["ok", "ok", "row has 1 cells, the header 3"]


def test_empty_file_is_refused_and_a_header_alone_is_fine(tmp_path: Path) -> None:
    empty = run("score", write(tmp_path / "e.csv", ""), "--out", tmp_path / "o.csv")
    assert empty.returncode == 2
    assert "is empty" in empty.stderr.decode()
    assert not (tmp_path / "o.csv").exists()
    header = run("score", write(tmp_path / "h.csv", "case_id,onset\n"), "--out", tmp_path / "o.csv")
    assert header.returncode == 0
    assert table(tmp_path / "o.csv") == []


def test_a_finding_stated_twice_is_refused(tmp_path: Path) -> None:
    done = run("score", write(tmp_path / "c.csv", "onset,onset\nsudden,gradual\n"), "--out", tmp_path / "o.csv")
    assert done.returncode == 2
    assert "stated twice: onset" in done.stderr.decode()


def test_a_failure_leaves_the_old_result_as_it_was(tmp_path: Path) -> None:
    out = write(tmp_path / "o.csv", "old")
    bad = tmp_path / "c.csv"
    bad.write_bytes(b"onset\n" + b"sudden\n" * 20_000 + b"\xff\xfe\n")
    done = run("score", bad, "--out", out)
    assert done.returncode == 2
    assert "not UTF-8" in done.stderr.decode()
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.csv", "o.csv"]


def test_standard_input_and_output_are_csv() -> None:
    done = run("score", "-", "--out", "-", stdin="case_id,onset\na,sudden\na,\n")
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert [row["case_id"] for row in rows] == ["a", "a"]
    assert "repeat" in done.stderr.decode()


def test_many_rows_pass_through_in_order(tmp_path: Path) -> None:
    lines = [f"{row},{'sudden' if row % 3 else ''}" for row in range(40_000)]
    cases = write(tmp_path / "c.csv", "case_id,onset\n" + "\n".join(lines) + "\n")
    assert run("score", cases, "--out", tmp_path / "o.parquet").returncode == 0
    scored = pq.read_table(tmp_path / "o.parquet", columns=["case_id", "p_strain"])
    assert scored["case_id"].to_pylist() == [str(row) for row in range(40_000)]
    # to 1e-9: the engine may turn to compiled code on the way
    assert len({round(share, 9) for share in scored["p_strain"].to_pylist()}) == 2


def test_template_is_a_table_that_can_be_filled_and_scored(tmp_path: Path) -> None:
    header = run("template").stdout.decode().strip().split(",")
    knowledge = load_knowledge()
    assert header == ["case_id", *knowledge.findings]
    assert run("template", "--dictionary", "--out", tmp_path / "d.csv").returncode == 0
    rows = {row["column"]: row for row in table(tmp_path / "d.csv")}
    assert set(rows) == {*header, "age"}
    for name, entry in knowledge.content.findings.items():
        assert rows[name]["accepted"].split("; ") == list(entry.states)
        assert rows[name]["question"] == entry.question


@pytest.mark.parametrize("words", [["diagnose", "onset=sudden", "--json"], ["score", str(CASES), "--out", "-"]])
def test_answering_imports_neither_pgmpy_nor_pandas_nor_streamlit(words: list[str]) -> None:
    code = (
        "import sys, thighdx.cli\nsys.argv = ['thighdx'] + sys.argv[1:]\n"
        "try: thighdx.cli.main()\nexcept SystemExit as end: assert end.code == 0, end.code\n"
        "loaded = {'pgmpy', 'pandas', 'streamlit', 'altair'} & set(sys.modules)\n"
        "print(loaded or 'none of them', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, env={**os.environ}, check=True)
    assert done.stderr.decode().splitlines()[-1] == "none of them"


def test_on_a_terminal_progress_is_shown_and_the_table_is_written(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "thighdx", "score", str(CASES), "--out", str(tmp_path / "o.csv")]
    done = subprocess.run(command, stderr=theirs, stdout=subprocess.PIPE, check=False)
    os.close(theirs)
    said = os.read(ours, 65_536).decode(errors="replace")
    os.close(ours)
    assert done.returncode == 0, said
    assert "52 rows" in said
    assert len(table(tmp_path / "o.csv")) == 52


@pytest.mark.parametrize(
    ("out", "problems"), [("c.csv", None), ("o.csv", "o.csv"), ("o.csv", "c.csv"), ("o.csv", "p.parquet")]
)
def test_a_file_is_never_written_over_another_of_the_same_call(tmp_path: Path, out: str, problems: str | None) -> None:
    cases = write(tmp_path / "c.csv", "onset\nsudden\n")
    more: list[str | Path] = [] if problems is None else ["--problems", tmp_path / problems]
    done = run("score", cases, "--out", tmp_path / out, *more)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]
    assert cases.read_text() == "onset\nsudden\n"


def test_an_empty_line_of_a_one_column_table_is_an_empty_cell(tmp_path: Path) -> None:
    cases = write(tmp_path / "c.csv", "onset\nsudden\n\ngradual\n")
    run("score", cases, "--out", tmp_path / "o.csv")
    assert [row["case_id"] for row in table(tmp_path / "o.csv")] == ["1", "2", "3"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_another_separator_is_refused(tmp_path: Path, separator: str) -> None:
    cases = write(tmp_path / "c.csv", f"case_id{separator}onset\n1{separator}sudden\n")
    done = run("score", cases, "--out", tmp_path / "o.csv")
    assert done.returncode == 2
    assert "commas" in done.stderr.decode()


def test_kept_columns_never_hide_one_another(tmp_path: Path) -> None:
    cases = write(tmp_path / "c.csv", "onset,status,input_status\nsudden,a,b\n")
    run("score", cases, "--out", tmp_path / "o.csv", "--keep")
    row = table(tmp_path / "o.csv")[0]
    assert {"a", "b"} <= set(row.values())
    assert row["input_status"] == "b"


@pytest.mark.parametrize("before", [0, 25_000])  # a long table is read by compiled code
def test_problems_of_ragged_rows_name_the_row_and_the_id_it_has(before: int, tmp_path: Path) -> None:
    ragged = ["sudden,short", "sudden", "sudden,long,yes,no", 'sudden,"quo,ted"']
    lines = ["onset,case_id,pop_felt", *["gradual,whole,no"] * before, *ragged, "gradual,whole,no"]
    cases = write(tmp_path / "c.csv", "\n".join(lines) + "\n")
    assert run("score", cases, "--out", tmp_path / "o.csv", "--problems", tmp_path / "p.csv").returncode == 1
    named = [(row["row"], row["case_id"], row["column"]) for row in table(tmp_path / "p.csv")]
    ids = ["short", "", "long", "quo,ted"]
    assert named == [(str(before + number), case_id, "") for number, case_id in enumerate(ids, start=1)]


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst"])
def test_a_packed_result_is_the_plain_one_packed(ending: str, tmp_path: Path) -> None:
    """Cells that a spreadsheet would run, rows that cannot be read and all; and it can be read again as a table."""
    lines = ["case_id,onset,note", "=1+1,sudden,@x", "b,odd,", 'c,"gradual","a, ""b"" ü"', *["d,sudden,"] * 9_000]
    cases = write(tmp_path / "c.csv", "\n".join(lines) + "\n")
    for out in ("o.csv", f"o{ending}", f"again{ending}"):
        assert run("score", cases, "--keep", "--out", tmp_path / out).returncode == 1
    plain, path = (tmp_path / "o.csv").read_bytes(), tmp_path / f"o{ending}"
    with path.open("rb") as file, pa.CompressedInputStream(file, "gzip" if ending == ".csv.gz" else "zstd") as stream:
        assert stream.read() == plain
    assert b"\n'=1+1,ok," in plain
    assert len(plain) > 5 * path.stat().st_size
    assert path.read_bytes() == (tmp_path / f"again{ending}").read_bytes()
    assert run("score", path, "--out", tmp_path / "third.csv").returncode == 0
    assert len(table(tmp_path / "third.csv")) == len(lines) - 1


def test_a_refused_ending_is_told_every_accepted_one(tmp_path: Path) -> None:
    cases = write(tmp_path / "c.csv", "onset\nsudden\n")
    for name in ("o.csv.bz2", "o.xlsx", "o.gz", "o", ".csv.gz"):
        done = run("score", cases, "--out", tmp_path / name)
        assert done.returncode == 2
        assert "use .csv, .csv.gz, .csv.zst or .parquet, or - for CSV" in done.stderr.decode()
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


def test_a_full_disk_is_said_with_status_2() -> None:
    with Path("/dev/full").open("wb") as full:
        for words in (["template"], ["diagnose"], ["score", str(CASES), "--out", "-"]):
            done = subprocess.run(
                [sys.executable, "-m", "thighdx", *words], stdout=full, stderr=subprocess.PIPE, check=False
            )
            assert done.returncode == 2
            assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("ending", "rows"),
    [("csv", 5_000), ("csv.gz", 80_000), ("csv.zst", 80_000), ("parquet", 140_000)],  # more than a row group
)
def test_a_disk_that_fills_up_is_said_and_leaves_no_file(ending: str, rows: int, tmp_path: Path) -> None:
    notes = np.random.default_rng(0).bytes(16 * rows).hex(",", 16)  # nothing packs them into much less
    lines = [f"sudden,{note}" for note in notes.split(",")]
    cases, out = write(tmp_path / "c.csv", "\n".join(["onset,note", *lines, ""])), tmp_path / f"o.{ending}"
    done = subprocess.run(
        [sys.executable, "-m", "thighdx", "score", str(cases), "--keep", "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20)),  # no file of this size
    )
    assert done.returncode == 2
    assert f"{out}: cannot be written: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


STOPPING = """
import os, signal, sys
class Stopping:
    def find_spec(self, name, *_):
        if name == AT:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Stopping())
from thighdx.cli import main
sys.argv = ["thighdx", "score", "cases.csv", "--out", "out.csv"]
main()
"""
IMPORTED = ("click", "numpy", "pydantic_core", "rich.console", "thighdx.cli.program", "thighdx.assess", "pyarrow")


@pytest.mark.parametrize("module", IMPORTED)
def test_ctrl_c_while_modules_are_imported_ends_quietly(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"AT = {module!r}{STOPPING}"], capture_output=True, check=False)
    assert (done.returncode, done.stderr.split(), done.stdout) == (130, [b"stopped"], b"")


def test_ctrl_c_is_not_heeded_by_a_command_in_the_background_of_a_script() -> None:
    """A shell lets what it puts there ignore the signal."""
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    code = f"{ignoring}; AT = 'numpy'{STOPPING.replace('cases.csv', 'nowhere.csv')}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nowhere.csv: cannot be read" in done.stderr


def test_the_package_imports_nothing_before_the_command_line_can_be_stopped() -> None:
    code = "import sys; before = set(sys.modules); import thighdx.cli; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {"thighdx", "thighdx.cli"}
    assert {name.partition(".")[0] for name in set(done.stdout.split()) - ours} <= sys.stdlib_module_names


@pytest.mark.parametrize(("asked", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 2)])
def test_being_stopped_leaves_no_unfinished_file(asked: signal.Signals, status: int, tmp_path: Path) -> None:
    cases = write(tmp_path / "c.csv", "onset\n" + "sudden\n" * 400_000)
    command = [sys.executable, "-m", "thighdx", "score", str(cases), "--out", str(tmp_path / "o.csv")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE)
    while not list(tmp_path.glob(".o.csv*")) and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(asked)
    assert running.wait(timeout=60) == status
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


@pytest.mark.parametrize(
    ("words", "accepted"),
    [
        (("simulate", "abc", "--out", "-"), "found 'abc'; accepted: a whole number from 0 to 1,000,000,000"),
        (("simulate", "2.5", "--out", "-"), "found '2.5'; accepted: a whole number from 0 to 1,000,000,000"),
        (("simulate", "1", "--out", "-", "--seed", "-1"), "found '-1'; accepted: a whole number from 0 on"),
        (("app", "--port", "65536"), "found '65536'; accepted: a whole number from 1 to 65,535"),
    ],
)
def test_what_is_no_whole_number_of_the_range_is_told_the_range(words: tuple[str, ...], accepted: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert accepted in done.stderr.decode()


def test_a_table_without_a_finding_is_scored_with_a_warning(tmp_path: Path) -> None:
    """Nothing in it was meant for a finding, as in a scored table fed back: each row has the base rates."""
    cases = write(tmp_path / "c.csv", "name,foo\na,b\n")
    first = run("score", cases, "--out", tmp_path / "once.csv", "--keep")
    again = run("score", tmp_path / "once.csv", "--out", tmp_path / "twice.csv")
    note = no_finding_note(shipped(), ["name", "foo"])
    for done in (first, again):
        assert done.returncode == 0
        assert f"warning: {note}" in done.stderr.decode()
    found = run("score", write(tmp_path / "c.csv", "onset,foo\nsudden,b\n"), "--out", "-")
    assert "warning" not in found.stderr.decode()
