"""The report of a case as PDF, by fpdf2, in the fonts every reader has.

Those fonts write the letters of western Europe; other signs are put as their nearest, or as `?`. The page to print and
the JSON keep every sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unicodedata import normalize

from thighdx.casereport.bars import Bar, bars_of
from thighdx.casereport.content import PURPOSE, CaseReport, grades_said, recovery_by_grade, weeks_said
from thighdx.casereport.html import MOST_CAUSES, closing, study_said
from thighdx.reasoning.sentences import fit_sentence
from thighdx.wording import asked_and_said, percent, percent_range

if TYPE_CHECKING:
    from fpdf import FPDF

    from thighdx.causecard import CauseCard

FONT = "Helvetica"
RED, INK, GREY, TRACK = (163, 22, 30), (27, 29, 34), (90, 90, 90), (238, 240, 244)
SIGNS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2026": "...",
        "\u2022": "-",
        "\u2264": "<=",
        "\u2265": ">=",
        "\u2192": "->",
        "\u00a0": " ",
        "\u2009": " ",
        "\u2060": "",
        "\u200b": "",
    }
)


def report_pdf(report: CaseReport) -> bytes:
    """The whole document, A4. It has no date, no author and no name in it."""
    from fpdf import FPDF

    document = FPDF(format="A4")
    document.set_title("Pain in the back of the thigh: report of a case")
    document.set_lang("en")
    document.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # the same for all: a date tells of whom it is
    document.set_margins(18, 16, 18)
    document.set_auto_page_break(True, margin=16)
    document.add_page()
    _Writer(document).write(report)
    return bytes(document.output())


def latin(text: str) -> str:
    """The text in the signs of Latin-1: others as their nearest, or `?`."""
    return "".join(_nearest(sign) for sign in text.translate(SIGNS))


def _nearest(sign: str) -> str:
    for text in (sign, normalize("NFKD", sign)):
        kept = text.encode("latin-1", "ignore").decode("latin-1")
        if kept:
            return kept
    return "?"


class _Writer:
    """Writes a report from the top of the first page on."""

    def __init__(self, document: FPDF) -> None:
        self.document = document

    def write(self, report: CaseReport) -> None:
        told = report.diagnosis
        self._heading("Pain in the back of the thigh: report of a case", 15)
        self._text(PURPOSE, size=8.5, colour=GREY)
        self._flags(report)
        self._heading("Answers given")
        self._list([one.together for one in report.answered] or ["None."])
        self._heading("Most probable causes")
        self._text("Bar: probability. Thin line: 95 % credible interval. Mark: base rate.", size=8.5, colour=GREY)
        groups = [one.id for one in told.origins]
        causes = {one.id: one for one in report.intervals.causes}
        self._bars(bars_of(told.causes[:MOST_CAUSES], groups, intervals=causes))
        self._heading("Where it comes from")
        self._bars(bars_of(told.origins, groups, intervals={one.id: one for one in report.intervals.origins}))
        self._grades(report)
        self._why(report)
        self._heading("Does the case fit?")
        self._text(fit_sentence(report.fit) if report.fit.warning is None else report.fit.warning)
        self._heading("What to do")
        for card in report.cards:
            self._card(card)
        self.document.ln(3)
        self._text(closing(report), size=8.5, colour=GREY)

    def _heading(self, text: str, size: float = 12) -> None:
        self.document.ln(3)
        self._text(text, size=size, style="B")

    def _text(
        self, text: str, *, size: float = 10, style: str = "", colour: tuple[int, int, int] = INK, indent: float = 0
    ) -> None:
        self.document.set_font(FONT, style=style, size=size)
        self.document.set_text_color(*colour)
        self.document.set_x(self.document.l_margin + indent)
        self.document.multi_cell(0, size * 0.46, latin(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _list(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._text(f"-  {line}", indent=2)

    def _flags(self, report: CaseReport) -> None:
        self._heading("Red flags")
        for flag in report.diagnosis.red_flags:
            possible = " (possible)" if flag.possible else ""
            self._text(f"{flag.urgency.upper()}: {flag.name}{possible}", style="B", colour=RED)
            self._text(f"{flag.action} ({flag.within})", indent=4)
        if not report.diagnosis.red_flags:
            self._text("None among the answers given. What was not asked cannot raise one.")
        self._list(report.diagnosis.triage_reasons)

    def _bars(self, bars: Sequence[Bar]) -> None:
        width = self.document.epw
        for bar in bars:
            if self.document.will_page_break(13):
                self.document.add_page()
            self._text(bar.name)
            x, y = self.document.l_margin, self.document.get_y() + 0.6
            self._box(x, y, width, 2.4, TRACK)
            red, green, blue = (int(bar.colour[start : start + 2], 16) for start in (1, 3, 5))
            self._box(x, y, max(0.1, width * bar.probability), 2.4, (red, green, blue))
            if bar.interval is not None:
                low, high = bar.interval
                self._box(x + width * low, y + 0.9, max(0.1, width * (high - low)), 0.6, INK)
            if bar.base_rate is not None:
                self._box(x + width * bar.base_rate, y - 0.6, 0.5, 3.6, INK)
            self.document.set_y(y + 3.2)
            between = "" if bar.interval is None else f", 95 % interval {percent_range(*bar.interval)}"
            base = "" if bar.base_rate is None else f", base rate {percent(bar.base_rate)}"
            self._text(f"{percent(bar.probability)}{between}{base}", size=8.5, colour=GREY)

    def _box(self, x: float, y: float, width: float, height: float, colour: tuple[int, int, int]) -> None:
        self.document.set_fill_color(*colour)
        self.document.rect(x, y, width, height, style="F")

    def _grades(self, report: CaseReport) -> None:
        grades = report.diagnosis.grades
        graded = next((card for card in report.cards if recovery_by_grade(card, grades)), None)
        if graded is None:
            return
        self._text(f"If it is {graded.name}:")
        rows = grades_said(grades, recovery_by_grade(graded, grades))
        self._list(f"{name}: {percent(share)}{f'; recovery {weeks}' if weeks else ''}" for name, share, weeks in rows)

    def _why(self, report: CaseReport) -> None:
        told = report.explanation
        self._heading(f"Why {told.cause_name}")
        if not told.contributions:
            self._text("Nothing is answered, so these are the base rates.")
            return
        self._text(f"Against {told.against_name}:")
        self._list(
            f"{asked_and_said(one.question, one.label)} {one.direction} it ({one.log_odds:+.2f} log-odds; "
            f"{percent(one.posterior_without)} without it)"
            for one in told.contributions
        )

    def _card(self, card: CauseCard) -> None:
        self.document.ln(1.5)
        self._text(card.name, style="B")
        if card.care is not None:
            self._text(f"Whom to see: {card.care.see}")
            self._text("First:")
            self._list(card.care.first_line)
            if card.care.avoid:
                self._text("Avoid:")
                self._list(card.care.avoid)
            self._list(f"Recovery, {one.who}: {weeks_said(one)}" for one in card.care.recovery)
        self._text(f"Best study: {study_said(card)}")
        if card.sources:
            self._text(f"Rests on: {'; '.join(one.title for one in card.sources)}", size=8.5, colour=GREY)
