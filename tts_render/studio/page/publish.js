// Publishing an episode: what goes beside the MP3, how far a render is, what came of it, and the change to the post.

import { make, mark, sign, signed } from "./elements.js";
import { drawPlots, level } from "./plots.js";
import { STANDINGS } from "./standings.js";
import { get, post } from "./talk.js";
import { clock, engineName, say } from "./words.js";

const OUTPUTS = {
  vtt: say("Captions"), srt: say("Captions"), chapters: say("Chapters"), timeline: say("Timeline"),
  transcript: say("Transcript page"), deck: say("Slides with times"), report: say("Report"),
};
const STAGES = {
  waiting: say("Waiting for another episode…"),
  busy: say("Another program is rendering this episode. Waiting for it…"),
  opening: say("Preparing…"),
  mastering: say("Mastering and encoding…"),
  correcting: say("Correcting the loudness…"),
  writing: say("Writing the files…"),
};
const ENDS = {
  done: say("Rendered"), failed: say("It could not be rendered. Nothing has changed."), cancelled: say("Cancelled. Nothing has changed."),
};
const ENDED = Object.keys(ENDS);
const WORTH = { error: say("error"), warning: say("warning") };

/** How far a render is. */
const stage = ({ state, total, ready, cached }) =>
  state === "speaking" ? say("Speaking: {ready} of {total} lines, {cached} of them spoken before", { total, ready, cached }) : STAGES[state];

/** The panel of an episode view. It stays as it is while one looks elsewhere: all that it shows is the studio's. */
export class Publish {
  #view;
  #facts = null;
  #render = null;
  #plots = null;
  #path = null;
  #chosen = new Set();
  #force = false;
  #post = true;
  #asked = 0;
  #bar = make("progress", { "aria-labelledby": "stage" });
  #stage = make("p", { id: "stage" });
  #cancel = make("button", { type: "button", "data-action": "cancel", click: () => this.#do("cancel") }, say("Cancel"));
  #running = make("div", { class: "running" }, this.#stage, this.#bar, this.#cancel);
  #label = make("span", {}, say("Publish"));

