// The accents of a line: its accent phrases with their moras, to be moved, parted, joined, spelled, raised and stretched.

import { make, mark, signed } from "./elements.js";
import { post } from "./talk.js";
import { language, say } from "./words.js";

const REST = 250; // milliseconds without a further change until one is saved
const PITCHES = { min: 3, max: 6.5, step: 0.01 }; // ln Hz
const LENGTHS = { min: 0, max: 0.4, step: 0.005 }; // seconds
/** What a slider sets, for a mora. */
const TUNED = {
  pitch: (mora) => say("Pitch of {mora}", { mora }),
  vowel_length: (mora) => say("Length of the vowel of {mora}", { mora }),
  consonant_length: (mora) => say("Length of the consonant of {mora}", { mora }),
};
const COLUMNS = { pitches: 40, lengths: 48 }; // width of a mora in the drawing; as wide as its sliders

const kanaOf = (phrase) => phrase.moras.map(({ text }) => text).join("");

/** A phrase in the notation of VOICEVOX. */
const spell = (phrase) => {
  const moras = phrase.moras.map(({ text, vowel }) => (/[AIUEO]/.test(vowel) ? "_" : "") + text);
  moras.splice(phrase.accent, 0, "'");
  return moras.join("") + (phrase.is_interrogative ? "？" : "");
};

