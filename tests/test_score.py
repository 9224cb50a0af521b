"""Case tables to scored tables: the contract, row by row, against single diagnoses and the definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import log2, prod
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handmade import shipped
from tests.oracle import enumerated_posterior
from thighdx import Knowledge, KnowledgeError, TableError, __version__, diagnose, score
from thighdx.assess import Model, assess, get_model
from thighdx.cases import read_columns
from thighdx.cells import likelihood, parse_cell
from thighdx.engine import Engine
from thighdx.scoring.batch import output_schema, score_batch
from thighdx.tables import build_tables

CELLS = {
    "age": ["", "25", "45", "70.5"],
    "age_group": ["", "middle|old"],
    "bruise": ["", "no", "yes", "yes@0.7"],
    "walking": ["", "normal", "limping|unable", "unable@0.6", "unable"],
    "slump": ["", "negative", "positive"],
    "quality": ["", "dull", "burning", "sharp|spasm"],
}


def random_frame(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Cases for the small priors; where an age is given, no age group is."""
    frame = pd.DataFrame({name: rng.choice(np.array(cells, dtype=object), rows) for name, cells in CELLS.items()})
    frame.loc[frame["age"] != "", "age_group"] = ""
    return frame


def probabilities(scored: pd.DataFrame) -> pd.DataFrame:
    return scored.filter(regex="^p_")


# -------------------------------------------------------------------------------------------------- columns and rows


def test_the_columns_are_those_of_the_contract() -> None:
    causes = [f"p_{cause}" for cause in shipped().causes]
    origins = [f"origin_{origin}" for origin in ("non_hamstring", "hamstring_irritation", "acute_hamstring")]
    expected = ["case_id", "status", "triage", "triage_posterior", "red_flags", "top_cause", "top_probability"]
    expected += [*causes, *origins, "grade_1", "grade_2", "grade_3"]
    expected += ["conflict", "population", "model_version", "priors_digest"]
    scored = score(pd.DataFrame({"onset": ["sudden"]}))
    assert scored.columns.tolist() == expected == output_schema(get_model()).names
    assert len(causes) == 31


def test_there_are_as_many_rows_in_the_same_order_under_the_same_index(knowledge: Knowledge) -> None:
    frame = random_frame(np.random.default_rng(0), 50)
    frame.index = pd.Index(np.random.default_rng(1).permutation(50) % 7)
    scored = score(frame, knowledge=knowledge)
    assert scored.index.tolist() == frame.index.tolist()
    assert scored["case_id"].tolist() == [str(number) for number in range(1, 51)]
    backwards = score(frame.iloc[::-1], knowledge=knowledge)
    np.testing.assert_allclose(probabilities(backwards)[::-1], probabilities(scored), rtol=0, atol=1e-14)


def test_no_rows_give_the_columns_alone(knowledge: Knowledge) -> None:
    scored = score(pd.DataFrame({"bruise": []}), knowledge=knowledge)
    assert len(scored) == 0
    assert scored.columns.tolist() == output_schema(get_model(knowledge)).names


def test_no_columns_are_cases_of_which_nothing_is_known(knowledge: Knowledge) -> None:
    """The base rates, `routine`, and no conflict."""
    scored = score(pd.DataFrame(index=range(3)), knowledge=knowledge)
    base = build_tables(knowledge).prior
    np.testing.assert_allclose(probabilities(scored), np.tile(base, (3, 1)), rtol=0, atol=1e-15)
    assert scored["status"].tolist() == ["ok"] * 3
    assert scored["triage"].tolist() == ["routine"] * 3
    assert scored["red_flags"].tolist() == [""] * 3
    np.testing.assert_allclose(scored["conflict"], 0, atol=1e-14)


def test_the_frame_given_is_left_alone(knowledge: Knowledge) -> None:
    frame = random_frame(np.random.default_rng(0), 5)
    before = frame.copy(deep=True)
    score(frame, knowledge=knowledge, keep=True)
    pd.testing.assert_frame_equal(frame, before)


