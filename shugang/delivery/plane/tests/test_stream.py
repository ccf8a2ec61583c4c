"""Event streams: Debian's mosquitto as the supplier's broker, paho as the buyer's client, a real plane between."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import socket
import struct
import subprocess
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from shugang.delivery.plane.stream import packets
from shugang.delivery.plane.tests.peer import PlaneProcess, credential, free_port, grant, later, terms
from shugang.policy.sources import StreamSource
from shugang.policy.terms import Mask, Quota, RowFilter

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
pytestmark = [pytest.mark.system, pytest.mark.skipif(MOSQUITTO is None, reason="Debian's mosquitto is not installed")]
COLUMNS = [
    {"name": "machine", "type": "string"},
    {"name": "n", "type": "long"},
    {"name": "celsius", "type": "double"},
    {"name": "operator", "type": "string"},
    {"name": "topic", "type": "string"},
]
FIELDS = ("machine", "n", "celsius")
SOURCE = StreamSource("plant", ("plant/+/state",), COLUMNS, "topic", 1)


class Broker:
    """mosquitto with a password; `stop` and `start` keep the sessions."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.port, self.folder = free_port(), folder
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        for name in ("plane", "plant"):
            subprocess.run(["mosquitto_passwd", "-b", passwords, name, f"{name}-secret"], check=True)
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nuser root\n{more}"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()
        self.device = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "device")
        self.device.username_pw_set("plant", "plant-secret")
        self.device.connect("127.0.0.1", self.port)
        self.device.loop_start()

    def start(self) -> None:
        assert MOSQUITTO
        log = (self.folder / "broker.log").open("ab")
        self.process = subprocess.Popen([MOSQUITTO, "-c", self.folder / "mosquitto.conf"], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert time.monotonic() < deadline, (self.folder / "broker.log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        assert self.process
        self.process.terminate()
        self.process.wait(10)

    def say(self, n: int, machine: str = "a", **more) -> None:
        message = {"machine": machine, "n": n, "celsius": 20.5 + n, "operator": "机密张三", "extra": "机密", **more}
        self.raw(json.dumps(message, ensure_ascii=False), f"plant/{machine}/state")

    def raw(self, text: str | bytes, topic: str = "plant/a/state", retain: bool = False) -> None:
        deadline = time.monotonic() + 20
        while not self.device.is_connected() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.device.publish(topic, text, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self.device.loop_stop()
        self.stop()


class Buyer:
    """paho's client at the plane's own port."""

    def __init__(self, plane: PlaneProcess, password: str = "k1", user: str = "key", product: str = "states",
                 qos: int = 1, client_id: str = "buyer") -> None:  # fmt: skip
        self.messages: list[dict] = []
        self.topics: set[str] = set()
        self.connected = self.granted = None
        self.gone = threading.Event()
        self._answered = threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False)
        self.client.username_pw_set(user, password)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        self.client.on_disconnect = lambda *_: self.gone.set()
        self._wanted = (f"products/{product}", qos)
        self.client.connect("127.0.0.1", plane.mqtt_port)
        self.client.loop_start()
        assert self._answered.wait(15), (plane.folder / "log").read_text()[-3000:]

    def _on_connect(self, client, _, flags, reason, properties) -> None:
        self.connected = not reason.is_failure
        if self.connected:
            client.subscribe(*self._wanted)
        else:
            self._answered.set()

    def _on_subscribe(self, client, _, number, reasons, properties) -> None:
        self.granted = reasons[0].value
        self._answered.set()

    def _on_message(self, client, _, message) -> None:
        self.topics.add(message.topic)
        self.messages.append(json.loads(message.payload))

    def until(self, count: int, seconds: float = 20) -> list[dict]:
        deadline = time.monotonic() + seconds
        while len(self.messages) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.messages) >= count, self.messages
        return self.messages

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(tmp_path_factory):
    """One for each test: a broker keeps the session of a plane that was killed, and what came meanwhile."""
    made = Broker(tmp_path_factory.mktemp("broker"))
    yield made
    made.close()


@pytest.fixture
def edge(make_plane, broker):
    def make(granted=None, source: StreamSource = SOURCE, secret: str = "plane-secret", **settings) -> PlaneProcess:
        changes = {"outcomes": {"delivered": True}} | settings.pop("changes", {})
        port = free_port()
        plane = make_plane(
            grant("g1", "states", source, granted or terms(FIELDS), ("k1",), **changes),
            role="edge",
            connectors={"plant": {"url": f"mqtt://127.0.0.1:{broker.port}", "user": "plane", "secret": secret}},
            allow=f"127.0.0.1:{broker.port}",
            mqtt_port=port,
            **settings,
        )
        plane.mqtt_port = port
        return plane

    return make


@pytest.fixture
def buyers():
    made: list[Buyer] = []

    def make(*arguments, **more) -> Buyer:
        made.append(Buyer(*arguments, **more))
        return made[-1]

    yield make
    for buyer in made:
        buyer.close()


def delivered(plane: PlaneProcess) -> list[dict]:
    return [record for record in plane.shipped() if record["outcome"] == "delivered"]


def test_granted_members_arrive_and_each_window_is_metered_first(edge, broker, buyers):
    plane = edge()
    buyer = buyers(plane)
    assert buyer.granted == 1
    for n in range(25):
        broker.say(n)
    messages = buyer.until(25)
    assert messages == [{"machine": "a", "n": n, "celsius": 20.5 + n} for n in range(25)]
    assert buyer.topics == {"products/states"}
    records = delivered(plane)
    assert sum(record["rows"] for record in records) == 25
    assert sum(record["bytes"] for record in records) == sum(
        len(json.dumps(m, ensure_ascii=False, separators=(",", ":")).encode()) for m in messages
    )
    assert {(r["mode"], r["action"], r["charged"]) for r in records} == {("stream", "read", True)}
    # the windows follow each other without a gap
    spans = [(record["detail"]["from"], record["detail"]["until"]) for record in records]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
    assert all(datetime.fromisoformat(a) < datetime.fromisoformat(b) for a, b in spans)
    plane.stop()
    kept = b"".join(file.read_bytes() for file in (plane.folder / "data").rglob("*") if file.is_file())
    assert "机密".encode() not in kept and b"celsius" not in kept and b"plane-secret" not in kept


def test_filter_masks_topic_and_lists_of_records(edge, broker, buyers):
    granted = terms(
        ("machine", "n", "operator", "topic"),
        rows=(RowFilter("machine", "in", ("a", "b")),),
        masks=(Mask("operator", "keep_ends", {"prefix": 1, "suffix": 0}), Mask("n", "band", {"width": 10})),
    )
    plane = edge(granted)
    buyer = buyers(plane)
    broker.say(12, "c")
    broker.raw(json.dumps([{"machine": "a", "n": 27, "operator": "李四"}, {"machine": "c", "n": 1},
                           {"machine": "b", "n": 3, "operator": None}]))  # fmt: skip
    assert buyer.until(2) == [
        {"machine": "a", "n": 20, "operator": "李*", "topic": "plant/a/state"},
        {"machine": "b", "n": 0, "operator": None, "topic": "plant/a/state"},
    ]
    assert [record["rows"] for record in delivered(plane)] == [2]


def test_what_does_not_fit_is_left_out_and_not_charged(edge, broker, buyers):
    plane = edge()
    buyer = buyers(plane)
    for text in ("{", "[1, 2]", '"x"', '{"other": 1}', '{"n": "many"}', b"\xff\xfe", '{"n": NaN}', "9" * 70000):
        broker.raw(text)
    broker.raw('{"machine":"a","n":0}', retain=True)
    broker.say(1)
    assert [message["n"] for message in buyer.until(2)] == [0, 1]
    assert sum(record["rows"] for record in delivered(plane)) == 2
    # what the broker kept is not sold again to one who comes later
    later_one = buyers(plane, client_id="later")
    broker.say(2)
    assert [message["n"] for message in later_one.until(1)] == [2]
    broker.raw(b"", retain=True)
    assert "机密" not in (plane.folder / "log").read_text()


@pytest.mark.parametrize(
    ("changes", "password", "code"),
    [
        ({"valid_from": later(3600)}, "k1", "not_started"),
        ({"valid_until": later(-3600)}, "k1", "expired"),
        ({"actions": ("train",)}, "k1", "action_denied"),
        ({"purpose": "risk_control"}, "k1", "purpose_denied"),
        ({"networks": ("192.0.2.0/24",)}, "k1", "place_denied"),
        ({"environment": "isolated"}, "k1", "environment_denied"),
        ({}, "wrong", None),
    ],
)
def test_terms_that_refuse_a_subscription(edge, buyers, changes, password, code):
    plane = edge(terms(FIELDS, **changes))
    buyer = buyers(plane, password)
    if code is None:
        assert buyer.connected is False
        return
    assert (buyer.connected, buyer.granted) == (True, 128)
    assert [(record["outcome"], record["state"]) for record in plane.shipped()] == [(code, "refused")]


def test_the_agreed_network_and_environment_admit(edge, buyers):
    granted = terms(FIELDS, networks=("127.0.0.0/8",), environment="isolated")
    plane = edge(granted, changes={"credentials": (credential("k1", environment="isolated"),)})
    assert buyers(plane).granted == 1


def test_no_wildcard_and_nothing_but_products(edge, buyers):
    plane = edge()
    buyer = buyers(plane, product="other")
    assert buyer.granted == 128
    heard: list[int] = []
    buyer.client.on_subscribe = lambda c, u, m, reasons, p: heard.append(reasons[0].value)
    for topic in ["#", "+/states", "products/#", "products/+", "products/other", "states", "$SYS/#"]:
        heard.clear()
        buyer.client.subscribe(topic, 1)
        plane.wait(lambda: heard, 10)
        assert heard == [128] and not buyer.gone.is_set(), topic


def test_buyers_cannot_publish(edge, broker, buyers):
    plane = edge()
    buyer = buyers(plane)
    buyer.client.publish("products/states", b"x")
    assert buyer.gone.wait(10)
    will = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "w", reconnect_on_failure=False)
    will.username_pw_set("key", "k1")
    will.will_set("products/states", b"x")
    codes: list[str] = []
    will.on_connect = lambda c, u, f, reason, p: codes.append(str(reason))
    will.connect("127.0.0.1", plane.mqtt_port)
    will.loop_start()
    plane.wait(lambda: codes, 10)
    will.loop_stop()
    assert codes == ["Not authorized"]


