// Being live: one websocket for the page, and clocks that run by the server's.
//
// runsLive.follow(...) keeps a numbered stream: what it has seen is `next`; it asks again from there
// after every break, so nothing is missed and nothing told twice. A page shows what the server
// renders; messages only say that there is something newer to ask for.
"use strict";

const runsLive = (() => {
  const BACKOFF = [1000, 2000, 4000, 8000, 15000, 30000];
  const OFFLINE_AFTER = 10000; // then the same data are polled by HTTP
  const POLL_EVERY = 5000;
  const STOPPED = {
    4400: "this page is out of date; load it again",
    4401: "you are logged out",
    4403: "you may no longer see this",
    4404: "this run is gone",
  };

  // --- the server's clock ------------------------------------------------------------------------

  let offset = 0;
  const body = document.body;
  if (body.dataset.now) offset = Number(body.dataset.now) - Date.now();

  function now() {
    return Date.now() + offset;
  }

  function setClock(time) {
    const ms = typeof time === "number" ? time : Date.parse(time);
    if (!Number.isNaN(ms)) offset = ms - Date.now();
  }

  // The same words as runs.ui.shown has on the server.
  function duration(seconds) {
    const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    if (seconds < 1) return `${Math.max(seconds * 1000, 0).toFixed(0)} ms`;
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    if (seconds < 60) return `${Math.round(seconds)} s`;
    const at = units.findIndex(([length]) => seconds >= length);
    const [big, small] = [units[at], units[at + 1]];
    const rest = Math.floor((seconds % big[0]) / small[0]);
    return `${Math.floor(seconds / big[0])} ${big[1]}${rest ? ` ${rest} ${small[1]}` : ""}`;
  }

  function ago(seconds) {
    const past = seconds >= 0;
    const size = Math.abs(seconds);
    if (size < 5) return "just now";
    const [length, unit] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]].find(([l]) => size >= l);
    const text = `${Math.floor(size / length)} ${unit}`;
    return past ? `${text} ago` : `in ${text}`;
  }

  // A moment as pages write it: in milliseconds, or in ISO 8601.
  function moment(text) {
    return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function tick() {
    const time = now();
    for (const element of document.querySelectorAll("[data-since]")) {
      const passed = duration(Math.max((time - moment(element.dataset.since)) / 1000, 0));
      write(element, (element.dataset.lead || "") + passed);
    }
    for (const element of document.querySelectorAll("[data-until]")) {
      write(element, duration(Math.max((moment(element.dataset.until) - time) / 1000, 0)));
    }
    for (const element of document.querySelectorAll("time[data-ago]")) {
      write(element, ago((time - Date.parse(element.getAttribute("datetime"))) / 1000));
    }
  }

  // --- the dot -----------------------------------------------------------------------------------

  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  let shownAt = now(); // the moment whose state the page shows

  function show(state, more = "") {
    const place = document.querySelector("[data-live=connection]");
    if (!place) return;
    const text = more || (state === "offline" ? `offline, showing state of ${clock.format(shownAt)}` : state.replace("-", " "));
    place.hidden = false;
    place.className = "connection";
    place.dataset.state = state;
    if (place.textContent !== text) {
      const dot = document.createElement("span");
      dot.className = "dot";
      dot.setAttribute("aria-hidden", "true");
      place.replaceChildren(dot, text);
    }
  }

  function isCurrent() {
    shownAt = now();
  }

  // --- the number beside the inbox -----------------------------------------------------------------

  let counting = 0;

  // It is each reader's own, so it is asked for, a moment later and once for all that happens then.
  function countInbox() {
    const place = document.querySelector("[data-live=inbox-count]");
    if (!place || counting) return;
    counting = setTimeout(async () => {
      counting = 0;
      const response = await fetch(place.dataset.url).catch(() => null); // the next one may get through
      if (!response?.ok || response.redirected) return;
      place.dataset.count = place.firstChild.nodeValue = await response.text();
    }, 300);
  }

  // --- a stream ----------------------------------------------------------------------------------

  // options: url(): where to connect, with what was seen; message(message): one that came, answers
  // false if something before it is missing; isBehind(message): whether there is history still to
  // come; poll(): ask by HTTP instead, a promise.
  function follow(options) {
    let socket = null;
    let failures = 0;
    let stopped = false;
    let retry = 0;
    let watchdog = 0;
    let patience = 45000; // three heartbeats, until hello says how often they come
    let lost = 0; // since when there is no connection
    let polling = 0;
    let shown = "";

    function state(name) {
      shown = name;
      show(name);
    }

    function alive() {
      clearTimeout(watchdog);
      watchdog = setTimeout(silent, patience);
    }

    function lose() {
      if (!lost) lost = Date.now();
      if (!polling) state("reconnecting");
    }

    // Not even a sign of life for too long: whatever there is, it is no connection.
    function silent() {
      lose();
      again(0);
    }

    function again(pause) {
      clearTimeout(watchdog);
      clearTimeout(retry);
      if (socket) {
        socket.onclose = socket.onmessage = socket.onopen = null;
        socket.close();
        socket = null;
      }
      if (!stopped) retry = setTimeout(connect, pause);
    }

    function connect() {
      clearTimeout(retry);
      if (stopped) return;
      socket = new WebSocket(location.origin.replace(/^http/, "ws") + options.url());
      socket.onmessage = ({ data }) => received(JSON.parse(data));
      socket.onclose = closed;
      alive();
    }

    function received(message) {
      if (message.time) setClock(message.time);
      if (message.type === "hello") {
        failures = 0;
        lost = 0;
        clearInterval(polling);
        polling = 0;
        patience = (message.heartbeatSeconds || 15) * 2500;
      }
      alive();
      if (options.message(message) === false) return again(0);
      if (message.type !== "goodbye") state(options.isBehind(message) ? "catching-up" : "live");
      if (shown === "live") isCurrent();
    }

    function closed(event) {
      clearTimeout(watchdog);
      socket = null;
      if (event.code in STOPPED) {
        stopped = true;
        show("offline", STOPPED[event.code]);
        return;
      }
      lose();
      const pause = BACKOFF[Math.min(failures++, BACKOFF.length - 1)];
      retry = setTimeout(connect, pause * (0.5 + Math.random()));
    }

    function offline() {
      if (stopped || !lost || Date.now() - lost < OFFLINE_AFTER) return;
      if (!polling) {
        state("offline");
        polling = setInterval(poll, POLL_EVERY);
        poll();
      } else {
        show("offline");
      }
    }

    function poll() {
      options.poll().then(isCurrent, () => {}); // it is offline, and says so already
    }

    setInterval(offline, 1000);
    window.addEventListener("online", () => !socket && again(0));
    window.addEventListener("offline", () => {
      lose();
      again(BACKOFF[0]);
    });
    window.addEventListener("pagehide", () => again(BACKOFF[0]));
    state("connecting");
    connect();
    return { again };
  }

  setInterval(tick, 1000);
  return { follow, countInbox, now, setClock, duration, tick, isCurrent };
})();
