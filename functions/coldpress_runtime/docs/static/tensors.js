// A model's inputs as one row of fields, and fields back into a request.
//
// Numbers stay the text that was typed, since JavaScript's would lose the last digits of INT64.

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const MOST_FIELDS = 256;

/** The fields of one row, or null where the model's tensors are no row of a table. */
export function rowFields(model) {
  const fields = [];
  for (const input of model.inputs) {
    const [rows, width = 1, ...more] = input.shape;
    if ((rows !== -1 && rows !== 1) || width < 1 || more.length) return null;
    for (let at = 0; at < width; at += 1) fields.push(field(input, at, width));
  }
  return fields.length <= MOST_FIELDS ? fields : null;
}

/** The values of an example, in the order of the row's fields. */
export function rowValues(example) {
  return example.request.inputs.flatMap((input) => input.data);
}

/** The request that a row is, as JSON; `values` are JSON's own words, one for each field. */
export function rowRequest(model, values) {
  let at = 0;
  const inputs = model.inputs.map((input) => {
    const [, width = 1] = input.shape;
    const shape = input.shape.map((size) => (size < 0 ? 1 : size));
    const data = values.slice(at, (at += width)).join(", ");
    const head = JSON.stringify({ name: input.name, shape, datatype: input.datatype });
    return `${head.slice(0, -1)},"data":[${data}]}`;
  });
  return `{"inputs":[${inputs.join(",")}]}`;
}

/** What a field's text is in JSON; a missing number is null, and what is no number stays text. */
export function word(datatype, text) {
  if (datatype === "BYTES") return JSON.stringify(text);
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return trimmed;
  if (trimmed === "") return "null";
  const number = Number(trimmed);
  return Number.isFinite(number) ? String(number) : JSON.stringify(trimmed);
}

/** An example, or zeros of the smallest shape, as a request to edit. */
export function wholeRequest(model, example) {
  const request = example?.request ?? { inputs: model.inputs.map(zeros) };
  const tensors = request.inputs.map((tensor) => `    ${JSON.stringify(tensor)}`);
  return `{\n  "inputs": [\n${tensors.join(",\n")}\n  ]\n}`;
}

function field(input, at, width) {
  const name = input.columns[at] ?? (width === 1 ? input.name : `${input.name}[${at}]`);
  return { name, datatype: input.datatype };
}

function zeros(input) {
  const shape = input.shape.map((size) => (size < 0 ? 1 : size));
  const zero = { BYTES: "", BOOL: false }[input.datatype] ?? 0;
  const data = Array(shape.reduce((product, size) => product * size, 1)).fill(zero);
  return { name: input.name, shape, datatype: input.datatype, data };
}
