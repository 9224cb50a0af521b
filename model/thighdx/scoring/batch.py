"""A batch of cases scored: Arrow rows in, as many Arrow rows out, in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thighdx import __version__
from thighdx.assess import Assessment, Model, assess
from thighdx.cases import CASE_ID, Cases, answer_columns, read_columns
from thighdx.cells import printable
from thighdx.coded import always
from thighdx.errors import TableError, did_you_mean
from thighdx.knowledge import Knowledge
from thighdx.scoring.columns import cell_texts, from_coded, numbers, scalar, strings, text_array, whole_numbers
from thighdx.suitability import Unsuited, unsuited_counts
from thighdx.triage import Fired, Flags

POSSIBLE_MARK = "?"  # after a red flag that a one-of answer only makes possible
SURELY_MEANT = 0.8  # likeness from which another column is taken for a misspelt finding
MOST_NAMED = 20  # columns that are no findings
KEPT_PREFIX = "input_"  # before a kept column whose name the result already has


class Scored(NamedTuple):
    """A scored batch, the cases as read (with their problems), and how many of them have no numbers.

    unsuited: in how many of the others the base rates are not meant for the case, and why.
    """

    batch: pa.RecordBatch
    cases: Cases
    not_scored: int
    unsuited: Counter[Unsuited]


def output_schema(model: Model) -> pa.Schema:
    """Name and type (text or float64) of every column of a scored table, in order."""
    knowledge = model.knowledge
    grades = [grade for cause in knowledge.content.causes.values() for grade in cause.grades]
    numbers = [
        "top_probability",
        *(f"p_{cause}" for cause in knowledge.causes),
        *(f"origin_{origin}" for origin in knowledge.origins),
        *grades,
        "conflict",
    ]
    texts = [CASE_ID, "status", "triage", "triage_posterior", "red_flags", "top_cause"]
    last = ["population", "model_version", "priors_digest"]
    return pa.schema(
        [(name, pa.string()) for name in texts]
        + [(name, pa.float64()) for name in numbers]
        + [(name, pa.string()) for name in last]
    )


def score_batch(
    model: Model,
    rows: pa.RecordBatch | pa.Table,
    first_row: int = 1,
    row_faults: Mapping[int, str] = MappingProxyType({}),
) -> Scored:
    """Score the cases of a batch; columns that are no answers are left alone.

    Without a column `case_id` the ids are row numbers from `first_row` on. `row_faults` are rows (from 0) that are
    broken as a whole, with what is wrong; their readable cells still raise red flags.
    """
    accepted = answer_columns(model.knowledge)
    columns = {name: cell_texts(rows.column(name)) for name in rows.schema.names if name in accepted}
    cases = read_columns(model.knowledge, columns, rows.num_rows, row_faults)
    result = assess(model, cases)
    good = result.top >= 0
    values = [*_texts(model, rows, result, first_row), *_numbers(result, None if good.all() else ~good)]
    values += [from_coded(always(text, cases.count)) for text in _made_by(model)]
    batch = pa.RecordBatch.from_arrays(values, schema=output_schema(model))
    return Scored(batch, cases, cases.count - int(good.sum()), unsuited_counts(model, cases, good))


def case_ids(rows: pa.RecordBatch | pa.Table, first_row: int) -> pa.Array:
    """The ids of a batch's cases as texts: those of its column `case_id`, or row numbers from `first_row` on."""
    if CASE_ID in rows.schema.names:
        return text_array(rows.column(CASE_ID))
    return strings([str(first_row + row) for row in range(rows.num_rows)])


def other_columns(knowledge: Knowledge, names: Sequence[str]) -> list[str]:
    """The columns of a case table that are neither `case_id` nor an answer."""
    accepted = {CASE_ID, *answer_columns(knowledge)}
    return [name for name in names if name not in accepted]


