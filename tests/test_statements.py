"""What the documents say in words is what the tables say in numbers: one test per statement.

tests/statements/*.toml hold every statement of the sources that comes without a figure, one a line:

- `finding`, `state`, `cause`: what is said to go with what. `state` may be `a|b`, one of these; `cause` an origin.
- `grade`: the statement is about this grade of the cause.
- `direction`: of P(state | cause) against the background (`Model.compare`): `higher`, `lower`, or `contested`, which
  keeps near it (`holds`). `untested`: names no finding, speaks of treatment or prognosis, or gives no direction.
- `against`: what it is held against in place of the usual background: `background`, a cause or an origin.
- `source`, `says`: the document, and its words in short. `why`: the reason for a reading that is not the plain one.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict, model_validator

from thighdx.knowledge import Knowledge, load_knowledge
from thighdx.tables import Tables, background, build_tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "statements"
WHOLE = 355  # statements gathered from the documents; none may be lost
THREEFOLD = 3.0
ROUNDING = 1e-9


class Statement(BaseModel):
    """One line of the files; an unknown key or a missing reason is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: str
    says: str
    direction: Literal["higher", "lower", "contested", "untested"]
    finding: str | None = None
    state: str | None = None
    cause: str | None = None
    grade: str | None = None
    against: str | None = None
    why: str | None = None

    @model_validator(mode="after")
    def is_complete(self) -> Statement:
        if self.direction != "untested" and None in {self.finding, self.state, self.cause}:
            raise ValueError("a tested statement names finding, state and cause")
        if self.why is None and (self.direction in {"contested", "untested"} or self.against):
            raise ValueError("`why` is missing: it is contested, untested or compared with something unusual")
        return self

    def __str__(self) -> str:
        grade = f"[{self.grade}]" if self.grade else ""
        return f"{self.finding}={self.state}-{self.cause}{grade}-{self.source}"


STATEMENTS = [
    Statement.model_validate(entry)
    for path in sorted(FOLDER.glob("*.toml"))
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["statements"]
]
TESTED = [statement for statement in STATEMENTS if statement.direction != "untested"]


class Compared(NamedTuple):
    """P(state | what the statement is about) and P(state | what it is compared with)."""

    found: float
    reference: float
    of: str


class Model(NamedTuple):
    """The default population: its tables, and each finding's background row."""

    knowledge: Knowledge
    tables: Tables

    def mean(self, finding: str, members: NDArray[np.bool_]) -> NDArray[np.float64]:
        """P(state | one of these causes), weighted by the base rates."""
        weights = np.where(members, self.tables.prior, 0.0)
        row = weights @ self.tables.findings[self.tables.finding_index[finding]].rows
        return np.asarray(row / weights.sum())

    def of(self, finding: str, who: str) -> NDArray[np.float64]:
        """The row of a cause, the mean row of an origin, or the background row."""
        if who == "background":
            _, population = self.knowledge.population()
            return background(self.knowledge.content.findings[finding], finding, population)
        if who in self.knowledge.origins:
            return self.mean(finding, self.members(who))
        table = self.tables.findings[self.tables.finding_index[finding]]
        return np.asarray(table.rows[self.tables.causes.index(who)])

    def members(self, origin: str) -> NDArray[np.bool_]:
        """Which causes are of this origin."""
        return np.array([self.knowledge.content.causes[cause].origin == origin for cause in self.tables.causes])

    def of_grade(self, finding: str, cause: str, grade: str) -> NDArray[np.float64]:
        """P(state | cause, grade): the row at the grade's level; the cause's row if it does not hang on the grade."""
        grading = self.knowledge.content.causes[cause].grading
        assert grading is not None, f"{cause} has no grades"
        names = [mechanism.id for mechanism in self.tables.mechanisms]
        mechanism = names.index(grading.mechanism)
        table = self.tables.findings[self.tables.finding_index[finding]]
        position = self.tables.causes.index(cause)
        if table.parent[position] != mechanism:
            return np.asarray(table.rows[position])
        level = self.tables.mechanisms[mechanism].levels.index(grading.levels[grade])
        return np.asarray(table.given[mechanism][position, level])

    def compare(self, statement: Statement) -> Compared:
        """What the tables say on a statement, and what that is held against.

        The background is, unless the statement names another in `against`:

        - of a cause: the finding's background row in the default population, that is the row which the causes
          without one of their own have (the population's mix of people at risk where it states one);
        - of a grade: the row of the cause, that is the mean over its grades;
        - of an origin: the mean over the causes of the other origins, weighted by the default base rates.

        Rows are the floored ones of the tables. A cause without a row of its own equals the background, so that
        `higher` fails: what a document says is honoured by a row, not by its absence.
        """
        assert statement.finding is not None
        assert statement.state is not None
        assert statement.cause is not None
        finding, who = statement.finding, statement.cause
        row = self.of_grade(finding, who, statement.grade) if statement.grade else self.of(finding, who)
        if statement.against is not None:
            reference, of = self.of(finding, statement.against), statement.against
        elif statement.grade is not None:
            reference, of = self.of(finding, who), f"{who} of any grade"
        elif who in self.knowledge.origins:
            reference, of = self.mean(finding, ~self.members(who)), "the other origins"
        else:
            reference, of = self.of(finding, "background"), "background"
        states = self.tables.findings[self.tables.finding_index[finding]].states
        chosen = [states.index(state) for state in statement.state.split("|")]
        return Compared(float(row[chosen].sum()), float(reference[chosen].sum()), of)


