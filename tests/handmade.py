"""A small folder of priors, written by the tests, and the TOML that it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from thighdx import Knowledge, load_knowledge

Tables = dict[str, Any]


def small_priors() -> Tables:
    """Three causes, five findings, two mechanisms, two populations and a few rules: every kind of table there is."""
    guess = {"weight": 4, "estimate": "a guess"}
    return {
        "format": 1,
        "default_population": "clinic",
        "origins": {"muscle": "Muscle", "nerve": "Nerve"},
        "causes": {
            "tear": {
                "name": "Tear",
                "origin": "muscle",
                "grades": ["grade_1", "grade_2"],
                "grading": {"mechanism": "damage", "levels": {"grade_1": "mild", "grade_2": "severe"}},
                "description": "Fibres torn.",
                "sources": ["textbook"],
            },
            "ache": {"name": "Ache", "origin": "muscle", "description": "Sore muscle."},
            "root": {"name": "Root", "origin": "nerve", "description": "A root is pressed.", "dangerous": True},
        },
        "findings": {
            "age_group": {
                "kind": "context",
                "states": ["young", "middle", "old"],
                "ordered": True,
                "question": "How old?",
                "judge": "At the visit.",
                "from_number": {"column": "age", "unit": "years", "lowest": 0, "highest": 120, "cut_points": [30, 60]},
                "background": {"p": {"young": 0.3, "middle": 0.4}, **guess},
                "rows": {
                    "root": {"ratio": {"old": 2.0}, "ratio_kind": "likelihood_ratio", **guess},
                    "ache": {"ratio": {"young": 3.0}, "ratio_kind": "risk_ratio", **guess},
                },
            },
            "bruise": {
                "kind": "sign",
                "states": ["no", "yes"],
                "question": "A bruise?",
                "judge": "Seen.",
                "mechanism": "damage",
                "background": {"p": {"yes": 0.05}, **guess},
                "rows": {"tear": {"p": {"yes": 0.6}, "weight": 20, "figures": ["bruise_in_tears"]}},
            },
            "walking": {
                "kind": "history",
                "states": ["normal", "limping", "unable"],
                "ordered": True,
                "question": "Walking?",
                "judge": "Watched.",
                "labels": {"unable": "cannot walk"},
                "mechanism": "damage",
                "mechanism_by_cause": {"root": "irritation"},
                "background": {"p": {"limping": 0.2, "unable": 0.05}, **guess},
                "rows": {
                    "tear": {"p": {"limping": 0.5, "unable": 0.2}, **guess},
                    "root": {"p": {"normal": 0.5}, **guess},
                },
            },
            "slump": {
                "kind": "test",
                "states": ["negative", "positive"],
                "question": "Slump test?",
                "judge": "Leg pain on slumping.",
                "mechanism": "irritation",
                "background": {"p": {"positive": 0.2}, **guess},
                "rows": {"root": {"p": {"positive": 0.8}, **guess}},
            },
            "quality": {
                "kind": "history",
                "states": ["dull", "sharp", "burning", "spasm"],
                "question": "What is it like?",
                "judge": "In the patient's words.",
                "background": {"p": {"dull": 0.6, "sharp": 0.2, "burning": 0.1}, **guess},
                "rows": {"root": {"p": {"burning": 0.6}, **guess}, "tear": {"p": {"sharp": 0.7}, **guess}},
            },
        },
        "mechanisms": {
            "damage": {
                "name": "Damage",
                "description": "How much is torn.",
                "levels": ["none", "mild", "severe"],
                "background": {"p": {"none": 0.8, "mild": 0.15}, **guess},
                "rows": {"tear": {"p": {"none": 0, "mild": 0.7, "severe": 0.3}, **guess}},
                "templates": {
                    "bruise": {
                        "reason": "blood",
                        "given": {"none": {"yes": 0.05}, "mild": {"yes": 0.3}, "severe": {"yes": 0.8}},
                    },
                    "walking": {
                        "reason": "pain on loading",
                        "given": {
                            "none": {"limping": 0.1, "unable": 0.02},
                            "mild": {"limping": 0.3, "unable": 0.1},
                            "severe": {"limping": 0.5, "unable": 0.4},
                        },
                    },
                },
            },
            "irritation": {
                "name": "Irritation",
                "description": "Of a nerve.",
                "levels": ["none", "some"],
                "background": {"p": {"none": 0.7}, **guess},
                "rows": {"root": {"p": {"none": 0.2}, **guess}},
                "templates": {
                    "slump": {"reason": "tension", "given": {"none": {"positive": 0.1}, "some": {"positive": 0.7}}},
                    "walking": {
                        "reason": "pain",
                        "given": {
                            "none": {"limping": 0.1, "unable": 0.05},
                            "some": {"limping": 0.4, "unable": 0.3},
                        },
                    },
                },
            },
        },
        "populations": {
            "clinic": {
                "name": "Clinic",
                "description": "Who comes.",
                "origins": {"p": {"muscle": 0.75}, "interval": {"muscle": [0.7, 0.8]}, **guess},
                "within": {"muscle": {"p": {"tear": 0.4}, **guess}, "nerve": {"p": {}, **guess}},
                "mix": {"age_group": {"p": {"young": 0.5, "middle": 0.3}, **guess}},
            },
            "alike": {"name": "Alike", "description": "No cause preferred.", "causes": {"p": {}, **guess}},
        },
        "red_flags": {
            "cannot_walk": {
                "name": "Cannot walk",
                "urgency": "urgent",
                "when": [{"walking": "unable"}],
                "may_be": ["tear", "root"],
                "action": "Image.",
                "sources": ["textbook"],
            },
            "burning_after_sixty": {
                "name": "Burning after sixty",
                "urgency": "emergency",
                "when": [{"age_group": "old", "quality": "burning"}],
                "may_be": ["root"],
                "action": "Call.",
                "sources": ["textbook"],
                "misses": {"text": "Every second root.", "basis": "A guess."},
            },
            "walks_badly": {
                "name": "Walks badly or bruised and sharp",
                "urgency": "soon",
                "when": [{"walking": ["limping", "unable"]}, {"bruise": "yes", "quality": "sharp"}],
                "action": "See.",
                "sources": ["textbook"],
            },
        },
        "urgencies": {"emergency": "now", "urgent": "days", "soon": "weeks", "routine": "no flag"},
        "thresholds": {"floor": 0.001, "soft_red_flag": 0.5, "largest_weight": 50, "largest_estimate_weight": 10},
        "triage": {
            "emergency": {"dangerous_mass": 0.6, "estimate": "a guess"},
            "urgent": {"dangerous_mass": 0.3, "sources": ["textbook"]},
        },
        "two_causes": {"rate": 0.1, "unexplained": 0.3, "estimate": "a guess"},
        "sources": {"textbook": {"title": "A textbook", "kind": "reference"}},
        "figures": {
            "bruise_in_tears": {
                "source": "textbook",
                "measure": "sensitivity",
                "finding": "bruise",
                "state": "yes",
                "cause": "tear",
                "comparison_mix": {"ache": 0.5, "root": 0.5},
                "value": 0.6,
                "low": 0.5,
                "high": 0.7,
                "n": 40,
            }
        },
    }


@cache
def shipped() -> Knowledge:
    """The shipped priors, loaded once a test process."""
    return load_knowledge()


def nearly(value: object) -> Any:
    """What JSON makes of a value, its numbers to 1e-11: plain and compiled engine differ in the last digits."""
    return json.loads(json.dumps(value), parse_float=lambda text: pytest.approx(float(text), rel=1e-11, abs=1e-11))


def write_priors(folder: Path, tables: Mapping[str, Any] | None = None) -> Path:
    """A whole folder of priors: `tables`, or the small ones, in one file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_toml(folder / "vocabulary.toml", small_priors() if tables is None else tables)
    return folder


def write_toml(path: Path, tables: Mapping[str, Any]) -> Path:
    """A TOML file with a line for each top-level key, everything below it inline."""
    lines = [f"{json.dumps(key)} = {_toml(value)}\n" for key, value in tables.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)


def put(tables: Tables, path: str, value: Any) -> None:
    """Set the entry at a dotted path, making tables on the way."""
    *above, last = path.split(".")
    for key in above:
        tables = tables.setdefault(key, {})
    tables[last] = value


def drop(tables: Tables, path: str) -> None:
    """Remove the entry at a dotted path."""
    *above, last = path.split(".")
    for key in above:
        tables = tables[key]
    del tables[last]