def refuse_unanswered(knowledge: Knowledge, names: Sequence[str], place: str) -> None:
    """Raises `TableError` where no column is an answer and some seem meant: all rows would come out as unasked."""
    accepted = answer_columns(knowledge)
    if set(names) & set(accepted):
        return
    hints = [(name, did_you_mean(name, accepted, likeness=SURELY_MEANT)) for name in names]
    meant = [f"'{printable(name)}' ({hint.removeprefix('; ')})" for name, hint in hints if hint]
    if meant:
        raise TableError(f"{place}: no column is a finding: {', '.join(meant[:MOST_NAMED])}")


def no_finding_note(knowledge: Knowledge, names: Sequence[str]) -> str | None:
    """What to say of a table in which no column is an answer, so that nothing in it tells one row from another."""
    if set(names) & set(answer_columns(knowledge)):
        return None
    return "no column is a finding, so every row has the base rates; the header takes the ids of the findings"


def other_columns_note(knowledge: Knowledge, names: Sequence[str]) -> str | None:
    """One sentence that names the columns that are no answers, with the finding that each may have meant."""
    others = other_columns(knowledge, names)
    if not others:
        return None
    accepted = (CASE_ID, *answer_columns(knowledge))
    hints = [did_you_mean(name, accepted, likeness=SURELY_MEANT) for name in others]
    shown = [
        f"{printable(name)} ({hint.removeprefix('; ')})" if hint else printable(name)
        for name, hint in zip(others, hints, strict=True)
    ]
    surely = [one for one, hint in zip(shown, hints, strict=True) if hint]  # in a long list a slip would be missed
    listed = shown if len(shown) <= MOST_NAMED else [*(surely or shown)[:MOST_NAMED], f"... ({len(shown)} in all)"]
    return f"columns that are no findings: {', '.join(listed)}"


def kept_names(model: Model, names: Sequence[str]) -> dict[str, str]:
    """Kept column -> its name in the result, prefixed until it is no other column's."""
    output = output_schema(model).names
    taken = {*output, *names}
    result = {}
    for name in names:
        new = name
        while new in taken and (new != name or name in output):  # its own name is taken by itself, which is fine
            new = KEPT_PREFIX + new
        taken.add(new)
        result[name] = new
    return result


def _texts(model: Model, rows: pa.RecordBatch | pa.Table, result: Assessment, first_row: int) -> list[pa.Array]:
    return [
        case_ids(rows, first_row),
        from_coded(result.status),
        from_coded(result.flags.urgency),
        _named(tuple(model.knowledge.content.urgencies), result.triage, result.triage < 0),
        _flag_texts(result.flags),
        _named(model.tables.causes, result.top, result.top < 0),
    ]


def _named(names: Sequence[str], place: NDArray[np.integer], missing: NDArray[np.bool_]) -> pa.Array:
    """`names[place]`, null where `missing`."""
    return pa.DictionaryArray.from_arrays(whole_numbers(place, missing), strings(names)).cast(pa.string())


def _numbers(result: Assessment, missing: NDArray[np.bool_] | None) -> list[pa.Array]:
    """The columns of numbers, null where the row has none."""
    by_cause = result.probability.T
    leading = by_cause[np.maximum(result.top, 0), np.arange(len(result.top))]
    grades = [numbers(share, np.isnan(share)) for share in result.grades.values()]
    shares = [numbers(share, missing) for share in (leading, *by_cause, *result.origins.T)]
    return [*shares, *grades, numbers(result.conflict, missing)]


def _flag_texts(flags: Flags) -> pa.Array:
    """The red flags of each case, `;` between them."""
    fired = np.ascontiguousarray(flags.fired)
    flag = np.flatnonzero(fired.reshape(-1) > 0) % max(len(flags.ids), 1)
    names = strings([f"{name}{mark}" for name in flags.ids for mark in (POSSIBLE_MARK, "")])
    place = 2 * flag + (fired[fired > 0] == Fired.YES)
    ends = np.append(0, np.cumsum(np.count_nonzero(fired, axis=1)))
    return pc.binary_join(pa.ListArray.from_arrays(whole_numbers(ends), names.take(whole_numbers(place))), scalar(";"))


def _made_by(model: Model) -> tuple[str, str, str]:
    """What made the numbers: population, version, digest of the priors or of the network."""
    return model.population, __version__, model.digest
