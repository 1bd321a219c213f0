"""The questions about the patient, one topic a page."""

PAGES = {
    "you": ("Who the visit is for", ("pt_name", "pt_dob", "pt_filler")),
    "contact": ("How we reach you", ("pt_email", "pt_phone")),
    "place": ("Where you will be", ("pt_state", "pt_place", "pt_ice")),
    "needs": ("What we should know first", ("pt_access", "pt_preg", "pt_preg_warn")),
}
"""One topic a page: address, heading, questions. Every question of the section stands on exactly one."""

ELSEWHERE = "OTHER"
"""The answer for a state that the practice does not serve; a policy of the form stops the booking on it."""

NAMES = list(PAGES)


def page_of(item_id: str) -> str:
    """The page this question stands on."""
    return next(name for name, (_, ids) in PAGES.items() if item_id in ids)
