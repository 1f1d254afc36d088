// A word for the dictionary: how it is read everywhere, with what that changes, to be seen and heard before it is saved.

import { draw, drawing } from "./accents.js";
import { make, mark } from "./elements.js";
import { get, post, trialSound } from "./talk.js";
import { say, sayCount } from "./words.js";

const REST = 350; // milliseconds without a further change until it is tried
const SOME = 3; // lines that are played one after the other
const COLUMN = 40; // width of a mora
const CLASSES = {
  proper_noun: say("proper noun"), common_noun: say("common noun"), verb: say("verb"), adjective: say("adjective"), suffix: say("suffix"),
};

const katakana = (text) => text.normalize("NFC").replace(/[ぁ-ゖ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) + 0x60));
const morasOf = (reading) => (/^[ァ-ヴー]+$/.test(reading) ? (reading.match(/[ァ-ヴー][ァィゥェォャュョヮ]?/g) ?? []) : []);

/** The words of a text from which one may be chosen. */
const wordsOf = (text) =>
  "Segmenter" in Intl
    ? [...new Set([...new Intl.Segmenter("ja", { granularity: "word" }).segment(text)].filter(({ segment, isWordLike }) => isWordLike && !/^[ぁ-ん]{1,3}$/.test(segment)).map(({ segment }) => segment))]
    : [];

/**
 * What of the one text is not in the other, and the other way round: each as parts that are shared and not, in turn.
 * @param {string} one
 * @param {string} other
 */
const apart = (one, other) => {
  const [from, to] = [[...one], [...other]];
  // How many characters the rests share from each pair of places on.
  const shared = Array.from({ length: from.length + 1 }, () => new Uint16Array(to.length + 1));
  for (let a = from.length - 1; a >= 0; a--) for (let b = to.length - 1; b >= 0; b--) shared[a][b] = from[a] === to[b] ? shared[a + 1][b + 1] + 1 : Math.max(shared[a + 1][b], shared[a][b + 1]);
  const [was, is] = [[""], [""]];
  const put = (parts, character, same) => {
    if ((parts.length % 2 === 1) !== same) parts.push("");
    parts[parts.length - 1] += character;
  };
  for (let [a, b] = [0, 0]; a < from.length || b < to.length; )
    if (a < from.length && b < to.length && from[a] === to[b]) {
      put(was, from[a++], true);
      put(is, to[b++], true);
    } else if (b === to.length || (a < from.length && shared[a + 1][b] >= shared[a][b + 1])) put(was, from[a++], false);
    else put(is, to[b++], false);
  return [was, is];
};

/** The text that is selected in an element, without the readings beside it. */
export const selectedIn = (element) => {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount || !element.contains(selection.anchorNode)) return "";
  const held = selection.getRangeAt(0).cloneContents();
  for (const reading of held.querySelectorAll("rt, rp")) reading.remove();
  return held.textContent.trim();
};

/** The dialog. `host` is the episode: its path, and what takes over new facts. */
export class Word {
  #host;
  #row = null;
  #known = null;
  #carries = false;
  #typed = false;
  #looked = false;
  #removing = false;
  #trial = null;
  #timer = 0;
  #asked = 0;
  #listening = 0;
  #audio = new Audio();
  #title = make("h2", { id: "word-title" }, say("How a word is said everywhere"));
  #place = make("p", { class: "dim hint" });
  #surface = make("input", { type: "text", id: "word-surface", lang: "ja", autocomplete: "off", spellcheck: "false", maxlength: 100, "aria-describedby": "word-surface-wrong" });
  #choices = make("p", { class: "choices words", role: "group", "aria-label": say("Words of this line") });
  #reading = make("input", { type: "text", id: "word-reading", lang: "ja", autocomplete: "off", spellcheck: "false", maxlength: 100, "aria-describedby": "word-reading-wrong" });
  #given = make("input", { type: "checkbox", id: "word-given", change: () => this.#changed() });
  #slider = make("input", { type: "range", class: "accent", min: 1, step: 1, "aria-label": say("Accent"), "aria-describedby": "word-accent-wrong", input: () => { this.#drawAccent(); this.#changed(); } });
  #curve = make("div", { class: "curve" });
  #moras = make("div", { class: "moras" });
  #accent = make("div", { class: "phrase", lang: "ja" }, make("div", { class: "body" }, this.#curve, this.#moras));
  #class = make("select", { id: "word-class", change: () => this.#changed() }, ...Object.entries(CLASSES).map(([value, name]) => make("option", { value }, name)));
  #hint = make("p", { class: "dim hint" });
  /** @type {Record<string, HTMLElement>} */
  #wrong = Object.fromEntries(["surface", "reading", "accent"].map((field) => [field, make("p", { class: "wrong", id: `word-${field}-wrong`, role: "alert" })]));
  #status = make("p", { role: "status" });
  #listen = make("button", { type: "button", "data-action": "listen", click: () => this.#listenToSome() }, say("Play some before and after"));
  #changes = make("div", { class: "changes" });
  #remove = make("button", { type: "button", class: "flat", "data-action": "remove", click: () => this.#turn(!this.#removing) });
  #save = make("button", { type: "submit", class: "main" });

