// The form of one row: a labelled control for each column, of the kind that its datatype asks for.

import { element } from "./elements.js";
import { word } from "./tensors.js";

const FLOATS = ["FP16", "FP32", "FP64"];

/** The controls of a row's fields, with values to start from. */
export function rowForm(fields, values) {
  const controls = fields.map((field, at) => control(field, at, values?.[at]));
  const form = element("div", { className: "grid" }, ...controls);
  form.setAttribute("role", "group");
  form.setAttribute("aria-label", "Row");
  return form;
}

/** What the controls hold, as words of JSON. */
export function rowWords(fields) {
  return fields.map(({ datatype }, at) => {
    const input = document.getElementById(`field-${at}`);
    if (datatype === "BOOL") return String(input.checked);
    // What is no number, the browser keeps to itself; without a value, it would be a missing one.
    return input.validity.badInput ? '"no number"' : word(datatype, input.value);
  });
}

function control(field, at, value) {
  const input = element("input", { id: `field-${at}`, autocomplete: "off", ...kind(field, value) });
  if (field.datatype === "BOOL") {
    return element("p", { className: "field check" }, element("label", {}, input, field.name));
  }
  const label = element("label", { htmlFor: input.id }, field.name);
  return element("p", { className: "field" }, label, input);
}

function kind({ datatype }, value) {
  if (datatype === "BOOL") return { type: "checkbox", checked: value === true };
  if (datatype === "BYTES") return { type: "text", value: value ?? "" };
  const step = FLOATS.includes(datatype) ? "any" : "1";
  return { type: "number", step, value: String(value ?? 0) };
}
