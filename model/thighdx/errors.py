"""What can be wrong with what a person hands over, said so that the person can mend it.

A `Fault` names the place and says what was found, what is accepted and the nearest valid name. The library raises
the exceptions below; the command line and the page show the same sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MOST_HINTS = 500  # different wrong words of a column that get the nearest name; half a second at most


@dataclass(frozen=True)
class Fault:
    """One thing wrong at one place."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class ThighdxError(Exception):
    """Anything this package refuses to do, in words for the person who asked."""


class FaultsError(ThighdxError):
    """Input with one or more faults; `faults` holds every one of them, in the order found."""

    heading = "the input has faults"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{self.heading} ({len(self.faults)}):\n{lines}")


class KnowledgeError(FaultsError):
    """Priors that cannot be used; no model is built from them."""

    heading = "the priors have faults"


class UnknownNameError(KnowledgeError):
    """A name (of a population, a cause) that the priors do not have."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__([Fault(place, message)])

    def __str__(self) -> str:
        return str(self.faults[0])


class CaseError(FaultsError):
    """Answers of a single case that cannot be read."""

    heading = "the answers have faults"


class ImpossibleEvidenceError(ThighdxError):
    """Answers to which the model gives probability zero under every cause."""


class NetworkError(FaultsError):
    """A network of another program that cannot be used in place of the model's."""

    heading = "the network has faults"


class TableError(ThighdxError):
    """A case table that cannot be read at all, or a result that cannot be written."""


def did_you_mean(word: str, accepted: Iterable[str], *, likeness: float = 0.6) -> str:
    """The clause `; nearest: x` for the accepted name most like `word`, or nothing where none is alike.

    `likeness` is the least similarity, 0 to 1.
    """
    folded = {name.casefold(): name for name in accepted}
    close = get_close_matches(word.casefold(), folded, n=1, cutoff=likeness)
    return f"; nearest: {folded[close[0]]}" if close else ""


def one_of(accepted: Sequence[str], *, most: int = 12) -> str:
    """`a, b or c`; a long list is cut after `most` names and counted."""
    names = list(accepted)
    if len(names) > most:
        return f"{', '.join(names[:most])} ... ({len(names)} in all)"
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nothing"


def unknown(word: str, what: str, accepted: Sequence[str], *, hint: bool = True) -> str:
    """`'x' is not a cause; use a, b or c; nearest: a`; the nearest only with `hint`, since it takes the longest."""
    near = did_you_mean(word, accepted) if hint else ""
    use = "" if near and len(accepted) > 12 else f"; use {one_of(accepted)}"
    return f"'{word}' is not {what}{use}{near}"
