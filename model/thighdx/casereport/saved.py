"""A case kept as JSON, to be taken up again: the answers, whose base rates, and what the model said. No identifiers.

Such a file comes from anywhere, so it is read with limits, every fault is said at once, and only the answers and the
base rates are taken from it: what the model makes of them is always worked out anew.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thighdx import __version__
from thighdx.cases import read_case
from thighdx.errors import CaseError, Fault, KnowledgeError, unknown
from thighdx.knowledge import Knowledge
from thighdx.reasoning.opened import cell_words
from thighdx.rows import SUM_TOLERANCE

LARGEST = 256 * 1024  # bytes; a case with its whole report takes some 50 KiB
MOST_CHARACTERS = 400  # of one answer
MOST_ANSWERS = 1000
FORMAT = 1

Answer = Annotated[str, Field(max_length=MOST_CHARACTERS)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class Situation:
    """A case to be answered: finding -> cell, the population, and shares of the origins other than its own, if any."""

    answers: Mapping[str, str]
    population: str
    origins: Mapping[str, float] | None = None


@dataclass(frozen=True)
class SavedCase:
    """A case read from a file; `notes` say where it was saved by other numbers than those at hand."""

    situation: Situation
    notes: tuple[str, ...]


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    thighdx_case: Literal[1]
    answers: Annotated[dict[str, Answer], Field(max_length=MOST_ANSWERS)]
    population: Annotated[str, Field(max_length=80)]
    origins: Annotated[dict[str, Probability], Field(max_length=20)] | None = None
    model_version: Annotated[str, Field(max_length=80)] | None = None
    priors_digest: Annotated[str, Field(max_length=80)] | None = None


def saved_case(situation: Situation, digest: str, result: Mapping[str, Any] | None = None) -> str:
    """The case as JSON. digest: of the priors as chosen, before other shares. result: what is told beside it."""
    whole = {
        "thighdx_case": FORMAT,
        "answers": dict(situation.answers),
        "population": situation.population,
        "origins": None if situation.origins is None else dict(situation.origins),
        "model_version": __version__,
        "priors_digest": digest,
        **({} if result is None else {"result": result}),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)


def read_saved(data: bytes, knowledge: Knowledge) -> SavedCase:
    """The case in a file that `saved_case` wrote. Raises `CaseError` with every fault."""
    if len(data) > LARGEST:
        raise CaseError([Fault("", f"{len(data):,} bytes; accepted: at most {LARGEST:,}")])
    try:
        file = _File.model_validate(_parsed(data))
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise CaseError([Fault(".".join(map(str, one["loc"])), _said(one)) for one in details]) from None
    faults = [*_population_faults(file, knowledge), *_answer_faults(file, knowledge)]
    if faults:
        raise CaseError(faults)
    situation = Situation(plain_cells(knowledge, file.answers), file.population, file.origins)
    return SavedCase(situation, _notes(file, knowledge))


def plain_cells(knowledge: Knowledge, answers: Mapping[str, object]) -> dict[str, str]:
    """Readable answers as finding -> cell: numbers as their state, nothing that is empty. Raises `CaseError`."""
    read = read_case(knowledge, answers).answers
    cells = {name: one.cells[int(one.index[0])] for name, one in read.items()}
    entries = knowledge.content.findings
    return {name: cell_words(entries[name], cell) for name, cell in cells.items() if not cell.is_empty}


def link_text(situation: Situation, digest: str) -> str:
    """The case as one word for an address: it can be read by whoever sees the address."""
    compact = json.dumps(json.loads(saved_case(situation, digest)), separators=(",", ":"))
    return urlsafe_b64encode(compact.encode()).decode().rstrip("=")


def read_link(text: str, knowledge: Knowledge) -> SavedCase:
    """The case in a word that `link_text` made. Raises `CaseError` with every fault."""
    try:
        data = b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise CaseError([Fault("", "not a case saved in a link")]) from None
    return read_saved(data, knowledge)


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise CaseError([Fault("", f"not a case saved as JSON: {error}")]) from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _said(detail: Any) -> str:
    message = str(detail["msg"])
    found = detail.get("input")
    if detail["type"] == "missing":
        return "is missing"
    return f"{message}; found: {found!r:.60}" if isinstance(found, str | int | float) else message


def _population_faults(file: _File, knowledge: Knowledge) -> list[Fault]:
    if file.population not in knowledge.populations:
        return [Fault("population", unknown(file.population[:60], "a population", knowledge.populations))]
    if file.origins is None:
        return []
    faults = [
        Fault(f"origins.{name[:60]}", unknown(name[:60], "an origin", knowledge.origins))
        for name in file.origins
        if name not in knowledge.origins
    ]
    missing = [name for name in knowledge.origins if name not in file.origins]
    if missing:
        faults.append(Fault("origins", f"without {', '.join(missing)}; accepted: a share for each origin"))
    total = sum(file.origins.values())
    if abs(total - 1) > SUM_TOLERANCE:
        faults.append(Fault("origins", f"shares sum to {total:g}; accepted: 1"))
    if knowledge.content.populations[file.population].origins is None:
        faults.append(Fault("origins", f"'{file.population}' states shares of causes outright, so it can have none"))
    return faults


def _answer_faults(file: _File, knowledge: Knowledge) -> list[Fault]:
    try:
        read_case(knowledge, file.answers)
    except CaseError as error:
        return [Fault(f"answers{'.' if fault.place else ''}{fault.place}", fault.message) for fault in error.faults]
    return []


def _notes(file: _File, knowledge: Knowledge) -> tuple[str, ...]:
    notes = []
    if file.priors_digest is not None and file.priors_digest != knowledge.digest:
        notes.append("It was saved with other priors; the numbers are those of the priors used here.")
    if file.model_version is not None and file.model_version != __version__:
        notes.append(f"It was saved by version {file.model_version[:20]!r}; this is {__version__}.")
    return tuple(notes)


def in_force(knowledge: Knowledge, situation: Situation) -> Knowledge:
    """The knowledge with the situation's shares of the origins, or itself. Raises `KnowledgeError`."""
    if situation.origins is None:
        return knowledge
    _, entry = knowledge.population(situation.population)
    if entry.origins is None:
        message = "states shares of causes outright, so it has no shares of origins to change"
        raise KnowledgeError([Fault(situation.population, message)])
    return knowledge.with_origins(situation.population, situation.origins, estimate="set on the page for this case")


def rescaled(shares: Mapping[str, float], changed: str, to: float) -> dict[str, float]:
    """The shares (sum 1) with one of them set to `to`, 0 to 1; the others keep their proportion, and the sum is 1.

    Where the others are all 0 they share the rest alike.
    """
    others = {name: share for name, share in shares.items() if name != changed}
    rest, total = 1 - to, sum(others.values())
    scaled = {name: rest * (share / total) if total > 0 else rest / len(others) for name, share in others.items()}
    return {name: to if name == changed else scaled[name] for name in shares}
