"""Misshapen tables of the priors, said in this project's words, with what else is wrong beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from thighdx import schema
from thighdx.checks import check
from thighdx.errors import Fault, did_you_mean, unknown
from thighdx.reading import Document, thawed
from thighdx.wording import count

TABLES: dict[str, tuple[type[schema.Table], ...]] = {
    "": (schema.Content,),
    "causes.*": (schema.Cause,),
    "causes.*.grading": (schema.Grading,),
    "causes.*.care": (schema.Care,),
    "findings.*": (schema.Finding,),
    "findings.*.from_number": (schema.FromNumber,),
    "findings.*.background": (schema.Row,),
    "findings.*.rows.*": (schema.Row, schema.RatioRow),
    "mechanisms.*": (schema.Mechanism,),
    "mechanisms.*.background": (schema.Row,),
    "mechanisms.*.rows.*": (schema.Row,),
    "mechanisms.*.templates.*": (schema.Template,),
    "populations.*": (schema.Population,),
    "populations.*.origins": (schema.Shares,),
    "populations.*.causes": (schema.Shares,),
    "populations.*.within.*": (schema.Shares,),
    "populations.*.mix.*": (schema.Row,),
    "populations.*.not_for.*": (schema.NotFor,),
    "red_flags.*": (schema.RedFlag,),
    "red_flags.*.misses": (schema.Misses,),
    "thresholds": (schema.Thresholds,),
    "sources.*": (schema.Source,),
    "figures.*": (schema.Figure,),
    "studies.*": (schema.Study,),
    "combinations.*": (schema.Combination,),
    "asked.*": (schema.Asked,),
    "groups.*": (schema.Group,),
    "costs": (schema.Costs,),
    "costs.kinds.*": (schema.Cost,),
    "costs.findings.*": (schema.Cost,),
}  # which table stands where; only to name the accepted keys of a misspelt one

# entries that can be set aside, so that the rest can still be checked
ENTRIES = (
    "findings.*.rows.*",
    "mechanisms.*.rows.*",
    "mechanisms.*.templates.*",
    "populations.*.mix.*",
    "populations.*.not_for",
    "causes.*.care",
    "red_flags.*",
    "studies.*",
    "combinations.*",
    "costs.kinds.*",
    "costs.findings.*",
    "figures.*",
    "sources.*",
)

PAIR_TABLES = {"believed": "state", "interval": "share"}  # key of a table of pairs -> what each pair is of
PAIRS = ("weeks", "price_usd")  # keys of single pairs
PAIR = "[low, high], two numbers"
IN_WORDS = {"tuple_type": "a list", "dict_type": "a table", "model_type": "a table"}  # pydantic's types, as TOML has it
LENGTHS = {  # pydantic's types -> which of its bounds is passed, in words, and what is counted
    "too_short": ("min_length", "at least", ("entry", "entries")),
    "too_long": ("max_length", "at most", ("entry", "entries")),
    "string_too_short": ("min_length", "at least", ("character", "characters")),
    "string_too_long": ("max_length", "at most", ("character", "characters")),
}

KeyPath = tuple[str, ...]


def faults_of_shape(document: Document, error: ValidationError) -> list[Fault]:
    """Every misshapen key, and what else disagrees once the misshapen entries are set aside."""
    details = error.errors(include_url=False)
    misspelt = _misspelt(document, details)
    if misspelt:
        return misspelt
    said = dict.fromkeys(_fault(document, detail) for detail in details)  # a pair of nothing lacks two numbers at once
    return [*said, *_faults_of_the_rest(document, details)]


def _misspelt(document: Document, details: list[Any]) -> list[Fault]:
    """Entries that lack most of what they need and are named almost like another: a slip of the pen in an overlay."""
    lacking = Counter(
        _path(detail)[:2] for detail in details if detail["type"] == "missing" and len(detail["loc"]) == 3
    )
    found = []
    for (table, name), times in lacking.items():
        others = [other for other in document.tables[table] if (table, other) not in lacking]
        near = did_you_mean(name, others)
        if times > 1 and near and document.beneath:
            found.append(Fault(document.place((table, name)), f"'{name}' is not in {table}{near}"))
    return found


def _faults_of_the_rest(document: Document, details: list[Any]) -> Iterator[Fault]:
    rest = thawed(document.tables)
    aside = set()
    for detail in details:
        path = _path(detail)
        # a misspelt key goes alone, unless it stands in a list
        entries = [path, _entry(path)] if detail["type"] == "extra_forbidden" else [_entry(path)]
        removed = next((entry for entry in entries if entry is not None and _remove(rest, entry)), None)
        if removed is None:
            return
        aside.add(removed[-1])
    try:
        content = schema.Content.model_validate(rest)
    except ValidationError:
        return
    unused = {(kind, name) for kind in ("figures", "sources") for name in rest.get(kind, ())}
    for place, message in check(content, may_be_unused=unused):
        # what only follows from an entry set aside is no fault of its own
        if not any(name in place or f"'{name}'" in message for name in aside):
            yield Fault(document.place(place), message)


def _path(detail: Mapping[str, Any]) -> KeyPath:
    return tuple(str(part) for part in detail["loc"] if not str(part).startswith("row:"))


def _entry(path: KeyPath) -> KeyPath | None:
    """The entry around a key that can be set aside, if there is one."""
    heads = [path[:length] for length in range(len(path), 0, -1)]
    return next((head for head in heads if any(_matches(head, pattern) for pattern in ENTRIES)), None)


def _remove(tables: Any, path: KeyPath) -> bool:
    """Take a key out of nested tables; whether it is out now."""
    for key in path[:-1]:
        if not isinstance(tables, dict):
            return False
        tables = tables.get(key, {})
    if not isinstance(tables, dict):
        return False
    tables.pop(path[-1], None)
    return True


def _fault(document: Document, detail: Mapping[str, Any]) -> Fault:
    """One pydantic error: place, found, accepted, nearest."""
    path = _path(detail)
    place = document.place(path)
    if detail["type"] == "missing" and _is_pair(path[:-1]):
        return Fault(document.place(path[:-1]), f"found {_shown(detail['input'])}; accepted: {PAIR}")
    if detail["type"] == "extra_forbidden":
        return Fault(place, unknown(path[-1], "a key here", _accepted_keys(path[:-1])))
    if detail["type"] == "missing":
        return Fault(place, "is missing")
    if detail["type"] in LENGTHS and not _is_pair(path):
        return Fault(place, _length(detail))
    message = str(detail["msg"])
    accepted = IN_WORDS.get(detail["type"], f"{message[0].lower()}{message[1:]}")
    if path[-1] in PAIR_TABLES and accepted == IN_WORDS["dict_type"]:
        accepted = f"{{ {PAIR_TABLES[path[-1]]} = [low, high] }}, two numbers for each {PAIR_TABLES[path[-1]]}"
    elif _is_pair(path):
        accepted = PAIR
    return Fault(place, f"found {_shown(detail['input'])}; accepted: {accepted}")


def _length(detail: Mapping[str, Any]) -> str:
    """What to say of a list, a text or a table with too little or too much in it."""
    bound, words, (one, many) = LENGTHS[detail["type"]]
    number, found = detail["ctx"][bound], detail["input"]
    accepted = f"one {one}" if number == 1 else count(number, one, many)
    if isinstance(found, str) and not found.strip():
        shown = "an empty text"
    elif found:
        shown = _shown(found)
    else:
        shown = "an empty table" if isinstance(found, Mapping) else "an empty list"
    return f"found {shown}; accepted: {words} {accepted}"


def _is_pair(path: KeyPath) -> bool:
    """Whether low and high stand at this path."""
    return path[-1:] != () and (path[-1] in PAIRS or (len(path) > 1 and path[-2] in PAIR_TABLES))


def _shown(found: object) -> str:
    """What was found, cut where it is long."""
    if isinstance(found, str | int | float | bool | list | tuple):
        return repr(list(found) if isinstance(found, tuple) else found)[:80]
    return "a table" if isinstance(found, Mapping) else type(found).__name__


def _accepted_keys(path: KeyPath) -> list[str]:
    """The keys of the table at `path`; a row may be of either kind."""
    for pattern, tables in TABLES.items():
        if _matches(path, pattern):
            return list(dict.fromkeys(key for table in tables for key in table.model_fields))
    return []


def _matches(path: KeyPath, pattern: str) -> bool:
    parts = pattern.split(".") if pattern else []
    return len(parts) == len(path) and all(map(fnmatchcase, path, parts))