def holds(direction: str, found: float, reference: float) -> bool:
    """Higher, lower; contested: the state, and its absence, are within threefold of the background either way."""
    if direction == "higher":
        return found > reference + ROUNDING
    if direction == "lower":
        return found < reference - ROUNDING
    pairs = [(found, reference), (1 - found, 1 - reference)]
    return all(one <= THREEFOLD * other and other <= THREEFOLD * one for one, other in pairs)


@pytest.fixture(scope="module")
def model() -> Model:
    knowledge = load_knowledge()
    return Model(knowledge, build_tables(knowledge))


@pytest.mark.parametrize("statement", TESTED, ids=str)
def test_the_tables_honour_the_statement(statement: Statement, model: Model) -> None:
    found, reference, of = model.compare(statement)
    if not holds(statement.direction, found, reference):
        expected = "within threefold of" if statement.direction == "contested" else f"{statement.direction} than"
        subject = f"{statement.cause}, {statement.grade}" if statement.grade else statement.cause
        pytest.fail(
            f"{statement.source} says: {statement.says}\n"
            f"found    P({statement.finding} = {statement.state} | {subject}) = {found:.4f}\n"
            f"expected {expected} {reference:.4f}, that of {of}",
            pytrace=False,
        )


def test_every_statement_is_tested_or_says_why_not() -> None:
    counts = Counter(statement.direction for statement in STATEMENTS)
    assert counts["untested"] + len(TESTED) == WHOLE, dict(counts)


def test_no_statement_stands_twice() -> None:
    repeated = [str(line) for line, times in Counter(STATEMENTS).items() if times > 1]
    assert not repeated


def test_every_statement_names_what_there_is(model: Model) -> None:
    content = model.knowledge.content
    groups = {*content.causes, *content.origins}
    faults = []
    for line in STATEMENTS:
        finding = content.findings.get(line.finding or "")
        states = finding.states if finding else ()
        cause = content.causes.get(line.cause or "")
        accepted = {
            "finding": line.finding is None or finding is not None,
            "state": line.state is None or set(line.state.split("|")) <= set(states),
            "cause": line.cause is None or line.cause in groups,
            "grade": line.grade is None or (cause is not None and line.grade in cause.grades),
            "against": line.against is None or line.against in groups | {"background"},
            "source": line.source in content.sources,
        }
        faults += [f"{line}: {key} {getattr(line, key)!r}" for key, known in accepted.items() if not known]
    assert not faults, "unknown, or no longer in priors/:\n" + "\n".join(faults)