def test_case_ids_are_kept_and_repeated_ones_too(knowledge: Knowledge) -> None:
    frame = pd.DataFrame({"case_id": ["b", "a", "b", ""], "bruise": ["yes", "no", "no", "yes"]})
    scored = score(frame, knowledge=knowledge)
    assert scored["case_id"].tolist() == ["b", "a", "b", ""]
    assert scored["p_tear"][0] > scored["p_tear"][2]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([7, 8], ["7", "8"]),
        (pd.array([7, None], dtype="Int64"), ["7", ""]),
        (pd.array(["x", None], dtype="string"), ["x", ""]),
        (["x", None], ["x", ""]),
    ],
)
def test_case_ids_may_be_numbers_or_missing(knowledge: Knowledge, ids: Any, expected: list[str]) -> None:
    frame = pd.DataFrame({"case_id": ids, "bruise": ["yes", "no"]})
    assert score(frame, knowledge=knowledge)["case_id"].tolist() == expected


def test_without_case_ids_rows_are_numbered_from_the_first_one_on(knowledge: Knowledge) -> None:
    scored = score_batch(get_model(knowledge), pa.table({"bruise": ["yes", "no"]}), first_row=1001).batch.to_pydict()
    assert scored["case_id"] == ["1001", "1002"]


def test_every_row_names_what_it_was_scored_with(knowledge: Knowledge) -> None:
    frame = random_frame(np.random.default_rng(0), 3)
    for population in (None, "alike"):
        scored = score(frame, knowledge=knowledge, population=population)
        assert scored["population"].tolist() == [population or "clinic"] * 3
        assert scored["priors_digest"].tolist() == [knowledge.digest] * 3
        assert scored["model_version"].tolist() == [__version__] * 3


def test_an_unknown_population_is_refused_with_the_nearest(knowledge: Knowledge) -> None:
    with pytest.raises(KnowledgeError, match="'clinics' is not a population; use clinic or alike; nearest: clinic"):
        score(pd.DataFrame({"bruise": ["yes"]}), knowledge=knowledge, population="clinics")


# ------------------------------------------------------------------------------------------------- what a cell may be


@pytest.mark.parametrize(
    "column",
    [
        ["yes", None, "no"],
        ["yes", float("nan"), "no"],
        ["yes", "", "no"],
        [" yes", " ", "no "],
        ["yes", "yes|no", "no"],
        pd.array(["yes", None, "no"], dtype="string"),
        pd.Categorical(["yes", None, "no"]),
        pd.Series(["yes", pd.NA, "no"], dtype=object),
    ],
    ids=["None", "NaN", "empty", "spaces", "one of all", "string", "categorical", "NA"],
)
def test_a_missing_cell_is_a_column_left_out(knowledge: Knowledge, column: Any) -> None:
    """However a frame writes "missing", the row is scored by its other answers alone."""
    scored = score(pd.DataFrame({"bruise": column, "slump": ["positive"] * 3}), knowledge=knowledge)
    alone = score(pd.DataFrame({"slump": ["positive"]}), knowledge=knowledge)
    assert scored["status"].tolist() == ["ok"] * 3
    np.testing.assert_allclose(probabilities(scored).iloc[1], probabilities(alone).iloc[0], rtol=0, atol=1e-13)
    assert scored["p_tear"][0] > scored["p_tear"][1] > scored["p_tear"][2]


@pytest.mark.parametrize(
    "ages",
    [
        [25, 70, None],
        pd.array([25, 70, None], dtype="Int64"),
        ["25", "70", ""],
        [25.0, 70.9, float("nan")],
    ],
    ids=["object", "Int64", "text", "float"],
)
def test_ages_stand_for_age_groups(knowledge: Knowledge, ages: Any) -> None:
    by_age = score(pd.DataFrame({"age": ages}), knowledge=knowledge)
    by_group = score(pd.DataFrame({"age_group": ["young", "old", ""]}), knowledge=knowledge)
    np.testing.assert_allclose(probabilities(by_age), probabilities(by_group), rtol=0, atol=1e-13)


# -------------------------------------------------------------------------------------------------------- bad rows


def test_a_row_with_a_bad_cell_keeps_its_flags_and_has_no_numbers(knowledge: Knowledge) -> None:
    frame = pd.DataFrame(
        {
            "age": ["70", "70", "70"],
            "quality": ["burning", "burning", "dull"],
            "slump": ["positive", "pos", "positive"],
        }
    )
    scored = score(frame, knowledge=knowledge)
    assert scored["status"].tolist()[::2] == ["ok", "ok"]
    assert "column 'slump': 'pos' is not a state; use negative or positive" in scored["status"][1]
    assert scored["triage"].tolist() == ["emergency", "emergency", "routine"]
    assert scored["red_flags"].tolist() == ["burning_after_sixty", "burning_after_sixty", ""]
    numbers = scored.select_dtypes("float64")
    assert numbers.loc[1].isna().all()
    assert numbers.loc[[0, 2]].notna().all().all()
    assert scored["top_cause"].isna().tolist() == [False, True, False]
    without = score(frame.drop(index=1), knowledge=knowledge)
    np.testing.assert_allclose(probabilities(scored.loc[[0, 2]]), probabilities(without), rtol=0, atol=1e-13)


