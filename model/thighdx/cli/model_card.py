"""`thighdx model-card`: what the model is, for whom, how good, and what it is not for."""

from __future__ import annotations

import json
from pathlib import Path

import click

from thighdx.casefiles import STANDARD, ending_of, whole_file
from thighdx.cli.common import common, say
from thighdx.selection import select

ENDINGS = (".md", ".html", ".json")


@click.command("model-card")
@click.argument("file")
@common
def model_card_command(file: str, priors: tuple[str, ...], population: str | None) -> None:
    """Write the model card to FILE: Markdown, HTML or JSON by its ending (.md, .html, .json); - prints Markdown.

    Intended use, populations, evidence base, performance with intervals, limits, maintenance, version. The headings are
    those of the CHAI applied model card, with the items of TRIPOD+AI.

    Example: thighdx model-card model-card.html
    """
    from thighdx.documents.folder import write_document
    from thighdx.documents.modelcard import model_card
    from thighdx.documents.modelcardtext import card_markdown

    ending = ".md" if file == STANDARD else ending_of(file, "written", ENDINGS)
    knowledge, chosen = select(priors, population)
    card = model_card(knowledge, chosen)
    if file == STANDARD:
        click.echo(card_markdown(card), nl=False)
        return
    if ending == ".json":
        with whole_file(Path(file)) as partial:
            partial.write_text(json.dumps(card.to_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    else:
        write_document(Path(file), card_markdown(card), card.title)
    say(f"{card.title}, to {file}")
    if not card.figures.measured_on_these:
        say("its performance was measured on other priors than these; the card says so")
