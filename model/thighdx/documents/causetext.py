"""The page of a cause as Markdown, from which HTML and a terminal's text are made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from thighdx.cardtext import price, weeks
from thighdx.causecard import Advice, CauseCard, Document, Speaking
from thighdx.causenames import also_called
from thighdx.documents.causepage import CausePage
from thighdx.documents.lookalikes import SEED, Distinguishing, LookAlike, TestWorth
from thighdx.documents.markup import bullets, heading, in_100, joined, link, numbered, plain, table
from thighdx.documents.presentation import Flagged, FlagOfCause
from thighdx.documents.standing import BehindRow, OutsideFigure, Standing, departure_said
from thighdx.documents.worked import NextBest, Pause, WorkedExample
from thighdx.provenance import figure_said
from thighdx.report import DISCLAIMER
from thighdx.wording import asked_and_said, count, ratio_said

READING = (
    "How to read the numbers. Frequencies are of 100 people. A likelihood ratio (LR) compares how often an answer is "
    "given with the one and with the other: LR 10 makes the odds ten times as high, LR 1/10 a tenth. A bit is what it "
    "takes to decide between two equal chances."
)
OWN = {True: "its own", False: "shared with other causes"}
PUBLISHED = {True: "from published figures", False: "estimates"}
LEAST_BITS = 0.05  # expected of a finding that is worth saying
OF_100 = "Numbers are of 100 people."
APART = "What tells them apart:"
BRACKETS = re.compile(r" \([^()]*\)$")


def cause_markdown(page: CausePage, pages: Mapping[str, str] | None = None) -> str:
    """The whole page. `pages` are the addresses of the pages of other causes, where they are to be linked."""
    card, addresses = page.card, pages or {}
    cite = {one.id: place for place, one in enumerate(page.sources, start=1)}
    return joined(
        [
            _head(page),
            _presentation(page),
            _speaking("What speaks for it", card.speaks_for),
            _speaking("What speaks against it", card.speaks_against),
            _look_alikes(page, addresses),
            _mimics(page, addresses),
            _example(page.example),
            _tests(page),
            _red_flags(page.red_flags, cite),
            "" if card.care is None else _advice(card.care, cite),
            _standing(page.standing, cite),
            _sources(page.sources),
            _closing(card),
        ]
    )


def _closing(card: CauseCard) -> str:
    made_of = f"thighdx {card.model_version}, priors {card.priors_digest}, population {plain(card.population)}"
    return f"*{made_of}. {DISCLAIMER}*"


def _head(page: CausePage) -> str:
    card = page.card
    danger = "> **Dangerous to miss.** It is looked for however improbable it is." if card.dangerous else ""
    rate = f"Base rate ({plain(page.population_name)}): {in_100(card.base_rate)} of 100."
    return joined(
        [
            heading(plain(card.name), 1),
            plain(also_called(card.also_called)),
            danger,
            plain(card.description),
            f"Origin: {plain(card.origin_name)}. {rate}",
            READING,
        ]
    ).strip()


def _presentation(page: CausePage) -> str:
    rows = []
    for group in page.presentation:
        for place, one in enumerate(group.answers):
            rows.append(
                [
                    plain(group.name) if place == 0 else "",
                    _said(one.question, one.label),
                    in_100(one.p_here),
                    in_100(one.p_elsewhere),
                    one.rests_on,
                ]
            )
    heads = ["Visit", "Answer", "with it", "others", "rests on"]
    told = f"The {len(rows)} answers that set it apart most. The other causes count by their base rates. {OF_100}"
    return joined([heading("How it presents"), told, table(heads, rows, numbers=(2, 3))]).strip()


def _speaking(title: str, found: Sequence[Speaking]) -> str:
    rows = [
        [
            _said(one.question, one.label),
            in_100(one.p_here),
            in_100(one.p_elsewhere),
            _ratio(one.p_here, one.p_elsewhere),
        ]
        for one in found
    ]
    body = table(["Answer", "with it", "others", "LR"], rows, numbers=(1, 2, 3)) if rows else "Nothing."
    return f"{heading(title)}\n\n{body}"


def _look_alikes(page: CausePage, pages: Mapping[str, str]) -> str:
    parts = [heading("What it is taken for")]
    for one in page.look_alikes:
        mark = " (dangerous)" if one.dangerous else ""
        parts += [
            heading(f"{link(one.name, pages.get(one.cause))}{mark}", 3),
            f"In a case of the one, the model gives the other {in_100(one.taken_for)} of 100 on average. {APART}",
            _apart(one),
        ]
    parts.append(
        f"How this was found: {page.simulated:,} cases drawn from the model (seed {SEED}), every cause alike often, "
        "with as much known as an ordinary visit brings; the figure is the mean probability of the one cause in cases "
        "of the other. Findings are ranked by what they are expected to tell between the two at even odds "
        "(Jensen-Shannon divergence, exact); the best study stands last."
    )
    return joined(parts).strip()


def _apart(one: LookAlike) -> str:
    rows = [
        [_said(told.question, told.label), in_100(told.p_here), in_100(told.p_there), ratio_said(told.ratio)]
        for told in (*one.bedside, *one.studies)
    ]
    return table(["Answer", "with it", "the other", "LR"], rows, numbers=(1, 2, 3))


def _mimics(page: CausePage, pages: Mapping[str, str]) -> str:
    if not page.mimics:
        return ""
    lines = []
    for one in page.mimics:
        name = link(one.name, pages.get(one.cause))
        told = "; ".join(_pointer(pointer) for pointer in one.pointers)
        share = f"{in_100(one.taken_for)} of 100 on average in simulated visits with this cause"
        lines.append(f"**{name}**: {share}. Think of it with: {told}.")
    told = "Of the causes that are dangerous to miss, these are the nearest. A low figure does not rule one out."
    return f"{heading('Dangerous mimics')}\n\n{told}\n\n{bullets(lines)}"


def _pointer(told: Distinguishing) -> str:
    """An answer that speaks for the other cause."""
    how = f"{in_100(told.p_there)} of 100 with it, {in_100(told.p_here)} here"
    return f"{_said(told.question, told.label)} ({how})"


def _example(example: WorkedExample) -> str:
    rows = [
        [
            str(place),
            plain(one.group),
            _said(one.question, one.label),
            in_100(one.p_answer),
            in_100(one.probability),
            "this cause" if one.place == 1 else f"{plain(one.leader_name)} ({in_100(one.leader_probability)})",
        ]
        for place, one in enumerate(example.steps, start=1)
    ]
    heads = ["", "Part", "Answer", "say so", "then has", "leading"]
    told = (
        "A textbook case, built from the model: in each part of a visit the questions that tell most of this cause, "
        f"each with the answer it is known by. Before anything is asked it has {in_100(example.base_rate)} of 100. "
        "*Say so*: of 100 people with it, given the answers before. *Then has*: its probability after it, of 100."
    )
    last = example.steps[-1]
    ends = (
        f"The example ends with {in_100(last.probability)} of 100 for it, in place {last.place}. Real cases are seldom "
        "so clear: the same questions, each with the answer that is commonest with this cause, end with "
        f"{in_100(example.quiet_probability)} of 100, in place {example.quiet_place}."
    )
    steps = table(heads, rows, numbers=(3, 4))
    pauses = bullets(_pause(pause) for pause in _worth_saying(example.pauses))
    return joined([heading("A worked example"), told, steps, pauses, ends]).strip()


def _worth_saying(pauses: Sequence[Pause]) -> list[Pause]:
    """Without those after which nothing tells much, or that would ask for the same as the one before."""
    told = []
    asked: tuple[str | None, ...] | None = None
    for pause in pauses:
        both = [one for one in (pause.bedside, pause.study) if one is not None]
        now = tuple(one.finding for one in both)
        if now != asked and any(one.bits >= LEAST_BITS for one in both):
            told.append(pause)
            asked = now
    return told


def _pause(pause: Pause) -> str:
    told = [_next(what, one) for what, one in (("At the bedside", pause.bedside), ("By a study", pause.study)) if one]
    return f"After answer {pause.after}, what would tell most? {' '.join(told)}"


def _next(what: str, one: NextBest) -> str:
    question = plain(BRACKETS.sub("", one.question))
    return f"{what}: **{question}** ({one.bits:.2f} bits expected). {plain(one.why)}"


def _tests(page: CausePage) -> str:
    best = page.card.best_study
    group = len(page.look_alikes) + 1
    parts = [heading("The best next test")]
    worth = [one for one in (*page.tests, *page.studies) if one.bits >= LEAST_BITS]
    if worth:
        told = (
            f"Between it and its {count(group - 1, 'look-alike', 'look-alikes')}, each as likely before, a guess is "
            f"right {in_100(worth[0].right_before)} times in 100. With one more finding:"
        )
        parts += [
            told,
            table(["Finding", "right", "bits", "takes"], [_worth(one) for one in worth], numbers=(1, 2)),
        ]
    said = [f"**The study that shows it best:** {plain(best.question or 'none of those the model knows')}."]
    said += [plain(best.why)] if best.why else []
    said += [f"Shows: {plain(best.shows)}"] if best.shows else []
    said += [f"Limits: {plain(best.limits)}"] if best.limits else []
    said += [plain(price(best))] if best.price_usd or best.price_note else []
    limits = {one.study: one.limits for one in worth if one.study and one.limits and one.study != best.name}
    others = bullets(f"{plain(name)}: {plain(limit)}" for name, limit in limits.items())
    return joined([*parts, " ".join(said), f"Limits of the other studies named:\n\n{others}" if others else ""]).strip()


def _worth(one: TestWorth) -> list[str]:
    takes = "-"
    if one.price_usd is not None:
        takes = f"{one.price_usd[0]:g}-{one.price_usd[1]:g} US dollars"
    elif one.minutes is not None:
        takes = f"{one.minutes:g} min"
    return [plain(BRACKETS.sub("", one.question)), in_100(one.right_after), f"{one.bits:.2f}", takes]


def _red_flags(found: Flagged, cite: Mapping[str, int]) -> str:
    title = heading("Red flags that name it")
    if not found.flags:
        return f"{title}\n\nNone names it."
    lines = [_red_flag(one, cite) for one in found.flags]
    missed = in_100(1 - found.in_a_visit)
    told = (
        f"With everything asked, at least one fires in {in_100(found.any_fires)} of 100 cases of it; with what an "
        f"ordinary visit brings, in {in_100(found.in_a_visit)}, so that {missed} of 100 show none of them "
        f"({found.cases:,} simulated cases)."
    )
    return f"{title}\n\n{bullets(lines)}\n\n{told}"


def _red_flag(one: FlagOfCause, cite: Mapping[str, int]) -> str:
    rests_on = _cited([document.id for document in one.documents], cite)
    said = [
        f"**{plain(one.name)}** ({one.urgency}: {plain(one.within)}). {plain(one.action)}",
        f"With everything asked it fires in {in_100(one.fires)} of 100 cases of it.",
        f"Known to miss: {plain(one.misses)}" if one.misses else "",
        f"Rests on {rests_on}." if rests_on else f"Rests on: {plain(one.basis)}" if one.basis else "",
    ]
    return " ".join(filter(None, said))


def _advice(care: Advice, cite: Mapping[str, int]) -> str:
    rows = []
    for one in care.recovery:
        told = filter(None, [one.estimate and f"Estimate: {one.estimate}.", one.note])
        where = " ".join(filter(None, [plain(" ".join(told)), _cited(one.documents, cite)]))
        rows.append([plain(one.who), weeks(one), where])
    course = ""
    if rows:
        heads = ["Recovery", "weeks", "rests on"]
        course = f"{heading('Course')}\n\n{table(heads, rows, numbers=())}"
    return joined(
        [
            heading("What to do"),
            f"**Whom to see:** {plain(care.see)}",
            f"**First:**\n\n{bullets(map(plain, care.first_line))}",
            f"**Avoid:**\n\n{bullets(map(plain, care.avoid))}" if care.avoid else "",
            f"**Where the sources disagree or are silent:** {plain(care.note)}" if care.note else "",
            course,
        ]
    ).strip()


def _standing(found: Standing, cite: Mapping[str, int]) -> str:
    kinds = [
        [f"{OWN[one.own]}, {PUBLISHED[one.published]}", str(one.rows), f"{one.weight:.0f}"] for one in found.counts
    ]
    told = (
        f"It has {count(sum(one.rows for one in found.counts), 'row', 'rows')} of frequencies, one for each finding. "
        "The weight says how many people a row is worth: a study's number at most, and little for an estimate."
    )
    counts = table(["Rows", "number", "mean weight"], kinds, numbers=(1, 2))
    parts = [heading("How sure the numbers are"), told, counts]
    if found.published:
        lines = [
            f"{plain(row.question)}: {'; '.join(_figure(one, cite) for one in row.figures)} (weight {row.weight:g})"
            for row in found.published
        ]
        parts.append(f"Published figures behind its own rows:\n\n{bullets(lines)}")
    return joined([*parts, _outside(found, cite)]).strip()


def _figure(one: BehindRow, cite: Mapping[str, int]) -> str:
    figure = one.figure
    people = ", ".join(filter(None, [figure.population, f"n = {figure.n:,}" if figure.n else ""]))
    said = " ".join(
        filter(None, [one.label and f"{one.label}:", figure.measure.replace("_", " "), figure_said(figure)])
    )
    return f"{plain(said)}{f' ({plain(people)})' if people else ''} {_cited((figure.document.id,), cite)}".strip()


def _outside(found: Standing, cite: Mapping[str, int]) -> str:
    if not found.outside:
        return f"The model keeps within the interval of each of the {found.judged} cited figures of this cause."
    lines = [_departure(one, cite) for one in found.outside]
    judged = count(found.judged, "cited figure", "cited figures")
    told = f"Of {judged} of this cause the model lies outside the interval of {len(found.outside)}:"
    return f"{told}\n\n{bullets(lines)}"


def _departure(one: OutsideFigure, cite: Mapping[str, int]) -> str:
    published, implied = departure_said(one)
    why = f"Why: {plain(one.because)}" if one.because else "**No reason is written down.**"
    return (
        f"{plain(one.about)}, {one.measure.replace('_', ' ')}: published {plain(published)}; the model says "
        f"{plain(implied)} {_cited((one.document.id,), cite)}. {why}"
    )


def _sources(documents: Sequence[Document]) -> str:
    lines = [
        f"{link(one.title, one.url)} ({one.kind}{f', {one.year}' if one.year else ''})"
        + ("" if one.url else ": no address")
        for one in documents
    ]
    return f"{heading('Sources')}\n\n{numbered(lines)}"


def _said(question: str, label: str) -> str:
    """Question and answer; what stands in brackets at the end of a question is left out."""
    return plain(asked_and_said(BRACKETS.sub("", question), label))


def _ratio(here: float, there: float) -> str:
    return ratio_said(here / there if there else None)


def _cited(documents: Sequence[str], cite: Mapping[str, int]) -> str:
    return "".join(f"\\[{cite[one]}\\]" for one in documents if one in cite)
