// One utterance as a row: who says what, how it is read, how long it is, and how it stands.

import { make, mark, resign, signed } from "./elements.js";
import { markPlaces } from "./marks.js";
import { selectedIn } from "./word.js";
import { clock, plain, say } from "./words.js";

/** What has become of a line. */
export const STATES = { new: say("not spoken"), speaking: say("being spoken"), spoken: say("ready"), failed: say("failed") };
import { Wave } from "./wave.js";

/** A row; `act(action, row)` is called for its buttons. */
export class Row {
  /** Seconds since the beginning of the episode; null where it is not known. */
  start = null;
  /** The number of its voice. */
  voice = 0;
  #act;
  #active = false;
  #facts = null;
  #sought = "";
  /** What it says, as it is compared in a search. */
  folded = "";
  #said = "";
  #places = [];
  #place = -1;
  #start = make("span", { class: "start" });
  #speaker = make("span", { class: "speaker", lang: "ja" });
  #text = make("span", { class: "text", lang: "ja" });
  #reading = make("span", { class: "reading", lang: "ja", hidden: true });
  #reason = make("span", { class: "reason", hidden: true });
  #seconds = make("span", { class: "seconds" });
  #gap = null;
  #mended = make("span", { class: "mended", hidden: true }, say("mended"));
  #state = make("span", { class: "state" });

  constructor(utterance, act) {
    this.#act = act;
    const action = (shown, label, name) => signed(shown, label, { "data-action": name, tabindex: -1, click: (event) => this.#press(name, event) });
    this.play = action("play", say("Play this line"), "play");
    this.edit = make("button", { type: "button", "data-action": "edit", tabindex: -1, "aria-expanded": "false", title: say("Mend this line"), click: () => act("edit", this) }, say("Mend"));
    this.wave = new Wave((share) => act("seek", this, share));
    const word = action("book", say("Put a word into the dictionary"), "word");
    word.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
    this.buttons = [this.play, action("from", say("Play from here on"), "from"), this.edit, word];
    this.element = make(
      "li",
      { class: "line", tabindex: -1, focusin: () => act("focus", this) },
      make(
        "div",
        { class: "row" },
        this.buttons[0],
        this.#start,
        this.#speaker,
        make("p", { class: "words" }, this.#text, this.#reading, this.#reason),
        make("span", { class: "facts" }, this.wave.element, this.#mended, this.#seconds, this.#state),
        make("span", { class: "actions" }, this.buttons[1], word, this.edit),
      ),
    );
    this.element.row = this;
    this.update(utterance);
  }

  /** Show what the studio tells of the utterance, where it begins (seconds, or null) and the number of its voice. */
  update(utterance, start = this.start, voice = this.voice) {
    this.utterance = utterance;
    this.start = start;
    this.voice = voice;
    this.id = utterance.id;
    const facts = JSON.stringify([utterance, start, voice]);
    if (facts === this.#facts) return;
    this.#facts = facts;
    const { text, reading, style, state, error } = utterance;
    this.element.dataset.utterance = utterance.id;
    this.element.className = `line v${voice % 8} ${state}${this.#active ? " active" : ""}`;
    this.#start.textContent = start === null || start === undefined ? "" : clock(start);
    this.#speaker.textContent = style ? `${utterance.voice}（${style}）` : utterance.voice;
    this.folded = plain(text);
    this.#sought = `${this.folded} ${plain(`${reading} ${utterance.voice}`)}`;
    const parts = utterance.ruby ?? [];
    this.#text.replaceChildren(...(parts.length ? parts.map(([written, read]) => (read === null ? written : make("ruby", {}, written, make("rt", {}, read)))) : [text]));
    if (this.#said !== text) this.#places = [];
    else if (this.#places.length) markPlaces(this.#text, this.#places, this.#place);
    this.#said = text;
    this.#reading.textContent = reading;
    this.#reading.hidden = reading === text || parts.length > 0;
    this.wave.sound = utterance.sound ?? null;
    this.#seconds.textContent = utterance.seconds === null ? "" : say("{seconds} s", { seconds: utterance.seconds.toFixed(1) });
    this.#mended.hidden = !utterance.take;
    this.#state.textContent = STATES[state];
    this.#reason.hidden = !error;
    this.#reason.textContent = error ? [error.message.replace(`「${text}」: `, ""), error.remedy].filter(Boolean).join("\n") : "";
    mark(this.element, "aria-label", [this.#speaker.textContent, text, STATES[state]].join("、"));
  }

  /** Seconds of the usual pause before it, which is shown as a gap; 0 for none. */
  set gap(seconds) {
    if (seconds === this.#gap) return;
    this.#gap = seconds;
    this.element.style.setProperty("--gap", String(seconds));
  }

  /** The words that are selected in what it says. */
  get selected() {
    return selectedIn(this.#text);
  }

  #press(name, { detail }) {
    // Who has clicked means the line with the next key, and Space would press the button again.
    if (detail > 0) this.element.focus();
    this.#act(name, this);
  }

  /** Whether the words of a search are in what it says. */
  fits(words) {
    return words.every((word) => this.#sought.includes(word));
  }

  /** Mark places of what it says, and the one of a number as that where one is. */
  mark(places, current = -1) {
    if (!places.length && !this.#places.length) return;
    this.#places = places;
    this.#place = current;
    markPlaces(this.#text, places, current);
  }

  /** Whether it is the row that the keys are for: the only one that Tab reaches. */
  set active(active) {
    for (const element of [this.element, ...this.buttons]) element.tabIndex = active ? 0 : -1;
    this.element.classList.toggle("active", active);
    this.#active = active;
  }

  /** Mark it as the one that sounds, paused or not; null where it does not. */
  set sounding(how) {
    mark(this.element, "aria-current", how === null ? null : "true");
    if (how === null) this.wave.progress = null;
    resign(this.play, how === "going" ? "pause" : "play", how === "going" ? say("Pause") : how ? say("Resume") : say("Play this line"));
  }
}
