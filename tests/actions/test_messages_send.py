"""`attentive.messages.send`: every rule of the message, and what a marketer is told."""

import pytest

from service.model import Guarantee


def problems(action, document):
    return {(each.pointer, each.code) for each in action.check(document).problems}


def only(action, document):
    [problem] = action.check(document).problems
    return problem


def test_a_good_message_is_what_is_sent(send, message):
    checked = send.check(message)
    assert (checked.payload, checked.problems, checked.warnings) == (message, (), ())


@pytest.mark.parametrize("name", ["useShortLinks", "skipFatigue"])
@pytest.mark.parametrize("given", ["absent", None, "", False])
def test_short_links_and_fatigue_are_always_written_as_false_unless_asked_for(send, message, name, given):
    """S1-19, S1-21"""
    message.pop(name)
    document = message if given == "absent" else {**message, name: given}
    assert send.check(document).payload == {**message, name: False}


def test_the_document_itself_is_left_as_it_is(send, message):
    document = {**message, "mediaUrl": ""}
    del document["skipFatigue"]
    before = dict(document)
    send.check(document)
    assert document == before


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize("name", ["mediaUrl", "messageName", "subscriberExternalId"])
def test_an_empty_optional_field_is_dropped_and_never_sent(send, message, name, empty):
    assert send.check({**message, name: empty}).payload == message


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize("name", ["body", "subscriptionType", "to"])
def test_an_empty_required_field_is_a_problem(send, message, name, empty):
    """S1-8"""
    problem = only(send, {**message, name: empty})
    assert (problem.pointer, problem.code, problem.detail) == (f"/{name}", "payload.required", f"`/{name}` is empty.")


@pytest.mark.parametrize("name", ["body", "subscriptionType"])
def test_a_missing_required_field_is_a_problem_with_its_pointer(send, message, name):
    del message[name]
    problem = only(send, message)
    assert (problem.pointer, problem.code, problem.detail) == (f"/{name}", "payload.required", f"`/{name}` is missing.")


def test_a_missing_phone_is_a_problem_with_its_pointer(send, message):
    """S1-14"""
    del message["to"]
    problem = only(send, message)
    assert (problem.pointer, problem.code) == ("/to", "payload.choice")
    assert problem.hint == "Give either `to` or `subscriberExternalId`."


def test_phone_and_subscriber_id_together_are_one_too_many(send, message):
    """S1-14, S1-15"""
    problem = only(send, {**message, "subscriberExternalId": 7})
    assert (problem.pointer, problem.code) == ("/to", "payload.choice")
    assert problem.hint == "Give either `to` or `subscriberExternalId`."


@pytest.mark.parametrize("number", [0, 1, 2**63 - 1, -(2**63)])
def test_a_subscriber_id_is_a_whole_number_of_64_bits(send, message, number):
    """S1-15"""
    del message["to"]
    assert send.check({**message, "to": None, "subscriberExternalId": number}).payload["subscriberExternalId"] == number


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (2**63, "range"),
        (-(2**63) - 1, "range"),
        (2**200, "range"),
        (1.5, "type"),
        ("77", "type"),
        (True, "type"),
        ([1], "type"),
    ],
)
def test_any_other_subscriber_id_is_a_problem(send, message, value, code):
    del message["to"]
    problem = only(send, {**message, "subscriberExternalId": value})
    assert (problem.pointer, problem.code) == ("/subscriberExternalId", f"payload.{code}")


def test_a_number_in_quotes_is_told_to_lose_them(send, message):
    del message["to"]
    assert only(send, {**message, "subscriberExternalId": "77"}).hint == "Write the number without quotes."
    assert "without quotes" in (only(send, {**message, "to": "+12025550143", "useShortLinks": "true"}).hint or "")


@pytest.mark.parametrize("phone", ["+12025550143", "+442079460123", "+1234567", "+123456789012345"])
def test_a_phone_in_e164_is_accepted(send, message, phone):
    assert send.check({**message, "to": phone}).problems == ()


