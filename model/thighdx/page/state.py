"""What one session holds: the answers and whose base rates, under keys of their own, so that they outlive widgets.

Streamlit forgets a widget that is not drawn. What is kept here stays while one moves between pages, and nowhere else:
not in the address, not on disk, not in another session. Widgets are written from it and write to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import streamlit as st

from thighdx.casereport.saved import Situation

HELD, STEP = "held_situation", "held_step"
SKIPPED, ORDERS, REFINED = "held_skipped", "held_orders", "held_refined"
REMEMBERED = "held_remembered"
MOST_REMEMBERED = 2  # of one name: what is told of the case as it stands, and of the one before
V = TypeVar("V")


@dataclass(frozen=True)
class Step:
    """The last change of the case: what it was in words, and the case before it."""

    said: str
    before: Situation


def begin(population: str) -> None:
    """An empty case at the first look of a session, with the population to start with."""
    if HELD not in st.session_state:
        st.session_state[HELD] = Situation({}, population)
        _forget()


def situation() -> Situation:
    """The case as it stands."""
    held: Situation = st.session_state[HELD]
    return held


def answers() -> dict[str, str]:
    """This session's answers: finding -> cell, in the order given, without what was not asked."""
    return dict(situation().answers)


def population() -> str:
    """The population whose base rates this session has chosen."""
    return situation().population


def last_step() -> Step | None:
    """The last change, if there was one since the start or since a case was taken up."""
    step: Step | None = st.session_state[STEP]
    return step


def answer(finding: str, cell: str, said: str) -> None:
    """Give, change or (with an empty cell) take back one answer; `said` is how it reads."""
    given = answers()
    if given.get(finding, "") == cell:
        return
    if cell:
        given[finding] = cell
    else:
        given.pop(finding, None)
    _change(replace(situation(), answers=given), said)


def choose_population(name: str, said: str) -> None:
    """Other base rates; shares of the origins that were set go with the old ones."""
    if name != population():
        _change(replace(situation(), population=name, origins=None), said)
        st.session_state[ORDERS].clear()


def set_origins(shares: Mapping[str, float] | None, said: str) -> None:
    """Shares of the origins for this case, sum 1, or the population's own again."""
    _change(replace(situation(), origins=shares), said)


def take_up(case: Situation) -> None:
    """Another case in place of the one at hand."""
    st.session_state[HELD] = case
    _forget()


def start_over() -> None:
    """No answer; the base rates stay."""
    take_up(replace(situation(), answers={}))


def skip(finding: str) -> None:
    """Do not propose a question again in this case."""
    st.session_state[SKIPPED].add(finding)


def skipped() -> frozenset[str]:
    """The questions not to propose."""
    return frozenset(st.session_state[SKIPPED])


def order(group: str, make: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """The order of a group's questions: made when the group is opened, then kept, so that nothing moves at a click."""
    orders: dict[str, tuple[str, ...]] = st.session_state[ORDERS]
    if group not in orders:
        orders.clear()
        orders[group] = make()
    return orders[group]


def refine(finding: str, wanted: bool) -> None:
    """Open or close what is offered for an answer that one is not sure of."""
    refined: set[str] = st.session_state[REFINED]
    (refined.add if wanted else refined.discard)(finding)


def is_refined(finding: str) -> bool:
    """Whether an unsure answer is offered for a finding."""
    return finding in st.session_state[REFINED]


def remembered(name: str, about: object, make: Callable[[], V]) -> V:
    """What `make` made for the same `about` lately, else made now: a click elsewhere makes nothing anew."""
    held = _memory(name)
    if not is_remembered(name, about):
        held.append((about, make()))
        del held[:-MOST_REMEMBERED]
    made: V = next(value for key, value in held if key == about)
    return made


def is_remembered(name: str, about: object) -> bool:
    """Whether `remembered` would make nothing."""
    return any(key == about for key, _ in _memory(name))


def _memory(name: str) -> list[tuple[object, Any]]:
    memory: dict[str, list[tuple[object, Any]]] = st.session_state[REMEMBERED]
    return memory.setdefault(name, [])


def _change(new: Situation, said: str) -> None:
    st.session_state[STEP] = Step(said, situation())
    st.session_state[HELD] = new


def _forget() -> None:
    st.session_state[STEP] = None
    st.session_state[SKIPPED] = set()
    st.session_state[ORDERS] = {}
    st.session_state[REFINED] = set()
    st.session_state[REMEMBERED] = {}
