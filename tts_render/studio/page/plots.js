// The sound of a rendered episode over time: waveform, who speaks when, and loudness, as the report draws them.

import { clock, say } from "./words.js";
import { make } from "./elements.js";

const SVG = "http://www.w3.org/2000/svg";
const draw = (tag, attributes, ...children) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** A level with a real minus sign. */
export const level = (value, digits = 1) => value.toFixed(digits).replace("-", "−");

/** The plots that the studio tells; `number(voice)` is that of its colour, `go(seconds)` is called for a click. */
export const drawPlots = (plots, { number, go }) => {
  const { columns, milliseconds } = plots;
  const half = { d: plots.wave };
  const graph = make(
    "div",
    {
      class: "graph",
      role: "img",
      "aria-label": say("Waveform, speakers and loudness of {length}; a click goes to the line", { length: clock(milliseconds / 1000) }),
      click: ({ clientX }) => {
        const { left, width } = graph.getBoundingClientRect();
        go((Math.max(0, Math.min(1, (clientX - left) / width)) * milliseconds) / 1000);
      },
    },
    draw(
      "svg", { class: "peaks", viewBox: `0 -1000 ${columns} 2000`, preserveAspectRatio: "none" },
      draw("path", half), draw("path", { ...half, transform: "scale(1 -1)" }), draw("path", { class: "border", d: plots.borders }),
    ),
    draw(
      "svg", { class: "lane", viewBox: `0 0 ${milliseconds} 10`, preserveAspectRatio: "none" },
      ...plots.lane.map(([x, width, voice]) => draw("rect", { x, width, height: 10, class: voice === null ? "jingle" : `v${number(voice) % 8}` })),
    ),
    draw(
      "svg", { class: "loud" },
      draw(
        "svg", { viewBox: `0 0 ${columns} 1000`, preserveAspectRatio: "none", width: "100%", height: "100%" },
        draw("path", { class: "area", d: `${plots.loudness}V1000H0Z` }), draw("path", { class: "grid", d: plots.grid }),
        draw("path", { class: "mean", d: plots.mean }), draw("path", { class: "level", d: plots.loudness }),
      ),
      ...plots.levels.map(([lufs, height]) => draw("text", { x: 4, y: `${height / 10}%` }, level(lufs, 0))),
    ),
    draw("svg", { class: "axis" }, ...plots.ticks.flatMap(([percent, text]) => [
      draw("line", { x1: `${percent}%`, x2: `${percent}%`, y2: 4 }), draw("text", { x: `${percent}%`, y: 16 }, text),
    ])),
  );
  return graph;
};