@pytest.mark.parametrize(
    ("phone", "says"),
    [
        ("12025550143", "has no country code"),
        ("2025550143", "has no country code"),
        ("+1-202-555-0143", "has blanks or punctuation"),
        ("1 (202) 555 0143", "has blanks or punctuation"),
        ("+12025550143\n", "has a blank or a line break around"),
        (" +12025550143", "has a blank or a line break around"),
        ("+1202555014٣", "digits other than 0 to 9"),
        ("+١٢٠٢٥٥٥٠١٤٣", "digits other than 0 to 9"),
        ("+02025550143", "no country code that exists"),
        ("++12025550143", "no country code that exists"),
        ("+123456", "has 6 digits"),
        ("+1234567890123456", "has 16 digits"),
        ("call me", "has letters"),
        ("{{ profile.keys.sms }}", "has letters"),
        ("+", "has 0 digits"),
    ],
)
def test_any_other_phone_is_told_what_is_wrong_with_it_and_not_repeated(send, message, phone, says):
    problem = only(send, {**message, "to": phone})
    assert (problem.pointer, problem.code) == ("/to", "payload.pattern")
    assert says in problem.detail
    assert phone == "+" or phone not in problem.detail


def test_a_phone_written_as_a_number_is_told_to_take_quotes(send, message):
    problem = only(send, {**message, "to": 12025550143})
    assert (problem.code, problem.hint) == ("payload.type", "Put it in double quotes.")


@pytest.mark.parametrize(("body", "at"), [("Hi {name}", 4), ("}", 1), ("Hi {{ name }}", 4)])
def test_a_brace_in_the_body_is_refused_because_the_vendor_drops_it_without_a_word(send, message, body, at):
    problem = only(send, {**message, "body": body})
    assert (problem.pointer, problem.code) == ("/body", "payload.braces")
    assert f"at character {at}" in problem.detail
    assert "without a word" in (problem.hint or "")


@pytest.mark.parametrize("body", [" ", "\n\t", "   \r\n"])
def test_a_blank_body_is_as_good_as_none(send, message, body):
    assert problems(send, {**message, "body": body}) == {("/body", "payload.required")}


@pytest.mark.parametrize("body", ["It's on!\nCome.\n", "日本 😀 “quoted” \\ /", 'a "b" c', "\u2028"])
def test_any_other_text_is_a_body(send, message, body):
    assert send.check({**message, "body": body}).payload["body"] == body


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("marketing", "Write MARKETING."), ("Transactional ", "Write TRANSACTIONAL."), ("MARKTING", "Write MARKETING.")],
)
def test_a_misspelt_kind_of_message_is_told_the_word(send, message, kind, hint):
    """S1-16"""
    problem = only(send, {**message, "subscriptionType": kind})
    assert (problem.pointer, problem.code, problem.hint) == ("/subscriptionType", "payload.enum", hint)


def test_a_value_that_is_none_of_the_words_is_not_repeated(send, message):
    problem = only(send, {**message, "subscriptionType": "+12025550143"})
    assert "2025550143" not in problem.detail
    assert problem.hint == "Write MARKETING or TRANSACTIONAL."


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.png",
        "http://example.com/a.png",
        "https://example.com",
        "https://cdn.example.com:8443/a%20b.png?w=1&h=2#x",
        "https://e.example/~a/(1).gif",
    ],
)
def test_a_web_address_is_an_image(send, message, url):
    """S1-1, S1-18"""
    assert send.check({**message, "mediaUrl": url}).payload["mediaUrl"] == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://example.com/a.png", "no whole address"),
        ("example.com/a.png", "no whole address"),
        ("https://", "is no address"),
        ("https:///a.png", "is no address"),
        ("https://example.com/a b.png", "has a blank"),
        ("https://example.com/a.png\n", "has a blank or a line break"),
        ("https://example.com/ä.png", "letters that an address cannot hold"),
        ("https://example.com/{id}.png", "has a brace"),
        ("javascript:alert(1)", "no whole address"),
        ("https://example.com/" + "a" * 2048, "2048 is the most"),
    ],
)
def test_any_other_address_is_told_what_is_wrong_with_it(send, message, url, says):
    [problem, *_] = send.check({**message, "mediaUrl": url}).problems
    assert problem.pointer == "/mediaUrl"
    assert says in problem.detail


@pytest.mark.parametrize("name", ["absent", None, ""])
def test_short_links_need_a_message_name(send, message, name):
    """S1-19"""
    document = {**message, "useShortLinks": True} | ({} if name == "absent" else {"messageName": name})
    problem = only(send, document)
    assert (problem.pointer, problem.code) == ("/messageName", "payload.depends")
    assert problem.hint == "Give `messageName`, or set `useShortLinks` to false."
    assert send.check({**document, "messageName": "order-packed"}).problems == ()


