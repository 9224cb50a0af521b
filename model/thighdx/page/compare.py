"""The page Compare: two scenarios of the case side by side."""

from __future__ import annotations

import streamlit as st

from thighdx.casereport.bars import Bar, axis_end, bars_html, bars_of, legend_html, moved
from thighdx.casereport.compare import differences, in_population, with_answer, without_kind
from thighdx.casereport.content import answered, not_to_be_missed
from thighdx.casereport.saved import Situation
from thighdx.diagnosis import Diagnosis, diagnose
from thighdx.encounter import STUDY
from thighdx.errors import ImpossibleEvidenceError
from thighdx.knowledge import Knowledge
from thighdx.page import models, state
from thighdx.page.flags import BOXES
from thighdx.page.suitability import draw_reasons
from thighdx.page.words import plain
from thighdx.wording import count, percent, state_label

SIDES = {"a": "First", "b": "Second"}
UNCHANGED, NOT_ASKED = "", "not_asked"
MOST_CAUSES = 6
MOST_MOVED = 10


def draw(knowledge: Knowledge, population: str) -> None:
    """Draw the page for one session: what is chosen above, both posteriors below, then what differs."""
    st.title("Compare two scenarios", anchor=False)
    given = len(state.answers())
    st.caption(
        f"Both start from the case as it stands ({count(given, 'answer', 'answers')}). Choose another population, "
        "change one answer or leave the studies out, on either side; the case itself stays as it is. The "
        "upright mark in a bar is the base rate."
    )
    ids = list(knowledge.populations)
    other = next((name for name in ids if name != population), population)
    places, scenarios = [], []
    for side, column, first in zip(SIDES, st.columns(2, gap="large"), (population, other), strict=True):
        places.append(column.container(key=f"scenario-{side}", border=True))
        with places[-1]:
            scenarios.append(_choose(knowledge, side, ids.index(first)))
    told = []
    for place, scenario in zip(places, scenarios, strict=True):
        with place:
            told.append(_told(knowledge, scenario))
    end = max((axis_end(_bars(knowledge, one)) for one in told if one is not None), default=1.0)
    for place, scenario, one in zip(places, scenarios, told, strict=True):
        if one is not None:
            with place:
                _draw_told(knowledge, scenario, one, end)
    first_told, second_told = told
    if first_told is not None and second_told is not None:
        _draw_differences(first_told, second_told)


def _choose(knowledge: Knowledge, side: str, index: int) -> Situation:
    """The scenario of one side."""
    held, entries = state.situation(), knowledge.content.findings
    st.header(f"{SIDES[side]} scenario", anchor=False)
    population = st.selectbox(
        "Population",
        list(knowledge.populations),
        index=index,
        format_func=lambda name: knowledge.content.populations[name].name,
        key=f"compare_population_{side}",
        persist_state="session",
    )
    scenario = in_population(held, population)
    finding = st.selectbox(
        "Change one answer",
        [UNCHANGED, *entries],
        format_func=lambda name: entries[name].question if name else "None",
        key=f"compare_finding_{side}",
        persist_state="session",
    )
    if finding:
        entry = entries[finding]
        cell = st.selectbox(
            "to",
            [NOT_ASKED, *entry.states],
            format_func=lambda one: "Not asked" if one == NOT_ASKED else state_label(entry, one),
            key=f"compare_cell_{side}_{finding}",
            persist_state="session",
        )
        scenario = with_answer(scenario, finding, "" if cell == NOT_ASKED else cell)
    studies = [name for name in scenario.answers if entries[name].kind == STUDY]
    if studies and st.toggle(
        f"Leave out {count(len(studies), 'study', 'studies')}", key=f"compare_studies_{side}", persist_state="session"
    ):
        scenario = without_kind(knowledge, scenario, STUDY)
    return scenario


def _told(knowledge: Knowledge, scenario: Situation) -> Diagnosis | None:
    try:
        return diagnose(scenario.answers, knowledge=models.used(knowledge, scenario), population=scenario.population)
    except ImpossibleEvidenceError:
        st.warning("No cause in the model goes with all of these answers together.")
        return None


def _draw_told(knowledge: Knowledge, scenario: Situation, told: Diagnosis, end: float) -> None:
    _draw_flags(told)
    draw_reasons(knowledge, told)
    bars = bars_html(_bars(knowledge, told), "Most probable causes", end)
    st.html(bars + legend_html(knowledge.content.origins, lines=False))
    with st.expander(count(len(scenario.answers), "answer", "answers")):
        lines = "\n".join(f"- {plain(one.together)}" for one in answered(knowledge, scenario.answers))
        st.markdown(lines or "None: these are the base rates.")


def _draw_flags(told: Diagnosis) -> None:
    """A box as urgent as the most urgent of them."""
    if not told.red_flags:
        st.caption("No red flag among these answers.")
        return
    lines = "\n".join(f"- {flag.urgency.upper()}: {plain(flag.name)}" for flag in told.red_flags)
    BOXES.get(told.triage, st.info)(f"**Red flags**\n{lines}", icon=":material/flag:")


def _bars(knowledge: Knowledge, told: Diagnosis) -> tuple[Bar, ...]:
    return bars_of(told.causes[:MOST_CAUSES], knowledge.origins, marks=not_to_be_missed(knowledge.content))


def _draw_differences(first: Diagnosis, second: Diagnosis) -> None:
    with st.container(key="differences"):
        st.header("What differs", anchor=False)
        rows = [row for row in differences(first, second) if moved(row.second, row.first)]
        if not rows:
            st.caption("Nothing: both scenarios say the same.")
            return
        leads = first.top.name if first.top.id == second.top.id else None
        st.markdown(
            f"Both are led by *{plain(leads)}*."
            if leads
            else f"The first is led by *{plain(first.top.name)}*, the second by *{plain(second.top.name)}*."
        )
        shown = rows[:MOST_MOVED]
        st.table(
            {
                "Cause": [plain(row.name) for row in shown],
                "First": [percent(row.first) for row in shown],
                "Second": [percent(row.second) for row in shown],
                "Change, points": [moved(row.second, row.first) for row in shown],
            },
            hide_index=True,
        )
        if len(rows) > MOST_MOVED:
            st.caption(f"{count(len(rows) - MOST_MOVED, 'cause moves', 'causes move')} less than these.")
