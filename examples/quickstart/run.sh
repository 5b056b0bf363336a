#!/usr/bin/env bash
# The whole way, with nothing but the commands that one would type; `make demo` runs it.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=examples/quickstart
out=build/quickstart
store=$out/store

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

run() {
  printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
  "$@"
}

run python $here/train.py $out
run coldpress export $out/model.joblib --sample $out/rows.csv --trust \
  --name breast-cancer -o $out/bundle --force
run coldpress inspect $out/bundle
run coldpress publish $out/bundle $store --channel live
for event in events/*.json; do
  run coldpress invoke --model $store/breast-cancer@live --event "$event" --results $out/answers --body
done
run python $here/compare.py $out/model.joblib $out/rows.csv $out/bundle $store/breast-cancer@live

cat <<END

Next, with a model of your own (docs/models.md lists the kinds) and a few of its rows:

  source .venv/bin/activate
  coldpress export model.joblib --sample rows.csv --trust -o build/my-model
  coldpress publish build/my-model ./store --channel live
  pip install -e '.[serve]' -c constraints.txt
  coldpress serve --model ./store/my-model@live
  curl -s localhost:8080/v2/models/my-model

Then to AWS: docs/quickstart.md.
END
