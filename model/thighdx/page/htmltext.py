"""Pieces of HTML for what the priors say. Every text is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from thighdx.baserates import OneShare
from thighdx.causecard import Document
from thighdx.provenance import Provenance, PublishedCombination, PublishedFigure, StateChance, figure_said
from thighdx.reasoning.basis import FigureCited, RowUsed
from thighdx.wording import percent, percent_range


def link(document: Document) -> str:
    """A document's title with its year, as a link that opens beside the page where there is an address."""
    year = f" ({document.year})" if document.year and str(document.year) not in document.title else ""
    said = escape(f"{document.title}{year}")
    kind = f' <span class="quiet">{escape(document.kind)}</span>'
    if document.url is None:
        return f"{said}{kind}"
    return f'<a href="{escape(document.url)}" target="_blank" rel="noopener noreferrer">{said}</a>{kind}'


def links(documents: Iterable[Document]) -> str:
    """A list of documents, or nothing."""
    items = "".join(f"<li>{link(one)}</li>" for one in documents)
    return f'<ul class="documents">{items}</ul>' if items else ""


def cited(figure: FigureCited) -> str:
    """A figure in one line: measure, value, n, population, document."""
    said = [f"{figure.measure.replace('_', ' ')} {figure_said(figure)}"]
    if figure.n is not None:
        said.append(f"n = {figure.n:,}")
    if figure.population is not None:
        said.append(figure.population)
    return f"{escape('; '.join(said))}: {link(figure.document)}"


def basis(estimate: str | None, figures: Sequence[FigureCited], documents: Sequence[Document], note: str | None) -> str:
    """What a row rests on: the reason of an estimate, the figures, the documents, the note."""
    parts = []
    if estimate is not None:
        parts.append(f"<p><b>Estimate.</b> {escape(estimate)}</p>")
    if figures:
        parts.append('<ul class="documents">' + "".join(f"<li>{cited(one)}</li>" for one in figures) + "</ul>")
    seen = {one.document.id for one in figures}
    parts.append(links(one for one in documents if one.id not in seen))
    if note is not None:
        parts.append(f'<p class="quiet">{escape(note)}</p>')
    return "".join(parts)


def tag(estimate: str | None) -> str:
    """Whether a number is published or an estimate, in a word and a mark, so that colour is not needed."""
    return (
        '<span class="tag tag-published">published</span>' if estimate is None else '<span class="tag">estimate</span>'
    )


def chance(one: StateChance) -> str:
    """A state with its probability, the range its weight leaves it, that of the readings, and a small bar."""
    read = "" if one.believed is None else f"; read as {percent_range(*one.believed)}"
    width = f"{100 * min(max(one.probability, 0.0), 1.0):.1f}"
    return (
        f'<div class="chance"><span>{escape(one.label)}</span>'
        f"<b>{percent(one.probability)} <small>({percent_range(one.low, one.high)}{read})</small></b>"
        f'<i aria-hidden="true" style="--share:{width}%"></i></div>'
    )


def share_line(one: OneShare) -> str:
    """A share with the interval that bounds it in draws and the range of the readings; not escaped."""
    said = [] if one.interval is None else [percent_range(*one.interval)]
    if one.believed is not None:
        said.append(f"read as {percent_range(*one.believed)}")
    return f"{one.name} {percent(one.share)}" + (f" ({'; '.join(said)})" if said else "")


def row_card(row: Provenance) -> str:
    """A row P(state | cause) with where it comes from."""
    rest = [row.row, f"worth {row.weight:g} cases"]
    if row.ratio:
        rest.insert(1, "stated as a ratio to the background")
    if row.mechanism is not None:
        rest.append(f"through {row.mechanism.lower()}")
    chances = "".join(chance(one) for one in row.chances)
    return (
        f'<article class="card"><h3>{escape(row.question)}</h3>'
        f'<p class="under">in {escape(row.cause_name)} {tag(row.estimate)}</p>'
        f'<div class="chances">{chances}</div><p class="quiet">{escape(", ".join(rest))}</p>'
        f"{basis(row.estimate, row.figures, row.documents, row.note)}</article>"
    )


