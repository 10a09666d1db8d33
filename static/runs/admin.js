// Statuses of runs on a page of the admin follow the runs, from the moment at which the page read
// them: one socket, opened only if any are shown. live.js keeps it.
"use strict";

(() => {
  const shown = document.querySelectorAll("[data-runs-run]");
  if (!shown.length) return;
  let cursor = shown[0].dataset.runsCursor || "";

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function showStatus(place, status) {
    place.dataset.status = status;
    write(place.querySelector("span"), status);
  }

  function each(what, key, act, root = document) {
    for (const place of root.querySelectorAll(`[data-runs-${what}="${CSS.escape(key)}"]`)) act(place);
  }

  function apply(run) {
    const key = `${run.workflowId}/${run.runId}`;
    each("run", key, (place) => showStatus(place, run.status));
    each("because", key, (place) => write(place, run.because ? run.because.text : ""));
    if (!run.endedAt || !run.startedAt) return;
    const passed = (Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000;
    each("took", key, (place) => write(place, runsLive.duration(passed)));
  }

  // Too much has changed to be told, or there is no socket: the page itself is asked.
  async function ask() {
    const response = await fetch(location.href);
    if (!response.ok || response.redirected) throw new Error(`the server answered ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const place of shown) {
      const key = place.dataset.runsRun;
      each("run", key, (now) => showStatus(place, now.dataset.status), page);
      for (const what of ["because", "took"]) {
        each(what, key, (now) => each(what, key, (old) => write(old, now.textContent)), page);
      }
    }
  }

  const dot = document.createElement("p");
  dot.dataset.live = "connection";
  const title = document.querySelector("#content h1");
  if (title) title.after(dot);

  runsLive.follow({
    url: () => `/ws/runs/${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`,
    message(message) {
      if (message.cursor) cursor = message.cursor;
      if (message.type === "reload") ask().catch(() => {}); // a lost connection says so itself
      for (const run of message.runs || []) apply(run);
      return true;
    },
    isBehind: () => false,
    poll: ask,
  });
})();
