// An episode, line by line: what it says, how it stands, and what plays.

import { isTyping, make, sign } from "./elements.js";
import { Mend } from "./mend.js";
import { SPEEDS } from "./player.js";
import { Publish } from "./publish.js";
import { Row, STATES } from "./row.js";
import { Search } from "./search.js";
import { Failure, get } from "./talk.js";
import { Waves } from "./wave.js";
import { Word } from "./word.js";
import { clock, day, engineName, say } from "./words.js";

const FIRST = 200; // things of an episode that are shown at once
const MORE = 300;

/** The page of one episode. */
export class EpisodeView extends HTMLElement {
  #rows = new Map();
  #live = new Map();
  #voices = [];
  #mend = null;
  #active = null;
  #sounding = null;
  #settling = 0;
  #built = Infinity;
  #head = make("header", {});
  #notices = make("div", {});
  #search = new Search();
  #list = make("ol", { class: "lines" });
  #told = "";
  #waves = new Waves();

  publish = new Publish(this);
  word = new Word(this);
  path = null;
  facts = null;
  /** @type {import("./player.js").Player} */
  player;
  /** @type {(text: string) => void} */
  announce;
  /** @type {(error: Error) => void} */
  trouble;
  /** @type {(facts: object) => void} */
  told;

  /** Use a player; tell what is done with `announce(text)`, what fails with `trouble(error)`, new facts with `told(facts)`. */
  attach({ player, announce, trouble, told }) {
    this.player = player;
    this.announce = announce;
    this.trouble = trouble;
    this.told = told;
    this.className = "episode";
    const playAll = make("button", { type: "button", class: "main", "data-action": "all", click: () => this.#playAll() }, sign("play"), ` ${say("Play from the beginning")}`);
    this.append(
      this.#head,
      this.#notices,
      make("div", { class: "tools" }, playAll, this.publish.button, this.#search),
      this.publish.element,
      this.#list,
    );
    this.#search.attach(this, this.#list);
    this.#list.addEventListener("click", (event) => this.#clicked(event));
    this.#list.addEventListener("dblclick", (event) => this.#doubled(event));
    player.addEventListener("change", () => this.#showSounding());
    addEventListener("pagehide", () => this.#mend?.keepDraft());
    player.addEventListener("progress", () => {
      if (this.#sounding) this.#sounding.wave.progress = player.progress;
    });
  }

  /** The rows of the utterances that are shown, in order. */
  get rows() {
    return this.facts ? this.facts.utterances.flatMap(({ id }) => this.#rows.get(id) ?? []) : [];
  }

  /** Show an episode as the studio tells it. */
  take(facts) {
    const known = this.path === facts.path;
    this.#built = known ? Infinity : FIRST;
    if (!known) {
      this.path = facts.path;
      this.#voices = [];
      this.#rows.clear();
      this.#live.clear();
      this.#active = this.#mend = null;
      this.#list.replaceChildren();
      this.#search.clear();
      this.#told = "";
      this.#waves.begin(facts.path);
    }
    this.facts = facts;
    this.publish.take(facts.path);
    this.told(facts);
    this.#showHead();
    this.#showNotices();
    this.#follow();
    this.#arrange();
    this.#search.sift();
    this.player.follow(facts.path, facts.utterances);
    this.#showSounding();
    this.#waves.look();
    if (!this.#active || !this.#rows.has(this.#active.id)) this.activate(this.rows[0] ?? null);
    if (this.#built < facts.items.length) this.#build(facts);
  }

  /** Show the rest of a long episode piece by piece, so that its beginning can be used meanwhile. */
  #build(facts) {
    const more = () => {
      if (this.facts !== facts || this.#built >= facts.items.length) return;
      this.#built += MORE;
      this.#arrange();
      this.#search.sift();
      this.#showSounding();
      this.#build(facts);
    };
    requestAnimationFrame(() => setTimeout(more)); // after what is there was painted
  }

  /** Show what has become of one utterance. */
  heard(utterance) {
    if (utterance.state === "spoken") this.#live.delete(utterance.id);
    else this.#live.set(utterance.id, utterance);
    const at = this.facts?.utterances.findIndex(({ id }) => id === utterance.id) ?? -1;
    if (at < 0) return;
    const { state, error, seconds, sound } = utterance;
    const before = this.facts.utterances[at];
    this.facts.utterances[at] = { ...before, state: state === "spoken" ? "spoken" : before.state, seconds, sound };
    this.#rows.get(utterance.id)?.update({ ...before, state, error, seconds, sound });
    this.#waves.look();
    this.#showHead();
    if (state !== "spoken") this.announce(`${STATES[state]}: ${before.text}`);
    if (this.facts.utterances.every((line) => line.state === "spoken")) this.#settle();
  }

  /** Now that every length is known, show where each line begins, in a quiet moment. */
  #settle() {
    const path = this.path;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => path === this.path && this.isConnected && this.reload(), 600);
  }

  /** Look at the files again. */
  async reload() {
    try {
      this.take(await get("episodes", this.path));
      this.#mend?.refresh();
    } catch (error) {
      this.trouble(error);
    }
  }

  /** Somebody changed the episode; what is typed here stays. */
  changed(facts) {
    this.take(facts);
    this.#mend?.refresh();
  }

  /** An engine is there again: what failed can be tried again. */
  forgetFailures() {
    this.#live.clear();
    if (this.facts) this.take(this.facts);
    this.#mend?.refresh();
  }

  /** Say at its line why something cannot be played; false where there is no such line. */
  fail(id, error) {
    const row = this.#rows.get(id);
    if (!row) return false;
    const state = { ...row.utterance, state: "failed", error };
    this.#live.set(id, state);
    row.update(state);
    return true;
  }

  /** Go to what is said at a line of the script, to what failed there if anything; false where there is nothing. */
  goTo(line) {
    const at = this.rows.filter(({ utterance }) => utterance.line === line);
    const row = at.find(({ utterance }) => utterance.state === "failed") ?? at[0] ?? this.rows.findLast(({ utterance }) => utterance.line <= line);
    if (row && !isTyping(document.activeElement)) row.element.focus();
    return Boolean(row);
  }

  /** Whether something is said at a line of the script. */
  has(line) {
    return this.rows.some(({ utterance }) => utterance.line === line);
  }

  /** Go to what is heard at a time of the whole episode, in seconds. */
  goToTime(seconds) {
    const row = this.rows.findLast(({ start }) => start <= seconds + 0.05) ?? this.rows[0];
    row?.element.focus();
  }

  /** The number of a voice's colour. */
  voiceNumber(voice) {
    return Math.max(0, this.#voices.indexOf(voice));
  }

  playFrom(row) {
    if (row) this.player.playFrom(this.path, this.facts.utterances, row.id);
  }

  /** Play from the line on that the keys are for. */
  playFromHere() {
    this.playFrom(this.#active);
  }

  playLine(row) {
    if (row) this.player.playLine(this.path, this.facts.utterances, row.id);
  }

  /** Open the panel of a row. */
  edit(row, page = "text") {
    if (this.#mend?.row === row) {
      this.#mend.show(page);
      return;
    }
    this.close();
    this.#mend = new Mend(this, row);
    row.element.append(this.#mend.element);
    row.edit.setAttribute("aria-expanded", "true");
    this.#mend.show(page).then(() => row.element.scrollIntoView({ block: "nearest" }));
  }

  /** Close the panel that is open, and go back to its row. */
  close() {
    const mend = this.#mend;
    if (!mend) return;
    this.#mend = null;
    mend.leave();
    const inside = mend.element.contains(document.activeElement);
    mend.element.remove();
    mend.row.edit.setAttribute("aria-expanded", "false");
    if (!this.#rows.has(mend.row.id)) mend.row.element.remove();
    else if (inside) mend.row.element.focus();
  }

  /** Put the cursor where one searches. */
  search() {
    this.#search.focus();
  }

  /** The row that the keys are for. */
  get activeRow() {
    return this.#active;
  }

  /** Whether the panel of a row is open. */
  mends(row) {
    return row === this.#mend?.row;
  }

  /** Do what a key is for; false where it is for nothing here. */
  key(event) {
    const { key, target } = event;
    const row = this.#active;
    const sliding = target.matches("input");
    const pressing = target.matches("button, select, a, summary");
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[key];
    if (step && !(key.startsWith("Arrow") && (sliding || target.closest(".mend")))) this.#step(step);
    else if (key === " " && !sliding && !pressing) this.player.mode ? this.player.toggle() : this.playLine(row);
    else if (key === "Enter" && target === row?.element) this.playLine(row);
    else if (key === "p") this.playFrom(row);
    else if (key === "l") this.#loop(row);
    else if (key === "e" && row) this.edit(row);
    else if (key === "a" && row) this.edit(row, "accent");
    else if (key === "v" && row) this.edit(row, "manner");
    else if (key === "b" && this.#mend) this.#mend.compare();
    else if (key === "f") this.search();
    else if (key === "r") this.publish.toggle();
    else if (key === "d" && row) this.word.open(row, row.selected);
    else if (key === "h") this.#search.replace();
    else if (key === "n" || key === "N") this.#search.step(key === "n" ? 1 : -1);
    else if (key === "[" || key === "]") this.player.speed = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.findIndex((speed) => speed >= this.player.speed) + (key === "]" ? 1 : -1)))];
    else if (key === "Escape") this.player.mode ? this.player.stop() : this.close();
    else return false;
    return true;
  }

  /** Play a line from a place on. */
  async #seek(row, share) {
    if (!(this.player.mode === "line" && this.player.current?.id === row.id)) await this.player.playLine(this.path, this.facts.utterances, row.id);
    this.player.seek(share);
  }

  #playAll() {
    this.rows[0]?.element.focus();
    if (this.rows.length) this.player.playFrom(this.path, this.facts.utterances, this.rows[0].id, true);
  }

  #loop(row) {
    if (!this.player.mode) this.playLine(row);
    this.player.loop();
  }

  #step(step) {
    const streams = this.player.mode === "stream";
    const rows = this.rows.filter(({ element }) => !element.hidden);
    const from = streams ? this.#rows.get(this.player.current?.id) : this.#active;
    const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(from) + step))];
    if (!next) return;
    next.element.focus();
    if (streams) this.playFrom(next);
  }

  #act(action, row, share = 0) {
    if (action === "focus") this.activate(row);
    else if (action === "seek") this.#seek(row, share);
    else if (action === "from") this.playFrom(row);
    else if (action === "word") this.word.open(row, row.selected);
    else if (action === "edit") this.#mend?.row === row ? this.close() : this.edit(row);
    else if (this.player.mode && this.player.current?.id === row.id) this.player.toggle();
    else this.playLine(row);
  }

  #clicked(event) {
    const row = event.target.closest(".line")?.row;
    if (row && !event.target.closest(".mend, button") && getSelection().isCollapsed) row.element.focus();
  }

