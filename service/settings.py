"""Settings: read once from the environment, typed and named here and nowhere else."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from service.errors import Misconfigured, Problem

PREFIX = "BURGEE_"


def packaged(name: str) -> Path:
    """The folder `name` (`templates` or `schemas`) that came with Burgee: inside the wheel, else beside `service/`."""
    inside = Path(__file__).parent / "packaged" / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name


def _setting(help: str, *, secret: bool = False, **more: Any) -> Any:
    return field(metadata={"help": help, "secret": secret}, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, its default and what it means. `BURGEE_X` in the environment sets `x`; `BURGEE_X_FILE` names a file
    that holds the value of a secret."""

    var: Path = _setting("Folder for the SQLite file, locks and generated secrets.", default=Path("var"))
    database_url: str = _setting(
        "Where deliveries are kept: `sqlite:///path` or `postgresql://user@host/name`. Default: a file under `var`.",
        default="",
        secret=True,
    )
    sqlite_synchronous: str = _setting("`full` survives a power cut, `normal` only a killed process.", default="full")
    secret_key: str = _setting(
        "Encrypts the tokens kept in the database; several, separated by commas, while it is being changed (the first "
        "encrypts). Default: made at first start and kept under `var`.",
        default="",
        secret=True,
    )
    attentive_token: str = _setting("Attentive's API key; makes the account `default`.", default="", secret=True)
    attentive_url: str = _setting("Base URL of Attentive's API.", default="https://api.attentivemobile.com")
    templates: Path = _setting("Starter templates, pushed when the database is empty.", default=packaged("templates"))
    schemas: Path = _setting("One JSON file for each action.", default=packaged("schemas"))
    public_url: str = _setting("How flows reach this service; shown in hook URLs.", default="")
    body_limit: int = _setting("Largest body that a hook accepts, in bytes.", default=1_048_576)
    wait_limit: float = _setting("Longest time that `Prefer: wait` is followed, in seconds.", default=30.0)
    connect_timeout: float = _setting("Seconds to wait for a connection to a vendor.", default=5.0)
    read_timeout: float = _setting("Seconds to wait for a vendor's answer.", default=10.0)
    senders: int = _setting("Requests that one worker has under way at once.", default=32)
    idempotency_hours: float = _setting("How long an idempotency key is remembered (24 at least).", default=48.0)
    test_numbers: str = _setting(
        "Numbers that the studio may send tests to, with country code, separated by commas.", default=""
    )
    content_hosts: str = _setting(
        "Hosts that feeds of content may be fetched from, such as `feeds.example.com` or `feeds.example.com:8080`; several "
        "with commas between them. Default: none.",
        default="",
    )
    content_limit: int = _setting("Largest feed that is fetched or taken, in bytes.", default=67_108_864)
    log_level: str = _setting("`debug`, `info`, `warning` or `error`.", default="info")

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.var / 'burgee.sqlite3'}")

    @property
    def test_recipients(self) -> tuple[str, ...]:
        """The numbers of `test_numbers`."""
        return tuple(filter(None, (each.strip() for each in self.test_numbers.split(","))))

    @property
    def feed_hosts(self) -> frozenset[str]:
        """The hosts of `content_hosts`."""
        return frozenset(filter(None, (each.strip().lower() for each in self.content_hosts.split(","))))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of `environment` (default: the process's own). Raises `Misconfigured` naming every bad one."""
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for each in fields(cls):
            name = PREFIX + each.name.upper()
            try:
                text = _read(environment, name)
                if text is not None:
                    values[each.name] = _converted(each.default, text)
            except ValueError as error:
                problems.append(Problem("settings.invalid", f"{name}: {error}."))
        made = cls(**values) if not problems else cls()
        problems += made._problems()
        if problems:
            raise Misconfigured("The settings cannot be used. " + " ".join(p.detail for p in problems), problems)
        return made

    def _problems(self) -> list[Problem]:
        found = []
        if self.sqlite_synchronous not in ("full", "normal"):
            found.append("BURGEE_SQLITE_SYNCHRONOUS: write full or normal.")
        if not self.database_url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            found.append("BURGEE_DATABASE_URL: write sqlite:///path or postgresql://user@host/name.")
        if self.log_level not in ("debug", "info", "warning", "error"):
            found.append("BURGEE_LOG_LEVEL: write debug, info, warning or error.")
        if not self.attentive_url.startswith(("https://", "http://")):
            found.append("BURGEE_ATTENTIVE_URL: write a URL that begins with https://.")
        for name in ("body_limit", "content_limit", "read_timeout", "connect_timeout", "senders"):
            if getattr(self, name) <= 0:
                found.append(f"{PREFIX}{name.upper()}: write a number above 0.")
        if not all(re.fullmatch(r"\+[1-9][0-9]{6,14}", each) for each in self.test_recipients):
            found.append("BURGEE_TEST_NUMBERS: write numbers such as +12025550143, separated by commas.")
        if not all(re.fullmatch(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", each) for each in self.feed_hosts):
            found.append("BURGEE_CONTENT_HOSTS: write names such as feeds.example.com, separated by commas.")
        if self.idempotency_hours < 24:
            found.append("BURGEE_IDEMPOTENCY_HOURS: 24 at least.")
        return [Problem("settings.invalid", said) for said in found]

    def __repr__(self) -> str:
        shown = [
            f"{each.name}={'***' if each.metadata['secret'] and getattr(self, each.name) else getattr(self, each.name)!r}"
            for each in fields(self)
        ]
        return f"Settings({', '.join(shown)})"


def _read(environment: Mapping[str, str], name: str) -> str | None:
    if (path := environment.get(f"{name}_FILE")) is not None:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ValueError(f"the file that {name}_FILE names cannot be read ({error.strerror})") from None
    text = environment.get(name)
    return text.strip() if text and text.strip() else None


def _converted(default: Any, text: str) -> Any:
    assert default is not MISSING
    kind = type(default)
    if issubclass(kind, Path):
        return Path(text)
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a number") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{text[:40]!r} is no number of seconds or hours")
    return value
