"""What must agree between the tables of the priors. Every fault is reported; nothing is repaired."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, get_args

import numpy as np

from thighdx.errors import unknown
from thighdx.rows import SUM_TOLERANCE, complete, increasing, ratio_fault
from thighdx.schema import (
    CAUSE,
    NONE,
    ROUTINE,
    Basis,
    Care,
    Content,
    Cost,
    Figure,
    Finding,
    Kind,
    Lines,
    Mechanism,
    Population,
    RatioRow,
    Row,
    Shares,
    Template,
    TriageRule,
    TwoCauses,
    Urgency,
)
from thighdx.wording import folded

ID = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)
RESERVED = (
    *("case_id", "status", "triage", "triage_posterior", "red_flags", "top_cause", "top_probability", "conflict"),
    *("population", "model_version", "priors_digest"),
)  # columns of results
MOST_MECHANISMS = 3  # a finding's mechanisms over all causes; its table grows with their product

Found = tuple[tuple[str, ...], str]  # key path, what is wrong there


def check(content: Content, may_be_unused: Container[tuple[str, ...]] = ()) -> Iterator[Found]:
    """Every disagreement between tables, as (key path, sentence).

    `may_be_unused` are the figures and sources, as key paths, that an overlay may have left without use.
    """
    return chain(
        _ids(content),
        _causes(content),
        _also_called(content),
        *(_finding(content, name, finding) for name, finding in content.findings.items()),
        *(_mechanism(content, name, mechanism) for name, mechanism in content.mechanisms.items()),
        _populations(content),
        _red_flags(content),
        _triage(content),
        _two_causes(content),
        _studies(content),
        _combinations(content),
        _asked(content),
        _costs(content),
        _groups(content),
        _figures(content),
        (found for found in _unused(content) if found[0] not in may_be_unused),
    )


def _ids(content: Content) -> Iterator[Found]:
    """Ids are column names, file cells and node names, so they are plain words, and each means one thing."""
    for table in ("origins", "causes", "findings", "mechanisms", "populations", "red_flags", "figures", "sources"):
        for name in getattr(content, table):
            if not ID.fullmatch(name):
                yield (table, name), "is not an id; accepted: small letters, digits and _, a letter first"
    grades = [grade for cause in content.causes.values() for grade in cause.grades]
    numbers = [entry.from_number.column for entry in content.findings.values() if entry.from_number is not None]
    taken = [*content.findings, *numbers, *grades, *RESERVED]
    for name in dict.fromkeys(taken):
        if taken.count(name) > 1:
            owner = ("findings", name) if name in content.findings else ("causes",)
            yield owner, f"'{name}' names more than one of: a finding, a number column, a grade, a column of the result"


def _known(
    path: Sequence[str], names: Iterable[str], what: str, accepted: Mapping[str, Any] | Sequence[str]
) -> Iterator[Found]:
    for name in names:
        if name not in accepted:
            yield (*path, name), unknown(name, what, list(accepted))


def _basis(content: Content, path: tuple[str, ...], basis: Basis) -> Iterator[Found]:
    limits = content.thresholds
    if bool(basis.figures) == (basis.estimate is not None):
        yield path, "states where its number comes from by either `figures` or `estimate`, exactly one of them"
    if basis.weight > limits.largest_weight:
        yield (*path, "weight"), f"{basis.weight:g} cases; accepted: at most {limits.largest_weight:g}"
    elif basis.estimate is not None and basis.weight > limits.largest_estimate_weight:
        most = limits.largest_estimate_weight
        yield (*path, "weight"), f"{basis.weight:g} cases for an estimate; accepted: at most {most:g}"
    yield from _known((*path, "figures"), basis.figures, "a figure", content.figures)
    yield from _known((*path, "sources"), basis.sources, "a source", content.sources)
    for key in basis.figures:
        if key in content.figures and content.figures[key].passed_over is not None:
            yield (*path, "figures"), f"'{key}' is used here and passed over in its own entry; accepted: one of the two"


def _shares(path: tuple[str, ...], p: Mapping[str, float], states: Sequence[str], what: str) -> Iterator[Found]:
    yield from _known(path, p, what, states)
    total = sum(p.values())
    if total > 1 + SUM_TOLERANCE:
        yield path, f"sums to {total:.10g}; accepted: at most 1"
    elif set(states) <= p.keys() and abs(total - 1) > SUM_TOLERANCE:
        yield path, f"sums to {total:.10g} with every state named; accepted: 1"


def _row(content: Content, path: tuple[str, ...], row: Row, states: Sequence[str], what: str) -> Iterator[Found]:
    yield from _basis(content, path, row)
    yield from _shares((*path, "p"), row.p, states, what)
    yield from _believed((*path, "believed"), row, row.p, states, what)


def _believed(
    path: tuple[str, ...], row: Row | RatioRow, numbers: Mapping[str, float], states: Sequence[str], what: str
) -> Iterator[Found]:
    """The range of an estimate holds its number; one state left out of a row has what the others leave it."""
    if row.believed and row.estimate is None:
        yield path, "a range of readings stands beside published figures; accepted: beside an `estimate` only"
    yield from _known(path, row.believed, what, states)
    left = [state for state in states if state not in numbers]
    if len(left) == 1 and isinstance(row, Row):
        numbers = {**numbers, left[0]: 1 - sum(numbers.values())}
    for state, (low, high) in row.believed.items():
        if not low - SUM_TOLERANCE <= numbers.get(state, low) <= high + SUM_TOLERANCE or low > high:
            stated = "" if state not in numbers else f" with a number of {numbers[state]:g}"
            yield (*path, state), f"{low:g} to {high:g}{stated}; accepted: low to high, the number between them"


def _background(content: Content, path: tuple[str, ...], row: Row, states: Sequence[str], what: str) -> Iterator[Found]:
    """A background row has nothing to share the rest by, so it leaves out one state at most."""
    yield from _row(content, path, row, states, what)
    left = [state for state in states if state not in row.p]
    if len(left) > 1:
        yield (*path, "p"), f"leaves out {', '.join(left)}; a background row leaves out {what} at most"


def _causes(content: Content) -> Iterator[Found]:
    for name, cause in content.causes.items():
        path = ("causes", name)
        yield from _known((*path, "origin"), [cause.origin], "an origin", content.origins)
        yield from _known((*path, "sources"), cause.sources, "a source", content.sources)
        if cause.care is not None:
            yield from _care(content, (*path, "care"), cause.care)
        if bool(cause.grades) != (cause.grading is not None):
            yield path, "has `grades` or `grading` without the other"
        if cause.grading is None:
            continue
        place = (*path, "grading")
        yield from _known((*place, "mechanism"), [cause.grading.mechanism], "a mechanism", content.mechanisms)
        if tuple(cause.grading.levels) != cause.grades:
            yield (*place, "levels"), f"names {', '.join(cause.grading.levels)}; accepted: {', '.join(cause.grades)}"
        mechanism = content.mechanisms.get(cause.grading.mechanism)
        if mechanism is not None:
            yield from _known((*place, "levels"), cause.grading.levels.values(), "a level", mechanism.levels)


def _also_called(content: Content) -> Iterator[Found]:
    """A name is of one cause, so that it says which is meant."""
    taken = {folded(name): cause for cause, entry in content.causes.items() for name in (cause, entry.name)}
    for cause, entry in content.causes.items():
        path = ("causes", cause, "also_called")
        for name in entry.also_called:
            if not folded(name):
                yield path, f"'{name}' has no letter or digit"
            elif folded(name) in taken:
                yield (
                    path,
                    f"'{name}' is a name of '{taken[folded(name)]}' already; accepted: a name that is new",
                )
            taken[folded(name)] = cause


def _care(content: Content, path: tuple[str, ...], care: Care) -> Iterator[Found]:
    yield from _known((*path, "sources"), care.sources, "a source", content.sources)
    studies = [name for name, finding in content.findings.items() if finding.kind == "imaging"]
    yield from _known((*path, "best_study"), filter(None, [care.best_study]), "an imaging finding", studies)
    for number, recovery in enumerate(care.recovery, start=1):
        place = (*path, f"recovery[{number}]")
        yield from _known((*place, "figures"), recovery.figures, "a figure", content.figures)
        yield from _known((*place, "sources"), recovery.sources, "a source", content.sources)
        if recovery.weeks[0] > recovery.weeks[1]:
            yield (*place, "weeks"), f"{recovery.weeks[0]:g} to {recovery.weeks[1]:g} runs backwards"
        if not (recovery.figures or recovery.sources or recovery.estimate):
            yield place, "states where its weeks come from by `figures`, `sources` or `estimate`"


def _studies(content: Content) -> Iterator[Found]:
    for name, study in content.studies.items():
        path = ("studies", name)
        yield from _known((*path, "findings"), study.findings, "a finding", content.findings)
        yield from _known((*path, "sources"), study.sources, "a source", content.sources)
        if study.price_usd is not None and study.price_usd[0] > study.price_usd[1]:
            yield (*path, "price_usd"), f"{study.price_usd[0]:g} to {study.price_usd[1]:g} runs backwards"


def _combinations(content: Content) -> Iterator[Found]:
    for name, combination in content.combinations.items():
        path = ("combinations", name)
        yield from _known((*path, "cause"), [combination.cause], "a cause", content.causes)
        yield from _known((*path, "sources"), combination.sources, "a source", content.sources)
        yield from _known((*path, "comparison_mix"), combination.comparison_mix, "a cause", content.causes)
        mixed = sum(combination.comparison_mix.values())
        if combination.comparison_mix and abs(mixed - 1) > SUM_TOLERANCE:
            yield (*path, "comparison_mix"), f"sums to {mixed:.10g}; accepted: 1"
        if len(combination.answers) < 2:
            yield (*path, "answers"), f"{len(combination.answers)} answers; accepted: at least 2"
        for key, state in combination.answers.items():
            yield from _answer(content, (*path, "answers"), key, [state])


def _asked(content: Content) -> Iterator[Found]:
    """By kind, or by finding within the cases of its kind."""
    for name, asked in content.asked.items():
        path = ("asked", name)
        yield from _known(("asked",), [name], "a kind or a finding", [*get_args(Kind), *content.findings])
        yield from _known((*path, "sources"), asked.sources, "a source", content.sources)
        if bool(asked.sources) == (asked.estimate is not None):
            yield path, "states where its shares come from by either `sources` or `estimate`, exactly one of them"
        if name in content.findings and asked.cases != 1:
            yield (*path, "cases"), "goes with a kind; a finding has a share of its own within the cases of its kind"


def _groups(content: Content) -> Iterator[Found]:
    """A question stands in one group alone."""
    for table, what, accepted in (("findings", "a finding", list(content.findings)), ("kinds", "a kind", [])):
        seen: dict[str, str] = {}
        for name, group in content.groups.items():
            for one in getattr(group, table):
                if accepted and one not in accepted:
                    yield ("groups", name, table, one), unknown(one, what, accepted)
                if one in seen:
                    yield ("groups", name, table, one), f"'{one}' is in group '{seen[one]}' too; accepted: one of them"
                seen[one] = name


def _costs(content: Content) -> Iterator[Found]:
    yield from _known(("costs", "kinds"), content.costs.kinds, "a kind of finding", get_args(Kind))
    yield from _known(("costs", "findings"), content.costs.findings, "a finding", content.findings)
    for table in ("kinds", "findings"):
        costs: Mapping[str, Cost] = getattr(content.costs, table)
        for name, cost in costs.items():
            path = ("costs", table, name)
            yield from _known((*path, "sources"), cost.sources, "a source", content.sources)
            if not cost.sources and cost.estimate is None:
                yield path, "states where its minutes come from by `sources` or `estimate`"


def _answer(content: Content, path: tuple[str, ...], finding: str, states: Iterable[str]) -> Iterator[Found]:
    yield from _known(path, [finding], "a finding", content.findings)
    if finding in content.findings:
        yield from _known((*path, finding), states, "a state", content.findings[finding].states)


def _finding(content: Content, name: str, finding: Finding) -> Iterator[Found]:
    path = ("findings", name)
    states = finding.states
    if len(set(states)) < len(states):
        yield (*path, "states"), "names a state twice"
    yield from _known((*path, "labels"), finding.labels, "a state", states)
    yield from _from_number(path, finding)
    if len(states) * content.thresholds.floor >= 0.5:
        yield (*path, "states"), f"are {len(states)}, too many for a floor of {content.thresholds.floor:g}"
    mechanisms = [NONE, *content.mechanisms]
    yield from _known((*path, "mechanism"), [finding.mechanism], "a mechanism", mechanisms)
    for cause, mechanism in finding.mechanism_by_cause.items():
        named = (*path, "mechanism_by_cause")
        yield from _known(named, [cause], "a cause", content.causes)
        yield from _known((*named, cause), [mechanism], "a mechanism", mechanisms)
    used = finding.mechanisms
    if len(used) > MOST_MECHANISMS:
        yield path, f"hangs on {len(used)} mechanisms ({', '.join(used)}); accepted: at most {MOST_MECHANISMS}"
    for mechanism in used:
        if mechanism in content.mechanisms and name not in content.mechanisms[mechanism].templates:
            yield (
                path,
                f"hangs on '{mechanism}', which has no template for it (mechanisms.{mechanism}.templates.{name})",
            )
    yield from _background(content, (*path, "background"), finding.background, states, "a state")
    for cause, row in finding.rows.items():
        place = (*path, "rows", cause)
        yield from _known((*path, "rows"), [cause], "a cause", content.causes)
        if isinstance(row, RatioRow):
            yield from _ratio(content, place, name, row)
        else:
            yield from _row(content, place, row, states, "a state")


def _from_number(path: tuple[str, ...], finding: Finding) -> Iterator[Found]:
    number = finding.from_number
    if number is None:
        return
    cuts = (number.lowest, *number.cut_points, number.highest)
    if len(number.cut_points) != len(finding.states) - 1:
        yield (*path, "from_number"), f"{len(number.cut_points)} cut points; accepted: {len(finding.states) - 1}"
    if not increasing(cuts):
        yield (*path, "from_number"), "cut points do not rise from `lowest` to `highest`"


def _ratio(content: Content, path: tuple[str, ...], name: str, row: RatioRow) -> Iterator[Found]:
    states = content.findings[name].states
    yield from _basis(content, path, row)
    yield from _believed((*path, "believed"), row, row.ratio, list(row.ratio), "a state with a ratio")
    wrong = list(_known((*path, "ratio"), row.ratio, "a state", states))
    yield from wrong
    if wrong:
        return
    backgrounds = {"the background": content.findings[name].background}
    backgrounds |= {key: pop.mix[name] for key, pop in content.populations.items() if name in pop.mix}
    for where, background in backgrounds.items():
        if background.p.keys() <= set(states) and sum(background.p.values()) > 0:
            problem = ratio_fault(row, states, complete(background.p, states))
            if problem:
                yield (*path, "ratio"), f"{problem} (with {where})"


def _mechanism(content: Content, name: str, mechanism: Mechanism) -> Iterator[Found]:
    path = ("mechanisms", name)
    if name in (NONE, CAUSE) or name in content.findings:
        yield path, f"'{name}' means something else ('{NONE}', '{CAUSE}', a finding); choose another id"
    yield from _background(content, (*path, "background"), mechanism.background, mechanism.levels, "a level")
    for cause, row in mechanism.rows.items():
        yield from _known((*path, "rows"), [cause], "a cause", content.causes)
        yield from _row(content, (*path, "rows", cause), row, mechanism.levels, "a level")
    for key, template in mechanism.templates.items():
        place = (*path, "templates", key)
        finding = content.findings.get(key)
        if finding is None:
            yield place, unknown(key, "a finding", list(content.findings))
            continue
        if name not in finding.mechanisms:
            yield place, f"is a template for '{key}', which hangs on no '{name}' under any cause"
        yield from _template(content, place, template, mechanism.levels, finding.states)


def _template(
    content: Content, path: tuple[str, ...], template: Template, levels: Sequence[str], states: Sequence[str]
) -> Iterator[Found]:
    yield from _known((*path, "figures"), template.figures, "a figure", content.figures)
    yield from _known((*path, "sources"), template.sources, "a source", content.sources)
    yield from _known((*path, "given"), template.given, "a level", levels)
    for level in levels:
        place = (*path, "given", level)
        given = template.given.get(level)
        if given is None:
            yield (*path, "given"), f"has no row for level '{level}'"
            continue
        yield from _shares(place, given, states, "a state")
        if given.keys() <= set(states) and _reaches_zero(given, states):
            yield place, "has a state of probability 0; accepted: every state above 0"


def _reaches_zero(p: Mapping[str, float], states: Sequence[str]) -> bool:
    """Whether a state is given probability 0, or left out with nothing to share."""
    return min(p.values(), default=1.0) <= 0 or (len(p) < len(states) and sum(p.values()) >= 1)


def _populations(content: Content) -> Iterator[Found]:
    yield from _known(("default_population",), [content.default_population], "a population", content.populations)
    for name, population in content.populations.items():
        path = ("populations", name)
        yield from _base_rates(content, path, population)
        yield from _not_for(content, path, name, population)
        for key, row in population.mix.items():
            finding = content.findings.get(key)
            if finding is None or finding.kind != "context":
                context = [other for other, found in content.findings.items() if found.kind == "context"]
                yield (*path, "mix", key), unknown(key, "a context finding", context)
            else:
                yield from _background(content, (*path, "mix", key), row, finding.states, "a state")


def _not_for(content: Content, path: tuple[str, ...], name: str, population: Population) -> Iterator[Found]:
    others = [other for other in content.populations if other != name]
    for number, entry in enumerate(population.not_for, start=1):
        place = (*path, f"not_for[{number}]")
        yield from _lines(content, place, "when", entry.when, "always hold")
        yield from _lines(content, place, "unless", entry.unless, "never hold")
        yield from _known((*place, "rather"), entry.rather, "another population", others)


def _base_rates(content: Content, path: tuple[str, ...], population: Population) -> Iterator[Found]:
    if (population.causes is None) == (population.origins is None):
        yield path, "states its base rates by `origins` with `within`, or by `causes`, exactly one of them"
        return
    if population.causes is not None:
        if population.within:
            yield (*path, "within"), "goes with `origins`, not with `causes`"
        yield from _share_row(content, (*path, "causes"), population.causes, list(content.causes), "a cause")
        return
    assert population.origins is not None  # noqa: S101 - the two are exclusive, said above
    yield from _share_row(content, (*path, "origins"), population.origins, list(content.origins), "an origin")
    yield from _known((*path, "within"), population.within, "an origin", content.origins)
    for origin in content.origins:
        members = [cause for cause, stated in content.causes.items() if stated.origin == origin]
        if origin not in population.within:
            yield (*path, "within"), f"has no shares within '{origin}'"
        else:
            place = (*path, "within", origin)
            yield from _share_row(content, place, population.within[origin], members, f"a cause of '{origin}'")


def _share_row(content: Content, path: tuple[str, ...], row: Shares, names: list[str], what: str) -> Iterator[Found]:
    wrong = list(_row(content, path, row, names, what))
    yield from wrong
    if not wrong:
        full = complete(row.p, names)
        for name in np.array(names)[full <= 0]:
            yield (*path, "p", str(name)), "has share 0, which no answer could ever raise; accepted: above 0"
    yield from _known((*path, "interval"), row.interval, what, names)
    for name, (low, high) in row.interval.items():
        if not low <= row.p.get(name, low) <= high:
            yield (*path, "interval", name), f"{low:g} to {high:g} does not hold the share {row.p[name]:g}"


def _red_flags(content: Content) -> Iterator[Found]:
    order = get_args(Urgency)
    if tuple(content.urgencies) != order:
        yield ("urgencies",), f"are {', '.join(content.urgencies)}; accepted: {', '.join(order)}, in this order"
    for name, flag in content.red_flags.items():
        path = ("red_flags", name)
        yield from _known((*path, "may_be"), flag.may_be, "a cause", content.causes)
        for place, rule in ((path, flag), ((*path, "misses"), flag.misses)):
            if rule is not None:
                if not rule.sources and rule.basis is None:
                    yield place, "states what it rests on by `sources` or `basis`"
                yield from _known((*place, "sources"), rule.sources, "a source", content.sources)
        yield from _lines(content, path, "when", flag.when, "always fire")


def _lines(content: Content, path: tuple[str, ...], key: str, lines: Lines, empty: str) -> Iterator[Found]:
    """The answers that a rule names; `empty` is what it would do with a line that names none."""
    for number, line in enumerate(lines, start=1):
        place = (*path, f"{key}[{number}]")
        if not line:
            yield place, f"is empty, so it would {empty}"
        for finding, states in line.items():
            yield from _answer(content, place, finding, [states] if isinstance(states, str) else states)


def _triage(content: Content) -> Iterator[Found]:
    yield from _known(("triage",), content.triage, "an urgency", content.urgencies)
    if ROUTINE in content.triage:
        yield ("triage", ROUTINE), f"is what a case is without any rule; accepted: the urgencies above '{ROUTINE}'"
    for name, rule in content.triage.items():
        yield from _stated_basis(content, ("triage", name), rule)


def _two_causes(content: Content) -> Iterator[Found]:
    if content.two_causes is not None:
        yield from _stated_basis(content, ("two_causes",), content.two_causes)


def _stated_basis(content: Content, path: tuple[str, ...], rule: TriageRule | TwoCauses) -> Iterator[Found]:
    yield from _known((*path, "sources"), rule.sources, "a source", content.sources)
    if rule.estimate is None and not rule.sources:
        yield path, "states where its number comes from by `sources` or `estimate`"


def _bases(content: Content) -> Iterator[Basis]:
    for finding in content.findings.values():
        yield finding.background
        yield from finding.rows.values()
    for mechanism in content.mechanisms.values():
        yield mechanism.background
        yield from mechanism.rows.values()
    for population in content.populations.values():
        yield from (row for row in (population.origins, population.causes) if row is not None)
        yield from population.within.values()
        yield from population.mix.values()


def _cited(content: Content) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The figures and the sources that each row, template, cause, course of recovery, study and red flag cites."""
    yield from ((basis.figures, basis.sources) for basis in _bases(content))
    for mechanism in content.mechanisms.values():
        yield from ((template.figures, template.sources) for template in mechanism.templates.values())
    for cause in content.causes.values():
        yield (), cause.sources
        if cause.care is not None:
            yield (), cause.care.sources
            yield from ((recovery.figures, recovery.sources) for recovery in cause.care.recovery)
    yield from (((), study.sources) for study in content.studies.values())
    yield from (((), combination.sources) for combination in content.combinations.values())
    yield from (((), cost.sources) for cost in (*content.costs.kinds.values(), *content.costs.findings.values()))
    yield from (((), flag.sources) for flag in content.red_flags.values())
    yield from (((), flag.misses.sources) for flag in content.red_flags.values() if flag.misses is not None)
    yield from (((), asked.sources) for asked in content.asked.values())
    yield from (((), rule.sources) for rule in content.triage.values())
    if content.two_causes is not None:
        yield (), content.two_causes.sources


