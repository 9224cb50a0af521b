"""Whose base rates, how much of them each origin has, and a way back to no answer."""

from __future__ import annotations

import streamlit as st

from thighdx.casereport.saved import rescaled
from thighdx.diagnosis import diagnose
from thighdx.errors import ImpossibleEvidenceError
from thighdx.knowledge import Knowledge
from thighdx.page import models, state
from thighdx.page.folded import folded
from thighdx.page.words import plain
from thighdx.wording import percent

MOST_MOVED = 5  # causes of which the change is shown


def draw_controls(knowledge: Knowledge) -> None:
    """Population, base rates by origin, start over."""
    st.session_state["population"] = state.population()

    def choose() -> None:
        name = st.session_state["population"]
        state.choose_population(name, f"Base rates of {knowledge.content.populations[name].name}")

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Population: whose base rates",
            list(knowledge.populations),
            format_func=lambda name: knowledge.content.populations[name].name,
            key="population",
            help=plain(knowledge.content.populations[state.population()].description),
            on_change=choose,
        )
        st.button("Start over", key="start_over", icon=":material/restart_alt:", on_click=state.start_over)
    _draw_origins(knowledge)


def _draw_origins(knowledge: Knowledge) -> None:
    held = state.situation()
    entry = knowledge.content.populations[held.population]
    own = None if entry.origins is None else {name: entry.origins.p.get(name, 0.0) for name in knowledge.origins}
    shares = own if held.origins is None else dict(held.origins)
    said = " · ".join(f"{100 * share:.3g} %" for share in shares.values()) if shares else "by cause"
    with st.container(key="base-rates"):
        about = folded(f"About this population, and its base rates ({said})", "about_population")
    if not about.open:
        return
    with about:
        st.markdown(plain(entry.description))
        if shares is None or own is None:
            st.caption("This population states the share of every cause outright, so there are no shares to move here.")
            return
        st.markdown("**If you see other patients, move a share.** The others give way, and the sum stays 100 %.")
        for name in knowledge.origins:
            _draw_share(knowledge, shares, name)
        if held.origins is not None:
            st.button(
                "Back to the population's own",
                key="own_origins",
                on_click=state.set_origins,
                args=(None, "Base rates as the population has them"),
            )
            _draw_effect(knowledge)


def _draw_share(knowledge: Knowledge, shares: dict[str, float], name: str) -> None:
    key = f"share_{name}"
    st.session_state[key] = round(100 * shares[name], 1)

    def store() -> None:
        changed = rescaled(shares, name, st.session_state[key] / 100)
        state.set_origins(changed, f"Base rate of {knowledge.content.origins[name]}")

    st.slider(plain(knowledge.content.origins[name]), 0.0, 100.0, step=0.5, format="%.1f %%", key=key, on_change=store)


def _draw_effect(knowledge: Knowledge) -> None:
    """The case with the population's own base rates, and with these."""
    held = state.situation()
    try:
        before = diagnose(held.answers, knowledge=knowledge, population=held.population)
        after = diagnose(held.answers, knowledge=models.used(knowledge, held), population=held.population)
    except ImpossibleEvidenceError:
        st.caption("With these shares no cause goes with all answers.")
        return
    then = {share.id: share.probability for share in before.causes}
    moved = sorted(after.causes, key=lambda share: -abs(share.probability - then[share.id]))[:MOST_MOVED]
    st.markdown("**What your shares change most, with the answers so far**")
    st.table(
        {
            "Cause": [plain(share.name) for share in moved],
            "Population's own": [percent(then[share.id]) for share in moved],
            "Yours": [percent(share.probability) for share in moved],
        },
        hide_index=True,
    )
