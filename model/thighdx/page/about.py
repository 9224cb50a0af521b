"""The page About: what it is for and not for, how good it is, what stands behind it."""

from __future__ import annotations

from html import escape

import streamlit as st

from thighdx import __version__
from thighdx.charts_performance import reliability_chart, stage_chart
from thighdx.evaluation.performance import Measure, Performance, performance
from thighdx.knowledge import Knowledge
from thighdx.page import parts
from thighdx.page.htmltext import table
from thighdx.page.words import plain
from thighdx.versions import libraries
from thighdx.wording import percent, percent_range

STAGES = {"history": "History", "sign": "+ signs", "test": "+ tests", "imaging": "+ studies"}
FOR = """
- For a **clinician who can review its basis**: a reminder of what else it could be, how much each answer weighs, and
  what to ask next.
- For pain in the **back of the thigh**, at a first or a later visit, with as little or as much known as there is.
- For **researchers** who want to see, change and test every number.
"""
NOT_FOR = """
- **Not a medical device**, and no substitute for judgement or examination.
- Not for self-diagnosis, and not to rule anything out: a low probability never does. Red flags stand by themselves.
- Not for pain after surgery or with a known fracture, and not for someone who has none of the causes listed: the model
  takes it to be one of them, and one alone.
"""
WEIGHED = """
- A published figure says of whom, how many and with what interval; it is worth at most the number of people counted,
  and never more than a cap, since settings differ.
- Of several figures for one number the nearest setting comes first, else they are weighted by *n*. Those passed over
  are kept with the reason.
- What no figure supports is an **estimate**, marked so, with its reason, a low weight and the range that
  four readings of the authors, made apart, came to (no panel of experts), wider where a count moved it.
  Nothing was fitted to the cases above, but they were looked at: five rows (a calf sore a day after exercise, a nerve
  irritated beside another cause, bending and rising in piriformis syndrome) were changed after three of them, for
  reasons that stand there, and other changes were tried out on them. They are no untouched test.
- Uncertainty of rows and base rates is drawn from these weights: that is the interval beside each probability.
"""
PRIVATE = """
- **Nothing is stored.** Answers, tables and reports live in this session's memory, and go when the tab closes. They are
  not on disk, not in logs, not in the address.
- Sessions cannot see each other. No usage statistics are sent, and errors show no details to visitors.
- It listens on **this machine only** unless someone decides otherwise. Others reach it through a proxy with sign-in and
  TLS: `docs/hosting.md` in the project says how.
- Uploads are limited in size, read as data alone and never run.
"""


def draw(knowledge: Knowledge, population: str) -> None:  # noqa: ARG001 - every page is called alike
    """Draw the page for one session."""
    parts.begin(
        "About",
        f"A Bayesian network that tells apart {len(knowledge.causes)} causes of pain in the back of the thigh by up to "
        f"{len(knowledge.findings)} findings: exact, and with a source or a marked estimate behind every number.",
    )
    with st.container(key="about"):
        left, right = st.columns(2, gap="large")
        with left:
            st.header("What it is for", anchor=False)
            st.markdown(FOR)
        with right:
            st.header("What it is not for", anchor=False)
            st.markdown(NOT_FOR)
        _draw_performance(knowledge, performance())
        left, right = st.columns(2, gap="large")
        with left:
            st.header("How sources are weighed", anchor=False)
            st.markdown(WEIGHED)
        with right:
            st.header("Privacy and security", anchor=False)
            st.markdown(PRIVATE)
        _draw_version(knowledge)