@pytest.mark.parametrize(("unit", "limit"), [("rows", 7), ("bytes", 300)])
def test_quotas_of_messages_and_bytes_are_exact(edge, broker, buyers, unit, limit):
    plane = edge(terms(FIELDS, quotas=(Quota(unit, limit),)))
    buyer = buyers(plane)
    for n in range(30):
        broker.say(n)
    assert buyer.gone.wait(15)
    sizes = [len(json.dumps(m, separators=(",", ":")).encode()) for m in buyer.messages]
    records = plane.shipped()
    if unit == "rows":
        assert len(sizes) == limit
    else:
        following = len(json.dumps({"machine": "a", "n": len(sizes), "celsius": 20.5}, separators=(",", ":")))
        assert sum(sizes) <= limit < sum(sizes) + following
    assert sum(r["rows"] for r in records) == len(sizes) and sum(r["bytes"] for r in records) == sum(sizes)
    assert [m["n"] for m in buyer.messages] == list(range(len(sizes)))
    assert records[-1]["outcome"] == "quota_exhausted"
    assert buyers(plane, client_id="again").until(0) == []
    plane.kill()
    plane.start()
    back = buyers(plane, client_id="back")
    broker.say(1)
    assert back.gone.wait(10) and back.messages == []


@pytest.mark.parametrize("state", ["ended", "suspended"])
def test_a_grant_that_ends_stops_the_stream_within_a_second(edge, broker, buyers, control, state):
    plane = edge()
    buyer = buyers(plane)
    broker.say(0)
    buyer.until(1)
    revision = control.set(replace(control.grants[0], state=state))
    broker.say(1)
    plane.at(revision)
    known = time.monotonic()
    assert buyer.gone.wait(10)
    gone = time.monotonic() - known
    broker.say(2)
    assert [message["n"] for message in buyer.messages] == [0] and gone < 5
    records = plane.shipped()
    assert sum(record["rows"] for record in records) == 1
    assert records[-1]["outcome"] == ("revoked" if state == "ended" else "suspended")


