import datetime
import ipaddress
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from consult.notifications.mailer import MailRefused, MailUnavailable, SmtpMailer

from .conftest import SmtpOffice, free_port

Make = Callable[..., EmailMessage]
Serve = Callable[..., int]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_the_envelope_names_sender_and_recipient(smtp_office: SmtpOffice, mail: Make) -> None:
    smtp_office.mailer.send(mail())

    (envelope,) = smtp_office.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("bookings@example.org", ["ann@example.com"])


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ("554 Content refused", MailRefused),
        ("552 Too large", MailRefused),
        ("451 Greylisted", MailUnavailable),
        ("421 Shutting down", MailUnavailable),
    ],
)
def test_an_answer_to_the_content_decides_as_one_to_the_recipient_does(
    smtp_office: SmtpOffice, mail: Make, answer: str, failure: type[Exception]
) -> None:
    smtp_office.data_answers.append(answer)

    with pytest.raises(failure):
        smtp_office.mailer.send(mail())


def test_a_server_that_dies_in_the_middle_is_a_failure_for_now(smtp_office: SmtpOffice, mail: Make) -> None:
    smtp_office.dies_after_data.append(True)

    with pytest.raises(MailUnavailable):
        smtp_office.mailer.send(mail())
    smtp_office.mailer.send(mail())
    assert len(smtp_office.envelopes) == 1


def test_no_server_at_all_is_a_failure_for_now(mail: Make) -> None:
    with pytest.raises(MailUnavailable):
        SmtpMailer(f"smtp://127.0.0.1:{free_port()}").send(mail())


def test_a_mail_that_was_taken_stays_sent_however_the_server_says_good_bye(
    smtp_office: SmtpOffice, mail: Make
) -> None:
    smtp_office.dies_at_farewell = True

    smtp_office.mailer.send(mail())

    assert len(smtp_office.envelopes) == 1


def test_starttls_is_used_when_offered(serve: Serve, tls: ssl.SSLContext, trusted: None, mail: Make) -> None:
    office = SmtpOffice()
    port = serve(office, tls_context=tls)

    SmtpMailer(f"smtp://127.0.0.1:{port}").send(mail())

    assert office.sessions[0].ssl is not None


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(
    serve: Serve, tls: ssl.SSLContext, mail: Make
) -> None:
    office = SmtpOffice()
    port = serve(office, tls_context=tls)

    with pytest.raises(MailUnavailable):
        SmtpMailer(f"smtp://127.0.0.1:{port}").send(mail())
    assert office.envelopes == []


class Gate:
    """Lets `consult` in with `p@ss:word`."""

    def __init__(self) -> None:
        self.tried: list[object] = []

    def __call__(self, *args: object) -> AuthResult:
        login = args[-1]
        self.tried.append(login)
        return AuthResult(success=login == LoginPassword(b"consult", b"p@ss:word"), handled=False)


def test_user_and_password_come_from_the_address_percent_encoded(
    serve: Serve, tls: ssl.SSLContext, trusted: None, mail: Make
) -> None:
    office, gate = SmtpOffice(), Gate()
    port = serve(office, tls_context=tls, authenticator=gate, auth_required=True)

    SmtpMailer(f"smtp://consult:p%40ss%3Aword@127.0.0.1:{port}").send(mail())
    assert len(office.envelopes) == 1

    with pytest.raises(MailUnavailable):
        SmtpMailer(f"smtp://consult:wrong@127.0.0.1:{port}").send(mail())


def test_a_password_is_never_said_in_the_clear(serve: Serve, mail: Make) -> None:
    office, gate = SmtpOffice(), Gate()
    port = serve(office, authenticator=gate, auth_require_tls=False)

    with pytest.raises(MailUnavailable):
        SmtpMailer(f"smtp://consult:p%40ss%3Aword@127.0.0.1:{port}").send(mail())
    assert gate.tried == []


def test_smtps_is_encrypted_from_the_first_byte(
    serve: Serve, tls: ssl.SSLContext, trusted: None, mail: Make
) -> None:
    office = SmtpOffice()
    port = serve(office, ssl_context=tls)

    SmtpMailer(f"smtps://127.0.0.1:{port}").send(mail())

    assert len(office.envelopes) == 1


@pytest.mark.parametrize("url", ["", "mail.example.org", "http://mail.example.org", "smtp://", "smtp:///x"])
def test_an_address_that_is_no_mail_servers_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        SmtpMailer(url)
