"""`thighdx export`: the network in the files of other programs."""

from __future__ import annotations

from pathlib import Path

import click

from thighdx.assess import get_model
from thighdx.cli.common import common, say
from thighdx.exchange.write import FORMATS, NAMES_ENDING, UAI, export_network, format_of
from thighdx.selection import select

HELP = """The network as a file for another program, the format by the file's ending.

Nodes are `cause`, the mechanisms and the findings, with the ids of the priors; the numbers are exact. Weights, sources,
red flags and advice stay behind in every format. Besides, each loses:

\b
{formats}

With pyAgrum take .bifxml: it reads the parents of XDSL and UAI in reverse, and keeps BIF, NET and UAI in single
precision, so that there posteriors agree to 1e-6.

Example: thighdx export network.xdsl --population uniform
"""


@click.command(
    "export",
    help=HELP.format(
        formats="\n".join(
            f"{' '.join(one.endings):8} ({one.program})\n         {one.loses.replace('; ', chr(10) + 9 * ' ')}"
            for one in FORMATS
        )
    ),
)
@click.argument("file")
@common
def export_command(file: str, priors: tuple[str, ...], population: str | None) -> None:
    """Write the network; see `HELP`."""
    format_of(file)  # said before the priors are read
    knowledge, chosen = select(priors, population)
    model = get_model(knowledge, chosen)
    written = export_network(model, file)
    tables = model.tables
    nodes = 1 + len(tables.mechanisms) + len(tables.findings)
    beside = f", names in {Path(file).name}{NAMES_ENDING}" if written is UAI else ""
    say(f"{nodes} nodes as {written.name}, population {chosen}, to {file}{beside}")
