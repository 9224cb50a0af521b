"""Worked cases: patients as a clinician would meet them, and what must come of their answers.

tests/cases/*.toml hold one case a table, named by its id:

- `name`: who it is. `why`: why the expectation is fair. It rests on `sources`, keys of priors/sources.toml, or on a
  `basis`, "clinical picture: ...". `population`: `uniform` where none is named.
- `answers`: finding = cell, as in any case.
- `expect`, all of it to hold. Where a probability is compared, an id is a cause or an origin:
  `first`: the leading cause. `among_first`: cause = the lowest rank allowed. `origin`: the leading origin.
  `order`: chains, each id more probable than the next. `above_base`, `below_base`: ids, against their base rates.
  `at_least`, `not_above`: id = the probability to reach, or not to pass; `any_cause` stands for the leading one.
  `grade`: the most probable grade of a strain. `triage`: the urgency. `red_flags`: these among those that fire.
- `known_miss`: expectation = why a fair one fails today. It must still fail: once it holds, the mark goes.
- `no_red_flag`: why a dangerous cause's own case raises none.
"""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from thighdx import Diagnosis, Knowledge, diagnose, load_knowledge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thighdx.diagnosis import Share

FOLDER = Path(__file__).parent / "cases"
ANY_CAUSE = "any_cause"


class Expect(BaseModel):
    """What must come of a case; what is left out is not looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str | None = None
    among_first: dict[str, int] = Field(default_factory=dict)
    origin: str | None = None
    order: list[list[str]] = Field(default_factory=list)
    above_base: list[str] = Field(default_factory=list)
    below_base: list[str] = Field(default_factory=list)
    at_least: dict[str, float] = Field(default_factory=dict)
    not_above: dict[str, float] = Field(default_factory=dict)
    grade: str | None = None
    triage: str | None = None
    red_flags: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def expects_something(self) -> Expect:
        if not self.model_fields_set:
            raise ValueError("expects nothing")
        if any(len(chain) < 2 for chain in self.order):
            raise ValueError("a chain of `order` needs two ids or more")
        return self


class Case(BaseModel):
    """One worked case; an unknown key or one without a ground is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    why: str
    sources: list[str] = Field(default_factory=list)
    basis: str | None = None
    population: str = "uniform"
    answers: dict[str, str]
    expect: Expect
    known_miss: dict[str, str] = Field(default_factory=dict)
    no_red_flag: str | None = None

    @model_validator(mode="after")
    def is_grounded(self) -> Case:
        if bool(self.sources) == bool(self.basis):
            raise ValueError("rests on `sources` or on a `basis`, one of the two")
        if self.basis is not None and not self.basis.startswith("clinical picture: "):
            raise ValueError('a `basis` begins with "clinical picture: "')
        if unknown := set(self.known_miss) - self.expect.model_fields_set:
            raise ValueError(f"`known_miss` names what is not expected: {', '.join(sorted(unknown))}")
        return self

    def __str__(self) -> str:
        return self.id


CASES = [
    Case.model_validate({"id": f"{path.stem}-{name}", **entry})
    for path in sorted(FOLDER.glob("*.toml"))
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()
]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


# -------------------------------------------------------------------------------------------------------- the judging


def misses(expect: Expect, diagnosis: Diagnosis) -> dict[str, list[str]]:
    """Expectation -> in words, each way in which the diagnosis does not meet it; those that hold are left out."""
    found: dict[str, list[str]] = {}
    for key, message in (
        *_of_ranks(expect, diagnosis),
        *_of_probabilities(expect, diagnosis),
        *_said(expect, diagnosis),
    ):
        found.setdefault(key, []).append(message)
    return found


