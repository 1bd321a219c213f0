"""The intake form is saved at every step and can be left and taken up again anywhere."""

from flask import Flask

from .patient import INTAKE, Patient, Therapist


def test_an_intake_left_half_way_is_resumed_on_another_device_with_only_the_private_address(
    app: Flask, patient: Patient, therapist: Therapist
):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    assert patient.page.path == f"{private_page}/intake/where"
    patient.fill(bm_regions=["neck_l"], bm_main="neck_l", bm_spread="arm")
    patient.press("Save and continue")
    assert patient.page.path == f"{private_page}/intake/story"
    patient.fill(st_dur="w6", st_now="0")
    page = patient.press("Save and finish later")
    assert page.path == private_page
    assert "Your answers so far are saved." in page.text
    assert "Begun Your answers so far are saved." in page.text
    therapist.sign_in()
    assert "Rosa Marin Intake begun" in therapist.page.text

    other_device = Patient(app)
    other_device.open(private_page)
    other_device.follow("Go on with the form")
    assert other_device.page.path == f"{private_page}/intake/story"
    assert other_device.page.form.value("st_dur") == "w6"
    assert other_device.page.form.value("st_now") == "0"
    assert other_device.page.form.value("st_worst") == ""
    other_device.open(f"{private_page}/intake/where")
    assert other_device.page.form.ticked("bm_regions") == ["neck_l"]

    other_device.open(f"{private_page}/intake")
    other_device.fill_in_intake(ne_arm="yes", ne_hands="no", ne_dizzy="no")
    assert other_device.page.heading == "Check and send"
    assert other_device.press("Send my answers").heading == "Thank you"
    assert patient.open(private_page).text.count("Finished") == 1
    assert "Intake finished" in therapist.open("/therapist").text


def test_a_topic_answered_only_in_part_keeps_what_is_valid_beside_its_errors(patient: Patient):
    private_page = patient.book()
    patient.open(f"{private_page}/intake/story")
    patient.fill(st_dur="y1", st_now="10")
    page = patient.press("Save and continue")
    assert page.status == 422
    assert set(page.errors) == {"st_onset", "st_course", "st_worst", "st_best", "st_night"}
    assert patient.open(f"{private_page}/intake/story").form.value("st_dur") == "y1"
    assert patient.page.form.value("st_now") == "10"


def test_the_form_cannot_be_sent_while_a_required_answer_is_missing(patient: Patient):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake()
    assert patient.page.path == f"{private_page}/intake/check"
    check = patient.page
    patient.open(f"{private_page}/intake/goals")
    patient.fill(go_want="")
    patient.press("Save and finish later")
    patient.page = check
    page = patient.press("Send my answers")
    assert page.path == f"{private_page}/intake/goals"
    assert "Not provided" not in patient.open(private_page).text
    assert "Begun" in patient.page.text


def test_an_answer_that_opens_a_whole_topic_brings_it_before_the_form_can_be_sent(patient: Patient):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake()
    patient.follow("Change your answers in Where it hurts")
    patient.fill(bm_regions=["lowback_r", "knee_l"])
    patient.press("Save and continue")
    assert patient.page.path == f"{private_page}/intake/knee"
    assert patient.page.heading == "Knee"
    patient.fill(kn_hurt="no", kn_steps="no", kn_bend="no", kn_lock="no", kn_give="yes")
    patient.press("Save and continue")
    patient.fill_in_intake()
    assert patient.press("Send my answers").heading == "Thank you"


def test_a_question_opened_by_an_answer_on_its_own_page_is_asked_before_the_next_topic(patient: Patient):
    private_page = patient.book()
    patient.open(f"{private_page}/intake/story")
    patient.fill(**{name: answer for name, answer in INTAKE.items() if patient.page.form.asks(name)})
    patient.fill(st_onset="event")
    page = patient.press("Save and continue")
    assert page.address == f"{private_page}/intake/story?more=1"
    assert page.form.asks("st_event")
    patient.fill(st_event=["fall"])
    patient.press("Save and continue")
    assert patient.page.form.asks("st_fall_when")
    patient.fill(st_fall_when="long")
    assert patient.press("Save and continue").path == f"{private_page}/intake/feel"


def test_of_two_windows_on_one_topic_the_later_wins_by_question_and_nothing_vanishes(patient: Patient):
    private_page = patient.book()
    topic = f"{private_page}/intake/life"
    patient.open(f"{private_page}/intake")
    patient.fill(bm_regions=["lowback_r"], bm_main="lowback_r", bm_spread="stay")
    patient.press("Save and continue")
    left_open = patient.open(topic)
    patient.open(topic)
    patient.fill(li_sit="gt8", li_active="d2", li_lift="no", li_repeat="no", li_smoke="never", li_daily="5")
    patient.fill(li_work="Bookkeeper", li_stress="3")
    patient.press("Save and continue")
    patient.page = left_open
    patient.fill(li_sit="lt4")
    patient.press("Save and continue")
    assert not patient.page.errors
    form = patient.open(topic).form
    answers = [form.value(item) for item in ("li_sit", "li_daily", "li_stress", "li_work")]
    assert answers == ["lt4", "5", "3", "Bookkeeper"]
    patient.fill(li_work="")
    patient.press("Save and continue")
    assert patient.open(topic).form.value("li_work") == ""
