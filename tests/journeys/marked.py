"""A word that nobody would write by chance, in every answer given in the patient's own words."""

MARKER = "Quagmire"
IN_WORDS = {
    "li_work": f"{MARKER} worker",
    "go_want": f"To lose my {MARKER}",
    "go_worry": f"{MARKER} for ever",
    "tr_medlist": f"{MARKER}olol",
    "go_act": [(f"{MARKER} dancing", 4)],
    "co_sign": f"{MARKER} Marin",
}
ABOUT_ME = {"pt_ice": f"{MARKER}, (555) 010-0188", "pt_place": f"1 {MARKER} Road, Albany"}
