"""Red flags: rules on the answers alone. What fires them, how surely, and that nothing silences them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handmade import put, shipped, small_priors, write_priors
from thighdx import Knowledge, diagnose, load_knowledge
from thighdx.cases import read_case, read_columns
from thighdx.schema import RedFlag
from thighdx.tables import Tables, build_tables
from thighdx.triage import Fired, red_flags

Case = dict[str, str]


@cache
def shipped_tables() -> Tables:
    return build_tables(shipped())


def fired(knowledge: Knowledge, case: Mapping[str, object]) -> dict[str, Fired]:
    return red_flags(knowledge, read_case(knowledge, case)).of(0)


def urgency(knowledge: Knowledge, case: Mapping[str, object]) -> str:
    return red_flags(knowledge, read_case(knowledge, case)).urgency[0]


def holds(rule: RedFlag, case: Case) -> bool:
    """The definition for hard answers: every answer of any one of the alternatives is given."""
    return any(
        all(case.get(finding) in ([wanted] if isinstance(wanted, str) else wanted) for finding, wanted in line.items())
        for line in rule.when
    )


# ------------------------------------------------------------------------------------------------- how surely it fires


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, {}),
        ({"walking": "normal"}, {}),
        ({"walking": "unable"}, {"cannot_walk": Fired.YES, "walks_badly": Fired.YES}),
        ({"walking": "limping"}, {"walks_badly": Fired.YES}),
        ({"walking": "limping|unable"}, {"cannot_walk": Fired.POSSIBLE, "walks_badly": Fired.YES}),
        ({"walking": "normal|unable"}, {"cannot_walk": Fired.POSSIBLE, "walks_badly": Fired.POSSIBLE}),
        ({"walking": "normal|limping"}, {"walks_badly": Fired.POSSIBLE}),
        ({"walking": "normal|limping|unable"}, {}),
        ({"quality": "burning"}, {}),
        ({"age_group": "old"}, {}),
        ({"age_group": "old", "quality": "burning"}, {"burning_after_sixty": Fired.YES}),
        ({"age": "61", "quality": "burning"}, {"burning_after_sixty": Fired.YES}),
        ({"age": "59", "quality": "burning"}, {}),
        ({"age_group": "old", "quality": "burning|spasm"}, {"burning_after_sixty": Fired.POSSIBLE}),
        ({"age_group": "middle|old", "quality": "burning|spasm"}, {"burning_after_sixty": Fired.POSSIBLE}),
        ({"age_group": "young|middle", "quality": "burning"}, {}),
        ({"bruise": "yes", "quality": "sharp"}, {"walks_badly": Fired.YES}),
        ({"bruise": "yes", "quality": "sharp|dull", "walking": "limping"}, {"walks_badly": Fired.YES}),
        ({"bruise": "yes", "quality": "sharp|dull", "walking": "normal"}, {"walks_badly": Fired.POSSIBLE}),
        ({"bruise": "no", "quality": "sharp"}, {}),
    ],
)
def test_hard_and_one_of_answers(knowledge: Knowledge, case: Case, expected: dict[str, Fired]) -> None:
    """A hard answer fires a rule, a one-of answer makes it possible unless all its states are named, silence never."""
    assert fired(knowledge, case) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("unable@0.5", Fired.YES),  # the threshold itself
        ("unable@0.51", Fired.YES),
        ("unable@1", Fired.YES),
        ("unable@0.499999", Fired.NO),
        ("unable@0", Fired.NO),
        ("normal@0", Fired.YES),  # leaves 0.5 for each of the others
        ("normal@0.01", Fired.NO),  # leaves 0.495
    ],
)
def test_a_soft_answer_fires_from_the_threshold_on(knowledge: Knowledge, cell: str, expected: Fired) -> None:
    """The stated probability counts, not what the model makes of it."""
    assert fired(knowledge, {"walking": cell}).get("cannot_walk", Fired.NO) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("unable@0.5", Fired.YES),
        ("unable@0", Fired.YES),  # limping 0.5
        ("normal@0.5", Fired.YES),  # limping and unable 0.25 each
        ("normal@0.51", Fired.NO),
        ("limping@0.1", Fired.YES),  # 0.1 and 0.45
    ],
)
def test_the_states_that_a_rule_names_count_together(knowledge: Knowledge, cell: str, expected: Fired) -> None:
    """A rule that names several states fires where their stated probabilities add up to the threshold."""
    assert fired(knowledge, {"walking": cell}).get("walks_badly", Fired.NO) == expected


@pytest.mark.parametrize("threshold", [0.2, 0.8])
def test_the_threshold_is_the_one_held_in_the_priors(knowledge: Knowledge, threshold: float) -> None:
    moved = knowledge.with_overlay({"thresholds": {"soft_red_flag": threshold}})
    assert "cannot_walk" in fired(moved, {"walking": f"unable@{threshold}"})
    assert "cannot_walk" not in fired(moved, {"walking": f"unable@{threshold - 0.01}"})


def test_rounding_does_not_silence_a_rule_at_the_threshold(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`a@0.5` leaves 0.5 for six other states together, though six twelfths add up to a little less in binary."""
    tables = small_priors()
    states = [f"s{number}" for number in range(7)]
    p = dict.fromkeys(states[1:], 0.1)
    background = {"p": p, "weight": 1, "estimate": "a guess"}
    put(
        tables,
        "findings.many",
        {"kind": "sign", "states": states, "question": "?", "judge": ".", "background": background},
    )
    rule = tables["red_flags"]["cannot_walk"] | {"when": [{"many": states[1:]}]}
    put(tables, "red_flags.any_of_six", rule)
    many = load_knowledge(write_priors(tmp_path_factory.mktemp("many"), tables))
    assert "any_of_six" in fired(many, {"many": "s0@0.5"})
    assert "any_of_six" not in fired(many, {"many": "s0@0.501"})


