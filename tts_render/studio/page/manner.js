// How one line is said: its speed, pitch, intonation and volume, who says it, the pauses beside it, and whether at all.

import { make, mark, signed } from "./elements.js";
import { say } from "./words.js";

const REST = 250; // milliseconds without a further change until one is saved
const SCALES = [
  { name: "speed", min: 0.5, max: 2, step: 0.05, rest: 1 },
  { name: "pitch", min: -6, max: 6, step: 0.1, rest: 0 },
  { name: "intonation", min: 0, max: 2, step: 0.05, rest: 1 },
  { name: "volume", min: 0.1, max: 2, step: 0.05, rest: 1 },
];
const PAUSES = ["before", "after"];
const LABELS = {
  speed: say("Speed"), pitch: say("Pitch"), intonation: say("Intonation"), volume: say("Volume"),
  before: say("Pause before"), after: say("Pause after"), voice: say("Voice and style"),
};
const UNITS = { speed: say("×"), pitch: say("semitones"), intonation: say("×"), volume: say("×") };

/** The controls. `save(wanted)` is called with the one thing that is to be changed. */
export class Manner extends HTMLElement {
  #save = (_) => {};
  #facts = null;
  #timer = null;
  #wanted = {};
  #built = false;
  #controls = new Map();
  #trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  #reasons = make("ul", { class: "dim hint reasons" });
  #voice = make("select", { lang: "ja", change: () => this.#choose() });
  #out = make("button", { type: "button", "data-action": "out", click: () => this.#save({ out: true }) }, say("Leave this line out"));

