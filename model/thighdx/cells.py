"""The grammar of a cell: what one answer of one case may say.

A state id; empty (not asked, not known); `a|b`, one of these; `state@0.8`, virtual evidence: likelihood 0.8 for the
state and the rest shared equally by the others (Pearl 1988, Probabilistic Reasoning in Intelligent Systems, 2.2.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from thighdx.errors import MOST_HINTS, unknown
from thighdx.rows import Array

OR = "|"
AT = "@"
NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
LONGEST_NUMBER = 40  # characters; longer texts are no numbers anyone meant
LONGEST_SHOWN = 60
MOST_NAMED = 5  # wrong parts of one cell that are named


@dataclass(frozen=True)
class Cell:
    """A cell as read. `states` are the positions of the states it names, none where empty.

    `stated` is the probability put on the one state of a soft answer; `fault` says what could not be read.
    """

    states: tuple[int, ...] = ()
    stated: float | None = None
    fault: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing: empty, or unreadable."""
        return not self.states

    @property
    def is_hard(self) -> bool:
        """Whether it is one state for certain."""
        return len(self.states) == 1 and self.stated is None


EMPTY = Cell()


def parse_cells(texts: Iterable[str], states: Sequence[str]) -> tuple[Cell, ...]:
    """Each text as a cell; after `MOST_HINTS` faulty ones the faults name no nearest state."""
    cells: list[Cell] = []
    faulty = 0
    for text in texts:
        cells.append(parse_cell(text, states, hint=faulty < MOST_HINTS))
        faulty += cells[-1].fault is not None
    return tuple(cells)


def parse_cell(text: str, states: Sequence[str], *, hint: bool = True) -> Cell:
    """The cell that `text` says, over a finding's `states`. Faults are in the cell, nothing is raised.

    With `hint` a fault names the nearest state.
    """
    text = text.strip()
    if not text:
        return EMPTY
    if AT in text:
        return _soft(text, states, hint=hint)
    named = [part.strip() for part in text.split(OR)]
    wrong = [part for part in named if part not in states]
    if wrong:
        return Cell(fault=_not_states(list(dict.fromkeys(wrong)), states, hint=hint))
    positions = tuple(sorted({states.index(part) for part in named}))
    return EMPTY if len(positions) == len(states) else Cell(positions)


def _soft(text: str, states: Sequence[str], *, hint: bool) -> Cell:
    state, _, number = (part.strip() for part in text.partition(AT))
    if OR in text:
        return Cell(
            fault=f"'{printable(text)}' puts a probability on several states; accepted: one state, as {states[-1]}@0.8"
        )
    if state not in states:
        return Cell(fault=_not_a_state(state, states, hint=hint))
    stated = float(number) if is_number(number) else -1.0
    if not 0 <= stated <= 1:
        return Cell(fault=f"'{printable(number)}' is not a probability; accepted: 0 to 1, as {state}@0.8")
    return Cell((states.index(state),), None if stated == 1 else stated)


def likelihood(cell: Cell, count: int) -> Array:
    """The likelihood of each of `count` states given the cell; all ones where it is empty."""
    if cell.is_empty:
        return np.ones(count)
    if cell.stated is None:
        result = np.zeros(count)
        result[list(cell.states)] = 1.0
        return result
    result = np.full(count, (1 - cell.stated) / (count - 1))
    result[cell.states[0]] = cell.stated
    return result


def parse_number(text: str, lowest: float, highest: float, unit: str) -> float | str | None:
    """A number of a number column; None where empty, a sentence where it is not one in range."""
    text = text.strip()
    if not text:
        return None
    if is_number(text) and lowest <= float(text) <= highest:
        return float(text)
    return f"'{printable(text)}' is not a number of {unit}; accepted: {lowest:g} to {highest:g}"


def is_number(text: str) -> bool:
    """Whether a text is an unsigned decimal number."""
    return len(text) <= LONGEST_NUMBER and NUMBER.fullmatch(text) is not None


def _not_states(words: Sequence[str], states: Sequence[str], *, hint: bool) -> str:
    more = [f"and {len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    return "; ".join([*(_not_a_state(word, states, hint=hint) for word in words[:MOST_NAMED]), *more])


def _not_a_state(word: str, states: Sequence[str], *, hint: bool) -> str:
    return f"{unknown(printable(word), 'a state', states, hint=hint)} (empty = not asked)"


def printable(text: str) -> str:
    """A text as it may be shown on a terminal: cut where long, control characters spelled out."""
    shown = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."
    # control characters would act on a terminal
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in shown)
