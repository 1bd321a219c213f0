from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from consult.notifications.mailer import FileMailer, MailUnavailable

Make = Callable[..., EmailMessage]


def test_a_mail_becomes_one_file_named_by_its_date_and_id(tmp_path: Path, mail: Make) -> None:
    FileMailer(tmp_path / "mail").send(mail())

    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == f"20260601T120000Z-{str(mail()['Message-ID'])[1:33]}.eml"
    assert file.read_bytes() == bytes(mail())


def test_a_mail_sent_twice_is_there_once(tmp_path: Path, mail: Make) -> None:
    mailer = FileMailer(tmp_path)
    mailer.send(mail())
    mailer.send(mail())

    assert len(list(tmp_path.iterdir())) == 1


def test_nobody_else_on_the_machine_may_read_it(tmp_path: Path, mail: Make) -> None:
    FileMailer(tmp_path).send(mail())

    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_a_failure_for_now(tmp_path: Path, mail: Make) -> None:
    (tmp_path / "mail").write_text("a file stands in the way")

    with pytest.raises(MailUnavailable):
        FileMailer(tmp_path / "mail").send(mail())
