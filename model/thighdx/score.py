"""Case tables to scored tables: the same columns whether they come from a file, a frame or a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from thighdx import __version__
from thighdx.assess import OK, Model, assess, get_model
from thighdx.cases import CASE_ID, Cases, Column, answer_columns, cell_text, read_columns
from thighdx.errors import TableError, did_you_mean
from thighdx.knowledge import Knowledge
from thighdx.triage import Fired

if TYPE_CHECKING:
    import pandas as pd

POSSIBLE_MARK = "?"  # after a red flag that a one-of answer only makes possible
SURELY_MEANT = 0.8  # likeness from which another column is taken for a misspelt finding
KEPT_PREFIX = "input_"  # before a kept column whose name the result already has

Scored = dict[str, list[Any]]  # column -> one value a case; None where there is no number


def output_columns(model: Model) -> dict[str, type]:
    """Name and type (str or float) of every column of a scored table, in order."""
    knowledge = model.knowledge
    grades = [grade for cause in knowledge.content.causes.values() for grade in cause.grades]
    texts = dict.fromkeys(["case_id", "status", "triage", "triage_posterior", "red_flags", "top_cause"], str)
    numbers = [
        "top_probability",
        *(f"p_{cause}" for cause in knowledge.causes),
        *(f"origin_{origin}" for origin in knowledge.origins),
        *grades,
        "conflict",
    ]
    last = ["population", "model_version", "priors_digest"]
    return {**texts, **dict.fromkeys(numbers, float), **dict.fromkeys(last, str)}


def score_columns(
    model: Model,
    columns: Mapping[str, Column],
    count: int,
    first_row: int = 1,
    row_faults: Mapping[int, str] = MappingProxyType({}),
) -> tuple[Scored, Cases]:
    """Score `count` cases given as columns. Returns the scored columns and the cases as read, with their problems.

    Without a column `case_id` the ids are row numbers from `first_row` on. `row_faults` are rows (from 0) that are
    broken as a whole, with what is wrong; their readable cells still raise red flags.
    """
    cases = read_columns(model.knowledge, columns, count, row_faults)
    result = assess(model, cases)
    good = [said == OK for said in result.status]
    urgencies = list(model.knowledge.content.urgencies)
    top = [model.tables.causes[position] if position >= 0 else None for position in result.top]
    scored: Scored = {
        "case_id": _ids(columns, count, first_row),
        "status": list(result.status),
        "triage": list(result.flags.urgency),
        "triage_posterior": [urgencies[rank] if fine else None for rank, fine in zip(result.triage, good, strict=True)],
        "red_flags": [_flag_text(result.flags.of(row)) for row in range(count)],
        "top_cause": top,
        "top_probability": _numbers(np.take_along_axis(result.probability, result.top[:, None], axis=1)[:, 0], good),
    }
    for position, cause in enumerate(model.tables.causes):
        scored[f"p_{cause}"] = _numbers(result.probability[:, position], good)
    for position, origin in enumerate(model.knowledge.origins):
        scored[f"origin_{origin}"] = _numbers(result.origins[:, position], good)
    for grade, shares in result.grades.items():
        scored[grade] = _numbers(shares, good)
    scored["conflict"] = _numbers(result.conflict, good)
    scored["population"] = [model.population] * count
    scored["model_version"] = [__version__] * count
    scored["priors_digest"] = [model.knowledge.digest] * count
    return scored, cases


def score(
    frame: pd.DataFrame,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    keep: bool | Sequence[str] = False,
) -> pd.DataFrame:
    """The scored table of a pandas frame of cases: as many rows, in the same order, under the same index.

    `keep` copies the columns that are no answers (True), or those named; one whose name the result has is prefixed by
    `input_`. Rows that could not be scored say why in `status` and have empty numbers. Raises `UnknownNameError` for an
    unknown population, `KeyError` for a kept column that is not there and `TableError` for one named twice.
    """
    import pandas as pd

    model = get_model(knowledge, population)
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = dict.fromkeys(name for name in names if names.count(name) > 1)
        raise TableError(f"the frame names a column twice: {', '.join(twice)}")
    columns = {name: frame.iloc[:, position].tolist() for position, name in enumerate(names)}
    scored, _ = score_columns(model, columns, len(frame))
    types = {name: "float64" if kind is float else "object" for name, kind in output_columns(model).items()}
    result = pd.DataFrame({name: pd.Series(scored[name], dtype=types[name]) for name in scored})
    result.index = frame.index
    wanted = [keep] if isinstance(keep, str) else list(keep) if not isinstance(keep, bool) else []
    others = other_columns(model.knowledge, names)
    misspelt = [name for name in others if did_you_mean(name, answer_columns(model.knowledge), likeness=SURELY_MEANT)]
    if misspelt:
        warnings.warn(str(other_columns_note(model.knowledge, misspelt)), stacklevel=2)
    for name, new in kept_names(model, others if keep is True else wanted).items():
        if name not in columns:
            raise KeyError(name)
        result[new] = frame.iloc[:, names.index(name)]
    return result


def other_columns(knowledge: Knowledge, names: Sequence[str]) -> list[str]:
    """The columns of a case table that are neither `case_id` nor an answer."""
    accepted = {CASE_ID, *answer_columns(knowledge)}
    return [name for name in names if name not in accepted]


def other_columns_note(knowledge: Knowledge, names: Sequence[str]) -> str | None:
    """One sentence that names the columns that are no answers, with the finding that each may have meant."""
    others = other_columns(knowledge, names)
    if not others:
        return None
    accepted = answer_columns(knowledge)
    shown = ", ".join(f"{name}{did_you_mean(name, accepted, likeness=SURELY_MEANT)}" for name in others)
    return f"columns that are no findings: {shown}"


def kept_names(model: Model, names: Sequence[str]) -> dict[str, str]:
    """Kept column -> its name in the result, prefixed until it is no other column's."""
    taken = {*output_columns(model), *names}
    result = {}
    for name in names:
        new = name
        while new in taken and (new != name or name in output_columns(model)):
            new = KEPT_PREFIX + new
        taken.add(new)
        result[name] = new
    return result


def _ids(columns: Mapping[str, Column], count: int, first_row: int) -> list[str]:
    if CASE_ID in columns:
        return [cell if isinstance(cell, str) else cell_text(cell) for cell in columns[CASE_ID]]
    return [str(first_row + row) for row in range(count)]


def _flag_text(fired: Mapping[str, Fired]) -> str:
    return ";".join(name + (POSSIBLE_MARK if surely == Fired.POSSIBLE else "") for name, surely in fired.items())


def _numbers(values: np.ndarray, good: Sequence[bool]) -> list[float | None]:
    return [value if fine else None for value, fine in zip(values.tolist(), good, strict=True)]