def test_a_lost_platform_stops_the_stream_when_the_lease_ends(edge, buyers, broker, control):
    control.lease = 2.0
    plane = edge()
    buyer = buyers(plane)
    control.away = True
    assert buyer.gone.wait(15)
    control.away = False
    plane.wait(lambda: plane.health()["ok"])
    assert plane.shipped()[-1]["outcome"] == "bundle_stale"


def test_narrower_terms_begin_anew(edge, buyers, broker, control):
    plane = edge()
    buyer = buyers(plane)
    granted = control.grants[0]
    plane.at(control.set(replace(granted, terms=replace(granted.terms, fields=("machine",)))))
    assert buyer.gone.wait(10)
    anew = buyers(plane)
    broker.say(5)
    assert anew.until(1) == [{"machine": "a"}]


def test_a_kill_loses_no_released_message_from_the_meter(edge, broker, buyers):
    plane = edge()
    got = 0
    for round_ in range(3):
        buyer = buyers(plane, client_id=f"b{round_}")
        stop = threading.Event()

        def flood(stopped: threading.Event) -> None:
            n = 0
            while not stopped.is_set():
                broker.say(n)
                n += 1

        talking = threading.Thread(target=flood, args=(stop,))
        talking.start()
        buyer.until(20)
        plane.kill()
        stop.set()
        talking.join()
        buyer.gone.wait(10)
        got += len(buyer.messages)
        plane.start()
    metered = sum(record["rows"] for record in delivered(plane))
    # one window at most was durable and had not left yet, each time
    assert got <= metered


