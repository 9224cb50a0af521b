"""The network as pictures, each with the same in a table."""

from __future__ import annotations

from html import escape

import streamlit as st

from thighdx.charts_knowledge import link_chart, matrix_chart
from thighdx.hidden import mechanism_behind
from thighdx.knowledge import Knowledge
from thighdx.links import Picture, around_cause, around_mechanism, causes_and_mechanisms
from thighdx.page import parts
from thighdx.page.htmltext import basis, share_line, table, tag
from thighdx.page.words import plain
from thighdx.wording import percent

WHOLE, CAUSE, MECHANISM = "Causes and mechanisms", "Around a cause", "Around a mechanism"


def draw_network(knowledge: Knowledge, _population: str) -> None:
    """Causes, mechanisms, findings."""
    st.markdown(
        "A cause shows itself through hidden **mechanisms** (damaged tissue, an irritated nerve), and findings of one "
        "mechanism go together: two positive nerve tests are not counted as twice the evidence."
    )
    view = st.segmented_control("Picture", [WHOLE, CAUSE, MECHANISM], default=WHOLE, required=True, key="network_view")
    with st.container(key="network"):
        if view == CAUSE:
            names = {cause: entry.name for cause, entry in knowledge.content.causes.items()}
            picture = around_cause(knowledge, _chosen("Cause", names, "network_cause"))
            _draw_links(knowledge, picture, ("Mechanism", "Finding"))
        elif view == MECHANISM:
            names = {name: entry.name for name, entry in knowledge.content.mechanisms.items()}
            mechanism = _chosen("Mechanism", names, "network_mechanism")
            st.caption(plain(knowledge.content.mechanisms[mechanism].description))
            _draw_links(
                knowledge, around_mechanism(knowledge, mechanism), ("Cause or mechanism", "Mechanism or finding")
            )
            _draw_numbers(knowledge, mechanism)
        else:
            _draw_whole(causes_and_mechanisms(knowledge))


def _chosen(label: str, names: dict[str, str], key: str) -> str:
    chosen: str = st.selectbox(label, list(names), format_func=lambda name: names[name], key=key)
    return chosen


def _draw_whole(picture: Picture) -> None:
    st.caption(picture.caption + " The larger the square, the likelier.")
    told = f"{picture.title}: {len(picture.links)} pairs, all of them in the table below"
    parts.draw_chart(matrix_chart(picture, dark=parts.dark()), told)
    _draw_table(picture, ("Cause", "Mechanism"))


def _draw_links(knowledge: Knowledge, picture: Picture, headings: tuple[str, str]) -> None:
    st.header(plain(picture.title), anchor=False)
    st.caption(picture.caption)
    told = f"{picture.title}: {len(picture.links)} links, all of them in the table below"
    parts.draw_chart(link_chart(picture, groups=knowledge.origins, dark=parts.dark()), told)
    if any(node.group in knowledge.origins for node in picture.left):
        parts.draw_legend(knowledge)
    _draw_table(picture, headings)


def _draw_table(picture: Picture, headings: tuple[str, str]) -> None:
    names = {node.id: node.name for node in (*picture.left, *picture.right)}
    if picture.hub is not None:
        names[picture.hub] = picture.title
    rows = [
        [escape(names[link.left]), escape(names[link.right]), f"{link.strength:.2f}", escape(link.said)]
        for link in picture.links
    ]
    with st.expander("The same as a table"):
        st.html(table([*headings, "Strength", "In words"], rows, picture.caption, numeric=[2]))


def _draw_numbers(knowledge: Knowledge, mechanism: str) -> None:
    """P(level | cause) and the templates, with their reasons."""
    found = mechanism_behind(knowledge, mechanism)
    with st.expander("How likely its levels are under each cause, and why"):
        rows = [
            [
                escape(row.title),
                "<br>".join(escape(share_line(one)) for one in row.shares),
                f"{row.weight:g}",
                tag(row.estimate) + basis(row.estimate, row.figures, row.sources, row.note),
            ]
            for row in found.rows
        ]
        st.html(table(["Cause", "Levels", "Weight", "Rests on"], rows, "P(level | cause)", numeric=[2]))
    with st.expander("How its findings go with the levels, and why"):
        rows = []
        for template in found.templates:
            levels = [
                f"<b>{escape(level)}</b>: {escape(', '.join(f'{label} {percent(p)}' for label, p in states))}"
                for level, states in template.given
            ]
            why = f"<p>{escape(template.reason)}</p>{basis(None, template.figures, template.sources, None)}"
            rows.append([escape(template.question), "<br>".join(levels), why])
        caption = "Only the shape counts: how often a finding is there under a cause is its own row's, to the digit."
        st.html(table(["Finding", "By level", "Why"], rows, caption))
