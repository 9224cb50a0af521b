"""Priors from TOML: every fault at once with its place, overlays, the digest, and that nothing can be changed."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.handmade import Tables, drop, put, small_priors, write_priors, write_toml
from thighdx import Knowledge, KnowledgeError, load_knowledge, reading
from thighdx.engine import Engine
from thighdx.errors import Fault
from thighdx.evidence import evidence
from thighdx.reading import shipped_folder, thawed
from thighdx.schema import Row
from thighdx.tables import build_tables

GUESS = {"weight": 4, "estimate": "a guess"}


@cache
def shipped() -> Knowledge:
    return load_knowledge()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    return load_knowledge(write_priors(tmp_path_factory.mktemp("priors")))


def faults_of(load: Callable[[], object]) -> tuple[Fault, ...]:
    with pytest.raises(KnowledgeError) as refused:
        load()
    return refused.value.faults


def stated(knowledge: Knowledge, finding: str, cause: str) -> dict[str, float]:
    """The probabilities of a row as written."""
    entry = knowledge.content.findings[finding].rows[cause]
    assert isinstance(entry, Row)
    return dict(entry.p)


def load_small(folder: Path, *edits: Callable[[Tables], None]) -> Knowledge:
    """The small priors after some edits, through a file."""
    tables = small_priors()
    for edit in edits:
        edit(tables)
    return load_knowledge(write_priors(folder, tables))


# ------------------------------------------------------------------------------------------------------------ faults


class Broken(NamedTuple):
    """An edit of the small priors, the file and key that a fault must name, and words its sentence must hold."""

    edit: Callable[[Tables], None]
    place: str
    words: tuple[str, ...]


def setting(path: str, value: Any, *words: str, below: str = "", above: int = 0, at: str = "") -> Broken:
    """Set one entry. The fault is expected there; or `below` it, or so many keys `above`, or `at` another place."""
    return Broken(lambda tables: put(tables, path, value), _place(path, below, above, at), words)


def without(path: str, *words: str, above: int = 0) -> Broken:
    """Remove one entry; the fault is expected there, or so many keys `above`."""
    return Broken(lambda tables: drop(tables, path), _place(path, "", above, ""), words)


def _place(path: str, below: str, above: int, at: str) -> str:
    keys = path.split(".")
    return f"vocabulary.toml: {at or '.'.join([*keys[: len(keys) - above], *filter(None, [below])])}"


def row(p: dict[str, float], **others: Any) -> dict[str, Any]:
    return {"p": p, **GUESS, **others}


SUITED = {"when": [{"walking": "unable"}], "text": "They walk."}

# What the tables must agree on; each alone, then many of them in one file.
DISAGREEMENTS = {
    "no sources of a red flag": setting("red_flags.walks_badly.sources", [], "`sources` or `basis`", above=1),
    "a cause called as another is": setting("causes.ache.also_called", ["Sore", "TEAR"], "'TEAR'", "'tear' already"),
    "a cause called twice the same": setting(
        "causes.root.also_called", ["X-ray", "x ray"], "'x ray'", "'root' already"
    ),
    "a name of no letter": setting("causes.tear.also_called", ["?"], "'?' has no letter"),
    "figures and estimate": setting("findings.bruise.rows.tear.estimate", "also", "figures", "estimate", above=1),
    "neither figures nor estimate": without("findings.slump.rows.root.estimate", "figures", "estimate", above=1),
    "too heavy": setting("findings.bruise.rows.tear.weight", 51, "51 cases", "at most 50"),
    "too heavy for an estimate": setting("findings.slump.background.weight", 11, "11 cases", "estimate", "at most 10"),
    "figure not there": setting(
        "findings.bruise.rows.tear.figures",
        ["bruise_in_tear"],
        "'bruise_in_tear' is not a figure",
        "nearest: bruise_in_tears",
        below="bruise_in_tear",
    ),
    "source not there": setting(
        "findings.walking.rows.tear.sources",
        ["textbok"],
        "not a source",
        "nearest: textbook",
        below="textbok",
    ),
    "figure used and passed over": setting(
        "figures.bruise_in_tears.passed_over",
        "old",
        "used here and passed over",
        at="findings.bruise.rows.tear.figures",
    ),
    "state not there": setting(
        "findings.walking.rows.root.p",
        {"limpin": 0.5},
        "'limpin' is not a state",
        "normal, limping or unable",
        "nearest: limping",
        below="limpin",
    ),
    "row above 1": setting(
        "findings.walking.rows.tear.p", {"limping": 0.6, "unable": 0.6}, "sums to 1.2", "accepted: at most 1"
    ),
    "a range of an estimate that leaves its number out": setting(
        "findings.slump.rows.root.believed",
        {"positive": [0.1, 0.2]},
        "0.1 to 0.2 with a number of",
        "the number between them",
        below="positive",
    ),
    "a range from high to low": setting(
        "findings.quality.background.believed", {"spasm": [0.4, 0.1]}, "0.4 to 0.1", "low to high", below="spasm"
    ),
    "a range of a state not there": setting(
        "findings.slump.background.believed", {"positiv": [0.1, 0.9]}, "nearest: positive", below="positiv"
    ),
    "a range that leaves out what the others leave": setting(
        "findings.bruise.background.believed", {"no": [0.1, 0.2]}, "0.1 to 0.2 with a number of", below="no"
    ),
    "a range of a ratio that is not stated": setting(
        "findings.age_group.rows.ache.believed", {"old": [0.5, 0.9]}, "not a state with a ratio", below="old"
    ),
    "a range that leaves a ratio out": setting(
        "findings.age_group.rows.ache.believed", {"young": [50, 90]}, "50 to 90 with a number of", below="young"
    ),
    "a range beside figures": setting(
        "findings.bruise.rows.tear.believed", {"yes": [0.1, 0.9]}, "beside an `estimate` only"
    ),
    "whole row below 1": setting(
        "findings.slump.rows.root.p", {"positive": 0.7, "negative": 0.2}, "sums to 0.9", "accepted: 1"
    ),
    "background leaves out two": setting(
        "findings.quality.background.p", {"dull": 0.5, "sharp": 0.2}, "leaves out burning, spasm", "at most"
    ),
    "level background leaves out two": setting(
        "mechanisms.damage.background.p", {"none": 0.5}, "leaves out mild, severe", "level"
    ),
    "origin not there": setting(
        "causes.ache.origin", "muscel", "'muscel' is not an origin", "nearest: muscle", below="muscel"
    ),
    "source of a cause not there": setting("causes.ache.sources", ["x"], "not a source", "textbook", below="x"),
    "grades without grading": setting("causes.ache.grades", ["one"], "`grades` or `grading`", above=1),
    "grading without grades": without("causes.tear.grades", "`grades` or `grading`", above=1),
    "grading by an unknown mechanism": setting(
        "causes.tear.grading.mechanism",
        "damages",
        "not a mechanism",
        "nearest: damage",
        below="damages",
    ),
    "grades in another order": setting(
        "causes.tear.grades", ["grade_2", "grade_1"], "grade_1", at="causes.tear.grading.levels"
    ),
    "grade at an unknown level": setting(
        "causes.tear.grading.levels.grade_1", "mid", "'mid' is not a level", "mild", at="causes.tear.grading.levels.mid"
    ),
    "state twice": setting("findings.bruise.states", ["no", "yes", "yes"], "twice"),
    "label of no state": setting("findings.walking.labels.unabel", "x", "not a state", "nearest: unable"),
    "cut points too few": setting(
        "findings.age_group.from_number.cut_points", [30], "1 cut points", "accepted: 2", above=1
    ),
    "cut points out of order": setting("findings.age_group.from_number.cut_points", [60, 30], "do not rise", above=1),
    "cut points out of range": setting("findings.age_group.from_number.highest", 50, "do not rise", above=1),
    "mechanism not there": setting(
        "findings.slump.mechanism",
        "iritation",
        "'iritation' is not a mechanism",
        "nearest: irritation",
        below="iritation",
    ),
    "mechanism for an unknown cause": setting(
        "findings.slump.mechanism_by_cause.roots", "none", "not a cause", "nearest: root"
    ),
    "unknown mechanism for a cause": setting(
        "findings.slump.mechanism_by_cause.root",
        "dammage",
        "not a mechanism",
        "nearest: damage",
        below="dammage",
    ),
    "no template": setting("findings.quality.mechanism", "damage", "has no template", above=1),
    "row of an unknown cause": setting(
        "findings.slump.rows.rooot", row({"positive": 0.5}), "not a cause", "nearest: root"
    ),
    "ratio of an unknown state": setting(
        "findings.age_group.rows.ache.ratio.yung", 2.0, "not a state", "nearest: young"
    ),
    "likelihood ratio past 1": setting(
        "findings.age_group.rows.root.ratio.old", 4.0, "1.2", "accepted: at most 1", above=1
    ),
    "likelihood ratio past 1 in a population": setting(
        "populations.clinic.mix.age_group.p",
        {"old": 0.6, "young": 0.2},
        "1.2",
        "clinic",
        at="findings.age_group.rows.root.ratio",
    ),
    "template for an unknown finding": setting(
        "mechanisms.damage.templates.brusie",
        {"reason": "x", "given": {}},
        "'brusie' is not a finding",
        "nearest: bruise",
    ),
    "template for a finding elsewhere": setting(
        "mechanisms.damage.templates.slump", {"reason": "x", "given": {}}, "hangs on no 'damage'"
    ),
    "template of an unknown source": setting(
        "mechanisms.damage.templates.bruise.sources", ["x"], "not a source", below="x"
    ),
    "template for an unknown level": setting(
        "mechanisms.damage.templates.bruise.given.milt", {"yes": 0.1}, "not a level", "nearest: mild"
    ),
    "template without a level": without(
        "mechanisms.damage.templates.bruise.given.mild", "no row for level 'mild'", above=1
    ),
    "template with a zero": setting(
        "mechanisms.irritation.templates.slump.given.none", {"positive": 0.0}, "probability 0", "above 0"
    ),
    "template above 1": setting(
        "mechanisms.damage.templates.walking.given.mild", {"limping": 0.7, "unable": 0.7}, "sums to 1.4"
    ),
    "default population not there": setting(
        "default_population", "clinics", "not a population", "nearest: clinic", below="clinics"
    ),
    "mix of no context": setting(
        "populations.alike.mix.bruise", row({"yes": 0.1}), "not a context finding", "age_group"
    ),
    "two kinds of base rates": setting("populations.clinic.causes", row({}), "exactly one", above=1),
    "no base rates": without("populations.alike.causes", "exactly one", above=1),
    "shares within beside shares outright": setting(
        "populations.alike.within.nerve", row({}), "goes with `origins`", above=1
    ),
    "no shares within": without("populations.clinic.within.nerve", "no shares within 'nerve'", above=1),
    "cause of another origin": setting(
        "populations.clinic.within.nerve.p", {"tear": 0.5}, "not a cause of 'nerve'", below="tear"
    ),
    "share of 0": setting("populations.alike.causes.p", {"root": 0.0}, "share 0", "above 0", below="root"),
    "share outside its interval": setting(
        "populations.clinic.origins.interval.muscle", [0.8, 0.9], "0.8 to 0.9", "0.75"
    ),
    "interval of no origin": setting(
        "populations.clinic.origins.interval.mucsle", [0.8, 0.9], "not an origin", "nearest: muscle"
    ),
    "red flag for an unknown cause": setting(
        "red_flags.cannot_walk.may_be", ["taer"], "not a cause", "nearest: tear", below="taer"
    ),
    "misses of a red flag without a basis": setting(
        "red_flags.burning_after_sixty.misses", {"text": "Some."}, "`basis`"
    ),
    "misses of a red flag from an unknown source": setting(
        "red_flags.cannot_walk.misses",
        {"text": "Some.", "sources": ["textbok"]},
        "not a source",
        "nearest: textbook",
        below="sources.textbok",
    ),
    "red flag of an unknown source": setting("red_flags.cannot_walk.sources", ["x"], "not a source", below="x"),
    "red flag on an unknown finding": setting(
        "red_flags.cannot_walk.when",
        [{"walking": "unable"}, {"wakling": "unable"}],
        "not a finding",
        "nearest: walking",
        at="red_flags.cannot_walk.when[2].wakling",
    ),
    "red flag on an unknown state": setting(
        "red_flags.walks_badly.when",
        [{"walking": ["limping", "unabel"]}],
        "not a state",
        "nearest: unable",
        at="red_flags.walks_badly.when[1].walking.unabel",
    ),
    "red flag that always fires": setting(
        "red_flags.burning_after_sixty.when", [{}], "always fire", at="red_flags.burning_after_sixty.when[1]"
    ),
    "not for an unknown finding": setting(
        "populations.clinic.not_for",
        [SUITED, SUITED | {"when": [{"walking": "unable"}, {"wakling": "unable"}]}],
        "not a finding",
        "nearest: walking",
        at="populations.clinic.not_for[2].when[2].wakling",
    ),
    "better in the same population": setting(
        "populations.alike.not_for",
        [SUITED | {"rather": ["alike"]}],
        "not another population",
        "use clinic",
        at="populations.alike.not_for[1].rather.alike",
    ),
    "urgency left out": without("urgencies.routine", "emergency, urgent, soon, routine", above=1),
    "urgencies in another order": Broken(
        lambda tables: tables["urgencies"].update(emergency=tables["urgencies"].pop("emergency")),
        "vocabulary.toml: urgencies",
        ("emergency, urgent, soon, routine",),
    ),
    "mechanism with the id of a finding": setting(
        "mechanisms.bruise", small_priors()["mechanisms"]["damage"] | {"rows": {}, "templates": {}}, "finding"
    ),
    "source never cited": setting("sources.leaflet", {"title": "A leaflet", "kind": "lay"}, "cited by no"),
    "figure never used": setting(
        "figures.spare", {"source": "textbook", "measure": "sensitivity"}, "used by no row", "passed_over"
    ),
    "figure of an unknown source": setting(
        "figures.bruise_in_tears.source", "textbok", "not a source", "nearest", below="textbok"
    ),
    "figure of an unknown cause": setting(
        "figures.bruise_in_tears.cause", "teer", "not a cause", "nearest: tear", below="teer"
    ),
    "figure of an unknown finding": setting("figures.bruise_in_tears.finding", "bruis", "not a finding", below="bruis"),
    "figure of an unknown state": setting(
        "figures.bruise_in_tears.state", "ja", "not a state", "no or yes", below="ja"
    ),
    "comparison with an unknown cause": setting(
        "figures.bruise_in_tears.comparison_mix", {"aches": 1.0}, "not a cause", "nearest: ache", below="aches"
    ),
    "comparison that does not sum to 1": setting(
        "figures.bruise_in_tears.comparison_mix", {"ache": 0.7}, "0.7", "accepted: 1"
    ),
    "interval backwards": setting("figures.bruise_in_tears.low", 0.9, "runs backwards", above=1),
    "sensitivity above 1": setting("figures.bruise_in_tears.value", 60.0, "60", "0 to 1"),
}


# What a single table must look like.
MISSHAPEN = {
    "key of not_for misspelt": setting(
        "populations.clinic.not_for",
        [SUITED | {"ratehr": ["alike"]}],
        "'ratehr' is not a key here",
        "nearest: rather",
        at="populations.clinic.not_for.0.ratehr",
    ),
    "not_for without a text": setting(
        "populations.alike.not_for",
        [{"when": [{"walking": "unable"}]}],
        "is missing",
        at="populations.alike.not_for.0.text",
    ),
    "key misspelt": setting("findings.bruise.kidn", "sign", "'kidn' is not a key here", "nearest: kind"),
    "key of a row misspelt": setting("findings.bruise.background.wieght", 4, "not a key here", "nearest: weight"),
    "key of a ratio misspelt": setting("findings.age_group.rows.root.ratio_kin", "x", "not a key here"),
    "top table misspelt": setting("finding", {}, "not a key here", "nearest: findings"),
    "key missing": without("findings.bruise.question", "is missing"),
    "table missing": Broken(lambda tables: drop(tables, "thresholds"), "thresholds", ("is missing",)),  # from no file
    "text for a number": setting("findings.slump.background.weight", "four", "found 'four'", "number"),
    "number for a text": setting("causes.ache.name", 5, "found 5", "string"),
    "probability above 1": setting("findings.slump.rows.root.p.positive", 1.5, "found 1.5", "less than or equal to 1"),
    "probability below 0": setting(
        "findings.slump.background.p.positive", -0.1, "found -0.1", "greater than or equal to 0"
    ),
    "probability not a number": setting("findings.bruise.background.p.yes", float("nan"), "found nan"),
    "weight of 0": setting("findings.walking.background.weight", 0, "found 0", "greater than 0"),
    "weight infinite": setting("findings.quality.background.weight", float("inf"), "found inf"),
    "ratio of 0": setting("findings.age_group.rows.ache.ratio.young", 0.0, "found 0.0", "greater than 0"),
    "kind not there": setting("findings.walking.kind", "sing", "found 'sing'", "'sign'"),
    "urgency not there": setting("red_flags.cannot_walk.urgency", "asap", "found 'asap'", "'urgent'"),
    "one state": setting("findings.quality.states", ["dull"], "found ['dull']; accepted: at least 2 entries"),
    "no condition": setting("red_flags.cannot_walk.when", [], "found an empty list; accepted: at least one entry"),
    "too many names": setting("causes.tear.also_called", ["a"] * 21, "accepted: at most 20 entries"),
    "text too long": setting("causes.tear.name", "a" * 4001, "found 'aaa", "accepted: at most 4,000 characters"),
    "id with a capital": setting("findings.walking.mechanism", "Damage", "found 'Damage'"),
    "empty text": setting("causes.root.description", "", "found an empty text; accepted: at least one character"),
    "blank text": setting("findings.slump.question", " ", "found an empty text; accepted: at least one character"),
    "a name for names": setting("causes.ache.also_called", "sore", "found 'sore'", "a list"),
    "list for a table": setting("causes.tear.grading", [], "found []", "a table"),
    "a number for a range": setting(
        "findings.walking.background.believed", {"limping": 0.5}, "found 0.5", "[low, high]", below="limping"
    ),
    "a range without its end": setting(
        "findings.slump.background.believed", {"positive": [0.4]}, "found [0.4]", "[low, high]", below="positive"
    ),
    "a range of three": setting(
        "populations.clinic.origins.interval", {"muscle": [0, 0.5, 1]}, "[0, 0.5, 1]", "[low, high]", below="muscle"
    ),
    "a range of no state": setting(
        "findings.quality.rows.tear.believed", [0.2, 0.4], "found [0.2, 0.4]", "{ state = [low, high] }"
    ),
    "a range of no ratio": setting("findings.age_group.rows.ache.believed", "1-2", "'1-2'", "{ state = [low, high] }"),
    "another format": setting("format", 2, "found 2", "1"),
    "address without http": setting("sources.textbook.url", "textbook.example", "found 'textbook.example'"),
    "range without end": setting("findings.age_group.from_number.highest", float("inf"), "found inf"),
    "floor of 0": setting("thresholds.floor", 0.0, "found 0.0"),
    "floor not a number": setting("thresholds.floor", float("nan"), "found nan"),
}


@pytest.mark.parametrize("case", [*DISAGREEMENTS, *MISSHAPEN])
def test_a_fault_is_named_with_file_key_and_what_is_accepted(case: str, tmp_path: Path) -> None:
    broken = (DISAGREEMENTS | MISSHAPEN)[case]
    found = faults_of(lambda: load_small(tmp_path, broken.edit))
    at_place = [fault for fault in found if fault.place == broken.place]
    assert at_place, f"no fault at {broken.place}, but: {[str(fault) for fault in found]}"
    assert any(all(word in fault.message for word in broken.words) for fault in at_place), [
        str(one) for one in at_place
    ]


# Their key is gone, or not looked at, once another of the edits is made.
NEED_THE_REST = {
    "figure used and passed over",
    "a range beside figures",
    "grade at an unknown level",
    "shares within beside shares outright",
    "no shares within",
    "share outside its interval",
    "interval of no origin",
    "cause of another origin",
    "figure of an unknown state",
}


@pytest.mark.parametrize("table", [DISAGREEMENTS, MISSHAPEN], ids=["disagreements", "misshapen"])
def test_every_fault_of_a_file_is_reported_at_once(table: dict[str, Broken], tmp_path: Path) -> None:
    """All edits that touch different keys, in one file: each is found, none hides another."""
    together: list[Broken] = []
    touched: set[tuple[str, ...]] = set()
    for broken in (broken for name, broken in table.items() if name not in NEED_THE_REST):
        tables = small_priors()
        broken.edit(tables)
        changed = set(_changed(small_priors(), tables))
        if not any(one[: len(other)] == other[: len(one)] for one in changed for other in touched):
            together.append(broken)
            touched |= changed
    found = faults_of(lambda: load_small(tmp_path, *(broken.edit for broken in together)))
    assert len(together) > 0.8 * len(table)
    assert {broken.place for broken in together} <= {fault.place for fault in found}


def _changed(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The key paths at which two tables differ."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield path
        return
    for key in before.keys() | after.keys():
        yield from _changed(before.get(key), after.get(key), (*path, key))


def test_what_is_laid_over_cannot_hide_a_fault_below(tmp_path: Path) -> None:
    """The merged whole is checked, and the message lists every fault, one a line."""
    folder = write_priors(tmp_path / "whole")
    over = write_toml(tmp_path / "over.toml", {"findings": {"slump": {"rows": {"rooot": row({"positive": 0.5})}}}})
    other = write_toml(tmp_path / "other.toml", {"default_population": "clinics"})
    with pytest.raises(KnowledgeError) as refused:
        load_knowledge(folder, over, other)
    assert [fault.place for fault in refused.value.faults] == [
        f"{over}: findings.slump.rows.rooot",
        f"{other}: default_population.clinics",
    ]
    lines = str(refused.value).splitlines()
    assert "(2)" in lines[0]
    assert [line.strip() for line in lines[1:]] == [str(fault) for fault in refused.value.faults]


def test_a_fault_in_a_folder_names_the_file_within(tmp_path: Path) -> None:
    """Whether the folder is a whole set of priors or is laid over one."""
    tables = small_priors()
    findings = tables.pop("findings")
    whole = write_priors(tmp_path / "whole", tables)
    findings["slump"]["rows"]["rooot"] = row({"positive": 0.5})
    write_toml(whole / "findings" / "all.toml", {"findings": findings})
    (fault,) = faults_of(lambda: load_knowledge(whole))
    assert fault.place == "findings/all.toml: findings.slump.rows.rooot"
    over = tmp_path / "over"
    write_toml(over / "rows" / "mine.toml", {"findings": {"bruise": {"rows": {"teer": row({"yes": 0.5})}}}})
    (fault,) = faults_of(lambda: load_knowledge(write_priors(tmp_path / "sound"), over))
    assert fault.place.endswith("rows/mine.toml: findings.bruise.rows.teer")


# ----------------------------------------------------------------------------------------------- files that say nothing


def broken_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


UNREADABLE = {
    "not UTF-8": (b'[sources.x]\ntitle = "\xff"\n', "not UTF-8"),
    "not TOML": (b"[sources\n", "not valid TOML"),
    "key twice": (b"format = 1\nformat = 1\n", "not valid TOML"),
    "a number without end": (b"format = " + b"1" * 5000, "not valid TOML"),
    "nested too deep": (b"x = " + b"[" * 50 + b"]" * 50, "nested deeper"),
    "nested far too deep": (b"x = " + b"[" * 100_000 + b"]" * 100_000, ""),
    "too large": (b"# " + b"x" * (reading.LARGEST_FILE + 1), "larger than"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_file_that_cannot_be_read_is_a_fault(kind: str, tmp_path: Path) -> None:
    """Alone as an overlay, and within a folder, where the name of the file is given."""
    content, words = UNREADABLE[kind]
    path = broken_file(tmp_path / "over.toml", content)
    (fault,) = faults_of(lambda: load_knowledge(path))
    assert fault.place == str(path)
    assert words in fault.message
    folder = write_priors(tmp_path / "whole")
    broken_file(folder / "more.toml", content)
    (fault,) = faults_of(lambda: load_knowledge(folder))
    assert "more.toml" in fault.place


def test_a_place_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(lambda: load_knowledge(tmp_path / "nowhere.toml"))
    assert "nowhere.toml" in fault.place
    assert "No such file" in fault.message


def test_a_folder_without_toml_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(lambda: load_knowledge(tmp_path))
    assert "no TOML files" in fault.message


def test_all_unreadable_files_and_keys_stated_twice_are_reported_together(tmp_path: Path) -> None:
    """A key may be stated once in a folder; `format` may head every file."""
    folder = write_priors(tmp_path)
    broken_file(folder / "a.toml", b"[sources\n")
    broken_file(folder / "b.toml", b"\xff")
    write_toml(folder / "w.toml", {"format": 1, "default_population": "alike"})
    write_toml(folder / "x.toml", {"format": 1, "sources": {"textbook": {"title": "Another"}}})
    found = [str(fault) for fault in faults_of(lambda: load_knowledge(folder))]
    assert len(found) == 4
    assert ["a.toml" in found[0], "b.toml" in found[1]] == [True, True]
    assert found[2] == "w.toml: default_population: stated before in vocabulary.toml"
    assert found[3] == "x.toml: sources.textbook.title: stated before in vocabulary.toml"


def test_a_row_stated_in_two_files_of_a_folder_is_a_fault(tmp_path: Path) -> None:
    """Even where the two agree: which of them would an editor have to change?"""
    folder = write_priors(tmp_path)
    again = small_priors()["findings"]["slump"]["rows"]
    write_toml(folder / "z.toml", {"findings": {"slump": {"rows": again}}})
    (fault,) = faults_of(lambda: load_knowledge(folder))
    assert str(fault) == "z.toml: findings.slump.rows.root: stated before in vocabulary.toml"


# ---------------------------------------------------------------------------------------------------------- overlays


def test_an_overlay_replaces_a_row_whole(small: Knowledge, tmp_path: Path) -> None:
    """The new probability keeps neither states, weight, note nor sources of the old row."""
    first = small.with_overlay(
        {
            "findings": {
                "walking": {"rows": {"tear": row({"limping": 0.5, "unable": 0.2}, note="n", sources=["textbook"])}}
            }
        }
    )
    over = write_toml(
        tmp_path / "over.toml", {"findings": {"walking": {"rows": {"tear": row({"unable": 0.4}, weight=2)}}}}
    )
    changed = first.with_overlay(over).content.findings["walking"].rows["tear"]
    assert changed == Row(p={"unable": 0.4}, weight=2, estimate="a guess")


def test_an_overlay_leaves_everything_else(small: Knowledge) -> None:
    changed = small.with_overlay({"findings": {"walking": {"rows": {"tear": row({"unable": 0.4})}}}})
    expected = small_priors()
    expected["findings"]["walking"]["rows"]["tear"] = row({"unable": 0.4})
    assert thawed(changed.document.tables) == expected


def test_a_row_may_become_a_ratio_and_a_ratio_a_row(small: Knowledge) -> None:
    """No half of the old form is left behind."""
    ratio = {"ratio": {"positive": 2.0}, "ratio_kind": "risk_ratio", **GUESS}
    changed = small.with_overlay(
        {"findings": {"slump": {"rows": {"root": ratio}}, "age_group": {"rows": {"root": row({"old": 0.6})}}}}
    )
    tables = build_tables(changed, "alike")
    root = tables.causes.index("root")
    slump, age = (tables.findings[tables.finding_index[name]].rows[root] for name in ("slump", "age_group"))
    np.testing.assert_allclose(slump, [0.8 / 1.2, 0.4 / 1.2], rtol=1e-12)
    np.testing.assert_allclose(age, [0.4 * 0.3 / 0.7, 0.4 * 0.4 / 0.7, 0.6], rtol=1e-12)


def test_an_overlay_replaces_a_template_whole(small: Knowledge) -> None:
    given_ = {"none": {"positive": 0.5}, "some": {"negative": 0.1}}
    template = {"reason": "new", "given": given_}
    changed = small.with_overlay({"mechanisms": {"irritation": {"templates": {"slump": template}}}})
    assert thawed(changed.document.tables)["mechanisms"]["irritation"]["templates"]["slump"] == template


def test_half_a_row_is_a_fault(small: Knowledge) -> None:
    """An overlay cannot change a row's weight and leave the rest: the row has to be stated."""
    (fault,) = faults_of(lambda: small.with_overlay({"findings": {"slump": {"rows": {"root": {"weight": 2}}}}}))
    assert "findings.slump.rows.root" in fault.place