def _draw_performance(knowledge: Knowledge, found: Performance) -> None:
    with st.container(key="performance"):
        st.header("How good it is", anchor=False)
        population = knowledge.content.populations.get(found.population)
        named = found.population if population is None else population.name
        st.markdown(
            f"Measured on **{found.cases} published patients** whose cause is known (`{found.table}`; {found.left_out} "
            f"doubtful ones left out), with the base rates *{plain(named)}*. Published cases are the rare and the "
            "odd and mostly known from an excerpt: they are **no sample of patients**, and few. Mind the 95 % "
            "intervals."
        )
        if found.priors_digest != knowledge.digest:
            st.warning(
                "**These figures are of other priors than those in use** "
                f"(`{found.priors_digest[:12]}`, in use `{knowledge.digest[:12]}`): they need not hold here.",
                icon=":material/difference:",
            )
        parts.facts(
            [
                ("True cause leads", _share(found.leads), _interval(found.leads)),
                ("Among the first three", _share(found.first_three), _interval(found.first_three)),
                (
                    f"Of {found.dangerous} dangerous, missed",
                    _share(found.missed),
                    f"no red flag and not among the first three; {_interval(found.missed)}",
                ),
                (
                    f"Of {found.harmless} others, flagged",
                    _share(found.over_triage),
                    f"a red flag of any urgency; {_interval(found.over_triage)}. {_sooner(found)}",
                ),
            ]
        )
        left, right = st.columns(2, gap="large")
        with left:
            _draw_stages(found)
        with right:
            _draw_reliability(found)


def _sooner(found: Performance) -> str:
    """How many of the harmless are flagged more urgently than by the mildest flag."""
    told = [f"{one.urgency.capitalize()}: {_share(one.harmless)}" for one in reversed(found.sooner[:-1])]
    return ", ".join(told)


def _draw_stages(found: Performance) -> None:
    st.subheader("As a visit unfolds", anchor=False)
    names = {stage.id: STAGES.get(stage.id, stage.id.capitalize()) for stage in found.stages}
    told = parts.said([(names[one.id], f"leads {_share(one.leads)}") for one in found.stages])
    parts.draw_chart(stage_chart(found, names, dark=parts.dark()), f"How often the true cause leads: {told}")
    rows = [
        [
            escape(names[one.id]),
            f"{one.answers:.1f}",
            *(f"{_share(each)} ({_interval(each)})" for each in (one.leads, one.first_three, one.missed)),
        ]
        for one in found.stages
    ]
    headings = ["Known", "Answers", "True cause leads", "Among the first three", "Danger missed"]
    with st.expander("The same as a table"):
        st.html(table(headings, rows, "95 % intervals in brackets", numeric=[1]))
    asked, needed = found.questions, found.answers
    if asked.value is not None and needed.value is not None:
        st.caption(
            f"Asked by expected information, {asked.value:g} answers (quartiles {asked.low:g} to {asked.high:g}) lead "
            f"to the cause that all {needed.value:g} lead to, context aside; medians."
        )


def _draw_reliability(found: Performance) -> None:
    st.subheader("Whether its probabilities come true", anchor=False)
    told = parts.said([(f"given {percent(one.forecast)}", f"right {_share(one.share)}") for one in found.curve], 10)
    parts.draw_chart(reliability_chart(found, dark=parts.dark()), f"Reliability of the leading cause: {told}")
    st.caption(
        f"On the dashed line it would be right as often as it says; a larger dot is more cases. Mean distance from it "
        f"{_share(found.calibration_error)}; chance alone gives so few cases {_share(found.calibration_by_chance)} "
        f"({_interval(found.calibration_by_chance)})."
    )
    rows = [
        [percent(one.forecast), f"{_share(one.share)} ({_interval(one.share)})", f"{one.count}"] for one in found.curve
    ]
    with st.expander("The same as a table"):
        st.html(table(["Given", "Right", "Cases"], rows, "95 % intervals in brackets", numeric=[2]))


def _draw_version(knowledge: Knowledge) -> None:
    st.header("Version and licences", anchor=False)
    st.html(
        table(
            ["What", "Which"],
            [
                ["Version", escape(__version__)],
                ["Priors digest (SHA-256)", f"<code>{escape(knowledge.digest)}</code>"],
                ["Licence", "MIT, code and priors; documents cited belong to their publishers"],
            ],
            "What made the numbers on these pages",
        )
    )
    with st.expander("Libraries it stands on"):
        rows = [[escape(one.name), escape(one.version), escape(one.licence)] for one in libraries()]
        st.html(table(["Library", "Version", "Licence"], rows, "As installed"))


def _share(measure: Measure) -> str:
    return "none" if measure.value is None else percent(measure.value)


def _interval(measure: Measure) -> str:
    if measure.low is None or measure.high is None:
        return "no interval"
    return percent_range(measure.low, measure.high)
