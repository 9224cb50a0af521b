"""The report of the case: to print, as PDF and as a file, and a saved case taken up again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from thighdx.casereport.content import CaseReport, case_report
from thighdx.casereport.html import report_html
from thighdx.casereport.saved import LARGEST, SavedCase, Situation, link_text, read_link, read_saved
from thighdx.errors import CaseError
from thighdx.knowledge import Knowledge
from thighdx.page import state
from thighdx.page.folded import folded
from thighdx.page.words import plain
from thighdx.wording import count

UPLOAD = "saved_case"
LINK = "case"  # in an address
LOADED = "held_loaded"  # what was said of the file or link taken up last


@dataclass(frozen=True)
class _Said:
    """What was said of it, and the case it left: with the next answer it is said no more."""

    faulty: bool
    lines: str
    by_link: bool
    case: Situation


def draw_report(knowledge: Knowledge, *, possible: bool) -> None:
    """Save, print, take up again. Nothing is made before it is asked for."""
    with st.container(key="report"):
        st.header("Report of this case", anchor=False)
        st.caption("Without identifiers: answers and results alone, with the version and the digest of the priors.")
        if possible:
            _draw_downloads(knowledge)
        _draw_upload(knowledge)
        _draw_link(knowledge)


def _draw_downloads(knowledge: Knowledge) -> None:
    held = state.situation()  # what is asked for later is made without a session

    def report() -> CaseReport:
        return case_report(knowledge, held)

    def pdf() -> bytes:
        from thighdx.casereport.pdf import report_pdf

        return report_pdf(report())

    with st.container(horizontal=True):
        st.download_button(
            "PDF",
            pdf,
            "case.pdf",
            "application/pdf",
            key="report_pdf",
            on_click="ignore",
            icon=":material/picture_as_pdf:",
        )
        st.download_button(
            "Page to print",
            lambda: report_html(report()).encode(),
            "case.html",
            "text/html",
            key="report_html",
            on_click="ignore",
            icon=":material/print:",
        )
        st.download_button(
            "File to take up again (JSON)",
            lambda: report().to_json().encode(),
            "case.json",
            "application/json",
            key="report_json",
            on_click="ignore",
            icon=":material/save:",
        )


def draw_said(*, by_link: bool) -> None:
    """What was said of what was taken up last: of a link on top, of a file where it was given."""
    said: _Said | None = st.session_state.get(LOADED)
    if said is not None and said.by_link == by_link and said.case == state.situation():
        (st.error if said.faulty else st.success)(said.lines)


def _draw_upload(knowledge: Knowledge) -> None:
    draw_said(by_link=False)
    box = folded("Take up a saved case", "take_up")
    if not box.open:
        return
    with box:
        st.file_uploader(
            "A case saved here as JSON",
            type="json",
            key=UPLOAD,
            max_upload_size=1,
            on_change=_take_up,
            args=(knowledge,),
        )
        st.caption(f"At most {LARGEST // 1024} KiB. It replaces the answers given here; results are worked out anew.")


def _draw_link(knowledge: Knowledge) -> None:
    """Answers are health data, so no address holds them unless someone asks for one that does."""
    box = folded("Share by link", "share")
    if not box.open:
        return
    with box:
        st.markdown(
            "**The link holds the answers.** Whoever sees it can read them, and they stay in histories, logs and "
            "messages. Share it only as you would share the record itself."
        )
        if st.button("Make a link", key="make_link"):
            st.code(f"{st.context.url or ''}?{LINK}={link_text(state.situation(), knowledge.digest)}", wrap_lines=True)


def take_up_link(knowledge: Knowledge) -> None:
    """Take up the case that the address holds, if any, and take it out of the address."""
    text = st.query_params.get(LINK)
    if text is None:
        return
    del st.query_params[LINK]
    _say(lambda: read_link(text, knowledge), "This link", by_link=True)


def _take_up(knowledge: Knowledge) -> None:
    file = st.session_state[UPLOAD]
    if file is None:
        st.session_state[LOADED] = None
        return
    _say(lambda: read_saved(file.getvalue(), knowledge), "This file", by_link=False)


def _say(read: Callable[[], SavedCase], what: str, *, by_link: bool) -> None:
    """Take a case up, or say every fault; either is told in the report's part of the page."""
    try:
        saved = read()
    except CaseError as error:
        lines = "\n".join(f"- {plain(str(fault))}" for fault in error.faults)
        told = f"**{what} is not taken up.** Faults: {len(error.faults)}\n\n{lines}"
        st.session_state[LOADED] = _Said(True, told, by_link, state.situation())
        return
    state.take_up(saved.situation)
    notes = " ".join(saved.notes)
    told = f"**Taken up: {count(len(saved.situation.answers), 'answer', 'answers')}.** {plain(notes)}"
    st.session_state[LOADED] = _Said(False, told, by_link, saved.situation)
