"""Signed payloads, as the callbacks of an app receive them."""

import base64
import json
from collections.abc import Mapping

import jwt


def encode_jwt(claims: Mapping[str, object], secret: str, algorithm: str) -> str:
    """A JSON web token with exactly these claims, however malformed.

    PyJWT's own encode() refuses odd claims, which a test of their refusal needs, and warns of
    secrets under 32 bytes, which older BigCommerce apps have.
    """
    header = {"typ": "JWT", "alg": algorithm}
    signing_input = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    signer = jwt.PyJWS().get_algorithm_by_name(algorithm)
    signature = signer.sign(
        signing_input, signer.prepare_key("" if algorithm == "none" else secret)
    )
    return b".".join((signing_input, _base64url(signature))).decode("ascii")


def _base64url(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
