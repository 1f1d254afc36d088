// How the sound of a line looks, how far it has been heard, and the waves of the rows that are in view.

import { make } from "./elements.js";
import { shapes } from "./talk.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST = 50; // lines that are asked for at a time

/** The wave of one line; `seek(share)` is called with the place that is clicked, 0 to 1. */
export class Wave {
  #shown = null;
  #wanted = null;

  constructor(seek) {
    this.element = make("span", {
      class: "wave",
      "aria-hidden": "true",
      click: (event) => {
        const { left, width } = this.element.getBoundingClientRect();
        if (this.#shown && width) seek((event.clientX - left) / width);
      },
    });
  }

  /** The name of the sound; null where there is none. */
  get sound() {
    return this.#wanted;
  }

  set sound(name) {
    this.#wanted = name;
    if (name === this.#shown) return;
    this.#shown = null;
    this.element.replaceChildren();
  }

  /** Whether it is still to be drawn. */
  get missing() {
    return this.#wanted !== null && this.#shown !== this.#wanted;
  }

  /** Draw a shape as the studio tells it. */
  draw({ sound, peaks }) {
    if (sound !== this.#wanted || sound === this.#shown) return;
    this.#shown = sound;
    const levels = [...atob(peaks)].map((level) => Math.max(0.5, Math.min(12, (level.charCodeAt(0) / 255) * 24)));
    const svg = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    svg.setAttribute("viewBox", `0 0 ${levels.length} 24`);
    svg.setAttribute("preserveAspectRatio", "none");
    path.setAttribute("d", levels.map((level, at) => `M${at + 0.5} ${(12 - level).toFixed(1)}V${(12 + level).toFixed(1)}`).join(""));
    svg.append(path);
    this.element.replaceChildren(svg);
  }

  /** How much of it has been heard, 0 to 1; null where it does not sound. */
  set progress(share) {
    this.element.classList.toggle("going", share !== null);
    if (share !== null) this.element.style.setProperty("--at", `${(share * 100).toFixed(1)}%`);
  }
}

/** Draws the waves of the rows that are in view, as soon as they are spoken. */
export class Waves {
  #seen = new Set();
  #asking = false;
  #again = false;
  #path = null;
  #watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#seen.add(target);
        else this.#seen.delete(target);
      }
      this.look();
    },
    { rootMargin: "300px" },
  );

  /** Forget the rows of another episode. */
  begin(path) {
    this.#path = path;
    this.#seen.clear();
    this.#watch.disconnect();
  }

  watch(element) {
    this.#watch.observe(element);
  }

  /** Ask for what is missing. */
  async look() {
    this.#again = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    await new Promise((resolve) => setTimeout(resolve, 60)); // who scrolls passes many
    const path = this.#path;
    const rows = [...this.#seen].map(({ row }) => row).filter((row) => row?.wave.missing).slice(0, MOST);
    try {
      const told = rows.length ? await shapes(path, rows.map(({ id }) => id)) : {};
      if (path === this.#path) for (const row of rows) if (told[row.id]) row.wave.draw(told[row.id]);
      if (rows.length === MOST) this.#again = true;
    } catch {
      // A wave that cannot be told is left out; the line says why it cannot be heard.
    } finally {
      this.#asking = false;
    }
    if (this.#again) this.look();
  }
}
