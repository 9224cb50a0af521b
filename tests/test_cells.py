"""The grammar of a cell, and how cells of a case become evidence or a fault with its place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handmade import shipped
from thighdx import CaseError, Knowledge
from thighdx.cases import Cases, read_case, read_columns
from thighdx.cells import EMPTY, Cell, likelihood, parse_cell, parse_cells, parse_number
from thighdx.errors import MOST_HINTS

STATES = ("none", "some", "marked")
MISSING = [None, float("nan"), np.nan, pd.NA, pd.NaT, "", "   ", "\t"]


def of(cases: Cases, knowledge: Knowledge, finding: str) -> Iterator[list[float]]:
    """What each case says of one finding, as the likelihood of each state."""
    position = knowledge.findings.index(finding)
    count = len(knowledge.content.findings[finding].states)
    for row, code in enumerate(cases.evidence.codes[:, position].tolist()):
        cells = np.flatnonzero((cases.evidence.soft_case == row) & (cases.evidence.soft_finding == position))
        if cells.size:
            assert code == 0, "a cell is either a code or a likelihood"
            yield cases.evidence.soft_likelihood[cells[0], :count].tolist()
        else:
            yield [float(code in {0, state + 1}) for state in range(count)]


# ------------------------------------------------------------------------------------------------------ one cell


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("some", [0, 1, 0]),
        (" some ", [0, 1, 0]),
        ("", [1, 1, 1]),
        ("  ", [1, 1, 1]),
        ("some|marked", [0, 1, 1]),
        (" some | marked ", [0, 1, 1]),
        ("marked|some", [0, 1, 1]),
        ("some|some", [0, 1, 0]),
        ("none|some|marked", [1, 1, 1]),
        ("some@0.8", [0.1, 0.8, 0.1]),
        ("some @ 0.8", [0.1, 0.8, 0.1]),
        ("some@.8", [0.1, 0.8, 0.1]),
        ("some@8e-1", [0.1, 0.8, 0.1]),
        ("some@0", [0.5, 0, 0.5]),
        ("some@1", [0, 1, 0]),
        ("some@1.0", [0, 1, 0]),
        ("marked@0.5", [0.25, 0.25, 0.5]),
    ],
)
def test_a_cell_says_how_likely_each_state_is(text: str, expected: list[float]) -> None:
    cell = parse_cell(text, STATES)
    assert cell.fault is None
    assert likelihood(cell, 3) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("text", ["some@1", "some@1.0", "some|some", " some"])
def test_what_is_certain_is_a_hard_answer(text: str) -> None:
    assert parse_cell(text, STATES) == parse_cell("some", STATES)
    assert parse_cell(text, STATES).is_hard


@pytest.mark.parametrize("text", ["", " ", "none|some|marked", "some|none|marked|none"])
def test_what_says_nothing_is_empty(text: str) -> None:
    assert parse_cell(text, STATES) == EMPTY


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sone", ["'sone' is not a state", "none, some or marked", "nearest: some", "empty = not asked"]),
        ("Some", ["'Some' is not a state", "nearest: some"]),
        ("NA", ["'NA' is not a state"]),
        ("nan", ["'nan' is not a state"]),
        ("unknown", ["'unknown' is not a state"]),
        ("1", ["'1' is not a state"]),
        ("some|", ["'' is not a state"]),
        ("|", ["'' is not a state"]),
        ("som|markt", ["'som' is not a state", "'markt' is not a state"]),
        ("some,marked", ["'some,marked' is not a state"]),
        ("some@", ["not a probability", "0 to 1"]),
        ("some@1.1", ["'1.1' is not a probability", "0 to 1"]),
        ("some@-0.1", ["'-0.1' is not a probability"]),
        ("some@80%", ["'80%' is not a probability"]),
        ("some@0,8", ["'0,8' is not a probability"]),
        ("some@nan", ["'nan' is not a probability"]),
        ("some@inf", ["'inf' is not a probability"]),
        ("some@1e999", ["is not a probability"]),
        ("some@0.5@0.5", ["is not a probability"]),
        ("some@\u0661", ["is not a probability"]),
        ("sone@0.8", ["'sone' is not a state", "nearest: some"]),
        ("@0.8", ["'' is not a state"]),
        ("some|marked@0.8", ["several states", "one state"]),
        ("some@0.8|marked", ["several states", "one state"]),
    ],
)
def test_a_bad_cell_says_what_was_found_and_what_is_accepted(text: str, words: list[str]) -> None:
    """And it is no evidence: a bad cell is never read as its nearest state."""
    cell = parse_cell(text, STATES)
    assert cell.fault is not None
    assert [word for word in words if word not in cell.fault] == []
    assert likelihood(cell, 3).tolist() == [1, 1, 1]


@given(text=st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is a cell: with a fault, or with likelihoods from 0 to 1 of which one at least is above 0."""
    cell = parse_cell(text, STATES)
    weights = likelihood(cell, 3)
    assert ((weights >= 0) & (weights <= 1)).all()
    assert weights.max() > 0
    assert cell.fault is None or cell.is_empty


