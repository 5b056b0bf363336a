"""What a template says that a value may be."""

import pytest

from coldpress.deployment.parameters import fault


@pytest.mark.parametrize(
    ("value", "declared", "expected"),
    [
        pytest.param("x", {}, "", id="anything"),
        pytest.param("3", {"Type": "Number", "MinValue": 3, "MaxValue": 3}, "", id="bounds"),
        pytest.param("2.5", {"Type": "Number", "MinValue": 3}, "must be at least 3", id="less"),
        pytest.param("nan", {"Type": "Number", "MaxValue": 3}, "must be a number", id="NaN"),
        pytest.param("inf", {"Type": "Number"}, "must be a number", id="infinity"),
        pytest.param("1_000", {"Type": "Number"}, "must be a number", id="underscore"),
        pytest.param("30.0", {"Type": "Number", "AllowedValues": [30]}, "", id="as a number"),
        pytest.param(
            "31", {"Type": "Number", "AllowedValues": [30]}, "must be one of 30", id="none of them"
        ),
        pytest.param("false", {"AllowedValues": [True, False]}, "", id="YAML's booleans"),
        pytest.param(
            "no", {"AllowedValues": [True, False]}, "must be one of true, false", id="no boolean"
        ),
        pytest.param(
            "a, b", {"Type": "CommaDelimitedList", "AllowedPattern": "[ab]"}, "", id="blanks in it"
        ),
        pytest.param("", {"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, "", id="no items"),
        pytest.param("", {"Type": "Number"}, "must be a number", id="empty number"),
        pytest.param("1,x", {"Type": "List<Number>"}, "must be a number", id="list of numbers"),
        pytest.param("ab", {"MinLength": 3}, "must have at least 3 characters", id="short"),
        pytest.param("abcd", {"MaxLength": 3}, "must have at most 3 characters", id="long"),
        pytest.param("ab\n", {"AllowedPattern": "^ab$"}, "must match ^ab$", id="line's end"),
        pytest.param("x", {"AllowedPattern": "[a-z&&[^x]]"}, "", id="Java's expression"),
        pytest.param(
            "x",
            {"AllowedPattern": "y", "ConstraintDescription": "must be why"},
            "must be why",
            id="described",
        ),
        pytest.param(
            "a,c",
            {"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]},
            "must be one of a, b",
            id="list's choice",
        ),
        pytest.param("3", {"Type": "Number", "AllowedValues": [1, 3]}, "", id="number's choice"),
    ],
)
def test_a_value_is_what_it_may_be(value, declared, expected):
    """As CloudFormation checks it: type, bounds, length, pattern, choice, item by item."""
    assert fault(value, declared) == expected