def test_soft_and_one_of_answers_meet_in_one_rule(knowledge: Knowledge) -> None:
    """A rule of several answers fires as surely as the least sure of them."""
    assert fired(knowledge, {"age_group": "old@0.7", "quality": "burning"}) == {"burning_after_sixty": Fired.YES}
    assert fired(knowledge, {"age_group": "old@0.7", "quality": "burning|dull"}) == {
        "burning_after_sixty": Fired.POSSIBLE
    }
    assert fired(knowledge, {"age_group": "old@0.4", "quality": "burning"}) == {}


CELLS = st.fixed_dictionaries(
    {},
    optional={
        finding: st.sets(st.sampled_from(states), min_size=1, max_size=len(states) - 1)
        for finding, states in {
            "age_group": ("young", "middle", "old"),
            "bruise": ("no", "yes"),
            "walking": ("normal", "limping", "unable"),
            "quality": ("dull", "sharp", "burning", "spasm"),
        }.items()
    },
)


@given(cells=CELLS)
def test_possible_is_what_one_of_the_meant_cases_fires(knowledge: Knowledge, cells: dict[str, set[str]]) -> None:
    """A one-of answer stands for several hard ones: a rule fires at all where it does for one of these, and for
    certain only where it does for all of them."""
    found = fired(knowledge, {finding: "|".join(sorted(states)) for finding, states in cells.items()})
    meant = [dict(zip(cells, states, strict=True)) for states in product(*cells.values())]
    for name, rule in knowledge.content.red_flags.items():
        each = [holds(rule, case) for case in meant]
        assert (name in found) == any(each)
        assert found.get(name) != Fired.YES or all(each)
        if len(meant) == 1:
            assert (found.get(name) == Fired.YES) == each[0]


# ----------------------------------------------------------------------------------------------------------- urgency


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, "routine"),
        ({"walking": "normal"}, "routine"),
        ({"walking": "limping"}, "soon"),
        ({"walking": "unable"}, "urgent"),
        ({"walking": "normal|unable"}, "urgent"),
        ({"age": "80", "quality": "burning"}, "emergency"),
        ({"age": "80", "quality": "burning", "walking": "unable"}, "emergency"),
    ],
)
def test_the_urgency_is_the_highest_of_what_fires(knowledge: Knowledge, case: Case, expected: str) -> None:
    """A rule that is only possible counts too: it has to be looked into."""
    assert urgency(knowledge, case) == expected


def test_without_rules_everything_is_routine(tmp_path_factory: pytest.TempPathFactory) -> None:
    tables = small_priors() | {"red_flags": {}}
    none = load_knowledge(write_priors(tmp_path_factory.mktemp("none"), tables))
    assert fired(none, {"walking": "unable"}) == {}
    assert urgency(none, {"walking": "unable"}) == "routine"


