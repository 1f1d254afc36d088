// Everything that the page says goes through here. The studio writes the words of its language into the page.

/** The page's language, which the studio decides: it speaks it too. */
export const language = document.documentElement.lang;

/** @type {Record<string, any>} by the English; empty for English */
const words = JSON.parse(document.getElementById("words").textContent);

const filled = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** What the page says, with {names} filled in. The English is the key of the catalogue, so it has to be a literal. */
export const say = (text, values = {}) => filled(words[text] ?? text, values);

/** The same where a number decides, which both texts may name as {count}. */
export const sayCount = (one, many, count, values = {}) => {
  const forms = words[one] ?? [one, many];
  return filled(forms[count === 1 ? 0 : forms.length - 1], { count, ...values });
};

/** Seconds as a clock: 4:05, or 1:02:03 from an hour on. */
export const clock = (seconds) => {
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
};

const days = new Intl.DateTimeFormat(navigator.language.startsWith(language) ? navigator.language : language, { dateStyle: "medium", timeZone: "UTC" });

/** A date as people write it here; its day is that of the post, wherever the reader is. */
export const day = (iso) => {
  const [year, month, date] = iso.slice(0, 10).split("-").map(Number);
  return days.format(Date.UTC(year, month - 1, date));
};

const ENGINES = { voicevox: "VOICEVOX", openjtalk: "Open JTalk", kokoro: "Kokoro" };

/**
 * An engine with its version. Engines like VOICEVOX name themselves in their version.
 * @param {{kind: string, version: string | null}} engine
 */
export const engineName = ({ kind, version }) =>
  kind === "voicevox" && version?.includes(" ") ? version : [ENGINES[kind] ?? kind, version].filter(Boolean).join(" ");

/** What of a text is compared in a search. */
export const plain = (text) =>
  text.normalize("NFKC").toLowerCase().replace(/[ァ-ヶ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60));
