"""What the commands share: options, how they print, and exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import click
from rich.console import Console

from thighdx.assess import Model, get_model
from thighdx.cases import read_case
from thighdx.cells import printable
from thighdx.errors import CaseError, Fault
from thighdx.knowledge import Knowledge
from thighdx.selection import select

MOST_DRAWS = 100_000  # simulated cases of one command; some 10 s
DONE, SOME_ROWS, FAILED = 0, 1, 2
PIPED_WIDTH = 120  # characters, where there is no terminal to ask


class WholeNumber(click.IntRange):
    """A whole number within a range; what is none is told what is accepted."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """See click."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            high = "on" if self.max is None else f"to {self.max:,}"
            self.fail(f"found '{printable(str(value))}'; accepted: a whole number from {self.min:,} {high}", param, ctx)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options every command takes."""
    command = click.option(
        "--priors",
        multiple=True,
        metavar="FOLDER|OVERLAY",
        help="Priors to use, or to lay over; repeatable, later wins.",
    )(command)
    return click.option("--population", metavar="NAME|FILE", help="Whose base rates; a TOML file may state its own.")(
        command
    )


def by_network(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option of the commands that can answer by a network edited elsewhere."""
    return click.option(
        "--network",
        metavar="FILE",
        help="Answer by a network edited elsewhere with the same ids (.bif, .xmlbif, .xdsl, .net, .uai); red flags and "
        "names are those of the priors.",
    )(command)


def model_of(priors: Sequence[str], population: str | None, network: str | None) -> Model:
    """The model asked for: of a population, or of a network in its place."""
    knowledge, chosen = select(priors, population)
    if network is None:
        return get_model(knowledge, chosen)
    from thighdx.exchange import network_model

    return network_model(network, knowledge, chosen)


def print_said(said: dict[str, Any], as_json: bool, show: Callable[[Console], None]) -> None:
    """JSON for a program, or text as wide as the terminal for a person."""
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        show(Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH))


def case_from(answers: Sequence[str], knowledge: Knowledge) -> dict[str, str]:
    """The case from `finding=cell` words. Raises `CaseError` with every word that is none and every bad answer."""
    case: dict[str, str] = {}
    faults = []
    for word in answers:
        name, equals, cell = (part.strip() for part in word.partition("="))
        if not equals:
            faults.append(Fault("", f"'{word}' is not an answer; write finding=state, as onset=sudden"))
        elif name in case:
            faults.append(Fault("", f"'{name}' is answered twice; accepted: once (a|b for one of several states)"))
        else:
            case[name] = cell
    try:
        read_case(knowledge, case)
    except CaseError as error:
        faults.extend(error.faults)
    if faults:
        raise CaseError(faults)
    return case


def say(message: str) -> None:
    """A message for the person, on standard error."""
    with suppress(OSError):  # who closed standard error does not want to hear
        click.echo(message, err=True)
