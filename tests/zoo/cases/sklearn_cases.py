"""scikit-learn: each estimator that skl2onnx knows, and the combinations that people build."""

from tests.zoo.cases.sklearn_classifiers import CASES as CLASSIFIERS
from tests.zoo.cases.sklearn_meta import CASES as META
from tests.zoo.cases.sklearn_others import CASES as OTHERS
from tests.zoo.cases.sklearn_regressors import CASES as REGRESSORS
from tests.zoo.cases.sklearn_stacks import CASES as STACKS
from tests.zoo.cases.sklearn_tables import CASES as TABLES

CASES = (*CLASSIFIERS, *REGRESSORS, *OTHERS, *META, *STACKS, *TABLES)
