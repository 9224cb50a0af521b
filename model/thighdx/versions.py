"""What this is made of: its version, and the libraries it stands on with their licences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
LONGEST = 80  # characters; a longer entry is the licence's whole text


@dataclass(frozen=True)
class Library:
    """A library that is needed, as installed."""

    name: str
    version: str
    licence: str


def libraries() -> tuple[Library, ...]:
    """The libraries that the package needs itself, extras aside, by name."""
    needed = sorted({_name(one) for one in requires("thighdx") or () if "extra ==" not in one}, key=str.casefold)
    return tuple(library for name in needed if (library := _library(name)) is not None)


def _name(requirement: str) -> str:
    found = NAME.match(requirement)
    return found.group() if found else requirement


def _library(name: str) -> Library | None:
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return None
    classified = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or () if one.startswith("License ::")]
    stated = [*(said.get_all("License-Expression") or ()), *classified, *(said.get_all("License") or ())]
    licence = next((one for one in stated if one and len(one) <= LONGEST and "\n" not in one), "see its metadata")
    return Library(said["Name"], said["Version"], licence)
