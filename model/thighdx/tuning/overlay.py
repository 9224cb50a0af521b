"""A change of the priors as an overlay file that says who made it and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thighdx.casefiles import whole_file
from thighdx.errors import ThighdxError
from thighdx.knowledge import Knowledge
from thighdx.reading import WHOLE, thawed
from thighdx.tomltext import toml_lines


def save_overlay(before: Knowledge, after: Knowledge, path: Path | str, *, who: str, why: str) -> None:
    """Write what `after` states otherwise than `before` to an overlay file, whole or not at all.

    Laid over `before` it gives `after`. Raises `ThighdxError` where nothing differs or `after` lacks a key of `before`,
    which no overlay can take away, and `TableError` where the file cannot be written.
    """
    text = overlay_text(before, after, who=who, why=why)
    with whole_file(Path(path)) as partial:
        partial.write_text(text, encoding="utf-8")


def overlay_text(before: Knowledge, after: Knowledge, *, who: str, why: str) -> str:
    """The text of the overlay; see `save_overlay`."""
    tables = _stated_otherwise(thawed(before.document.tables), thawed(after.document.tables), ())
    if not tables:
        raise ThighdxError("the two priors state the same; there is nothing to save")
    said = [f"who: {who}", f"why: {why}", f"laid over priors {before.digest}"]
    head = "".join(f"# {line}\n" for one in said for line in one.splitlines())
    return head + "\n" + "".join(toml_lines(tables))


def _stated_otherwise(before: Mapping[str, Any], after: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Keys of `after` that differ; rows and templates whole, as overlays replace them."""
    gone = [key for key in before if key not in after]
    if gone:
        raise ThighdxError(
            f"{'.'.join((*path, gone[0]))} is gone, which no overlay can say; accepted: changed or added keys"
        )
    result = {}
    for key, value in after.items():
        old = before.get(key)
        if old == value and key in before:
            continue
        if isinstance(old, dict) and isinstance(value, dict) and not WHOLE & (old.keys() | value.keys()):
            result[key] = _stated_otherwise(old, value, (*path, key))
        else:
            result[key] = value
    return result
