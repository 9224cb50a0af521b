"""What a case table looks like: its columns, and a data dictionary."""

from __future__ import annotations

from thighdx.cases import CASE_ID
from thighdx.knowledge import Knowledge
from thighdx.schema import Finding

Rows = list[list[str]]

HEADINGS = ["column", "kind", "question", "how to judge", "accepted", "order", "remark"]
GRAMMAR = "empty = not asked or not known; a|b = one of these; state@0.8 = probability 0.8 for the state"


def case_header(knowledge: Knowledge) -> list[str]:
    """The columns of an empty case table."""
    return [CASE_ID, *knowledge.findings]


def dictionary(knowledge: Knowledge) -> Rows:
    """The data dictionary: a heading row and a row for each column."""
    rows = [HEADINGS, [CASE_ID, "id", "", "", "any text", "", "the row number where there is no such column"]]
    for name, entry in knowledge.content.findings.items():
        order = "ordered" if entry.ordered or len(entry.states) == 2 else "nominal"
        rows.append([name, entry.kind, entry.question, entry.judge, "; ".join(entry.states), order, _remark(entry)])
        if entry.from_number is not None:
            scale = entry.from_number
            accepted = f"{scale.lowest:g} to {scale.highest:g} {scale.unit}"
            rows.append([scale.column, entry.kind, "", "", accepted, "number", f"may stand for {name}"])
    return rows


def _remark(entry: Finding) -> str:
    return f"{entry.column}; {GRAMMAR}" if entry.column else GRAMMAR
