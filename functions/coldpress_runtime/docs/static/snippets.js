// The request as others would send it.

const WORDS = { true: "True", false: "False", null: "None" };

/** A command for a shell. */
export function curl(url, body) {
  return `curl -s ${quoted(url)} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(body)}`;
}

/** A script of Python's standard library. */
export function python(url, body) {
  const words = /"(?:\\.|[^"\\])*"|true|false|null/g;
  const literal = body.replace(words, (word) => WORDS[word] ?? word);
  return `import json
import urllib.request

body = ${literal}
request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=json.dumps(body).encode(),
    headers={"Content-Type": "application/json"},
)
with urllib.request.urlopen(request) as response:
    print(json.load(response)["outputs"])`;
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