  constructor(host) {
    this.#host = host;
    const row = (field, label, ...children) => make("div", { class: "field" }, make("label", { for: `word-${field}` }, label), make("div", {}, ...children));
    this.element = make(
      "dialog",
      { class: "word", "aria-labelledby": "word-title", click: ({ target }) => target === this.element && this.close(), close: () => this.#left() },
      make(
        "form",
        { method: "dialog", novalidate: true, submit: (event) => { event.preventDefault(); this.#keep(); } },
        make("div", { class: "head" }, this.#title, make("button", { type: "button", class: "flat", click: () => this.close() }, say("Close"))),
        this.#place,
        row("surface", say("Word"), this.#surface, this.#choices, this.#wrong.surface),
        row("reading", say("Reading"), this.#reading, this.#wrong.reading),
        row("given", say("Accent"), make("label", { class: "switch" }, this.#given, ` ${say("Set the accent")}`), this.#accent, this.#wrong.accent),
        row("class", say("Word class"), this.#class),
        this.#hint,
        make("div", { class: "told" }, this.#status, this.#listen),
        this.#changes,
        make("div", { class: "foot" }, this.#remove, this.#save),
      ),
    );
    this.#surface.addEventListener("input", () => this.#changed({ anew: true }));
    this.#reading.addEventListener("input", () => {
      this.#typed = true;
      this.#buildAccent();
      this.#changed();
    });
  }

  /** Open it for a word of a row; empty to choose one. */
  async open(row, surface) {
    this.#row = row;
    this.#typed = this.#looked = false;
    this.#trial = null;
    const words = wordsOf(row.utterance.text);
    this.#choices.replaceChildren(...words.map((word) => make("button", { type: "button", lang: "ja", click: () => this.#choose(word) }, word)));
    this.#choices.hidden = Boolean(surface) || !words.length;
    this.#surface.value = surface;
    this.#host.append(this.element);
    this.element.showModal();
    await this.#look();
    (surface ? this.#reading : this.#surface).focus();
  }

  close() {
    this.element.close();
  }

  #left() {
    clearTimeout(this.#timer);
    this.#asked++;
    this.#stop();
    this.element.remove();
    this.#row?.element.focus();
  }

  #choose(word) {
    this.#surface.value = word;
    this.#typed = false;
    this.#look().then(() => this.#reading.focus());
  }

  /** The entry as it is typed. */
  get #entry() {
    const surface = this.#surface.value.trim();
    if (this.#removing) return { surface, remove: true };
    const moras = morasOf(katakana(this.#reading.value.trim()));
    const accent = this.#given.checked ? Number(this.#slider.value) % (moras.length + 1) : null;
    return { surface, reading: this.#reading.value.trim(), accent, class: this.#class.value };
  }

  /** See how the word is read now, and what the dictionary has of it. */
  async #look() {
    const asked = ++this.#asked;
    const surface = this.#surface.value.trim();
    try {
      const told = await get("word", this.#host.path, { utterance: this.#row.id, surface });
      if (asked !== this.#asked) return;
      const { entry, place, reading, accent, carries } = told;
      this.#looked = true;
      this.#known = entry;
      this.#carries = carries;
      this.#place.textContent = entry ? say("In the dictionary: {file}, line {line}", { file: place.file, line: place.line }) : "";
      if (!this.#typed) {
        this.#reading.value = entry?.reading ?? reading;
        this.#given.checked = entry ? entry.accent !== null : carries && morasOf(katakana(reading)).length > 0;
        this.#class.value = entry?.class ?? "proper_noun";
        this.#buildAccent(entry?.accent ?? accent);
      }
      this.#turn(false);
    } catch (error) {
      if (asked === this.#asked) this.#failed(error);
    }
  }

  /** Go over to taking the word out, or back. */
  #turn(removing) {
    this.#removing = removing;
    this.element.classList.toggle("removing", removing);
    for (const field of [this.#reading, this.#given, this.#slider, this.#class]) field.disabled = removing;
    this.#remove.hidden = !this.#known;
    this.#remove.textContent = removing ? say("Keep it") : say("Take out of the dictionary…");
    this.#save.textContent = removing ? say("Take out of the dictionary") : this.#known ? say("Change in the dictionary") : say("Put into the dictionary");
    this.#changed();
  }

  /** The accent of the reading as in the editor of accents; the column behind it is a particle, to hear a fall at its end. */
  #buildAccent(accent = Number(this.#slider.value)) {
    const moras = morasOf(katakana(this.#reading.value.trim()));
    const count = moras.length + 1;
    this.#accent.style.setProperty("--count", String(count));
    this.#curve.replaceChildren(drawing(count * COLUMN, count), this.#slider);
    this.#slider.max = String(count);
    this.#slider.value = String(accent === 0 || accent >= count ? count : accent ?? count);
    this.#moras.replaceChildren(...[...moras, "が"].map((text, at) => make("div", { class: at === moras.length ? "mora dim" : "mora" }, make("span", { class: "kana" }, text))));
    this.#drawAccent();
  }

  #drawAccent() {
    const moras = [...this.#moras.children];
    const accent = Number(this.#slider.value);
    draw(this.#curve.querySelector("svg"), { moras, accent });
    mark(this.#slider, "aria-valuetext", accent < moras.length ? say("falls after {mora}", { mora: moras[accent - 1].textContent }) : say("does not fall (flat)"));
  }

  #changed({ anew = false } = {}) {
    const { length } = morasOf(katakana(this.#reading.value.trim()));
    this.#accent.hidden = !this.#given.checked || length === 0;
    this.#class.disabled = !this.#given.checked || this.#removing;
    this.#hint.textContent = this.#carries ? say("The reading counts at once. For the accent, run: tts-render lexicon push – it puts the word into the engine's user dictionary.") : say("This engine uses the reading without the accent.");
    this.#hint.hidden = !this.#given.checked || this.#removing;
    this.#trial = null;
    this.#show();
    clearTimeout(this.#timer);
    this.#asked++;
    if (anew) this.#looked = false;
    if (!this.#looked) this.#timer = setTimeout(() => this.#look(), REST); // what came before is not known yet
    else if (this.#surface.value.trim()) this.#timer = setTimeout(() => this.#try(), REST);
  }

  /** See which lines would change. */
  async #try() {
    const asked = ++this.#asked;
    this.#status.textContent = say("Looking which lines change…");
    try {
      const told = await post("word-trial", this.#host.path, {}, this.#entry);
      if (asked !== this.#asked) return;
      this.#trial = told;
      this.#refuse(null);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#status.textContent = "";
      this.#failed(error);
    }
    this.#show();
  }

  #show() {
    const told = this.#trial;
    this.#save.disabled = !told?.changes;
    this.#listen.hidden = !told?.here.count && !told?.others.length;
    if (!told) {
      this.#stop();
      this.#status.textContent = "";
      this.#changes.replaceChildren();
      return;
    }
    const lines = told.others.reduce((sum, { count }) => sum + count, 0);
    const here = told.here.count;
    const counts = lines
      ? say("Lines that change in this episode: {here}. In other episodes: {lines} (episodes: {episodes}).", { here, lines, episodes: told.others.length })
      : say("Lines that change in this episode: {here}.", { here });
    const looked = told.opened < told.holding
      ? say("Looked at {looked} of {total} other episodes, the newest first; {holding} have the word, and {opened} of them were read.", told)
      : say("Looked at {looked} of {total} other episodes, the newest first; {holding} have the word.", told);
    this.#status.textContent = told.changes ? [counts, told.total ? looked : ""].join("\n") : say("The dictionary has it so already.");
    this.#changes.replaceChildren(...[told.here, ...told.others].filter(({ count }) => count).map((one) => this.#episode(one)));
  }

  #episode({ path, title, count, lines }) {
    const more = count - lines.length;
    return make(
      "section",
      {},
      make("h3", {}, path === this.#host.path ? say("This episode") : make("span", { lang: "ja" }, title), make("span", { class: "dim" }, ` ${sayCount("{count} line", "{count} lines", count)}`)),
      make("ol", {}, ...lines.map((line) => this.#line(path, line)), more > 0 ? make("li", { class: "dim" }, say("and {count} more", { count: more })) : null),
    );
  }

  #line(path, { id, line, text, before, after, loses }) {
    const [was, is] = apart(before, after ?? "");
    const shown = (parts, kind) => make(kind, {}, ...parts.map((part, at) => (at % 2 ? make("mark", {}, part) : part)));
    const play = (side, name, label) =>
      make("button", { type: "button", "data-side": side, "aria-label": label, click: () => this.#play(path, id, side) }, `▶ ${name}`);
    return make(
      "li",
      {},
      make("p", {}, make("span", { class: "dim" }, say("line {line}", { line }), " "), make("span", { lang: "ja" }, text)),
      make("p", { class: "readings", lang: "ja" }, shown(was, "del"), " → ", shown(is, "ins")),
      loses ? make("p", { class: "loses" }, say("How this line was mended does not fit any more, and would not be used.")) : null,
      make("p", { class: "choices" }, play("before", say("before"), say("Play as it is: {text}", { text })), after === null ? null : play("after", say("after"), say("Play as it would be: {text}", { text }))),
    );
  }

  /** Play a line as it is, or as it would be; done when it has ended. */
  async #play(path, id, side, listening = ++this.#listening) {
    const told = this.#trial;
    if (this.#host.player.mode) this.#host.player.stop();
    this.#audio.pause();
    const button = /** @type {HTMLElement | undefined} */ ([...this.#changes.querySelectorAll("li")].flatMap((item) => [...item.querySelectorAll(`[data-side=${side}]`)])[this.#places(told).findIndex((one) => one.path === path && one.id === id)]);
    button?.setAttribute("aria-busy", "true");
    try {
      const blob = await trialSound(path, { trial: told.trial, utterance: id, side });
      if (listening !== this.#listening) return;
      const address = URL.createObjectURL(blob);
      await new Promise((resolve) => {
        for (const event of ["ended", "pause", "error"]) this.#audio.addEventListener(event, resolve, { once: true });
        this.#audio.src = address;
        button?.setAttribute("aria-current", "true");
        this.#audio.play().catch(resolve);
      });
      URL.revokeObjectURL(address);
    } catch (error) {
      this.#failed(error);
    } finally {
      button?.removeAttribute("aria-busy");
      button?.removeAttribute("aria-current");
    }
  }

  /** All lines that are shown, in order. */
  #places(told) {
    return [told.here, ...told.others].flatMap(({ path, lines }) => lines.map((line) => ({ path, ...line })));
  }

  /** Play some lines before and after, this episode's first. */
  async #listenToSome() {
    const listening = ++this.#listening;
    for (const { path, id, after } of this.#places(this.#trial).slice(0, SOME))
      for (const side of after === null ? ["before"] : ["before", "after"]) {
        await this.#play(path, id, side, listening);
        if (listening !== this.#listening) return;
      }
  }

  #stop() {
    this.#listening++;
    this.#audio.pause();
  }

  async #keep() {
    if (!this.#trial?.changes) return;
    this.#save.disabled = true;
    const entry = this.#entry;
    try {
      const facts = await post("word", this.#host.path, {}, entry);
      this.close();
      this.#host.take(facts);
      this.#host.announce(this.#removing ? say("Taken out of the dictionary: {surface}", { surface: entry.surface }) : say("In the dictionary: {surface}", { surface: entry.surface }));
    } catch (error) {
      this.#failed(error);
      this.#save.disabled = false;
    }
  }

  /** Say at its field what is wrong; null for nothing. */
  #refuse(error) {
    for (const [field, element] of Object.entries(this.#wrong)) {
      const here = error && (error.field ?? "surface") === field;
      element.textContent = here ? [error.sentence, error.remedy].filter(Boolean).join("\n") : "";
      mark({ surface: this.#surface, reading: this.#reading, accent: this.#slider }[field], "aria-invalid", here ? "true" : null);
    }
  }

  #failed(error) {
    if (error.status === 422 || error.status === 409) this.#refuse(error);
    else {
      this.#status.textContent = [error.sentence ?? error.message, error.remedy].filter(Boolean).join("\n");
    }
  }
}
