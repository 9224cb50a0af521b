"""TOML files to one merged document, knowing for every key which file it came from.

A folder of priors is the union of its files: a key stated twice in one folder is a fault. What is laid over it later
(an overlay file, a folder without a vocabulary) replaces key by key; a row or a template is replaced whole, so that a
new probability never keeps an old source.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import as_file, files
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tomli

from thighdx.errors import Fault, KnowledgeError

LARGEST_FILE = 8 * 2**20  # bytes; the shipped priors together are well below 2 MiB
MOST_FILES = 500
DEEPEST = 12  # tables within tables; format 1 needs 6

VOCABULARY = "vocabulary.toml"
PLAIN = str, float, int  # most values by far; to ask these whether they are a `Mapping` takes long
WHOLE = frozenset({"p", "ratio", "given", "when"})  # a table holding one of these is replaced as a whole

Path_ = tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """Merged tables and, for each key path, the file that stated it last.

    `beneath` are the figures and sources of what an overlay was laid over: a row replaced there may leave them unused.
    """

    tables: Mapping[str, Any]
    stated_in: Mapping[Path_, str]
    beneath: frozenset[Path_] = frozenset()

    def place(self, path: Iterable[object]) -> str:
        """`file: key.path` of the nearest stated key."""
        whole = tuple(str(part) for part in path)
        known = whole
        while known and known not in self.stated_in:
            known = known[:-1]
        dotted = ".".join(whole)
        return f"{self.stated_in[known]}: {dotted}" if known else dotted

    def frozen(self) -> Document:
        """The same document, which nothing can change any more."""
        return Document(_freeze(self.tables), MappingProxyType(dict(self.stated_in)), self.beneath)

    def laid_over(self, overlay: Document) -> Document:
        """A new document in which the overlay replaces what it states."""
        merged, stated = thawed(self.tables), dict(self.stated_in)
        _Merger("", stated).merge(merged, overlay.tables)
        stated |= overlay.stated_in
        beneath = {(kind, key) for kind in ("figures", "sources") for key in self.tables.get(kind, ())}
        return Document(merged, stated, frozenset(beneath))

    def digest(self) -> str:
        """SHA-256 of the merged tables as key-sorted JSON."""
        text = json.dumps(
            thawed(self.tables), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
        return sha256(text.encode()).hexdigest()


def document_of(tables: Mapping[str, Any], name: str) -> Document:
    """The tables of one file or caller as a document."""
    merged: dict[str, Any] = {}
    stated: dict[Path_, str] = {}
    _Merger(name, stated).merge(merged, tables)
    return Document(merged, stated)


def shipped_folder() -> Path:
    """The `priors/` folder: inside the installed package, or at the checkout's root."""
    inside = files("thighdx") / "priors"
    if inside.is_dir():
        with as_file(inside) as path:
            return path
    return Path(__file__).resolve().parents[2] / "priors"


def read_document(places: Iterable[Path | str] = ()) -> Document:
    """The shipped priors with every place laid over them in turn, later wins.

    A folder with a `vocabulary.toml` is a whole set of priors and starts afresh; any other folder, and a file, is an
    overlay. Raises `KnowledgeError` with every unreadable or doubly stated place.
    """
    document = _read_folder(shipped_folder())
    faults: list[Fault] = []
    for place in map(Path, places):
        try:
            overlay = _read_folder(place) if place.is_dir() else document_of(read_toml(place), str(place))
        except KnowledgeError as error:
            faults.extend(error.faults)
            continue
        afresh = place.is_dir() and (place / VOCABULARY).is_file()
        document = overlay if afresh else document.laid_over(overlay)
    if faults:
        raise KnowledgeError(faults)
    return document


def read_toml(path: Path) -> dict[str, Any]:
    """One TOML file. Raises `KnowledgeError` when it is missing, too large, not UTF-8 or not TOML."""
    try:
        if path.exists() and not path.is_file():
            raise _unreadable(path, "neither a file nor a folder of priors")
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise _unreadable(path, f"larger than {LARGEST_FILE} bytes")
        tables = tomli.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        raise _unreadable(path, error.strerror or "cannot be read") from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"not UTF-8 (byte {error.start})") from error
    except ValueError as error:  # TOMLDecodeError, and whole numbers too long for Python
        raise _unreadable(path, f"not valid TOML: {error}") from error
    except RecursionError as error:
        raise _unreadable(path, f"tables nested deeper than {DEEPEST}") from error
    if _depth(tables) > DEEPEST:
        raise _unreadable(path, f"tables nested deeper than {DEEPEST}")
    return tables


def _read_folder(folder: Path) -> Document:
    """Every TOML file of a folder, in name order, as one document; keys stated twice are faults."""
    merged: dict[str, Any] = {}
    stated: dict[Path_, str] = {}
    faults: list[Fault] = []
    paths = sorted(islice(folder.rglob("*.toml"), MOST_FILES + 1))
    if len(paths) > MOST_FILES:
        raise _unreadable(folder, f"more than {MOST_FILES} TOML files below it; accepted: a folder of priors")
    if not paths:
        raise KnowledgeError([Fault(str(folder), "no TOML files here; a folder of priors was expected")])
    for path in paths:
        name = str(path.relative_to(folder))
        try:
            _Merger(name, stated, faults).merge(merged, read_toml(path))
        except KnowledgeError as error:
            faults.extend(error.faults)
    if faults:
        raise KnowledgeError(faults)
    return Document(merged, stated)


@dataclass
class _Merger:
    """Merges the tables of one file. With a list `twice`, a key stated before is a fault; without, the later wins."""

    name: str
    stated: dict[Path_, str]
    twice: list[Fault] | None = None

    def merge(self, into: dict[str, Any], tables: Mapping[str, Any], path: Path_ = ()) -> None:
        for key, value in tables.items():
            here = (*path, key)
            before = into.get(key)
            if isinstance(before, dict) and isinstance(value, Mapping) and _is_open(before) and _is_open(value):
                self.merge(before, value, here)
            elif key in into and self.twice is not None:
                if path or key != "format" or before != value:  # `format` may head every file
                    self.twice.append(
                        Fault(f"{self.name}: {'.'.join(here)}", f"stated before in {_file_of(self.stated, here)}")
                    )
            else:
                if key in into:
                    for known in [known for known in self.stated if known[: len(here)] == here]:
                        del self.stated[known]
                into[key] = thawed(value)
                _note(value, here, self.name, self.stated)


def _is_open(table: Mapping[str, Any]) -> bool:
    return not WHOLE & table.keys()


def _note(value: object, here: Path_, name: str, stated: dict[Path_, str]) -> None:
    stated[here] = name
    if not isinstance(value, PLAIN) and isinstance(value, Mapping):
        for key, inner in value.items():
            _note(inner, (*here, key), name, stated)


def _file_of(stated: Mapping[Path_, str], path: Path_) -> str:
    return stated.get(path) or next(file for known, file in stated.items() if known[: len(path)] == path)


def thawed(value: Any) -> Any:
    """A copy of plain dicts and lists that may be changed."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, Mapping):
        return {key: thawed(inner) for key, inner in value.items()}
    return [thawed(inner) for inner in value] if isinstance(value, list | tuple) else value


def _freeze(value: Any) -> Any:
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, Mapping):
        return MappingProxyType({key: _freeze(inner) for key, inner in value.items()})
    return tuple(_freeze(inner) for inner in value) if isinstance(value, list | tuple) else value


def _depth(value: object) -> int:
    if isinstance(value, PLAIN):
        return 0
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _unreadable(path: Path, why: str) -> KnowledgeError:
    return KnowledgeError([Fault(str(path), why)])