  /** @param {import("./episode.js").EpisodeView} view */
  constructor(view) {
    this.#view = view;
    this.button = make(
      "button",
      { type: "button", "data-action": "publish", "aria-expanded": "false", "aria-controls": "publish", "aria-keyshortcuts": "r", click: () => this.toggle() },
      sign("publish"), " ", this.#label,
    );
    this.element = make("section", { class: "publish", id: "publish", "aria-labelledby": "publishing", hidden: true, keydown: (event) => this.#key(event) });
  }

  get open() {
    return !this.element.hidden;
  }

  /** Belong to an episode. Where it is being rendered, the button says so. */
  async take(path) {
    if (path === this.#path) return;
    this.#path = path;
    this.#facts = this.#render = this.#plots = null;
    this.#chosen.clear();
    this.#force = false;
    this.#post = true;
    this.close();
    this.#showButton();
    const told = await get("render", path).catch(() => null);
    if (told && path === this.#path) this.#follow(told.render);
  }

  /** Show or leave the panel. */
  async toggle() {
    if (this.open) {
      this.close();
      this.button.focus();
      return;
    }
    this.element.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    if (!this.#facts) this.element.replaceChildren(this.#head(), make("p", { class: "dim", role: "status" }, say("Loading…")));
    await this.refresh();
    this.element.scrollIntoView({ block: "nearest" });
    this.#focus(["render", "cancel"]);
  }

  /** Leave the panel; a render goes on. */
  close() {
    this.element.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
  }

  /** A render of this studio has come further. */
  heard(render) {
    const before = this.#render?.state;
    this.#follow(render);
    if (render.state === before) return;
    if (ENDED.includes(render.state)) {
      this.#view.announce(ENDS[render.state]);
      if (render.state === "done") {
        this.#chosen.clear();
        this.#force = false;
      }
      this.refresh();
    } else if (before === undefined || ENDED.includes(before)) this.#show();
  }

  /** Look again, if somebody looks: something of the episode has changed. */
  async refresh() {
    if (!this.open) return;
    const path = this.#path;
    const number = ++this.#asked;
    try {
      const facts = await get("publishing", path);
      if (path !== this.#path || number !== this.#asked) return;
      this.#take(facts);
    } catch (error) {
      if (path === this.#path && number === this.#asked) this.#refuse(error);
    }
  }

  /** Say why there is nothing to publish: here, where the files cannot be read, until they can be again. */
  #refuse(error) {
    if (error.status !== 422) this.#view.trouble(error);
    if (this.#facts && error.status !== 422) return;
    this.#facts = null;
    const remedy = error.remedy ? make("p", { class: "remedy" }, error.remedy) : null;
    this.element.replaceChildren(this.#head(), make("div", { class: "trouble", role: "alert" }, make("p", {}, error.sentence ?? error.message), remedy));
  }

  #take(facts) {
    const before = this.#facts;
    this.#facts = facts;
    this.#follow(facts.render);
    if (JSON.stringify(before) !== JSON.stringify(facts)) this.#show();
    if (facts.made && (this.#plots?.of !== facts.made.bytes || before?.state !== facts.state)) this.#draw();
  }

  async #draw() {
    const { made } = this.#facts;
    const path = this.#path;
    const told = await get("plots", path).catch(() => null); // without an engine there is the rest
    if (path !== this.#path || !this.#facts?.made) return;
    this.#plots = told && { ...told, of: made.bytes };
    this.#show();
  }

  #follow(render) {
    this.#render = render;
    this.#showButton();
    if (!render || ENDED.includes(render.state)) return;
    const { state, total, ready, cancelling } = render;
    this.#stage.textContent = cancelling ? say("Cancelling…") : stage(render);
    if (state === "speaking" && total) {
      this.#bar.max = total;
      this.#bar.value = ready;
    } else this.#bar.removeAttribute("value");
    this.#cancel.disabled = cancelling || state === "writing";
  }

  get #goes() {
    return this.#render !== null && this.#render !== undefined && !ENDED.includes(this.#render.state);
  }

  #showButton() {
    const { state, total, ready } = this.#render ?? {};
    this.#label.textContent = !this.#goes ? (state === "failed" ? say("Publish: failed") : say("Publish")) : state === "speaking" ? say("Rendering {ready} of {total}", { ready, total }) : say("Rendering…");
    mark(this.button, "data-state", this.#goes ? "going" : state === "failed" ? "failed" : null);
  }

  #head() {
    const close = signed("close", say("Close"), { class: "flat", "data-action": "leave", click: () => this.toggle() });
    return make("header", {}, make("h2", { id: "publishing" }, say("Publish")), this.#facts ? this.#state() : null, close);
  }

  #state() {
    const { state, why } = this.#facts;
    const good = state === "current";
    return make("p", { class: "standing" }, make("span", { class: good ? "badge good" : "badge" }, STANDINGS[state]), why ? make("span", { class: "dim" }, ` ${state === "changed" ? say("Changed since: {why}", { why }) : why}`) : null);
  }

  #show() {
    if (!this.#facts || !this.open) return;
    const inside = this.element.contains(document.activeElement);
    const at = inside ? document.activeElement.getAttribute("data-action") ?? document.activeElement.id : null;
    const { made, edit, findings } = this.#facts;
    this.element.replaceChildren(
      ...[
        this.#head(),
        this.#goes ? this.#running : this.#wishes(),
        this.#goes ? null : this.#outcome(),
        made && edit && !this.#goes ? this.#change() : null,
        made && !this.#goes ? this.#made() : null,
        findings.length ? this.#findings() : null,
      ].filter(Boolean),
    );
    if (inside) this.#focus([at, this.#goes ? "cancel" : "write", "render", "leave"]);
  }

  #focus(names) {
    for (const name of names) {
      const found = name && [...this.element.querySelectorAll("button, input")].find((each) => each.getAttribute("data-action") === name || each.id === name);
      if (found && !found.disabled) {
        found.focus({ preventScroll: true });
        return;
      }
    }
  }

  /** Which outputs, how, and the button that begins. */
  #wishes() {
    const { outputs, post: hasPost, audio } = this.#facts;
    const box = (id, label, checked, attributes, change) =>
      make("label", { class: attributes.disabled ? "box fixed" : "box" }, make("input", { type: "checkbox", id, ...attributes, checked, change: ({ target }) => change(target.checked) }), ` ${label}`);
    const boxes = outputs.map(({ name, files, because, possible }) => {
      const label = OUTPUTS[name] ?? name;
      const why = !possible ? say("(no slides)") : because === "settings" ? say("(settings)") : because === "exists" ? say("(already there)") : "";
      const checked = possible && (Boolean(because) || this.#chosen.has(name));
      const fixed = !possible || Boolean(because);
      const made = box(`out-${name}`, label, checked, { disabled: fixed }, (on) => this.#chosen[on ? "add" : "delete"](name));
      made.append(make("span", { class: "dim" }, ` ${why || files.join(" ")}`));
      return make("li", {}, made);
    });
    return make(
      "form",
      { class: "wishes", submit: (event) => { event.preventDefault(); this.#begin(); } },
      make("fieldset", {}, make("legend", {}, say("Beside the MP3")), make("ul", { class: "boxes" }, ...boxes)),
      make(
        "p", { class: "begin" },
        make("button", { class: "main", "data-action": "render", disabled: !audio }, say("Render")),
        box("force", say("Even if nothing has changed"), this.#force, {}, (on) => { this.#force = on; }),
        hasPost ? box("offer", say("Then offer the change to the post"), this.#post, {}, (on) => { this.#post = on; }) : null,
      ),
    );
  }

  /** How the last render ended, where it did not simply succeed, and what it had to say. */
  #outcome() {
    const { state, error, failures, warnings, cached, total, elapsed, changed } = this.#render ?? {};
    if (state === "failed") {
      const told = failures.length ? failures : [error];
      return make(
        "div", { class: "trouble", role: "group", "aria-label": say("It could not be rendered. Nothing has changed.") },
        make("p", {}, failures.length ? error.message : say("It could not be rendered. Nothing has changed.")),
        make("ul", {}, ...told.map((each) => this.#place(each))),
      );
    }
    if (state === "cancelled") return make("p", { class: "dim" }, say("Cancelled. Nothing has changed."));
    if (state !== "done") return null;
    const what = changed ? say("Rendered in {seconds} s: {spoken} lines spoken, {cached} spoken before.", { spoken: total - cached, cached, seconds: elapsed.toFixed(1) }) : say("Nothing had changed since the last time.");
    return make(
      "div", { class: "done" }, make("p", {}, what),
      warnings.length ? make("ul", { class: "warned" }, ...warnings.map((message) => make("li", {}, message))) : null,
    );
  }

  /** What the post lacks, as a diff, and the word that is needed. */
  #change() {
    const { edit } = this.#facts;
    const box = (...inside) => make("section", { class: "change", "aria-labelledby": "change" }, make("h3", { id: "change" }, say("In the post")), ...inside);
    if (edit.error) return box(make("ul", { class: "trouble" }, this.#place(edit.error)));
    if (!edit.changed) return box(make("p", { class: "dim" }, say("The post says what the MP3 is.")));
    const kind = (line) => (line.startsWith("+++") || line.startsWith("---") || line.startsWith("@@") ? "where" : line.startsWith("+") ? "added" : line.startsWith("-") ? "taken" : null);
    return box(
      make("pre", { class: "diff", tabindex: 0, "aria-label": say("What changes in the post"), lang: "ja" }, ...edit.diff.map((line) => make("span", { class: kind(line) }, `${line}\n`))),
      make("p", { class: "confirm" }, make("button", { type: "button", class: "main", "data-action": "write", click: () => this.#write(edit.digest) }, say("Write to the post")), make("span", { class: "dim" }, say("Until then the post stays as it is. Undo takes it back."))),
    );
  }

  #made() {
    const { made } = this.#facts;
    const fact = (name, value) => (value ? make("div", {}, make("dt", {}, name), make("dd", {}, value)) : null);
    const db = (value, unit) => (value === null ? say("silence") : `${level(value)} ${unit}`);
    const plots = this.#plots;
    const number = (voice) => this.#view.voiceNumber(voice);
    return make(
      "section", { class: "made", "aria-labelledby": "made" },
      make("h3", { id: "made" }, say("The MP3")),
      make(
        "dl", { class: "facts" },
        fact(say("Length"), clock(made.seconds)), fact(say("Size"), `${(made.bytes / 1e6).toFixed(1)} MB`), fact(say("Loudness"), db(made.loudness, "LUFS")), fact(say("True peak"), db(made.peak, "dBTP")),
        fact(say("Lines"), String(made.utterances)), fact(say("Engine"), made.engines.map(engineName).join(", ")), fact(say("Encoder"), made.encoder), fact(say("Credits"), made.credits.join(" / ")),
        fact(say("Files"), made.files.map((file) => file.split("/").pop()).join("  ")),
      ),
      plots ? drawPlots(plots, { number, go: (seconds) => this.#view.goToTime(seconds) }) : null,
      plots ? make("ul", { class: "voices", "aria-label": say("Voices") }, ...plots.voices.map(({ voice, seconds, loudness }) =>
        make("li", { class: `v${number(voice) % 8}` }, make("span", { class: "dot" }), make("span", { lang: "ja" }, voice), ` ${clock(seconds)}`, make("span", { class: "dim" }, loudness === null ? "" : ` ${level(loudness)} LUFS`)))) : null,
      made.chapters.length
        ? make("ol", { class: "marks", "aria-label": say("Chapters") }, ...made.chapters.map(({ start, title }) =>
          make("li", {}, make("button", { type: "button", class: "link", click: () => this.#view.goToTime(start) }, make("span", { class: "start" }, clock(start)), make("span", { lang: "ja" }, ` ${title}`)))))
        : null,
    );
  }

  #findings() {
    const { findings } = this.#facts;
    return make(
      "section", { class: "findings", "aria-labelledby": "findings" },
      make("h3", { id: "findings" }, say("Findings of the check")),
      make("ul", {}, ...findings.map((finding) => this.#place(finding))),
    );
  }

  /** Something that is wrong, with its place, which leads to its line where that is one of the episode. */
  #place({ path, line, message, remedy, level: worth, rule }) {
    const { script, path: own } = this.#view.facts;
    const inScript = path && line && (path === script || path.endsWith(`/${script}`));
    const inEpisode = inScript && this.#view.has(line);
    const shown = path ? `${path === own ? path.split("/").pop() : path.includes("://") ? path : path.split("/").pop()}${line ? `:${line}` : ""}` : "";
    return make(
      "li", { class: worth ?? "error" },
      worth ? make("span", { class: `badge ${worth}` }, WORTH[worth]) : null,
      inEpisode ? make("button", { type: "button", class: "link", click: () => this.#view.goTo(line) }, shown) : make("span", { class: "place" }, shown),
      make("span", {}, `${message}${rule ? ` [${rule}]` : ""}`),
      remedy ? make("span", { class: "remedy" }, remedy) : null,
    );
  }

  async #begin() {
    await this.#do("render", { outputs: [...this.#chosen], force: this.#force, post: this.#post });
  }

  async #do(what, body = {}) {
    try {
      const { render } = await post(what, this.#path, {}, body);
      if (render) this.heard(render);
    } catch (error) {
      this.#view.trouble(error);
    }
  }

  async #write(digest) {
    try {
      const facts = await post("write", this.#path, {}, { digest });
      this.#take(facts);
      this.#view.told(facts);
      this.#view.announce(say("Written to the post"));
    } catch (error) {
      if (error.status === 409) this.refresh();
      this.#view.trouble(error);
    }
  }

  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    this.toggle();
  }
}
