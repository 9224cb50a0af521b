"""An evaluation as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from thighdx.evaluation.misses import OPEN, Miss
from thighdx.evaluation.results import Estimate, Evaluation, Group, NotFirst, Questions
from thighdx.wording import count, percent

MOST_CONFUSIONS = 8
MOST_MISSED = 10
SHOWN_THRESHOLDS = (0.01, 0.05, 0.1, 0.2, 0.5)
KNOWN = {"history": "history", "sign": "and signs", "test": "and tests", "imaging": "and studies"}


def print_evaluation(
    found: Evaluation, console: Console, *, show_all: bool, misses: Mapping[str, Miss] | None = None
) -> None:
    """What the model does with the cases, the most asked for first; `show_all` adds every cause and the curves.

    With `misses` the cases not ranked first are named, with what is held to be at fault.
    """
    console.print(Text(_heading(found), style="bold"))
    for note in found.notes:
        console.print(Text(f"Mind: {note}.", style="yellow"))
    for table in (_scores(found), _stages(found), _triage(found), _sooner(found)):
        console.print(table, "")
    for missed in found.missed_cases[:MOST_MISSED]:
        place = f"place {missed.rank}, {percent(missed.probability)}"
        console.print(Text(f"Missed: case {missed.case_id}, {missed.cause} ({place})", style="red"))
    if found.missed_cases:
        console.print()
    for grading in _grading(found):
        console.print(grading, "")
    groups = [_groups("By origin", found.origins), *([_groups("By cause", found.causes)] if show_all else [])]
    by_cause = [_decisions_by_cause(found)] if show_all and found.decisions_by_cause else []
    for table in (_decisions(found, show_all=show_all), *by_cause, _calibration(found), *groups):
        console.print(table, "")
    _print_confusions(found, console)
    if misses is not None and found.not_first:
        console.print(_not_first(found.not_first, misses), "")
    _print_questions(found.questions, console)
    console.print(
        Text(
            f"95 % intervals: {found.draws} bootstrap samples, seed {found.seed}; Wilson's for shares by bin, origin "
            "and cause. Published or chosen cases are no sample of patients.",
            style="dim",
        )
    )


def _heading(found: Evaluation) -> str:
    left = found.left_out
    reasons = [
        f"{number} {what}"
        for number, what in ((left.faulty, "faulty"), (left.unlabelled, "without a label"), (left.doubtful, "doubtful"))
        if number
    ]
    said = f"; left out: {', '.join(reasons)}" if reasons else ""
    return f"{found.scores.cases} of {count(found.rows, 'row', 'rows')} evaluated, population {found.population}{said}"


def _scores(found: Evaluation) -> Table:
    table = _table("True cause", "figure", "95 % interval")
    scores, brier = found.scores, found.brier
    for name, one, show in (
        ("leads", scores.top_1, _share),
        ("among the first three", scores.top_3, _share),
        ("mean reciprocal rank (1 is best)", scores.mean_reciprocal_rank, _number),
        ("mean probability", scores.probability, _share),
        ("log score (0 is best)", scores.log_score, _number),
        ("  of the base rates", scores.base_log_score, _number),
        ("Brier score, all causes (0 best, 2 worst)", scores.brier, _number),
        ("  reliability (0 is best)", brier.reliability, _number),
        ("  resolution (more is better)", brier.resolution, _number),
        ("  uncertainty (of the cases, not the model)", brier.uncertainty, _number),
    ):
        table.add_row(name, show(one.value), _interval(one, show))
    return table


def _stages(found: Evaluation) -> Table:
    table = _table("As the case unfolds", "answers", "leads", "first 3", "log score", "danger missed")
    for stage in found.stages:
        scores = stage.scores
        table.add_row(
            KNOWN.get(stage.id, stage.id),
            f"{stage.answers:.1f}",
            _share(scores.top_1.value),
            _share(scores.top_3.value),
            _number(scores.log_score.value),
            _share(stage.triage.missed.value),
        )
    return table


def _triage(found: Evaluation) -> Table:
    triage = found.triage
    table = _table("Danger", "figure", "95 % interval")
    table.add_row("cases with a dangerous cause", str(triage.dangerous), "")
    for name, one in (
        ("  no red flag fires", triage.unflagged),
        ("  missed: no flag, and not among the first three", triage.missed),
    ):
        table.add_row(name, _share(one.value), _interval(one, _share))
    table.add_row("other cases", str(triage.harmless), "")
    for name, one in (
        ("  over-triage: a red flag fires", triage.over_triage),
        ("  and none that fires names the true cause", triage.over_triage_other),
    ):
        table.add_row(name, _share(one.value), _interval(one, _share))
    return table


def _sooner(found: Evaluation) -> Table:
    table = _table("A red flag that asks to be seen", "of the dangerous", "of the others")
    for one in found.triage.sooner:
        shares = [f"{_share(each.value)}  ({_interval(each, _share)})" for each in (one.dangerous, one.harmless)]
        table.add_row(f"  {one.within}" if one is found.triage.sooner[0] else f"  {one.within}, or sooner", *shares)
    return table


def _decisions(found: Evaluation, *, show_all: bool) -> Table:
    table = _table("Net benefit of acting on danger from", "by the model", "by red flags", "on everyone")
    for point in found.decisions:
        if show_all or point.threshold in SHOWN_THRESHOLDS:
            row = (point.model, point.red_flags, point.everyone)
            table.add_row(percent(point.threshold), *(_number(one.value, signed=True) for one in row))
    return table


def _decisions_by_cause(found: Evaluation) -> Table:
    table = _table(
        "Net benefit of acting on one cause", "cases", "from", "by the model", "by its red flags", "on everyone"
    )
    for cause in found.decisions_by_cause:
        for number, point in enumerate(one for one in cause.points if one.threshold in SHOWN_THRESHOLDS):
            row = (point.model, point.red_flags, point.everyone)
            named = ("", "") if number else (cause.id, str(cause.cases))
            table.add_row(*named, percent(point.threshold), *(_number(one.value, signed=True) for one in row))
    return table


def _grading(found: Evaluation) -> Iterator[Table]:
    """Grades, where any is stated."""
    grading = found.grading
    if not grading.cases:
        return
    table = _table(f"Grade of the true cause ({count(grading.cases, 'case', 'cases')})", "figure", "95 % interval")
    for name, one, show in (
        ("likeliest grade is the true one", grading.top_1, _share),
        ("  at most one grade off", grading.within_one, _share),
        ("  by guessing the commonest grade", grading.commonest, _share),
        ("mean probability of the true grade", grading.probability, _share),
        ("log score (0 is best)", grading.log_score, _number),
    ):
        table.add_row(name, show(one.value), _interval(one, show))
    for true, led, cases in grading.confusion.largest(MOST_CONFUSIONS):
        table.add_row(f"  {true} taken for {led}", str(cases), "")
    yield table


def _calibration(found: Evaluation) -> Table:
    table = _table("Leading cause given", "cases", "mean", "came true", "95 % interval")
    for one in found.calibration.curve:
        if one.count:
            share = one.share
            table.add_row(
                f"{one.low:.0%} to {one.high:.0%}",
                str(one.count),
                _share(one.forecast),
                _share(share.value),
                _interval(share, _share),
            )
    error, chance = found.calibration.error, found.calibration.if_calibrated
    table.add_row("calibration error", "", "", _share(error.value), _interval(error, _share))
    if chance is not None:
        table.add_row("  by chance alone", "", "", _share(chance.value), _interval(chance, _share))
    return table


def _groups(title: str, groups: tuple[Group, ...]) -> Table:
    table = _table(title, "cases", "leads", "95 %", "first 3", "mean p", "log score")
    for group in groups:
        scores = group.scores
        table.add_row(
            group.id,
            str(scores.cases),
            _share(scores.top_1.value),
            _short(scores.top_1),
            _share(scores.top_3.value),
            _share(scores.probability.value),
            _number(scores.log_score.value),
        )
    return table


def _print_confusions(found: Evaluation, console: Console) -> None:
    pairs = found.confusion.largest(MOST_CONFUSIONS)
    if not pairs:
        return
    table = _table("True cause", "taken for", "cases", right_from=2)
    for true, led, cases in pairs:
        table.add_row(true, led, str(cases))
    console.print(table, "")


def _not_first(found: tuple[NotFirst, ...], misses: Mapping[str, Miss]) -> Table:
    table = _table("Not ranked first", "place", "probability", "at fault")
    for one in found:
        said = misses.get(one.case_id)
        table.add_row(
            Text.assemble(
                f"{one.case_id}: {one.cause}, led by {one.led_by}", (f"\n{said.reason}" if said else "", "dim")
            ),
            str(one.place),
            percent(one.probability),
            said.fault if said else OPEN,
        )
    return table


def _print_questions(found: Questions, console: Console) -> None:
    table = _table("Answers needed, median (quartiles)", "same leading cause", f"within {found.distance:.0%}")
    for effort in found.efforts:
        table.add_row(f"asked {effort.order}", _quartiles(effort.leading), _quartiles(effort.near))
    table.add_row("all there are, context aside", _quartiles(found.answers), _quartiles(found.answers))
    console.print(table, "")


def _table(*heads: str, right_from: int = 1) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number >= right_from else "left", no_wrap=number > 0, overflow="fold")
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _number(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return "-"
    return f"{round(value, 3) + 0.0:+.3f}" if signed else f"{round(value, 3) + 0.0:.3f}"


def _interval(one: Estimate, show: object) -> str:
    assert callable(show)  # noqa: S101 - one of the two above
    return "" if one.low is None or one.high is None else f"{show(one.low)} to {show(one.high)}"


def _short(one: Estimate) -> str:
    return "" if one.low is None or one.high is None else f"{one.low:.0%}-{one.high:.0%}"


def _quartiles(one: Estimate) -> str:
    return "-" if one.value is None else f"{one.value:g} ({one.low:g} to {one.high:g})"
