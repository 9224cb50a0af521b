"""Learnt numbers as files that the program reads back: a population, an overlay of rows, and a report."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from thighdx.errors import TableError
from thighdx.knowledge import Knowledge
from thighdx.learnable import BASE_RATES
from thighdx.learning.results import Learnt, LearntLevels
from thighdx.reading import thawed
from thighdx.tomltext import toml_lines

SOURCE = "learnt_cases"
POPULATION = "learnt"
TINY = 1e-9
FILES = ("population.toml", "rows.toml", "report.json")


def population_tables(learnt: Learnt, knowledge: Knowledge) -> dict[str, Any]:
    """A population `learnt` with the learnt base rates and the mix of the population they were learnt for."""
    rates = learnt.base_rates
    cases = rates.labelled + rates.unlabelled
    _, old = knowledge.population(learnt.population)
    mix = thawed(knowledge.document.tables)["populations"][learnt.population].get("mix", {})
    largest = knowledge.content.thresholds.largest_weight
    figure = f"{SOURCE}_base_rate"
    commonest = int(rates.after.argmax())
    entry = {
        "name": f"Learnt from {cases} cases",
        "description": f"Base rates of '{old.name}' after {rates.labelled} cases with and {rates.unlabelled} without a "
        "known cause.",
        "causes": {
            "p": dict(zip(learnt.causes, _rounded(rates.after.tolist()), strict=True)),
            "weight": min(largest, rates.weight + cases),
            "figures": [figure],
        },
        **({"mix": mix} if mix else {}),
    }
    stated = {
        "source": SOURCE,
        "measure": "base_rate",
        "cause": learnt.causes[commonest],
        "population": "the cases given",
        "value": float(rates.expected[commonest] / cases) if cases else float(rates.after[commonest]),
        "n": max(1, round(cases)),
        "note": "expected share where the cause was not known; the pseudo-cases of the priors not counted",
    }
    return {"populations": {POPULATION: entry}, "figures": {figure: stated}, "sources": _source(learnt)}


def row_tables(learnt: Learnt, knowledge: Knowledge) -> dict[str, Any]:
    """An overlay with every learnt row, each with a figure that says what was seen, and every learnt level.

    No case states a level, so that levels are estimates and say how they were come by.
    """
    largest = knowledge.content.thresholds.largest_weight
    findings: dict[str, Any] = {}
    figures = {}
    for row in learnt.rows:
        key = f"{SOURCE}_{row.finding}_{row.cause}"[:80]
        seen = sum(row.counts)
        figures[key] = {
            "source": SOURCE,
            "measure": "probability",
            "finding": row.finding,
            "state": row.state,
            "cause": row.cause,
            "population": "the cases given",
            "value": row.seen,
            "n": max(1, round(seen)),
        }
        findings.setdefault(row.finding, {"rows": {}})["rows"][row.cause] = {
            "p": dict(zip(row.states, _rounded(list(row.after)), strict=True)),
            "weight": min(largest, row.weight / max(1 - row.told, TINY)),
            "figures": [key],
        }
    mechanisms: dict[str, Any] = {}
    for one in learnt.levels:
        rows = mechanisms.setdefault(one.mechanism, {"rows": {}})["rows"]
        rows[one.cause] = _level_row(one, knowledge.content.thresholds.largest_estimate_weight)
    tables = {"findings": findings, "mechanisms": mechanisms, "figures": figures}
    stated = {name: table for name, table in tables.items() if table}
    return {**stated, "sources": _source(learnt)} if stated else {}


def _level_row(one: LearntLevels, largest: float) -> dict[str, Any]:
    return {
        "p": dict(zip(one.levels, _rounded(list(one.after), least=0.0), strict=True)),
        "weight": min(largest, one.weight / max(1 - one.told, TINY)),
        "estimate": f"by expectation maximisation from {one.cases:.0f} cases with two answers or more; "
        f"no case states a level, and the cases decide {one.told:.0%} of these numbers",
        "sources": [SOURCE],
    }


def write_learnt(learnt: Learnt, knowledge: Knowledge, folder: str) -> None:
    """Write `population.toml`, `rows.toml` and `report.json` to a new folder, all or nothing.

    The first where base rates were asked for, the second where rows or levels were learnt.

    Raises `TableError` where the folder holds something already, or cannot be written.
    """
    place = Path(folder)
    check_free(folder)
    made = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
        rates = population_tables(learnt, knowledge) if BASE_RATES in learnt.what else {}
        written = {FILES[0]: rates, FILES[1]: row_tables(learnt, knowledge)}
        for name, tables in written.items():
            if tables:
                (made / name).write_text("".join(toml_lines(tables)), encoding="utf-8")
        report = json.dumps(learnt.to_dict(), ensure_ascii=False, indent=1)
        (made / FILES[2]).write_text(report + "\n", encoding="utf-8")
        made.replace(place)
        made = None
    except OSError as error:
        raise TableError(f"{folder}: cannot be written: {error.strerror or error}") from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def check_free(folder: str) -> None:
    """Raises `TableError` where the folder is a file, or holds something already."""
    place = Path(folder)
    if place.is_file() or (place.is_dir() and any(place.iterdir())):
        raise TableError(f"{folder}: is there already; accepted: a new or an empty folder")


def _rounded(p: list[float], *, least: float = 1e-6) -> list[float]:
    """Six digits, the largest taking the rest, so that they sum to 1; none below `least`."""
    result = [max(round(value, 6), least) for value in p]
    largest = result.index(max(result))
    result[largest] = round(1 - sum(value for place, value in enumerate(result) if place != largest), 9)
    return result


def _source(learnt: Learnt) -> dict[str, Any]:
    name = "".join(sign if sign.isprintable() else "?" for sign in Path(learnt.place).name)
    note = f"priors {learnt.priors_digest[:12]}, {learnt.rows_read} rows, {learnt.faulty} of them faulty"
    return {SOURCE: {"title": f"Cases in {name}", "kind": "study", "note": note}}
