"""Measures the model on the published cases and writes the figures that the page About shows.

    python analysis/performance.py

Run it whenever priors or model change; a test fails until the file holds what the model does.
"""

from importlib.resources import files
from pathlib import Path

from thighdx.assess import get_model
from thighdx.evaluation import evaluate_file
from thighdx.evaluation.performance import NAME, performance_of
from thighdx.knowledge import load_knowledge

TABLE = Path(__file__).with_name("cases") / "published.csv"
POPULATION = "uniform"  # published cases are no sample of patients


def measure():
    """The figures of today's priors and model."""
    model = get_model(load_knowledge(), POPULATION)
    return performance_of(evaluate_file(model, str(TABLE), without_doubtful=True), TABLE.name)


if __name__ == "__main__":
    out = Path(str(files("thighdx.evaluation") / NAME))
    out.write_text(measure().to_json(), encoding="utf-8")
    print(f"{out}: written")