def test_a_broken_line_to_the_supplier_loses_and_doubles_nothing(edge, broker, buyers):
    plane = edge()
    buyer = buyers(plane)
    broker.say(0)
    buyer.until(1)
    broker.stop()
    broker.start()
    for n in range(1, 20):
        broker.say(n)
    messages = buyer.until(20, 60)
    time.sleep(1.5)
    assert [message["n"] for message in messages] == list(range(20))
    assert sum(record["rows"] for record in delivered(plane)) == 20


def test_a_broker_that_refuses_us_is_an_unavailable_source(edge, buyers):
    plane = edge(secret="wrong")
    assert buyers(plane).granted == 128
    assert plane.shipped()[-1]["outcome"] == "source_unavailable"


def test_two_buyers_hear_the_same_and_are_metered_apart(make_plane, broker, buyers):
    port = free_port()
    plane = make_plane(
        grant("g1", "states", SOURCE, terms(FIELDS), ("k1",), outcomes={"delivered": True}),
        grant("g2", "states", SOURCE, terms(("n",)), ("k2",), outcomes={}),
        role="edge",
        connectors={"plant": {"url": f"mqtt://127.0.0.1:{broker.port}", "user": "plane", "secret": "plane-secret"}},
        allow=f"127.0.0.1:{broker.port}",
        mqtt_port=port,
    )
    plane.mqtt_port = port
    one, two = buyers(plane), buyers(plane, "k2", client_id="two", qos=0)
    assert (one.granted, two.granted) == (1, 0)
    for n in range(5):
        broker.say(n)
    assert one.until(5) == [{"machine": "a", "n": n, "celsius": 20.5 + n} for n in range(5)]
    assert two.until(5) == [{"n": n} for n in range(5)]
    totals = {(r["grant"], r["charged"]): 0 for r in delivered(plane)}
    for record in delivered(plane):
        totals[record["grant"], record["charged"]] += record["rows"]
    assert totals == {("g1", True): 5, ("g2", False): 5}