  /** Control a line of an episode. */
  attach(id, save) {
    this.#save = save;
    this.classList.add("manner-of-line");
    if (this.#built) return;
    this.#built = true;
    this.append(
      this.#trouble,
      make("div", { class: "scales" }, ...SCALES.map((scale) => this.#scale(scale, id))),
      make(
        "div",
        { class: "choices-of-line" },
        this.#labelled("voice", this.#voice, id),
        ...PAUSES.map((name) => this.#pause(name, id)),
        this.#out,
      ),
      this.#reasons,
    );
  }

  /** Whether something was changed that is not saved yet. */
  get busy() {
    return this.#timer !== null;
  }

  /** Show what the studio tells of the line. */
  show(facts) {
    if (this.busy) return;
    this.#facts = facts;
    this.#fillVoices();
    for (const { name } of SCALES) this.#fill(name, facts[name]);
    for (const name of PAUSES) this.#fill(name, facts[name]);
    const { why } = facts;
    for (const name of Object.keys(why)) {
      for (const control of this.#of(name)) {
        control.disabled = Boolean(why[name]) || (control.dataset.action === "ordinary" && this.#isOrdinary(name));
        mark(control, "title", why[name]);
      }
    }
    const reasons = new Set(Object.values(why).filter(Boolean));
    this.#reasons.replaceChildren(...[...reasons].map((reason) => make("li", {}, reason)));
  }

  /** Say what went wrong; null for nothing. */
  complain(error) {
    this.#trouble.hidden = !error;
    this.#trouble.textContent = error ? [error.sentence ?? error.message, error.remedy].filter(Boolean).join("\n") : "";
  }

  /** Keep what is changed now rather than after a rest. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const wanted = Object.entries(this.#wanted);
    this.#wanted = {};
    for (const [name, value] of wanted) this.#save({ [name]: value });
  }

  #of(name) {
    if (name === "voice") return [this.#voice];
    if (name === "out") return [this.#out];
    if (name === "styles") return [];
    const { field, slider, back } = this.#controls.get(name);
    return [field, slider, back].filter(Boolean);
  }

  #labelled(name, control, id, ...more) {
    control.id = `${name}-${id}`;
    return make("div", { class: "control", "data-of": name }, make("label", { for: control.id }, LABELS[name]), control, ...more);
  }

  #scale({ name, min, max, step, rest }, id) {
    const field = make("input", { type: "number", class: "exact", min, max, step, "data-key": name, change: () => this.#typed(name, field, min, max) });
    const slider = make("input", {
      type: "range", min, max, step, tabindex: -1, "aria-hidden": "true",
      input: () => { field.value = slider.value; this.#set(name, Number(slider.value)); },
      pointerup: () => queueMicrotask(() => this.flush()),
    });
    const back = this.#back(name, () => this.#set(name, rest, true));
    this.#controls.set(name, { field, slider, back, rest });
    field.addEventListener("input", () => field.validity.valid && field.value && this.#set(name, Number(field.value)));
    return this.#labelled(name, field, id, make("span", { class: "unit", "aria-hidden": "true" }, UNITS[name]), slider, back);
  }

  #pause(name, id) {
    const field = make("input", { type: "number", class: "exact", min: 0, max: 60, step: 0.05, "data-key": name, placeholder: say("as usual"), change: () => this.#typed(name, field, 0, 60) });
    const back = this.#back(name, () => this.#set(name, null, true));
    this.#controls.set(name, { field, back, rest: null });
    field.addEventListener("input", () => field.validity.valid && field.value && this.#set(name, Number(field.value)));
    return this.#labelled(name, field, id, make("span", { class: "unit", "aria-hidden": "true" }, say("s")), back);
  }

  #back(name, click) {
    return signed("undo", say("{what}: back to the ordinary", { what: LABELS[name] }), { class: "back", "data-action": "ordinary", "data-of": name, click });
  }

  /** What was typed, once somebody is done with it: an empty field is the ordinary, a number out of range the nearest. */
  #typed(name, field, min, max) {
    const rest = this.#controls.get(name).rest;
    const value = field.value === "" && !field.validity.badInput ? rest : Math.min(max, Math.max(min, Number(field.value)));
    this.#set(name, field.validity.badInput ? this.#facts[name] : value, true);
  }

  #set(name, value, now = false) {
    this.#fill(name, value, document.activeElement === this.#controls.get(name).field && !now);
    if (this.#isSaved(name, value)) delete this.#wanted[name];
    else this.#wanted[name] = value;
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!Object.keys(this.#wanted).length) return;
    if (now) this.flush();
    else this.#timer = setTimeout(() => this.flush(), REST);
  }

  #isSaved(name, value) {
    const saved = this.#facts[name];
    return saved === null || value === null ? saved === value : Math.abs(saved - value) < 0.0005;
  }

  #isOrdinary(name) {
    return this.#isSaved(name, this.#controls.get(name).rest);
  }

  /** Show a value; what somebody types right now stays as typed. */
  #fill(name, value, typing = false) {
    const { field, slider } = this.#controls.get(name);
    const shown = value === null ? "" : String(Number(value.toFixed(2)));
    if (!typing && document.activeElement === field && this.#wanted[name] !== undefined) return;
    if (!typing) field.value = shown;
    if (slider && value !== null) slider.value = String(value);
  }

  #fillVoices() {
    const { voices, voice, style } = this.#facts;
    const option = (name, of, text) => make("option", { value: JSON.stringify([name, of]), selected: name === voice && of === style }, text);
    const known = voices.some(({ name, own, styles }) => name === voice && (style === null || style === own || styles.includes(style)));
    this.#voice.replaceChildren(
      ...(known ? [] : [option(voice, style, style ? `${voice}（${style}）` : voice)]),
      ...voices.flatMap(({ name, own, styles }) => [
        option(name, null, own && styles.length ? `${name}（${own}）` : name),
        ...(own && name === voice && style === own ? [option(name, own, `${name}（${own}）`)] : []),
        ...styles.map((of) => option(name, of, `${name}（${of}）`)),
      ]),
    );
  }

  #choose() {
    const [voice, style] = JSON.parse(this.#voice.value);
    this.#save({ voice, style });
  }
}

customElements.define("studio-manner", Manner);
