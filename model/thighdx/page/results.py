"""What the answers say: red flags, causes beside their base rates, origins, strain grade, fit, the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from thighdx.casereport.bars import bars_html, bars_of, legend_html, moved
from thighdx.casereport.content import answered, not_to_be_missed, recovery_by_grade, weeks_said
from thighdx.casereport.saved import Situation
from thighdx.cases import read_case
from thighdx.causecard import cause_card
from thighdx.diagnosis import Diagnosis, Share, diagnose, raised
from thighdx.errors import ImpossibleEvidenceError
from thighdx.knowledge import Knowledge
from thighdx.page import models, state
from thighdx.page.flags import draw_glance, draw_red_flags
from thighdx.page.folded import folded
from thighdx.page.suitability import draw_unsuited, surest
from thighdx.page.words import plain
from thighdx.reasoning.intervals import Interval, credible_intervals
from thighdx.triage import red_flags
from thighdx.wording import asked, count, percent, percent_range

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator as _Place

MOST_CAUSES = 6  # drawn; all are in the table below


@dataclass(frozen=True)
class Shown:
    """The case and what is told of it; `before` is the case before the last change, where it has a posterior."""

    situation: Situation
    used: Knowledge
    now: Diagnosis
    before: Diagnosis | None


@dataclass(frozen=True)
class Places:
    """Where what takes longer is drawn later: causes and origins, unless they have their intervals, and the fit."""

    bars: tuple[_Place, _Place] | None
    fit: _Place


def told(knowledge: Knowledge) -> Shown:
    """The diagnosis of this session's case. Raises `ImpossibleEvidenceError`."""
    held, step = state.situation(), state.last_step()
    now = _diagnosed(knowledge, held)
    before = None
    if step is not None:
        try:
            before = _diagnosed(knowledge, step.before)
        except ImpossibleEvidenceError:
            before = None
    return Shown(held, models.used(knowledge, held), now, before)


def _diagnosed(knowledge: Knowledge, held: Situation) -> Diagnosis:
    def make() -> Diagnosis:
        return diagnose(held.answers, knowledge=models.used(knowledge, held), population=held.population)

    return state.remembered("diagnosis", held, make)


def draw_impossible(knowledge: Knowledge, error: ImpossibleEvidenceError) -> None:
    """Red flags stand whatever the model makes of the answers."""
    answers = state.answers()
    flags = raised(knowledge, red_flags(knowledge, read_case(knowledge, answers)).of(0))
    draw_red_flags(knowledge, flags)
    with st.container(key="posterior"):
        st.header("Most probable causes", anchor=False)
        st.warning(
            "No cause in the model goes with all of these answers together, so there are no probabilities to show. "
            f"Look for an answer that may be wrong, or set one to *Not asked*.\n\n{plain(str(error))}"
        )
    draw_glance(flags, len(answers), "no cause goes with all answers")
    draw_answers(knowledge)


def draw_results(shown: Shown) -> Places:
    """Everything that follows from the answers at once; the intervals come with it once their draws are made."""
    now = shown.now
    draw_red_flags(shown.used, now.red_flags, now)
    draw_unsuited(shown.used, now)
    intervals = _intervals_at_hand(shown)
    with st.container(key="posterior"):
        bars = _draw_causes(shown, intervals)
    with st.container(key="fit"):
        fit = st.empty()
    draw_answers(shown.used)
    with st.container(key="origins"):
        st.header("Where it comes from", anchor=False)
        origins = st.empty()
        with origins:
            draw_origins(shown, intervals)
    leading = f"{percent(now.top.probability)} {now.top.name}"
    draw_glance(now.red_flags, len(now.answers), surest(now.not_for).heading if now.not_for else leading)
    return Places(None if intervals is not None else (bars, origins), fit)


def _intervals_at_hand(shown: Shown) -> dict[str, Interval] | None:
    """The intervals, where every finding answered is drawn already, so that nothing waits for them."""
    drawn = models.drawn(shown.used, shown.situation.population)
    cases = read_case(shown.used, shown.situation.answers)
    return intervals_of(shown) if drawn.is_ready(cases.evidence) else None


def intervals_of(shown: Shown) -> dict[str, Interval]:
    """The 95 % intervals by id of cause, origin and grade."""
    held = shown.situation

    def make() -> dict[str, Interval]:
        models.drawn(shown.used, held.population).wait()
        found = credible_intervals(held.answers, knowledge=shown.used, population=held.population)
        return {one.id: one for one in (*found.causes, *found.origins, *found.grades)}

    return state.remembered("intervals", held, make)


