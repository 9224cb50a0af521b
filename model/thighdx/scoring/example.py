"""A made-up case table, to see what a table looks like and what is said of one: drawn from the model, no patients."""

from __future__ import annotations

import csv
import io

import numpy as np

from thighdx.assess import Model
from thighdx.scoring.upload import Upload
from thighdx.template import case_header

ROWS = 40
ANSWERED = (8, 22)  # findings known in a row, from and to
NAME = "example.csv"
SEED = 20


def example_upload(model: Model) -> Upload:
    """`ROWS` cases of causes drawn alike, each finding from P(state | cause); two of the cells cannot be read.

    The same for the same model. Findings are drawn one by one, so a case may be odder than a patient would be.
    """
    rng = np.random.default_rng(SEED)
    header = case_header(model.knowledge)
    tables = model.tables
    lines = []
    for number in range(ROWS):
        cause = int(rng.integers(len(tables.causes)))
        count = min(int(rng.integers(*ANSWERED)), len(tables.findings))
        known = rng.choice(len(tables.findings), count, replace=False)
        cells = [f"made_up_{number + 1}", *([""] * len(tables.findings))]
        for place in known.tolist():
            finding = tables.findings[place]
            cells[place + 1] = finding.states[int(rng.choice(len(finding.states), p=finding.rows[cause]))]
        lines.append(cells)
    _show_the_grammar(model, lines)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([header, *lines])
    return Upload(NAME, stream.getvalue().encode())


def _show_the_grammar(model: Model, lines: list[list[str]]) -> None:
    """A soft answer, a one-of answer, a misspelt state and a state of nothing, in the first rows."""
    states = [finding.states for finding in model.tables.findings]
    many = next((place for place, own in enumerate(states) if len(own) > 2), 0)
    lines[0][1] = f"{states[0][0]}@0.8"
    lines[1][many + 1] = "|".join(states[many][:2])
    lines[2][1] = states[0][0] + "x"
    lines[3][many + 1] = "no idea"
