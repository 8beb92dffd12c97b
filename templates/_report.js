"use strict";
(() => {
  const button = (text, label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  };

  // Commands: a button that copies.
  for (const box of document.querySelectorAll(".command")) {
    const text = box.querySelector("code").textContent;
    const made = button("Copy", "Copy: " + text.slice(0, 60), async () => {
      try {
        await navigator.clipboard.writeText(text);
        made.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(box.querySelector("code"));
        made.textContent = "Selected";
      }
      setTimeout(() => { made.textContent = "Copy"; }, 2000);
    });
    box.append(made);
  }

  // A link into a folded part opens it.
  const unfold = () => {
    let at = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    for (; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  // On paper everything is open.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of folded) one.open = false; });

  // Drawings of rates: zoom, drag a range, read the counts under the pointer or with the arrow keys.
  const LEFT = 56, WIDTH = 652, WHOLE = 1000, LEAST = 20;
  const prepare = (svg) => {
    const box = svg.parentElement;
    const panes = [...svg.querySelectorAll(".pane")];
    const marks = [...svg.querySelectorAll("[data-x]")];
    const groups = [...panes[0].querySelectorAll(":scope > g")].filter((one) => one.querySelector(".bar"));
    const out = document.createElement("output");
    let from = 0, to = WHOLE, at = -1, pressed = null;

    const draw = () => {
      for (const pane of panes) {
        const tall = pane.getAttribute("viewBox").split(" ")[3];
        pane.setAttribute("viewBox", `${from} 0 ${to - from} ${tall}`);
      }
      for (const mark of marks) {
        const share = (Number(mark.dataset.x) - from) / (to - from);
        const x = LEFT + share * WIDTH;
        mark.style.visibility = share < -0.001 || share > 1.001 ? "hidden" : "visible";
        for (const name of mark.tagName === "line" ? ["x1", "x2"] : ["x"]) mark.setAttribute(name, x.toFixed(1));
      }
      svg.classList.toggle("zoomed", to - from < WHOLE / 2.5);
    };
    const show = (first, last) => {
      const wide = Math.max(LEAST, Math.min(WHOLE, last - first));
      from = Math.max(0, Math.min(WHOLE - wide, first));
      to = from + wide;
      draw();
    };
    const zoom = (times) => {
      const wide = (to - from) / times, middle = (from + to) / 2;
      show(middle - wide / 2, middle + wide / 2);
    };
    const tell = (index) => {
      at = Math.max(0, Math.min(groups.length - 1, index));
      out.textContent = groups[at] ? groups[at].querySelector("title").textContent.split("\n").join("; ") : "";
    };
    const placeOf = (event) => {
      const frame = svg.getBoundingClientRect();
      const x = (event.clientX - frame.left) / frame.width * 720;
      return from + Math.max(0, Math.min(1, (x - LEFT) / WIDTH)) * (to - from);
    };
    const nearest = (place) => {
      let best = 0;
      groups.forEach((one, index) => {
        const far = (other) => Math.abs(Number(other.querySelector(".bar").getAttribute("x")) + 4 - place);
        if (far(one) < far(groups[best])) best = index;
      });
      return best;
    };

    svg.addEventListener("pointermove", (event) => tell(nearest(placeOf(event))));
    svg.addEventListener("pointerdown", (event) => { if (event.pointerType === "mouse") pressed = placeOf(event); });
    addEventListener("pointerup", (event) => {
      if (pressed === null) return;
      const ends = [pressed, placeOf(event)].sort((a, b) => a - b);
      pressed = null;
      if (ends[1] - ends[0] > LEAST / 2) show(ends[0], ends[1]);
    });
    svg.addEventListener("dblclick", () => show(0, WHOLE));
    box.addEventListener("keydown", (event) => {
      const does = {
        ArrowRight: () => tell(at + 1), ArrowLeft: () => tell(at - 1), "+": () => zoom(2), "=": () => zoom(2),
        "-": () => zoom(0.5), "0": () => show(0, WHOLE),
      }[event.key];
      if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      does();
    });

    const tools = document.createElement("div");
    tools.className = "tools";
    const step = (sign) => show(from + sign * (to - from) / 4, to + sign * (to - from) / 4);
    tools.append(
      button("+", "Zoom in", () => zoom(2)), button("\u2212", "Zoom out", () => zoom(0.5)),
      button("\u2190", "Earlier", () => step(-1)), button("\u2192", "Later", () => step(1)),
      button("All", "Show all of the time", () => show(0, WHOLE)), out,
    );
    out.textContent = "Drag a range to zoom; arrow keys tell the counts.";
    box.after(tools);
  };
  for (const svg of document.querySelectorAll("svg.rates")) prepare(svg);
})();
