"""The questions, one widget each, in groups by how the answer is had."""

from __future__ import annotations

import streamlit as st

from thighdx.knowledge import Knowledge
from thighdx.page.answers import NOT_ASKED, answer_key
from thighdx.page.words import GROUPS, cell_label, plain

MOST_RADIO_STATES = 4  # more of them are a list to open


def draw_questions(knowledge: Knowledge) -> None:
    """All questions."""
    entries = knowledge.content.findings
    for tab, kind in zip(st.tabs(list(GROUPS.values())), GROUPS, strict=True):
        names = [name for name, entry in entries.items() if entry.kind == kind]
        half = len(names[::2])  # the left column is read before the right one, on a phone too
        with tab:
            for column, part in zip(st.columns(2, gap="medium"), (names[:half], names[half:]), strict=True):
                with column:
                    for name in part:
                        _draw_question(knowledge, name)


def _draw_question(knowledge: Knowledge, finding: str) -> None:
    entry = knowledge.content.findings[finding]

    def label(cell: str) -> str:
        return cell_label(entry, cell)

    question, judge, key = plain(entry.question), plain(entry.judge), answer_key(finding)
    cells = [NOT_ASKED, *entry.states]
    if len(entry.states) <= MOST_RADIO_STATES:
        st.radio(question, cells, format_func=label, key=key, help=judge, horizontal=True)
    else:
        st.selectbox(question, cells, format_func=label, key=key, help=judge)
