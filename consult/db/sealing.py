"""Encryption of what patients tell us.

AES-256-GCM with the place of the value as associated data: a sealed value moved to another row or column no
longer opens (Fernet tokens can be swapped between patients without anyone noticing).
"""

import base64
import binascii
import hashlib
import hmac
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class UnknownKey(Exception):
    """A value was sealed with a key that is not in `ENCRYPTION_KEYS` any more."""


class SealBroken(Exception):
    """A sealed value does not belong where it was found, or was changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands: table, column, row."""

    table: str
    column: str
    row: uuid.UUID

    def __bytes__(self) -> bytes:
        return f"{self.table}.{self.column}:{self.row}".encode()


def new_key() -> str:
    """A fresh key as `ENCRYPTION_KEYS` takes it: 32 bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def parse_key(text: str) -> bytes:
    """32 raw bytes of a key. Raises ValueError when it is not URL-safe base64 of exactly 32 bytes."""
    try:
        raw = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("an encryption key must be URL-safe base64") from error
    if len(raw) != KEY_BYTES:
        raise ValueError(f"an encryption key must hold {KEY_BYTES} bytes, not {len(raw)}")
    return raw


class Sealer:
    """Seals with the first key, opens with any of them, so that keys can be rotated."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("at least one encryption key is needed")
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._digest_keys = [hashlib.sha256(b"digest key:" + key).digest() for key in keys]
        self._first = _key_id(keys[0])

    def seal(self, text: str, place: Place) -> bytes:
        """Key id (4 bytes), nonce (12), ciphertext with tag."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, text.encode(), bytes(place))
        return self._first + nonce + sealed

    def open(self, sealed: bytes, place: Place) -> str:
        """The text sealed for this very place. Raises UnknownKey or SealBroken."""
        key_id, rest = sealed[:_KEY_ID_BYTES], sealed[_KEY_ID_BYTES:]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownKey(f"no key with id {key_id.hex()} in ENCRYPTION_KEYS")
        try:
            opened = cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bytes(place))
        except InvalidTag as error:
            raise SealBroken(f"sealed value in {place.table}.{place.column} does not open") from error
        return opened.decode()

    def digest(self, value: str, purpose: str) -> str:
        """Equal for equal values of one purpose, 64 hex digits; without the key it tells nothing, not even to
        somebody who tries every e-mail address there is.
        """
        return self.digests(value, purpose)[0]

    def digests(self, value: str, purpose: str) -> list[str]:
        """What `digest` may have given while any of the keys was the first, to find a value by."""
        text = f"{purpose}:{value}".encode()
        return [hmac.digest(key, text, "sha256").hex() for key in self._digest_keys]


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"key id:" + key).digest()[:_KEY_ID_BYTES]
