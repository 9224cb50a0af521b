"""Rows P(state | cause) and published figures: searched, filtered, a page of cards at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from thighdx.knowledge import Knowledge
from thighdx.page.htmltext import cards, combination_card, figure_card, row_card
from thighdx.provenance import (
    Provenance,
    figures_with,
    matching,
    provenance,
    provenance_table,
    published_combinations,
    published_figures,
)
from thighdx.wording import count

T = TypeVar("T")

ALL = ""  # in a list of names: no filter
CARDS = 12  # on one page


def draw_rows(knowledge: Knowledge, population: str) -> None:
    """P(state | cause) of every finding and cause."""
    st.markdown(
        "How often each finding is there in each cause: *P(finding | cause)*, the published sensitivities and "
        "frequencies themselves. A cause without a row of its own takes the **background**, the same for all of "
        "them. In brackets: the range that a number lies in with 95 %, by what its row is worth; an estimate is worth "
        "few cases. *Read as*: the lowest and the highest of several readings of the same question, made apart by the "
        "authors; no panel of experts, so the range in brackets is the one to trust."
    )
    found = _filtered(knowledge, population)
    published = sum(row.published for row in found)
    st.header(count(len(found), "row", "rows"), anchor=False)
    st.caption(f"{published:,} on published figures, which come first; {len(found) - published:,} estimates.")
    if not found:
        st.info("No row meets all of that. Take away a word or a filter.", icon=":material/search_off:")
        return
    _draw_cards(found, row_card, "rows_page")
    st.download_button(
        "These rows as CSV",
        lambda: _csv(provenance_table(found)),
        "thighdx_rows.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _filtered(knowledge: Knowledge, population: str) -> tuple[Provenance, ...]:
    content = knowledge.content
    first, second = st.columns(2)
    causes = {cause: entry.name for cause, entry in content.causes.items()}
    findings = {finding: entry.question for finding, entry in content.findings.items()}
    with first:
        cause = _choice("Cause", causes, "rows_cause", "All causes")
    with second:
        finding = _choice("Finding", findings, "rows_finding", "All findings")
    text = st.text_input(
        "Search", key="rows_text", placeholder="Words of a finding, cause, reason, source", icon=":material/search:"
    )
    left, right = st.columns(2)
    own = left.toggle("Only causes' own rows, no background", value=True, key="rows_own")
    estimates = right.toggle("Only estimates", key="rows_estimates")
    rows = matching(
        provenance(knowledge, population),
        text=text,
        finding=finding or None,
        cause=cause or None,
        estimates_only=estimates,
        own_only=own,
    )
    return tuple(sorted(rows, key=lambda row: not row.published))


def draw_figures(knowledge: Knowledge, _population: str) -> None:
    """Every published figure, those passed over too."""
    st.markdown(
        "Everything that was read, whether the model uses it or not. Of several figures for one row the nearest "
        "setting comes first, else they are weighted by *n*; those passed over say why."
    )
    text = st.text_input(
        "Search", key="figures_text", placeholder="Words of a cause, finding, title, reason", icon=":material/search:"
    )
    shown = st.segmented_control(
        "Which", ["All", "Used", "Passed over"], default="All", required=True, key="figures_used"
    )
    found = [
        one
        for one in figures_with(published_figures(knowledge), text)
        if shown == "All" or one.used == (shown == "Used")
    ]
    st.header(count(len(found), "figure", "figures"), anchor=False)
    if found:
        _draw_cards(found, figure_card, "figures_page")
    else:
        st.info("No figure has all of these words.", icon=":material/search_off:")
    together = published_combinations(knowledge)
    if together:
        st.header("Several findings together", anchor=False)
        st.caption("What is published of answers in company: a check on how the model joins them, no input of it.")
        st.html(cards(combination_card(one) for one in together))


def _choice(label: str, names: dict[str, str], key: str, everything: str) -> str:
    chosen: str = st.selectbox(
        label, [ALL, *names], format_func=lambda name: names[name] if name else everything, key=key
    )
    return chosen


def _draw_cards(found: Sequence[T], card: Callable[[T], str], key: str) -> None:
    """A page of cards; the page is forgotten where there are fewer."""
    pages = -(-len(found) // CARDS)
    if st.session_state.get(key, 1) > pages:
        del st.session_state[key]
    start = (min(int(st.session_state.get(key, 1)), pages) - 1) * CARDS
    st.html(cards(card(one) for one in found[start : start + CARDS]))
    if pages > 1:
        st.pagination(pages, key=key)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()