def _of_ranks(expect: Expect, diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    ranks = {share.id: rank for rank, share in enumerate(diagnosis.causes, start=1)}
    first = {} if expect.first is None else {expect.first: 1}
    for key, lowest in (("first", first), ("among_first", expect.among_first)):
        for name, rank in lowest.items():
            if ranks[name] > rank:
                yield key, f"{name} has rank {ranks[name]}, not {rank} or better"


def _of_probabilities(expect: Expect, diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    shares = {share.id: share for share in (*diagnosis.causes, *diagnosis.origins)}
    found = {name: share.probability for name, share in shares.items()}
    base = {name: share.base_rate for name, share in shares.items() if share.base_rate is not None}
    steps = [step for chain in expect.order for step in itertools.pairwise(chain)]
    for key, lower, upper, said in (
        *(("order", found[low], found[high], f"{low} below {high}") for high, low in steps),
        *(("above_base", base[name], found[name], f"the base rate below {name}") for name in expect.above_base),
        *(("below_base", found[name], base[name], f"{name} below its base rate") for name in expect.below_base),
    ):
        if lower >= upper:
            yield key, f"not {said}: {lower:.4f} and {upper:.4f}"
    found[ANY_CAUSE] = diagnosis.top.probability
    for name, least in expect.at_least.items():
        if found[name] < least:
            yield "at_least", f"{name} is below {least}: {found[name]:.4f}"
    for name, most in expect.not_above.items():
        if found[name] > most:
            yield "not_above", f"{name} is above {most}: {found[name]:.4f}"


def _said(expect: Expect, diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    for key, wanted, shares in (
        ("origin", expect.origin, diagnosis.origins),
        ("grade", expect.grade, diagnosis.grades),
    ):
        leading = max(shares, key=lambda share: share.probability)
        if wanted not in {None, leading.id}:
            yield key, f"{leading.id} leads, not {wanted}: {_listed(shares)}"
    if expect.triage not in {None, diagnosis.triage}:
        yield "triage", f"is {diagnosis.triage}, not {expect.triage}"
    fired = [flag.id for flag in diagnosis.red_flags]
    for name in expect.red_flags:
        if name not in fired:
            yield "red_flags", f"{name} does not fire; {', '.join(fired) or 'none'} does"


def _listed(shares: Sequence[Share]) -> str:
    return ", ".join(f"{share.id} {share.probability:.3f}" for share in shares)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_worked_case(case: Case, knowledge: Knowledge) -> None:
    diagnosis = diagnose(case.answers, knowledge=knowledge, population=case.population)
    found = misses(case.expect, diagnosis)
    new = [f"{key}: {message}" for key, messages in found.items() if key not in case.known_miss for message in messages]
    told = [f"{case.name}. Fair because: {case.why}", *new, f"The first five: {_listed(diagnosis.causes[:5])}"]
    assert not new, "\n".join(told)
    held = sorted(set(case.known_miss) - set(found))
    assert not held, f"{case.name}: holds now, so its mark in `known_miss` can go: {', '.join(held)}"


# ---------------------------------------------------------------------------------------------- the cases as a whole


def test_every_cause_has_a_typical_case_and_one_against_a_look_alike(knowledge: Knowledge) -> None:
    """Both with every cause alike beforehand, so that the answers decide, and with four of them or more."""
    counted = [case for case in CASES if case.population == "uniform" and len(case.answers) >= 4]
    typical = {case.expect.first for case in counted if "first" not in case.known_miss}
    told_apart = {chain[0] for case in counted if "order" not in case.known_miss for chain in case.expect.order}
    assert set(knowledge.causes) - typical == set()
    assert set(knowledge.causes) - told_apart == set()


def test_no_case_has_more_than_twelve_answers_and_no_two_share_a_name() -> None:
    assert [case.id for case in CASES if not 1 <= len(case.answers) <= 12] == []
    names = [case.name for case in CASES]
    assert [name for name in names if names.count(name) > 1] == []


def test_cases_rest_on_sources_and_name_red_flags_that_exist(knowledge: Knowledge) -> None:
    """An unknown cause or origin stops its own case; these would not."""
    content = knowledge.content
    unknown = {
        case.id: {*case.sources} - set(content.sources) | {*case.expect.red_flags} - set(content.red_flags)
        for case in CASES
    }
    assert {name: keys for name, keys in unknown.items() if keys} == {}


def test_a_dangerous_cause_raises_a_red_flag_or_is_said_why_not(knowledge: Knowledge) -> None:
    """In every case that a dangerous cause heads, a red flag that names it: one for something else does not count."""
    silent = {}
    for case in CASES:
        diagnosis = diagnose(case.answers, knowledge=knowledge, population=case.population)
        named = {cause for flag in diagnosis.red_flags for cause in flag.may_be}
        heads = {case.expect.first, *(chain[0] for chain in case.expect.order)} & set(knowledge.causes)
        missed = {head for head in heads if head is not None and knowledge.content.causes[head].dangerous} - named
        if missed or case.no_red_flag is not None:
            silent[case.id] = missed
    assert silent == {case.id: silent[case.id] for case in CASES if case.no_red_flag is not None and silent[case.id]}


# -------------------------------------------------------------------------------------------------- the judging itself

FALSE = [
    {"first": "tumour"},
    {"among_first": {"tumour": 3}},
    {"origin": "non_hamstring"},
    {"order": [["strain", "tumour", "contusion"]]},
    {"above_base": ["tumour"]},
    {"above_base": ["non_hamstring"]},
    {"below_base": ["contusion"]},
    {"at_least": {"contusion": 0.999}},
    {"not_above": {"contusion": 0.01}},
    {"not_above": {"any_cause": 0.01}},
    {"grade": "grade_3"},
    {"triage": "routine"},
    {"red_flags": ["suspected_clot"]},
]


@pytest.mark.parametrize("wrong", FALSE, ids=str)
def test_a_false_expectation_is_noticed(wrong: dict[str, object], knowledge: Knowledge) -> None:
    """A bruise after a blow is no tumour, and not routine."""
    answers = {"direct_blow": "yes", "onset": "sudden", "bruising": "yes", "weight_bearing": "normal"}
    diagnosis = diagnose(answers, knowledge=knowledge, population="uniform")
    assert list(misses(Expect.model_validate(wrong), diagnosis)) == list(wrong)


def test_what_holds_is_no_miss(knowledge: Knowledge) -> None:
    answers = {"direct_blow": "yes", "onset": "sudden", "bruising": "yes", "weight_bearing": "normal"}
    holds = {
        "first": "contusion",
        "among_first": {"contusion": 1},
        "origin": "acute_hamstring",
        "order": [["contusion", "strain", "tumour"]],
        "above_base": ["contusion"],
        "below_base": ["tumour"],
        "at_least": {"contusion": 0.4},
        "not_above": {"tumour": 0.5, "any_cause": 1.0},
        "triage": "urgent",
        "red_flags": ["severe_onset_with_swelling_or_bruising"],
    }
    diagnosis = diagnose(answers, knowledge=knowledge, population="uniform")
    assert misses(Expect.model_validate(holds), diagnosis) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": []},
        {"basis": "clinical picture: two grounds"},
        {"sources": [], "basis": "a hunch"},
        {"expect": {}},
        {"expect": {"order": [["strain"]]}},
        {"expect": {"frist": "strain"}},
        {"known_miss": {"grade": "not expected at all"}},
    ],
    ids=str,
)
def test_a_case_without_ground_or_expectation_is_refused(wrong: dict[str, object]) -> None:
    whole: dict[str, object] = {
        "id": "one",
        "name": "One",
        "why": "It must.",
        "sources": ["uhan_not_a_strain"],
        "answers": {"onset": "sudden"},
        "expect": {"first": "strain"},
    }
    Case.model_validate(whole)
    with pytest.raises(ValueError, match="Case"):
        Case.model_validate(whole | wrong)
