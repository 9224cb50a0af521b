"""Whom base rates are not meant for: when it is said, how surely, to whom, and that it moves no number."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handmade import put, shipped, small_priors, write_priors
from thighdx import Knowledge, diagnose, load_knowledge
from thighdx.assess import get_model
from thighdx.cases import read_case, read_columns
from thighdx.errors import CaseError, KnowledgeError
from thighdx.exchange import export_network, network_model
from thighdx.scoring.batch import output_schema, score_batch
from thighdx.scoring.files import score_file
from thighdx.scoring.upload import Upload, score_upload
from thighdx.suitability import MAY_NOT_BE_MEANT, NOT_MEANT, unsuited_case, unsuited_rows
from thighdx.triage import Fired

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thighdx.schema import Lines, NotFor

Case = dict[str, str]
PUBLISHED = Path(__file__).resolve().parents[1] / "analysis" / "cases" / "published.csv"
NOT_FOR: list[dict[str, Any]] = [
    {
        "when": [{"walking": ["limping", "unable"]}, {"bruise": "yes", "quality": "sharp"}],
        "unless": [{"age_group": "old"}],
        "text": "They walk.",
        "rather": ["alike", "school"],
    },
    {"when": [{"slump": "positive"}], "text": "No roots here."},
]


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The small priors, whose clinic states two kinds of case that it is not for, and a school one."""
    tables = small_priors()
    put(tables, "populations.clinic.not_for", NOT_FOR)
    school = tables["populations"]["alike"] | {"name": "School"}
    school["not_for"] = [{"when": [{"bruise": "yes"}], "text": "No bruises."}]
    put(tables, "populations.school", school)
    return load_knowledge(write_priors(tmp_path_factory.mktemp("priors"), tables))


def said(knowledge: Knowledge, case: Mapping[str, object], population: str | None = None) -> dict[str, bool]:
    """Text -> whether it is only possible."""
    return {one.text: one.possible for one in unsuited_case(case, knowledge=knowledge, population=population)}


def meets(lines: Lines, case: Case) -> bool:
    """The definition for hard answers: every answer of any one of the lines is given."""
    return any(
        all(case.get(name) in ([wanted] if isinstance(wanted, str) else wanted) for name, wanted in line.items())
        for line in lines
    )


def holds(entry: NotFor, case: Case) -> bool:
    return meets(entry.when, case) and not meets(entry.unless, case)


# ------------------------------------------------------------------------------------------------- when, how surely


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, {}),
        ({"walking": "normal"}, {}),
        ({"walking": "unable"}, {"They walk.": False}),
        ({"walking": "limping|unable"}, {"They walk.": False}),
        ({"walking": "normal|unable"}, {"They walk.": True}),
        ({"walking": "unable@0.7"}, {"They walk.": True}),  # probable is not certain
        ({"walking": "normal@0.5"}, {"They walk.": True}),  # the two others share the other half
        ({"walking": "normal@0.51"}, {}),
        ({"walking": "unable@1"}, {"They walk.": False}),
        ({"walking": "unable@0.7", "bruise": "yes", "quality": "sharp"}, {"They walk.": False}),
        ({"walking": "unable", "age_group": "old"}, {}),
        ({"walking": "unable", "age": "80"}, {}),
        ({"walking": "unable", "age_group": "young"}, {"They walk.": False}),
        ({"walking": "unable", "age_group": "middle|old"}, {"They walk.": True}),
        ({"walking": "unable", "age_group": "old@0.8"}, {"They walk.": True}),
        ({"walking": "unable", "age_group": "old@0.2"}, {"They walk.": False}),
        ({"bruise": "yes"}, {}),
        ({"slump": "positive", "walking": "limping"}, {"They walk.": False, "No roots here.": False}),
    ],
)
def test_it_is_said_as_surely_as_the_answers_are(knowledge: Knowledge, case: Case, expected: dict[str, bool]) -> None:
    assert said(knowledge, case) == expected


def test_the_heading_says_may_where_it_is_possible(knowledge: Knowledge) -> None:
    (sure,) = unsuited_case({"walking": "unable"}, knowledge=knowledge)
    (possible,) = unsuited_case({"walking": "normal|unable"}, knowledge=knowledge)
    assert (sure.heading, possible.heading) == (NOT_MEANT, MAY_NOT_BE_MEANT)


def test_a_population_that_is_not_for_the_case_either_is_not_proposed(knowledge: Knowledge) -> None:
    for case, proposed in (
        ({"walking": "unable"}, ["alike", "school"]),
        ({"walking": "unable", "bruise": "yes"}, ["alike"]),
        ({"walking": "unable", "bruise": "yes@0.6"}, ["alike", "school"]),  # it may be
    ):
        (one,) = unsuited_case(case, knowledge=knowledge)
        assert [other.id for other in one.rather] == proposed
        assert all(other.name == knowledge.content.populations[other.id].name for other in one.rather)