def test_an_assessment_has_no_numbers_for_a_row_that_is_not_ok(knowledge: Knowledge) -> None:
    """NaN throughout and no leading cause, so that nothing computed from a bad row can be taken for a result."""
    cases = read_columns(knowledge, {"bruise": ["yes", "maybe"], "walking": ["unable", "unable"]}, 2)
    found = assess(get_model(knowledge), cases)
    for numbers in (
        found.probability,
        found.origins,
        found.conflict[:, None],
        *(one[:, None] for one in found.grades.values()),
    ):
        assert np.isfinite(numbers[0]).all()
        assert np.isnan(numbers[1]).all()
    assert found.top.tolist() == [0, -1]
    assert list(found.flags.urgency) == ["urgent", "urgent"]


def test_a_row_says_everything_that_is_wrong_with_it(knowledge: Knowledge) -> None:
    frame = pd.DataFrame({"bruise": ["maybe"], "slump": ["pos"], "age": ["old"], "walking": ["unable"]})
    status = score(frame, knowledge=knowledge)["status"][0]
    assert [name for name in ("'bruise'", "'slump'", "'age'") if name not in status] == []
    assert "walking" not in status


def test_age_and_age_group_at_odds_make_a_bad_row(knowledge: Knowledge) -> None:
    """The other answers' red flags stand; those that need the age do not fire."""
    frame = pd.DataFrame({"age": ["70"], "age_group": ["young"], "quality": ["burning"], "walking": ["unable"]})
    scored = score(frame, knowledge=knowledge)
    assert "at odds with 'young'" in scored["status"][0]
    assert scored["red_flags"][0] == "cannot_walk;walks_badly"
    assert probabilities(scored).isna().all().all()


def test_rows_broken_as_a_whole_keep_the_flags_of_their_readable_cells(knowledge: Knowledge) -> None:
    """As from a CSV line with too few cells."""
    columns = {"walking": ["unable", "unable"], "slump": ["", ""]}
    faults = {1: "has 1 cell, the header 2"}
    scored = score_batch(get_model(knowledge), pa.table(columns), row_faults=faults).batch.to_pydict()
    assert scored["status"][0] == "ok"
    assert "has 1 cell, the header 2" in scored["status"][1]
    assert scored["red_flags"] == ["cannot_walk;walks_badly"] * 2
    assert scored["p_tear"][1] is None
    assert scored["top_cause"][1] is None


def test_impossible_evidence_is_said_and_leaves_flags_standing(knowledge: Knowledge) -> None:
    """Where no cause can give the answers there are no numbers: None, not NaN and not zeros."""
    model = get_model(knowledge)
    tables = model.tables
    rows = np.tile([1.0, 0.0, 0.0, 0.0], (3, 1))
    findings = [replace(one, rows=rows) if one.id == "quality" else one for one in tables.findings]
    only_dull = Model(knowledge, "clinic", Engine(replace(tables, findings=tuple(findings))))
    columns = {"quality": ["sharp", "dull", "sharp"], "walking": ["unable", "unable", ""]}
    scored = score_batch(only_dull, pa.table(columns)).batch.to_pydict()
    assert [said.split(":")[0] for said in scored["status"]] == ["impossible", "ok", "impossible"]
    assert scored["triage"] == ["urgent", "urgent", "routine"]
    numbers = [field.name for field in output_schema(only_dull) if field.type == pa.float64()]
    for name in [*numbers, "top_cause"]:
        assert scored[name][0] is None
        assert scored[name][1] is not None


# --------------------------------------------------------------------------------------------------------- numbers


