"""The questions: the most telling one, search by a word, and one group at a time in the order of a visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from thighdx.encounter import QuestionGroup, bedside_kinds, found_by_word, most_telling_first, question_groups
from thighdx.errors import ImpossibleEvidenceError
from thighdx.knowledge import Knowledge
from thighdx.page import models, state
from thighdx.page.answers import answer_key, draw_answer, give
from thighdx.page.words import cell_label, plain
from thighdx.reasoning.questions import NextQuestions, Question, next_questions

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

FIRST = 6  # questions of a group that show at once
FEW = 3  # so few more are shown as well
GROUP, SEARCH, ALL, STUDIES = "group", "search", "all_of_group", "next_with_studies"
MOST_FOUND = 12


def draw_questions(knowledge: Knowledge) -> DeltaGenerator | None:
    """Next best question, search, then the group chosen. Returns the place where it is said when to stop."""
    ranked = _ranked(knowledge)
    stop = None if ranked is None else _draw_next(knowledge, ranked)
    searched = _draw_search(knowledge)
    if searched:
        for finding in searched[:MOST_FOUND]:
            draw_answer(knowledge, finding, answer_key(finding))
        left = len(searched) - MOST_FOUND
        if left > 0:
            st.caption(f"{left} more: add a word.")
        st.button("Back to the groups", key="back", type="tertiary", icon=":material/arrow_back:", on_click=_end_search)
    else:
        _draw_groups(knowledge, ranked)
    return stop


def _ranked(knowledge: Knowledge) -> NextQuestions | None:
    """Every open finding by what it is expected to tell; None where the answers leave no posterior."""
    held = state.situation()

    def rank() -> NextQuestions | None:
        used = models.used(knowledge, held)
        try:
            return next_questions(held.answers, most=None, knowledge=used, population=held.population)
        except ImpossibleEvidenceError:
            return None

    return state.remembered("ranked", held, rank)


def _draw_next(knowledge: Knowledge, ranked: NextQuestions) -> DeltaGenerator:
    """The most telling question with its why, answered by one click."""
    studies = st.session_state.get(STUDIES, False)
    kinds = None if studies else bedside_kinds()
    passed = state.skipped()
    open_ = [one for one in ranked.questions if (kinds is None or one.kind in kinds) and one.finding not in passed]
    with st.container(key="next-question", border=True):
        st.markdown("## Most telling next question")
        if open_:
            _draw_best(knowledge, open_[0])
        else:
            st.caption("Nothing is left to ask here.")
        stop = st.empty()
        st.toggle("Propose studies too", key=STUDIES, persist_state="session")
    return stop


def _draw_best(knowledge: Knowledge, best: Question) -> None:
    entry = knowledge.content.findings[best.finding]
    st.subheader(plain(best.question), help=plain(best.judge), anchor=False)
    with st.container(horizontal=True, gap="xsmall"):
        for possible in best.answers:
            st.button(
                cell_label(entry, possible.state),
                key=f"next_{best.finding}_{possible.state}",
                on_click=give,
                args=(entry, best.finding, possible.state),
            )
        st.button(
            "Not now",
            key=f"skip_{best.finding}",
            type="tertiary",
            icon=":material/skip_next:",
            on_click=state.skip,
            args=(best.finding,),
        )
    st.caption(plain(best.why))


def _draw_search(knowledge: Knowledge) -> tuple[str, ...]:
    """The findings that a word brings up; none where nothing is searched."""
    entries = knowledge.content.findings
    wanted: str | None = st.selectbox(
        "Find a question",
        list(entries),
        index=None,
        format_func=lambda name: entries[name].question if name in entries else name,
        placeholder="Find a question: type a word, such as bruise, cough or MRI",
        accept_new_options=True,
        key=SEARCH,
        label_visibility="collapsed",
        icon=":material/search:",
    )
    if not wanted:
        return ()
    if wanted in entries:
        return (wanted,)
    found = found_by_word(knowledge, wanted)
    if not found:
        st.caption(f"No question has *{plain(wanted)}* in it. These are all questions by group.")
    return found


def _end_search() -> None:
    st.session_state[SEARCH] = None


def _draw_groups(knowledge: Knowledge, ranked: NextQuestions | None) -> None:
    groups = {group.id: group for group in question_groups(knowledge)}
    given = state.answers()

    def label(name: str) -> str:
        answered = sum(finding in given for finding in groups[name].findings)
        return f"{groups[name].name} · {answered}" if answered else groups[name].name

    chosen: str | None = st.segmented_control(
        "Group of questions",
        list(groups),
        default=next(iter(groups)),
        required=True,
        format_func=label,
        key=GROUP,
        persist_state="session",
        label_visibility="collapsed",
        wrap=True,
    )
    _draw_group(knowledge, groups[chosen or next(iter(groups))], ranked)


def _draw_group(knowledge: Knowledge, group: QuestionGroup, ranked: NextQuestions | None) -> None:
    """The most telling questions of a group, and what was answered of it; the rest on demand."""
    bits = {} if ranked is None else {one.finding: one.bits for one in ranked.questions}
    order = state.order(group.id, lambda: most_telling_first(group.findings, bits))
    given = state.answers()
    first = order if len(order) <= FIRST + FEW else order[:FIRST]
    kept = [finding for finding in order[len(first) :] if finding in given]
    rest = [finding for finding in order[len(first) :] if finding not in given]
    show_all = len(rest) > 0 and st.session_state.get(f"{ALL}_{group.id}", False)
    for finding in order if show_all else (*first, *kept):
        draw_answer(knowledge, finding, answer_key(finding))
    if rest:
        st.toggle(f"Show the {len(rest)} less telling ones too", key=f"{ALL}_{group.id}")
