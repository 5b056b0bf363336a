"""Events of each front that a browser may come through, and what the front makes of an answer."""

import base64
import gzip

__all__ = ["FRONTS", "body_of", "header_of"]


def http_api(method, path, headers):
    """An HTTP API's event, with a stage in the path."""
    return _payload_2(method, f"/prod{path}", headers, "prod", "abc.execute-api.aws.example")


def function_url(method, path, headers):
    """A function URL's event."""
    return _payload_2(method, path, headers, "$default", "abc.lambda-url.eu-west-1.on.aws")


def rest_api(method, path, headers):
    """A REST API's event."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {"resourceId": "x", "stage": "prod", "path": f"/prod{path}"},
        "body": None,
        "isBase64Encoded": False,
    }


def load_balancer(method, path, headers):
    """A load balancer's event with headers of one value."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": headers,
        "body": "",
        "isBase64Encoded": False,
    }


def load_balancer_of_many(method, path, headers):
    """A load balancer's event with headers of several values."""
    event = load_balancer(method, path, {})
    del event["headers"]
    return {**event, "multiValueHeaders": {name: [value] for name, value in headers.items()}}


FRONTS = {
    "HTTP API": http_api,
    "function URL": function_url,
    "REST API": rest_api,
    "load balancer": load_balancer,
    "load balancer, many": load_balancer_of_many,
}


def header_of(answer, name):
    """A header of an answer, by its name in lower case; None if there is none."""
    several = {key: values[0] for key, values in answer.get("multiValueHeaders", {}).items()}
    headers = {**answer.get("headers", {}), **several}
    return {key.lower(): value for key, value in headers.items()}.get(name)


def body_of(answer):
    """An answer's body as a client has it once the front has sent it."""
    body = answer["body"].encode()
    if answer["isBase64Encoded"]:
        body = base64.b64decode(body)
    return gzip.decompress(body) if header_of(answer, "content-encoding") == "gzip" else body


def _payload_2(method, path, headers, stage, domain):
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "domainName": domain,
            "http": {"method": method, "path": path},
            "stage": stage,
        },
        "isBase64Encoded": False,
    }