def _draw_causes(shown: Shown, intervals: Mapping[str, Interval] | None) -> _Place:
    now, content = shown.now, shown.used.content
    st.header("Most probable causes", anchor=False)
    step = state.last_step()
    if step is not None:
        st.caption(f"Arrows: since *{plain(step.said)}*")
    if not now.answers:
        st.markdown("**No answer yet: these are the base rates.**")
    place = st.empty()
    with place:
        draw_bars(shown, intervals)
    with st.container(key="grades"):
        _draw_grades(shown, now.causes[:MOST_CAUSES])
    table = folded(f"All {len(now.causes)} causes as a table, and how to read this", "all_causes")
    if table.open:
        with table:
            st.markdown(
                "Bar: probability now. Thin line: 95 % credible interval (CI), from what the numbers leave open. "
                f"Upright mark: base rate in *{plain(content.populations[now.population].name)}*. Arrow: percentage "
                f"points since the last change. The {len(now.causes)} causes share 100 %: it is taken to be one of "
                "them, and one alone."
            )
            st.table(_table(shown, intervals), hide_index=True)
    return place


def draw_bars(shown: Shown, intervals: Mapping[str, Interval] | None) -> None:
    """The leading causes, each with its base rate, its interval where it is known, and how it moved."""
    content = shown.used.content
    before = None if shown.before is None else {one.id: one.probability for one in shown.before.causes}
    marks = not_to_be_missed(content)
    bars = bars_of(shown.now.causes[:MOST_CAUSES], shown.used.origins, intervals=intervals, before=before, marks=marks)
    st.html(bars_html(bars, "Most probable causes") + legend_html(content.origins))


def _draw_grades(shown: Shown, among: tuple[Share, ...]) -> None:
    """The grade of a graded cause with its recovery, where it is among the causes drawn."""
    causes = shown.used.content.causes
    graded = next((share for share in among if causes[share.id].grading is not None), None)
    if graded is None or not shown.now.grades:
        return
    weeks = recovery_by_grade(cause_card(shown.used, graded.id, shown.now.population, most=0), shown.now.grades)
    grades = "; ".join(
        f"**{plain(grade.name)} {percent(grade.probability)}**"
        + (f" (recovery {weeks_said(weeks[grade.id])})" if grade.id in weeks else "")
        for grade in shown.now.grades
    )
    st.markdown(f"If it is *{plain(graded.name)}*: {grades}.")


def draw_origins(shown: Shown, intervals: Mapping[str, Interval] | None) -> None:
    """The origins, as the causes are drawn."""
    before = None if shown.before is None else {one.id: one.probability for one in shown.before.origins}
    st.html(bars_html(bars_of(shown.now.origins, shown.used.origins, intervals=intervals, before=before), "Origins"))


def draw_answers(knowledge: Knowledge) -> None:
    """What was answered so far, in its order, each to be taken back."""
    given = answered(knowledge, state.answers())
    with st.container(key="answers"):
        st.header("Answers given", anchor=False)
        if not given:
            st.caption("None yet.")
            return
        st.caption(f"{count(len(given), 'answer', 'answers')}; click one to take it back.")
        for one in given:
            entry = knowledge.content.findings[one.finding]
            st.button(
                f"{plain(asked(one.question))} **{plain(one.label)}**",
                key=f"remove_{one.finding}",
                type="tertiary",
                icon=":material/close:",
                on_click=state.answer,
                args=(one.finding, "", f"{entry.question} taken back"),
            )


def _table(shown: Shown, intervals: Mapping[str, Interval] | None) -> dict[str, list[str]]:
    shares, causes = shown.now.causes, shown.used.content.causes
    before = {} if shown.before is None else {one.id: one.probability for one in shown.before.causes}
    table = {
        "Cause": [plain(share.name) for share in shares],
        "Now": [percent(share.probability) for share in shares],
    }
    if intervals is not None:
        table["95 % interval"] = [percent_range(intervals[one.id].low, intervals[one.id].high) for one in shares]
    return table | {
        "Base rate": ["" if share.base_rate is None else percent(share.base_rate) for share in shares],
        "Moved": [moved(share.probability, before.get(share.id)) for share in shares],
        "Must not be missed": ["yes" if causes[share.id].dangerous else "" for share in shares],
    }
