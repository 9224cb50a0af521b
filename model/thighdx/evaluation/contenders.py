"""What is compared: the model, the model without one of its parts, and classifiers learnt from cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import Model, get_model
from thighdx.cases import read_columns
from thighdx.evaluation.flat import flatten
from thighdx.evaluation.labels import NO_LABEL, check_columns, read_labels
from thighdx.evidence import Evidence
from thighdx.knowledge import Knowledge
from thighdx.rows import Array, floored
from thighdx.tables import Tables

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

MODEL = "model"
NAIVE_BAYES = "naive_bayes"
WITHOUT = "without_"


@dataclass(frozen=True)
class Contender:
    """Something that gives P(cause | evidence): `predict` takes evidence to (cases, causes), rows that sum to 1."""

    id: str
    name: str
    predict: Callable[[Evidence], Array]


def ablations(knowledge: Knowledge | None = None, population: str | None = None) -> tuple[Contender, ...]:
    """The model, the model with each mechanism flattened in turn, and naive Bayes: all of them flattened.

    Raises `UnknownNameError` for an unknown population.
    """
    whole = get_model(knowledge, population)
    content = whole.knowledge.content
    without = [
        _of_model(f"{WITHOUT}{name}", f"Without {entry.name[0].lower()}{entry.name[1:]}", whole, name)
        for name, entry in content.mechanisms.items()
    ]
    naive = _of_model(NAIVE_BAYES, "Naive Bayes, the same rows", whole, *content.mechanisms)
    return (Contender(MODEL, "The model", _posterior(whole)), *without, naive)


def _of_model(name: str, title: str, whole: Model, *mechanisms: str) -> Contender:
    return Contender(name, title, _posterior(get_model(flatten(whole.knowledge, *mechanisms), whole.population)))


def _posterior(model: Model) -> Callable[[Evidence], Array]:
    return lambda evidence: model.engine.posterior(evidence).probability


def learners(
    frame: pd.DataFrame, *, knowledge: Knowledge | None = None, population: str | None = None, seed: int = 0
) -> tuple[Contender, ...]:
    """scikit-learn's logistic regression, random forest and categorical naive Bayes, trained on labelled cases.

    frame: cases with the true cause in `diagnosis`, as `thighdx.simulate.simulate` gives them; rows without a readable
    label are left out. What is not known is no column set (a category of its own for naive Bayes); answers that are
    soft or one of several states count as not known. No probability is left below the floor of the priors, since a
    cause that a learner never saw with an answer is not impossible. Needs scikit-learn (extra `bench`). Raises
    `TableError` where the frame has no column of true causes.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import CategoricalNB

    model = get_model(knowledge, population)
    codes, truth = _training(model, frame)
    states = [len(finding.states) + 1 for finding in model.tables.findings]
    wide = one_hot(model.tables, codes)
    logistic = LogisticRegression(max_iter=100, tol=1e-3)
    forest = RandomForestClassifier(n_estimators=100, min_samples_leaf=3, random_state=seed, n_jobs=2)
    bayes = CategoricalNB(min_categories=states)
    return (
        Contender("logistic_regression", "Logistic regression", _learnt(model, logistic.fit(wide, truth), one_hot)),
        Contender("random_forest", "Random forest", _learnt(model, forest.fit(wide, truth), one_hot)),
        Contender("learnt_naive_bayes", "Naive Bayes, learnt", _learnt(model, bayes.fit(codes, truth), _as_they_are)),
    )


def one_hot(tables: Tables, codes: NDArray[np.uint8]) -> csr_matrix:
    """A column for each state of each finding, sparse (cases, all states), 1 where it is the answer."""
    from scipy.sparse import csr_matrix

    sizes = [len(finding.states) for finding in tables.findings]
    first = np.cumsum([0, *sizes])
    case, finding = np.nonzero(codes)
    column = first[finding] + codes[case, finding] - 1
    return csr_matrix((np.ones(len(case), dtype=np.float32), (case, column)), shape=(len(codes), int(first[-1])))


def _as_they_are(_: Tables, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return codes


def _training(model: Model, frame: pd.DataFrame) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Codes and true causes of the cases to learn from."""
    check_columns([str(name) for name in frame.columns], "the training frame", without_doubtful=False)
    columns = {str(name): frame[name].tolist() for name in frame.columns}
    cases = read_columns(model.knowledge, columns, len(frame))
    truth = read_labels(model.knowledge, columns, len(frame)).truth
    used = truth != NO_LABEL
    used[cases.problems.rows] = False
    return cases.evidence.codes[used], truth[used]


def _learnt(model: Model, fitted: Any, features: Callable[[Tables, NDArray[np.uint8]], Any]) -> Callable[..., Array]:
    """A fitted classifier as `predict`: its classes at their causes' places, floored."""

    def predict(evidence: Evidence) -> Array:
        probability = np.zeros((evidence.cases, len(model.tables.causes)))
        probability[:, fitted.classes_] = fitted.predict_proba(features(model.tables, evidence.codes))
        return floored(probability / probability.sum(axis=1, keepdims=True), model.knowledge.content.thresholds.floor)

    return predict
