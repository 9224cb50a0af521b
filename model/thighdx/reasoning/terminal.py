"""Reasons as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from thighdx.knowledge import Knowledge
from thighdx.reasoning.contributions import Contribution, Explanation
from thighdx.reasoning.costs import MINUTE
from thighdx.reasoning.fit import CaseFit
from thighdx.reasoning.questions import NextQuestions, Question
from thighdx.reasoning.sentences import fit_sentence, how_shared, odds, row_sentence, stays_exactly, stays_sentence
from thighdx.reasoning.stopping import SameDecision
from thighdx.report import DISCLAIMER
from thighdx.wording import GAP, asked_and_said, count, percent, state_label

HEADINGS = {"supports": "Speak for", "opposes": "Speak against", "neutral": "Hardly speak"}
STYLES = {"supports": "cyan", "opposes": "yellow", "neutral": "dim"}
BAR, NARROW_BAR = 16, 6  # characters of the largest gain
NARROW = 100  # characters of a terminal, below which the bars are the smaller ones


def print_explanation(explanation: Explanation, console: Console, knowledge: Knowledge, *, rows: bool) -> None:
    """Both sides, then the answers for, against and neutral, with what they add and the posterior without each."""
    console.print(
        Text.assemble(
            "Why ",
            (explanation.cause_name, "bold"),
            f" ({percent(explanation.posterior)}), against {explanation.against_name} "
            f"({percent(explanation.against_posterior)})",
        )
    )
    prior, posterior = odds(explanation.prior_log_odds), odds(explanation.posterior_log_odds)
    console.print(Text(f"Odds {prior} before the answers, {posterior} now."))
    if not explanation.contributions:
        console.print(Text("Nothing is answered, so these are the base rates."))
    for direction, heading in HEADINGS.items():
        chosen = [one for one in explanation.contributions if one.direction == direction]
        if chosen:
            console.print(_contributions(heading, direction, chosen))
    if explanation.contributions:
        together = f"Together {explanation.change:+.2f} log-odds. {how_shared(explanation)}"
        console.print(Text(together, style="dim"))
    if rows:
        for one in explanation.contributions:
            _print_rows(one, console, knowledge)


def _contributions(heading: str, direction: str, chosen: Sequence[Contribution]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, width=None)
    table.add_column(heading, overflow="fold", ratio=1, header_style=f"bold {STYLES[direction]}")
    for name in ("log-odds", "ratio", "decibans", "without it"):
        table.add_column(name, justify="right", no_wrap=True)
    table.expand = True
    for one in chosen:
        table.add_row(
            asked_and_said(one.question, one.label),
            f"{one.log_odds:+.2f}",
            f"{one.likelihood_ratio:.3g}",
            f"{one.decibans:+.1f}",
            percent(one.posterior_without),
        )
    return table


def _print_rows(one: Contribution, console: Console, knowledge: Knowledge) -> None:
    entry = knowledge.content.findings[one.finding]
    console.print(Text(asked_and_said(one.question, one.label), style="bold"))
    for row in one.rows:
        labels = [state_label(entry, state) for state in row.p]
        console.print(Padding(_text(row_sentence(row, labels)), (0, 0, 0, 4)))


def print_fit(fit: CaseFit, console: Console) -> None:
    """Whether the case fits: conflict, surprise, the warning, and the answers at odds with the rest."""
    console.print(Text("Does the case fit?", style="bold"))
    console.print(_text(fit_sentence(fit)))
    if fit.warning is not None:
        console.print(_text(fit.warning, "bold yellow"))
    odd = [one for one in fit.disagreements if one.disagrees]
    if odd and fit.warning is None:
        named = "; ".join(f"{asked_and_said(one.question, one.label)} ({one.bits:.1f} bits)" for one in odd)
        console.print(Text(f"At odds with the other answers: {named}."))
    console.print(Text(DISCLAIMER, style="dim"))


def print_questions(asked: NextQuestions, console: Console) -> None:
    """The questions, the best first, with their gain and what their answers would do."""
    console.print(
        Text.assemble("What next, to tell ", (asked.goal_name, "bold"), f" ({asked.uncertainty:.2f} bits are open now)")
    )
    if not asked.questions:
        console.print(Text("No finding of this kind is left to ask."))
    else:
        console.print(_questions(asked, NARROW_BAR if console.width < NARROW else BAR))
    left = asked.open_findings - len(asked.questions)
    if left:
        console.print(Text(f"{count(left, 'more question', 'more questions')}: --all shows them.", style="dim"))
    if asked.no_cost:
        unit = "minutes" if asked.per == MINUTE else "price"
        said = count(len(asked.no_cost), "open finding has", "open findings have")
        console.print(Text(f"{said} no known {unit} and {'is' if len(asked.no_cost) == 1 else 'are'} left out.", "dim"))


def _questions(asked: NextQuestions, bar: int) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    table.add_column("Question, and what its answer would do", overflow="fold", ratio=1)
    table.add_column("bits", justify="right", no_wrap=True)
    if asked.two_steps:
        table.add_column("with next", justify="right", no_wrap=True)
    if asked.per is not None:
        table.add_column("per minute" if asked.per == MINUTE else "per $100", justify="right", no_wrap=True)
    table.add_column("costs", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=bar)
    largest = max(_ranked_by(one) for one in asked.questions)
    for one in asked.questions:
        cells: list[RenderableType] = [
            Text.assemble((one.question, "bold"), (f"  {one.finding}", "dim"), f"\n{one.why.replace(GAP, '')}"),
            f"{one.bits:.3f}",
        ]
        if one.two_step_bits is not None:
            cells.append(f"{one.two_step_bits:.3f}")
        if one.per_cost is not None:
            cells.append(f"{one.per_cost:.3f}")
        filled = round(bar * _ranked_by(one) / largest) if largest > 0 else 0
        table.add_row(*cells, _cost(one), Text("█" * filled, style="cyan"))
    return table


def _ranked_by(one: Question) -> float:
    if one.per_cost is not None:
        return one.per_cost
    return one.bits if one.two_step_bits is None else one.two_step_bits


def _cost(one: Question) -> str:
    if one.cost.minutes is not None:
        return f"{one.cost.minutes:g} min"
    if one.cost.price_usd is None:
        return "?"
    low, high = one.cost.price_usd
    return f"${low:g}-{high:g}"


def print_stopping(decision: SameDecision, console: Console) -> None:
    """How likely the leading cause and the triage stay."""
    console.print(Text("When to stop?", style="bold"))
    console.print(_text(stays_sentence(decision)))
    console.print(_text(stays_exactly(decision), "dim"))
    console.print(Text(DISCLAIMER, style="dim"))


def _text(sentence: str, style: str = "") -> Text:
    """A sentence that wraps well: rich would break a line between a number and its sign, whatever stands between."""
    return Text(sentence.replace(GAP, ""), style=style)