def test_a_scored_row_is_the_diagnosis_of_the_case() -> None:
    """Table and single case agree in every number, on the shipped priors, for cells of every kind."""
    frame = pd.DataFrame(
        {
            "onset": ["sudden", "gradual", "", "sudden|gradual"],
            "pop_felt": ["yes", "", "no@0.9", "no"],
            "age": ["25", "", "67", "15"],
            "saddle_numbness": ["", "yes", "yes@0.4", "no"],
        }
    )
    scored = score(frame, population="uniform")
    for row in range(len(frame)):
        found = diagnose({str(name): cell for name, cell in frame.loc[row].items()}, population="uniform")
        line = scored.loc[row]
        assert line["triage"] == found.triage
        assert line["top_cause"] == found.top.id
        assert line["top_probability"] == pytest.approx(found.top.probability, abs=1e-14)
        assert line["conflict"] == pytest.approx(found.conflict, abs=1e-12)
        for share in found.causes:
            assert line[f"p_{share.id}"] == pytest.approx(share.probability, abs=1e-14)
        for share in found.origins:
            assert line[f"origin_{share.id}"] == pytest.approx(share.probability, abs=1e-14)
        for share in found.grades:
            assert line[share.id] == pytest.approx(share.probability, abs=1e-14)
        flags = {flag.id + ("?" if flag.possible else "") for flag in found.red_flags}
        assert set(filter(None, line["red_flags"].split(";"))) == flags


@given(seed=st.integers(0, 2**32 - 1))
def test_causes_origins_and_grades_add_up(knowledge: Knowledge, seed: int) -> None:
    scored = score(random_frame(np.random.default_rng(seed), 20), knowledge=knowledge)
    np.testing.assert_allclose(probabilities(scored).sum(axis=1), 1, rtol=0, atol=1e-13)
    np.testing.assert_allclose(scored["origin_muscle"], scored["p_tear"] + scored["p_ache"], rtol=0, atol=1e-14)
    np.testing.assert_allclose(scored["origin_nerve"], scored["p_root"], rtol=0, atol=1e-14)
    np.testing.assert_allclose(scored["grade_1"] + scored["grade_2"], 1, rtol=0, atol=1e-13)
    np.testing.assert_allclose(scored["top_probability"], probabilities(scored).max(axis=1), rtol=0, atol=1e-12)


def vectors(knowledge: Knowledge, frame: pd.DataFrame) -> Iterator[list[list[float]]]:
    """The likelihood vectors of each row, read cell by cell."""
    for _, row in frame.iterrows():
        yield [
            likelihood(parse_cell(str(row.get(name, "")), entry.states), len(entry.states)).tolist()
            for name, entry in knowledge.content.findings.items()
        ]


def test_posterior_grades_and_conflict_are_their_definitions(knowledge: Knowledge) -> None:
    """On the small priors, by summing the whole joint: P(cause | e), P(level | tear, e) and
    conflict = log2(prod P(e_i) / P(e)), for hard, one-of and soft answers."""
    tables = build_tables(knowledge)
    frame = random_frame(np.random.default_rng(4), 25).drop(columns="age")
    scored = score(frame, knowledge=knowledge)
    conflicts = []
    for row, case in enumerate(vectors(knowledge, frame)):
        expected = enumerated_posterior(tables, case)
        line = scored.loc[row]
        np.testing.assert_allclose(
            line[[f"p_{cause}" for cause in tables.causes]].astype(float), expected.causes, atol=1e-12
        )
        levels = expected.levels[0][tables.causes.index("tear")]
        assert levels[0] == 0, "a tear is damage by definition"
        np.testing.assert_allclose(line[["grade_1", "grade_2"]].astype(float), levels[1:], atol=1e-12)
        alone = [
            enumerated_posterior(
                tables, [vector if one == asked else [1.0] * len(vector) for one, vector in enumerate(case)]
            )
            for asked in range(len(case))
        ]
        conflicts.append(log2(prod(one.evidence for one in alone) / expected.evidence))
    np.testing.assert_allclose(scored["conflict"], conflicts, rtol=0, atol=1e-10)
    assert min(conflicts) < -0.1 < 0.1 < max(conflicts)


def test_a_single_answer_has_no_conflict(knowledge: Knowledge) -> None:
    frame = pd.DataFrame([{name: cells[-1]} for name, cells in CELLS.items()]).fillna("")
    assert len(frame) == len(CELLS)
    np.testing.assert_allclose(score(frame, knowledge=knowledge)["conflict"], 0, atol=1e-12)


