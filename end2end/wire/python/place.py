"""Where the tests run: on the hub's program, or on a real resource where its connection string is given. Knows no
protocol."""

import logging
import os
import pathlib
import queue
import signal
import socket
import subprocess
import threading
import unittest
import uuid

from azure.messaging.webpubsubclient import WebPubSubClient, WebPubSubClientCredential
from azure.messaging.webpubsubclient.models import CallbackType
from azure.messaging.webpubsubservice import WebPubSubServiceClient

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("HUB_PROGRAM") or ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug" / "hub"
AZURE = os.environ.get("PUBSUB_CONNECTION_STRING")
HUB = os.environ.get("PUBSUB_HUB", "wire")

# The client warns of every socket that it loses, which is what the tests are about.
logging.getLogger("azure").setLevel(logging.ERROR)

# Longer than anything takes; what waits for it has failed.
PATIENCE = 20

MAY_ALL = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"]


def unique(name):
    """A name that no other test uses: a real resource is shared."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


class Hub:
    """The program, from its start to its end."""

    def __init__(self, *words):
        command = [str(PROGRAM), "--port", "0", "--log", "error", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.connection_string = self.process.stdout.readline().strip()
        self.port = int(self.connection_string.split(";")[0].rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        assert code == 0, f"the hub ended with {code}"


class Wire:
    """A wire to the hub that can be cut: passes bytes until told otherwise."""

    def __init__(self, port):
        self.target = port
        self.passing = True
        self.ends = []
        self.knocked = threading.Semaphore(0)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.knocked.release()
            if not self.passing:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            self.ends += [near, far]
            for one, other in [(near, far), (far, near)]:
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """Drops what is connected, without a goodbye."""
        for end in self.ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.ends.clear()

    def close(self):
        self.passing = False
        self.listener.close()
        self.cut()


class Person:
    """Somebody at Microsoft's client, and what they heard."""

    def __init__(self, place, through=None, token=None, **options):
        tokens = place.service(through=through)
        given = token or {}
        credential = WebPubSubClientCredential(lambda: tokens.get_client_access_token(**given)["url"])
        options.setdefault("message_retry_total", 0)
        options.setdefault("reconnect_retry_backoff_factor", 0.05)
        # The client may miss an answer that comes before it waits for it, and then waits this long.
        options.setdefault("start_timeout", 3)
        options.setdefault("ack_timeout", 3)
        self.client = WebPubSubClient(credential, **options)
        self.messages, self.connections, self.disconnections = queue.Queue(), queue.Queue(), queue.Queue()
        self.client.subscribe(CallbackType.GROUP_MESSAGE, self.messages.put)
        self.client.subscribe(CallbackType.SERVER_MESSAGE, self.messages.put)
        self.client.subscribe(CallbackType.CONNECTED, self.connections.put)
        self.client.subscribe(CallbackType.DISCONNECTED, self.disconnections.put)
        place.addCleanup(self.client.close)
        self.client.open()
        connected = self.connections.get(timeout=PATIENCE)
        self.id, self.user = connected.connection_id, connected.user_id

    def next(self):
        return self.messages.get(timeout=PATIENCE)


class Place(unittest.TestCase):
    """Tests that have a service. A class of its own program names the words that it is started with."""

    words = ()
    # Why a real resource will not do, if it will not.
    only_here = None

    @classmethod
    def setUpClass(cls):
        if AZURE and cls.only_here:
            print(f"\n*** SKIPPED: {cls.__name__}, on Azure: {cls.only_here}\n", flush=True)
        if not AZURE:
            print(f"\n*** SKIPPED: {cls.__name__}, on Azure: PUBSUB_CONNECTION_STRING is not set\n", flush=True)
        cls.hub = None if AZURE and not cls.only_here else Hub(*cls.words)

    @classmethod
    def tearDownClass(cls):
        if cls.hub:
            cls.hub.stop()

    def service(self, hub=HUB, through=None):
        """Microsoft's client of the REST interface."""
        string = self.hub.connection_string if self.hub else AZURE
        if through:
            string = string.replace(f":{self.hub.port};", f":{through.port};")
        return WebPubSubServiceClient.from_connection_string(string, hub=hub)

    def wire(self):
        wire = Wire(self.hub.port)
        self.addCleanup(wire.close)
        return wire

    def hears_nothing(self, person):
        """Proves that nothing else was on its way: a message sent now is the next to arrive."""
        last = unique("last")
        self.service().send_to_connection(person.id, last, content_type="text/plain")
        self.assertEqual(person.next().data, last)