def row_html(row: RowUsed, labels: Sequence[str]) -> str:
    """What `sentences.row_sentence` says of a row behind an answer, its documents as links."""
    where = row.kind if row.mechanism is None else f"{row.kind}, on {row.mechanism.replace('_', ' ')}"
    documents = {figure.document.id: figure.document for figure in row.figures}.values()
    rests = f"{tag(row.estimate)} " + (
        "; ".join(link(one) for one in documents) if row.estimate is None else escape(row.estimate)
    )
    share = f"{' or '.join(labels)}: {percent(sum(row.p.values()))} in {row.cause_name}"
    return f'{escape(share)} <span class="quiet">({escape(where)}, worth {row.weight:g} cases)</span> {rests}'


def figure_card(figure: PublishedFigure) -> str:
    """A published figure: what it says, of whom, in which document, whether the model uses it."""
    said = [figure.said]
    if figure.n is not None:
        said.append(f"n = {figure.n:,}")
    if figure.population is not None:
        said.append(figure.population)
    if figure.comparison is not None:
        said.append(f"against {figure.comparison}")
    mark = '<span class="tag tag-published">used</span>' if figure.used else '<span class="tag">passed over</span>'
    over = "" if figure.passed_over is None else f"<p><b>Passed over.</b> {escape(figure.passed_over)}</p>"
    over += _outside(figure.outside_because)
    note = "" if figure.note is None else f'<p class="quiet">{escape(figure.note)}</p>'
    return (
        f'<article class="card"><h3>{escape(figure.about or figure.id)}</h3>'
        f'<p class="under">{escape(figure.measure)} <b>{escape(said[0])}</b> {mark}</p>'
        f"<p>{escape('; '.join(said[1:]))}</p>{links([figure.document])}{over}{note}</article>"
    )


def combination_card(one: PublishedCombination) -> str:
    """What is published of several answers together, and why the model departs from it, where it does."""
    said = [one.population] if one.n is None else [f"n = {one.n:,}", one.population]
    answers = "".join(f"<li>{escape(answer)}</li>" for answer in one.answers)
    return (
        f'<article class="card"><h3>{escape(one.name)}</h3>'
        f'<p class="under">in {escape(one.cause_name)}: {escape(one.measure)} <b>{escape(one.said)}</b></p>'
        f'<ul class="documents">{answers}</ul><p>{escape("; ".join(said))}</p>'
        f"<p>Together they may be worth at most {percent(one.joint_share)} of what they are worth one by one (in log "
        f"likelihood ratios).</p>{links(one.documents)}{_outside(one.outside_because)}"
        f'<p class="quiet">{escape(one.note)}</p></article>'
    )


def _outside(reason: str | None) -> str:
    return "" if reason is None else f"<p><b>The model departs from it.</b> {escape(reason)}</p>"


def cards(pieces: Iterable[str]) -> str:
    """Cards side by side where there is room."""
    return f'<div class="cards">{"".join(pieces)}</div>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], caption: str, *, numeric: Sequence[int] = ()) -> str:
    """A table of HTML pieces; on a narrow screen each row stands by itself, its cells named.

    The first cell of a row names it. numeric: places of the columns that are numbers.
    """
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in headings)
    body = []
    for row in rows:
        first, *rest = row
        cells = "".join(
            f'<td data-label="{escape(headings[place])}"{" class=number" if place in numeric else ""}>{cell}</td>'
            for place, cell in enumerate(rest, start=1)
        )
        named = f' data-label="{escape(headings[0])}"' if 0 in numeric else ""
        body.append(f'<tr><th scope="row"{named}>{first}</th>{cells}</tr>')
    return (
        f'<table class="stack"><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
