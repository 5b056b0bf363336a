// A prediction told to people: a label, its classes as bars, other outputs as values.

import { element } from "./elements.js";

const MOST_ROWS = 20;
const MOST_BARS = 10;

/** What the model answered, row by row. */
export function results(model, { outputs, took }) {
  const told = outputs.map((output) => ({ ...output, spec: specOf(model, output) }));
  const parts = count(told) === null ? [whole(told)] : rows(told);
  const time = `${took.toFixed(1)} ms, from sending to the last byte`;
  return [...parts, element("p", { className: "took" }, time)];
}

/** A refusal or a fault, in the function's own sentence. */
export function problem(message) {
  return element("p", { className: "problem" }, message);
}

function specOf(model, output) {
  return model.outputs.find((spec) => spec.name === output.name) ?? { labels: [], shape: [] };
}

/** How many rows there are; null where the outputs don't agree on it. */
function count(outputs) {
  const counts = new Set(outputs.map((output) => output.shape[0] ?? null));
  return counts.size === 1 ? [...counts][0] : null;
}

function rows(outputs) {
  const total = count(outputs);
  const shown = Array.from({ length: Math.min(total, MOST_ROWS) }, (_, at) => {
    const title = total > 1 ? [element("h3", {}, `Row ${at + 1}`)] : [];
    return element("div", { className: "row" }, ...title, ...row(outputs, at));
  });
  const rest = total - shown.length;
  return rest > 0 ? [...shown, element("p", { className: "dim" }, `… and ${rest} more`)] : shown;
}

function row(outputs, at) {
  return outputs.map((output) => {
    const size = output.data.length / output.shape[0];
    const values = output.data.slice(at * size, (at + 1) * size);
    const { labels } = output.spec;
    if (labels.length === values.length && values.length > 1) return bars(labels, values);
    return values.length === 1 ? label(output, values[0]) : list(output, values);
  });
}

function label(output, value) {
  const name = element("small", {}, output.name);
  return element("p", { className: "label" }, name, text(value));
}

function bars(labels, values) {
  const ranked = labels.map((name, at) => ({ name: text(name), value: values[at] }));
  ranked.sort((one, other) => other.value - one.value);
  const most = Math.max(1, ...values.map(Math.abs));
  const chances = values.every((value) => value >= 0 && value <= 1);
  const items = ranked
    .slice(0, MOST_BARS)
    .map(({ name, value }, at) => bar(name, value, { most, chances, highest: at === 0 }));
  return element("ul", { className: "bars" }, ...items);
}

function bar(name, value, { most, chances, highest }) {
  const told = chances ? `${(100 * value).toFixed(1)} %` : text(value);
  const fill = element("div", { className: "fill" });
  fill.style.width = `${(100 * Math.abs(value)) / most}%`;
  return element(
    "li",
    { className: highest ? "highest" : "" },
    element("div", { className: "text" }, element("span", {}, name), element("b", {}, told)),
    element("div", { className: "track", ariaHidden: "true" }, fill),
  );
}

function list(output, values) {
  return element("div", { className: "values" }, `${output.name}: ${values.map(text).join(", ")}`);
}

function whole(outputs) {
  const listed = outputs.map((output) => list({ name: `${output.name} ${JSON.stringify(output.shape)}` }, output.data));
  return element("div", { className: "row" }, ...listed);
}

function text(value) {
  if (value === null) return "not a number";
  return typeof value === "number" ? String(Number(value.toPrecision(7))) : String(value);
}
