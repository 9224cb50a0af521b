"""Base rates of a population, and what they rest on."""

from __future__ import annotations

from html import escape

import streamlit as st

from thighdx.baserates import PopulationBehind, SharesBehind, population_behind
from thighdx.charts_knowledge import base_rate_chart
from thighdx.knowledge import Knowledge
from thighdx.page import parts
from thighdx.page.htmltext import basis, cards, share_line, table, tag
from thighdx.page.knowledge_flags import line_said
from thighdx.page.words import plain
from thighdx.schema import Content, NotFor
from thighdx.wording import percent

MOST_BARS = 12  # the table has all


def draw_rates(knowledge: Knowledge, population: str) -> None:
    """The chosen population beside the others."""
    found = population_behind(knowledge, population)
    st.markdown(plain(found.description))
    shown = found.causes[:MOST_BARS]
    with st.container(key="rates"):
        st.caption(
            f"The {len(shown)} commonest of {len(found.causes)} causes. Thin line: the interval that the priors state "
            "for the share within its origin."
        )
        told = parts.said([(one.name, percent(one.rate)) for one in shown], MOST_BARS)
        chart = base_rate_chart(shown, groups=knowledge.origins, dark=parts.dark())
        parts.draw_chart(chart, f"Base rates in {found.name}: {told}")
        parts.draw_legend(knowledge)
        with st.expander(f"All {len(found.causes)} causes in every population"):
            st.html(_beside(knowledge, found))
        not_for = knowledge.content.populations[population].not_for
        if not_for:
            with st.expander("What they are not meant for"):
                st.html(cards(_not_for_card(knowledge.content, one) for one in not_for))
        for title, rows in (("What the base rates rest on", found.shares), ("The mix of people at risk", found.mix)):
            if rows:
                with st.expander(title):
                    st.html(_shares_table(rows, title))


def _not_for_card(content: Content, one: NotFor) -> str:
    lines = "".join(f"<li>{line_said(content, line)}</li>" for line in one.when)
    unless = "".join(f"<li>{line_said(content, line)}</li>" for line in one.unless)
    but = f'<p><b>But not with</b></p><ul class="documents">{unless}</ul>' if unless else ""
    rather = " or ".join(content.populations[name].name for name in one.rather)
    better = f"<p><b>Rather</b> {escape(rather)}.</p>" if rather else ""
    return f'<article class="card"><ul class="documents">{lines}</ul>{but}<p>{escape(one.text)}</p>{better}</article>'


def _beside(knowledge: Knowledge, found: PopulationBehind) -> str:
    others = [population_behind(knowledge, name) for name in knowledge.populations]
    rates = {one.id: {cause.cause: cause for cause in one.causes} for one in others}
    rows = [
        [escape(cause.name), *(percent(rates[one.id][cause.cause].rate) for one in others)] for cause in found.causes
    ]
    headings = ["Cause", *(one.name for one in others)]
    return table(headings, rows, f"In the order of {found.name}", numeric=range(1, len(headings)))


def _shares_table(rows: tuple[SharesBehind, ...], caption: str) -> str:
    return table(
        ["Shares of", "Shares", "Weight", "Rests on"],
        [
            [
                escape(row.title),
                "<br>".join(escape(share_line(one)) for one in row.shares),
                f"{row.weight:g}",
                tag(row.estimate) + basis(row.estimate, row.figures, row.sources, row.note),
            ]
            for row in rows
        ],
        caption,
        numeric=[2],
    )
