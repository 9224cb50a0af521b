"""Likelihood ratios of a finding among the causes."""

from __future__ import annotations

from html import escape

import streamlit as st

from thighdx.charts_knowledge import ratio_chart
from thighdx.knowledge import Knowledge
from thighdx.page import parts
from thighdx.page.htmltext import table
from thighdx.page.words import plain
from thighdx.ratios import FindingRatios, StateRatios, finding_ratios
from thighdx.wording import percent, ratio_said

MOST_BARS = 16  # of the causes with a row of their own, the strongest; all are in the table


def draw_ratios(knowledge: Knowledge, population: str) -> None:
    """A finding, a state, and what it says for and against each cause."""
    st.markdown(
        "How much an answer speaks for a cause, against **all other causes together**, weighted by their base rates: "
        "*P(answer | cause) / P(answer | any other cause)*. Above 1 it speaks for the cause, below 1 against it."
    )
    content = knowledge.content
    names = {name: entry.question for name, entry in content.findings.items()}
    if st.session_state.get("ratios_finding") not in names:
        tests = [name for name, entry in content.findings.items() if entry.kind == "test"]
        st.session_state["ratios_finding"] = (tests or list(names))[0]
    finding: str = st.selectbox("Finding", list(names), format_func=names.__getitem__, key="ratios_finding")
    found = finding_ratios(knowledge, finding, population)
    labels = {one.state: one.label for one in found.states}
    state = st.segmented_control(
        "Answer",
        list(labels),
        default=list(labels)[-1],
        format_func=lambda one: plain(labels[one]),
        required=True,
        key=f"ratios_state_{finding}",
    )
    st.caption(plain(content.findings[finding].judge))
    chosen = found.of(str(state or list(labels)[-1]))
    _draw_state(knowledge, found, chosen)
    st.html(_all_states(found, chosen))


def _draw_state(knowledge: Knowledge, found: FindingRatios, chosen: StateRatios) -> None:
    own = [one for one in chosen.causes if one.own] or list(chosen.causes)
    strongest = sorted(own, key=lambda one: -_size(one.ratio))[:MOST_BARS]
    shown = StateRatios(chosen.state, chosen.label, tuple(one for one in chosen.causes if one in strongest))
    with st.container(key="ratios"):
        st.header(f"{plain(found.question)} {plain(chosen.label)}", anchor=False)
        st.caption(f"Bar from 1, on a logarithmic axis. {_of_the_others(chosen)}")
        told = parts.said([(one.name, ratio_said(one.ratio)) for one in shown.causes], MOST_BARS)
        parts.draw_chart(
            ratio_chart(shown, groups=knowledge.origins, dark=parts.dark()),
            f"Likelihood ratios of {chosen.label}: {told}",
        )
        parts.draw_legend(knowledge)


def _of_the_others(chosen: StateRatios) -> str:
    """What the answer says of the causes that have no row of their own."""
    others = [one.ratio for one in chosen.causes if not one.own and one.ratio is not None]
    if not others or len(others) == len(chosen.causes):
        return ""
    low, high = ratio_said(min(others)), ratio_said(max(others))
    span = low if low == high else f"{low} to {high}"
    return f"{len(others)} causes have no row of their own and take the background: {span}."


def _size(ratio: float | None) -> float:
    """How far from 1, either way."""
    if not ratio:
        return 0.0
    return max(ratio, 1 / ratio)


def _all_states(found: FindingRatios, chosen: StateRatios) -> str:
    """All causes by the chosen answer's ratio, with the ratios of the other answers beside it."""
    by_state = {one.state: {cause.cause: cause for cause in one.causes} for one in found.states}
    headings = ["Cause", f"{chosen.label}: how often", *(f"{one.label}: ratio" for one in found.states)]
    rows = [
        [
            escape(one.name) + ("" if one.own else ' <span class="quiet">(background)</span>'),
            percent(one.p_here),
            *(ratio_said(by_state[state.state][one.cause].ratio) for state in found.states),
        ]
        for one in chosen.causes
    ]
    return table(headings, rows, "All causes, the largest ratio first", numeric=range(1, len(headings)))
