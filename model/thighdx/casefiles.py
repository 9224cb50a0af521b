"""Files asked for by name: their endings, that no two are one, and that they appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from thighdx.cells import is_number
from thighdx.errors import TableError, one_of

STANDARD = "-"  # standard input or output, as CSV
RUNS_IN_SPREADSHEETS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last four are full-width
TABLES = (".csv", ".csv.gz", ".csv.zst", ".parquet")  # read and written


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; it takes the name asked for only when the block ends well, and is removed otherwise."""
    path = Path(os.path.realpath(path))  # what a link leads to is written, not the link
    if path.is_dir():
        raise TableError(f"{path}: is a folder; expected the name of a file")
    try:
        # a name that nobody can foresee, readable by nobody else
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        os.close(handle)
        partial = Path(name)
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    try:
        yield partial
        partial.replace(path)
    except BrokenPipeError:
        raise  # of standard output
    except OSError as error:
        raise TableError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Says of which file it is that it cannot be written. Raises `TableError`; a pipe that broke stays what it is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TableError(f"{path}: cannot be written: {error.strerror or error}") from error


def neutral(cell: str) -> str:
    """A copied cell that a spreadsheet would run as a formula, made text by an apostrophe; plain numbers stay."""
    if cell.lstrip().startswith(RUNS_IN_SPREADSHEETS) and not is_number(cell.lstrip("+-")):
        return "'" + cell
    return cell


def ending_of(path: str, doing: str, accepted: Sequence[str] = TABLES) -> str:
    """The one of the accepted endings that the path has. Raises `TableError` where it has another or none.

    `doing` is what is to be done with the file: read, written.
    """
    name = Path(path).name.lower()
    ending = next((ending for ending in accepted if name.endswith(ending) and name != ending), None)
    if ending is None:
        suffix = Path(path).suffix.lower()
        found = f"ending '{suffix}'" if suffix else "a name without an ending"
        raise TableError(f"{path}: {found} cannot be {doing}; use {one_of(accepted)}, or - for CSV")
    return ending


def check_ending(path: str, doing: str, accepted: Sequence[str] = TABLES) -> None:
    """Raises `TableError` for a file with another ending than those accepted (`-` has none)."""
    if path != STANDARD:
        ending_of(path, doing, accepted)


def check_distinct(**paths: str | None) -> None:
    """Raises `TableError` where two of the paths, named by what they are for, are one file."""
    seen: dict[Path, str] = {}
    for use, path in paths.items():
        if path is None or path == STANDARD:
            continue
        place = Path(path).resolve()
        if place in seen:
            raise TableError(f"{path}: is named as {seen[place]} and as {use}; accepted: different files")
        seen[place] = use
