"""Which pages may call the function from a browser."""

import pytest

from coldpress_runtime.cors import cors_headers, preflight_headers

PAGE = "https://app.example.com"
ASKED = {"origin": PAGE, "access-control-request-method": "POST"}


@pytest.mark.parametrize(
    ("origin", "origins", "allowed"),
    [
        (PAGE, (PAGE,), PAGE),
        (PAGE, ("https://b.example", PAGE), PAGE),
        (PAGE, ("*",), "*"),
        (PAGE, (), None),
        ("https://evil.example", (PAGE,), None),
        ("https://app.example.com.evil.example", (PAGE,), None),
        ("null", (PAGE,), None),
        ("", ("*",), None),
    ],
    ids=["allowed", "one of two", "any", "none", "other", "longer", "null", "no origin"],
)
def test_a_page_is_allowed_by_its_origin(origin, origins, allowed):
    """The very origin is allowed, or any; nothing that only looks like it."""
    told = cors_headers({"origin": origin} if origin else {}, origins)
    assert told.get("access-control-allow-origin") == allowed
    assert ("access-control-expose-headers" in told) is (allowed is not None)


def test_caches_learn_that_the_answer_depends_on_the_page():
    """Where not all origins are alike, the answer varies by origin, refused ones too."""
    assert cors_headers({"origin": PAGE}, (PAGE,))["vary"] == "origin"
    assert cors_headers({"origin": "https://evil.example"}, (PAGE,)) == {"vary": "origin"}
    assert cors_headers({}, (PAGE,)) == {"vary": "origin"}


def test_a_preflight_tells_methods_and_headers():
    """A browser learns which methods the path answers, and that its headers may be sent."""
    asked = {**ASKED, "access-control-request-headers": "content-type, x-amz-date"}
    assert preflight_headers(asked, ("POST", "OPTIONS")) == {
        "access-control-allow-methods": "POST, OPTIONS",
        "access-control-max-age": "3600",
        "access-control-allow-headers": "content-type, x-amz-date",
    }


@pytest.mark.parametrize("names", ["", "a\r\nset-cookie: b", "a,,b", "x" * 9_999 + "!\n", "a b"])
def test_headers_that_are_none_are_not_repeated(names):
    """What is no list of header names never comes back."""
    asked = {**ASKED, "access-control-request-headers": names}
    told = preflight_headers(asked, ("POST",)).get("access-control-allow-headers", "")
    assert "\n" not in told
    assert " b" not in told


def test_an_options_request_is_no_preflight_by_itself():
    """Without a method that is asked for, nothing is told but what any answer tells."""
    assert preflight_headers({"origin": PAGE}, ("POST",)) == {}
