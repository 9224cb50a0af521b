"""Whom the base rates are not meant for, said where this case is such a one, with a way to better ones."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from thighdx.diagnosis import Diagnosis
from thighdx.knowledge import Knowledge
from thighdx.page import state
from thighdx.page.words import plain
from thighdx.suitability import Unsuited

ICON = ":material/groups:"


def draw_unsuited(knowledge: Knowledge, diagnosis: Diagnosis) -> None:
    """A calm box, and below it a button for each better population, which keeps the answers; mostly nothing."""
    if not diagnosis.not_for:
        return
    with st.container(key="not-for"):
        draw_reasons(knowledge, diagnosis)
        better = {other.id: other.name for one in diagnosis.not_for for other in one.rather}
        if better:
            with st.container(horizontal=True, gap="xsmall"):
                for name, called in better.items():
                    st.button(
                        f"Use: {plain(called)}",
                        key=f"rather_{name}",
                        on_click=state.choose_population,
                        args=(name, f"Base rates of {called}"),
                    )


def draw_reasons(knowledge: Knowledge, diagnosis: Diagnosis) -> None:
    """The box alone: one heading, as sure as the surest of the reasons, and the reasons."""
    if not diagnosis.not_for:
        return
    most = surest(diagnosis.not_for)
    lines = [_line(one, most) for one in diagnosis.not_for]
    told = lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)
    name = knowledge.content.populations[diagnosis.population].name
    st.info(f"**{most.heading}** ({plain(name)})\n\n{told}", icon=ICON)


def surest(reasons: Sequence[Unsuited]) -> Unsuited:
    """The first reason that holds for certain, or else the first."""
    return min(reasons, key=lambda one: one.possible)


def _line(one: Unsuited, most: Unsuited) -> str:
    return f"{plain(one.text)}{' (possible)' if one.possible and not most.possible else ''}"