@given(stated=st.floats(0, 1), count=st.integers(2, 7))
def test_a_soft_cell_shares_the_rest_equally(stated: float, count: int) -> None:
    states = tuple(f"s{number}" for number in range(count))
    weights = likelihood(parse_cell(f"s1@{stated!r}", states), count)
    assert weights[1] == stated
    np.testing.assert_allclose(np.delete(weights, 1), (1 - stated) / (count - 1), rtol=0, atol=1e-15)
    assert weights.sum() == pytest.approx(1)


@given(named=st.lists(st.sampled_from(STATES), min_size=1, max_size=6))
def test_a_one_of_cell_is_the_set_of_its_states(named: list[str]) -> None:
    """Order and repetition do not matter."""
    assert likelihood(parse_cell("|".join(named), STATES), 3).tolist() == [float(state in named) for state in STATES]


def test_a_long_bad_cell_is_cut_in_the_message() -> None:
    cell = parse_cell("x" * 10_000, STATES)
    assert cell.fault is not None
    assert len(cell.fault) < 300


# ------------------------------------------------------------------------------------------------------ the columns


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_missing_marks_are_not_asked(knowledge: Knowledge, missing: object) -> None:
    """None, NaN, NaT, pandas' NA and blanks are "not asked", which never means normal."""
    cases = read_columns(knowledge, {"bruise": [missing, "no"], "age": [missing, missing]}, 2)
    assert not cases.problems
    assert list(of(cases, knowledge, "bruise")) == [[1, 1], [1, 0]]
    assert list(of(cases, knowledge, "age_group")) == [[1, 1, 1]] * 2


@pytest.mark.parametrize("cell", [True, False, 1, 0, 2.5, ["yes"]], ids=repr)
def test_what_is_no_text_is_read_as_its_text_and_so_mostly_bad(knowledge: Knowledge, cell: object) -> None:
    """Neither True nor 1 stands for `yes`: nobody has said so."""
    cases = read_columns(knowledge, {"bruise": [cell]}, 1)
    assert [problem.column for problem in cases.problems] == ["bruise"]
    assert cases.evidence.codes.tolist() == [[0] * len(knowledge.findings)]


def test_every_bad_cell_is_reported_in_row_order_and_no_row_lost(knowledge: Knowledge) -> None:
    columns: dict[str, list[str | None]] = {
        "slump": ["", "", "", "z"],
        "bruise": ["yes", "yess", None, "no"],
        "walking": ["normal", "x", "y", "limping|unable"],
        "note": ["z"] * 4,
    }
    cases = read_columns(knowledge, columns, 4)
    assert [(problem.row, problem.column) for problem in cases.problems] == [
        (1, "bruise"),
        (1, "walking"),
        (2, "walking"),
        (3, "slump"),
    ]
    said = cases.statuses()
    assert said[0] == "ok"
    assert "'bruise'" in said[1]
    assert "'walking'" in said[1]
    assert "'y' is not a state" in said[2]
    assert list(of(cases, knowledge, "bruise")) == [[0, 1], [1, 1], [1, 1], [1, 0]]
    assert list(of(cases, knowledge, "walking")) == [[1, 0, 0], [1, 1, 1], [1, 1, 1], [0, 1, 1]]


def test_a_single_case_is_refused_with_every_fault(knowledge: Knowledge) -> None:
    with pytest.raises(CaseError) as refused:
        read_case(knowledge, {"bruize": "yes", "walking": "unabel", "slump": "positive", "age": "old"})
    said = [str(fault) for fault in refused.value.faults]
    assert len(said) == 3
    assert "nearest: bruise" in said[0]
    assert "walking: 'unabel' is not a state" in said[1] or "walking: 'unabel' is not a state" in said[2]
    assert any(fault.place == "age" and "years" in fault.message for fault in refused.value.faults)


@given(rows=st.lists(st.sampled_from(["yes", "no", "", "yes@0.7", "bad", None, "yes|no"]), max_size=30))
def test_columns_are_read_cell_by_cell(rows: list[str | None]) -> None:
    """A column of many cells says of each row what the cell says alone, however often cells repeat."""
    found = list(of(read_columns(shipped(), {"pop_felt": rows}, len(rows)), shipped(), "pop_felt"))
    alone = [likelihood(parse_cell(cell or "", ("no", "yes")), 2).tolist() for cell in rows]
    assert found == alone


# ---------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("age", "state"),
    [
        ("0", "young"),
        ("29", "young"),
        ("29.9", "young"),
        (29, "young"),
        ("30", "middle"),
        (30.0, "middle"),
        (" 59 ", "middle"),
        ("60", "old"),
        (np.int64(75), "old"),
        ("120", "old"),
    ],
)
def test_a_number_is_the_state_between_its_cut_points(knowledge: Knowledge, age: object, state: str) -> None:
    """A cut point is the least number of the state above it."""
    states = knowledge.content.findings["age_group"].states
    (found,) = of(read_case(knowledge, {"age": age}), knowledge, "age_group")
    assert found == [float(one == state) for one in states]


