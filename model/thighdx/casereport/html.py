"""The report of a case as one HTML page to print, without script, pictures or anything fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from thighdx.casereport.bars import bars_html, bars_of
from thighdx.casereport.content import PURPOSE, CaseReport, grades_said, recovery_by_grade, weeks_said
from thighdx.causecard import CauseCard
from thighdx.reasoning.sentences import fit_sentence
from thighdx.wording import asked_and_said, percent

MOST_CAUSES = 10
STYLE = """
:root{color-scheme:light}body{font:11pt/1.45 system-ui,sans-serif;color:#1b1d22;max-width:48rem;margin:2rem auto;
padding:0 1rem}h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.4rem 0 .4rem;border-bottom:1px solid #ccc}
h3{font-size:1rem;margin:1rem 0 .2rem}ul{padding-left:1.2rem;margin:.2rem 0}.flag{border-left:6px solid #a3161e;
padding:.4rem .8rem;margin:.4rem 0;background:#fbeaea}.small{font-size:.85rem;color:#555}
.bars{list-style:none;padding:0}.bars li{margin:.45rem 0;break-inside:avoid}.bars-track{position:relative;height:9px;
background:#eef0f4;margin:2px 0}.bars-fill,.bars-interval,.bars-base{position:absolute;display:block}
.bars-fill{height:9px}.bars-interval{top:3px;height:3px;background:#1b1d22}.bars-base{top:-3px;width:2px;height:15px;
background:#1b1d22}.bars-told{display:flex;gap:1rem;font-size:.85rem}.bars-number{font-weight:700}.bars-head{display:flex;
justify-content:space-between;gap:1rem}
.bars-axis{display:flex;justify-content:space-between;font-size:.75rem;color:#555}.bars-mark{font-size:.75rem}
.only-read{position:absolute;left:-9999px}h2,h3{break-after:avoid}@media print{body{margin:0;max-width:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def report_html(report: CaseReport) -> str:
    """The whole page as text; every word of the priors and of the case is escaped."""
    sections = [
        f"<h1>{_HEADING}</h1><p class='small'>{escape(PURPOSE)}</p>",
        _section("Red flags", _flags(report)),
        _section("Answers given", _list(one.together for one in report.answered) or "<p>None.</p>"),
        _section("Most probable causes", _causes(report)),
        _section("Where it comes from", _origins(report)),
        _section(f"Why {report.explanation.cause_name}", _why(report)),
        _section("Does the case fit?", _fit(report)),
        _section("What to do", "".join(_card(card) for card in report.cards)),
        f"<p class='small'>{escape(closing(report))}</p>",
    ]
    body = "\n".join(sections)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_HEADING}</title>'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )


_HEADING = "Pain in the back of the thigh: report of a case"


def closing(report: CaseReport) -> str:
    """Whose base rates, which version, which priors: what is needed to get the same numbers again."""
    shares = report.origins_set
    own = "" if shares is None else f" with shares set for this case ({_shares(shares)})"
    return (
        f"Base rates: {report.population_name}{own}. Intervals: {report.intervals.note}. "
        f"thighdx {report.diagnosis.model_version}, priors {report.priors_digest}. "
        "No identifiers are held; who it was about is for the reader to add."
    )


def _shares(shares: object) -> str:
    return ", ".join(f"{name} {percent(share)}" for name, share in dict(shares).items())  # type: ignore[call-overload]


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _flags(report: CaseReport) -> str:
    flags = report.diagnosis.red_flags
    boxes = "".join(
        f"<div class='flag'><b>{escape(flag.urgency.upper())}: {escape(flag.name)}</b>"
        f"{' (possible)' if flag.possible else ''}<br>{escape(flag.action)}"
        f"<br><span class='small'>{escape(flag.within)}. Rests on: {escape('; '.join(flag.sources))}</span></div>"
        for flag in flags
    )
    reasons = _list(report.diagnosis.triage_reasons)
    return (boxes or "<p>None among the answers given. What was not asked cannot raise one.</p>") + reasons


def _causes(report: CaseReport) -> str:
    told = report.diagnosis
    shown = told.causes[:MOST_CAUSES]
    intervals = {one.id: one for one in report.intervals.causes}
    bars = bars_html(bars_of(shown, [one.id for one in told.origins], intervals=intervals), "Most probable causes")
    return f"<p class='small'>Bar: probability. Thin line: 95 % credible interval. Upright mark: base rate.</p>{bars}"


def _origins(report: CaseReport) -> str:
    told = report.diagnosis
    intervals = {one.id: one for one in report.intervals.origins}
    bars = bars_html(bars_of(told.origins, [one.id for one in told.origins], intervals=intervals), "Origins")
    graded = next((card for card in report.cards if recovery_by_grade(card, told.grades)), None)
    if graded is None:
        return bars
    rows = grades_said(told.grades, recovery_by_grade(graded, told.grades))
    lines = _list(f"{name}: {percent(share)}{f'; recovery {weeks}' if weeks else ''}" for name, share, weeks in rows)
    return f"{bars}<p>If it is {escape(graded.name)}:</p>{lines}"


def _why(report: CaseReport) -> str:
    if not report.explanation.contributions:
        return "<p>Nothing is answered, so these are the base rates.</p>"
    lines = _list(
        f"{asked_and_said(one.question, one.label)} {one.direction} it "
        f"({one.log_odds:+.2f} log-odds; {percent(one.posterior_without)} without it)"
        for one in report.explanation.contributions
    )
    return f"<p>Against {escape(report.explanation.against_name)}:</p>{lines}"


def _fit(report: CaseReport) -> str:
    warning = "" if report.fit.warning is None else f"<p><b>{escape(report.fit.warning)}</b></p>"
    return f"{warning}<p>{escape(fit_sentence(report.fit))}</p>"


def _card(card: CauseCard) -> str:
    parts = [f"<h3>{escape(card.name)}</h3>"]
    if card.care is not None:
        parts += [
            f"<p><b>Whom to see:</b> {escape(card.care.see)}</p>",
            f"<p><b>First:</b></p>{_list(card.care.first_line)}",
            f"<p><b>Avoid:</b></p>{_list(card.care.avoid)}" if card.care.avoid else "",
            _list(f"Recovery, {one.who}: {weeks_said(one)}" for one in card.care.recovery),
        ]
    parts.append(f"<p><b>Best study:</b> {escape(study_said(card))}</p>")
    sources = "; ".join(document.title for document in card.sources)
    parts.append(f"<p class='small'>Rests on: {escape(sources)}</p>" if sources else "")
    return f"<article>{''.join(parts)}</article>"


def study_said(card: CauseCard) -> str:
    """The best study in words: which and why, what it shows, its limits and its price."""
    best = card.best_study
    said = [best.question or "None", best.why or ""]
    if best.limits is not None:
        said.append(f"Limits: {best.limits}")
    if best.price_usd is not None:
        low, high = best.price_usd
        said.append(f"Price: {low:g} to {high:g} US dollars.")
    if best.price_note is not None:
        said.append(best.price_note)
    return " ".join(f"{part.rstrip('.')}." for part in said if part)
