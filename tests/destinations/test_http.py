"""What becomes of one request: above all whether it can have arrived (S1-27: a timeout after it left is not a refusal)."""

from __future__ import annotations

import datetime
import http.client
import ipaddress
import json
import logging
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.destinations import Sender, _http
from service.destinations._http import as_query
from service.errors import Misconfigured

TOKEN = "tok-5ecret-value"
PAYLOAD = b'{"to":"+12025550143","body":"Hi"}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

Serve = Callable[[Callable[[Any, socket.socket], object]], Any]
Make = Callable[..., Sender]


def send(sender: Sender, payload: bytes = PAYLOAD) -> Any:
    return sender.send("POST", "/v1/text/send", payload, "dlv_1")


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# What leaves


def test_the_payload_leaves_as_it_is_with_the_bearer_and_the_delivery_id(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(OK))
    answer = send(sender(line.url))
    head, _, body = line.requests[0].partition(b"\r\n\r\n")
    assert body == PAYLOAD
    assert head.startswith(b"POST /v1/text/send HTTP/1.1\r\n")
    lines = head.split(b"\r\n")
    assert b"Authorization: Bearer " + TOKEN.encode() in lines
    assert b"Content-Type: application/json" in lines
    assert b"X-Request-Id: dlv_1" in lines
    assert any(each.startswith(b"User-Agent: burgee/") for each in lines)
    assert (answer.kind, answer.status, answer.body, answer.error) == ("answered", 200, "{}", None)
    assert answer.duration_ms > 0


def test_one_connection_carries_many_requests(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(OK))
    one = sender(line.url)
    assert [send(one).status for _ in range(5)] == [200] * 5
    assert line.connections == 1