@pytest.mark.parametrize("age", ["-1", "120.5", "121", "forty", "40 years", "4O", "inf", "nan", "1e9", "0x20", "40-50"])
def test_what_is_no_age_is_a_bad_cell(knowledge: Knowledge, age: str) -> None:
    (problem,) = read_columns(knowledge, {"age": [age]}, 1).problems
    assert problem.column == "age"
    assert f"'{age}' is not a number of years; accepted: 0 to 120" in problem.message


@pytest.mark.parametrize(
    ("age", "group", "expected"),
    [
        ("45", "middle", [0, 1, 0]),
        ("45", "", [0, 1, 0]),
        ("", "middle", [0, 1, 0]),
        ("", "", [1, 1, 1]),
        ("45", "middle|old", [0, 1, 0]),
        ("45", "middle@0.6", [0, 1, 0]),
        ("45", "old@0.9", [0, 1, 0]),
        ("", "middle|old", [0, 1, 1]),
        ("", "old@0.9", [0.05, 0.05, 0.9]),
    ],
)
def test_age_beside_age_group(knowledge: Knowledge, age: str, group: str, expected: list[float]) -> None:
    """The exact age counts where both are given and do not contradict each other."""
    for columns in ({"age": [age], "age_group": [group]}, {"age_group": [group], "age": [age]}):
        cases = read_columns(knowledge, columns, 1)
        assert not cases.problems
        assert list(of(cases, knowledge, "age_group")) == [pytest.approx(expected)]


@pytest.mark.parametrize(
    ("age", "group", "words"),
    [
        ("45", "old", ["45 years is 'middle'", "at odds with 'old'"]),
        ("45", "young|old", ["at odds"]),
        ("45", "middle@0", ["at odds"]),
        ("45", "old@1", ["at odds"]),
        ("45", "midle", ["'midle' is not a state"]),
        ("450", "middle", ["'450' is not a number of years"]),
        ("450", "midle", ["'450' is not a number of years", "'midle' is not a state"]),
    ],
)
def test_age_at_odds_with_age_group_is_a_bad_row(knowledge: Knowledge, age: str, group: str, words: list[str]) -> None:
    """Both columns are named, both faults said, and neither is taken for evidence."""
    cases = read_columns(knowledge, {"age": ["45", age], "age_group": ["middle", group]}, 2)
    (problem,) = cases.problems
    assert problem.row == 1
    assert problem.column == "age, age_group"
    assert [word for word in words if word not in problem.message] == []
    assert list(of(cases, knowledge, "age_group")) == [[0, 1, 0], [1, 1, 1]]


def test_the_shipped_cut_points_are_those_of_the_vocabulary() -> None:
    """`age` 17, 18, 39, 40, 59, 60: under 18, 18 to 39, 40 to 59, 60 and over, as the states are named."""
    ages = {17: "under_18", 18: "18_39", 39: "18_39", 40: "40_59", 59: "40_59", 60: "60_plus"}
    for age, group in ages.items():
        by_age, by_group = read_case(shipped(), {"age": age}), read_case(shipped(), {"age_group": group})
        np.testing.assert_array_equal(by_age.evidence.codes, by_group.evidence.codes)


def test_a_cell_without_a_fault_has_states_or_is_empty() -> None:
    assert Cell().is_empty
    assert Cell((1,)).is_hard
    assert not Cell((0, 1)).is_hard
    assert not Cell((1,), stated=0.8).is_hard


@pytest.mark.parametrize("text", ["1" * 1_000_000 + "x", "sudden@" + "1" * 1_000_000 + "x"])
def test_a_huge_cell_is_refused_at_once_and_said_briefly(text: str) -> None:
    """A quadratic pattern would take hours here."""
    cell = parse_cell(text, ("gradual", "sudden"))
    assert cell.fault is not None
    assert len(cell.fault) < 500
    said = parse_number(text, 0, 120, "years")
    assert isinstance(said, str)
    assert len(said) < 500


def test_control_characters_of_a_cell_do_not_reach_the_terminal() -> None:
    fault = parse_cell("\x1b]0;title\x07", ("no", "yes")).fault
    assert fault is not None
    assert fault.isprintable()


def test_of_many_wrong_alternatives_a_few_are_named() -> None:
    fault = parse_cell("|".join(f"x{number}" for number in range(100)), ("no", "yes")).fault
    assert fault is not None
    assert "and 95 more" in fault


def test_only_so_many_faulty_texts_of_a_column_get_a_hint() -> None:
    """A table of nothing but misspelt cells is read in the time of its rows."""
    texts = ["sudden", *(f"suden{number}" for number in range(MOST_HINTS + 5)), "gradual"]
    cells = parse_cells(texts, ("sudden", "gradual"))
    assert [cell.states for cell in (cells[0], cells[-1])] == [(0,), (1,)]
    faults = [cell.fault or "" for cell in cells[1:-1]]
    assert all("is not a state; use sudden or gradual" in fault for fault in faults)
    assert ["nearest: sudden" in fault for fault in faults] == [True] * MOST_HINTS + [False] * 5
