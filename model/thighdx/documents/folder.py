"""The pages of all causes as a folder of files, with a page that lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from thighdx import __version__
from thighdx.casefiles import whole_file, writing
from thighdx.causenames import also_called
from thighdx.documents.causepage import cause_page
from thighdx.documents.causetext import cause_markdown
from thighdx.documents.markup import as_html, heading, in_100, joined, link, plain, table
from thighdx.errors import TableError
from thighdx.knowledge import Knowledge
from thighdx.report import DISCLAIMER
from thighdx.tables import base_rates

MARKDOWN, HTML = "md", "html"
INDEX = {MARKDOWN: "index.md", HTML: "index.html"}


def write_pages(
    knowledge: Knowledge,
    population: str,
    folder: Path,
    ending: str = MARKDOWN,
    on_page: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """A page for every cause and the index, each file written whole; the folder is made where it is not there.

    A folder made here that is still empty when the work stops, for whatever reason, is taken away again.
    `on_page` hears each cause done. Raises `TableError` where a file cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise TableError(f"{folder}: is a file; expected a folder")
    addresses = {cause: f"{cause}.{ending}" for cause in knowledge.causes}
    written = []
    with _made(folder):
        for cause in knowledge.causes:
            text = cause_markdown(cause_page(knowledge, cause, population), addresses)
            name = knowledge.content.causes[cause].name
            written.append(write_document(folder / addresses[cause], text, name))
            on_page(cause)
        index = index_markdown(knowledge, population, addresses)
        return [*written, write_document(folder / INDEX[ending], index, TITLE)]


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """A folder that is there; what was made of its path and is empty at the end goes."""
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        with writing(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        with suppress(OSError):  # it holds something, or was never made
            for one in new:
                one.rmdir()


def write_document(path: Path, markdown: str, title: str) -> Path:
    """Write one document, as HTML where its name ends so, else as Markdown."""
    text = as_html(markdown, title) if path.suffix.lower() == f".{HTML}" else markdown
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


TITLE = "The causes of pain in the back of the thigh"


def index_markdown(knowledge: Knowledge, population: str, addresses: dict[str, str]) -> str:
    """Every cause with its page, by origin, and those that are dangerous to miss."""
    content = knowledge.content
    chosen = content.populations[population]
    rates = dict(zip(knowledge.causes, base_rates(knowledge, chosen).tolist(), strict=True))
    told = (
        "A page for each cause, generated from the priors: how it presents, what speaks for and against it, what it is "
        "taken for, a worked example, the best next test, red flags, what to do, and how sure the numbers are."
    )
    parts = [
        heading(TITLE, 1),
        told,
        f"Base rates are those of the population *{plain(chosen.name)}*, as of 100 people.",
    ]
    for origin, name in content.origins.items():
        causes = [cause for cause in knowledge.causes if content.causes[cause].origin == origin]
        heads = ["Cause", "base rate, of 100", "what it is"]
        parts += [heading(plain(name)), table(heads, _rows(knowledge, causes, rates, addresses), numbers=(1,))]
    parts.append(f"*thighdx {__version__}, priors {knowledge.digest}, population {plain(population)}. {DISCLAIMER}*")
    return joined(parts)


def _rows(
    knowledge: Knowledge, causes: Iterable[str], rates: dict[str, float], addresses: dict[str, str]
) -> list[list[str]]:
    entries = {cause: knowledge.content.causes[cause] for cause in causes}
    return [
        [
            f"{link(entry.name, addresses[cause])}{' **dangerous**' if entry.dangerous else ''}",
            in_100(rates[cause]),
            plain(" ".join(filter(None, [entry.description, also_called(entry.also_called)]))),
        ]
        for cause, entry in sorted(entries.items(), key=lambda pair: -rates[pair[0]])
    ]
