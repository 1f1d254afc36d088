// Where texts are found in what a line says, and how these places are marked. No text becomes markup.

import { make } from "./elements.js";
import { plain } from "./words.js";

/** A character with the marks that belong to it, as they are compared in one. */
const CLUSTER = /[\s\S][\u0300-\u036f\u3099\u309a\uff9e\uff9f]*/gu;

/**
 * Where words stand in a text, compared as in a search.
 * @param {string} text
 * @param {string} folded the text as it is compared
 * @param {string[]} words as they are compared
 * @returns {[number, number][]} begin and end of each place, in order; none is within another
 */
export const likePlaces = (text, folded, words) => {
  /** @type {[number, number][]} */
  const found = [];
  for (const word of words) for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) found.push([at, at + word.length]);
  if (!found.length) return found;
  found.sort(([one], [other]) => one - other);
  const apart = found.filter(([begin], at) => at === 0 || begin >= found[at - 1][1]);
  if (apart.every(([begin, end]) => plain(text.slice(begin, end)) === folded.slice(begin, end))) return apart;
  const starts = []; // for each compared character, where the one begins that it was made of
  const ends = [];
  for (const cluster of text.matchAll(CLUSTER))
    for (let count = plain(cluster[0]).length; count > 0; count--) {
      starts.push(cluster.index);
      ends.push(cluster.index + cluster[0].length);
    }
  return apart.filter(([, end]) => end <= ends.length).map(([begin, end]) => [starts[begin], ends[end - 1]]);
};

/**
 * Where a text stands in another one, letter by letter.
 * @param {string} text
 * @param {string} find
 * @param {boolean} exact whether capitals and small letters are different
 * @returns {[number, number][]}
 */
export const exactPlaces = (text, find, exact) =>
  [...text.matchAll(new RegExp(find.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), exact ? "gu" : "giu"))].map((found) => [found.index, found.index + found[0].length]);

/**
 * Mark places of what an element says, readings beside it not counted; the marks it had are gone.
 * @param {HTMLElement} element
 * @param {[number, number][]} places
 * @param {number} current number of the place where one is; -1 for none
 */
export const markPlaces = (element, places, current) => {
  for (const old of element.querySelectorAll("mark")) old.replaceWith(...old.childNodes);
  element.normalize();
  if (!places.length) return;
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, (node) => (node.parentElement.closest("rt, rp") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
  /** @type {Text[]} */
  const nodes = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) nodes.push(/** @type {Text} */ (node));
  let offset = 0;
  let next = 0;
  for (const node of nodes) {
    const { data } = node;
    const parts = [];
    let done = 0;
    for (let at = next; at < places.length && places[at][0] < offset + data.length; at++) {
      const begin = Math.max(0, places[at][0] - offset);
      const end = Math.min(data.length, places[at][1] - offset);
      parts.push(data.slice(done, begin), make("mark", { class: at === current ? "current" : false }, data.slice(begin, end)));
      done = end;
      if (places[at][1] <= offset + data.length) next = at + 1;
    }
    if (parts.length) node.replaceWith(...[...parts, data.slice(done)].filter((part) => part !== ""));
    offset += data.length;
  }
};
