"""Fields of a payload that stand in the path."""

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.destinations._http import placed

PATH = "/v2/segments/external/{externalId}"


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text not in (".", "..")))
def test_any_text_stays_one_step_of_the_path(text):
    path, body = placed(PATH, json.dumps({"externalId": text, "name": "Silver"}).encode())
    step = path.removeprefix("/v2/segments/external/")
    assert "/" not in step and "?" not in step and "#" not in step and step.isascii()
    assert unquote(step) == text
    assert json.loads(body) == {"name": "Silver"}


@pytest.mark.parametrize("value", ["", ".", "..", None, 7, ["a"], {}])
def test_what_would_lead_to_another_path_is_refused(value):
    with pytest.raises(ValueError, match="externalId"):
        placed(PATH, json.dumps({"externalId": value}).encode())


def test_a_path_without_names_leaves_the_bytes_alone():
    assert placed("/v1/text/send", b'{ "body" : 1 }') == ("/v1/text/send", b'{ "body" : 1 }')
