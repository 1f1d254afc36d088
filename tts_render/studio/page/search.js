// Finds what lines say, marks it, goes from place to place, and replaces it.

import { make, mark, signed } from "./elements.js";
import { exactPlaces, likePlaces } from "./marks.js";
import { post } from "./talk.js";
import { plain, say, sayCount } from "./words.js";

const AT_ONCE = 30; // rows that are marked before anything is shown; the others follow
const AFTERWARDS = 150; // rows that are marked in one go then

/** The field where one searches, with what replaces. `attach` gives it the episode and the list of its rows. */
export class Search extends HTMLElement {
  #host;
  /** @type {HTMLElement} */
  #list;
  #words = [];
  /** @type {{row: any, nth: number}[]} */
  #hits = [];
  #places = new Map();
  #marked = new Set();
  #at = -1;
  #later = 0;
  #busy = false;
  #field = make("input", { type: "search", autocomplete: "off", spellcheck: "false", "aria-label": say("Find in the lines"), placeholder: say("Find in the lines"), "aria-keyshortcuts": "f" });
  #found = make("span", { class: "dim", role: "status" });
  #previous = signed("↑", say("Previous place"), { class: "flat", "data-action": "previous-place", "aria-keyshortcuts": "Shift+N", click: () => this.step(-1) });
  #next = signed("↓", say("Next place"), { class: "flat", "data-action": "next-place", "aria-keyshortcuts": "N", click: () => this.step(1) });
  #toggle = make("button", { type: "button", "data-action": "replacing", "aria-expanded": "false", "aria-keyshortcuts": "h", click: () => (this.replaces ? this.#close() : this.replace()) }, say("Replace"), make("kbd", { "aria-hidden": "true" }, "h"));
  #by = make("input", { type: "text", autocomplete: "off", spellcheck: "false", lang: "ja", "aria-label": say("Replace by"), placeholder: say("Replace by") });
  #exact = make("input", { type: "checkbox", change: () => this.sift() });
  #one = make("button", { type: "submit", "data-action": "replace-one" }, say("Replace"));
  #all = make("button", { type: "button", "data-action": "replace-all", click: () => this.#change(null) }, say("Replace all"));
  #result = make("div", { class: "result", role: "status" });
  #row = make(
    "form",
    { class: "by", hidden: true, submit: (event) => { event.preventDefault(); this.#replaceOne(); } },
    this.#by,
    this.#one,
    this.#all,
    make("label", {}, this.#exact, ` ${say("Match case")}`),
    this.#result,
  );

  /** Search in the rows of a list; `host` is the episode. */
  attach(host, list) {
    this.#host = host;
    this.#list = list;
    this.className = "search";
    this.append(make("p", { class: "find" }, this.#field, make("kbd", { "aria-hidden": "true" }, "f"), this.#found, this.#previous, this.#next, this.#toggle), this.#row);
    this.#field.addEventListener("input", () => this.sift());
    this.addEventListener("keydown", (event) => this.#key(event));
    this.#show();
  }

  /** Whether something is to be replaced: then it is found letter by letter, and only in what lines say. */
  get replaces() {
    return !this.#row.hidden;
  }

  /** Put the cursor where one searches. */
  focus() {
    this.#field.focus();
    this.#field.select();
  }

  /** Open what replaces. */
  replace() {
    this.#row.hidden = false;
    this.#toggle.setAttribute("aria-expanded", "true");
    this.sift();
    (this.#field.value ? this.#by : this.#field).focus();
  }

  /** Look for nothing any more. */
  clear() {
    this.#field.value = this.#by.value = "";
    this.#result.replaceChildren();
    this.#row.hidden = true;
    this.#toggle.setAttribute("aria-expanded", "false");
    this.sift();
  }

  /** Show the rows that fit, as they are now. */
  sift() {
    const find = this.#field.value;
    this.#words = plain(find).split(/\s+/).filter(Boolean);
    const seeks = this.replaces ? find !== "" : this.#words.length > 0;
    const was = this.#hits[this.#at];
    this.#hits = [];
    this.#places = new Map();
    for (const element of this.#list.children) {
      const { row } = /** @type {any} */ (element);
      let hidden = seeks;
      if (seeks && row) {
        const places = this.#placesIn(row, find);
        if (places) {
          this.#places.set(row, places);
          for (let nth = 0; nth < Math.max(1, places.length); nth++) this.#hits.push({ row, nth: places.length ? nth : -1 });
        }
        hidden = !places && !this.#host.mends(row);
      }
      if (/** @type {HTMLElement} */ (element).hidden !== hidden) /** @type {HTMLElement} */ (element).hidden = hidden;
    }
    // Where everything is replaced, the lines are looked at again.
    if (this.replaces && !this.#hits.length) for (const element of this.#list.children) /** @type {HTMLElement} */ (element).hidden = false;
    this.#at = was ? this.#hits.findIndex(({ row, nth }) => row === was.row && nth === was.nth) : -1;
    this.#markRows();
    this.#show();
  }

  /** Go to the next place, or back to the one before. */
  step(by) {
    if (!this.#hits.length) return;
    const { length } = this.#hits;
    if (this.#at < 0) {
      const active = this.#hits.findIndex(({ row }) => row === this.#host.activeRow);
      this.#go(active >= 0 ? active : by > 0 ? 0 : length - 1);
    } else this.#go((this.#at + by + length) % length);
  }

  /** Where a row fits; null where it does not. */
  #placesIn(row, find) {
    if (!this.replaces) return row.fits(this.#words) ? likePlaces(row.utterance.text, row.folded, this.#words) : null;
    const places = exactPlaces(row.utterance.text, find, this.#exact.checked);
    return places.length ? places : null;
  }

  #go(at) {
    const before = this.#hits[this.#at]?.row;
    this.#at = at;
    const { row, nth } = this.#hits[at];
    if (before && before !== row) before.mark(this.#places.get(before) ?? []);
    row.mark(this.#places.get(row) ?? [], nth);
    this.#marked.add(row);
    row.element.scrollIntoView({ block: "nearest" });
    this.#host.activate(row);
    this.#show();
    this.#host.announce(`${at + 1} / ${this.#hits.length}: ${row.utterance.text}`);
  }

  /** Mark the places, the first ones at once. */
  #markRows() {
    clearTimeout(this.#later);
    const { row: here, nth } = this.#hits[this.#at] ?? { row: null, nth: -1 };
    for (const row of this.#marked) if (!this.#places.has(row)) row.mark([]);
    this.#marked = new Set(this.#places.keys());
    const waiting = [...this.#places];
    const some = (count) => {
      for (const [row, places] of waiting.splice(0, count)) row.mark(places, row === here ? nth : -1);
      if (waiting.length) this.#later = setTimeout(() => some(AFTERWARDS));
    };
    some(AT_ONCE);
  }

  #show() {
    const { size } = this.#places;
    const found = this.#field.value.trim() ? say("{found} of {all}", { found: size, all: this.#host.rows.length }) : "";
    const place = this.#hits.length && this.#at >= 0 ? say("place {at} of {all}", { at: this.#at + 1, all: this.#hits.length }) : sayCount("{count} place", "{count} places", this.#hits.length);
    const told = found && (this.#at >= 0 || this.replaces) ? `${found} · ${place}` : found;
    if (this.#found.textContent !== told) this.#found.textContent = told;
    for (const button of [this.#previous, this.#next, this.#one, this.#all]) {
      if (!this.#hits.length && button === document.activeElement) (this.replaces ? this.#by : this.#field).focus(); // else the keys would be for nothing
      button.disabled = !this.#hits.length;
    }
    mark(this, "data-places", String(this.#hits.length));
  }

  #replaceOne() {
    if (!this.#hits.length || this.#busy) return;
    if (this.#at < 0) this.step(1);
    else this.#change(this.#hits[this.#at]);
  }

  /** Replace one place; all of them for null. */
  async #change(hit) {
    if (!this.#hits.length || this.#busy) return;
    const find = this.#field.value;
    const by = this.#by.value;
    const at = this.#at;
    const query = hit ? { utterance: hit.row.id } : {};
    this.#busy = true;
    this.#show();
    this.#result.replaceChildren(say("Saving…"));
    try {
      const facts = await post("replace", this.#host.path, query, { find, replace: by, case: this.#exact.checked, nth: hit?.nth ?? 0 });
      this.#busy = false;
      this.#at = -1;
      this.#host.take(facts);
      this.#tell(facts);
      const beyond = hit && facts.replaced ? exactPlaces(by, find, this.#exact.checked).length : 1;
      if (hit && this.#hits.length) this.#go((at + beyond) % this.#hits.length);
    } catch (error) {
      this.#busy = false;
      this.#result.replaceChildren();
      if (error.status === 422 || error.status === 409) this.#result.replaceChildren([error.sentence, error.remedy].filter(Boolean).join("\n"));
      else this.#host.trouble(error);
    }
    this.#show();
  }

  #tell({ replaced, left }) {
    const at = ({ line, text }) =>
      make("li", {}, make("button", { type: "button", class: "link", click: () => this.#host.goTo(line) }, say("line {line}", { line })), ": ", make("span", { lang: "ja" }, text));
    this.#result.replaceChildren(
      make("p", {}, sayCount("{count} place replaced.", "{count} places replaced.", replaced)),
      ...(left.length ? [make("p", {}, sayCount("{count} place not replaced: the script would read otherwise than wanted. Change this line by hand.", "{count} places not replaced: the script would read otherwise than wanted. Change these lines by hand.", left.length)), make("ul", {}, ...left.map(at))] : []),
    );
  }

  #close() {
    this.#row.hidden = true;
    this.#toggle.setAttribute("aria-expanded", "false");
    this.#result.replaceChildren();
    this.sift();
  }

  #key(event) {
    const { key, target } = event;
    if (event.isComposing) return;
    if (key === "Escape") {
      this.clear();
      this.#host.activeRow?.element.focus();
    } else if (target === this.#field && key === "Enter") this.step(event.shiftKey ? -1 : 1);
    else if (target === this.#field && key === "ArrowDown") (this.#hits[Math.max(0, this.#at)]?.row ?? this.#host.activeRow)?.element.focus();
    else if (target === this.#by && key === "Enter" && (event.ctrlKey || event.metaKey)) this.#change(null);
    else return;
    event.preventDefault();
  }
}

customElements.define("studio-search", Search);
