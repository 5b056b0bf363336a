// The page: a model is chosen, a row edited, a prediction asked for and told.

import { address, catalogue, predict } from "./api.js";
import { byId, element } from "./elements.js";
import { rowForm, rowWords } from "./form.js";
import { problem, results } from "./results.js";
import { curl, python } from "./snippets.js";
import { rowFields, rowRequest, rowValues, wholeRequest } from "./tensors.js";

let models = [];
let fields = null;

const model = () => models[byId("model").selectedIndex];
const example = () => model().examples[byId("example").selectedIndex];
const mode = () => (fields && byId("request").elements.mode.value === "row" ? "row" : "json");
const body = () => (mode() === "row" ? rowRequest(model(), rowWords(fields)) : byId("json").value);

async function begin() {
  try {
    models = await catalogue();
  } catch (error) {
    byId("result").replaceChildren(problem(error.message));
    return;
  }
  byId("model").replaceChildren(...models.map(({ name }) => element("option", {}, name)));
  byId("predict").disabled = false;
  chooseModel();
}

function chooseModel() {
  const { version, source, examples } = model();
  byId("about").textContent = `${source.framework} · sha256:${version.slice(0, 12)}…`;
  const names = examples.map((_, at) => element("option", {}, `Certified row ${at + 1}`));
  byId("example").replaceChildren(...names);
  byId("example-field").hidden = examples.length < 2;
  fields = rowFields(model());
  byId("modes").hidden = fields === null;
  chooseExample();
}

function chooseExample() {
  const values = example() && rowValues(example());
  byId("fields").replaceChildren(...(fields ? [rowForm(fields, values)] : []));
  byId("json").value = wholeRequest(model(), example());
  showMode();
}

function chooseMode() {
  // What was edited in the form goes on in the text.
  if (mode() === "json") byId("json").value = rowRequest(model(), rowWords(fields));
  showMode();
}

function showMode() {
  byId("fields").hidden = mode() !== "row";
  byId("json-field").hidden = mode() === "row";
  showSnippets();
}

function showSnippets() {
  const url = address(model());
  byId("curl").textContent = curl(url, body());
  byId("python").textContent = python(url, body());
}

async function ask(event) {
  event.preventDefault();
  const asked = model();
  byId("predict").disabled = true;
  try {
    byId("result").replaceChildren(...results(asked, await predict(asked, body())));
  } catch (error) {
    byId("result").replaceChildren(problem(error.message));
  }
  byId("predict").disabled = false;
  byId("predict").focus();
}

async function copy({ currentTarget }) {
  const source = byId(currentTarget.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    byId("copied").textContent = "Copied.";
  } catch {
    // Without the right to the clipboard, the text is at least selected.
    window.getSelection().selectAllChildren(source);
    byId("copied").textContent = "Selected; copy it with your keyboard.";
  }
}

byId("model").addEventListener("change", chooseModel);
byId("example").addEventListener("change", chooseExample);
byId("modes").addEventListener("change", chooseMode);
byId("request").addEventListener("input", ({ target }) => {
  if (target.closest("#fields, #json-field")) showSnippets();
});
byId("request").noValidate = true; // the function's own sentence says what is wrong
byId("request").addEventListener("submit", ask);
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", copy);
begin();
