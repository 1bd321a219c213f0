"""The shape of each form file, strictly: an unknown key, a missing one, a wrong kind of value is a fault."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from .yaml_source import KeyPath

Text = Annotated[str, StringConstraints(min_length=1)]
Ids = Annotated[
    list[Text],
    Field(min_length=1),
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
]
"""One id or a list of them."""

CONDITION_KINDS = (
    "any",
    "all",
    "not",
    "item",
    "answered",
    "age_under",
    "age_at_least",
    "region",
    "use",
    "flag",
    "level",
    "policy",
)


class Doc(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ConditionDoc(Doc):
    """One of the kinds above; `answer` or `at_least` beside `item`."""

    any_: list["ConditionDoc"] | None = Field(None, alias="any", min_length=1)
    all_: list["ConditionDoc"] | None = Field(None, alias="all", min_length=1)
    not_: "ConditionDoc | None" = Field(None, alias="not")
    item: Text | None = None
    answer: Ids | None = None
    at_least: int | None = None
    answered: Text | None = None
    age_under: int | None = None
    age_at_least: int | None = None
    region: Text | None = None
    use: Text | None = None
    flag: Text | None = None
    level: Literal["emergency", "urgent", "caution", "info", "none"] | None = None
    policy: Text | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "ConditionDoc":
        given = [kind for kind in CONDITION_KINDS if self._value(kind) is not None]
        if len(given) != 1:
            raise ValueError(f"a condition is exactly one of {', '.join(CONDITION_KINDS)}")
        tests = (self.answer is not None) + (self.at_least is not None)
        if tests != (1 if given == ["item"] else 0):
            raise ValueError("item goes with exactly one of answer and at_least, and they with item")
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in CONDITION_KINDS if self._value(kind) is not None)

    def walk(self, path: KeyPath) -> Iterator[tuple[KeyPath, "ConditionDoc"]]:
        """This condition and all inside it, each with its path."""
        yield path, self
        for kind, parts in (("any", self.any_), ("all", self.all_)):
            for position, part in enumerate(parts or ()):
                yield from part.walk((*path, kind, position))
        if self.not_:
            yield from self.not_.walk((*path, "not"))

    def _value(self, kind: str) -> object:
        return getattr(self, f"{kind}_" if kind in ("any", "all", "not") else kind)


class FileDoc(Doc):
    """What every file begins with; `reviewed_by` stays empty until a clinician has signed the file off."""

    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    reviewed_by: str | None
    reviewed_on: Annotated[date, Field(strict=False)] | None

    @model_validator(mode="after")
    def _signed_whole(self) -> "FileDoc":
        if (self.reviewed_by is None) != (self.reviewed_on is None):
            raise ValueError("reviewed_by and reviewed_on are filled in together")
        return self


class OptionDoc(Doc):
    id: Text
    label: Text
    short: Text
    exclusive: bool = False


class _ItemDoc(Doc):
    id: Text
    key: Text
    ask: Text
    help: Text | None = None
    required: bool
    show_if: ConditionDoc | None = None
    facts: list[Text] = []
    beyond: list[Text] = []
    loinc: Text | None = None


class _ChoiceDoc(_ItemDoc):
    options: list[OptionDoc] | None = Field(None, min_length=1)
    options_from: Text | None = None
    asks_again: Text | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "_ChoiceDoc":
        if sum(origin is not None for origin in (self.options, self.options_from, self.asks_again)) != 1:
            raise ValueError("give exactly one of options, options_from and asks_again")
        return self


class OneDoc(_ChoiceDoc):
    type: Literal["one"]


class ManyDoc(_ChoiceDoc):
    type: Literal["many"]


class RatedListDoc(_ChoiceDoc):
    type: Literal["rated_list"]


class BodyChartDoc(_ItemDoc):
    type: Literal["body_chart"]
    options_from: Text


class YesNoDoc(_ItemDoc):
    type: Literal["yes_no"]


class ScaleDoc(_ItemDoc):
    type: Literal["scale"]
    min: int
    max: int


class TextDoc(_ItemDoc):
    type: Literal["text"]
    max_length: Annotated[int, Field(gt=0)] = 500


class DateDoc(_ItemDoc):
    type: Literal["date"]


class ActivitiesDoc(_ItemDoc):
    type: Literal["activities"]
    rows: Annotated[int, Field(gt=0)]
    max_length: Annotated[int, Field(gt=0)]
    min: int
    max: int


class AgreeDoc(_ItemDoc):
    type: Literal["agree"]


ItemDoc = Annotated[
    OneDoc
    | ManyDoc
    | RatedListDoc
    | BodyChartDoc
    | YesNoDoc
    | ScaleDoc
    | TextDoc
    | DateDoc
    | ActivitiesDoc
    | AgreeDoc,
    Field(discriminator="type"),
]


class SectionDoc(Doc):
    id: Text
    title: Text
    when: Literal["before_payment", "booking", "intake", "recheck"]
    intro: Text | None = None
    show_if: ConditionDoc | None = None
    items: list[ItemDoc] = Field(min_length=1)


class FormDoc(FileDoc):
    sections: list[SectionDoc] = Field(min_length=1)


class ManifestDoc(FileDoc):
    """questionnaire.yaml: which files make up the form, in which order the patient meets the sections."""

    id: Text
    title: Text
    language: Text
    birth_date_item: Text
    files: list[Text] = Field(min_length=1)
    section_order: list[Text] = Field(min_length=1)


class GroupDoc(Doc):
    id: Text
    regions: list[Text] = Field(min_length=1)


class ListDoc(FileDoc):
    options: list[OptionDoc] = Field(min_length=1)
    groups: list[GroupDoc] = []
