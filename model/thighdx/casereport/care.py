"""What to do about a cause, as HTML: advice, course, whom to see, which study. For the page and the printed report."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from thighdx.casereport.content import weeks_said
from thighdx.causecard import Advice, BestStudy, CauseCard


def care_html(card: CauseCard, documents: str) -> str:
    """The card without its heading; every text is escaped. documents: what it rests on, as HTML, or nothing."""
    parts = [f"<p>{escape(card.description)}</p>"]
    if card.care is not None:
        parts.append(_advice(card.care))
    parts.append(f"<p><b>Best study.</b> {escape(study_said(card.best_study))}</p>")
    if documents:
        parts.append(f'<p class="small">Rests on: {documents}</p>')
    return f'<div class="care">{"".join(parts)}</div>'


def _advice(care: Advice) -> str:
    courses = [f"{one.who}: {weeks_said(one)}{' (estimate)' if one.estimate else ''}" for one in care.recovery]
    lists = (("First", care.first_line), ("Avoid", care.avoid), ("Recovery", courses))
    said = "".join(f"<p><b>{title}</b></p>{_list(lines)}" for title, lines in lists if lines)
    note = "" if care.note is None else f'<p class="small">{escape(care.note)}</p>'
    return f"<p><b>Whom to see.</b> {escape(care.see)}</p>{said}{note}"


def study_said(best: BestStudy) -> str:
    """The best study in words: which and why, what it shows, its limits and its price."""
    said = [best.question or "None needed", best.why or ""]
    if best.limits is not None:
        said.append(f"Limits: {best.limits}")
    if best.price_usd is not None:
        low, high = best.price_usd
        said.append(f"Price: {low:g} to {high:g} US dollars.")
    if best.price_note is not None:
        said.append(best.price_note)
    return " ".join(f"{part.rstrip('.')}." for part in said if part)


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
