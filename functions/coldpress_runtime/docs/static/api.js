// The two calls of the page: what there is, and a prediction with the time that it took.

const SENTENCES = {
  401: "the function asks for a sign-in that this page has not",
  403: "the function does not let this page in",
  429: "the function has too much to do; try again in a moment",
};

/** The models that the function serves. */
export async function catalogue() {
  const response = await fetch(new URL("catalogue", document.baseURI));
  const found = await read(response);
  if (!response.ok) throw new Error(sentence(response, found));
  return found.models;
}

/** Where a model answers. */
export function address(model) {
  return new URL(`v2/models/${encodeURIComponent(model.name)}/infer`, document.baseURI).href;
}

/** A prediction: its outputs, and the milliseconds from sending to the last byte. */
export async function predict(model, body) {
  const began = performance.now();
  const response = await fetch(address(model), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const found = await read(response);
  const took = performance.now() - began;
  if (!response.ok) throw new Error(sentence(response, found));
  return { outputs: found.outputs, took };
}

async function read(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

function sentence(response, found) {
  return found.error ?? SENTENCES[response.status] ?? `the function answered ${response.status}`;
}
