"""Reads the points in time that filters take: a moment, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from service.authoring.about import seconds
from service.cli._common import moment


class PointInTime(click.ParamType[datetime]):
    """`2026-01-31T09:00:00Z`, `2026-01-31`, or how long ago: `30m`, `12h`, `2d`."""

    name = "time"

    def convert(self, value: object, _: click.Parameter | None, __: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return datetime.now(UTC) - timedelta(seconds=seconds(str(value)))
        except ValueError:
            return moment(str(value))
