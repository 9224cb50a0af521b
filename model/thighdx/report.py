"""A diagnosis as text for a terminal."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from thighdx.diagnosis import Diagnosis, RedFlagRaised, Share
from thighdx.errors import one_of
from thighdx.suitability import Unsuited
from thighdx.wording import count, percent

BAR = 24  # characters of a probability of one
DISCLAIMER = "For a clinician who can review its basis; not a medical device. Empty means not known, never normal."
STYLES = {"emergency": "bold white on red", "urgent": "bold red", "soon": "bold yellow", "routine": "green"}


def print_diagnosis(diagnosis: Diagnosis, console: Console, most: int) -> None:
    """Red flags and whom the base rates are not for, then the `most` probable causes, origins and strain grade."""
    print_red_flags(diagnosis, console)
    print_unsuited(diagnosis.not_for, console)
    console.print(_shares("Cause", diagnosis.causes[:most], len(diagnosis.causes)))
    console.print(_shares("Origin", diagnosis.origins, len(diagnosis.origins)))
    if diagnosis.grades:
        grades = ", ".join(f"{share.name} {percent(share.probability)}" for share in diagnosis.grades)
        console.print(Text(f"If it is a strain: {grades}"))
    print_closing(diagnosis, console)


def print_red_flags(diagnosis: Diagnosis, console: Console) -> None:
    """The red flags, and the posterior's own triage where it is more urgent."""
    console.print(_red_flags(diagnosis))


def print_unsuited(reasons: tuple[Unsuited, ...], console: Console) -> None:
    """Why the base rates are not meant for the case, and which would be."""
    for one in reasons:
        console.print(Text.assemble((f"{one.heading}:", "bold yellow"), f" {one.text}{other_populations(one)}"))


def other_populations(one: Unsuited) -> str:
    """` Try --population x or y.`, or nothing where no population fits better."""
    return f" Try --population {one_of([other.id for other in one.rather])}." if one.rather else ""


def print_closing(diagnosis: Diagnosis, console: Console) -> None:
    """What was answered, for which population, and what the answer is for."""
    answered = (
        count(len(diagnosis.answers), "answer", "answers")
        if diagnosis.answers
        else "nothing answered, so these are the base rates"
    )
    console.print(
        Text(
            f"Population {diagnosis.population}; {answered}; conflict {round(diagnosis.conflict, 1) + 0.0:.1f} bits",
            style="dim",
        )
    )
    console.print(Text(DISCLAIMER, style="dim"))


def _red_flags(diagnosis: Diagnosis) -> RenderableType:
    raised: list[RenderableType] = [_red_flag(flag) for flag in diagnosis.red_flags]
    if not raised:
        raised.append(Text("No red flag among these answers.", style=STYLES["routine"]))
    urgencies = list(STYLES)
    # before any answer it would only say what the base rates are
    by_mass = diagnosis.triage_posterior
    if diagnosis.answers and by_mass and urgencies.index(by_mass) < urgencies.index(diagnosis.triage):
        head = f" {by_mass.upper()} "
        _, _, why = diagnosis.triage_reasons[-1].partition(" by ")
        raised.append(Text.assemble((head, STYLES[by_mass]), f" by {why}"))
    return Group(*raised)


def _red_flag(flag: RedFlagRaised) -> RenderableType:
    head = Text.assemble(
        (f" {flag.urgency.upper()} ", STYLES[flag.urgency]),
        (f" {flag.name}", "bold"),
        " (possible: one of the answers given)" if flag.possible else "",
        f"  {flag.within}",
    )
    told = (
        [Text(flag.action)] if flag.misses is None else [Text(flag.action), Text(f"Misses: {flag.misses}", style="dim")]
    )
    return Group(head, Padding(Group(*told), (0, 0, 0, 4)))


def _shares(title: str, shares: tuple[Share, ...], of: int) -> Table:
    heading = title if len(shares) == of else f"{title} ({len(shares)} of {of}, --all for the rest)"
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(heading, overflow="fold")
    table.add_column("id", style="dim", no_wrap=True)
    table.add_column("now", justify="right", no_wrap=True)
    table.add_column("base rate", justify="right", style="dim", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=BAR)
    for share in shares:
        base = "" if share.base_rate is None else percent(share.base_rate)
        table.add_row(share.name, share.id, percent(share.probability), base, _bar(share))
    return table


def _bar(share: Share) -> Text:
    """A bar of the probability with a mark at the base rate."""
    filled = round(share.probability * BAR)
    cells = ["█" if place < filled else "·" for place in range(BAR)]
    if share.base_rate is not None:
        cells[min(BAR - 1, round(share.base_rate * BAR))] = "|"
    return Text("".join(cells), style="cyan")
