"""Feeds are fetched from configured hosts only, whole or not at all."""

from __future__ import annotations

import threading

import pytest

from service.content.fetch import FetchFailed, Limits, check_url, fetch
from service.errors import Misconfigured
from tests.feedhost import FeedHost


def limits(host: FeedHost, **more) -> Limits:
    return Limits(**{"hosts": {host.netloc}, "bytes": 1_000_000} | more)


def test_a_feed_comes_whole_with_what_to_say_next_time(feed_host):
    url = feed_host.put("/feed.json", b"[1]" * 1000, '"v1"')
    found = fetch(url, limits(feed_host))
    assert found.stream is not None
    assert found.stream.read() == b"[1]" * 1000
    assert fetch(url, limits(feed_host), etag=found.etag, modified=found.modified).stream is None
    sent = feed_host.asked[1][1]
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == ('"v1"', "Sat, 31 Jan 2026 22:53:20 GMT")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://feeds.example.com/a",
        "https://elsewhere.example.com/a",
        "https://feeds.example.com:8443/a",
        "https://ada:secret@feeds.example.com/a",
        "https://feeds.example.com@elsewhere.example.com/a",
        "http://feeds.example.com\\@elsewhere.example.com/a",
        "https:///a",
        "https://feeds.example.com/a b",
        "https://feeds.example.com/a\r\nX: y",
        "https://[::1/a",
        "https://feeds.example.com:port/a",
    ],
)
def test_any_other_address_is_refused_and_its_secrets_are_not_repeated(url):
    with pytest.raises(Misconfigured) as error:
        check_url(url, Limits(hosts={"feeds.example.com"}, bytes=1))
    assert "secret" not in f"{error.value.detail}{error.value.hint}"


def test_a_host_stands_for_its_own_ports(feed_host):
    for url in ("http://feeds.example.com/a", "https://FEEDS.example.com:443/a?b", "http://feeds.example.com:80"):
        assert check_url(url, Limits(hosts={"feeds.example.com"}, bytes=1)).hostname == "feeds.example.com"


def test_redirects_are_followed_on_the_same_host_alone(feed_host):
    def send_to(place: str):
        def answer(request):
            request.send_response(302)
            request.send_header("Location", place)
            request.end_headers()

        return answer

    feed_host.put("/feed.json", b"[]")
    near = feed_host.on("/near", send_to("/feed.json"))
    found = fetch(near, limits(feed_host))
    assert found.stream is not None
    for place in (
        f"http://localhost:{feed_host.netloc.partition(':')[2]}/feed.json",
        "//elsewhere.example.com/",
        "file:///x",
    ):
        url = feed_host.on("/far", send_to(place))
        with pytest.raises(FetchFailed, match="another host"):
            fetch(url, limits(feed_host, hosts={feed_host.netloc, "elsewhere.example.com"}))
    with pytest.raises(
        Misconfigured, match=r"may not come from 127\.0\.0\.1"
    ):  # the same host with TLS, if it is configured
        fetch(feed_host.on("/tls", send_to("https://127.0.0.1/feed.json")), limits(feed_host))
    with pytest.raises(FetchFailed, match="circle"):
        fetch(feed_host.on("/round", send_to("/round")), limits(feed_host))


def test_what_is_not_the_feed_is_said(feed_host):
    with pytest.raises(FetchFailed, match="answered 404"):
        fetch(f"http://{feed_host.netloc}/none", limits(feed_host))
    with pytest.raises(FetchFailed, match="answered 304"):
        fetch(feed_host.on("/old", lambda request: (request.send_response(304), request.end_headers())), limits(feed_host))
    with pytest.raises(FetchFailed, match="refused the connection"):
        fetch("http://127.0.0.1:1/a", Limits(hosts={"127.0.0.1:1"}, bytes=1))


def test_a_feed_that_is_too_large_is_not_read_on(feed_host):
    with pytest.raises(FetchFailed, match="more than 1,000 bytes"):
        fetch(feed_host.put("/feed.json", b"x" * 100_000), limits(feed_host, bytes=1_000))


def test_a_feed_that_breaks_off_is_none(feed_host):
    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"half")

    with pytest.raises(FetchFailed, match="broke off"):
        fetch(feed_host.on("/half", answer), limits(feed_host))


@pytest.mark.parametrize("when", ["in the head", "in the body"])
def test_a_host_that_sends_a_byte_now_and_then_cannot_hold_us(feed_host, when):
    gone = threading.Event()

    def answer(request):
        if when == "in the body":
            request.send_response(200)
            request.end_headers()
        else:
            request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not gone.wait(0.02):
            try:
                request.wfile.write(b"x")
            except OSError:
                gone.set()

    url = feed_host.on("/drip", answer)
    with pytest.raises(FetchFailed, match="in time"):
        fetch(url, limits(feed_host, whole_s=0.3))
    assert gone.wait(30)
