"""Which parameters go together."""

import pytest

from coldpress.deployment.rules import broken_rule

DECLARED = {"Many": {"Type": "CommaDelimitedList"}}
TOLD = {"One": "1", "Two": "2", "Many": "a,b", "None": "", "Yes": "true"}
HOLDS = {"Fn::Equals": [{"Ref": "One"}, 1]}
FAILS = {"Fn::Equals": [{"Ref": "One"}, "2"]}


def _rules(condition, asserted):
    rule = {"Assertions": [{"Assert": asserted, "AssertDescription": "no"}]}
    return {"Rule": rule if condition is None else {"RuleCondition": condition, **rule}}


@pytest.mark.parametrize(
    ("condition", "asserted", "broken"),
    [
        pytest.param(None, HOLDS, "", id="holds"),
        pytest.param(None, FAILS, "no", id="fails"),
        pytest.param(HOLDS, FAILS, "no", id="condition holds"),
        pytest.param(FAILS, FAILS, "", id="condition does not hold"),
        pytest.param(None, {"Fn::Not": [FAILS]}, "", id="not"),
        pytest.param(None, {"Fn::And": [HOLDS, FAILS]}, "no", id="and"),
        pytest.param(None, {"Fn::Or": [HOLDS, FAILS]}, "", id="or"),
        pytest.param(None, {"Fn::Contains": [["1", "3"], {"Ref": "One"}]}, "", id="contains"),
        pytest.param(None, {"Fn::Contains": [["1", "3"], {"Ref": "Two"}]}, "no", id="contains not"),
        pytest.param(None, {"Fn::EachMemberEquals": [{"Ref": "Many"}, "a"]}, "no", id="each"),
        pytest.param(None, {"Fn::Equals": [{"Ref": "Yes"}, True]}, "", id="YAML's boolean"),
        pytest.param(
            None, {"Fn::Contains": [[{"Ref": "One"}, "b"], "1"]}, "", id="a list of references"
        ),
        pytest.param(None, {"Fn::ValueOf": ["Two", "Attributes"]}, "", id="unknown function"),
        pytest.param(None, {"Fn::Equals": [{"Ref": "Else"}, "1"]}, "", id="unknown parameter"),
    ],
)
def test_a_rule_is_broken_or_not(condition, asserted, broken):
    """As CloudFormation decides it; what is not known here is left to it."""
    assert broken_rule(_rules(condition, asserted), TOLD, DECLARED) == broken


def test_an_empty_list_has_no_items():
    """A list that is not given has none that is anything."""
    given = {"Fn::Not": [{"Fn::EachMemberEquals": [{"Ref": "Many"}, ""]}]}
    assert broken_rule(_rules(None, given), {"Many": ""}, DECLARED) == "no"
    assert broken_rule(_rules(None, given), {"Many": "a"}, DECLARED) == ""
