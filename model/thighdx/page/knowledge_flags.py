"""Red-flag rules, and the few numbers that belong to no row."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import groupby

import streamlit as st

from thighdx.knowledge import Knowledge
from thighdx.page.htmltext import cards, links, table, tag
from thighdx.page.words import plain
from thighdx.reasoning.basis import document
from thighdx.schema import Content, Misses, RedFlag
from thighdx.wording import percent, state_label

MEANT = {
    "floor": "No finding is impossible under a cause: a smaller probability is raised to this one.",
    "soft_red_flag": "An answer that is not sure raises a red flag from this probability on.",
    "largest_weight": "The most cases that a row may be worth, however large its study.",
    "largest_estimate_weight": "The same for a row that no published figure supports.",
    "neutral_likelihood_ratio": "An answer speaks neither for nor against between this ratio and its inverse.",
    "fit_tail": "A case fits badly where fewer than this share of a cause's own cases are as unusual.",
    "fit_candidate": "The causes asked whether the case fits: the leading one, and all from this probability on.",
    "disagreement_bits": "An answer is at odds with the others where they make it less likely by so many bits.",
    "audit_tolerance": "How far a row may be from a figure without interval and number of cases.",
}  # of the thresholds; a name without words here is shown by itself


def draw_flags(knowledge: Knowledge, _population: str) -> None:
    """Every rule by urgency: when it fires, what to do, what it may be, and its sources."""
    st.markdown(
        "Red flags follow from the answers alone: **a low probability never silences one**. A rule fires when every "
        "answer of any one of its lines is there; an answer of several states makes it possible."
    )
    content = knowledge.content
    order = list(content.urgencies)
    flags = sorted(content.red_flags.values(), key=lambda flag: order.index(flag.urgency))
    for urgency, group in groupby(flags, key=lambda flag: flag.urgency):
        st.header(f"{urgency.capitalize()}: {plain(content.urgencies[urgency])}", anchor=False)
        st.html(cards(_flag_card(content, flag) for flag in group))


def _flag_card(content: Content, flag: RedFlag) -> str:
    lines = "".join(f"<li>{line_said(content, one)}</li>" for one in flag.when)
    may_be = ", ".join(content.causes[cause].name for cause in flag.may_be)
    meant = f"<p><b>May be</b> {escape(may_be)}.</p>" if may_be else ""
    rests = links(document(content, key) for key in flag.sources)
    practice = f'<p class="quiet">{escape(flag.basis)}</p>' if flag.basis else ""
    missed = _misses(content, flag.misses) if flag.misses else ""
    return (
        f'<article class="card"><h3>{escape(flag.name)}</h3>'
        f'<p class="under"><span class="tag tag-{escape(flag.urgency)}">{escape(flag.urgency)}</span></p>'
        f'<ul class="documents">{lines}</ul><p><b>Do</b> {escape(flag.action)}</p>{meant}{rests}{practice}{missed}'
        "</article>"
    )


def _misses(content: Content, misses: Misses) -> str:
    """Whom the rule is known to pass by, and who counted it."""
    practice = f'<p class="quiet">{escape(misses.basis)}</p>' if misses.basis else ""
    rests = links(document(content, key) for key in misses.sources)
    return f"<p><b>Misses</b> {escape(misses.text)}</p>{rests}{practice}"


def line_said(content: Content, when: Mapping[str, str | tuple[str, ...]]) -> str:
    """The answers that together raise a flag, or meet another rule, as HTML."""
    said = []
    for finding, wanted in when.items():
        entry = content.findings[finding]
        states = (wanted,) if isinstance(wanted, str) else wanted
        said.append(f"{escape(entry.question)} <b>{escape(' or '.join(state_label(entry, one) for one in states))}</b>")
    return " and ".join(said)


def draw_settings(knowledge: Knowledge, _population: str) -> None:
    """Thresholds, triage by probability, two causes at once, what a question costs."""
    content = knowledge.content
    st.markdown("The few numbers that belong to no row. Their reasons stand beside them in `priors/`.")
    st.header("Settings", anchor=False)
    rows = [
        [
            escape(name.replace("_", " ").capitalize()),
            "not set" if value is None else f"{value:g}",
            f'<p class="quiet">{escape(MEANT.get(name, ""))}</p>',
        ]
        for name, value in content.thresholds
    ]
    for urgency, rule in content.triage.items():
        name = f"{urgency.capitalize()} by probability: from this mass of dangerous causes on"
        rows.append([escape(name), percent(rule.dangerous_mass), _why(content, rule.estimate, rule.sources)])
    if content.two_causes is not None:
        two = content.two_causes
        why = _why(content, two.estimate, two.sources)
        rows.append(["Patients with two of the causes at once", percent(two.rate), why])
        rows.append(["An answer is unexplained by a cause below", percent(two.unexplained), why])
    st.html(table(["Setting", "Value", "Rests on"], rows, "Settings of the model", numeric=[1]))
    costs = [(f"Kind: {kind}", cost) for kind, cost in content.costs.kinds.items()]
    costs += [(content.findings[finding].question, cost) for finding, cost in content.costs.findings.items()]
    if costs:
        lines = [
            [escape(name), f"{cost.minutes:g}", _why(content, cost.estimate, cost.sources)] for name, cost in costs
        ]
        with st.expander("Minutes that a question takes"):
            st.html(table(["Question", "Minutes", "Rests on"], lines, "What it takes to answer", numeric=[1]))


def _why(content: Content, estimate: str | None, sources: tuple[str, ...]) -> str:
    reason = "" if estimate is None else f"<p>{tag(estimate)} {escape(estimate)}</p>"
    return reason + links(document(content, key) for key in sources)
