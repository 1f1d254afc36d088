// The panel under a row, where its line is mended: its text, its accents, and how and by whom it is said.

import { Accents } from "./accents.js";
import { make, mark } from "./elements.js";
import { Manner } from "./manner.js";
import { get, post, sound, trial } from "./talk.js";
import { say } from "./words.js";

const TABS = { text: say("Text"), accent: say("Accent"), manner: say("Voice") };
const HEARD = { before: say("before"), after: say("after") };

let count = 0;

/** The panel of one row. `host` is the episode: its path, facts, player, and what takes over new facts. */
export class Mend {
  #host;
  #number = ++count;
  #line = null;
  #source = null;
  #sounds = { before: null, after: null };
  #heard = "after";
  #saving = Promise.resolve();
  #waiting = 0;
  #round = 0;
  #tries = false;
  #asked = 0;
  #field;
  #place = make("label", {});
  #note = make("div", { class: "note", role: "alert", hidden: true });
  #status = make("span", { class: "dim", role: "status" });
  #accents = new Accents();
  #manner = new Manner();

  constructor(host, row) {
    this.#host = host;
    this.row = row;
    this.#field = make("input", { type: "text", id: `source-${this.#number}`, class: "source", lang: "ja", autocomplete: "off", spellcheck: "false" });
    this.#place.htmlFor = this.#field.id;
    const save = make("button", { type: "submit", class: "main" }, say("Save"));
    this.pages = {
      text: make(
        "div",
        {},
        make("form", { submit: (event) => { event.preventDefault(); this.#saveText(); } }, this.#place, make("div", { class: "entry" }, this.#field, save)),
        this.#note,
        make("p", { class: "dim hint" }, say("Enter saves, Escape closes. The file changes in this line only.")),
      ),
      accent: make("div", {}, this.#accents),
      manner: make("div", {}, this.#manner),
    };
    this.tabs = Object.fromEntries(
      Object.entries(this.pages).map(([name, page]) => {
        const tab = make("button", { type: "button", role: "tab", id: `tab-${name}-${this.#number}`, "data-tab": name, "aria-controls": `page-${name}-${this.#number}`, click: () => this.show(name) }, TABS[name]);
        for (const [key, value] of Object.entries({ role: "tabpanel", id: `page-${name}-${this.#number}`, "aria-labelledby": tab.id })) page.setAttribute(key, value);
        return [name, tab];
      }),
    );
    this.compareButton = make("button", { type: "button", "data-action": "compare", "aria-keyshortcuts": "b", click: () => this.compare() });
    this.element = make(
      "div",
      { class: "mend", role: "group", "aria-label": say("Mend this line"), keydown: (event) => this.#key(event) },
      make(
        "div",
        { class: "top" },
        make("div", { role: "tablist", class: "tabs" }, ...Object.values(this.tabs)),
        this.#status,
        this.compareButton,
        make("button", { type: "button", class: "flat", click: () => host.close() }, say("Close")),
      ),
      ...Object.values(this.pages),
    );
    this.#showCompare();
    this.#remember();
  }

  /** Whether something is typed that is not in the file. */
  get dirty() {
    return this.#source !== null && this.#field.value !== this.#source;
  }

  /** Show the page "text", "accent" or "manner", and go to what is changed there. */
  async show(name) {
    this.page = name;
    for (const [key, tab] of Object.entries(this.tabs)) {
      mark(tab, "aria-selected", String(key === name));
      tab.tabIndex = key === name ? 0 : -1;
      this.pages[key].hidden = key !== name;
    }
    await this.load();
    this.focus();
  }

  focus() {
    const first = this.page === "text" ? this.#field : this.pages[this.page].querySelector("input:enabled, button:enabled, select:enabled");
    (first ?? this.tabs[this.page]).focus();
  }

  /** Look at what the studio has now; what is typed stays. */
  async load() {
    const id = this.row.id;
    try {
      if (this.page === "text") {
        if (this.dirty) return;
        const { line, source } = await get("source", this.#host.path, { utterance: id });
        if (this.dirty) return;
        this.#line = line;
        const draft = sessionStorage.getItem(this.#draft);
        sessionStorage.removeItem(this.#draft);
        [this.#source, this.#field.value] = draft ? JSON.parse(draft) : [source, source];
        this.#place.textContent = say("Line {line} of {script}", { line, script: this.#host.facts.script.split("/").pop() });
        this.#tell(null);
      } else if (this.page === "manner") {
        const asked = ++this.#asked;
        const told = await get("manner", this.#host.path, { utterance: id });
        if (asked !== this.#asked || this.#waiting) return;
        this.#manner.attach(this.#number, (wanted) => this.#keep("manner", wanted));
        this.#manner.show(told);
      } else {
        const asked = ++this.#asked;
        this.#accents.attach(this.#host.path, id, (phrases) => this.#keep("take", { accent_phrases: phrases }));
        const told = await get("phrases", this.#host.path, { utterance: id });
        if (asked !== this.#asked || this.#waiting) return;
        this.#accents.show(told);
        this.#tries = told.tries;
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The row's utterance was changed elsewhere, or is gone. */
  refresh() {
    if (this.#waiting || this.#busy) return;
    this.load();
  }

  /** Say that the line is not there any more; what was typed stays. */
  lose() {
    this.#tell(make("p", {}, say("This line is not in the script any more. What you typed is kept here until you close it.")));
  }

  /** Keep what is changed, before the panel goes. */
  leave() {
    this.#accents.flush();
    this.#manner.flush();
    this.keepDraft();
  }

  /** What is typed and not saved is there again when the panel of this line is opened the next time. */
  keepDraft() {
    if (this.dirty) sessionStorage.setItem(this.#draft, JSON.stringify([this.#source, this.#field.value]));
  }

  get #draft() {
    return `draft ${this.#host.path} ${this.row.id}`;
  }

  get #busy() {
    return this.#accents.busy || this.#manner.busy;
  }

  /** Hear the line as it was before the last change, then as it is, in turn. */
  async compare() {
    if (!this.#sounds.before || !this.#sounds.after) {
      this.#host.announce(say("There is nothing to compare with yet."));
      return;
    }
    this.#heard = this.#heard === "after" ? "before" : "after";
    this.#showCompare();
    await this.#host.player.playLine(this.#host.path, this.#host.facts.utterances, this.row.id, this.#sounds[this.#heard]);
  }

  #showCompare() {
    const ready = Boolean(this.#sounds.before && this.#sounds.after);
    this.compareButton.disabled = !ready;
    this.compareButton.replaceChildren(say("Hear before / after"), make("kbd", { "aria-hidden": "true" }, "b"));
    if (ready) this.compareButton.append(make("span", { class: "which", role: "status" }, HEARD[this.#heard]));
  }

  /** Keep the sound as it is before anything is changed. */
  async #remember() {
    const found = await sound(this.#host.path, this.row.id).catch(() => null);
    this.#sounds.before ??= found;
    this.#showCompare();
  }

  async #play() {
    const { player, path, facts } = this.#host;
    const heard = await player.playLine(path, facts.utterances, this.row.id);
    if (!heard) return;
    this.#sounds.after = heard;
    this.#heard = "after";
    this.#showCompare();
  }

  async #saveText(before = this.#source) {
    if (this.#source === null) return;
    const after = this.#field.value;
    this.#status.textContent = say("Saving…");
    try {
      if (this.#sounds.after) this.#sounds.before = this.#sounds.after;
      const facts = await post("line", this.#host.path, { utterance: this.row.id }, { line: this.#line, before, after });
      this.#source = after;
      this.#tell(null);
      this.#host.take(facts);
      this.#status.textContent = say("Saved");
      this.#host.announce(say("Saved"));
      if (after && this.#host.facts.utterances.some(({ id }) => id === this.row.id)) await this.#play();
    } catch (error) {
      if (error.status === 409 && error.line) await this.#conflict(error);
      else this.#failed(error);
    }
  }

  /** Show what the file has beside what was typed, and let somebody choose. */
  async #conflict(error) {
    const found = await get("source", this.#host.path, { utterance: this.row.id }).catch(() => null);
    const theirs = found?.source ?? error.there ?? error.message;
    this.#status.textContent = "";
    const choose = (label, choice) => make("button", { type: "button", click: choice }, label);
    this.#tell(
      make("p", {}, say("This line of the file was changed in the meantime. It now reads:")),
      make("p", { class: "theirs", lang: "ja" }, theirs),
      make("p", {}, say("What you typed is still in the field above.")),
      make(
        "p",
        { class: "choices" },
        choose(say("Save mine all the same"), () => { this.#source = theirs; this.#saveText(theirs); }),
        choose(say("Take what the file has"), () => { this.#source = this.#field.value = theirs; this.#tell(null); this.#field.focus(); this.#host.reload(); }),
      ),
    );
  }

  /** Keep how the line is said. One change is saved after the other, and the last is heard: where it can be, meanwhile. */
  #keep(place, wanted) {
    const kept = structuredClone(wanted);
    const round = ++this.#round;
    const hearing = this.#tries && kept.accent_phrases?.length ? this.#try(kept.accent_phrases) : null;
    this.#waiting++;
    this.#status.textContent = say("Saving…");
    this.#saving = this.#saving.then(async () => {
      let error = null;
      try {
        if (!hearing && this.#sounds.after) this.#sounds.before = this.#sounds.after;
        const at = this.#host.rows.indexOf(this.row);
        const facts = await post(place, this.#host.path, { utterance: this.row.id }, kept);
        this.#host.take(facts);
        if (wanted.out) this.#left(at);
        this.#status.textContent = facts.saved === "take" ? say("Saved as a take") : say("Saved in the script");
        this.#complain(null);
      } catch (failure) {
        error = failure;
      } finally {
        this.#waiting--;
      }
      if (error) this.#failed(error);
      if (this.#waiting || this.#busy || (wanted.out && !error)) return;
      if (error && hearing) this.#hush();
      else if (hearing) this.#tried(hearing, round);
      else if (!error) this.#play();
      await this.load();
      if (error) this.#complain(error);
    });
  }

  /** Hear the line with other accent phrases, which are being saved. */
  #try(phrases) {
    const { player, path, facts } = this.#host;
    return player.playLine(path, facts.utterances, this.row.id, async (signal) => {
      try {
        return await trial(path, this.row.id, phrases, signal);
      } catch (error) {
        if (error.status !== 409) throw error;
        await this.#saving; // it knows what has become of the line
        return { blob: await sound(path, this.row.id, signal), moras: null };
      }
    });
  }

  /** What was tried is saved: it is what the line sounds like now. */
  async #tried(hearing, round) {
    const heard = (await hearing) ?? (await sound(this.#host.path, this.row.id).catch(() => null));
    if (!heard || round !== this.#round) return;
    if (this.#sounds.after) this.#sounds.before = this.#sounds.after;
    this.#sounds.after = heard;
    this.#heard = "after";
    this.#showCompare();
  }

  /** Let the line not sound as it could not be saved. */
  #hush() {
    const { player } = this.#host;
    if (player.mode === "line" && player.current?.id === this.row.id) player.stop();
  }

  /** The line is left out now: say so, and go on to the next one. */
  #left(at) {
    const { rows } = this.#host;
    this.#host.announce(say("The line is left out: it stays in the script as a comment. Undo brings it back."));
    rows[Math.min(at, rows.length - 1)]?.element.focus();
  }

  #complain(error) {
    (this.page === "manner" ? this.#manner : this.#accents).complain(error);
  }

  #failed(error) {
    this.#status.textContent = "";
    if (error.status === 422 || error.status === 409) {
      if (this.page === "text") this.#tell(make("p", {}, [error.sentence, error.remedy].filter(Boolean).join("\n")));
      else this.#complain(error);
    } else {
      if (this.page === "accent") this.#complain(error); // else the panel would be empty without a reason
      this.#host.trouble(error);
    }
  }

  #tell(...what) {
    this.#note.hidden = what[0] === null;
    this.#note.replaceChildren(...what.filter(Boolean));
  }

  #key(event) {
    const names = Object.keys(this.tabs);
    if (event.target.role === "tab" && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
      const name = names[(names.indexOf(this.page) + (event.key === "ArrowRight" ? 1 : names.length - 1)) % names.length];
      this.show(name).then(() => this.tabs[name].focus());
      event.preventDefault();
    } else if (event.key === "b" && event.target.type === "number" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault(); // a field for a number takes no letter
      this.compare();
    } else if (event.key === "Escape" && !event.isComposing) {
      event.preventDefault();
      if (this.#host.player.mode) this.#host.player.stop();
      else this.#host.close();
    }
  }
}
