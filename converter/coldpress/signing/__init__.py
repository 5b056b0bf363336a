"""Signatures: who vouches for a version, and whether it is one whom this machine trusts."""

from ._signing import check_private_key, check_signature, sign, trusted_key, verify
from ._trust import check_trusted, published_signature

__all__ = [
    "check_private_key",
    "check_signature",
    "check_trusted",
    "published_signature",
    "sign",
    "trusted_key",
    "verify",
]
