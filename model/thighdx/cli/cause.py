"""`thighdx cause`: the worked page of a cause, or of all of them as a folder."""

from __future__ import annotations

from pathlib import Path

import click

from thighdx.casefiles import ending_of
from thighdx.causenames import only_cause_called
from thighdx.cells import printable
from thighdx.cli.common import common, print_said, say
from thighdx.knowledge import Knowledge
from thighdx.selection import select

ENDINGS = (".md", ".html")


@click.command("cause")
@click.argument("cause", required=False)
@common
@click.option("--all", "every", is_flag=True, help="Every cause, as a folder of pages with an index; needs --out.")
@click.option("--out", metavar="FILE|FOLDER", help="Write to this file (.md, .html), or with --all to this folder.")
@click.option("--html", "as_html", is_flag=True, help="With --all: HTML pages instead of Markdown.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def cause_command(
    cause: str | None,
    priors: tuple[str, ...],
    population: str | None,
    every: bool,
    out: str | None,
    as_html: bool,
    as_json: bool,
) -> None:
    """The worked page of a cause: how it presents, look-alikes, an example, the best next test, how sure it all is.

    A common name that one cause alone has does for its id (thighdx cause sciatica). `diagnose --cause` shows the short
    card.

    Example: thighdx cause proximal_tendinopathy
    """
    from thighdx.documents.causepage import cause_page
    from thighdx.documents.causetext import cause_markdown
    from thighdx.documents.folder import HTML, MARKDOWN, write_document, write_pages
    from thighdx.documents.markup import print_markdown

    if every == (cause is not None):
        raise click.UsageError("name a cause, or ask for --all of them with --out FOLDER; accepted: one of the two")
    if as_json and (every or out is not None):
        raise click.UsageError("--json prints one cause; accepted: without --all and --out")
    if as_html and not every:
        raise click.UsageError("--html is for --all; a single page is HTML where --out names a file ending in .html")
    if every and out is None:
        raise click.UsageError("--all needs --out FOLDER")
    if out is not None and not every:
        ending_of(out, "written", ENDINGS)
    knowledge, chosen = select(priors, population)
    if every:
        written = write_pages(knowledge, chosen, Path(str(out)), HTML if as_html else MARKDOWN)
        say(f"{len(written) - 1} pages and their index, {written[-1].name}, in {out}")
        return
    page = cause_page(knowledge, _id_of(knowledge, str(cause)), chosen)
    if out is not None:
        write_document(Path(out), cause_markdown(page), page.card.name)
        say(f"{page.card.name}, to {out}")
        return
    print_said(page.to_dict(), as_json, lambda console: print_markdown(cause_markdown(page), console))


def _id_of(knowledge: Knowledge, word: str) -> str:
    """The id of the cause that alone has the name `word`, said so; else the word, an id or refused later."""
    cause = only_cause_called(knowledge, word)
    if cause is None:
        return word
    say(f"'{printable(word)}' is a name of {cause}, which is shown")
    return cause