def _unused(content: Content) -> Iterator[Found]:
    cited = list(_cited(content))
    figures = set(chain.from_iterable(keys for keys, _ in cited))
    sources = set(chain.from_iterable(keys for _, keys in cited))
    sources |= {figure.source for figure in content.figures.values()}
    for name, figure in content.figures.items():
        if name not in figures and figure.passed_over is None:
            yield ("figures", name), "is used by no row and has no `passed_over` reason"
    for name in content.sources:
        if name not in sources:
            yield ("sources", name), "is cited by no figure, row, template, cause, study, combination or red flag"


def _figures(content: Content) -> Iterator[Found]:
    for name, figure in content.figures.items():
        path = ("figures", name)
        yield from _figure_ids(content, path, figure)
        yield from _figure_numbers(path, figure)


def _figure_ids(content: Content, path: tuple[str, ...], figure: Figure) -> Iterator[Found]:
    groups = [*content.causes, *content.origins]
    yield from _known((*path, "source"), [figure.source], "a source", content.sources)
    yield from _known((*path, "cause"), filter(None, [figure.cause]), "a cause or origin", groups)
    yield from _known((*path, "comparison_mix"), figure.comparison_mix, "a cause", content.causes)
    yield from _known((*path, "finding"), filter(None, [figure.finding]), "a finding", content.findings)
    finding = content.findings.get(figure.finding or "")
    if finding is not None:
        yield from _known((*path, "state"), filter(None, [figure.state]), "a state", finding.states)


def _figure_numbers(path: tuple[str, ...], figure: Figure) -> Iterator[Found]:
    if figure.comparison_mix and abs(sum(figure.comparison_mix.values()) - 1) > SUM_TOLERANCE:
        yield (*path, "comparison_mix"), f"sums to {sum(figure.comparison_mix.values()):.10g}; accepted: 1"
    if figure.low is not None and figure.high is not None and not figure.low <= figure.high:
        yield path, f"interval {figure.low:g} to {figure.high:g} runs backwards"
    if figure.measure in {"sensitivity", "specificity", "probability", "base_rate"}:
        for key in ("value", "low", "high"):
            number = getattr(figure, key)
            if number is not None and number > 1:
                yield (*path, key), f"{number:g}; accepted: 0 to 1 for a {figure.measure}"
