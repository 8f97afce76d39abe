"""azure-messaging-webpubsubservice: every operation that it has, with the status that it gets."""

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from place import MAY_ALL, Person, Place, unique


def status(operation, *arguments, **options):
    """Performs an operation and returns the status of its answer."""
    seen = []
    operation(*arguments, raw_response_hook=lambda answer: seen.append(answer.http_response.status_code), **options)
    return seen[-1]


class Service(Place):
    def test_messages_reach_whom_they_are_for(self):
        group = unique("group")
        ada = Person(self, token={"user_id": unique("ada"), "groups": [group]})
        server = self.service()
        for send, to in [(server.send_to_connection, ada.id), (server.send_to_user, ada.user), (server.send_to_group, group)]:
            for message, kind, data in [
                ("words", {"content_type": "text/plain"}, "words"),
                ({"of": ["JSON", 1.5]}, {}, {"of": ["JSON", 1.5]}),
            ]:
                self.assertEqual(status(send, to, message, **kind), 202)
                self.assertEqual(ada.next().data, data)
        self.assertEqual(status(server.send_to_connection, ada.id, b"\x00\xff", content_type="application/octet-stream"), 202)
        self.assertEqual(bytes(ada.next().data), b"\x00\xff")

    def test_nobody_hears_what_is_sent_to_who_is_absent(self):
        server = self.service()
        for send in (server.send_to_connection, server.send_to_user, server.send_to_group):
            self.assertEqual(status(send, unique("absent"), "x", content_type="text/plain"), 202)

    def test_a_filter_chooses(self):
        group, name = unique("group"), unique("it's ")
        ada = Person(self, token={"user_id": name, "groups": [group]})
        bob = Person(self, token={"user_id": unique("bob"), "groups": [group]})
        server = self.service()
        quoted = name.replace("'", "''")
        server.send_to_group(group, "to ada", content_type="text/plain", filter=f"userId eq '{quoted}'")
        self.assertEqual(ada.next().data, "to ada")
        server.send_to_group(group, "to bob", content_type="text/plain", excluded=[ada.id])
        self.assertEqual(bob.next().data, "to bob")
        self.hears_nothing(ada)
        with self.assertRaises(HttpResponseError) as failed:
            server.send_to_group(group, "x", content_type="text/plain", filter="userId eq")
        self.assertEqual(failed.exception.status_code, 400)

    def test_groups_are_entered_and_left(self):
        group, name = unique("a/b c+ż"), unique("user/1 a")
        ada = Person(self, token={"user_id": name})
        server = self.service()
        self.assertFalse(server.group_exists(group))
        self.assertEqual(status(server.add_connection_to_group, group, ada.id), 200)
        self.assertTrue(server.group_exists(group))
        self.assertEqual(status(server.remove_connection_from_group, group, ada.id), 204)
        self.assertFalse(server.group_exists(group))
        self.assertEqual(status(server.add_user_to_group, group, name), 200)
        self.assertEqual([member.connection_id for member in server.list_connections(group=group)], [ada.id])
        self.assertEqual(status(server.remove_user_from_group, group, name), 204)
        server.add_user_to_group(group, name)
        self.assertEqual(status(server.remove_user_from_all_groups, name), 204)
        server.add_user_to_group(group, name)
        self.assertEqual(status(server.remove_connection_from_all_groups, ada.id), 204)
        self.assertFalse(server.group_exists(group))
        with self.assertRaises(ResourceNotFoundError):
            server.add_connection_to_group(group, unique("absent"))

    def test_a_group_is_listed_in_pages(self):
        group = unique("group")
        people = [Person(self, token={"groups": [group]}) for _ in range(5)]
        server = self.service()
        listed = [member.connection_id for member in server.list_connections(group=group, maxpagesize=2)]
        self.assertEqual(listed, sorted(person.id for person in people))
        self.assertEqual(len(list(server.list_connections(group=group, top=3))), 3)

    def test_permissions_are_granted_checked_and_revoked(self):
        group = unique("group")
        ada = Person(self)
        server = self.service()
        for permission in ("joinLeaveGroup", "sendToGroup"):
            self.assertFalse(server.has_permission(permission, ada.id, target_name=group))
            self.assertEqual(status(server.grant_permission, permission, ada.id, target_name=group), 200)
            self.assertTrue(server.has_permission(permission, ada.id, target_name=group))
        ada.client.join_group(group)
        for permission in ("joinLeaveGroup", "sendToGroup"):
            self.assertEqual(status(server.revoke_permission, permission, ada.id, target_name=group), 204)
            self.assertFalse(server.has_permission(permission, ada.id, target_name=group))

    def test_connections_are_closed(self):
        group, name = unique("group"), unique("ada")
        server = self.service()
        for close in (
            lambda ada: status(server.close_connection, ada.id, reason="enough"),
            lambda ada: status(server.close_user_connections, name, reason="enough"),
            lambda ada: status(server.close_group_connections, group, reason="enough"),
        ):
            ada = Person(self, token={"user_id": name, "groups": [group]}, reconnect_retry_total=0)
            self.assertTrue(server.user_exists(name) and server.connection_exists(ada.id))
            self.assertEqual(close(ada), 204)
            self.assertEqual(ada.disconnections.get(timeout=20).message, "enough")
            while server.connection_exists(ada.id):
                pass
        self.assertFalse(server.user_exists(name))
        self.assertEqual(status(server.close_connection, unique("absent")), 204)


class Alone(Place):
    only_here = "it speaks to everybody in the hub"

    def test_everybody_hears_and_everybody_is_closed(self):
        ada, bob = Person(self, reconnect_retry_total=0), Person(self, token={"roles": MAY_ALL}, reconnect_retry_total=0)
        server = self.service()
        self.assertEqual(status(server.send_to_all, "to all", content_type="text/plain", excluded=[bob.id]), 202)
        self.assertEqual(ada.next().data, "to all")
        self.hears_nothing(bob)
        self.assertEqual(status(server.close_all_connections, reason="closing time", excluded=[bob.id]), 204)
        self.assertEqual(ada.disconnections.get(timeout=20).message, "closing time")
        self.assertTrue(server.connection_exists(bob.id))
