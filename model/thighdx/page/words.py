"""Texts of the priors as the page shows them."""

from __future__ import annotations

import re

from thighdx.schema import Finding
from thighdx.wording import state_label

MARKDOWN = re.compile(r"([\\`*_\[\]$~<>#|:&])")


def plain(text: str) -> str:
    """The text so that Markdown shows it as it stands."""
    return MARKDOWN.sub(r"\\\1", text)


def cell_label(entry: Finding, state: str) -> str:
    """What a person reads for a state; for the empty cell, that it was not asked."""
    return plain(state_label(entry, state)) if state else "Not asked"