def test_a_row_with_published_figures_can_be_replaced(small: Knowledge) -> None:
    """That a figure falls out of use by an overlay is no fault of the overlay."""
    changed = small.with_row("bruise", "tear", {"yes": 0.7}, weight=5, estimate="our own count")
    assert stated(changed, "bruise", "tear") == {"yes": 0.7}
    assert small.with_overlay({"findings": {"bruise": {"rows": {"tear": row({"yes": 0.7})}}}}) != small


def test_later_places_win(tmp_path: Path) -> None:
    folder = write_priors(tmp_path / "whole")
    over = [
        write_toml(tmp_path / f"{number}.toml", {"findings": {"slump": {"rows": {"root": row({"positive": p})}}}})
        for number, p in enumerate((0.6, 0.7))
    ]
    assert stated(load_knowledge(folder, *over), "slump", "root") == {"positive": 0.7}
    assert stated(load_knowledge(folder, *over[::-1]), "slump", "root") == {"positive": 0.6}


def test_a_population_may_come_in_an_overlay_file(tmp_path: Path) -> None:
    """As for `--population FILE`: base rates and a mix beside those that are there."""
    entry = {
        "name": "Mine",
        "description": "My own patients.",
        "origins": row({"muscle": 0.5}),
        "within": {"muscle": row({"tear": 0.1}), "nerve": row({})},
        "mix": {"age_group": row({"young": 0.1, "middle": 0.5})},
    }
    over = write_toml(tmp_path / "mine.toml", {"populations": {"mine": entry}, "default_population": "mine"})
    knowledge = load_knowledge(write_priors(tmp_path / "whole"), over)
    assert knowledge.populations == ("clinic", "alike", "mine")
    tables = build_tables(knowledge)
    np.testing.assert_allclose(tables.prior, [0.05, 0.45, 0.5], rtol=1e-12)
    age = tables.findings[0].rows
    np.testing.assert_allclose(age[0], [0.1, 0.5, 0.4], rtol=1e-12)  # the mix itself: no ratio for a tear
    np.testing.assert_allclose(age[1], np.array([0.3, 0.5, 0.4]) / 1.2, rtol=1e-12)  # risk ratio 3 for the young
    np.testing.assert_allclose(age[2], [0.2 / 6, 1 / 6, 0.8], rtol=1e-12)  # likelihood ratio 2 for the old


