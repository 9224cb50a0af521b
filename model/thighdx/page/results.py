"""What the answers say: red flags, causes beside their base rates, origins, strain grade, the answers themselves."""

from __future__ import annotations

import streamlit as st

from thighdx.cases import read_case
from thighdx.charts import share_spec
from thighdx.diagnosis import Diagnosis, Share, diagnose, raised
from thighdx.errors import ImpossibleEvidenceError
from thighdx.knowledge import Knowledge
from thighdx.page.answers import given_answers
from thighdx.page.flags import draw_glance, draw_red_flags
from thighdx.page.words import cell_label, plain
from thighdx.triage import red_flags
from thighdx.wording import count, percent

MOST_CAUSES = 8  # in the chart; all are in the table below it


def draw_results(knowledge: Knowledge, population: str) -> None:
    """Everything that follows from this session's answers."""
    answers = given_answers(knowledge)
    try:
        diagnosis = diagnose(answers, knowledge=knowledge, population=population)
    except ImpossibleEvidenceError as error:
        # red flags stand whatever the model makes of the answers
        flags = raised(knowledge, red_flags(knowledge, read_case(knowledge, answers)).of(0))
        draw_red_flags(knowledge, flags)
        _draw_no_posterior(error)
        draw_glance(flags, len(answers), "no cause goes with all answers")
    else:
        draw_red_flags(knowledge, diagnosis.red_flags)
        _draw_causes(knowledge, diagnosis)
        _draw_origins(knowledge, diagnosis)
        leading = f"{percent(diagnosis.top.probability)} {diagnosis.top.name}"
        draw_glance(diagnosis.red_flags, len(diagnosis.answers), leading)
    _draw_answers(knowledge, answers)


def _draw_no_posterior(error: ImpossibleEvidenceError) -> None:
    with st.container(key="posterior"):
        st.header("Most probable causes", anchor=False)
        st.warning(
            "No cause in the model goes with all of these answers together, so there are no probabilities to show. "
            f"Look for an answer that may be wrong, or set one to *Not asked*.\n\n{plain(str(error))}"
        )


def _draw_causes(knowledge: Knowledge, diagnosis: Diagnosis) -> None:
    population = plain(knowledge.content.populations[diagnosis.population].name)
    shown = diagnosis.causes[:MOST_CAUSES]
    with st.container(key="posterior"):
        st.header("Most probable causes", anchor=False)
        if diagnosis.answers:
            st.markdown(f"With {count(len(diagnosis.answers), 'answer', 'answers')}.")
        else:
            st.markdown("**No answer yet: these are the base rates.**")
        st.caption(
            f"Bar: probability now. Upright mark: base rate in *{population}*. "
            f"The {len(diagnosis.causes)} causes share 100 %: it is taken to be one of them, and one alone."
        )
        about = {cause: entry.description for cause, entry in knowledge.content.causes.items()}
        _draw_chart(knowledge, shown, about, "The most probable causes")
        with st.container(key="grades"):
            _draw_grades(knowledge, diagnosis, shown)
        with st.expander(f"All {len(diagnosis.causes)} causes as a table"):
            st.table(_table(knowledge, diagnosis.causes), hide_index=True)


def _draw_grades(knowledge: Knowledge, diagnosis: Diagnosis, shown: tuple[Share, ...]) -> None:
    """The grade of a graded cause, where it is among the causes in the chart."""
    graded = [share.name for share in shown if knowledge.content.causes[share.id].grading is not None]
    if graded and diagnosis.grades:
        grades = ", ".join(f"{grade.name}: {percent(grade.probability)}" for grade in diagnosis.grades)
        st.markdown(f"If it is *{plain(graded[0])}*, then {plain(grades)}.")


def _draw_origins(knowledge: Knowledge, diagnosis: Diagnosis) -> None:
    with st.container(key="origins"):
        st.header("Where it comes from", anchor=False)
        _draw_chart(knowledge, diagnosis.origins, {}, "The origins")


def _draw_answers(knowledge: Knowledge, answers: dict[str, str]) -> None:
    with st.container(key="answers"):
        st.header("Answers given", anchor=False)
        if not answers:
            st.caption("None yet.")
            return
        entries = knowledge.content.findings
        lines = [
            f"- {plain(entries[finding].question)} **{cell_label(entries[finding], cell)}**"
            for finding, cell in answers.items()
        ]
        st.markdown("\n".join(lines))


def _draw_chart(knowledge: Knowledge, shares: tuple[Share, ...], about: dict[str, str], title: str) -> None:
    said = "; ".join(f"{share.name} {percent(share.probability)}" for share in shares)
    spec = share_spec(shares, groups=knowledge.origins, about=about, dark=st.context.theme.type == "dark")
    st.vega_lite_chart(spec, width="stretch", alt=f"{title}: {said}")


def _table(knowledge: Knowledge, shares: tuple[Share, ...]) -> dict[str, list[str]]:
    return {
        "Cause": [plain(share.name) for share in shares],
        "Now": [percent(share.probability) for share in shares],
        "Base rate": ["" if share.base_rate is None else percent(share.base_rate) for share in shares],
        "Must not be missed": ["yes" if knowledge.content.causes[share.id].dangerous else "" for share in shares],
    }
