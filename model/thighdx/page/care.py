"""What to do next for the leading causes: advice, whom to see, the best study with limits and price, with sources."""

from __future__ import annotations

import streamlit as st

from thighdx.casereport.content import LEADING, weeks_said
from thighdx.causecard import Advice, BestStudy, CauseCard, cause_card
from thighdx.page.results import Shown
from thighdx.page.words import plain
from thighdx.wording import percent


def draw_care(shown: Shown) -> None:
    """A card for each leading cause, the first one open."""
    with st.container(key="care"):
        st.header("What to do next", anchor=False)
        st.caption("For the leading causes. Red flags go before all of it.")
        for number, share in enumerate(shown.now.causes[:LEADING]):
            with st.expander(f"{plain(share.name)} · {percent(share.probability)}", expanded=number == 0):
                _draw_card(cause_card(shown.used, share.id, shown.now.population, most=0))


def _draw_card(card: CauseCard) -> None:
    st.markdown(plain(card.description))
    if card.care is not None:
        _draw_advice(card.care)
    _draw_study(card.best_study)
    sources = "; ".join(f"[{plain(one.title)}]({one.url})" if one.url else plain(one.title) for one in card.sources)
    if sources:
        st.caption(f"Rests on: {sources}")


def _draw_advice(care: Advice) -> None:
    st.markdown(f"**Whom to see.** {plain(care.see)}")
    st.markdown("**First**\n" + _lines(care.first_line))
    if care.avoid:
        st.markdown("**Avoid**\n" + _lines(care.avoid))
    if care.recovery:
        courses = tuple(f"{one.who}: {weeks_said(one)}{' (estimate)' if one.estimate else ''}" for one in care.recovery)
        st.markdown("**Recovery**\n" + _lines(courses))
    if care.note is not None:
        st.caption(plain(care.note))


def _lines(texts: tuple[str, ...]) -> str:
    return "\n".join(f"- {plain(text)}" for text in texts)


def _draw_study(best: BestStudy) -> None:
    said = [f"**Best study.** {plain(best.question or 'None needed')}.", plain(best.why or "")]
    if best.limits is not None:
        said.append(f"*Limits:* {plain(best.limits)}")
    if best.price_usd is not None:
        low, high = best.price_usd
        said.append(f"*Price:* {low:g} to {high:g} US dollars.")
    if best.price_note is not None:
        said.append(plain(best.price_note))
    st.markdown(" ".join(part for part in said if part))
