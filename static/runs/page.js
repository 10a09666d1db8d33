// What pages do in the browser besides being live: keys, copying, dialogs, rows of forms.
// Without it everything still works, with a mouse and one page at a time.
"use strict";

const KEYS_OFF = "runs-keys-off";
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function announce(text) {
  const region = one("[data-live=announce]");
  if (region) region.textContent = text;
}

// --- copying -----------------------------------------------------------------------------------

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = document.createElement("textarea"); // pages without HTTPS have no clipboard
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  announce("Copied");
}

function copySource(button) {
  if (button.dataset.copy) return button.dataset.copy;
  const source = one(button.dataset.copyFrom);
  return source ? source.textContent : "";
}

function clickedCopy(button) {
  copy(copySource(button)).then(() => {
    const label = one("span", button) || button;
    label.dataset.says ||= label.textContent; // it may say "Copied" still
    label.textContent = "Copied";
    setTimeout(() => (label.textContent = label.dataset.says), 1200);
  });
}

// --- dialogs and menus -------------------------------------------------------------------------

// A link whose page may also be shown as a dialog of this page: data-opens names the dialog.
function open(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
  return Boolean(dialog);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (button) return clickedCopy(button);
  const opener = event.target.closest("[data-opens]");
  if (opener && !event.metaKey && !event.ctrlKey && open(opener.dataset.opens)) event.preventDefault();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
  if (event.target instanceof HTMLDialogElement) event.target.close(); // its backdrop
  for (const menu of all("details.menu-button[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// --- keys --------------------------------------------------------------------------------------

const inField = (element) =>
  element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

let pending = ""; // "g" was pressed; the next key says where to
let pendingTimer = 0;

function rows() {
  return all("[data-row]");
}

function move(by) {
  const shown = rows();
  if (!shown.length) return;
  const at = shown.findIndex((row) => row.classList.contains("here"));
  const next = shown[Math.min(Math.max(at + by, 0), shown.length - 1)];
  for (const row of shown) row.classList.toggle("here", row === next);
  const link = one("a", next);
  if (link) link.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

const hereRow = () => one("[data-row].here");

const ACTIONS = {
  "/": () => focusOn("[data-key-focus='/']"),
  "?": () => open("keys"),
  j: () => move(1),
  k: () => move(-1),
  x: () => press(hereRow() && one("input[type=checkbox]", hereRow())),
};

function focusOn(selector) {
  const element = all(selector).find((found) => found.offsetParent);
  if (element) element.focus();
  return Boolean(element);
}

// Anything that says data-key="c" is pressed, or focused if it is a field, by that key.
function press(element) {
  if (!element) return false;
  if (element.matches("input:not([type=checkbox]):not([type=radio]), select, textarea")) element.focus();
  else element.click();
  return true;
}

function go(key) {
  const link = one(`[data-go="${CSS.escape(key)}"]`);
  if (link) link.click();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (localStorage.getItem(KEYS_OFF) || inField(event.target) || one("dialog[open]")) return;
  if (pending) {
    pending = "";
    go(event.key);
    event.preventDefault();
    return;
  }
  if (event.key === "g") {
    pending = "g";
    clearTimeout(pendingTimer);
    pendingTimer = setTimeout(() => (pending = ""), 1500);
    return;
  }
  const own = all(`[data-key="${CSS.escape(event.key)}"]`).find((found) => found.offsetParent);
  const act = own ? () => press(own) : ACTIONS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

document.addEventListener("keydown", onKey);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = one("details.menu-button[open]");
  if (menu) {
    menu.open = false;
    one("summary", menu).focus();
  } else if (inField(event.target) && !event.target.closest("dialog")) event.target.blur();
});

// --- lists: picking and filtering --------------------------------------------------------------

function pick(box) {
  const boxes = all(`input[name="${CSS.escape(box.dataset.picks)}"]`);
  for (const one of boxes) one.checked = box.checked;
}

// Rows that do not have the text are hidden as it is typed; Enter asks the server.
function filter(field) {
  const text = field.value.trim().toLowerCase();
  for (const row of all(field.dataset.filters)) {
    row.hidden = !row.textContent.toLowerCase().includes(text);
  }
}

document.addEventListener("change", (event) => {
  if (event.target.dataset.picks) pick(event.target);
});
document.addEventListener("input", (event) => {
  if (event.target.dataset.filters) filter(event.target);
});

// --- trees: the arrow keys ---------------------------------------------------------------------

function onTreeKey(event) {
  const item = event.target.closest("[role=treeitem]");
  if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
  const items = all("[role=treeitem]", item.closest("[role=tree]"));
  const at = items.indexOf(item);
  const group = item.closest("[role=group]");
  const parent = group ? group.previousElementSibling : null;
  const next = { ArrowDown: items[at + 1], ArrowUp: items[at - 1], Home: items[0], End: items.at(-1),
    ArrowLeft: parent, ArrowRight: item.hasAttribute("aria-expanded") ? items[at + 1] : null }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

document.addEventListener("keydown", onTreeKey);

// --- what is shown only where it works ---------------------------------------------------------

function begin() {
  for (const element of all("[data-opens='keys'], [data-needs-script]")) element.hidden = false;
  const keys = one("[data-keys-switch]");
  if (keys) {
    keys.checked = !localStorage.getItem(KEYS_OFF);
    keys.addEventListener("change", () =>
      keys.checked ? localStorage.removeItem(KEYS_OFF) : localStorage.setItem(KEYS_OFF, "1"),
    );
  }
}

begin();
