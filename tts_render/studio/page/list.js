// The episodes of the site, found by typing.

import { make } from "./elements.js";
import { clock, day, plain, say } from "./words.js";

/** The list of all episodes; the address's hash leads to one. */
export class EpisodeList extends HTMLElement {
  #episodes = [];
  #field = make("input", { type: "search", autocomplete: "off", spellcheck: "false", "aria-label": say("findEpisode"), placeholder: say("findEpisode"), "aria-keyshortcuts": "/" });
  #items = make("ol", { class: "episodes" });
  #nothing = make("p", { class: "dim", role: "status" });

  connectedCallback() {
    this.className = "list";
    this.append(make("h1", {}, say("episodes")), make("p", { class: "find" }, this.#field, make("kbd", { "aria-hidden": "true" }, "/")), this.#items, this.#nothing);
    this.#field.addEventListener("input", () => this.#show());
    this.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show these episodes, as the studio tells them. */
  show(episodes) {
    this.#episodes = episodes.map((episode) => ({
      ...episode,
      sought: plain([episode.title, episode.show, episode.path, episode.date?.slice(0, 10)].filter(Boolean).join(" ")),
    }));
    this.#show();
  }

  /** Put the cursor where one searches. */
  search() {
    this.#field.focus();
    this.#field.select();
  }

  #show() {
    const words = plain(this.#field.value).split(/\s+/).filter(Boolean);
    const found = this.#episodes.filter(({ sought }) => words.every((word) => sought.includes(word)));
    const focused = this.#items.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.#items.replaceChildren(...found.map((episode) => item(episode)));
    if (focused) [...this.#items.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    this.#nothing.textContent = found.length ? "" : say(this.#episodes.length ? "noneFound" : "noEpisodes");
  }

  #key(event) {
    const links = [...this.#items.querySelectorAll("a")];
    const at = links.indexOf(event.target);
    if (event.key === "Enter" && event.target === this.#field && !event.isComposing) links[0]?.click();
    else if (event.key === "ArrowDown") links[at + 1]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : this.#field).focus();
    else if (event.key === "Escape" && event.target === this.#field) {
      this.#field.value = "";
      this.#show();
    } else return;
    event.preventDefault();
  }
}

const item = ({ path, title, date, show, seconds, problem }) =>
  make(
    "li",
    { class: problem ? "broken" : null },
    make(
      "a",
      { href: `#${path.split("/").map(encodeURIComponent).join("/")}` },
      make("span", { class: "title", lang: "ja" }, title),
      make("span", { class: "show", lang: "ja" }, show ?? ""),
      make("time", { datetime: date }, date ? day(date) : ""),
      make("span", { class: seconds === null ? "length dim" : "length" }, seconds === null ? say("noAudio") : clock(seconds)),
      problem ? make("span", { class: "problem" }, problem) : null,
    ),
  );

customElements.define("studio-list", EpisodeList);