  #doubled(event) {
    const row = event.target.closest(".line")?.row;
    if (row && !event.target.closest(".mend, button")) this.edit(row);
  }

  /** Have the keys be for a row. */
  activate(row) {
    if (row === this.#active) return;
    if (this.#active) this.#active.active = false;
    this.#active = row;
    if (row) row.active = true;
  }

  #showHead() {
    const { title, show, date, script, engine, utterances, items } = this.facts;
    const spoken = utterances.filter(({ state }) => state === "spoken").length;
    const length = items.length ? Math.max(...items.map(({ start, seconds }) => start + seconds)) : 0;
    const fact = (name, value) => (value ? make("div", {}, make("dt", {}, name), make("dd", {}, value)) : null);
    const all = { spoken, all: utterances.length };
    this.#head.replaceChildren(
      make("p", { class: "show", lang: "ja" }, show ?? ""),
      make("h1", { lang: "ja" }, title ?? this.path),
      make(
        "dl",
        { class: "facts" },
        fact(say("Date"), date && day(date)),
        fact(say("Length"), spoken < utterances.length ? say("about {time}", { time: clock(length) }) : clock(length)),
        fact(say("Lines"), say("{spoken} of {all} spoken", all)),
        fact(say("Script"), script),
        fact(say("Engine"), engine && engineName(engine)),
      ),
    );
  }

  #showNotices() {
    const box = (title, found) =>
      found.length
        ? make(
            "section",
            { class: "warnings" },
            make("h2", {}, title),
            make("ul", {}, ...found.map(({ line, message }) => make("li", {}, line ? make("button", { type: "button", class: "link", click: () => this.goTo(line) }, say("line {line}", { line })) : null, line ? ": " : null, message))),
          )
        : null;
    const { problem, no_engine, misfits, remarks } = this.facts;
    this.classList.toggle("unreadable", Boolean(problem));
    const told = JSON.stringify([problem, no_engine, misfits, remarks]);
    if (told === this.#told) return; // an alert would be read out again
    this.#told = told;
    this.#notices.replaceChildren(...[problem && unreadable(problem), no_engine && noEngine(no_engine), box(say("Mended lines that are not used any more"), misfits), box(say("About the script"), remarks)].filter(Boolean));
  }

  /** Where the line of the open panel has another text now, the panel goes with it. */
  #follow() {
    const row = this.#mend?.row;
    const there = new Set(this.facts.utterances.map(({ id }) => id));
    if (!row || there.has(row.id)) return;
    const same = this.facts.utterances.find(({ id, line }) => line === row.utterance.line && !this.#rows.has(id));
    if (!same) return;
    this.#rows.delete(row.id);
    row.id = same.id;
    this.#rows.set(same.id, row);
  }

  /** Rows, pauses, sounds and chapters in order. What stays is not moved, so that focus and fields stay too. */
  #arrange() {
    const { utterances } = this.facts;
    const items = this.facts.items.slice(0, this.#built);
    const rows = new Map();
    const wanted = [];
    let gap = 0;
    for (const item of items) {
      if (item.kind === "utterance") {
        const told = utterances[item.utterance];
        const live = this.#live.get(told.id);
        const shown = told.state === "spoken" || !live ? told : { ...told, state: live.state, error: live.error };
        if (!this.#voices.includes(told.voice)) this.#voices.push(told.voice);
        const known = this.#rows.get(told.id);
        const row = known ?? new Row(shown, (action, of, share) => this.#act(action, of, share));
        if (!known) this.#waves.watch(row.element);
        row.gap = gap;
        gap = 0;
        row.update(shown, item.start, this.#voices.indexOf(told.voice));
        rows.set(told.id, row);
        wanted.push(row.element);
      } else if (item.kind === "chapter") wanted.push(make("li", { class: "chapter" }, make("h2", {}, make("span", { class: "start" }, clock(item.start)), make("span", { lang: "ja" }, item.name ?? ""))));
      else if (item.kind === "sound") wanted.push(make("li", { class: "cue" }, make("span", { "aria-hidden": "true" }, "♪ "), say("{name}, {seconds} s", { name: item.name ?? "", seconds: item.seconds.toFixed(1) })));
      else if (item.kind === "slide") wanted.push(slide(item));
      else if (item.ordinary) gap = item.seconds;
      else if (item.seconds >= 0.05) wanted.push(make("li", { class: "cue" }, say("pause {seconds} s", { seconds: item.seconds.toFixed(1) })));
    }
    const mend = this.#mend;
    if (mend && !rows.has(mend.row.id)) {
      if (mend.dirty) {
        const before = [...this.#list.children].slice(0, [...this.#list.children].indexOf(mend.row.element)).findLast((element) => wanted.includes(element));
        wanted.splice(before ? wanted.indexOf(before) + 1 : 0, 0, mend.row.element);
        mend.lose();
      } else this.#mend = null;
    }
    this.#rows = rows;
    const stays = new Set(wanted);
    for (const element of [...this.#list.children]) if (!stays.has(element)) element.remove();
    let next = this.#list.firstChild;
    for (const element of wanted) {
      if (element === next) next = next.nextSibling;
      else this.#list.insertBefore(element, next);
    }
  }

  #showSounding() {
    const { player } = this;
    const current = player.mode && player.path === this.path ? player.current?.id : null;
    const row = this.#rows.get(current) ?? null;
    if (this.#sounding && this.#sounding !== row) this.#sounding.sounding = null;
    if (row) row.sounding = player.paused ? "paused" : "going";
    if (row && row !== this.#sounding) this.#reveal(row);
    this.#sounding = row;
  }

  /** Keep the row that sounds in view, but never move what somebody types into. */
  #reveal(row) {
    if (this.player.mode !== "stream" || isTyping(document.activeElement) || this.#mend?.element.contains(document.activeElement)) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    row.element.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
  }
}

/** A slide, before the first line that is said to it. */
const slide = ({ number, name, type, texts }) =>
  make(
    "li",
    { class: "slide" },
    make("span", { class: "number", "aria-label": say("Slide {number}", { number }) }, make("span", { "aria-hidden": "true" }, String(number))),
    make(
      "div",
      { lang: "ja" },
      make("p", { class: "title" }, name ?? type ?? ""),
      texts.length ? make("ul", {}, ...texts.map((text) => make("li", {}, text))) : null,
    ),
  );

/** Why the files of the episode cannot be read any more. */
const unreadable = (problem) =>
  make(
    "section",
    { class: "warnings failing", role: "alert" },
    make("h2", {}, problem.kind === "EngineMismatchError" ? say("The engine does not have every voice of this episode") : say("The files of this episode cannot be read any more")),
    make("p", {}, new Failure(422, problem).sentence),
    problem.remedy ? make("p", {}, problem.remedy) : null,
    make("p", { class: "dim" }, say("Below is what was read last. The page goes on by itself as soon as the file can be read.")),
  );

/** Why no engine speaks, and how one is started. */
const noEngine = ({ message, path }) =>
  make(
    "section",
    { class: "warnings", role: "alert", "data-kind": "no-engine" },
    make("h2", {}, say("No engine answers, so nothing can be spoken yet")),
    make("p", {}, `${path}: ${message}`),
    make("p", {}, say("Start VOICEVOX, or its engine, for example with Docker:")),
    make("p", {}, make("code", {}, "docker run --rm -p 127.0.0.1:50021:50021 voicevox/voicevox_engine:cpu-latest")),
    make("p", {}, say("Or start the studio with an engine that is built in:")),
    make("p", {}, make("code", {}, "tts-render studio --engine openjtalk")),
    make("p", { class: "dim" }, say("The page goes on by itself as soon as the engine answers.")),
  );

customElements.define("studio-episode", EpisodeView);
