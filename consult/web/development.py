"""What helps whoever works on the application: the mail that went to files, and every macro in every state.
In development only.
"""

from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from flask import Blueprint, abort, render_template, request

from consult.deps import deps

development = Blueprint("development", __name__)
_NEWEST = 100


@development.before_request
def _only_here() -> None:
    """Every private link stands in these mails, so nobody but this machine reads them."""
    if not ip_address(request.remote_addr or "0.0.0.0").is_loopback:  # noqa: S104 - compared, not bound
        abort(404)


@development.get("/mail")
def inbox() -> str:
    files = sorted(_folder().glob("*.eml"), reverse=True)[:_NEWEST]
    texts = sorted((deps().settings.data / "text_messages").glob("*.txt"), reverse=True)[:_NEWEST]
    return render_template(
        "layout/dev_inbox.html",
        mails=[(file.stem, _read(file)) for file in files],
        texts=[file.read_text(encoding="utf-8").split("\n", 1) for file in texts],
    )


@development.get("/mail/<name>")
def show(name: str) -> str:
    file = next((file for file in _folder().glob("*.eml") if file.stem == name), None)
    if file is None:
        abort(404)
    mail = _read(file)
    body = mail.get_body(("plain",))
    attachments = [part.get_content_type() for part in mail.iter_attachments()]
    return render_template(
        "layout/dev_mail.html", mail=mail, text=body.get_content() if body else "", attachments=attachments
    )


@development.get("/styleguide")
def styleguide() -> str:
    return render_template("styleguide.html")


def _folder() -> Path:
    return deps().settings.data / "mail"


def _read(file: Path) -> EmailMessage:
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)  # noqa: S101 - the default policy makes no other
    return mail