def test_a_folder_without_a_vocabulary_is_laid_over(tmp_path: Path) -> None:
    """Over the shipped priors, or over the whole set before it; with a vocabulary it starts afresh."""
    whole = write_priors(tmp_path / "whole")
    part = tmp_path / "part"
    write_toml(part / "rows.toml", {"findings": {"slump": {"rows": {"root": row({"positive": 0.9})}}}})
    assert stated(load_knowledge(whole, part), "slump", "root") == {"positive": 0.9}
    assert load_knowledge(part, whole) == load_knowledge(whole)
    moved = tmp_path / "moved"
    write_toml(moved / "default.toml", {"default_population": "uniform"})
    assert load_knowledge(moved).population()[0] == "uniform"
    assert load_knowledge(moved).findings == shipped().findings


# -------------------------------------------------------------------------------------------------------------- digest


def shuffled(value: Any, rng: np.random.Generator) -> Any:
    """The same tables with their keys in another order, but for the grades, whose order counts; lists as they are."""
    if isinstance(value, dict) and "grade_1" not in value:
        keys = [list(value)[number] for number in rng.permutation(len(value))]
        return {key: shuffled(value[key], rng) for key in keys}
    return [shuffled(one, rng) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(3))
def test_the_digest_does_not_depend_on_files_or_the_order_of_keys(small: Knowledge, seed: int, tmp_path: Path) -> None:
    """The same tables in one file or in many, keys in any order, with comments and blank lines."""
    rng = np.random.default_rng(seed)
    tables = shuffled(small_priors(), rng)
    urgencies = small_priors()["urgencies"]  # their order says which is the most urgent
    write_toml(tmp_path / "vocabulary.toml", {"format": 1, "urgencies": urgencies})
    for key, value in tables.items():
        if isinstance(value, dict) and key != "urgencies":
            for inner, entry in value.items():
                path = write_toml(tmp_path / key / f"{inner}.toml", {"format": 1, key: {inner: entry}})
                path.write_text("# a comment\n\n" + path.read_text())
        elif key not in {"format", "urgencies"}:
            write_toml(tmp_path / f"{key}.toml", {key: value})
    assert load_knowledge(tmp_path).digest == small.digest