/** What somebody typed as kana, in that notation: katakana, and an accent in each phrase. */
const toNotation = (typed) =>
  typed
    .normalize("NFKC")
    .replace(/\s+/g, "")
    .replace(/[ぁ-ゖ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) + 0x60))
    .replace(/[’´`]/g, "'")
    .replace(/\?/g, "？")
    .replace(/[,，]/g, "、")
    .split(/([/、])/)
    .map((part) => (/^[/、]?$/.test(part) || part.includes("'") ? part : part.replace(/(？?)$/, "'$1")))
    .join("");

const open = (mora) => ({ ...mora, consonant_length: null, vowel_length: null, pitch: null });

/** The same phrases, with lengths and pitches left to the engine. */
const opened = (phrase) => ({ ...phrase, moras: phrase.moras.map(open), pause_mora: phrase.pause_mora && open(phrase.pause_mora) });

const PAUSE = { text: "、", consonant: null, consonant_length: null, vowel: "pau", vowel_length: null, pitch: null };

/** Whether each mora is high, as Tokyo speaks. */
const heights = ({ moras, accent }) => moras.map((_, at) => (accent === 1 ? at === 0 : at > 0 && at < accent));

/** The editor. `save(accent_phrases)` is called with what is to be said; no phrases are the engine's own. */
export class Accents extends HTMLElement {
  #path;
  #id;
  #save;
  #full = [];
  #given = [];
  #follows = {};
  #kept = false;
  #leaves = false;
  #view = "pitches";
  #shape = null;
  #timer = null;
  #trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  #strip = make("div", { class: "phrases", lang: "ja" });
  #foot = make("div", { class: "foot" });

  /** Edit an utterance of an episode. */
  attach(path, id, save) {
    this.#path = path;
    this.#id = id;
    this.#save = save;
    this.classList.add("accents");
    if (!this.firstChild) this.append(this.#trouble, this.#strip, this.#foot);
  }

  /** Whether something was changed that is not saved yet. */
  get busy() {
    return this.#timer !== null;
  }

  /** Show what the studio tells of the line. */
  show({ accent_phrases: phrases, given, follows, marked }) {
    if (this.busy) return;
    this.#full = phrases;
    this.#kept = Boolean(given?.length || marked);
    this.#leaves = false;
    this.#given = given?.length ? given : phrases.map(opened);
    this.#follows = follows;
    this.complain(null);
    this.#render();
  }

  /** Say what went wrong; null for nothing. */
  complain(error) {
    this.#trouble.hidden = !error;
    this.#trouble.textContent = error ? [error.sentence ?? error.message, error.remedy].filter(Boolean).join("\n") : "";
  }

  /** Keep what is changed now rather than after a rest. */
  flush() {
    if (!this.busy) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#save(this.#leaves ? [] : this.#given);
  }

  #changed({ soon = false } = {}) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), REST);
    if (!soon) this.flush();
  }

  /** Put others in the place of some phrases; lengths and pitches of the new ones are the engine's. */
  #replace(at, count, phrases) {
    this.#mended();
    this.#given.splice(at, count, ...phrases);
    this.#full.splice(at, count, ...structuredClone(phrases));
    this.#render();
    this.#changed();
  }

  #render() {
    const shape = JSON.stringify([
      this.#view,
      this.#full.map((phrase) => [kanaOf(phrase), phrase.moras.map(({ vowel }) => vowel.toLowerCase()), Boolean(phrase.pause_mora)]),
      this.#follows,
    ]);
    if (shape !== this.#shape) {
      const held = document.activeElement;
      const key = held instanceof HTMLElement && this.contains(held) ? held.dataset.key : null;
      this.#strip.replaceChildren(...this.#full.map((phrase, at) => this.#phrase(phrase, at)));
      if (!this.#full.length) this.#strip.replaceChildren(make("p", { lang: "" }, say("This engine does not tell its accent phrases. Write the reading into the text or the dictionary instead.")));
      this.#buildFoot();
      if (key) /** @type {HTMLElement | null} */ (this.querySelector(`[data-key="${key}"]`))?.focus();
    }
    this.#shape = shape;
    this.#fill();
  }

  #phrase(phrase, at) {
    const last = at === this.#full.length - 1;
    const count = phrase.moras.length;
    const fixed = Boolean(this.#follows.accents);
    const accent = make("input", {
      type: "range", class: "accent", min: 1, max: Math.max(count, 2), step: 1, disabled: fixed || count === 1, "data-key": `accent ${at}`,
      "aria-label": say("Accent of {kana}", { kana: kanaOf(phrase) }),
      input: ({ target }) => this.#move(at, Number(target.value), true),
      change: () => this.flush(),
    });
    const after = make(
      "div",
      { class: "after" },
      last ? null : signed("join", say("Join with the next accent phrase"), { "data-action": "join", "data-key": `join ${at}`, disabled: fixed, click: () => this.#join(at) }),
      last ? null : signed("、", say("Pause after this phrase"), { "data-action": "pause", "data-key": `pause ${at}`, "aria-pressed": "false", click: () => this.#pause(at) }),
      last ? signed("？", say("Question"), { "data-action": "question", "data-key": `question ${at}`, "aria-pressed": "false", click: () => this.#ask(at) }) : null,
      phrase.pause_mora && this.#view === "lengths" ? this.#slider("vowel_length", at, null) : null,
    );
    const element = make(
      "div",
      { class: "phrase", role: "group", "aria-label": kanaOf(phrase) },
      make(
        "div",
        { class: "body" },
        make("div", { class: "curve" }, drawing(count * COLUMNS[this.#view], count), accent),
        make("div", { class: "moras" }, ...phrase.moras.map((mora, number) => this.#mora(mora, at, number, fixed))),
        signed("write", say("Change the kana of {kana}", { kana: kanaOf(phrase) }), { class: "spell", "data-action": "kana", "data-key": `kana ${at}`, click: () => this.#type(at, element) }),
      ),
      after,
    );
    element.style.setProperty("--count", Math.max(count, 1));
    return element;
  }

  #mora(mora, at, number, fixed) {
    const unvoiceable = /^[iuIU]$/.test(mora.vowel);
    const label = say("{mora}: voiceless", { mora: mora.text });
    return make(
      "div",
      { class: "mora" },
      number ? signed("split", say("Split the accent phrase before {mora}", { mora: mora.text }), { class: "split", "data-action": "split", "data-key": `split ${at} ${number}`, disabled: fixed, click: () => this.#split(at, number) }) : null,
      unvoiceable
        ? make("button", { type: "button", class: "kana", "data-action": "voiceless", "data-key": `voice ${at} ${number}`, "aria-pressed": "false", "aria-label": label, title: label, click: () => this.#voice(at, number) }, mora.text)
        : make("span", { class: "kana" }, mora.text),
      make(
        "div",
        { class: "sliders" },
        ...(this.#view === "pitches" ? ["pitch"] : [mora.consonant && "consonant_length", "vowel_length"])
          .filter(Boolean)
          .map((field) => this.#slider(field, at, number)),
      ),
    );
  }

  #slider(field, at, number) {
    const mora = number === null ? this.#full[at].pause_mora : this.#full[at].moras[number];
    const reason = this.#reason(field === "pitch" ? "pitches" : "lengths");
    const label = number === null ? say("Length of the pause") : TUNED[field](mora.text);
    const set = (value, soon) => this.#tune(field, at, number, value, soon);
    return make("input", {
      type: "range", class: `tune ${field}`, ...(field === "pitch" ? PITCHES : LENGTHS), "aria-label": label, title: reason ?? label,
      "aria-orientation": "vertical", disabled: Boolean(reason), "data-key": `${field} ${at} ${number}`,
      input: ({ target }) => set(Number(target.value), true),
      change: () => this.flush(),
      dblclick: () => set(null),
      keydown: (event) => {
        if (!["Delete", "Backspace"].includes(event.key)) return;
        event.preventDefault();
        set(null);
      },
    });
  }

  #buildFoot() {
    const choice = (view) =>
      make("label", {}, make("input", { type: "radio", name: `view-${this.#id}`, checked: this.#view === view, "data-key": `view ${view}`, change: () => { this.#view = view; this.#render(); } }), ` ${view === "pitches" ? say("Pitches") : say("Lengths")}`);
    const reason = this.#reason(this.#view);
    this.classList.toggle("fixed", Boolean(reason));
    this.classList.toggle("lengths", this.#view === "lengths");
    this.#foot.replaceChildren(
      make("fieldset", { class: "views" }, choice("pitches"), choice("lengths")),
      make("button", { type: "button", "data-action": "reset", "data-key": "reset", click: () => this.#reset() }, say("Back to the engine's own")),
      make("p", { class: "dim hint" }, reason ?? say("A double click or Delete on a slider leaves it to the engine again.")),
    );
  }

  /** Values and labels as they are now. */
  #fill() {
    this.#full.forEach((phrase, at) => {
      const element = this.#strip.children[at];
      const accent = element.querySelector(".accent");
      if (!accent) return; // its kana is being typed
      accent.value = phrase.accent;
      const falls = phrase.accent < phrase.moras.length;
      mark(accent, "aria-valuetext", falls ? say("falls after {mora}", { mora: phrase.moras[phrase.accent - 1].text }) : say("does not fall (flat)"));
      draw(element.querySelector("svg"), phrase);
      for (const [name, on] of [["pause", phrase.pause_mora], ["question", phrase.is_interrogative]]) {
        const button = element.querySelector(`[data-action="${name}"]`);
        if (button) mark(button, "aria-pressed", String(Boolean(on)));
      }
      phrase.moras.forEach((mora, number) => {
        const column = element.querySelectorAll(".moras > .mora")[number];
        const voice = column.querySelector("[data-action=voiceless]");
        if (voice) mark(voice, "aria-pressed", String(/[AIUEO]/.test(mora.vowel)));
        for (const field of ["pitch", "vowel_length", "consonant_length"]) this.#value(column, field, mora, this.#given[at].moras[number]);
      });
      if (phrase.pause_mora) this.#value(element.querySelector(".after"), "vowel_length", phrase.pause_mora, this.#given[at].pause_mora);
    });
    this.#foot.querySelector("[data-action=reset]").disabled = !this.#kept;
  }

  #value(column, field, mora, given) {
    const slider = column.querySelector(`.${field}`);
    if (!slider) return;
    const value = mora[field];
    const voiceless = field === "pitch" && value === 0;
    if (value !== null) {
      if (value > Number(slider.max)) slider.max = value;
      slider.value = value;
    }
    slider.disabled = voiceless || Boolean(this.#reason(field === "pitch" ? "pitches" : "lengths"));
    slider.classList.toggle("given", given?.[field] !== null && given?.[field] !== undefined);
    const shown = voiceless ? say("voiceless") : field === "pitch" ? say("{hertz} Hz", { hertz: Math.round(Math.exp(value)) }) : say("{ms} ms", { ms: Math.round(value * 1000) });
    mark(slider, "aria-valuetext", value === null ? null : shown);
    if (!this.#reason(field === "pitch" ? "pitches" : "lengths")) slider.title = `${slider.getAttribute("aria-label")}: ${value === null ? "" : shown}`;
  }

  /** Why the engine does not follow something; null where it does. */
  #reason(what) {
    return this.#follows[what];
  }

  #move(at, accent, soon) {
    this.#mended();
    const count = this.#full[at].moras.length;
    this.#given[at] = opened({ ...this.#given[at], accent: Math.min(accent, count) });
    this.#full[at].accent = Math.min(accent, count);
    this.#fill();
    this.#changed({ soon });
  }

  #split(at, number) {
    const { moras, accent, pause_mora, is_interrogative } = opened(this.#given[at]);
    this.#replace(at, 1, [
      { moras: moras.slice(0, number), accent: Math.min(accent, number), pause_mora: null, is_interrogative: false },
      { moras: moras.slice(number), accent: accent > number ? accent - number : 1, pause_mora, is_interrogative },
    ]);
  }

  #join(at) {
    const [one, other] = [opened(this.#given[at]), opened(this.#given[at + 1])];
    this.#replace(at, 2, [{ ...other, moras: [...one.moras, ...other.moras], accent: one.accent }]);
  }

  #pause(at) {
    const phrase = this.#given[at];
    this.#replace(at, 1, [{ ...phrase, pause_mora: phrase.pause_mora ? null : PAUSE }]);
  }

  #ask(at) {
    const phrase = this.#given[at];
    this.#replace(at, 1, [{ ...phrase, is_interrogative: !phrase.is_interrogative }]);
  }

  #voice(at, number) {
    const phrase = opened(this.#given[at]);
    const { vowel } = phrase.moras[number];
    phrase.moras[number].vowel = vowel === vowel.toLowerCase() ? vowel.toUpperCase() : vowel.toLowerCase();
    this.#replace(at, 1, [phrase]);
  }

  #tune(field, at, number, value, soon = false) {
    this.#mended();
    const of = (phrases) => (number === null ? phrases[at].pause_mora : phrases[at].moras[number]);
    of(this.#given)[field] = value;
    if (field === "vowel_length" && value === null) of(this.#given).consonant_length = null;
    else if (field === "consonant_length" && value !== null) of(this.#given).vowel_length ??= of(this.#full).vowel_length;
    if (value !== null) of(this.#full)[field] = value;
    this.#fill();
    this.#changed({ soon });
  }

  #mended() {
    this.#kept = true;
    this.#leaves = false;
  }

  #reset() {
    this.#kept = false;
    this.#leaves = true;
    this.#changed();
  }

  /** Let a phrase's kana be typed in its place. */
  #type(at, element) {
    const spelled = spell(this.#full[at]);
    const field = make("input", { type: "text", value: spelled, "aria-label": say("Kana of this phrase"), lang: "ja", autocomplete: "off", spellcheck: "false" });
    const done = () => {
      form.replaceWith(body);
      this.#fill();
      body.querySelector(".spell").focus();
    };
    const form = make(
      "form",
      {
        class: "spelling",
        submit: async (event) => {
          event.preventDefault();
          if (["", spelled].includes(field.value.trim())) {
            done();
            return;
          }
          try {
            const { accent_phrases: found } = await post("kana", this.#path, { utterance: this.#id }, { kana: toNotation(field.value) });
            const phrases = found.map(opened);
            phrases[phrases.length - 1].pause_mora ??= this.#given[at].pause_mora;
            this.complain(null);
            done();
            this.#replace(at, 1, phrases);
          } catch (error) {
            this.complain(error);
            field.focus();
          }
        },
        keydown: (event) => {
          if (event.key !== "Escape" || event.isComposing) return;
          event.stopPropagation();
          this.complain(null);
          done();
        },
      },
      field,
      make("p", { class: "dim hint", lang: language }, say("' after the accented mora · / between phrases · 、 for a pause · _ before a voiceless mora")),
    );
    const body = element.querySelector(".body");
    body.replaceWith(form);
    field.focus();
  }
}

/** The drawing of an accent, without a shape yet. */
export const drawing = (width, count) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} 40`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "polyline"));
  for (let at = 0; at < count; at++) {
    const dot = document.createElementNS(svg.namespaceURI, "circle");
    dot.setAttribute("r", "4.5");
    svg.append(dot);
  }
  return svg;
};

/** Give it the shape of a phrase. */
export const draw = (svg, phrase) => {
  const column = svg.viewBox.baseVal.width / phrase.moras.length;
  const points = heights(phrase).map((high, at) => [(at + 0.5) * column, high ? 9 : 31]);
  svg.querySelector("polyline").setAttribute("points", points.map((point) => point.join(" ")).join(", "));
  svg.querySelectorAll("circle").forEach((dot, at) => {
    dot.setAttribute("cx", points[at][0]);
    dot.setAttribute("cy", points[at][1]);
    // The mora after which the pitch falls; a flat phrase has none.
    dot.classList.toggle("nucleus", at === phrase.accent - 1 && phrase.accent < phrase.moras.length);
  });
};

customElements.define("studio-accents", Accents);
