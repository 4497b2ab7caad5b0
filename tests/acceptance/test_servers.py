"""The same `wsgi.py` under every server that we name."""

import pytest

pytestmark = pytest.mark.timeout(120)


def test_granian_runs_the_same_application(make_stack):
    stack = make_stack()
    stack.emulator()
    stack.web("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(stack.web_port), "wsgi:app")
    stack.worker()
    stack.key()
    id = stack.hook("offer", {"to": "+12025550143", "name": "Ada"}).json()["id"]
    assert stack.settled(id)["status"] == "accepted"
    assert len(stack.arrived()) == 1
