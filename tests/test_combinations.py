"""Findings that share a reason tell less together than the product of what each tells alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from thighdx.assess import get_model
from thighdx.cases import read_case

MODEL = get_model(population="uniform")
COMBINATIONS = MODEL.knowledge.content.combinations


def likelihood(answers: dict[str, str]) -> NDArray[np.float64]:
    """P(answers | cause), (causes,)."""
    return np.asarray(np.exp(MODEL.engine.log_likelihood(read_case(MODEL.knowledge, answers).evidence)[0]))


def ratio(cause: str, answers: dict[str, str]) -> float:
    """P(answers | cause) / P(answers | the other causes, each alike)."""
    position = MODEL.tables.causes.index(cause)
    return float(likelihood(answers)[position] / np.delete(likelihood(answers), position).mean())


@pytest.mark.parametrize("name", COMBINATIONS)
def test_joint_ratio_keeps_at_most_its_share_of_the_product(name: str) -> None:
    entry = COMBINATIONS[name]
    single = [ratio(entry.cause, {finding: state}) for finding, state in entry.answers.items()]
    assert np.log(ratio(entry.cause, dict(entry.answers))) <= entry.joint_share * np.log(single).sum()


@pytest.mark.parametrize("name", COMBINATIONS)
def test_answers_go_together_under_the_cause(name: str) -> None:
    entry = COMBINATIONS[name]
    position = MODEL.tables.causes.index(entry.cause)
    single = [likelihood({finding: state})[position] for finding, state in entry.answers.items()]
    assert likelihood(dict(entry.answers))[position] > np.prod(single)
