"""Learnt numbers as files that the program reads back: a population, an overlay of rows, and a report."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from thighdx.errors import TableError
from thighdx.knowledge import Knowledge
from thighdx.learning.learn import Learnt
from thighdx.reading import thawed
from thighdx.tomltext import toml_lines

SOURCE = "learnt_cases"
POPULATION = "learnt"
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
    """An overlay with every learnt row, each with a figure that says what was seen."""
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
            "n": round(seen),
        }
        findings.setdefault(row.finding, {"rows": {}})["rows"][row.cause] = {
            "p": dict(zip(row.states, _rounded(list(row.after)), strict=True)),
            "weight": min(largest, row.weight + seen),
            "figures": [key],
        }
    return {"findings": findings, "figures": figures, "sources": _source(learnt)} if figures else {}


def write_learnt(learnt: Learnt, knowledge: Knowledge, folder: str) -> None:
    """Write `population.toml`, `rows.toml` (where rows were learnt) and `report.json` to a new folder, all or nothing.

    Raises `TableError` where the folder holds something already, or cannot be written.
    """
    place = Path(folder)
    check_free(folder)
    made = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
        written = {FILES[0]: population_tables(learnt, knowledge), FILES[1]: row_tables(learnt, knowledge)}
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


def _rounded(p: list[float]) -> list[float]:
    """Six digits, the largest taking the rest, so that they sum to 1."""
    result = [max(round(value, 6), 1e-6) for value in p]
    largest = result.index(max(result))
    result[largest] = round(1 - sum(value for place, value in enumerate(result) if place != largest), 9)
    return result


def _source(learnt: Learnt) -> dict[str, Any]:
    name = "".join(sign if sign.isprintable() else "?" for sign in Path(learnt.place).name)
    note = f"priors {learnt.priors_digest[:12]}, {learnt.rows_read} rows, {learnt.faulty} of them faulty"
    return {SOURCE: {"title": f"Cases in {name}", "kind": "study", "note": note}}
