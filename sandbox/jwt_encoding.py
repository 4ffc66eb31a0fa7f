"""Encode JSON web tokens without validating their claims."""

import base64
import json
from collections.abc import Mapping

import jwt


def encode_jwt(claims: Mapping[str, object], secret: str, algorithm: str) -> str:
    """Return a JSON web token with exactly these claims, even if they are malformed.

    PyJWT's encode() rejects malformed claims, which tests need, and warns about secrets under
    32 bytes, which older BigCommerce apps have.
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