def test_a_message_name_is_not_blank(send, message):
    assert problems(send, {**message, "messageName": " "}) == {("/messageName", "payload.required")}


@pytest.mark.parametrize("name", ["forceSend", "addSubscriber", "messageId", "creativeId", "targetCompanyExternalId"])
def test_a_hidden_field_is_refused_with_the_reason(send, message, name):
    problem = only(send, {**message, name: True})
    assert (problem.pointer, problem.code) == (f"/{name}", "payload.refused_field")
    assert "The service" in problem.detail


def test_people_who_opted_out_cannot_be_forced(send, message):
    assert "cannot send to people who opted out" in only(send, {**message, "forceSend": True}).detail


@pytest.mark.parametrize("name", ["mediaURL", "media_url", "MediaUrl", "mediaurl"])
def test_an_unknown_field_is_told_the_nearest_name(send, message, name):
    problem = only(send, {**message, name: "https://example.com/a.png"})
    assert (problem.pointer, problem.code, problem.hint) == (f"/{name}", "payload.unknown_field", "Did you mean `mediaUrl`?")


def test_an_unknown_field_like_none_is_told_the_fields_that_exist(send, message):
    assert "subscriberExternalId" in (only(send, {**message, "zzzz~/": 1}).hint or "")
    assert only(send, {**message, "zzzz~/": 1}).pointer == "/zzzz~0~1"


def test_skipping_fatigue_is_a_warning_and_no_problem(send, message):
    """S1-21"""
    checked = send.check({**message, "skipFatigue": True})
    [warning] = checked.warnings
    assert checked.payload["skipFatigue"] is True
    assert (warning.code, warning.pointer) == ("sms.fatigue", "/skipFatigue")


def test_the_warning_is_the_same_as_that_of_the_lint(send, message):
    from service import sms

    assert send.check({**message, "skipFatigue": True}).warnings == sms.lint("Hi", skip_fatigue=True).warnings


def test_every_problem_is_told_at_once_and_each_but_once(send):
    document = {
        "to": "2025550143",
        "body": "{",
        "subscriptionType": "x",
        "useShortLinks": 1,
        "mediaUrl": "a",
        "forceSend": 1,
    }
    assert problems(send, document) == {
        ("/to", "payload.pattern"),
        ("/body", "payload.braces"),
        ("/subscriptionType", "payload.enum"),
        ("/useShortLinks", "payload.type"),
        ("/mediaUrl", "payload.pattern"),
        ("/forceSend", "payload.refused_field"),
    }
    assert len(send.check(document).problems) == 6


@pytest.mark.parametrize("document", [None, [], "text", 7, True, 1.5])
def test_what_is_no_object_is_one_problem(send, document):
    [problem] = send.check(document).problems
    assert problem.pointer == ""
    assert send.check(document).payload is None


def test_half_a_surrogate_pair_is_a_problem_and_no_crash(send, message):
    assert send.check({**message, "body": "\ud83d"}).payload is None


def test_an_invalid_document_has_no_payload_that_could_be_sent(send, message):
    assert send.check({**message, "body": ""}).payload is None


def test_the_guarantee_goes_by_the_kind_of_message(send, message):
    assert send.guarantee(message) is Guarantee.AT_LEAST_ONCE
    assert send.guarantee({**message, "subscriptionType": "MARKETING"}) is Guarantee.AT_MOST_ONCE
    for odd in ({}, {"subscriptionType": ["x"]}, None, []):
        assert send.guarantee(odd) is Guarantee.AT_MOST_ONCE


def test_the_recipient_is_the_phone_or_else_the_id(send, message):
    assert send.recipient(message) == "+12025550143"
    assert send.recipient({**message, "to": None, "subscriberExternalId": 7}) == "7"
    assert send.recipient(None) is None


def test_the_call_is_the_documented_one(send):
    """S1-11"""
    assert (send.name, send.destination, send.method, send.path) == (
        "attentive.messages.send",
        "attentive",
        "POST",
        "/v1/text/send",
    )
    assert (send.rate_class, send.per_second, send.scope) == ("messages", 150, None)
    assert {200, 202} <= send.success
    assert send.sms == {"body": "/body", "media": "/mediaUrl", "type": "/subscriptionType"}
