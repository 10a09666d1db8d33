// Lists of runs, kept up to date by the digest: statuses of the rows that are shown change where they
// are; runs that are not shown never shove them about, they are counted in a line to be pressed.
"use strict";

(() => {
  const given = document.body.dataset;
  if (!given.listSocket) return;
  const list = document.querySelector("[data-live=runs]") || document.createElement("tbody");
  const path = new URL(given.listSocket, location.href);
  let cursor = given.listCursor || "";
  const fresh = new Set(); // runs that match and are not shown

  const rowOf = (run) => list.querySelector(`[data-run="${CSS.escape(`${run.workflowId}/${run.runId}`)}"]`);
  const cell = (row, name) => row.querySelector(`[data-cell="${name}"]`);

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function showStatus(row, status) {
    row.dataset.statusOf = status;
    const shown = row.querySelector("[data-cell=status] .status");
    if (!shown || shown.dataset.status === status) return;
    shown.dataset.status = status;
    write(shown.querySelector("span"), status);
    const icon = shown.querySelector(".icon");
    icon.classList.toggle("turning", status === "running");
    const use = icon.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${status}`));
  }

  function showTook(row, run) {
    const place = cell(row, "took");
    if (!place || !run.startedAt) return;
    const started = Date.parse(run.startedAt);
    if (run.endedAt) {
      delete place.dataset.since;
      write(place, runsLive.duration((Date.parse(run.endedAt) - started) / 1000));
    } else place.dataset.since = String(started);
  }

  function update(run) {
    const row = rowOf(run);
    if (!row) return note(run);
    showStatus(row, run.status);
    const because = cell(row, "because");
    if (because) write(because.querySelector("span") || because, run.because ? run.because.text : "");
    showTook(row, run);
    row.classList.toggle("gone", !run.matches);
  }

  // --- the line of what is new ---------------------------------------------------------------------

  const place = document.querySelector("[data-live=new-runs]");
  let isOld = false; // so much has changed that nobody counts

  // A run that is not shown is new if the list, loaded again, would show it: on its first page.
  function note(run) {
    const key = `${run.workflowId}/${run.runId}`;
    const isBeyond = list.dataset.oldest && Date.parse(run.createdAt) < Date.parse(list.dataset.oldest);
    if (!place || !("listWhole" in given) || isBeyond) return;
    if (run.matches) fresh.add(key);
    else fresh.delete(key);
  }

  function showFresh(changed) {
    isOld ||= changed;
    if (!place) return;
    place.hidden = !fresh.size && !isOld;
    if (!place.firstElementChild) place.append(document.createElement("a"));
    place.firstElementChild.href = location.href;
    const text = isOld ? "much has changed, show it" : `${fresh.size} new, show ${fresh.size === 1 ? "it" : "them"}`;
    write(place.firstElementChild, text);
  }

  function showCounts(counts) {
    for (const [status, count] of Object.entries(counts || {})) {
      for (const place of document.querySelectorAll(`[data-count-of="${status}"]`)) write(place, String(count));
    }
  }

  // Whatever suspended, or was and is not any more, may have been a question for whoever looks.
  let suspended = null;

  function mayAsk(message) {
    const count = message.counts ? message.counts.suspended : suspended;
    const isOther = suspended !== null && count !== suspended;
    suspended = count;
    return isOther || message.type === "reload" || (message.runs || []).some((run) => run.status === "suspended");
  }

  // --- following -------------------------------------------------------------------------------------

  function address() {
    const given = new URLSearchParams(path.search);
    if (cursor) given.set("cursor", cursor);
    return `${path.pathname}?${given}`;
  }

  function received(message) {
    if (message.cursor) cursor = message.cursor;
    showCounts(message.counts);
    if (mayAsk(message)) runsLive.countInbox();
    if (inbox && (message.type === "reload" || (message.runs || []).length)) askInbox().catch(() => {});
    if (inbox) return true;
    if (message.type !== "hello" || (message.runs || []).length) askPieces();
    for (const run of message.runs || []) update(run);
    showFresh(message.type === "reload");
    runsLive.tick();
    return true;
  }

  // --- the inbox: cards that somebody else has answered say so and close ------------------------------

  const inbox = location.pathname === new URL("inbox/", new URL(document.querySelector(".brand").href)).pathname;
  const cards = () => [...document.querySelectorAll("[data-live=inbox] [data-question]:not(.gone)")];

  async function askInbox() {
    const shown = cards();
    const query = shown.map((card) => `shown=${encodeURIComponent(card.dataset.question)}`).join("&");
    const page = await pageAt(`${location.pathname}?${query}`);
    for (const note of page.querySelectorAll("[data-live=gone] [data-question]")) {
      const card = shown.find((one) => one.dataset.question === note.dataset.question);
      if (card) close(card, note.textContent);
    }
    const known = new Set([...document.querySelectorAll("[data-question]")].map((card) => card.dataset.question));
    for (const card of page.querySelectorAll("[data-live=inbox] [data-question]")) {
      if (!known.has(card.dataset.question)) fresh.add(card.dataset.question);
    }
    showFresh(false);
  }

  function close(card, text) {
    card.classList.add("gone");
    const said = document.createElement("p");
    said.className = "muted";
    said.setAttribute("role", "status");
    said.textContent = text;
    const form = card.querySelector("form");
    if (form) form.replaceWith(said);
  }

  // --- figures: pieces that are asked for again as a whole, not too often ---------------------------

  const PIECES_EVERY = 2000;
  const pieces = [...document.querySelectorAll("[data-live=again]")];
  let asking = 0;
  let askedAt = Date.now();

  function askPieces() {
    if (!pieces.length || asking) return;
    const pause = Math.max(askedAt + PIECES_EVERY - Date.now(), 0);
    asking = setTimeout(() => renewPieces().catch(() => {}).finally(() => (asking = 0)), pause);
  }

  async function renewPieces() {
    askedAt = Date.now();
    const page = await pageAt(location.href);
    for (const piece of pieces) {
      const twin = page.getElementById(piece.id);
      if (!twin) continue;
      const now = [...twin.children]; // what is put into the page is no child of the twin any more
      if (now.length !== piece.children.length) piece.replaceChildren(...twin.childNodes);
      else [...piece.children].forEach((old, at) => renew(old, now[at]));
    }
    runsLive.tick();
  }

  // A row stays where one is, hidden if it was, and its link keeps the focus.
  function renew(old, now) {
    now.hidden = old.hidden;
    now.classList.toggle("here", old.classList.contains("here"));
    if (old.isEqualNode(now)) return;
    const focus = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    old.replaceWith(now);
    if (focus) now.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  async function pageAt(url) {
    const response = await fetch(url);
    if (!response.ok || response.redirected) throw new Error(`the server answered ${response.status}`);
    return new DOMParser().parseFromString(await response.text(), "text/html");
  }

  // Without a socket the page itself is asked, and its rows are put in place of those that are shown.
  async function poll() {
    if (inbox) return askInbox();
    if (pieces.length) return renewPieces();
    const page = await pageAt(location.href);
    for (const row of page.querySelectorAll("[data-live=runs] [data-run]")) {
      const shown = list.querySelector(`[data-run="${CSS.escape(row.dataset.run)}"]`);
      if (!shown) {
        if ("listWhole" in given) fresh.add(row.dataset.run);
        continue;
      }
      for (const name of ["status", "because", "took"]) {
        const [old, now] = [cell(shown, name), cell(row, name)];
        if (old && now) old.replaceWith(now);
      }
    }
    showFresh(false);
  }

  runsLive.follow({ url: address, message: received, isBehind: () => false, poll });
})();
