"""What the pages Batch, Knowledge and About share: their style, the choice of population, charts with their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import altair as alt
import streamlit as st

from thighdx.casereport.bars import legend_html
from thighdx.knowledge import Knowledge

STYLE = Path(__file__).with_name("reference.css")


def begin(title: str, lead: str) -> None:
    """Style, heading and the sentence that says what the page is for."""
    st.html(STYLE)
    st.title(title, anchor=False)
    st.markdown(lead)


def choose_population(knowledge: Knowledge, population: str, key: str) -> str:
    """A list of the populations, at first the session's own; looking at another leaves the case at hand alone."""
    names = list(knowledge.populations)
    chosen: str = st.selectbox(
        "Population: whose base rates",
        names,
        index=names.index(population),
        format_func=lambda name: knowledge.content.populations[name].name,  # a list takes no Markdown
        key=key,
    )
    return chosen


def dark() -> bool:
    """Whether this session's theme is dark."""
    return st.context.theme.type == "dark"


def draw_chart(chart: alt.TopLevelMixin, said: str) -> None:
    """A chart, and what it shows in words for those who do not see it."""
    st.vega_lite_chart(chart.to_dict(), width="stretch", alt=said)


def draw_legend(knowledge: Knowledge) -> None:
    """What the colours of causes mean, where a chart has no base rates or intervals of its own."""
    st.html(legend_html(knowledge.content.origins, lines=False))


def facts(pairs: Iterable[tuple[str, str] | tuple[str, str, str]]) -> None:
    """A few figures with their names, side by side; a third text stands small below."""
    items = []
    for name, value, *small in pairs:
        below = "".join(f"<small>{escape(one)}</small>" for one in small)
        items.append(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}{below}</dd></div>")
    st.html(f'<dl class="facts">{"".join(items)}</dl>')


def said(pairs: Sequence[tuple[str, str]], most: int = 8) -> str:
    """Names and values in one sentence; past `most` they are counted."""
    more = f"; and {len(pairs) - most} more" if len(pairs) > most else ""
    return "; ".join(f"{name} {value}" for name, value in pairs[:most]) + more
