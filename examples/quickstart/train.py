"""Train the quickstart's model on scikit-learn's own data: a scaler and a random forest.

Writes model.joblib, and rows.csv with the rows that the model was not trained on.
"""

import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

features, target = load_breast_cancer(return_X_y=True, as_frame=True)
train, test, train_target, test_target = train_test_split(
    features, target, test_size=0.5, random_state=0, stratify=target
)
model = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=100, random_state=0))
model.fit(train, train_target)

joblib.dump(model, folder / "model.joblib")
test.to_csv(folder / "rows.csv", index=False)
print(f"accuracy on {len(test)} unseen rows: {model.score(test, test_target):.3f}")
