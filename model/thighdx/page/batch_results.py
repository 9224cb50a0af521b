"""A scored table at a glance, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import PurePath

import streamlit as st

from thighdx.casereport.html import rather_said
from thighdx.charts_batch import URGENCY_COLOURS, counted_chart, sureness_chart
from thighdx.knowledge import Knowledge
from thighdx.page import parts
from thighdx.page.htmltext import table
from thighdx.page.suitability import ICON as UNSUITED
from thighdx.page.words import plain
from thighdx.scoring.overview import BINS, Counted, Overview, overview
from thighdx.scoring.upload import ScoredUpload
from thighdx.suitability import SEVERAL_REASONS, several_reasons
from thighdx.wording import count, percent

MOST_BARS = 8


def draw_results(knowledge: Knowledge, population: str, name: str, scored: ScoredUpload) -> None:
    """Counts, pictures, downloads."""
    found = overview(knowledge, scored.table)
    with st.container(key="batch-results"):
        st.header("Scored", anchor=False)
        st.caption(f"Base rates of {plain(knowledge.content.populations[population].name)}.")
        pressing, unscored = _pressing(found.triage), _pressing(found.triage_not_scored)
        parts.facts(
            [
                ("Rows scored", f"{found.scored:,}"),
                ("Rows not scored", f"{found.not_scored:,}", "they say why in the column status"),
                ("Scored rows with a red flag", f"{sum(one.rows for one in pressing):,}", _by_urgency(pressing)),
                *_flagged_unscored(unscored),
            ]
        )
        _draw_unsuited(scored)
        _draw_files(name, scored)
        _draw_pictures(found)
        _draw_tables(found)


def _pressing(triage: Sequence[Counted]) -> list[Counted]:
    """All urgencies but the last, as far as there are rows."""
    return [one for one in triage[:-1] if one.rows]


def _flagged_unscored(pressing: Sequence[Counted]) -> list[tuple[str, str, str]]:
    """What must not be passed over because it has no numbers."""
    rows = sum(one.rows for one in pressing)
    return [("Rows not scored with a red flag", f"{rows:,}", _by_urgency(pressing))] if rows else []


def _by_urgency(pressing: Sequence[Counted]) -> str:
    return ", ".join(f"{one.name.lower()} {one.rows:,}" for one in pressing) or "none"


def _draw_unsuited(scored: ScoredUpload) -> None:
    """In how many rows the base rates are not meant for the case, why, and which are."""
    lines = [
        f"- **{count(rows, 'row', 'rows')}{', possibly' if one.possible else ''}:** "
        f"{plain(one.text)}{plain(rather_said(one))}"
        for one, rows in scored.unsuited.most_common()
    ]
    if lines:
        if several_reasons(scored.unsuited):
            lines.append(f"\n{SEVERAL_REASONS[0].upper()}{SEVERAL_REASONS[1:]}.")
        told = "\n".join(lines)
        st.info(f"**These base rates are not meant for some of the rows**\n{told}", icon=UNSUITED)


def _draw_files(name: str, scored: ScoredUpload) -> None:
    stem = PurePath(name).stem
    with st.container(horizontal=True):
        st.download_button(
            "Scored table as CSV",
            scored.csv,
            f"{stem}_scored.csv",
            "text/csv",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            key="batch_csv",
        )
        st.download_button(
            "As Parquet",
            scored.parquet,
            f"{stem}_scored.parquet",
            "application/vnd.apache.parquet",
            icon=":material/download:",
            on_click="ignore",
            key="batch_parquet",
        )


def _draw_pictures(found: Overview) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Leading causes", anchor=False)
        _bars(found.leading[:MOST_BARS], "Leading causes", None)
        if not found.leading:
            st.caption("No row was scored.")
    with right:
        st.subheader("Triage by red flags", anchor=False)
        _bars(found.triage, "Triage by red flags", URGENCY_COLOURS)
        if found.not_scored:
            st.caption(f"Shares are of the rows scored. Not scored: {found.not_scored:,}.")
        st.subheader("How sure", anchor=False)
        bins = [
            (f"{100 * number // BINS} to {100 * (number + 1) // BINS} %", f"{rows:,}") for number, rows in _bins(found)
        ]
        parts.draw_chart(
            sureness_chart(found, dark=parts.dark()), f"Rows by leading probability: {parts.said(bins, BINS)}"
        )


def _bins(found: Overview) -> list[tuple[int, int]]:
    return [(number, rows) for number, rows in enumerate(found.sureness) if rows]


def _bars(counted: Sequence[Counted], title: str, colours: dict[str, str] | None) -> None:
    if counted:
        told = parts.said([(one.name, f"{one.rows:,}") for one in counted], MOST_BARS)
        parts.draw_chart(counted_chart(counted, colours=colours, dark=parts.dark()), f"{title}: {told}")


def _draw_tables(found: Overview) -> None:
    of_scored, of_rest = "Share of rows scored", "Share of rows not scored"
    for title, counted, share in (
        ("Every leading cause", found.leading, of_scored),
        ("Red flags raised", found.flags, of_scored),
        ("Triage by the probability of danger", found.triage_posterior, of_scored),
        ("Why rows were not scored", found.faults, of_rest),
        ("Red flags raised in rows not scored", found.flags_not_scored, of_rest),
    ):
        if counted:
            with st.expander(f"{title} ({sum(1 for one in counted if one.rows):,})"):
                rows = [[escape(one.name), f"{one.rows:,}", percent(one.share)] for one in counted]
                st.html(table([title, "Rows", share], rows, title, numeric=[1, 2]))