def one_of(knowledge: Knowledge) -> st.SearchStrategy[dict[str, set[str]]]:
    """Some findings, each with one or more of its states."""
    entries = knowledge.content.findings.items()
    cells = {name: st.sets(st.sampled_from(entry.states), min_size=1) for name, entry in entries}
    return st.fixed_dictionaries({}, optional={name: cell.map(set) for name, cell in cells.items()})


@given(data=st.data())
def test_possible_is_what_holds_for_one_of_the_meant_cases(knowledge: Knowledge, data: st.DataObject) -> None:
    """A one-of answer stands for several hard ones: it is said where it holds for any of these, for certain only where
    it does for all; all states of a finding together are no answer."""
    cells = data.draw(one_of(knowledge))
    cells = {
        name: states for name, states in cells.items() if len(states) < len(knowledge.content.findings[name].states)
    }
    found = said(knowledge, {name: "|".join(sorted(states)) for name, states in cells.items()})
    meant = [dict(zip(cells, states, strict=True)) for states in product(*cells.values())]
    for entry in knowledge.content.populations["clinic"].not_for:
        each = [holds(entry, case) for case in meant]
        assert (entry.text in found) == any(each)
        assert found.get(entry.text, True) or all(each)
        if len(meant) == 1:
            assert found.get(entry.text) == (False if each[0] else None)


@pytest.mark.parametrize(
    ("edit", "place", "message"),
    [
        ({"unless": [{"walking": ["unabel"]}]}, "unless[1].walking.unabel", "not a state"),
        ({"when": [{"slump": "positive"}, {}]}, "when[2]", "always hold"),
        ({"unless": [{}]}, "unless[1]", "never hold"),
        ({"rather": ["alik"]}, "rather.alik", "nearest: alike"),
    ],
)
def test_a_fault_is_named_with_its_place(edit: dict[str, Any], place: str, message: str, knowledge: Knowledge) -> None:
    with pytest.raises(KnowledgeError) as caught:
        knowledge.with_overlay({"populations": {"clinic": {"not_for": [NOT_FOR[1], NOT_FOR[0] | edit]}}})
    (fault,) = caught.value.faults
    assert fault.place == f"overlay: populations.clinic.not_for[2].{place}"
    assert message in fault.message


# ------------------------------------------------------------------------------------------------------ moves nothing


def random_case(seed: int) -> Case:
    """Hard answers to a third of the shipped findings."""
    rng = np.random.default_rng(seed)
    entries = shipped().content.findings.items()
    return {name: str(rng.choice(entry.states)) for name, entry in entries if rng.random() < 1 / 3}


WITHOUT = shipped().with_overlay({"populations": {name: {"not_for": []} for name in shipped().populations}})


