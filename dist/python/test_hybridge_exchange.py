"""Tests of hybridge_exchange.py against the published vectors: `python -m unittest` in this folder."""

import json
import pathlib
import tempfile
import unittest

import hybridge_exchange as exchange

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "key-exchange-vectors.json"


class Vectors(unittest.TestCase):
    def test_the_published_vectors_hold(self) -> None:
        checked = exchange.check_vectors(str(VECTORS))["checked"]
        self.assertEqual(len(checked), 2)
        self.assertTrue(all(result["messages"] == 8 and result["refused"] > 10 for result in checked.values()))

    def test_a_vector_that_was_altered_does_not_hold(self) -> None:
        for path in (["confirm"], ["use", "epoch_0", "exports", 0, "exported"], ["use", "rekey", "rekeyed"]):
            file = json.loads(VECTORS.read_text())
            place = file["vectors"][0]
            for step in path[:-1]:
                place = place[step]
            text = place[path[-1]]
            place[path[-1]] = text[:-1] + ("0" if text[-1] != "0" else "1")
            with tempfile.NamedTemporaryFile("w", suffix=".json") as altered:
                json.dump(file, altered)
                altered.flush()
                with self.assertRaises(exchange.Refused, msg=path):
                    exchange.check_vectors(altered.name)


class Refusals(unittest.TestCase):
    def setUp(self) -> None:
        self.vector = json.loads(VECTORS.read_text())["vectors"][0]
        suite = exchange.SUITES[0]
        self.key = suite.kem(bytes.fromhex(self.vector["client_seed"]))
        self.trust = {
            "identity": exchange.Identity(self.vector["identity_spki"].encode()),
            "suites": [suite],
            "caller": None,
            "now": self.vector["now"],
        }

    def finish(self, **changes: object) -> object:
        message, response = (bytes.fromhex(self.vector[name]) for name in ("init", "response"))
        return exchange.finish(message, [self.key], response, self.trust | changes)

    def test_another_caller_an_expired_session_and_a_suite_not_offered(self) -> None:
        self.finish()
        for change in ({"caller": "mallory"}, {"now": self.vector["expires"]}, {"suites": exchange.SUITES[1:]}):
            with self.assertRaises(exchange.Refused, msg=change):
                self.finish(**change)

    def test_plain_http_only_on_this_machine(self) -> None:
        for url in ("http://192.0.2.1", "http://localhost.example.com", "ftp://localhost", "keys.example.com"):
            with self.assertRaises(exchange.Refused, msg=url):
                exchange.Service(url, None, None)
        exchange.Service("http://127.0.0.1:8000", None, None)

    def test_an_identity_in_pem_der_and_hexadecimal_is_the_same(self) -> None:
        spki = bytes.fromhex(self.vector["identity_spki"])
        pem = b"-----BEGIN PUBLIC KEY-----\n" + exchange.base64.b64encode(spki) + b"\n-----END PUBLIC KEY-----\n"
        ids = {exchange.Identity(form).id for form in (spki, pem, spki.hex().encode() + b"\n")}
        self.assertEqual(ids, {bytes.fromhex(self.vector["identity_id"])})
        with self.assertRaises(exchange.Refused):
            exchange.Identity(spki[:-1])


if __name__ == "__main__":
    unittest.main()
