"""Red flags, the most urgent first. They follow from the answers alone and stand whatever the probabilities are."""

from __future__ import annotations

from html import escape
from itertools import groupby

import streamlit as st

from thighdx.diagnosis import Diagnosis, RedFlagRaised
from thighdx.knowledge import Knowledge
from thighdx.page.words import plain
from thighdx.wording import count

ANCHOR = "red-flags"
EMERGENCY = "emergency"
BOXES = {EMERGENCY: st.error, "urgent": st.warning}  # the rest are told as information


def draw_red_flags(knowledge: Knowledge, flags: tuple[RedFlagRaised, ...], diagnosis: Diagnosis | None = None) -> None:
    """A box for each urgency, or a quiet line where no red flag fires; then what the posterior asks for, if more."""
    with st.container(key="red-flags"):
        st.header("Red flags", anchor=ANCHOR)
        _draw_rules(knowledge, flags)
        if diagnosis is not None:
            _draw_by_probability(knowledge, diagnosis)


def _draw_by_probability(knowledge: Knowledge, diagnosis: Diagnosis) -> None:
    """What the posterior asks for, where it is more urgent than what the red flags do."""
    order, asked = list(knowledge.content.urgencies), diagnosis.triage_posterior
    if asked is None or order.index(asked) >= order.index(diagnosis.triage):
        return
    within, reason = plain(knowledge.content.urgencies[asked]), plain(diagnosis.triage_reasons[-1].partition(": ")[2])
    told = f"**By probability, {asked}: {within}**\n\n{reason[:1].upper()}{reason[1:]}."
    BOXES.get(asked, st.info)(told, icon=":material/monitoring:")


def _draw_rules(knowledge: Knowledge, flags: tuple[RedFlagRaised, ...]) -> None:
    if not flags:
        st.markdown("None among the answers given. What was not asked cannot raise one.")
        return
    for urgency, group in groupby(flags, key=lambda flag: flag.urgency):
        raised = tuple(group)
        lines = "\n".join(_line(flag) for flag in raised)
        box = BOXES.get(urgency, st.info)
        box(f"**{urgency.upper()}: {plain(raised[0].within)}**\n{lines}", icon=":material/flag:")
    st.caption("They stand whatever the probabilities below.")
    with st.expander("What to do, what they may be, and what this rests on"):
        st.markdown("\n".join(_basis(knowledge, flag) for flag in flags))


def draw_glance(flags: tuple[RedFlagRaised, ...], answers: int, leading: str) -> None:
    """One line at the bottom that leads to the results: on narrow screens, and on all of them in an emergency."""
    urgency = flags[0].urgency if flags else "none"
    among = f"No red flag among {count(answers, 'answer', 'answers')}" if answers else "Nothing asked yet"
    said = f"{urgency.upper()}: {count(len(flags), 'red flag', 'red flags')}" if flags else among
    st.html(
        f'<div class="glance glance-{escape(urgency)}" role="status"><a href="#{ANCHOR}">'
        f"<b>{escape(said)}</b><span>{escape(leading)}</span></a></div>"
    )


def _line(flag: RedFlagRaised) -> str:
    """What an emergency asks for stands in its box, the rest below, so that the causes stay in view."""
    possible = " (possible: one of the states answered)" if flag.possible else ""
    action = f". {plain(flag.action)}" if flag.urgency == EMERGENCY else ""
    return f"- **{plain(flag.name)}**{possible}{action}"


def _basis(knowledge: Knowledge, flag: RedFlagRaised) -> str:
    causes = ", ".join(knowledge.content.causes[cause].name for cause in flag.may_be)
    may_be = f" May be: {plain(causes)}." if causes else ""
    misses = f" Misses: {plain(flag.misses)}" if flag.misses else ""
    rests = plain("; ".join(flag.sources))
    return f"- **{plain(flag.name)}**. {plain(flag.action)}{may_be}{misses} Rests on: {rests}"