def leaves(value: object) -> Iterator[object]:
    """What a nest of dicts, lists and tuples holds, in order: two sets of tables may differ in a last digit."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from leaves(one)
    else:
        yield value


@given(seed=st.integers(0, 2**32 - 1), population=st.sampled_from(shipped().populations))
def test_it_moves_no_number(seed: int, population: str) -> None:
    """Everything else that is said of a case is the same where no population states anything."""
    case = random_case(seed)
    told = diagnose(case, knowledge=shipped(), population=population).to_dict()
    plain = diagnose(case, knowledge=WITHOUT, population=population).to_dict()
    assert plain["not_for"] == ()
    for key in told.keys() - {"not_for", "priors_digest"}:
        for one, other in zip(leaves(told[key]), leaves(plain[key]), strict=True):
            assert one == (pytest.approx(other, abs=1e-12) if isinstance(other, float) else other), key


def test_the_digest_sees_it() -> None:
    assert shipped().digest != WITHOUT.digest
    assert shipped() != WITHOUT


# --------------------------------------------------------------------------------------------------- what is shipped

ENTRIES = [(name, entry) for name, one in shipped().content.populations.items() for entry in one.not_for]
LINES = [
    pytest.param(name, entry, line, id=f"{name}-{number}-{place}")
    for number, (name, entry) in enumerate(ENTRIES)
    for place, line in enumerate(entry.when)
]


def test_conventions_state_nothing() -> None:
    """Nobody is a patient of theirs."""
    stating = {name for name, _ in ENTRIES}
    for name, entry in shipped().content.populations.items():
        assert (name in stating) != entry.is_convention


@pytest.mark.parametrize(("population", "entry", "line"), LINES)
def test_every_line_that_is_shipped_is_met_by_each_of_its_states(
    population: str, entry: NotFor, line: Mapping[str, Any]
) -> None:
    """With each state named, for certain; and then a population is proposed that is itself for the case."""
    wanted = {name: [states] if isinstance(states, str) else list(states) for name, states in line.items()}
    for states in product(*wanted.values()):
        case = dict(zip(wanted, states, strict=True))
        (told,) = [
            one for one in unsuited_case(case, knowledge=shipped(), population=population) if one.text == entry.text
        ]
        assert not told.possible
        assert told.rather
        for other in told.rather:
            assert False not in said(shipped(), case, other.id).values()


@pytest.mark.parametrize("number", range(len(ENTRIES)))
@given(seed=st.integers(0, 2**32 - 1))
def test_a_case_without_its_findings_is_never_told(number: int, seed: int) -> None:
    population, entry = ENTRIES[number]
    named = {name for line in entry.when for name in line}
    case = {name: state for name, state in random_case(seed).items() if name not in named}
    assert entry.text not in said(shipped(), case, population)


@given(seed=st.integers(0, 2**32 - 1), population=st.sampled_from(shipped().populations))
def test_what_is_shipped_is_said_as_defined(seed: int, population: str) -> None:
    """On random hard answers: exactly the entries whose definition holds; none proposed that is not for the case."""
    case = random_case(seed)
    entries = shipped().content.populations[population].not_for
    found = unsuited_case(case, knowledge=shipped(), population=population)
    assert [(one.text, one.possible) for one in found] == [(one.text, False) for one in entries if holds(one, case)]
    for one in found:
        for other in one.rather:
            assert not any(holds(own, case) for own in shipped().content.populations[other.id].not_for)


def test_the_default_population_is_not_for_a_tear_of_this_minute() -> None:
    """A sudden pop in a runner is told, and a sudden start without one otherwise; a lasting pain is not."""
    for case in ({"pop_felt": "yes"}, {"onset": "sudden", "pop_felt": "yes", "duration": "days"}):
        (told,) = diagnose(case, knowledge=shipped(), population="distance_runners").not_for
        assert told.rather[0].id == "sprint_and_field_sport"
        acute = {share.id: share.probability for share in diagnose(case, population=told.rather[0].id).origins}
        assert acute["acute_hamstring"] > 0.5
    (told,) = diagnose({"onset": "sudden"}, knowledge=shipped(), population="distance_runners").not_for
    assert [other.id for other in told.rather] == ["emergency_department", "primary_care_adults"]
    for case in ({"onset": "sudden", "duration": "months"}, {"onset": "gradual"}, {"duration": "days"}):
        assert not diagnose(case, knowledge=shipped(), population="distance_runners").not_for


# ------------------------------------------------------------------------------------------------------------ tables


def cells_of(rng: np.random.Generator, states: tuple[str, ...]) -> str:
    """An empty, hard, one-of, soft or unreadable cell."""
    one, other = rng.choice(states), rng.choice(states)
    kinds = ["", "", one, one, f"{one}|{other}", f"{one}@{rng.random():.2f}", "nonsense"]
    return str(rng.choice(kinds, p=[0.2, 0.2, 0.2, 0.2, 0.1, 0.09, 0.01]))


def random_table(seed: int, rows: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    entries = shipped().content.findings.items()
    few = ("onset", "duration", "pop_felt", "age_group", "activity", "injury_mechanism", "slump")
    return [{name: cells_of(rng, entry.states) for name, entry in entries if name in few} for _ in range(rows)]


@pytest.mark.parametrize("population", shipped().populations)
def test_a_tables_counts_are_those_of_its_cases_one_by_one(population: str, tmp_path: Path) -> None:
    """Of the rows that are scored; in a batch, in a file, and in a table handed over; no column comes of it."""
    cases = random_table(7, 400)
    expected: dict[tuple[str, bool], int] = {}
    for case in cases:
        try:
            found = unsuited_case(case, knowledge=shipped(), population=population)
        except CaseError:
            continue
        for one in found:
            key = one.text, one.possible
            expected[key] = expected.get(key, 0) + 1
    model = get_model(shipped(), population)
    rows = pa.Table.from_pylist(cases)
    scored = score_batch(model, rows)
    file = tmp_path / "cases.csv"
    lines = [",".join(rows.schema.names), *(",".join(case.values()) for case in cases)]
    file.write_text("\n".join(lines) + "\n")
    tally = score_file(model, str(file), str(tmp_path / "out.csv"))
    upload = score_upload(model, Upload("cases.csv", file.read_bytes()))
    for counts in (scored.unsuited, tally.unsuited, upload.unsuited):
        told = {(one.text, one.possible): number for one, number in counts.items()}
        assert told == expected
    assert scored.batch.schema == output_schema(get_model(WITHOUT, population))


def test_rows_are_told_apart_as_an_array(knowledge: Knowledge) -> None:
    columns = {"walking": ["unable", "normal", "normal|unable", ""], "slump": ["", "positive", "positive@0.6", "x"]}
    cases = read_columns(knowledge, columns, 4)
    expected = [[Fired.YES, Fired.NO, Fired.POSSIBLE, Fired.NO], [Fired.NO, Fired.YES, Fired.POSSIBLE, Fired.NO]]
    assert unsuited_rows(knowledge, "clinic", cases).tolist() == expected
    assert unsuited_rows(knowledge, "alike", cases).shape == (0, 4)
    assert unsuited_rows(knowledge, "a network", cases).shape == (0, 4)


def test_a_network_says_what_the_population_says_whose_base_rates_it_has(knowledge: Knowledge, tmp_path: Path) -> None:
    """But no other population, which would not change its numbers."""
    path = str(tmp_path / "network.bif")
    export_network(get_model(knowledge, "clinic"), path)
    rows = pa.table({"walking": ["unable", "normal"]})
    (told,) = score_batch(network_model(path, knowledge, "clinic"), rows).unsuited.items()
    assert (told[0].text, told[0].rather, told[1]) == ("They walk.", (), 1)
    assert not score_batch(network_model(path, knowledge, "alike"), rows).unsuited


# ------------------------------------------------------------------------------------------------------ command line


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "thighdx", *map(str, words)], capture_output=True, text=True, check=False
    )


TRY = "Try --population sprint_and_field_sport or emergency_department."


@pytest.mark.parametrize("command", ["diagnose", "next", "explain"])
def test_a_person_is_told_and_a_program_too(command: str) -> None:
    done = run(command, "pop_felt=yes")
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    assert text.count(f"{NOT_MEANT}:") == 1
    assert TRY in text
    found = json.loads(run(command, "pop_felt=yes", "--json").stdout)["not_for"]
    assert found == json.loads(json.dumps(diagnose({"pop_felt": "yes"}).to_dict()["not_for"]))
    assert [other["id"] for other in found[0]["rather"]] == ["sprint_and_field_sport", "emergency_department"]
    assert "base rates are not meant" not in run(command, "pop_felt=no").stdout


def test_intervals_and_a_possible_case_are_told() -> None:
    assert TRY in " ".join(run("diagnose", "pop_felt=yes", "--intervals").stdout.split())
    assert f"{MAY_NOT_BE_MEANT}:" in run("diagnose", "onset=sudden|gradual").stdout


def test_score_says_in_how_many_rows_on_standard_error_alone(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("pop_felt,slump\nyes,\nyes,positive\nyes@0.9,\nno,\nyes,nonsense\n")
    done = run("score", file, "--out", "-")
    lines = [line for line in done.stderr.splitlines() if "meant for" in line]
    assert lines[0].startswith("the base rates of distance_runners are not meant for 2 of 4 scored rows: ")
    assert lines[1].startswith("the base rates of distance_runners may not be meant for 1 of 4 scored rows: ")
    assert len(lines) == 2
    assert all(line.endswith(TRY) for line in lines)
    assert "several reasons" not in done.stderr  # within one reason a row is counted once
    assert "meant" not in done.stdout
    assert "meant" not in run("score", file, "--population", "uniform", "--out", "-").stderr
    uniform = run("score", PUBLISHED, "--population", "uniform", "--out", tmp_path / "out.csv")
    assert "meant" not in uniform.stderr


def test_score_says_that_a_row_with_two_reasons_is_in_two_lines(tmp_path: Path) -> None:
    tables = small_priors()
    put(
        tables,
        "populations.clinic.not_for",
        [
            {"text": "They cannot walk.", "when": [{"walking": "unable"}]},
            {"text": "They are blue.", "when": [{"bruise": "yes"}]},
        ],
    )
    folder, file = write_priors(tmp_path, tables), tmp_path / "cases.csv"
    file.write_text("walking,bruise\nunable,yes\nunable,no\n")
    done = run("score", file, "--out", "-", "--priors", folder, "--population", "clinic")
    assert "for 2 of 2 scored rows: They cannot walk." in done.stderr
    assert "for 1 of 2 scored rows: They are blue." in done.stderr
    assert "a row with several reasons counts once for each in the 2 lines above" in done.stderr


def test_nothing_is_said_of_an_empty_table() -> None:
    model = get_model(shipped())
    stream = io.BytesIO(b"onset\n")
    assert not score_upload(model, Upload("cases.csv", stream.getvalue())).unsuited
    assert unsuited_rows(shipped(), model.population, read_case(shipped(), {})).tolist() == [[0]] * len(
        shipped().content.populations[model.population].not_for
    )