def test_a_diagnosis_tells_the_most_urgent_first(knowledge: Knowledge) -> None:
    found = diagnose({"walking": "unable|normal", "age": "80", "quality": "burning"}, knowledge=knowledge)
    assert [(flag.id, flag.possible) for flag in found.red_flags] == [
        ("burning_after_sixty", False),
        ("cannot_walk", True),
        ("walks_badly", True),
    ]
    assert found.triage == "emergency"
    assert found.red_flags[0].action == "Call."
    assert found.red_flags[0].sources == ("A textbook",)
    assert [flag.misses for flag in found.red_flags] == ["Every second root.", None, None]


# ---------------------------------------------------------------------------------------------- what cannot silence it


def test_a_bad_cell_elsewhere_leaves_red_flags_standing(knowledge: Knowledge) -> None:
    """The row cannot be scored, but its readable cells still warn; the unreadable cell itself fires nothing."""
    columns = {"walking": ["unable", "unabel", "normal"], "slump": ["pos", "positive", "pos"], "age": ["x", "80", "8"]}
    cases = read_columns(knowledge, columns, 3)
    flags = red_flags(knowledge, cases)
    assert {problem.row for problem in cases.problems} == {0, 1, 2}
    assert flags.of(0) == {"cannot_walk": Fired.YES, "walks_badly": Fired.YES}
    assert flags.of(1) == flags.of(2) == {}
    assert list(flags.urgency) == ["urgent", "routine", "routine"]


def test_a_low_posterior_never_silences_a_red_flag() -> None:
    """A case that is muscle soreness all over, but for numbness in the saddle: an emergency all the same."""
    findings = shipped().content.findings
    case = {name: _likeliest(name, "doms") for name, entry in findings.items() if entry.kind != "imaging"}
    without = diagnose(case, knowledge=shipped())
    case["saddle_numbness"] = "yes"
    found = diagnose(case, knowledge=shipped())
    assert without.triage != "emergency"
    assert found.top.id == "doms"
    assert found.probability("cauda_equina") < 0.001
    assert found.triage == "emergency"
    assert "loss_of_bladder_or_bowel_control" in {flag.id for flag in found.red_flags}


def _likeliest(finding: str, cause: str) -> str:
    """The state of a finding that is most frequent under a cause."""
    table = shipped_tables().findings[shipped_tables().finding_index[finding]]
    return table.states[int(table.rows[shipped_tables().causes.index(cause)].argmax())]


@given(cells=CELLS, share=st.floats(0.001, 0.999), row=st.floats(0.001, 0.999))
def test_red_flags_do_not_depend_on_any_probability(
    knowledge: Knowledge, cells: dict[str, set[str]], share: float, row: float
) -> None:
    """Base rates and rows may be anything: the same answers fire the same rules."""
    case = {finding: "|".join(sorted(states)) for finding, states in cells.items()}
    moved = knowledge.with_origins("clinic", {"muscle": share, "nerve": 1 - share})
    moved = moved.with_row("quality", "root", {"burning": row}, weight=1, estimate="moved")
    assert fired(moved, case) == fired(knowledge, case)
    assert urgency(moved, case) == urgency(knowledge, case)


# ------------------------------------------------------------------------------------------------------ shipped rules

RULES = list(shipped().content.red_flags)


@pytest.mark.parametrize("name", RULES)
def test_every_line_of_a_shipped_rule_fires_it(name: str) -> None:
    """With each of the states named, at its urgency or above; and where one answer is missing, only as defined."""
    rule = shipped().content.red_flags[name]
    order = list(shipped().content.urgencies)
    for line in rule.when:
        wanted = {finding: [states] if isinstance(states, str) else list(states) for finding, states in line.items()}
        for states in product(*wanted.values()):
            case = dict(zip(wanted, states, strict=True))
            assert fired(shipped(), case)[name] == Fired.YES
            assert order.index(urgency(shipped(), case)) <= order.index(rule.urgency)
            for finding in case:
                fewer = {key: state for key, state in case.items() if key != finding}
                assert (name in fired(shipped(), fewer)) == holds(rule, fewer)


@given(seed=st.integers(0, 2**32 - 1))
def test_shipped_rules_fire_as_defined(seed: int) -> None:
    """On random hard answers to half of the findings: exactly the rules whose definition holds."""
    rng = np.random.default_rng(seed)
    case = {
        name: str(rng.choice(entry.states)) for name, entry in shipped().content.findings.items() if rng.random() < 0.5
    }
    expected = {name: Fired.YES for name, rule in shipped().content.red_flags.items() if holds(rule, case)}
    assert fired(shipped(), case) == expected
