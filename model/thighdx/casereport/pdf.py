"""The report of a case as PDF, by fpdf2, in the fonts every reader has.

Those fonts write the letters of western Europe; other signs are put as their nearest, or as `?`. The page to print and
the JSON keep every sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from unicodedata import normalize

from thighdx.casereport.bars import Bar, bars_of
from thighdx.casereport.care import study_said
from thighdx.casereport.content import PURPOSE, CaseReport, grades_said, recovery_by_grade, weeks_said
from thighdx.casereport.html import HEADING, MOST_CAUSES, NO_FLAG, WAYS, by_probability, closing, rather_said
from thighdx.charts import COLOURS
from thighdx.reasoning.sentences import fit_sentence
from thighdx.wording import asked_and_said, percent, percent_range

if TYPE_CHECKING:
    from fpdf import FPDF

    from thighdx.causecard import CauseCard
    from thighdx.diagnosis import RedFlagRaised

Colour = tuple[int, int, int]
FONT = "Helvetica"
INK, GREY, TRACK, RULE = (27, 29, 34), (90, 90, 90), (238, 240, 244), (204, 204, 204)
URGENCIES = {"emergency": ((163, 22, 30), (251, 234, 234)), "urgent": ((199, 119, 0), (255, 246, 229))}
OTHER_URGENCY = ((0, 114, 178), (238, 245, 251))  # edge and ground
SMALL = 8.5  # points
NAME, BAR, NUMBER, INTERVAL = 0.37, 0.25, 0.09, 0.17  # of the width; the base rate has the rest
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

    class Numbered(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(FONT, size=SMALL)
            self.set_text_color(*GREY)
            self.cell(0, 5, f"{latin(HEADING)} - page {self.page_no()} of {{nb}}", align="R")

    document = Numbered(format="A4")
    document.set_title(HEADING)
    document.set_lang("en")
    document.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # the same for all: a date tells of whom it is
    document.set_margins(18, 16, 18)
    document.c_margin = 0  # text begins where bars and rules do
    document.set_auto_page_break(True, margin=18)
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
        self._text(HEADING, size=15, style="B")
        self.document.ln(1)
        self._text(PURPOSE, size=SMALL, colour=GREY)
        self._heading("Red flags")
        for flag in told.red_flags:
            self._flag(flag)
        if not told.red_flags:
            self._text(NO_FLAG)
        self._text(by_probability(report), size=SMALL, colour=GREY)
        self._heading("Answers given")
        self._list([one.together for one in report.answered] or ["None."])
        self._heading("Most probable causes")
        for one in told.not_for:
            self._boxed(f"{one.heading} ({report.population_name})", f"{one.text}{rather_said(one)}", OTHER_URGENCY)
        self._legend(report)
        groups = list(report.origins)
        causes = {one.id: one for one in report.intervals.causes}
        self._bars(bars_of(told.causes[:MOST_CAUSES], groups, intervals=causes, marks=report.marks))
        self._heading("Does the case fit?")
        self._text(fit_sentence(report.fit) if report.fit.warning is None else report.fit.warning)
        self._heading("Where it comes from")
        self._bars(bars_of(told.origins, groups, intervals={one.id: one for one in report.intervals.origins}))
        self._grades(report)
        self._why(report)
        self._heading("What to do")
        for card in report.cards:
            self._card(card)
        self.document.ln(3)
        self._text(closing(report), size=SMALL, colour=GREY)

    def _heading(self, text: str) -> None:
        if self.document.will_page_break(24):  # no heading is left alone at the foot
            self.document.add_page()
        self.document.ln(3.5)
        self._text(text, size=12, style="B")
        y = self.document.get_y() + 0.6
        self._box(self.document.l_margin, y, self.document.epw, 0.2, RULE)
        self.document.set_y(y + 1.4)

    def _text(
        self,
        text: str,
        *,
        size: float = 10,
        style: str = "",
        colour: tuple[int, int, int] = INK,
        indent: float = 0,
    ) -> None:
        self.document.set_font(FONT, style=style, size=size)
        self.document.set_text_color(*colour)
        self.document.set_x(self.document.l_margin + indent)
        self.document.multi_cell(0, size * 0.46, latin(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _list(self, lines: Iterable[str]) -> None:
        """Lines after a dash, each wrapping beside it."""
        for line in lines:
            self.document.set_font(FONT, size=10)
            if self.document.will_page_break(4.6):
                self.document.add_page()
            self.document.set_text_color(*INK)
            self.document.set_x(self.document.l_margin + 1.5)
            self.document.cell(3, 4.6, "-")
            self._text(line, indent=4.5)

    def _flag(self, flag: RedFlagRaised) -> None:
        """A box whose edge and ground say how urgent it is."""
        possible = " (possible)" if flag.possible else ""
        name, action = f"{flag.urgency.upper()}: {flag.name}{possible}", f"{flag.action} When: {flag.within}."
        self._boxed(name, action, URGENCIES.get(flag.urgency, OTHER_URGENCY))

    def _boxed(self, name: str, text: str, colours: tuple[Colour, Colour]) -> None:
        """Name and text in a box of an edge and a ground; it is written once to see how high it gets."""
        edge, ground = colours
        width, indent = self.document.epw - 5, 4
        height = 2.4 + self._height(name, width, "B") + self._height(text, width, "")
        if self.document.will_page_break(height):
            self.document.add_page()
        y = self.document.get_y()
        self._box(self.document.l_margin, y, self.document.epw, height, ground)
        self._box(self.document.l_margin, y, 1.6, height, edge)
        self.document.set_y(y + 1.2)
        self._text(name, style="B", indent=indent)
        self._text(text, indent=indent)
        self.document.set_y(y + height + 1.4)

    def _height(self, text: str, width: float, style: str) -> float:
        self.document.set_font(FONT, style=style, size=10)
        high = self.document.multi_cell(width, 4.6, latin(text), align="L", dry_run=True, output="HEIGHT")
        return float(cast("float", high))

    def _legend(self, report: CaseReport) -> None:
        """What colours, line and mark of the bars mean, in one line or two."""
        document = self.document
        document.set_font(FONT, size=SMALL)
        for name, colour in zip(report.origins.values(), COLOURS, strict=False):
            text = latin(name)
            if document.get_x() + document.get_string_width(text) + 6 > document.l_margin + document.epw:
                document.ln(4.2)
            self._box(document.get_x(), document.get_y() + 0.9, 2.4, 2.4, _rgb(colour))
            document.set_x(document.get_x() + 3.4)
            document.set_text_color(*GREY)
            document.cell(document.get_string_width(text) + 4, 4.2, text)
        document.ln(4.2)
        self._text("Line in the bar: 95 % interval. Upright mark: base rate.", size=SMALL, colour=GREY)
        document.ln(1)

    def _bars(self, bars: Sequence[Bar]) -> None:
        """A line for each: name, bar, probability, interval, base rate."""
        for bar in bars:
            name = f"{bar.name} [{bar.mark}]" if bar.mark else bar.name
            high = max(5.2, self._height(name, NAME * self.document.epw - 2, "") + 0.6)
            if self.document.will_page_break(high):
                self.document.add_page()
            self._bar(bar, name, high)

    def _bar(self, bar: Bar, name: str, high: float) -> None:
        document, whole = self.document, self.document.epw
        x, y = document.l_margin, document.get_y()
        self._at(x, y, NAME * whole - 2, name)
        x += NAME * whole
        width, top = BAR * whole, y + 1.1
        self._box(x, top, width, 2.4, TRACK)
        self._box(x, top, max(0.1, width * bar.probability), 2.4, _rgb(bar.colour))
        if bar.interval is not None:
            low, upper = bar.interval
            self._box(x + width * low, top + 0.9, max(0.1, width * (upper - low)), 0.6, INK)
        if bar.base_rate is not None:
            self._box(min(x + width * bar.base_rate, x + width - 0.5), top - 0.6, 0.5, 3.6, INK)
        x += width
        self._at(x, y, NUMBER * whole, percent(bar.probability), style="B", align="R")
        x += NUMBER * whole + 3
        if bar.interval is not None:
            self._at(x, y, INTERVAL * whole, percent_range(*bar.interval), size=SMALL, colour=GREY)
        x += INTERVAL * whole
        if bar.base_rate is not None:
            self._at(x, y, 0, f"base {percent(bar.base_rate)}", size=SMALL, colour=GREY)
        document.set_xy(document.l_margin, y + high)

    def _at(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        *,
        size: float = 10,
        style: str = "",
        colour: tuple[int, int, int] = INK,
        align: str = "L",
    ) -> None:
        self.document.set_font(FONT, style=style, size=size)
        self.document.set_text_color(*colour)
        self.document.set_xy(x, y)
        self.document.multi_cell(width, 4.6, latin(text), align=align)

    def _box(self, x: float, y: float, width: float, height: float, colour: tuple[int, int, int]) -> None:
        self.document.set_fill_color(*colour)
        self.document.rect(x, y, width, height, style="F")

    def _grades(self, report: CaseReport) -> None:
        grades = report.diagnosis.grades
        graded = next((card for card in report.cards if recovery_by_grade(card, grades)), None)
        if graded is None:
            return
        self.document.ln(1)
        self._text(f"If it is {graded.name}:")
        rows = grades_said(grades, recovery_by_grade(graded, grades))
        self._list(f"{name}: {percent(share)}{f'; recovery {weeks}' if weeks else ''}" for name, share, weeks in rows)

    def _why(self, report: CaseReport) -> None:
        told = report.explanation
        self._heading(f"Why {told.cause_name}")
        if not told.contributions:
            self._text("Nothing is answered, so these are the base rates.")
            return
        self._text(f"Against {told.against_name}, in log-odds, and how probable it is without the answer:")
        self._list(
            f"{asked_and_said(one.question, one.label)}: {WAYS[one.direction]} {one.log_odds:+.2f}, without it "
            f"{percent(one.posterior_without)}"
            for one in told.contributions
        )

    def _card(self, card: CauseCard) -> None:
        if self.document.will_page_break(22):
            self.document.add_page()
        self.document.ln(1.5)
        self._text(card.name, size=11, style="B")
        self._text(card.description)
        if card.care is not None:
            self._part("Whom to see", [card.care.see])
            self._part("First", card.care.first_line)
            self._part("Avoid", card.care.avoid)
            self._part("Recovery", [f"{one.who}: {weeks_said(one)}" for one in card.care.recovery])
        self._part("Best study", [study_said(card.best_study)])
        if card.sources:
            self._text(f"Rests on: {'; '.join(one.title for one in card.sources)}", size=SMALL, colour=GREY)

    def _part(self, title: str, lines: Sequence[str]) -> None:
        if not lines:
            return
        if self.document.will_page_break(10):
            self.document.add_page()
        self.document.ln(0.8)
        self._text(title, style="B")
        if len(lines) == 1:
            self._text(lines[0])
        else:
            self._list(lines)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue
