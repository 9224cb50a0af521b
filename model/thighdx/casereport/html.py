"""The report of a case as one HTML page to print, without script, pictures or anything fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from thighdx.casereport.bars import bars_html, bars_of, legend_html
from thighdx.casereport.care import care_html
from thighdx.casereport.content import PURPOSE, CaseReport, grades_said, recovery_by_grade
from thighdx.causecard import CauseCard
from thighdx.errors import one_of
from thighdx.reasoning.sentences import fit_sentence
from thighdx.suitability import Unsuited
from thighdx.wording import asked_and_said, percent

HEADING = "Pain in the back of the thigh: report of a case"
MOST_CAUSES = 10
NO_FLAG = "None among the answers given. What was not asked cannot raise one."
STYLE = """
:root{color-scheme:light}body{font:10pt/1.4 system-ui,sans-serif;color:#1b1d22;max-width:50rem;margin:2rem auto;
padding:0 1rem}h1{font-size:1.45rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:1.1rem 0 .35rem;padding-bottom:.1rem;
border-bottom:1px solid #ccc}h3{font-size:1rem;margin:.9rem 0 .2rem}p{margin:.25rem 0}
ul{padding-left:1.2rem;margin:.15rem 0 .3rem}.small{font-size:.85rem;color:#555}
.flag{border-left:6px solid #0072b2;padding:.35rem .8rem;margin:.35rem 0;background:#eef5fb;break-inside:avoid}
.flag p{margin:.1rem 0}.flag-emergency{border-color:#a3161e;background:#fbeaea}
.flag-urgent{border-color:#c77700;background:#fff6e5}.warn{border-left:6px solid #c77700;padding:.1rem .8rem}
.bars{list-style:none;padding:0;margin:.3rem 0}.bars li{margin:.15rem 0;break-inside:avoid;display:grid;
grid-template-columns:minmax(0,33%) 1fr 3.6rem 15rem;column-gap:.7rem;align-items:center}.bars-head{display:contents}
.bars-name{grid-column:1;line-height:1.2}.bars-track{grid-area:1/2;position:relative;height:9px;background:#eef0f4}
.bars-number{grid-area:1/3;font-weight:700;text-align:right}.bars-told{grid-area:1/4;display:flex;gap:.8rem;
font-size:.85rem;color:#555;white-space:nowrap}.bars-said:first-child{flex:1}abbr{text-decoration:none}
.bars-fill,.bars-interval,.bars-base{position:absolute;display:block}
.bars-fill{height:9px}.bars-interval{top:3px;height:3px;background:#1b1d22}.bars-base{top:-3px;width:2px;height:15px;
background:#1b1d22}.bars-axis{display:flex;justify-content:space-between;font-size:.75rem;color:#555;
margin:0 20rem 0 calc(33% + .7rem)}.bars-mark{font-size:.75rem;border:1px solid;border-radius:3px;padding:0 .3rem;
white-space:nowrap}.bars-legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;font-size:.85rem;color:#555}
.bars-legend i{display:inline-block;margin-right:.4rem}.key-colour{width:9px;height:9px}
.key-interval{width:16px;height:3px;vertical-align:middle;background:#1b1d22}.key-base{width:2px;height:12px;
vertical-align:middle;background:#1b1d22}.why{border-collapse:collapse;width:100%}.why :is(td,th){padding:.15rem
.6rem .15rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #e4e6ea}.why tr{break-inside:avoid}
.why :is(td,th)+:is(td,th){text-align:right;white-space:nowrap}.why thead th{font-size:.85rem;color:#555;
font-weight:400}.why tbody th{font-weight:400}.only-read{position:absolute;left:-9999px}h2,h3{break-after:avoid}
@media (max-width:40rem){.bars li{display:block}.bars-head{display:flex;justify-content:space-between;gap:1rem}
.bars-axis{margin:0}}@media print{body{margin:0;max-width:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
WAYS = {"supports": "for it", "opposes": "against it", "neutral": "hardly"}


def report_html(report: CaseReport) -> str:
    """The whole page as text; every word of the priors and of the case is escaped."""
    sections = [
        f"<h1>{HEADING}</h1><p class='small'>{escape(PURPOSE)}</p>",
        _section("Red flags", _flags(report)),
        _section("Answers given", _list(one.together for one in report.answered) or "<p>None.</p>"),
        _section("Most probable causes", _causes(report)),
        _section("Does the case fit?", _fit(report)),
        _section("Where it comes from", _origins(report)),
        _section(f"Why {report.explanation.cause_name}", _why(report)),
        _section("What to do", "".join(_card(card) for card in report.cards)),
        f"<p class='small'>{escape(closing(report))}</p>",
    ]
    body = "\n".join(sections)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{HEADING}</title>'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )


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
        f'<div class="flag flag-{escape(flag.urgency)}"><p><b>{escape(flag.urgency.upper())}: {escape(flag.name)}</b>'
        f"{' (possible)' if flag.possible else ''}</p><p>{escape(flag.action)} <b>When:</b> {escape(flag.within)}.</p>"
        f'<p class="small">Rests on: {escape("; ".join(flag.sources))}</p></div>'
        for flag in flags
    )
    return (boxes or f"<p>{NO_FLAG}</p>") + f'<p class="small">{escape(by_probability(report))}</p>'


def by_probability(report: CaseReport) -> str:
    """What the posterior asks for, as a sentence."""
    reason = report.diagnosis.triage_reasons[-1]
    return f"{reason[:1].upper()}{reason[1:]}."


def rather_said(one: Unsuited) -> str:
    """`Rather: ...`, the populations that fit better, or nothing."""
    return f" Rather: {one_of([other.name for other in one.rather])}." if one.rather else ""


def _not_for(report: CaseReport) -> str:
    return "".join(
        f'<div class="flag"><p><b>{escape(one.heading)}</b> ({escape(report.population_name)})</p>'
        f"<p>{escape(one.text)}{escape(rather_said(one))}</p></div>"
        for one in report.diagnosis.not_for
    )


def _causes(report: CaseReport) -> str:
    told = report.diagnosis
    shown = told.causes[:MOST_CAUSES]
    intervals = {one.id: one for one in report.intervals.causes}
    bars = bars_of(shown, list(report.origins), intervals=intervals, marks=report.marks)
    return _not_for(report) + bars_html(bars, "Most probable causes") + legend_html(report.origins)


def _origins(report: CaseReport) -> str:
    told = report.diagnosis
    intervals = {one.id: one for one in report.intervals.origins}
    bars = bars_html(bars_of(told.origins, list(report.origins), intervals=intervals), "Origins")
    graded = next((card for card in report.cards if recovery_by_grade(card, told.grades)), None)
    if graded is None:
        return bars
    rows = grades_said(told.grades, recovery_by_grade(graded, told.grades))
    lines = _list(f"{name}: {percent(share)}{f'; recovery {weeks}' if weeks else ''}" for name, share, weeks in rows)
    return f"{bars}<p>If it is {escape(graded.name)}:</p>{lines}"


def _why(report: CaseReport) -> str:
    if not report.explanation.contributions:
        return "<p>Nothing is answered, so these are the base rates.</p>"
    rows = "".join(
        f'<tr><th scope="row">{escape(asked_and_said(one.question, one.label))}</th>'
        f"<td>{WAYS[one.direction]} {one.log_odds:+.2f}</td><td>{percent(one.posterior_without)}</td></tr>"
        for one in report.explanation.contributions
    )
    return (
        f"<p>Against {escape(report.explanation.against_name)}, in log-odds:</p>"
        '<table class="why"><thead><tr><th scope="col">Answer</th><th scope="col">Speaks</th>'
        f'<th scope="col">Without it</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _fit(report: CaseReport) -> str:
    if report.fit.warning is None:
        return f"<p>{escape(fit_sentence(report.fit))}</p>"
    said = f'<p class="small">{escape(fit_sentence(report.fit))}</p>'
    return f'<div class="warn"><p><b>{escape(report.fit.warning)}</b></p></div>{said}'


def _card(card: CauseCard) -> str:
    sources = escape("; ".join(document.title for document in card.sources))
    return f"<article><h3>{escape(card.name)}</h3>{care_html(card, sources)}</article>"
