"""Everything clinical in one frozen value, as the form files say it and as it was reviewed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from .conditions import Condition
from .handout import HandoutRules
from .patterns import PatternRule
from .questionnaire import Questionnaire
from .red_flags import PolicyRule, RedFlagRules


@dataclass(frozen=True)
class Fact:
    """A statement of the article. `answerable`: can a patient tell - yes, no or partly."""

    id: str
    answerable: str
    text: str


@dataclass(frozen=True)
class Source:
    """Where a question or rule comes from beyond the article. `checked`: how far the text was looked at."""

    id: str
    citation: str
    checked: str


@dataclass(frozen=True)
class Review:
    """Who signed a file off, and when; both None while it is a draft."""

    file: str
    version: str
    by: str | None
    on: date | None


@dataclass(frozen=True)
class Catalogue:
    """`facts` and `sources` by id, `reviews` and `documents` (the texts of the files) by file name."""

    questionnaire: Questionnaire
    red_flags: RedFlagRules
    patterns: tuple[PatternRule, ...]
    handout: HandoutRules
    facts: Mapping[str, Fact]
    sources: Mapping[str, Source]
    reviews: Mapping[str, Review]
    documents: Mapping[str, str] = field(repr=False)

    @property
    def version(self) -> str:
        """The manifest's version and a digest of all files, such as "1.0.0+1a2b3c4d"."""
        return self.questionnaire.version

    @property
    def policies(self) -> tuple[PolicyRule, ...]:
        return self.red_flags.policies

    @property
    def definitions(self) -> Mapping[str, Condition]:
        return self.red_flags.definitions

    @property
    def is_draft(self) -> bool:
        """Whether any file still waits for a clinician's signature."""
        return any(review.by is None for review in self.reviews.values())
