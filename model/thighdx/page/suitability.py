"""Whom the base rates are not meant for, said where this case is such a one, with a way to better ones."""

from __future__ import annotations

import streamlit as st

from thighdx.page import state
from thighdx.page.words import plain
from thighdx.suitability import Unsuited

ICON = ":material/groups:"


def draw_unsuited(reasons: tuple[Unsuited, ...]) -> None:
    """A calm box, and below it a button for each better population, which keeps the answers; mostly nothing."""
    if not reasons:
        return
    with st.container(key="not-for"):
        draw_reasons(reasons)
        better = {other.id: other.name for one in reasons for other in one.rather}
        if better:
            with st.container(horizontal=True, gap="small"):
                for name, called in better.items():
                    st.button(
                        f"Use: {plain(called)}",
                        key=f"rather_{name}",
                        on_click=state.choose_population,
                        args=(name, f"Base rates of {called}"),
                    )


def draw_reasons(reasons: tuple[Unsuited, ...]) -> None:
    """The box alone: one heading, as sure as the surest of the reasons, and the reasons."""
    if reasons:
        heading = min(reasons, key=lambda one: one.possible).heading
        texts = [plain(one.text) for one in reasons]
        lines = texts[0] if len(texts) == 1 else "\n".join(f"- {text}" for text in texts)
        st.info(f"**{heading}.**\n\n{lines}", icon=ICON)
