"use strict";
document.querySelectorAll("[data-toggle]").forEach((chip) => {
  chip.addEventListener("click", () => {
    const on = chip.getAttribute("aria-pressed") !== "true";
    chip.setAttribute("aria-pressed", String(on));
    document.querySelectorAll(`[data-line="${chip.dataset.toggle}"]`).forEach((node) => node.classList.toggle("off", !on));
  });
});

(() => {
  const place = document.getElementById("scene");
  if (!place) return;
  if (!document.createElement("canvas").getContext("webgl")) {
    place.textContent = "This browser cannot draw the 3D view (it needs WebGL).";
    return;
  }
  const STEP = 0.012, INTERVAL_MS = 50;
  const scene = JSON.parse(document.getElementById("scene-data").textContent);
  // The longest side of the box is 1; a narrow window needs more distance to hold what turns in it.
  const across = Math.hypot(scene.aspect.x, scene.aspect.y) * place.clientHeight / place.clientWidth;
  const distance = Math.max(1.1, 1.35 * Math.max(scene.aspect.z, across));
  const eye = (angle) => ({ x: -distance * Math.sin(angle), y: -distance * Math.cos(angle), z: 0.15 });
  const light = { ambient: 0.55, diffuse: 0.7, specular: 0.12, roughness: 0.7, fresnel: 0.05 };
  const traces = scene.traces
    .map((trace) => ({ ...trace, lighting: light, lightposition: { x: -3000, y: -9000, z: 6000 }, hoverinfo: "name", flatshading: false }));
  const axis = { visible: false, showspikes: false };
  const layout = {
    margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: "rgba(0,0,0,0)", showlegend: false, uirevision: "fixed",
    scene: { xaxis: axis, yaxis: axis, zaxis: axis, aspectmode: "manual", aspectratio: scene.aspect, dragmode: "orbit", camera: { eye: eye(0), up: { x: 0, y: 0, z: 1 } } },
    hoverlabel: { namelength: -1 },
  };
  Plotly.newPlot(place, traces, layout, { displayModeBar: false, responsive: true, showTips: false });

  const button = document.getElementById("rotate");
  let angle = 0, timer = null, visible = true;
  const stop = () => {
    clearTimeout(timer);
    timer = null;
    button.textContent = "Rotate";
    button.setAttribute("aria-pressed", "false");
  };
  const start = () => {
    button.textContent = "Stop rotation";
    button.setAttribute("aria-pressed", "true");
    timer = setTimeout(turn, INTERVAL_MS);
  };
  // The next turn waits for this one to be drawn, so that a slow machine stays usable.
  const turn = async () => {
    if (visible && !document.hidden) {
      angle += STEP;
      await Plotly.relayout(place, { "scene.camera.eye": eye(angle) });
    }
    if (!timer) return;
    clearTimeout(timer);
    timer = setTimeout(turn, INTERVAL_MS);
  };
  button.addEventListener("click", () => (timer ? stop() : start()));
  ["pointerdown", "wheel", "touchstart"].forEach((kind) => place.addEventListener(kind, stop, { passive: true, capture: true }));
  new IntersectionObserver((entries) => { visible = entries[0].isIntersecting; }).observe(place);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) start();

  const chips = [...document.querySelectorAll("[data-trace]")];
  const set = (chosen, on) => {
    chosen.forEach((chip) => chip.setAttribute("aria-pressed", String(on)));
    Plotly.restyle(place, { visible: on }, chosen.map((chip) => Number(chip.dataset.trace)));
  };
  chips.forEach((chip) => chip.addEventListener("click", () => set([chip], chip.getAttribute("aria-pressed") !== "true")));
  document.getElementById("show-all").addEventListener("click", () => set(chips, true));
  document.getElementById("show-none").addEventListener("click", () => set(chips, false));
})();
