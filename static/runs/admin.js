/* Statuses of runs on a page of the admin follow the runs: one socket, opened only if any are shown. */
"use strict";

(() => {
  const shown = document.querySelectorAll("[data-runs-run]");
  if (!shown.length) return;

  let pause = 1000;

  const apply = (run) => {
    const key = `${run.workflowId}/${run.runId}`;
    for (const place of shown) {
      if (place.dataset.runsRun !== key || place.dataset.status === run.status) continue;
      place.dataset.status = run.status;
      place.querySelector("span").textContent = run.status;
    }
  };

  const connect = () => {
    const url = new URL("/ws/runs/", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.addEventListener("message", (message) => {
      pause = 1000;
      const said = JSON.parse(message.data);
      if (said.type === "digest") said.runs.forEach(apply);
    });
    socket.addEventListener("close", () => {
      setTimeout(connect, pause * (0.5 + Math.random()));
      pause = Math.min(pause * 2, 30000);
    });
  };

  connect();
})();
