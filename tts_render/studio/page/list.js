// The episodes of the site, found by typing and by how they stand. Thousands come in pieces, and how each one stands
// afterwards, first for what is in view.

import { make, mark } from "./elements.js";
import { STANDINGS } from "./standings.js";
import { get, post } from "./talk.js";
import { clock, day, plain, say, sayCount } from "./words.js";

const FIRST = 100; // posts of the first piece, to show something at once
const MORE = 500;
const ASKED = 12; // episodes whose standing is asked for at once
const KINDS = { all: say("All"), none: say("No audio"), old: say("Out of date"), published: say("Published"), wrong: say("With errors") };
const KIND_OF = {
  current: "published", unknown: "published", elsewhere: "published", changed: "old", disagrees: "old", missing: "none", "no-audio": "none", broken: "wrong",
};

/** One episode of the list. */
class Item {
  #length = make("span", { class: "length dim" });
  #state = make("span", { class: "state" });
  #counts = make("span", { class: "counts" });
  #why = make("span", { class: "why", hidden: true });
  #told = "";
  #standing = null;
  /** Whether what is shown of its standing was asked for since the list was loaded. */
  fresh = false;
  listed = null;

  constructor(path) {
    this.path = path;
    this.title = make("span", { class: "title", lang: "ja" });
    this.show = make("span", { class: "show", lang: "ja" });
    this.time = make("time", {});
    this.link = make("a", { href: `#${path.split("/").map(encodeURIComponent).join("/")}` }, this.title, this.show, this.time, this.#length, this.#state, this.#counts, this.#why);
    this.element = make("li", {}, this.link);
    this.element.item = this;
  }

  /** Show what its post says. */
  list(listed) {
    this.fresh = false;
    const told = JSON.stringify(listed);
    if (told === this.#told) return;
    this.#told = told;
    this.listed = listed;
    const { title, show, date, problem } = listed;
    this.title.textContent = title;
    this.show.textContent = show ?? "";
    this.time.textContent = date ? day(date) : "";
    mark(this.time, "datetime", date);
    this.sought = plain([title, show, this.path, date?.slice(0, 10)].filter(Boolean).join(" "));
    if (problem) this.stand({ state: "broken", why: problem, seconds: null, errors: 1, warnings: 0 });
  }

  /** Show how it stands. */
  stand(standing) {
    this.fresh = true;
    this.#standing = standing;
    const { state, why, seconds, errors, warnings } = standing;
    const kind = KIND_OF[state];
    this.element.className = kind === "wrong" ? "broken" : "";
    this.#length.textContent = seconds === null ? "" : clock(seconds);
    this.#state.textContent = STANDINGS[state];
    this.#state.className = `state badge ${kind}`;
    const wrong = errors ? make("span", { class: "errors" }, sayCount("{count} error", "{count} errors", errors)) : null;
    const warned = warnings ? sayCount("{count} warning", "{count} warnings", warnings) : null;
    this.#counts.replaceChildren(...[wrong ?? (warned && make("span", { class: "warned" }, warned))].filter(Boolean));
    mark(this.#counts, "title", wrong && warned);
    const shown = state === "changed" ? say("Changed since: {why}", { why }) : ["old", "wrong"].includes(kind) ? why : "";
    this.#why.textContent = shown;
    this.#why.className = kind === "wrong" ? "problem" : "why";
    this.#why.hidden = !shown;
  }

  /** Whether it is known how it stands. */
  get known() {
    return this.#standing !== null;
  }

  is(kind) {
    if (kind === "all") return true;
    if (!this.#standing) return false;
    return kind === "wrong" ? this.#standing.errors > 0 || KIND_OF[this.#standing.state] === kind : KIND_OF[this.#standing.state] === kind;
  }
}

/** The list of all episodes; the address's hash leads to one. */
export class EpisodeList extends HTMLElement {
  /** @type {Map<string, Item>} */
  #items = new Map();
  /** @type {Item[]} */
  #order = [];
  #kind = "all";
  #loads = 0;
  #asking = false;
  #inView = new Set();
  #shown = new AbortController();
  #field = make("input", { type: "search", autocomplete: "off", spellcheck: "false", "aria-label": say("Find an episode"), placeholder: say("Find an episode"), "aria-keyshortcuts": "/" });
  #kinds = Object.fromEntries(Object.entries(KINDS).map(([kind, name]) => [
    kind, make("button", { type: "button", "data-kind": kind, "aria-pressed": String(kind === "all"), click: () => this.#choose(kind) }, name, " ", make("span", {})),
  ]));
  #progress = make("span", { class: "dim" });
  #list = make("ol", { class: "episodes" });
  #nothing = make("p", { class: "dim", role: "status" });
  #observer = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) this.#inView[isIntersecting ? "add" : "delete"](/** @type {any} */ (target).item);
  }, { rootMargin: "200px" });

  connectedCallback() {
    if (!this.firstChild) {
      this.className = "list";
      this.append(
        make("h1", {}, say("Episodes")),
        make("p", { class: "find" }, this.#field, make("kbd", { "aria-hidden": "true" }, "/")),
        make("div", { class: "kinds", role: "group", "aria-label": say("State") }, ...Object.values(this.#kinds), this.#progress),
        this.#list, this.#nothing,
      );
      this.#field.addEventListener("input", () => this.#sift());
      this.addEventListener("keydown", (event) => this.#key(event));
    }
    this.#shown = new AbortController();
    this.#stand();
  }

  /** Whoever opens an episode does not wait for how the others stand. */
  disconnectedCallback() {
    this.#shown.abort();
  }

  /** Look which episodes there are; the rest comes after the first piece. Resolves to the name of the site. */
  async load(fail) {
    const number = ++this.#loads;
    const there = new Set();
    const piece = async (start, most) => {
      const told = await get("episodes", null, { start, most });
      if (number === this.#loads) {
        for (const { path } of told.episodes) there.add(path);
        this.#take(told.episodes, told.next === null ? there : null);
      }
      return told;
    };
    const rest = async (next) => {
      while (next !== null && number === this.#loads) next = (await piece(next, MORE)).next;
    };
    const { root, next } = await piece(0, FIRST);
    rest(next).then(() => this.#stand(), fail);
    return root;
  }

  /** Put the cursor where one searches. */
  search() {
    this.#field.focus();
    this.#field.select();
  }

  #take(episodes, all) {
    for (const listed of episodes) {
      let item = this.#items.get(listed.path);
      if (!item) {
        item = new Item(listed.path);
        this.#items.set(listed.path, item);
        this.#observer.observe(item.element);
      }
      item.list(listed);
    }
    if (all) {
      for (const [path, item] of this.#items) {
        if (all.has(path)) continue;
        this.#items.delete(path);
        this.#inView.delete(item);
        this.#observer.unobserve(item.element);
        item.element.remove();
      }
    }
    this.#order = [...this.#items.values()].sort((one, other) => other.listed.order - one.listed.order || (one.path < other.path ? 1 : -1));
    this.#list.classList.toggle("one-show", !this.#order.some(({ listed }) => listed.show));
    let next = this.#list.firstChild;
    for (const { element } of this.#order) {
      if (element === next) next = next.nextSibling;
      else this.#list.insertBefore(element, next);
    }
    this.#sift();
    this.#count();
    this.#stand();
  }

  /** Ask how episodes stand, what is in view first, as long as the list is shown. */
  async #stand() {
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve)); // let what came be drawn, and seen what is in view
        const waiting = (items) => items.filter((item) => !item.fresh && !item.element.hidden);
        let asked = waiting(this.#order.filter((item) => this.#inView.has(item)));
        if (!asked.length) asked = waiting(this.#order);
        if (!asked.length) asked = this.#order.filter(({ fresh }) => !fresh);
        if (!asked.length || !this.isConnected) return;
        asked = asked.slice(0, ASKED);
        const { standings } = await post("standings", null, {}, { paths: asked.map(({ path }) => path) }, this.#shown.signal);
        for (const item of asked) item.fresh = true; // also what is gone
        for (const standing of standings) this.#items.get(standing.path)?.stand(standing);
        this.#count();
        if (this.#kind !== "all") this.#sift();
      }
    } catch {
      // Another view is shown, or it is said elsewhere that the studio is gone; with it the list is loaded anew.
    } finally {
      this.#asking = false;
    }
  }

  #count() {
    for (const [kind, button] of Object.entries(this.#kinds)) button.lastChild.textContent = String(this.#order.filter((item) => item.is(kind)).length);
    const known = this.#order.filter((item) => item.known).length;
    this.#progress.textContent = known < this.#order.length ? say("{known} of {all} looked at…", { known, all: this.#order.length }) : "";
  }

  #choose(kind) {
    this.#kind = kind;
    for (const [name, button] of Object.entries(this.#kinds)) mark(button, "aria-pressed", String(name === kind));
    this.#sift();
  }

  #sift() {
    const words = plain(this.#field.value).split(/\s+/).filter(Boolean);
    let found = 0;
    for (const item of this.#order) {
      const fits = item.is(this.#kind) && words.every((word) => item.sought.includes(word));
      if (item.element.hidden === fits) item.element.hidden = !fits;
      if (fits) found++;
    }
    this.#nothing.textContent = found ? "" : this.#order.length ? say("Nothing matches.") : say("No post of this site has audio_file_path in its front matter.");
  }

  #key(event) {
    const links = this.#order.filter(({ element }) => !element.hidden).map(({ link }) => link);
    const at = links.indexOf(event.target);
    if (event.key === "Enter" && event.target === this.#field && !event.isComposing) links[0]?.click();
    else if (event.key === "ArrowDown") links[at + 1]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : this.#field).focus();
    else if (event.key === "Escape" && event.target === this.#field) {
      this.#field.value = "";
      this.#sift();
    } else return;
    event.preventDefault();
  }
}

customElements.define("studio-list", EpisodeList);
