"""What stands before the function: routes and who may call them, limits, logs."""

import json
import re

import pytest

from tests.integration.compiled import JWT, of_type

pytestmark = pytest.mark.slow

FRONTS = {
    "HTTP API": ({}, {"ANY /{proxy+}": "AWS_IAM"}),
    "HTTP API with tokens": (JWT, {"ANY /{proxy+}": "JWT"}),
    "REST API": ({"Api": "rest-api"}, {"ANY /{proxy+}": "AWS_IAM"}),
    "REST API with keys": ({"Api": "rest-api", "Auth": "api-key"}, {"ANY /{proxy+}": "key"}),
    "function URL": ({"Api": "function-url"}, {"function-url": "AWS_IAM"}),
}
PAGES = ("/", "/docs", "/openapi.json", "/catalogue", "/static/{proxy+}")


@pytest.mark.parametrize("pages", [False, True], ids=["alone", "with pages"])
@pytest.mark.parametrize(("chosen", "expected"), FRONTS.values(), ids=FRONTS.keys())
def test_every_caller_says_who_he_is(created, chosen, expected, pages):
    """No route is open, whatever stands before the function; pages have routes of their own."""
    resources = created(**chosen, Docs=str(pages).lower())
    if pages and "function-url" not in expected:
        expected = {**expected, **{f"GET {page}": next(iter(expected.values())) for page in PAGES}}
    assert _routes(resources) == expected
    assert ("DocsLambdaFunction" in resources) is pages


@pytest.mark.parametrize("api", ["http-api", "rest-api"])
def test_the_api_is_throttled_and_logs_no_secret(created, api):
    """The stage has limits, and a JSON access log without bodies or authorisation headers."""
    resources = created(Api=api)
    (stage,) = (each for name, each in resources.items() if name.endswith("ApiStage"))
    properties = stage["Properties"]
    settings = properties.get("DefaultRouteSettings") or properties["MethodSettings"][0]
    limits = settings["ThrottlingBurstLimit"], settings["ThrottlingRateLimit"]
    assert tuple(map(str, limits)) == ("200", "100")
    log = (properties.get("AccessLogSettings") or properties["AccessLogSetting"])["Format"]
    assert json.loads(log)["requestId"] == "$context.requestId"
    assert set(re.findall(r"\$\w+", log)) == {"$context"}
    assert "authorizer" not in log


def test_a_rest_api_is_deployed_anew_where_it_is_another(created):
    """Another kind of caller, or pages, need another copy of the API."""
    found = [
        *(
            tuple(of_type(created(Api="rest-api", **chosen), "AWS::ApiGateway::Deployment"))
            for chosen in ({}, {"Auth": "api-key"}, {"Docs": "true"})
        ),
        tuple(
            of_type(
                created(Api="rest-api", Auth="api-key", Docs="true"), "AWS::ApiGateway::Deployment"
            )
        ),
    ]
    assert len(set(found)) == 4
    assert all(len(names) == 1 for names in found)


def _routes(resources):
    """Routes, and how a caller proves who he is."""
    found = {
        each["Properties"]["RouteKey"]: each["Properties"]["AuthorizationType"]
        for each in of_type(resources, "AWS::ApiGatewayV2::Route").values()
    }
    for method in of_type(resources, "AWS::ApiGateway::Method").values():
        properties = method["Properties"]
        caller = "key" if properties["ApiKeyRequired"] else properties["AuthorizationType"]
        found[f"{properties['HttpMethod']} {_path(resources, properties['ResourceId'])}"] = caller
    if "FunctionUrl" in resources:
        found["function-url"] = resources["FunctionUrl"]["Properties"]["AuthType"]
    return found


def _path(resources, found):
    """The path of a REST API's resource."""
    if "Ref" not in found:
        return "/"
    properties = resources[found["Ref"]]["Properties"]
    return f"{_path(resources, properties['ParentId']).rstrip('/')}/{properties['PathPart']}"
