"""What to do next for the leading causes: advice, whom to see, the best study with limits and price, with sources."""

from __future__ import annotations

import streamlit as st

from thighdx.casereport.care import care_html
from thighdx.casereport.content import LEADING
from thighdx.causecard import cause_card
from thighdx.page.folded import folded
from thighdx.page.htmltext import link
from thighdx.page.results import Shown
from thighdx.page.words import plain
from thighdx.wording import percent


def draw_care(shown: Shown) -> None:
    """A card for each leading cause, the first one open."""
    with st.container(key="care"):
        st.header("What to do next", anchor=False)
        st.caption("For the leading causes. Red flags go before all of it.")
        for number, share in enumerate(shown.now.causes[:LEADING]):
            label = f"{plain(share.name)} · {percent(share.probability)}"
            box = folded(label, f"care_{number}", expanded=number == 0)
            if box.open:
                card = cause_card(shown.used, share.id, shown.now.population, most=0)
                box.html(care_html(card, "; ".join(link(one) for one in card.sources)))
