"""Why a case of known cause is not ranked first: evidence, structure, vocabulary or label, as a person judged it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, ValidationError

from thighdx.errors import Fault, KnowledgeError
from thighdx.reading import read_toml
from thighdx.schema import FrozenMap, Table, Text

AtFault = Literal["evidence", "structure", "vocabulary", "label", "case", "open"]
OPEN: AtFault = "open"
FAULTS: dict[AtFault, str] = {
    "evidence": "a figure or an estimate is wrong, or missing",
    "structure": "the figures are right and put together wrongly: a mechanism, one cause at a time",
    "vocabulary": "what gave it away has no finding, or no state",
    "label": "the published diagnosis is doubtful, or two causes stand together",
    "case": "what was written down does not tell the causes apart; the second place is the right answer",
    "open": "not studied yet",
}


class Miss(Table):
    """One case: what is at fault, and why so."""

    fault: AtFault
    reason: Text


class Misses(Table):
    """A file of misses, by case id."""

    misses: FrozenMap[Miss] = Field(default_factory=dict)


def read_misses(path: Path) -> Mapping[str, Miss]:
    """The misses of a TOML file. Raises `KnowledgeError` with every fault, `open` being accepted."""
    tables = read_toml(path)
    try:
        return Misses.model_validate(tables).misses
    except ValidationError as error:
        raise KnowledgeError([_fault(path, one["loc"], one) for one in error.errors()]) from None


def _fault(path: Path, place: tuple[int | str, ...], error: object) -> Fault:
    told = dict(error)  # type: ignore[call-overload]
    if place and place[-1] == "fault" and told["type"] == "literal_error":
        message = f"'{told['input']}' is not a kind of fault; use {', '.join(get_args(AtFault))}"
    elif told["type"] == "extra_forbidden":
        message = "is not a key of a miss; use fault, reason"
    else:
        message = str(told["msg"])
    return Fault(f"{path}, {'.'.join(map(str, place))}", message)
