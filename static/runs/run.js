// The page of a run, kept up to date.
//
// The page was rendered when event `next` was yet to come. A websocket tells of that one and all
// that follow; for each the page asks the server for its pieces again (at once, but one question at
// a time) and puts in what changed. So there is one truth, and one place that draws it: the server.
"use strict";

(() => {
  const page = document.querySelector("[data-run]");
  if (!page) return;
  const find = (selector, root = page) => root.querySelector(selector);
  const findAll = (selector, root = page) => [...root.querySelectorAll(selector)];
  let next = Number(page.dataset.next); // the first event that is not on the page yet
  let status = find("[data-piece=header] [data-status]").dataset.status;

  // --- asking ------------------------------------------------------------------------------------

  const RETRY = 1000;
  const dot = document.querySelector("[data-live=connection]");
  let asking = null;
  let askAgain = false;
  let took = 0;

  function query(changes = {}) {
    const given = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) given.set(name, value);
      else given.delete(name);
    }
    return given;
  }

  // One question at a time; what happens meanwhile is asked for right after it.
  function refresh() {
    if (asking) {
      askAgain = true;
      return asking;
    }
    const began = performance.now();
    asking = load()
      .finally(() => {
        took = performance.now() - began;
        asking = null;
      })
      .then(() => {
        if (!askAgain) return;
        askAgain = false;
        setTimeout(refresh, Math.min(took / 2, 500)); // a slow answer is not asked for all the time
      });
    return asking;
  }

  // Ask for what happened, as often as it takes: it is told once, and then there is nothing to wait for.
  let retry = 0;

  function catchUp(pause = RETRY) {
    clearTimeout(retry);
    refresh().catch(() => {
      if (dot?.dataset.state === "offline") return; // then it is asked for anyway
      clearTimeout(retry);
      retry = setTimeout(catchUp, pause, Math.min(pause * 2, 30_000));
    });
  }

  async function load() {
    const here = location.search;
    const response = await fetch(`${page.dataset.liveUrl}?${query()}`, { headers: { Accept: "application/json" } });
    if (response.redirected || !response.ok) throw new Error(`the server answered ${response.status}`);
    const state = await response.json();
    if (here !== location.search) {
      askAgain = true; // another step was chosen meanwhile
      return;
    }
    apply(state);
  }

  function apply(state) {
    runsLive.setClock(state.time);
    next = Math.max(next, state.next);
    for (const [name, html] of Object.entries(state.pieces)) replace(name, html);
    markNodes(state.nodes, state.selected);
    if (state.status !== status) announceStatus(state.status);
    log.grow(state.next);
    runsLive.tick();
    runsLive.isCurrent();
  }

  function announceStatus(now) {
    status = now;
    runsLive.countInbox();
    const region = document.querySelector("[data-live=announce]");
    if (region) region.textContent = `The run is ${now}`;
  }

  // --- putting in --------------------------------------------------------------------------------

  // What differs between two renderings although nothing happened: texts that tick, form tokens.
  function essence(html) {
    return html
      .replace(/(data-since="\d+">)[^<]*/g, "$1")
      .replace(/(data-ago>)[^<]*/g, "$1")
      .replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
  }

  const rendered = {};

  function replace(name, html) {
    const place = find(`[data-piece="${name}"]`);
    const same = essence(html);
    if (!place || rendered[name] === same) return;
    const isFirst = !(name in rendered) && essence(place.innerHTML) === same;
    rendered[name] = same;
    if (isFirst) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const focus = focusIn(place);
    keepForms(place, fresh.content);
    keepOpen(place, fresh.content);
    const scrolled = findAll("ol, pre, ul", place).map((element) => element.scrollTop);
    place.replaceChildren(fresh.content);
    findAll("ol, pre, ul", place).forEach((element, at) => (element.scrollTop = scrolled[at] || 0));
    for (const element of findAll("[data-needs-script]", place)) element.hidden = false;
    if (focus) focus();
  }

  // A form that somebody fills in stays as it is for as long as it asks the same.
  function keepForms(place, fresh) {
    for (const form of findAll("[data-keep]", place)) {
      const twin = find(`[data-keep="${CSS.escape(form.dataset.keep)}"]`, fresh);
      if (twin) twin.replaceWith(form);
    }
  }

  function keepOpen(place, fresh) {
    for (const details of findAll("details[data-remember]", place)) {
      const twin = find(`details[data-remember="${CSS.escape(details.dataset.remember)}"]`, fresh);
      if (twin) twin.open = details.open;
    }
  }

  // Where the focus was, to be found again by what the element is for.
  function focusIn(place) {
    const element = document.activeElement;
    if (!element || !place.contains(element)) return null;
    if (element.closest("[data-keep]")) return () => element.isConnected && element.focus({ preventScroll: true });
    for (const name of ["data-select", "data-act-link", "data-copy"]) {
      const value = element.getAttribute(name);
      if (value === null) continue;
      return () => {
        const twin = find(`[${name}="${CSS.escape(value)}"]`, place);
        if (twin) twin.focus({ preventScroll: true });
      };
    }
    return null;
  }

  function markNodes(nodes, selected) {
    for (const node of findAll("[data-graph] [data-path], [data-tree] [data-path]")) {
      const mark = nodes[node.dataset.path] || { status: "", note: "" };
      node.dataset.status = mark.status || "none";
      const isHere = node.dataset.path === selected;
      if (node.matches("a")) {
        node.setAttribute("aria-selected", String(isHere));
        setText(find(":scope > .state", node), mark.status || "not started");
        setText(find(":scope > .note", node), mark.note);
        continue;
      }
      node.toggleAttribute("data-selected", isHere);
      const inside = node.matches(".frame") ? ":scope > g " : ":scope > a ";
      const note = find(`${inside}.note`, node);
      setText(note, noteOf(node, mark));
      if (note) passing(note, mark);
      const use = find(":scope > a > .state use", node);
      if (use) use.setAttribute("href", `${page.dataset.icons}#${mark.status || "none"}`);
    }
  }

  // What an event says of its step, shown at once; the pieces of the page that it makes the page ask
  // for say the same a moment later, and all the rest.
  const STATUS_OF = {
    "workflow-step-start": "running",
    "workflow-step-waiting": "waiting",
    "workflow-step-suspended": "suspended",
  };

  function hint({ path, attempt, event }) {
    const status = STATUS_OF[event.type] || (event.type === "workflow-step-result" && event.payload.status);
    const shown = query().get("attempt");
    if (!status || !path || path.endsWith("]") || (shown && shown !== String(attempt))) return;
    const place = path.replace(/#\d+|\[\d+\]|!\d+/g, "");
    for (const node of findAll(`[data-graph] [data-path="${CSS.escape(place)}"]`)) {
      node.dataset.status = status;
      const use = find(":scope > a > .state use", node);
      if (use) use.setAttribute("href", `${page.dataset.icons}#${status}`);
    }
  }

  // What a step puts out is the newest line of its log, if that is shown.
  function tellLine({ path, attempt, at, event }) {
    const list = find(".step-log > .lines");
    const isShown = list && find("[data-piece=inspector] [data-path]")?.dataset.path === path;
    if (event.type !== "workflow-step-output" || !isShown || (query().get("attempt") || String(attempt)) !== String(attempt)) return;
    const line = list.firstElementChild.cloneNode(true);
    const [time, type, text] = line.children;
    line.removeAttribute("data-status");
    time.textContent = at.slice(11, 23);
    type.textContent = "step-output";
    text.textContent = text.title = "output" in event.payload ? spaced(JSON.stringify(event.payload.output)) : "";
    list.prepend(line);
  }

  // JSON with spaces after commas and colons, as the server writes it.
  function spaced(json) {
    return json.replace(/("(?:[^"\\]|\\.)*")|[,:]/g, (mark, text) => text || `${mark} `);
  }

  function passing(note, mark) {
    if (mark.since === null || mark.since === undefined) return delete note.dataset.since;
    note.dataset.since = mark.since;
    note.dataset.lead = mark.lead;
  }

  function noteOf(node, mark) {
    if (node.matches(".frame")) return ["loop", "foreach"].includes(node.dataset.kind) ? "" : mark.note;
    return mark.note || (mark.status ? "" : "not started");
  }

  function setText(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  // --- choosing a step, without leaving the page ---------------------------------------------------

  function choose(path) {
    history.pushState(null, "", `?${query({ step: path })}`);
    find("[data-piece=inspector]").scrollTop = 0;
    refresh().catch(() => location.reload());
  }

  page.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-select]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const attempt = link.dataset.attempt;
    if (attempt && attempt !== (query().get("attempt") || attempt)) location.href = link.href;
    else choose(link.dataset.select);
  });
  window.addEventListener("popstate", () => refresh().catch(() => location.reload()));

  // Arrows go along the graph and up and down in the tree and in the timeline.
  page.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const area = event.target.closest("[data-graph], [data-tree], [data-timeline], .strip");
    if (!by || !area || !event.target.closest("a")) return;
    const links = findAll("a[data-select]", area);
    const to = links[links.indexOf(event.target.closest("a")) + by];
    if (!to) return;
    event.preventDefault();
    to.focus();
  });

  // --- dialogs: the same pages that open without a script -----------------------------------------

  const dialog = document.getElementById("act");
  const place = find("[data-act]", dialog);

  async function openAct(url, options) {
    const response = await fetch(url, { headers: { "X-Dialog": "1" }, ...options });
    if (response.headers.get("Content-Type") === "application/json") {
      location.href = (await response.json()).url; // it was done
      return;
    }
    const text = await response.text();
    const found = new DOMParser().parseFromString(text, "text/html").querySelector("[data-act-body]");
    if (!found) {
      location.href = options ? response.url : url; // it is not ours to do
      return;
    }
    place.replaceChildren(found);
    for (const button of findAll("[data-closes]", found)) button.hidden = false;
    if (!dialog.open) dialog.showModal();
    const field = find("[autofocus], input:not([type=hidden]), select, textarea, button.primary, button.danger", found);
    if (field) field.focus();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-act-link]");
    if (link && !event.metaKey && !event.ctrlKey && !event.button) {
      event.preventDefault();
      if (link.dataset.actLink === "answer" && focusForm()) return;
      openAct(link.href).catch(() => (location.href = link.href));
    }
    if (event.target.closest("[data-closes-dialog]") && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
  });

  // The form of the step that is shown is nearer than a dialog with the same form.
  function focusForm() {
    const field = find(".inspector form input:not([type=hidden]), .inspector form textarea, .inspector form select");
    if (!field) return false;
    field.scrollIntoView({ block: "center" });
    field.focus();
    return true;
  }

  // Buttons of a dialog that do not end it (preview, rows of a form) show the answer in it.
  dialog.addEventListener("submit", (event) => {
    const form = event.target;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    openAct(form.getAttribute("action") || location.href, { method: "POST", body: data }).catch(() => sayLost(form));
  });

  // What was typed stays; whether it has arrived nobody knows.
  function sayLost(form) {
    find(".act-error", dialog)?.remove();
    const said = document.createElement("p");
    said.className = "act-error";
    said.setAttribute("role", "alert");
    said.textContent = "The server did not answer. Look at the run before you try again.";
    form.before(said);
  }

  dialog.addEventListener("change", (event) => {
    if (!event.target.closest("[data-preview]")) return;
    const button = find("[data-preview-button]", dialog);
    if (button) button.click();
  });

  // --- the timeline grows --------------------------------------------------------------------------

  function stretch() {
    const line = find("[data-timeline][data-growing]");
    if (!line || document.hidden) return;
    const passed = runsLive.now() - Number(line.dataset.now);
    const ratio = Number(line.dataset.span) / (Number(line.dataset.span) + Math.max(passed, 0));
    for (const rect of findAll(".track rect, .track text, .track line", line)) {
      for (const name of ["x", "width", "x1", "x2"]) {
        const given = rect.getAttribute(name);
        if (given === null) continue;
        const key = `given${name}`;
        if (!rect.dataset[key]) rect.dataset[key] = parseFloat(given);
        rect.setAttribute(name, `${rect.dataset[key] * ratio}%`);
      }
      if ("grows" in rect.dataset) rect.setAttribute("width", `${100 - parseFloat(rect.getAttribute("x"))}%`);
    }
    thinOut(line);
    if (ratio < 0.7 && performance.now() - scaledAt > 1000 && dot?.dataset.state === "live") {
      scaledAt = performance.now();
      refresh().catch(() => {}); // a longer axis has other ticks
    }
  }

  let scaledAt = performance.now();

  // Of labels that have come too near to each other the left one is shown.
  function thinOut(line) {
    let last = -100;
    for (const label of findAll(".timeline-axis text", line)) {
      const at = parseFloat(label.getAttribute("x"));
      const isNear = at - last < 10;
      label.setAttribute("visibility", isNear ? "hidden" : "visible");
      if (!isNear) last = at;
    }
  }

  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  setInterval(stretch, calm ? 2000 : 200);

  // --- the log: only what is in sight is in the page ----------------------------------------------

  const log = (() => {
    const box = find("[data-log]");
    if (!box) return { grow() {} };
    const PAGE = 100;
    const ROW = 26;
    const follow = find("[data-follow]");
    const pages = new Map(); // number of the page -> its list
    let total = Number(box.dataset.total);
    const spacer = document.createElement("div");
    box.classList.add("windowed");
    for (const pager of findAll("[data-pager]")) pager.hidden = true;
    const first = find(".lines", box);
    split(first);
    box.replaceChildren(spacer, ...pages.values());
    resize();
    if (total > PAGE) toEnd();
    box.addEventListener("scroll", () => requestAnimationFrame(fill));
    box.addEventListener("wheel", (event) => event.deltaY < 0 && follow && (follow.checked = false), { passive: true });
    fill();

    // What the server rendered begins at a whole page, so it can be cut into pages.
    function split(list) {
      for (const line of [...list.children]) {
        const number = Math.floor(Number(line.dataset.seq) / PAGE);
        if (!pages.has(number)) pages.set(number, listOf(number));
        pages.get(number).append(line);
      }
    }

    function listOf(number) {
      const list = document.createElement("ol");
      list.className = "lines";
      list.start = number * PAGE;
      list.style.top = `${number * PAGE * ROW}px`;
      return list;
    }

    function resize() {
      spacer.style.height = `${total * ROW}px`;
    }

    function toEnd() {
      box.scrollTop = box.scrollHeight;
    }

    function inSight() {
      const from = Math.max(Math.floor(box.scrollTop / ROW / PAGE) - 1, 0);
      const to = Math.min(Math.floor((box.scrollTop + box.clientHeight) / ROW / PAGE) + 1, Math.floor((total - 1) / PAGE));
      return [from, to];
    }

    function fill() {
      const [from, to] = inSight();
      for (const [number, list] of pages) {
        if (number < from - 1 || number > to + 1) {
          list.remove();
          pages.delete(number);
        }
      }
      for (let number = from; number <= to; number++) if (!pages.has(number)) fetchPage(number);
    }

    async function fetchPage(number) {
      const list = pages.get(number) || listOf(number);
      pages.set(number, list);
      const template = document.createElement("template");
      const text = await linesFrom(number * PAGE).catch(() => null);
      if (pages.get(number) !== list) return; // it is out of sight meanwhile
      if (text === null) return setTimeout(() => pages.get(number) === list && fetchPage(number), RETRY);
      template.innerHTML = text;
      const known = list.children.length;
      if (known > template.content.children.length) return; // a later answer was faster
      if (known) [...template.content.children].slice(known).forEach((line) => line.classList.add("is-new"));
      list.replaceChildren(template.content);
      if (!list.isConnected) box.append(list);
    }

    async function linesFrom(start) {
      const response = await fetch(`${page.dataset.eventsUrl}?start=${start}`);
      if (!response.ok || response.redirected) throw new Error(`the server answered ${response.status}`);
      return response.text();
    }

    function grow(count) {
      if (count <= total) return;
      const last = Math.floor(Math.max(total - 1, 0) / PAGE);
      total = count;
      resize();
      if (!follow || follow.checked) toEnd();
      const [, to] = inSight();
      for (const [number, list] of pages) {
        if (number < last || number <= to) continue; // kept, and not whole any more
        list.remove();
        pages.delete(number);
      }
      for (let number = last; number <= to; number++) fetchPage(number);
    }

    return { grow };
  })();

  // --- the graph ------------------------------------------------------------------------------------

  function toSelected() {
    const box = find("[data-graph-box]");
    const node = box && find("[data-selected]", box);
    if (!node) return;
    const at = node.getBoundingClientRect();
    const around = box.getBoundingClientRect();
    if (at.bottom > around.bottom) box.scrollTop += at.bottom - around.bottom + 60;
    box.scrollLeft += at.left + at.width / 2 - around.left - around.width / 2;
  }

  toSelected();

  // --- following --------------------------------------------------------------------------------

  let told = null; // the last status message, to know what is new in the next

  function isOther(message) {
    const line = JSON.stringify([message.status, message.attempt, message.because]);
    const isFirst = told === null && message.status === status;
    const isSame = told === line;
    told = line;
    return !isFirst && !isSame;
  }

  runsLive.follow({
    url: () => `${page.dataset.socket}?offset=${next}`,
    message(message) {
      if (message.type === "event") {
        if (message.seq > next) return false;
        if (message.seq === next) {
          next += 1;
          hint(message);
          tellLine(message);
        }
      }
      if (message.type === "heartbeat" && message.next > next) return false;
      const isNews = message.type === "event" || (message.type === "status" && isOther(message));
      if (isNews) catchUp();
      return true;
    },
    isBehind: (message) => message.type === "hello" && message.next > next,
    poll: refresh,
  });
})();