def test_a_signing_key_signs_on_by_its_id(edge, control, buyers, broker):
    key = credential("s3cret", "aksk", sealed="s1.x", id="MY-1")
    plane = edge(changes={"credentials": (key,)})
    assert buyers(plane, "s3cret", "MY-1").granted == 1
    assert buyers(plane, "s3creT", "MY-1", client_id="x").connected is False


def test_a_second_connection_of_one_client_ends_the_first(edge, buyers):
    plane = edge()
    first = buyers(plane)
    second = buyers(plane)
    assert first.gone.wait(10) and second.granted == 1 and not second.gone.is_set()


def test_a_buyer_who_takes_nothing_is_let_go_with_a_record(edge, broker):
    plane = edge(source=replace(SOURCE, topics=("plant/a/state",)))
    raw = socket.create_connection(("127.0.0.1", plane.mqtt_port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.sendall(_connect("k1") + _subscribe("products/states", 1))
    assert raw.recv(4) == packets.connack(0)
    assert raw.recv(5) == packets.suback(1, [1])
    for n in range(2100):
        broker.device.publish("plant/a/state", json.dumps({"machine": "a", "n": n}), qos=0)
    plane.wait(lambda: any(r["outcome"] == "slow_consumer" for r in plane.shipped()), 60)
    # no more was released than the unacknowledged that are allowed
    assert sum(record["rows"] for record in delivered(plane)) <= 3000
    raw.close()


def _connect(password: str) -> bytes:
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + b"".join(
        struct.pack("!H", len(text)) + text for text in (b"raw", b"key", password.encode())
    )
    return bytes((0x10, len(body))) + body


def _subscribe(topic: str, quality: int) -> bytes:
    body = b"\x00\x01" + struct.pack("!H", len(topic)) + topic.encode() + bytes((quality,))
    return bytes((0x82, len(body))) + body


def test_a_silent_client_is_gone_after_one_and_a_half_periods(edge):
    plane = edge()
    raw = socket.create_connection(("127.0.0.1", plane.mqtt_port))
    raw.settimeout(20)
    raw.sendall(_connect("k1").replace(b"\xc2\x00\x3c", b"\xc2\x00\x02"))
    assert raw.recv(4) == packets.connack(0)
    assert raw.recv(1) == b""


def test_bad_bytes_end_the_connection_and_nothing_else(edge, buyers):
    plane = edge()
    for sent in [
        b"\x00\x00",
        b"\x30\x05\x00\x01aXY",
        b"\x10\xff\xff\xff\xff\x01",
        b"\x82\x02\x00\x01",
        b"\x10\x0c\x00\x04MQTT\x05\xc2\x00\x3c\x00\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        _connect("k1") + b"\x30\x05\x00\x01aXY",
        _connect("k1") + b"\x82\x05\x00\x00\x00\x01a",
        _connect("k1") + _connect("k1"),
    ]:
        raw = socket.create_connection(("127.0.0.1", plane.mqtt_port))
        raw.settimeout(20)
        raw.sendall(sent)
        heard = b""
        with contextlib.suppress(ConnectionError):
            while piece := raw.recv(100):
                heard += piece
        assert heard in (b"", packets.connack(0), packets.connack(1)), sent
    assert buyers(plane).granted == 1
    assert "Traceback" not in (plane.folder / "log").read_text()
