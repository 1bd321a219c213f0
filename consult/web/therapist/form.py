"""What the form and its rules rest on, for the clinician who signs them off."""

from flask import render_template

from consult.deps import deps
from consult.intake.coverage import fact_coverage, source_coverage
from consult.web.auth import therapist_only

from .agenda import therapist


@therapist.get("/form")
@therapist_only
def coverage() -> str:
    catalogue = deps().ports.catalogue
    return render_template(
        "therapist/form.html",
        catalogue=catalogue,
        facts=fact_coverage(catalogue),
        sources=source_coverage(catalogue),
    )
