"""Why this cause and not that: what each answer contributes, drawn and in words, and what it rests on."""

from __future__ import annotations

from html import escape

import streamlit as st

from thighdx.casereport.bars import contributions_html
from thighdx.errors import ImpossibleEvidenceError
from thighdx.page.folded import folded
from thighdx.page.htmltext import row_html
from thighdx.page.results import Shown
from thighdx.page.words import plain
from thighdx.reasoning.contributions import Contribution, Explanation, explain
from thighdx.reasoning.sentences import how_shared, odds
from thighdx.wording import asked_and_said, percent, state_label

REST = ""  # all other causes together
MOST_SHOWN = 8
SPEAK = {"supports": "speaks for it", "opposes": "speaks against it", "neutral": "hardly speaks"}


def draw_why(shown: Shown) -> None:
    """The explanation of any cause, against all others or one of them; the leading one to start with."""
    with st.container(key="explanation"):
        st.header("Why", anchor=False)
        if not shown.now.answers:
            st.caption("With the first answer it says here what speaks for a cause and what against it.")
            return
        cause, against = _chosen(shown)
        try:
            told = explain(
                shown.situation.answers,
                cause,
                against or None,
                knowledge=shown.used,
                population=shown.situation.population,
            )
        except ImpossibleEvidenceError as error:
            st.info(plain(str(error)))
            return
        _draw_told(shown, told)


def _chosen(shown: Shown) -> tuple[str, str]:
    """Which cause is explained, and against which; a choice stays while the answers change."""
    ranked = [share.id for share in shown.now.causes]
    names = {share.id: share.name for share in shown.now.causes}  # a choice is kept by its label: no numbers in it
    this, that = st.columns(2)
    with this:
        cause: str | None = st.selectbox(
            "Why this cause",
            ["", *ranked],
            format_func=lambda name: names.get(name, "The leading cause"),
            key="why_cause",
            persist_state="session",
        )
    chosen = cause or ranked[0]
    with that:
        against: str | None = st.selectbox(
            "Rather than",
            [REST, *ranked],
            format_func=lambda name: names.get(name, "All other causes together"),
            key="why_against",
            persist_state="session",
        )
    if against == chosen:
        st.caption("That is the same cause; it is compared with all others.")
        return chosen, REST
    return chosen, against or REST


def _draw_told(shown: Shown, told: Explanation) -> None:
    prior, posterior = odds(told.prior_log_odds), odds(told.posterior_log_odds)
    st.markdown(
        f"**{plain(told.cause_name)}** {percent(told.posterior)}, against {plain(told.against_name)} "
        f"{percent(told.against_posterior)}. Odds {prior} before the answers, **{posterior}** now."
    )
    st.html(contributions_html(told, MOST_SHOWN))
    st.caption("In log-odds: to the right what speaks for it, to the left what speaks against it.")
    reasons = folded("Likelihood ratios, and what each answer rests on", "why_rows")
    if reasons.open:
        items = "".join(_one(shown, one) for one in told.contributions)
        reasons.html(f'<ul class="rows">{items}</ul><p class="small">{escape(how_shared(told))}</p>')


def _one(shown: Shown, one: Contribution) -> str:
    """One answer with the rows behind it."""
    entry = shown.used.content.findings[one.finding]
    rows = "".join(f"<li>{row_html(row, [state_label(entry, name) for name in row.p])}</li>" for row in one.rows)
    return (
        f"<li><b>{escape(asked_and_said(one.question, one.label))}</b> {SPEAK[one.direction]}: likelihood ratio "
        f"{one.likelihood_ratio:.3g} ({one.decibans:+.1f} decibans); without it {percent(one.posterior_without)}"
        f"<ul>{rows}</ul></li>"
    )