def test_each_thread_has_a_session_of_its_own(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(OK))
    one = sender(line.url)
    together = threading.Barrier(4)

    def go() -> None:
        together.wait()
        assert [send(one).status for _ in range(10)] == [200] * 10

    threads = [threading.Thread(target=go) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert line.connections == 4
    assert len(line.requests) == 40


def test_the_path_is_appended_to_a_base_url_that_has_a_path(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(OK))
    send(sender(line.url + "/attentive/"))
    assert line.requests[0].startswith(b"POST /attentive/v1/text/send ")


def test_a_get_has_its_payload_in_the_query_with_the_plus_encoded(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(OK))
    sender(line.url).send("GET", "/v1/subscriptions", b'{"phone": "+12025550143"}', "dlv_1")
    assert line.requests[0].startswith(b"GET /v1/subscriptions?phone=%2B12025550143 ")
    assert b"Content-Type" not in line.requests[0]


@given(st.dictionaries(st.text(min_size=1), st.text() | st.lists(st.text(), min_size=1), max_size=4))
def test_any_text_comes_back_from_the_query(value: dict[str, Any]) -> None:
    try:
        payload = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # a lone surrogate is no payload
    back = parse_qs(urlsplit("http://a.example.com/?" + as_query(payload)).query, keep_blank_values=True)
    assert back == {name: held if isinstance(held, list) else [held] for name, held in value.items()}


def test_proxies_and_credentials_of_the_environment_are_not_used(
    serve: Serve, say: Any, sender: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    line = serve(say(OK))
    assert send(sender(line.url)).status == 200
    assert f"Bearer {TOKEN}".encode() in line.requests[0]


# Nothing left


def test_a_refused_connection_sent_nothing(sender: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answer = send(sender(f"http://127.0.0.1:{port}"))
    assert (answer.kind, answer.error) == ("not_sent", "connection refused")


def test_an_unknown_host_sent_nothing(sender: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    answer = send(sender("http://nowhere.example.com"))
    assert (answer.kind, answer.error) == ("not_sent", "no such host")


def test_a_connection_that_does_not_come_about_sent_nothing(sender: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib3.util.connection.create_connection", slow)
    answer = send(sender("http://127.0.0.1:9", connect=0.2))
    assert (answer.kind, answer.error) == ("not_sent", "no connection within 0.2 s")


def test_a_server_that_is_not_tls_got_nothing(serve: Serve, sender: Make) -> None:
    line = serve(lambda line, connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    answer = send(sender(line.url.replace("http:", "https:")))
    assert (answer.kind, answer.error) == ("not_sent", "TLS failure")


def test_a_connection_that_is_reset_during_the_handshake_sent_nothing(serve: Serve, sender: Make) -> None:
    line = serve(lambda line, connection: reset(connection))
    answer = send(sender(line.url.replace("http:", "https:")))
    assert (answer.kind, answer.error) == ("not_sent", "connection lost before the request had left")


def test_a_handshake_that_never_ends_sent_nothing(serve: Serve, sender: Make) -> None:
    line = serve(lambda line, connection: line.closed.wait(30))
    answer = send(sender(line.url.replace("http:", "https:"), connect=0.2))
    assert (answer.kind, answer.error) == ("not_sent", "no connection within 0.2 s")


def test_a_request_whose_end_could_not_leave_was_not_sent(serve: Serve, sender: Make) -> None:
    """The server closes without reading; so large a body cannot all be on its way."""

    def close_early(line: Any, connection: socket.socket) -> None:
        connection.recv(10)
        reset(connection)

    line = serve(close_early)
    answer = send(sender(line.url), b'{"body":"' + b"x" * 32_000_000 + b'"}')
    assert (answer.kind, answer.error) == ("not_sent", "connection lost before the request had left")


def test_a_delivery_id_that_no_header_can_carry_sends_nothing(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(OK))
    answer = sender(line.url).send("POST", "/v1/text/send", PAYLOAD, "dlv\r\nHost: evil.example.com")
    assert answer.kind == "not_sent"
    assert line.requests == []


def test_a_path_cannot_become_another_host(serve: Serve, say: Any, sender: Make) -> None:
    line, other = serve(say(OK)), serve(say(OK))
    for path in (f"@{other.url.removeprefix('http://')}/v1", "v1/text/send", ""):
        assert sender(line.url).send("POST", path, PAYLOAD, "dlv_1").kind == "not_sent"
    assert sender(line.url).send("POST", f"//{other.url.removeprefix('http://')}/v1", PAYLOAD, "dlv_1").status == 200
    assert other.connections == 0


def test_a_get_whose_payload_is_no_object_sends_nothing(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(OK))
    assert sender(line.url).send("GET", "/v1/me", b"[1]", "dlv_1").kind == "not_sent"
    assert line.requests == []


# It may have arrived


def test_silence_after_the_request_left_is_no_answer(serve: Serve, sender: Make) -> None:
    def hang(line: Any, connection: socket.socket) -> None:
        line.read(connection)
        line.closed.wait(30)

    line = serve(hang)
    answer = send(sender(line.url, read=0.2))
    assert (answer.kind, answer.error) == ("no_answer", "no answer within 0.2 s")
    assert len(line.requests) == 1


@pytest.mark.parametrize("end", [reset, lambda connection: connection.close()], ids=["reset", "closed"])
def test_a_connection_that_ends_after_the_request_left_is_no_answer(serve: Serve, sender: Make, end: Any) -> None:
    line = serve(lambda line, connection: (line.read(connection), end(connection)))
    answer = send(sender(line.url))
    assert (answer.kind, answer.error) == ("no_answer", "connection lost before the answer")
    assert len(line.requests) == 1


def test_a_kept_connection_that_dies_under_a_request_is_no_answer_and_not_tried_again(serve: Serve, sender: Make) -> None:
    def once(line: Any, connection: socket.socket) -> None:
        line.read(connection)
        connection.sendall(OK)
        line.read(connection)
        reset(connection)

    line = serve(once)
    one = sender(line.url)
    assert send(one).status == 200
    assert send(one).kind == "no_answer"
    assert line.connections == 1
    assert len(line.requests) == 2


def test_a_kept_connection_that_the_server_has_closed_is_noticed_before_it_is_used(serve: Serve, sender: Make) -> None:
    closed = threading.Event()

    def once(line: Any, connection: socket.socket) -> None:
        line.read(connection)
        connection.sendall(OK)
        connection.close()
        closed.set()

    line = serve(once)
    one = sender(line.url)
    for _ in range(3):
        assert send(one).status == 200
        assert closed.wait(5)
        closed.clear()
    assert line.connections == 3


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    serve: Serve, say: Any, sender: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "IDLE_S", -1.0)
    line = serve(say(OK))
    one = sender(line.url)
    assert [send(one).status for _ in range(3)] == [200] * 3
    assert line.connections == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 20",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_whole_http_answer_is_no_answer(serve: Serve, sender: Make, raw: bytes) -> None:
    line = serve(lambda line, connection: (line.read(connection), connection.sendall(raw), connection.close()))
    assert send(sender(line.url)).kind == "no_answer"


@pytest.mark.parametrize("drip", [b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"], ids=["status line", "headers"])
def test_an_answer_that_drips_is_given_up_when_its_time_is_over(serve: Serve, sender: Make, drip: bytes) -> None:
    def slowly(line: Any, connection: socket.socket) -> None:
        line.read(connection)
        if drip != b"HTTP/1.1 200 OK\r\n":
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not line.closed.wait(0.05):
            for byte in drip:
                connection.sendall(bytes([byte]))
                if line.closed.wait(0.05):
                    return

    line = serve(slowly)
    answer = send(sender(line.url, read=0.3))
    assert (answer.kind, answer.error) == ("no_answer", "no answer within 0.3 s")


# Answered


def test_a_status_that_came_stands_although_its_body_drips_on(serve: Serve, sender: Make) -> None:
    def slowly(line: Any, connection: socket.socket) -> None:
        line.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not line.closed.wait(0.05):
            connection.sendall(b"x")

    line = serve(slowly)
    answer = send(sender(line.url, read=0.3))
    assert (answer.kind, answer.status, answer.error) == ("answered", 200, "the answer's body broke off")


@pytest.mark.parametrize("head", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_status_that_came_stands_although_its_body_broke_off(serve: Serve, sender: Make, head: bytes) -> None:
    raw = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n5"
    line = serve(lambda line, connection: (line.read(connection), connection.sendall(raw), connection.close()))
    answer = send(sender(line.url))
    assert (answer.kind, answer.status, answer.error) == ("answered", 200, "the answer's body broke off")


def test_of_an_endless_body_only_a_little_is_read(serve: Serve, sender: Make) -> None:
    sent = []

    def endless(line: Any, connection: socket.socket) -> None:
        line.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent.append(connection.send(b"x" * 65536))

    line = serve(endless)
    answer = send(sender(line.url))
    assert answer.status == 200
    assert answer.body == "x" * 4096
    assert send(sender(line.url)).status == 200


def test_a_redirect_is_an_answer_and_never_followed(serve: Serve, say: Any, sender: Make) -> None:
    other = serve(say(OK))
    line = serve(say(f"HTTP/1.1 307 Go\r\nLocation: {other.url}/v1/text/send\r\nContent-Length: 0\r\n\r\n".encode()))
    answer = send(sender(line.url))
    assert (answer.kind, answer.status) == ("answered", 307)
    assert answer.headers["location"] == f"{other.url}/v1/text/send"
    assert other.connections == 0


def test_cookies_are_not_kept(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"))
    one = sender(line.url)
    send(one)
    send(one)
    assert b"Cookie" not in line.requests[1]


def test_the_limits_and_the_time_to_wait_are_read(serve: Serve, say: Any, sender: Make) -> None:
    head = b"Retry-After: 3\r\nX-RateLimit-Limit: 150\r\nx-ratelimit-remaining: 0\r\n"
    line = serve(say(b"HTTP/1.1 429 Too Many\r\n" + head + b"Content-Length: 0\r\n\r\n"))
    answer = send(sender(line.url))
    assert (answer.status, answer.retry_after_s, answer.rate_limit, answer.rate_remaining) == (429, 3.0, 150, 0)


def test_an_answer_that_comes_before_the_body_was_read_counts(serve: Serve, sender: Make) -> None:
    def early(line: Any, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    line = serve(early)
    assert send(sender(line.url), b"x" * 8_000_000).status == 413


def test_a_continue_before_the_answer_is_skipped(serve: Serve, say: Any, sender: Make) -> None:
    line = serve(say(b"HTTP/1.1 100 Continue\r\n\r\n" + OK))
    assert send(sender(line.url)).status == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(raw=st.binary(max_size=400), prefixed=st.booleans())
def test_whatever_bytes_come_back_it_is_an_answer_and_no_exception(
    serve: Serve, sender: Make, raw: bytes, prefixed: bool
) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + raw if prefixed else raw
    line = serve(lambda line, connection: (line.read(connection), connection.sendall(said), connection.close()))
    assert send(sender(line.url)).kind in ("answered", "no_answer")


# The token


def test_the_token_is_nowhere_to_be_read(
    serve: Serve, say: Any, sender: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f'{{"message": "unknown token {TOKEN}"}}'.encode()
    head = f"X-Request-Id: {TOKEN}\r\nContent-Length: {len(echo)}\r\n".encode()
    line = serve(say(b"HTTP/1.1 401 No\r\n" + head + b"\r\n" + echo))
    one = sender(line.url)
    answer = send(one)
    assert answer.message == "unknown token ***"

    def explode(*_: object, **__: object) -> None:
        raise http.client.InvalidURL(f"Bearer {TOKEN}")

    monkeypatch.setattr(_http._Session, "send", explode)
    shown = f"{one!r} {one.__dict__.keys()} {answer!r} {send(one)!r} {caplog.text}"
    assert TOKEN not in shown


def test_a_token_is_hidden_also_where_the_kept_part_ends(serve: Serve, say: Any, sender: Make) -> None:
    echo = b"x" * 4090 + TOKEN.encode()
    line = serve(say(f"HTTP/1.1 400 No\r\nContent-Length: {len(echo)}\r\n\r\n".encode() + echo))
    assert send(sender(line.url)).body == "x" * 4090 + "***"


def test_a_token_for_the_emulator_that_is_a_word_takes_nothing_out_of_an_answer(
    serve: Serve, say: Any, sender: Make
) -> None:
    body = b'{"companyName": "Example Shop"}'
    line = serve(say(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body))
    assert send(sender(line.url, token="any")).body == body.decode()


def test_a_phone_number_in_a_query_is_in_no_log(
    serve: Serve, say: Any, sender: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    line = serve(say(b"HTTP/1.1 200 OK\r\nbad header\r\nContent-Length: 0\r\n\r\n"))
    sender(line.url).send("GET", "/v1/subscriptions", b'{"phone": "+12025550143"}', "dlv_1")
    assert "2025550143" not in caplog.text


@pytest.mark.parametrize("token", ["", "with blank", "line\nbreak", "naïve", "tab\t", "\x7f"])
def test_a_token_that_no_header_can_carry_is_misconfigured_and_not_shown(account: Any, token: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Sender(account("http://127.0.0.1:1"), token)
    assert not token or token not in str(caught.value) + repr(caught.value.problems)
    assert "env:TOKEN" in (caught.value.hint or "")


# The base URL


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://user:word@api.example.com",
        "https://user@api.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com/#top",
        "https://api.example.com:0",
        "https://api.example.com:99999",
        "https://api.example.com:no",
        "https://[::1",
        "https://api.example.com/a b",
        "https://api.example.com\\@evil.example.com",
        "https://api.example.com/\r\nHost: evil.example.com",
        "https://ápi.example.com",
    ],
)
def test_a_base_url_that_is_no_plain_address_is_misconfigured(account: Any, url: str) -> None:
    with pytest.raises(Misconfigured):
        Sender(account(url), TOKEN)


@settings(deadline=None)
@given(url=st.text(max_size=30) | st.text(max_size=20).map("https://{}".format))
def test_any_base_url_is_used_or_misconfigured(url: str) -> None:
    from service.model import Account

    try:
        Sender(Account(name="a", destination="attentive", base_url=url, token_from="env:T"), TOKEN)
    except Misconfigured as error:
        assert error.problems


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that 127.0.0.1 made for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def over_tls(certificate: Path, behave: Callable[[Any, Any], object]) -> Callable[[Any, socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def wrapped(line: Any, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            behave(line, secured)

    return wrapped


def test_a_certificate_that_nobody_vouches_for_gets_nothing(serve: Serve, say: Any, sender: Make, certificate: Path) -> None:
    line = serve(over_tls(certificate, say(OK)))
    answer = send(sender(line.url.replace("http:", "https:")))
    assert (answer.kind, answer.error) == ("not_sent", "the server's certificate is not trusted")
    assert line.requests == []


@pytest.fixture
def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))


@pytest.mark.usefixtures("trusting")
def test_over_tls_requests_are_carried_as_well(serve: Serve, say: Any, sender: Make, certificate: Path) -> None:
    line = serve(over_tls(certificate, say(OK)))
    one = sender(line.url.replace("http:", "https:"))
    assert [send(one).status for _ in range(3)] == [200] * 3
    assert line.connections == 1


@pytest.mark.usefixtures("trusting")
def test_over_tls_too_a_loss_after_the_request_left_is_no_answer(serve: Serve, sender: Make, certificate: Path) -> None:
    line = serve(over_tls(certificate, lambda line, secured: (line.read(secured), reset(secured))))
    answer = send(sender(line.url.replace("http:", "https:")))
    assert (answer.kind, answer.error) == ("no_answer", "connection lost before the answer")
    assert len(line.requests) == 1


@pytest.mark.usefixtures("trusting")
def test_over_tls_too_silence_is_no_answer(serve: Serve, sender: Make, certificate: Path) -> None:
    line = serve(over_tls(certificate, lambda line, secured: (line.read(secured), line.closed.wait(30))))
    answer = send(sender(line.url.replace("http:", "https:"), read=0.2))
    assert (answer.kind, answer.error) == ("no_answer", "no answer within 0.2 s")
