"""What AWS says, as one sentence with what to do about it."""

import pytest

from coldpress.deployment.aws import sign_in
from coldpress.errors import DeployError
from tests.loopback import answering

DENIED = """<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>not allowed</Message></Error></ErrorResponse>"""
CREATED = """<CreateStackResponse><CreateStackResult><StackId>arn:churn</StackId>
</CreateStackResult></CreateStackResponse>"""


def test_who_this_is(aws_environment):
    """The account's number and the region; another region if it is named."""
    assert aws_environment
    assert (sign_in().number, sign_in().region) == ("123456789012", "us-east-1")
    assert sign_in("eu-west-1").region == "eu-west-1"


def test_a_profile_that_is_not_there(aws_environment, monkeypatch):
    """It is named, and not taken for a matter of credentials."""
    assert aws_environment
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    with pytest.raises(DeployError, match=r"nowhere.* could not be found; check AWS_PROFILE"):
        sign_in()


def test_nobody_there(aws_environment, monkeypatch):
    """Where nothing answers it is a matter of the network."""
    assert aws_environment
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(DeployError, match="check the network, the region"):
        sign_in()


def test_a_page_in_its_place(aws_environment, monkeypatch):
    """What answers in the place of AWS with a page, such as a proxy, is a matter of the network."""
    assert aws_environment
    with answering(lambda _: (200, b"<html><p>Sign in<br></html>")) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(DeployError, match=r"check the network, .*$") as caught:
            sign_in().parameters("churn")
    assert len(str(caught.value).splitlines()) == 1


def test_a_stack_that_may_not_be_read(aws_environment, monkeypatch):
    """It is not taken for one that is not there yet; and it is asked for in the region."""
    assert aws_environment
    account = sign_in("eu-west-1")
    regions = []

    def denied(asked):
        regions.append(asked.headers["authorization"].split("/")[2])
        return 403, DENIED.encode()

    with answering(denied) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        for asks in (account.parameters, account.outputs):
            with pytest.raises(DeployError, match=r"the stack churn can.t be read: .*not allowed"):
                asks("churn")
        with pytest.raises(DeployError, match=r"the stack churn can.t be made: .*not allowed"):
            account.ensure_stack("churn", "{}", {})
    assert set(regions) == {"eu-west-1"}


def test_a_stack_that_is_made_may_not_be_watched(aws_environment, monkeypatch):
    """Who may make it and not look at it is told so."""
    assert aws_environment

    def made(asked):
        creates = b"Action=CreateStack" in asked.body
        return (200, CREATED.encode()) if creates else (403, DENIED.encode())

    with answering(made) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        with pytest.raises(DeployError, match=r"the stack churn can.t be made: .*AccessDenied"):
            sign_in().ensure_stack("churn", "{}", {})


def test_what_a_stack_was_told(aws_environment):
    """A stack that is not there yet was told nothing, which is not the same as without words."""
    assert aws_environment
    assert sign_in().parameters("nowhere") is None
    with pytest.raises(DeployError, match="the stack nowhere can't be read"):
        sign_in().outputs("nowhere")
