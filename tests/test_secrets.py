"""No credential stands in the project: not in code, fixtures, templates or guides."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = ("service", "tests", "templates", "schemas", "docs", "benchmarks", ".ci")
BUILT = {"editor.js", "htmx.min.js", "axe.min.js", "package-lock.json"}  # by others, and full of long words
BINARY = {".png", ".pyc", ".woff2"}
BEARER = re.compile(r"bearer[\s:=\"']+[A-Za-z0-9+/_-]{24,}|\beyJ[A-Za-z0-9_-]{20,}|\bbgk_[A-Za-z0-9]{20,}", re.IGNORECASE)


def texts():
    for place in (ROOT.glob("*.*"), *((ROOT / name).rglob("*") for name in PLACES)):
        for path in place:
            if path.is_file() and path.name not in BUILT and path.suffix not in BINARY and "node_modules" not in path.parts:
                yield path, path.read_text(errors="replace")


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer " + "bG9uZyBlbm91Z2ggdG8gYmUgYSB0b2tlbg",
        '{"bearer": "' + "0123456789abcdef" * 2 + '"}',
        "bgk_" + "a1b2c3d4" * 4,
        "eyJ" + "hbGciOiJIUzI1NiIsInR5cCI6",
    ],
)
def test_what_looks_like_a_credential_is_recognised(line):
    assert BEARER.search(line)


def test_no_file_holds_what_looks_like_a_credential():
    """S2-29."""
    read = {path: BEARER.search(text) for path, text in texts()}
    assert len(read) > 500
    assert {str(path.relative_to(ROOT)): found.group()[:12] for path, found in read.items() if found} == {}
