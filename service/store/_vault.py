"""Encrypts the tokens that are kept in the database: Fernet, with several keys while the key is being changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import Misconfigured
from service.settings import Settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Vault:
    """The first secret key encrypts, all of them decrypt. Without a setting, a key is made once and kept under `var`."""

    def __init__(self, settings: Settings) -> None:
        self._given = [key.strip() for key in settings.secret_key.split(",") if key.strip()]
        self._file = settings.var / "secret_key"
        self._peppers: list[bytes] = []

    def lock(self, token: str) -> bytes:
        return self._fernet().encrypt(token.encode())

    def unlock(self, locked: bytes, what: str) -> str:
        """Raises `Misconfigured` where no key fits."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(locked).decode()
        except InvalidToken:
            raise Misconfigured(
                f"The token of {what} was encrypted with another secret key.",
                hint="Give the old key too, after a comma, in BURGEE_SECRET_KEY, or store the token again.",
            ) from None

    def pseudonyms(self, name: str) -> list[bytes]:
        """What stands for a person's name where nobody should read it: 16 bytes for each secret key, the first one's first.

        Without the key they can not be guessed either, as a bare hash of a phone number could.
        """
        if not self._peppers:
            keys = self._given or [_kept_key(self._file)]
            self._peppers = [hmac.digest(_fernet_key(key), b"person", "sha256") for key in keys]
        return [hmac.digest(pepper, name.encode("utf-8", "replace"), "sha256")[:16] for pepper in self._peppers]

    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(_fernet_key(key)) for key in self._given or [_kept_key(self._file)]])


def _fernet_key(key: str) -> bytes:
    """A Fernet key is used as it is; any other text is hashed to one."""
    try:
        if len(base64.urlsafe_b64decode(key)) == 32:
            return key.encode()
    except ValueError:
        pass
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())


def _kept_key(file: Path) -> str:
    """The key in the file, made by whoever comes first. It is written aside and linked, so nobody reads half of one."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f"{file.name}.{os.getpid()}")
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
            out.write(base64.urlsafe_b64encode(os.urandom(32)))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(aside, file)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return file.read_text().strip()
