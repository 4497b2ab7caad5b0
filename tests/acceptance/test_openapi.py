"""The running service keeps to its own OpenAPI document, whatever is thrown at it."""

import subprocess

import pytest
import requests

from tests.acceptance.harness import BIN

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the doors are the same on both
def test_the_running_service_does_what_its_document_says(make_stack):
    stack = make_stack(BURGEE_WAIT_LIMIT="0.2")
    stack.web()
    key = stack.key()
    document = requests.get(f"{stack.url}/openapi.json", timeout=10).json()
    assert document["openapi"].startswith("3.1")
    command = [BIN / "schemathesis", "run", f"{stack.url}/openapi.json", "--header", f"Authorization: Bearer {key}"]
    options = [
        "--max-examples",
        "15",
        "--phases",
        "examples,coverage,fuzzing",
        "--seed",
        "1",
        "--generation-database",
        "none",
    ]
    checks = ["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"]
    done = subprocess.run(
        [*command, *options, *checks], cwd=stack.folder, capture_output=True, text=True, timeout=360, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
