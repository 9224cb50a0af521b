"""The page Batch: a case table looked at, scored, seen at a glance and taken away again. It stays in memory alone."""

from __future__ import annotations

import csv
import io

import streamlit as st

from thighdx.assess import get_model
from thighdx.errors import TableError
from thighdx.knowledge import Knowledge
from thighdx.page import parts
from thighdx.page.batch_problems import draw_look
from thighdx.page.batch_results import draw_results
from thighdx.page.words import plain
from thighdx.scoring.example import example_upload
from thighdx.scoring.upload import MOST_BYTES, MOST_ROWS, Look, ScoredUpload, Upload, look_at, score_upload
from thighdx.template import case_header, dictionary

EXAMPLE = "batch_example"  # whether the made-up table is shown
SCORED = "batch_scored"  # what was scored last, with what it was made of
UPLOADER = "batch_uploader"  # a number in the uploader's key: another one is another, empty uploader


def draw(knowledge: Knowledge, population: str) -> None:
    """Draw the page for one session."""
    parts.begin(
        "Batch",
        "Score a table of cases: a row in, a row out, the same numbers as `thighdx score`. You see what cannot be read "
        "**before** anything is scored.",
    )
    with st.container(key="batch"):
        chosen = parts.choose_population(knowledge, population, "batch_population")
        upload = _draw_upload(knowledge, chosen)
        if upload is None:
            st.session_state.pop(SCORED, None)
            _draw_help(knowledge)
            return
        try:
            look = look_at(knowledge, upload)
            draw_look(knowledge, upload, look)
            _draw_scoring(knowledge, chosen, upload, look)
        except TableError as error:
            st.session_state.pop(SCORED, None)
            st.error(f"**This table cannot be used.** {plain(str(error))}", icon=":material/error:")
            _draw_help(knowledge)


def _draw_upload(knowledge: Knowledge, population: str) -> Upload | None:
    """The table handed over, or the made-up one."""
    number = st.session_state.setdefault(UPLOADER, 0)
    file = st.file_uploader(
        f"CSV or Parquet, up to {MOST_ROWS:,} rows and {MOST_BYTES // 2**20} MB",
        type=["csv", "parquet"],
        key=f"batch_upload_{number}",
        max_upload_size=MOST_BYTES // 2**20,
    )
    st.caption(
        "It is kept in this session's memory alone, never on disk, and gone when the tab closes. Larger tables: "
        "`thighdx score`. Names and birthdays are not needed: leave them out."
    )
    if file is not None:
        st.session_state[EXAMPLE] = False
        return Upload(file.name, file.getvalue())
    if st.session_state.get(EXAMPLE):
        st.button("Put the example away", key="batch_example_away", on_click=_show_example, args=(False,))
        return example_upload(get_model(knowledge, population))
    return None


def _show_example(shown: bool) -> None:
    st.session_state[EXAMPLE] = shown


def _start_again() -> None:
    st.session_state[UPLOADER] += 1
    st.session_state[EXAMPLE] = False
    st.session_state.pop(SCORED, None)


def _draw_help(knowledge: Knowledge) -> None:
    """For someone without a table yet."""
    st.header("No table yet?", anchor=False)
    st.markdown(
        "A column for each finding, by its id, and a `case_id`. A cell is a state, `a|b` for one of these, or "
        "`state@0.8` when not sure. **Empty means not asked, never normal.**"
    )
    with st.container(horizontal=True):
        st.button(
            "Try an example",
            key="batch_example_show",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_show_example,
            args=(True,),
        )
        for label, name, rows in (
            ("Empty table", "thighdx_cases.csv", [case_header(knowledge)]),
            ("Dictionary of the columns", "thighdx_dictionary.csv", dictionary(knowledge)),
        ):
            st.download_button(
                label, _csv(rows), name, "text/csv", icon=":material/download:", on_click="ignore", key=f"batch_{name}"
            )
    st.caption("The example is 40 cases drawn from the model, with two cells that cannot be read. No patients.")


def _draw_scoring(knowledge: Knowledge, population: str, upload: Upload, look: Look) -> None:
    """The button, the progress, and the results of what was scored last, if it was this table."""
    if not look.rows:
        st.info("There are no rows in it, so there is nothing to score.", icon=":material/info:")
        return
    keep = bool(look.others) and st.toggle(
        f"Copy the other columns ({len(look.others)}) into the result", key="batch_keep"
    )
    made_of = (upload, population, keep, knowledge.digest)
    with st.container(horizontal=True):
        wanted = st.button(
            f"Score {look.rows:,} {'row' if look.rows == 1 else 'rows'}",
            type="primary",
            key="batch_score",
            icon=":material/calculate:",
        )
        st.button("Another table", key="batch_again", on_click=_start_again)
    if wanted:
        st.session_state[SCORED] = (made_of, _score(knowledge, population, upload, look, keep))
    held = st.session_state.get(SCORED)
    if held is None:
        return
    if held[0] != made_of:
        st.info("Table, population or columns changed since it was scored: score it again.", icon=":material/refresh:")
        return
    draw_results(knowledge, population, upload.name, held[1])


def _score(knowledge: Knowledge, population: str, upload: Upload, look: Look, keep: bool) -> ScoredUpload:
    shown = st.progress(0.0, "Scoring ...")

    def on_rows(done: int) -> None:
        shown.progress(min(done / look.rows, 1.0), f"Scored {done:,} of {look.rows:,} rows")

    scored = score_upload(get_model(knowledge, population), upload, keep=keep, on_rows=on_rows)
    shown.empty()
    return scored


def _csv(rows: list[list[str]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()
