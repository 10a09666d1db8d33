// Rows of lists in forms, added and removed on the spot. Without it the same buttons post the form.
"use strict";

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
