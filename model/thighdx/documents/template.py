"""The prose of the model card and the order of its parts: judgement, kept in `model_card.toml` beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import tomli
from pydantic import Field

from thighdx.schema import Table, Text

NAME = "model_card.toml"
Shown = Literal[
    "identity",
    "contents",
    "populations",
    "outcome",
    "predictors",
    "structure",
    "evidence",
    "audit",
    "by_stage",
    "calibration",
    "simulated",
    "danger",
    "subgroups",
    "misses",
]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]


class Part(Table):
    """A part of a section. tripod: items of TRIPOD+AI that it answers. shows: figures that follow the words."""

    heading: Text
    tripod: Texts = ()
    text: Texts = ()
    points: Texts = ()
    shows: Annotated[tuple[Shown, ...], Field(strict=False)] = ()


class Section(Table):
    """A section of the CHAI applied model card."""

    heading: Text
    parts: Annotated[tuple[Part, ...], Field(strict=False, min_length=1)]


class Template(Table):
    """The whole card. subgroups: findings by whose states performance is told apart."""

    title: Text
    summary: Text
    standards: Text
    subgroups: Texts
    sections: Annotated[tuple[Section, ...], Field(strict=False, min_length=1)]


@cache
def card_template() -> Template:
    """The template that comes with the package. Raises pydantic's `ValidationError` where it is faulty."""
    tables: dict[str, Any] = tomli.loads((files("thighdx.documents") / NAME).read_text(encoding="utf-8"))
    return Template.model_validate(tables)
