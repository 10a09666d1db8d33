// Zooming and panning a graph: buttons, keys, the wheel with Ctrl, dragging the ground. The drawing
// itself is the server's; only its width and height change, so links and statuses stay what they are.
"use strict";

(() => {
  const [LEAST, MOST, STEP] = [0.1, 3, 1.25];
  const LEGIBLE = 0.55; // a wide graph is not made smaller than this unasked
  const KEPT = `runs-graph:${location.pathname}`;

  function tend(area) {
    const box = area.querySelector("[data-graph-box]");
    const drawing = box.querySelector("svg.graph");
    if (!drawing) return;
    const { width, height } = drawing.viewBox.baseVal;
    const highest = parseFloat(getComputedStyle(box).maxHeight) || box.clientHeight;
    let scale = 1;

    // The point of the drawing that lies at `at` (of the window) stays there.
    function zoom(wanted, at = middle()) {
      const before = drawing.getBoundingClientRect();
      const share = [(at.x - before.left) / before.width, (at.y - before.top) / before.height];
      scale = Math.min(Math.max(wanted, LEAST), MOST);
      drawing.setAttribute("width", width * scale);
      drawing.setAttribute("height", height * scale);
      const now = drawing.getBoundingClientRect();
      box.scrollLeft += now.left + share[0] * now.width - at.x;
      box.scrollTop += now.top + share[1] * now.height - at.y;
      area.querySelector("[data-zoom-level]").textContent = `${Math.round(scale * 100)} %`;
    }

    function middle() {
      const around = box.getBoundingClientRect();
      return { x: around.left + around.width / 2, y: around.top + around.height / 2 };
    }

    const room = () => box.clientWidth - 16;

    function fit() {
      zoom(Math.min(room() / width, (highest - 16) / height, 1));
    }

    const acts = { in: () => zoom(scale * STEP), out: () => zoom(scale / STEP), whole: () => zoom(1), fit };

    function press(act) {
      acts[act]();
      announce(`Graph at ${Math.round(scale * 100)} %`);
    }

    area.addEventListener("click", (event) => {
      const button = event.target.closest("[data-zoom]");
      if (button) press(button.dataset.zoom);
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "=" || event.ctrlKey || event.metaKey) return; // the plus of many keyboards
      event.preventDefault();
      press("in");
    });
    box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(scale * Math.exp(-event.deltaY / 400), { x: event.clientX, y: event.clientY });
    }, { passive: false });

    // --- dragging ------------------------------------------------------------------------------

    let from = null;

    box.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button || event.target.closest("a")) return;
      if (event.offsetX > box.clientWidth && event.target === box) return; // its scroll bar
      from = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
      box.setPointerCapture(event.pointerId);
      box.classList.add("dragged");
    });
    box.addEventListener("pointermove", (event) => {
      if (!from) return;
      box.scrollLeft = from.left + from.x - event.clientX;
      box.scrollTop = from.top + from.y - event.clientY;
    });
    for (const name of ["pointerup", "pointercancel"]) {
      box.addEventListener(name, () => {
        from = null;
        box.classList.remove("dragged");
      });
    }

    // --- as it was, when the page is loaded again ------------------------------------------------

    window.addEventListener("pagehide", () => {
      const { scrollLeft: left, scrollTop: top } = box;
      sessionStorage.setItem(KEPT, JSON.stringify({ scale, left, top }));
    });

    drawing.classList.add("zoomed");
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    zoom(kept ? kept.scale : Math.min(Math.max(room() / width, LEGIBLE), 1));
    if (kept) box.scrollTo(kept.left, kept.top);
    else box.scrollLeft = (box.scrollWidth - box.clientWidth) / 2;
  }

  for (const area of document.querySelectorAll("[data-graph-area]")) tend(area);
})();
