"""Answers and the widgets that give them: each is written from the case that the session holds, and writes to it."""

from __future__ import annotations

import streamlit as st

from thighdx.cells import AT, OR, parse_cell
from thighdx.knowledge import Knowledge
from thighdx.page import state
from thighdx.page.words import cell_label, plain
from thighdx.reasoning.opened import cell_label as answer_label
from thighdx.schema import Finding
from thighdx.wording import asked_and_said, state_label

NOT_ASKED = ""  # an empty cell
MOST_RADIO_STATES = 4  # more of them are a list to open
SURE = 100  # percent
LEVELS = (50, 60, 70, 80, 90, 95, SURE)  # percent; how sure one may be of an answer


def answer_key(finding: str) -> str:
    """The key of a finding's widget in the session state."""
    return f"answer_{finding}"


def draw_answer(knowledge: Knowledge, finding: str, key: str) -> None:
    """A question with its states to choose from, as a plain answer or, where asked for, as one that is not sure."""
    held = state.answers().get(finding, NOT_ASKED)
    entry = knowledge.content.findings[finding]
    if state.is_refined(finding) or not _is_plain(entry, held):
        _draw_unsure(entry, finding, held, key)
        return
    question, judge, cells = plain(entry.question), plain(entry.judge), [NOT_ASKED, *entry.states]
    st.session_state[key] = held

    def label(cell: str) -> str:
        return cell_label(entry, cell)

    def bare(cell: str) -> str:
        return state_label(entry, cell) if cell else "Not asked"  # a list takes no Markdown

    def store() -> None:
        give(entry, finding, st.session_state[key])

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if len(entry.states) <= MOST_RADIO_STATES:
            st.radio(
                question,
                cells,
                format_func=label,
                key=key,
                help=judge,
                horizontal=True,
                on_change=store,
            )
        else:
            st.selectbox(question, cells, format_func=bare, key=key, help=judge, on_change=store)
        if held:
            st.button(
                "Not sure?",
                key=f"unsure_{key}",
                type="tertiary",
                help="Say how sure you are, or that it is one of several.",
                on_click=state.refine,
                args=(finding, True),
            )


def give(entry: Finding, finding: str, cell: str) -> None:
    """Store one answer, with how it reads."""
    said = asked_and_said(entry.question, answer_label(entry, parse_cell(cell, entry.states)) if cell else "not asked")
    state.answer(finding, cell, said)


def _draw_unsure(entry: Finding, finding: str, held: str, key: str) -> None:
    """Several states make a one-of answer; a single one may be less than sure."""
    cell = parse_cell(held, entry.states)
    chosen = [entry.states[number] for number in cell.states]
    states_key, sure_key = f"states_{key}", f"sure_{key}"
    st.session_state[states_key] = chosen
    st.session_state[sure_key] = SURE if cell.stated is None else _nearest(cell.stated)

    def store() -> None:
        picked, sure = st.session_state[states_key], st.session_state.get(sure_key, SURE)
        ordered = [one for one in entry.states if one in picked]
        if len(ordered) == 1 and sure != SURE:
            give(entry, finding, f"{ordered[0]}{AT}{sure / 100:g}")
        else:
            give(entry, finding, NOT_ASKED if len(ordered) == len(entry.states) else OR.join(ordered))

    def close() -> None:
        if len(chosen) > 1:
            give(entry, finding, NOT_ASKED)
        elif cell.stated is not None:
            give(entry, finding, chosen[0])
        state.refine(finding, wanted=False)

    with st.container(border=True):
        st.pills(
            plain(entry.question),
            entry.states,
            selection_mode="multi",
            format_func=lambda one: cell_label(entry, one),
            key=states_key,
            help=f"{plain(entry.judge)} Choose several where it is one of them.",
            on_change=store,
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if len(chosen) == 1:
                st.select_slider(
                    "How sure",
                    LEVELS,
                    format_func=lambda one: "certain" if one == SURE else f"{one} %",
                    key=sure_key,
                    on_change=store,
                )
            st.button("Plain answer", key=f"plain_{key}", type="tertiary", on_click=close)


def _is_plain(entry: Finding, held: str) -> bool:
    return not held or held in entry.states


def _nearest(stated: float) -> int:
    return min(LEVELS, key=lambda level: abs(level - 100 * stated))
