"""Plain tables as TOML text that the program reads back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping


def toml_lines(tables: Mapping[str, object], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Tables as TOML: a heading for each table, values and inner tables of numbers on a line of their own.

    Keys are ids. The lines end in a line feed.
    """
    plain = {key: value for key, value in tables.items() if not _has_heading(value)}
    if plain and path:
        yield f"[{'.'.join(path)}]\n"
    yield from (f"{key} = {_toml(value)}\n" for key, value in plain.items())
    if plain:
        yield "\n"
    for key, value in tables.items():
        if isinstance(value, Mapping) and _has_heading(value):
            yield from toml_lines(value, (*path, key))


def _has_heading(value: object) -> bool:
    """Tables of tables, and tables that mix texts and numbers; a row's `p` stays on its line."""
    return isinstance(value, Mapping) and not all(isinstance(inner, int | float) for inner in value.values())


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