def test_the_digest_is_that_of_the_key_sorted_json(small: Knowledge) -> None:
    from hashlib import sha256

    text = json.dumps(small_priors(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert small.digest == sha256(text.encode()).hexdigest()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


@given(path=st.sampled_from(list(leaves(small_priors()))))
def test_the_digest_changes_with_every_word_and_number(small: Knowledge, path: tuple[Any, ...]) -> None:
    tables = small_priors()
    place: Any = tables
    for key in path[:-1]:
        place = place[key]
    before = place[path[-1]]
    place[path[-1]] = (
        before + " " if isinstance(before, str) else not before if isinstance(before, bool) else before + 1e-9
    )
    assert reading.Document(tables, {}).digest() != small.digest


def test_an_overlay_has_the_digest_of_the_edited_file(small: Knowledge, tmp_path: Path) -> None:
    """Knowledge is what it says, not how it came about; equal knowledge is equal and hashes alike."""
    over = small.with_overlay({"findings": {"slump": {"rows": {"root": row({"positive": 0.9})}}}})
    edited = load_small(tmp_path, lambda tables: put(tables, "findings.slump.rows.root", row({"positive": 0.9})))
    assert over.digest == edited.digest != small.digest
    assert over == edited != small
    assert hash(over) == hash(edited)
    back = over.with_overlay({"findings": {"slump": {"rows": {"root": row({"positive": 0.8})}}}})
    assert back == small


# -------------------------------------------------------------------------------------------------- functional updates


def updates(knowledge: Knowledge) -> dict[str, Knowledge]:
    return {
        "with_row": knowledge.with_row("slump", "root", {"positive": 0.9}, weight=3, estimate="mine"),
        "with_row, background": knowledge.with_row("slump", None, {"positive": 0.3}, weight=3, estimate="mine"),
        "with_origins": knowledge.with_origins("clinic", {"muscle": 0.5, "nerve": 0.5}),
        "with_base_rates": knowledge.with_base_rates("clinic", {"muscle": {"tear": 0.9, "ache": 0.1}}),
        "with_overlay": knowledge.with_overlay({"thresholds": {"soft_red_flag": 0.9}}),
    }


def test_updates_leave_the_original_as_it_was(small: Knowledge) -> None:
    before = thawed(small.document.tables), small.digest, repr(small.content)
    new = updates(small)
    assert (thawed(small.document.tables), small.digest, repr(small.content)) == before
    assert len({one.digest for one in new.values()} | {small.digest}) == 6


def test_updates_do_what_they_say(small: Knowledge) -> None:
    new = updates(small)
    slump = {name: one.content.findings["slump"] for name, one in new.items()}
    assert slump["with_row"].rows["root"] == Row(p={"positive": 0.9}, weight=3, estimate="mine")
    assert slump["with_row, background"].background.p == {"positive": 0.3}
    np.testing.assert_allclose(build_tables(new["with_origins"], "clinic").prior, [0.2, 0.3, 0.5], rtol=1e-12)
    np.testing.assert_allclose(build_tables(new["with_base_rates"], "clinic").prior, [0.675, 0.075, 0.25], rtol=1e-12)
    assert new["with_overlay"].content.thresholds.soft_red_flag == 0.9


@pytest.mark.parametrize(
    ("update", "words"),
    [
        (lambda one: one.with_row("slump", "root", {"positive": 1.2}, weight=3, estimate="x"), "1.2"),
        (lambda one: one.with_row("slump", "root", {"positive": 0.5}, weight=3), "figures"),
        (lambda one: one.with_row("slump", "roots", {"positive": 0.5}, weight=3, estimate="x"), "nearest: root"),
        (lambda one: one.with_row("slumb", "root", {"positive": 0.5}, weight=3, estimate="x"), "slumb"),
        (lambda one: one.with_origins("clinic", {"muscle": 0.9, "nerve": 0.9}), "1.8"),
        (lambda one: one.with_origins("clinics", {"muscle": 0.9}), "clinics"),
        (lambda one: one.with_base_rates("clinic", {"muscle": {"tear": 0.0}}), "share 0"),
        (lambda one: one.population("clinics"), "nearest: clinic"),
    ],
)
def test_a_bad_update_is_refused(small: Knowledge, update: Callable[[Knowledge], Any], words: str) -> None:
    assert any(words in str(fault) for fault in faults_of(lambda: update(small)))


def attempts(knowledge: Knowledge) -> dict[str, Callable[[], None]]:
    """Ways to change knowledge in place."""
    content: Any = knowledge.content
    whole: Any = knowledge
    tables: Any = build_tables(knowledge)
    finding = tables.findings[1]
    return {
        "a cause": lambda: content.causes.__setitem__("new", None),
        "a name": lambda: setattr(content.causes["tear"], "name", "x"),
        "a state": lambda: content.findings["bruise"].states.__setitem__(0, "x"),
        "a probability": lambda: content.findings["bruise"].rows["tear"].p.__setitem__("yes", 0.9),
        "a row": lambda: content.findings["bruise"].rows.__delitem__("tear"),
        "a template": lambda: content.mechanisms["damage"].templates["bruise"].given["mild"].__setitem__("yes", 0.5),
        "a rule": lambda: content.red_flags["cannot_walk"].when[0].__setitem__("walking", "normal"),
        "an interval": lambda: content.populations["clinic"].origins.interval.__setitem__("muscle", (0, 1)),
        "a threshold": lambda: setattr(content.thresholds, "floor", 0.01),
        "a new key": lambda: setattr(content.thresholds, "ceiling", 0.99),
        "the digest": lambda: setattr(whole, "digest", "x"),
        "the content": lambda: setattr(whole, "content", content),
        "the prior": lambda: tables.prior.__setitem__(0, 0.5),
        "a row of the tables": lambda: finding.rows.__setitem__((0, 0), 0.5),
        "a parent": lambda: finding.parent.__setitem__(0, 0),
        "a conditional table": lambda: finding.given[0].__setitem__((0, 0, 0), 0.5),
        "a level": lambda: tables.mechanisms[0].prior.__setitem__((0, 0), 0.5),
        "the findings": lambda: setattr(tables, "findings", ()),
    }


def test_nothing_can_be_changed_in_place(small: Knowledge) -> None:
    before = repr(small.content)
    for what, attempt in attempts(small).items():
        try:
            attempt()
        except (TypeError, AttributeError, ValueError):  # pydantic's ValidationError is a ValueError
            continue
        pytest.fail(f"{what} could be changed")
    assert repr(small.content) == before


# ------------------------------------------------------------------------------------------------- the shipped priors


def test_the_shipped_priors_load_and_cover_the_vocabulary() -> None:
    """31 causes, 84 findings; loading is the check that every number has a basis and every source a use."""
    assert len(shipped().causes) == 31
    assert len(shipped().findings) == 84
    assert shipped().origins == ("non_hamstring", "hamstring_irritation", "acute_hamstring")
    assert {"distance_runners", "uniform"} <= set(shipped().populations)
    assert shipped().population()[0] == "distance_runners"


def test_loading_twice_gives_equal_knowledge() -> None:
    assert load_knowledge() == shipped()
    assert load_knowledge(shipped_folder()) == shipped()


@cache
def uniform_engine() -> Engine:
    return Engine(build_tables(shipped(), "uniform"))


@pytest.mark.parametrize("cause", shipped().causes)
def test_each_cause_can_come_out_on_top(cause: str) -> None:
    """With base rates alike: answer each finding by the state that speaks most for the cause, and it leads."""
    engine = uniform_engine()
    position = engine.tables.causes.index(cause)
    codes = []
    for finding in engine.tables.findings:
        others = np.delete(finding.rows, position, axis=0).mean(axis=0)
        codes.append(int((finding.rows[position] / others).argmax()) + 1)
    posterior = engine.posterior(evidence(np.array([codes], dtype=np.uint8))).probability[0]
    assert engine.tables.causes[int(posterior.argmax())] == cause
    assert posterior[position] > 0.8


@pytest.mark.parametrize("cause", shipped().causes)
def test_each_cause_differs_from_each_other_by_some_finding(cause: str) -> None:
    """No two causes have the same rows throughout: answers could never tell them apart."""
    tables = uniform_engine().tables
    position = tables.causes.index(cause)
    for other in range(len(tables.causes)):
        if other != position:
            assert max(np.abs(one.rows[position] - one.rows[other]).max() for one in tables.findings) > 0.05


@settings(max_examples=20)
@given(data=st.data())
def test_a_shipped_row_can_be_replaced(data: st.DataObject) -> None:
    """Any row, whether it rests on figures or is an estimate: the new one stands in the tables."""
    name = data.draw(st.sampled_from([key for key, one in shipped().content.findings.items() if one.rows]))
    finding = shipped().content.findings[name]
    cause = data.draw(st.sampled_from(list(finding.rows)))
    p = {state: 1 / len(finding.states) for state in finding.states[1:]}
    changed = build_tables(shipped().with_row(name, cause, p, weight=2, estimate="to see what it does"))
    table = changed.findings[changed.finding_index[name]]
    np.testing.assert_allclose(table.rows[changed.causes.index(cause)], 1 / len(finding.states), rtol=1e-12)


def test_misshapen_and_disagreeing_tables_are_reported_together(tmp_path: Path) -> None:
    tables = small_priors()
    put(tables, "findings.slump.rows.tear", {"p": {"positive": 1.4}, "weight": 2, "estimate": "too much"})
    put(tables, "findings.slump.colour", "red")
    put(tables, "red_flags.cannot_walk.may_be", ["teer"])
    with pytest.raises(KnowledgeError) as refused:
        load_knowledge(write_priors(tmp_path, tables))
    assert len(refused.value.faults) == 3


def test_knowledge_survives_pickling_and_cannot_be_changed_from_within() -> None:
    knowledge = load_knowledge()
    again = pickle.loads(pickle.dumps(knowledge))  # noqa: S301 - our own bytes
    assert again == knowledge
    assert again.content.findings.keys() == knowledge.content.findings.keys()
    with pytest.raises(TypeError):
        knowledge.document.tables["causes"]["strain"] = {}
    with pytest.raises(AttributeError):
        knowledge.document.tables["causes"].pop("strain")


def test_an_id_misspelt_in_an_overlay_is_told_the_nearest(tmp_path: Path) -> None:
    over = tmp_path / "over.toml"
    over.write_text('[findings.pop_fel.rows]\nstrain = { p = { yes = 0.3 }, weight = 4, estimate = "ours" }\n')
    (fault,) = faults_of(lambda: load_knowledge(over))
    assert "nearest: pop_felt" in fault.message
    assert fault.place.startswith(str(over))


def test_a_row_an_overlay_leaves_unfinished_is_blamed_on_the_overlay(tmp_path: Path) -> None:
    over = tmp_path / "over.toml"
    over.write_text('[findings.pop_felt.rows]\nstrain = { p = { yes = 0.3 }, estimate = "ours" }\n')
    (fault,) = faults_of(lambda: load_knowledge(over))
    assert fault.place == f"{over}: findings.pop_felt.rows.strain.weight"


def test_every_place_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    places = [tmp_path / "a.toml", tmp_path / "b.toml", Path("/dev/zero")]
    assert len(faults_of(lambda: load_knowledge(*places))) == len(places)


def test_priors_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    over = tmp_path / "over.toml"
    text = '[findings.pop_felt.rows]\r\nstrain = { p = { yes = 0.3 }, weight = 4, estimate = "ours" }\r\n'
    over.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert stated(load_knowledge(over), "pop_felt", "strain") == {"yes": 0.3}


def test_origins_left_out_keep_their_proportion() -> None:
    knowledge = load_knowledge()
    before = knowledge.population("distance_runners")[1].origins
    moved = (
        knowledge.with_origins("distance_runners", {"acute_hamstring": 0.3}).population("distance_runners")[1].origins
    )
    assert before is not None
    assert moved is not None
    assert moved.p["acute_hamstring"] == 0.3
    assert np.isclose(
        moved.p["non_hamstring"] / moved.p["hamstring_irritation"],
        before.p["non_hamstring"] / before.p["hamstring_irritation"],
    )
    assert np.isclose(sum(moved.p.values()), 1)
