"""What the causes are called, by the ids and by patients and doctors, and which cause a word is meant for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from thighdx.errors import one_of, unknown
from thighdx.knowledge import Knowledge
from thighdx.wording import folded

MOST_MEANT = 4  # causes named for a word that several have in their names
LIKENESS = 0.85  # least similarity of a misspelt name; an id may be misspelt worse


@dataclass(frozen=True)
class Names:
    """What the causes are called, folded. by_name: name -> its causes. by_word: word -> the names it is in."""

    by_name: Mapping[str, tuple[str, ...]]
    by_word: Mapping[str, frozenset[str]]


@lru_cache(maxsize=8)
def names_of(knowledge: Knowledge) -> Names:
    """Every cause's id, its name and what it is also called."""
    by_name: dict[str, dict[str, None]] = defaultdict(dict)
    by_word: dict[str, set[str]] = defaultdict(set)
    for cause, entry in knowledge.content.causes.items():
        for name in map(folded, (cause, entry.name, *entry.also_called)):
            by_name[name][cause] = None
            for word in name.split():
                by_word[word].add(name)
    return Names(
        {name: tuple(causes) for name, causes in by_name.items()},
        {word: frozenset(names) for word, names in by_word.items()},
    )


def causes_called(knowledge: Knowledge, word: str) -> tuple[str, ...]:
    """The causes that have `word` for a name; capitals, apostrophes, hyphens and underscores do not count."""
    return names_of(knowledge).by_name.get(folded(word), ())


def only_cause_called(knowledge: Knowledge, word: str) -> str | None:
    """The one cause that `word` is a name of; None where it is an id, or a name of several or of none."""
    called = causes_called(knowledge, word)
    return called[0] if len(called) == 1 and word not in knowledge.causes else None


def causes_near(knowledge: Knowledge, word: str) -> tuple[str, ...]:
    """The causes that have all words of `word` in one of their names, in their order; none for no word."""
    names, asked = names_of(knowledge), folded(word).split()
    having = [names.by_word.get(one, frozenset[str]()) for one in asked]
    found = {cause for name in frozenset.intersection(*having) for cause in names.by_name[name]} if having else set()
    return tuple(cause for cause in knowledge.causes if cause in found)


def also_called(names: Sequence[str]) -> str:
    """`Also called dead leg, muscle bruise.`, or nothing."""
    return f"Also called {', '.join(names)}." if names else ""


def unknown_cause(knowledge: Knowledge, word: str, *, hint: bool = True) -> str:
    """What to say of a word that is no id of a cause: the causes it may be meant for, every one of several.

    `hint`: look among misspelt names too, which takes the longest.
    """
    named = _named(knowledge, causes_called(knowledge, word))
    if named:
        return f"'{word}' is no id of a cause; use {named}"
    near = _named(knowledge, causes_near(knowledge, word)) or (_misspelt(knowledge, word) if hint else "")
    if near:
        return f"'{word}' is not a cause; nearest: {near}"
    return unknown(word, "a cause", knowledge.causes, hint=hint)


def _named(knowledge: Knowledge, causes: Sequence[str]) -> str:
    """`strain (Hamstring strain) or cramp (Hamstring cramp)`, or nothing."""
    entries = knowledge.content.causes
    return one_of([f"{cause} ({entries[cause].name})" for cause in causes], most=MOST_MEANT) if causes else ""


def _misspelt(knowledge: Knowledge, word: str) -> str:
    """The cause with the name most like `word`, and that name, or nothing; ids are left to `unknown`."""
    names = names_of(knowledge).by_name
    close = get_close_matches(folded(word), names, n=1, cutoff=LIKENESS)
    if not close or close[0] in map(folded, knowledge.causes):
        return ""
    return f"{' or '.join(names[close[0]])} ({close[0]})"
