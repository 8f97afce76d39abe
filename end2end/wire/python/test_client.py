"""azure-messaging-webpubsubclient, with tokens of azure-messaging-webpubsubservice: what an application's user does."""

from azure.messaging.webpubsubclient.models import OpenClientError, SendMessageError, WebPubSubDataType, WebPubSubProtocolType
from azure.messaging.webpubsubclient import WebPubSubClient

from place import MAY_ALL, PATIENCE, Person, Place, unique

PROTOCOLS = [WebPubSubProtocolType.JSON, WebPubSubProtocolType.JSON_RELIABLE]
TEXT = WebPubSubDataType.TEXT


class Client(Place):
    def test_a_token_made_from_the_connection_string_opens_a_socket(self):
        ada = Person(self, token={"user_id": "ada"})
        self.assertEqual(ada.user, "ada")
        self.assertTrue(self.service().connection_exists(ada.id))

    def test_a_token_for_another_hub_opens_none_and_says_why(self):
        url = self.service("another").get_client_access_token()["url"].replace("/another", "/wire")
        client = WebPubSubClient(url, reconnect_retry_total=0)
        with self.assertRaisesRegex(OpenClientError, "401"):
            client.open()

    def test_members_join_send_hear_and_leave(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                group = unique("group")
                ada = Person(self, token={"user_id": "ada", "roles": MAY_ALL}, protocol_type=protocol)
                bob = Person(self, token={"user_id": "bob", "roles": MAY_ALL}, protocol_type=protocol)
                for person in (ada, bob):
                    person.client.join_group(group)
                ada.client.send_to_group(group, "hello", TEXT)
                for person in (ada, bob):
                    heard = person.next()
                    self.assertEqual((heard.group, heard.from_user_id, heard.data), (group, "ada", "hello"))
                ada.client.send_to_group(group, {"n": [1, None]}, WebPubSubDataType.JSON, no_echo=True)
                self.assertEqual(bob.next().data, {"n": [1, None]})
                self.hears_nothing(ada)
                bob.client.leave_group(group)
                ada.client.send_to_group(group, "bob is gone", TEXT)
                self.assertEqual(ada.next().data, "bob is gone")
                self.hears_nothing(bob)

    def test_bytes_come_back_as_they_were(self):
        group = unique("group")
        ada = Person(self, token={"roles": MAY_ALL, "groups": [group]})
        data = bytes(range(256))
        ada.client.send_to_group(group, memoryview(data), WebPubSubDataType.BINARY)
        self.assertEqual(bytes(ada.next().data), data)

    def test_what_one_may_not_do_is_an_error_and_the_socket_stays(self):
        ada = Person(self, token={"user_id": "ada"})
        for act in (lambda: ada.client.join_group("g"), lambda: ada.client.send_to_group("g", "x", TEXT)):
            with self.assertRaises(SendMessageError) as failed:
                act()
            self.assertEqual(failed.exception.error_detail.name, "Forbidden")
        self.hears_nothing(ada)

    def test_an_event_that_nobody_takes_is_an_error(self):
        ada = Person(self)
        with self.assertRaises(SendMessageError) as failed:
            ada.client.send_event("nobody", "x", TEXT)
        self.assertEqual(failed.exception.error_detail.name, "InternalServerError")
        self.hears_nothing(ada)

    def test_a_client_that_the_server_closed_is_told_why_and_begins_anew(self):
        ada = Person(self, token={"user_id": "ada"})
        self.service().close_connection(ada.id, reason="that is all")
        self.assertEqual(ada.disconnections.get(timeout=PATIENCE).message, "that is all")
        self.assertNotEqual(ada.connections.get(timeout=PATIENCE).connection_id, ada.id)


class Recovery(Place):
    only_here = "it needs a wire that can be cut"

    def test_a_client_that_lost_its_socket_hears_what_it_missed_once_and_in_order(self):
        wire, group = self.wire(), unique("group")
        ada = Person(self, through=wire, token={"user_id": "ada", "groups": [group]})
        server = self.service()
        for number in range(60):
            if number % 20 == 10:
                wire.cut()
            server.send_to_group(group, str(number), content_type="text/plain")
        self.assertEqual([ada.next().data for _ in range(60)], [str(number) for number in range(60)])
        self.assertTrue(server.connection_exists(ada.id))
        self.assertTrue(ada.disconnections.empty() and ada.connections.empty())
        self.hears_nothing(ada)

    def test_groups_and_permissions_survive(self):
        wire, group = self.wire(), unique("group")
        ada = Person(self, through=wire, token={"user_id": "ada", "roles": [f"webpubsub.sendToGroup.{group}"]}, message_retry_total=5)
        self.service().grant_permission("joinLeaveGroup", ada.id, target_name=group)
        ada.client.join_group(group)
        while wire.knocked.acquire(blocking=False):
            pass
        wire.cut()
        self.assertTrue(wire.knocked.acquire(timeout=PATIENCE), "it comes back")
        self.service().send_to_group(group, "still here", content_type="text/plain")
        self.assertEqual(ada.next().data, "still here")
        ada.client.send_to_group(group, "and may still send", TEXT)
        self.assertEqual(ada.next().data, "and may still send")
        self.assertTrue(self.service().connection_exists(ada.id))


class Patience(Place):
    only_here = "it needs a hub that waits for a second only"
    words = ("--retention", "1")

    def test_a_client_that_was_away_for_too_long_begins_anew_in_its_groups(self):
        wire, group = self.wire(), unique("group")
        ada = Person(self, through=wire, token={"user_id": "ada", "roles": MAY_ALL})
        ada.client.join_group(group)
        wire.passing = False
        wire.cut()
        server = self.service()
        while server.connection_exists(ada.id):
            pass
        wire.passing = True
        self.assertNotEqual(ada.connections.get(timeout=PATIENCE).connection_id, ada.id)
        # The client rejoins on threads of its own and says nothing when it has.
        while not server.group_exists(group):
            pass
        server.send_to_group(group, "welcome back", content_type="text/plain")
        self.assertEqual(ada.next().data, "welcome back")
