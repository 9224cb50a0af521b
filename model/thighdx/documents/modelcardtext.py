"""The model card as Markdown, from which HTML is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thighdx.documents.markup import bullets, heading, in_100, joined, link, plain, table
from thighdx.documents.modelcard import CardFigures, CombinationSaid, KindOfRows, ModelCard, PopulationSaid, counted
from thighdx.documents.standing import OutsideFigure, departure_said
from thighdx.documents.template import Part
from thighdx.evaluation.misses import FAULTS, OPEN
from thighdx.evaluation.performance import Measure
from thighdx.evaluation.results import Estimate
from thighdx.evaluation.text import KNOWN
from thighdx.report import DISCLAIMER
from thighdx.wording import count

KINDS = {
    "context": "who the patient is",
    "history": "the story",
    "sign": "signs",
    "test": "bedside tests",
    "imaging": "studies",
}
STALE = "> **These measurements are of other priors than this card.** Measure anew with `make documents`."


def card_markdown(card: ModelCard) -> str:
    """The whole card."""
    figures = card.figures
    parts = [heading(plain(card.title), 1), card.summary, f"*{card.standards}*"]
    for section in card.sections:
        parts.append(heading(section.heading))
        parts += [_part(part, figures) for part in section.parts]
    parts.append(f"*thighdx {figures.model_version}, priors {figures.priors_digest}. {DISCLAIMER}*")
    return joined(parts)


def _part(part: Part, figures: CardFigures) -> str:
    items = plain(f"[{', '.join(part.tripod)}]") if part.tripod else ""
    shown = [SHOWN[name](figures) for name in part.shows]
    return joined([heading(f"{part.heading} {items}".rstrip(), 3), *part.text, bullets(part.points), *shown]).strip()


def _identity(figures: CardFigures) -> str:
    rows = [
        ["Name", "thighdx"],
        ["Version", figures.model_version],
        ["Priors", f"digest `{figures.priors_digest}`"],
        ["Developed by", plain(figures.developer)],
        ["Licence", plain(figures.licence)],
        ["Contact", "the project's issue tracker"],
    ]
    return table(["", ""], rows, numbers=())


def _contents(figures: CardFigures) -> str:
    dangerous = sum(one.dangerous for one in figures.causes)
    return f"It holds {counted(figures.counts)}. {dangerous} of the causes are dangerous to miss."


def _populations(figures: CardFigures) -> str:
    rows = [[plain(one.name), _origin_shares(one), _basis(one), plain(one.description)] for one in figures.populations]
    told = "Shares of the three origins, as of 100 people, with the range they are held to lie in."
    return f"{told}\n\n{table(['Population', 'shares', 'rest on', 'who they are'], rows, numbers=())}"


def _origin_shares(one: PopulationSaid) -> str:
    if not one.origins:
        return "every cause alike"
    return "; ".join(
        f"{plain(share.name.lower())} {in_100(share.share)}"
        + (
            f" ({in_100(share.low)} to {in_100(share.high)})"
            if share.low is not None and share.high is not None
            else ""
        )
        for share in one.origins
    )


def _basis(one: PopulationSaid) -> str:
    if not one.origins:
        return "a convention"
    return (
        f"{'published figures' if one.published else 'an estimate'}, worth {count(round(one.weight), 'case', 'cases')}"
    )


def _outcome(figures: CardFigures) -> str:
    lines = []
    for origin in dict.fromkeys(one.origin for one in figures.causes):
        names = [
            f"**{plain(one.name)}**" if one.dangerous else plain(one.name)
            for one in figures.causes
            if one.origin == origin
        ]
        lines.append(f"{plain(origin)}: {'; '.join(names)}.")
    return f"The causes; those in bold are dangerous to miss.\n\n{bullets(lines)}"


def _predictors(figures: CardFigures) -> str:
    kinds = [one for one in figures.evidence.kinds if one.kind in KINDS]
    return f"{counted({'findings': sum(one.findings for one in kinds)})}: " + (
        ", ".join(f"{one.findings} on {KINDS[one.kind]}" for one in kinds) + "."
    )


def _structure(figures: CardFigures) -> str:
    rows = [
        [plain(one.name), str(one.findings), ", ".join(plain(level.replace("_", " ")) for level in one.levels)]
        for one in figures.mechanisms
    ]
    return table(["Hidden mechanism", "findings on it", "levels"], rows, numbers=(1,))


def _evidence(figures: CardFigures) -> str:
    found = figures.evidence
    kinds = ", ".join(f"{number} {kind}" for kind, number in found.sources.items())
    told = (
        f"{found.figures} published figures from {sum(found.sources.values())} documents ({kinds}; "
        f"{found.with_address} with an address). {found.used} of the figures carry a number of the model; "
        f"{found.passed_over} were passed over, each with the reason. A row is worth at most "
        f"{found.largest_weight:g} cases, an estimate at most {found.largest_estimate_weight:g}."
    )
    rows = [_kind_row(one) for one in found.kinds]
    published, total = (sum(int(row[place]) for row in rows) for place in (2, 4))
    heads = ["Rows on", "findings", "published", "mean weight", "all rows", "estimates, of 100", "mean weight"]
    summed = f"In all {published} of {total} rows rest on published figures; the others are estimates."
    return f"{told}\n\n{table(heads, rows, numbers=range(1, 7))}\n\n{summed}"


def _kind_row(one: KindOfRows) -> list[str]:
    sides = []
    for published in (True, False):
        of_side = [row for row in one.rows if row.published == published]
        rows = sum(row.rows for row in of_side)
        weight = sum(row.rows * row.weight for row in of_side) / rows if rows else None
        sides.append((rows, "-" if weight is None else f"{weight:.0f}"))
    (cited, cited_weight), (guessed, guessed_weight) = sides
    total = cited + guessed
    share = in_100(guessed / total) if total else "-"
    name = KINDS.get(one.kind, f"{one.kind}s")
    return [name, str(one.findings), str(cited), cited_weight, str(total), share, guessed_weight]


def _audit(figures: CardFigures) -> str:
    found = figures.audit
    told = (
        f"{found.inside} figures inside their interval, {len(found.outside)} outside, {found.not_computed} without a "
        f"counterpart in the network. Of {found.combinations} sets of findings whose joint weight is known, "
        f"{found.kept} count no more together than they should."
    )
    if found.unexplained:
        told += f" **{len(found.unexplained)} departures, sets of findings included, have no written reason.**"
    together = [_together(one) for one in found.combinations_outside]
    return f"{told}\n\n{bullets([*(_departure(one) for one in found.outside), *together])}"


def _departure(one: OutsideFigure) -> str:
    published, implied = departure_said(one)
    why = plain(one.because) if one.because else "**no reason is written down.**"
    return (
        f"{plain(one.group)}, {plain(one.about)} ({one.measure.replace('_', ' ')}): published "
        f"{plain(published)}, model {plain(implied)}. "
        f"{link(one.document.title, one.document.url)}. Why: {why}"
    )


def _together(one: CombinationSaid) -> str:
    ends = "" if one.low is None or one.high is None else f" ({one.low:.3g} to {one.high:.3g})"
    published, model = ("-" if value is None else f"{value:.3g}" for value in (one.value, one.implied))
    why = plain(one.because) if one.because else "**no reason is written down.**"
    measure = one.measure.replace("_", " ")
    return f"{plain(one.cause)}, {plain(one.name)} ({measure}): published {published}{ends}, model {model}. Why: {why}"


def _by_stage(figures: CardFigures) -> str:
    found = figures.performance
    rows = [
        [
            KNOWN.get(one.id, one.id),
            f"{one.answers:.1f}",
            _of_100(one.leads),
            _of_100(one.first_three),
            _plain(one.log_score),
        ]
        for one in found.stages
    ]
    heads = ["What was known", "answers", "cause leads, of 100", "among first three, of 100", "log score"]
    base = _plain(Measure(found.base_log_score.value, None, None))
    told = (
        f"{found.cases} published cases, {found.left_out} left out; {found.dangerous} of them have a dangerous cause. "
        "95 % intervals in brackets. The log score is the mean logarithm of the probability given to the true cause: 0 "
        f"is best, {base} is what the base rates alone score."
    )
    groups = [[plain(one.name), str(one.cases), _of_100(one.leads), _of_100(one.first_three)] for one in found.origins]
    by_origin = table(
        ["Origin", "cases", "cause leads, of 100", "among first three, of 100"], groups, numbers=(1, 2, 3)
    )
    return joined([*_stale(figures), told, table(heads, rows, numbers=range(1, 5)), by_origin]).strip()


def _calibration(figures: CardFigures) -> str:
    found = figures.performance
    rows = [[str(one.count), in_100(one.forecast), _of_100(one.share)] for one in found.curve]
    told = (
        f"Calibration error {_of_100(found.calibration_error)} of 100; by chance alone, were the probabilities right, "
        f"{_of_100(found.calibration_by_chance)}."
    )
    heads = ["cases", "leading cause was given, of 100", "it was the true one, of 100"]
    return joined([*_stale(figures), told, table(heads, rows, numbers=(0, 1, 2))]).strip()


def _simulated(figures: CardFigures) -> str:
    cohorts = figures.performance.further.cohorts
    if not cohorts:
        return "None was simulated."
    rows = [
        [
            plain(one.name),
            " / ".join(in_100(stage.leads.value or 0.0) for stage in one.stages),
            _of_100(one.first_three),
            f"{100 * one.calibration_error:.1f}",
            f"{_of_100(one.missed)}, n = {one.dangerous}",
            _of_100(one.over_triage),
        ]
        for one in cohorts
    ]
    stages = " / ".join(KNOWN.get(stage.id, stage.id) for stage in cohorts[0].stages)
    told = f"{cohorts[0].cases:,} cases each, all figures of 100. The cause leads, by what is known: {stages}."
    heads = ["Population", "cause leads", "first three", "calibration error", "danger missed", "others flagged"]
    meant = (
        "Danger missed: of the cases with a dangerous cause, those in which no red flag fires and the cause is not "
        "among the first three. Others flagged: of the other cases, those in which a red flag fires."
    )
    return joined([*_stale(figures), told, table(heads, rows, numbers=range(1, 6)), meant]).strip()


def _danger(figures: CardFigures) -> str:
    found = figures.performance
    rows = [
        [plain(one.name), str(one.cases), _of_100(one.unflagged), _of_100(one.missed)] for one in found.further.dangers
    ]
    told = (
        f"On the published cases: of {found.dangerous} with a dangerous cause {_of_100(found.unflagged)} of 100 raise "
        f"no red flag and {_of_100(found.missed)} are missed. Of {found.harmless} others "
        f"{_of_100(found.over_triage)} of 100 raise one. By how soon it asks to be seen, or sooner:"
    )
    sooner = table(
        ["A red flag that asks to be seen", "of the dangerous, of 100", "of the others, of 100"],
        [[plain(one.within), _of_100(one.dangerous), _of_100(one.harmless)] for one in found.sooner],
        numbers=(1, 2),
    )
    told = joined([told.strip(), sooner, "Simulated visits, every cause alike often:"]).strip()
    heads = ["Dangerous cause", "cases", "no red flag, of 100", "missed, of 100"]
    known = bullets(f"{plain(one.name)}: {plain(one.misses)}" for one in figures.known_misses)
    published = f"What is published or thought of single rules:\n\n{known}" if known else ""
    return joined([*_stale(figures), told, table(heads, rows, numbers=(1, 2, 3)), published]).strip()


def _subgroups(figures: CardFigures) -> str:
    found = figures.performance.further.subgroups
    rows, before = [], None
    for one in found:
        rows.append(
            [
                "" if one.finding == before else plain(one.question),
                plain(one.label),
                str(one.cases),
                _of_100(one.leads),
                _of_100(one.first_three),
            ]
        )
        before = one.finding
    heads = ["Group", "", "cases", "cause leads, of 100", "among first three, of 100"]
    return joined([*_stale(figures), table(heads, rows, numbers=(2, 3, 4))]).strip()


def _misses(figures: CardFigures) -> str:
    found = figures.performance.further.not_first
    if not found:
        return joined([*_stale(figures), "None."]).strip()
    lines = [
        f"**{plain(one.case_id)}**: {plain(one.cause)}, in place {one.place} with {in_100(one.probability)} of 100; "
        f"{plain(one.led_by)} leads. At fault: {one.fault} ({plain(one.reason)})."
        for one in found
    ]
    shares = ", ".join(
        f"{kind} {sum(one.fault == kind for one in found)}"
        for kind in FAULTS
        if any(one.fault == kind for one in found)
    )
    meant = "; ".join(f"*{kind}*: {meaning}" for kind, meaning in FAULTS.items() if kind != OPEN)
    return joined(
        [*_stale(figures), f"{len(found)} cases, by fault: {shares}. What is meant: {meant}.", bullets(lines)]
    ).strip()


def _stale(figures: CardFigures) -> Sequence[str]:
    return () if figures.measured_on_these else (STALE,)


def _of_100(one: Measure | Estimate) -> str:
    """`64 (51 to 77)`, of 100."""
    if one.value is None:
        return "-"
    if one.low is None or one.high is None:
        return in_100(one.value)
    return f"{in_100(one.value)} ({in_100(one.low)} to {in_100(one.high)})"


def _plain(one: Measure | Estimate) -> str:
    if one.value is None:
        return "-"
    if one.low is None or one.high is None:
        return f"{one.value:.2f}"
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


SHOWN: dict[str, Callable[[CardFigures], str]] = {
    "identity": _identity,
    "contents": _contents,
    "populations": _populations,
    "outcome": _outcome,
    "predictors": _predictors,
    "structure": _structure,
    "evidence": _evidence,
    "audit": _audit,
    "by_stage": _by_stage,
    "calibration": _calibration,
    "simulated": _simulated,
    "danger": _danger,
    "subgroups": _subgroups,
    "misses": _misses,
}
