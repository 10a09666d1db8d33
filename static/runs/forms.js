// What forms made from schemas do on the spot: rows of lists come and go, JSON is looked at while it
// is typed. Without it the same buttons post the form, and the server says what is wrong.
"use strict";

// --- rows of lists -------------------------------------------------------------------------------

function addRow(list) {
  const rows = list.querySelector(":scope > [data-rows-list]");
  const template = list.querySelector(":scope > template");
  const numbers = [...rows.children].map((row) => Number(row.dataset.rowNumber));
  const number = Math.max(-1, ...numbers) + 1;
  // The templates of lists within the row are copied with it; theirs are other marks.
  const html = template.innerHTML.replaceAll(template.dataset.rowTemplate, String(number));
  rows.insertAdjacentHTML("beforeend", html);
  const field = rows.lastElementChild.querySelector("input:not([type=hidden]), select, textarea");
  if (field) field.focus();
}

function removeRow(row) {
  const list = row.closest("[data-rows]");
  row.remove();
  list.querySelector(":scope > [data-add-row]").focus();
}

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add-row]");
  const remove = event.target.closest("[data-remove-row]");
  if (!add && !remove) return;
  event.preventDefault();
  if (add) addRow(add.closest("[data-rows]"));
  else removeRow(remove.closest("[data-row-number]"));
});

// --- JSON ----------------------------------------------------------------------------------------

// Where a text stops being JSON, and why; null if it is JSON all through. Browsers differ in what
// they say of this, and some do not say where.
function faultOf(text) {
  const scalar = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
  let at = 0;

  const space = /[ \t\r\n]*/y;

  function skip() {
    space.lastIndex = at;
    at += space.exec(text)[0].length;
  }

  const fail = (says) => {
    throw { at, says };
  };

  function take(mark) {
    skip();
    if (text[at] !== mark) return false;
    at += 1;
    return true;
  }

  function read(says) {
    skip();
    scalar.lastIndex = at;
    const found = scalar.exec(text);
    if (!found) fail(text[at] === '"' ? "this text has no end, or a sign that needs a backslash" : says);
    at = scalar.lastIndex;
    return found[0];
  }

  function name() {
    skip();
    if (text[at] !== '"') fail(text[at] === "}" ? "there is a comma too many before this" : 'a name in "double quotes" belongs here');
    read();
    if (!take(":")) fail('":" belongs after the name');
  }

  function members(close, one) {
    if (take(close)) return;
    do one();
    while (take(","));
    if (!take(close)) fail(`"," or "${close}" belongs here`);
  }

  function value() {
    if (take("{")) return members("}", () => (name(), value()));
    if (take("[")) return members("]", value);
    read(at < text.length ? "this is no JSON value; texts are in double quotes" : "a value is missing at the end");
  }

  try {
    value();
    skip();
    return at < text.length ? { at, says: "there is something after the end" } : null;
  } catch (fault) {
    if (!("says" in fault)) throw fault;
    return fault;
  }
}

function saidOf(text, { at, says }) {
  const before = text.slice(0, at).split("\n");
  return `Line ${before.length}, column ${before.at(-1).length + 1}: ${says}.`;
}

function checkJson(field) {
  const fault = field.value.trim() ? faultOf(field.value) : null;
  let said = document.getElementById(`${field.id}_fault`);
  if (!said && !fault) return;
  if (!said) {
    said = document.createElement("p");
    said.id = `${field.id}_fault`;
    said.className = "error";
    said.setAttribute("role", "status");
    field.after(said);
    field.setAttribute("aria-describedby", `${said.id} ${field.getAttribute("aria-describedby") || ""}`.trim());
  }
  const text = fault ? saidOf(field.value, fault) : "";
  if (said.textContent !== text) said.textContent = text;
  said.hidden = !fault;
  field.setAttribute("aria-invalid", String(Boolean(fault)));
}

const checks = new WeakMap();

document.addEventListener("input", ({ target }) => {
  if (!target.matches("textarea[data-json]")) return;
  clearTimeout(checks.get(target));
  checks.set(target, setTimeout(() => checkJson(target), 250)); // not at each key
});
document.addEventListener("focusout", ({ target }) => target.matches("textarea[data-json]") && checkJson(target));
