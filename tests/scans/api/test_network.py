"""Where the site asks others for something, and where it never does."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from scans import network

from ...site.test_logs import said
from . import hostile
from .receiver import Receiver, listening

PUBLIC = "93.184.215.14"
REFUSED = [
    "http://127.0.0.1/", "http://localhost/", "http://localhost.localdomain:8000/", "http://0.0.0.0/", "http://10.0.0.8/",
    "http://192.168.1.1/", "http://172.16.3.4/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/",
    "http://[::1]/", "http://[::]/", "http://[fe80::1]/", "http://[fd00::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://224.0.0.1/",
    "http://255.255.255.255/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://127.1/",
]  # fmt: skip
NONSENSE = [
    "", "x", "/scans", "//example.org/", "ftp://example.org/a.jpg", "file:///etc/passwd", "gopher://example.org/",
    "http://user:pw@example.org/", "http://", "http:///a", "http://example.org:99999/", "http://exa mple.org/",
    "http://example.org/\r\nX: y", "http://ex\u00e4mple.org/", "http://[::1", "javascript:alert(1)",
]  # fmt: skip
BOTH = ("https", "http")


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.PRIVATE_TARGETS = ["127.0.0.1/32"]
    with listening() as found:
        yield found


def means(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server: what each question is answered with; the questions are noted."""
    asked: list[str] = []
    left = list(answers)

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    monkeypatch.setattr(network, "resolve", resolve)
    return asked


@pytest.mark.parametrize("address", REFUSED)
def test_nothing_of_one_s_own_network_is_asked(address: str) -> None:
    with pytest.raises(network.Blocked):
        network.check(address, schemes=BOTH)


def test_an_address_that_is_refused_stands_in_the_log_and_nothing_secret_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for address in ("http://169.254.169.254/latest?token=hush", "http://user:hush@example.org/"):
        with pytest.raises(network.Blocked):
            network.check(address, schemes=BOTH)
    assert [line["code"] for line in said(caplog, "address refused")] == ["private_address", "bad_url"]
    assert "hush" not in caplog.text


@pytest.mark.parametrize("address", NONSENSE)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(network.Blocked) as error:
        network.check(address, schemes=BOTH)
    assert error.value.code == "bad_url"


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_public_network_is_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    means(monkeypatch, [address])
    assert network.check("https://example.org/a?b=c").machine == address


def test_a_name_with_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    means(monkeypatch, [PUBLIC, "10.0.0.1"])
    with pytest.raises(network.Blocked, match="private_address"):
        network.check("https://example.org/")


def test_a_name_that_means_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    means(monkeypatch, [])
    with pytest.raises(network.Blocked, match="unknown_host"):
        network.check("https://example.org/")


def test_without_tls_only_one_s_own_network_is_asked(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    means(monkeypatch, [PUBLIC])
    with pytest.raises(network.Blocked, match="not_https"):
        network.check("http://example.org/")
    settings.PRIVATE_TARGETS = ["10.1.0.0/16"]
    means(monkeypatch, ["10.1.2.3"])
    assert network.check("http://intranet.example.org/").machine == "10.1.2.3"
    means(monkeypatch, ["10.2.2.3"])
    with pytest.raises(network.Blocked, match="private_address"):
        network.check("http://intranet.example.org/")


def test_a_name_that_means_something_else_a_moment_later_leads_nowhere(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: checked once, the machine is kept."""
    asked = means(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    target = network.check(receiver.url.replace("127.0.0.1", "rebound.example.org"))
    assert ask(target).status == 204
    assert asked == ["rebound.example.org"], "asked once, when it was checked"
    assert receiver.got[0][0]["host"].startswith("rebound.example.org:")


def ask(target: network.Target, seconds: float = 5.0, **more: Any) -> network.Answer:
    with network.Deadline(seconds) as deadline:
        return network.ask(target, "POST", body=b"{}", deadline=deadline, **more)


@pytest.mark.parametrize("how", hostile.WAYS)
def test_nobody_stretches_the_deadline(how: str, settings: Any) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.1/32"]
    with hostile.listening(how) as url:
        target = network.check(url)
        began = time.monotonic()
        with pytest.raises(network.Unreachable, match="timeout"):
            ask(target, 0.6)
        assert time.monotonic() - began < 3


def test_a_name_that_nobody_looks_up_in_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(network, "resolve", lambda host, port: release.wait(30) and [PUBLIC])
    began = time.monotonic()
    with pytest.raises(network.Blocked, match="unknown_host"):
        network.check("https://example.org/", seconds=0.3)
    assert time.monotonic() - began < 3
    release.set()


@pytest.mark.parametrize(
    ("port", "open_"),
    [(22, False), (25, False), (444, False), (1023, False), (80, True), (443, True), (1024, True), (8443, True)],
)
def test_public_addresses_are_asked_on_ports_of_the_web_only(
    port: int, open_: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    means(monkeypatch, [PUBLIC])
    try:
        network.check(f"https://example.org:{port}/")
    except network.Blocked as error:
        assert (error.code, open_) == ("port_refused", False)
    else:
        assert open_


def test_the_operator_says_which_ports_are_open(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    means(monkeypatch, [PUBLIC])
    settings.TARGET_PORTS = ["443"]
    assert network.check("https://example.org/").port == 443
    with pytest.raises(network.Blocked, match="port_refused"):
        network.check("https://example.org:8443/")


def test_the_operator_says_which_hosts_may_be_asked(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    resolved = means(monkeypatch, [PUBLIC])
    settings.TARGET_HOSTS = ["hooks.example.org", "*.example.com"]
    for host in ("hooks.example.org", "HOOKS.example.org", "a.example.com"):
        assert network.check(f"https://{host}/").machine == PUBLIC
    resolved.clear()
    for host in ("example.org", "hooks.example.org.evil.net", "example.com", PUBLIC):
        with pytest.raises(network.Blocked, match="host_refused"):
            network.check(f"https://{host}/")
    assert not resolved  # not even the name server hears of them


@pytest.mark.parametrize("how", ["drop", "rubbish"])
def test_who_answers_no_http_is_unreachable(how: str, receiver: Receiver) -> None:
    receiver.answers = [how]
    with pytest.raises(network.Unreachable):
        ask(network.check(receiver.url))


def test_of_a_long_answer_only_so_much_is_read(receiver: Receiver) -> None:
    receiver.answers = ["much"]
    answer = ask(network.check(receiver.url), most=1000)
    assert (len(answer.body), answer.complete) == (1000, False)


def test_a_redirect_is_told_and_what_it_leads_to_is_checked(receiver: Receiver) -> None:
    receiver.answers = ["redirect"]
    target = network.check(receiver.url)
    answer = ask(target)
    assert answer.status == 302
    assert receiver.elsewhere == []
    onward = network.onward(target, answer, schemes=BOTH)
    assert onward is not None
    assert onward.url.path == "/elsewhere"
    away = network.Answer(302, {"location": "http://169.254.169.254/"}, b"", True)
    with pytest.raises(network.Blocked):
        network.onward(target, away, schemes=BOTH)


def test_nobody_there_is_unreachable(settings: Any) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.1/32"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(network.Unreachable, match="ConnectionRefusedError"):
        ask(network.check(f"http://127.0.0.1:{port}/"))


def test_a_certificate_of_nobody_is_not_believed(receiver: Receiver) -> None:
    with pytest.raises(network.Unreachable):
        ask(network.check(receiver.url.replace("http:", "https:")), 2)
    assert threading.active_count() < 50
