"""Measures the model on the published and on simulated cases and writes the figures that About and the card show.

    python analysis/performance.py

Run it whenever priors or model change (`make documents` does); a test fails until the file holds what the model does.
It says which published cases want an entry in cases/misses.toml, or no longer do.
"""

from importlib.resources import files
from pathlib import Path

import pandas as pd

from thighdx.assess import get_model
from thighdx.documents.template import card_template
from thighdx.evaluation import evaluate_file
from thighdx.evaluation.cohorts import cohorts, dangers, labelled, studied, subgroups
from thighdx.evaluation.misses import read_misses
from thighdx.evaluation.performance import NAME, Further, performance_of
from thighdx.knowledge import load_knowledge

TABLE = Path(__file__).with_name("cases") / "published.csv"
MISSES = TABLE.with_name("misses.toml")
POPULATION = "uniform"  # published cases are no sample of patients


def read_published(model):
    """The published cases, the doubtful ones left out, judged."""
    frame = pd.read_csv(TABLE, dtype=str, keep_default_na=False)
    columns = {name: frame[name].tolist() for name in frame.columns}
    return labelled(model, columns, len(frame), without_doubtful=True)


def measure():
    """The figures of today's priors and model."""
    knowledge = load_knowledge()
    model = get_model(knowledge, POPULATION)
    found = evaluate_file(model, str(TABLE), without_doubtful=True)
    further = Further(
        subgroups(read_published(model), card_template().subgroups),
        studied(knowledge, found.not_first, read_misses(MISSES)),
        cohorts(knowledge),
        dangers(knowledge, POPULATION),
    )
    return performance_of(found, TABLE.name, further)


def entries_to_change(missed):
    """Case ids that want an entry among the misses, and entries whose case is ranked first or not evaluated."""
    written = read_misses(MISSES)
    return [one for one in missed if one not in written], [one for one in written if one not in missed]


if __name__ == "__main__":
    out = Path(str(files("thighdx.evaluation") / NAME))
    measured = measure()
    out.write_text(measured.to_json(), encoding="utf-8")
    print(f"{out}: written")
    wanted, gone = entries_to_change([one.case_id for one in measured.further.not_first])
    for case_id in wanted:
        print(f'{MISSES.name} wants: {case_id} = {{ fault = "open", reason = "not studied yet" }}')
    for case_id in gone:
        print(f"{MISSES.name} has an entry that is no miss any more: {case_id}")
