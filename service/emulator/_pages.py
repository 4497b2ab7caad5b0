"""The phone page: what people would see, server-rendered."""

from __future__ import annotations

from flask import Blueprint

from service.emulator._machine import Machine


def pages(machine: Machine) -> Blueprint:
    """The page `/`, and `/phone/<id>` for one phone."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    def index() -> str:
        return f"{machine.phones.version}"

    return routes