@pytest.mark.parametrize(
    ("tear", "ache", "top"),
    [
        (0.4, 0.4, "tear"),
        (0.4, 0.4 + 1e-13, "tear"),
        (0.4, 0.4 + 1e-10, "ache"),
        (0.4 + 1e-10, 0.4, "tear"),
        (0.2, 0.2, "root"),
    ],
)
def test_a_tie_within_1e_12_goes_by_the_order_of_the_vocabulary(
    knowledge: Knowledge, tear: float, ache: float, top: str
) -> None:
    shares = {"p": {"tear": tear, "ache": ache}, "weight": 1, "estimate": "a tie"}
    tied = knowledge.with_overlay({"populations": {"alike": {"causes": shares}}})
    scored = score(pd.DataFrame({"bruise": [""]}), knowledge=tied, population="alike")
    assert scored["top_cause"].tolist() == [top]
    assert diagnose({}, knowledge=tied, population="alike").top.id == top


def test_red_flags_are_listed_with_what_is_only_possible_marked(knowledge: Knowledge) -> None:
    frame = pd.DataFrame(
        {"walking": ["unable", "normal|unable", "normal"], "age": ["80", "80", "8"], "quality": "burning"}
    )
    assert score(frame, knowledge=knowledge)["red_flags"].tolist() == [
        "cannot_walk;burning_after_sixty;walks_badly",
        "cannot_walk?;burning_after_sixty;walks_badly?",
        "",
    ]


@given(order=st.permutations(list(CELLS)))
def test_the_order_of_columns_does_not_matter(knowledge: Knowledge, order: list[str]) -> None:
    frame = random_frame(np.random.default_rng(6), 10)
    pd.testing.assert_frame_equal(score(frame[order], knowledge=knowledge), score(frame, knowledge=knowledge))


def test_rows_scored_in_parts_are_the_rows_scored_at_once(knowledge: Knowledge) -> None:
    frame = random_frame(np.random.default_rng(7), 60)
    whole = score(frame, knowledge=knowledge)
    parts = [score(frame[start : start + 7], knowledge=knowledge) for start in range(0, 60, 7)]
    np.testing.assert_allclose(pd.concat(map(probabilities, parts)), probabilities(whole), rtol=0, atol=1e-14)


# ----------------------------------------------------------------------------------------------------- other columns


def test_other_columns_are_kept_on_request_only(knowledge: Knowledge) -> None:
    frame = pd.DataFrame({"bruise": ["yes"], "ward": ["B"], "status": ["seen"], 5: [1.5], "case_id": ["x"]})
    plain = score(frame, knowledge=knowledge)
    kept = score(frame, knowledge=knowledge, keep=True)
    assert set(kept.columns) - set(plain.columns) == {"ward", "input_status", "5"}
    assert [kept[name].tolist() for name in ("ward", "input_status", "5")] == [["B"], ["seen"], [1.5]]
    assert kept["status"].tolist() == ["ok"]
    pd.testing.assert_frame_equal(kept[plain.columns], plain)


@pytest.mark.parametrize("keep", [["ward"], ("ward",), "ward"])
def test_named_columns_are_kept(knowledge: Knowledge, keep: Any) -> None:
    """Answers may be kept by name too."""
    frame = pd.DataFrame({"bruise": ["yes"], "ward": ["B"], "room": [3]})
    kept = score(frame, knowledge=knowledge, keep=keep)
    assert kept["ward"].tolist() == ["B"]
    assert "room" not in kept
    assert score(frame, knowledge=knowledge, keep=["bruise"])["bruise"].tolist() == ["yes"]


def test_a_kept_column_that_is_not_there_is_refused(knowledge: Knowledge) -> None:
    with pytest.raises(KeyError, match="wart"):
        score(pd.DataFrame({"bruise": ["yes"], "ward": ["B"]}), knowledge=knowledge, keep=["wart"])


def test_a_column_named_twice_is_refused(knowledge: Knowledge) -> None:
    """Which of the two answers counts is not for the program to choose."""
    frame = pd.DataFrame([["yes", "no"]], columns=["bruise", "bruise"])
    with pytest.raises(TableError, match="bruise"):
        score(frame, knowledge=knowledge)


def test_reading_leaves_other_columns_alone(knowledge: Knowledge) -> None:
    cases = read_columns(knowledge, {"bruise": ["yes"], "bruize": ["no"], "ward": [object()]}, 1)
    assert not cases.problems
    assert list(cases.answers) == ["bruise"]
