"""The page Knowledge: every number behind the model, with where it comes from."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from thighdx.knowledge import Knowledge
from thighdx.page import parts
from thighdx.page.knowledge_flags import draw_flags, draw_settings
from thighdx.page.knowledge_network import draw_network
from thighdx.page.knowledge_rates import draw_rates
from thighdx.page.knowledge_ratios import draw_ratios
from thighdx.page.knowledge_rows import draw_figures, draw_rows
from thighdx.provenance import provenance, published_figures

VIEWS: dict[str, Callable[[Knowledge, str], None]] = {
    "Cause by finding": draw_rows,
    "Likelihood ratios": draw_ratios,
    "Network": draw_network,
    "Base rates": draw_rates,
    "Red flags": draw_flags,
    "Published figures": draw_figures,
    "Settings": draw_settings,
}
VIEW = "knowledge_view"


def draw(knowledge: Knowledge, population: str) -> None:
    """Draw the page for one session."""
    parts.begin(
        "Knowledge",
        "Every number behind the model, and what it rests on. A number without a published figure is an **estimate**: "
        "it says why it stands there, and is worth few cases.",
    )
    _draw_facts(knowledge, population)
    with st.container(key="knowledge"):
        chosen = parts.choose_population(knowledge, population, "knowledge_population")
        names = list(VIEWS)
        view = st.segmented_control("Show", names, default=names[0], required=True, key=VIEW)
        VIEWS[str(view or names[0])](knowledge, chosen)


def _draw_facts(knowledge: Knowledge, population: str) -> None:
    own = [row for row in provenance(knowledge, population) if row.own]
    published = sum(row.published for row in own)
    figures = published_figures(knowledge)
    parts.facts(
        [
            ("Causes", f"{len(knowledge.causes)}"),
            ("Findings", f"{len(knowledge.findings)}"),
            ("Rows of a cause's own", f"{len(own):,}", f"{published:,} published, {len(own) - published:,} estimates"),
            (
                "Published figures",
                f"{len(figures):,}",
                f"{sum(one.used for one in figures):,} used, the rest passed over",
            ),
            ("Documents", f"{len(knowledge.content.sources):,}"),
        ]
    )
